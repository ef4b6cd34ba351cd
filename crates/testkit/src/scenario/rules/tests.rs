//! Each rule excuses the better behaviour, and not what only looks like it.

use serde_json::json;

use super::*;
use crate::scenario::{compare, read};

mod settled;
mod verified;
mod within;

/// What the rules say of steps in which a northbound asks for `/p/b`.
fn judged(asked: &Json, steps: &[(Json, Json)]) -> Judgement {
    judged_asking(&json!([{ "key": "/p/b", "value": asked }]), steps)
}

/// What the rules say of steps in each of which a northbound asks for this: what was expected and
/// what was observed in each.
fn judged_asking(values: &Json, steps: &[(Json, Json)]) -> Judgement {
    let one = json!({ "step": "txn", "values": values });
    let scenario = read::scenario(&json!({
        "id": "one",
        "descriptors": [{
            "name": "any",
            "nb_key_prefix": "/p/",
            "key_selector": { "prefix": "/p/" },
            "derived_values": "array-items",
            "dependencies": [{
                "for_key": "/p/a",
                "deps": [{ "label": "any", "any_of": { "key_prefixes": ["/p/"] } }],
            }, {
                "for_key": "/p/c",
                "deps": [{ "label": "q", "key": "/q" }, { "label": "b", "key": "/p/b" }],
            }],
        }],
        "steps": vec![one; steps.len()],
    }));
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
    let taken = |(at, (expect, observed)): (usize, &(Json, Json))| {
        let mut verdicts = compare::Verdicts::default();
        compare::step(at + 1, expect, observed, &mut verdicts);
        Taken {
            number: at + 1,
            step: scenario.steps[at].clone(),
            expect: expect.clone(),
            observed: observed.clone(),
            descriptors: scenario.descriptors.clone(),
            differences: verdicts.differences,
        }
    };
    let steps: Vec<Taken> = steps.iter().enumerate().map(taken).collect();
    let is_judged = |taken: &Taken| !taken.differences.is_empty() || taken.expect.is_null();
    assert!(steps.iter().any(is_judged), "there is nothing to judge");
    judge(&scenario, &steps)
}

fn is_excused(by: &str, judgement: &Judgement) -> bool {
    judgement.unexplained.is_empty() && judgement.paragraphs.contains(by)
}

fn node(key: &str, state: &str, value: &Json) -> Json {
    let is_up = ["CONFIGURED", "DISCOVERED"].contains(&state);
    let mut node = json!({ "key": key, "state": state, "available": is_up, "value": value });
    if let Some((base, _)) = key.strip_prefix("/p/").and_then(|key| key.split_once('/')) {
        node["derived_from"] = json!(format!("/p/{base}"));
    }
    node
}

/// A step after which these values are known, those that are available in the southbound.
fn seen(nodes: &[Json]) -> Json {
    let up = nodes.iter().filter(|node| node["available"] == true);
    let content = |n: &Json| json!({ "key": n["key"], "value": n["value"], "origin": "NB" });
    json!({
        "result": { "seq_num": 0 },
        "nodes": nodes,
        "status": [],
        "sb_ops": [],
        "sb_content": up.map(content).collect::<Vec<Json>>(),
        "txns": [],
    })
}

fn op(op: &str, states: [&str; 2], values: [&str; 2], flags: &[&str]) -> Json {
    let [before, after] = values.map(|text| json!({ "string": text }));
    let mut op = json!({
        "op": op, "key": "/p/b", "prev_state": states[0], "new_state": states[1],
        "prev_value": before, "new_value": after,
    });
    if !flags.is_empty() {
        op["flags"] = json!(flags);
    }
    op
}

/// The same with a transaction that did this.
fn did(mut step: Json, executed: &[Json]) -> Json {
    step["txns"] = json!([{ "seq_num": 0, "type": "NBTransaction", "executed": executed }]);
    let called = executed.iter().filter(|op| op["flags"].is_null());
    let call = |op: &Json| {
        let name = op["op"].as_str().map(str::to_lowercase);
        json!({ "op": name, "descriptor": "any", "key": op["key"], "error": op["new_error"] })
    };
    step["sb_ops"] = called.map(call).collect();
    step
}

#[test]
fn what_is_derived_comes_with_its_base() {
    let base = json!({ "array": ["item1"] });
    let without =
        [node("/p/a", "CONFIGURED", &json!({ "string": "1" })), node("/p/b", "CONFIGURED", &base)];
    let with = |text: &str| {
        let item = node("/p/b/item1", "CONFIGURED", &json!({ "string": text }));
        seen(&[&without[..], &[item]].concat())
    };
    let asked =
        json!([{ "key": "/p/a", "value": { "string": "1" } }, { "key": "/p/b", "value": base }]);
    let better = judged_asking(&asked, &[(seen(&without), with("item1"))]);
    assert!(is_excused("B10", &better), "{better:?}");
    let made_up = judged_asking(&asked, &[(seen(&without), with("other"))]);
    assert!(!made_up.unexplained.is_empty());
}

