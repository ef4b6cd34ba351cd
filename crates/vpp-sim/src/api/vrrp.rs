//! `vrrp.api`

use std::net::IpAddr;

use ligato_vpp_api::List;
use ligato_vpp_api::msg::vrrp::{
    VrrpVrAddDel, VrrpVrConf, VrrpVrDetails, VrrpVrDump, VrrpVrFlags, VrrpVrRuntime,
    VrrpVrStartStop, VrrpVrState, VrrpVrTracking,
};
use ligato_vpp_api::types::{Address, InterfaceIndex, MacAddress};

use crate::registry::Details;
use crate::state::Vpp;
use crate::state::prefix::Family;
use crate::state::retval::{Outcome, Retval};
use crate::state::vrrp::{VirtualRouter, VrKey, VrState};

pub(crate) fn add_del(vpp: &mut Vpp, m: &VrrpVrAddDel) -> Outcome {
    vpp.interfaces.get(m.sw_if_index.0)?;
    if m.priority == 0 || m.interval == 0 || m.vr_id == 0 {
        return Err(Retval::INVALID_VALUE);
    }
    let family = Family::from_is_ip6(m.flags.contains(VrrpVrFlags::IPV6));
    let key = VrKey { sw_if_index: m.sw_if_index.0, id: m.vr_id, family };
    if m.is_add == 0 {
        return vpp.delete_virtual_router(key);
    }
    vpp.add_virtual_router(VirtualRouter {
        key,
        priority: m.priority,
        interval: m.interval,
        preempt: m.flags.contains(VrrpVrFlags::PREEMPT),
        accept: m.flags.contains(VrrpVrFlags::ACCEPT),
        unicast: m.flags.contains(VrrpVrFlags::UNICAST),
        addresses: m.addrs.iter().map(|address| of_family(address.0, family)).collect(),
        state: VrState::Init,
    })
}

/// VPP takes whatever address it is given for one of the router's version.
fn of_family(address: IpAddr, family: Family) -> IpAddr {
    match (address, family) {
        (IpAddr::V4(v4), Family::V6) => {
            let [a, b, c, d] = v4.octets();
            IpAddr::from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d])
        }
        _ => address,
    }
}

pub(crate) fn start_stop(vpp: &mut Vpp, m: &VrrpVrStartStop) -> Outcome {
    let family = Family::from_is_ip6(m.is_ipv6 != 0);
    let key = VrKey { sw_if_index: m.sw_if_index.0, id: m.vr_id, family };
    vpp.start_virtual_router(key, m.is_start != 0)
}

pub(crate) fn dump(vpp: &Vpp, m: &VrrpVrDump, details: &mut Details<'_, VrrpVrDetails>) {
    let wanted = m.sw_if_index.some().filter(|index| index.0 != 0);
    for vr in vpp.virtual_routers.iter() {
        if wanted.is_some_and(|index| index.0 != vr.key.sw_if_index) {
            continue;
        }
        let addresses = vr.addresses.iter().map(|ip| Address(*ip)).collect();
        details.send(&VrrpVrDetails {
            config: config(vr),
            runtime: runtime(vr),
            addrs: List::new(addresses).unwrap_or_default(),
        });
    }
}

fn config(vr: &VirtualRouter) -> VrrpVrConf {
    VrrpVrConf {
        sw_if_index: InterfaceIndex(vr.key.sw_if_index),
        vr_id: vr.key.id,
        priority: vr.priority,
        interval: vr.interval,
        flags: VrrpVrFlags::EMPTY
            .with_if(VrrpVrFlags::PREEMPT, vr.preempt)
            .with_if(VrrpVrFlags::ACCEPT, vr.accept)
            .with_if(VrrpVrFlags::UNICAST, vr.unicast)
            .with_if(VrrpVrFlags::IPV6, vr.key.family == Family::V6),
    }
}

fn runtime(vr: &VirtualRouter) -> VrrpVrRuntime {
    let kind = if vr.key.family == Family::V6 { 2 } else { 1 };
    VrrpVrRuntime {
        state: match vr.state {
            VrState::Init => VrrpVrState::INIT,
            VrState::Backup => VrrpVrState::BACKUP,
            VrState::Master => VrrpVrState::MASTER,
            VrState::InterfaceDown => VrrpVrState::INTF_DOWN,
        },
        mac: MacAddress([0, 0, 0x5e, 0, kind, vr.key.id]),
        tracking: VrrpVrTracking { interfaces_dec: 0, priority: vr.priority },
        ..VrrpVrRuntime::default()
    }
}
