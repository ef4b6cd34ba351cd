//! The queue between store and consumer, step by step.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::FutureExt;
use ligato_keyval::{
    Bytes, Change, Changes, Feed, Listing, Prefix, Revision, SnapshotReason, SnapshotSource,
    StoreKey, WatchEvent, WatchRequest, WatchStream,
};

// Serves prepared listings; without one it waits for ever.
#[derive(Default)]
struct Source(Mutex<VecDeque<Listing>>);

#[async_trait]
impl SnapshotSource for Source {
    async fn snapshot(&self, _: &[Prefix]) -> Option<Listing> {
        let next = self.0.lock().unwrap().pop_front();
        match next {
            Some(listing) => Some(listing),
            None => futures::future::pending().await,
        }
    }
}

struct Rig {
    source: Arc<Source>,
    feed: Feed,
    stream: WatchStream,
}

fn rig(capacity: usize) -> Rig {
    let source = Arc::new(Source::default());
    let request = WatchRequest::new([Prefix::new("/a")]).with_capacity(capacity);
    let (feed, stream) = request.open(source.clone());
    Rig { source, feed, stream }
}

impl Rig {
    fn listing(&self, revision: u64) {
        let listing = Listing { revision: Revision(revision), entries: Vec::new() };
        self.source.0.lock().unwrap().push_back(listing);
    }

    fn push(&self, revision: u64) {
        let key = StoreKey::new("/a/x").unwrap();
        let change = Change { key, value: Some(Bytes::new()), previous: None };
        self.feed.push(&Changes { revision: Revision(revision), changes: vec![change] });
    }

    // What is there without waiting, in short form.
    fn now(&mut self) -> String {
        match self.stream.recv().now_or_never() {
            None => "-".into(),
            Some(None) => "end".into(),
            Some(Some(WatchEvent::Snapshot(snapshot))) => {
                format!("{:?} {}", snapshot.reason, snapshot.listing.revision)
            }
            Some(Some(WatchEvent::Changes(changes))) => format!("change {}", changes.revision),
        }
    }
}

#[test]
fn changes_of_the_snapshot_are_not_told_again() {
    let mut rig = rig(8);
    assert_eq!(rig.now(), "-");
    // Arrived while the snapshot was being read.
    rig.push(4);
    rig.push(5);
    rig.push(6);
    // Waiting anew discards what was collected: the next reading is later than all of it.
    rig.listing(6);
    assert_eq!(rig.now(), "Start 6");
    rig.push(6);
    rig.push(7);
    assert_eq!(rig.now(), "change 7");
    assert_eq!(rig.now(), "-");
}

#[test]
fn overflow_leads_to_one_snapshot() {
    let mut rig = rig(2);
    rig.listing(1);
    assert_eq!(rig.now(), "Start 1");
    for revision in 2..=9 {
        rig.push(revision);
    }
    rig.listing(9);
    assert_eq!(rig.now(), "Lagged 9");
    rig.push(10);
    assert_eq!(rig.now(), "change 10");
}

#[test]
fn a_gap_delivers_what_is_known_then_waits_then_a_snapshot() {
    let mut rig = rig(8);
    rig.listing(1);
    assert_eq!(rig.now(), "Start 1");
    rig.push(2);
    rig.feed.stall();
    rig.push(3);
    assert_eq!(rig.now(), "change 2");
    rig.listing(9);
    assert_eq!(rig.now(), "-");
    rig.feed.restart(SnapshotReason::Disconnected);
    assert_eq!(rig.now(), "Disconnected 9");
}

#[test]
fn a_store_that_went_back_in_time_is_believed() {
    let mut rig = rig(8);
    rig.listing(100);
    assert_eq!(rig.now(), "Start 100");
    rig.feed.stall();
    rig.feed.restart(SnapshotReason::Disconnected);
    rig.listing(3);
    assert_eq!(rig.now(), "Disconnected 3");
    rig.push(4);
    assert_eq!(rig.now(), "change 4");
}

#[test]
fn either_end_ends_the_watch() {
    let mut first = rig(8);
    first.listing(1);
    assert_eq!(first.now(), "Start 1");
    first.push(2);
    let Rig { feed, stream, source } = first;
    drop(feed);
    let mut first = Rig { feed: rig(1).feed, stream, source };
    assert_eq!(first.now(), "change 2");
    assert_eq!(first.now(), "end");

    let second = rig(8);
    assert!(!second.feed.is_abandoned());
    assert!(second.feed.abandoned().now_or_never().is_none());
    drop(second.stream);
    assert!(second.feed.is_abandoned());
    assert!(second.feed.abandoned().now_or_never().is_some());
}