#[test]
fn what_is_found_as_it_is_wanted_is_configured() {
    let there = json!({ "array": ["item1"] });
    let item = |state| node("/p/b/item1", state, &json!({ "string": "item1" }));
    let found = |state| {
        let mut base = node("/p/b", "FAILED", &there);
        base["available"] = json!(true);
        let mut step = seen(&[base, item(state)]);
        let error = "operation Update is not implemented";
        step["status"] = json!([{ "key": "/p/b", "state": "FAILED", "error": error }]);
        step
    };
    let step = [(found("DISCOVERED"), found("CONFIGURED"))];
    let wanted = judged(&json!({ "array": ["item1", "item2"] }), &step);
    assert!(is_excused("27.8", &wanted), "{wanted:?}");
    let unwanted = judged(&json!({ "array": ["item2"] }), &step);
    assert!(!unwanted.unexplained.is_empty());
}

/// A value that waits.
fn waiting(text: &str, details: &[&str]) -> Json {
    let mut step = seen(&[node("/p/c", "PENDING", &json!({ "string": text }))]);
    step["status"] = json!([{
        "key": "/p/c", "state": "PENDING", "last_operation": "CREATE", "details": details,
    }]);
    step
}

#[test]
fn that_a_value_waits_for_less_is_not_worth_a_record() {
    let asked = json!({ "string": "1" });
    let noop = |text| {
        let mut noop = op("CREATE", ["PENDING"; 2], [text; 2], &["noop"]);
        noop["key"] = json!("/p/c");
        noop
    };
    let before = || (waiting("1", &["q", "b"]), waiting("1", &["q", "b"]));
    let after = |text| (did(waiting(text, &["q"]), &[noop(text)]), did(waiting(text, &["q"]), &[]));
    let asked = json!([{ "key": "/p/c", "value": asked }]);
    let same = judged_asking(&asked, &[before(), after("1")]);
    assert!(is_excused("S10", &same), "{same:?}");
    let changed = judged_asking(&asked, &[before(), after("2")]);
    assert!(!changed.unexplained.is_empty());
}

#[test]
fn a_value_is_built_up_at_once_with_what_is_wanted() {
    let up = |text: &str| seen(&[node("/p/b", "CONFIGURED", &json!({ "string": text }))]);
    let [was, pending] = ["CONFIGURED", "PENDING"];
    let theirs = [
        op("DELETE", [was, pending], ["1", "1"], &[]),
        op("CREATE", [pending, was], ["1", "1"], &[]),
        op("UPDATE", [was, was], ["1", "2"], &[]),
    ];
    let ours = |text| {
        let down = op("DELETE", [was, pending], ["1", "2"], &[]);
        [down, op("CREATE", [pending, was], [text, text], &[])]
    };
    let status = |mut step: Json| {
        step["status"] = json!([{ "key": "/p/b", "state": was, "last_operation": "CREATE" }]);
        step
    };
    let asked = json!({ "string": "2" });
    let judged = |text| {
        let before = (status(up("2")), status(up("2")));
        let step = (status(did(up("2"), &theirs)), status(did(up("2"), &ours(text))));
        judged(&asked, &[before, step])
    };
    let rebuilt = judged("2");
    assert!(is_excused("S4", &rebuilt), "{rebuilt:?}");
    assert!(!judged("3").unexplained.is_empty());
}

#[test]
fn what_is_shown_has_to_follow_from_what_is_wanted() {
    let one = json!({ "string": "1" });
    let values = json!([{ "key": "/p/b", "value": one }]);
    let told = |state, value: &Json, up: bool, there: bool| {
        let mut value = node("/p/b", state, value);
        value["available"] = json!(up);
        let mut step = seen(&[value]);
        if !there {
            step["sb_content"] = json!([]);
        }
        let faults = judged_asking(&values, &[(Json::Null, step)]).unexplained;
        faults.into_iter().map(|fault| fault.text).collect::<Vec<_>>()
    };
    assert_eq!(told("CONFIGURED", &one, true, true), Vec::<String>::new());
    let has = |texts: Vec<String>, part: &str| {
        assert!(texts.iter().any(|text| text.contains(part)), "{part}: {texts:?}");
    };
    has(told("CONFIGURED", &json!({ "string": "2" }), true, true), "and is not (B8)");
    has(told("CONFIGURED", &one, true, false), "is said to be there, and is not (B11)");
    has(told("PENDING", &one, false, false), "waits for nothing (B1)");
    has(told("FAILED", &one, false, false), "is said to have failed, and has not (B8)");
    has(told("OBTAINED", &one, true, true), "taken for somebody else's (B13)");
    has(told("DISCOVERED", &one, true, true), "not said to be (27.8)");
    has(told("INVALID", &one, true, true), "is INVALID although what is wanted is not (B4)");
}

