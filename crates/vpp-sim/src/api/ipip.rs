//! `ipip.api`

use ligato_vpp_api::msg::ipip::{
    IpipAddTunnel, IpipAddTunnelReply, IpipDelTunnel, IpipTunnel, IpipTunnelDetails, IpipTunnelDump,
};
use ligato_vpp_api::types::{Address, InterfaceIndex, IpDscp, TunnelEncapDecapFlags, TunnelMode};

use crate::registry::Details;
use crate::state::Vpp;
use crate::state::prefix::Family;
use crate::state::retval::{Outcome, code};
use crate::state::tunnels::asked;
use crate::state::tunnels::ipip::Ipip;

pub(crate) fn add(vpp: &mut Vpp, m: &IpipAddTunnel) -> IpipAddTunnelReply {
    let (outcome, index) = match wanted(vpp, &m.tunnel) {
        Ok(wanted) => {
            let instance = InterfaceIndex(m.tunnel.instance).some().map(|instance| instance.0);
            vpp.add_ipip(wanted, instance)
        }
        Err(refusal) => (Err(refusal), u32::MAX),
    };
    IpipAddTunnelReply { retval: code(&outcome), sw_if_index: InterfaceIndex(index) }
}

fn wanted(vpp: &Vpp, m: &IpipTunnel) -> Outcome<Ipip> {
    Vpp::check_ipip(m.src.0, m.dst.0, m.mode.0)?;
    Ok(Ipip {
        sw_if_index: u32::MAX,
        instance: 0,
        src: m.src.0,
        dst: m.dst.0,
        table: vpp.table_for(m.src.0, m.table_id)?,
        flags: m.flags.0,
        mode: m.mode.0,
        dscp: m.dscp.0,
    })
}

pub(crate) fn delete(vpp: &mut Vpp, m: &IpipDelTunnel) -> Outcome {
    vpp.delete_ipip(m.sw_if_index.0)
}

pub(crate) fn dump(vpp: &Vpp, m: &IpipTunnelDump, details: &mut Details<'_, IpipTunnelDetails>) {
    for tunnel in asked(vpp.tunnels.ipips.iter(), m.sw_if_index.0) {
        let tunnel = IpipTunnel {
            instance: tunnel.instance,
            src: Address(tunnel.src),
            dst: Address(tunnel.dst),
            sw_if_index: InterfaceIndex(tunnel.sw_if_index),
            table_id: vpp.fib(Family::of(tunnel.src)).table_id(tunnel.table),
            flags: TunnelEncapDecapFlags(tunnel.flags),
            mode: TunnelMode(tunnel.mode),
            dscp: IpDscp(tunnel.dscp),
        };
        details.send(&IpipTunnelDetails { tunnel });
    }
}
