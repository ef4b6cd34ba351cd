//! The recorded behaviour: scenarios of our own below `tests/scenarios`, which the original was asked
//! about, and the catalogue where it is present.

#[test]
fn the_scheduler_agrees_with_the_catalogue() {
    let Some(path) = ligato_testkit::default_catalogue() else {
        println!("skipped: there is no catalogue of scenarios above the working directory");
        return;
    };
    let summary = ligato_testkit::run_scenarios(&[path]);
    assert_eq!(summary.failed, 0, "{}", summary.lines.join("\n"));
    assert!(summary.passed > 0);
}

#[test]
fn the_scheduler_agrees_with_what_the_original_was_asked() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let summary = ligato_testkit::run_scenarios(&files);
    assert_eq!(summary.failed, 0, "{}", summary.lines.join("\n"));
    assert!(summary.passed + summary.by_rule > 0);
}
