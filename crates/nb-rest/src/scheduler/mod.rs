//! `/scheduler/…`: what the scheduler knows, did, and would do.
//!
//! Everything but the southbound view of a dump, a resync and a plan is answered from an immutable snapshot, so
//! no reader holds the scheduler up.

mod dump;
mod explain;
mod graph;
mod history;
mod plan;
mod recording;
mod resync;
mod stats;
mod status;
mod timeline;
mod value;

use axum::{
    Router,
    routing::{get, post},
};
use ligato_kvs::Scheduler;

pub(crate) use plan::routes as plan_routes;

pub(crate) fn routes(scheduler: Scheduler) -> Router {
    Router::new()
        .route("/scheduler/dump", get(dump::dump))
        .route("/scheduler/txn-history", get(history::history))
        .route("/scheduler/key-timeline", get(timeline::key_timeline))
        .route("/scheduler/graph-snapshot", get(timeline::graph_snapshot))
        .route("/scheduler/flag-stats", get(timeline::flag_stats))
        .route("/scheduler/status", get(status::status))
        .route("/scheduler/downstream-resync", post(resync::downstream))
        .route("/scheduler/graph", get(graph::graph))
        .route("/scheduler/stats", get(stats::stats))
        .route("/scheduler/explain", get(explain::explain))
        .route("/scheduler/recording", get(recording::recording))
        .with_state(scheduler)
}
