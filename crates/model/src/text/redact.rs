//! Hiding what nobody should read in a log or on a screen.
//!
//! A field is secret when its `.proto` file says so with protobuf's own option `debug_redact = true`.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage, Value};

/// Stands where a secret was.
pub const MASK: &str = "***";

/// Replaces every secret text in a message by [`MASK`] and removes secrets of other types.
pub(crate) fn redact(message: &mut DynamicMessage) {
    let fields: Vec<FieldDescriptor> = message.fields().map(|(field, _)| field).collect();
    for field in fields {
        if is_secret(&field) {
            match field.kind() {
                Kind::String if !field.is_list() && !field.is_map() => {
                    message.set_field(&field, Value::String(MASK.to_owned()));
                }
                _ => message.clear_field(&field),
            }
        } else if matches!(field.kind(), Kind::Message(_)) {
            redact_value(message.get_field_mut(&field));
        }
    }
}

fn redact_value(value: &mut Value) {
    match value {
        Value::Message(message) if is_own(message) => redact(message),
        Value::List(items) => items.iter_mut().for_each(redact_value),
        Value::Map(entries) => entries.values_mut().for_each(redact_value),
        _ => {}
    }
}

/// Well-known types have no secrets of ours.
fn is_own(message: &DynamicMessage) -> bool {
    !message.descriptor().full_name().starts_with("google.protobuf.")
}

fn is_secret(field: &FieldDescriptor) -> bool {
    field
        .options()
        .get_field_by_name("debug_redact")
        .is_some_and(|value| value.as_bool() == Some(true))
}
