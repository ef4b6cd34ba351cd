//! The newest reading as metrics, under the original's names and labels.
//!
//! Series are made anew for each scrape, so those of what is gone are gone. Two things differ from the original. What
//! VPP no longer tells has no series: fastbins, pages and objects of heaps, and sizes of buffers, all of which the
//! original shows as 0. And a heap stands where a thread was: the heaps of threads became one with 26.02.

use std::{borrow::Cow, fmt, sync::Arc};

use ligato_vpp_stats::{BufferPool, Heap, InterfaceCounters, NodeCounters};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Registry,
};
use tokio::sync::watch;

use super::snapshot::Snapshot;

type Newest = watch::Receiver<Option<Arc<Snapshot>>>;

#[derive(Debug)]
struct OfVpp(Newest);

/// Name, help and value of a metric.
type Metric<T> = (&'static str, &'static str, fn(&T) -> u64);

const RUNTIME: [Metric<NodeCounters>; 4] = [
    ("runtime_calls", "Calls of the node", |node| node.calls),
    ("runtime_vectors", "Packets, or what else the node works on", |node| node.vectors),
    ("runtime_suspends", "Waits of the process", |node| node.suspends),
    ("runtime_clocks", "Clock cycles spent in the node", |node| node.clocks),
];

const MEMORY: [Metric<Heap>; 7] = [
    ("memory_used", "Bytes handed out", |heap| heap.used),
    ("memory_total", "Bytes of the heap", |heap| heap.total),
    ("memory_free", "Bytes not handed out", |heap| heap.free),
    ("memory_size", "Bytes of the heap", |heap| heap.total),
    ("memory_trimmable", "Bytes that could be given back", |heap| heap.releasable),
    ("memory_free_chunks", "Bytes freed and kept", |heap| heap.free_chunks),
    ("memory_max_total_allocated", "Bytes the heap may take", |heap| heap.max),
];

const BUFFERS: [Metric<BufferPool>; 2] = [
    ("buffers_alloc", "Buffers in use", |pool| pool.used),
    ("buffers_free", "Buffers free", |pool| pool.available),
];

const INTERFACES: [Metric<InterfaceCounters>; 12] = [
    ("interfaces_rx_packets", "Packets received", |counters| counters.rx.packets),
    ("interfaces_rx_bytes", "Bytes received", |counters| counters.rx.bytes),
    ("interfaces_rx_errors", "Packets received with an error", |counters| counters.rx_error),
    ("interfaces_tx_packets", "Packets sent", |counters| counters.tx.packets),
    ("interfaces_tx_bytes", "Bytes sent", |counters| counters.tx.bytes),
    ("interfaces_tx_errors", "Packets not sent for an error", |counters| counters.tx_error),
    ("interfaces_drops", "Packets dropped", |counters| counters.drops),
    ("interfaces_punts", "Packets handed to the host", |counters| counters.punts),
    ("interfaces_ip4", "IPv4 packets", |counters| counters.ip4),
    ("interfaces_ip6", "IPv6 packets", |counters| counters.ip6),
    ("interfaces_rx_no_buf", "Packets lost for lack of buffers", |counters| counters.rx_no_buf),
    ("interfaces_rx_miss", "Packets nobody took in time", |counters| counters.rx_miss),
];

/// The metrics of the VPP of the agent with this label.
pub(super) fn registry(label: &str, newest: Newest) -> Registry {
    let agent = (Cow::from("agent"), Cow::from(label.to_owned()));
    let mut registry = Registry::with_prefix_and_labels("vpp", std::iter::once(agent));
    registry.register_collector(Box::new(OfVpp(newest)));
    registry
}

impl Collector for OfVpp {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(snapshot) = self.0.borrow().clone() else { return Ok(()) };
        let encoder = &mut encoder;
        let Snapshot { runtime, memory, buffers, nodes, interfaces, .. } = &*snapshot;
        // All threads are one here, as in the original.
        let thread = |node: &NodeCounters| {
            [
                ("item", node.name.clone()),
                ("thread", "ALL".to_owned()),
                ("threadID", "0".to_owned()),
            ]
        };
        families(encoder, &RUNTIME, runtime, |_, node| thread(node))?;
        vectors_per_call(encoder, runtime, thread)?;
        families(encoder, &MEMORY, memory, |place, heap| {
            [("thread", heap.name.clone()), ("threadID", place.to_string())]
        })?;
        families(encoder, &BUFFERS, buffers, |place, pool| {
            let (item, index) = (pool.name.clone(), place.to_string());
            [("threadID", "0".to_owned()), ("item", item), ("index", index)]
        })?;
        let counter = |counter: &ligato_vpp_stats::ErrorCounter| counter.value;
        families(encoder, &[("nodes_counter", "What nodes count", counter)], nodes, |_, node| {
            [("item", node.node.clone()), ("reason", node.reason.clone())]
        })?;
        families(encoder, &INTERFACES, interfaces, |_, one| {
            [("name", one.name.clone()), ("index", one.index.to_string())]
        })?;
        logical_names(encoder, &snapshot)
    }
}

