//! Sections: structs whose fields are keys.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use super::{
    node::{Node, NodeValue, Origin},
    problem::{ProblemKind, Problems, Violation},
    value::{ConfigValue, Kind},
};

/// What is appended to the key of a secret to name a file that holds it.
const SECRET_FILE: &str = "-file";

/// What is known about one key without reading anything.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldSpec {
    /// The key.
    pub key: &'static str,
    /// Other spellings that are still accepted.
    pub aliases: &'static [&'static str],
    /// Environment variables that set it besides the one made of section and key.
    pub env: &'static [&'static str],
    /// What it is for.
    pub doc: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Its default.
    pub default: Value,
}

/// A struct whose fields are keys; declared with [`config_section!`](crate::config_section).
pub trait Section: ConfigValue + Default {
    /// What it is for.
    const DOC: &'static str;

    /// Its keys, in order.
    fn fields() -> Vec<FieldSpec>;

    /// Reads one key.
    fn read_field(&mut self, key: &str, node: &Node, problems: &mut Problems);

    /// Shows one key, secrets masked; `Null` for an unknown one.
    fn show_field(&self, key: &str) -> Value;

    /// Rules between its values that do not hold.
    fn violations(&self) -> Vec<Violation>;
}

/// The origin of each key that was given.
pub(super) type Origins = BTreeMap<&'static str, Origin>;

/// Reads a nested section from a map.
pub fn read_section<S: Section>(node: &Node, problems: &mut Problems) -> Option<S> {
    let mut section = S::default();
    let mut origins = Origins::new();
    overlay(&mut section, node, problems, &mut origins);
    report_violations(&section, &origins, &node.origin, problems);
    Some(section)
}

/// Sets the keys that a map gives.
pub(super) fn overlay<S: Section>(
    section: &mut S,
    node: &Node,
    problems: &mut Problems,
    origins: &mut Origins,
) {
    let NodeValue::Map(entries) = &node.value else {
        let expected = "a map".to_owned();
        problems.add(&node.origin, ProblemKind::WrongType { expected, found: node.describe() });
        return;
    };
    let fields = S::fields();
    let mut seen = BTreeMap::new();
    for (key, key_origin, value) in entries {
        problems.within(key, |problems| match find(&fields, key) {
            None => {
                let kind = ProblemKind::UnknownKey { nearest: nearest(&fields, key) };
                problems.add(key_origin, kind);
            }
            Some((field, spelling)) => {
                if seen.insert(field.key, ()).is_some() {
                    return problems.add(key_origin, ProblemKind::GivenTwice);
                }
                if spelling == Spelling::Old {
                    problems.add(key_origin, ProblemKind::OldKey { now: field.key });
                }
                let loaded = match spelling {
                    Spelling::SecretFile => read_secret_file(value, problems),
                    Spelling::Current | Spelling::Old => Some(value.clone()),
                };
                if let Some(value) = loaded {
                    section.read_field(field.key, &value, problems);
                    origins.insert(field.key, value.origin);
                }
            }
        });
    }
}

pub(super) fn report_violations<S: Section>(
    section: &S,
    origins: &Origins,
    whole: &Origin,
    problems: &mut Problems,
) {
    for violation in section.violations() {
        let origin = origins.get(violation.key).unwrap_or(whole);
        problems.within(violation.key, |problems| {
            problems.add(origin, ProblemKind::Conflict(violation.reason));
        });
    }
}

/// How a key was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Current,
    Old,
    SecretFile,
}

/// Keys are matched without regard to case, as Ligato did.
fn find<'a>(fields: &'a [FieldSpec], key: &str) -> Option<(&'a FieldSpec, Spelling)> {
    fields.iter().find_map(|field| {
        let secret_file = || {
            let stem = key.len().checked_sub(SECRET_FILE.len())?;
            let is_file = key.get(stem..)?.eq_ignore_ascii_case(SECRET_FILE);
            (field.kind == Kind::Secret
                && is_file
                && key.get(..stem)?.eq_ignore_ascii_case(field.key))
            .then_some(Spelling::SecretFile)
        };
        if field.key.eq_ignore_ascii_case(key) {
            Some((field, Spelling::Current))
        } else if field.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(key)) {
            Some((field, Spelling::Old))
        } else {
            secret_file().map(|spelling| (field, spelling))
        }
    })
}

