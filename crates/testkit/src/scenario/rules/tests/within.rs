//! What differs within a transaction, and what an undo, a retry or a failure leaves.

use super::*;

#[test]
fn what_could_not_be_put_back_is_not_wanted_for_that() {
    let judged = |revert: bool, before: &str, listed: &str, here: bool| {
        let mut old = node("/p/b", before, &text("2"));
        old["available"] = json!(true);
        let was = seen(&[old]);
        let wish = |value: &str| json!([{ "key": "/p/b", "value": text(value), "origin": "NB" }]);
        let tried = step_of("/p/b", "DELETE", [before, "FAILED"], Some("failed"));
        let step = |wishes: Json| {
            let mut step =
                did(seen(&[failed("/p/b", &text("3"), true)]), std::slice::from_ref(&tried));
            step["result"]["kv_errors"] = json!([{ "key": "/p/b", "error": "failed" }]);
            step["dumps"] = json!({ "any": { "NB": wishes } });
            step
        };
        let ours = step(if here { wish("9") } else { json!([]) });
        let mut change = txn(&[("/p/b", Json::Null)]);
        change["options"] = json!({ "revert": revert });
        let look = |view: &View<'_>| {
            let taken = compared(view);
            let mut judge = Judge::default();
            judge.look_for_made_up_wishes(&taken, view.facts);
            judge.judgement.paragraphs.contains("B14")
        };
        let steps = [(txn(&[]), was.clone(), was), (change, step(wish(listed)), ours)];
        looked_at(&json!({}), &steps, look)
    };
    assert!(judged(true, "OBTAINED", "2", false));
    assert!(!judged(false, "OBTAINED", "2", false), "nothing was to be undone");
    assert!(!judged(true, "CONFIGURED", "2", false), "it was NB's");
    assert!(!judged(true, "OBTAINED", "1", false), "it was not there as that");
    assert!(!judged(true, "OBTAINED", "2", true), "here, another one is wanted");
}

#[test]
fn what_goes_with_its_need_tells_what_is_wanted() {
    let [b, c] = ["/p/b", "/p/c"];
    let spec = needing(&json!({ "key_prefixes": [b] }));
    let judged = |there: &str, here: &str, need: &[Json]| {
        let down = |value: &str| {
            let mut down = step_of(c, "DELETE", ["DISCOVERED", "FAILED"], Some("failed"));
            down["new_value"] = text(value);
            down
        };
        let (theirs, ours) = ([down(there)], [down(here)]);
        let nodes = [need, &[failed(c, &text("1"), true)]].concat();
        let steps =
            [(txn(&[(c, text("3"))]), did(seen(&nodes), &theirs), did(seen(&nodes), &ours))];
        explanation("txn 0 executed", [&theirs, &ours], &spec, &steps)
    };
    assert_eq!(judged("1", "3", &[]), Some(BTreeSet::from(["S4"])));
    assert_eq!(judged("2", "3", &[]), None, "it was not there as that");
    assert_eq!(judged("1", "4", &[]), None, "that is not wanted");
    assert_eq!(judged("1", "3", &[up(b, &text("1"))]), None, "its need is there");
}

#[test]
fn what_waited_is_made_as_it_is_wanted_now() {
    let with = |suffix: &str| json!({ "array": ["item1"], "suffix": suffix });
    let spec = json!({ "value_comparator": "ignore-suffix", "derived_values": null });
    let judged = |kept: &str, made: &str, shown: &str| {
        let waits = seen(&[node("/p/b", "PENDING", &with("-a"))]);
        let step = |value: &str, content: &str, shown: &str| {
            let made = step_of("/p/b", "CREATE", ["PENDING", "CONFIGURED"], None);
            let mut step = did(seen(&[up("/p/b", &with(shown))]), &[made]);
            step["sb_ops"][0]["value"] = with(value);
            holding(step, &[("/p/b", with(content))])
        };
        let first = (txn(&[("/p/b", with("-a"))]), waits.clone(), waits);
        let second =
            (txn(&[("/p/b", with("-b"))]), step("-a", kept, "-b"), step(made, made, shown));
        reason_of_ops("/p/b", &spec, &[first, second])
    };
    assert_eq!(judged("-a", "-b", "-b"), Some("S4"));
    assert_eq!(judged("-b", "-b", "-b"), None, "there, it was changed");
    assert_eq!(judged("-a", "-c", "-c"), None, "that is not wanted");
    assert_eq!(judged("-a", "-b", "-c"), None, "it is shown as something else");
}

