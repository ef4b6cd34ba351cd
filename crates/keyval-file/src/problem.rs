//! What can be wrong with files.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// Line, from 1; none when the whole file is meant.
    pub line: Option<u64>,
}

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: ProblemKind,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file or folder cannot be read; what it said before stays.
    Unreadable {
        /// What the system says.
        why: String,
    },
    /// The text is not a document of the right form; what the file said before stays.
    Malformed {
        /// What the decoder says.
        why: String,
    },
    /// The key cannot be one; the entry is left out.
    BadKey {
        /// Why not.
        why: String,
    },
    /// Another place defines the key too, and comes first; the entry is left out.
    Conflict {
        /// The key.
        key: String,
        /// The place that counts.
        with: Place,
    },
    /// Changes cannot be followed; the files are still read at the start.
    Unwatched {
        /// What the system says.
        why: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file.display()),
            None => write!(f, "{}", self.file.display()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        match &self.kind {
            ProblemKind::Unreadable { why } => write!(f, "cannot be read: {why}"),
            ProblemKind::Malformed { why } => f.write_str(why),
            ProblemKind::BadKey { why } => f.write_str(why),
            ProblemKind::Conflict { key, with } => {
                write!(f, "key {key} is already defined at {with}")
            }
            ProblemKind::Unwatched { why } => write!(f, "changes cannot be followed: {why}"),
        }
    }
}
