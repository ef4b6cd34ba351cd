//! `ipip.api`

use std::net::{IpAddr, Ipv4Addr};

use ligato_vpp_api::msg::ipip::{
    IpipAddTunnel, IpipAddTunnelReply, IpipDelTunnel, IpipTunnel, IpipTunnelDetails, IpipTunnelDump,
};
use ligato_vpp_api::types::{Address, InterfaceIndex, IpDscp, TunnelEncapDecapFlags, TunnelMode};

use crate::registry::Details;
use crate::release::Release;
use crate::state::Vpp;
use crate::state::prefix::Family;
use crate::state::retval::{Outcome, code};
use crate::state::tunnels::asked;
use crate::state::tunnels::ipip::Ipip;

/// From this release on a dump tells the mode.
const TELLS_MODE: Release = Release::new(23, 10);
/// Before this release, a dump takes any address for one of IPv4 whose upper bits are zero.
const TELLS_FAMILY: Release = Release::new(24, 6);

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
    let mode = |mode| if vpp.release < TELLS_MODE { TunnelMode::P2P } else { TunnelMode(mode) };
    let end = |ip: IpAddr| match ip {
        IpAddr::V6(ip) if vpp.release < TELLS_FAMILY && ip.octets()[..12] == [0; 12] => {
            let [.., a, b, c, d] = ip.octets();
            Address(Ipv4Addr::new(a, b, c, d).into())
        }
        ip => Address(ip),
    };
    for tunnel in asked(vpp.tunnels.ipips.iter(), m.sw_if_index.0) {
        let tunnel = IpipTunnel {
            instance: tunnel.instance,
            src: end(tunnel.src),
            dst: end(tunnel.dst),
            sw_if_index: InterfaceIndex(tunnel.sw_if_index),
            table_id: vpp.fib(Family::of(tunnel.src)).table_id(tunnel.table),
            flags: TunnelEncapDecapFlags(tunnel.flags),
            mode: mode(tunnel.mode),
            dscp: IpDscp(tunnel.dscp),
        };
        details.send(&IpipTunnelDetails { tunnel });
    }
}
