//! What is published is the original's contract, item by item.
//!
//! Every file, import, message, field, enum value, extension, service, method and model becomes one line. The lines are
//! compared with a golden list in this folder and, where the machine-readable contract is found
//! (`NORTHBOUND_CONTRACT`, or `shared/spec/northbound-proto.json` in a folder above), with that as well.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ligato_proto::{DESCRIPTOR_POOL, registry};
use prost_reflect::prost::Message as _;
use prost_reflect::{EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};

/// What the original has not, in a package of its own.
const OURS: &str = "ligato/vppapi/";

/// One line for each item of the compiled descriptors that the original has as well.
fn published() -> Vec<String> {
    let mut lines = Vec::new();
    let originals = |name: &str| name.starts_with("ligato/") && !name.starts_with(OURS);
    for file in DESCRIPTOR_POOL.files().filter(|file| originals(file.name())) {
        file_lines(&file, &mut lines);
    }
    lines.sort();
    lines
}

fn file_lines(file: &FileDescriptor, lines: &mut Vec<String>) {
    let proto = file.file_descriptor_proto();
    let options = proto.options.clone().unwrap_or_default();
    let name = file.name();
    lines.push(format!("file {name} {} {}", proto.syntax(), proto.package()));
    lines.push(format!("go_package {name} {}", options.go_package()));
    lines.extend(proto.dependency.iter().map(|import| format!("import {name} {import}")));
    file.messages().for_each(|message| message_lines(&message, lines));
    file.enums().for_each(|descriptor| enum_lines(&descriptor, lines));
    for extension in file.extensions() {
        lines.push(format!(
            "extension {} = {} of {} {} {} json={} optional={}",
            extension.full_name(),
            extension.number(),
            extension.containing_message().full_name(),
            if extension.is_list() { "repeated" } else { "optional" },
            kind_name(&extension.kind()),
            extension.field_descriptor_proto().json_name(),
            extension.field_descriptor_proto().proto3_optional(),
        ));
    }
    for service in file.services() {
        for method in service.methods() {
            lines.push(format!(
                "method {} {} -> {} {}{}",
                method.full_name(),
                method.input().full_name(),
                method.output().full_name(),
                method.is_client_streaming(),
                method.is_server_streaming(),
            ));
        }
    }
}

fn message_lines(message: &MessageDescriptor, lines: &mut Vec<String>) {
    if message.is_map_entry() {
        return;
    }
    lines.push(format!("message {}", message.full_name()));
    assert_eq!(message.options().encoded_len(), 0, "{} has options", message.full_name());
    lines.extend(message.fields().map(|field| field_line(&field)));
    message.child_messages().for_each(|child| message_lines(&child, lines));
    message.child_enums().for_each(|child| enum_lines(&child, lines));
}

fn field_line(field: &FieldDescriptor) -> String {
    let mut line = format!(
        "field {} = {} {} json={}",
        field.full_name(),
        field.number(),
        field_type(field),
        field.json_name()
    );
    if let Some(oneof) = field.containing_oneof() {
        let _ = write!(line, " oneof={}", oneof.name());
    }
    let options = field.options();
    if options.get_field_by_name("deprecated").is_some_and(|value| value.as_bool() == Some(true)) {
        line += " deprecated";
    }
    let Some(annotation) = DESCRIPTOR_POOL.get_extension_by_name("ligato.ligato_options") else {
        return line;
    };
    if options.has_extension(&annotation) {
        let json = serde_json::to_value(options.get_extension(&annotation).as_message());
        let json = json.unwrap_or_default();
        if let Some(kind) = json["type"].as_str() {
            let _ = write!(line, " type={kind}");
        }
        if let serde_json::Value::Object(range) = &json["intRange"] {
            let bound = |name| range.get(name).and_then(|bound| bound.as_str()).unwrap_or("0");
            let _ = write!(line, " range={}..{}", bound("minimum"), bound("maximum"));
        }
    }
    line
}

fn field_type(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let key = kind_name(&entry.map_entry_key_field().kind());
            format!("map<{key},{}>", kind_name(&entry.map_entry_value_field().kind()))
        }
        kind if field.is_list() => format!("repeated {}", kind_name(&kind)),
        kind => format!("optional {}", kind_name(&kind)),
    }
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => format!("message {}", message.full_name()),
        Kind::Enum(descriptor) => format!("enum {}", descriptor.full_name()),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

fn enum_lines(descriptor: &EnumDescriptor, lines: &mut Vec<String>) {
    let name = descriptor.full_name();
    lines.push(format!("enum {name}"));
    for value in descriptor.values() {
        let options = value.options();
        let deprecated = options
            .get_field_by_name("deprecated")
            .is_some_and(|value| value.as_bool() == Some(true));
        let deprecated = if deprecated { " deprecated" } else { "" };
        lines.push(format!("value {name}.{} = {}{deprecated}", value.name(), value.number()));
    }
}

#[test]
fn nothing_of_the_contract_is_lost_or_changed() {
    let lines = published().join("\n") + "\n";
    expect_test::expect_file!["contract.golden"].assert_eq(&lines);
}

