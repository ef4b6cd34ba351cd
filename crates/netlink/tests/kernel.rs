//! Against the running kernel, in throw-away namespaces, read back with `ip`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may fail that way"
)]

mod support;

use std::time::Duration;

use ligato_netlink::{
    ChecksumOffload, Errno, Event, LinkKind, LinkSpec, MAIN_TABLE, Namespace, NamespaceRef,
    NeighbourState, Netlink, Offload, OperState, Pool, Route, RouteFilter, RouteProtocol,
    RouteScope, RouteWatch, Watch, WatchOptions, checksum_offload, create_named, delete_named,
    list_named, read_sysctl, set_rx_checksum, set_tx_checksum, write_sysctl,
};
use support::{ip, namespace};

async fn pair(netlink: &Netlink) {
    let spec = LinkSpec::Veth { name: "a".into(), peer: "b".into() };
    netlink.create_link(&spec).await.unwrap();
}

async fn up(netlink: &Netlink, name: &str) -> ligato_netlink::Link {
    let link = netlink.link(name).await.unwrap();
    netlink.set_up(&link).await.unwrap();
    netlink.link(name).await.unwrap()
}

#[tokio::test]
async fn a_veth_is_created_dressed_and_moved() {
    let (Some(one), Some(two)) = (namespace().await, namespace().await) else { return };
    pair(&one).await;
    let link = one.link("a").await.unwrap();
    assert_eq!(link.kind, LinkKind::Veth);
    assert_eq!(link.peer, Some(one.link("b").await.unwrap().index));

    one.set_alias(&link, "/vnf-agent/vpp1/a/b").await.unwrap();
    one.set_mtu(&link, 1400).await.unwrap();
    one.set_mac(&link, "02:00:00:00:00:0a".parse().unwrap()).await.unwrap();
    one.set_up(&link).await.unwrap();
    let link = one.link("a").await.unwrap();
    one.rename(&link, "eth0").await.unwrap();
    let seen = ip(one.namespace(), "link show dev eth0");
    assert_eq!(seen[0]["ifalias"], "/vnf-agent/vpp1/a/b");
    assert_eq!(seen[0]["mtu"], 1400);
    assert_eq!(seen[0]["address"], "02:00:00:00:00:0a");
    assert!(seen[0]["flags"].as_array().unwrap().contains(&"UP".into()), "up again after rename");

    let link = one.link("eth0").await.unwrap();
    one.move_link(&link, two.namespace()).await.unwrap();
    assert!(one.find_link("eth0").await.unwrap().is_none());
    let moved = two.link("eth0").await.unwrap();
    assert_eq!(moved.alias.as_deref(), Some("/vnf-agent/vpp1/a/b"));
    assert!(!moved.admin_up);
    two.delete_link(&moved).await.unwrap();
    assert!(one.find_link("b").await.unwrap().is_none(), "the other end goes along");
}

#[tokio::test]
async fn bridges_and_vlans_know_their_relatives() {
    let Some(netlink) = namespace().await else { return };
    pair(&netlink).await;
    netlink.create_link(&LinkSpec::Bridge { name: "br0".into() }).await.unwrap();
    let (a, bridge) = (netlink.link("a").await.unwrap(), netlink.link("br0").await.unwrap());
    netlink.set_master(&a, &bridge).await.unwrap();
    assert_eq!(netlink.link("a").await.unwrap().master, Some(bridge.index));
    assert_eq!(ip(netlink.namespace(), "link show dev a")[0]["master"], "br0");
    netlink.clear_master(&a).await.unwrap();
    assert_eq!(netlink.link("a").await.unwrap().master, None);
    assert_eq!(bridge.kind, LinkKind::Bridge);
    let vlan = LinkSpec::Vlan { name: "a.10".into(), lower: a.index, id: 10 };
    match netlink.create_link(&vlan).await {
        Err(e) if e.is_unsupported() => println!("skipped: no VLAN in this kernel"),
        created => {
            created.unwrap();
            assert_eq!(netlink.link("a.10").await.unwrap().kind, LinkKind::Vlan { id: 10 });
        }
    }
}

