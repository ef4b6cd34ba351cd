//! Bridge domains, cross-connects, tag rewriting.

use ligato_vpp_api::msg::interface::*;
use ligato_vpp_api::msg::l2::*;
use ligato_vpp_api::types::*;

use super::*;
use crate::record::Record;

pub(crate) fn domain(bd_id: u32, name: &str, is_add: bool) -> BridgeDomainAddDel {
    BridgeDomainAddDel {
        bd_id,
        flood: true,
        uu_flood: true,
        forward: true,
        learn: true,
        bd_tag: tag(name),
        is_add,
        ..BridgeDomainAddDel::default()
    }
}

pub(crate) fn domains(r: &mut Record, bd_id: u32) {
    r.dump(&BridgeDomainDump { bd_id, sw_if_index: InterfaceIndex::NONE });
}

pub(crate) fn join(
    r: &mut Record,
    index: InterfaceIndex,
    bd_id: u32,
    port_type: L2PortType,
    shg: u8,
) {
    let request =
        SwInterfaceSetL2Bridge { rx_sw_if_index: index, bd_id, port_type, shg, enable: true };
    r.call(&request);
}

pub(crate) fn leave(r: &mut Record, index: InterfaceIndex) {
    r.call(&SwInterfaceSetL2Bridge { rx_sw_if_index: index, ..SwInterfaceSetL2Bridge::default() });
}

pub(crate) fn bridge_domains(r: &mut Record) {
    domains(r, u32::MAX);
    for id in [1, 1, 7, 0, 0x0100_0000] {
        r.call(&domain(id, "bridge", true));
    }
    r.call(&BridgeDomainAddDel {
        arp_term: true,
        arp_ufwd: true,
        mac_age: 5,
        ..domain(3, "", true)
    });
    let quiet = BridgeDomainAddDel { bd_id: 4, is_add: true, ..BridgeDomainAddDel::default() };
    r.call(&quiet);
    let v2 = BridgeDomainAddDelV2 {
        bd_id: 9,
        is_add: true,
        learn: true,
        ..BridgeDomainAddDelV2::default()
    };
    r.call(&v2);
    r.call(&v2);
    for id in [u32::MAX, 3, 0, 99] {
        domains(r, id);
    }
    r.dump(&BridgeDomainDump { bd_id: u32::MAX, sw_if_index: LOCAL0 });
    let flags = |bd_id, is_set, flags| BridgeFlags { bd_id, is_set, flags };
    r.call(&flags(4, true, BdFlags::LEARN | BdFlags::ARP_TERM));
    r.call(&flags(1, false, BdFlags::FLOOD));
    r.call(&flags(0, true, BdFlags::FLOOD));
    r.call(&flags(99, true, BdFlags::FLOOD));
    for bd_id in [1, 0, 99] {
        r.call(&BridgeDomainSetMacAge { bd_id, mac_age: 3 });
    }
    domains(r, u32::MAX);
    members(r);
    mac_table(r);
    arp_termination(r);
    for id in [1, 7, 3, 4, 9, 0, 99] {
        r.call(&domain(id, "", false));
    }
    domains(r, u32::MAX);
    r.note("indexes of domains are reused from below");
    for id in [50, 40, 30] {
        r.call(&domain(id, "again", true));
    }
    r.call(&domain(40, "", false));
    r.call(&domain(60, "sixty", true));
    domains(r, u32::MAX);
    for id in [50, 60, 30] {
        r.call(&domain(id, "", false));
    }
}

