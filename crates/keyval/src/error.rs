//! What can go wrong with a store.

use std::fmt;
use std::time::Duration;

use crate::store::Capability;

/// The cause a back-end gave.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An operation on a store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key no store would take.
    #[error("invalid key {key:?}: {fault}")]
    InvalidKey {
        /// The key, shortened to 128 characters.
        key: String,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// The store does not have this capability.
    #[error("{store} cannot {capability}")]
    Unsupported {
        /// Name of the store.
        store: &'static str,
        /// What was asked for.
        capability: Capability,
    },
    /// A transaction that means nothing.
    #[error("invalid transaction: key {key:?} is written twice")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// The store is not reachable now; it is being connected in the background.
    #[error("{store} is not connected")]
    NotConnected {
        /// Name of the store.
        store: &'static str,
    },
    /// No answer in time. Whether a write took place is not known.
    #[error("{store}: no answer to {operation} within {after:?}")]
    Timeout {
        /// Name of the store.
        store: &'static str,
        /// What was being done.
        operation: Operation,
        /// The time allowed.
        after: Duration,
    },
    /// The device or quota behind the store is full. Nothing was written; reading still works.
    #[error("{store}: no space left for {operation}")]
    NoSpace {
        /// Name of the store.
        store: &'static str,
        /// What was being done.
        operation: Operation,
        /// What the back-end said.
        #[source]
        source: Cause,
    },
    /// The request is larger than the store accepts.
    #[error("{store}: request too large for {operation}")]
    TooLarge {
        /// Name of the store.
        store: &'static str,
        /// What was being done.
        operation: Operation,
        /// What the back-end said.
        #[source]
        source: Cause,
    },
    /// The store refused the credentials or the permission.
    #[error("{store} refused {operation}")]
    Denied {
        /// Name of the store.
        store: &'static str,
        /// What was being done.
        operation: Operation,
        /// What the back-end said.
        #[source]
        source: Cause,
    },
    /// Anything else the back-end reports.
    #[error("{store}: {operation} failed")]
    Backend {
        /// Name of the store.
        store: &'static str,
        /// What was being done.
        operation: Operation,
        /// What the back-end said.
        #[source]
        source: Cause,
    },
    /// The store was closed.
    #[error("{store} is closed")]
    Closed {
        /// Name of the store.
        store: &'static str,
    },
}

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFault {
    /// It has no characters.
    Empty,
    /// It has more bytes than allowed.
    TooLong {
        /// The most bytes allowed.
        limit: usize,
    },
    /// It contains a NUL byte.
    Nul,
}

/// What was being done when an error happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Opening the store.
    Open,
    /// Reading one entry.
    Get,
    /// Reading many entries.
    List,
    /// Writing one entry.
    Put,
    /// Removing entries.
    Delete,
    /// A transaction.
    Transaction,
    /// Getting or keeping a lease.
    Lease,
    /// Watching.
    Watch,
}

// === impl Error ===

impl Error {
    /// Whether the same call may succeed later without anything else being changed.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::NotConnected { .. } | Self::Timeout { .. } | Self::NoSpace { .. } => true,
            Self::Backend { .. } => true,
            Self::InvalidKey { .. }
            | Self::Unsupported { .. }
            | Self::DuplicateKey { .. }
            | Self::TooLarge { .. }
            | Self::Denied { .. }
            | Self::Closed { .. } => false,
        }
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong { limit } => write!(f, "it is longer than {limit} bytes"),
            Self::Nul => f.write_str("it contains a NUL byte"),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Get => "get",
            Self::List => "list",
            Self::Put => "put",
            Self::Delete => "delete",
            Self::Transaction => "transaction",
            Self::Lease => "lease",
            Self::Watch => "watch",
        })
    }
}
