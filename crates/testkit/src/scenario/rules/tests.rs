//! Each rule excuses the better behaviour, and not what only looks like it.

use serde_json::json;

use super::*;
use crate::scenario::{compare, read};

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
        json!({ "op": name, "descriptor": "any", "key": op["key"] })
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
        let step = (status(did(up("2"), &theirs)), status(did(up("2"), &ours(text))));
        judged(&asked, &[step])
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
