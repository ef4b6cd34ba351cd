//! Counters of one scheduler. Written by the owner, read by anybody, without locks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use ligato_kvs_api::OpKind;
use serde::Serialize;

/// Upper bounds of the latency classes in microseconds; the last class has none.
pub const BOUNDS_US: [u64; 15] = [
    10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 1_000_000,
    10_000_000,
];
const CLASSES: usize = BOUNDS_US.len() + 1;

/// Counters at one moment.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Stats {
    /// Transactions finished, all kinds.
    pub transactions: u64,
    /// Transactions refused.
    pub refused: u64,
    /// Transactions in which something failed.
    pub with_errors: u64,
    /// Transactions waiting now.
    pub queue_length: u64,
    /// Notifications merged into a later one of the same key before they were looked at.
    pub coalesced: u64,
    /// Time from submission to start of processing.
    pub queue_wait: Latency,
    /// Time from start of processing to the answer.
    pub processing: Latency,
    /// Time spent planning.
    pub planning: Latency,
    /// Operations per descriptor.
    pub descriptors: Vec<DescriptorStats>,
}

/// Operations of one descriptor.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DescriptorStats {
    /// Its name.
    pub descriptor: String,
    /// Creates.
    pub create: Latency,
    /// Updates.
    pub update: Latency,
    /// Deletes.
    pub delete: Latency,
    /// Read-backs.
    pub retrieve: Latency,
    /// Operations that failed.
    pub failures: u64,
}

/// How often and how long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// How often.
    pub count: u64,
    /// Sum in microseconds.
    pub total_us: u64,
    /// Longest in microseconds.
    pub max_us: u64,
    /// How often per class of [`BOUNDS_US`].
    pub classes: [u64; CLASSES],
}

#[derive(Debug, Default)]
pub(crate) struct LatencyCell {
    count: AtomicU64,
    total_us: AtomicU64,
    max_us: AtomicU64,
    classes: [AtomicU64; CLASSES],
}

#[derive(Debug, Default)]
pub(crate) struct DescriptorCell {
    name: String,
    create: LatencyCell,
    update: LatencyCell,
    delete: LatencyCell,
    pub(crate) retrieve: LatencyCell,
    pub(crate) failures: AtomicU64,
}

/// The living counters.
#[derive(Debug, Default)]
pub(crate) struct StatsCells {
    pub(crate) transactions: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) with_errors: AtomicU64,
    pub(crate) queue_length: AtomicU64,
    pub(crate) coalesced: AtomicU64,
    pub(crate) queue_wait: LatencyCell,
    pub(crate) processing: LatencyCell,
    pub(crate) planning: LatencyCell,
    descriptors: ArcSwap<Vec<Arc<DescriptorCell>>>,
}

impl LatencyCell {
    pub(crate) fn add(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Relaxed);
        self.total_us.fetch_add(us, Relaxed);
        self.max_us.fetch_max(us, Relaxed);
        let class = BOUNDS_US.iter().position(|bound| us <= *bound).unwrap_or(CLASSES - 1);
        if let Some(cell) = self.classes.get(class) {
            cell.fetch_add(1, Relaxed);
        }
    }

    fn read(&self) -> Latency {
        Latency {
            count: self.count.load(Relaxed),
            total_us: self.total_us.load(Relaxed),
            max_us: self.max_us.load(Relaxed),
            classes: std::array::from_fn(|i| {
                self.classes.get(i).map_or(0, |cell| cell.load(Relaxed))
            }),
        }
    }
}

impl DescriptorCell {
    pub(crate) fn operation(&self, op: OpKind) -> &LatencyCell {
        match op {
            OpKind::Create => &self.create,
            OpKind::Delete => &self.delete,
            _ => &self.update,
        }
    }
}

impl StatsCells {
    /// Counters of a descriptor that was just registered; ids follow each other.
    pub(crate) fn add_descriptor(&self, name: &str) -> Arc<DescriptorCell> {
        let cell = Arc::new(DescriptorCell { name: name.to_owned(), ..DescriptorCell::default() });
        let mut all = self.descriptors.load_full().as_ref().clone();
        all.push(Arc::clone(&cell));
        self.descriptors.store(Arc::new(all));
        cell
    }

    pub(crate) fn read(&self) -> Stats {
        Stats {
            transactions: self.transactions.load(Relaxed),
            refused: self.refused.load(Relaxed),
            with_errors: self.with_errors.load(Relaxed),
            queue_length: self.queue_length.load(Relaxed),
            coalesced: self.coalesced.load(Relaxed),
            queue_wait: self.queue_wait.read(),
            processing: self.processing.read(),
            planning: self.planning.read(),
            descriptors: self
                .descriptors
                .load()
                .iter()
                .map(|cell| DescriptorStats {
                    descriptor: cell.name.clone(),
                    create: cell.create.read(),
                    update: cell.update.read(),
                    delete: cell.delete.read(),
                    retrieve: cell.retrieve.read(),
                    failures: cell.failures.load(Relaxed),
                })
                .collect(),
        }
    }
}
