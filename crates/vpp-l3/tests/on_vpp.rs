//! The layer 3 kinds against a real VPP (`VPP_API_SOCKET`, or a `vpp` on the `PATH`); skipped, saying so, where there is none.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod samples;

use ligato_kvs_api::Origin;
use ligato_model::{Key, Model, Value};
use ligato_proto::vpp::l3::vrf_table::{FlowHashSettings, Protocol};
use ligato_proto::vpp::l3::{ArpEntry, VrfTable};

use ligato_testkit::Bench;
use samples::{ARP, ROUTE, VRF, all_sorts, route, table};

/// Creates values one after the other.
async fn create_all(bench: &Bench, kind: &str, values: &[(Key, Value)]) {
    for (key, value) in values {
        bench.create(kind, key, value).await.unwrap();
    }
}

/// Reads the values back as after a restart of the agent, compares, and deletes them.
async fn find_and_delete_all(bench: &mut Bench, kind: &str, values: &[(Key, Value)]) {
    bench.restart_agent().await;
    let found = bench.retrieve(kind, values).await;
    let descriptor = bench.kind(kind);
    for (key, value) in values {
        let found = found.get(key).unwrap_or_else(|| panic!("{key} was not found: {found:#?}"));
        assert!(descriptor.equivalent(key, &found.value, value), "{key}: {:?}", found.value);
    }
    for (key, value) in values.iter().rev() {
        bench.delete(kind, key, value, found[key].metadata.as_ref()).await.unwrap();
    }
    let left = bench.retrieve(kind, values).await;
    for (key, _) in values {
        let left = left.get(key).filter(|found| found.origin == Origin::Nb);
        assert!(left.is_none(), "{key} was left: {left:?}");
    }
}

#[tokio::test]
async fn everything_is_made_found_and_taken_away() {
    let Some(mut bench) = Bench::real(ligato_vpp_l3::descriptors).await else {
        println!("skipped: no VPP");
        return;
    };
    bench.interface("if1").await;
    bench.interface("if2").await;
    let hash = FlowHashSettings { use_src_ip: true, symmetric: true, ..Default::default() };
    let tables: Vec<_> = [
        table(1, Protocol::Ipv4, ""),
        table(1, Protocol::Ipv6, "six"),
        table(2, Protocol::Ipv4, "blue"),
        VrfTable { flow_hash_settings: Some(hash), ..table(2, Protocol::Ipv6, "") },
    ]
    .into_iter()
    .map(|value| (value.key(), Value::new(value)))
    .collect();
    create_all(&bench, VRF, &tables).await;
    let routes: Vec<_> =
        all_sorts().into_iter().map(|value| (value.key(), Value::new(value))).collect();
    create_all(&bench, ROUTE, &routes).await;
    let arps: Vec<_> = [("192.168.10.21", true), ("2001:DB8::1", false)]
        .into_iter()
        .map(|(ip, is_static)| ArpEntry {
            interface: "if1".into(),
            ip_address: ip.into(),
            phys_address: "58:6C:45:59:8E:BD".into(),
            r#static: is_static,
        })
        .map(|value| (value.key(), Value::new(value)))
        .collect();
    create_all(&bench, ARP, &arps).await;

    find_and_delete_all(&mut bench, ARP, &arps).await;
    find_and_delete_all(&mut bench, ROUTE, &routes).await;
    find_and_delete_all(&mut bench, VRF, &tables).await;

    // Two paths, whose interfaces go one after the other.
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
    let left = bench.retrieve(ROUTE, &[]).await;
    assert!(left.keys().all(|key| !key.contains("10.1.0.0")), "{:?}", left.keys());
}
