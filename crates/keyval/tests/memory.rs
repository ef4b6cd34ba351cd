//! The reference store against the conformance suite, and what is its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use ligato_keyval::conformance::{self, Fixture};
use ligato_keyval::{
    Bytes, ClientLifetime, Error, MemoryStore, Prefix, Read, Store, StoreHandle, StoreKey,
    StoreState, TimeToLive, Watch, WatchEvent, WatchRequest, Write,
};

struct Memory(MemoryStore);

impl Fixture for Memory {
    fn store(&self) -> StoreHandle {
        std::sync::Arc::new(self.0.clone())
    }
}

fn key(text: &str) -> StoreKey {
    StoreKey::new(text).unwrap()
}

#[tokio::test]
async fn conforms() {
    let report = conformance::run(&Memory(MemoryStore::new())).await.unwrap();
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    assert!(report.passed.len() >= 20, "{:?}", report.passed);
}

#[tokio::test]
async fn closing_removes_what_is_bound_and_ends_watches() {
    let store = MemoryStore::new();
    store.put(&key("/a/stays"), Bytes::from_static(b"1")).await.unwrap();
    store.put_for_client(&key("/a/goes"), Bytes::from_static(b"1")).await.unwrap();
    // Written again without binding, it is no longer bound.
    store.put_for_client(&key("/a/freed"), Bytes::from_static(b"1")).await.unwrap();
    store.put(&key("/a/freed"), Bytes::from_static(b"2")).await.unwrap();

    let mut watch = store.watch(WatchRequest::new([Prefix::new("/a")]));
    assert!(matches!(watch.recv().await, Some(WatchEvent::Snapshot(_))));
    store.close().await;
    let Some(WatchEvent::Changes(changes)) = watch.recv().await else { panic!("no changes") };
    let removed: Vec<_> = changes.changes.iter().map(|change| change.key.as_str()).collect();
    assert_eq!(removed, ["/a/goes"]);
    assert_eq!(watch.recv().await, None);

    assert_eq!(*store.state().borrow(), StoreState::Closed);
    assert!(matches!(store.get(&key("/a/stays")).await, Err(Error::Closed { .. })));
    assert_eq!(store.watch(WatchRequest::new([Prefix::root()])).recv().await, None);
    store.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_renewed_entry_outlives_its_first_time() {
    let store = MemoryStore::new();
    let (key, value) = (key("/a"), Bytes::from_static(b"1"));
    store.put_with_ttl(&key, value.clone(), Duration::from_secs(10)).await.unwrap();
    tokio::time::advance(Duration::from_secs(6)).await;
    store.put_with_ttl(&key, value, Duration::from_secs(10)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert!(store.get(&key).await.unwrap().is_some());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(store.get(&key).await.unwrap().is_none());
}
