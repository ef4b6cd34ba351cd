//! The records, bounded by count, bytes and age, and questions about the past.

use std::{collections::BTreeMap, ops::Range, sync::Arc, time::SystemTime};

use ligato_kvs_api::{RecordedTxn, TxnSeq};
use ligato_model::Key;

use crate::{config::SchedulerConfig, handle::TimelineEntry, tree::Tree};

/// Records in the order of their numbers. Cloning copies a pointer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Records {
    /// By their numbers, modulo the size of the index: there are never that many.
    by_seq: Tree<Arc<RecordedTxn>>,
    len: usize,
    /// All numbers are in here; there may be gaps.
    numbers: Range<u64>,
}

/// The records and their estimated size.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) records: Records,
    /// Records since this was last emptied, where somebody takes them: a recording, a replay.
    pub(crate) tap: Option<Vec<Arc<RecordedTxn>>>,
    bytes: usize,
}

// === impl Records ===

impl Records {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<RecordedTxn>> {
        self.numbers.clone().filter_map(|seq| self.by_seq.get(seq as u32))
    }

    pub(crate) fn find(&self, seq: TxnSeq) -> Option<Arc<RecordedTxn>> {
        let kept = self.numbers.contains(&seq.0);
        kept.then(|| self.by_seq.get(seq.0 as u32).cloned())?
    }

    fn insert(&mut self, record: Arc<RecordedTxn>) {
        let seq = record.seq.0;
        if self.len == 0 {
            self.numbers = seq..seq;
        }
        // One that stepped aside may end after younger ones.
        self.numbers = self.numbers.start.min(seq)..self.numbers.end.max(seq + 1);
        self.len += usize::from(self.find(record.seq).is_none());
        let mut record = Some(record);
        self.by_seq.set_all(&[seq as u32], |_| record.take());
    }

    fn remove_oldest(&mut self) -> Option<Arc<RecordedTxn>> {
        let oldest = Arc::clone(self.iter().next()?);
        self.by_seq.set_all(&[oldest.seq.0 as u32], |_| None);
        self.numbers.start = oldest.seq.0 + 1;
        self.len -= 1;
        Some(oldest)
    }
}

// === impl History ===

impl History {
    /// Adds a record and drops the oldest ones beyond the limits.
    pub(crate) fn push(&mut self, record: RecordedTxn, limits: &SchedulerConfig) {
        if !limits.record_history {
            return;
        }
        let now = record.stop;
        self.bytes += size_of_record(&record);
        let record = Arc::new(record);
        if let Some(tap) = &mut self.tap {
            tap.push(Arc::clone(&record));
        }
        self.records.insert(record);
        while self.records.len > 1 && self.over(limits, now) {
            if let Some(oldest) = self.records.remove_oldest() {
                self.bytes = self.bytes.saturating_sub(size_of_record(&oldest));
            }
        }
    }

    fn over(&self, limits: &SchedulerConfig, now: SystemTime) -> bool {
        let expired = |oldest: &Arc<RecordedTxn>| {
            now.duration_since(oldest.start).is_ok_and(|age| age > limits.history_age)
        };
        self.records.len > limits.history_count
            || self.bytes > limits.history_bytes
            || self.records.iter().next().is_some_and(expired)
    }
}

/// Bytes that only the record holds; values and keys are shared with the graph for the most part.
fn size_of_record(record: &RecordedTxn) -> usize {
    let op = size_of::<ligato_kvs_api::RecordedOp>();
    let value = size_of::<ligato_kvs_api::RecordedValue>();
    let ops = record.executed.len() + record.planned.as_ref().map_or(0, Vec::len);
    size_of::<RecordedTxn>() + record.values.len() * value + ops * op
}

pub(crate) fn timeline(records: &Records, key: &str) -> Vec<TimelineEntry> {
    let mut entries: Vec<TimelineEntry> = Vec::new();
    for record in records.iter() {
        for op in record.executed.iter().filter(|op| op.key == *key) {
            if let Some(last) = entries.last_mut() {
                last.until = Some(record.stop);
            }
            entries.push(TimelineEntry {
                txn: record.seq,
                since: record.stop,
                until: None,
                op: op.clone(),
            });
        }
    }
    entries
}

pub(crate) fn at(records: &Records, time: SystemTime) -> Vec<TimelineEntry> {
    let mut last: BTreeMap<&Key, TimelineEntry> = BTreeMap::new();
    for record in records.iter().filter(|r| r.stop <= time) {
        for op in &record.executed {
            let entry =
                TimelineEntry { txn: record.seq, since: record.stop, until: None, op: op.clone() };
            last.insert(&op.key, entry);
        }
    }
    last.into_values().collect()
}
