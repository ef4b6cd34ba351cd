//! A key-value store in the life cycle: configuration comes from it, status goes into it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::{FutureExt, StreamExt, future::BoxFuture};
use ligato_idxmap::{Change, Event, IdxReader, Update};
use ligato_infra::{
    Backoff, BoxError, OnFailure, ServiceLabel,
    agent::{Plugin, Started},
    health::{Criticality, Health, HealthReporter},
};
use ligato_keyval::{Bytes, StoreHandle, StoreState};
use ligato_kvs::{Scheduler, StatusFilter};
use ligato_model::Value;
use ligato_nb_kv::{EnvExpansion, KvSource, Lifetime, Publisher, publish_health, publish_statuses};
use ligato_orchestrator::OrchestratorHandle;
use ligato_proto::vpp::interfaces::InterfaceState;
use tokio_util::sync::CancellationToken;

use super::names;

/// Whether the status of every value is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusPublishing {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// What a store plugin works on.
#[derive(Clone)]
pub(crate) struct StoreHandles {
    pub(crate) label: ServiceLabel,
    pub(crate) orchestrator: OrchestratorHandle,
    pub(crate) scheduler: Scheduler,
    pub(crate) health: Health,
    pub(crate) statuses: StatusPublishing,
    /// States of interfaces, for a store that is to have them.
    pub(crate) interfaces: Option<IdxReader<InterfaceState>>,
}

/// One store.
pub(crate) struct StorePlugin {
    name: &'static str,
    store: StoreHandle,
    expansion: EnvExpansion,
    handles: StoreHandles,
}

/// A run of something that follows or fills the store.
type Run = BoxFuture<'static, Result<(), BoxError>>;

/// The name of a store as a source: `datasync/etcd`.
pub(crate) fn source_name(store: &str) -> String {
    format!("{}/{store}", ligato_orchestrator::names::DATASYNC)
}

// === impl StorePlugin ===

impl StorePlugin {
    pub(crate) fn new(
        name: &'static str,
        store: StoreHandle,
        expansion: EnvExpansion,
        handles: StoreHandles,
    ) -> Self {
        Self { name, store, expansion, handles }
    }

    fn source(&self) -> impl Fn(CancellationToken) -> Run + Send + 'static {
        let (name, store, expansion) = (self.name, self.store.clone(), self.expansion);
        let StoreHandles { label, orchestrator, .. } = self.handles.clone();
        move |token| {
            let registry = ligato_proto::registry();
            let (store, orchestrator) = (store.clone(), orchestrator.clone());
            let source =
                KvSource::new(store, &label, source_name(name), registry, orchestrator, expansion);
            async move { source.run(token).await.map_err(BoxError::from) }.boxed()
        }
    }

    /// What is published ends with the agent, so that a dead agent's state does not stay.
    fn publish(&self, started: &Started<'_>) -> Result<(), BoxError> {
        let context = started.context();
        let (tasks, clock) = (&context.tasks, context.clock.clone());
        let StoreHandles { label, scheduler, health, statuses, interfaces, .. } = &self.handles;
        let publisher = Publisher::new(self.store.clone(), label, Lifetime::Agent, clock.clone())?;
        let again = OnFailure::Restart(Backoff::default());

        let writer = publisher.clone();
        tasks.spawn("publisher", again, move |token| {
            let writer = writer.clone();
            async move { writer.run(token).await.map_err(BoxError::from) }
        });
        if *statuses == StatusPublishing::On {
            let (publisher, scheduler) = (publisher.clone(), scheduler.clone());
            tasks.spawn("statuses", again, move |token| {
                let subscription = scheduler.subscribe(StatusFilter::All);
                let events = futures::stream::unfold(subscription, |mut events| async {
                    let event = events.next().await?;
                    Some((event, events))
                });
                let publisher = publisher.clone();
                async move {
                    publish_statuses(publisher, events.boxed(), token).await.map_err(BoxError::from)
                }
            });
        }
        if let Some(interfaces) = interfaces {
            let (publisher, interfaces) = (publisher.clone(), interfaces.clone());
            tasks.spawn("interfaces", again, move |token| {
                let (publisher, interfaces) = (publisher.clone(), interfaces.clone());
                async move {
                    let publishing = publish_interfaces(publisher, &interfaces);
                    token.run_until_cancelled(publishing).await;
                    Ok(())
                }
            });
        }
        let health = health.clone();
        tasks.spawn("health", again, move |token| {
            let (publisher, health, clock) = (publisher.clone(), health.clone(), clock.clone());
            async move {
                publish_health(publisher, health, clock, token).await.map_err(BoxError::from)
            }
        });
        Ok(())
    }
}

#[async_trait]
impl Plugin for StorePlugin {
    fn name(&self) -> &str {
        self.name
    }

    fn uses(&self) -> Vec<String> {
        vec![names::ORCHESTRATOR.to_owned()]
    }

    fn criticality(&self) -> Criticality {
        Criticality::Degrading
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        self.publish(started)?;
        let context = started.context();
        context.tasks.spawn("source", OnFailure::Restart(Backoff::default()), self.source());
        let (state, health) = (self.store.state(), context.health.clone());
        let token = context.tasks.token();
        context.tasks.spawn_once("state", OnFailure::Degrade, follow(state, health, token));
        Ok(())
    }
}

/// Publishes the states of interfaces until there are none to come.
async fn publish_interfaces(publisher: Publisher, interfaces: &IdxReader<InterfaceState>) {
    let mut updates = interfaces.subscribe();
    let mut published = BTreeSet::new();
    while let Some(update) = updates.next().await {
        match update {
            Update::Snapshot(all) => {
                let gone = std::mem::take(&mut published);
                for item in all.iter() {
                    publisher.set(&state_key(item.name), text(item.data));
                    published.insert(item.name.to_owned());
                }
                for name in gone.difference(&published) {
                    publisher.set(&state_key(name), None);
                }
            }
            Update::Event(Event { name, change, .. }) => match change {
                Change::Added(state) | Change::Updated { new: state, .. } => {
                    publisher.set(&state_key(&name), text(&state));
                    published.insert(name.to_string());
                }
                Change::Removed(_) => {
                    publisher.set(&state_key(&name), None);
                    published.remove(&*name);
                }
            },
        }
    }
}

/// Where the state of an interface is published, behind the agent's prefix.
fn state_key(name: &str) -> String {
    format!("vpp/status/v2/interface/{name}")
}

fn text(state: &InterfaceState) -> Option<Bytes> {
    match Value::new(state.clone()).to_json() {
        Ok(json) => Some(json.to_string().into()),
        Err(error) => {
            tracing::warn!(interface = state.name, %error, "its state cannot be written as text");
            None
        }
    }
}

/// Reports whether the store can be reached. A store that was not reached so far is one that is starting.
async fn follow(
    mut state: tokio::sync::watch::Receiver<StoreState>,
    health: HealthReporter,
    token: CancellationToken,
) -> Result<(), BoxError> {
    loop {
        let now = state.borrow_and_update().clone();
        match now {
            StoreState::Connecting { last_error: None } => health.init(),
            StoreState::Connecting { last_error: Some(error) } => health.error(error),
            StoreState::Connected => health.ok(),
            StoreState::Closed => return Ok(()),
        }
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return Ok(()) },
            () = token.cancelled() => return Ok(()),
        }
    }
}
