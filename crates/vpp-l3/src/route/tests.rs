//! Tests of routes without a VPP.

use ligato_kvs_api::Origin;
use ligato_vpp_api::msg::ip::IpRoute;
use ligato_vpp_api::types::{FibPathNhProto, FibPathType};

use super::*;

fn route(destination: &str, next_hop: &str, interface: &str) -> Route {
    Route {
        dst_network: destination.into(),
        next_hop_addr: next_hop.into(),
        outgoing_interface: interface.into(),
        ..Route::default()
    }
}

fn inter_vrf(destination: &str, vrf_id: u32, via_vrf_id: u32) -> Route {
    let r#type = RouteType::InterVrf.into();
    Route { r#type, vrf_id, via_vrf_id, ..route(destination, "", "") }
}

fn drop_route(destination: &str) -> Route {
    Route { r#type: RouteType::Drop.into(), ..route(destination, "", "") }
}

/// As sent to VPP with `if1` at index 1.
fn sent(value: &Route) -> IpRoute {
    let interface = (!value.outgoing_interface.is_empty()).then_some(InterfaceIndex(1));
    let message = path::to_vpp(value, interface, true).unwrap();
    assert!(message.is_multipath, "other paths must stay");
    message.route
}

fn invalid_fields(value: &Route) -> Vec<String> {
    RouteKind::validate(&Facts::default(), &value.key(), value)
        .err()
        .map(|invalid| invalid.field_names())
        .unwrap_or_default()
}

fn equivalent(old: &Route, new: &Route) -> bool {
    RouteKind::equivalent(&Facts::default(), &old.key(), old, new)
}

#[test]
fn good_routes_are_valid() {
    for value in [
        route("10.1.0.0/16", "192.168.1.1", "if1"),
        route("0.0.0.0/0", "", "if1"),
        route("2001:db8::/32", "fe80::1", "if1"),
        route("alloc:net1/if2", "alloc:net1/GW", "if2"),
        inter_vrf("0.0.0.0/0", 1, 2),
    ] {
        assert_eq!(invalid_fields(&value), [""; 0], "{value:?}");
    }
}

#[test]
fn wrong_fields_are_named() {
    for (value, fields) in [
        (route("10.1.0.1/16", "", ""), vec!["dst_network"]),
        (route("10.1.0.1", "", ""), vec!["dst_network"]),
        (route("x", "y", ""), vec!["dst_network", "next_hop_addr"]),
        (route("10.1.0.0/16", "alloc:net1/if1", "if1"), vec!["next_hop_addr"]),
        (route("10.1.0.0/16", "alloc:net1/if2/GW", "if1"), vec!["next_hop_addr"]),
        (
            Route { weight: 256, preference: 256, ..drop_route("10.0.0.0/8") },
            vec!["weight", "preference"],
        ),
    ] {
        assert_eq!(invalid_fields(&value), fields, "{value:?}");
    }
}

#[test]
fn no_next_hop_is_the_zero_address_and_no_weight_is_one() {
    let bare = route("10.1.0.0/16", "", "if1");
    assert!(equivalent(&bare, &route("10.1.0.0/16", "0.0.0.0", "if1")));
    assert!(equivalent(&bare, &Route { weight: 1, ..bare.clone() }));
    assert!(!equivalent(&bare, &Route { weight: 2, ..bare.clone() }));
    let six = route("2001:db8::/32", "FE80:0::1", "if1");
    assert!(equivalent(&six, &route("2001:DB8::/32", "fe80::1", "if1")));
    assert!(!equivalent(&six, &route("2001:DB8::/32", "", "if1")));
}

#[test]
fn a_route_waits_for_interface_and_tables() {
    let needs = |value: &Route| {
        RouteKind::dependencies(&Facts::default(), &value.key(), value)
            .iter()
            .map(|need| format!("{} {}", need.label, need.target))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        needs(&route("10.0.0.0/8", "", "if1")),
        ["interface-exists config/vpp/v2/interfaces/if1"]
    );
    assert_eq!(
        needs(&inter_vrf("2001:db8::/32", 1, 2)),
        [
            "vrf-table-exists config/vpp/v2/vrf-table/id/1/protocol/IPV6",
            "via-vrf-table-exists config/vpp/v2/vrf-table/id/2/protocol/IPV6",
        ]
    );
    assert_eq!(
        needs(&inter_vrf("10.0.0.0/8", 1, 0)),
        ["vrf-table-exists config/vpp/v2/vrf-table/id/1/protocol/IPV4"]
    );
    assert_eq!(
        needs(&route("10.0.0.0/8", "alloc:net1/GW", "if1")),
        [
            "interface-exists config/vpp/v2/interfaces/if1",
            "gw_addr-alloc:net1/GW config/netalloc/v1/ip/network/net1/interface/if1",
        ]
    );
}

#[test]
fn an_ipv6_route_without_next_hop_is_an_ipv6_path() {
    let sent = sent(&route("2001:db8::/32", "", "if1"));
    assert_eq!(sent.paths[0].proto, FibPathNhProto::IP6);
    assert_eq!(sent.paths[0].nh.via_label, 0x10_0000);
}

#[test]
fn a_drop_route_names_no_interface() {
    let sent = sent(&drop_route("10.9.0.0/16"));
    assert_eq!(sent.paths[0].kind, FibPathType::DROP);
    assert_eq!(sent.paths[0].sw_if_index, u32::MAX);
}

#[test]
fn a_route_into_another_table_names_that_table() {
    let sent = sent(&inter_vrf("0.0.0.0/0", 1, 2));
    assert_eq!((sent.table_id, sent.paths[0].table_id), (1, 2));
    assert_eq!(sent.paths[0].sw_if_index, u32::MAX);
}

#[test]
fn what_is_sent_reads_back_the_same() {
    for value in [
        route("10.1.0.0/16", "192.168.1.1", "if1"),
        Route { vrf_id: 5, ..route("10.1.0.0/16", "192.168.1.1", "") },
        route("2001:db8::/32", "", "if1"),
        inter_vrf("10.0.0.0/8", 1, 2),
        drop_route("2001:db8::/32"),
        Route { weight: 4, preference: 3, ..route("10.2.0.0/16", "10.0.0.1", "if1") },
    ] {
        let found: Vec<_> = path::from_vpp(&sent(&value)).collect();
        assert_eq!(found.len(), 1);
        let back = path::to_route(&found[0], |index| (index == 1).then(|| "if1".into())).unwrap();
        assert!(equivalent(&value, &back), "{value:?} became {back:?}");
    }
}

/// Reads back what VPP would hold, knowing `known`.
fn read_back(held: &[IpRoute], known: &[(Key, Route)]) -> Vec<Retrieved<RouteKind>> {
    let known =
        known.iter().map(|(key, value)| Known { key, value, applied: None, origin: Origin::Nb });
    let correlation = Correlation::new([(1, "if1")], known);
    let mut found = Found::new(&correlation);
    for route in held {
        found.route(path::from_vpp(route));
    }
    found.finish()
}

#[test]
fn a_known_route_is_found_as_nb_wrote_it() {
    let wanted = [
        route("2001:DB8::/32", "FE80::1", "if1"),
        route("10.1.0.0/16", "", "if1"),
        route("10.1.0.0/16", "0.0.0.0", "if1"),
        route("10.1.0.0/16", "192.168.1.1", "missing"),
    ];
    let known: Vec<_> = wanted.iter().map(|value| (value.key(), value.clone())).collect();
    let held = [sent(&wanted[0]), sent(&wanted[1])];
    let found = read_back(&held, &known);
    let keys: Vec<_> = found.iter().map(|found| found.key.clone()).collect();
    assert_eq!(keys, [known[0].0.clone(), known[1].0.clone(), known[2].0.clone()]);
    assert!(found.iter().all(|found| found.origin == Origin::Nb));
    assert_eq!(found[0].value, wanted[0]);
}

#[test]
fn what_leads_elsewhere_under_the_same_key_is_found_if_it_is_known() {
    let (first, then) = (inter_vrf("10.0.0.0/8", 1, 2), inter_vrf("10.0.0.0/8", 1, 3));
    assert_eq!(first.key(), then.key());
    let key = then.key();
    let found = |applied: Option<&Route>| {
        let meta = |route| RouteMeta::of(path::path_id(route, None).unwrap().target);
        let known =
            Known { key: &key, value: &then, applied: applied.map(meta), origin: Origin::Nb };
        let correlation = Correlation::new([(1, "if1")], [known]);
        let mut found = Found::new(&correlation);
        found.route(path::from_vpp(&sent(&first)));
        found.finish().remove(0)
    };
    let ours = found(Some(&first));
    assert_eq!((&ours.key, ours.origin), (&key, Origin::Nb));
    assert!(equivalent(&ours.value, &first) && !equivalent(&ours.value, &then));
    // Made before the agent was started, as far as one can know: whose it is, the scheduler says by the key.
    for applied in [None, Some(&then)] {
        let there = found(applied);
        assert_eq!((&there.key, there.origin), (&key, Origin::Unknown));
        assert!(equivalent(&there.value, &first), "{:?}", there.value);
    }
}

/// Next hops may be spelled differently in keys.
#[test]
fn what_was_made_before_the_start_is_found_in_the_place_of_what_is_wanted() {
    let nowhere = |value: &Route| Route { r#type: RouteType::Drop.into(), ..value.clone() };
    let via = |table, next_hop: &str| Route {
        next_hop_addr: next_hop.into(),
        ..inter_vrf("10.0.0.0/8", 1, table)
    };
    let over_if1 = Route { vrf_id: 1, ..route("10.0.0.0/8", "10.9.0.1", "if1") };
    for (there, wanted) in [
        (via(2, ""), via(3, "")),
        (via(2, "0.0.0.0"), via(3, "")),
        (via(2, "10.9.0.1"), via(3, "10.9.0.1")),
        (via(1, "10.9.0.1"), via(3, "10.9.0.1")),
        (via(2, ""), nowhere(&via(2, ""))),
        (nowhere(&via(2, "")), via(2, "")),
        (over_if1.clone(), nowhere(&over_if1)),
    ] {
        let key = wanted.key();
        let found = read_back(&[sent(&there)], &[(key.clone(), wanted.clone())]);
        let found: Vec<_> = found.iter().map(|found| (&found.key, found.origin)).collect();
        assert_eq!(found, [(&key, Origin::Unknown)], "{there:?} {wanted:?}");
    }
}

#[test]
fn what_is_elsewhere_among_the_paths_is_not_taken_for_ours() {
    let wanted = inter_vrf("10.0.0.0/8", 1, 3);
    let known = [(wanted.key(), wanted.clone())];
    let mut held = sent(&wanted);
    let mut beside = |other: &Route| {
        held.paths =
            ligato_vpp_api::List::new(vec![sent(other).paths[0], sent(&wanted).paths[0]]).unwrap();
        read_back(std::slice::from_ref(&held), &known)
    };
    // Beside what is wanted there is another one of the same place: it is none of ours.
    let spelled = Route { next_hop_addr: "0.0.0.0".into(), ..inter_vrf("10.0.0.0/8", 1, 2) };
    let found = beside(&spelled);
    let keys: Vec<_> = found.iter().map(|found| (&found.key, found.origin)).collect();
    assert_eq!(keys, [(&wanted.key(), Origin::Nb), (&spelled.key(), Origin::Unknown)]);
    // One of another place.
    let other = Route { vrf_id: 1, ..route("10.0.0.0/8", "10.9.0.1", "if1") };
    let found = read_back(&[sent(&other)], &known);
    assert_eq!((&found[0].key, found[0].origin), (&other.key(), Origin::Unknown));
    // What VPP makes by itself.
    let default = inter_vrf("0.0.0.0/0", 1, 3);
    let own = Route { vrf_id: 1, ..drop_route("0.0.0.0/0") };
    let found = read_back(&[sent(&own)], &[(default.key(), default.clone())]);
    assert_ne!(found[0].key, default.key());
}

/// The key of the one is the key of the other too.
#[test]
fn of_two_paths_of_one_key_the_wanted_one_counts() {
    let named =
        |table| Route { next_hop_addr: "0.0.0.0".into(), ..inter_vrf("10.0.0.0/8", 1, table) };
    let (theirs, wanted) = (named(2), named(3));
    let mut held = sent(&theirs);
    let paths = vec![held.paths[0], sent(&wanted).paths[0]];
    held.paths = ligato_vpp_api::List::new(paths).unwrap();
    let found = read_back(&[held], &[(wanted.key(), wanted.clone())]);
    let found: Vec<_> = found.iter().map(|found| (&found.value, found.origin)).collect();
    assert_eq!(found, [(&wanted, Origin::Nb)]);
}

#[test]
fn a_changed_weight_is_seen() {
    let wanted = route("10.1.0.0/16", "192.168.1.1", "if1");
    let held = [sent(&Route { weight: 7, ..wanted.clone() })];
    let found = read_back(&held, &[(wanted.key(), wanted.clone())]);
    assert_eq!(found[0].value, Route { weight: 7, ..wanted });
}

#[test]
fn each_path_of_a_route_is_a_value() {
    let one = route("10.1.0.0/16", "192.168.1.1", "if1");
    let other = route("10.1.0.0/16", "192.168.1.2", "if1");
    let mut held = sent(&one);
    let paths = [held.paths[0], sent(&other).paths[0]];
    held.paths = ligato_vpp_api::List::new(paths.to_vec()).unwrap();
    let found = read_back(&[held], &[(other.key(), other.clone())]);
    assert_eq!(found.len(), 2);
    assert_eq!((&found[0].key, found[0].origin), (&other.key(), Origin::Nb));
    assert_eq!((&found[1].key, found[1].origin), (&one.key(), Origin::Unknown));
}

#[test]
fn an_unknown_route_is_nobodys() {
    let found = read_back(&[sent(&drop_route("10.9.0.0/16"))], &[]);
    assert_eq!(found[0].origin, Origin::Unknown);
    assert_eq!(found[0].key, "config/vpp/v2/route/vrf/0/dst/10.9.0.0/16/gw/0.0.0.0");
}
