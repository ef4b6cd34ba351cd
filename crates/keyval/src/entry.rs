//! What stores hold and what watches deliver.

use std::fmt;

use bytes::Bytes;

use crate::key::StoreKey;

/// A point in the history of one store. Every transaction that changes something has a higher one
/// than all before. Revisions of different stores cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: StoreKey,
    /// The value, as bytes; stores give them no meaning.
    pub value: Bytes,
    /// When the value was last written.
    pub revision: Revision,
}

/// All entries of some prefixes as they were at one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The revision; every later change has a higher one.
    pub revision: Revision,
    /// The entries, ordered by key, each once.
    pub entries: Vec<Entry>,
}

/// One part of a long list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The revision this page was read at. Two pages with different revisions may not fit
    /// together; [`crate::Read::snapshot`] reads all at one revision.
    pub revision: Revision,
    /// The entries, ordered by key.
    pub entries: Vec<Entry>,
    /// Where the next page starts; none when this is the last.
    pub next: Option<PageStart>,
}

/// Where a page starts: after this key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageStart(pub StoreKey);

/// A new value for a key, or its removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: StoreKey,
    /// The value now; none when the key was removed.
    pub value: Option<Bytes>,
    /// The value before, where the store knows it.
    pub previous: Option<Bytes>,
}

/// What one transaction changed. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The revision of the transaction.
    pub revision: Revision,
    /// What changed, each key once.
    pub changes: Vec<Change>,
}

/// What a watch delivers. The first event is always a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// All there is now. It replaces everything delivered before; a key that is not in it does
    /// not exist.
    Snapshot(Snapshot),
    /// What changed after the last event. Nothing lies in between.
    Changes(Changes),
}

/// An authoritative snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Why it was taken.
    pub reason: SnapshotReason,
    /// The content.
    pub listing: Listing,
}

/// Why a snapshot was taken. For logs and figures: the meaning of a snapshot never depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotReason {
    /// The watch began.
    Start,
    /// The store was away; what happened meanwhile is not known in detail.
    Disconnected,
    /// The store has thrown away the history that was needed.
    Compacted,
    /// The consumer was slower than its queue allows.
    Lagged,
}

// === impl ===

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Revision {
    /// The revision after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl WatchEvent {
    /// The revision the receiver is at after this event.
    pub fn revision(&self) -> Revision {
        match self {
            Self::Snapshot(snapshot) => snapshot.listing.revision,
            Self::Changes(changes) => changes.revision,
        }
    }
}