/// The last step, with the differences between what was expected and what was observed.
fn compared(view: &View<'_>) -> Taken {
    let Taken { number, step, expect, observed, descriptors, .. } = view.taken;
    let mut verdicts = compare::Verdicts::default();
    compare::step(*number, expect, observed, &mut verdicts);
    Taken {
        number: *number,
        step: step.clone(),
        expect: expect.clone(),
        observed: observed.clone(),
        descriptors: descriptors.clone(),
        differences: verdicts.differences,
    }
}

/// A step, what was expected and what was observed.
type Seen = (Json, Json, Json);

/// What a look at the last of these steps says, with a descriptor that derives items and has more.
fn looked_at<T>(more: &Json, steps: &[Seen], look: impl FnOnce(&View<'_>) -> T) -> T {
    let mut descriptor = json!({
        "name": "any",
        "nb_key_prefix": "/p/",
        "key_selector": { "prefix": "/p/" },
        "derived_values": "array-items",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        descriptor[name] = value.clone();
    }
    // Not of the descriptor, but of the scenario.
    let config = descriptor.as_object_mut().and_then(|all| all.remove("config"));
    let asked: Vec<&Json> = steps.iter().map(|(step, ..)| step).collect();
    let mut scenario = json!({ "id": "one", "descriptors": [descriptor], "steps": asked });
    if let Some(config) = config {
        scenario["config"] = config;
    }
    let scenario = read::scenario(&scenario).unwrap_or_else(|error| panic!("{error}"));
    let mut facts = Facts::of(&scenario);
    let mut last = None;
    for (at, (_, expect, observed)) in steps.iter().enumerate() {
        let taken = Taken {
            number: at + 1,
            step: scenario.steps[at].clone(),
            expect: expect.clone(),
            observed: observed.clone(),
            descriptors: scenario.descriptors.clone(),
            differences: Vec::new(),
        };
        facts.take(&taken);
        last = Some(taken);
    }
    let taken = last.unwrap_or_else(|| panic!("there is nothing to look at"));
    let (theirs, ours) = (nodes_of(&taken.expect), nodes_of(&taken.observed));
    look(&View { scenario: &scenario, taken: &taken, facts: &facts, theirs: &theirs, ours: &ours })
}

/// Why a value differs.
fn reason(key: &str, more: &Json, steps: &[Seen]) -> Option<&'static str> {
    looked_at(more, steps, |view| view.reason(key))
}

/// Why other operations on a value differ.
fn reason_of_ops(key: &str, more: &Json, steps: &[Seen]) -> Option<&'static str> {
    looked_at(more, steps, |view| view.reason_by_operations(key))
}

/// What explains this, left of a difference.
fn explanation(
    what: &str,
    [missing, extra]: [&[Json]; 2],
    more: &Json,
    steps: &[Seen],
) -> Option<BTreeSet<&'static str>> {
    let look = |view: &View<'_>| {
        let (taken, facts) = (view.taken, view.facts);
        Leftover { what, missing, extra, taken, facts }.paragraph(&BTreeSet::new())
    };
    looked_at(more, steps, look)
}

fn text(text: &str) -> Json {
    json!({ "string": text })
}

fn txn(values: &[(&str, Json)]) -> Json {
    let values = values.iter().map(|(key, value)| json!({ "key": key, "value": value }));
    json!({ "step": "txn", "values": values.collect::<Vec<_>>() })
}

/// Somebody changes a value behind.
fn behind(key: &str, value: &Json) -> Seen {
    let record = json!({ "key": key, "value": value, "origin": "SB" });
    (json!({ "step": "sb_set", "sb": [record] }), Json::Null, Json::Null)
}

fn up(key: &str, value: &Json) -> Json {
    node(key, "CONFIGURED", value)
}

/// A value that failed, available or not, and is said to have.
fn failed(key: &str, value: &Json, is_up: bool) -> Json {
    let mut node = node(key, "FAILED", value);
    node["available"] = json!(is_up);
    node
}

fn said(mut step: Json, key: &str, error: &str) -> Json {
    step["status"] = json!([{ "key": key, "state": "FAILED", "error": error }]);
    step
}

