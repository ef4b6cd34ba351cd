//! Messages known only from VPP's own API JSON: any of them as JSON, to the wire and back.
//!
//! [`ApiSet`] is filled with what `get_api_json` answers (24.06 and later) or with the files installed under
//! `share/vpp/api`, and then encodes and decodes payloads by message name. Fields are named as in the API files:
//!
//! * numbers are numbers, `bool` is a boolean, enumerations are names (numbers are taken too);
//! * MAC addresses, IP addresses and prefixes are text, such as `10.0.0.1/24`;
//! * arrays of bytes are hexadecimal text, other arrays are arrays;
//! * fields that count the elements of an array are computed, and not shown.
//!
//! When encoding, a missing field is zero, or the default of the API file; an unknown field is an error.

mod decode;
mod definition;
mod encode;
mod error;
mod parse;
mod textual;

use std::collections::HashMap;

use bytes::BytesMut;
use serde_json::Value;

pub use definition::{Definition, Role};
pub use error::{ApiJsonError, DynamicError};

use crate::wire::Reader;
use definition::Type;

/// Definitions of messages and types, read at run time.
#[derive(Debug, Clone, Default)]
pub struct ApiSet {
    types: HashMap<String, Type>,
    messages: HashMap<String, Definition>,
}

impl ApiSet {
    /// Adds definitions: one API file as an object, an array of them, or an object of them by name.
    ///
    /// # Errors
    /// When the text is no JSON or not of that form. What was added before stays.
    pub fn add_json(&mut self, text: &str) -> Result<(), ApiJsonError> {
        parse::add(self, &serde_json::from_str(text)?)
    }

    /// The definition of a message.
    #[must_use]
    pub fn message(&self, name: &str) -> Option<&Definition> {
        self.messages.get(name)
    }

    /// All messages, in no particular order.
    pub fn messages(&self) -> impl Iterator<Item = &Definition> {
        self.messages.values()
    }

    /// Appends the payload of a message, what follows the header fields.
    ///
    /// # Errors
    /// When the message is unknown, or the fields do not fit it; names the field.
    pub fn encode(
        &self,
        name: &str,
        fields: &Value,
        out: &mut BytesMut,
    ) -> Result<(), DynamicError> {
        let definition = self.definition(name)?;
        encode::payload(&self.types, &definition.fields, fields, out)
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// When the message is unknown, or the bytes end too early; names the field.
    pub fn decode(&self, name: &str, payload: &[u8]) -> Result<Value, DynamicError> {
        let definition = self.definition(name)?;
        decode::payload(&self.types, &definition.fields, &mut Reader::new(payload))
    }

    fn definition(&self, name: &str) -> Result<&Definition, DynamicError> {
        self.messages.get(name).ok_or_else(|| DynamicError::UnknownMessage(name.to_owned()))
    }
}

#[cfg(test)]
mod tests;
