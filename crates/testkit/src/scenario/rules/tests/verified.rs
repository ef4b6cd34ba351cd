//! What verification says, there and here.

use super::*;
use crate::scenario::rules::values::{OTHER, STILL_THERE};

const FIELD: &str = "field f is invalid: bad";

fn error(op: &str, text: &str) -> Json {
    json!({ "key": "/p/b", "operation": op, "error": text })
}

fn verifying() -> Json {
    json!({ "config": { "verify_mode": true } })
}

#[test]
fn what_is_said_of_what_is_not_there_is_taken_out_first() {
    let judged = |content: &[(&str, Json)], told: &[Json], missing: &[Json], extra: &[Json]| {
        let mut step = holding(seen(&[node("/p/b", "INVALID", &text("1"))]), content);
        step["result"]["kv_errors"] = json!(told);
        let steps = [(txn(&[("/p/b", text("1"))]), step.clone(), step)];
        explanation("result.kv_errors", [missing, extra], &json!({}), &steps)
    };
    let (wrong, known) = (error("UPDATE", STILL_THERE), error("UPDATE", FIELD));
    let ours = [error("CREATE", FIELD)];
    let there = [("/p/b", text("2"))];
    let both = [wrong.clone(), known];
    assert_eq!(judged(&[], &ours, &both, &ours), Some(BTreeSet::from(["S8"])));
    assert_eq!(judged(&there, &ours, &both, &ours), None, "it is still there");
    let again = [wrong.clone(), wrong.clone(), error("CREATE", FIELD)];
    assert_eq!(judged(&[], &ours, &again, &[]), Some(BTreeSet::from(["S4"])));
    assert_eq!(judged(&there, &ours, &again, &[]), None, "it is still there");
    assert_eq!(judged(&[], &[], &again, &[]), None, "nobody was told of it here");
    assert_eq!(judged(&[], &[], &[wrong], &[]), Some(BTreeSet::from(["F8"])));
}

#[test]
fn what_waits_untouched_is_not_verified() {
    let judged = |origin: &str, now: &str, op: Option<&str>| {
        let entry = json!([{ "key": "/p/b", "value": text("2"), "origin": origin }]);
        let step = |value: &str| {
            let mut step = seen(&[node("/p/b", "PENDING", &text(value))]);
            step["sb_content"] = entry.clone();
            step
        };
        let first = (txn(&[("/p/b", text("1"))]), step("1"), step("1"));
        let noop = super::op("CREATE", ["PENDING"; 2], ["1"; 2], &["noop"]);
        let mut ours = step(now);
        if let Some(op) = op {
            ours = did(ours, &[step_of("/p/b", op, ["PENDING"; 2], None)]);
            ours["sb_content"] = entry.clone();
        }
        let mut theirs = did(step("1"), &[noop]);
        theirs["sb_content"] = entry.clone();
        let steps = [first, (txn(&[("/p/b", text("1"))]), theirs, ours)];
        let missing = [error("CREATE", OTHER)];
        explanation("result.kv_errors", [&missing, &[]], &verifying(), &steps)
    };
    assert_eq!(judged("SB", "1", None), Some(BTreeSet::from(["S10"])));
    assert_eq!(judged("NB", "1", None), None, "what is there is ours");
    assert_eq!(judged("SB", "3", None), None, "it waits as another one");
    assert_eq!(judged("SB", "1", Some("CREATE")), None, "it was touched");
}

#[test]
fn what_others_made_is_shown_as_it_was_found() {
    let judged = |more: &Json, shown: &str, told: &str| {
        let step = |shown: &str| {
            let nodes = [node("/p/b", "OBTAINED", &text(shown))].map(|mut node| {
                node["available"] = json!(true);
                node
            });
            holding(seen(&nodes), &[("/p/b", text("3"))])
        };
        let mut notify = txn(&[(told, text("1"))]);
        notify["step"] = json!("notify");
        reason("/p/b", more, &[(notify, step("1"), step(shown))])
    };
    assert_eq!(judged(&verifying(), "3", "/p/b"), Some("F8"));
    assert_eq!(judged(&verifying(), "2", "/p/b"), None, "it is not what is there");
    assert_eq!(judged(&json!({}), "3", "/p/b"), None, "nobody has looked");
    assert_eq!(judged(&verifying(), "3", "/p/a"), None, "nothing was told of it");
}

#[test]
fn who_tells_other_metadata_than_there_is_tells_something_wrong() {
    let told = |metadata: Option<i64>, with: bool| {
        let mut step = seen(&[node("/p/b", "OBTAINED", &text("1"))]);
        step["sb_content"] =
            json!([{ "key": "/p/b", "value": text("1"), "origin": "SB", "metadata": 100 }]);
        let mut notify = txn(&[("/p/b", text("1"))]);
        notify["step"] = json!("notify");
        notify["values"][0]["metadata"] = json!(metadata);
        let more = json!({ "with_metadata": with });
        looked_at(&more, &[(notify, step.clone(), step)], |view| {
            view.facts.ours.get("/p/b").is_some_and(|ops| ops.lied)
        })
    };
    assert!(told(Some(101), true));
    assert!(told(None, true));
    assert!(!told(Some(100), true), "that is so");
    assert!(!told(Some(101), false), "nobody asks for it");
}

#[test]
fn what_goes_with_its_base_is_not_told_again() {
    let [base, item] = ["/p/b", "/p/b/item1"];
    let value = json!({ "array": ["item1"] });
    let judged = |known: &str, now: &[Json]| {
        let refused = node(item, "INVALID", &text("item1"));
        let mut was = seen(&[up(base, &value), refused]);
        let derived = json!([{ "key": item, "state": "INVALID", "error": known }]);
        was["status"] = json!([{ "key": base, "state": "CONFIGURED", "derived": derived }]);
        let asked = txn(&[(base, value.clone())]);
        let steps = [(asked.clone(), was.clone(), was), (asked, seen(now), seen(now))];
        let missing = [json!({ "key": item, "operation": "CREATE", "error": FIELD })];
        explanation("result.kv_errors", [&missing, &[]], &json!({}), &steps)
    };
    let waits = || node(base, "PENDING", &value);
    assert_eq!(judged(FIELD, &[waits()]), Some(BTreeSet::from(["S10"])));
    assert_eq!(judged("other", &[waits()]), None, "that is news");
    assert_eq!(judged(FIELD, &[up(base, &value)]), None, "its base is there");
    let seen_on = [waits(), node(item, "INVALID", &text("item1"))];
    assert_eq!(judged(FIELD, &seen_on), None, "it is still to be seen");
}