fn nearest(fields: &[FieldSpec], key: &str) -> Option<String> {
    let key = key.to_ascii_lowercase();
    fields
        .iter()
        .map(|field| (strsim::jaro_winkler(field.key, &key), field.key))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.7)
        .map(|(_, key)| key.to_owned())
}

fn read_secret_file(node: &Node, problems: &mut Problems) -> Option<Node> {
    let path = String::read(node, problems)?;
    match fs::read_to_string(Path::new(&path)) {
        Ok(text) => {
            let text = text.trim_end_matches(['\r', '\n']).to_owned();
            Some(Node { origin: node.origin.clone(), value: NodeValue::Text(text) })
        }
        Err(error) => {
            let kind = ProblemKind::Unreadable { path: path.into(), reason: error.to_string() };
            problems.add(&node.origin, kind);
            None
        }
    }
}

/// Declares a section of the configuration: a struct, its defaults, how it is read, and its reference page.
///
/// Each field is written `name: Type = default => "key";`, with older spellings after `| "old"` and further
/// environment variables after `env "NAME"`. A function after `check` finds rules between values that do not
/// hold.
///
/// ```
/// use ligato_infra::config::{ConfigDuration, Section};
///
/// ligato_infra::config_section! {
///     /// How to reach the store.
///     pub struct StoreConf {
///         /// Where it listens.
///         pub endpoint: String = "127.0.0.1:2379".into() => "endpoint" env "STORE";
///         /// How long one call may take.
///         pub timeout: ConfigDuration = ConfigDuration::default() => "call-timeout" | "timeout";
///     }
/// }
/// assert_eq!(StoreConf::fields()[1].aliases, ["timeout"]);
/// ```
#[macro_export]
macro_rules! config_section {
    (
        $(#[doc = $section_doc:literal])+
        $vis:vis struct $name:ident $(check $check:path)? {
            $(
                $(#[doc = $doc:literal])+
                $field_vis:vis $field:ident : $type:ty = $default:expr
                    => $key:literal $(| $alias:literal)* $(env $env:literal)*;
            )+
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Clone, Debug)]
        $vis struct $name {
            $($(#[doc = $doc])+ $field_vis $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $crate::config::ConfigValue for $name {
            fn kind() -> $crate::config::Kind {
                $crate::config::Kind::Section(<Self as $crate::config::Section>::fields())
            }

            fn read(
                node: &$crate::config::Node,
                problems: &mut $crate::config::Problems,
            ) -> Option<Self> {
                $crate::config::read_section(node, problems)
            }

            fn show(&self) -> $crate::json::Value {
                let mut shown = $crate::json::Map::new();
                $(shown.insert($key.to_owned(), $crate::config::ConfigValue::show(&self.$field));)+
                $crate::json::Value::Object(shown)
            }
        }

        impl $crate::config::Section for $name {
            const DOC: &'static str = concat!($($section_doc, "\n",)+);

            fn fields() -> Vec<$crate::config::FieldSpec> {
                let defaults = Self::default();
                vec![$($crate::config::FieldSpec {
                    key: $key,
                    aliases: &[$($alias,)*],
                    env: &[$($env,)*],
                    doc: concat!($($doc, "\n",)+),
                    kind: <$type as $crate::config::ConfigValue>::kind(),
                    default: $crate::config::ConfigValue::show(&defaults.$field),
                },)+]
            }

            fn read_field(
                &mut self,
                key: &str,
                node: &$crate::config::Node,
                problems: &mut $crate::config::Problems,
            ) {
                match key {
                    $($key => {
                        if let Some(value) = $crate::config::ConfigValue::read(node, problems) {
                            self.$field = value;
                        }
                    })+
                    _ => {}
                }
            }

            fn show_field(&self, key: &str) -> $crate::json::Value {
                match key {
                    $($key => $crate::config::ConfigValue::show(&self.$field),)+
                    _ => $crate::json::Value::Null,
                }
            }

            fn violations(&self) -> Vec<$crate::config::Violation> {
                let checks: &[fn(&Self) -> Vec<$crate::config::Violation>] = &[$($check)?];
                checks.iter().flat_map(|check| check(self)).collect()
            }
        }
    };
}
