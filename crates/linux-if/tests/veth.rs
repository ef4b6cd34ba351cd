//! Veth pairs on the running kernel, read back with `ip`.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use ligato_kvs_api::OpError;
use ligato_linux_if::descriptors;
use ligato_model::Model;
use ligato_netlink::{LinkSpec, run_in};
use ligato_proto::linux::interfaces::interface::Link as LinkOf;
use ligato_proto::linux::interfaces::veth_link::ChecksumOffloading;
use ligato_proto::linux::interfaces::{Interface, VethLink};
use support::{Named, Rig, addresses, ip, link_names, veth};

/// `a` (as `eth0`, with everything set) in the default namespace, `b` in a named one.
fn pair(red: &Named) -> [Interface; 2] {
    let off = VethLink {
        peer_if_name: "b".into(),
        rx_checksum_offloading: ChecksumOffloading::ChksmOffloadDisabled.into(),
        tx_checksum_offloading: ChecksumOffloading::ChksmOffloadDefault.into(),
    };
    let a = Interface {
        host_if_name: "eth0".into(),
        ip_addresses: vec!["10.0.0.1/24".into(), "2001:db8::1/64".into()],
        mtu: 1400,
        phys_address: "02:00:00:00:00:0A".into(),
        link: Some(LinkOf::Veth(off)),
        ..veth("a", "b")
    };
    let b = Interface {
        namespace: red.reference(),
        ip_addresses: vec!["10.0.0.2/24".into()],
        ..veth("b", "a")
    };
    [a, b]
}

#[tokio::test]
async fn a_pair_between_two_namespaces_carries_traffic() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let red = Named::new("traffic");
    for value in pair(&red) {
        rig.put(value).await.unwrap();
    }
    let there = red.open().await;
    let eth0 = ip(&rig.home, "link show dev eth0");
    assert_eq!(eth0[0]["ifalias"], "/vnf-agent/test1/a/b");
    assert_eq!((eth0[0]["mtu"].as_u64(), eth0[0]["operstate"].as_str()), (Some(1400), Some("UP")));
    assert_eq!(eth0[0]["address"], "02:00:00:00:00:0a");
    assert_eq!(ip(&there, "link show dev b")[0]["ifalias"], "/vnf-agent/test1/b/a");
    assert_eq!(addresses(&rig.home, "eth0"), ["10.0.0.1/24", "2001:db8::1/64"]);
    assert_eq!(addresses(&there, "b"), ["10.0.0.2/24"]);
    rig.in_sync().await;

    let listen = || TcpListener::bind("10.0.0.2:0").unwrap();
    let listener = run_in(there.namespace(), listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"Hi client!").unwrap();
    });
    let ask = move || {
        let mut text = String::new();
        TcpStream::connect(address).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    assert_eq!(run_in(rig.home.namespace(), ask).await.unwrap(), "Hi client!");
    answer.join().unwrap();
}

#[tokio::test]
async fn changes_are_made_in_place() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let red = Named::new("change");
    let [a, b] = pair(&red);
    rig.put(a.clone()).await.unwrap();
    rig.put(b).await.unwrap();
    let index = ip(&rig.home, "link show dev eth0")[0]["ifindex"].clone();
    let changed = Interface {
        host_if_name: "lan0".into(),
        mtu: 0,
        phys_address: "02:00:00:00:00:0b".into(),
        ip_addresses: vec!["10.0.0.1/24".into(), "10.9.9.9/32".into()],
        link: veth("a", "b").link,
        ..a.clone()
    };
    rig.put(changed.clone()).await.unwrap();
    let lan0 = ip(&rig.home, "link show dev lan0");
    assert_eq!((lan0[0]["mtu"].as_u64(), &lan0[0]["ifindex"]), (Some(1500), &index));
    assert_eq!(lan0[0]["address"], "02:00:00:00:00:0b");
    assert_eq!(addresses(&rig.home, "lan0"), ["10.0.0.1/24", "10.9.9.9/32"]);
    rig.in_sync().await;

    rig.put(Interface { enabled: false, ..changed }).await.unwrap();
    assert_eq!(ip(&rig.home, "link show dev lan0")[0]["operstate"], "DOWN");
    rig.in_sync().await;
}

#[tokio::test]
async fn an_address_that_goes_takes_no_other_along() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let with = |texts: &[&str]| Interface {
        ip_addresses: texts.iter().map(|text| (*text).to_owned()).collect(),
        ..veth("a", "b")
    };
    let all = with(&["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.9.9.9/24"]);
    rig.put(all.clone()).await.unwrap();
    rig.remove_derived(&all.key(), "10.0.0.1/24").await.unwrap();
    assert_eq!(addresses(&rig.home, "a"), ["10.9.9.9/24", "10.0.0.2/24", "10.0.0.3/24"]);
}

