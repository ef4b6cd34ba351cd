//! Routes and neighbours on the running kernel, read back with `ip`.
#![expect(clippy::unwrap_used, reason = "a test may fail that way")]

#[path = "../../linux-if/tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use ligato_kvs_api::{DynDescriptor, OpError, Origin};
use ligato_linux_ctx::LinuxCtx;
use ligato_model::Model;
use ligato_netlink::RouteFilter;
use ligato_proto::linux::interfaces::Interface;
use ligato_proto::linux::interfaces::interface::Type;
use ligato_proto::linux::l3::route::Scope;
use ligato_proto::linux::l3::{ArpEntry, Route};
use support::{Named, Rig, interface, ip, lacks, veth, vrf};

fn kinds(ctx: &Arc<LinuxCtx>) -> Vec<Arc<dyn DynDescriptor>> {
    let mut kinds = ligato_linux_if::descriptors(ctx);
    kinds.extend(ligato_linux_l3::descriptors(ctx));
    kinds
}

/// `a` with 10.0.0.1/24 in the default namespace, `b` with 10.0.0.2/24 in a named one.
async fn pair(rig: &mut Rig, red: &Named) {
    let a = Interface {
        ip_addresses: vec!["10.0.0.1/24".into(), "2001:db8::1/64".into()],
        ..veth("a", "b")
    };
    let b = Interface {
        namespace: red.reference(),
        ip_addresses: vec!["10.0.0.2/24".into()],
        ..veth("b", "a")
    };
    rig.put(a).await.unwrap();
    rig.put(b).await.unwrap();
}

fn route(interface: &str, destination: &str, gateway: &str) -> Route {
    Route {
        outgoing_interface: interface.into(),
        scope: Scope::Global.into(),
        dst_network: destination.into(),
        gw_addr: gateway.into(),
        metric: 0,
    }
}

async fn routes_in_sync(rig: &Rig) {
    for kind in ["linux-route", "linux-arp"] {
        let differences = rig.differences(kind).await;
        assert!(differences.is_empty(), "{differences:#?}");
    }
}

#[tokio::test]
async fn routes_are_made_changed_and_removed() {
    let Some(mut rig) = Rig::new(kinds).await else { return };
    let red = Named::new("routes");
    pair(&mut rig, &red).await;
    let there = red.open().await;

    let one = Route { metric: 77, ..route("a", "192.168.1.99/16", "10.0.0.2") };
    let default = route("b", "0.0.0.0/0", "10.0.0.1");
    let v6 = route("a", "2001:db8:1::/48", "2001:db8::9");
    for value in [one.clone(), default.clone(), v6] {
        rig.put(value).await.unwrap();
    }
    let seen = ip(&rig.home, "route show 192.168.0.0/16");
    assert_eq!((&seen[0]["gateway"], &seen[0]["metric"]), (&"10.0.0.2".into(), &77.into()));
    assert_eq!(ip(&there, "route show default")[0]["gateway"], "10.0.0.1");
    assert_eq!(ip(&rig.home, "-6 route show 2001:db8:1::/48")[0]["gateway"], "2001:db8::9");
    routes_in_sync(&rig).await;
    rig.restart().await;
    routes_in_sync(&rig).await;

    // The same destination over the link itself: replaced, not added.
    let direct = Route { scope: Scope::Link.into(), gw_addr: String::new(), ..one.clone() };
    rig.put(direct.clone()).await.unwrap();
    let seen = ip(&rig.home, "route show 192.168.0.0/16");
    assert_eq!((seen.as_array().unwrap().len(), &seen[0]["scope"]), (1, &"link".into()));
    routes_in_sync(&rig).await;
    rig.put(Route { metric: 5, ..direct }).await.unwrap();
    let seen = ip(&rig.home, "route show 192.168.0.0/16");
    assert_eq!((seen.as_array().unwrap().len(), &seen[0]["metric"]), (1, &5.into()));

    rig.remove(&one.key()).await.unwrap();
    rig.remove(&default.key()).await.unwrap();
    assert_eq!(ip(&rig.home, "route show 192.168.0.0/16"), serde_json::json!([]));
    assert_eq!(ip(&there, "route show default"), serde_json::json!([]));
    routes_in_sync(&rig).await;
}

#[tokio::test]
async fn connected_routes_are_found_and_left_alone() {
    let Some(mut rig) = Rig::new(kinds).await else { return };
    let red = Named::new("connected");
    pair(&mut rig, &red).await;
    let found = rig.read_back("linux-route").await;
    let connected = found.iter().find(|f| f.key.ends_with("10.0.0.0/24/a")).unwrap();
    assert_eq!(connected.origin, Origin::Sb);
    let value: &Route = connected.value.downcast_ref().unwrap();
    assert_eq!((value.scope(), value.dst_network.as_str()), (Scope::Link, "10.0.0.0/24"));
}

