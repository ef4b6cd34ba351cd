//! `gtpu.api`

use ligato_vpp_api::msg::gtpu::{
    GtpuAddDelTunnel, GtpuAddDelTunnelReply, GtpuTunnelDetails, GtpuTunnelDump,
};
use ligato_vpp_api::types::{Address, InterfaceIndex};

use super::index_or;
use crate::registry::Details;
use crate::state::Vpp;
use crate::state::prefix::Family;
use crate::state::retval::{Outcome, code};
use crate::state::tunnels::asked;
use crate::state::tunnels::gtpu::Gtpu;

pub(crate) fn add_del(vpp: &mut Vpp, m: &GtpuAddDelTunnel) -> GtpuAddDelTunnelReply {
    let outcome = change(vpp, m);
    GtpuAddDelTunnelReply { retval: code(&outcome), sw_if_index: index_or(&outcome, u32::MAX) }
}

fn change(vpp: &mut Vpp, m: &GtpuAddDelTunnel) -> Outcome<u32> {
    let wanted = Gtpu {
        sw_if_index: u32::MAX,
        src: m.src_address.0,
        dst: m.dst_address.0,
        multicast: m.mcast_sw_if_index.0,
        table: vpp.table_for(m.dst_address.0, m.encap_vrf_id)?,
        next: m.decap_next_index,
        teid: m.teid,
        remote_teid: m.tteid,
    };
    vpp.check_gtpu(&wanted)?;
    if m.is_add { vpp.add_gtpu(wanted) } else { vpp.delete_gtpu(&wanted) }
}

pub(crate) fn dump(vpp: &Vpp, m: &GtpuTunnelDump, details: &mut Details<'_, GtpuTunnelDetails>) {
    for tunnel in asked(vpp.tunnels.gtpus.iter(), m.sw_if_index.0) {
        details.send(&GtpuTunnelDetails {
            sw_if_index: InterfaceIndex(tunnel.sw_if_index),
            src_address: Address(tunnel.src),
            dst_address: Address(tunnel.dst),
            mcast_sw_if_index: InterfaceIndex(tunnel.multicast),
            encap_vrf_id: vpp.fib(Family::of(tunnel.dst)).table_id(tunnel.table),
            decap_next_index: tunnel.next,
            teid: tunnel.teid,
            tteid: tunnel.remote_teid,
        });
    }
}
