//! The document in which users write all kinds together.
//!
//! ```yaml
//! vppConfig:
//!   interfaces:
//!   - name: loop1
//!     type: SOFTWARE_LOOPBACK
//! linuxConfig: {}
//! ```
//!
//! At the top are groups, one for the first word of every module with `Config` after it. In a group each model has its
//! field (see [`ConfigField`](crate::ConfigField)): a list, or a single message for a singleton. Nothing here is
//! written down anywhere else: the structure follows from the [`Registry`].

use std::collections::HashMap;
use std::sync::Arc;

use super::node::{Content, Name, Node, shorten};
use super::place::nearest;
use super::{
    FieldNames, Limits, Place, Position, Problem, message_to_json, parse_yaml, read_message,
};
use crate::{Key, ModelError, ModelInfo, Registry, Spec, Value};

/// One value of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its key.
    pub key: Key,
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
}

/// Reads a document, YAML or JSON. `origin` is what to call it in errors, usually the name of the file.
///
/// # Errors
/// [`ModelError::Text`] says what is wrong and where: bad syntax, an unknown group or field, a value that does not
/// fit its field, two entries with the same key.
pub fn read_document(
    registry: &Registry,
    text: &str,
    origin: &str,
) -> Result<Vec<Entry>, ModelError> {
    let origin: Arc<str> = origin.into();
    let root = parse_yaml(text, &Limits::DOCUMENT, &origin)?;
    let mut reader = Reader {
        layout: Layout::of(registry),
        origin,
        entries: Vec::new(),
        places: HashMap::new(),
    };
    reader.document(&root)?;
    Ok(reader.entries)
}

/// Writes values as a document. Groups without values are there, empty; entries are ordered by key. Values whose
/// message is no model of class `config` are left out.
///
/// # Errors
/// [`ModelError::EncodeJson`] for content that JSON cannot hold.
pub fn write_document<'v>(
    registry: &Registry,
    values: impl IntoIterator<Item = &'v Value>,
    names: FieldNames,
) -> Result<serde_json::Value, ModelError> {
    let mut keyed = Vec::new();
    for value in values {
        if let Some(model) =
            registry.by_proto_name(&value.full_name()).filter(|model| is_config(model))
        {
            keyed.push((model.key_of(value)?, model, value));
        }
    }
    keyed.sort_by(|(a, ..), (b, ..)| a.cmp(b));

    let mut document = serde_json::Map::new();
    for model in registry.iter().filter(|model| is_config(model)) {
        document.entry(group_names(model).0).or_insert_with(|| serde_json::json!({}));
    }
    for (_, model, value) in keyed {
        let json = message_to_json(&value.message().to_dynamic(), names)?;
        let field = match names {
            FieldNames::Proto => model.config_field.name,
            FieldNames::Json => model.config_field.json_name,
        };
        let Some(serde_json::Value::Object(group)) = document.get_mut(&group_names(model).0) else {
            continue;
        };
        if model.is_singleton() {
            group.insert(field.to_owned(), json);
        } else if let serde_json::Value::Array(list) =
            group.entry(field).or_insert_with(|| serde_json::Value::Array(Vec::new()))
        {
            list.push(json);
        }
    }
    Ok(document.into())
}

fn is_config(model: &ModelInfo) -> bool {
    model.spec.class == Spec::CONFIG
}

/// The name of a model's group, and a second spelling that is read: `vppConfig` and `vpp_config`.
fn group_names(model: &ModelInfo) -> (String, String) {
    let group = model.spec.group();
    (format!("{group}Config"), format!("{group}_config"))
}

/// Which names a document may have.
struct Layout<'r> {
    /// Every spelling of a group leads to its fields.
    groups: HashMap<String, Fields<'r>>,
}

/// Every spelling of a field leads to its model.
type Fields<'r> = HashMap<&'static str, &'r ModelInfo>;

impl<'r> Layout<'r> {
    fn of(registry: &'r Registry) -> Self {
        let mut groups: HashMap<String, Fields<'r>> = HashMap::new();
        for model in registry.iter().filter(|model| is_config(model)) {
            let (name, other) = group_names(model);
            for group in [name, other] {
                let fields = groups.entry(group).or_default();
                for field in model.config_field.names() {
                    fields.entry(field).or_insert(model);
                }
            }
        }
        Self { groups }
    }
}

