//! `GET /scheduler/explain?key=K[&format=text]`: why a value is where it is, down to the root causes.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use ligato_kvs::Scheduler;

use crate::{
    answer::{ApiError, Json},
    query::Args,
};

pub(super) async fn explain(
    State(scheduler): State<Scheduler>,
    args: Args,
) -> Result<Response, ApiError> {
    args.only(&["key", "format"])?;
    let explanation = scheduler.explain(args.required("key")?);
    match args.one("format")? {
        None | Some("json") => Ok(Json(explanation).into_response()),
        Some("text") => Ok(format!("{explanation}\n").into_response()),
        Some(other) => {
            Err(ApiError::Argument(format!("unknown format {other:?}; use json or text")))
        }
    }
}
