//! Every scenario under `scenarios`, against the simulated VPP and, where there is one, a real one.
//! How they are written is in [`script`](ligato_e2e::script).
//!
//! `E2E_SCENARIOS=a,b` runs only these, `E2E_SCENARIOS=kernel` those that need something that not
//! every kernel has; `E2E_VPP=real` (or `simulated`) only on this VPP;
//! `E2E_RELEASE=22.02` simulates this release of VPP;
//! `E2E_JOBS` is how many at a time, two for each processor if nothing is said.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failure here is a failed test, and each scenario says how it ended"
)]

use std::{
    path::Path,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use ligato_e2e::{
    VppKind,
    script::{Outcome, Script},
    skipped,
};

fn all() -> Vec<Script> {
    Script::all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")).unwrap()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn is_wanted(script: &Script) -> bool {
    variable("E2E_SCENARIOS").is_none_or(|names| {
        names.split(',').any(|n| n == script.name() || (n == "kernel" && script.needs_kernel()))
    })
}

fn kinds() -> Vec<VppKind> {
    let mut kinds = VppKind::available();
    match variable("E2E_VPP").as_deref() {
        Some("real") => kinds.retain(|kind| *kind == VppKind::Real),
        Some("simulated") => kinds.retain(|kind| *kind == VppKind::Simulated),
        Some(other) => unreachable!("E2E_VPP is {other}, neither real nor simulated"),
        None => {}
    }
    assert!(!kinds.is_empty(), "there is no such VPP here");
    kinds
}

fn jobs() -> usize {
    let asked = variable("E2E_JOBS").map(|text| text.parse().unwrap());
    asked.unwrap_or_else(|| 2 * thread::available_parallelism().map_or(1, usize::from))
}

#[test]
fn scenarios() {
    let scripts = all();
    let wanted: Vec<&Script> = scripts.iter().filter(|script| is_wanted(script)).collect();
    assert!(!wanted.is_empty(), "no scenario has such a name");
    let pairs: Vec<(&Script, VppKind)> =
        kinds().into_iter().flat_map(|kind| wanted.iter().map(move |s| (*s, kind))).collect();
    let todo = Mutex::new(pairs.into_iter());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs() {
            scope.spawn(|| {
                loop {
                    let next = todo.lock().unwrap().next();
                    let Some((script, kind)) = next else { break };
                    let begun = Instant::now();
                    if let Err(error) = run(script, kind, begun) {
                        failures.lock().unwrap().push(format!("{kind:?}: {error:#}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n\n"));
}

fn run(script: &Script, kind: VppKind, begun: Instant) -> anyhow::Result<()> {
    let name = format!("{} ({kind:?})", script.name());
    let outcome = script.run(kind);
    let took = Duration::as_secs_f32(&begun.elapsed());
    match &outcome {
        Ok(Outcome::Passed) => eprintln!("passed {name} in {took:.1} s"),
        Ok(Outcome::Skipped(why)) if why.starts_with("it is about") => {}
        Ok(Outcome::Skipped(why)) => skipped(&name, why),
        Err(_) => eprintln!("FAILED {name} after {took:.1} s"),
    }
    outcome.map(|_| ())
}
