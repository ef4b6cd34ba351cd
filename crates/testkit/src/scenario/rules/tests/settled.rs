//! When what differed for a reason is judged in full again.

use super::*;

/// Is what these three steps disagree about in the last one explained? In the first, the value comes
/// to differ for a reason.
fn is_forgiven(what: &str, second: (Json, Json), third: (Json, Json)) -> bool {
    let is = seen(&[up("/p/b", &text("1"))]);
    let judgement = judged(&text("1"), &[(holding(is.clone(), &[]), is), second, third]);
    assert!(judgement.paragraphs.contains("B11"), "{judgement:?}");
    !judgement.unexplained.iter().any(|d| d.step == 3 && d.what == what)
}

fn with_status(mut step: Json, details: &[&str]) -> Json {
    let mut status = json!({ "key": "/p/b", "state": "CONFIGURED", "last_operation": "CREATE" });
    if !details.is_empty() {
        status["details"] = json!(details);
    }
    step["status"] = json!([status]);
    step
}

fn with_metadata(mut step: Json, metadata: i64) -> Json {
    step["sb_content"][0]["metadata"] = json!(metadata);
    step
}

#[test]
fn what_is_equal_again_is_judged_in_full() {
    let is = || seen(&[up("/p/b", &text("1"))]);
    let odd = || (with_status(is(), &[]), with_status(is(), &["x"]));
    assert!(!is_forgiven("status", (is(), is()), odd()));
    assert!(is_forgiven("status", (holding(is(), &[]), is()), odd()), "it still differed");
    let failed = || seen(&[failed("/p/b", &text("1"), true)]);
    assert!(is_forgiven("status", (failed(), failed()), odd()), "nobody knows what is there");
}

#[test]
fn other_metadata_is_still_known_then() {
    let is = |metadata| with_metadata(seen(&[up("/p/b", &text("1"))]), metadata);
    let odd = || (with_status(is(100), &[]), with_status(is(0), &["x"]));
    assert!(is_forgiven("sb_content", (is(100), is(0)), odd()));
    assert!(!is_forgiven("status", (is(100), is(0)), odd()));
    assert!(!is_forgiven("sb_content", (is(0), is(0)), odd()), "it was the same again");
}

fn is_settled(steps: &[Seen]) -> bool {
    looked_at(&json!({}), steps, |view| super::super::settled::is_settled(view.taken, view.facts))
}

#[test]
fn what_is_wanted_and_what_is_planned_has_to_be_the_same() {
    let is = || seen(&[up("/p/b", &text("1"))]);
    let asked = || txn(&[("/p/b", text("1"))]);
    let undone = |there: bool| {
        let mut change = txn(&[("/p/b", text("2"))]);
        change["options"] = json!({ "revert": true });
        let refused = |mut step: Json, is_it: bool| {
            if is_it {
                step["result"]["kv_errors"] = json!([{ "key": "/p/b", "error": "failed" }]);
            }
            step
        };
        is_settled(&[(asked(), is(), is()), (change, refused(is(), there), refused(is(), true))])
    };
    assert!(undone(true));
    assert!(!undone(false), "there, something else is wanted");
    let planned = |calls: usize| {
        let plan = json!({ "step": "plan_result", "key": "/p/b", "error": "failed" });
        let update = step_of("/p/b", "UPDATE", ["CONFIGURED"; 2], None);
        let theirs = did(is(), &vec![update.clone(); calls]);
        let ours = did(is(), &[update]);
        is_settled(&[(plan, Json::Null, Json::Null), (asked(), theirs, ours)])
    };
    assert!(planned(1));
    assert!(!planned(2), "here, the next call is the one that fails");
}
