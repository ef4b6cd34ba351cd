//! Compares what was observed with what is expected: contents, states and sets of operations exactly,
//! order only where it matters.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::scenario::format::{DescriptorSpec, Step};

/// Disagreements of one step.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    pub(super) differences: Vec<Difference>,
}

/// A step with what was expected and what was observed.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) number: usize,
    pub(super) step: Step,
    pub(super) expect: Json,
    pub(super) observed: Json,
    /// Descriptors registered so far.
    pub(super) descriptors: Vec<DescriptorSpec>,
    pub(super) differences: Vec<Difference>,
}

/// One disagreement.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    pub(super) step: usize,
    /// Member of the expectation, e.g. `status`.
    pub(super) what: String,
    pub(super) text: String,
    /// What was expected there and is not.
    pub(super) missing: Vec<Json>,
    /// What is there and was not expected.
    pub(super) extra: Vec<Json>,
}

// === impl Difference ===

impl Difference {
    pub(super) fn plain(step: usize, what: &str, text: String) -> Self {
        let what = what.to_owned();
        Self { step, what, text, missing: Vec::new(), extra: Vec::new() }
    }
}

// === impl Verdicts ===

impl Verdicts {
    pub(super) fn differ(&mut self, step: usize, what: &str, text: String) {
        self.differences.push(Difference::plain(step, what, text));
    }

    /// Compares two lists without regard to order.
    fn same_set(&mut self, step: usize, what: &str, expected: &[Json], observed: &[Json]) {
        let mut extra: Vec<Json> = observed.to_vec();
        let mut missing = Vec::new();
        for item in expected {
            match extra.iter().position(|other| other == item) {
                Some(at) => {
                    extra.swap_remove(at);
                }
                None => missing.push(item.clone()),
            }
        }
        if missing.is_empty() && extra.is_empty() {
            return;
        }
        let lines = |sign: &str, items: &[Json]| {
            items.iter().map(|i| format!("\n        {sign} {i}")).collect::<String>()
        };
        let text = format!("{}{}", lines("-", &missing), lines("+", &extra));
        self.differences.push(Difference { step, what: what.to_owned(), text, missing, extra });
    }
}

/// Compares one step.
pub(super) fn step(number: usize, expect: &Json, observed: &Json, verdicts: &mut Verdicts) {
    if let Some(expected) = expect.get("result") {
        result(number, expected, &observed["result"], verdicts);
    }
    if observed.get("sb_ops").is_none() {
        return;
    }
    for what in ["sb_content", "nodes", "status"] {
        if expect.get(what).is_some() {
            let (expected, ours) = (list(expect, what), list(observed, what));
            verdicts.same_set(number, what, &sorted_details(&expected), &sorted_details(&ours));
        }
    }
    let is_change = |op: &Json| op["op"] != "retrieve";
    let ops = |from: &Json| -> Vec<Json> {
        list(from, "sb_ops").iter().filter(|op| is_change(op)).map(plain_op).collect()
    };
    verdicts.same_set(number, "sb_ops", &ops(expect), &ops(observed));
    let expected: BTreeSet<String> = keys(expect, "sb_inconsistent_keys");
    let ours: BTreeSet<String> = keys(observed, "sb_inconsistent_keys");
    if expected != ours {
        verdicts.same_set(
            number,
            "sb_inconsistent_keys",
            &expected.iter().map(|k| json!(k)).collect::<Vec<_>>(),
            &ours.iter().map(|k| json!(k)).collect::<Vec<_>>(),
        );
    }
    transactions(number, &list(expect, "txns"), &list(observed, "txns"), verdicts);
    if let Some(Json::Object(watchers)) = expect.get("notifications") {
        for (name, updates) in watchers {
            let ours = observed["notifications"].get(name).cloned().unwrap_or_default();
            let what = format!("notifications of {name}");
            verdicts.same_set(
                number,
                &what,
                &sorted_details(updates.as_array().map_or(&[][..], Vec::as_slice)),
                &sorted_details(ours.as_array().map_or(&[][..], Vec::as_slice)),
            );
        }
    }
    if let Some(Json::Object(dumps)) = expect.get("dumps") {
        for (name, views) in dumps {
            for view in ["NB", "SB", "cached"] {
                let what = format!("dump {view} of {name}");
                let of = |from: &Json| match &from[view] {
                    Json::Array(items) => items.clone(),
                    Json::Null => Vec::new(),
                    other => vec![other.clone()],
                };
                let ours = observed["dumps"].get(name).cloned().unwrap_or_default();
                verdicts.same_set(number, &what, &of(views), &of(&ours));
            }
        }
    }
    if let Some(maps) = expect.get("metadata_maps").filter(|m| **m != observed["metadata_maps"]) {
        verdicts.same_set(
            number,
            "metadata_maps",
            std::slice::from_ref(maps),
            std::slice::from_ref(&observed["metadata_maps"]),
        );
    }
}

