//! The layer 2 kinds against a real VPP (`VPP_API_SOCKET`, or a `vpp` on the `PATH`); skipped, saying so, where there is none.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use ligato_kvs_api::Origin;
use ligato_model::{Key, Model, Value};
use ligato_proto::vpp::l2::bridge_domain::{ArpTerminationEntry, Interface};
use ligato_proto::vpp::l2::fib_entry::Action;
use ligato_proto::vpp::l2::{BridgeDomain, FibEntry, XConnectPair};
use ligato_vpp_l2::bd_interface;

use ligato_testkit::Bench;

const BD: &str = "vpp-bridge-domain";
const MEMBER: &str = "vpp-bd-interface";
const FIB: &str = "vpp-l2-fib";
const XCONNECT: &str = "vpp-xconnect";

fn arp(ip: &str, mac: &str) -> ArpTerminationEntry {
    ArpTerminationEntry { ip_address: ip.into(), phys_address: mac.into() }
}

fn bridge_domain() -> BridgeDomain {
    let member = |name: &str, shg, bvi| Interface {
        name: name.into(),
        bridged_virtual_interface: bvi,
        split_horizon_group: shg,
    };
    BridgeDomain {
        name: "l2-test-bd".into(),
        flood: true,
        unknown_unicast_flood: false,
        forward: true,
        learn: true,
        arp_termination: true,
        mac_age: 20,
        interfaces: vec![member("if1", 3, false), member("loop1", 0, true)],
        arp_termination_table: vec![
            arp("10.0.0.1", "02:fe:00:00:00:01"),
            arp("2001:db8::1", "02:fe:00:00:00:02"),
        ],
    }
}

fn fib_entry(mac: &str, action: Action, interface: &str) -> (Key, Value) {
    let entry = FibEntry {
        phys_address: mac.into(),
        bridge_domain: "l2-test-bd".into(),
        action: action.into(),
        outgoing_interface: interface.into(),
        static_config: true,
        ..FibEntry::default()
    };
    (entry.key(), Value::new(entry))
}

#[tokio::test]
async fn everything_is_made_found_and_taken_away() {
    let Some(mut bench) = Bench::real(ligato_vpp_l2::descriptors).await else {
        println!("skipped: no VPP");
        return;
    };
    for name in ["if1", "if2", "if3", "loop1"] {
        bench.interface(name).await;
    }
    bridge_domain_life(&mut bench).await;
    cross_connect_life(&bench).await;
    for name in ["if1", "if2", "if3", "loop1"] {
        bench.remove_interface(name).await;
    }
}

async fn bridge_domain_life(bench: &mut Bench) {
    let value = bridge_domain();
    let (key, wanted) = (value.key(), Value::new(value.clone()));
    bench.create(BD, &key, &wanted).await.unwrap();
    let members: Vec<_> = value
        .interfaces
        .iter()
        .map(|member| (bd_interface::key(&value.name, &member.name), Value::new(member.clone())))
        .collect();
    for (key, value) in &members {
        bench.create(MEMBER, key, value).await.unwrap();
    }
    let entries = [
        fib_entry("62:89:C6:A3:6D:5C", Action::Forward, "if1"),
        fib_entry("62:89:C6:A3:6D:5D", Action::Drop, ""),
    ];
    for (key, value) in &entries {
        bench.create(FIB, key, value).await.unwrap();
    }

    bench.restart_agent().await;
    let found = bench.retrieve(BD, &[]).await;
    assert_eq!((&found[&key].value, found[&key].origin), (&wanted, Origin::Nb));
    let meta = found[&key].metadata.clone();
    let found = bench.retrieve(FIB, &entries).await;
    for (key, value) in &entries {
        let found = &found[key].value;
        assert!(bench.kind(FIB).equivalent(key, found, value), "{found:?}");
    }

    let changed = BridgeDomain {
        arp_termination_table: vec![arp("10.0.0.1", "02:fe:00:00:00:09")],
        ..value.clone()
    };
    let changed = Value::new(changed);
    bench.kind(BD).update(&key, &wanted, &changed, meta.as_ref()).await.unwrap();
    let found = bench.retrieve(BD, &[]).await;
    assert!(bench.kind(BD).equivalent(&key, &found[&key].value, &changed));

    for (key, value) in &entries {
        bench.delete(FIB, key, value, None).await.unwrap();
        bench.delete(FIB, key, value, None).await.unwrap();
    }
    for (key, value) in &members {
        bench.delete(MEMBER, key, value, None).await.unwrap();
    }
    bench.delete(BD, &key, &changed, meta.as_ref()).await.unwrap();
    assert!(!bench.retrieve(BD, &[]).await.contains_key(&key));
}

async fn cross_connect_life(bench: &Bench) {
    let pair =
        |to: &str| XConnectPair { receive_interface: "if1".into(), transmit_interface: to.into() };
    let (old, new) = (Value::new(pair("if2")), Value::new(pair("if3")));
    let key = pair("if2").key();
    bench.create(XCONNECT, &key, &old).await.unwrap();
    bench.kind(XCONNECT).update(&key, &old, &new, None).await.unwrap();
    let found = bench.retrieve(XCONNECT, &[]).await;
    assert_eq!((&found[&key].value, found[&key].origin), (&new, Origin::Nb));
    bench.delete(XCONNECT, &key, &new, None).await.unwrap();
    assert!(!bench.retrieve(XCONNECT, &[]).await.contains_key(&key));
}