fn holding(mut step: Json, content: &[(&str, Json)]) -> Json {
    let entry = |(key, value): &(&str, Json)| json!({ "key": key, "value": value, "origin": "NB" });
    step["sb_content"] = content.iter().map(entry).collect();
    step
}

/// An operation on a value that stays the same.
fn step_of(key: &str, name: &str, states: [&str; 2], error: Option<&str>) -> Json {
    let mut op = op(name, states, ["1"; 2], &[]);
    op["key"] = json!(key);
    if let Some(error) = error {
        op["new_error"] = json!(error);
    }
    op
}

/// `/p/c` needs what this says.
fn needing(any_of: &Json) -> Json {
    json!({ "dependencies": [{ "for_key": "/p/c", "deps": [{ "label": "l", "any_of": any_of }] }] })
}

#[test]
fn what_lost_its_need_waits_and_comes_back_with_it() {
    let [b, c] = ["/p/b", "/p/c"];
    let (was, waits, lost) = ("CONFIGURED", "PENDING", "RETRYING");
    let both = seen(&[up(b, &text("1")), up(c, &text("1"))]);
    let spec = needing(&json!({ "key_prefixes": [b] }));
    let asked = txn(&[(b, text("1")), (c, text("1"))]);
    let went = step_of(c, "DELETE", [was, waits], None);
    let came = step_of(c, "CREATE", [waits, was], None);
    let judged = |of_need: [Json; 2]| {
        let [down, back] = of_need;
        let theirs = did(both.clone(), &[down.clone(), back.clone()]);
        let ours = did(both.clone(), &[down, went.clone(), back, came.clone()]);
        let first = (asked.clone(), both.clone(), both.clone());
        reason_of_ops(c, &spec, &[first, (asked.clone(), theirs, ours)])
    };
    let failed = step_of(b, "UPDATE", [was, lost], Some("failed"));
    assert_eq!(judged([failed.clone(), step_of(b, "CREATE", [lost, was], None)]), Some("B9"));
    // It was there all the time.
    assert_eq!(judged([failed, step_of(b, "UPDATE", [lost, was], None)]), None);
    // Nothing was lost: what is made anew takes what needs it along in any case.
    let down = step_of(b, "DELETE", [was, waits], None);
    assert_eq!(judged([down, step_of(b, "CREATE", [waits, was], None)]), None);
}

#[test]
fn what_a_failure_took_away_was_there_before() {
    let [b, item, c] = ["/p/b", "/p/b/item1", "/p/c"];
    let list = json!({ "array": ["item1"] });
    let spec = needing(&json!({ "key_prefixes": [item] }));
    let derived = || node(item, "CONFIGURED", &text("item1"));
    let (alone, all) =
        (seen(&[up(b, &list), derived()]), seen(&[up(b, &list), derived(), up(c, &text("1"))]));
    let wrong = |before: &Json, failure: Option<&str>| {
        let made = step_of(c, "CREATE", ["NONEXISTENT", "CONFIGURED"], None);
        let changed = step_of(b, "UPDATE", ["CONFIGURED", "CONFIGURED"], failure);
        let again = step_of(item, "CREATE", ["MISSING", "CONFIGURED"], None);
        let mut ours = did(all.clone(), &[made, changed, again]);
        ours["sb_ops"][0]["value"] = text("1");
        let first = (txn(&[(b, list.clone())]), before.clone(), before.clone());
        let second = (txn(&[(b, list.clone()), (c, text("1"))]), all.clone(), ours);
        looked_at(&spec, &[first, second], |view| {
            order::disorder(view.scenario, view.taken, view.facts, &|_| false)
        })
    };
    assert_eq!(wrong(&alone, Some("failed")), [""; 0]);
    let before_it = format!("{c} was created before l was there");
    assert_eq!(wrong(&alone, None), [before_it.as_str()]);
    // It was not there to be taken away.
    assert_eq!(wrong(&seen(&[up(b, &list)]), Some("failed")), [before_it]);
}

#[test]
fn what_is_refused_goes_with_what_it_needs() {
    let [b, c] = ["/p/b", "/p/c"];
    let mut spec = needing(&json!({ "key_prefixes": [b] }));
    spec["validate"] = json!([{ "key": c, "value": text("bad"), "error": "bad", "fields": ["f"] }]);
    let before = seen(&[up(b, &text("1")), up(c, &text("1"))]);
    let first = (txn(&[(b, text("1")), (c, text("1"))]), before.clone(), before.clone());
    let judged = |need: &[Json], error: Option<&str>, left: &[(&str, Json)]| {
        let refused = node(c, "INVALID", &text("bad"));
        let down = step_of(c, "DELETE", ["CONFIGURED", "INVALID"], error);
        let ours = holding(did(seen(&[need, &[refused]].concat()), &[down]), left);
        reason_of_ops(c, &spec, &[first.clone(), (txn(&[(c, text("bad"))]), before.clone(), ours)])
    };
    assert_eq!(judged(&[], None, &[]), Some("B9"));
    assert_eq!(judged(&[], Some("failed"), &[]), Some("B9"), "it is gone, whatever is said");
    assert_eq!(judged(&[], Some("failed"), &[(c, text("1"))]), None, "it is still there");
    assert_eq!(judged(&[up(b, &text("1"))], None, &[(b, text("1"))]), None);
}

