//! Counters of the connection to VPP: `GET /govppmux/stats`, in the older of the original's two shapes, and for the
//! scrape, under the original's names.
//!
//! The newer shape is `/metrics/govppmux.stats`.

use std::{cmp::Reverse, collections::BTreeMap, fmt, sync::Arc, time::Duration};

use axum::{Router, extract::State, routing::get};
use ligato_nb_rest::Json;
use ligato_vpp_client::{MessageTraffic, TOOK_BOUNDS, Traffic, VppClient};
use ligato_vpp_ctx::VppCtx;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};
use serde::Serialize;

#[derive(Serialize)]
struct Counted {
    channels_created: u64,
    channels_open: u64,
    requests_sent: u64,
    requests_done: u64,
    requests_fail: u64,
    #[serde(skip_serializing_if = "is_zero")]
    request_replies: u64,
    #[serde(rename = "Errors")]
    errors: Vec<Calls>,
    #[serde(rename = "AllMessages")]
    all_messages: Calls,
    #[serde(rename = "Messages")]
    messages: Vec<Calls>,
    #[serde(rename = "Replies")]
    replies: Vec<Calls>,
}

/// How often, and how long it took in seconds. What is zero is not told, except for `count`.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
struct Calls {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    count: u64,
    #[serde(skip_serializing_if = "is_none_at_all")]
    total: f64,
    #[serde(skip_serializing_if = "is_none_at_all")]
    avg: f64,
    #[serde(skip_serializing_if = "is_none_at_all")]
    min: f64,
    #[serde(skip_serializing_if = "is_none_at_all")]
    max: f64,
}

/// The route, for the HTTP server.
pub(crate) fn routes(vpp: Arc<VppCtx>) -> Router {
    Router::new().route("/govppmux/stats", get(counted)).with_state(vpp)
}

async fn counted(State(vpp): State<Arc<VppCtx>>) -> Json<Counted> {
    let client = vpp.client();
    let Traffic { connections, requests, done, failed, answers } = client.traffic();
    let rows = client.traffic_by_message();
    Json(Counted {
        channels_created: connections,
        channels_open: u64::from(client.peer().is_some()),
        requests_sent: requests,
        requests_done: done,
        requests_fail: failed,
        request_replies: answers,
        errors: most_first(rows.iter().flat_map(errors)),
        all_messages: Calls { name: String::new(), ..all(&rows) },
        messages: most_first(rows.iter().map(timed)),
        replies: most_first(replies(&rows).into_iter().map(|(name, count)| Calls::of(name, count))),
    })
}

// === impl Calls ===

impl Calls {
    fn of(name: impl Into<String>, count: u64) -> Self {
        Self { name: name.into(), count, ..Self::default() }
    }
}

/// Messages received in answer, by their names.
fn replies(rows: &[MessageTraffic]) -> BTreeMap<&'static str, u64> {
    let mut replies = BTreeMap::new();
    for (name, count) in rows.iter().flat_map(MessageTraffic::replies) {
        *replies.entry(name).or_default() += count;
    }
    replies
}

fn timed(row: &MessageTraffic) -> Calls {
    let seconds = |time: Duration| time.as_secs_f64();
    let total = seconds(row.total);
    Calls {
        total,
        avg: if row.done == 0 { 0.0 } else { total / row.done as f64 },
        min: seconds(row.min),
        max: seconds(row.max),
        ..Calls::of(row.message, row.requests)
    }
}

/// Refusals by VPP, and answers that never came.
fn failures(row: &MessageTraffic) -> impl Iterator<Item = (&'static str, u64)> {
    let lost = (row.failed > 0).then_some(("no reply", row.failed));
    row.refused.iter().copied().chain(lost)
}

fn errors(row: &MessageTraffic) -> impl Iterator<Item = Calls> {
    failures(row).map(|(error, count)| Calls::of(format!("{}: {error}", row.message), count))
}

/// All of them as one.
fn all(rows: &[MessageTraffic]) -> Calls {
    let done = rows.iter().filter(|row| row.done > 0);
    let sum = MessageTraffic {
        requests: rows.iter().map(|row| row.requests).sum(),
        done: rows.iter().map(|row| row.done).sum(),
        total: rows.iter().map(|row| row.total).sum(),
        min: done.clone().map(|row| row.min).min().unwrap_or_default(),
        max: done.map(|row| row.max).max().unwrap_or_default(),
        ..MessageTraffic::default()
    };
    timed(&sum)
}

