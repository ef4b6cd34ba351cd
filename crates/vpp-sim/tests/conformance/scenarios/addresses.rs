//! Addresses, tables and neighbours.

use ligato_vpp_api::msg::interface::*;
use ligato_vpp_api::msg::ip::*;
use ligato_vpp_api::msg::ip_neighbor::*;
use ligato_vpp_api::msg::rd_cp::Ip6NdAddressAutoconfig;
use ligato_vpp_api::types::*;

use super::*;
use crate::record::Record;

pub(crate) fn addresses4(r: &mut Record) {
    table_of(r, 0, false);
    let one = loopback(r);
    let two = loopback(r);
    address(r, true, one, "10.1.0.1", 24);
    table_of(r, 0, false);
    set_up(r, one);
    table_of(r, 0, false);
    r.note("conflicts");
    address(r, true, one, "10.1.0.1", 24);
    address(r, true, one, "10.1.0.2", 24);
    address(r, true, one, "10.1.0.3", 25);
    address(r, true, one, "10.1.0.4", 16);
    address(r, true, two, "10.1.0.5", 24);
    address(r, true, two, "10.1.0.1", 32);
    address(r, true, two, "10.1.1.1", 24);
    address(r, true, two, "11.0.0.1", 0);
    address(r, true, LOCAL0, "12.0.0.1", 24);
    address(r, true, NOWHERE, "12.0.0.1", 24);
    r.note("ends of networks");
    address(r, true, one, "10.2.0.0", 31);
    address(r, true, one, "10.3.0.1", 32);
    address(r, true, one, "10.4.0.0", 24);
    address(r, true, one, "10.5.0.255", 24);
    address(r, true, one, "10.6.0.1", 30);
    addresses_of(r, one);
    addresses_of(r, two);
    addresses_of(r, NOWHERE);
    table_of(r, 0, false);
    r.note("removal");
    address(r, false, one, "10.1.0.1", 24);
    table_of(r, 0, false);
    address(r, false, one, "10.1.0.1", 24);
    address(r, false, two, "10.1.0.2", 24);
    address(r, false, one, "10.1.0.2", 24);
    address(r, false, one, "10.3.0.1", 32);
    addresses_of(r, one);
    table_of(r, 0, false);
    set_down(r, one);
    table_of(r, 0, false);
    set_up(r, one);
    let prefix = AddressWithPrefix(Prefix::new(ip("0.0.0.0"), 0));
    r.call(&SwInterfaceAddDelAddress { sw_if_index: one, is_add: false, del_all: true, prefix });
    addresses_of(r, one);
    table_of(r, 0, false);
    delete(r, one);
    delete(r, two);
    table_of(r, 0, false);
}

pub(crate) fn addresses6(r: &mut Record) {
    table_of(r, 0, true);
    let one = loopback(r);
    let two = loopback(r);
    address(r, true, one, "2001:db8:1::1", 64);
    set_up(r, one);
    addresses_of(r, one);
    table_of(r, 0, true);
    address(r, true, one, "2001:db8:1::1", 64);
    address(r, true, one, "2001:db8:1::2", 64);
    address(r, true, two, "2001:db8:1::3", 64);
    address(r, true, two, "2001:db8:2::1", 128);
    address(r, true, two, "2001:db8:3::1", 127);
    address(r, true, two, "2001:db8:9::1", 0);
    r.note("link-local");
    address(r, true, one, "fe80::1", 64);
    address(r, true, one, "fe80::1", 128);
    address(r, true, two, "fe80::2", 128);
    address(r, false, one, "fe80::1", 128);
    address(r, false, one, "fe80::9", 128);
    addresses_of(r, one);
    set_up(r, two);
    table_of(r, 0, true);
    address(r, false, one, "2001:db8:1::1", 64);
    address(r, false, one, "2001:db8:1::2", 64);
    addresses_of(r, one);
    table_of(r, 0, true);
    delete(r, one);
    delete(r, two);
    table_of(r, 0, true);
}

pub(crate) fn tables(r: &mut Record) {
    r.dump(&IpTableDump {});
    for is_ip6 in [false, true] {
        table(r, true, 10, is_ip6, "ten");
        table(r, true, 10, is_ip6, "other");
        table(r, true, 11, is_ip6, "");
        table(r, true, 0, is_ip6, "zero");
    }
    r.dump(&IpTableDump {});
    table_of(r, 10, false);
    table_of(r, 11, true);
    table_of(r, 12, false);
    let one = loopback(r);
    let bind = |is_ipv6, vrf_id| SwInterfaceSetTable { sw_if_index: one, is_ipv6, vrf_id };
    let ask = |is_ipv6| SwInterfaceGetTable { sw_if_index: one, is_ipv6 };
    r.call(&bind(false, 10));
    r.call(&bind(true, 11));
    r.call(&bind(true, 12));
    r.call(&ask(false));
    r.call(&ask(true));
    r.note("an interface holds its table");
    table(r, false, 10, false, "");
    r.dump(&IpTableDump {});
    address(r, true, one, "10.1.0.1", 24);
    set_up(r, one);
    table_of(r, 10, false);
    r.call(&bind(false, 0));
    address(r, false, one, "10.1.0.1", 24);
    r.call(&bind(false, 0));
    r.dump(&IpTableDump {});
    table(r, true, 20, false, "twenty");
    table(r, true, 21, false, "twenty-one");
    r.dump(&IpTableDump {});
    let flow = |table_id| SetIpFlowHashV2 {
        table_id,
        af: AddressFamily::IP4,
        flow_hash_config: IpFlowHashConfig::SRC_IP,
    };
    r.call(&flow(20));
    r.call(&flow(99));
    r.call(&SetIpFlowHashV2 { af: AddressFamily(7), ..flow(20) });
    delete(r, one);
    for (id, is_ip6) in
        [(0, false), (20, false), (21, false), (11, false), (10, true), (11, true), (33, true)]
    {
        table(r, false, id, is_ip6, "");
    }
    r.dump(&IpTableDump {});
}