#[test]
fn nothing_rests_on_what_is_derived_from_it() {
    let [b, c, item, other] = ["/p/b", "/p/c", "/p/c/item1", "/p/bb"];
    let value = json!({ "array": ["item1"] });
    let spec = needing(&json!({ "key_prefixes": [b, "/p/c/"] }));
    let of_c = [up(c, &value), up(item, &text("item1"))];
    let before = seen(&[&[up(b, &text("1"))], &of_c[..]].concat());
    let first = (txn(&[(b, text("1")), (c, value.clone())]), before.clone(), before);
    let second = txn(&[(b, Json::Null), (other, text("1"))]);
    let (was, gone, waits) = ("CONFIGURED", "REMOVED", "PENDING");
    let of_need =
        [step_of(b, "DELETE", [was, gone], None), step_of(other, "CREATE", [gone, was], None)];
    let judged = |there: &[Json]| {
        let nodes = |of_c: &[Json]| seen(&[&[up(other, &text("1"))], of_c].concat());
        let (down, back) =
            (step_of(c, "DELETE", [was, waits], None), step_of(c, "CREATE", [waits, was], None));
        let ours = [&[down], &of_need[..], &[back]].concat();
        let step = (second.clone(), did(nodes(there), &of_need), did(nodes(&of_c), &ours));
        reason_of_ops(c, &spec, &[first.clone(), step])
    };
    assert_eq!(judged(&of_c), Some("27.8"));
    assert_eq!(judged(&of_c[..1]), None);
}

#[test]
fn what_is_said_to_be_there_and_is_not_is_wrong_there() {
    let is = seen(&[up("/p/b", &text("1"))]);
    let is_not = holding(is.clone(), &[]);
    let better = judged(&text("1"), &[(is_not.clone(), is.clone())]);
    assert!(is_excused("B11", &better), "{better:?}");
    let worse = judged(&text("1"), &[(is, is_not)]);
    assert!(worse.unexplained.iter().any(|d| d.what == "sb_content"), "{worse:?}");
}

#[test]
fn what_is_told_of_a_value_is_not_what_is_wanted_of_it() {
    let judged = |told: &str, here: &str| {
        let wanted = |value: &str| {
            let item = json!({ "key": "/p/b", "value": text(value), "origin": "NB" });
            let dumps = json!({ "any": { "NB": [item] } });
            let mut step = seen(&[up("/p/b", &text("1"))]);
            step["dumps"] = dumps;
            step
        };
        let asked = (txn(&[("/p/b", text("1"))]), wanted("1"), wanted("1"));
        let mut notify = txn(&[("/p/a", text("0")), ("/p/b", text(told))]);
        notify["step"] = json!("notify");
        let look = |view: &View<'_>| {
            let taken = compared(view);
            assert!(!taken.differences.is_empty(), "there is nothing to judge");
            let mut judge = Judge::default();
            judge.look_for_lost_wishes(&taken, view.facts);
            judge.judgement.paragraphs.contains("B13")
        };
        looked_at(&json!({}), &[asked, (notify, wanted("2"), wanted(here))], look)
    };
    assert!(judged("2", "1"));
    assert!(!judged("3", "1"), "there, it is not what was told");
    assert!(!judged("2", "3"), "here, it is not what is wanted");
}

#[test]
fn what_could_not_be_called_is_no_reason_to_look() {
    let before = seen(&[up("/p/b", &text("1"))]);
    let judged = |there: &str, here: &str| {
        let step = |shown: &str, content: &str| {
            let step =
                holding(seen(&[failed("/p/b", &text(shown), true)]), &[("/p/b", text(content))]);
            said(step, "/p/b", "operation Update is not implemented")
        };
        let first = (txn(&[("/p/b", text("1"))]), before.clone(), before.clone());
        let second = (txn(&[("/p/b", text("3"))]), step("2", there), step(here, "2"));
        reason("/p/b", &json!({ "without_ops": ["update"] }), &[first, second])
    };
    assert_eq!(judged("2", "1"), Some("P4"));
    // It is not what they read, or not what was known.
    assert_eq!(judged("4", "1"), None);
    assert_eq!(judged("2", "5"), None);
}

