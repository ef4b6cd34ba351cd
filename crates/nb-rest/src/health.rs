//! `/liveness`, `/readiness`, `/metrics`.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use ligato_infra::{
    METRICS_CONTENT_TYPE, Metrics,
    health::{Health, ProbeKind},
};

use crate::answer::ApiError;

/// `/liveness` and `/readiness`.
pub(crate) fn probes(health: Health) -> Router {
    let liveness = |State(health)| async move { probe(&health, ProbeKind::Liveness) };
    let readiness = |State(health)| async move { probe(&health, ProbeKind::Readiness) };
    Router::new()
        .route("/liveness", get(liveness))
        .route("/readiness", get(readiness))
        .with_state(health)
}

/// `/metrics`.
pub(crate) fn metrics(metrics: Metrics) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state(metrics)
}

/// Compact JSON, with 500 for "no" as the original's clients expect.
fn probe(health: &Health, kind: ProbeKind) -> Response {
    let body = health.probe(kind);
    let status = if body.healthy { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
    (status, axum::Json(body)).into_response()
}

async fn scrape(State(metrics): State<Metrics>) -> Result<Response, ApiError> {
    let text = metrics
        .encode()
        .map_err(|_| ApiError::Failed("a collector failed to write its metrics".to_owned()))?;
    Ok(([(header::CONTENT_TYPE, METRICS_CONTENT_TYPE)], text).into_response())
}