fn list(from: &Json, what: &str) -> Vec<Json> {
    from.get(what).and_then(Json::as_array).cloned().unwrap_or_default()
}

fn keys(from: &Json, what: &str) -> BTreeSet<String> {
    list(from, what).iter().filter_map(|k| k.as_str().map(str::to_owned)).collect()
}

fn plain_op(op: &Json) -> Json {
    let mut op = op.clone();
    if let Some(op) = op.as_object_mut() {
        op.retain(|_, value| !value.is_null());
    }
    op
}

fn sorted_details(statuses: &[Json]) -> Vec<Json> {
    let mut statuses = statuses.to_vec();
    for status in &mut statuses {
        if let Some(Json::Array(details)) = status.get_mut("details") {
            details.sort_by_key(Json::to_string);
        }
        if let Some(Json::Array(derived)) = status.get_mut("derived") {
            *derived = sorted_details(derived);
        }
        if let Some(object) = status.as_object_mut() {
            object.sort_keys();
        }
    }
    statuses
}

fn result(number: usize, expected: &Json, observed: &Json, verdicts: &mut Verdicts) {
    for field in ["seq_num", "init_error", "error"] {
        if expected.get(field).unwrap_or(&Json::Null) != observed.get(field).unwrap_or(&Json::Null)
        {
            let text = format!("expected {expected}, got {observed}");
            verdicts.differ(number, &format!("result.{field}"), text);
        }
    }
    let (expected, ours) = (list(expected, "kv_errors"), list(observed, "kv_errors"));
    verdicts.same_set(number, "result.kv_errors", &expected, &ours);
}

fn transactions(number: usize, expected: &[Json], observed: &[Json], verdicts: &mut Verdicts) {
    if expected.len() != observed.len() {
        let text = format!("expected {} transactions, got {}", expected.len(), observed.len());
        verdicts.differ(number, "txns", text);
    }
    for (expected, ours) in expected.iter().zip(observed) {
        for field in [
            "seq_num",
            "type",
            "resync_type",
            "description",
            "retry_for_txn",
            "retry_attempt",
            "with_simulation",
        ] {
            if expected.get(field) != ours.get(field) {
                let what = format!("txn.{field}");
                let text = format!("expected {:?}, got {:?}", expected.get(field), ours.get(field));
                verdicts.differ(number, &what, text);
            }
        }
        let values = |from: &Json| -> Vec<Json> {
            list(from, "values")
                .into_iter()
                .filter(|v| v["origin"] != "SB" || from["type"] == "SBNotification")
                .collect()
        };
        verdicts.same_set(number, "txn.values", &values(expected), &values(ours));
        for field in ["planned", "executed"] {
            if field == "planned" && expected["with_simulation"] != true {
                continue;
            }
            let ops = |from: &Json| -> Vec<Json> {
                list(from, field)
                    .iter()
                    .map(plain_op)
                    .map(|mut op| {
                        if let Some(Json::Array(flags)) = op.get_mut("flags") {
                            flags.sort_by_key(Json::to_string);
                        }
                        op
                    })
                    .collect()
            };
            let what = format!("txn {} {field}", expected["seq_num"]);
            verdicts.same_set(number, &what, &ops(expected), &ops(ours));
        }
    }
}
