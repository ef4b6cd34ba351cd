//! The ring of records, bounded by count, bytes and age, and questions about the past.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use ligato_kvs_api::{RecordedTxn, TxnSeq};
use ligato_model::Key;

use crate::{config::SchedulerConfig, handle::TimelineEntry};

/// The records and their estimated size.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) records: imbl::Vector<Arc<RecordedTxn>>,
    /// Records since this was last emptied, where somebody takes them: a recording, a replay.
    pub(crate) tap: Option<Vec<Arc<RecordedTxn>>>,
    bytes: usize,
}

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
        // One that stepped aside may end after younger ones; records are in the order of numbers.
        let younger = self.records.iter().rev().take_while(|r| r.seq > record.seq).count();
        self.records.insert(self.records.len() - younger, record);
        while self.records.len() > 1 && self.over(limits, now) {
            if let Some(oldest) = self.records.pop_front() {
                self.bytes = self.bytes.saturating_sub(size_of_record(&oldest));
            }
        }
    }

    fn over(&self, limits: &SchedulerConfig, now: SystemTime) -> bool {
        let expired = |oldest: &Arc<RecordedTxn>| {
            now.duration_since(oldest.start).is_ok_and(|age| age > limits.history_age)
        };
        self.records.len() > limits.history_count
            || self.bytes > limits.history_bytes
            || self.records.front().is_some_and(expired)
    }
}

/// Bytes that only the record holds; values and keys are shared with the graph for the most part.
fn size_of_record(record: &RecordedTxn) -> usize {
    let op = size_of::<ligato_kvs_api::RecordedOp>();
    let value = size_of::<ligato_kvs_api::RecordedValue>();
    let ops = record.executed.len() + record.planned.as_ref().map_or(0, Vec::len);
    size_of::<RecordedTxn>() + record.values.len() * value + ops * op
}

pub(crate) fn find(
    records: &imbl::Vector<Arc<RecordedTxn>>,
    seq: TxnSeq,
) -> Option<Arc<RecordedTxn>> {
    let at = records.binary_search_by(|r| r.seq.cmp(&seq)).ok()?;
    records.get(at).cloned()
}

pub(crate) fn timeline(records: &imbl::Vector<Arc<RecordedTxn>>, key: &str) -> Vec<TimelineEntry> {
    let mut entries: Vec<TimelineEntry> = Vec::new();
    for record in records {
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

pub(crate) fn at(records: &imbl::Vector<Arc<RecordedTxn>>, time: SystemTime) -> Vec<TimelineEntry> {
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
