//! Catalogues of recorded behaviour: what is wrong with a file is told with the file and the place,
//! and the small suites are run.
#![expect(clippy::unwrap_used, reason = "a test that cannot write a file fails")]

use ligato_testkit::{Summary, run_scenarios};

fn run(text: &str) -> (Summary, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.json");
    std::fs::write(&path, text).unwrap();
    let summary = run_scenarios(&[&path]);
    (summary, path.display().to_string())
}

fn file(suites: &str) -> String {
    format!(r#"{{"format": "kvscheduler-scenarios", "version": 1, "suites": {suites}}}"#)
}

/// A file with one scenario of these descriptors and steps.
fn scenario(descriptors: &str, steps: &str) -> String {
    file(&format!(
        r#"{{"scheduler": [{{"id": "one", "descriptors": {descriptors}, "steps": {steps}}}]}}"#
    ))
}

/// One failure, which names the file and says this.
#[track_caller]
fn check_refused(text: &str, what: &str) {
    let (summary, path) = run(text);
    assert_eq!(summary.failed, 1, "{text}: {:?}", summary.lines);
    assert!(!summary.is_good());
    let told = summary.lines.iter().any(|line| line.starts_with(&path) && line.contains(what));
    assert!(told, "expected {what:?} in {:#?}", summary.lines);
}

#[test]
fn a_file_that_is_no_catalogue_is_refused() {
    let missing = run_scenarios(&["/no/such/file.json"]);
    assert_eq!(missing.failed, 1);
    assert!(missing.lines[0].starts_with("/no/such/file.json: cannot be opened"), "{missing:?}");
    for (text, what) in [
        ("", "not JSON: EOF"),
        ("{\"format\":", "line 1 column 10"),
        ("\u{0}\u{1}", "not JSON"),
        ("[1, 2]", "the file: expected an object, got a list"),
        ("{}", "format: is missing"),
        (r#"{"format": "other"}"#, r#"format: expected "kvscheduler-scenarios", got "other""#),
        (r#"{"format": "kvscheduler-scenarios"}"#, "version: is missing"),
        (r#"{"format": "kvscheduler-scenarios", "version": 2}"#, "version: expected 1, got 2"),
        (r#"{"format": "kvscheduler-scenarios", "version": 1}"#, "suites: is missing"),
    ] {
        check_refused(text, what);
    }
    check_refused(&file("[]"), "suites: expected an object, got a list");
    check_refused(&file(r#"{"scheduler": 5}"#), "suites.scheduler: expected a list, got a number");
}

#[test]
fn a_malformed_entry_is_told_by_its_place() {
    check_refused(&file(r#"{"scheduler": [5]}"#), "suites.scheduler[0]: invalid type");
    check_refused(&file(r#"{"scheduler": [{"id": "one"}]}"#), "missing field `steps`");
    for (descriptors, what) in [
        ("{}", "suites.scheduler[0].descriptors: invalid type: map, expected a sequence"),
        (
            r#"[{"nb_key_prefix": "a/"}]"#,
            "suites.scheduler[0].descriptors[0]: missing field `name`",
        ),
        (
            r#"[{"name": "a", "without_ops": ["fly"]}]"#,
            "descriptors[0].without_ops[0]: unknown variant `fly`",
        ),
        (
            r#"[{"name": "a", "derived_values": "x"}]"#,
            "descriptors[0].derived_values: unknown variant `x`",
        ),
        (
            r#"[{"name": "a", "first_index": "x"}]"#,
            "descriptors[0].first_index: invalid type: string",
        ),
    ] {
        check_refused(&scenario(descriptors, "[]"), what);
    }
}

#[test]
fn a_malformed_step_is_told_by_its_place() {
    for (step, what) in [
        ("5", "suites.scheduler[0].steps[0]: invalid type"),
        ("{}", "steps[0]: missing field `step`"),
        (r#"{"step": "dance"}"#, "steps[0].step: unknown variant `dance`"),
        (r#"{"step": "txn"}"#, "steps[0]: missing field `values`"),
        (r#"{"step": "notify", "values": null}"#, "steps[0].values: is null"),
        (
            r#"{"step": "txn", "values": [{"value": null}]}"#,
            "steps[0].values[0]: missing field `key`",
        ),
        (r#"{"step": "txn", "values": [{"key": 1}]}"#, "steps[0].values[0].key: invalid type"),
        (
            r#"{"step": "txn", "values": [{"key": "a", "value": {"text": "x"}}]}"#,
            "steps[0].values[0].value: data did not match any variant",
        ),
        (
            r#"{"step": "txn", "values": [], "options": {"resync": "sideways"}}"#,
            "steps[0].options.resync: unknown variant `sideways`",
        ),
        (r#"{"step": "await_txns"}"#, "steps[0]: missing field `count`"),
        (r#"{"step": "await_txns", "count": -1}"#, "steps[0].count: invalid value"),
        (r#"{"step": "plan_result", "key": "a"}"#, "steps[0]: missing field `error`"),
        (
            r#"{"step": "sb_set", "sb": [{"key": "a", "origin": "me"}]}"#,
            "steps[0].sb[0].origin: unknown",
        ),
        (r#"{"step": "close", "expect": 5}"#, "steps[0].expect: expected an object, got a number"),
        (
            r#"{"step": "close", "expect": {"sb_opps": []}}"#,
            "steps[0].expect.sb_opps: there is no such",
        ),
        (r#"{"step": "close", "expect": {"nodes": {}}}"#, "steps[0].expect.nodes: expected a list"),
    ] {
        check_refused(&scenario("[]", &format!("[{step}]")), what);
    }
}

#[test]
fn one_bad_entry_does_not_hide_the_others() {
    let text = file(
        r#"{"scheduler": [{"id": "bad"}, {"id": "good", "descriptors": [], "steps": []}],
            "dances": [{"id": "waltz"}]}"#,
    );
    let (summary, _) = run(&text);
    assert_eq!((summary.passed, summary.failed), (1, 1), "{:?}", summary.lines);
    assert!(summary.lines.iter().any(|l| l == "suite dances is not known here: skipped"));
}

#[test]
fn waiting_for_nothing_is_allowed() {
    let (summary, _) = run(&scenario("[]", r#"[{"step": "await_txns", "count": 0}]"#));
    assert!(summary.is_good(), "{:?}", summary.lines);
}

#[test]
fn the_small_suites_are_run() {
    let ab = r#"[{"name": "a", "key_selector": {"prefix": "x/"}},
                 {"name": "b", "key_selector": {"keys": ["y"]}, "retrieve_dependencies": ["c"]},
                 {"name": "c", "key_selector": {"prefix": "z/"}}]"#;
    let registry = |expect: &str| {
        let entry = format!(
            r#"{{"id": "r", "descriptors": {ab}, "registration_order": ["b", "a", "c"], "expect": {expect}}}"#
        );
        run(&file(&format!(r#"{{"registry": [{entry}]}}"#))).0
    };
    let good = registry(
        r#"{"all": ["a", "c", "b"], "for_key": [["x/1", "a"], ["y", "b"], ["y/1", null]],
            "then_lookups": {"count": 20, "even": {"prefix": "x/", "descriptor": "a"},
                             "odd": {"prefix": "z/", "descriptor": "c"}}}"#,
    );
    assert_eq!((good.passed, good.failed), (1, 0), "{:?}", good.lines);
    for wrong in [
        r#"{"all": ["a", "b", "c"]}"#,
        r#"{"for_key": [["x/1", "b"]]}"#,
        r#"{"then_lookups": {"count": 2, "even": {"prefix": "x/", "descriptor": "a"},
                             "odd": {"prefix": "x/", "descriptor": "c"}}}"#,
        r#"{"panic": "Dependency cycle!"}"#,
        r#"{"for_key_panics": ["x/1"]}"#,
    ] {
        assert_eq!(registry(wrong).failed, 1, "{wrong}");
    }
    let codec = |entry: &str| run(&file(&format!(r#"{{"codec": [{entry}]}}"#))).0;
    assert_eq!(codec(r#"{"id": "enum-value-state", "numbers": {"PENDING": 7}}"#).passed, 1);
    assert_eq!(codec(r#"{"id": "enum-value-state", "numbers": {"PENDING": 8}}"#).failed, 1);
    assert_eq!(codec(r#"{"id": "enum-txn-operation", "numbers": {"SING": 8}}"#).failed, 1);
    let types = r#"{"id": "json-txn-type", "encode": [["RetryUnimplOps", "\"RetryUnimplOps\""]]}"#;
    assert_eq!(codec(types).passed, 1);
    assert_eq!(codec(&types.replace("\"RetryUnimplOps\\\"", "\"Nap\\\"")).failed, 1);
}
