//! `GET /scheduler/key-timeline`, `/scheduler/graph-snapshot`, `/scheduler/flag-stats`: what values were, when.

use std::{collections::BTreeMap, time::SystemTime};

use axum::extract::State;
use ligato_kvs::{NodeInfo, Scheduler, TimelineEntry};
use ligato_kvs_api::{RecordedOp, TxnSeq, ValueState};
use serde_json::{Value, json};

use super::value::recorded;
use crate::{
    answer::{ApiError, Json},
    query::Args,
    time,
};

/// The flags that revisions carry.
const FLAGS: [&str; 6] =
    ["last-update", "error", "value-state", "unavailable", "descriptor", "derived"];

pub(super) async fn key_timeline(
    State(scheduler): State<Scheduler>,
    args: Args,
) -> Result<Json<Value>, ApiError> {
    args.only(&["key", "time"])?;
    let key = args.required("key")?;
    let timeline = scheduler.timeline(key);
    let node = scheduler.snapshot().node(key);
    let shown = |entry: &TimelineEntry| revision(&scheduler, entry, node.as_ref());
    let answer = match args.time("time")? {
        None => timeline.iter().map(shown).collect(),
        Some(at) => timeline.iter().find(|entry| valid_at(entry, at)).map_or(Value::Null, shown),
    };
    Ok(Json(answer))
}

pub(super) async fn graph_snapshot(
    State(scheduler): State<Scheduler>,
    args: Args,
) -> Result<Json<Value>, ApiError> {
    args.only(&["time"])?;
    let at = args.time("time")?.unwrap_or_else(SystemTime::now);
    let snapshot = scheduler.snapshot();
    let entries = scheduler.snapshot_at(at);
    let shown = entries
        .iter()
        .map(|entry| revision(&scheduler, entry, snapshot.node(&entry.op.key).as_ref()));
    Ok(Json(shown.collect()))
}

pub(super) async fn flag_stats(
    State(scheduler): State<Scheduler>,
    args: Args,
) -> Result<Json<Value>, ApiError> {
    args.only(&["flag", "prefix"])?;
    let flag = args.required("flag")?;
    if !FLAGS.contains(&flag) {
        let text = format!("unknown flag {flag:?}; known are: {}", FLAGS.join(", "));
        return Err(ApiError::Argument(text));
    }
    let prefixes: Vec<&str> = args.all("prefix").collect();
    let wanted = |key: &str| prefixes.is_empty() || prefixes.iter().any(|p| key.starts_with(p));
    let snapshot = scheduler.snapshot();
    let mut per_value: BTreeMap<String, u64> = BTreeMap::new();
    for record in scheduler.history(None, None) {
        for op in record.executed.iter().filter(|op| wanted(&op.key)) {
            let descriptor = match flag {
                "descriptor" => snapshot.node(&op.key).and_then(|node| node.descriptor),
                _ => None,
            };
            if let Some(value) = flags(op, record.seq, descriptor).remove(flag) {
                *per_value.entry(value).or_default() += 1;
            }
        }
    }
    let total: u64 = per_value.values().sum();
    Ok(Json(json!({ "TotalCount": total, "PerValueCount": per_value })))
}

fn valid_at(entry: &TimelineEntry, at: SystemTime) -> bool {
    entry.since <= at && entry.until.is_none_or(|until| at < until)
}

/// A revision of a value. Targets are known for the present one only.
fn revision(scheduler: &Scheduler, entry: &TimelineEntry, node: Option<&NodeInfo>) -> Value {
    let TimelineEntry { txn, since, until, op } = entry;
    let present = node.filter(|_| until.is_none());
    let descriptor = node.and_then(|node| node.descriptor.clone());
    let label = descriptor.as_ref().and_then(|name| {
        let descriptors = scheduler.snapshot().descriptors();
        let owner = descriptors.into_iter().find(|d| d.name() == name)?;
        op.key.strip_prefix(owner.nb_key_prefix()?).map(str::to_owned)
    });
    json!({
        "Since": time::format(*since),
        "Until": until.map_or_else(|| time::NEVER.to_owned(), time::format),
        "Key": op.key,
        "Label": label.unwrap_or_else(|| op.key.to_string()),
        "Value": recorded(op.new_value.as_ref()),
        "Flags": flags(op, *txn, descriptor),
        "MetadataFields": Value::Null,
        "Targets": present.map(targets),
        "TargetUpdateOnly": false,
    })
}

fn targets(node: &NodeInfo) -> Value {
    let mut targets: Vec<Value> = Vec::new();
    for (label, target, satisfied) in &node.depends_on {
        let matching: Vec<&String> = satisfied.then_some(target).into_iter().collect();
        targets.push(json!({
            "Relation": "depends-on",
            "Label": label,
            "ExpectedKey": target,
            "MatchingKeys": matching,
        }));
    }
    targets.into()
}

/// The flags of a revision by name; one that is set without a value is the empty text.
fn flags(
    op: &RecordedOp,
    txn: TxnSeq,
    descriptor: Option<String>,
) -> BTreeMap<&'static str, String> {
    let mut flags = BTreeMap::from([
        ("last-update", format!("TXN-{txn}")),
        ("value-state", op.new_state.as_str().to_owned()),
    ]);
    if let Some(error) = op.new_error() {
        flags.insert("error", error.to_string());
    }
    let available = matches!(
        op.new_state,
        ValueState::Configured | ValueState::Obtained | ValueState::Discovered
    );
    if !available {
        flags.insert("unavailable", String::new());
    }
    if op.is_derived() {
        flags.insert("derived", String::new());
    }
    flags.extend(descriptor.map(|name| ("descriptor", name)));
    flags
}