pub(crate) fn members(r: &mut Record) {
    r.note("members");
    let loops: Vec<InterfaceIndex> = (0..4).map(|_| loopback(r)).collect();
    let sub = r.call(&CreateVlanSubif { sw_if_index: loops[3], vlan_id: 6 }).sw_if_index;
    join(r, loops[0], 1, L2PortType::NORMAL, 0);
    join(r, sub, 1, L2PortType::NORMAL, 4);
    join(r, loops[1], 1, L2PortType::BVI, 0);
    join(r, loops[2], 1, L2PortType::BVI, 0);
    domains(r, 1);
    leave(r, loops[2]);
    join(r, loops[2], 1, L2PortType::NORMAL, 2);
    join(r, NOWHERE, 1, L2PortType::NORMAL, 0);
    join(r, loops[3], 1, L2PortType(9), 0);
    join(r, loops[3], 0x0100_0000, L2PortType::NORMAL, 0);
    domains(r, 1);
    r.call(&domain(1, "", false));
    r.note("from one domain to another");
    join(r, loops[0], 7, L2PortType::NORMAL, 1);
    join(r, loops[0], 7, L2PortType::NORMAL, 3);
    domains(r, u32::MAX);
    r.note("a domain that springs up");
    join(r, loops[3], 12, L2PortType::NORMAL, 0);
    domains(r, 12);
    r.dump(&L2FibTableDump { bd_id: u32::MAX });
    r.note("the BVI changes its address");
    r.call(&SwInterfaceSetMacAddress { sw_if_index: loops[1], mac_address: mac(77) });
    r.dump(&L2FibTableDump { bd_id: 1 });
    leave(r, loops[1]);
    r.dump(&L2FibTableDump { bd_id: 1 });
    join(r, loops[1], 1, L2PortType::UU_FWD, 0);
    domains(r, 1);
    leave(r, loops[1]);
    leave(r, loops[1]);
    leave(r, NOWHERE);
    domains(r, u32::MAX);
    r.note("deleted while a member");
    delete(r, loops[3]);
    domains(r, u32::MAX);
    for index in &loops[..3] {
        delete(r, *index);
    }
    domains(r, u32::MAX);
    r.call(&domain(12, "", false));
}

pub(crate) fn mac_table(r: &mut Record) {
    r.note("MAC table");
    let one = loopback(r);
    let two = loopback(r);
    join(r, one, 1, L2PortType::NORMAL, 0);
    let entry = |n, bd_id, sw_if_index| L2fibAddDel {
        mac: mac(n),
        bd_id,
        sw_if_index,
        is_add: true,
        ..L2fibAddDel::default()
    };
    r.call(&L2fibAddDel { static_mac: true, ..entry(1, 1, one) });
    r.call(&entry(2, 1, one));
    r.call(&L2fibAddDel { filter_mac: true, ..entry(3, 1, InterfaceIndex::NONE) });
    r.call(&L2fibAddDel { bvi_mac: true, ..entry(4, 1, one) });
    r.call(&entry(5, 1, two));
    r.call(&entry(5, 99, one));
    r.call(&entry(5, 1, NOWHERE));
    r.call(&L2fibAddDel { static_mac: true, ..entry(2, 1, one) });
    r.unordered(&L2FibTableDump { bd_id: u32::MAX }, |_| true);
    r.unordered(&L2FibTableDump { bd_id: 99 }, |_| true);
    let gone =
        |n, bd_id, sw_if_index| L2fibAddDel { is_add: false, ..entry(n, bd_id, sw_if_index) };
    r.call(&gone(1, 1, two));
    r.call(&gone(1, 1, one));
    r.call(&gone(1, 1, one));
    r.call(&gone(2, 1, LOCAL0));
    r.call(&gone(3, 1, InterfaceIndex::NONE));
    r.call(&gone(4, 99, one));
    r.call(&gone(4, 1, one));
    r.unordered(&L2FibTableDump { bd_id: u32::MAX }, |_| true);
    for bd_id in [1, 0, 99] {
        r.call(&L2fibFlushBd { bd_id });
    }
    r.note("left behind by a member");
    r.call(&L2fibAddDel { static_mac: true, ..entry(6, 1, one) });
    r.call(&entry(7, 1, one));
    leave(r, one);
    r.unordered(&L2FibTableDump { bd_id: u32::MAX }, |_| true);
    for n in [6, 7] {
        r.call(&gone(n, 1, LOCAL0));
    }
    delete(r, one);
    delete(r, two);
}

