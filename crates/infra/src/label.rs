//! The service label: which agent this is among those that share a store.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// What every agent's keys start with.
pub const AGENTS_PREFIX: &str = "/vnf-agent/";

/// The label an agent has when none is given.
pub const DEFAULT_LABEL: &str = "vpp1";

/// The label of an agent: one non-empty path segment without white space.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceLabel(Box<str>);

/// A text that cannot be a label.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LabelError {
    /// The label is empty.
    #[error("the service label is empty")]
    Empty,
    /// The label would not be a single segment of a key.
    #[error("the service label {label:?} contains {found:?}")]
    Character {
        /// The refused text.
        label: String,
        /// The first character that may not be there.
        found: char,
    },
}

// === impl ServiceLabel ===

impl ServiceLabel {
    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the keys of this agent start with: `/vnf-agent/<label>/`.
    pub fn agent_prefix(&self) -> String {
        format!("{AGENTS_PREFIX}{}/", self.0)
    }
}

impl Default for ServiceLabel {
    fn default() -> Self {
        Self(DEFAULT_LABEL.into())
    }
}

impl FromStr for ServiceLabel {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        if text.is_empty() {
            return Err(LabelError::Empty);
        }
        match text.chars().find(|c| *c == '/' || c.is_whitespace() || c.is_control()) {
            Some(found) => Err(LabelError::Character { label: text.to_owned(), found }),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for ServiceLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_segment_of_a_key() {
        assert_eq!(ServiceLabel::default().agent_prefix(), "/vnf-agent/vpp1/");
        assert_eq!("".parse::<ServiceLabel>(), Err(LabelError::Empty));
        let refused = "a/b".parse::<ServiceLabel>();
        assert_eq!(refused, Err(LabelError::Character { label: "a/b".into(), found: '/' }));
    }
}
