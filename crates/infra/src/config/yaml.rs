//! From YAML text to a tree with positions.

use std::{fmt, path::PathBuf, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

use super::node::{Node, NodeValue, Origin};

/// A document that is not YAML, with the position where that shows.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) reason: String,
}

/// A value as the parser sees it, before it is told which file it is in.
enum Raw {
    Scalar(NodeValue),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

/// Parses the document in file `path`; an empty one is an empty map.
pub(super) fn parse_file(path: &Arc<PathBuf>, text: &str) -> Result<Node, SyntaxError> {
    let raw = parse(text)?;
    let origin = |line, column| Origin::File { path: Arc::clone(path), line, column };
    let mut node = place(raw, &origin);
    if node.value == NodeValue::Null {
        node.value = NodeValue::Map(Vec::new());
    }
    Ok(node)
}

/// Parses a value given in the environment or by a flag.
pub(super) fn parse_inline(origin: &Origin, text: &str) -> Result<Node, SyntaxError> {
    Ok(place(parse(text)?, &|_, _| origin.clone()))
}

fn parse(text: &str) -> Result<Spanned<Raw>, SyntaxError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let location = error.location();
        SyntaxError {
            line: location.map_or(0, |at| at.line()),
            column: location.map_or(0, |at| at.column()),
            reason: first_line(&error.to_string()),
        }
    })
}

/// The parser's messages go on with an excerpt of the source, which the position makes superfluous.
fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

fn place(raw: Spanned<Raw>, origin: &dyn Fn(u64, u64) -> Origin) -> Node {
    let at = origin(raw.referenced.line(), raw.referenced.column());
    let value = match raw.value {
        Raw::Scalar(value) => value,
        Raw::List(items) => {
            NodeValue::List(items.into_iter().map(|item| place(item, origin)).collect())
        }
        Raw::Map(entries) => NodeValue::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let at = origin(key.referenced.line(), key.referenced.column());
                    (key.value, at, place(value, origin))
                })
                .collect(),
        ),
    };
    Node { origin: at, value }
}

// === impl Raw ===

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(NodeValue::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(NodeValue::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(NodeValue::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(NodeValue::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(NodeValue::Integer(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(NodeValue::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(NodeValue::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
