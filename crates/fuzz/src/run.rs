//! Running a target: for a time, or over what once failed.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::mutate::mutate;
use crate::targets::Target;

/// One input may take this long, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(2);
/// Inputs that did something new to the outcome are built upon; so many of them.
const KEPT: usize = 512;

/// An input that a decoder did not stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The input.
    pub input: Vec<u8>,
    /// What happened.
    pub what: String,
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Report {
    /// Inputs tried.
    pub tried: u64,
    /// Of these, inputs that were understood.
    pub understood: u64,
    /// What went wrong.
    pub findings: Vec<Finding>,
}

/// Tries one input. The answer is whether it was understood.
///
/// # Errors
/// The finding.
pub fn try_one(target: &Target, input: &[u8]) -> Result<bool, Finding> {
    let (outcome, took) = timed(target, input);
    if took <= PATIENCE {
        return outcome;
    }
    // Something else may have had the processor.
    let (outcome, again) = timed(target, input);
    match outcome {
        Ok(_) if again > PATIENCE => {
            Err(Finding { input: input.to_vec(), what: format!("took {took:?}, then {again:?}") })
        }
        outcome => outcome,
    }
}

/// Tries one input; tells how long it took as well.
fn timed(target: &Target, input: &[u8]) -> (Result<bool, Finding>, Duration) {
    let begun = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let finding = |what: String| Finding { input: input.to_vec(), what };
    let took = begun.elapsed();
    let outcome = match outcome {
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied());
            Err(finding(format!("panic: {}", text.unwrap_or("of an unknown sort"))))
        }
        Ok(Err(wrong)) => Err(finding(wrong)),
        Ok(Ok(understood)) => Ok(understood),
    };
    (outcome, took)
}

/// Breaks seeds and tries them until the time is over or `most` findings were made.
///
/// # Errors
/// When the seeds cannot be made.
pub fn run(target: &Target, seed: u64, time: Duration, most: usize) -> Result<Report> {
    let seeds = (target.seeds)().with_context(|| format!("the seeds of {}", target.name))?;
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut report, mut kept) = (Report::default(), Vec::<Vec<u8>>::new());
    let deadline = Instant::now() + time;
    while Instant::now() < deadline && report.findings.len() < most {
        let pick = |rng: &mut StdRng| -> Vec<u8> {
            let from = if !kept.is_empty() && rng.random_ratio(1, 4) { &kept } else { &seeds };
            from.get(rng.random_range(0..from.len())).cloned().unwrap_or_default()
        };
        let (mut input, other) = (pick(&mut rng), pick(&mut rng));
        mutate(&mut input, &other, &mut rng);
        report.tried += 1;
        match try_one(target, &input) {
            Ok(understood) => {
                report.understood += u64::from(understood);
                // What is still understood after it was broken is a good start for more.
                if understood && kept.len() < KEPT {
                    kept.push(input);
                } else if understood {
                    let at = rng.random_range(0..KEPT);
                    if let Some(old) = kept.get_mut(at) {
                        *old = input;
                    }
                }
            }
            Err(finding) => report.findings.push(finding),
        }
    }
    Ok(report)
}

/// What once failed, by target: files in a folder.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn regressions(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        found.push((path, bytes));
    }
    found.sort();
    Ok(found)
}
