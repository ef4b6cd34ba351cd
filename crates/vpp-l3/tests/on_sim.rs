//! The layer 3 kinds against a simulated VPP, over the real socket.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod samples;

use futures::future::join_all;
use ligato_kvs_api::{OpError, Origin};
use ligato_model::{Model, Value};
use ligato_proto::vpp::l3::vrf_table::{FlowHashSettings, Protocol};
use ligato_proto::vpp::l3::{ArpEntry, VrfTable};
use ligato_vpp_sim::{Action, Fault};

use ligato_testkit::Bench;
use samples::{ARP, ROUTE, VRF, all_sorts, route, table};

async fn with_tables() -> Bench {
    let bench = Bench::start(ligato_vpp_l3::descriptors).await;
    for id in [1, 2] {
        for protocol in [Protocol::Ipv4, Protocol::Ipv6] {
            let value = table(id, protocol, "");
            bench.create(VRF, &value.key(), &Value::new(value.clone())).await.unwrap();
        }
    }
    bench.interface("if1").await;
    bench
}

#[tokio::test]
async fn a_table_is_made_found_and_taken_away() {
    let mut bench = Bench::start(ligato_vpp_l3::descriptors).await;
    let hash = FlowHashSettings { use_src_ip: true, ..FlowHashSettings::default() };
    let value = VrfTable { flow_hash_settings: Some(hash), ..table(5, Protocol::Ipv6, "blue") };
    let wanted = [(value.key(), Value::new(value.clone()))];
    bench.create(VRF, &wanted[0].0, &wanted[0].1).await.unwrap();

    bench.restart_agent().await;
    let found = bench.retrieve(VRF, &wanted).await;
    let found = &found[&value.key()];
    assert_eq!((&found.value, found.origin), (&wanted[0].1, Origin::Nb));
    let meta = found.metadata.clone();
    bench.delete(VRF, &wanted[0].0, &wanted[0].1, meta.as_ref()).await.unwrap();
    let tables = bench.sim().state().tables;
    assert!(tables.iter().all(|(_, id, _)| *id == 0), "{tables:?}");
}

#[tokio::test]
async fn vpps_own_tables_are_nobodys() {
    let bench = Bench::start(ligato_vpp_l3::descriptors).await;
    let found = bench.retrieve(VRF, &[]).await;
    assert!(!found.is_empty());
    assert!(found.values().all(|found| found.origin == Origin::Unknown));
}

#[tokio::test]
async fn a_table_without_its_flow_hash_is_taken_away_again() {
    let bench = Bench::start(ligato_vpp_l3::descriptors).await;
    bench.sim().faults().inject(Fault::new(Action::Refuse(-7)).on("set_ip_flow_hash_v2").once());
    let hash = Some(FlowHashSettings::default());
    let value = VrfTable { flow_hash_settings: hash, ..table(5, Protocol::Ipv4, "blue") };
    let failed = bench.create(VRF, &value.key(), &Value::new(value.clone())).await;
    assert!(matches!(failed, Err(OpError::Retriable(_))));
    assert!(bench.sim().state().tables.iter().all(|(_, id, _)| *id == 0));
}

#[tokio::test]
async fn another_flow_hash_is_set_in_place() {
    let bench = Bench::start(ligato_vpp_l3::descriptors).await;
    let old = table(5, Protocol::Ipv4, "blue");
    let meta = bench.create(VRF, &old.key(), &Value::new(old.clone())).await.unwrap();
    let hash = FlowHashSettings { use_dst_ip: true, ..FlowHashSettings::default() };
    let new = Value::new(VrfTable { flow_hash_settings: Some(hash), ..old.clone() });
    let kind = bench.kind(VRF);
    let was = Value::new(old.clone());
    assert!(!kind.needs_recreate(&old.key(), &was, &new, meta.as_ref()));
    bench.sim().mark();
    kind.update(&old.key(), &was, &new, meta.as_ref()).await.unwrap();
    assert_eq!(bench.sim().log(), ["set_ip_flow_hash_v2"]);
}

