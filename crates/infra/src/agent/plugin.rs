//! What a plugin is, and what it is given in each phase.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    time::Duration,
};

use async_trait::async_trait;
use prometheus_client::registry::Registry;

use crate::{
    BoxError,
    clock::SharedClock,
    health::{Criticality, HealthReporter},
    metrics::{Metrics, MetricsPart},
    shutdown::Shutdown,
    task::Tasks,
};

/// A part of an agent with a life of its own.
///
/// It is constructed with handles of what it uses; [`Plugin::uses`] names the plugins behind these handles, so
/// that they are started before it and closed after it.
#[async_trait]
pub trait Plugin: Send {
    /// Its name, unique in the agent; also its name in health, logs and reports.
    fn name(&self) -> &str;

    /// The names of the plugins it uses.
    fn uses(&self) -> Vec<String> {
        Vec::new()
    }

    /// What its trouble means for the agent.
    fn criticality(&self) -> Criticality {
        Criticality::Fatal
    }

    /// How long each phase may take, inside the agent's own limits.
    fn budgets(&self) -> Budgets {
        Budgets::default()
    }

    /// Allocates, and registers what it offers to the servers.
    ///
    /// # Errors
    /// Any error ends the start of the agent.
    async fn init(&mut self, registrar: &mut Registrar<'_>) -> Result<(), BoxError> {
        let _ = registrar;
        Ok(())
    }

    /// Opens sockets, spawns tasks. What it registered is complete, and so is everybody else's.
    ///
    /// # Errors
    /// Any error ends the start of the agent.
    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        let _ = started;
        Ok(())
    }

    /// Releases everything; its tasks have been told to stop and are joined afterwards. It is called once, also
    /// when the plugin was initialised but not started.
    ///
    /// # Errors
    /// An error is reported; the other plugins are closed all the same.
    async fn close(&mut self) -> Result<(), BoxError> {
        Ok(())
    }
}

/// The time a plugin may take for each phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// For [`Plugin::init`].
    pub init: Duration,
    /// For [`Plugin::start`].
    pub start: Duration,
    /// For [`Plugin::close`] and the end of its tasks.
    pub close: Duration,
}

/// What a plugin keeps during its life: a way to run tasks, to report its health and to tell the time.
#[derive(Clone, Debug)]
pub struct PluginContext {
    /// Its tracked tasks.
    pub tasks: Tasks,
    /// Its health.
    pub health: HealthReporter,
    /// The clock of the agent.
    pub clock: SharedClock,
    /// A way to ask the agent to stop.
    pub shutdown: Shutdown,
}

/// Given to [`Plugin::init`]: takes what a plugin offers to others.
#[derive(Debug)]
pub struct Registrar<'a> {
    pub(super) context: &'a PluginContext,
    pub(super) offers: &'a mut Offers,
    pub(super) metrics: &'a Metrics,
    pub(super) parts: &'a mut Vec<MetricsPart>,
}

/// Given to [`Plugin::start`]: gives a server what the plugins offered it.
#[derive(Debug)]
pub struct Started<'a> {
    pub(super) context: &'a PluginContext,
    pub(super) offers: &'a mut Offers,
}

/// What plugins offered, by type.
#[derive(Debug, Default)]
pub(super) struct Offers {
    by_type: HashMap<TypeId, Vec<Box<dyn Any + Send>>>,
}

// === impl Budgets ===

impl Default for Budgets {
    /// 10 s for each phase of the start, 3 s for closing.
    fn default() -> Self {
        let start = Duration::from_secs(10);
        Self { init: start, start, close: Duration::from_secs(3) }
    }
}

// === impl Registrar ===

impl Registrar<'_> {
    /// What the plugin may keep.
    pub fn context(&self) -> &PluginContext {
        self.context
    }

    /// Offers something to whichever plugin collects this type when it starts: a set of HTTP routes to the HTTP
    /// server, a service to the gRPC server.
    pub fn offer<T: Send + 'static>(&mut self, offer: T) {
        self.offers.by_type.entry(TypeId::of::<T>()).or_default().push(Box::new(offer));
    }

    /// Adds metrics that are scraped until the plugin is closed.
    pub fn metrics(&mut self, registry: Registry) {
        self.parts.push(self.metrics.add(registry));
    }
}

// === impl Started ===

impl Started<'_> {
    /// What the plugin may keep.
    pub fn context(&self) -> &PluginContext {
        self.context
    }

    /// Takes everything of this type that was offered, in the order of initialisation.
    pub fn collect<T: Send + 'static>(&mut self) -> Vec<T> {
        let offers = self.offers.by_type.remove(&TypeId::of::<T>()).unwrap_or_default();
        offers.into_iter().filter_map(|offer| offer.downcast().ok()).map(|offer| *offer).collect()
    }
}
