//! What our records must say of themselves, whatever was expected: they tell literally what was done
//! with the southbound (S8), link one state to the next, and carry the marks of their transaction.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::scenario::{
    compare::{Taken, list},
    facts::{Facts, base_of, statuses_of},
    format::{AValue, Scenario},
};

/// What our records of a step say that is not so.
pub(super) fn untruths(scenario: &Scenario, taken: &Taken, facts: &Facts) -> Vec<String> {
    let txns = list(&taken.observed, "txns");
    let mut found = calls(taken, &txns, facts);
    for txn in &txns {
        found.extend(marks(txn, facts));
    }
    found.extend(undone(taken, &txns, facts));
    // What fails, and what is verified, is read back, which says where it is by itself.
    let verified = scenario.config.as_ref().is_some_and(|c| c.verify_mode);
    let failed = executed(&txns).any(|(_, op)| !op["new_error"].is_null() && !has(op, "noop"));
    if verified || failed {
        found.extend(ghosts(taken, &txns));
    } else {
        found.extend(chains(taken, &txns, facts));
    }
    found.extend(errors(taken, &txns));
    found
}

fn text<'j>(op: &'j Json, member: &str) -> &'j str {
    op[member].as_str().unwrap_or_default()
}

fn has(op: &Json, flag: &str) -> bool {
    op["flags"].as_array().is_some_and(|flags| flags.iter().any(|f| f == flag))
}

fn executed(txns: &[Json]) -> impl Iterator<Item = (&Json, &Json)> {
    txns.iter()
        .flat_map(|txn| txn["executed"].as_array().into_iter().flatten().map(move |op| (txn, op)))
}

/// Every call is one operation of a record, and the other way round.
fn calls(taken: &Taken, txns: &[Json], facts: &Facts) -> Vec<String> {
    let describe =
        |op: &str, key: &str, error: &str| format!("{} {key} {error}", op.to_lowercase());
    let mut called: BTreeMap<String, i32> = BTreeMap::new();
    for op in list(&taken.observed, "sb_ops").iter().filter(|op| op["op"] != "retrieve") {
        *called.entry(describe(text(op, "op"), text(op, "key"), text(op, "error"))).or_default() +=
            1;
    }
    for (txn, op) in executed(txns) {
        let key = text(op, "key");
        // What happened by itself, or has nobody to be called, is not sent.
        let base = base_of(key, &facts.parents);
        let told = taken.step.values.iter().flatten().any(|value| value.key == base);
        let by_itself = txn["type"] == "SBNotification"
            && told
            && ["OBTAINED", "REMOVED"].contains(&text(op, "new_state"))
            && facts.asked.get(&base_of(key, &facts.parents)).is_none_or(Json::is_null);
        let silent = has(op, "noop") || has(op, "property") || by_itself;
        let not_called = text(op, "new_error").ends_with(" is not implemented");
        if !silent && !not_called {
            // What went because it must not stay as it is wanted now was taken down with success.
            let refused = text(op, "new_state") == "INVALID";
            let error = if refused { "" } else { text(op, "new_error") };
            *called.entry(describe(text(op, "op"), key, error)).or_default() -= 1;
        }
    }
    let wrong = called.into_iter().filter(|(_, n)| *n != 0);
    wrong
        .map(|(call, n)| {
            let what = if n > 0 {
                "was called and is not on record"
            } else {
                "is on record and was not called"
            };
            format!("{} {what}", call.trim_end())
        })
        .collect()
}

/// The marks of operations are those of their transaction and of their value.
fn marks(txn: &Json, facts: &Facts) -> Vec<String> {
    let mut found = Vec::new();
    let retry = text(txn, "type").starts_with("Retry");
    for field in ["executed", "planned"] {
        for op in txn[field].as_array().into_iter().flatten() {
            let key = text(op, "key");
            // What came and went within a step was seen by nobody.
            let seen = facts.nodes().contains_key(key) || facts.nodes_before.contains_key(key);
            let derived = if seen { is_derived(key, facts) } else { has(op, "derived") };
            let described = facts.registered_owner(key).is_some();
            for (flag, should) in
                [("retry", retry), ("derived", derived), ("property", derived && !described)]
            {
                if has(op, flag) != should {
                    let not = if should { "not " } else { "" };
                    found.push(format!("{field}: {} {key} is {not}marked {flag}", text(op, "op")));
                }
            }
        }
    }
    found
}

