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
    if let Some(maps) = expect.get("metadata_maps") {
        verdicts.same_set(
            number,
            "metadata_maps",
            &labels(maps),
            &labels(&observed["metadata_maps"]),
        );
    }
}

/// How exactly a retry has to keep its time, in milliseconds: records are looked for once in each.
const PRECISION: u64 = 2;

/// Compares when retries came with when they should.
pub(super) fn delays(number: usize, nominal: &[u64], observed: &Json, verdicts: &mut Verdicts) {
    let mut expected = nominal.to_vec();
    let mut ours: Vec<u64> =
        observed.as_array().into_iter().flatten().filter_map(Json::as_u64).collect();
    expected.sort_unstable();
    ours.sort_unstable();
    if expected.len() != ours.len() {
        // That some came, or did not, is told by the transactions.
        return;
    }
    let in_time = |(a, b): (&u64, &u64)| a.abs_diff(*b) <= PRECISION;
    if !expected.iter().zip(&ours).all(in_time) {
        let text = format!("retries came {ours:?} ms after the failure, expected {expected:?}");
        verdicts.differ(number, "delays", text);
    }
}

pub(super) fn list(from: &Json, what: &str) -> Vec<Json> {
    from.get(what).and_then(Json::as_array).cloned().unwrap_or_default()
}

/// The entries of metadata maps, one by one.
fn labels(maps: &Json) -> Vec<Json> {
    let of = |(name, map): (&String, &Json)| {
        let map = map.as_object().cloned().unwrap_or_default();
        let entry =
            |(label, metadata)| json!({ "map": name, "label": label, "metadata": metadata });
        map.into_iter().map(entry).collect::<Vec<Json>>()
    };
    maps.as_object().into_iter().flatten().flat_map(of).collect()
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
    for pair in aligned(expected, observed) {
        match pair {
            Pair { theirs: Some(theirs), ours: Some(ours) } => {
                one_transaction(number, &theirs, &ours, verdicts);
            }
            Pair { theirs, ours } => {
                let (missing, extra): (Vec<Json>, Vec<Json>) =
                    (theirs.into_iter().collect(), ours.into_iter().collect());
                let lines = |sign: &str, items: &[Json]| {
                    items.iter().map(|i| format!("\n        {sign} {i}")).collect::<String>()
                };
                let text = format!("{}{}", lines("-", &missing), lines("+", &extra));
                verdicts.differences.push(Difference {
                    step: number,
                    what: "txns".to_owned(),
                    text,
                    missing,
                    extra,
                });
            }
        }
    }
}

/// A transaction that was expected and the one that stands for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Pair {
    pub(super) theirs: Option<Json>,
    pub(super) ours: Option<Json>,
}

/// Brings two lists of transactions side by side, by what kind they are.
pub(super) fn aligned(expected: &[Json], observed: &[Json]) -> Vec<Pair> {
    let kind = |t: &Json| (t["type"].clone(), t["resync_type"].clone(), t["retry_attempt"].clone());
    let expected =
        if count(expected) > count(observed) { united(expected) } else { expected.to_vec() };
    let (expected, observed) = (by_arguments(&expected), by_arguments(observed));
    let observed = at_once(&expected, &observed);
    let mut pairs = Vec::new();
    let mut left = observed.iter();
    for (at, theirs) in expected.iter().enumerate() {
        // Those of one transaction, if there are any.
        let is_same = |theirs: &Json, ours: &Json| {
            kind(ours) == kind(theirs) && ours["retry_for_txn"] == theirs["retry_for_txn"]
        };
        // Not one that is about something else, and stands for one that follows.
        let is_other = |ours: &Json| {
            subjects(ours) != subjects(theirs)
                && expected[at + 1..]
                    .iter()
                    .any(|next| is_same(next, ours) && subjects(ours) == subjects(next))
        };
        let found = left.clone().position(|ours| is_same(theirs, ours)).or_else(|| {
            left.clone().position(|ours| kind(ours) == kind(theirs) && !is_other(ours))
        });
        match found {
            Some(skipped) => {
                for ours in left.by_ref().take(skipped) {
                    pairs.push(Pair { theirs: None, ours: Some(ours.clone()) });
                }
                pairs.push(Pair { theirs: Some(theirs.clone()), ours: left.next().cloned() });
            }
            None => pairs.push(Pair { theirs: Some(theirs.clone()), ours: None }),
        }
    }
    pairs.extend(left.map(|ours| Pair { theirs: None, ours: Some(ours.clone()) }));
    pairs
}

/// The keys a transaction is about.
fn subjects(txn: &Json) -> BTreeSet<String> {
    let values = list(txn, "values");
    values.iter().filter_map(|v| v["key"].as_str().map(str::to_owned)).collect()
}

/// Retries that are due at the same moment have no order: brings them into that of their arguments,
/// which leaves their numbers where they were.
fn by_arguments(txns: &[Json]) -> Vec<Json> {
    // Of one transaction, and of the same attempt: only then they can be due at one moment.
    let is_like = |a: &Json, b: &Json| {
        a["type"] == "RetryFailedOps"
            && b["type"] == "RetryFailedOps"
            && a["retry_attempt"] == b["retry_attempt"]
            && a["retry_for_txn"] == b["retry_for_txn"]
    };
    let mut all = Vec::with_capacity(txns.len());
    for run in txns.chunk_by(is_like) {
        let numbers = run.iter().map(|txn| txn["seq_num"].clone());
        let mut run: Vec<Json> = run.to_vec();
        let numbers: Vec<Json> = numbers.collect();
        run.sort_by_key(|txn| txn["values"][0]["key"].to_string());
        for (txn, number) in run.iter_mut().zip(numbers) {
            txn["seq_num"] = number;
        }
        all.append(&mut run);
    }
    all
}