#[tokio::test]
async fn routes_of_all_sorts_are_found_again_and_leave_nothing() {
    let mut bench = with_tables().await;
    let values: Vec<_> =
        all_sorts().into_iter().map(|value| (value.key(), Value::new(value))).collect();
    for (key, value) in &values {
        bench.create(ROUTE, key, value).await.unwrap();
    }

    bench.restart_agent().await;
    bench.sim().mark();
    let found = bench.retrieve(ROUTE, &values).await;
    let kind = bench.kind(ROUTE);
    for (key, value) in &values {
        let found = found.get(key).unwrap_or_else(|| panic!("{key} was not found"));
        assert_eq!(found.origin, Origin::Nb, "{key}");
        assert!(kind.equivalent(key, &found.value, value), "{:?}", found.value);
    }
    assert_eq!(bench.sim().writes(), 0);
    for (key, value) in &values {
        bench.delete(ROUTE, key, value, found[key].metadata.as_ref()).await.unwrap();
    }
    assert_eq!(bench.sim().state().routes, []);
}

#[tokio::test]
async fn routes_nobody_wants_are_not_ours() {
    let bench = with_tables().await;
    let values: Vec<_> =
        all_sorts().into_iter().map(|value| (value.key(), Value::new(value))).collect();
    for (key, value) in &values {
        bench.create(ROUTE, key, value).await.unwrap();
    }
    let found = bench.retrieve(ROUTE, &[]).await;
    assert!(found.len() >= values.len());
    assert!(found.values().all(|found| found.origin == Origin::Unknown));
}

#[tokio::test]
async fn a_route_can_be_removed_when_its_interface_is_gone() {
    let bench = with_tables().await;
    bench.interface("if2").await;
    let mut made = Vec::new();
    for interface in ["if1", "if2"] {
        let value = route("10.1.0.0/16", "192.168.1.1", interface);
        let (key, value) = (value.key(), Value::new(value));
        let meta = bench.create(ROUTE, &key, &value).await.unwrap();
        made.push((key, value, meta));
    }
    for (interface, (key, value, meta)) in ["if1", "if2"].into_iter().zip(&made) {
        bench.remove_interface(interface).await;
        bench.delete(ROUTE, key, value, meta.as_ref()).await.unwrap();
    }
    assert_eq!(bench.sim().state().routes, []);
}

#[tokio::test]
async fn a_route_over_an_interface_that_is_not_there_waits_for_another_try() {
    let bench = with_tables().await;
    let value = route("10.1.0.0/16", "192.168.1.1", "if9");
    let failed = bench.create(ROUTE, &value.key(), &Value::new(value.clone())).await;
    assert!(matches!(failed, Err(OpError::Retriable(_))));
    let value = route("10.1.0.0/16", "alloc:net1/GW", "if1");
    let failed = bench.create(ROUTE, &value.key(), &Value::new(value.clone())).await;
    assert!(matches!(failed, Err(OpError::Unsupported(_))));
}

#[tokio::test]
async fn thousands_of_routes_are_in_flight_at_once() {
    let bench = with_tables().await;
    let values: Vec<_> = (0..5000_u32)
        .map(|i| route(&format!("10.{}.{}.0/24", i >> 8, i & 255), "192.168.1.1", "if1"))
        .map(|value| (value.key(), Value::new(value)))
        .collect();
    let created = join_all(values.iter().map(|(key, value)| bench.create(ROUTE, key, value)));
    for result in created.await {
        result.unwrap();
    }
    let found = bench.retrieve(ROUTE, &values).await;
    assert!(values.iter().all(|(key, value)| found[key].value == *value));
}

#[tokio::test]
async fn neighbours_are_found_as_nb_wrote_them() {
    let mut bench = Bench::start(ligato_vpp_l3::descriptors).await;
    bench.interface("if1").await;
    let entry = |ip: &str, is_static| ArpEntry {
        interface: "if1".into(),
        ip_address: ip.into(),
        phys_address: "59:6C:45:59:8E:BD".into(),
        r#static: is_static,
    };
    let values: Vec<_> = [entry("192.168.10.21", true), entry("2001:DB8::1", false)]
        .into_iter()
        .map(|value| (value.key(), Value::new(value)))
        .collect();
    for (key, value) in &values {
        bench.create(ARP, key, value).await.unwrap();
    }
    bench.restart_agent().await;
    let found = bench.retrieve(ARP, &values).await;
    let kind = bench.kind(ARP);
    for (key, value) in &values {
        assert!(kind.equivalent(key, &found[key].value, value), "{key}");
    }
    for (key, value) in &values {
        bench.delete(ARP, key, value, None).await.unwrap();
        // It is gone already, which is what was wanted.
        bench.delete(ARP, key, value, None).await.unwrap();
    }
    assert_eq!(bench.sim().state().neighbors, []);
}