/// Is it derived here, whatever it is there?
fn is_derived(key: &str, facts: &Facts) -> bool {
    let node = facts.nodes().get(key).or_else(|| facts.nodes_before.get(key));
    node.is_some_and(|node| !node["derived_from"].is_null())
}

/// In a transaction that failed as a whole, what was done with success is followed by operations
/// that are marked as its undoing, and after the first of them come no others.
fn undone(taken: &Taken, txns: &[Json], facts: &Facts) -> Vec<String> {
    let asked = taken.step.options.as_ref().is_some_and(|o| o.revert);
    let [txn] = txns else { return Vec::new() };
    if !asked || txn["type"] != "NBTransaction" || taken.observed["result"]["kv_errors"].is_null() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut open: BTreeSet<&str> = BTreeSet::new();
    let (mut undoing, mut failed) = (false, false);
    for (_, op) in executed(txns) {
        let key = text(op, "key");
        let undo = has(op, "revert");
        if undoing && !undo {
            found.push(format!("{} {key} is in the undoing and not marked so", text(op, "op")));
        }
        if failed && !undo && !has(op, "noop") {
            found.push(format!(
                "{} {key} was done though the transaction had failed",
                text(op, "op")
            ));
        }
        undoing |= undo;
        // That it is refused was known, and is no failure of this transaction.
        failed |= !op["new_error"].is_null() && !has(op, "noop") && op["new_state"] != "INVALID";
        if undo {
            open.remove(key);
        } else if !has(op, "noop") && op["new_error"].is_null() {
            open.insert(key);
        }
    }
    // What cannot be undone is told as such.
    let whole = executed(txns).all(|(_, op)| !has(op, "revert") || op["new_error"].is_null());
    // What was only found there was nobody's wish.
    let was_found =
        |key: &str| facts.nodes_before.get(key).is_some_and(|node| node["state"] == "DISCOVERED");
    let is_open = |key: &&str| failed && whole && !was_found(key) && !is_as_wanted(key, facts);
    let open = open.into_iter().filter(is_open);
    found.extend(open.map(|key| format!("what was done with {key} was not undone")));
    found
}

/// Is it there as it was wanted before the transaction that was undone? It was not there then, for a
/// failure or for something it needed, and what is undone is the wish.
fn is_as_wanted(key: &str, facts: &Facts) -> bool {
    let base = base_of(key, &facts.parents);
    let now = facts.nodes().get(&base);
    let Some(wanted) = facts.asked.get(&base).filter(|wish| !wish.is_null()) else {
        let last = facts.ours.get(key).and_then(|ops| ops.last_done.as_deref());
        return now.is_none() && last == Some("delete");
    };
    // That it waits for something is looked at by the model.
    if now.is_some_and(|node| node["state"] == "PENDING" && node["value"] == *wanted) {
        return true;
    }
    let derived = || {
        let value = serde_json::from_value::<AValue>(wanted.clone()).ok();
        let spec = facts.registered_owner(&base);
        let derived = spec.zip(value).map(|(spec, value)| spec.derived_of(&base, &value.message()));
        let mut derived = derived.into_iter().flatten();
        derived.find(|(k, _)| **k == *key).map(|(_, value)| AValue::json(Some(&value)))
    };
    let is_up = |node: &Json| node["state"] == "CONFIGURED";
    match facts.nodes().get(key) {
        Some(node) if base == key => is_up(node) && node["value"] == *wanted,
        Some(node) => is_up(node) && derived().as_ref() == Some(&node["value"]),
        // Its base derives it no more.
        None => base != key && now.is_some() && derived().is_none(),
    }
}

