//! What can be wrong with a configuration; all of it is reported at once.

use std::{fmt, path::PathBuf};

use thiserror::Error;

use super::{loader::Strictness, node::Origin};

/// A configuration that cannot be used: every error in it, one a line.
#[derive(Debug, Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<Problem>);

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub origin: Origin,
    /// The section and the path of keys to it.
    pub key: String,
    /// What it is.
    pub kind: ProblemKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The key does nothing.
    UnknownKey {
        /// The known key that looks most like it.
        nearest: Option<String>,
    },
    /// The key still works but has a new name.
    OldKey {
        /// The name to use.
        now: &'static str,
    },
    /// One key is given twice, under two of its names.
    GivenTwice,
    /// The value is of another type.
    WrongType {
        /// What is expected, in words.
        expected: String,
        /// What is there, in words.
        found: &'static str,
    },
    /// The value is of the right type but not possible.
    BadValue(String),
    /// The values do not go together.
    Conflict(String),
    /// The whole section does nothing in this program.
    Unavailable(String),
    /// The text is not YAML.
    Syntax(String),
    /// A file that was asked for does not exist.
    NoSuchFile(PathBuf),
    /// A file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// A rule between the values of a section that does not hold; made by a section's check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The key to look at.
    pub key: &'static str,
    /// What does not hold.
    pub reason: String,
}

/// Collects problems while a section is read.
#[derive(Debug)]
pub struct Problems {
    strictness: Strictness,
    path: Vec<String>,
    pub(super) errors: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

// === impl Problems ===

impl Problems {
    /// Nothing wrong yet.
    pub fn new(strictness: Strictness) -> Self {
        Self { strictness, path: Vec::new(), errors: Vec::new(), warnings: Vec::new() }
    }

    /// Notes a problem at the key that is being read.
    pub fn add(&mut self, origin: &Origin, kind: ProblemKind) {
        let warning = match kind {
            ProblemKind::OldKey { .. } => true,
            ProblemKind::UnknownKey { .. } | ProblemKind::Unavailable(_) => {
                self.strictness == Strictness::Lenient
            }
            _ => false,
        };
        let problem = Problem { origin: origin.clone(), key: self.path.join("."), kind };
        if warning { self.warnings.push(problem) } else { self.errors.push(problem) }
    }

    /// Reads what is below `key`.
    pub fn within<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.to_owned());
        let value = read(self);
        self.path.pop();
        value
    }
}

// === impl Problem ===

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin != Origin::Default {
            write!(f, "{}: ", self.origin)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        match &self.kind {
            ProblemKind::UnknownKey { nearest: Some(nearest) } => {
                write!(f, "unknown key, did you mean {nearest:?}?")
            }
            ProblemKind::UnknownKey { nearest: None } => f.write_str("unknown key"),
            ProblemKind::OldKey { now } => write!(f, "this key is now called {now:?}"),
            ProblemKind::GivenTwice => f.write_str("given twice, under two names"),
            ProblemKind::WrongType { expected, found } => {
                write!(f, "expected {expected}, found {found}")
            }
            ProblemKind::BadValue(reason)
            | ProblemKind::Conflict(reason)
            | ProblemKind::Unavailable(reason) => f.write_str(reason),
            ProblemKind::Syntax(reason) => write!(f, "not valid YAML: {reason}"),
            ProblemKind::NoSuchFile(path) => write!(f, "{} does not exist", path.display()),
            ProblemKind::Unreadable { path, reason } => {
                write!(f, "cannot read {}: {reason}", path.display())
            }
        }
    }
}