#[test]
fn what_nobody_wants_is_not_made_as_its_need_comes() {
    let judged = |made_of: &Json, ours: &Json| {
        let error = "operation Create is not implemented";
        let mut made = step_of("/p/b", "CREATE", ["REMOVED", "FAILED"], Some(error));
        made["new_value"] = made_of.clone();
        let theirs = did(seen(&[failed("/p/b", &text("2"), true)]), &[made]);
        reason("/p/b", &json!({}), &[(txn(&[("/p/b", Json::Null)]), theirs, ours.clone())])
    };
    assert_eq!(judged(&Json::Null, &seen(&[])), Some("B10"));
    assert_eq!(judged(&text("2"), &seen(&[])), None);
    assert_eq!(judged(&Json::Null, &holding(seen(&[]), &[("/p/b", text("2"))])), None);
}

#[test]
fn what_was_removed_is_not_there_only_because_its_base_is() {
    let value = json!({ "array": ["item1"] });
    let both = [up("/p/b", &value), node("/p/b/item1", "DISCOVERED", &text("item1"))];
    let content = [("/p/b", value.clone()), ("/p/b/item1", text("item1"))];
    let judged = |between: &[Seen], op: &str| {
        let asked = txn(&[("/p/b", value.clone())]);
        let first = (asked.clone(), seen(&both), seen(&both));
        let gone = step_of("/p/b/item1", op, ["MISSING", "REMOVED"], None);
        let ours = holding(seen(&both[..1]), &content);
        let last = (asked, did(seen(&both), &[gone]), ours);
        reason("/p/b/item1", &json!({}), &[&[first], between, &[last]].concat())
    };
    let changed = behind("/p/b", &json!({ "array": [] }));
    assert_eq!(judged(std::slice::from_ref(&changed), "DELETE"), Some("B10"));
    assert_eq!(judged(&[changed], "UPDATE"), None);
    assert_eq!(judged(&[], "DELETE"), None, "nobody has changed anything");
}

#[test]
fn what_failed_and_cannot_be_read_back_may_be_otherwise() {
    let judged = |without: &[&str], error: Option<&str>| {
        let up = seen(&[up("/p/b", &text("1"))]);
        let update = step_of("/p/b", "UPDATE", ["CONFIGURED"; 2], error);
        let first = (txn(&[("/p/b", text("1"))]), did(up.clone(), &[update]), Json::Null);
        let first = (first.0, first.1.clone(), first.1);
        let last = (txn(&[]), up.clone(), up);
        let extra = [json!("/p/b")];
        let steps = [first, behind("/p/b", &text("2")), last];
        explanation(
            "sb_inconsistent_keys",
            [&[], &extra],
            &json!({ "without_ops": without }),
            &steps,
        )
    };
    assert_eq!(judged(&["retrieve"], Some("failed")), Some(BTreeSet::from(["B11"])));
    assert_eq!(judged(&[], Some("failed")), None);
    assert_eq!(judged(&["retrieve"], None), None);
}

#[test]
fn what_was_made_was_not_found() {
    let value = json!({ "array": ["item1"] });
    let item = up("/p/b/item1", &text("item1"));
    let with = seen(&[up("/p/b", &value), item]);
    let told = |derived: &Json| json!({ "key": "/p/b", "state": "RETRYING", "error": "failed", "derived": derived });
    let found = [told(&json!([{ "key": "/p/b/item1", "state": "DISCOVERED" }]))];
    let nothing = [told(&json!([]))];
    let judged = |before: &Json, sides: [&[Json]; 2]| {
        let asked = txn(&[("/p/b", value.clone())]);
        let made = step_of("/p/b/item1", "CREATE", ["NONEXISTENT", "CONFIGURED"], None);
        let ours = did(with.clone(), &[made]);
        let steps = [(asked.clone(), before.clone(), before.clone()), (asked, with.clone(), ours)];
        explanation("notifications of all", sides, &json!({}), &steps)
    };
    let unseen = seen(&[]);
    assert!(judged(&unseen, [&found, &nothing]).is_some_and(|by| by.contains("B10")));
    assert_eq!(judged(&unseen, [&nothing, &found]), None, "here, that is said to be found");
    assert_eq!(judged(&with, [&found, &nothing]), None, "it was there");
}

/// What explains other operations in a step before which the southbound holds this; `asked` of
/// `/p/b`.
fn explained(
    asked: &Json,
    content: &[Json],
    [theirs, ours]: [&[Json]; 2],
) -> Option<BTreeSet<&'static str>> {
    let mut before = seen(&[]);
    before["sb_content"] = json!(content);
    let mut base = seen(&[up("/p/b", asked)]);
    base["sb_content"] = json!(content);
    let first = (txn(&[]), before.clone(), before);
    let asked =
        if asked["array"].is_null() { asked.clone() } else { json!({ "array": ["item1"] }) };
    let step = (txn(&[("/p/b", asked)]), did(base.clone(), theirs), did(base, ours));
    explanation("txn 0 executed", [theirs, ours], &json!({}), &[first, step])
}