#[tokio::test]
async fn one_end_is_parked_while_the_other_is_in_use() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let red = Named::new("parked");
    let [a, b] = pair(&red);
    rig.put(a.clone()).await.unwrap();
    assert_eq!(link_names(&rig.home), ["eth0", "lo", "veth-3876335077"], "b waits under its hash");
    rig.put(b.clone()).await.unwrap();
    let there = red.open().await;
    assert_eq!(link_names(&rig.home), ["eth0", "lo"]);

    rig.remove(&b.key()).await.unwrap();
    assert_eq!(link_names(&rig.home), ["eth0", "lo", "veth-3876335077"]);
    assert_eq!(link_names(&there), ["lo"]);
    rig.in_sync().await;
    rig.put(b.clone()).await.unwrap();
    assert_eq!(addresses(&there, "b"), ["10.0.0.2/24"]);
    rig.in_sync().await;

    rig.remove(&a.key()).await.unwrap();
    rig.remove(&b.key()).await.unwrap();
    assert_eq!((link_names(&rig.home), link_names(&there)), (vec!["lo".into()], vec!["lo".into()]));
}

#[tokio::test]
async fn a_restarted_agent_recognises_what_is_its_own() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let red = Named::new("restart");
    let [a, b] = pair(&red);
    for value in [a.clone(), b] {
        rig.put(value).await.unwrap();
    }
    rig.restart().await;
    rig.in_sync().await;
    rig.remove(&a.key()).await.unwrap();
    assert_eq!(
        link_names(&rig.home),
        ["lo", "veth-3826002220"],
        "b is in use, also for a new agent"
    );
}

#[tokio::test]
async fn differences_are_found() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let red = Named::new("diff");
    let [a, b] = pair(&red);
    for value in [a.clone(), b] {
        rig.put(value).await.unwrap();
    }
    let eth0 = rig.home.link("eth0").await.unwrap();
    rig.home.add_address(&eth0, "172.16.7.7/24".parse().unwrap()).await.unwrap();
    let differences = rig.differences("linux-interface").await;
    assert!(differences.len() == 1 && differences[0].contains("172.16.7.7/24"), "{differences:?}");

    // Of an interface with link_only that is nobody's business.
    rig.put(Interface { link_only: true, ..a }).await.unwrap();
    let eth0 = rig.home.link("eth0").await.unwrap();
    assert_eq!(addresses(&rig.home, "eth0"), Vec::<String>::new(), "addresses were not asked for");
    rig.home.add_address(&eth0, "172.16.7.7/24".parse().unwrap()).await.unwrap();
    rig.in_sync().await;

    rig.home.delete_link(&eth0).await.unwrap();
    assert_eq!(rig.differences("linux-interface").await.len(), 2, "both ends are missing");
}

#[tokio::test]
async fn what_a_dead_agent_left_is_removed() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    // Between making the pair and taking an end to its place.
    let spec = LinkSpec::Veth { name: "veth-3826002220".into(), peer: "veth-3876335077".into() };
    rig.home.create_link(&spec).await.unwrap();
    for (name, mark) in [("veth-3826002220", "a/b"), ("veth-3876335077", "b/a")] {
        let link = rig.home.link(name).await.unwrap();
        rig.home.set_alias(&link, &format!("/vnf-agent/test1/{mark}")).await.unwrap();
    }
    let found = rig.read_back("linux-interface").await;
    let keys: Vec<&str> = found.iter().map(|f| f.key.as_str()).collect();
    assert!(keys.iter().all(|key| key.ends_with("-MISSING_PEER")) && keys.len() == 2, "{keys:?}");
    rig.put(veth("a", "b")).await.unwrap();
    rig.put(veth("b", "a")).await.unwrap();
    assert_eq!(link_names(&rig.home), ["a", "b", "lo"]);
}

#[tokio::test]
async fn nothing_foreign_is_touched() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let spec = LinkSpec::Veth { name: "a".into(), peer: "x".into() };
    rig.home.create_link(&spec).await.unwrap();
    let before = ip(&rig.home, "link show dev a");
    let refused = rig.put(veth("a", "b")).await.unwrap_err();
    assert!(matches!(&refused, OpError::Retriable(text) if text.contains("EEXIST")), "{refused}");
    assert_eq!(ip(&rig.home, "link show dev a"), before);
    assert!(rig.read_back("linux-interface").await.iter().all(|f| !f.key.ends_with("/a")));
}

#[tokio::test]
async fn a_value_that_fails_leaves_nothing() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let value = Interface { mtu: 70_000, ..veth("a", "b") };
    let refused = rig.put(value).await.unwrap_err();
    assert!(refused.to_string().starts_with("set MTU of link a in "), "{refused}");
    assert_eq!(link_names(&rig.home), ["lo"]);
}

#[tokio::test]
async fn a_vanished_namespace_takes_its_interfaces_along() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let red = Named::new("vanished");
    let [a, b] = pair(&red);
    for value in [a.clone(), b.clone()] {
        rig.put(value).await.unwrap();
    }
    ligato_netlink::delete_named(&red.0).unwrap();
    rig.remove(&b.key()).await.unwrap();
    rig.remove(&a.key()).await.unwrap();
    assert!(rig.read_back("linux-interface").await.is_empty());
}
