//! The layer 2 kinds against a simulated VPP, over the real socket.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use futures::future::join_all;
use ligato_kvs_api::{OpError, Origin};
use ligato_model::{Key, Model, Value};
use ligato_proto::vpp::l2::bridge_domain::{ArpTerminationEntry, Interface};
use ligato_proto::vpp::l2::fib_entry::Action;
use ligato_proto::vpp::l2::{BridgeDomain, FibEntry, XConnectPair};
use ligato_vpp_api::FixedString;
use ligato_vpp_api::msg::l2::{BridgeDomainAddDel, SwInterfaceSetL2Xconnect};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_l2::bd_interface;
use ligato_vpp_sim::{Action as Dial, Fault};

use ligato_testkit::Bench;

const BD: &str = "vpp-bridge-domain";
const MEMBER: &str = "vpp-bd-interface";
const FIB: &str = "vpp-l2-fib";
const XCONNECT: &str = "vpp-xconnect";

fn arp(ip: &str, mac: &str) -> ArpTerminationEntry {
    ArpTerminationEntry { ip_address: ip.into(), phys_address: mac.into() }
}

fn bridge_domain(name: &str, interfaces: &[&str]) -> BridgeDomain {
    let member = |name: &&str| Interface { name: (*name).into(), ..Interface::default() };
    BridgeDomain {
        name: name.into(),
        flood: true,
        unknown_unicast_flood: true,
        forward: true,
        learn: true,
        arp_termination: true,
        mac_age: 20,
        interfaces: interfaces.iter().map(member).collect(),
        arp_termination_table: vec![arp("10.0.0.1", "02:fe:00:00:00:01")],
    }
}

/// Creates a bridge domain with its members.
async fn create_whole(bench: &Bench, value: &BridgeDomain) {
    bench.create(BD, &value.key(), &Value::new(value.clone())).await.unwrap();
    for interface in &value.interfaces {
        let key = bd_interface::key(&value.name, &interface.name);
        bench.create(MEMBER, &key, &Value::new(interface.clone())).await.unwrap();
    }
}

#[tokio::test]
async fn a_bridge_domain_is_found_again_after_a_restart_of_the_agent() {
    let mut bench = Bench::start(ligato_vpp_l2::descriptors).await;
    bench.interface("if1").await;
    bench.interface("loop1").await;
    let mut value = bridge_domain("bd1", &["if1", "loop1"]);
    value.interfaces[1].bridged_virtual_interface = true;
    value.interfaces[0].split_horizon_group = 3;
    create_whole(&bench, &value).await;

    bench.restart_agent().await;
    bench.sim().mark();
    let found = bench.retrieve(BD, &[]).await;
    let found = &found[&value.key()];
    assert_eq!(found.origin, Origin::Nb);
    assert_eq!(found.value, Value::new(value.clone()));
    assert_eq!(bench.vpp.bd_index("bd1"), Ok(1));
    assert_eq!(bench.sim().writes(), 0);
}

#[tokio::test]
async fn nothing_is_left_when_all_is_deleted() {
    let bench = Bench::start(ligato_vpp_l2::descriptors).await;
    bench.interface("if1").await;
    let value = bridge_domain("bd1", &["if1"]);
    create_whole(&bench, &value).await;
    let found = bench.retrieve(BD, &[]).await;
    let meta = found[&value.key()].metadata.clone();

    let member = Value::new(value.interfaces[0].clone());
    bench.delete(MEMBER, &bd_interface::key("bd1", "if1"), &member, None).await.unwrap();
    bench.delete(BD, &value.key(), &Value::new(value.clone()), meta.as_ref()).await.unwrap();
    assert_eq!(bench.sim().state().bridge_domains, []);
    assert!(bench.vpp.bd_index("bd1").is_err());
}

