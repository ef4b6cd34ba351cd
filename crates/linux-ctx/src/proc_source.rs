//! Microservices found in `/proc`: processes in other network namespaces whose environment has
//! `MICROSERVICE_LABEL`.
//!
//! Needs no container runtime, and finds what any of them starts, as long as the agent sees the
//! processes (host PID namespace). Of several processes with one label in one namespace the oldest
//! stands for the container; of several namespaces the youngest wins, as after a restart.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::microservice::{LABEL_VARIABLE, Microservice, MicroserviceSource, SourceError};

/// Looks through `/proc` again and again.
#[derive(Debug, Clone)]
pub struct ProcSource {
    root: PathBuf,
    interval: Duration,
}

impl ProcSource {
    /// Looks every `interval`.
    #[must_use]
    pub fn new(interval: Duration) -> ProcSource {
        ProcSource { root: PathBuf::from("/proc"), interval }
    }
}

impl MicroserviceSource for ProcSource {
    fn name(&self) -> &'static str {
        "processes"
    }

    fn lists(&self) -> BoxStream<'static, Result<Vec<Microservice>, SourceError>> {
        let mut ticks = tokio::time::interval(self.interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        stream::unfold((self.root.clone(), ticks), |(root, mut ticks)| async {
            ticks.tick().await;
            let look = root.clone();
            let list = match tokio::task::spawn_blocking(move || scan(&look)).await {
                Ok(list) => list,
                Err(e) => Err(SourceError { reason: e.to_string() }),
            };
            Some((list, (root, ticks)))
        })
        .boxed()
    }
}

/// A process with a label.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    label: String,
    pid: u32,
    started: u64,
    /// Inode of its network namespace.
    namespace: u64,
}

fn scan(root: &Path) -> Result<Vec<Microservice>, SourceError> {
    let failed = |what: &Path, e: &std::io::Error| SourceError {
        reason: format!("{}: {e}", what.display()),
    };
    let own = root.join("self/ns/net");
    let own = fs::metadata(&own).map_err(|e| failed(&own, &e))?.ino();
    let entries = fs::read_dir(root).map_err(|e| failed(root, &e))?;
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(choose(pids.filter_map(|pid| inspect(root, pid, own)).collect()))
}

/// Nothing for what is ours, has no label, ended meanwhile, or may not be looked at.
fn inspect(root: &Path, pid: u32, own: u64) -> Option<Found> {
    let dir = root.join(pid.to_string());
    let namespace = fs::metadata(dir.join("ns/net")).ok()?.ino();
    if namespace == own {
        return None;
    }
    let label = label(&fs::read(dir.join("environ")).ok()?)?;
    let started = start_time(&fs::read_to_string(dir.join("stat")).ok()?)?;
    Some(Found { label, pid, started, namespace })
}

/// One process per label.
fn choose(mut found: Vec<Found>) -> Vec<Microservice> {
    found.sort_by_key(|f| (f.started, f.pid));
    // In order of age, so the first of a namespace is its oldest process.
    let mut oldest: Vec<Found> = Vec::new();
    let mut seen = HashMap::new();
    for process in found {
        seen.entry((process.label.clone(), process.namespace)).or_insert_with(|| {
            oldest.push(process);
        });
    }
    // Of one label the last namespace wins, which is the youngest.
    let mut chosen = HashMap::new();
    for process in oldest {
        chosen.insert(process.label.clone(), process);
    }
    chosen
        .into_values()
        .map(|Found { label, pid, started, namespace: _ }| Microservice {
            label,
            pid,
            started: Some(started),
        })
        .collect()
}

/// The label in an environment: entries end in NUL.
fn label(environ: &[u8]) -> Option<String> {
    environ
        .split(|byte| *byte == 0)
        .filter_map(|entry| std::str::from_utf8(entry).ok()?.split_once('='))
        .find(|(name, value)| *name == LABEL_VARIABLE && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

/// Field 22 of `/proc/PID/stat`. The second field is the name of the program in parentheses, which
/// may itself contain blanks and parentheses; so counting begins behind the last one.
pub(crate) fn start_time(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(label: &str, pid: u32, started: u64, namespace: u64) -> Found {
        Found { label: label.into(), pid, started, namespace }
    }

    #[test]
    fn the_oldest_process_of_the_youngest_namespace_is_chosen() {
        let mut chosen = choose(vec![
            found("a", 20, 200, 1),
            found("a", 10, 100, 1),
            found("b", 99, 50, 5),
            found("b", 40, 400, 6),
            found("b", 41, 401, 6),
        ]);
        chosen.sort_by(|x, y| x.label.cmp(&y.label));
        let pids: Vec<_> = chosen.iter().map(|m| (m.label.as_str(), m.pid)).collect();
        assert_eq!(pids, [("a", 10), ("b", 40)]);
    }

    #[test]
    fn labels_are_found_in_environments() {
        assert_eq!(label(b"PATH=/bin\0MICROSERVICE_LABEL=ms1\0"), Some("ms1".into()));
        for environ in ["", "MICROSERVICE_LABEL=", "MICROSERVICE_LABEL", "XMICROSERVICE_LABEL=a"] {
            assert_eq!(label(environ.as_bytes()), None, "{environ}");
        }
    }

    #[test]
    fn the_start_time_is_found_behind_any_program_name() {
        let tail = "S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 1000";
        for name in ["tail", "a b", "x) S 2", "(("] {
            assert_eq!(start_time(&format!("7 ({name}) {tail}")), Some(4711), "{name}");
        }
        assert_eq!(start_time("garbage"), None);
    }

    #[test]
    fn our_own_namespace_has_no_microservices() {
        assert_eq!(inspect(Path::new("/proc"), std::process::id(), own()), None);
        fn own() -> u64 {
            fs::metadata("/proc/self/ns/net").unwrap().ino()
        }
    }
}
