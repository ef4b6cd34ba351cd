//! Sequences of requests. Each leaves nothing behind.

pub(crate) mod addresses;
pub(crate) mod devices;
pub(crate) mod interfaces;
pub(crate) mod l2;
pub(crate) mod older;
pub(crate) mod random;
pub(crate) mod routes;
pub(crate) mod services;
pub(crate) mod tunnels;

use std::net::IpAddr;

use ligato_vpp_api::msg::interface::*;
use ligato_vpp_api::msg::ip::*;
use ligato_vpp_api::types::*;
use ligato_vpp_api::{FixedString, List};

use crate::record::Record;

/// A sequence and its name.
pub(crate) type Scenario = (&'static str, fn(&mut Record));

pub(crate) const ALL: &[Scenario] = &[
    ("loopbacks", interfaces::loopbacks),
    ("sub-interfaces", interfaces::sub_interfaces),
    ("events", interfaces::events),
    ("IPv4 addresses", addresses::addresses4),
    ("IPv6 addresses", addresses::addresses6),
    ("advertised prefixes", addresses::advertised),
    ("unnumbered", interfaces::unnumbered),
    ("tables", addresses::tables),
    ("routes", routes::routes),
    ("paths of all kinds", routes::paths),
    ("recursive routes", routes::recursion),
    ("IPv6 routes", routes::routes6),
    ("neighbours", addresses::neighbors),
    ("bridge domains", l2::bridge_domains),
    ("cross-connects", l2::cross_connects),
    ("tag rewriting", l2::rewriting),
    ("memif sockets", devices::memif_sockets),
    ("memifs", devices::memifs),
    ("bonds", devices::bonds),
    ("memifs that meet", devices::connected_memifs),
    ("VXLAN tunnels", tunnels::vxlans),
    ("tunnels that are hidden", tunnels::hidden_tunnels),
    ("GRE tunnels", tunnels::gres),
    ("routed tunnels", tunnels::routed_tunnels),
    ("proxy ARP", services::proxy_arp),
    ("DHCP proxies", services::dhcp_proxies),
    ("DHCP clients", services::dhcp_clients),
    ("L3 cross-connects", services::l3_cross_connects),
    ("ends of tunnels", services::tunnel_ends),
    ("virtual routers", services::virtual_routers),
    ("mirrors", services::mirrors),
    ("discovery", services::discovery),
    ("older tunnels", older::tunnels),
    ("older tables", older::tables),
    ("older routes", older::routes),
    ("older bonds", older::bonds),
    ("names", older::names),
    ("deleting what is in use", interfaces::deleting),
    ("chance 1", |r| random::play(r, 1)),
    ("chance 2", |r| random::play(r, 2)),
    ("chance 3", |r| random::play(r, 3)),
    ("chance 4", |r| random::play(r, 4)),
    ("chance 5", |r| random::play(r, 5)),
    ("chance 6", |r| random::play(r, 6)),
    ("chance 7", |r| random::play(r, 7)),
    ("chance 8", |r| random::play(r, 8)),
];

/// Needs host interfaces `hostA` and `hostB`.
pub(crate) const ISOLATED: &[Scenario] = &[("af_packet", devices::af_packets)];

/// Needs `hostA` too, and a kernel that carries TAPs.
pub(crate) const WITH_TAPS: &[Scenario] = &[("TAPs", devices::taps)];

pub(crate) const NOWHERE: InterfaceIndex = InterfaceIndex(4711);

pub(crate) const LOCAL0: InterfaceIndex = InterfaceIndex(0);

pub(crate) fn tag<const N: usize>(text: &str) -> FixedString<N> {
    FixedString::new(text).unwrap()
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn mac(n: u8) -> MacAddress {
    MacAddress([0x0a, 0, 0, 0, 0, n])
}

pub(crate) fn loopback(r: &mut Record) -> InterfaceIndex {
    r.done(&CreateLoopback::default()).sw_if_index
}

pub(crate) fn set_up(r: &mut Record, sw_if_index: InterfaceIndex) {
    r.call(&SwInterfaceSetFlags { sw_if_index, flags: IfStatusFlags::ADMIN_UP });
}

pub(crate) fn set_down(r: &mut Record, sw_if_index: InterfaceIndex) {
    r.call(&SwInterfaceSetFlags { sw_if_index, flags: IfStatusFlags::EMPTY });
}

pub(crate) fn delete(r: &mut Record, sw_if_index: InterfaceIndex) {
    r.call(&DeleteLoopback { sw_if_index });
}

pub(crate) fn interfaces(r: &mut Record) {
    r.dump(&SwInterfaceDump { sw_if_index: InterfaceIndex::NONE, ..SwInterfaceDump::default() });
}

pub(crate) fn address(
    r: &mut Record,
    is_add: bool,
    sw_if_index: InterfaceIndex,
    text: &str,
    len: u8,
) {
    let prefix = AddressWithPrefix(Prefix::new(ip(text), len));
    r.call(&SwInterfaceAddDelAddress { sw_if_index, is_add, del_all: false, prefix });
}

pub(crate) fn addresses_of(r: &mut Record, sw_if_index: InterfaceIndex) {
    for is_ipv6 in [false, true] {
        r.dump(&IpAddressDump { sw_if_index, is_ipv6 });
    }
}

/// Source of routes that VPP takes over from the table of an interface.
const EXPORTED: u8 = 17;

pub(crate) fn table_of(r: &mut Record, table_id: u32, is_ip6: bool) {
    let table = IpTable { table_id, is_ip6, name: tag("") };
    r.unordered(&IpRouteV2Dump { src: 0, table }, |details| details.route.src != EXPORTED);
}

pub(crate) fn table(r: &mut Record, is_add: bool, table_id: u32, is_ip6: bool, name: &str) {
    r.call(&IpTableAddDel { is_add, table: IpTable { table_id, is_ip6, name: tag(name) } });
}

pub(crate) fn via(next_hop: &str, sw_if_index: u32) -> FibPath {
    let address = ip(next_hop);
    FibPath {
        sw_if_index,
        proto: if address.is_ipv6() { FibPathNhProto::IP6 } else { FibPathNhProto::IP4 },
        weight: 1,
        nh: FibPathNh { address: address.into(), ..FibPathNh::default() },
        ..FibPath::default()
    }
}

pub(crate) fn path(kind: FibPathType) -> FibPath {
    FibPath { kind, sw_if_index: u32::MAX, weight: 1, ..FibPath::default() }
}

pub(crate) fn route(table_id: u32, destination: &str, len: u8, paths: Vec<FibPath>) -> IpRoute {
    let prefix = Prefix::new(ip(destination), len);
    IpRoute { table_id, stats_index: 0, prefix, paths: List::new(paths).unwrap() }
}

pub(crate) fn set_route(r: &mut Record, is_add: bool, is_multipath: bool, route: IpRoute) {
    r.call(&IpRouteAddDel { is_add, is_multipath, route });
}
