//! Key-value stores: the contract, an in-memory reference store and the conformance suite.
//!
//! * [`Store`] and one trait per capability ([`Read`], [`Write`], [`Transact`],
//!   [`ClientLifetime`], [`TimeToLive`], [`Watch`]) say what a store can do.
//! * [`StoreKey`] and [`Prefix`] compare by whole path segments: `/a` never means `/ab`.
//! * A watch ([`WatchStream`]) is an authoritative snapshot at a revision, then every change after
//!   it, and a new authoritative snapshot after any gap. A consumer applies snapshots and changes
//!   and needs no other code path.
//! * [`MemoryStore`] is the reference; [`conformance`] is the suite every store passes.
//!
//! ```
//! use bytes::Bytes;
//! use ligato_keyval::{MemoryStore, Prefix, StoreKey, Watch, WatchEvent, WatchRequest, Write};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), ligato_keyval::Error> {
//! let store = MemoryStore::new();
//! let key = StoreKey::new("/vnf-agent/vpp1/config/x")?;
//! store.put(&key, Bytes::from_static(b"1")).await?;
//!
//! let mut watch = store.watch(WatchRequest::new([Prefix::new("/vnf-agent/vpp1")]));
//! assert!(matches!(watch.recv().await, Some(WatchEvent::Snapshot(s)) if s.listing.entries.len() == 1));
//! store.delete(&key).await?;
//! assert!(matches!(watch.recv().await, Some(WatchEvent::Changes(c)) if c.changes[0].value.is_none()));
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

pub mod conformance;
mod embedded;
mod entry;
mod error;
mod hub;
mod key;
mod ledger;
mod memory;
mod store;
mod txn;
mod watch;

pub use bytes::Bytes;
pub use embedded::{Embedded, Journal};
pub use entry::{
    Change, Changes, Entry, Listing, Page, PageStart, Revision, Snapshot, SnapshotReason,
    WatchEvent,
};
pub use error::{Cause, Error, KeyFault, Operation};
pub use hub::Hub;
pub use key::{MAX_KEY_LEN, Prefix, StoreKey, outermost};
pub use ledger::{Binding, Ledger, Prepared, Record};
pub use memory::{MemoryStore, NoJournal};
pub use store::{
    Capability, ClientLifetime, Deleted, PageRequest, Read, Store, StoreHandle, StoreState,
    TimeToLive, Transact, Watch, Write,
};
pub use txn::{Branch, Condition, Txn, TxnOp, TxnOutcome};
pub use watch::{Feed, SnapshotSource, WatchRequest, WatchStream};
