//! Definitions of messages and types as data: what the derives describe and the CRC is computed from.

use crate::wire::DecodeError;
use crate::{HeaderKind, crc};

/// Reads a payload, writes it and reads it again.
type Check = fn(&[u8]) -> Result<bool, DecodeError>;

/// Definition of one message.
#[derive(Debug, Clone, Copy)]
pub struct MessageDef {
    /// Name without the CRC, such as `sw_interface_dump`.
    pub name: &'static str,
    /// Which header fields come before the payload.
    pub header: HeaderKind,
    /// Payload fields in wire order, without message id, client index and context.
    pub fields: &'static [FieldDef],
    /// CRC computed from name and type of every field, nested types included.
    pub crc: u32,
    /// CRCs that some releases compute for the same layout. VPP 22.02 did so for messages with enumerations, whose
    /// numbers it took to begin at 1 although they begin at 0. A field with another name makes another one too.
    pub other_crcs: &'static [u32],
    /// Whether a payload, read and written and read again, is still the same; an error if it cannot be read.
    pub check: Check,
}

impl MessageDef {
    /// Builds the definition and computes its CRC, at compile time when used in a constant.
    #[must_use]
    pub const fn new(
        name: &'static str,
        header: HeaderKind,
        fields: &'static [FieldDef],
    ) -> MessageDef {
        let crc = crc::message(header.fields(), fields);
        MessageDef { name, header, fields, crc, other_crcs: &[], check: |_| Ok(true) }
    }

    /// The same with other CRCs of the layout.
    #[must_use]
    pub const fn also(self, other_crcs: &'static [u32]) -> MessageDef {
        MessageDef { other_crcs, ..self }
    }

    /// The same with the codec of the message.
    #[must_use]
    pub const fn checked_by(self, check: Check) -> MessageDef {
        MessageDef { check, ..self }
    }

    /// All CRCs of the layout, the usual one first.
    pub fn crcs(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.crc).chain(self.other_crcs.iter().copied())
    }

    /// All fields as VPP counts them for the CRC: header fields first, without the message id.
    pub fn all_fields(&self) -> impl Iterator<Item = &FieldDef> {
        self.header.fields().iter().chain(self.fields)
    }
}

/// One field of a message or structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldDef {
    /// Name in the API file.
    pub name: &'static str,
    /// Type of the field, or of its elements.
    pub ty: &'static TypeDef,
    /// Scalar or some kind of array.
    pub shape: Shape,
    /// Whether nobody should read it in a capture.
    pub secret: bool,
}

/// How often a field's type is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Once.
    Scalar,
    /// A fixed number of times; of a string: bytes, padded with NUL.
    Array(usize),
    /// As often as the named earlier field says.
    Counted(&'static str),
    /// A string with its length (u32) before it.
    Text,
}

/// A type of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeDef {
    /// Name as it appears in fields: `u32`, `vl_api_prefix_t`.
    pub name: &'static str,
    /// What it is made of.
    pub kind: TypeKind,
}

/// What a type is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    /// Built in: integers, floats, `bool`, `string`.
    Base,
    /// Another name of a type, or of a fixed array of it.
    Alias {
        /// The type behind it.
        of: &'static str,
        /// Number of elements if it is an array.
        len: Option<usize>,
    },
    /// Named numbers (of a closed set or of bits) in an integer of type `base`.
    Enum {
        /// Integer type on the wire.
        base: &'static str,
        /// The names known to this crate.
        entries: &'static [EnumEntry],
    },
    /// Fields one after the other.
    Struct(&'static [FieldDef]),
    /// Fields over one another; as large as the largest.
    Union(&'static [FieldDef]),
}

/// One name of an enumeration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnumEntry {
    /// Name in the API file.
    pub name: &'static str,
    /// Number on the wire.
    pub value: u64,
    /// Added later without changing the CRC.
    pub compatible: bool,
}