pub(crate) fn arp_termination(r: &mut Record) {
    r.note("ARP termination");
    let entry = |is_add, bd_id, text: &str, n| BdIpMacAddDel {
        is_add,
        entry: BdIpMac { bd_id, ip: Address(ip(text)), mac: mac(n) },
    };
    for (id, text, n) in [
        (1, "10.0.0.1", 1),
        (1, "10.0.0.2", 2),
        (1, "2001:db8::1", 3),
        (1, "10.0.0.1", 4),
        (3, "10.0.0.1", 5),
        (0, "10.0.0.1", 1),
        (99, "10.0.0.1", 1),
    ] {
        r.call(&entry(true, id, text, n));
    }
    for bd_id in [u32::MAX, 1, 99] {
        r.unordered(&BdIpMacDump { bd_id }, |_| true);
    }
    r.call(&entry(false, 1, "10.0.0.2", 9));
    r.call(&entry(false, 1, "10.0.0.2", 2));
    r.call(&entry(false, 1, "10.0.0.2", 2));
    for bd_id in [1, 0, 99] {
        r.call(&BdIpMacFlush { bd_id });
    }
    r.unordered(&BdIpMacDump { bd_id: u32::MAX }, |_| true);
    r.call(&entry(false, 3, "10.0.0.1", 5));
}

pub(crate) fn cross_connects(r: &mut Record) {
    let one = loopback(r);
    let two = loopback(r);
    let connect = |rx, tx, enable| SwInterfaceSetL2Xconnect {
        rx_sw_if_index: rx,
        tx_sw_if_index: tx,
        enable,
    };
    for (rx, tx) in [(one, two), (two, one), (NOWHERE, one), (one, NOWHERE), (one, one)] {
        r.call(&connect(rx, tx, true));
        r.dump(&L2XconnectDump {});
    }
    r.call(&connect(two, NOWHERE, false));
    r.call(&connect(two, one, false));
    r.dump(&L2XconnectDump {});
    r.note("cross-connect, then bridge, then cross-connect");
    r.call(&domain(5, "", true));
    join(r, one, 5, L2PortType::NORMAL, 0);
    r.dump(&L2XconnectDump {});
    domains(r, 5);
    r.call(&connect(one, two, true));
    domains(r, 5);
    r.note("deleted while connected");
    delete(r, two);
    r.dump(&L2XconnectDump {});
    delete(r, one);
    r.dump(&L2XconnectDump {});
    r.call(&domain(5, "", false));
}

pub(crate) fn rewriting(r: &mut Record) {
    let parent = loopback(r);
    let one_tag = r.call(&CreateVlanSubif { sw_if_index: parent, vlan_id: 10 }).sw_if_index;
    let two_tags = r.call(&CreateSubif {
        sw_if_index: parent,
        sub_id: 20,
        sub_if_flags: SubIfFlags::TWO_TAGS | SubIfFlags::EXACT_MATCH,
        outer_vlan_id: 20,
        inner_vlan_id: 21,
    });
    for sw_if_index in [parent, one_tag, two_tags.sw_if_index, LOCAL0, NOWHERE] {
        for vtr_op in 0..10 {
            let push_dot1q = vtr_op % 2;
            let rewrite = L2InterfaceVlanTagRewrite {
                sw_if_index,
                vtr_op,
                push_dot1q,
                tag1: 100,
                tag2: 0x1_0000 + 200,
            };
            r.call(&rewrite);
            r.dump(&SwInterfaceDump { sw_if_index, ..SwInterfaceDump::default() });
        }
    }
    r.note("bridged and back");
    let rewrite = L2InterfaceVlanTagRewrite {
        sw_if_index: one_tag,
        vtr_op: 3,
        ..L2InterfaceVlanTagRewrite::default()
    };
    r.call(&domain(5, "", true));
    r.call(&rewrite);
    join(r, one_tag, 5, L2PortType::NORMAL, 0);
    r.dump(&SwInterfaceDump { sw_if_index: one_tag, ..SwInterfaceDump::default() });
    leave(r, one_tag);
    r.dump(&SwInterfaceDump { sw_if_index: one_tag, ..SwInterfaceDump::default() });
    r.call(&domain(5, "", false));
    delete(r, parent);
}