/// Of one value each operation begins where the one before ended, the first where the step before
/// ended, and the last ends where the value is now.
fn chains(taken: &Taken, txns: &[Json], facts: &Facts) -> Vec<String> {
    let mut found = Vec::new();
    let mut last: BTreeMap<&str, &Json> = BTreeMap::new();
    let resync = taken.step.options.as_ref().is_some_and(|o| o.resync.is_some());
    for (_, op) in executed(txns) {
        let key = text(op, "key");
        let begins = text(op, "prev_state");
        match last.insert(key, op) {
            Some(before) if text(before, "new_state") != begins && !comes_back(before, op) => {
                found.push(format!(
                    "{key} was left {} and is said to have been {begins}",
                    before["new_state"]
                ));
            }
            // What is read back first is found to be somewhere else, and an undo may tell only of itself.
            None if !(resync || has(op, "revert")) => {
                let node = facts.nodes_before.get(key);
                let was = node.map_or("NONEXISTENT", |node| text(node, "state"));
                if was != begins {
                    found.push(format!("{key} was {was} before and is said to have been {begins}"));
                }
            }
            _ => {}
        }
    }
    let now = statuses_of(&taken.observed);
    for (key, op) in last {
        let said = text(op, "new_state");
        let is = now.get(key).map_or("REMOVED", |status| text(status, "state"));
        // It waits with its base, which could not be brought to where it should be, and is not shown.
        let base = base_of(key, &facts.parents);
        let of_failed = base != key
            && now.get(&base).is_some_and(|s| ["FAILED", "RETRYING"].contains(&text(s, "state")));
        let hidden = of_failed && said == "PENDING" && !now.contains_key(key);
        if said != is && !hidden {
            found.push(format!("{key} was left {said} by the last operation and is {is}"));
        }
        let told = now.get(key).map(|status| text(status, "last_operation"));
        // A value made anew was updated; one that others made was not touched.
        let known = [text(op, "op"), if has(op, "recreate") { "UPDATE" } else { "" }];
        let known = if is == "OBTAINED" { ["UNDEFINED"; 2] } else { known };
        if let Some(told) = told.filter(|told| !known.contains(told)) {
            found.push(format!(
                "the last operation on {key} was {} and is said to be {told}",
                known[0]
            ));
        }
    }
    found
}

/// Values that are said to wait now, with nothing done about them, and that nobody knows.
fn ghosts(taken: &Taken, txns: &[Json]) -> Vec<String> {
    let now = statuses_of(&taken.observed);
    let mut last: BTreeMap<&str, &Json> = BTreeMap::new();
    for (_, op) in executed(txns) {
        last.insert(text(op, "key"), op);
    }
    let ghosts = last.into_iter().filter(|(key, op)| {
        has(op, "noop") && text(op, "new_state") == "PENDING" && !now.contains_key(*key)
    });
    ghosts.map(|(key, _)| format!("{key} is said to wait, and is not known")).collect()
}

/// What was gone is made anew: that it was not there before is one way to say it.
fn comes_back(before: &Json, op: &Json) -> bool {
    before["new_state"] == "REMOVED" && op["prev_state"] == "NONEXISTENT"
}

