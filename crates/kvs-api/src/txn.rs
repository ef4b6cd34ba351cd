//! What goes into the scheduler from the northbound, and what comes back.

use std::{fmt, sync::Arc, time::Duration};

use ligato_model::{Key, Value};
use serde::{Deserialize, Serialize};

use crate::{OpKind, Statuses, TxnSeq, plan::Revision};

/// Name of a northbound source, e.g. `grpc`, `datasync`.
pub type SourceId = Arc<str>;

/// A set of changes to what is desired, or a request to compare and repair.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// What kind of request it is.
    pub kind: TxnKind,
    /// New desired values; the last one of a key wins.
    pub changes: Vec<ValueChange>,
    /// How to carry it out.
    pub options: TxnOptions,
}

/// One change of what is desired.
#[derive(Debug, Clone)]
pub struct ValueChange {
    /// Which value.
    pub key: Key,
    /// Its new content; `None` wants it gone.
    pub value: Option<Value>,
    /// Whose wish it is; for status and explanations.
    pub source: Option<SourceId>,
}

/// Kinds of requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TxnKind {
    /// The given values change, all others stay as desired.
    #[default]
    Change,
    /// Compare and repair.
    Resync(ResyncKind),
}

/// Kinds of resync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResyncKind {
    /// The given values are all that is desired; read everything back first.
    Full,
    /// The given values are all that is desired; believe what is known of the southbound.
    Upstream,
    /// Desired stays as it is; read back (the scope) and remove the differences.
    Downstream(Scope),
    /// Read back (the scope) and report the differences; change nothing.
    ReadBack(Scope),
}

/// Part of the configuration that a resync looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All of it.
    #[default]
    All,
    /// Values of these descriptors.
    Descriptors(Vec<String>),
    /// Values of one southbound.
    Southbound(String),
    /// Values whose keys start with the prefix.
    Prefix(Key),
    /// These base values.
    Keys(Vec<Key>),
}

/// How a transaction is carried out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TxnOptions {
    /// What happens when an operation fails.
    pub policy: Policy,
    /// Refuse the whole transaction, before anything is sent, if any value of it is invalid.
    pub reject_invalid: bool,
    /// Retry policy of the values set by this transaction; `None`: failures are final.
    pub retry: Option<RetryPolicy>,
    /// Text for the record.
    pub description: Option<String>,
    /// Record the plan too.
    pub simulate: bool,
    /// Read back every touched value afterwards and compare.
    pub verify: bool,
    /// When to give up waiting in the queue, and starting operations: values not tried by then are
    /// FAILED and say so.
    pub deadline: Option<Duration>,
    /// Class in the queue.
    pub priority: TxnPriority,
    /// Carry it out only if the graph is still at this revision (used by `apply(plan)`).
    pub only_at: Option<Revision>,
}

/// What happens when an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Everything that does not depend on the failed value is still done.
    #[default]
    BestEffort,
    /// Nothing new is started after the first failure; what is done stays.
    StopAtFirstFailure,
    /// All of it or nothing: after a failure everything is undone, and the undo is verified.
    AllOrNothing,
}

/// Classes of the queue, most urgent first; first come, first served within a class.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum TxnPriority {
    /// A northbound request.
    #[default]
    Northbound,
    /// Something happened in the southbound.
    Notification,
    /// A planned retry.
    Retry,
    /// Background comparison.
    Audit,
}

/// When and how often failed values are tried again. Belongs to the desired value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Delay before the first retry.
    pub period: Duration,
    /// Attempts before giving up; 0: without end.
    pub max_count: u32,
    /// Double the delay after each attempt, up to `max_delay`.
    pub exponential: bool,
    /// Longest delay.
    pub max_delay: Duration,
}

impl Default for RetryPolicy {
    /// The original's default: after 1 s, 3 attempts, doubling; capped at one minute.
    fn default() -> Self {
        Self {
            period: Duration::from_secs(1),
            max_count: 3,
            exponential: true,
            max_delay: Duration::from_secs(60),
        }
    }
}

/// What a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acknowledgement {
    /// Validated and queued.
    Accepted,
    /// Carried out; the southbound has answered.
    #[default]
    Applied,
    /// Carried out, read back and found equal.
    Verified,
}

/// What became of a transaction.
#[derive(Debug, Clone)]
pub struct TxnReport {
    /// Its number; `None` if it was refused before it got one.
    pub seq: Option<TxnSeq>,
    /// Revision of the graph after it.
    pub revision: Revision,
    /// How it ended.
    pub outcome: TxnOutcome,
    /// Every operation that failed, in order of execution.
    pub errors: Vec<KeyError>,
    /// Status of every base value touched by it, sorted by key.
    pub statuses: Statuses,
}

/// How a transaction ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxnOutcome {
    /// All operations succeeded (values may be pending).
    Done,
    /// Some operations failed; see the errors.
    Partial,
    /// It failed and was undone completely.
    Undone,
    /// It failed, and undoing failed too: these keys differ from before.
    UndoFailed(Vec<Key>),
    /// Nothing was done: invalid values, wrong options, closed, deadline, moved revision.
    Refused(String),
}

/// One failed operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyError {
    /// The value.
    pub key: Key,
    /// What failed; `VALIDATE` for invalid values.
    pub operation: OpKind,
    /// Text of the error.
    pub error: String,
}

impl Transaction {
    /// Changes of the given values.
    pub fn change(changes: Vec<ValueChange>) -> Self {
        Self { kind: TxnKind::Change, changes, options: TxnOptions::default() }
    }

    /// A resync; `values` must be empty for the kinds that leave desired as it is.
    pub fn resync(kind: ResyncKind, values: Vec<ValueChange>) -> Self {
        Self { kind: TxnKind::Resync(kind), changes: values, options: TxnOptions::default() }
    }

    /// The same with other options.
    pub fn with(mut self, options: TxnOptions) -> Self {
        self.options = options;
        self
    }
}

impl ValueChange {
    /// Wants this content.
    pub fn put(key: impl Into<Key>, value: Value) -> Self {
        Self { key: key.into(), value: Some(value), source: None }
    }

    /// Wants it gone.
    pub fn delete(key: impl Into<Key>) -> Self {
        Self { key: key.into(), value: None, source: None }
    }

    /// Says whose wish it is.
    pub fn from_source(mut self, source: SourceId) -> Self {
        self.source = Some(source);
        self
    }
}

impl TxnReport {
    /// Did everything that could be done succeed?
    pub fn is_done(&self) -> bool {
        self.outcome == TxnOutcome::Done
    }

    /// The original's error text: `KeyErrors: [<key> (<OP>): <error>, ...]`; `None` if all is well.
    pub fn error_text(&self) -> Option<String> {
        if let TxnOutcome::Refused(why) = &self.outcome {
            return Some(why.clone());
        }
        if self.errors.is_empty() {
            return None;
        }
        let list: Vec<String> = self.errors.iter().map(ToString::to_string).collect();
        Some(format!("KeyErrors: [{}]", list.join(", ")))
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.key, self.operation, self.error)
    }
}
