//! The CRC of a message: CRC-32 over the text VPP's API compiler makes of its definition.
//!
//! A block of fields reads `[['u32', 'context'], ['u8', 'data', 4, None], ['u32', 'x', 0, 'n']]`. After the block of
//! the message come, for every field of a named type, the text of that type and of the types in it, depth first. An
//! alias reads `[]`, an enumeration `[['NAME', 1]]` without the entries added compatibly. Everything here is `const`,
//! so a CRC costs nothing at run time.

use crate::def::{EnumEntry, FieldDef, Shape, TypeDef, TypeKind};

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
}

/// CRC of a message with these header fields and this payload.
pub(crate) const fn message(header: &[FieldDef], payload: &[FieldDef]) -> u32 {
    let state = push(u32::MAX, b"[");
    let state = fields(state, header, true);
    let state = fields(state, payload, header.is_empty());
    let state = push(state, b"]");
    let state = nested(state, header);
    !nested(state, payload)
}

const fn push(mut state: u32, bytes: &[u8]) -> u32 {
    let mut i = 0;
    while i < bytes.len() {
        state = (state >> 8) ^ TABLE[((state ^ bytes[i] as u32) & 0xff) as usize];
        i += 1;
    }
    state
}

const fn push_number(state: u32, value: u64) -> u32 {
    let state = if value >= 10 { push_number(state, value / 10) } else { state };
    push(state, &[b'0' + (value % 10) as u8])
}

const fn fields(mut state: u32, fields: &[FieldDef], first: bool) -> u32 {
    let mut i = 0;
    while i < fields.len() {
        if i > 0 || !first {
            state = push(state, b", ");
        }
        state = field(state, &fields[i]);
        i += 1;
    }
    state
}

const fn field(state: u32, field: &FieldDef) -> u32 {
    let state = push(push(push(state, b"['"), field.ty.name.as_bytes()), b"', '");
    let state = push(push(state, field.name.as_bytes()), b"'");
    let state = match field.shape {
        Shape::Scalar => state,
        Shape::Array(len) => push(push_number(push(state, b", "), len as u64), b", None"),
        Shape::Counted(count) => push(push(push(state, b", 0, '"), count.as_bytes()), b"'"),
        Shape::Text => push(state, b", 0, None"),
    };
    push(state, b"]")
}

const fn nested(mut state: u32, fields: &[FieldDef]) -> u32 {
    let mut i = 0;
    while i < fields.len() {
        state = named_type(state, fields[i].ty);
        i += 1;
    }
    state
}

const fn named_type(state: u32, ty: &TypeDef) -> u32 {
    match ty.kind {
        TypeKind::Base => state,
        TypeKind::Alias { .. } => push(state, b"[]"),
        TypeKind::Enum { entries, .. } => enumeration(state, entries),
        TypeKind::Struct(inner) | TypeKind::Union(inner) => {
            let state = fields(push(state, b"["), inner, true);
            nested(push(state, b"]"), inner)
        }
    }
}

const fn enumeration(state: u32, entries: &[EnumEntry]) -> u32 {
    let mut state = push(state, b"[");
    let mut first = true;
    let mut i = 0;
    while i < entries.len() {
        let entry = &entries[i];
        if !entry.compatible {
            state = push(state, if first { b"['" } else { b", ['" });
            state = push(push(state, entry.name.as_bytes()), b"', ");
            state = push(push_number(state, entry.value), b"]");
            first = false;
        }
        i += 1;
    }
    push(state, b"]")
}

/// `<name>_<crc>` as VPP's message table spells it; `N` must be the length of the name plus 9.
#[doc(hidden)]
#[must_use]
pub const fn name_crc<const N: usize>(name: &str, crc: u32) -> [u8; N] {
    let mut text = [b'_'; N];
    let name = name.as_bytes();
    let mut i = 0;
    while i < name.len() {
        text[i] = name[i];
        i += 1;
    }
    let mut digit = 0;
    while digit < 8 {
        let nibble = ((crc >> (28 - 4 * digit)) & 0xf) as u8;
        text[N - 8 + digit] = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        digit += 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{message, push};
    use crate::def::{FieldDef, Shape};
    use crate::wire::Wire;

    #[test]
    fn matches_the_check_value_of_crc_32() {
        assert_eq!(!push(u32::MAX, b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_reply_of_retval_only_has_the_best_known_crc() {
        let scalar = |name, ty| FieldDef { name, ty, shape: Shape::Scalar, secret: false };
        let header = [scalar("context", u32::TYPE)];
        let payload = [scalar("retval", i32::TYPE)];
        assert_eq!(message(&header, &payload), 0xe8d4_e804);
    }
}