#[tokio::test]
async fn addresses_of_both_families() {
    let Some(netlink) = namespace().await else { return };
    pair(&netlink).await;
    let (a, _) = (up(&netlink, "a").await, up(&netlink, "b").await);
    for text in ["10.0.0.1/24", "2001:db8::1/64", "10.1.1.1/32"] {
        let net = text.parse().unwrap();
        netlink.add_address(&a, net).await.unwrap();
        assert!(netlink.add_address(&a, net).await.unwrap_err().is_exists());
    }
    let seen = ip(netlink.namespace(), "-4 addr show dev a");
    assert_eq!(seen[0]["addr_info"][0]["local"], "10.0.0.1");
    assert_eq!(seen[0]["addr_info"][0]["prefixlen"], 24);
    assert_eq!(seen[0]["addr_info"][0]["broadcast"], "10.0.0.255");

    let mut ours: Vec<String> = netlink
        .addresses()
        .await
        .unwrap()
        .into_iter()
        .filter(|address| address.link == a.index && !address.is_link_local())
        .map(|address| address.net.to_string())
        .collect();
    ours.sort();
    assert_eq!(ours, ["10.0.0.1/24", "10.1.1.1/32", "2001:db8::1/64"]);

    netlink.delete_address(&a, "10.0.0.1/24".parse().unwrap()).await.unwrap();
    let again = netlink.delete_address(&a, "10.0.0.1/24".parse().unwrap()).await.unwrap_err();
    assert!(again.is_absent());
    assert!(again.to_string().starts_with("delete address 10.0.0.1/24 on a in namespace /proc/"));
    assert!(again.to_string().contains("EADDRNOTAVAIL"));
}

#[tokio::test]
async fn routes_and_neighbours() {
    let Some(netlink) = namespace().await else { return };
    pair(&netlink).await;
    let (a, _) = (up(&netlink, "a").await, up(&netlink, "b").await);
    netlink.add_address(&a, "10.0.0.1/24".parse().unwrap()).await.unwrap();

    let mut route = Route {
        table: MAIN_TABLE,
        destination: "192.168.0.0/16".parse().unwrap(),
        gateway: Some("10.0.0.2".parse().unwrap()),
        link: a.index,
        metric: 77,
        scope: RouteScope::Global,
        protocol: RouteProtocol::Boot,
    };
    netlink.add_route(&route).await.unwrap();
    assert!(netlink.add_route(&route).await.unwrap_err().is_exists());
    let seen = ip(netlink.namespace(), "route show 192.168.0.0/16");
    assert_eq!(
        (seen[0]["gateway"].as_str(), seen[0]["metric"].as_u64()),
        (Some("10.0.0.2"), Some(77))
    );

    route.gateway = Some("10.0.0.3".parse().unwrap());
    netlink.replace_route(&route).await.unwrap();
    let filter = RouteFilter { link: Some(a.index), table: Some(MAIN_TABLE) };
    let ours: Vec<Route> = netlink
        .routes(filter)
        .await
        .unwrap()
        .into_iter()
        .filter(|r| r.protocol != RouteProtocol::Kernel)
        .collect();
    assert_eq!(ours, [route]);
    netlink.delete_route(&(&route).into()).await.unwrap();
    assert!(netlink.delete_route(&(&route).into()).await.unwrap_err().is_absent());

    let link_scope = Route { gateway: None, scope: RouteScope::Link, ..route };
    netlink.add_route(&link_scope).await.unwrap();
    netlink.delete_route(&(&link_scope).into()).await.unwrap();
    assert_eq!(ip(netlink.namespace(), "route show 192.168.0.0/16"), serde_json::json!([]));

    let mac = "02:00:00:00:00:99".parse().unwrap();
    for text in ["10.0.0.9", "fe80::9"] {
        netlink.set_neighbour(&a, text.parse().unwrap(), mac).await.unwrap();
    }
    let seen = ip(netlink.namespace(), "neigh show 10.0.0.9");
    assert_eq!(seen[0]["lladdr"], "02:00:00:00:00:99");
    assert_eq!(seen[0]["state"][0], "PERMANENT");
    let read = netlink.neighbours().await.unwrap();
    let ours = read.iter().find(|n| n.ip.to_string() == "fe80::9").unwrap();
    assert_eq!((ours.mac, ours.state), (Some(mac), NeighbourState::Permanent));
    netlink.delete_neighbour(&a, "10.0.0.9".parse().unwrap()).await.unwrap();
    let again = netlink.delete_neighbour(&a, "10.0.0.9".parse().unwrap()).await;
    assert!(again.unwrap_err().is_absent());
}

