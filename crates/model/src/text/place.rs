//! Where in a text something stands, and what is wrong with it.

use std::fmt;
use std::sync::Arc;

/// A line and a column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Where something stands: the text it is in, line and column, and the path of fields that leads there.
///
/// Shown as `initial-config.yaml:12:5: vppConfig.interfaces[2].mtu`, as much of it as is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// What the text is: a file name, a key. May be empty.
    pub origin: Arc<str>,
    /// Line and column.
    pub position: Option<Position>,
    /// Path of fields; empty at the top.
    pub path: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        if !self.origin.is_empty() {
            write!(f, "{}", self.origin)?;
            gap = ":";
        }
        if let Some(position) = self.position {
            write!(f, "{gap}{position}")?;
            gap = ":";
        }
        if !self.path.is_empty() {
            let gap = if gap.is_empty() { "" } else { ": " };
            write!(f, "{gap}{}", self.path)?;
        } else if gap.is_empty() {
            f.write_str("text")?;
        }
        Ok(())
    }
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not YAML or JSON at all, or beyond what a parser should have to bear.
    #[error("{detail}")]
    Syntax {
        /// What the parser says.
        detail: String,
    },
    /// More bytes than are read.
    #[error("{bytes} bytes, at most {limit} are read")]
    TooLarge {
        /// Size of the text, or of one string in it.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// No such field.
    #[error("unknown field `{field}` of {of}{}", meant(.nearest.as_deref()))]
    UnknownField {
        /// The name as written.
        field: String,
        /// Message or group that has no such field.
        of: String,
        /// The known name that is most like it.
        nearest: Option<String>,
    },
    /// A field, in whichever spelling, is there twice.
    #[error("field `{field}` is given twice{}", first_at(*.first))]
    DuplicateField {
        /// The name as written the second time.
        field: String,
        /// Where it was the first time.
        first: Option<Position>,
    },
    /// Two alternatives of a `oneof`.
    #[error("`{second}` excludes `{first}`, which is also given")]
    Conflict {
        /// The alternative that came first.
        first: String,
        /// The one that came second.
        second: String,
    },
    /// The value has another type than the field.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// Type of the field.
        expected: String,
        /// What was written.
        found: String,
    },
    /// The number does not fit the field.
    #[error("{found} does not fit {expected}")]
    OutOfRange {
        /// Type of the field.
        expected: String,
        /// The number as written.
        found: String,
    },
    /// No such enum value.
    #[error("unknown value `{value}` of {of}{}", meant(.nearest.as_deref()))]
    UnknownEnumValue {
        /// The name as written.
        value: String,
        /// Full protobuf name of the enum.
        of: String,
        /// The known name that is most like it.
        nearest: Option<String>,
    },
    /// Two entries of a document have the same key.
    #[error("key {key} is already given by {first}")]
    DuplicateKey {
        /// The key.
        key: String,
        /// Where it was given first.
        first: Place,
    },
    /// Whatever a well-known type says about its text.
    #[error("{detail}")]
    Invalid {
        /// What is wrong.
        detail: String,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
}

fn first_at(position: Option<Position>) -> String {
    position.map(|position| format!(", first at {position}")).unwrap_or_default()
}

/// The known name most like the given one, if any is like it.
pub(crate) fn nearest<'n>(given: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let folded = given.to_lowercase();
    known
        .map(|name| (strsim::jaro_winkler(&folded, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_shows_what_is_known() {
        let position = Some(Position { line: 12, column: 5 });
        for (origin, position, path, shown) in [
            ("a.yaml", position, "x.y[2]", "a.yaml:12:5: x.y[2]"),
            ("a.yaml", None, "x", "a.yaml: x"),
            ("", position, "x", "12:5: x"),
            ("", None, "x", "x"),
            ("a.yaml", None, "", "a.yaml"),
            ("", None, "", "text"),
        ] {
            let place = Place { origin: origin.into(), position, path: path.to_owned() };
            assert_eq!(place.to_string(), shown);
        }
    }

    #[test]
    fn only_similar_names_are_suggested() {
        let known = ["ip_addresses", "enabled", "vrf"];
        assert_eq!(nearest("ip_adresses", known.into_iter()).as_deref(), Some("ip_addresses"));
        assert_eq!(nearest("Enabled", known.into_iter()).as_deref(), Some("enabled"));
        assert_eq!(nearest("wholly_else", known.into_iter()), None);
    }
}
