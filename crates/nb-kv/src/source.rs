//! A store as a source.

use std::collections::BTreeSet;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use ligato_infra::ServiceLabel;
use ligato_keyval::{
    Changes, Prefix, StoreHandle, StoreState, WatchEvent, WatchRequest, WatchStream,
};
use ligato_kvs_api::SourceId;
use ligato_model::Registry;
use ligato_orchestrator::{Closed, Delivery, OrchestratorHandle, PushOptions, PushResult};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::decode::Decoder;

/// Deliveries that may be under way at once. More wait in the watch, which has a bound of its own; a
/// southbound that hangs so holds up the store's changes only when it holds up this many.
const WINDOW: usize = 64;
/// Transactions of the store that are handed over as one when they are already there.
const BATCH: usize = 256;

/// Whether `$VAR` and `${VAR}` in values are replaced from the environment before decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnvExpansion {
    /// A dollar sign is a dollar sign.
    #[default]
    Off,
    /// They are replaced.
    On,
}

/// Hands the configuration in a store to the orchestrator.
pub struct KvSource {
    store: StoreHandle,
    source: SourceId,
    orchestrator: OrchestratorHandle,
    decoder: Decoder,
    prefixes: Vec<Prefix>,
}

type Delivering = BoxFuture<'static, Result<PushResult, Closed>>;

// === impl KvSource ===

impl KvSource {
    /// The keys of agent `label` in `store`, as source `source`.
    pub fn new(
        store: StoreHandle,
        label: &ServiceLabel,
        source: impl Into<SourceId>,
        registry: Registry,
        orchestrator: OrchestratorHandle,
        expansion: EnvExpansion,
    ) -> Self {
        let agent = Prefix::new(&label.agent_prefix());
        let classes: BTreeSet<_> = registry.iter().map(|model| model.spec.class).collect();
        let prefixes = (classes.into_iter())
            .map(|class| Prefix::new(&format!("{}{class}", agent.as_str())))
            .collect();
        let variables = match expansion {
            EnvExpansion::Off => None,
            EnvExpansion::On => {
                Some((|name: &str| std::env::var(name).ok()) as crate::decode::Lookup)
            }
        };
        let decoder = Decoder { registry, agent, variables };
        Self { store, source: source.into(), orchestrator, decoder, prefixes }
    }

    /// Runs until cancelled.
    ///
    /// # Errors
    /// When the store cannot be watched, or store or orchestrator are closed.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), Error> {
        cancel.run_until_cancelled(self.follow()).await.unwrap_or(Ok(()))
    }

    async fn follow(&self) -> Result<(), Error> {
        let request = WatchRequest::new(self.prefixes.iter().cloned());
        let mut watch = self.store.as_watch().map_err(Error::Store)?.watch(request);
        let mut state = self.store.state();
        let mut delivering: FuturesUnordered<Delivering> = FuturesUnordered::new();
        loop {
            tokio::select! {
                event = watch.recv(), if delivering.len() < WINDOW => {
                    let event = event.ok_or(Error::StoreClosed)?;
                    let (delivery, more) = self.read(event, &mut watch);
                    self.hand_over(delivery, &mut delivering)?;
                    if let Some(snapshot) = more {
                        self.hand_over(snapshot, &mut delivering)?;
                    }
                }
                Some(done) = delivering.next() => self.done(done)?,
                Ok(()) = state.changed() => self.tell_state(&mut state)?,
            }
        }
    }

    // What an event brings, with all changes that are there already; and the snapshot that ends them.
    fn read(&self, event: WatchEvent, watch: &mut WatchStream) -> (Delivery, Option<Delivery>) {
        let mut changes: Vec<Changes> = match event {
            WatchEvent::Snapshot(snapshot) => {
                let (reason, count) = (snapshot.reason, snapshot.listing.entries.len());
                tracing::info!(source = %self.source, ?reason, count, "snapshot of the store");
                return (self.decoder.snapshot(&snapshot.listing.entries), None);
            }
            WatchEvent::Changes(changes) => vec![changes],
        };
        while changes.len() < BATCH {
            match watch.recv().now_or_never() {
                Some(Some(WatchEvent::Changes(more))) => changes.push(more),
                Some(Some(WatchEvent::Snapshot(snapshot))) => {
                    let snapshot = self.decoder.snapshot(&snapshot.listing.entries);
                    return (self.decoder.changes(changes), Some(snapshot));
                }
                // The end is met again by the next reading.
                Some(None) | None => break,
            }
        }
        (self.decoder.changes(changes), None)
    }

    fn hand_over(
        &self,
        delivery: Delivery,
        delivering: &mut FuturesUnordered<Delivering>,
    ) -> Result<(), Error> {
        let (source, orchestrator) = (self.source.clone(), self.orchestrator.clone());
        let options = PushOptions::default().described(format!("from {}", self.store.name()));
        let mut under_way =
            async move { orchestrator.deliver(source, delivery, options).await }.boxed();
        // The first step hands it over; so deliveries keep their order whatever becomes of them.
        match (&mut under_way).now_or_never() {
            Some(done) => self.done(done),
            None => {
                delivering.push(under_way);
                Ok(())
            }
        }
    }

    fn done(&self, result: Result<PushResult, Closed>) -> Result<(), Error> {
        let result = result.map_err(Error::Orchestrator)?;
        if let Some(error) = result.error_text() {
            tracing::warn!(source = %self.source, error, "configuration of the store not applied");
        }
        Ok(())
    }

    fn tell_state(&self, state: &mut watch::Receiver<StoreState>) -> Result<(), Error> {
        let told = match &*state.borrow_and_update() {
            StoreState::Connected => self.orchestrator.found(self.source.clone()),
            StoreState::Connecting { last_error } => {
                let reason = last_error.as_deref().unwrap_or("connecting");
                self.orchestrator.lost(self.source.clone(), reason)
            }
            StoreState::Closed => self.orchestrator.lost(self.source.clone(), "closed"),
        };
        told.map_err(Error::Orchestrator)
    }
}
