//! `gre.api`

use ligato_vpp_api::msg::gre::{
    GreTunnelAddDel, GreTunnelAddDelReply, GreTunnelAddDelV2, GreTunnelAddDelV2Reply,
    GreTunnelDetails, GreTunnelDump, GreTunnelType, GreTunnelV2, GreTunnelV2Details,
    GreTunnelV2Dump,
};
use ligato_vpp_api::types::{Address, InterfaceIndex, TunnelEncapDecapFlags, TunnelMode};

use super::index_or;
use crate::registry::Details;
use crate::state::Vpp;
use crate::state::prefix::Family;
use crate::state::retval::{Outcome, code};
use crate::state::tunnels::asked;
use crate::state::tunnels::gre::Gre;

pub(crate) fn add_del(vpp: &mut Vpp, m: &GreTunnelAddDel) -> GreTunnelAddDelReply {
    let outcome = change(vpp, &m.tunnel.into(), m.is_add);
    GreTunnelAddDelReply { retval: code(&outcome), sw_if_index: index_or(&outcome, u32::MAX) }
}

pub(crate) fn add_del_v2(vpp: &mut Vpp, m: &GreTunnelAddDelV2) -> GreTunnelAddDelV2Reply {
    let outcome = change(vpp, &m.tunnel, m.is_add);
    GreTunnelAddDelV2Reply { retval: code(&outcome), sw_if_index: index_or(&outcome, u32::MAX) }
}

fn change(vpp: &mut Vpp, m: &GreTunnelV2, is_add: bool) -> Outcome<u32> {
    Vpp::check_gre(m.src.0, m.dst.0, m.kind.0, m.mode.0)?;
    let wanted = Gre {
        sw_if_index: u32::MAX,
        instance: 0,
        kind: m.kind.0,
        mode: m.mode.0,
        flags: m.flags.0,
        session: m.session_id,
        table: vpp.table_for(m.src.0, m.outer_table_id)?,
        src: m.src.0,
        dst: m.dst.0,
        key: m.key,
    };
    let instance = InterfaceIndex(m.instance).some().map(|instance| instance.0);
    if is_add { vpp.add_gre(wanted, instance) } else { vpp.delete_gre(&wanted) }
}

pub(crate) fn dump(vpp: &Vpp, m: &GreTunnelDump, details: &mut Details<'_, GreTunnelDetails>) {
    for tunnel in asked(vpp.tunnels.gres.iter(), m.sw_if_index.0) {
        let tunnel = describe(vpp, tunnel).into();
        details.send(&GreTunnelDetails { tunnel });
    }
}

pub(crate) fn dump_v2(
    vpp: &Vpp,
    m: &GreTunnelV2Dump,
    details: &mut Details<'_, GreTunnelV2Details>,
) {
    for tunnel in asked(vpp.tunnels.gres.iter(), m.sw_if_index.0) {
        details.send(&GreTunnelV2Details { tunnel: describe(vpp, tunnel) });
    }
}

fn describe(vpp: &Vpp, tunnel: &Gre) -> GreTunnelV2 {
    GreTunnelV2 {
        kind: GreTunnelType(tunnel.kind),
        mode: TunnelMode(tunnel.mode),
        flags: TunnelEncapDecapFlags(tunnel.flags),
        session_id: tunnel.session,
        instance: tunnel.instance,
        outer_table_id: vpp.fib(Family::of(tunnel.dst)).table_id(tunnel.table),
        sw_if_index: InterfaceIndex(tunnel.sw_if_index),
        src: Address(tunnel.src),
        dst: Address(tunnel.dst),
        key: tunnel.key,
    }
}
