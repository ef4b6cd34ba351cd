//! The agent as a whole: it lets the first configuration go out once everything is there, and is ready when that
//! was applied.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use ligato_infra::{
    BoxError, OnFailure,
    agent::{Plugin, Registrar, Started},
    health::HealthReporter,
};
use ligato_kvs::{Scheduler, StatusFilter};
use ligato_kvs_api::ValueState;
use ligato_orchestrator::{OrchestratorHandle, Phase};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use super::names;

/// How long the agent is not ready because values of the first configuration are still being tried again.
const FIRST_SYNC: Duration = Duration::from_secs(10);

/// The last plugin to start.
pub(crate) struct AgentPlugin {
    scheduler: Scheduler,
    orchestrator: OrchestratorHandle,
    uses: Vec<String>,
    begun: Instant,
    metrics: Option<Registry>,
}

// === impl AgentPlugin ===

impl AgentPlugin {
    /// Started after all plugins in `uses`; `begun` is when the process started, `metrics` are those of the process.
    pub(crate) fn new(
        scheduler: Scheduler,
        orchestrator: OrchestratorHandle,
        uses: Vec<String>,
        begun: Instant,
        metrics: Registry,
    ) -> Self {
        Self { scheduler, orchestrator, uses, begun, metrics: Some(metrics) }
    }
}

#[async_trait]
impl Plugin for AgentPlugin {
    fn name(&self) -> &str {
        names::AGENT
    }

    fn uses(&self) -> Vec<String> {
        self.uses.clone()
    }

    async fn init(&mut self, registrar: &mut Registrar<'_>) -> Result<(), BoxError> {
        if let Some(metrics) = self.metrics.take() {
            registrar.metrics(metrics);
        }
        Ok(())
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        let context = started.context().clone();
        let token = context.tasks.token();
        let (scheduler, orchestrator) = (self.scheduler.clone(), self.orchestrator.clone());
        let health = context.health.clone();
        let sync = first_sync(scheduler, orchestrator, health, self.begun, token);
        context.tasks.spawn_once("first-sync", OnFailure::Degrade, sync);
        let token = context.tasks.token();
        let first = first_value(self.scheduler.clone(), self.begun, token);
        context.tasks.spawn_once("first-value", OnFailure::Degrade, first);
        self.orchestrator.begin()?;
        Ok(())
    }
}

/// The agent is ready when what is known was handed over and carried out, even if a store is not there yet.
async fn first_sync(
    scheduler: Scheduler,
    orchestrator: OrchestratorHandle,
    health: HealthReporter,
    begun: Instant,
    token: CancellationToken,
) -> Result<(), BoxError> {
    let mut changed = orchestrator.subscribe();
    loop {
        match orchestrator.view().phase() {
            Phase::Gathering { .. } => {}
            Phase::Partial { missing } => {
                let missing = missing.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
                health.degraded(format!("no data so far from {missing}"));
            }
            Phase::Running => break,
        }
        tokio::select! {
            change = changed.changed() => change?,
            () = token.cancelled() => return Ok(()),
        }
    }
    let carried_out = tokio::select! {
        quiet = scheduler.quiescent(FIRST_SYNC) => quiet.is_ok(),
        () = token.cancelled() => return Ok(()),
    };
    // Values that fail and are tried again do not make the agent unusable; their status says what is wrong.
    tracing::info!(since_process_start = ?begun.elapsed(), carried_out, "first synchronisation is done");
    health.ok();
    Ok(())
}

/// Logs how long it took from the start of the process to the first value applied.
async fn first_value(
    scheduler: Scheduler,
    begun: Instant,
    token: CancellationToken,
) -> Result<(), BoxError> {
    let mut statuses = scheduler.subscribe(StatusFilter::All);
    loop {
        let configured = scheduler.snapshot().count_by_state();
        if configured.iter().any(|(state, _)| *state == ValueState::Configured) {
            tracing::info!(since_process_start = ?begun.elapsed(), "first value is applied");
            return Ok(());
        }
        tokio::select! {
            event = statuses.next() => if event.is_none() { return Ok(()) },
            () = token.cancelled() => return Ok(()),
        }
    }
}
