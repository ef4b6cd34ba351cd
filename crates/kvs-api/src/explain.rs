//! Why a value is where it is: the chain to the root causes.

use ligato_model::Key;
use serde::Serialize;

use crate::{SourceId, ValueState};

/// Explanation of one value, as data; `Display` gives the text.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The value.
    pub key: Key,
    /// Where it stands.
    pub state: ValueState,
    /// Which sources want it.
    pub sources: Vec<SourceId>,
    /// Why it stands there; empty if all is well.
    pub causes: Vec<Cause>,
}

/// One cause; causes below it lead to the root.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "cause")]
pub enum Cause {
    /// A dependency is unmet because nothing with the key is wanted by anybody.
    MissingKey {
        /// Label of the dependency.
        label: String,
        /// Key or prefixes that would satisfy it.
        target: String,
        /// Who could provide it: name of the descriptor owning such keys, if one does.
        provider: Option<String>,
    },
    /// A dependency is unmet because its target is not available, for these reasons.
    Waits {
        /// Label of the dependency.
        label: String,
        /// The target and its own explanation.
        on: Box<Explanation>,
    },
    /// A value that must not exist exists.
    Conflict {
        /// Label of the dependency.
        label: String,
        /// The value in the way.
        with: Key,
    },
    /// It must not be beside itself, or beside what is derived from it: it can never be.
    ExcludesItself {
        /// Label of the dependency.
        label: String,
        /// The value it excludes: itself, or one derived from it.
        with: Key,
    },
    /// Validation refused it.
    Invalid {
        /// Text of the error.
        error: String,
        /// Paths of the fields.
        fields: Vec<String>,
    },
    /// The last operation failed.
    Failed {
        /// Text of the error.
        error: String,
        /// When it is tried again, if it is: attempt and delay in milliseconds from now.
        retry: Option<(u32, u64)>,
    },
    /// The southbound cannot do it.
    Unsupported {
        /// What is missing there.
        error: String,
    },
    /// The southbound cannot be reached.
    SouthboundDown {
        /// Its name.
        southbound: String,
        /// Why.
        reason: String,
    },
    /// No answer came; it is being read back.
    OutcomeUnknown {
        /// Text of the error.
        error: String,
    },
    /// No descriptor is registered for its key.
    NoDescriptor,
    /// It waits for itself through these values.
    Cycle {
        /// Members of the cycle, in order.
        through: Vec<Key>,
    },
    /// A change cannot be carried out because this dependant or derived value cannot be removed.
    HeldBy {
        /// That value.
        key: Key,
        /// Text of its error.
        error: String,
    },
    /// An operation of its transaction is under way and has had no answer for some time; others do
    /// not wait for it.
    UnderWay,
    /// It was found in the southbound and nobody wants it from NB.
    Foreign,
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.render(f, 0)
    }
}

impl Explanation {
    fn render(&self, f: &mut std::fmt::Formatter<'_>, depth: usize) -> std::fmt::Result {
        write!(f, "{} is {}", self.key, self.state)?;
        if !self.sources.is_empty() {
            write!(f, " (wanted by {})", self.sources.join(", "))?;
        }
        for cause in &self.causes {
            writeln!(f)?;
            write!(f, "{:indent$}- ", "", indent = depth * 2)?;
            cause.render(f, depth)?;
        }
        Ok(())
    }
}

impl Cause {
    fn render(&self, f: &mut std::fmt::Formatter<'_>, depth: usize) -> std::fmt::Result {
        match self {
            Self::MissingKey { label, target, provider } => {
                write!(f, "needs {label}: nobody wants {target}")?;
                provider.as_ref().map_or(Ok(()), |p| write!(f, " (a value of {p})"))
            }
            Self::Waits { label, on } => {
                write!(f, "waits for {label}: ")?;
                on.render(f, depth + 1)
            }
            Self::Conflict { label, with } => write!(f, "{label}: {with} must go first"),
            Self::ExcludesItself { label, with } => {
                write!(f, "{label}: it can never be, as {with} is itself or derived from it")
            }
            Self::Invalid { error, .. } => write!(f, "invalid: {error}"),
            Self::Failed { error, retry: None } => write!(f, "failed: {error}"),
            Self::Failed { error, retry: Some((attempt, ms)) } => {
                write!(f, "failed: {error}; attempt {attempt} follows in {ms} ms")
            }
            Self::Unsupported { error } => f.write_str(error),
            Self::SouthboundDown { southbound, reason } => {
                write!(f, "{southbound} cannot be reached: {reason}")
            }
            Self::OutcomeUnknown { error } => write!(f, "{error}; it is read back"),
            Self::NoDescriptor => f.write_str("no descriptor is registered for its key"),
            Self::Cycle { through } => {
                let keys: Vec<&str> = through.iter().map(|k| &**k).collect();
                write!(f, "waits for itself through {}", keys.join(" -> "))
            }
            Self::HeldBy { key, error } => write!(f, "held by {key}: {error}"),
            Self::UnderWay => f.write_str("its transaction waits for an answer of the southbound"),
            Self::Foreign => f.write_str("found in the southbound; not wanted from NB"),
        }
    }
}
