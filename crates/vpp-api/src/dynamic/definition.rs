//! Definitions as they are read at run time.

use serde_json::Value;

use crate::header::HeaderKind;

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Name without the CRC.
    pub name: String,
    /// CRC as the API JSON states it.
    pub crc: u32,
    /// Header fields in front of the payload.
    pub header: HeaderKind,
    /// What belongs to it, for requests.
    pub role: Role,
    pub(super) fields: Vec<Field>,
}

impl Definition {
    /// Name and CRC as VPP's message table spells them.
    #[must_use]
    pub fn name_crc(&self) -> String {
        format!("{}_{:08x}", self.name, self.crc)
    }

    /// Names of the fields of the payload, in wire order.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }
}

/// What answers a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Role {
    /// It is an answer or an event itself.
    #[default]
    Answer,
    /// One reply of this name.
    Request(String),
    /// Any number of details of this name, without an end.
    Dump(String),
    /// Details, then a reply.
    Stream {
        /// Name of the reply.
        reply: String,
        /// Name of the details.
        details: String,
    },
}

/// A field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) ty: String,
    pub(super) shape: Repeat,
    /// What a missing field is, if not zero.
    pub(super) default: Option<Value>,
}

/// How often the type of a field is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repeat {
    Once,
    Times(usize),
    Counted(String),
    Text,
}

/// A type with a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    Alias { of: String, len: Option<usize> },
    Enum { base: String, entries: Vec<(String, u64)>, kind: EnumKind },
    Struct(Vec<Field>),
    Union(Vec<Field>),
}

/// Whether several names may hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EnumKind {
    One,
    Flags,
}
