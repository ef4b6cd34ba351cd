//! `GET /govppmux/stats`: counters of the connection to VPP, in the older of the original's two shapes.
//!
//! The other one is `/metrics/govppmux.stats`. What is counted there message by message is not counted here, and empty.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Router, extract::State, routing::get};
use ligato_nb_rest::Json;
use ligato_vpp_client::Traffic;
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
    errors: Vec<String>,
    #[serde(rename = "AllMessages")]
    all_messages: BTreeMap<String, u64>,
    #[serde(rename = "Messages")]
    messages: Vec<String>,
    #[serde(rename = "Replies")]
    replies: Vec<String>,
}

/// The route, for the HTTP server.
pub(crate) fn routes(vpp: Arc<VppCtx>) -> Router {
    Router::new().route("/govppmux/stats", get(counted)).with_state(vpp)
}

async fn counted(State(vpp): State<Arc<VppCtx>>) -> Json<Counted> {
    let Traffic { connections, requests, done, failed, answers } = vpp.client().traffic();
    Json(Counted {
        channels_created: connections,
        channels_open: u64::from(vpp.client().peer().is_some()),
        requests_sent: requests,
        requests_done: done,
        requests_fail: failed,
        request_replies: answers,
        errors: Vec::new(),
        all_messages: BTreeMap::new(),
        messages: Vec::new(),
        replies: Vec::new(),
    })
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
