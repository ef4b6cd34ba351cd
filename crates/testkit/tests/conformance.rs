//! The recorded behaviour, where the catalogue is present.

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