#[tokio::test]
async fn an_update_exchanges_the_arp_entries() {
    let bench = Bench::start(ligato_vpp_l2::descriptors).await;
    let old = bridge_domain("bd1", &[]);
    let meta = bench.create(BD, &old.key(), &Value::new(old.clone())).await.unwrap();
    let mut new = old.clone();
    new.arp_termination_table =
        vec![arp("10.0.0.1", "02:fe:00:00:00:09"), arp("2001:db8::1", "02:fe:00:00:00:02")];
    let kind = bench.kind(BD);
    let (was, wanted) = (Value::new(old.clone()), Value::new(new.clone()));
    kind.update(&old.key(), &was, &wanted, meta.as_ref()).await.unwrap();
    let found = bench.retrieve(BD, &[]).await;
    assert!(kind.equivalent(&old.key(), &found[&old.key()].value, &wanted));
    assert_eq!(bench.sim().state().bridge_domain("bd1").unwrap().arp_entries.len(), 2);
}

#[tokio::test]
async fn a_bridge_domain_without_tag_is_nobodys_and_its_number_is_respected() {
    let bench = Bench::start(ligato_vpp_l2::descriptors).await;
    let foreign = BridgeDomainAddDel { bd_id: 1, is_add: true, ..BridgeDomainAddDel::default() };
    bench.vpp.client().request(foreign).await.unwrap();
    let value = bridge_domain("bd1", &[]);
    bench.create(BD, &value.key(), &Value::new(value.clone())).await.unwrap();
    assert_eq!(bench.vpp.bd_index("bd1"), Ok(2));
    let found = bench.retrieve(BD, &[]).await;
    assert_eq!(found[&BridgeDomain::key_of("UNTAGGED-0")].origin, Origin::Sb);
    assert_eq!(found.len(), 2);
}

#[tokio::test]
async fn a_half_made_bridge_domain_is_taken_away_again() {
    let bench = Bench::start(ligato_vpp_l2::descriptors).await;
    bench.sim().faults().inject(Fault::new(Dial::Refuse(-7)).on("bd_ip_mac_add_del").once());
    let value = bridge_domain("bd1", &[]);
    let failed = bench.create(BD, &value.key(), &Value::new(value.clone())).await;
    assert!(matches!(failed, Err(OpError::Retriable(_))));
    assert_eq!(bench.sim().state().bridge_domains, []);
}

#[tokio::test]
async fn many_bridge_domains_are_made_at_once() {
    let bench = Bench::start(ligato_vpp_l2::descriptors).await;
    let values: Vec<_> = (0..200).map(|i| bridge_domain(&format!("bd{i}"), &[])).collect();
    let created =
        join_all(values.iter().map(|value| async {
            bench.create(BD, &value.key(), &Value::new(value.clone())).await
        }));
    for result in created.await {
        result.unwrap();
    }
    let found = bench.retrieve(BD, &[]).await;
    assert_eq!(found.len(), 200);
    assert!(values.iter().all(|value| found[&value.key()].value == Value::new(value.clone())));
}

#[tokio::test]
async fn an_interface_that_is_gone_takes_its_membership_with_it() {
    let bench = Bench::start(ligato_vpp_l2::descriptors).await;
    bench.interface("if1").await;
    let value = bridge_domain("bd1", &["if1"]);
    create_whole(&bench, &value).await;
    bench.remove_interface("if1").await;
    let member = Value::new(value.interfaces[0].clone());
    bench.delete(MEMBER, &bd_interface::key("bd1", "if1"), &member, None).await.unwrap();
    assert_eq!(bench.sim().state().bridge_domain("bd1").unwrap().members, [0; 0]);
}

