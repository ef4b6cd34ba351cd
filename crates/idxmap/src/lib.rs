//! Name-to-data maps with secondary indexes and snapshot-then-events subscriptions.
//!
//! One owner writes an [`IdxMap`]; any number of [`IdxReader`]s look names up, walk a secondary index
//! or subscribe. A reader works on an immutable [`Snapshot`] and so never holds up the owner, and the
//! owner never waits for a reader.
//!
//! ```
//! use ligato_idxmap::{IdxMap, Index};
//!
//! const BY_INDEX: Index = Index::new("sw-if-index");
//! let interfaces = IdxMap::new("interfaces", |_name, index: &u32, sink| {
//!     sink.add(BY_INDEX, index.to_string());
//! });
//! interfaces.put("memif1", 7);
//! let now = interfaces.snapshot();
//! assert_eq!(now.by_index(BY_INDEX, "7").map(|item| item.name).collect::<Vec<_>>(), ["memif1"]);
//! ```

mod index;
mod map;
mod snapshot;
mod subscription;

#[cfg(test)]
mod tests;

pub use index::{Index, IndexSink};
pub use map::{IdxMap, IdxReader};
pub use snapshot::{Item, Snapshot};
pub use subscription::{Change, Event, Subscription, Update};
