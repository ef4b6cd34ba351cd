//! `GET /scheduler/txn-history`: what was done, as data with the original's names, or as text.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use ligato_kvs::Scheduler;
use ligato_kvs_api::{RecordedOp, RecordedTxn, RecordedValue, TxnSeq, ValueState};
use serde_json::{Map, Value, json};

use super::value::{origin_number, recorded};
use crate::{
    answer::{ApiError, Json},
    query::Args,
    time,
};

/// The resync type of what is no resync.
const NOT_RESYNC: &str = "NotResync";

pub(super) async fn history(
    State(scheduler): State<Scheduler>,
    args: Args,
) -> Result<Response, ApiError> {
    args.only(&["format", "seq-num", "since", "until"])?;
    match args.one("format")?.unwrap_or("json") {
        "json" => {}
        other => {
            return Err(ApiError::Argument(format!(
                "unrecognized output format {other:?}; use json"
            )));
        }
    }
    if let Some(number) = args.number("seq-num")? {
        let unknown = || ApiError::NotFound(format!("transaction {number} is not recorded"));
        let record = scheduler.transaction(TxnSeq(number)).ok_or_else(unknown)?;
        return Ok(Json(record_json(&record)).into_response());
    }
    let records = scheduler.history(args.time("since")?, args.time("until")?);
    let shown = match records.as_slice() {
        [] => Value::Null,
        records => records.iter().map(|record| record_json(record)).collect(),
    };
    Ok(Json(shown).into_response())
}

/// The record of a transaction, members with their zero value left out as the original does.
pub(super) fn record_json(record: &RecordedTxn) -> Value {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    if record.planned.is_some() {
        put("WithSimulation", true.into());
    }
    put("Start", time::format(record.start).into());
    put("Stop", time::format(record.stop).into());
    put("SeqNum", record.seq.0.into());
    put("TxnType", record.txn_type.into());
    if record.resync_type != NOT_RESYNC {
        put("ResyncType", record.resync_type.into());
    }
    if !record.description.is_empty() {
        put("Description", record.description.as_str().into());
    }
    if let Some((seq, attempt)) = record.retry_for {
        put("RetryForTxn", seq.0.into());
        put("RetryAttempt", attempt.into());
    }
    if record.confirmed > 0 {
        put("Confirmed", record.confirmed.into());
    }
    if !record.values.is_empty() {
        put("Values", record.values.iter().map(value_json).collect());
    }
    if let Some(planned) = &record.planned {
        put("Planned", planned.iter().map(op_json).collect());
    }
    if !record.executed.is_empty() {
        put("Executed", record.executed.iter().map(op_json).collect());
    }
    Value::Object(shown)
}

fn value_json(value: &RecordedValue) -> Value {
    json!({
        "Key": value.key,
        "Value": recorded(value.value.as_ref()),
        "Origin": origin_number(value.origin),
    })
}

fn op_json(op: &RecordedOp) -> Value {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("Operation", op.op.as_str().into());
    put("Key", json!(op.key));
    for (name, state) in [("NewState", op.new_state), ("PrevState", op.prev_state)] {
        if state != ValueState::Nonexistent {
            put(name, state.as_str().into());
        }
    }
    for (name, value) in [("NewValue", &op.new_value), ("PrevValue", &op.prev_value)] {
        if value.is_some() {
            put(name, recorded(value.as_ref()));
        }
    }
    for (name, error) in [("NewErrMsg", &op.new_error), ("PrevErrMsg", &op.prev_error)] {
        if let Some(error) = error {
            put(name, error.as_str().into());
        }
    }
    let flags = [
        ("NOOP", op.noop),
        ("IsDerived", op.derived),
        ("IsProperty", op.property),
        ("IsRevert", op.revert),
        ("IsRetry", op.retry),
        ("IsRecreate", op.recreate),
    ];
    for (name, _) in flags.into_iter().filter(|(_, set)| *set) {
        put(name, true.into());
    }
    put("Reason", op.reason.to_string().into());
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use ligato_kvs_api::{OpKind, Origin, Reason};
    use ligato_proto::vpp::interfaces::Interface;

    use super::*;

    #[test]
    fn a_record_has_the_members_of_the_original() {
        let value =
            ligato_model::Value::new(Interface { name: "loop1".into(), ..Default::default() });
        let key: ligato_model::Key = "config/vpp/v2/interfaces/loop1".into();
        let record = RecordedTxn {
            seq: TxnSeq(2),
            txn_type: "NBTransaction",
            resync_type: NOT_RESYNC,
            description: String::new(),
            retry_for: None,
            start: UNIX_EPOCH + Duration::from_millis(1_704_448_800_100),
            stop: UNIX_EPOCH + Duration::from_millis(1_704_448_800_200),
            values: vec![RecordedValue {
                key: key.clone(),
                value: Some(value.clone()),
                origin: Origin::Nb,
            }],
            planned: None,
            executed: vec![RecordedOp {
                op: OpKind::Create,
                key,
                prev_state: ValueState::Nonexistent,
                new_state: ValueState::Configured,
                prev_value: None,
                new_value: Some(value),
                prev_error: None,
                new_error: None,
                noop: false,
                derived: false,
                property: false,
                revert: false,
                retry: false,
                recreate: false,
                reason: Reason::Requested,
            }],
            confirmed: 0,
        };
        let loop1 = json!({
            "ProtoMsgName": "ligato.vpp.interfaces.Interface",
            "ProtoMsgData": { "name": "loop1" },
        });
        let expected = json!({
            "Start": "2024-01-05T10:00:00.1Z",
            "Stop": "2024-01-05T10:00:00.2Z",
            "SeqNum": 2,
            "TxnType": "NBTransaction",
            "Values": [{ "Key": "config/vpp/v2/interfaces/loop1", "Value": loop1, "Origin": 1 }],
            "Executed": [{
                "Operation": "CREATE",
                "Key": "config/vpp/v2/interfaces/loop1",
                "NewState": "CONFIGURED",
                "NewValue": loop1,
                "Reason": "requested",
            }],
        });
        assert_eq!(record_json(&record), expected);
    }
}
