//! Messages as Go's `encoding/json` writes the structs generated for them, which is what the original answers with:
//! names of the `.proto` file, zero values left out, enums as numbers, 64-bit integers as numbers, and a oneof as a
//! member of its own that holds the alternative.

use base64::{Engine, prelude::BASE64_STANDARD};
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, OneofDescriptor, ReflectMessage, Value,
};
use serde_json::{Map, Value as Json, json};

/// A message.
pub(crate) fn message(message: &DynamicMessage) -> Json {
    let descriptor = message.descriptor();
    let mut members = Map::new();
    for field in descriptor.fields() {
        let alternative = field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic());
        if !alternative && message.has_field(&field) {
            members.insert(field.name().to_owned(), content(&message.get_field(&field), &field));
        }
    }
    for oneof in descriptor.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        members.insert(go_name(oneof.name()), alternative(message, &oneof));
    }
    Json::Object(members)
}

/// The alternative that is set, under its name; `null` if none is.
fn alternative(message: &DynamicMessage, oneof: &OneofDescriptor) -> Json {
    let Some(field) = oneof.fields().find(|field| message.has_field(field)) else {
        return Json::Null;
    };
    json!({ go_name(field.name()): content(&message.get_field(&field), &field) })
}

fn content(value: &Value, field: &FieldDescriptor) -> Json {
    match value {
        Value::Bool(yes) => json!(yes),
        Value::I32(number) | Value::EnumNumber(number) => json!(number),
        Value::I64(number) => json!(number),
        Value::U32(number) => json!(number),
        Value::U64(number) => json!(number),
        Value::F32(number) => json!(number),
        Value::F64(number) => json!(number),
        Value::String(text) => json!(text),
        Value::Bytes(bytes) => json!(BASE64_STANDARD.encode(bytes)),
        Value::Message(inner) => message(inner),
        Value::List(list) => list.iter().map(|item| content(item, field)).collect(),
        Value::Map(map) => {
            let of_values = match field.kind() {
                Kind::Message(entry) => entry.map_entry_value_field(),
                _ => field.clone(),
            };
            let entries = map.iter().map(|(key, value)| (name(key), content(value, &of_values)));
            Json::Object(entries.collect())
        }
    }
}

fn name(key: &MapKey) -> String {
    match key {
        MapKey::Bool(yes) => yes.to_string(),
        MapKey::I32(number) => number.to_string(),
        MapKey::I64(number) => number.to_string(),
        MapKey::U32(number) => number.to_string(),
        MapKey::U64(number) => number.to_string(),
        MapKey::String(text) => text.clone(),
    }
}

/// The name that Go's generator makes of a field's: `vmx_net3` is `VmxNet3`.
fn go_name(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use ligato_model::Value;
    use ligato_proto::vpp::interfaces::{
        Interface, TapLink,
        interface::{Link, Type},
    };

    use super::*;

    #[test]
    fn a_message_is_written_as_the_original_does() {
        let tap = TapLink { version: 2, host_if_name: "tap-host".into(), ..TapLink::default() };
        let interface = Interface {
            name: "tap1".into(),
            r#type: Type::Tap.into(),
            enabled: true,
            ip_addresses: vec!["10.1.0.1/24".into()],
            mtu: 9000,
            link: Some(Link::Tap(tap)),
            ..Interface::default()
        };
        let shown = message(&Value::new(interface).message().to_dynamic());
        let expected = json!({
            "name": "tap1", "type": 5, "enabled": true, "ip_addresses": ["10.1.0.1/24"], "mtu": 9000,
            "Link": { "Tap": { "version": 2, "host_if_name": "tap-host" } },
        });
        assert_eq!(shown, expected);
        let empty = message(&Value::new(Interface::default()).message().to_dynamic());
        assert_eq!(empty, json!({ "Link": null }));
        assert_eq!(go_name("vmx_net3"), "VmxNet3");
    }
}
