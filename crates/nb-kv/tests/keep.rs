//! Keeping in a store what clients say through APIs.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use ligato_infra::ServiceLabel;
use ligato_keyval::{Bytes, MemoryStore, Read, Store, StoreKey, Write};
use ligato_kvs_api::SourceId;
use ligato_model::{Model, Value};
use ligato_nb_kv::KvKeeper;
use ligato_orchestrator::{Change, Delivery, Keeper, RejectReason};
use ligato_proto::vpp::interfaces::Interface;

fn keeper(store: &MemoryStore, label: &str) -> KvKeeper {
    let label = label.parse::<ServiceLabel>().unwrap();
    KvKeeper::new(Arc::new(store.clone()), &label, ["grpc", "a/b%2F"]).unwrap()
}

fn interface(name: &str) -> Change {
    let message = Interface { name: name.to_owned(), mtu: 9000, ..Default::default() };
    Change::put(Interface::key_of(name), Value::new(message))
}

async fn restored(keeper: &KvKeeper) -> Vec<(SourceId, Delivery)> {
    keeper.restore(&ligato_proto::registry()).await.unwrap()
}

fn shown(delivery: &Delivery) -> Vec<String> {
    let changes = delivery.changes.iter();
    changes
        .map(|change| {
            let json = change.value.as_ref().unwrap().to_json().unwrap();
            format!("{} {json} {:?}", change.key, change.labels)
        })
        .collect()
}

const LOOP: &str = "/vnf-agent/vpp1/kept/grpc/config/vpp/v2/interfaces/loop1";

#[tokio::test]
async fn what_was_written_comes_back_under_its_source_with_labels() {
    let store = MemoryStore::new();
    let labels = Arc::new(BTreeMap::from([("x".to_owned(), "1".to_owned())]));
    let writer = keeper(&store, "vpp1");
    let (grpc, odd) = (SourceId::from("grpc"), SourceId::from("a/b%2F"));
    let changes = vec![interface("loop1").with_labels(labels), interface("loop2")];
    writer.write(&grpc, changes).await.unwrap();
    writer.write(&odd, vec![interface("loop3")]).await.unwrap();
    writer.write(&grpc, vec![Change::delete(Interface::key_of("loop2"))]).await.unwrap();

    let entry = store.get(&StoreKey::new(LOOP).unwrap()).await.unwrap().unwrap();
    let text = r#"{"labels":{"x":"1"},"value":{"mtu":9000,"name":"loop1"}}"#;
    let json = |text: &[u8]| -> ligato_infra::json::Value {
        ligato_infra::json::from_slice(text).unwrap()
    };
    assert_eq!(json(&entry.value), json(text.as_bytes()));

    let reader = keeper(&store, "vpp1");
    assert!(reader.keeps(&grpc) && reader.keeps(&odd) && !reader.keeps(&"localclient".into()));
    let deliveries = restored(&reader).await;
    let names: Vec<_> = deliveries.iter().map(|(source, _)| source.as_ref()).collect();
    assert_eq!(names, ["a/b%2F", "grpc"]);
    let loop1 = r#"config/vpp/v2/interfaces/loop1 {"name":"loop1","mtu":9000} {"x": "1"}"#;
    assert_eq!(shown(&deliveries[1].1), [loop1]);
    assert_eq!(deliveries[0].1.changes[0].key, Interface::key_of("loop3"));
    // Every agent has its own.
    assert_eq!(restored(&keeper(&store, "vpp10")).await.len(), 0);
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_stays() {
    let store = MemoryStore::new();
    let good = r#"{"value":{"name":"loop1"}}"#;
    for (key, text) in [
        ("grpc/config/vpp/v2/interfaces/loop1", good),
        ("grpc/config/vpp/v2/interfaces/cut", r#"{"value":{"name":"#),
        ("grpc/config/vpp/v2/interfaces/bare", r#"{"name":"bare"}"#),
        ("grpc/config/vpp/v2/interfaces/more", r#"{"value":{"name":"more"},"ttl":1}"#),
        ("grpc/config/vpp/v2/interfaces/field", r#"{"value":{"name":"field","mtuu":1}}"#),
        ("grpc/config/vpp/v2/interfaces/label", r#"{"value":{"name":"label"},"labels":[1]}"#),
        ("grpc/config/no/such/model", good),
        ("localclient/config/vpp/v2/interfaces/other", good),
        ("grpc", good),
    ] {
        let key = StoreKey::new(format!("/vnf-agent/vpp1/kept/{key}")).unwrap();
        store.put(&key, Bytes::from(text)).await.unwrap();
    }
    let deliveries = restored(&keeper(&store, "vpp1")).await;
    assert_eq!(deliveries.len(), 1);
    let (source, delivery) = &deliveries[0];
    assert_eq!(source.as_ref(), "grpc");
    assert_eq!(delivery.changes.len(), 1);
    let why = |name: &str| {
        let rejected = delivery.rejected.iter();
        let found: Vec<_> = rejected.filter(|rejection| rejection.key.ends_with(name)).collect();
        assert_eq!(found.len(), 1, "{name}");
        found[0].reason.to_string()
    };
    assert_eq!(delivery.rejected.len(), 6);
    assert!(why("cut").contains("EOF"), "{}", why("cut"));
    assert_eq!(why("bare"), "value is missing");
    assert_eq!(why("more"), r#"unknown field "ttl""#);
    assert!(why("field").contains("mtuu"), "{}", why("field"));
    assert!(why("label").starts_with("labels: "), "{}", why("label"));
    let unknown = delivery.rejected.iter().find(|r| r.key.as_str() == "config/no/such/model");
    assert_eq!(unknown.unwrap().reason, RejectReason::UnknownKey);
}

#[tokio::test]
async fn a_write_happens_whole_or_not_at_all_and_the_error_names_the_store() {
    let store = MemoryStore::new();
    let keeper = keeper(&store, "vpp1");
    let grpc = SourceId::from("grpc");
    let changes = vec![interface("loop1"), interface(&"x".repeat(5000))];
    let error = keeper.write(&grpc, changes).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot be kept in memory");
    assert_eq!(restored(&keeper).await.len(), 0);

    store.close().await;
    let error = keeper.write(&grpc, vec![interface("loop1")]).await.unwrap_err();
    assert_eq!(error.source.to_string(), "memory is closed");
    assert!(keeper.restore(&ligato_proto::registry()).await.is_err());
}