fn most_first(calls: impl Iterator<Item = Calls>) -> Vec<Calls> {
    let mut calls: Vec<Calls> = calls.filter(|calls| calls.count > 0).collect();
    calls.sort_by_key(|calls| Reverse(calls.count));
    calls
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_none_at_all(seconds: &f64) -> bool {
    *seconds == 0.0
}

// === the scrape ===

/// The counters of a client.
pub(super) fn registry(client: VppClient) -> Registry {
    let mut registry = Registry::with_prefix("ligato_govppmux");
    registry.register_collector(Box::new(OfClient(client)));
    registry
}

#[derive(Debug)]
struct OfClient(VppClient);

impl Collector for OfClient {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Self(client) = self;
        let is_open = client.peer().is_some();
        encode(encoder, &client.traffic(), is_open, &client.traffic_by_message())
    }
}

/// The original's channels are connections here.
fn encode(
    mut encoder: DescriptorEncoder<'_>,
    all: &Traffic,
    is_open: bool,
    rows: &[MessageTraffic],
) -> fmt::Result {
    counters(
        &mut encoder,
        "channels_created",
        "Connections to VPP made",
        [(Vec::new(), all.connections)],
    )?;
    let in_flight = all.requests.saturating_sub(all.done + all.failed);
    for (name, help, value) in [
        ("channels", "Connections to VPP there are", u64::from(is_open)),
        ("requests", "Requests that wait for an answer", in_flight),
    ] {
        let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
        gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
    }
    let refused = |row: &MessageTraffic| row.refused.iter().map(|(_, count)| count).sum::<u64>();
    let done = rows
        .iter()
        .map(|row| (vec![("message", row.message)], row.done.saturating_sub(refused(row))));
    let failed = rows.iter().flat_map(|row| {
        failures(row)
            .map(|(error, count)| (vec![("message", row.message), ("error", error)], count))
    });
    let replies = replies(rows).into_iter().map(|(name, count)| (vec![("message", name)], count));
    sent(&mut encoder, rows)?;
    counters(&mut encoder, "requests_done", "Requests that VPP carried out", done)?;
    counters(
        &mut encoder,
        "requests_failed",
        "Requests that VPP refused or did not answer",
        failed,
    )?;
    counters(&mut encoder, "replies_received", "Messages received in answer", replies)?;
    histogram(&mut encoder, rows)
}

/// A counter that must not be one of `requests`, whose name the gauge has. So it is nothing in particular.
fn sent(encoder: &mut DescriptorEncoder<'_>, rows: &[MessageTraffic]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let help = "Requests sent";
    let mut family =
        encoder.encode_descriptor("requests_total", help, None, MetricType::Unknown)?;
    for row in rows {
        let count = ConstGauge::new(i64::try_from(row.requests).unwrap_or(i64::MAX));
        count.encode(family.encode_family(&[("message", row.message)])?)?;
    }
    Ok(())
}

/// A counter and its series. The encoder adds `_total`.
fn counters(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    series: impl IntoIterator<Item = (Vec<(&'static str, &'static str)>, u64)>,
) -> fmt::Result {
    let mut series = series.into_iter().peekable();
    if series.peek().is_none() {
        return Ok(());
    }
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, count) in series {
        let counter = ConstCounter::new(count);
        match labels.is_empty() {
            true => family.encode_counter::<NoLabels, _, u64>(&count, None)?,
            false => counter.encode(family.encode_family(&labels)?)?,
        }
    }
    Ok(())
}

type NoLabels = [(&'static str, &'static str); 0];

