//! Settings of the scheduler.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of one scheduler. The defaults suit an agent of any size.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct SchedulerConfig {
    /// Keep records of transactions.
    pub record_history: bool,
    /// Records kept at most.
    pub history_count: usize,
    /// Estimated bytes of records kept at most. The newest record is kept whatever its size.
    pub history_bytes: usize,
    /// Records older than this are dropped.
    pub history_age: Duration,
    /// Operations under way at once per southbound.
    pub window: usize,
    /// An operation that has not answered after this time is cancelled; its outcome is unknown.
    pub operation_deadline: Duration,
    /// A read-back that has not answered after this time is cancelled.
    pub retrieve_deadline: Duration,
    /// A transaction that has had no answer for this time steps aside for others that wait.
    pub patience: Duration,
    /// Of the values that a southbound has lost, so many of one kind are put back by one transaction; the
    /// others follow in as large parts, between which other transactions have their turn.
    pub part: usize,
    /// Somebody is going to say all that is wanted, by a full or upstream resync, or to ask for a
    /// read-back. A southbound that comes up before that, and of which nothing is known, is read then
    /// and not at once: once instead of twice.
    pub statement_expected: bool,
    /// A resync that has had no answer for this time goes on without the descriptors that do not
    /// answer; their values wait until they do.
    pub read_patience: Duration,
    /// Record the plan of every northbound transaction and notification.
    pub simulate: bool,
    /// Read back and compare every touched value after every transaction.
    pub verify: bool,
    /// After a failed operation, read its value back instead of believing what is known of it.
    pub read_back_failures: bool,
    /// Share of each retry delay that is random, from 0 (none) to 1 (up to double).
    pub retry_jitter: f64,
    /// Values of one descriptor that are retried within one second at most; the others come later. 0:
    /// no limit.
    pub retry_budget: u32,
    /// Status deltas a slow subscriber may lag behind before it loses some.
    pub subscription_buffer: usize,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            record_history: true,
            history_count: 10_000,
            history_bytes: 64 << 20,
            history_age: Duration::from_secs(24 * 3600),
            window: 1024,
            operation_deadline: Duration::from_secs(10),
            retrieve_deadline: Duration::from_secs(120),
            patience: Duration::from_millis(200),
            part: 2048,
            statement_expected: false,
            read_patience: Duration::from_secs(5),
            simulate: false,
            verify: false,
            read_back_failures: true,
            retry_jitter: 0.1,
            retry_budget: 1000,
            subscription_buffer: 1024,
        }
    }
}
