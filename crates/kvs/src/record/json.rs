//! Records as JSON, with the field names of the original.

use std::time::SystemTime;

use ligato_kvs_api::{RecordedOp, RecordedTxn};
use ligato_model::Value;
use serde_json::{Map, Value as Json, json};

/// The JSON form of a record: names of the original, zero values left out but for sequence number,
/// type, times, operation, key and origin; secrets are not shown.
pub fn to_json(record: &RecordedTxn) -> Json {
    let mut all = Map::new();
    if record.planned.is_some() {
        all.insert("WithSimulation".to_owned(), Json::Bool(true));
    }
    all.insert("Start".to_owned(), time(record.start));
    all.insert("Stop".to_owned(), time(record.stop));
    all.insert("SeqNum".to_owned(), json!(record.seq));
    all.insert("TxnType".to_owned(), json!(record.txn_type));
    if record.resync_type != "NotResync" {
        all.insert("ResyncType".to_owned(), json!(record.resync_type));
    }
    if !record.description.is_empty() {
        all.insert("Description".to_owned(), json!(record.description));
    }
    if let Some((of, attempt)) = record.retry_for {
        if of.0 != 0 {
            all.insert("RetryForTxn".to_owned(), json!(of));
        }
        if attempt != 0 {
            all.insert("RetryAttempt".to_owned(), json!(attempt));
        }
    }
    if !record.values.is_empty() {
        let values = record.values.iter().map(|value| {
            json!({
                "Key": value.key,
                "Value": value_json(value.value.as_ref()),
                "Origin": value.origin as u8,
            })
        });
        all.insert("Values".to_owned(), values.collect());
    }
    for (name, ops) in
        [("Planned", record.planned.as_deref()), ("Executed", Some(record.executed.as_slice()))]
    {
        if let Some(ops) = ops.filter(|ops| !ops.is_empty()) {
            all.insert(name.to_owned(), ops.iter().map(op_json).collect());
        }
    }
    if record.confirmed != 0 {
        all.insert("Confirmed".to_owned(), json!(record.confirmed));
    }
    Json::Object(all)
}

fn op_json(op: &RecordedOp) -> Json {
    let mut all = Map::new();
    all.insert("Operation".to_owned(), json!(op.op));
    all.insert("Key".to_owned(), json!(op.key));
    for (name, state) in [("NewState", op.new_state), ("PrevState", op.prev_state)] {
        if state.number() != 0 {
            all.insert(name.to_owned(), json!(state));
        }
    }
    for (name, value) in [("NewValue", &op.new_value), ("PrevValue", &op.prev_value)] {
        if value.is_some() {
            all.insert(name.to_owned(), value_json(value.as_ref()));
        }
    }
    for (name, error) in [("NewErrMsg", op.new_error()), ("PrevErrMsg", op.prev_error())] {
        if let Some(error) = error {
            all.insert(name.to_owned(), json!(error));
        }
    }
    let flags = [
        ("NOOP", op.noop),
        ("IsDerived", op.is_derived()),
        ("IsProperty", op.is_property()),
        ("IsRevert", op.revert),
        ("IsRetry", op.retry),
        ("IsRecreate", op.recreate),
    ];
    for (name, _) in flags.into_iter().filter(|(_, set)| *set) {
        all.insert(name.to_owned(), Json::Bool(true));
    }
    all.insert("Reason".to_owned(), json!(op.reason));
    Json::Object(all)
}

fn value_json(value: Option<&Value>) -> Json {
    value.map_or(Json::Null, |value| {
        json!({
            "ProtoMsgName": value.full_name(),
            "ProtoMsgData": value.redacted().to_json().unwrap_or_else(|error| json!(error.to_string())),
        })
    })
}

/// RFC 3339 in UTC, as Go writes times.
fn time(time: SystemTime) -> Json {
    let (date, clock, nanos) = super::text::civil(time);
    let mut text = format!("{date}T{clock}");
    if nanos != 0 {
        let digits = format!("{nanos:09}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text.push('Z');
    Json::String(text)
}
