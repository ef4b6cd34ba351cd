//! Routes and their paths.

use ligato_vpp_api::msg::ip::*;
use ligato_vpp_api::types::*;

use super::*;
use crate::record::Record;

pub(crate) fn routes(r: &mut Record) {
    let one = loopback(r);
    let two = loopback(r);
    address(r, true, one, "10.1.0.1", 24);
    address(r, true, two, "10.2.0.1", 24);
    set_up(r, one);
    set_up(r, two);
    let first = || via("10.1.0.2", one.0);
    let second = || via("10.2.0.2", two.0);
    set_route(r, true, true, route(0, "20.0.0.0", 8, vec![first()]));
    set_route(r, true, true, route(0, "20.0.0.0", 8, vec![second()]));
    set_route(r, true, true, route(0, "20.0.0.0", 8, vec![first()]));
    table_of(r, 0, false);
    r.note("weights and preferences");
    let heavy = FibPath { weight: 7, ..via("10.1.0.9", one.0) };
    let spare = FibPath { preference: 2, ..via("10.1.0.3", one.0) };
    let none = FibPath { weight: 0, ..via("10.1.0.4", one.0) };
    set_route(r, true, true, route(0, "20.0.0.0", 8, vec![heavy, spare, none]));
    table_of(r, 0, false);
    let heavier = FibPath { weight: 9, ..via("10.1.0.9", one.0) };
    set_route(r, true, true, route(0, "20.0.0.0", 8, vec![heavier]));
    table_of(r, 0, false);
    set_route(r, false, true, route(0, "20.0.0.0", 8, vec![second(), via("10.2.0.99", two.0)]));
    set_route(r, false, true, route(0, "20.0.0.0", 8, vec![heavy, spare]));
    table_of(r, 0, false);
    r.note("replacement");
    set_route(r, true, false, route(0, "20.0.0.0", 8, vec![second()]));
    table_of(r, 0, false);
    r.note("refusals");
    set_route(r, true, true, route(0, "21.0.0.0", 8, vec![]));
    set_route(r, true, false, route(0, "21.0.0.0", 8, vec![]));
    set_route(r, false, true, route(0, "21.0.0.0", 8, vec![]));
    set_route(r, false, false, route(0, "21.0.0.0", 8, vec![]));
    set_route(r, true, true, route(77, "21.0.0.0", 8, vec![first()]));
    set_route(r, true, true, route(0, "21.0.0.0", 8, vec![via("10.1.0.2", 4711)]));
    if !r.is_before("24.02") {
        set_route(r, true, true, route(0, "21.0.0.0", 33, vec![first()]));
    }
    let astray = FibPath { table_id: 77, ..via("9.9.9.9", u32::MAX) };
    set_route(r, true, true, route(0, "21.0.0.0", 8, vec![astray]));
    let alien = FibPath { proto: FibPathNhProto(9), ..first() };
    set_route(r, true, true, route(0, "21.0.0.0", 8, vec![alien]));
    r.note("host bits");
    set_route(r, true, true, route(0, "22.1.2.3", 16, vec![first()]));
    table_of(r, 0, false);
    lookups(r);
    set_route(r, false, true, route(0, "22.1.2.3", 16, vec![first()]));
    set_route(r, false, false, route(0, "20.0.0.0", 8, vec![]));
    set_route(r, false, false, route(0, "20.0.0.0", 8, vec![]));
    r.note("over a connected route");
    set_route(r, true, true, route(0, "10.1.0.0", 24, vec![second()]));
    set_route(r, true, true, route(0, "0.0.0.0", 0, vec![first()]));
    set_route(r, true, true, route(0, "224.0.0.0", 4, vec![first()]));
    table_of(r, 0, false);
    let table = IpTable::default();
    r.unordered(&IpRouteV2Dump { src: 8, table }, |_| true);
    r.note("routes outlive their interface");
    set_route(r, true, true, route(0, "23.0.0.0", 8, vec![second()]));
    delete(r, two);
    table_of(r, 0, false);
    for (destination, len) in [("10.1.0.0", 24), ("0.0.0.0", 0), ("224.0.0.0", 4), ("23.0.0.0", 8)]
    {
        set_route(r, false, false, route(0, destination, len, vec![]));
    }
    table_of(r, 0, false);
    delete(r, one);
}

pub(crate) fn lookups(r: &mut Record) {
    for (destination, len, exact) in
        [("20.1.1.1", 32, 0), ("20.1.1.1", 32, 1), ("20.0.0.0", 8, 1), ("99.0.0.0", 8, 0)]
    {
        let prefix = Prefix::new(ip(destination), len);
        r.call(&IpRouteLookup { table_id: 0, exact, prefix });
    }
}

