//! `vxlan_gpe.api`

use ligato_vpp_api::msg::vxlan_gpe::{
    VxlanGpeAddDelTunnel, VxlanGpeAddDelTunnelReply, VxlanGpeAddDelTunnelV2,
    VxlanGpeAddDelTunnelV2Reply, VxlanGpeTunnelV2Details, VxlanGpeTunnelV2Dump,
};
use ligato_vpp_api::types::{Address, InterfaceIndex, IpProto};

use super::index_or;
use crate::registry::Details;
use crate::state::Vpp;
use crate::state::prefix::Family;
use crate::state::retval::{Outcome, Retval, code};
use crate::state::tunnels::asked;
use crate::state::tunnels::vxlan_gpe::VxlanGpe;

pub(crate) fn add_del_v1(vpp: &mut Vpp, m: &VxlanGpeAddDelTunnel) -> VxlanGpeAddDelTunnelReply {
    let newest = VxlanGpeAddDelTunnelV2 {
        local: m.local,
        remote: m.remote,
        mcast_sw_if_index: m.mcast_sw_if_index,
        encap_vrf_id: m.encap_vrf_id,
        decap_vrf_id: m.decap_vrf_id,
        protocol: m.protocol,
        vni: m.vni,
        is_add: m.is_add,
        ..VxlanGpeAddDelTunnelV2::default()
    };
    let VxlanGpeAddDelTunnelV2Reply { retval, sw_if_index } = add_del(vpp, &newest);
    VxlanGpeAddDelTunnelReply { retval, sw_if_index }
}

pub(crate) fn add_del(vpp: &mut Vpp, m: &VxlanGpeAddDelTunnelV2) -> VxlanGpeAddDelTunnelV2Reply {
    let outcome = change(vpp, m);
    let sw_if_index = index_or(&outcome, u32::MAX);
    VxlanGpeAddDelTunnelV2Reply { retval: code(&outcome), sw_if_index }
}

fn change(vpp: &mut Vpp, m: &VxlanGpeAddDelTunnelV2) -> Outcome<u32> {
    let protocol = m.protocol.0;
    let (table, inner_table) = vpp.tables_of_gpe(protocol, m.encap_vrf_id, m.decap_vrf_id)?;
    if m.local == m.remote {
        return Err(Retval::SAME_SRC_DST);
    }
    let wanted = VxlanGpe {
        sw_if_index: u32::MAX,
        local: m.local.0,
        remote: m.remote.0,
        local_port: m.local_port,
        remote_port: m.remote_port,
        multicast: m.mcast_sw_if_index.0,
        table,
        inner_table,
        protocol,
        vni: m.vni,
    };
    if m.is_add { vpp.add_vxlan_gpe(wanted) } else { vpp.delete_vxlan_gpe(wanted) }
}

/// VPP takes both indexes as positions in its list of tables of the version the tunnel runs over.
pub(crate) fn dump(
    vpp: &Vpp,
    m: &VxlanGpeTunnelV2Dump,
    details: &mut Details<'_, VxlanGpeTunnelV2Details>,
) {
    for tunnel in asked(vpp.tunnels.vxlan_gpes.iter(), m.sw_if_index.0) {
        let tables = vpp.fib(Family::of(tunnel.local));
        details.send(&VxlanGpeTunnelV2Details {
            sw_if_index: InterfaceIndex(tunnel.sw_if_index),
            local: Address(tunnel.local),
            remote: Address(tunnel.remote),
            local_port: tunnel.local_port,
            remote_port: tunnel.remote_port,
            vni: tunnel.vni,
            protocol: IpProto(tunnel.protocol),
            mcast_sw_if_index: InterfaceIndex(tunnel.multicast),
            encap_vrf_id: tables.table_id(tunnel.table),
            decap_vrf_id: tables.table_id(tunnel.inner_table),
            is_ipv6: false,
        });
    }
}
