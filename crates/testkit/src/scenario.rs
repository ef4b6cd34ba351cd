//! Conformance: runs catalogues of recorded scheduler behaviour and says where ours differs.

mod compare;
mod facts;
mod format;
mod mock;
mod rules;
mod run;

use std::path::{Path, PathBuf};

use compare::Difference;
use format::{Catalogue, Scenario};

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

/// Runs every scenario of every suite known here in the files.
pub fn run_scenarios<P: AsRef<Path>>(paths: &[P]) -> Summary {
    let mut summary = Summary::default();
    for path in paths {
        let path = path.as_ref();
        match read(path) {
            Ok(catalogue) => {
                let failed = summary.failed;
                run_catalogue(&catalogue, &mut summary);
                if summary.failed > failed {
                    summary.lines.push(format!("those were of {}", path.display()));
                }
            }
            Err(error) => {
                summary.failed += 1;
                summary.lines.push(format!("{}: {error}", path.display()));
            }
        }
    }
    let Summary { passed, failed, by_rule, .. } = summary;
    summary.lines.push(format!("{passed} passed, {failed} failed, {by_rule} differ by rule"));
    summary
}

fn read(path: &Path) -> Result<Catalogue, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn run_catalogue(catalogue: &Catalogue, summary: &mut Summary) {
    for (name, suite) in &catalogue.suites {
        if name != "scheduler" {
            summary.lines.push(format!("suite {name} is not known here: skipped"));
            continue;
        }
        let Some(scenarios) = suite.as_array() else {
            summary.failed += 1;
            summary.lines.push(format!("suites.{name}: not a list"));
            continue;
        };
        for (at, scenario) in scenarios.iter().cloned().enumerate() {
            let id = scenario["id"].as_str().unwrap_or("without an id").to_owned();
            match serde_json::from_value::<Scenario>(scenario) {
                Ok(scenario) => judge(&scenario, summary),
                Err(error) => {
                    summary.failed += 1;
                    let place = format!("suites.{name}[{at}] ({id})");
                    summary.lines.push(format!("{place} cannot be read: {error}"));
                }
            }
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
