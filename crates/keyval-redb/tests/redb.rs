//! The embedded store: the suite, what survives, and what happens when the disk is full.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;

use ligato_keyval::conformance::{self, Fixture};
use ligato_keyval::{
    Bytes, ClientLifetime, Error, Prefix, Read, Store, StoreHandle, StoreKey, Transact, Txn, Watch,
    WatchEvent, WatchRequest, Write,
};
use ligato_keyval_redb::{RedbConfig, RedbStore, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};

struct Redb(RedbStore);

impl Fixture for Redb {
    fn store(&self) -> StoreHandle {
        Arc::new(self.0.clone())
    }
}

fn key(text: &str) -> StoreKey {
    StoreKey::new(text).unwrap()
}

fn at(folder: &Path) -> RedbStore {
    open(RedbConfig::new(folder.join("store.redb"))).unwrap()
}

async fn content(store: &RedbStore) -> Vec<(String, Bytes)> {
    let listing = store.snapshot(&[Prefix::root()]).await.unwrap();
    listing.entries.into_iter().map(|entry| (entry.key.to_string(), entry.value)).collect()
}

#[tokio::test]
async fn conforms() {
    let folder = tempfile::tempdir().unwrap();
    let report = conformance::run(&Redb(at(folder.path()))).await.unwrap();
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    assert!(report.passed.len() >= 20, "{:?}", report.passed);
}

#[tokio::test]
async fn content_and_revisions_survive_and_bound_entries_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = at(folder.path());
    store.put(&key("/a"), Bytes::from_static(b"1")).await.unwrap();
    let txn = Txn::new().put(key("/b"), "2").put(key("/c"), "3").delete(key("/a"));
    let revision = store.transact(txn).await.unwrap().revision;
    let bound = store.put_for_client(&key("/status"), Bytes::from_static(b"ok")).await.unwrap();
    // Dropped, not closed: as when the process is killed.
    drop(store);

    let store = at(folder.path());
    let expected = [("/b".to_owned(), "2".into()), ("/c".to_owned(), "3".into())];
    assert_eq!(content(&store).await, expected);
    assert_eq!(store.get(&key("/b")).await.unwrap().unwrap().revision, revision);
    assert!(store.put(&key("/d"), Bytes::new()).await.unwrap() > bound);
}

#[tokio::test]
async fn a_file_has_one_owner() {
    let folder = tempfile::tempdir().unwrap();
    let store = at(folder.path());
    let second = open(RedbConfig::new(folder.path().join("store.redb")));
    assert!(matches!(second, Err(Error::Backend { .. })), "{second:?}");
    store.close().await;
    at(folder.path());
}

#[tokio::test]
async fn what_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    std::fs::write(&path, "hello, this is text").unwrap();
    assert!(matches!(open(RedbConfig::new(&path)), Err(Error::Backend { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"hello, this is text");
}

// A file system of its own with very little room, gone at the end.
struct Tiny(tempfile::TempDir);

impl Tiny {
    fn mount(bytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={bytes}");
        let mounted =
            mount(Some("tmpfs"), folder.path(), Some("tmpfs"), MsFlags::empty(), Some(&*size));
        mounted.is_ok().then_some(Self(folder))
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = umount2(self.0.path(), MntFlags::MNT_DETACH);
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_the_store_stays_readable() {
    let Some(disk) = Tiny::mount(4 << 20) else {
        println!("skipped: a file system cannot be mounted here (needs root)");
        return;
    };
    let store = at(disk.0.path());
    store.put(&key("/first"), Bytes::from_static(b"1")).await.unwrap();
    let mut watch = store.watch(WatchRequest::new([Prefix::root()]));
    assert!(matches!(watch.recv().await, Some(WatchEvent::Snapshot(_))));

    let value = Bytes::from(vec![7; 200_000]);
    let (mut written, mut full) = (0, None);
    while full.is_none() {
        match store.put(&key(&format!("/fill/{written}")), value.clone()).await {
            Ok(_) => written += 1,
            Err(error) => full = Some(error),
        }
    }
    assert!(matches!(full, Some(Error::NoSpace { .. })), "{full:?}");
    // Readable, and exactly what was acknowledged.
    let before = content(&store).await;
    assert_eq!(before.len(), written + 1);
    for _ in 0..written {
        let Some(WatchEvent::Changes(_)) = watch.recv().await else {
            panic!("a change is missing")
        };
    }
    // Still full, still said, still readable.
    let again = store.put(&key("/again"), value.clone()).await;
    assert!(matches!(again, Err(Error::NoSpace { .. })), "{again:?}");
    assert_eq!(content(&store).await, before);

    // With room again, writing goes on.
    let more = "size=64m";
    let target = disk.0.path();
    mount(None::<&str>, target, None::<&str>, MsFlags::MS_REMOUNT, Some(more)).unwrap();
    store.put(&key("/again"), value).await.unwrap();
    let after = content(&store).await;
    assert_eq!(after.len(), before.len() + 1);
    drop((store, watch));
    assert_eq!(content(&at(target)).await, after);
}
