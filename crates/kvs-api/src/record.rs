//! What was done: the record of a transaction.

use std::{sync::Arc, time::SystemTime};

use ligato_model::{Key, Value};
use serde::{Deserialize, Serialize};

use crate::{OpKind, Origin, Reason, ValueState};

/// Number of a transaction, from 0 without gaps.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TxnSeq(pub u64);

impl std::fmt::Display for TxnSeq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Record of one transaction. Field names of its JSON form are those of the original
/// (rendered by the scheduler's `record` module).
#[derive(Debug, Clone)]
pub struct RecordedTxn {
    /// Its number.
    pub seq: TxnSeq,
    /// `NBTransaction`, `SBNotification`, `RetryFailedOps`, `RetryUnimplOps`.
    pub txn_type: &'static str,
    /// `FullResync`, `UpstreamResync`, `DownstreamResync`, or `NotResync`.
    pub resync_type: &'static str,
    /// Text given by the caller.
    pub description: String,
    /// For retries: the transaction it is for, and the attempt.
    pub retry_for: Option<(TxnSeq, u32)>,
    /// Start and end by the wall clock.
    pub start: SystemTime,
    /// End; equals start while under way.
    pub stop: SystemTime,
    /// Arguments, sorted by key.
    pub values: Vec<RecordedValue>,
    /// The plan, if it was asked for.
    pub planned: Option<Vec<RecordedOp>>,
    /// What was executed, in plan order.
    pub executed: Vec<RecordedOp>,
    /// Values found as wanted by a resync, not listed one by one.
    pub confirmed: u64,
}

/// An argument of a transaction.
#[derive(Debug, Clone)]
pub struct RecordedValue {
    /// Its key.
    pub key: Key,
    /// Its content; `None` for a delete.
    pub value: Option<Value>,
    /// Where it came from.
    pub origin: Origin,
}

/// One operation of a record.
#[derive(Debug, Clone)]
pub struct RecordedOp {
    /// What was done.
    pub op: OpKind,
    /// To which value.
    pub key: Key,
    /// State before and after.
    pub prev_state: ValueState,
    /// State after.
    pub new_state: ValueState,
    /// Content before and after.
    pub prev_value: Option<Value>,
    /// Content after.
    pub new_value: Option<Value>,
    /// Error before and after.
    pub prev_error: Option<Arc<str>>,
    /// Error after.
    pub new_error: Option<Arc<str>>,
    /// Nothing was sent to the southbound.
    pub noop: bool,
    /// The value is derived.
    pub derived: bool,
    /// The value is a property (derived, without descriptor).
    pub property: bool,
    /// Part of undoing a failed transaction.
    pub revert: bool,
    /// Part of a retry.
    pub retry: bool,
    /// One half of a re-creation.
    pub recreate: bool,
    /// Why it was done.
    pub reason: Reason,
}
