//! The embedded store: one file, no server.
//!
//! All content is in memory (see [`ligato_keyval::Embedded`]); the file only makes it durable, one
//! commit per transaction. So reading goes on when the device fails, and after a failure the file is
//! opened again and brought to the content in memory before the next write.
//!
//! Entries bound to the life of the client, or to a time, are removed when the file is opened:
//! whoever wrote them is gone.
#![warn(missing_docs)]

mod disk;
mod journal;

pub use journal::{RedbConfig, RedbJournal, RedbStore, open};
