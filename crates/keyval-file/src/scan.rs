//! Which files there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::document::is_document;
use crate::problem::{Place, Problem, ProblemKind};

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    device: u64,
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

/// What there is on disk.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Files to read, in the order in which they count.
    pub(crate) files: BTreeMap<Arc<Path>, Mark>,
    /// Folders in which something may change.
    pub(crate) folders: BTreeSet<PathBuf>,
    pub(crate) problems: Vec<Problem>,
}

/// Looks at `paths` and at everything in those that are folders. A path that does not exist is no
/// problem: it may come.
pub(crate) fn scan(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in paths {
        if let Some(folder) = existing_parent(path) {
            found.folders.insert(folder);
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => found.folder(path),
            Ok(metadata) => found.file(path, &metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => found.unreadable(path, &error),
        }
    }
    found
}

// Where the coming of `path` can be noticed.
fn existing_parent(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    absolute.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_path_buf)
}

impl Found {
    fn folder(&mut self, folder: &Path) {
        // The real path: a link that leads back up would never end.
        let real = match fs::canonicalize(folder) {
            Ok(real) => real,
            Err(error) => return self.unreadable(folder, &error),
        };
        if !self.folders.insert(real) && !self.files.is_empty() {
            return;
        }
        let listing = match fs::read_dir(folder) {
            Ok(listing) => listing,
            Err(error) => return self.unreadable(folder, &error),
        };
        let mut paths: Vec<_> = listing.filter_map(|item| Some(item.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            match fs::metadata(&path) {
                // Kubernetes keeps generations in hidden folders and links to them.
                Ok(metadata) if metadata.is_dir() && !is_hidden(&path) => self.folder(&path),
                Ok(metadata) if metadata.is_file() && is_document(&path) && !is_hidden(&path) => {
                    self.file(&path, &metadata);
                }
                // Gone meanwhile, or a link to nothing.
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn file(&mut self, path: &Path, metadata: &Metadata) {
        let mark = Mark {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            changed: (metadata.mtime(), metadata.mtime_nsec()),
        };
        self.files.insert(Arc::from(path), mark);
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let place = Place { file: Arc::from(path), line: None };
        let kind = ProblemKind::Unreadable { why: error.to_string() };
        self.problems.push(Problem { place, kind });
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}
