//! Interfaces, sub-interfaces and their events.

use ligato_vpp_api::msg::interface::*;
use ligato_vpp_api::msg::ip::*;
use ligato_vpp_api::msg::ip_neighbor::*;
use ligato_vpp_api::types::*;

use super::addresses::{neighbor, neighbors_of};
use super::*;
use crate::record::Record;

pub(crate) fn loopbacks(r: &mut Record) {
    interfaces(r);
    let one = loopback(r);
    let two = loopback(r);
    let three = r.done(&CreateLoopback { mac_address: mac(3) }).sw_if_index;
    interfaces(r);
    set_up(r, one);
    set_up(r, one);
    for sw_if_index in [one, LOCAL0, NOWHERE] {
        r.note(&format!("everything on {sw_if_index}"));
        set_up(r, sw_if_index);
        for name in ["first", ""] {
            r.call(&SwInterfaceTagAddDel { is_add: true, sw_if_index, tag: tag(name) });
        }
        r.call(&SwInterfaceSetMacAddress { sw_if_index, mac_address: mac(9) });
        r.call(&SwInterfaceGetMacAddress { sw_if_index });
        for mtu in [1500, 9000, 1400] {
            r.call(&HwInterfaceSetMtu { sw_if_index, mtu });
        }
        r.call(&SwInterfaceSetMtu { sw_if_index, mtu: [1300, 1200, 1280, 1100] });
        r.call(&SwInterfaceSetPromisc { sw_if_index, promisc_on: true });
        for (queue_id_valid, queue_id) in [(false, 0), (true, 0), (true, 7)] {
            let mode = RxMode::POLLING;
            r.call(&SwInterfaceSetRxMode { sw_if_index, queue_id_valid, queue_id, mode });
        }
        for (queue_id, worker_id, is_main) in [(0, 0, true), (0, 0, false), (0, 5, false)] {
            r.call(&SwInterfaceSetRxPlacement { sw_if_index, queue_id, worker_id, is_main });
        }
        r.dump(&SwInterfaceRxPlacementDump { sw_if_index });
        for is_ipv6 in [false, true] {
            r.call(&SwInterfaceGetTable { sw_if_index, is_ipv6 });
        }
    }
    interfaces(r);
    r.call(&SwInterfaceTagAddDel { is_add: false, sw_if_index: LOCAL0, tag: tag("") });
    r.call(&SwInterfaceSetMtu { sw_if_index: LOCAL0, mtu: [0; 4] });
    set_down(r, LOCAL0);
    set_down(r, one);
    for index in [two, one, three] {
        r.dump(&SwInterfaceDump { sw_if_index: index, ..SwInterfaceDump::default() });
    }
    let name_filter = "LOOP1".to_owned();
    r.dump(&SwInterfaceDump {
        sw_if_index: InterfaceIndex::NONE,
        name_filter_valid: true,
        name_filter,
    });
    r.dump(&SwInterfaceDump { sw_if_index: NOWHERE, ..SwInterfaceDump::default() });
    reuse(r, [one, two, three]);
}

/// Indexes and instances come back in VPP's order.
pub(crate) fn reuse(r: &mut Record, [one, two, three]: [InterfaceIndex; 3]) {
    delete(r, two);
    delete(r, one);
    delete(r, one);
    delete(r, LOCAL0);
    delete(r, NOWHERE);
    let again = [loopback(r), loopback(r), loopback(r)];
    let instance = |user_instance| CreateLoopbackInstance {
        mac_address: MacAddress::default(),
        is_specified: true,
        user_instance,
    };
    let numbered = r.call(&instance(700)).sw_if_index;
    r.call(&instance(700));
    r.call(&instance(20_000));
    interfaces(r);
    for index in [three, numbered].into_iter().chain(again) {
        delete(r, index);
    }
    interfaces(r);
}

pub(crate) fn sub_interfaces(r: &mut Record) {
    let parent = loopback(r);
    let vlan = |sw_if_index, vlan_id| CreateVlanSubif { sw_if_index, vlan_id };
    let ten = r.call(&vlan(parent, 10)).sw_if_index;
    for id in [10, 0, 4096] {
        r.call(&vlan(parent, id));
    }
    r.call(&vlan(NOWHERE, 10));
    let nested = r.call(&vlan(ten, 11)).sw_if_index;
    let flags = SubIfFlags::TWO_TAGS | SubIfFlags::EXACT_MATCH;
    let double = r.call(&CreateSubif {
        sw_if_index: parent,
        sub_id: 77,
        sub_if_flags: flags,
        outer_vlan_id: 100,
        inner_vlan_id: 200,
    });
    r.call(&CreateSubif {
        sw_if_index: parent,
        sub_id: 77,
        sub_if_flags: SubIfFlags::DEFAULT,
        outer_vlan_id: 0,
        inner_vlan_id: 0,
    });
    let loose = r.call(&CreateSubif {
        sw_if_index: parent,
        sub_id: 78,
        sub_if_flags: SubIfFlags::ONE_TAG | SubIfFlags::OUTER_VLAN_ID_ANY | SubIfFlags::DOT1AD,
        outer_vlan_id: 0,
        inner_vlan_id: 0,
    });
    interfaces(r);
    r.note("sub-interfaces follow their parent");
    set_up(r, ten);
    set_up(r, parent);
    set_up(r, ten);
    set_down(r, parent);
    set_down(r, ten);
    set_up(r, parent);
    set_up(r, ten);
    interfaces(r);
    set_down(r, parent);
    set_down(r, ten);
    r.call(&SwInterfaceSetMacAddress { sw_if_index: ten, mac_address: mac(1) });
    r.call(&SwInterfaceGetMacAddress { sw_if_index: ten });
    r.call(&HwInterfaceSetMtu { sw_if_index: ten, mtu: 1500 });
    r.call(&SwInterfaceSetPromisc { sw_if_index: ten, promisc_on: true });
    let mode = RxMode::POLLING;
    let queue = SwInterfaceSetRxMode { sw_if_index: ten, queue_id_valid: false, queue_id: 0, mode };
    r.call(&queue);
    address(r, true, loose.sw_if_index, "10.7.0.1", 24);
    for index in [parent, ten, ten, LOCAL0, NOWHERE] {
        r.call(&DeleteSubif { sw_if_index: index });
    }
    interfaces(r);
    r.call(&DeleteSubif { sw_if_index: double.sw_if_index });
    let last = r.call(&vlan(parent, 4095)).sw_if_index;
    r.call(&DeleteSubif { sw_if_index: last });
    r.note("the parent takes the rest along");
    delete(r, parent);
    r.call(&DeleteSubif { sw_if_index: nested });
    interfaces(r);
    let parent = loopback(r);
    let sub = r.call(&vlan(parent, 5)).sw_if_index;
    r.note("deleting the loopback by its sub-interface");
    delete(r, sub);
    interfaces(r);
}

