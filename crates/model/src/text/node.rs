//! The structure of a text before it is known what it means.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::{Place, Position, Problem};
use crate::ModelError;

/// How much text is read before giving up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole text.
    pub bytes: usize,
    /// Bytes of one string in it.
    pub string_bytes: usize,
    /// Nested lists and maps.
    pub depth: usize,
    /// Scalars, lists and maps, those repeated by YAML aliases counted each time.
    pub nodes: usize,
}

impl Limits {
    /// For one value, as in a key-value store.
    pub const VALUE: Self =
        Self { bytes: 4 << 20, string_bytes: 64 << 10, depth: 32, nodes: 500_000 };
    /// For a document with all kinds together.
    pub const DOCUMENT: Self =
        Self { bytes: 256 << 20, string_bytes: 64 << 10, depth: 32, nodes: 20_000_000 };
}

/// What YAML aliases may add to a text in all, in parser events: enough for people, too little for a bomb.
const ALIASED_EVENTS: usize = 100_000;

/// So many names of a map are compared one by one.
const FEW: usize = 16;

/// One scalar, list or map, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) at: Option<Position>,
}

/// What a [`Node`] is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Name, Node)>),
}

/// The name of an entry of a map, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) at: Option<Position>,
}

impl Node {
    /// What to call the content in an error.
    pub(crate) fn describe(&self) -> String {
        match &self.content {
            Content::Null => "null".to_owned(),
            Content::Bool(value) => format!("the boolean {value}"),
            Content::Unsigned(value) => format!("the number {value}"),
            Content::Signed(value) => format!("the number {value}"),
            Content::Float(value) => format!("the number {value}"),
            Content::Text(text) => format!("the text {:?}", shorten(text)),
            Content::List(_) => "a list".to_owned(),
            Content::Map(_) => "a map".to_owned(),
        }
    }

    /// The same without positions, as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.content {
            Content::Null => serde_json::Value::Null,
            Content::Bool(value) => (*value).into(),
            Content::Unsigned(value) => (*value).into(),
            Content::Signed(value) => (*value).into(),
            Content::Float(value) => (*value).into(),
            Content::Text(text) => text.as_str().into(),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => entries
                .iter()
                .map(|(name, node)| (name.text.clone(), node.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// Refuses strings that are too long; the parsers have bounded everything else.
    fn check_strings(&self, limit: usize, origin: &Arc<str>) -> Result<(), ModelError> {
        match &self.content {
            Content::Text(text) if text.len() > limit => {
                let place =
                    Place { origin: origin.clone(), position: self.at, path: String::new() };
                Err(ModelError::text(place, Problem::TooLarge { bytes: text.len(), limit }))
            }
            Content::List(items) => {
                items.iter().try_for_each(|item| item.check_strings(limit, origin))
            }
            Content::Map(entries) => {
                entries.iter().try_for_each(|(_, node)| node.check_strings(limit, origin))
            }
            _ => Ok(()),
        }
    }
}

/// The first letters of a long text.
pub(crate) fn shorten(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Parses YAML. JSON is YAML too, but for JSON [`parse_json`] is faster.
pub(crate) fn parse_yaml(
    text: &str,
    limits: &Limits,
    origin: &Arc<str>,
) -> Result<Node, ModelError> {
    check_size(text, limits, origin)?;
    let budget = serde_saphyr::budget! {
        max_depth: limits.depth,
        flow_nesting_limit: limits.depth,
        max_events: limits.nodes.saturating_mul(2),
        max_nodes: limits.nodes,
        max_total_scalar_bytes: limits.bytes,
        max_documents: 1,
    };
    let options = serde_saphyr::options! {
        budget: budget,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: ALIASED_EVENTS },
        emit_comments: false,
        with_snippet: false,
        strict_booleans: true,
    };
    let located: Spanned<Located> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let place = Place {
                origin: origin.clone(),
                position: error.location().and_then(position),
                path: String::new(),
            };
            ModelError::text(place, Problem::Syntax { detail: error.without_snippet().to_string() })
        })?;
    let node = Node::from(located);
    node.check_strings(limits.string_bytes, origin)?;
    Ok(node)
}

/// Parses JSON. Positions are not recorded; errors are located by parsing again.
pub(crate) fn parse_json(
    text: &str,
    limits: &Limits,
    origin: &Arc<str>,
) -> Result<Node, ModelError> {
    check_size(text, limits, origin)?;
    let plain: Plain = serde_json::from_str(text).map_err(|error| {
        let position = Position { line: error.line() as u64, column: error.column() as u64 };
        let place = Place { origin: origin.clone(), position: Some(position), path: String::new() };
        ModelError::text(place, Problem::Syntax { detail: json_detail(&error) })
    })?;
    let node = Node::from(plain);
    node.check_strings(limits.string_bytes, origin)?;
    Ok(node)
}

/// The text of a JSON error without the position at its end.
fn json_detail(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

fn check_size(text: &str, limits: &Limits, origin: &Arc<str>) -> Result<(), ModelError> {
    if text.len() <= limits.bytes {
        return Ok(());
    }
    let place = Place { origin: origin.clone(), ..Place::default() };
    Err(ModelError::text(place, Problem::TooLarge { bytes: text.len(), limit: limits.bytes }))
}

fn position(location: Location) -> Option<Position> {
    // Line 0 stands for "unknown".
    (location.line() > 0).then(|| Position { line: location.line(), column: location.column() })
}

/// How parts of a text are parsed: with or without their positions.
trait Mode {
    type Child: for<'de> Deserialize<'de> + Into<Node>;
    type Name: for<'de> Deserialize<'de> + Into<Name>;
}

/// Content parsed with positions.
struct Located(Content);

/// Content parsed without positions.
struct Plain(Content);

impl Mode for Located {
    type Child = Spanned<Self>;
    type Name = Spanned<String>;
}

impl Mode for Plain {
    type Child = Self;
    type Name = String;
}

impl From<Spanned<Located>> for Node {
    fn from(spanned: Spanned<Located>) -> Self {
        Self { content: spanned.value.0, at: position(spanned.referenced) }
    }
}

impl From<Plain> for Node {
    fn from(plain: Plain) -> Self {
        Self { content: plain.0, at: None }
    }
}

impl From<Spanned<String>> for Name {
    fn from(spanned: Spanned<String>) -> Self {
        Self { text: spanned.value, at: position(spanned.referenced) }
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self { text, at: None }
    }
}

impl<'de> Deserialize<'de> for Located {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor(PhantomData::<Self>)).map(Self)
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor(PhantomData::<Self>)).map(Self)
    }
}

struct ContentVisitor<M>(PhantomData<M>);

impl<'de, M: Mode> Visitor<'de> for ContentVisitor<M> {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar, a list or a map")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(u64::try_from(value).map_or(Content::Signed(value), Content::Unsigned))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Content, E> {
        Ok(Content::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<M::Child>()? {
            list.push(item.into());
        }
        Ok(Content::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
        let mut map: Vec<(Name, Node)> = Vec::new();
        // Names beyond the first few.
        let mut seen = HashSet::new();
        while let Some(name) = entries.next_key::<M::Name>()? {
            let name: Name = name.into();
            let among_first = map.iter().take(FEW).any(|(other, _)| other.text == name.text);
            if among_first || (map.len() >= FEW && !seen.insert(name.text.clone())) {
                return Err(A::Error::custom(format_args!("field `{}` is given twice", name.text)));
            }
            map.push((name, entries.next_value::<M::Child>()?.into()));
        }
        Ok(Content::Map(map))
    }
}
