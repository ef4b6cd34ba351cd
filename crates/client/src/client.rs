//! What a client can do.

use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use ligato_kvs_api::{Acknowledgement, SourceId};
use ligato_model::{Key, Value};
use ligato_orchestrator::{Change, Entry, LabelSelector, Labels};

use crate::{ClientError, ItemStatus, Outcome};

/// A client of an agent.
#[async_trait]
pub trait Client: Send + Sync {
    /// Sets and deletes values, in one transaction.
    ///
    /// # Errors
    /// [`ClientError::Failed`] if any operation failed; it has the outcome with it.
    async fn change(&self, changes: Vec<Change>, options: Options) -> Result<Outcome, ClientError>;

    /// Replaces everything this client (its source, to be exact) wants.
    ///
    /// # Errors
    /// As [`Self::change`].
    async fn resync(&self, entries: Vec<Entry>, options: Options) -> Result<Outcome, ClientError>;

    /// Reads what is desired, merged from all sources, ordered by key.
    ///
    /// # Errors
    /// [`ClientError`].
    async fn get(&self, filter: Filter) -> Result<Vec<Item>, ClientError>;

    /// Reads what the agent knows to be applied, ordered by key.
    ///
    /// # Errors
    /// [`ClientError`].
    async fn dump(&self) -> Result<Vec<StateItem>, ClientError>;

    /// Follows the status of values: first as it is, then each change.
    ///
    /// # Errors
    /// [`ClientError`].
    async fn watch(&self, selection: Selection) -> Result<Watch, ClientError>;
}

/// How a change is carried out. The default waits until it is applied.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What to wait for.
    pub ack: Acknowledgement,
    /// How long to wait for it; the change goes on when it is over.
    pub deadline: Option<Duration>,
    /// For whom; `None`: for the client itself.
    pub source: Option<SourceId>,
}

/// Which desired values to read; the default is all. Only one of both may be used.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only these.
    pub keys: Vec<Key>,
    /// Only what all of these select.
    pub labels: Vec<LabelSelector>,
}

/// Which values to follow; the default is all.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// These values.
    pub keys: Vec<Key>,
    /// All values of the models with these names.
    pub models: Vec<String>,
}

/// A desired value.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its key.
    pub key: Key,
    /// The value.
    pub value: Value,
    /// Its labels.
    pub labels: Labels,
    /// How it fares, if the scheduler knows it.
    pub status: Option<ItemStatus>,
}

/// An applied value.
#[derive(Debug, Clone, PartialEq)]
pub struct StateItem {
    /// Its key.
    pub key: Key,
    /// The value.
    pub value: Value,
    /// What else is known of it, as names and texts.
    pub metadata: std::collections::BTreeMap<String, String>,
}

/// How a value fares now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// Its key.
    pub key: Key,
    /// Its status.
    pub status: ItemStatus,
}

/// The stream of [`Client::watch`]; ends when the agent does.
pub type Watch = BoxStream<'static, Result<Vec<StatusChange>, ClientError>>;

impl Selection {
    /// Whether everything is followed.
    pub(crate) fn is_all(&self) -> bool {
        self.keys.is_empty() && self.models.is_empty()
    }
}
