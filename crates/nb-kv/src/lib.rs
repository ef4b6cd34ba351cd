//! Key-value stores as a northbound source, as a place where status is published, and as the memory of APIs.
//!
//! ```text
//!  store ──watch──▶ KvSource ──decode──▶ orchestrator      (snapshot: resync, changes: push)
//!  store ◀─writes── Publisher ◀── statuses of values, health of the agent
//! ```
//!
//! * [`KvSource`] follows what is below `/vnf-agent/<label>/config/`. A snapshot and changes go the
//!   same way; whatever cannot be read is reported with its key and leaves everything else alone.
//! * [`Publisher`] writes what others tell it, the latest only, and never holds them up.
//!   [`publish_statuses`] and [`publish_health`] feed it.
//! * [`KvKeeper`] keeps below `/vnf-agent/<label>/kept/` what sources want that nobody says again.

mod decode;
mod expand;
mod health;
mod keep;
mod publisher;
mod source;
mod status;

pub use expand::expand;
pub use health::publish_health;
pub use keep::KvKeeper;
pub use publisher::{Lifetime, Publisher};
pub use source::{EnvExpansion, KvSource};
pub use status::{publish_statuses, status_key};

/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store cannot do what is needed.
    #[error("the store is not fit for this")]
    Store(#[source] ligato_keyval::Error),
    /// The store was closed.
    #[error("the store was closed")]
    StoreClosed,
    /// The orchestrator has ended.
    #[error("nobody takes the configuration any more")]
    Orchestrator(#[source] ligato_orchestrator::Closed),
    /// The stream of statuses ended.
    #[error("nobody tells the statuses any more")]
    StatusesEnded,
}