/// One family for each metric, each with a series for each item. The original's are gauges, and dashboards know it.
fn families<T, L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    metrics: &[Metric<T>],
    items: &[T],
    labels: impl Fn(usize, &T) -> L,
) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    let labels: Vec<L> =
        items.iter().enumerate().map(|(place, item)| labels(place, item)).collect();
    for (name, help, value) in metrics {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, item) in labels.iter().zip(items) {
            let gauge = ConstGauge::new(value(item));
            gauge.encode(family.encode_family(labels)?)?;
        }
    }
    Ok(())
}

fn vectors_per_call<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    nodes: &[NodeCounters],
    labels: impl Fn(&NodeCounters) -> L,
) -> fmt::Result {
    if nodes.is_empty() {
        return Ok(());
    }
    let (name, help) = ("runtime_vectors_per_call", "Packets in one call of the node");
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for node in nodes {
        let gauge = ConstGauge::new(per_call(node));
        gauge.encode(family.encode_family(&labels(node))?)?;
    }
    Ok(())
}

/// Packets in one call, on average.
pub(super) fn per_call(node: &NodeCounters) -> f64 {
    if node.calls == 0 { 0.0 } else { node.vectors as f64 / node.calls as f64 }
}

/// Joins the series of interfaces, which have VPP's names, with the names in the configuration.
fn logical_names(encoder: &mut DescriptorEncoder<'_>, snapshot: &Snapshot) -> fmt::Result {
    if snapshot.logical.is_empty() {
        return Ok(());
    }
    let (name, help) = ("interfaces_info", "The configured name of the interface");
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for interface in &snapshot.interfaces {
        let Some(logical) = snapshot.logical.get(&interface.index) else { continue };
        let (name, index) = (interface.name.clone(), interface.index.to_string());
        let labels = [("name", name), ("index", index), ("interface", logical.clone())];
        ConstGauge::new(1_u64).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ligato_infra::Metrics;
    use ligato_vpp_stats::{Combined, ErrorCounter};

    use super::*;

    #[test]
    fn names_and_labels_are_those_that_dashboards_know() {
        let snapshot = Snapshot {
            runtime: vec![NodeCounters {
                name: "ip4-lookup".into(),
                calls: 4,
                vectors: 10,
                ..NodeCounters::default()
            }],
            memory: vec![Heap { name: "main heap".into(), used: 7, ..Heap::default() }],
            buffers: vec![BufferPool {
                name: "default-numa-0".into(),
                used: 3,
                ..BufferPool::default()
            }],
            nodes: ["a", "b"]
                .map(|node| ErrorCounter { node: node.into(), reason: "drop".into(), value: 1 })
                .into(),
            interfaces: vec![InterfaceCounters {
                index: 2,
                name: "tap0".into(),
                rx: Combined { packets: u64::MAX, bytes: 9 },
                ..InterfaceCounters::default()
            }],
            logical: [(2, "to-host".to_owned())].into(),
        };
        let newest = watch::Sender::new(None);
        let metrics = Metrics::new();
        let _part = metrics.add(registry("vpp1", newest.subscribe()));
        assert_eq!(metrics.encode().unwrap(), "# EOF\n");
        newest.send_replace(Some(Arc::new(snapshot)));
        let text = metrics.encode().unwrap();
        for line in [
            r#"vpp_runtime_calls{agent="vpp1",item="ip4-lookup",thread="ALL",threadID="0"} 4"#,
            r#"vpp_runtime_vectors_per_call{agent="vpp1",item="ip4-lookup",thread="ALL",threadID="0"} 2.5"#,
            r#"vpp_memory_used{agent="vpp1",thread="main heap",threadID="0"} 7"#,
            r#"vpp_buffers_alloc{agent="vpp1",threadID="0",item="default-numa-0",index="0"} 3"#,
            r#"vpp_nodes_counter{agent="vpp1",item="a",reason="drop"} 1"#,
            r#"vpp_nodes_counter{agent="vpp1",item="b",reason="drop"} 1"#,
            r#"vpp_interfaces_rx_packets{agent="vpp1",name="tap0",index="2"} 18446744073709551615"#,
            r#"vpp_interfaces_info{agent="vpp1",name="tap0",index="2",interface="to-host"} 1"#,
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in {text}");
        }
    }
}