pub(crate) fn neighbor(
    r: &mut Record,
    is_add: bool,
    sw_if_index: InterfaceIndex,
    text: &str,
    n: u8,
    flags: IpNeighborFlags,
) {
    let neighbor =
        IpNeighbor { sw_if_index, flags, mac_address: mac(n), ip_address: Address(ip(text)) };
    let reply = r.client.call(&IpNeighborAddDel { is_add, neighbor });
    r.note(&format!("neighbour {text} {is_add} {flags:?}: {}", reply.retval));
}

pub(crate) fn neighbors_of(r: &mut Record, sw_if_index: InterfaceIndex) {
    for af in [AddressFamily::IP4, AddressFamily::IP6] {
        r.unordered(&IpNeighborDump { sw_if_index, af }, |d| {
            d.age = 0.0;
            true
        });
    }
}

pub(crate) fn neighbors(r: &mut Record) {
    use IpNeighborFlags as F;
    let one = loopback(r);
    let two = loopback(r);
    address(r, true, one, "10.1.0.1", 24);
    address(r, true, one, "2001:db8::1", 64);
    set_up(r, one);
    neighbor(r, true, one, "10.1.0.2", 2, F::STATIC);
    neighbor(r, true, one, "10.1.0.3", 3, F::EMPTY);
    neighbor(r, true, one, "10.1.0.4", 4, F::NO_FIB_ENTRY);
    neighbor(r, true, one, "10.1.0.5", 5, F::STATIC | F::NO_FIB_ENTRY);
    neighbor(r, true, one, "192.0.2.1", 6, F::EMPTY);
    neighbor(r, true, one, "2001:db8::2", 7, F::STATIC);
    neighbor(r, true, one, "fe80::2", 8, F::STATIC);
    neighbor(r, true, two, "10.1.0.9", 9, F::NO_FIB_ENTRY);
    neighbor(r, true, NOWHERE, "10.1.0.2", 2, F::EMPTY);
    neighbors_of(r, InterfaceIndex::NONE);
    neighbors_of(r, two);
    table_of(r, 0, false);
    table_of(r, 0, true);
    r.note("changes");
    neighbor(r, true, one, "10.1.0.2", 12, F::STATIC);
    neighbor(r, true, one, "10.1.0.2", 13, F::EMPTY);
    neighbor(r, true, one, "10.1.0.2", 12, F::EMPTY);
    neighbor(r, true, one, "10.1.0.3", 14, F::STATIC);
    neighbor(r, true, one, "10.1.0.4", 15, F::EMPTY);
    neighbor(r, false, one, "10.1.0.99", 0, F::EMPTY);
    neighbor(r, false, NOWHERE, "10.1.0.2", 0, F::EMPTY);
    neighbors_of(r, one);
    table_of(r, 0, false);
    r.note("down");
    neighbor(r, true, one, "10.1.0.6", 6, F::NO_FIB_ENTRY);
    set_down(r, one);
    neighbors_of(r, one);
    table_of(r, 0, false);
    set_up(r, one);
    neighbor(r, true, one, "10.1.0.7", 7, F::STATIC);
    address(r, false, one, "10.1.0.1", 24);
    neighbors_of(r, one);
    table_of(r, 0, false);
    neighbor(r, false, one, "192.0.2.1", 0, F::EMPTY);
    r.call(&IpNeighborFlush { af: AddressFamily::IP6, sw_if_index: one });
    r.call(&IpNeighborFlush { af: AddressFamily::IP6, sw_if_index: NOWHERE });
    neighbors_of(r, one);
    delete(r, one);
    delete(r, two);
    neighbors_of(r, InterfaceIndex::NONE);
}

/// What an interface takes over from routers is not told; that it speaks IPv6 by then is.
pub(crate) fn advertised(r: &mut Record) {
    let one = loopback(r);
    let link_local = |r: &mut Record| {
        r.call(&SwInterfaceIp6GetLinkLocalAddress { sw_if_index: one });
    };
    let take_over = |r: &mut Record, enable, install_default_routes| {
        r.call(&Ip6NdAddressAutoconfig { sw_if_index: one, enable, install_default_routes });
    };
    link_local(r);
    r.call(&SwInterfaceIp6GetLinkLocalAddress { sw_if_index: NOWHERE });
    r.call(&Ip6NdAddressAutoconfig { sw_if_index: NOWHERE, enable: true, ..Default::default() });
    take_over(r, false, true);
    link_local(r);
    take_over(r, true, true);
    link_local(r);
    take_over(r, true, false);
    addresses_of(r, one);
    r.note("with an address of its own beside");
    address(r, true, one, "2001:db8::1", 64);
    address(r, false, one, "2001:db8::1", 64);
    link_local(r);
    r.note("IPv6 stays on");
    take_over(r, false, false);
    link_local(r);
    delete(r, one);
    let two = loopback(r);
    r.call(&SwInterfaceIp6GetLinkLocalAddress { sw_if_index: two });
    delete(r, two);
}
