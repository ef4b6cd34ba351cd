//! `GET /scheduler/txn-history`: what was done, as data with the original's names, or as text.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use ligato_kvs::{
    Scheduler,
    record::{Detail, list_to_text, to_json, to_text},
};
use ligato_kvs_api::TxnSeq;
use serde_json::Value;

use crate::{
    answer::{ApiError, Json},
    query::Args,
};

/// How records are written.
#[derive(Clone, Copy)]
enum Format {
    Json,
    Text,
}

pub(super) async fn history(
    State(scheduler): State<Scheduler>,
    args: Args,
) -> Result<Response, ApiError> {
    args.only(&["format", "seq-num", "since", "until"])?;
    let format = match args.one("format")? {
        None | Some("json") => Format::Json,
        Some("text") => Format::Text,
        Some(other) => {
            let text = format!("unrecognized output format {other:?}; use json or text");
            return Err(ApiError::Argument(text));
        }
    };
    if let Some(number) = args.number("seq-num")? {
        let unknown = || ApiError::NotFound(format!("transaction {number} is not recorded"));
        let record = scheduler.transaction(TxnSeq(number)).ok_or_else(unknown)?;
        return Ok(match format {
            Format::Json => Json(to_json(&record)).into_response(),
            Format::Text => to_text(&record, Detail::Verbose).into_response(),
        });
    }
    let records = scheduler.history(args.time("since")?, args.time("until")?);
    Ok(match format {
        Format::Text => list_to_text(records.iter().map(AsRef::as_ref)).into_response(),
        Format::Json if records.is_empty() => Json(Value::Null).into_response(),
        Format::Json => {
            Json(records.iter().map(|record| to_json(record)).collect::<Value>()).into_response()
        }
    })
}
