//! `GET /scheduler/recording`: what happened to the scheduler so far, to be replayed elsewhere.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use ligato_kvs::{Scheduler, recording::RecordingState};
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use crate::{answer::ApiError, query::Args};

/// The file so far, in complete lines.
pub(super) async fn recording(
    State(scheduler): State<Scheduler>,
    args: Args,
) -> Result<Response, ApiError> {
    args.only(&[])?;
    let Some(recording) = scheduler.recording() else {
        let why = "nothing is recorded; key `recording` of kvscheduler.conf names a file for it";
        return Err(ApiError::NotFound(why.to_owned()));
    };
    if let RecordingState::Failed(error) = recording.state() {
        let why = format!("the recording could not be written: {error}");
        return Err(ApiError::Failed(why));
    }
    let bytes = recording.settled().await;
    let file = tokio::fs::File::open(recording.path())
        .await
        .map_err(|error| ApiError::Failed(format!("{}: {error}", recording.path().display())))?;
    let body = Body::from_stream(ReaderStream::new(file.take(bytes)));
    let lines = HeaderValue::from_static("application/jsonl");
    Ok(([(header::CONTENT_TYPE, lines)], body).into_response())
}
