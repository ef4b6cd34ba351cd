//! The pure half of the route kind.

use std::collections::HashMap;

use ligato_kvs_api::{Descriptor, Origin, Target};
use ligato_linux_ctx::LinuxFacts;
use ligato_model::{Key, Model};
use ligato_netlink::RouteProtocol;
use ligato_proto::linux::l3::Route;
use ligato_proto::linux::l3::route::Scope;

use super::retrieve::{Found, Known, correlate};
use super::{LinuxRoute, RouteMeta};

fn route(destination: &str, gateway: &str) -> Route {
    Route {
        outgoing_interface: "if1".into(),
        scope: Scope::Global.into(),
        dst_network: destination.into(),
        gw_addr: gateway.into(),
        metric: 0,
    }
}

fn link_route(destination: &str) -> Route {
    Route { scope: Scope::Link.into(), ..route(destination, "") }
}

fn bad_fields(value: &Route) -> Vec<String> {
    match LinuxRoute::validate(&LinuxFacts::default(), &value.key(), value) {
        Ok(()) => Vec::new(),
        Err(invalid) => invalid.field_names(),
    }
}

#[test]
fn sound_routes_pass() {
    for value in [
        route("10.0.0.0/8", "192.168.1.1"),
        route("10.0.0.5/8", ""),
        route("0.0.0.0/0", "192.168.1.1"),
        route("::/0", "2001:db8::1"),
        route("alloc:net1/if2", "alloc:net1/GW"),
        route("10.0.0.0/8", "alloc:net1/if1/GW"),
        link_route("alloc:net1/if1/GW"),
        // Left out, the scope is global.
        Route { scope: Scope::Undefined.into(), ..route("10.0.0.0/8", "") },
    ] {
        assert!(bad_fields(&value).is_empty(), "{value:?}");
    }
}

#[test]
fn bad_fields_are_named() {
    for (value, fields) in [
        (
            Route { outgoing_interface: String::new(), ..route("10.0.0.0/8", "") },
            vec!["outgoing_interface"],
        ),
        (
            Route { gw_addr: "10.0.0.1".into(), ..link_route("10.0.0.0/8") },
            vec!["scope", "gw_addr"],
        ),
        (route("10.0.0.0", ""), vec!["dst_network"]),
        (route("10.0.0.0/33", ""), vec!["dst_network"]),
        (route("", "x"), vec!["dst_network", "gw_addr"]),
        (route("alloc:net1", ""), vec!["dst_network"]),
        (route("10.0.0.0/8", "alloc:net1"), vec!["gw_addr"]),
        (route("10.0.0.0/8", "alloc:net1/if2/GW"), vec!["gw_addr"]),
        (route("10.0.0.0/8", "2001:db8::1"), vec!["gw_addr"]),
    ] {
        assert_eq!(bad_fields(&value), fields, "{value:?}");
    }
}

#[test]
fn equal_routes_may_be_spelled_differently() {
    let equal =
        |a: &Route, b: &Route| LinuxRoute::equivalent(&LinuxFacts::default(), &a.key(), a, b);
    let metric = |metric, route: Route| Route { metric, ..route };
    let scope = |scope: Scope, route: Route| Route { scope: scope.into(), ..route };
    for (a, b) in [
        (route("10.0.0.5/8", ""), route("10.0.0.0/8", "0.0.0.0")),
        (route("::/0", "::"), metric(1024, route("::/0", ""))),
        (route("2001:DB8::/32", ""), scope(Scope::Link, route("2001:db8::/32", ""))),
        (route("10.0.0.0/8", ""), scope(Scope::Undefined, route("10.0.0.0/8", ""))),
        (route("alloc:n/i", "alloc:n/GW"), route("alloc:n/i", "alloc:n/if1/GW")),
    ] {
        assert!(equal(&a, &b), "{a:?} {b:?}");
    }
    for (a, b) in [
        (route("10.0.0.0/8", ""), route("10.0.0.0/9", "")),
        (route("10.0.0.0/8", ""), route("10.0.0.0/8", "192.168.1.1")),
        (route("10.0.0.0/8", ""), scope(Scope::Link, route("10.0.0.0/8", ""))),
        (route("10.0.0.0/8", ""), metric(1024, route("10.0.0.0/8", ""))),
    ] {
        assert!(!equal(&a, &b), "{a:?} {b:?}");
    }
}

#[test]
fn another_metric_is_another_route() {
    let recreate = |a: &Route, b: &Route| {
        let meta = RouteMeta { table: 254 };
        LinuxRoute::needs_recreate(&LinuxFacts::default(), &a.key(), a, b, &meta)
    };
    let a = route("10.0.0.0/8", "192.168.1.1");
    assert!(recreate(&a, &Route { metric: 5, ..a.clone() }));
    assert!(!recreate(&a, &route("10.0.0.0/8", "192.168.1.2")));
    assert!(!recreate(&route("::/0", ""), &Route { metric: 1024, ..route("::/0", "") }));
}

