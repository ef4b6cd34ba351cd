//! One protobuf message of any type.

use std::fmt;
use std::sync::Arc;

use prost_reflect::MessageDescriptor;

use crate::text::{FieldNames, message_to_json, redact, to_yaml};
use crate::{AnyMessage, ModelError};

/// What the type URL of a `google.protobuf.Any` begins with.
pub const TYPE_URL_PREFIX: &str = "models.ligato.io/";

/// One protobuf message of any type. Cloning copies a pointer; the message never changes.
#[derive(Clone)]
pub struct Value(Arc<dyn AnyMessage>);

impl Value {
    /// Takes a message, compiled or dynamic.
    pub fn new<M: AnyMessage + 'static>(message: M) -> Self {
        Self(Arc::new(message))
    }

    /// `google.protobuf.Empty`: the value of derived values that carry nothing but their key.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(())
    }

    /// The message, if it is of the compiled type `M`.
    #[must_use]
    pub fn downcast_ref<M: AnyMessage + 'static>(&self) -> Option<&M> {
        self.0.as_any().downcast_ref()
    }

    /// The message in its erased form.
    #[must_use]
    pub fn message(&self) -> &dyn AnyMessage {
        &*self.0
    }

    /// Full protobuf name, for instance `ligato.vpp.l3.Route`.
    #[must_use]
    pub fn full_name(&self) -> String {
        self.0.full_name()
    }

    /// The descriptor of the message type.
    #[must_use]
    pub fn descriptor(&self) -> MessageDescriptor {
        self.0.descriptor()
    }

    /// The binary form.
    #[must_use]
    pub fn encode_to_vec(&self) -> Vec<u8> {
        self.0.encode_to_vec()
    }

    /// Length of the binary form in bytes.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        self.0.encoded_len()
    }

    /// Type URL of the message in a `google.protobuf.Any`.
    #[must_use]
    pub fn type_url(&self) -> String {
        format!("{TYPE_URL_PREFIX}{}", self.full_name())
    }

    /// Protobuf JSON with the field names of the `.proto` file, defaults left out, 64-bit integers as strings.
    ///
    /// # Errors
    /// [`ModelError::EncodeJson`] for content that JSON cannot hold, such as a timestamp out of range.
    pub fn to_json(&self) -> Result<serde_json::Value, ModelError> {
        self.to_json_with(FieldNames::Proto)
    }

    /// Protobuf JSON with the names that are asked for.
    ///
    /// # Errors
    /// As [`Self::to_json`].
    pub fn to_json_with(&self, names: FieldNames) -> Result<serde_json::Value, ModelError> {
        message_to_json(&self.0.to_dynamic(), names)
    }

    /// The same as YAML.
    ///
    /// # Errors
    /// As [`Self::to_json`].
    pub fn to_yaml(&self) -> Result<String, ModelError> {
        to_yaml(&self.to_json()?)
    }

    /// A copy in which secrets are replaced by [`MASK`](crate::text::MASK): for logs and screens.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let mut message = self.0.to_dynamic();
        redact(&mut message);
        Self::new(message)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.eq_any(&*other.0)
    }
}

/// The message type and its content as JSON. Secrets are masked, since debug output ends in logs.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = self.redacted().to_json().unwrap_or_default();
        write!(f, "{} {content}", self.full_name())
    }
}

#[cfg(test)]
mod tests {
    use prost_reflect::ReflectMessage;
    use prost_types::Duration;

    use super::*;

    #[test]
    fn values_compare_by_type_and_content() {
        let second = Value::new(Duration { seconds: 1, nanos: 0 });
        assert_eq!(second, Value::new(Duration { seconds: 1, nanos: 0 }));
        assert_ne!(second, Value::new(Duration { seconds: 2, nanos: 0 }));
        assert_ne!(second, Value::new(prost_types::Timestamp { seconds: 1, nanos: 0 }));
        assert_eq!(second, Value::new(Duration { seconds: 1, nanos: 0 }.transcode_to_dynamic()));
    }

    #[test]
    fn a_value_knows_its_type() {
        let value = Value::empty();
        assert_eq!(value.full_name(), "google.protobuf.Empty");
        assert_eq!(value.type_url(), "models.ligato.io/google.protobuf.Empty");
        assert!(value.downcast_ref::<()>().is_some());
        assert!(value.downcast_ref::<Duration>().is_none());
        assert_eq!(value.to_json().unwrap(), serde_json::json!({}));
    }
}
