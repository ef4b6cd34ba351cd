//! What was done, and why: records of transactions, as data, JSON and text.

pub(crate) mod history;
mod json;
mod text;
mod value;

use std::{sync::Arc, time::SystemTime};

use ligato_kvs_api::{RecordedOp, RecordedTxn, RecordedValue, TxnSeq, ValueState};
use ligato_model::Value;

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
    /// Operations with their place: round of planning and step; dropped ones leave a hole.
    executed: Vec<Option<((u32, u32), RecordedOp)>>,
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
        }
    }

    /// Adds an operation; gives its place for [`drop_op`](Self::drop_op).
    pub(crate) fn push(&mut self, round: u32, step: u32, op: RecordedOp) -> u32 {
        self.executed.push(Some(((round, step), op)));
        (self.executed.len() - 1) as u32
    }

    /// Takes an operation out that a later one of the same value stands for.
    pub(crate) fn drop_op(&mut self, at: u32) {
        if let Some(place) = self.executed.get_mut(at as usize) {
            *place = None;
        }
    }

    pub(crate) fn ops(&self) -> impl Iterator<Item = &RecordedOp> {
        self.executed.iter().flatten().map(|(_, op)| op)
    }

    /// Keys of base values with an operation that had an effect.
    pub(crate) fn effective_keys(&self) -> rustc_hash::FxHashSet<ligato_model::Key> {
        self.ops().filter(|op| !op.noop && !op.derived).map(|op| op.key.clone()).collect()
    }

    /// Operations without effect that left their value pending for the first time.
    pub(crate) fn pending_noops(&self) -> impl Iterator<Item = (u32, &RecordedOp)> {
        (0..).zip(&self.executed).filter_map(|(at, entry)| {
            let (_, op) = entry.as_ref()?;
            let first = op.noop
                && op.new_state == ValueState::Pending
                && op.prev_state == ValueState::Nonexistent;
            first.then_some((at, op))
        })
    }

    /// `blank`: there is nothing in the graph either, so that there was nothing to plan.
    pub(crate) fn finish(
        self,
        stop: SystemTime,
        config: &SchedulerConfig,
        blank: bool,
    ) -> RecordedTxn {
        let mut executed: Vec<((u32, u32), RecordedOp)> = if config.record_history {
            self.executed.into_iter().flatten().collect()
        } else {
            Vec::new()
        };
        if !executed.is_sorted_by_key(|(place, _)| *place) {
            executed.sort_by_key(|(place, _)| *place);
        }
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
            executed: executed.into_iter().map(|(_, op)| op).collect(),
            confirmed: self.confirmed,
        }
    }
}

/// A step of a plan in the form of a record.
pub(crate) fn planned_op(
    step: &Step,
    node: &Node,
    property: bool,
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
        prev_error: before.error,
        new_error: after.error,
        noop: false,
        derived: node.parent.is_some(),
        property,
        revert: false,
        retry,
        recreate: step.recreate,
        reason: step.reason.clone(),
    }
}
