//! A configuration document as a tree in which every part knows where it came from.

use std::{fmt, path::PathBuf, sync::Arc};

/// Where a value came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave it.
    #[default]
    Default,
    /// A file; lines and columns count from 1, 0 means unknown.
    File {
        /// Its path.
        path: Arc<PathBuf>,
        /// The line.
        line: u64,
        /// The column.
        column: u64,
    },
    /// The environment variable of this name.
    Environment(String),
    /// The command line flag of this name, without dashes.
    Flag(String),
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it came from.
    pub origin: Origin,
    /// What it is.
    pub value: NodeValue,
}

/// The content of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys with their own origin, and values, in the order of the document.
    Map(Vec<(String, Origin, Node)>),
}

// === impl Node ===

impl Node {
    /// What it is, in one word.
    pub fn describe(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "nothing",
            NodeValue::Bool(_) => "a truth value",
            NodeValue::Integer(_) => "a whole number",
            NodeValue::Float(_) => "a fraction",
            NodeValue::Text(_) => "text",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a map",
        }
    }
}

// === impl Origin ===

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: 0, .. } => write!(f, "{}", path.display()),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag --{name}"),
        }
    }
}
