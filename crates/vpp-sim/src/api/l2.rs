//! `l2.api`

use ligato_vpp_api::List;
use ligato_vpp_api::msg::l2::{
    BdFlags as ApiFlags, BdIpMac, BdIpMacAddDel, BdIpMacDetails, BdIpMacDump, BdIpMacFlush,
    BridgeDomainAddDel, BridgeDomainAddDelV2, BridgeDomainAddDelV2Reply, BridgeDomainDetails,
    BridgeDomainDump, BridgeDomainSetMacAge, BridgeDomainSwIf, BridgeFlags, BridgeFlagsReply,
    L2FibTableDetails, L2FibTableDump, L2InterfaceVlanTagRewrite, L2PortType, L2XconnectDetails,
    L2XconnectDump, L2fibAddDel, L2fibFlushBd, SwInterfaceSetL2Bridge, SwInterfaceSetL2Xconnect,
};
use ligato_vpp_api::types::{Address, InterfaceIndex, MacAddress};

use super::text;
use crate::registry::Details;
use crate::state::interfaces::{L2Mode, TagRewrite};
use crate::state::retval::{Outcome, Retval, code};
use crate::state::{BdFlags, BridgeDomain, FibEntry, PortType, Vpp};

/// Largest id VPP chooses by itself.
const MAX_BD_ID: u32 = 0x00ff_ffff;

pub(crate) fn bridge_domain(vpp: &mut Vpp, m: &BridgeDomainAddDel) -> Outcome {
    if !m.is_add {
        return vpp.bridges.delete(m.bd_id);
    }
    let flags = BdFlags {
        flood: m.flood,
        uu_flood: m.uu_flood,
        forward: m.forward,
        learn: m.learn,
        arp_term: m.arp_term,
        arp_ufwd: m.arp_ufwd,
    };
    vpp.bridges.add(m.bd_id, flags, m.mac_age, &m.bd_tag.to_str())
}

pub(crate) fn bridge_domain_v2(
    vpp: &mut Vpp,
    m: &BridgeDomainAddDelV2,
) -> BridgeDomainAddDelV2Reply {
    let mut bd_id = m.bd_id;
    while m.is_add && (bd_id == u32::MAX || (m.bd_id == u32::MAX && vpp.bridges.exists(bd_id))) {
        bd_id = vpp.random_id(MAX_BD_ID);
    }
    let outcome = bridge_domain(
        vpp,
        &BridgeDomainAddDel {
            bd_id,
            flood: m.flood,
            uu_flood: m.uu_flood,
            forward: m.forward,
            learn: m.learn,
            arp_term: m.arp_term,
            arp_ufwd: m.arp_ufwd,
            mac_age: m.mac_age,
            bd_tag: m.bd_tag,
            is_add: m.is_add,
        },
    );
    BridgeDomainAddDelV2Reply { retval: code(&outcome), bd_id }
}

pub(crate) fn bridge_domain_dump(
    vpp: &Vpp,
    m: &BridgeDomainDump,
    details: &mut Details<'_, BridgeDomainDetails>,
) {
    // VPP does not filter by interface and shows nothing then.
    if m.sw_if_index.some().is_some() {
        return;
    }
    if m.bd_id == u32::MAX {
        for domain in vpp.bridges.iter() {
            details.send(&describe(vpp, domain));
        }
    } else if let Some(domain) = vpp.bridges.by_id(m.bd_id) {
        details.send(&describe(vpp, domain));
    }
}

fn describe(vpp: &Vpp, domain: &BridgeDomain) -> BridgeDomainDetails {
    let members = domain.members.iter().map(|member| BridgeDomainSwIf {
        context: 0,
        sw_if_index: InterfaceIndex(*member),
        shg: match vpp.interfaces.get(*member).map(|interface| interface.l2) {
            Ok(L2Mode::Bridge { shg, .. }) => shg,
            _ => 0,
        },
    });
    let flags = domain.flags;
    BridgeDomainDetails {
        bd_id: domain.id,
        flood: flags.flood,
        uu_flood: flags.uu_flood,
        forward: flags.forward,
        learn: flags.learn,
        arp_term: flags.arp_term,
        arp_ufwd: flags.arp_ufwd,
        mac_age: domain.mac_age,
        bd_tag: text(&domain.tag),
        bvi_sw_if_index: InterfaceIndex(domain.bvi.unwrap_or(u32::MAX)),
        uu_fwd_sw_if_index: InterfaceIndex(domain.uu_fwd.unwrap_or(u32::MAX)),
        sw_if_details: List::new(members.collect()).unwrap_or_default(),
    }
}

pub(crate) fn set_mac_age(vpp: &mut Vpp, m: &BridgeDomainSetMacAge) -> Outcome {
    vpp.bridges.set_mac_age(m.bd_id, m.mac_age)
}