#[test]
fn only_routes_of_scope_link_derive() {
    let derived = |value: &Route| {
        LinuxRoute::derive(&LinuxFacts::default(), &value.key(), value)
            .into_iter()
            .map(|(key, _)| key.to_string())
            .collect::<Vec<_>>()
    };
    assert!(derived(&route("10.0.0.0/8", "")).is_empty());
    let key = "linux/link-local-route/if1/dest-address/10.0.0.0/8";
    assert_eq!(derived(&link_route("10.0.0.0/8")), [key]);
}

fn needs(value: &Route) -> Vec<(String, Target)> {
    LinuxRoute::dependencies(&LinuxFacts::default(), &value.key(), value)
        .into_iter()
        .map(|d| (d.label.to_string(), d.target))
        .collect()
}

fn target(value: &Route, label: &str) -> Target {
    needs(value).into_iter().find(|(l, _)| l == label).expect("there is such a label").1
}

#[test]
fn a_gateway_must_be_within_reach() {
    let reach = target(&route("10.0.0.0/8", "192.168.1.1"), "gw-reachable");
    for (key, accepted) in [
        ("linux/interface/if1/address/static/192.168.1.7/24", true),
        ("linux/interface/if1/address/existing/192.168.1.7/24", true),
        ("linux/interface/if1/address/static/192.168.2.7/24", false),
        ("linux/interface/if1/address/alloc_ref/alloc:net1", false),
        ("linux/interface/if2/address/static/192.168.1.7/24", false),
        ("linux/link-local-route/if1/dest-address/192.168.1.1/32", true),
        ("linux/link-local-route/if1/dest-address/192.168.1.2/32", false),
        ("linux/link-local-route/if2/dest-address/192.168.1.1/32", false),
    ] {
        assert_eq!(reach.accepts(key), accepted, "{key}");
    }
    assert!(!needs(&route("10.0.0.0/8", "")).iter().any(|(label, _)| label == "gw-reachable"));
    assert!(!needs(&route("::/0", "::")).iter().any(|(label, _)| label == "gw-reachable"));
}

#[test]
fn an_allocated_gateway_is_a_neighbour_or_has_a_route() {
    let value = route("alloc:net1/if2", "alloc:net1/GW");
    let reach = target(&value, "gw-reachable");
    for (key, accepted) in [
        ("netalloc/neigh-gw/network/net1/interface/if1", true),
        ("netalloc/neigh-gw/network/net1/interface/if10", false),
        ("linux/link-local-route/if1/dest-address/alloc:net1/if1/GW", true),
        ("linux/link-local-route/if1/dest-address/10.0.0.1/32", false),
    ] {
        assert_eq!(reach.accepts(key), accepted, "{key}");
    }
    let labels: Vec<String> = needs(&value).into_iter().map(|(label, _)| label).collect();
    assert_eq!(
        labels,
        [
            "outgoing-interface-is-up",
            "outgoing-interface-has-ip-address",
            "dst_network-alloc:net1/if2",
            "gw-reachable",
            "allocated-addr-attached",
            "gw_addr-alloc:net1/GW",
        ]
    );
    let attached = target(&value, "allocated-addr-attached");
    assert!(attached.accepts("linux/interface/if1/address/alloc_ref/alloc:net1"));
}

// === reading back ===

fn found(value: Route, protocol: RouteProtocol) -> Found {
    Found { value, meta: RouteMeta { table: 254 }, protocol }
}

fn known(configured: Route, plain: Route) -> HashMap<Key, Known> {
    HashMap::from([(plain.key(), Known { configured, plain })])
}

#[test]
fn of_several_routes_with_one_key_the_wanted_one_is_reported() {
    let with = |gateway: &str, metric| Route { metric, ..route("10.0.0.0/8", gateway) };
    let wanted = with("192.168.1.2", 20);
    let all = vec![
        found(with("192.168.1.1", 10), RouteProtocol::Static),
        found(wanted.clone(), RouteProtocol::Boot),
    ];
    let read = correlate(all.clone(), &known(wanted.clone(), wanted.clone()));
    assert_eq!(read.len(), 1);
    assert_eq!((&read[0].value, read[0].origin), (&wanted, Origin::Unknown));
    let read = correlate(all, &HashMap::new());
    assert_eq!(read[0].value, with("192.168.1.1", 10), "otherwise the one in use");
}

#[test]
fn what_the_kernel_made_is_reported_and_not_taken_for_ours() {
    let connected = found(link_route("10.0.0.0/24"), RouteProtocol::Kernel);
    let read = correlate(vec![connected.clone()], &HashMap::new());
    assert_eq!(read[0].origin, Origin::Sb);
    let wanted = route("10.0.0.0/24", "192.168.1.1");
    assert!(correlate(vec![connected], &known(wanted.clone(), wanted)).is_empty());
}

#[test]
fn a_route_with_references_is_reported_as_configured() {
    let configured = route("alloc:net1/if2", "alloc:net1/GW");
    let plain = route("192.168.1.5/32", "192.168.1.1");
    let read = correlate(
        vec![found(plain.clone(), RouteProtocol::Boot)],
        &known(configured.clone(), plain),
    );
    assert_eq!(read[0].key, configured.key());
    assert_eq!(read[0].value, configured);
}