struct Reader<'r> {
    layout: Layout<'r>,
    origin: Arc<str>,
    entries: Vec<Entry>,
    /// Where each key was given.
    places: HashMap<Key, Place>,
}

impl Reader<'_> {
    fn place(&self, at: Option<Position>, path: &str) -> Place {
        Place { origin: self.origin.clone(), position: at, path: path.to_owned() }
    }

    fn document(&mut self, root: &Node) -> Result<(), ModelError> {
        let mut seen: HashMap<&str, Option<Position>> = HashMap::new();
        for (name, node) in self.map(root, "", "a map of groups")? {
            let Some(fields) = self.layout.groups.get(&name.text) else {
                let known = self.layout.groups.keys().map(String::as_str);
                return Err(self.unknown(name, "", "the document", known));
            };
            let fields = fields.clone();
            let group = name.text.trim_end_matches("_config").trim_end_matches("Config");
            self.refuse_twice(&mut seen, group, name, "")?;
            if node.content != Content::Null {
                self.group(name, node, &fields)?;
            }
        }
        Ok(())
    }

    fn group(&mut self, group: &Name, node: &Node, fields: &Fields<'_>) -> Result<(), ModelError> {
        let mut seen: HashMap<&str, Option<Position>> = HashMap::new();
        for (name, node) in self.map(node, &group.text, "a map of fields")? {
            let Some(model) = fields.get(name.text.as_str()) else {
                return Err(self.unknown(name, &group.text, &group.text, fields.keys().copied()));
            };
            self.refuse_twice(&mut seen, model.proto_name, name, &group.text)?;
            let path = format!("{}.{}", group.text, name.text);
            match &node.content {
                Content::Null => {}
                Content::List(items) if !model.is_singleton() => {
                    for (index, item) in items.iter().enumerate() {
                        self.entry(model, item, format!("{path}[{index}]"))?;
                    }
                }
                _ if model.is_singleton() => self.entry(model, node, path)?,
                _ => return Err(self.wrong_type(node, &path, "a list")),
            }
        }
        Ok(())
    }

    fn entry(&mut self, model: &ModelInfo, node: &Node, path: String) -> Result<(), ModelError> {
        let message = read_message(node, model.descriptor(), &self.origin, &path)?;
        let value = model.decode(&message)?;
        let key = model.key_of(&value)?;
        let place = Place { origin: self.origin.clone(), position: node.at, path };
        if let Some(first) = self.places.insert(key.clone(), place.clone()) {
            let problem = Problem::DuplicateKey { key: key.to_string(), first };
            return Err(ModelError::text(place, problem));
        }
        self.entries.push(Entry { key, value, place });
        Ok(())
    }

    fn map<'n>(
        &self,
        node: &'n Node,
        path: &str,
        expected: &str,
    ) -> Result<&'n [(Name, Node)], ModelError> {
        match &node.content {
            Content::Map(entries) => Ok(entries),
            // An empty document, or a group with nothing after it.
            Content::Null => Ok(&[]),
            _ => Err(self.wrong_type(node, path, expected)),
        }
    }

    fn wrong_type(&self, node: &Node, path: &str, expected: &str) -> ModelError {
        let problem = Problem::WrongType { expected: expected.to_owned(), found: node.describe() };
        ModelError::text(self.place(node.at, path), problem)
    }

    fn unknown<'n>(
        &self,
        name: &Name,
        path: &str,
        of: &str,
        known: impl Iterator<Item = &'n str>,
    ) -> ModelError {
        let problem = Problem::UnknownField {
            field: shorten(&name.text),
            of: of.to_owned(),
            nearest: nearest(&name.text, known),
        };
        ModelError::text(self.place(name.at, path), problem)
    }

    /// Refuses the second spelling of what was given already.
    fn refuse_twice<'s>(
        &self,
        seen: &mut HashMap<&'s str, Option<Position>>,
        what: &'s str,
        name: &Name,
        path: &str,
    ) -> Result<(), ModelError> {
        match seen.insert(what, name.at) {
            None => Ok(()),
            Some(first) => {
                let problem = Problem::DuplicateField { field: name.text.clone(), first };
                Err(ModelError::text(self.place(name.at, path), problem))
            }
        }
    }
}