#[tokio::test]
async fn large_tables_and_large_numbers() {
    let Some(netlink) = namespace().await else { return };
    pair(&netlink).await;
    let a = up(&netlink, "a").await;
    up(&netlink, "b").await;
    let mut route = Route {
        table: 100_000,
        destination: "10.0.0.0/24".parse().unwrap(),
        gateway: None,
        link: a.index,
        metric: 0,
        scope: RouteScope::Link,
        protocol: RouteProtocol::Static,
    };
    for i in 0..=255_u8 {
        route.destination = format!("10.{i}.0.0/24").parse().unwrap();
        netlink.add_route(&route).await.unwrap();
    }
    let filter = RouteFilter { link: None, table: Some(100_000) };
    assert_eq!(netlink.routes(filter).await.unwrap().len(), 256);
}

#[tokio::test]
async fn tables_are_read_at_the_same_time_and_after_a_reader_gave_up() {
    let Some(netlink) = namespace().await else { return };
    for i in 0..100 {
        let spec = LinkSpec::Veth { name: format!("a{i}"), peer: format!("b{i}") };
        netlink.create_link(&spec).await.unwrap();
    }
    let readers: Vec<_> = (0..20)
        .map(|_| {
            let netlink = netlink.clone();
            tokio::spawn(async move {
                netlink.addresses().await.unwrap();
                netlink.links().await.unwrap().len()
            })
        })
        .collect();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 201);
    }
    for _ in 0..20 {
        // As if the caller had been cancelled in the middle of the table.
        let given_up = tokio::time::timeout(Duration::from_micros(200), netlink.links()).await;
        assert!(given_up.is_err() || given_up.unwrap().is_ok());
        assert_eq!(netlink.links().await.unwrap().len(), 201);
    }
}

#[tokio::test]
async fn a_named_namespace_is_created_listed_and_deleted() {
    if namespace().await.is_none() {
        return;
    }
    let name = format!("netlink-test-{}", std::process::id());
    let created = create_named(&name).await.unwrap();
    assert_eq!(created.id(), create_named(&name).await.unwrap().id(), "the second call opens it");
    assert!(list_named().unwrap().contains(&name));
    let netlink = Netlink::open(&created).await.unwrap();
    assert_eq!(netlink.links().await.unwrap().len(), 1, "only the loopback is there");
    delete_named(&name).unwrap();
    let gone = Namespace::open(&NamespaceRef::Name(name.clone())).unwrap_err();
    assert!(gone.is_namespace_gone());
    assert!(delete_named(&name).is_err());
}

#[tokio::test]
async fn work_elsewhere_leaves_the_caller_where_it_is() {
    let before = Namespace::current().unwrap().id();
    let Some(netlink) = namespace().await else { return };
    let inside = ligato_netlink::run_in(netlink.namespace(), || Namespace::current().unwrap().id());
    assert_eq!(inside.await.unwrap(), netlink.namespace().id());
    assert_eq!(Namespace::current().unwrap().id(), before);
    assert_ne!(before, netlink.namespace().id());
}

#[tokio::test]
async fn sysctls_and_offload_belong_to_the_namespace() {
    let Some(netlink) = namespace().await else { return };
    pair(&netlink).await;
    let ns = netlink.namespace();
    let name = ["net", "ipv6", "conf", "a", "disable_ipv6"];
    write_sysctl(ns, &name, "1").await.unwrap();
    assert_eq!(read_sysctl(ns, &name).await.unwrap(), "1");
    let err = read_sysctl(ns, &["net", "ipv6", "conf", "x.y", "mtu"]).await.unwrap_err();
    assert_eq!(err.errno(), Some(Errno::ENOENT));

    let read = || checksum_offload(ns, vec!["a".into(), "none".into()]);
    let both = |setting| ChecksumOffload { rx: setting, tx: setting };
    assert_eq!(read().await.unwrap(), [Some(both(Offload::On)), None]);
    set_rx_checksum(ns, "a", Offload::Off).await.unwrap();
    set_tx_checksum(ns, "a", Offload::Off).await.unwrap();
    assert_eq!(read().await.unwrap(), [Some(both(Offload::Off)), None]);
    let err = set_rx_checksum(ns, "none", Offload::Off).await.unwrap_err();
    assert_eq!(err.errno(), Some(Errno::ENODEV));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let Some(netlink) = namespace().await else { return };
    assert!(netlink.link("none").await.unwrap_err().is_absent());
    assert!(netlink.find_link("a-name-that-is-far-too-long").await.unwrap().is_none());
    pair(&netlink).await;
    let again = LinkSpec::Veth { name: "a".into(), peer: "c".into() };
    let err = netlink.create_link(&again).await.unwrap_err();
    assert!(err.is_exists() && err.to_string().starts_with("create link a in namespace"), "{err}");
    let lo = netlink.link("lo").await.unwrap();
    assert_eq!((&lo.kind, lo.oper), (&LinkKind::Loopback, OperState::Down));
    let home = Namespace::current().unwrap();
    let err = netlink.move_link(&lo, &home).await.unwrap_err();
    assert_eq!(err.errno(), Some(Errno::EINVAL), "a loopback stays where it is");
}

