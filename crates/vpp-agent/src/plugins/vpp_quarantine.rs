//! `/vpp/quarantine`: values at whose operations VPP died.
//!
//! `GET` lists them; those that are only suspected are sent alone, those that are held are not sent at all. `DELETE`
//! trusts one again (`?key=`), or all of them, and repairs what is not as wanted.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use ligato_kvs::Scheduler;
use ligato_kvs_api::{ResyncKind, Scope, Transaction, TxnOptions};
use ligato_model::Key;
use ligato_nb_rest::Json;
use ligato_vpp_ctx::{Suspicion, VppCtx};
use serde::Serialize;

/// A value that is not trusted.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    key: String,
    /// Whether nothing of it is sent any more.
    held: bool,
    /// How often VPP died while it was under way.
    deaths: u32,
    /// When it did so last, in seconds since 1970.
    last: u64,
}

#[derive(Clone)]
struct Shared {
    vpp: Arc<VppCtx>,
    scheduler: Scheduler,
}

/// The route, for the HTTP server.
pub(crate) fn routes(vpp: Arc<VppCtx>, scheduler: Scheduler) -> Router {
    Router::new()
        .route("/vpp/quarantine", get(list).delete(release))
        .with_state(Shared { vpp, scheduler })
}

/// Who is not trusted, for this page and others.
pub(super) fn lines(vpp: &VppCtx) -> Vec<Line> {
    vpp.quarantine().list().into_iter().map(Line::of).collect()
}

async fn list(State(shared): State<Shared>) -> Json<Vec<Line>> {
    Json(lines(&shared.vpp))
}

async fn release(
    State(shared): State<Shared>,
    Query(arguments): Query<HashMap<String, String>>,
) -> Response {
    let key = arguments.get("key").map(String::as_str);
    let keys = shared.vpp.quarantine().release(key);
    if let (Some(key), true) = (key, keys.is_empty()) {
        return (StatusCode::NOT_FOUND, Json(format!("{key} is not in quarantine")))
            .into_response();
    }
    let names: Vec<String> = keys.iter().map(|key| key.as_str().to_owned()).collect();
    if !keys.is_empty() {
        tracing::info!(keys = names.join(" "), "released from quarantine");
        // Not waited for: VPP may die of it.
        drop(shared.scheduler.submit(repair(keys)));
    }
    Json(names).into_response()
}

/// What makes the scheduler try values again.
fn repair(keys: Vec<Key>) -> Transaction {
    let description = Some("released from quarantine".to_owned());
    let repair = Transaction::resync(ResyncKind::Downstream(Scope::Keys(keys)), Vec::new());
    repair.with(TxnOptions { description, ..TxnOptions::default() })
}

// === impl Line ===

impl Line {
    fn of(suspicion: Suspicion) -> Self {
        let Suspicion { key, deaths, last, held } = suspicion;
        Self { key: key.as_str().to_owned(), held, deaths, last: seconds(last) }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