#[test]
fn the_models_are_those_of_the_original() {
    let mut lines = String::new();
    let registry = registry();
    let mut models: Vec<_> = registry.iter().collect();
    models.sort_by_key(|model| model.key_prefix());
    for model in models {
        let _ = writeln!(
            lines,
            "{} {} {} {} {} {:?} {:?}",
            model.model_name(),
            model.key_prefix(),
            model.proto_name,
            model.proto_file,
            model.spec.version,
            model.name_template,
            model.config_field.names().collect::<Vec<_>>(),
        );
    }
    expect_test::expect_file!["models.golden"].assert_eq(&lines);
}

/// The machine-readable contract, if it is on this machine.
fn contract_file() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("NORTHBOUND_CONTRACT") {
        return Some(path.into());
    }
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/spec/northbound-proto.json"))
        .find(|path| path.is_file())
}

#[test]
fn the_contract_file_says_the_same() {
    let Some(path) = contract_file() else {
        eprintln!(
            "skipped: no northbound-proto.json on this machine; the golden list was compared"
        );
        return;
    };
    let text = std::fs::read_to_string(path).expect("the contract can be read");
    let contract: serde_json::Value = serde_json::from_str(&text).expect("the contract is JSON");
    let mut expected = Vec::new();
    for file in contract["files"].as_array().expect("a list of files") {
        contract::file_lines(file, &mut expected);
    }
    expected.sort();
    assert_eq!(expected.iter().filter(|line| line.starts_with("field ")).count(), 671);
    assert_eq!(published().join("\n"), expected.join("\n"));
}

/// The same lines from the contract file.
mod contract {
    use serde_json::Value;

    fn text<'v>(value: &'v Value, name: &str) -> &'v str {
        value[name].as_str().unwrap_or_default()
    }

    fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
        value[name].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    fn kind(item: &Value) -> String {
        match text(item, "type") {
            kind @ ("message" | "enum") => format!("{kind} {}", text(item, "type_name")),
            kind => kind.to_owned(),
        }
    }

    pub(crate) fn file_lines(file: &Value, lines: &mut Vec<String>) {
        let name = text(file, "file");
        lines.push(format!("file {name} {} {}", text(file, "syntax"), text(file, "package")));
        lines.push(format!("go_package {name} {}", text(file, "go_package")));
        for import in list(file, "imports") {
            lines.push(format!("import {name} {}", import.as_str().unwrap_or_default()));
        }
        list(file, "messages").iter().for_each(|message| message_lines(message, lines));
        list(file, "enums").iter().for_each(|item| enum_lines(item, lines));
        for extension in list(file, "extensions") {
            lines.push(format!(
                "extension {} = {} of {} {} {} json={} optional={}",
                text(extension, "full_name"),
                extension["number"],
                text(extension, "extendee"),
                text(extension, "label"),
                kind(extension),
                text(extension, "json_name"),
                extension["proto3_optional"].as_bool().unwrap_or(false),
            ));
        }
        for service in list(file, "services") {
            for method in list(service, "methods") {
                lines.push(format!(
                    "method {}.{} {} -> {} {}{}",
                    text(service, "full_name"),
                    text(method, "name"),
                    text(method, "input"),
                    text(method, "output"),
                    method["client_streaming"],
                    method["server_streaming"],
                ));
            }
        }
    }

    fn message_lines(message: &Value, lines: &mut Vec<String>) {
        let name = text(message, "full_name");
        lines.push(format!("message {name}"));
        for field in list(message, "fields") {
            lines.push(field_line(name, field));
        }
        list(message, "messages").iter().for_each(|child| message_lines(child, lines));
        list(message, "enums").iter().for_each(|child| enum_lines(child, lines));
    }

    fn field_line(message: &str, field: &Value) -> String {
        let kind = match (&field["map_key"], &field["map_value"]) {
            (Value::String(key), Value::String(value)) => format!("map<{key},{value}>"),
            (Value::String(key), value) => format!("map<{key},{}>", text(value, "type")),
            _ => format!("{} {}", text(field, "label"), kind(field)),
        };
        let mut line = format!(
            "field {message}.{} = {} {kind} json={}",
            text(field, "name"),
            field["number"],
            text(field, "json_name")
        );
        if let Some(oneof) = field["oneof"].as_str() {
            line += &format!(" oneof={oneof}");
        }
        let options = &field["options"];
        if options["deprecated"] == true {
            line += " deprecated";
        }
        let annotation = &options["ligato_options"];
        if let Some(kind) = annotation["type"].as_str() {
            line += &format!(" type={kind}");
        }
        if let Value::Object(range) = &annotation["int_range"] {
            line += &format!(" range={}..{}", range["minimum"], range["maximum"]);
        }
        line
    }

    fn enum_lines(item: &Value, lines: &mut Vec<String>) {
        let name = text(item, "full_name");
        lines.push(format!("enum {name}"));
        for value in list(item, "values") {
            let deprecated = if value["deprecated"] == true { " deprecated" } else { "" };
            lines.push(format!(
                "value {name}.{} = {}{deprecated}",
                text(value, "name"),
                value["number"]
            ));
        }
    }
}
