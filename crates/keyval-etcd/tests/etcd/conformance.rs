//! The suite, and what is common to no other store.

use std::sync::Arc;

use ligato_keyval::conformance::{self, Fixture};
use ligato_keyval::{Error, Read, Store, StoreHandle, Watch, WatchRequest, Write};
use ligato_keyval_etcd::{EtcdConfig, EtcdStore, Password};

use crate::server::{Server, agent, connected, key, next, short, value};

struct Etcd(EtcdStore);

impl Fixture for Etcd {
    fn store(&self) -> StoreHandle {
        Arc::new(self.0.clone())
    }
}

#[tokio::test]
async fn conforms() {
    let Some(server) = Server::start("conforms") else { return };
    let report = conformance::run(&Etcd(server.store())).await.unwrap();
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    assert!(report.passed.len() >= 20, "{:?}", report.passed);
}

#[tokio::test]
async fn handles_exist_before_the_server() {
    let Some(mut server) = Server::start("handles_exist_before_the_server") else { return };
    server.kill();
    let store = EtcdStore::open(EtcdConfig {
        operation_timeout: std::time::Duration::from_millis(200),
        ..server.config()
    })
    .unwrap();
    let mut watch = store.watch(WatchRequest::new([agent()]));
    let early = store.put(&key("/vnf-agent/vpp1/a"), value("1")).await;
    assert!(matches!(early, Err(Error::NotConnected { .. } | Error::Timeout { .. })), "{early:?}");

    server.restart();
    connected(&store).await;
    assert_eq!(short(&next(&mut watch).await), "Start: ");
    store.put(&key("/vnf-agent/vpp1/a"), value("1")).await.unwrap();
    assert_eq!(short(&next(&mut watch).await), "+a=1");
}

#[tokio::test]
async fn large_values_and_long_lists_arrive() {
    let Some(server) = Server::start("large_values_and_long_lists_arrive") else { return };
    let store = server.store();
    // Together more than gRPC's usual 4 MiB, and more keys than a page has.
    let large = "x".repeat(1 << 20);
    for number in 0..6 {
        let value = large.clone().into_bytes().into();
        store.put(&key(&format!("/vnf-agent/vpp1/large/{number}")), value).await.unwrap();
    }
    for start in (0..2100).step_by(100) {
        let mut txn = ligato_keyval::Txn::new();
        for number in start..start + 100 {
            txn = txn.put(key(&format!("/vnf-agent/vpp1/many/{number:05}")), value("1"));
        }
        ligato_keyval::Transact::transact(&store, txn).await.unwrap();
    }
    let listing = store.snapshot(&[agent()]).await.unwrap();
    assert_eq!(listing.entries.len(), 2106);

    let too_large = store.put(&key("/vnf-agent/vpp1/b"), vec![0; 10 << 20].into()).await;
    assert!(matches!(too_large, Err(Error::TooLarge { .. })), "{too_large:?}");
    store.put(&key("/vnf-agent/vpp1/b"), value("1")).await.unwrap();
}

#[tokio::test]
async fn keys_that_are_no_text_are_left_out() {
    let Some(server) = Server::start("keys_that_are_no_text_are_left_out") else { return };
    server.raw().await.put(&b"/vnf-agent/vpp1/\xff\xfe"[..], "x", None).await.unwrap();
    server.raw().await.put("/vnf-agent/vpp1/ok", &b"\xff\xfe"[..], None).await.unwrap();
    let listing = server.store().snapshot(&[agent()]).await.unwrap();
    let keys: Vec<_> = listing.entries.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys, ["/vnf-agent/vpp1/ok"]);
}

#[tokio::test]
async fn user_and_password_open_a_closed_server() {
    let Some(server) = Server::start("user_and_password_open_a_closed_server") else { return };
    let mut raw = server.raw().await;
    raw.user_add("root", "secret", None).await.unwrap();
    raw.user_grant_role("root", "root").await.unwrap();
    raw.auth_enable().await.unwrap();

    let key = key("/vnf-agent/vpp1/a");
    let stranger = server.store().put(&key, value("1")).await;
    assert!(matches!(stranger, Err(Error::Denied { .. })), "{stranger:?}");
    let config = EtcdConfig {
        username: Some("root".into()),
        password: Some(Password("secret".into())),
        ..server.config()
    };
    let store = EtcdStore::open(config).unwrap();
    store.put(&key, value("1")).await.unwrap();
    let mut watch = store.watch(WatchRequest::new([agent()]));
    assert_eq!(short(&next(&mut watch).await), "Start: a=1");
    store.close().await;
    assert!(matches!(store.get(&key).await, Err(Error::Closed { .. })));
}