/// How long VPP took, of all requests that it answered.
fn histogram(encoder: &mut DescriptorEncoder<'_>, rows: &[MessageTraffic]) -> fmt::Result {
    let answered = || rows.iter().filter(|row| row.done > 0);
    if answered().next().is_none() {
        return Ok(());
    }
    let help = "Time from a request to its last answer";
    let name = "successful_request_duration_seconds";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for row in answered() {
        let bounds = TOOK_BOUNDS.into_iter().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(row.took).collect();
        family.encode_family(&[("message", row.message)])?.encode_histogram::<NoLabels>(
            row.total.as_secs_f64(),
            row.done,
            &buckets,
            None,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ligato_vpp_client::Answers;

    use super::*;

    fn row(message: &'static str, requests: u64, done: u64) -> MessageTraffic {
        let total = Duration::from_millis(10 * done);
        let (min, max) = (Duration::from_millis(5), Duration::from_millis(20));
        MessageTraffic { message, requests, done, total, min, max, ..MessageTraffic::default() }
    }

    #[test]
    fn counts_have_the_shape_of_calls() {
        let routes = MessageTraffic {
            failed: 1,
            answers: 3,
            refused: vec![("NO_SUCH_FIB", 2)],
            ..row("ip_route_add_del", 4, 3)
        };
        let rows = [row("control_ping", 2, 2), routes];
        let text = |calls: &Calls| serde_json::to_string(calls).unwrap();
        assert_eq!(
            most_first(rows.iter().map(timed)).iter().map(text).collect::<Vec<_>>(),
            [
                r#"{"name":"ip_route_add_del","count":4,"total":0.03,"avg":0.01,"min":0.005,"max":0.02}"#,
                r#"{"name":"control_ping","count":2,"total":0.02,"avg":0.01,"min":0.005,"max":0.02}"#,
            ]
        );
        assert_eq!(
            text(&all(&rows)),
            r#"{"count":6,"total":0.05,"avg":0.01,"min":0.005,"max":0.02}"#
        );
        assert_eq!(
            most_first(rows.iter().flat_map(errors)),
            [
                Calls::of("ip_route_add_del: NO_SUCH_FIB", 2),
                Calls::of("ip_route_add_del: no reply", 1),
            ]
        );
    }

    #[derive(Debug)]
    struct Fixed(Traffic, Vec<MessageTraffic>);

    impl Collector for Fixed {
        fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
            encode(encoder, &self.0, true, &self.1)
        }
    }

    #[test]
    fn the_scrape_has_the_originals_names_and_labels() {
        let mut took = [0; TOOK_BOUNDS.len() + 1];
        (took[0], took[5], took[13]) = (1, 1, 1);
        let routes = MessageTraffic {
            names: Answers { details: None, last: "ip_route_add_del_reply" },
            failed: 1,
            answers: 3,
            refused: vec![("NO_SUCH_FIB", 2)],
            took,
            ..row("ip_route_add_del", 5, 3)
        };
        let all = Traffic { connections: 2, requests: 5, done: 3, failed: 1, ..Traffic::default() };
        let mut registry = Registry::with_prefix("ligato_govppmux");
        registry.register_collector(Box::new(Fixed(all, vec![routes])));
        let metrics = ligato_infra::Metrics::new();
        let _part = metrics.add(registry);
        let text = metrics.encode().unwrap();
        let series: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let (counted, timed) = series.split_at(8);
        assert_eq!(
            counted,
            [
                "ligato_govppmux_channels_created_total 2",
                "ligato_govppmux_channels 1",
                "ligato_govppmux_requests 1",
                r#"ligato_govppmux_requests_total{message="ip_route_add_del"} 5"#,
                r#"ligato_govppmux_requests_done_total{message="ip_route_add_del"} 1"#,
                r#"ligato_govppmux_requests_failed_total{message="ip_route_add_del",error="NO_SUCH_FIB"} 2"#,
                r#"ligato_govppmux_requests_failed_total{message="ip_route_add_del",error="no reply"} 1"#,
                r#"ligato_govppmux_replies_received_total{message="ip_route_add_del_reply"} 3"#,
            ]
        );
        let name = "ligato_govppmux_successful_request_duration_seconds";
        assert_eq!(timed.len(), 2 + TOOK_BOUNDS.len() + 1);
        assert_eq!(timed[0], format!(r#"{name}_sum{{message="ip_route_add_del"}} 0.03"#));
        for (place, le, count) in
            [(2, "0.0005", 1), (7, "0.016", 2), (14, "2.048", 2), (15, "+Inf", 3)]
        {
            let bucket =
                format!(r#"{name}_bucket{{le="{le}",message="ip_route_add_del"}} {count}"#);
            assert_eq!(timed[place], bucket);
        }
    }
}
