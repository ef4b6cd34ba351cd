//! What can go wrong between bytes, text and models.

use crate::text::{Place, Problem};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A part of a model specification has characters it must not have.
    #[error("model specification: {part} {text:?} is not allowed")]
    InvalidSpec {
        /// Which part: `module`, `version`, `type` or `class`.
        part: &'static str,
        /// What it was.
        text: String,
    },
    /// Two models claim the same message, name or key prefix.
    #[error("model {name:?} is registered twice")]
    DuplicateModel {
        /// Model name, message name or key prefix.
        name: String,
    },
    /// No registered model owns the key.
    #[error("no model for key {key:?}")]
    UnknownKey {
        /// The key as given.
        key: String,
    },
    /// No registered model has the message type.
    #[error("no model for message {proto_name:?}")]
    UnknownMessage {
        /// Full protobuf name as given.
        proto_name: String,
    },
    /// The bytes are not a message of the expected type.
    #[error("cannot decode bytes as {proto_name}")]
    Decode {
        /// Full protobuf name of the expected message.
        proto_name: String,
        /// What the decoder says.
        source: prost::DecodeError,
    },
    /// The message cannot be written as protobuf JSON (for instance a timestamp out of range).
    #[error("cannot write {proto_name} as JSON")]
    EncodeJson {
        /// Full protobuf name of the message.
        proto_name: String,
        /// What the encoder says.
        source: serde_json::Error,
    },
    /// The message cannot be written as YAML.
    #[error("cannot write YAML: {detail}")]
    EncodeYaml {
        /// What the encoder says.
        detail: String,
    },
    /// Something is wrong with a text.
    #[error("{place}: {problem}")]
    Text {
        /// Where.
        place: Box<Place>,
        /// What.
        problem: Box<Problem>,
    },
    /// A value was used where a message of another type is needed.
    #[error("expected {expected}, got {got}")]
    WrongMessage {
        /// Full protobuf name that is needed.
        expected: String,
        /// Full protobuf name that was given.
        got: String,
    },
}

impl ModelError {
    pub(crate) fn text(place: Place, problem: Problem) -> Self {
        Self::Text { place: Box::new(place), problem: Box::new(problem) }
    }
}
