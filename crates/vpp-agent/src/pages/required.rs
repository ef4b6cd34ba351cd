//! Which fields of a value have to be given, found out by asking the kind about values without them.

use std::collections::BTreeSet;

use ligato_kvs_api::DynDescriptor;
use ligato_model::{Key, ModelInfo};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

/// A text that is no address and names nothing, but is there.
const SOMETHING: &str = "x";

/// The paths of these fields that have to be given: a value that has everything but one of them is refused, under the name
/// of the field, whatever else is chosen.
pub(crate) fn fields(
    kind: &dyn DynDescriptor,
    model: &ModelInfo,
    paths: impl IntoIterator<Item = String>,
) -> BTreeSet<String> {
    paths.into_iter().filter(|path| is_required(kind, model, path)).collect()
}

fn is_required(kind: &dyn DynDescriptor, model: &ModelInfo, path: &str) -> bool {
    let message = model.descriptor();
    let first = path.split('.').next().unwrap_or(path);
    let one_of: Vec<Option<FieldDescriptor>> = match message.get_field_by_name(first) {
        Some(field) if field.containing_oneof().is_some() => vec![Some(field)],
        _ => {
            let choices = message.oneofs().flat_map(|oneof| oneof.fields().collect::<Vec<_>>());
            choices.map(Some).chain([None]).collect()
        }
    };
    one_of.iter().all(|choice| {
        let variants = variants(message, choice.as_ref(), path);
        let complaints = variants.iter().filter_map(|variant| complaints(kind, model, variant));
        // A setting that is refused itself decides nothing.
        let is_refused = |named: &String| named != path && is_setting(message, named);
        let sensible = complaints.filter(|named| !named.iter().any(is_refused));
        sensible.min_by_key(BTreeSet::len).is_none_or(|named| named.contains(path))
    })
}

/// Values with everything but this field, with each of the settings that decide what else counts.
fn variants(
    message: &MessageDescriptor,
    choice: Option<&FieldDescriptor>,
    without: &str,
) -> Vec<DynamicMessage> {
    let mut value = filled(message, "", without);
    if let Some(choice) = choice {
        value.set_field(choice, filling(choice, "", without));
    }
    let mut variants = vec![value.clone()];
    for field in message.fields().filter(|field| field.name() != without) {
        let Kind::Enum(choices) = field.kind() else { continue };
        variants.extend(choices.values().map(|choice| {
            let mut variant = value.clone();
            variant.set_field(&field, Value::EnumNumber(choice.number()));
            variant
        }));
    }
    variants
}

/// Whether a field is one of few settings that may decide what else counts.
fn is_setting(message: &MessageDescriptor, name: &str) -> bool {
    message.get_field_by_name(name).is_some_and(|field| matches!(field.kind(), Kind::Enum(_)))
}

/// A message with all messages in it and something in every text, but for one field.
fn filled(message: &MessageDescriptor, prefix: &str, without: &str) -> DynamicMessage {
    let mut value = DynamicMessage::new(message.clone());
    for field in message.fields().filter(|field| field.containing_oneof().is_none()) {
        let is_filled = match field.kind() {
            Kind::Message(_) => !field.is_map(),
            Kind::String => !field.is_list() && format!("{prefix}{}", field.name()) != without,
            _ => false,
        };
        if is_filled {
            value.set_field(&field, filling(&field, prefix, without));
        }
    }
    value
}

fn filling(field: &FieldDescriptor, prefix: &str, without: &str) -> Value {
    let one = match field.kind() {
        Kind::Message(message) => {
            let prefix = format!("{prefix}{}.", field.name());
            Value::Message(filled(&message, &prefix, without))
        }
        _ => Value::String(SOMETHING.to_owned()),
    };
    if field.is_list() { Value::List(vec![one]) } else { one }
}

/// The fields a kind complains about, by their paths. `None` for a value whose settings do not go together.
fn complaints(
    kind: &dyn DynDescriptor,
    model: &ModelInfo,
    value: &DynamicMessage,
) -> Option<BTreeSet<String>> {
    let value = model.from_dynamic(value).ok()?;
    let key = model.key_of(&value).unwrap_or_else(|_| Key::from(model.key_prefix()));
    let Err(invalid) = kind.validate(&key, &value) else { return Some(BTreeSet::new()) };
    let named: BTreeSet<String> =
        invalid.field_names().iter().map(|name| path(name, &value)).collect();
    // The whole value, or the choice of one of several messages.
    let is_senseless = invalid.general.is_some() || named.contains("");
    (!is_senseless).then_some(named)
}

/// The path of a field that a complaint names: without the name of the choice it is in, and without positions.
fn path(name: &str, value: &ligato_model::Value) -> String {
    let oneofs = value.descriptor();
    let mut parts: Vec<&str> =
        name.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect();
    if parts.first().is_some_and(|first| oneofs.oneofs().any(|oneof| oneof.name() == *first)) {
        parts.remove(0);
    }
    parts.join(".")
}
