//! `GET /scheduler/stats`: counters, in the original's shape with real latencies.

use std::collections::BTreeMap;

use axum::extract::State;
use ligato_kvs::{DescriptorStats, Latency, Scheduler};
use serde::Serialize;

use crate::{
    answer::{ApiError, Json},
    query::Args,
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Stats {
    txn_stats: TxnStats,
    /// The original counted calls of its graph; there is nothing to count here.
    graph_methods: Vec<Method>,
    all_descriptors: Vec<Method>,
    descriptors: BTreeMap<String, Vec<Method>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TxnStats {
    total_processed: u64,
    operation_count: BTreeMap<&'static str, u64>,
    value_state_count: BTreeMap<&'static str, usize>,
    error_count: u64,
    refused_count: u64,
    queue_length: u64,
    coalesced_notifications: u64,
    methods: Vec<Method>,
}

/// How often something was called and how long it took, in seconds.
#[derive(Debug, Serialize)]
struct Method {
    name: &'static str,
    count: u64,
    total: f64,
    avg: f64,
    max: f64,
}

pub(super) async fn stats(
    State(scheduler): State<Scheduler>,
    args: Args,
) -> Result<Json<Stats>, ApiError> {
    args.only(&[])?;
    let stats = scheduler.stats();
    let sum = |pick: fn(&DescriptorStats) -> &Latency| {
        stats.descriptors.iter().map(pick).fold(Latency::default(), |mut sum, one| {
            sum.count += one.count;
            sum.total_us += one.total_us;
            sum.max_us = sum.max_us.max(one.max_us);
            sum
        })
    };
    let (create, update, delete) = (sum(|d| &d.create), sum(|d| &d.update), sum(|d| &d.delete));
    let operations = [("CREATE", &create), ("UPDATE", &update), ("DELETE", &delete)];
    let states = scheduler.snapshot().count_by_state();
    Ok(Json(Stats {
        txn_stats: TxnStats {
            total_processed: stats.transactions,
            operation_count: operations.map(|(name, latency)| (name, latency.count)).into(),
            value_state_count: states.into_iter().map(|(s, count)| (s.as_str(), count)).collect(),
            error_count: stats.with_errors,
            refused_count: stats.refused,
            queue_length: stats.queue_length,
            coalesced_notifications: stats.coalesced,
            methods: methods(&[
                ("waitInQueue", &stats.queue_wait),
                ("planTransaction", &stats.planning),
                ("processTransaction", &stats.processing),
            ]),
        },
        graph_methods: Vec::new(),
        all_descriptors: methods(&[
            ("Create", &create),
            ("Update", &update),
            ("Delete", &delete),
            ("Retrieve", &sum(|d| &d.retrieve)),
        ]),
        descriptors: stats.descriptors.iter().map(|d| (d.descriptor.clone(), of(d))).collect(),
    }))
}

fn of(stats: &DescriptorStats) -> Vec<Method> {
    methods(&[
        ("Create", &stats.create),
        ("Update", &stats.update),
        ("Delete", &stats.delete),
        ("Retrieve", &stats.retrieve),
    ])
}

/// What was called at all, most often called first.
fn methods(latencies: &[(&'static str, &Latency)]) -> Vec<Method> {
    let seconds = |us: u64| std::time::Duration::from_micros(us).as_secs_f64();
    let mut methods: Vec<Method> = latencies
        .iter()
        .filter(|(_, latency)| latency.count > 0)
        .map(|(name, latency)| Method {
            name,
            count: latency.count,
            total: seconds(latency.total_us),
            avg: seconds(latency.total_us / latency.count),
            max: seconds(latency.max_us),
        })
        .collect();
    methods.sort_by_key(|method| std::cmp::Reverse(method.count));
    methods
}
