//! Status streams: a snapshot, then ordered deltas, and an honest word when some were lost.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, Weak},
};

use ligato_kvs_api::{BaseValueStatus, Revision, TxnSeq};
use tokio::sync::Notify;

use crate::{catalog::Catalog, handle::Reader, snapshot::StatusFilter};

/// One item of a [`Subscription`].
#[derive(Debug, Clone)]
pub enum StatusEvent {
    /// All statuses that pass the filter, at a revision. The first item, and again after a loss.
    Snapshot(Revision, Vec<BaseValueStatus>),
    /// What changed by one transaction.
    Delta {
        /// State of the graph after it.
        revision: Revision,
        /// The transaction.
        txn: TxnSeq,
        /// Changed statuses, sorted by key. A removed value is NONEXISTENT or REMOVED.
        statuses: Vec<BaseValueStatus>,
    },
    /// The reader was too slow: so many deltas were dropped. A snapshot follows.
    Lost {
        /// How many.
        deltas: u64,
    },
}

/// A stream of statuses. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    queue: Arc<Queue>,
    reader: Reader,
    filter: StatusFilter,
    /// Deltas up to this revision are contained in the snapshot given out last.
    seen: Option<Revision>,
}

/// What the owner and one subscriber share. Locked for moments only, by pushes and pops.
#[derive(Debug)]
pub(crate) struct Queue {
    state: std::sync::Mutex<Pending>,
    wake: Notify,
    capacity: usize,
}

/// All subscribers. A new one is in the list before it takes its first snapshot, and a state is
/// published before its delta is told: so nothing falls between the two.
#[derive(Debug, Default)]
pub(crate) struct Subscribers(std::sync::Mutex<Vec<Weak<Queue>>>);

#[derive(Debug, Default)]
struct Pending {
    deltas: VecDeque<Delta>,
    lost: u64,
    closed: bool,
}

/// What the owner hands out; shared by all subscribers. It does not keep the state it led to: that
/// of a slow subscriber would be kept for long.
#[derive(Debug, Clone)]
pub(crate) struct Delta {
    pub(crate) txn: TxnSeq,
    pub(crate) revision: Revision,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) statuses: Arc<[BaseValueStatus]>,
}

// === impl Subscribers ===

impl Subscribers {
    pub(crate) fn add(&self, queue: &Arc<Queue>) {
        self.lock().push(Arc::downgrade(queue));
    }

    /// Is there one who would take a delta? Those who lost some begin with a snapshot again.
    pub(crate) fn follow(&self) -> bool {
        self.lock().iter().any(|queue| queue.upgrade().is_some_and(|queue| queue.lock().lost == 0))
    }

    pub(crate) fn tell(&self, delta: &Delta) {
        self.each(|queue| queue.push(delta.clone()));
    }

    /// Who came too late for a delta to be made takes a new snapshot.
    pub(crate) fn refresh(&self) {
        self.each(|queue| queue.lose(1));
    }

    pub(crate) fn close(&self) {
        self.each(Queue::close);
    }

    fn each(&self, tell: impl Fn(&Queue)) {
        self.lock().retain(|queue| match queue.upgrade() {
            Some(queue) => {
                tell(&queue);
                true
            }
            None => false,
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Queue>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Queue ===

impl Queue {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { state: std::sync::Mutex::default(), wake: Notify::new(), capacity }
    }

    pub(crate) fn push(&self, delta: Delta) {
        let mut state = self.lock();
        if state.deltas.len() >= self.capacity {
            state.lost += state.deltas.len() as u64;
            state.deltas.clear();
            state.lost += 1;
        } else if state.lost > 0 {
            state.lost += 1;
        } else {
            state.deltas.push_back(delta);
        }
        drop(state);
        self.wake.notify_one();
    }

    fn lose(&self, deltas: u64) {
        self.lock().lost += deltas;
        self.wake.notify_one();
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pending> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Subscription ===

impl Subscription {
    pub(crate) fn new(queue: Arc<Queue>, reader: Reader, filter: StatusFilter) -> Self {
        Self { queue, reader, filter, seen: None }
    }

    /// The next item; `None` when the scheduler was closed and everything was read.
    pub async fn next(&mut self) -> Option<StatusEvent> {
        loop {
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            if self.queue.lock().closed {
                return None;
            }
            self.queue.wake.notified().await;
        }
    }

    /// The next item, if there is one already.
    pub fn try_next(&mut self) -> Option<StatusEvent> {
        let Some(seen) = self.seen else {
            let snapshot = self.reader.snapshot();
            self.seen = Some(snapshot.revision());
            return Some(StatusEvent::Snapshot(
                snapshot.revision(),
                snapshot.statuses(&self.filter),
            ));
        };
        loop {
            let mut state = self.queue.lock();
            if state.lost > 0 {
                let deltas = std::mem::take(&mut state.lost);
                self.seen = None;
                return Some(StatusEvent::Lost { deltas });
            }
            let delta = state.deltas.pop_front()?;
            drop(state);
            let revision = delta.revision;
            if revision <= seen {
                continue;
            }
            let statuses: Vec<BaseValueStatus> =
                delta.statuses.iter().filter(|s| self.passes(&delta.catalog, s)).cloned().collect();
            if !statuses.is_empty() {
                return Some(StatusEvent::Delta { revision, txn: delta.txn, statuses });
            }
        }
    }

    fn passes(&self, catalog: &Catalog, status: &BaseValueStatus) -> bool {
        let key = &status.value.key;
        match &self.filter {
            StatusFilter::All => true,
            StatusFilter::Prefix(prefix) => key.starts_with(prefix.as_str()),
            StatusFilter::Keys(keys) => keys.contains(key),
            StatusFilter::Descriptor(name) => catalog.owner(key) == catalog.by_name(name),
        }
    }
}
