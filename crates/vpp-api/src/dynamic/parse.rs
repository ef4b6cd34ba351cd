//! From API JSON to definitions.

use serde_json::{Map, Value};

use super::ApiSet;
use super::definition::{Definition, EnumKind, Field, Repeat, Role, Type};
use super::error::ApiJsonError;
use crate::header::HeaderKind;

/// Adds one API file, an array of them, or an object of them by name.
pub(super) fn add(set: &mut ApiSet, value: &Value) -> Result<(), ApiJsonError> {
    match value {
        Value::Array(files) => files.iter().try_for_each(|file| add(set, file)),
        Value::Object(file) if file.get("messages").is_some_and(Value::is_array) => {
            add_file(set, file)
        }
        Value::Object(files) => files.values().try_for_each(|file| add(set, file)),
        other => Err(form("an API file", other)),
    }
}

fn add_file(set: &mut ApiSet, file: &Map<String, Value>) -> Result<(), ApiJsonError> {
    for (section, kind) in [("enums", EnumKind::One), ("enumflags", EnumKind::Flags)] {
        for entry in entries(file, section) {
            let (name, ty) = enumeration(entry, kind)?;
            set.types.insert(name, ty);
        }
    }
    for (section, wrap) in
        [("types", Type::Struct as fn(Vec<Field>) -> Type), ("unions", Type::Union)]
    {
        for entry in entries(file, section) {
            let (name, fields) = named_fields(entry)?;
            set.types.insert(type_name(name), wrap(fields));
        }
    }
    if let Some(Value::Object(aliases)) = file.get("aliases") {
        for (name, alias) in aliases {
            let of = text(alias.get("type"), "the type of an alias")?.to_owned();
            let len = alias.get("length").and_then(Value::as_u64).map(to_len);
            set.types.insert(type_name(name), Type::Alias { of, len });
        }
    }
    for entry in entries(file, "messages") {
        let definition = message(entry, file.get("services"))?;
        set.messages.insert(definition.name.clone(), definition);
    }
    Ok(())
}

fn entries<'a>(file: &'a Map<String, Value>, section: &str) -> &'a [Value] {
    file.get(section).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn message(entry: &Value, services: Option<&Value>) -> Result<Definition, ApiJsonError> {
    let (name, mut fields) = named_fields(entry)?;
    let crc = entry
        .as_array()
        .and_then(|parts| parts.iter().find_map(|part| part.get("crc")))
        .and_then(Value::as_str)
        .and_then(|crc| u32::from_str_radix(crc.trim_start_matches("0x"), 16).ok())
        .ok_or_else(|| form("a message with a CRC", entry))?;
    let header = take_header(&mut fields);
    let role = services.and_then(|services| services.get(name)).map(role).unwrap_or_default();
    Ok(Definition { name: name.to_owned(), crc, header, role, fields })
}

/// Takes message id and header fields away; they are the transport's.
fn take_header(fields: &mut Vec<Field>) -> HeaderKind {
    let starts_with = |fields: &[Field], name: &str| fields.first().is_some_and(|f| f.name == name);
    if starts_with(fields, "_vl_msg_id") {
        fields.remove(0);
    }
    let client = starts_with(fields, "client_index");
    if client {
        fields.remove(0);
    }
    let context = starts_with(fields, "context");
    if context {
        fields.remove(0);
    }
    match (client, context) {
        (true, true) => HeaderKind::Request,
        (true, false) => HeaderKind::Event,
        (false, _) => HeaderKind::Reply,
    }
}

fn role(service: &Value) -> Role {
    let name = |key| service.get(key).and_then(Value::as_str).map(str::to_owned);
    let is_stream = service.get("stream").and_then(Value::as_bool).unwrap_or(false);
    match (name("reply"), is_stream, name("stream_msg")) {
        (Some(reply), true, Some(details)) => Role::Stream { reply, details },
        (Some(details), true, None) => Role::Dump(details),
        (Some(reply), false, _) if reply != "null" => Role::Request(reply),
        _ => Role::Answer,
    }
}

fn named_fields(entry: &Value) -> Result<(&str, Vec<Field>), ApiJsonError> {
    let Some((name, rest)) = entry.as_array().and_then(|parts| parts.split_first()) else {
        return Err(form("a definition with a name", entry));
    };
    let fields = rest.iter().filter(|part| part.is_array()).map(field).collect::<Result<_, _>>()?;
    Ok((text(Some(name), "a name")?, fields))
}

/// `[type, name]`, `[type, name, length]`, `[type, name, 0, count field]`, each perhaps with an object of options.
fn field(entry: &Value) -> Result<Field, ApiJsonError> {
    let parts = entry.as_array().map(Vec::as_slice).unwrap_or_default();
    let ty = text(parts.first(), "the type of a field")?;
    let name = text(parts.get(1), "the name of a field")?;
    let length = parts.get(2).and_then(Value::as_u64);
    let count = parts.get(3).and_then(Value::as_str);
    let shape = match (length, count) {
        (_, Some(count)) => Repeat::Counted(count.to_owned()),
        (Some(0), None) => Repeat::Text,
        (Some(length), None) => Repeat::Times(to_len(length)),
        (None, None) => Repeat::Once,
    };
    let default = parts.iter().find_map(|part| part.get("default")).cloned();
    Ok(Field { name: name.to_owned(), ty: ty.to_owned(), shape, default })
}

fn enumeration(entry: &Value, kind: EnumKind) -> Result<(String, Type), ApiJsonError> {
    let parts = entry.as_array().map(Vec::as_slice).unwrap_or_default();
    let name = text(parts.first(), "the name of an enumeration")?;
    let base = parts.iter().find_map(|part| part.get("enumtype")).and_then(Value::as_str);
    let entries = parts.iter().filter_map(|part| {
        let part = part.as_array()?;
        Some((part.first()?.as_str()?.to_owned(), part.get(1)?.as_u64()?))
    });
    let base = base.unwrap_or("u32").to_owned();
    Ok((type_name(name), Type::Enum { base, entries: entries.collect(), kind }))
}

fn type_name(name: &str) -> String {
    format!("vl_api_{name}_t")
}

fn to_len(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

fn text<'a>(value: Option<&'a Value>, expected: &'static str) -> Result<&'a str, ApiJsonError> {
    let value = value.unwrap_or(&Value::Null);
    value.as_str().ok_or_else(|| form(expected, value))
}

fn form(expected: &'static str, found: &Value) -> ApiJsonError {
    let found = found.to_string().chars().take(80).collect();
    ApiJsonError::Form { expected, found }
}
