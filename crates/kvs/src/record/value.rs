//! Values in one line, like protobuf's text format.

use std::fmt::Write;

use ligato_model::Value;
use prost_reflect::{DynamicMessage, Kind, MapKey, Value as Field};

/// `{ name:"if1"  mtu:1500 }`; secrets are masked.
pub(super) fn one_line(value: Option<&Value>) -> String {
    let Some(value) = value else { return "<NIL>".to_owned() };
    if value.full_name() == "google.protobuf.Empty" {
        return "<EMPTY>".to_owned();
    }
    let mut out = String::from("{ ");
    message(&mut out, &value.redacted().message().to_dynamic());
    out.push_str(" }");
    out
}

fn message(out: &mut String, message: &DynamicMessage) {
    let mut fields: Vec<_> = message.fields().collect();
    fields.sort_by_key(|(descriptor, _)| descriptor.number());
    let mut separator = "";
    for (descriptor, value) in fields {
        let name = descriptor.name();
        let mut one = |out: &mut String, value: &Field| {
            let _ = write!(out, "{separator}{name}:");
            scalar(out, value, &descriptor.kind());
            separator = " ";
        };
        match value {
            Field::List(items) => items.iter().for_each(|item| one(out, item)),
            Field::Map(entries) => {
                let mut entries: Vec<(String, &Field)> =
                    entries.iter().map(|(key, value)| (key_text(key), value)).collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                for (key, value) in entries {
                    let _ = write!(out, "{separator}{name}:{{key:{key} value:");
                    scalar(out, value, &descriptor.kind());
                    out.push('}');
                    separator = " ";
                }
            }
            other => one(out, other),
        }
    }
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::String(text) => format!("{text:?}"),
        MapKey::Bool(value) => value.to_string(),
        MapKey::I32(value) => value.to_string(),
        MapKey::I64(value) => value.to_string(),
        MapKey::U32(value) => value.to_string(),
        MapKey::U64(value) => value.to_string(),
    }
}

fn scalar(out: &mut String, value: &Field, kind: &Kind) {
    let _ = match value {
        Field::Bool(value) => write!(out, "{value}"),
        Field::I32(value) => write!(out, "{value}"),
        Field::I64(value) => write!(out, "{value}"),
        Field::U32(value) => write!(out, "{value}"),
        Field::U64(value) => write!(out, "{value}"),
        Field::F32(value) => write!(out, "{value}"),
        Field::F64(value) => write!(out, "{value}"),
        Field::String(text) => write!(out, "{text:?}"),
        Field::Bytes(bytes) => write!(out, "\"{}\"", bytes.escape_ascii()),
        Field::EnumNumber(number) => match kind.as_enum().and_then(|e| e.get_value(*number)) {
            Some(value) => write!(out, "{}", value.name()),
            None => write!(out, "{number}"),
        },
        Field::Message(nested) => {
            out.push('{');
            message(out, nested);
            write!(out, "}}")
        }
        Field::List(_) | Field::Map(_) => Ok(()),
    };
}
