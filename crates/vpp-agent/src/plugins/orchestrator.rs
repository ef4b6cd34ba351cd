//! The orchestrator in the life cycle.

use async_trait::async_trait;
use ligato_infra::{
    BoxError,
    agent::{Plugin, Started},
};
use ligato_orchestrator::Orchestrator;

use super::names;

/// The merge of what all sources want.
pub(crate) struct OrchestratorPlugin(Option<Orchestrator>);

// === impl OrchestratorPlugin ===

impl OrchestratorPlugin {
    pub(crate) fn new(orchestrator: Orchestrator) -> Self {
        Self(Some(orchestrator))
    }
}

#[async_trait]
impl Plugin for OrchestratorPlugin {
    fn name(&self) -> &str {
        names::ORCHESTRATOR
    }

    fn uses(&self) -> Vec<String> {
        vec![names::SCHEDULER.to_owned()]
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        started.context().health.ok();
        Ok(())
    }

    async fn close(&mut self) -> Result<(), BoxError> {
        if let Some(orchestrator) = self.0.take() {
            orchestrator.close().await;
        }
        Ok(())
    }
}
