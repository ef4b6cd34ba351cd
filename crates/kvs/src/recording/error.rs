//! Why a recording cannot be replayed, or where the replay differs from it.

use crate::recording::{line::FORMAT, play::Replay};

/// Where a replay went another way than the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Line of the recording.
    pub line: u64,
    /// What the replay did or asked.
    pub replayed: String,
    /// What is in the recording.
    pub recorded: String,
}

/// Why a replay ended before its recording.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It cannot be read.
    #[error("the recording cannot be read")]
    Read(#[source] std::io::Error),
    /// The first line is not the heading of a recording.
    #[error("this is not a recording of a scheduler")]
    NotARecording,
    /// It was made in another format.
    #[error("the recording has format {found}, this program replays format {FORMAT}")]
    Format {
        /// Its format.
        found: u64,
    },
    /// A line is not what may be there.
    #[error("line {line} is not a line of a recording")]
    Malformed {
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The recording does not begin with the start of a scheduler.
    #[error("line {line}: the scheduler is not started here, or once more")]
    Start {
        /// Which line.
        line: u64,
    },
    /// The last line ends in the middle. What comes before it was replayed.
    #[error("line {line} is not complete: the recording was cut off there")]
    Torn {
        /// Which line.
        line: u64,
        /// The replay up to it.
        before: Box<Replay>,
    },
    /// Lines are not what was written.
    #[error("the recording was changed after it was written, between lines {from} and {to}")]
    Altered {
        /// First line that may differ.
        from: u64,
        /// The line whose checksum does not fit.
        to: u64,
    },
    /// A line names something that no line before it defines.
    #[error("line {line} names {what}, which no line before it defines")]
    Undefined {
        /// Which line.
        line: u64,
        /// What is missing.
        what: String,
    },
    /// The descriptors are refused.
    #[error("the descriptors of the recording are refused")]
    Registration(#[from] ligato_kvs_api::RegistrationError),
    /// The replay goes another way. What comes before it is the same.
    #[error("{difference}")]
    Diverged {
        /// Where and how.
        difference: Difference,
        /// The replay up to it.
        before: Box<Replay>,
    },
    /// The scheduler panicked on an input.
    #[error("the scheduler panics on the input of line {line}: {text}")]
    Panicked {
        /// Which line.
        line: u64,
        /// Message of the panic.
        text: String,
        /// The replay up to it.
        before: Box<Replay>,
    },
}

impl ReplayError {
    /// What was replayed and found to be the same before the error.
    pub fn before(&self) -> Option<&Replay> {
        match self {
            Self::Torn { before, .. }
            | Self::Diverged { before, .. }
            | Self::Panicked { before, .. } => Some(before),
            _ => None,
        }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the replay differs at line {}: {}, but recorded is {}",
            self.line, self.replayed, self.recorded
        )
    }
}