pub(crate) fn paths(r: &mut Record) {
    let one = loopback(r);
    address(r, true, one, "10.1.0.1", 24);
    set_up(r, one);
    table(r, true, 3, false, "three");
    let attached = FibPath { sw_if_index: one.0, ..path(FibPathType::NORMAL) };
    let other_table = FibPath { table_id: 3, ..path(FibPathType::NORMAL) };
    let labelled = FibPath {
        n_labels: 2,
        label_stack: std::array::from_fn(|n| FibMplsLabel {
            is_uniform: 0,
            label: 100 + n as u32,
            ttl: 64,
            exp: 1,
        }),
        ..via("10.1.0.2", one.0)
    };
    let all = [
        path(FibPathType::DROP),
        path(FibPathType::LOCAL),
        path(FibPathType::ICMP_UNREACH),
        path(FibPathType::ICMP_PROHIBIT),
        path(FibPathType::CLASSIFY),
        FibPath { sw_if_index: one.0, ..path(FibPathType::DVR) },
        FibPath { sw_if_index: one.0, ..path(FibPathType::LOCAL) },
        FibPath { sw_if_index: 0, ..path(FibPathType::DROP) },
        attached,
        other_table,
        path(FibPathType::NORMAL),
        labelled,
        path(FibPathType(42)),
    ];
    for (n, one_path) in all.into_iter().enumerate() {
        let host = format!("30.0.0.{n}");
        set_route(r, true, true, route(0, &host, 32, vec![one_path]));
        let net = format!("31.{n}.0.0");
        set_route(r, true, true, route(0, &net, 16, vec![one_path]));
    }
    table_of(r, 0, false);
    r.note("mixed");
    set_route(
        r,
        true,
        true,
        route(0, "32.0.0.0", 8, vec![path(FibPathType::DROP), via("10.1.0.2", one.0)]),
    );
    set_route(r, true, true, route(0, "32.0.0.0", 8, vec![path(FibPathType::ICMP_UNREACH)]));
    table_of(r, 0, false);
    for n in 0..13 {
        set_route(r, false, false, route(0, &format!("30.0.0.{n}"), 32, vec![]));
        set_route(r, false, false, route(0, &format!("31.{n}.0.0"), 16, vec![]));
    }
    set_route(r, false, false, route(0, "32.0.0.0", 8, vec![]));
    table_of(r, 0, false);
    table(r, false, 3, false, "");
    delete(r, one);
}

pub(crate) fn recursion(r: &mut Record) {
    let one = loopback(r);
    address(r, true, one, "10.1.0.1", 24);
    set_up(r, one);
    table(r, true, 3, false, "three");
    let far = |next_hop: &str, table_id| FibPath { table_id, ..via(next_hop, u32::MAX) };
    set_route(r, true, true, route(0, "40.0.0.0", 8, vec![far("9.9.9.9", 0)]));
    table_of(r, 0, false);
    r.note("the cover changes");
    set_route(r, true, true, route(0, "9.9.0.0", 16, vec![via("10.1.0.2", one.0)]));
    table_of(r, 0, false);
    set_route(r, true, true, route(0, "41.0.0.0", 8, vec![far("10.1.0.7", 0)]));
    set_route(r, true, true, route(3, "42.0.0.0", 8, vec![far("9.9.9.9", 0)]));
    set_route(r, true, true, route(0, "43.0.0.0", 8, vec![far("8.8.8.8", 3)]));
    set_route(r, true, true, route(0, "44.0.0.1", 32, vec![far("44.0.0.1", 0)]));
    table_of(r, 0, false);
    table_of(r, 3, false);
    r.note("a table with routes through it");
    table(r, false, 3, false, "");
    r.dump(&IpTableDump {});
    set_route(r, false, false, route(0, "43.0.0.0", 8, vec![]));
    r.dump(&IpTableDump {});
    set_route(r, false, true, route(0, "40.0.0.0", 8, vec![far("9.9.9.9", 0)]));
    for destination in ["41.0.0.0", "9.9.0.0"] {
        let len = if destination == "9.9.0.0" { 16 } else { 8 };
        set_route(r, false, false, route(0, destination, len, vec![]));
    }
    set_route(r, false, false, route(0, "44.0.0.1", 32, vec![]));
    table_of(r, 0, false);
    delete(r, one);
}

pub(crate) fn routes6(r: &mut Record) {
    // An index more is taken for the entry through which a route recurses.
    r.hides_counters = r.is_before("22.06");
    let one = loopback(r);
    address(r, true, one, "2001:db8::1", 64);
    set_up(r, one);
    set_route(r, true, true, route(0, "2001:db8:1::", 48, vec![via("2001:db8::2", one.0)]));
    set_route(r, true, true, route(0, "2001:db8:2::", 48, vec![via("fe80::2", one.0)]));
    let six = FibPathNhProto::IP6;
    let drop = FibPath { proto: six, ..path(FibPathType::DROP) };
    set_route(r, true, true, route(0, "2001:db8:3::", 48, vec![drop]));
    r.note("as the original sends it: no next hop, protocol IPv4");
    let careless = FibPath { sw_if_index: one.0, ..path(FibPathType::NORMAL) };
    set_route(r, true, true, route(0, "2001:db8:4::", 48, vec![careless]));
    let attached = FibPath { proto: six, ..careless };
    set_route(r, true, true, route(0, "2001:db8:5::", 48, vec![attached]));
    set_route(r, true, true, route(0, "2001:db8:6::6", 128, vec![attached]));
    set_route(r, true, true, route(0, "2001:db8:7::", 48, vec![via("2001:db8:1::9", u32::MAX)]));
    r.note("an IPv4 route over IPv6");
    set_route(r, true, true, route(0, "50.0.0.0", 8, vec![via("2001:db8::2", one.0)]));
    table_of(r, 0, true);
    table_of(r, 0, false);
    for n in 1..8 {
        set_route(r, false, false, route(0, &format!("2001:db8:{n}::"), 48, vec![]));
    }
    set_route(r, false, false, route(0, "2001:db8:6::6", 128, vec![]));
    set_route(r, false, false, route(0, "50.0.0.0", 8, vec![]));
    table_of(r, 0, true);
    delete(r, one);
    r.hides_counters = false;
}
