//! Being woken when something changes in a folder.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::problem::{Place, Problem, ProblemKind};

/// Watches a changing set of folders. What it says carries no detail: whoever is woken looks at the
/// disk, so nothing depends on which events the system reports.
pub(crate) struct FolderWatcher {
    watcher: Result<RecommendedWatcher, notify::Error>,
    folders: BTreeSet<PathBuf>,
}

impl FolderWatcher {
    pub(crate) fn new(wake: Arc<Notify>) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading files causes events too; they must not cause reading.
            if !matches!(&event, Ok(event) if matches!(event.kind, EventKind::Access(_))) {
                wake.notify_one();
            }
        });
        Self { watcher, folders: BTreeSet::new() }
    }

    /// Watches exactly `folders`. Folders that are new should be looked at again afterwards.
    pub(crate) fn follow(&mut self, folders: BTreeSet<PathBuf>) -> (bool, Vec<Problem>) {
        let watcher = match &mut self.watcher {
            Ok(watcher) => watcher,
            Err(error) => {
                let problems = folders.iter().map(|folder| unwatched(folder, error)).collect();
                return (false, problems);
            }
        };
        for gone in self.folders.difference(&folders) {
            // It may have ended by itself with the folder.
            let _ = watcher.unwatch(gone);
        }
        let (mut news, mut problems, mut watched) = (false, Vec::new(), BTreeSet::new());
        for folder in folders {
            if self.folders.contains(&folder) {
                watched.insert(folder);
                continue;
            }
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    news = true;
                    watched.insert(folder);
                }
                Err(error) => problems.push(unwatched(&folder, &error)),
            }
        }
        self.folders = watched;
        (news, problems)
    }
}

fn unwatched(folder: &std::path::Path, error: &notify::Error) -> Problem {
    let place = Place { file: Arc::from(folder), line: None };
    Problem { place, kind: ProblemKind::Unwatched { why: error.to_string() } }
}
