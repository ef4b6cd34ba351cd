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
    /// Errors before and after, if there is one of them.
    pub errors: Option<Box<RecordedErrors>>,
    /// Nothing was sent to the southbound.
    pub noop: bool,
    /// What kind of value it was done to.
    pub derivation: Derivation,
    /// Part of undoing a failed transaction.
    pub revert: bool,
    /// Part of a retry.
    pub retry: bool,
    /// One half of a re-creation.
    pub recreate: bool,
    /// Why it was done.
    pub reason: Reason,
}

/// Errors of a value before and after an operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordedErrors {
    /// Before.
    pub prev: Option<Arc<str>>,
    /// After.
    pub new: Option<Arc<str>>,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Derivation {
    /// Somebody wanted it, or it was found.
    #[default]
    Base,
    /// It is derived from another value.
    Derived,
    /// It is derived, and has no descriptor.
    Property,
}

impl RecordedOp {
    /// The error before.
    pub fn prev_error(&self) -> Option<&str> {
        self.errors.as_ref()?.prev.as_deref()
    }

    /// The error after.
    pub fn new_error(&self) -> Option<&str> {
        self.errors.as_ref()?.new.as_deref()
    }

    /// Is the value derived, properties included?
    pub fn is_derived(&self) -> bool {
        self.derivation != Derivation::Base
    }

    /// Is the value a property?
    pub fn is_property(&self) -> bool {
        self.derivation == Derivation::Property
    }
}

impl RecordedErrors {
    /// The errors of a record; nothing if there are none.
    pub fn of(prev: Option<Arc<str>>, new: Option<Arc<str>>) -> Option<Box<Self>> {
        (prev.is_some() || new.is_some()).then(|| Box::new(Self { prev, new }))
    }
}
