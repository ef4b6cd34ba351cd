//! The watches of a store that lives in this process.

use std::sync::{Arc, Mutex, PoisonError};

use crate::entry::Changes;
use crate::watch::{Feed, SnapshotSource, WatchRequest, WatchStream};

/// All watches of one store. Publishing costs one look per watch and never waits for any.
#[derive(Debug, Default)]
pub struct Hub {
    feeds: Mutex<Vec<Feed>>,
}

impl Hub {
    /// Adds a watch that reads its snapshots from `source`.
    pub fn subscribe(&self, request: WatchRequest, source: Arc<dyn SnapshotSource>) -> WatchStream {
        let (feed, stream) = request.open(source);
        self.lock().push(feed);
        stream
    }

    /// Hands `changes` to every watch. Must be called in the order of revisions, and for a revision
    /// not later than a snapshot of the next one can be read.
    pub fn publish(&self, changes: &Changes) {
        self.lock().retain(|feed| {
            feed.push(changes);
            !feed.is_abandoned()
        });
    }

    /// Ends all watches.
    pub fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Feed>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
