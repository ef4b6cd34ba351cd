//! `/log/list` and `/log/{logger}/{level}`.

use axum::{
    Router,
    extract::{Path, State},
    routing::{get, put},
};
use ligato_infra::logging::{LogControl, LogError, LogLevel, LoggerLevel};

use crate::answer::{ApiError, Json};

pub(crate) fn routes(logs: LogControl) -> Router {
    Router::new()
        .route("/log/list", get(|State(logs): State<LogControl>| async move { Json(logs.list()) }))
        // The original's documentation says POST, its code PUT.
        .route("/log/{logger}/{level}", put(set).post(set))
        .with_state(logs)
}

async fn set(
    State(logs): State<LogControl>,
    Path((logger, level)): Path<(String, String)>,
) -> Result<Json<LoggerLevel>, ApiError> {
    let level: LogLevel = level.parse().map_err(|error| refused(&error))?;
    logs.set(&logger, level).map(Json).map_err(|error| refused(&error))
}

fn refused(error: &LogError) -> ApiError {
    match error {
        LogError::UnknownLevel(_) => ApiError::Argument(error.to_string()),
        LogError::UnknownLogger(_) => ApiError::NotFound(error.to_string()),
    }
}
