//! A plan: what would be done, in which order, and why. Data, without side effects.

use ligato_model::{Key, Value};
use serde::{Deserialize, Serialize};

use crate::{OpKind, ValueStatus};

/// Counts published states of the graph. Two equal revisions of one scheduler are the same state.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// What a transaction would do against one revision of the graph.
#[derive(Debug, Clone)]
pub struct Plan {
    /// State it was made for. `apply` refuses when the graph has moved on.
    pub revision: Revision,
    /// Steps in an order that respects all edges; ties are broken by key.
    pub steps: Vec<PlanStep>,
    /// Values that will not be available afterwards although wanted: pending, invalid,
    /// unimplemented. Sorted by key.
    pub unsatisfied: Vec<ValueStatus>,
    /// Fingerprint of revision, steps and values: the same hash means the same plan.
    pub hash: u64,
}

/// One operation of a plan.
#[derive(Debug, Clone)]
pub struct PlanStep {
    /// What is done.
    pub op: OpKind,
    /// To which value.
    pub key: Key,
    /// The content before (delete, update).
    pub old: Option<Value>,
    /// The content after (create, update).
    pub new: Option<Value>,
    /// One half of a re-creation?
    pub recreate: bool,
    /// Is the value derived?
    pub derived: bool,
    /// Why it is done.
    pub reason: Reason,
    /// Indexes of steps of the same plan that must have succeeded before this one starts.
    pub after: Vec<u32>,
}

/// Why a step is in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum Reason {
    /// What is desired has changed.
    Requested,
    /// The southbound differs from what is desired (found by a read-back).
    Drift,
    /// It is derived from a value that changed.
    Derived {
        /// The value it comes from.
        from: Key,
    },
    /// A dependency became available.
    Unblocked {
        /// The value that became available.
        by: Key,
    },
    /// A dependency goes away, so this has to go before it.
    Blocked {
        /// The value that goes away.
        by: Key,
    },
    /// A value it depends on is changed or re-created.
    Follows {
        /// That value.
        key: Key,
    },
    /// A failed operation is tried again.
    Retry,
    /// A failed transaction is undone.
    Undo,
    /// NB no longer wants it.
    Unwanted,
}

/// Why a plan was not made or not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The graph is not what it was when the plan was made.
    #[error("the plan was made for revision {planned}, the graph is at {current}")]
    Moved {
        /// Revision of the plan.
        planned: Revision,
        /// Revision now.
        current: Revision,
    },
    /// The request contradicts itself.
    #[error("{0}")]
    BadRequest(String),
    /// The scheduler was closed.
    #[error("scheduler was closed")]
    Closed,
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Requested => f.write_str("requested"),
            Self::Drift => f.write_str("differs in the southbound"),
            Self::Derived { from } => write!(f, "derived from {from}"),
            Self::Unblocked { by } => write!(f, "unblocked by {by}"),
            Self::Blocked { by } => write!(f, "must go before {by}"),
            Self::Follows { key } => write!(f, "follows {key}"),
            Self::Retry => f.write_str("tried again"),
            Self::Undo => f.write_str("undone"),
            Self::Unwanted => f.write_str("no longer wanted"),
        }
    }
}