/// Whoever asked is told every error on record, and no other.
fn errors(taken: &Taken, txns: &[Json]) -> Vec<String> {
    let [txn] = txns else { return Vec::new() };
    if txn["type"] != "NBTransaction" || taken.observed["result"]["seq_num"].is_null() {
        return Vec::new();
    }
    let told: BTreeSet<(String, String)> = list(&taken.observed["result"], "kv_errors")
        .iter()
        .map(|e| (text(e, "key").to_owned(), text(e, "error").to_owned()))
        .collect();
    executed(txns)
        .filter(|(_, op)| !op["new_error"].is_null() && op["prev_error"] != op["new_error"])
        .map(|(_, op)| (text(op, "key").to_owned(), text(op, "new_error").to_owned()))
        .filter(|error| {
            !told.contains(error) && !error.1.contains("could not be removed before it")
        })
        .map(|(key, error)| format!("nobody was told of the error of {key}: {error}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::read;

    /// What is wrong with a step that observed this.
    fn wrong(revert: bool, errors: &Json, calls: &Json, txn: &Json, status: &Json) -> Vec<String> {
        let scenario = read::scenario(&json!({
            "id": "one",
            "descriptors": [{ "name": "any" }],
            "steps": [{ "step": "txn", "values": [], "options": { "revert": revert } }],
        }));
        let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
        let taken = Taken {
            number: 1,
            step: scenario.steps[0].clone(),
            expect: Json::Null,
            observed: json!({
                "result": { "seq_num": 0, "kv_errors": errors },
                "sb_ops": calls,
                "txns": [txn],
                "nodes": [],
                "status": status,
            }),
            descriptors: scenario.descriptors.clone(),
            differences: Vec::new(),
        };
        let mut facts = Facts::of(&scenario);
        facts.take(&taken);
        untruths(&scenario, &taken, &facts)
    }

    fn op(op: &str, key: &str, states: [&str; 2], error: Option<&str>, flags: &[&str]) -> Json {
        let mut all = json!({
            "op": op, "key": key, "prev_state": states[0], "new_state": states[1], "flags": flags,
        });
        if let Some(error) = error {
            all["new_error"] = json!(error);
        }
        all
    }

    fn txn(kind: &str, executed: &[Json]) -> Json {
        json!({ "type": kind, "executed": executed })
    }

    #[test]
    fn records_tell_literally_what_was_called() {
        let call = json!([{ "op": "create", "key": "a" }]);
        let there = json!([{ "key": "a", "state": "CONFIGURED", "last_operation": "CREATE" }]);
        let create = || op("CREATE", "a", ["NONEXISTENT", "CONFIGURED"], None, &[]);
        let nb = |ops: &[Json]| txn("NBTransaction", ops);
        let none: &Json = &Json::Null;
        assert!(wrong(false, none, &call, &nb(&[create()]), &there).is_empty());
        let lost = wrong(false, none, &call, &nb(&[]), &there);
        assert_eq!(lost, ["create a was called and is not on record"]);
        let made_up = wrong(false, none, &json!([]), &nb(&[create()]), &there);
        assert_eq!(made_up, ["create a is on record and was not called"]);
        let ghost = op("DELETE", "a", ["INVALID", "REMOVED"], None, &["noop"]);
        let unseen = wrong(false, none, &json!([]), &nb(&[ghost]), &json!([]));
        assert_eq!(unseen, ["a was NONEXISTENT before and is said to have been INVALID"]);
        let pending = json!([{ "key": "a", "state": "PENDING", "last_operation": "UPDATE" }]);
        let elsewhere = wrong(false, none, &call, &nb(&[create()]), &pending);
        assert_eq!(elsewhere.len(), 2, "{elsewhere:?}");
        let retried = wrong(false, none, &call, &txn("RetryFailedOps", &[create()]), &there);
        assert_eq!(retried, ["executed: CREATE a is not marked retry"]);
        let failed = op("CREATE", "a", ["NONEXISTENT", "FAILED"], Some("no"), &[]);
        let call = json!([{ "op": "create", "key": "a", "error": "no" }]);
        let silent = wrong(false, &json!([]), &call, &nb(&[failed]), &json!([]));
        assert_eq!(silent, ["nobody was told of the error of a: no"]);
    }

    #[test]
    fn what_fails_as_a_whole_is_undone_and_marked_so() {
        let calls = json!([
            { "op": "create", "key": "a" },
            { "op": "create", "key": "b", "error": "no" },
            { "op": "delete", "key": "a" },
        ]);
        let errors = json!([{ "key": "b", "operation": "CREATE", "error": "no" }]);
        let done = || op("CREATE", "a", ["NONEXISTENT", "CONFIGURED"], None, &[]);
        let failed = || op("CREATE", "b", ["NONEXISTENT", "FAILED"], Some("no"), &[]);
        let undo = |flags: &[&str]| op("DELETE", "a", ["CONFIGURED", "REMOVED"], None, flags);
        let whole = txn("NBTransaction", &[done(), failed(), undo(&["revert"])]);
        assert!(wrong(true, &errors, &calls, &whole, &json!([])).is_empty());
        let unmarked = txn("NBTransaction", &[done(), failed(), undo(&[])]);
        let found = wrong(true, &errors, &calls, &unmarked, &json!([]));
        assert!(
            found.iter().any(|text| text == "DELETE a was done though the transaction had failed")
        );
        let left = txn("NBTransaction", &[done(), failed()]);
        let calls =
            json!([{ "op": "create", "key": "a" }, { "op": "create", "key": "b", "error": "no" }]);
        let found = wrong(true, &errors, &calls, &left, &json!([]));
        assert_eq!(found, ["what was done with a was not undone"]);
    }

    #[test]
    fn what_was_wanted_before_may_stay_when_the_rest_is_undone() {
        let value = |text: &str| json!({ "string": text });
        let wish = |text| json!([{ "key": "a", "value": value(text) }]);
        let scenario = read::scenario(&json!({
            "id": "one",
            "descriptors": [{ "name": "any" }],
            "steps": [
                { "step": "txn", "values": wish("1") },
                { "step": "txn", "values": wish("2"), "options": { "revert": true } },
            ],
        }));
        let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
        let taken = |at: usize, observed: Json| Taken {
            number: at + 1,
            step: scenario.steps[at].clone(),
            expect: Json::Null,
            observed,
            descriptors: scenario.descriptors.clone(),
            differences: Vec::new(),
        };
        let waits = json!({ "nodes": [{ "key": "a", "state": "PENDING", "value": value("1") }] });
        let left = |text: &str| {
            let done = op("CREATE", "a", ["PENDING", "CONFIGURED"], None, &[]);
            let failed = op("CREATE", "b", ["NONEXISTENT", "FAILED"], Some("no"), &[]);
            let second = taken(
                1,
                json!({
                    "result": {
                        "seq_num": 0,
                        "kv_errors": [{ "key": "b", "operation": "CREATE", "error": "no" }],
                    },
                    "sb_ops": [
                        { "op": "create", "key": "a" },
                        { "op": "create", "key": "b", "error": "no" },
                    ],
                    "txns": [txn("NBTransaction", &[done, failed])],
                    "nodes": [{ "key": "a", "state": "CONFIGURED", "value": value(text) }],
                    "status": [],
                }),
            );
            let mut facts = Facts::of(&scenario);
            facts.take(&taken(0, waits.clone()));
            facts.take(&second);
            untruths(&scenario, &second, &facts)
        };
        assert!(left("1").is_empty(), "{:?}", left("1"));
        assert_eq!(left("2"), ["what was done with a was not undone"]);
    }

    #[test]
    fn a_disputed_key_is_marked_by_what_it_is_here() {
        let scenario = read::scenario(&json!({
            "id": "one",
            "descriptors": [{ "name": "any" }],
            "steps": [{ "step": "txn", "values": [] }],
        }));
        let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
        let marked = |flags: &[&str]| {
            let create = op("CREATE", "a", ["NONEXISTENT", "CONFIGURED"], None, flags);
            let taken = Taken {
                number: 1,
                step: scenario.steps[0].clone(),
                expect: json!({ "nodes": [{ "key": "a", "derived_from": "b" }] }),
                observed: json!({ "nodes": [{ "key": "a", "state": "CONFIGURED" }] }),
                descriptors: scenario.descriptors.clone(),
                differences: Vec::new(),
            };
            let mut facts = Facts::of(&scenario);
            facts.take(&taken);
            marks(&txn("NBTransaction", &[create]), &facts)
        };
        assert!(marked(&[]).is_empty());
        assert_eq!(marked(&["derived"]), ["executed: CREATE a is marked derived"]);
    }
}
