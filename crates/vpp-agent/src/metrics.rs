//! Metrics of the agent as a whole and of its scheduler, under the original's names.

use std::fmt;

use ligato_infra::health::BuildFacts;
use ligato_kvs::{Latency, Scheduler, Stats};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{
        counter::ConstCounter,
        family::Family,
        gauge::{ConstGauge, Gauge},
    },
    registry::Registry,
};

/// What program this is, and what the process takes.
pub(crate) fn of_process(facts: &BuildFacts) -> Registry {
    let mut registry = Registry::with_prefix("ligato");
    let labels = vec![
        ("version", facts.version.clone()),
        ("revision", facts.commit.clone()),
        ("build_date", facts.date.clone()),
    ];
    let build: Family<Vec<(&'static str, String)>, Gauge> = Family::default();
    build.get_or_create(&labels).set(1);
    registry.register("build_info", "What program this is", build);
    registry.register_collector(Box::new(Process));
    registry
}

/// Counters of a scheduler.
pub(crate) fn of_scheduler(scheduler: Scheduler) -> Registry {
    let mut registry = Registry::with_prefix("ligato_kvscheduler");
    registry.register_collector(Box::new(OfScheduler(scheduler)));
    registry
}

#[derive(Debug)]
struct OfScheduler(Scheduler);

#[derive(Debug)]
struct Process;

// === impl OfScheduler ===

impl Collector for OfScheduler {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let stats = self.0.stats();
        let Stats { transactions, refused, with_errors, queue_length, coalesced, .. } = stats;
        // Counters get a suffix the original's names do not have; dashboards know those.
        for (name, help, value) in [
            ("txn_processed", "Transactions processed", transactions),
            ("txn_dropped", "Transactions refused", refused),
        ] {
            gauge(&mut encoder, name, help, value)?;
        }
        for (name, help, value) in [
            ("txn_failed", "Transactions in which something failed", with_errors),
            ("notifications_coalesced", "Notifications merged into a later one", coalesced),
        ] {
            counter(&mut encoder, name, help, value)?;
        }
        gauge(&mut encoder, "queue_length", "Transactions waiting", queue_length)?;
        for (name, help, latency) in [
            ("queue_wait", "Waiting in the queue", &stats.queue_wait),
            ("txn_process_duration", "Processing a transaction", &stats.processing),
            ("txn_plan_duration", "Planning a transaction", &stats.planning),
        ] {
            sum(&mut encoder, name, help, latency)?;
        }
        for (state, count) in self.0.snapshot().count_by_state() {
            let name = format!("values_{}", state.as_str().to_ascii_lowercase());
            gauge(
                &mut encoder,
                &name,
                "Values in this state",
                u64::try_from(count).unwrap_or(u64::MAX),
            )?;
        }
        Ok(())
    }
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(
        name,
        help,
        None,
        prometheus_client::metrics::MetricType::Counter,
    )?)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    gauge.encode(encoder.encode_descriptor(
        name,
        help,
        None,
        prometheus_client::metrics::MetricType::Gauge,
    )?)
}

/// Count and sum of a latency, as two counters.
fn sum(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    latency: &Latency,
) -> fmt::Result {
    counter(encoder, &format!("{name}_count"), help, latency.count)?;
    counter(encoder, &format!("{name}_microseconds"), help, latency.total_us)
}

// === impl Process ===

impl Collector for Process {
    /// Nothing is written of what the system does not tell.
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kibibytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        for (name, help, field) in [
            ("process_resident_memory_bytes", "Resident memory", "VmRSS:"),
            ("process_virtual_memory_bytes", "Virtual memory", "VmSize:"),
        ] {
            if let Some(size) = kibibytes(field) {
                gauge(&mut encoder, name, help, size.saturating_mul(1024))?;
            }
        }
        if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
            let open = u64::try_from(open.count()).unwrap_or(u64::MAX);
            gauge(&mut encoder, "process_open_fds", "Open file descriptors", open)?;
        }
        Ok(())
    }
}
