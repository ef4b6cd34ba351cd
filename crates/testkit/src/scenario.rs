//! Conformance: runs catalogues of recorded scheduler behaviour and says where ours differs.

mod compare;
mod facts;
mod format;
mod mock;
mod read;
mod rules;
mod run;
mod small;

use std::path::{Path, PathBuf};

use compare::Difference;
use format::Scenario;
use read::Malformed;
use serde_json::Value as Json;
use small::Outcome;

/// What came of some files.
#[derive(Debug, Default)]
pub struct Summary {
    /// Scenarios that agree.
    pub passed: usize,
    /// Scenarios that disagree.
    pub failed: usize,
    /// Scenarios that disagree where a rule says that ours is better, and it was.
    pub by_rule: usize,
    /// Lines to print.
    pub lines: Vec<String>,
}

/// The catalogue of the specification, if it is somewhere above the working directory.
pub fn default_catalogue() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let inside = "shared/spec/kvscheduler-scenarios.json";
    here.ancestors().map(|dir| dir.join(inside)).find(|path| path.is_file())
}

/// Runs every entry of every suite known here in the files.
pub fn run_scenarios<P: AsRef<Path>>(paths: &[P]) -> Summary {
    let mut summary = Summary::default();
    for path in paths {
        let path = path.as_ref();
        let failed = summary.failed;
        match read::suites(path) {
            Ok(suites) => {
                for (name, entries) in &suites {
                    run_suite(path, name, entries, &mut summary);
                }
            }
            Err(error) => summary.fails(format!("{}: {error}", path.display())),
        }
        if summary.failed > failed {
            summary.lines.push(format!("those were of {}", path.display()));
        }
    }
    let Summary { passed, failed, by_rule, .. } = summary;
    summary.lines.push(format!("{passed} passed, {failed} failed, {by_rule} differ by rule"));
    summary
}

impl Summary {
    /// Was everything readable, and does everything agree?
    pub fn is_good(&self) -> bool {
        self.failed == 0
    }

    fn fails(&mut self, line: String) {
        self.failed += 1;
        self.lines.push(line);
    }
}

fn run_suite(file: &Path, name: &str, entries: &[Json], summary: &mut Summary) {
    let malformed = |error: Malformed, id: &str| format!("{}: {error} (in {id})", file.display());
    for (at, entry) in entries.iter().enumerate() {
        let id = entry["id"].as_str().unwrap_or("without an id");
        let place = format!("suites.{name}[{at}]");
        if name == "scheduler" {
            match read::scenario(entry) {
                Ok(scenario) => judge(&scenario, summary),
                Err(error) => summary.fails(malformed(error.within(&place), id)),
            }
            continue;
        }
        match run::on_a_clock_of_its_own(small::run(name, entry)) {
            Err(error) => summary.fails(format!("{place} ({id}): {error}")),
            Ok(None) => {
                summary.lines.push(format!("suite {name} is not known here: skipped"));
                return;
            }
            Ok(Some(Err(error))) => summary.fails(malformed(error.within(&place), id)),
            Ok(Some(Ok(outcome))) => count(id, outcome, summary),
        }
    }
}

/// Counts an entry of a small suite.
fn count(id: &str, outcome: Outcome, summary: &mut Summary) {
    match outcome {
        Outcome::Agrees => summary.passed += 1,
        Outcome::AgreesInPart(rest) => {
            summary.passed += 1;
            summary.lines.push(format!("{id}: agrees; {rest}"));
        }
        Outcome::ByRule(paragraph) => {
            summary.by_rule += 1;
            summary.lines.push(format!("{id}: differs by {paragraph}"));
        }
        Outcome::Differs(why) => summary.fails(format!("{id}: disagrees: {why}")),
        Outcome::NoCounterpart(why) => {
            summary.lines.push(format!("{id}: not run, {why}"));
        }
    }
}

fn judge(scenario: &Scenario, summary: &mut Summary) {
    let steps = match run::run(scenario) {
        Ok(steps) => steps,
        Err(error) => {
            summary.failed += 1;
            summary.lines.push(format!("{}: {error}", scenario.id));
            return;
        }
    };
    let judgement = rules::judge(scenario, &steps);
    let paragraphs: Vec<&str> = judgement.paragraphs.iter().copied().collect();
    let paragraphs = paragraphs.join(", ");
    if judgement.unexplained.is_empty() {
        if steps.iter().all(|step| step.differences.is_empty()) {
            summary.passed += 1;
            return;
        }
        summary.by_rule += 1;
        summary.lines.push(format!("{}: differs by {paragraphs}", scenario.id));
        return;
    }
    summary.failed += 1;
    summary.lines.push(format!("{}: disagrees (rules: {paragraphs})", scenario.id));
    for difference in judgement.unexplained {
        let Difference { step, what, text, .. } = difference;
        summary.lines.push(format!("    step {step}, {what}: {text}"));
    }
}
