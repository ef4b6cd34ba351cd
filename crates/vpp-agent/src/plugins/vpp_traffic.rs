//! `GET /govppmux/stats`: counters of the connection to VPP, in the older of the original's two shapes.
//!
//! The other one is `/metrics/govppmux.stats`.

use std::{cmp::Reverse, sync::Arc, time::Duration};

use axum::{Router, extract::State, routing::get};
use ligato_nb_rest::Json;
use ligato_vpp_client::{MessageTraffic, Traffic};
use ligato_vpp_ctx::VppCtx;
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
        replies: most_first(rows.iter().map(|row| Calls::of(row.message, row.answers))),
    })
}

// === impl Calls ===

impl Calls {
    fn of(name: impl Into<String>, count: u64) -> Self {
        Self { name: name.into(), count, ..Self::default() }
    }
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
fn errors(row: &MessageTraffic) -> impl Iterator<Item = Calls> {
    let refused = row.refused.iter();
    let refused =
        refused.map(|(error, count)| Calls::of(format!("{}: {error}", row.message), *count));
    let lost =
        (row.failed > 0).then(|| Calls::of(format!("{}: no reply", row.message), row.failed));
    refused.chain(lost)
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

#[cfg(test)]
mod tests {
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
}
