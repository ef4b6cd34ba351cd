//! `GET /scheduler/status`: where values stand.

use axum::extract::State;
use ligato_kvs::{Scheduler, StatusFilter};
use ligato_kvs_api::{BaseValueStatus, OpKind, ValueState, ValueStatus};
use serde_json::{Map, Value, json};

use super::value::descriptor_of_prefix;
use crate::{
    answer::{ApiError, Json},
    query::Args,
};

pub(super) async fn status(
    State(scheduler): State<Scheduler>,
    args: Args,
) -> Result<Json<Value>, ApiError> {
    args.only(&["key", "descriptor", "key-prefix"])?;
    let snapshot = scheduler.snapshot();
    if let Some(key) = args.named("key")? {
        let unknown = || json!({ "value": { "key": key } });
        return Ok(Json(snapshot.status(key).as_ref().map_or_else(unknown, base_status)));
    }
    let filter = match (args.named("descriptor")?, args.named("key-prefix")?) {
        (Some(name), _) => StatusFilter::Descriptor(name.to_owned()),
        (None, Some(prefix)) => {
            if descriptor_of_prefix(&snapshot, prefix).is_none() {
                return Err(ApiError::NotFound("unknown key prefix".to_owned()));
            }
            StatusFilter::Prefix(prefix.to_owned())
        }
        (None, None) => StatusFilter::All,
    };
    Ok(Json(snapshot.statuses(&filter).iter().map(base_status).collect()))
}

/// Message `BaseValueStatus` with members that have their default left out.
fn base_status(status: &BaseValueStatus) -> Value {
    let mut shown = Map::new();
    shown.insert("value".to_owned(), value_status(&status.value));
    if !status.derived_values.is_empty() {
        let derived = status.derived_values.iter().map(value_status).collect();
        shown.insert("derived_values".to_owned(), derived);
    }
    Value::Object(shown)
}

/// Message `ValueStatus` likewise.
pub(super) fn value_status(status: &ValueStatus) -> Value {
    let ValueStatus { key, state, error, last_operation, details } = status;
    let mut shown = Map::new();
    shown.insert("key".to_owned(), json!(key));
    if *state != ValueState::Nonexistent {
        shown.insert("state".to_owned(), state.as_str().into());
    }
    if !error.is_empty() {
        shown.insert("error".to_owned(), error.as_str().into());
    }
    if *last_operation != OpKind::Undefined {
        shown.insert("last_operation".to_owned(), last_operation.as_str().into());
    }
    if !details.is_empty() {
        shown.insert("details".to_owned(), json!(details));
    }
    Value::Object(shown)
}
