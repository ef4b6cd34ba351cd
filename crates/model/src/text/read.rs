//! From the structure of a text to a message.

use std::sync::Arc;

use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};

use super::node::{Content, Name, Node, shorten};
use super::place::nearest;
use super::{Place, Position, Problem, scalar, wire};
use crate::ModelError;

/// Reads a message into its binary form. `path` is that of the node in its text.
pub(crate) fn read_message(
    node: &Node,
    descriptor: &MessageDescriptor,
    origin: &Arc<str>,
    path: &str,
) -> Result<Vec<u8>, ModelError> {
    let mut reader = Reader { origin, path: path.to_owned() };
    let mut out = Vec::new();
    reader.message(node, descriptor, &mut out)?;
    Ok(out)
}

struct Reader<'o> {
    origin: &'o Arc<str>,
    /// Path of the node that is being read.
    path: String,
}

/// A field that was named.
struct Seen<'n> {
    field: FieldDescriptor,
    name: &'n Name,
    /// Not if it is `null`.
    is_set: bool,
}

type Read<T> = Result<T, ModelError>;

impl Reader<'_> {
    fn error(&self, at: Option<Position>, problem: Problem) -> ModelError {
        let place = Place { origin: self.origin.clone(), position: at, path: self.path.clone() };
        ModelError::text(place, problem)
    }

    fn wrong_type(&self, node: &Node, expected: &str) -> ModelError {
        let problem = Problem::WrongType { expected: expected.to_owned(), found: node.describe() };
        self.error(node.at, problem)
    }

    /// Does something one step further down.
    fn within<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        let length = self.path.len();
        if length > 0 && !step.starts_with('[') {
            self.path.push('.');
        }
        self.path.push_str(step);
        let result = read(self);
        self.path.truncate(length);
        result
    }

    fn message(
        &mut self,
        node: &Node,
        descriptor: &MessageDescriptor,
        out: &mut Vec<u8>,
    ) -> Read<()> {
        if descriptor.full_name().starts_with("google.protobuf.") {
            return self.well_known(node, descriptor, out);
        }
        let Content::Map(entries) = &node.content else {
            return Err(
                self.wrong_type(node, &format!("a map, the message {}", descriptor.full_name()))
            );
        };
        let mut seen: Vec<Seen<'_>> = Vec::with_capacity(entries.len());
        for (name, node) in entries {
            let field = self.find_field(descriptor, name)?;
            if let Some(first) = seen.iter().find(|other| other.field == field) {
                let first = first.name.at;
                let problem = Problem::DuplicateField { field: name.text.clone(), first };
                return Err(self.error(name.at, problem));
            }
            let is_set = node.content != Content::Null;
            if is_set {
                self.check_oneof(&seen, &field, name)?;
                self.within(&name.text, |reader| reader.field(node, &field, out))?;
            }
            seen.push(Seen { field, name, is_set });
        }
        Ok(())
    }

    fn find_field(&self, descriptor: &MessageDescriptor, name: &Name) -> Read<FieldDescriptor> {
        let found = descriptor
            .get_field_by_json_name(&name.text)
            .or_else(|| descriptor.get_field_by_name(&name.text));
        found.ok_or_else(|| {
            let fields: Vec<FieldDescriptor> = descriptor.fields().collect();
            let names = fields.iter().flat_map(|field| [field.name(), field.json_name()]);
            let problem = Problem::UnknownField {
                field: shorten(&name.text),
                of: descriptor.full_name().to_owned(),
                nearest: nearest(&name.text, names),
            };
            self.error(name.at, problem)
        })
    }

    /// Of fields that exclude each other, one is set at most.
    fn check_oneof(&self, seen: &[Seen<'_>], field: &FieldDescriptor, name: &Name) -> Read<()> {
        let Some(oneof) = field.containing_oneof() else { return Ok(()) };
        let excluded = |other: &&Seen<'_>| {
            other.is_set && other.field.containing_oneof().as_ref() == Some(&oneof)
        };
        match seen.iter().find(excluded) {
            Some(other) => {
                let first = other.field.name().to_owned();
                Err(self.error(name.at, Problem::Conflict { first, second: name.text.clone() }))
            }
            None => Ok(()),
        }
    }

    fn field(&mut self, node: &Node, field: &FieldDescriptor, out: &mut Vec<u8>) -> Read<()> {
        let (number, kind) = (field.number(), field.kind());
        if field.is_list() {
            self.list(node, number, &kind, out)
        } else if let (true, Kind::Message(entry)) = (field.is_map(), &kind) {
            self.map(node, number, entry, out)
        } else {
            self.single(node, number, &kind, out)
        }
    }

    fn list(&mut self, node: &Node, number: u32, kind: &Kind, out: &mut Vec<u8>) -> Read<()> {
        let Content::List(items) = &node.content else {
            return Err(self.wrong_type(node, "a list"));
        };
        for (index, item) in items.iter().enumerate() {
            self.within(&format!("[{index}]"), |reader| reader.single(item, number, kind, out))?;
        }
        Ok(())
    }

    /// Each entry is a message of its key and its value.
    fn map(
        &mut self,
        node: &Node,
        number: u32,
        entry: &MessageDescriptor,
        out: &mut Vec<u8>,
    ) -> Read<()> {
        let Content::Map(entries) = &node.content else {
            return Err(self.wrong_type(node, "a map"));
        };
        let (key_field, value_field) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        for (name, node) in entries {
            let key = Node { content: Content::Text(name.text.clone()), at: name.at };
            let mut content = Vec::new();
            self.within(&format!("[{}]", name.text), |reader| {
                reader.single(&key, key_field.number(), &key_field.kind(), &mut content)?;
                reader.single(node, value_field.number(), &value_field.kind(), &mut content)
            })?;
            wire::message(number, &content, out);
        }
        Ok(())
    }

    fn single(&mut self, node: &Node, number: u32, kind: &Kind, out: &mut Vec<u8>) -> Read<()> {
        if let Kind::Message(descriptor) = kind {
            let mut content = Vec::new();
            self.message(node, descriptor, &mut content)?;
            wire::message(number, &content, out);
            return Ok(());
        }
        let value = scalar::read(node, kind).map_err(|problem| self.error(node.at, problem))?;
        wire::scalar(number, kind, &value, out);
        Ok(())
    }

    /// Well-known types have forms of their own, which the protobuf library knows.
    fn well_known(
        &self,
        node: &Node,
        descriptor: &MessageDescriptor,
        out: &mut Vec<u8>,
    ) -> Read<()> {
        let message = DynamicMessage::deserialize(descriptor.clone(), node.to_json())
            .map_err(|error| self.error(node.at, Problem::Invalid { detail: error.to_string() }))?;
        out.extend_from_slice(&message.encode_to_vec());
        Ok(())
    }
}