#[tokio::test]
async fn the_pool_shares_and_lets_go() {
    let Some(netlink) = namespace().await else { return };
    let pool = Pool::with_default(netlink.namespace().clone());
    let (first, second) = (
        pool.get(&NamespaceRef::Default).await.unwrap(),
        pool.open(netlink.namespace()).await.unwrap(),
    );
    assert_eq!(first.links().await.unwrap(), second.links().await.unwrap());
    assert_eq!(pool.len(), 1);
    drop((first, second));
    tokio::time::pause();
    while !pool.is_empty() {
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    // And it is usable again afterwards.
    tokio::time::resume();
    assert_eq!(pool.get(&NamespaceRef::Default).await.unwrap().links().await.unwrap().len(), 1);
}

async fn wait_for(watch: &mut Watch, wanted: impl Fn(&Event) -> bool) -> Event {
    let search = async {
        loop {
            let event = watch.next().await.unwrap();
            if wanted(&event) {
                return event;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), search).await.expect("the event comes")
}

#[tokio::test]
async fn a_watch_begins_with_a_snapshot_and_goes_on_with_changes() {
    let Some(netlink) = namespace().await else { return };
    let options = WatchOptions { routes: RouteWatch::Watched, ..WatchOptions::default() };
    let mut watch = Watch::open(&netlink, options).await.unwrap();
    // Between subscribing and the first read.
    pair(&netlink).await;
    let Event::Snapshot(snapshot) = watch.next().await.unwrap() else { panic!("no snapshot") };
    assert_eq!(snapshot.links.len(), 3);

    let (a, _) = (up(&netlink, "a").await, up(&netlink, "b").await);
    wait_for(&mut watch, |e| matches!(e, Event::Link(l) if l.name == "a" && l.admin_up)).await;
    let net = "10.0.0.1/24".parse().unwrap();
    netlink.add_address(&a, net).await.unwrap();
    wait_for(&mut watch, |e| matches!(e, Event::Address(x) if x.net == net)).await;
    wait_for(&mut watch, |e| matches!(e, Event::Route(r) if r.destination == net.trunc())).await;
    netlink.delete_link(&a).await.unwrap();
    wait_for(&mut watch, |e| matches!(e, Event::LinkRemoved(l) if l.name == "b")).await;
}

#[tokio::test]
async fn lost_events_lead_to_a_new_snapshot() {
    let Some(netlink) = namespace().await else { return };
    let options = WatchOptions { receive_buffer: 1, ..WatchOptions::default() };
    let mut watch = Watch::open(&netlink, options).await.unwrap();
    assert!(matches!(watch.next().await.unwrap(), Event::Snapshot(_)));
    for i in 0..50 {
        let spec = LinkSpec::Veth { name: format!("a{i}"), peer: format!("b{i}") };
        netlink.create_link(&spec).await.unwrap();
    }
    // With so small a buffer each change may lead to another one.
    let all = |links: usize| move |event: &Event| matches!(event, Event::Snapshot(s) if s.links.len() == links);
    wait_for(&mut watch, all(101)).await;
    netlink.delete_link(&netlink.link("a49").await.unwrap()).await.unwrap();
    wait_for(&mut watch, all(99)).await;
}