#[test]
fn what_is_found_of_nobody_and_wanted_is_northbounds() {
    let there = |origin: &str| json!({ "key": "/p/b", "value": text("1"), "origin": origin });
    let (was, waits) = ("CONFIGURED", "PENDING");
    let theirs = [
        op("DELETE", ["OBTAINED", waits], ["1", "1"], &[]),
        op("CREATE", [waits, was], ["1", "1"], &[]),
        op("UPDATE", [was, was], ["1", "2"], &[]),
    ];
    let ours = |value: &str| {
        let down = op("DELETE", ["DISCOVERED", waits], ["1", "2"], &[]);
        [down, op("CREATE", [waits, was], ["2", value], &[])]
    };
    let judged = |origin: &str, value: &str| {
        explained(&text("2"), &[there(origin)], [&theirs, &ours(value)])
    };
    assert_eq!(judged("unknown", "2"), Some(BTreeSet::from(["B16"])));
    assert_eq!(judged("SB", "2"), None);
    assert_eq!(judged("unknown", "3"), None);
}

#[test]
fn what_was_not_there_is_not_taken_away_before_it_is_made() {
    let item = "/p/b/item1";
    let ours = [step_of(item, "CREATE", ["PENDING", "CONFIGURED"], None)];
    let down = |state: &str| step_of(item, "DELETE", ["CONFIGURED", state], None);
    let judged = |state: &str, content: &[Json]| {
        let theirs = [&[down(state)], &ours[..]].concat();
        explained(&json!({ "array": ["item1"] }), content, [&theirs, &ours])
    };
    let there = [json!({ "key": item, "value": text("item1"), "origin": "NB" })];
    assert_eq!(judged("PENDING", &[]), Some(BTreeSet::from(["B10"])));
    assert_eq!(judged("FAILED", &[]), None);
    assert!(judged("PENDING", &there).is_none_or(|by| !by.contains("B10")));
}

#[test]
fn what_is_derived_from_what_could_not_be_removed_is_not_somebody_elses() {
    let value = json!({ "array": ["item1"] });
    let item = |state: &str| node("/p/b/item1", state, &text("item1"));
    let base = failed("/p/b", &value, true);
    let judged = |before: &str, error: Option<&str>, now: &str| {
        let was = seen(&[node("/p/b", before, &value)]);
        let first = (txn(&[("/p/b", value.clone())]), was.clone(), was);
        let delete = step_of("/p/b", "DELETE", [before, "FAILED"], error);
        let step = |state: &str| {
            let step = did(seen(&[base.clone(), item(state)]), std::slice::from_ref(&delete));
            said(step, "/p/b", "failed")
        };
        let mut theirs = step("OBTAINED");
        theirs["nodes"][1]["available"] = json!(true);
        reason(
            "/p/b/item1",
            &json!({}),
            &[first, (txn(&[("/p/b", Json::Null)]), theirs, step(now))],
        )
    };
    assert_eq!(judged("CONFIGURED", Some("failed"), "DISCOVERED"), Some("B3"));
    assert_eq!(judged("CONFIGURED", Some("failed"), "CONFIGURED"), None);
    assert_eq!(judged("CONFIGURED", None, "DISCOVERED"), None, "it did not fail");
    assert_eq!(judged("OBTAINED", Some("failed"), "DISCOVERED"), None, "it was somebody else's");
}

#[test]
fn what_was_not_touched_is_shown_as_it_was_applied() {
    let with = |suffix: &str| json!({ "array": ["item1"], "suffix": suffix });
    let other = json!({ "array": [] });
    let spec = json!({ "value_comparator": "ignore-suffix", "derived_values": null });
    let judged = |between: &[Seen], ours: &Json| {
        let step = |value: &Json| seen(&[up("/p/b", value)]);
        let first = (txn(&[("/p/b", with("-a"))]), step(&with("-a")), step(&with("-a")));
        let ours = holding(step(ours), &[("/p/b", other.clone())]);
        let last = (txn(&[("/p/b", with("-b"))]), step(&with("-b")), ours);
        reason("/p/b", &spec, &[&[first], between, &[last]].concat())
    };
    let changed = behind("/p/b", &other);
    assert_eq!(judged(std::slice::from_ref(&changed), &with("-a")), Some("B17"));
    assert_eq!(judged(&[changed], &with("-c")), None, "it was never applied so");
    assert_eq!(judged(&[], &with("-a")), None, "nobody has changed it behind");
}

