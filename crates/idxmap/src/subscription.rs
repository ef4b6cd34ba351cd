//! Following a map: the state first, then every commit in order.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::snapshot::Snapshot;

/// One commit.
#[derive(Debug)]
pub struct Event<V> {
    /// The revision of the map after it.
    pub revision: u64,
    /// The item it concerns.
    pub name: Arc<str>,
    /// What happened.
    pub change: Change<V>,
}

/// What a commit did to one item.
#[derive(Debug)]
pub enum Change<V> {
    /// The name is new.
    Added(Arc<V>),
    /// The data was replaced.
    Updated {
        /// The data before.
        old: Arc<V>,
        /// The data now.
        new: Arc<V>,
    },
    /// The item is gone; this was its data.
    Removed(Arc<V>),
}

/// What a subscriber receives.
#[derive(Clone, Debug)]
pub enum Update<V> {
    /// The whole state. Comes first, and again after the subscriber fell behind: it replaces all that was
    /// received before.
    Snapshot(Snapshot<V>),
    /// The next commit after the last snapshot or event.
    Event(Event<V>),
}

/// A subscription; dropping it ends it.
#[derive(Debug)]
pub struct Subscription<V> {
    current: Arc<ArcSwap<Snapshot<V>>>,
    events: broadcast::Receiver<Event<V>>,
    /// `None` until a snapshot was delivered, and again after a lag.
    seen: Option<u64>,
}

// === impl Event ===

impl<V> Clone for Event<V> {
    fn clone(&self) -> Self {
        Self { revision: self.revision, name: Arc::clone(&self.name), change: self.change.clone() }
    }
}

impl<V> Clone for Change<V> {
    fn clone(&self) -> Self {
        match self {
            Self::Added(data) => Self::Added(Arc::clone(data)),
            Self::Updated { old, new } => {
                Self::Updated { old: Arc::clone(old), new: Arc::clone(new) }
            }
            Self::Removed(data) => Self::Removed(Arc::clone(data)),
        }
    }
}

// === impl Subscription ===

impl<V> Subscription<V> {
    pub(crate) fn new(
        current: Arc<ArcSwap<Snapshot<V>>>,
        events: broadcast::Receiver<Event<V>>,
    ) -> Self {
        Self { current, events, seen: None }
    }

    /// The next update, in commit order; `None` when the map is gone and everything was delivered.
    ///
    /// Cancel-safe: an update is either returned or still to come.
    pub async fn next(&mut self) -> Option<Update<V>> {
        loop {
            let Some(seen) = self.seen else {
                // The event of a commit is sent after its snapshot is published, so every commit that is
                // missing here is still to come in the channel; those already in it are skipped below.
                let snapshot = Snapshot::clone(&self.current.load());
                self.seen = Some(snapshot.revision());
                return Some(Update::Snapshot(snapshot));
            };
            match self.events.recv().await {
                Ok(event) if event.revision <= seen => {}
                Ok(event) => {
                    self.seen = Some(event.revision);
                    return Some(Update::Event(event));
                }
                Err(RecvError::Lagged(_)) => {
                    // What is still queued is older than the snapshot to come.
                    self.events = self.events.resubscribe();
                    self.seen = None;
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
