//! The Rust names `prost` gives to protobuf messages, enums and fields.

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_reflect::{EnumDescriptor, FieldDescriptor, MessageDescriptor};

/// Keywords that appear as field or module names; `prost` writes them as raw identifiers.
const KEYWORDS: [&str; 14] = [
    "as", "const", "enum", "for", "if", "in", "loop", "match", "mod", "move", "ref", "static",
    "type", "use",
];

/// Path of a message from the root of the crate.
pub(crate) fn message(descriptor: &MessageDescriptor) -> String {
    match descriptor.parent_message() {
        Some(parent) => nested(&parent, descriptor.name()),
        None => top_level(descriptor.package_name(), descriptor.name()),
    }
}

/// Path of an enum from the root of the crate.
pub(crate) fn enumeration(descriptor: &EnumDescriptor) -> String {
    match descriptor.parent_message() {
        Some(parent) => nested(&parent, descriptor.name()),
        None => top_level(descriptor.package_name(), descriptor.name()),
    }
}

/// Name of a field of a struct.
pub(crate) fn field(descriptor: &FieldDescriptor) -> String {
    snake(descriptor.name())
}

fn nested(parent: &MessageDescriptor, name: &str) -> String {
    let parent_path = message(parent);
    let module = parent_path.rsplit_once("::").map_or("crate", |(module, _)| module);
    format!("{module}::{}::{}", snake(parent.name()), name.to_upper_camel_case())
}

fn top_level(package: &str, name: &str) -> String {
    let modules: Vec<String> = package.split('.').map(snake).collect();
    format!("crate::generated::{}::{}", modules.join("::"), name.to_upper_camel_case())
}

fn snake(name: &str) -> String {
    let snake = name.to_snake_case();
    if KEYWORDS.contains(&snake.as_str()) { format!("r#{snake}") } else { snake }
}