#[test]
fn that_it_would_wait_is_no_part_of_a_plan() {
    let judged = |failure: Option<&str>, before: &str| {
        let waits = super::op("CREATE", ["PENDING"; 2], ["1"; 2], &["noop"]);
        let came = super::op("CREATE", ["PENDING", "CONFIGURED"], ["1"; 2], &[]);
        let other = step_of("/p/a", "DELETE", ["DISCOVERED", "FAILED"], failure);
        let mut theirs = did(seen(&[up("/p/b", &text("1"))]), &[other, came]);
        theirs["txns"][0]["with_simulation"] = json!(true);
        let mut ours = theirs.clone();
        theirs["txns"][0]["planned"] = json!([waits.clone()]);
        ours["txns"][0]["planned"] = json!([]);
        let was = seen(&[node("/p/b", "PENDING", &text(before))]);
        let asked = txn(&[("/p/b", text("1"))]);
        let steps = [(asked.clone(), was.clone(), was), (asked, theirs, ours)];
        explanation("txn 0 planned", [&[waits], &[]], &json!({}), &steps)
    };
    assert_eq!(judged(Some("failed"), "1"), Some(BTreeSet::from(["S10"])));
    assert_eq!(judged(None, "1"), None, "nothing failed: it was to be foreseen that it comes");
    assert_eq!(judged(Some("failed"), "2"), None, "it waited as another one");
}

#[test]
fn what_is_derived_is_tried_as_often_as_its_base() {
    let [base, item] = ["/p/b", "/p/b/item1"];
    let value = json!({ "array": ["item1"] });
    let judged = |asked: u32, tried: u64, theirs: u64, error: Option<&str>| {
        let nodes = |state: &str| {
            let mut derived = node(item, state, &text("item1"));
            derived["available"] = json!(true);
            seen(&[up(base, &value), derived])
        };
        let side = |state: &str, attempts: u64| {
            let update = step_of(item, "UPDATE", ["CONFIGURED", state], error);
            let mut step = did(nodes(state), std::slice::from_ref(&update));
            let retry = |n: u64| json!({ "type": "RetryFailedOps", "retry_attempt": n, "executed": [update] });
            step["txns"] = (1..=attempts).map(retry).collect();
            step
        };
        let mut change = txn(&[(base, value.clone())]);
        change["options"] = json!({ "retry": { "period_ms": 50, "max_count": asked } });
        let first = (change, nodes("CONFIGURED"), nodes("CONFIGURED"));
        let quiet = json!({ "step": "expect_no_txn", "quiet_ms": 1000 });
        let last = (quiet, side("CONFIGURED", theirs), side("FAILED", tried));
        reason(item, &json!({}), &[first, last])
    };
    assert_eq!(judged(1, 1, 2, Some("failed")), Some("B12"));
    assert_eq!(judged(2, 1, 2, Some("failed")), None, "here, an attempt is left");
    assert_eq!(judged(1, 1, 1, Some("failed")), None, "there, it was not tried more often");
    assert_eq!(judged(0, 1, 2, Some("failed")), None, "it was to be tried without end");
    assert_eq!(judged(1, 1, 2, None), None, "it has not failed");
}

#[test]
fn what_was_read_back_does_not_derive_it() {
    let [base, item] = ["/p/b", "/p/b/item1"];
    let list = |items: &[&str]| json!({ "array": items });
    let judged = |error: Option<&str>, left: &[&str], before: &str| {
        let was = seen(&[up(base, &list(&["item1"])), node(item, before, &text("item1"))]);
        let went = {
            let mut went = super::op("DELETE", [before, "REMOVED"], ["item1"; 2], &["noop"]);
            went["key"] = json!(item);
            went
        };
        let down = step_of(base, "DELETE", ["CONFIGURED", "FAILED"], error);
        let now = || seen(&[failed(base, &list(left), true)]);
        let theirs = did(now(), &[went.clone(), down.clone()]);
        let asked = txn(&[(base, list(&["item1"]))]);
        let steps = [(asked.clone(), was.clone(), was), (asked, theirs, did(now(), &[down]))];
        explanation("txn 0 executed", [&[went], &[]], &json!({}), &steps)
    };
    assert_eq!(judged(Some("failed"), &[], "PENDING"), Some(BTreeSet::from(["27.8"])));
    assert_eq!(judged(None, &[], "PENDING"), None, "its base went");
    assert_eq!(judged(Some("failed"), &["item1"], "PENDING"), None, "its base still derives it");
    assert_eq!(judged(Some("failed"), &[], "CONFIGURED"), None, "it was there");
}
