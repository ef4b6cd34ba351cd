//! The numbers of values in a recording: equal values have equal numbers.

use std::{
    collections::HashSet,
    hash::{BuildHasher, Hasher, RandomState},
};

use ligato_model::Value;
use prost_reflect::{DynamicMessage, FileDescriptor, MapKey, Value as Field};
use rustc_hash::FxHashMap;

use crate::recording::line::{Content, Line, ValueId};

/// Values asked about lately, so that a value that several questions are about is looked at once.
const RECENT: usize = 256;

/// Knows which values were written already.
///
/// Values are told apart by a digest of their whole content under a key that is nowhere but in
/// memory. So two values that differ in a secret only have different numbers, and nothing about the
/// secret is in the file.
pub(crate) struct Book {
    ids: FxHashMap<(u64, u64), ValueId>,
    recent: Vec<Option<(Value, ValueId)>>,
    protos: HashSet<String>,
    keys: (RandomState, RandomState),
    /// Lines that must come before the one in the making.
    pub(crate) fresh: Vec<Line>,
}

struct Digest(Box<dyn Hasher>, Box<dyn Hasher>);

// === impl Book ===

impl Default for Book {
    fn default() -> Self {
        Self {
            ids: FxHashMap::default(),
            recent: vec![None; RECENT],
            protos: HashSet::new(),
            keys: (RandomState::new(), RandomState::new()),
            fresh: Vec::new(),
        }
    }
}

impl Book {
    /// The number of a value; a new one is written first.
    pub(crate) fn id(&mut self, value: &Value) -> ValueId {
        let address = std::ptr::from_ref(value.message()).addr();
        let place = (address >> 4) % RECENT;
        if let Some(Some((known, id))) = self.recent.get(place)
            && std::ptr::from_ref(known.message()).addr() == address
            && known.full_name() == value.full_name()
        {
            return *id;
        }
        let id = self.look_up(value);
        if let Some(slot) = self.recent.get_mut(place) {
            *slot = Some((value.clone(), id));
        }
        id
    }

    fn look_up(&mut self, value: &Value) -> ValueId {
        let mut digest =
            Digest(Box::new(self.keys.0.build_hasher()), Box::new(self.keys.1.build_hasher()));
        digest.text(&value.full_name());
        digest.message(&value.message().to_dynamic());
        let digest = (digest.0.finish(), digest.1.finish());
        let next = self.ids.len() as ValueId;
        let id = *self.ids.entry(digest).or_insert(next);
        if id == next {
            self.define(&value.descriptor().parent_file());
            let content = value.redacted().to_json().unwrap_or_default();
            self.fresh.push(Line::Value(Content { id, message: value.full_name(), content }));
        }
        id
    }

    /// Writes the definitions of a file and of what it imports.
    fn define(&mut self, file: &FileDescriptor) {
        // Those of protobuf itself are known everywhere.
        if file.name().starts_with("google/protobuf/") || !self.protos.insert(file.name().into()) {
            return;
        }
        for import in file.dependencies() {
            self.define(&import);
        }
        let mut proto = file.file_descriptor_proto().clone();
        proto.source_code_info = None;
        if let Ok(json) = Value::new(proto).to_json() {
            self.fresh.push(Line::Proto(json));
        }
    }
}

// === impl Digest ===

impl Digest {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
        self.1.write(bytes);
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    /// Set fields in order of their numbers, maps in order of their keys: the same for a compiled
    /// message and a dynamic one.
    fn message(&mut self, message: &DynamicMessage) {
        let mut fields: Vec<_> = message.fields().collect();
        fields.sort_by_key(|(field, _)| field.number());
        self.number(fields.len() as u64);
        for (field, value) in fields {
            self.number(u64::from(field.number()));
            self.field(value);
        }
    }

    fn field(&mut self, value: &Field) {
        match value {
            Field::Bool(v) => self.number(u64::from(*v)),
            Field::I32(v) | Field::EnumNumber(v) => self.bytes(&v.to_le_bytes()),
            Field::I64(v) => self.bytes(&v.to_le_bytes()),
            Field::U32(v) => self.bytes(&v.to_le_bytes()),
            Field::U64(v) => self.number(*v),
            Field::F32(v) => self.bytes(&v.to_bits().to_le_bytes()),
            Field::F64(v) => self.number(v.to_bits()),
            Field::String(v) => self.text(v),
            Field::Bytes(v) => {
                self.number(v.len() as u64);
                self.bytes(v);
            }
            Field::Message(v) => self.message(v),
            Field::List(items) => {
                self.number(items.len() as u64);
                items.iter().for_each(|item| self.field(item));
            }
            Field::Map(entries) => {
                let mut entries: Vec<(String, &Field)> =
                    entries.iter().map(|(key, value)| (map_key(key), value)).collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                self.number(entries.len() as u64);
                for (key, value) in entries {
                    self.text(&key);
                    self.field(value);
                }
            }
        }
    }
}

fn map_key(key: &MapKey) -> String {
    format!("{key:?}")
}

#[cfg(test)]
mod tests {
    use prost_reflect::ReflectMessage;
    use prost_reflect::prost_types::Duration;

    use super::*;

    #[test]
    fn equal_values_have_equal_numbers_in_whatever_form() {
        let mut book = Book::default();
        let second = Duration { seconds: 1, nanos: 0 };
        let id = book.id(&Value::new(second));
        assert_eq!(id, book.id(&Value::new(second)));
        assert_eq!(id, book.id(&Value::new(second.transcode_to_dynamic())));
        assert_ne!(id, book.id(&Value::new(Duration { seconds: 2, nanos: 0 })));
        let written = book.fresh.iter().filter(|line| matches!(line, Line::Value(_))).count();
        assert_eq!(written, 2);
    }

    #[test]
    fn a_secret_is_not_in_the_file_but_tells_values_apart() {
        use ligato_proto::vpp::ipsec::SecurityAssociation;
        let with = |key: &str| {
            Value::new(SecurityAssociation { crypto_key: key.into(), ..Default::default() })
        };
        let mut book = Book::default();
        let (a, b) = (book.id(&with("0123")), book.id(&with("4567")));
        assert_ne!(a, b);
        assert_eq!(a, book.id(&with("0123")));
        let text: String =
            book.fresh.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        assert!(!text.contains("0123") && !text.contains("4567"));
    }
}