#[tokio::test]
async fn one_mac_address_may_be_in_two_bridge_domains() {
    let bench = Bench::start(ligato_vpp_l2::descriptors).await;
    let mut wanted = Vec::new();
    for (bd, interface) in [("bd1", "if1"), ("bd2", "if2")] {
        bench.interface(interface).await;
        create_whole(&bench, &bridge_domain(bd, &[interface])).await;
        let entry = FibEntry {
            phys_address: "62:89:C6:A3:6D:5C".into(),
            bridge_domain: bd.into(),
            outgoing_interface: interface.into(),
            static_config: true,
            ..FibEntry::default()
        };
        bench.create(FIB, &entry.key(), &Value::new(entry.clone())).await.unwrap();
        wanted.push((entry.key(), Value::new(entry)));
    }
    let found = bench.retrieve(FIB, &wanted).await;
    for (key, value) in &wanted {
        assert_eq!(found[key].value, *value, "spelled as NB spelled it");
    }
    for (key, value) in &wanted {
        bench.delete(FIB, key, value, None).await.unwrap();
        // It is gone already, which is what was wanted.
        bench.delete(FIB, key, value, None).await.unwrap();
    }
    assert_eq!(bench.sim().state().l2_fib, []);
}

#[tokio::test]
async fn a_dropping_entry_needs_no_interface() {
    let bench = Bench::start(ligato_vpp_l2::descriptors).await;
    create_whole(&bench, &bridge_domain("bd1", &[])).await;
    let entry = FibEntry {
        phys_address: "62:89:c6:a3:6d:5c".into(),
        bridge_domain: "bd1".into(),
        action: Action::Drop.into(),
        ..FibEntry::default()
    };
    let wanted = [(entry.key(), Value::new(entry.clone()))];
    bench.create(FIB, &wanted[0].0, &wanted[0].1).await.unwrap();
    let found = bench.retrieve(FIB, &wanted).await;
    let kind = bench.kind(FIB);
    assert!(kind.equivalent(&wanted[0].0, &found[&wanted[0].0].value, &wanted[0].1));
}

#[tokio::test]
async fn a_cross_connect_is_made_turned_and_taken_away() {
    let bench = Bench::start(ligato_vpp_l2::descriptors).await;
    let mut index = Vec::new();
    for name in ["if1", "if2", "if3"] {
        index.push(bench.interface(name).await);
    }
    let pair =
        |to: &str| XConnectPair { receive_interface: "if1".into(), transmit_interface: to.into() };
    let (old, new) = (Value::new(pair("if2")), Value::new(pair("if3")));
    let key = pair("if2").key();
    bench.create(XCONNECT, &key, &old).await.unwrap();
    assert_eq!(bench.sim().state().cross_connects, [(index[0], index[1])]);
    bench.kind(XCONNECT).update(&key, &old, &new, None).await.unwrap();
    assert_eq!(bench.sim().state().cross_connects, [(index[0], index[2])]);
    let found = bench.retrieve(XCONNECT, &[]).await;
    assert_eq!((&found[&key].value, found[&key].origin), (&new, Origin::Nb));
    bench.remove_interface("if3").await;
    bench.delete(XCONNECT, &key, &new, None).await.unwrap();
    assert_eq!(bench.sim().state().cross_connects, []);
}

#[tokio::test]
async fn a_cross_connect_of_a_foreign_interface_is_left_alone() {
    let bench = Bench::start(ligato_vpp_l2::descriptors).await;
    let ours = bench.interface("if1").await;
    let foreign = bench.interface("UNTAGGED-tap7").await;
    let request = SwInterfaceSetL2Xconnect {
        rx_sw_if_index: InterfaceIndex(foreign),
        tx_sw_if_index: InterfaceIndex(ours),
        enable: true,
    };
    bench.vpp.client().request(request).await.unwrap();
    let found = bench.retrieve(XCONNECT, &[]).await;
    assert_eq!(found[&XConnectPair::key_of("UNTAGGED-tap7")].origin, Origin::Sb);
}

#[tokio::test]
async fn values_that_no_vpp_may_see_are_refused() {
    let bench = Bench::start(ligato_vpp_l2::descriptors).await;
    let value = BridgeDomain { name: "b".repeat(64), ..BridgeDomain::default() };
    let refused = bench.create(BD, &Key::from("x"), &Value::new(value)).await;
    assert!(matches!(refused, Err(OpError::Invalid(_))));
    assert_eq!(bench.sim().writes(), 0);
    assert!(FixedString::<64>::new(&"b".repeat(64)).is_err());
}
