//! What a value needs from other values.

use std::{fmt, sync::Arc};

use ligato_model::Key;
use serde::{Deserialize, Serialize};

/// One dependency of a value. All dependencies of a value are AND-ed.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependency {
    /// Unique within the value, which is refused otherwise (the same dependency twice counts once);
    /// what users see while it is unmet, e.g. `interface-exists`.
    pub label: Arc<str>,
    /// How the target influences the value.
    pub kind: DependencyKind,
    /// Which values can satisfy it.
    pub target: Target,
}

/// How a dependency influences the value that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DependencyKind {
    /// The value can exist only while the target is available.
    #[default]
    Requires,
    /// The value can exist only while the target is *not* available.
    ConflictsWith,
    /// As `Requires`; and when the applied content of the target changes, the value is deleted and
    /// created again.
    RecreateOnChange,
    /// As `Requires`; and when the applied content of the target changes, the value's update
    /// operation is called with the unchanged value.
    UpdateOnChange,
}

/// Which values can satisfy a dependency.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// Exactly this key.
    Key(Key),
    /// Any one value whose key starts with one of the prefixes (plain string prefixes) and passes
    /// the filter. Without prefixes every key is a candidate: correct, but looked at for every key
    /// that comes or goes.
    AnyOf {
        /// String prefixes of candidate keys.
        prefixes: Vec<Key>,
        /// Further condition on the candidate's key.
        filter: Option<KeyFilter>,
    },
}

/// A named condition on a key. Filters of the same name are taken to be the same condition.
#[derive(Clone)]
pub struct KeyFilter {
    /// Name shown to users, e.g. `multicast address of if1`; also its identity.
    pub name: Arc<str>,
    /// The condition; must depend on nothing but the key.
    pub accepts: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

impl Dependency {
    /// Needs exactly this key.
    pub fn on(label: impl Into<Arc<str>>, key: impl Into<Key>) -> Self {
        Self {
            label: label.into(),
            kind: DependencyKind::Requires,
            target: Target::Key(key.into()),
        }
    }

    /// Needs any value below one of the prefixes.
    pub fn on_any<P: Into<Key>>(
        label: impl Into<Arc<str>>,
        prefixes: impl IntoIterator<Item = P>,
    ) -> Self {
        Self {
            label: label.into(),
            kind: DependencyKind::Requires,
            target: Target::AnyOf {
                prefixes: prefixes.into_iter().map(Into::into).collect(),
                filter: None,
            },
        }
    }

    /// Narrows an any-of dependency by a condition on the key. No effect on exact keys.
    pub fn filtered(
        mut self,
        name: impl Into<Arc<str>>,
        accepts: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        if let Target::AnyOf { filter, .. } = &mut self.target {
            *filter = Some(KeyFilter { name: name.into(), accepts: Arc::new(accepts) });
        }
        self
    }

    /// The same target with another influence.
    pub fn kind(mut self, kind: DependencyKind) -> Self {
        self.kind = kind;
        self
    }
}

impl Target {
    /// The key, if there is only one that satisfies the dependency.
    pub fn exact(&self) -> Option<&Key> {
        match self {
            Self::Key(key) => Some(key),
            Self::AnyOf { .. } => None,
        }
    }

    /// Does a value of this key satisfy the dependency (if it is available)?
    pub fn accepts(&self, key: &str) -> bool {
        match self {
            Self::Key(exact) => **exact == *key,
            Self::AnyOf { prefixes, filter } => {
                (prefixes.is_empty() || prefixes.iter().any(|p| key.starts_with(&**p)))
                    && filter.as_ref().is_none_or(|f| (f.accepts)(key))
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "{key}"),
            Self::AnyOf { prefixes, filter } => {
                if prefixes.is_empty() {
                    f.write_str("any key")?;
                }
                let mut separator = "";
                for prefix in prefixes {
                    write!(f, "{separator}{prefix}*")?;
                    separator = " | ";
                }
                if let Some(filter) = filter {
                    write!(f, " ({})", filter.name)?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for KeyFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyFilter").field(&self.name).finish()
    }
}

impl PartialEq for KeyFilter {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_a_text() {
        let none: [Key; 0] = [];
        for (dependency, text) in [
            (Dependency::on("l", "a/b"), "a/b"),
            (Dependency::on_any("l", ["a/", "b/"]), "a/* | b/*"),
            (Dependency::on_any("l", ["a/"]).filtered("odd", |_| true), "a/* (odd)"),
            (Dependency::on_any("l", none.clone()), "any key"),
            (Dependency::on_any("l", none).filtered("odd", |_| true), "any key (odd)"),
        ] {
            assert_eq!(dependency.target.to_string(), text);
        }
    }
}
