//! `/vpp/capture`: the conversation with VPP, written to a file of the agent's while it goes on.
//!
//! `GET` tells how far it is, `POST` starts (over an older one), `DELETE` ends it; `GET /vpp/capture/file` gives what there
//! is, JSON lines without secrets. Off unless `capture-file` in `govpp.conf` names a file: 503 then.

use std::path::PathBuf;

use anyhow::Context as _;
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use ligato_nb_rest::Json;
use ligato_vpp_client::{CaptureStatus, VppClient};
use serde_json::{Value, json};
use tokio::{fs::File, io::AsyncReadExt as _};
use tokio_util::io::ReaderStream;

use super::refusal::Refusal;
use crate::conf::GovppConf;

/// How captures were set up.
#[derive(Debug, Clone)]
pub(crate) struct CaptureConf {
    /// The file, if any.
    file: Option<PathBuf>,
    /// Its bound in bytes.
    limit: u64,
    at_start: bool,
}

#[derive(Clone)]
struct Shared {
    conf: CaptureConf,
    client: VppClient,
}

/// The routes, for the HTTP server.
pub(crate) fn routes(conf: CaptureConf, client: VppClient) -> Router {
    Router::new()
        .route("/vpp/capture", get(status).post(start).delete(stop))
        .route("/vpp/capture/file", get(fetch))
        .with_state(Shared { conf, client })
}

async fn status(State(shared): State<Shared>) -> Result<Json<Value>, Refusal> {
    shared.conf.file()?;
    Ok(Json(described(shared.client.capture())))
}

async fn start(State(shared): State<Shared>) -> Result<Json<Value>, Refusal> {
    let file = shared.conf.file()?.clone();
    let Shared { conf, client } = shared;
    let begun = blocking(move || {
        client.start_capture(&file, conf.limit).map_err(|error| (file, error))?;
        Ok(client.capture())
    });
    let status = begun.await?.map_err(|(file, error): (PathBuf, std::io::Error)| {
        Refusal(StatusCode::INTERNAL_SERVER_ERROR, format!("{}: {error}", file.display()))
    })?;
    tracing::info!("the conversation with VPP is captured");
    Ok(Json(described(status)))
}

async fn stop(State(shared): State<Shared>) -> Result<Json<Value>, Refusal> {
    shared.conf.file()?;
    let client = shared.client;
    let status = blocking(move || {
        client.stop_capture();
        client.capture()
    });
    Ok(Json(described(status.await?)))
}

/// The file so far, in complete lines, however long it is.
async fn fetch(State(shared): State<Shared>) -> Result<Response, Refusal> {
    let path = shared.conf.file()?.clone();
    let failed = |error| Refusal(StatusCode::NOT_FOUND, format!("{}: {error}", path.display()));
    let file = File::open(&path).await.map_err(failed)?;
    let length = match shared.client.capture() {
        // What is written just now may end anywhere.
        Some(status) if status.is_running && status.path == path => status.settled,
        _ => file.metadata().await.map_err(failed)?.len(),
    };
    let body = Body::from_stream(ReaderStream::new(file.take(length)));
    Ok(([(CONTENT_TYPE, "application/jsonl")], body).into_response())
}

/// What waits for a file or a thread is done elsewhere.
async fn blocking<T: Send + 'static>(
    what: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(what).await;
    done.map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn described(status: Option<CaptureStatus>) -> Value {
    match status {
        None => json!({ "running": false }),
        Some(CaptureStatus { path, bytes, lines, is_running, ended, settled: _ }) => json!({
            "running": is_running, "file": path, "bytes": bytes, "lines": lines, "ended": ended,
        }),
    }
}

// === impl CaptureConf ===

impl CaptureConf {
    pub(crate) fn of(conf: &GovppConf) -> Self {
        let file = conf.capture_file.clone();
        Self { file, limit: conf.capture_limit, at_start: conf.capture_at_start }
    }

    /// Starts to capture before the first connection, if that is asked for.
    pub(crate) fn start_if_wanted(&self, client: &VppClient) -> anyhow::Result<()> {
        match &self.file {
            Some(file) if self.at_start => client
                .start_capture(file, self.limit)
                .with_context(|| format!("capture-file {}", file.display())),
            _ => Ok(()),
        }
    }

    fn file(&self) -> Result<&PathBuf, Refusal> {
        let reason = "captures are not enabled (capture-file in govpp.conf)";
        let refused = || Refusal(StatusCode::SERVICE_UNAVAILABLE, reason.to_owned());
        self.file.as_ref().ok_or_else(refused)
    }
}
