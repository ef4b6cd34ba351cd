//! From the structure of a text to a message.

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, OneofDescriptor, Value,
};

use super::node::{Content, Name, Node, shorten};
use super::place::nearest;
use super::{Place, Position, Problem, scalar};
use crate::ModelError;

/// Reads a message. `path` is that of the node in its text.
pub(crate) fn read_message(
    node: &Node,
    descriptor: &MessageDescriptor,
    origin: &Arc<str>,
    path: &str,
) -> Result<DynamicMessage, ModelError> {
    let mut reader = Reader { origin, path: path.to_owned() };
    reader.message(node, descriptor)
}

struct Reader<'o> {
    origin: &'o Arc<str>,
    /// Path of the node that is being read.
    path: String,
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

    fn message(&mut self, node: &Node, descriptor: &MessageDescriptor) -> Read<DynamicMessage> {
        if descriptor.full_name().starts_with("google.protobuf.") {
            return self.well_known(node, descriptor);
        }
        let Content::Map(entries) = &node.content else {
            return Err(
                self.wrong_type(node, &format!("a map, the message {}", descriptor.full_name()))
            );
        };
        let mut message = DynamicMessage::new(descriptor.clone());
        let mut seen: HashMap<u32, &Name> = HashMap::new();
        for (name, node) in entries {
            let field = self.find_field(descriptor, name)?;
            if let Some(first) = seen.insert(field.number(), name) {
                let problem = Problem::DuplicateField { field: name.text.clone(), first: first.at };
                return Err(self.error(name.at, problem));
            }
            if node.content == Content::Null {
                continue;
            }
            if let Some(oneof) = field.containing_oneof() {
                self.check_oneof(&message, &oneof, name)?;
            }
            let value = self.within(&name.text, |reader| reader.field(node, &field))?;
            message.set_field(&field, value);
        }
        Ok(message)
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

    fn check_oneof(
        &self,
        message: &DynamicMessage,
        oneof: &OneofDescriptor,
        name: &Name,
    ) -> Read<()> {
        match oneof.fields().find(|other| message.has_field(other)) {
            Some(other) => {
                let first = other.name().to_owned();
                Err(self.error(name.at, Problem::Conflict { first, second: name.text.clone() }))
            }
            None => Ok(()),
        }
    }

    fn field(&mut self, node: &Node, field: &FieldDescriptor) -> Read<Value> {
        if field.is_list() {
            self.list(node, &field.kind())
        } else if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
            self.map(node, &entry)
        } else {
            self.single(node, &field.kind())
        }
    }

    fn list(&mut self, node: &Node, kind: &Kind) -> Read<Value> {
        let Content::List(items) = &node.content else {
            return Err(self.wrong_type(node, "a list"));
        };
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let value = self.within(&format!("[{index}]"), |reader| reader.single(item, kind))?;
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn map(&mut self, node: &Node, entry: &MessageDescriptor) -> Read<Value> {
        let Content::Map(entries) = &node.content else {
            return Err(self.wrong_type(node, "a map"));
        };
        let key_kind = entry.map_entry_key_field().kind();
        let value_kind = entry.map_entry_value_field().kind();
        let mut values = HashMap::with_capacity(entries.len());
        for (name, node) in entries {
            let key = Node { content: Content::Text(name.text.clone()), at: name.at };
            let step = format!("[{}]", name.text);
            let (key, value) = self.within(&step, |reader| {
                let key = match reader.single(&key, &key_kind)? {
                    Value::Bool(key) => MapKey::Bool(key),
                    Value::I32(key) => MapKey::I32(key),
                    Value::I64(key) => MapKey::I64(key),
                    Value::U32(key) => MapKey::U32(key),
                    Value::U64(key) => MapKey::U64(key),
                    _ => MapKey::String(name.text.clone()),
                };
                Ok((key, reader.single(node, &value_kind)?))
            })?;
            values.insert(key, value);
        }
        Ok(Value::Map(values))
    }

    fn single(&mut self, node: &Node, kind: &Kind) -> Read<Value> {
        match kind {
            Kind::Message(descriptor) => self.message(node, descriptor).map(Value::Message),
            _ => scalar::read(node, kind).map_err(|problem| self.error(node.at, problem)),
        }
    }

    /// Well-known types have forms of their own, which the protobuf library knows.
    fn well_known(&self, node: &Node, descriptor: &MessageDescriptor) -> Read<DynamicMessage> {
        DynamicMessage::deserialize(descriptor.clone(), node.to_json())
            .map_err(|error| self.error(node.at, Problem::Invalid { detail: error.to_string() }))
    }
}
