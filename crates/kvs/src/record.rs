//! What was done, and why: records of transactions, as data, JSON and text.

pub(crate) mod history;
mod json;
mod places;
mod text;
mod value;

use std::{sync::Arc, time::SystemTime};

use ligato_kvs_api::{
    Reason, RecordedErrors, RecordedOp, RecordedTxn, RecordedValue, TxnSeq, ValueState,
};
use ligato_model::Value;

pub(crate) use self::places::NO_STEP;
use self::places::Places;
pub use self::{
    json::to_json,
    text::{Detail, list_to_text, to_text},
};
use crate::{config::SchedulerConfig, node::Node, plan::Step};

/// What a value shows before or after an operation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) state: ValueState,
    pub(crate) value: Option<Value>,
    pub(crate) error: Option<Arc<str>>,
}

/// A record in the making.
#[derive(Debug)]
pub(crate) struct Draft {
    seq: TxnSeq,
    txn_type: &'static str,
    start: SystemTime,
    pub(crate) resync_type: &'static str,
    pub(crate) description: String,
    pub(crate) retry_for: Option<(TxnSeq, u32)>,
    pub(crate) values: Vec<RecordedValue>,
    pub(crate) planned: Option<Vec<RecordedOp>>,
    pub(crate) confirmed: u64,
    executed: Vec<RecordedOp>,
    /// Where each operation belongs.
    places: Places,
    /// Operations that a later one of the same value stands for.
    dropped: rustc_hash::FxHashSet<u32>,
}

// === impl Draft ===

impl Default for Draft {
    fn default() -> Self {
        Self::new(TxnSeq::default(), "", SystemTime::UNIX_EPOCH)
    }
}

impl Draft {
    pub(crate) fn new(seq: TxnSeq, txn_type: &'static str, start: SystemTime) -> Self {
        Self {
            seq,
            txn_type,
            start,
            resync_type: "NotResync",
            description: String::new(),
            retry_for: None,
            values: Vec::new(),
            planned: None,
            confirmed: 0,
            executed: Vec::new(),
            places: Places::default(),
            dropped: rustc_hash::FxHashSet::default(),
        }
    }

    /// Makes room for so many more operations.
    pub(crate) fn reserve(&mut self, operations: usize) {
        self.executed.reserve_exact(operations);
    }

    /// Adds an operation; gives its place for [`drop_op`](Self::drop_op).
    pub(crate) fn push(&mut self, round: u32, step: u32, op: RecordedOp) -> u32 {
        self.executed.push(op);
        self.places.push(round, step);
        (self.executed.len() - 1) as u32
    }

    /// Takes an operation out that a later one of the same value stands for.
    pub(crate) fn drop_op(&mut self, at: u32) {
        self.dropped.insert(at);
    }

    pub(crate) fn ops(&self) -> impl Iterator<Item = &RecordedOp> {
        self.numbered().map(|(_, op)| op)
    }

    fn numbered(&self) -> impl Iterator<Item = (u32, &RecordedOp)> {
        (0..).zip(&self.executed).filter(|(at, _)| !self.dropped.contains(at))
    }

    /// Operations without effect that left their value pending.
    pub(crate) fn noops(&self) -> impl Iterator<Item = (u32, &RecordedOp)> {
        self.numbered().filter(|(_, op)| op.noop && op.new_state != ValueState::Removed)
    }

    /// `blank`: there is nothing in the graph either, so that there was nothing to plan.
    pub(crate) fn finish(
        self,
        stop: SystemTime,
        config: &SchedulerConfig,
        blank: bool,
    ) -> RecordedTxn {
        let executed = if !config.record_history {
            Vec::new()
        } else if self.dropped.is_empty() && self.places.iter().is_sorted() {
            self.executed
        } else {
            let mut kept: Vec<((u32, u32), RecordedOp)> = (0..)
                .zip(self.places.iter().zip(self.executed))
                .filter(|(at, _)| !self.dropped.contains(at))
                .map(|(_, entry)| entry)
                .collect();
            kept.sort_by_key(|(place, _)| *place);
            kept.into_iter().map(|(_, op)| op).collect()
        };
        // The values of a complete statement come first, then what it does not list.
        let mut values = self.values;
        if !values.is_sorted_by(|a, b| a.key <= b.key) {
            values.sort_by(|a, b| a.key.cmp(&b.key));
        }
        let nothing = blank && executed.is_empty() && self.resync_type != "NotResync";
        RecordedTxn {
            seq: self.seq,
            txn_type: self.txn_type,
            resync_type: self.resync_type,
            description: self.description,
            retry_for: self.retry_for,
            start: self.start,
            stop,
            values,
            planned: self.planned.filter(|ops| !(nothing && ops.is_empty())),
            executed,
            confirmed: self.confirmed,
        }
    }
}

/// A step of a plan in the form of a record.
pub(crate) fn planned_op(
    step: &Step,
    reason: Reason,
    node: &Node,
    before: Outcome,
    after: Outcome,
    retry: bool,
) -> RecordedOp {
    RecordedOp {
        op: step.op,
        key: node.key.clone(),
        prev_state: before.state,
        new_state: after.state,
        prev_value: before.value.filter(|_| before.state != ValueState::Removed),
        new_value: after.value,
        errors: RecordedErrors::of(before.error, after.error),
        noop: false,
        derivation: node.derivation(),
        revert: false,
        retry,
        recreate: step.recreate,
        reason,
    }
}
