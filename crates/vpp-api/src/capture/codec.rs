//! Fields of messages known here, to JSON and back, without their secrets.

use std::collections::HashMap;
use std::sync::LazyLock;

use bytes::BytesMut;
use serde_json::{Map, Value, json};

use super::{Line, MASK};
use crate::dynamic::{ApiSet, DynamicError};
use crate::{ApiFile, FieldDef, MessageDef, TypeKind, msg};

/// All messages known here, by name.
static BY_NAME: LazyLock<HashMap<&str, &'static MessageDef>> =
    LazyLock::new(|| msg::all().map(|definition| (definition.name, definition)).collect());

/// The same as definitions read at run time, which know how to write fields as JSON.
static DYNAMIC: LazyLock<ApiSet> = LazyLock::new(|| {
    let mut file = ApiFile::default();
    msg::all().for_each(|definition| file.message(definition));
    let mut set = ApiSet::default();
    // What this crate writes it can read; a test encodes every message.
    let read = set.add_json(&file.into_json().to_string());
    debug_assert!(read.is_ok(), "{read:?}");
    set
});

/// The definition of a message, by name.
#[must_use]
pub fn definition(name: &str) -> Option<&'static MessageDef> {
    BY_NAME.get(name).copied()
}

/// The definition of a message, if it has this layout; `name_crc` as in VPP's message table.
#[must_use]
pub fn find(name_crc: &str) -> Option<&'static MessageDef> {
    let (name, crc) = name_crc.rsplit_once('_')?;
    let crc = u32::from_str_radix(crc, 16).ok()?;
    definition(name).filter(|definition| definition.crcs().any(|known| known == crc))
}

/// Fields of a payload, secrets masked.
pub(super) fn fields(definition: &MessageDef, payload: &[u8]) -> Result<Value, DynamicError> {
    let mut fields = DYNAMIC.decode(definition.name, payload)?;
    mask(definition.fields, &mut fields);
    Ok(fields)
}

fn mask(definitions: &[FieldDef], fields: &mut Value) {
    let Value::Object(fields) = fields else { return };
    for definition in definitions {
        let Some(value) = fields.get_mut(definition.name) else { continue };
        match definition.ty.kind {
            _ if definition.secret => *value = json!(MASK),
            TypeKind::Struct(inner) => match value {
                Value::Array(items) => items.iter_mut().for_each(|item| mask(inner, item)),
                one => mask(inner, one),
            },
            _ => {}
        }
    }
}

/// Removes what stands for secrets.
fn unmasked(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| **value != *MASK);
            Value::Object(
                kept.map(|(name, value)| (name.clone(), unmasked(value))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(unmasked).collect()),
        other => other.clone(),
    }
}

impl Line {
    /// Appends the payload of the message, what follows the header fields. Secrets are zero.
    ///
    /// # Errors
    /// When the message is not known, or the fields do not fit it.
    pub fn payload(&self, out: &mut BytesMut) -> Result<(), DynamicError> {
        DYNAMIC.encode(&self.message, &unmasked(&self.fields), out)
    }
}