pub(crate) fn events(r: &mut Record) {
    let subscribe = |enable_disable| WantInterfaceEvents { enable_disable, pid: 99 };
    r.call(&subscribe(0));
    r.call(&subscribe(1));
    r.call(&subscribe(1));
    let one = loopback(r);
    r.events();
    set_up(r, one);
    r.events();
    set_up(r, one);
    r.events();
    let sub = r.call(&CreateVlanSubif { sw_if_index: one, vlan_id: 4 }).sw_if_index;
    r.events();
    set_up(r, sub);
    r.events();
    set_down(r, one);
    r.events();
    set_down(r, sub);
    r.events();
    set_up(r, one);
    r.events();
    delete(r, one);
    r.events();
    r.call(&subscribe(0));
    let two = loopback(r);
    r.events();
    delete(r, two);
}

pub(crate) fn unnumbered(r: &mut Record) {
    let one = loopback(r);
    let two = loopback(r);
    let set = |is_add, numbered, sw_if_index| SwInterfaceSetUnnumbered {
        sw_if_index: numbered,
        unnumbered_sw_if_index: sw_if_index,
        is_add,
    };
    address(r, true, one, "10.1.0.1", 24);
    set_up(r, one);
    set_up(r, two);
    r.call(&set(true, one, NOWHERE));
    r.call(&set(true, NOWHERE, two));
    r.call(&set(true, one, two));
    r.dump(&IpUnnumberedDump { sw_if_index: InterfaceIndex::NONE });
    r.dump(&IpUnnumberedDump { sw_if_index: two });
    r.dump(&IpUnnumberedDump { sw_if_index: one });
    addresses_of(r, two);
    table_of(r, 0, false);
    table(r, true, 5, false, "");
    r.call(&SwInterfaceSetTable { sw_if_index: two, is_ipv6: false, vrf_id: 5 });
    r.call(&set(false, LOCAL0, two));
    r.call(&set(false, LOCAL0, two));
    r.dump(&IpUnnumberedDump { sw_if_index: InterfaceIndex::NONE });
    r.call(&SwInterfaceSetTable { sw_if_index: two, is_ipv6: false, vrf_id: 5 });
    r.call(&set(true, one, two));
    r.call(&SwInterfaceSetTable { sw_if_index: two, is_ipv6: false, vrf_id: 0 });
    table(r, false, 5, false, "");
    delete(r, two);
    delete(r, one);
}

pub(crate) fn deleting(r: &mut Record) {
    let one = loopback(r);
    table(r, true, 8, false, "eight");
    table(r, true, 8, true, "");
    for is_ipv6 in [false, true] {
        r.call(&SwInterfaceSetTable { sw_if_index: one, is_ipv6, vrf_id: 8 });
    }
    address(r, true, one, "10.1.0.1", 24);
    address(r, true, one, "2001:db8::1", 64);
    set_up(r, one);
    set_route(r, true, true, route(8, "20.0.0.0", 8, vec![via("10.1.0.2", one.0)]));
    neighbor(r, true, one, "10.1.0.2", 2, IpNeighborFlags::STATIC);
    r.call(&SwInterfaceTagAddDel { is_add: true, sw_if_index: one, tag: tag("mine") });
    delete(r, one);
    r.dump(&IpTableDump {});
    table_of(r, 8, false);
    table_of(r, 8, true);
    let again = loopback(r);
    interfaces(r);
    addresses_of(r, again);
    r.call(&SwInterfaceGetTable { sw_if_index: again, is_ipv6: false });
    neighbors_of(r, InterfaceIndex::NONE);
    r.note("a table is deleted with its routes");
    table(r, false, 8, false, "");
    table(r, false, 8, true, "");
    r.dump(&IpTableDump {});
    table(r, true, 8, false, "new");
    table_of(r, 8, false);
    table(r, false, 8, false, "");
    delete(r, again);
}
