//! What readers see: an immutable state of all sources.

use std::collections::BTreeMap;
use std::ops::Bound;

use ligato_kvs_api::SourceId;
use ligato_model::{Key, Value};

use crate::change::Labels;
use crate::desired::{Desired, Held};
use crate::source::SourceStatus;
use crate::startup::Phase;

/// The desired state at one moment. Cloning costs nothing, reading holds up nobody.
#[derive(Debug, Clone)]
pub struct View {
    pub(crate) desired: Desired,
    pub(crate) phase: Phase,
}

/// Which keys to list. The default is all.
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    /// Only keys that begin with this.
    pub prefix: Option<String>,
    /// Only what this source holds, whether it counts or not.
    pub source: Option<SourceId>,
    /// Only what all of these select.
    pub labels: Vec<LabelSelector>,
}

/// Selects by one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelSelector {
    /// The label is there.
    Has(String),
    /// The label is there with this value.
    Is(String, String),
    /// The label is not there.
    HasNot(String),
    /// The label is not there, or has another value.
    IsNot(String, String),
}

/// A key with all that sources want for it.
#[derive(Debug, Clone)]
pub struct ListItem {
    /// The key.
    pub key: Key,
    /// What counts. With a filter by source: what that source wants.
    pub value: Value,
    /// Whose it is.
    pub source: SourceId,
    /// Its labels.
    pub labels: Labels,
    /// What other sources want, the strongest first.
    pub others: Vec<HeldBy>,
    /// Whether sources want different things.
    pub contested: bool,
}

/// What one source wants for a key.
#[derive(Debug, Clone)]
pub struct HeldBy {
    /// The source.
    pub source: SourceId,
    /// The value.
    pub value: Value,
    /// The labels.
    pub labels: Labels,
}

// === impl View ===

impl View {
    /// How far the start has come.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// What counts for a key, with what else is wanted for it.
    pub fn get(&self, key: &str) -> Option<ListItem> {
        let (key, holders) = self.desired.keys().get_key_value(key)?;
        self.item(key, holders, None)
    }

    /// All keys that pass, in order.
    pub fn list(&self, filter: &ListFilter) -> Vec<ListItem> {
        let prefix = filter.prefix.as_deref().unwrap_or("");
        let range = (Bound::Included(prefix), Bound::Unbounded);
        let keys = self.desired.keys().range::<_, str>(range);
        keys.take_while(|(key, _)| key.starts_with(prefix))
            .filter_map(|(key, holders)| self.item(key, holders, filter.source.as_ref()))
            .filter(|item| filter.labels.iter().all(|selector| selector.selects(&item.labels)))
            .collect()
    }

    /// Keys for which sources want different things, in order.
    pub fn conflicts(&self) -> Vec<ListItem> {
        let contested = self.desired.contested().iter();
        contested.filter_map(|key| self.get(key)).collect()
    }

    /// All sources, by name.
    pub fn sources(&self) -> Vec<SourceStatus> {
        self.desired.sources().iter().map(|(name, record)| record.status(name)).collect()
    }

    /// How many keys are wanted by any source.
    pub fn len(&self) -> usize {
        self.desired.keys().len()
    }

    /// Whether no source wants anything.
    pub fn is_empty(&self) -> bool {
        self.desired.keys().is_empty()
    }

    fn item(&self, key: &Key, holders: &[Held], source: Option<&SourceId>) -> Option<ListItem> {
        let wanted = |held: &&Held| source.is_none_or(|source| held.source == *source);
        let chosen = holders.iter().find(wanted)?;
        let others = holders.iter().filter(|held| held.source != chosen.source);
        Some(ListItem {
            key: key.clone(),
            value: chosen.value.clone(),
            source: chosen.source.clone(),
            labels: chosen.labels.clone(),
            others: others.map(HeldBy::from).collect(),
            contested: self.desired.contested().contains(key),
        })
    }
}

impl From<&Held> for HeldBy {
    fn from(held: &Held) -> Self {
        let (source, value, labels) =
            (held.source.clone(), held.value.clone(), held.labels.clone());
        Self { source, value, labels }
    }
}

// === impl LabelSelector ===

impl LabelSelector {
    /// Reads the form of gRPC requests: `!` before the key excludes, an empty value is any value.
    pub fn parse(key: &str, value: &str) -> Self {
        match (key.strip_prefix('!'), value) {
            (None, "") => Self::Has(key.to_owned()),
            (None, value) => Self::Is(key.to_owned(), value.to_owned()),
            (Some(key), "") => Self::HasNot(key.to_owned()),
            (Some(key), value) => Self::IsNot(key.to_owned(), value.to_owned()),
        }
    }

    /// Whether a set of labels is selected.
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Has(key) => labels.contains_key(key),
            Self::Is(key, value) => labels.get(key) == Some(value),
            Self::HasNot(key) => !labels.contains_key(key),
            Self::IsNot(key, value) => labels.get(key) != Some(value),
        }
    }
}
