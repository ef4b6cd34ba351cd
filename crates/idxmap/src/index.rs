//! Secondary indexes: what a map computes from each item so that it can be found by more than its name.

use std::sync::Arc;

/// The name of a secondary index, such as `sw-if-index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Index(&'static str);

impl Index {
    /// Names an index.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name, as shown in dumps.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// Collects the secondary keys of one item. An item may have several values in one index.
#[derive(Debug, Default)]
pub struct IndexSink {
    entries: Vec<(Index, Arc<str>)>,
}

impl IndexSink {
    /// Makes the item findable under `value` in `index`.
    pub fn add(&mut self, index: Index, value: impl Into<Arc<str>>) {
        self.entries.push((index, value.into()));
    }

    pub(crate) fn into_entries(mut self) -> Box<[(Index, Arc<str>)]> {
        self.entries.sort_unstable();
        self.entries.dedup();
        self.entries.into_boxed_slice()
    }
}