/// Retries of different transactions that were done at the same moment have no order either: ours
/// are brought into the expected one.
fn at_once(expected: &[Json], observed: &[Json]) -> Vec<Json> {
    let is_like = |a: &Json, b: &Json| {
        let are_retries = [a, b].iter().all(|txn| txn["type"] == "RetryFailedOps");
        are_retries && !a["at_ms"].is_null() && a["at_ms"] == b["at_ms"]
    };
    let what = |txn: &Json| {
        let key = txn["values"][0]["key"].clone();
        (txn["retry_for_txn"].clone(), txn["retry_attempt"].clone(), key)
    };
    let place = |txn: &Json| expected.iter().position(|other| what(other) == what(txn));
    let mut all = Vec::with_capacity(observed.len());
    for run in observed.chunk_by(is_like) {
        let numbers: Vec<Json> = run.iter().map(|txn| txn["seq_num"].clone()).collect();
        let mut run = run.to_vec();
        if run.iter().all(|txn| place(txn).is_some()) {
            run.sort_by_key(place);
        }
        for (txn, number) in run.iter_mut().zip(numbers) {
            txn["seq_num"] = number;
        }
        all.append(&mut run);
    }
    all
}

fn is_implementing(txn: &Json) -> bool {
    txn["type"] == "RetryUnimplOps"
}

fn count(txns: &[Json]) -> usize {
    txns.iter().filter(|t| is_implementing(t)).count()
}

/// Transactions for values that waited for a descriptor as one: the order of many is accidental.
fn united(txns: &[Json]) -> Vec<Json> {
    let mut all: Vec<Json> = Vec::new();
    for txn in txns {
        let Some(last) = all.last_mut().filter(|l| is_implementing(l) && is_implementing(txn))
        else {
            all.push(txn.clone());
            continue;
        };
        for what in ["values", "executed", "planned"] {
            if let (Some(into), Some(more)) = (last[what].as_array().cloned(), txn[what].as_array())
            {
                last[what] = into.into_iter().chain(more.iter().cloned()).collect();
            }
        }
        if txn["retry_for_txn"].as_u64() < last["retry_for_txn"].as_u64() {
            last["retry_for_txn"] = txn["retry_for_txn"].clone();
        }
    }
    all
}

fn one_transaction(number: usize, expected: &Json, ours: &Json, verdicts: &mut Verdicts) {
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
        let what = format!("txn {} {field}", ours["seq_num"]);
        verdicts.same_set(number, &what, &operations(expected, field), &operations(ours, field));
    }
}

/// Recorded operations in a form that can be compared.
pub(super) fn operations(txn: &Json, field: &str) -> Vec<Json> {
    let plain = |op: &Json| {
        let mut op = plain_op(op);
        if let Some(Json::Array(flags)) = op.get_mut("flags") {
            flags.sort_by_key(Json::to_string);
        }
        op
    };
    list(txn, field).iter().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(of: u64, attempt: u64, key: &str) -> Json {
        let values = json!([{ "key": key }]);
        json!({
            "type": "RetryFailedOps", "retry_for_txn": of, "retry_attempt": attempt, "values": values,
        })
    }

    /// What stands for each of the expected transactions, and what for none.
    fn pairs(expected: &[Json], observed: &[Json]) -> Vec<[String; 2]> {
        let name = |txn: Option<Json>| {
            let key = |txn: Json| txn["values"][0]["key"].as_str().map(str::to_owned);
            txn.and_then(key).unwrap_or_default()
        };
        let pairs = aligned(expected, observed).into_iter();
        pairs.map(|pair| [name(pair.theirs), name(pair.ours)]).collect()
    }

    #[test]
    fn a_retry_stands_for_that_of_the_same_values() {
        let [a, b] = ["a", "b"];
        let alike = pairs(&[retry(1, 1, a), retry(2, 1, b)], &[retry(1, 1, a), retry(2, 1, b)]);
        assert_eq!(alike, [[a, a], [b, b]]);
        let fewer = pairs(&[retry(1, 1, a), retry(2, 1, b)], &[retry(2, 1, b)]);
        assert_eq!(fewer, [[a, ""], [b, b]]);
        // By other numbers, it is still about the same.
        let shifted = pairs(&[retry(1, 1, a), retry(2, 1, b)], &[retry(2, 1, a), retry(3, 1, b)]);
        assert_eq!(shifted, [[a, a], [b, b]]);
        // Where there is none about the same, any of its kind does.
        let other = pairs(&[retry(1, 1, a)], &[retry(2, 1, b)]);
        assert_eq!(other, [[a, b]]);
        let later = pairs(&[retry(1, 1, a)], &[retry(1, 2, a)]);
        assert_eq!(later, [[a, ""], ["", a]]);
    }
}
