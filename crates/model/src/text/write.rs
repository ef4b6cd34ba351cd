//! From a message to text.

use prost_reflect::{DynamicMessage, SerializeOptions};

use crate::ModelError;

/// Which of their two names fields are written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldNames {
    /// As in the `.proto` file: `ip_addresses`.
    #[default]
    Proto,
    /// As in protobuf JSON: `ipAddresses`.
    Json,
}

/// A message as protobuf JSON.
pub(crate) fn message_to_json(
    message: &DynamicMessage,
    names: FieldNames,
) -> Result<serde_json::Value, ModelError> {
    let options = SerializeOptions::new().use_proto_field_name(names == FieldNames::Proto);
    message.serialize_with_options(serde_json::value::Serializer, &options).map_err(|source| {
        let proto_name = prost_reflect::ReflectMessage::descriptor(message).full_name().to_owned();
        ModelError::EncodeJson { proto_name, source }
    })
}

/// JSON written as YAML.
///
/// # Errors
/// [`ModelError::EncodeYaml`] if the YAML library refuses.
pub fn to_yaml(json: &serde_json::Value) -> Result<String, ModelError> {
    serde_saphyr::to_string(json)
        .map_err(|error| ModelError::EncodeYaml { detail: error.to_string() })
}
