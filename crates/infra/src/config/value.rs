//! How a value of each type is read from a document and shown again.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value;

use super::{
    node::{Node, NodeValue},
    problem::{ProblemKind, Problems},
    section::FieldSpec,
    types::{ConfigDuration, FileMode, Secret},
};

/// What a secret is shown as.
const MASK: &str = "********";

/// What kind of value a key takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Text.
    Text,
    /// A path in the file system.
    Path,
    /// A duration.
    Duration,
    /// Octal digits.
    FileMode,
    /// Text that is never shown.
    Secret,
    /// A list.
    List(Box<Kind>),
    /// A map from names to values.
    Map(Box<Kind>),
    /// A map with these keys.
    Section(Vec<FieldSpec>),
}

/// A type that can stand in a configuration.
pub trait ConfigValue: Sized {
    /// What kind of value it is.
    fn kind() -> Kind;

    /// Reads it, noting what is wrong; `None` when there is nothing usable.
    fn read(node: &Node, problems: &mut Problems) -> Option<Self>;

    /// Shows it, secrets masked.
    fn show(&self) -> Value;
}

// === impl Kind ===

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool => f.write_str("true or false"),
            Self::Integer => f.write_str("whole number"),
            Self::Number => f.write_str("number"),
            Self::Text => f.write_str("text"),
            Self::Path => f.write_str("path"),
            Self::Duration => f.write_str("duration"),
            Self::FileMode => f.write_str("file mode"),
            Self::Secret => f.write_str("secret"),
            Self::List(of) => write!(f, "list of {of}"),
            Self::Map(of) => write!(f, "map of {of}"),
            Self::Section(_) => f.write_str("map"),
        }
    }
}

fn wrong_type<T: ConfigValue>(node: &Node, problems: &mut Problems) -> Option<T> {
    let expected = T::kind().to_string();
    let found = node.describe();
    problems.add(&node.origin, ProblemKind::WrongType { expected, found });
    None
}

fn bad_value<T>(node: &Node, problems: &mut Problems, reason: String) -> Option<T> {
    problems.add(&node.origin, ProblemKind::BadValue(reason));
    None
}

// === impl ConfigValue ===

impl ConfigValue for bool {
    fn kind() -> Kind {
        Kind::Bool
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match node.value {
            NodeValue::Bool(value) => Some(value),
            _ => wrong_type(node, problems),
        }
    }

    fn show(&self) -> Value {
        (*self).into()
    }
}

macro_rules! integer {
    ($($integer:ty),*) => {$(
        impl ConfigValue for $integer {
            fn kind() -> Kind {
                Kind::Integer
            }

            fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
                let NodeValue::Integer(value) = node.value else {
                    return wrong_type(node, problems);
                };
                <$integer>::try_from(value).ok().or_else(|| {
                    let (min, max) = (<$integer>::MIN, <$integer>::MAX);
                    bad_value(node, problems, format!("{value} is not between {min} and {max}"))
                })
            }

            fn show(&self) -> Value {
                (*self).into()
            }
        }
    )*};
}
integer!(u16, u32, u64, i64);

impl ConfigValue for f64 {
    fn kind() -> Kind {
        Kind::Number
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match node.value {
            NodeValue::Float(value) => Some(value),
            #[expect(clippy::cast_precision_loss, reason = "a setting, not an identifier")]
            NodeValue::Integer(value) => Some(value as f64),
            _ => wrong_type(node, problems),
        }
    }

    fn show(&self) -> Value {
        (*self).into()
    }
}

impl ConfigValue for String {
    fn kind() -> Kind {
        Kind::Text
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            NodeValue::Text(text) => Some(text.clone()),
            NodeValue::Integer(number) => Some(number.to_string()),
            NodeValue::Null => Some(Self::new()),
            _ => wrong_type(node, problems),
        }
    }

    fn show(&self) -> Value {
        self.as_str().into()
    }
}

impl ConfigValue for PathBuf {
    fn kind() -> Kind {
        Kind::Path
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        String::read(node, problems).map(Self::from)
    }

    fn show(&self) -> Value {
        self.to_string_lossy().into()
    }
}

impl ConfigValue for ConfigDuration {
    fn kind() -> Kind {
        Kind::Duration
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            NodeValue::Text(text) => match text.parse() {
                Ok(duration) => Some(duration),
                Err(error) => bad_value(node, problems, error.to_string()),
            },
            NodeValue::Integer(nanoseconds) => match u64::try_from(*nanoseconds) {
                Ok(nanoseconds) => Some(Self(std::time::Duration::from_nanos(nanoseconds))),
                Err(_) => bad_value(node, problems, "a duration cannot be negative".to_owned()),
            },
            _ => wrong_type(node, problems),
        }
    }

    fn show(&self) -> Value {
        self.to_string().into()
    }
}

impl ConfigValue for FileMode {
    fn kind() -> Kind {
        Kind::FileMode
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let digits = String::read(node, problems)?;
        match digits.parse() {
            Ok(Self(mode)) if mode <= 0o7777 => Some(Self(mode)),
            _ => bad_value(
                node,
                problems,
                format!("{digits} is no file mode of up to four octal digits"),
            ),
        }
    }

    fn show(&self) -> Value {
        self.to_string().into()
    }
}

impl ConfigValue for Secret {
    fn kind() -> Kind {
        Kind::Secret
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        String::read(node, problems).map(Self::from)
    }

    fn show(&self) -> Value {
        if self.is_empty() { "".into() } else { MASK.into() }
    }
}

impl<T: ConfigValue> ConfigValue for Option<T> {
    fn kind() -> Kind {
        T::kind()
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match node.value {
            NodeValue::Null => Some(None),
            _ => T::read(node, problems).map(Some),
        }
    }

    fn show(&self) -> Value {
        self.as_ref().map_or(Value::Null, ConfigValue::show)
    }
}

impl<T: ConfigValue> ConfigValue for Vec<T> {
    fn kind() -> Kind {
        Kind::List(Box::new(T::kind()))
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            NodeValue::List(items) => {
                let read = |(at, item): (usize, &Node)| {
                    problems.within(&at.to_string(), |problems| T::read(item, problems))
                };
                // All items are read, so that all problems are found.
                let items: Vec<Option<T>> = items.iter().enumerate().map(read).collect();
                items.into_iter().collect()
            }
            NodeValue::Null => Some(Self::new()),
            _ => wrong_type(node, problems),
        }
    }

    fn show(&self) -> Value {
        self.iter().map(ConfigValue::show).collect()
    }
}

impl<T: ConfigValue> ConfigValue for BTreeMap<String, T> {
    fn kind() -> Kind {
        Kind::Map(Box::new(T::kind()))
    }

    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let NodeValue::Map(entries) = &node.value else { return wrong_type(node, problems) };
        let mut read = Self::new();
        for (name, _, value) in entries {
            if let Some(value) = problems.within(name, |problems| T::read(value, problems)) {
                read.insert(name.clone(), value);
            }
        }
        Some(read)
    }

    fn show(&self) -> Value {
        Value::Object(self.iter().map(|(name, value)| (name.clone(), value.show())).collect())
    }
}