pub(crate) fn bridge_flags(vpp: &mut Vpp, m: &BridgeFlags) -> BridgeFlagsReply {
    let named = |flag| m.flags.contains(flag);
    let outcome = vpp.bridges.set_flags(m.bd_id, |flags| {
        for (flag, field) in [
            (ApiFlags::LEARN, &mut flags.learn),
            (ApiFlags::FWD, &mut flags.forward),
            (ApiFlags::FLOOD, &mut flags.flood),
            (ApiFlags::UU_FLOOD, &mut flags.uu_flood),
            (ApiFlags::ARP_TERM, &mut flags.arp_term),
            (ApiFlags::ARP_UFWD, &mut flags.arp_ufwd),
        ] {
            if named(flag) {
                *field = m.is_set;
            }
        }
    });
    BridgeFlagsReply {
        retval: code(&outcome),
        resulting_feature_bitmap: vpp.bridges.feature_bitmap(m.bd_id),
    }
}

pub(crate) fn set_bridge(vpp: &mut Vpp, m: &SwInterfaceSetL2Bridge) -> Outcome {
    let index = m.rx_sw_if_index.0;
    vpp.interfaces.get(index)?;
    let port = match m.port_type {
        L2PortType::NORMAL => PortType::Normal,
        L2PortType::BVI => PortType::Bvi,
        L2PortType::UU_FWD => PortType::UnknownUnicastForward,
        _ => return Err(Retval::INVALID_VALUE),
    };
    if m.enable { vpp.set_bridge(index, m.bd_id, port, m.shg) } else { vpp.set_l3(index) }
}

pub(crate) fn arp_entry(vpp: &mut Vpp, m: &BdIpMacAddDel) -> Outcome {
    let (id, ip, mac) = (m.entry.bd_id, m.entry.ip.0, m.entry.mac.0);
    if m.is_add { vpp.bridges.add_arp(id, ip, mac) } else { vpp.bridges.delete_arp(id, ip, mac) }
}

pub(crate) fn arp_entry_dump(
    vpp: &Vpp,
    m: &BdIpMacDump,
    details: &mut Details<'_, BdIpMacDetails>,
) {
    for domain in vpp.bridges.iter() {
        if m.bd_id != u32::MAX && m.bd_id != domain.id {
            continue;
        }
        for (ip, mac) in &domain.arp_entries {
            details.send(&BdIpMacDetails {
                entry: BdIpMac { bd_id: domain.id, ip: Address(*ip), mac: MacAddress(*mac) },
            });
        }
    }
}

pub(crate) fn arp_entry_flush(vpp: &mut Vpp, m: &BdIpMacFlush) -> Outcome {
    vpp.bridges.flush_arp(m.bd_id)
}

pub(crate) fn fib_entry(vpp: &mut Vpp, m: &L2fibAddDel) -> Outcome {
    if !m.is_add {
        return vpp.bridges.delete_mac(m.bd_id, m.mac.0, m.sw_if_index.0);
    }
    let entry = FibEntry {
        sw_if_index: if m.filter_mac { u32::MAX } else { m.sw_if_index.0 },
        is_static: m.static_mac || m.filter_mac,
        is_filter: m.filter_mac,
        is_bvi: m.bvi_mac && !m.filter_mac,
    };
    vpp.bridges.add_mac(m.bd_id, m.mac.0, entry, &vpp.interfaces)
}

pub(crate) fn fib_dump(
    vpp: &Vpp,
    m: &L2FibTableDump,
    details: &mut Details<'_, L2FibTableDetails>,
) {
    let wanted = (m.bd_id != u32::MAX).then_some(m.bd_id);
    for (bd_id, mac, entry) in vpp.bridges.macs(wanted) {
        details.send(&L2FibTableDetails {
            bd_id,
            mac: MacAddress(mac),
            sw_if_index: InterfaceIndex(entry.sw_if_index),
            static_mac: entry.is_static,
            filter_mac: entry.is_filter,
            bvi_mac: entry.is_bvi,
        });
    }
}

/// Only what was learned goes, and without a data plane nothing is learned.
pub(crate) fn fib_flush(vpp: &mut Vpp, m: &L2fibFlushBd) -> Outcome {
    if vpp.bridges.exists(m.bd_id) { Ok(()) } else { Err(Retval::NO_SUCH_ENTRY) }
}

pub(crate) fn set_xconnect(vpp: &mut Vpp, m: &SwInterfaceSetL2Xconnect) -> Outcome {
    let index = m.rx_sw_if_index.0;
    vpp.interfaces.get(index)?;
    if m.enable { vpp.set_cross_connect(index, m.tx_sw_if_index.0) } else { vpp.set_l3(index) }
}

pub(crate) fn xconnect_dump(
    vpp: &Vpp,
    _: &L2XconnectDump,
    details: &mut Details<'_, L2XconnectDetails>,
) {
    for interface in vpp.interfaces.iter() {
        if let L2Mode::CrossConnect { tx } = interface.l2 {
            details.send(&L2XconnectDetails {
                rx_sw_if_index: InterfaceIndex(interface.index),
                tx_sw_if_index: InterfaceIndex(tx),
            });
        }
    }
}

pub(crate) fn tag_rewrite(vpp: &mut Vpp, m: &L2InterfaceVlanTagRewrite) -> Outcome {
    vpp.interfaces.get(m.sw_if_index.0)?;
    vpp.interfaces.set_rewrite(
        m.sw_if_index.0,
        TagRewrite { op: m.vtr_op, push_dot1q: m.push_dot1q, tag1: m.tag1, tag2: m.tag2 },
    )
}
