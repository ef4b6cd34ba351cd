//! What all files say together.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ligato_keyval::{Bytes, StoreKey};

use crate::document::{Item, parse};
use crate::problem::{Place, Problem, ProblemKind};
use crate::scan::{Found, Mark, scan};

/// Remembers files, so that only those that changed are read, and one that is broken keeps what it
/// last said.
#[derive(Debug, Default)]
pub(crate) struct Content {
    files: BTreeMap<Arc<Path>, File>,
}

#[derive(Debug)]
struct File {
    mark: Mark,
    items: Vec<Item>,
    problems: Vec<Problem>,
}

/// The result of a look at the disk.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) entries: BTreeMap<StoreKey, Bytes>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) folders: std::collections::BTreeSet<PathBuf>,
}

impl Content {
    /// Looks at the disk.
    pub(crate) fn look(&mut self, paths: &[PathBuf]) -> Look {
        let Found { files, folders, mut problems } = scan(paths);
        self.files.retain(|path, _| files.contains_key(path));
        for (path, mark) in files {
            self.read(path, mark);
        }
        problems.extend(self.files.values().flat_map(|file| file.problems.iter().cloned()));
        let entries = self.merge(&mut problems);
        Look { entries, problems, folders }
    }

    fn read(&mut self, path: Arc<Path>, mark: Mark) {
        if self.files.get(&path).is_some_and(|known| known.mark == mark) {
            return;
        }
        let read = fs::read_to_string(&path).map_err(|error| {
            let place = Place { file: path.clone(), line: None };
            let kind = ProblemKind::Unreadable { why: error.to_string() };
            Box::new(Problem { place, kind })
        });
        let file = match read.and_then(|text| parse(&path, &text)) {
            Ok((items, problems)) => File { mark, items, problems },
            Err(problem) => {
                let items = self.files.remove(&path).map(|known| known.items);
                File { mark, items: items.unwrap_or_default(), problems: vec![*problem] }
            }
        };
        self.files.insert(path, file);
    }

    // The first definition of a key counts, in the order of file names and lines.
    fn merge(&self, problems: &mut Vec<Problem>) -> BTreeMap<StoreKey, Bytes> {
        let mut entries: BTreeMap<StoreKey, (Bytes, Place)> = BTreeMap::new();
        for (path, file) in &self.files {
            for item in &file.items {
                let place = Place { file: path.clone(), line: Some(item.line) };
                match entries.entry(item.key.clone()) {
                    Entry::Vacant(free) => {
                        free.insert((item.value.clone(), place));
                    }
                    Entry::Occupied(taken) => {
                        let (key, with) = (item.key.to_string(), taken.get().1.clone());
                        let kind = ProblemKind::Conflict { key, with };
                        problems.push(Problem { place, kind });
                    }
                }
            }
        }
        entries.into_iter().map(|(key, (value, _))| (key, value)).collect()
    }
}
