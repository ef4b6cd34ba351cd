//! `vxlan.api`

use ligato_vpp_api::msg::vxlan::{
    VxlanAddDelTunnel, VxlanAddDelTunnelReply, VxlanAddDelTunnelV3, VxlanAddDelTunnelV3Reply,
    VxlanTunnelV2Details, VxlanTunnelV2Dump,
};
use ligato_vpp_api::types::{Address, InterfaceIndex};

use super::index_or;
use crate::registry::Details;
use crate::state::Vpp;
use crate::state::prefix::Family;
use crate::state::retval::{Outcome, code};
use crate::state::tunnels::asked;
use crate::state::tunnels::vxlan::Vxlan;

pub(crate) fn add_del_v1(vpp: &mut Vpp, m: &VxlanAddDelTunnel) -> VxlanAddDelTunnelReply {
    let newest = VxlanAddDelTunnelV3 {
        is_add: m.is_add,
        instance: m.instance,
        src_address: m.src_address,
        dst_address: m.dst_address,
        mcast_sw_if_index: m.mcast_sw_if_index,
        encap_vrf_id: m.encap_vrf_id,
        decap_next_index: m.decap_next_index,
        vni: m.vni,
        ..VxlanAddDelTunnelV3::default()
    };
    let VxlanAddDelTunnelV3Reply { retval, sw_if_index } = add_del(vpp, &newest);
    VxlanAddDelTunnelReply { retval, sw_if_index }
}

pub(crate) fn add_del(vpp: &mut Vpp, m: &VxlanAddDelTunnelV3) -> VxlanAddDelTunnelV3Reply {
    let outcome = change(vpp, m);
    VxlanAddDelTunnelV3Reply { retval: code(&outcome), sw_if_index: index_or(&outcome, u32::MAX) }
}

fn change(vpp: &mut Vpp, m: &VxlanAddDelTunnelV3) -> Outcome<u32> {
    let wanted = Vxlan {
        sw_if_index: u32::MAX,
        instance: 0,
        src: m.src_address.0,
        dst: m.dst_address.0,
        src_port: m.src_port,
        dst_port: m.dst_port,
        multicast: m.mcast_sw_if_index.0,
        table: vpp.table_for(m.src_address.0, m.encap_vrf_id)?,
        next: m.decap_next_index,
        vni: m.vni,
        is_l3: m.is_l3,
    };
    vpp.check_vxlan(&wanted)?;
    let instance = InterfaceIndex(m.instance).some().map(|instance| instance.0);
    if m.is_add { vpp.add_vxlan(wanted, instance) } else { vpp.delete_vxlan(wanted) }
}

pub(crate) fn dump(
    vpp: &Vpp,
    m: &VxlanTunnelV2Dump,
    details: &mut Details<'_, VxlanTunnelV2Details>,
) {
    for tunnel in asked(vpp.tunnels.vxlans.iter(), m.sw_if_index.0) {
        details.send(&VxlanTunnelV2Details {
            sw_if_index: InterfaceIndex(tunnel.sw_if_index),
            instance: tunnel.instance,
            src_address: Address(tunnel.src),
            dst_address: Address(tunnel.dst),
            src_port: tunnel.src_port,
            dst_port: tunnel.dst_port,
            mcast_sw_if_index: InterfaceIndex(tunnel.multicast),
            encap_vrf_id: vpp.fib(Family::of(tunnel.dst)).table_id(tunnel.table),
            decap_next_index: tunnel.next,
            vni: tunnel.vni,
        });
    }
}
