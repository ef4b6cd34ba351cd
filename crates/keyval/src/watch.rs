//! The two ends of a watch: [`Feed`] for the store, [`WatchStream`] for the consumer.
//!
//! ```text
//!  store ── push / stall / restart ──▶ bounded queue ──▶ WatchStream::recv ──▶ consumer
//!    ▲                                                        │
//!    └──────────────── takes a snapshot when one is due ──────┘
//! ```
//!
//! The store never waits: what does not fit the queue empties it and makes a snapshot due. The
//! consumer takes the snapshot itself, when it gets round to it, so a slow one costs the store
//! nothing. Changes are collected from before the snapshot is read, and those it already contains
//! are left out by their revision, so nothing is lost or told twice.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::Stream;
use tokio::sync::Notify;

use crate::entry::{Changes, Listing, Revision, Snapshot, SnapshotReason, WatchEvent};
use crate::key::Prefix;

/// What to watch.
#[derive(Debug, Clone)]
pub struct WatchRequest {
    /// Below which paths; a key below several of them is told once.
    pub prefixes: Vec<Prefix>,
    /// How many single changes may wait for the consumer before it gets a snapshot instead.
    pub capacity: usize,
}

/// Where a watch reads its snapshots.
#[async_trait]
pub trait SnapshotSource: Send + Sync {
    /// All entries below `prefixes` at one revision. Waits, for as long as it takes, for a store
    /// that is away; none when the store is closed.
    async fn snapshot(&self, prefixes: &[Prefix]) -> Option<Listing>;
}

/// The store's end. Dropping it ends the stream after what is queued.
#[derive(Debug)]
pub struct Feed(Arc<Shared>);

/// The consumer's end. Dropping it ends the watch.
pub struct WatchStream {
    shared: Arc<Shared>,
    source: Arc<dyn SnapshotSource>,
}

#[derive(Debug)]
struct Shared {
    prefixes: Vec<Prefix>,
    capacity: usize,
    inner: Mutex<Inner>,
    // Something for the consumer.
    ready: Notify,
    // The consumer went away.
    gone: Notify,
}

#[derive(Debug)]
struct Inner {
    queue: VecDeque<Changes>,
    // Single changes in the queue.
    queued: usize,
    phase: Phase,
    // Counts everything that makes a snapshot in progress worthless.
    epoch: u64,
    // Changes up to here were delivered with the last snapshot.
    floor: Revision,
    closed: bool,
    abandoned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    // Changes are not arriving; whether any happen is not known.
    Stalled,
    // A snapshot is due; changes that arrive before the consumer starts reading it are part of it.
    Due(SnapshotReason),
    // The consumer reads a snapshot, changes are collected meanwhile.
    Reading(SnapshotReason),
    // Changes follow each other without gap.
    Live,
}

// === impl WatchRequest ===

impl WatchRequest {
    /// Watches `prefixes` with room for 4,096 changes.
    pub fn new(prefixes: impl IntoIterator<Item = Prefix>) -> Self {
        Self { prefixes: prefixes.into_iter().collect(), capacity: 4096 }
    }

    /// Sets how many changes may wait.
    #[must_use]
    pub fn with_capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity.max(1);
        self
    }

    /// Makes the two ends. A snapshot is due from the beginning: the store must already deliver
    /// every change that happens from now on, or call [`Feed::stall`] first.
    pub fn open(self, source: Arc<dyn SnapshotSource>) -> (Feed, WatchStream) {
        let shared = Arc::new(Shared {
            prefixes: self.prefixes,
            capacity: self.capacity,
            inner: Mutex::new(Inner {
                queue: VecDeque::new(),
                queued: 0,
                phase: Phase::Due(SnapshotReason::Start),
                epoch: 0,
                floor: Revision::default(),
                closed: false,
                abandoned: false,
            }),
            ready: Notify::new(),
            gone: Notify::new(),
        });
        (Feed(shared.clone()), WatchStream { shared, source })
    }
}

// === impl Feed ===

impl Feed {
    /// What is watched.
    pub fn prefixes(&self) -> &[Prefix] {
        &self.0.prefixes
    }

