//! What can be wrong with definitions, JSON and bytes.

use crate::wire::DecodeError;

/// A text that is not VPP's API JSON.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiJsonError {
    /// Not JSON at all.
    #[error("the API definitions are not JSON")]
    Json(#[from] serde_json::Error),
    /// JSON of another form.
    #[error("the API definitions have something else where {expected} should be: {found}")]
    Form {
        /// What should be there.
        expected: &'static str,
        /// What is there, cut short.
        found: String,
    },
}

/// A message that could not be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DynamicError {
    /// No definition of this name.
    #[error("no message {0}")]
    UnknownMessage(String),
    /// A field whose type has no definition, or one that contains itself.
    #[error("field {field}: type {name} is not defined")]
    UnknownType {
        /// Path of the field.
        field: String,
        /// Name of the type.
        name: String,
    },
    /// A field the message does not have.
    #[error("no field {0}")]
    UnknownField(String),
    /// Content that does not fit the field.
    #[error("field {field}: {expected} expected")]
    Content {
        /// Path of the field.
        field: String,
        /// What it takes.
        expected: String,
    },
    /// A definition that makes more of one message than any message has.
    #[error("field {field}: its definition asks for too much")]
    TooLarge {
        /// Path of the field at which it was too much.
        field: String,
    },
    /// Bytes that end inside a field, or cannot be its content.
    #[error("field {field}")]
    Decode {
        /// Path of the field.
        field: String,
        /// What is wrong.
        #[source]
        source: DecodeError,
    },
}
