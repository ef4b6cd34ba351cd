//! What a descriptor says when it cannot do something. The error carries the decision: whether
//! trying again may help, and whether the outcome is known.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One invalid field of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Path of the field in the proto spelling, e.g. `ip_addresses[1]`, `memif.socket_filename`.
    pub field: String,
    /// What is wrong with it, e.g. `"10.0.0.300/24" is not an IP address`.
    pub problem: String,
}

/// A value that no southbound may ever see, with the reasons.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Invalid {
    /// Problems bound to fields, in the order found.
    pub fields: Vec<FieldError>,
    /// A problem of the value as a whole.
    pub general: Option<String>,
}

impl Invalid {
    /// The value as a whole is wrong.
    pub fn value(problem: impl Into<String>) -> Self {
        Self { fields: Vec::new(), general: Some(problem.into()) }
    }

    /// One field is wrong.
    pub fn field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            fields: vec![FieldError { field: field.into(), problem: problem.into() }],
            general: None,
        }
    }

    /// Adds one more wrong field.
    pub fn and(mut self, field: impl Into<String>, problem: impl Into<String>) -> Self {
        self.push(field, problem);
        self
    }

    /// Adds one more wrong field in place.
    pub fn push(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        self.fields.push(FieldError { field: field.into(), problem: problem.into() });
    }

    /// `Ok` if nothing was found: lets a validation collect everything first.
    pub fn into_result(self) -> Result<(), Self> {
        if self.fields.is_empty() && self.general.is_none() { Ok(()) } else { Err(self) }
    }

    /// Paths of the invalid fields, as shown in the details of a status.
    pub fn field_names(&self) -> Vec<String> {
        self.fields.iter().map(|f| f.field.clone()).collect()
    }
}

impl fmt::Display for Invalid {
    /// Fields with the same problem are named together, as the original does it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(general) = &self.general {
            write!(f, "{general}")?;
            separator = "; ";
        }
        for alike in self.fields.chunk_by(|a, b| a.problem == b.problem) {
            let names: Vec<&str> = alike.iter().map(|field| field.field.as_str()).collect();
            let problem = alike.first().map(|field| field.problem.as_str()).unwrap_or_default();
            match names.as_slice() {
                [one] => write!(f, "{separator}field {one} is invalid: {problem}")?,
                many => {
                    write!(f, "{separator}fields [{}] are invalid: {problem}", many.join(" "))?;
                }
            }
            separator = "; ";
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// Outcome of an operation that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpError {
    /// The southbound cannot accept this value, whenever it is tried. The value becomes INVALID.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// It failed and the southbound is as it was before. Trying again may help.
    #[error("{0}")]
    Retriable(String),
    /// It failed and trying the same again cannot help.
    #[error("{0}")]
    Final(String),
    /// This southbound (release, missing plugin, missing kernel feature) cannot do it.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// No answer came: it may or may not have happened. The value is read back before anything
    /// else is done with it.
    #[error("outcome unknown: {0}")]
    Unknown(String),
}

impl OpError {
    /// May the scheduler try again by itself?
    pub const fn is_retriable(&self) -> bool {
        matches!(self, Self::Retriable(_) | Self::Unknown(_))
    }

    /// Is it unknown what the southbound holds now?
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}