    /// Hands over what changed; keys that are not watched are left out. Never waits.
    pub fn push(&self, changes: &Changes) {
        let wanted: Vec<_> = (changes.changes.iter())
            .filter(|change| self.0.prefixes.iter().any(|prefix| prefix.contains(&change.key)))
            .cloned()
            .collect();
        if wanted.is_empty() {
            return;
        }
        let mut inner = self.0.lock();
        let reason = match inner.phase {
            Phase::Live => SnapshotReason::Lagged,
            Phase::Reading(reason) => reason,
            Phase::Stalled | Phase::Due(_) => return,
        };
        // A single transaction larger than the queue passes when nothing else waits.
        if !inner.queue.is_empty() && inner.queued + wanted.len() > self.0.capacity {
            inner.interrupt(Phase::Due(reason));
        } else {
            inner.queued += wanted.len();
            inner.queue.push_back(Changes { revision: changes.revision, changes: wanted });
        }
        drop(inner);
        self.0.ready.notify_one();
    }

    /// Says that changes may be missed from now on. What was handed over before is still delivered.
    pub fn stall(&self) {
        let mut inner = self.0.lock();
        if inner.phase == Phase::Live {
            inner.phase = Phase::Stalled;
            inner.epoch += 1;
        } else {
            inner.interrupt(Phase::Stalled);
        }
    }

    /// Says that from now on every change is handed over again. A snapshot becomes due.
    pub fn restart(&self, reason: SnapshotReason) {
        self.0.lock().interrupt(Phase::Due(reason));
        self.0.ready.notify_one();
    }

    /// Whether the consumer went away.
    pub fn is_abandoned(&self) -> bool {
        self.0.lock().abandoned
    }

    /// Waits until the consumer went away.
    pub async fn abandoned(&self) {
        loop {
            let gone = self.0.gone.notified();
            if self.is_abandoned() {
                return;
            }
            gone.await;
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.ready.notify_one();
    }
}

// === impl WatchStream ===

impl std::fmt::Debug for WatchStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WatchStream").field("prefixes", &self.shared.prefixes).finish()
    }
}

enum Step {
    Deliver(Changes),
    Read { reason: SnapshotReason, epoch: u64 },
    Wait,
    End,
}

impl WatchStream {
    /// The next event; none when the store was closed. Dropping the future loses nothing.
    pub async fn recv(&mut self) -> Option<WatchEvent> {
        loop {
            let step = self.shared.lock().step();
            match step {
                Step::Deliver(changes) => return Some(WatchEvent::Changes(changes)),
                Step::End => return None,
                Step::Wait => self.shared.ready.notified().await,
                Step::Read { reason, epoch } => {
                    // A snapshot that is overtaken by another gap is not worth waiting for.
                    let listing = self.source.snapshot(&self.shared.prefixes).await?;
                    if self.shared.lock().arrive(epoch, listing.revision) {
                        return Some(WatchEvent::Snapshot(Snapshot { reason, listing }));
                    }
                }
            }
        }
    }

    /// The events as a stream.
    pub fn into_stream(self) -> impl Stream<Item = WatchEvent> + Send {
        futures::stream::unfold(self, |mut watch| async move {
            let event = watch.recv().await?;
            Some((event, watch))
        })
    }
}

impl Drop for WatchStream {
    fn drop(&mut self) {
        self.shared.lock().abandoned = true;
        self.shared.gone.notify_one();
    }
}

// === impl Shared, Inner ===

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No code that can panic runs under the lock; a poisoned one is still consistent.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn interrupt(&mut self, phase: Phase) {
        self.queue.clear();
        self.queued = 0;
        self.epoch += 1;
        self.phase = phase;
    }

    fn step(&mut self) -> Step {
        match self.phase {
            Phase::Live | Phase::Stalled => match self.pop() {
                Some(changes) => Step::Deliver(changes),
                None if self.closed => Step::End,
                None => Step::Wait,
            },
            Phase::Due(_) | Phase::Reading(_) if self.closed => Step::End,
            Phase::Due(reason) | Phase::Reading(reason) => {
                self.interrupt(Phase::Reading(reason));
                Step::Read { reason, epoch: self.epoch }
            }
        }
    }

    fn pop(&mut self) -> Option<Changes> {
        while let Some(changes) = self.queue.pop_front() {
            self.queued -= changes.changes.len();
            if changes.revision > self.floor {
                return Some(changes);
            }
        }
        None
    }

    // Whether the snapshot read since `epoch` is still good.
    fn arrive(&mut self, epoch: u64, revision: Revision) -> bool {
        if self.epoch != epoch {
            return false;
        }
        self.floor = revision;
        self.phase = Phase::Live;
        true
    }
}
