//! From what goes over a socket to lines.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::codec;
use super::{Line, Way};
use crate::MessageDef;
use crate::wire::Reader;

/// Writes down the conversation of one client, connection after connection.
#[derive(Debug, Default)]
pub struct Scribe {
    names: HashMap<u16, Named>,
}

#[derive(Debug)]
struct Named {
    name_crc: String,
    definition: Option<&'static MessageDef>,
}

impl Scribe {
    /// A connection is there, with this table of messages: names with CRC, and numbers.
    pub fn opened<'a>(&mut self, at: f64, table: impl IntoIterator<Item = (&'a str, u16)>) -> Line {
        self.names.clear();
        for (name_crc, id) in table {
            let named = Named { name_crc: name_crc.to_owned(), definition: codec::find(name_crc) };
            self.names.insert(id, named);
        }
        let known = self.names.values().filter(|named| {
            let name = named.name_crc.rsplit_once('_').map(|(name, _)| name);
            name.is_some_and(|name| codec::definition(name).is_some())
        });
        let mut messages: Vec<&str> = known.map(|named| named.name_crc.as_str()).collect();
        messages.sort_unstable();
        Line::about(at, Way::Opened, json!({ "messages": messages }))
    }

    /// The connection is gone.
    pub fn closed(&mut self, at: f64, reason: &str) -> Line {
        self.names.clear();
        Line::about(at, Way::Closed, json!({ "reason": reason }))
    }

    /// A message, from its number on.
    pub fn message(&self, at: f64, way: Way, message: &[u8]) -> Line {
        let (id, rest) = match message.split_first_chunk() {
            Some((id, rest)) => (u16::from_be_bytes(*id), rest),
            None => (0, message),
        };
        let line = Line::about(at, way, Value::Null);
        let Some(named) = self.names.get(&id) else {
            return Line { message: format!("#{id}"), bytes: hex(rest), ..line };
        };
        let (name, crc) = named.name_crc.rsplit_once('_').unwrap_or((&named.name_crc, ""));
        let line = Line { message: name.to_owned(), crc: crc.to_owned(), ..line };
        let mut payload = Reader::new(message);
        let told = named.definition.and_then(|definition| {
            let header = definition.header.read(&mut payload).ok()?;
            let payload = message.get(definition.header.size()..)?;
            Some((definition, header, codec::fields(definition, payload).ok()?))
        });
        match told {
            Some((definition, header, fields)) => {
                let has_context = definition.header != crate::HeaderKind::Event;
                Line { context: has_context.then_some(header.context), fields, ..line }
            }
            // Not known, or too short: as it is.
            None => Line { bytes: hex(rest), ..line },
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
