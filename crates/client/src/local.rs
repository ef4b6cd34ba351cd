//! The client for the program an agent is part of.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use ligato_kvs::{Scheduler, StatusEvent, StatusFilter, View};
use ligato_kvs_api::SourceId;
use ligato_model::{Key, Registry};
use ligato_orchestrator::{
    Change, Closed, Entry, InvalidPolicy, ListFilter, OrchestratorHandle, PushOptions, PushOutcome,
    PushResult, ResyncDepth, names,
};

use crate::client::{Client, Filter, Item, Options, Selection, StateItem, StatusChange, Watch};
use crate::{ClientError, ItemResult, ItemStatus, Outcome};

/// A client in the agent's own process. Cloning copies a few pointers.
#[derive(Debug, Clone)]
pub struct LocalClient {
    orchestrator: OrchestratorHandle,
    scheduler: Scheduler,
    registry: Registry,
    source: SourceId,
}

impl LocalClient {
    /// A client that speaks for the source `localclient`.
    #[must_use]
    pub fn new(orchestrator: OrchestratorHandle, scheduler: Scheduler, registry: Registry) -> Self {
        Self { orchestrator, scheduler, registry, source: names::LOCAL_CLIENT.into() }
    }

    /// The same for another source.
    #[must_use]
    pub fn for_source(mut self, source: impl Into<SourceId>) -> Self {
        self.source = source.into();
        self
    }

    fn source(&self, options: &Options) -> SourceId {
        options.source.clone().unwrap_or_else(|| self.source.clone())
    }

    fn status(&self, key: &str) -> Option<ItemStatus> {
        self.scheduler.snapshot().status(key).as_ref().map(ItemStatus::from)
    }
}

#[async_trait]
impl Client for LocalClient {
    async fn change(&self, changes: Vec<Change>, options: Options) -> Result<Outcome, ClientError> {
        let source = self.source(&options);
        outcome(self.orchestrator.push(source, changes, push_options(&options)).await)
    }

    async fn resync(&self, entries: Vec<Entry>, options: Options) -> Result<Outcome, ClientError> {
        let source = self.source(&options);
        let push = push_options(&options);
        outcome(self.orchestrator.resync(source, entries, ResyncDepth::Full, push).await)
    }

    async fn get(&self, filter: Filter) -> Result<Vec<Item>, ClientError> {
        let list = ListFilter { labels: filter.labels, ..ListFilter::default() };
        let items = self.orchestrator.list(&list).into_iter();
        let wanted = items.filter(|item| filter.keys.is_empty() || filter.keys.contains(&item.key));
        let items = wanted.map(|item| Item {
            status: self.status(&item.key),
            key: item.key,
            value: item.value,
            labels: item.labels,
        });
        Ok(items.collect())
    }

    async fn dump(&self) -> Result<Vec<StateItem>, ClientError> {
        let cached = self.scheduler.snapshot().dump(&StatusFilter::All, View::Cached);
        let known = cached.into_iter().filter(|item| self.registry.by_key(&item.key).is_some());
        let items = known.map(|item| StateItem {
            metadata: item.metadata.map(|meta| texts(meta.to_json())).unwrap_or_default(),
            key: item.key,
            value: item.value,
        });
        Ok(items.collect())
    }

    async fn watch(&self, selection: Selection) -> Result<Watch, ClientError> {
        let models = selection.models.iter().map(|name| match self.registry.by_model_name(name) {
            Some(model) => Ok(model.key_prefix()),
            None => Err(ClientError::Refused { reason: format!("unknown model {name:?}") }),
        });
        let prefixes: Vec<String> = models.collect::<Result<_, _>>()?;
        let all = selection.is_all();
        let keys = selection.keys;
        let wanted = move |key: &Key| {
            all || keys.contains(key) || prefixes.iter().any(|prefix| key.starts_with(prefix))
        };
        let statuses = self.scheduler.subscribe(StatusFilter::All);
        let stream = stream::unfold((statuses, wanted), |(mut statuses, wanted)| async move {
            loop {
                let (changed, complete) = match statuses.next().await? {
                    StatusEvent::Snapshot(_, all) => (all, true),
                    StatusEvent::Delta { statuses, .. } => (statuses, false),
                    // A snapshot follows.
                    StatusEvent::Lost { .. } => continue,
                };
                let changed = changed.iter().filter(|status| wanted(&status.value.key));
                let changed: Vec<_> = changed
                    .map(|status| StatusChange {
                        key: status.value.key.clone(),
                        status: status.into(),
                    })
                    .collect();
                if complete || !changed.is_empty() {
                    return Some((Ok(changed), (statuses, wanted)));
                }
            }
        });
        Ok(stream.boxed())
    }
}

fn push_options(options: &Options) -> PushOptions {
    PushOptions {
        ack: options.ack,
        deadline: options.deadline,
        on_invalid: InvalidPolicy::RefuseAll,
        ..PushOptions::default()
    }
    .described("client in process")
}

fn outcome(result: Result<PushResult, Closed>) -> Result<Outcome, ClientError> {
    let result =
        result.map_err(|closed| ClientError::Unavailable { reason: closed.to_string() })?;
    let items = result.keys.iter().map(|key| ItemResult {
        key: key.key.clone(),
        status: key.status.as_ref().map(ItemStatus::from),
    });
    let outcome = Outcome { seq: result.seq.map(|seq| seq.0), items: items.collect() };
    match (&result.outcome, result.error_text()) {
        (PushOutcome::Accepted | PushOutcome::Done, None) => Ok(outcome),
        (PushOutcome::DeadlinePassed, text) => {
            Err(ClientError::Deadline { reason: text.unwrap_or_else(|| "still under way".into()) })
        }
        (_, text) => Err(ClientError::Failed {
            reason: text.unwrap_or_else(|| "some operations failed".into()),
            outcome: Box::new(outcome),
        }),
    }
}

fn texts(json: serde_json::Value) -> BTreeMap<String, String> {
    let text = |json: serde_json::Value| match json {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    match json {
        serde_json::Value::Object(fields) => {
            fields.into_iter().map(|(name, json)| (name, text(json))).collect()
        }
        serde_json::Value::Null => BTreeMap::new(),
        other => BTreeMap::from([("metadata".to_owned(), text(other))]),
    }
}
