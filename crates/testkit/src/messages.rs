//! Two small message types for tests: a string and an array of strings.

use std::sync::LazyLock;

use ligato_model::Value;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, ReflectMessage};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

struct Types {
    string: Option<MessageDescriptor>,
    array: Option<MessageDescriptor>,
}

static TYPES: LazyLock<Types> = LazyLock::new(|| {
    let field = |name: &str, number, label: Label| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(label.into()),
        r#type: Some(Type::String.into()),
        ..FieldDescriptorProto::default()
    };
    let message = |name: &str, field: Vec<FieldDescriptorProto>| DescriptorProto {
        name: Some(name.to_owned()),
        field,
        ..DescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("model.proto".to_owned()),
        package: Some("model".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![
            message("StringValue", vec![field("value", 1, Label::Optional)]),
            message(
                "ArrayValue",
                vec![field("items", 1, Label::Repeated), field("item_suffix", 2, Label::Optional)],
            ),
        ],
        ..FileDescriptorProto::default()
    };
    let pool = DescriptorPool::from_file_descriptor_set(FileDescriptorSet { file: vec![file] });
    let find = |name| pool.as_ref().ok().and_then(|p| p.get_message_by_name(name));
    Types { string: find("model.StringValue"), array: find("model.ArrayValue") }
});

/// `model.StringValue { value }`.
pub fn string(value: &str) -> Value {
    let Some(descriptor) = TYPES.string.clone() else { return Value::empty() };
    let mut message = DynamicMessage::new(descriptor);
    message.set_field_by_name("value", prost_reflect::Value::String(value.to_owned()));
    Value::new(message)
}

/// `model.ArrayValue { items, item_suffix }`.
pub fn array<S: AsRef<str>>(items: &[S], suffix: &str) -> Value {
    let Some(descriptor) = TYPES.array.clone() else { return Value::empty() };
    let mut message = DynamicMessage::new(descriptor);
    let list = items.iter().map(|i| prost_reflect::Value::String(i.as_ref().to_owned()));
    message.set_field_by_name("items", prost_reflect::Value::List(list.collect()));
    message.set_field_by_name("item_suffix", prost_reflect::Value::String(suffix.to_owned()));
    Value::new(message)
}

/// The text of a string value.
pub fn as_string(value: &Value) -> Option<String> {
    let message = value.message().to_dynamic();
    (message.descriptor().full_name() == "model.StringValue").then(|| text_of(&message, "value"))
}

/// Items and suffix of an array value.
pub fn as_array(value: &Value) -> Option<(Vec<String>, String)> {
    let message = value.message().to_dynamic();
    if message.descriptor().full_name() != "model.ArrayValue" {
        return None;
    }
    let items = message.get_field_by_name("items")?;
    let items = items.as_list()?.iter().filter_map(|i| i.as_str().map(str::to_owned)).collect();
    Some((items, text_of(&message, "item_suffix")))
}

fn text_of(message: &DynamicMessage, field: &str) -> String {
    message
        .get_field_by_name(field)
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