#[test]
fn what_could_not_be_put_back_below_what_others_made_says_so() {
    let value = json!({ "array": ["item1"] });
    let item = "/p/b/item1";
    let judged = |error: Option<&str>| {
        let nodes = [node("/p/b", "OBTAINED", &value), failed(item, &text("item1"), false)];
        let tried = step_of(item, "CREATE", ["PENDING", "FAILED"], error);
        let step = said(did(seen(&nodes), &[tried]), item, "failed");
        looked_at(&json!({}), &[(txn(&[]), step.clone(), step)], |view| {
            let fault = Side::ours(view.scenario, view.taken, view.facts).fault(item);
            fault.map(|(paragraph, _)| paragraph)
        })
    };
    assert_eq!(judged(Some("failed")), None);
    assert_eq!(judged(None), Some("B3"));
}

#[test]
fn an_undo_tells_what_still_waits() {
    let [b, c] = ["/p/b", "/p/c"];
    let spec = needing(&json!({ "key_prefixes": [b] }));
    let before = seen(&[up(b, &text("1")), up(c, &text("1"))]);
    let first = (txn(&[(b, text("1")), (c, text("1"))]), before.clone(), before);
    let down = [step_of(c, "DELETE", ["CONFIGURED", "PENDING"], None)];
    let mut told = step_of(c, "CREATE", ["PENDING"; 2], None);
    told["flags"] = json!(["noop", "revert"]);
    let ours = [down[0].clone(), told];
    let judged = |revert: bool, need: Json| {
        let mut step = txn(&[(b, Json::Null)]);
        step["options"] = json!({ "revert": revert });
        let nodes = [need, node(c, "PENDING", &text("1"))];
        let result = |mut step: Json| {
            step["result"]["kv_errors"] = json!([{ "key": b, "error": "failed" }]);
            step
        };
        let (theirs, here) = (did(seen(&nodes), &down), did(seen(&nodes), &ours));
        let steps = [first.clone(), (step, result(theirs), result(here))];
        explanation("txn 0 executed", [&down, &ours], &spec, &steps)
    };
    let lost = failed(b, &text("1"), false);
    assert_eq!(judged(true, lost.clone()), Some(BTreeSet::from(["S2"])));
    assert_eq!(judged(false, lost), None, "nothing was to be undone");
    assert_eq!(judged(true, up(b, &text("1"))), None, "what it needs is there");
}

#[test]
fn of_what_is_not_there_no_metadata_is_known() {
    let item = |metadata: Json| json!({ "key": "/p/b", "value": text("1"), "origin": "NB", "metadata": metadata });
    let judged = |is_up: bool, here: Json| {
        let mut step = seen(&[failed("/p/b", &text("1"), is_up)]);
        step["sb_content"] = json!([]);
        let steps = [(txn(&[("/p/b", text("1"))]), step.clone(), step)];
        let sides: [&[Json]; 2] = [&[item(json!(100))], &[item(here)]];
        explanation("dump NB of any", sides, &json!({}), &steps)
    };
    assert_eq!(judged(false, Json::Null), Some(BTreeSet::from(["27.8"])));
    assert_eq!(judged(true, Json::Null), None, "it is there");
    assert_eq!(judged(false, json!(7)), None, "here, some is known, too");
}

#[test]
fn what_another_transaction_has_set_is_tried_apart() {
    let [b, c] = ["/p/b", "/p/c"];
    let nodes = [up(b, &text("1")), up(c, &text("1"))];
    let again = |key: &str| step_of(key, "CREATE", ["RETRYING", "CONFIGURED"], None);
    let retried = |tries: &[&[Json]]| {
        let all: Vec<Json> = tries.concat();
        let mut step = did(seen(&nodes), &all);
        let retry = |ops: &&[Json]| json!({ "type": "RetryFailedOps", "executed": ops });
        step["txns"] = tries.iter().map(retry).collect();
        step
    };
    let judged = |ours: &[&[Json]]| {
        let theirs = retried(&[&[again(b), again(c)]]);
        looked_at(&json!({}), &[(txn(&[]), theirs, retried(ours))], |view| {
            let judge = Judge { tainted: BTreeSet::from([c.to_owned()]), ..Judge::default() };
            judge.is_retried_apart(b, view.taken, view.facts)
        })
    };
    assert!(judged(&[&[again(c)], &[again(b)]]));
    assert!(!judged(&[&[again(c), again(b)]]), "they were tried together");
    assert!(!judged(&[&[again(c)], &[again(b), again(b)]]), "it was tried more often");
}