#[tokio::test]
async fn a_route_without_a_way_is_refused_by_the_kernel() {
    let Some(mut rig) = Rig::new(kinds).await else { return };
    let red = Named::new("noway");
    pair(&mut rig, &red).await;
    let refused = rig.put(route("a", "192.168.0.0/16", "172.16.0.1")).await.unwrap_err();
    assert!(refused.is_retriable() && refused.to_string().contains("ENETUNREACH"), "{refused}");
    let unknown = rig.put(route("none", "192.168.0.0/16", "")).await.unwrap_err();
    assert_eq!(unknown, OpError::Retriable("interface none is not in the index".into()));
}

#[tokio::test]
async fn neighbours_are_permanent_and_only_those_are_read() {
    let Some(mut rig) = Rig::new(kinds).await else { return };
    let red = Named::new("arp");
    pair(&mut rig, &red).await;
    let entry = |ip: &str, mac: &str| ArpEntry {
        interface: "a".into(),
        ip_address: ip.into(),
        hw_address: mac.into(),
    };
    let v4 = entry("10.0.0.9", "02:00:00:00:00:0A");
    rig.put(v4.clone()).await.unwrap();
    rig.put(entry("2001:DB8::9", "02:00:00:00:00:0b")).await.unwrap();
    let seen = ip(&rig.home, "neigh show 10.0.0.9 dev a");
    assert_eq!(
        (&seen[0]["lladdr"], &seen[0]["state"][0]),
        (&"02:00:00:00:00:0a".into(), &"PERMANENT".into())
    );
    routes_in_sync(&rig).await;
    assert_eq!(rig.read_back("linux-arp").await.len(), 2, "what the kernel learns is not ours");

    rig.put(entry("10.0.0.9", "02:00:00:00:00:0c")).await.unwrap();
    assert_eq!(ip(&rig.home, "neigh show 10.0.0.9 dev a")[0]["lladdr"], "02:00:00:00:00:0c");
    rig.restart().await;
    routes_in_sync(&rig).await;
    rig.remove(&v4.key()).await.unwrap();
    assert_eq!(ip(&rig.home, "neigh show 10.0.0.9 dev a"), serde_json::json!([]));
}

#[tokio::test]
async fn what_was_in_a_vanished_namespace_is_gone() {
    let Some(mut rig) = Rig::new(kinds).await else { return };
    let red = Named::new("l3-gone");
    pair(&mut rig, &red).await;
    let default = route("b", "0.0.0.0/0", "10.0.0.1");
    let neighbour = ArpEntry {
        interface: "b".into(),
        ip_address: "10.0.0.9".into(),
        hw_address: "02:00:00:00:00:0a".into(),
    };
    rig.put(default.clone()).await.unwrap();
    rig.put(neighbour.clone()).await.unwrap();
    ligato_netlink::delete_named(&red.0).unwrap();
    rig.remove(&default.key()).await.unwrap();
    rig.remove(&neighbour.key()).await.unwrap();
}

#[tokio::test]
async fn routes_of_a_vrf_are_in_its_table() {
    let Some(mut rig) = Rig::new(kinds).await else { return };
    let created = rig.put(vrf("vrf1", 1001)).await;
    if lacks(&created) {
        return;
    }
    created.unwrap();
    for (n, vrf) in [(1, "vrf1"), (2, "")] {
        let member = Interface {
            ip_addresses: vec!["192.168.1.2/24".into()],
            vrf_master_interface: vrf.into(),
            ..interface(&format!("d{n}"), Type::Dummy)
        };
        rig.put(member).await.unwrap();
        rig.put(route(&format!("d{n}"), "10.9.0.0/16", "192.168.1.1")).await.unwrap();
    }
    let in_vrf = ip(&rig.home, "route show table 1001 10.9.0.0/16");
    assert_eq!(in_vrf[0]["dev"], "d1");
    assert_eq!(ip(&rig.home, "route show 10.9.0.0/16")[0]["dev"], "d2");
    routes_in_sync(&rig).await;
    rig.restart().await;
    routes_in_sync(&rig).await;
    rig.remove(&route("d1", "10.9.0.0/16", "").key()).await.unwrap();
    let filter = RouteFilter { link: None, table: Some(1001) };
    let left = rig.home.routes(filter).await.unwrap();
    assert!(left.iter().all(|r| r.destination.to_string() != "10.9.0.0/16"), "{left:?}");
    assert_eq!(ip(&rig.home, "route show 10.9.0.0/16")[0]["dev"], "d2");
}
