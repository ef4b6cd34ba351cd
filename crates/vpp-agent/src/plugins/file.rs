//! The initial configuration file in the life cycle.

use std::path::PathBuf;

use async_trait::async_trait;
use ligato_infra::{
    BoxError,
    agent::{Plugin, Registrar, Started},
};
use ligato_nb_file::{InitialConfig, Presence, load};
use ligato_orchestrator::{OrchestratorHandle, PushOptions};

use super::names;

/// Reads the file when the agent is initialised, so that a wrong one stops the start.
pub(crate) struct FilePlugin {
    path: PathBuf,
    presence: Presence,
    orchestrator: OrchestratorHandle,
    content: Option<InitialConfig>,
}

// === impl FilePlugin ===

impl FilePlugin {
    pub(crate) fn new(path: PathBuf, presence: Presence, orchestrator: OrchestratorHandle) -> Self {
        Self { path, presence, orchestrator, content: None }
    }
}

#[async_trait]
impl Plugin for FilePlugin {
    fn name(&self) -> &str {
        names::FILE
    }

    fn uses(&self) -> Vec<String> {
        vec![names::ORCHESTRATOR.to_owned()]
    }

    async fn init(&mut self, _: &mut Registrar<'_>) -> Result<(), BoxError> {
        let registry = ligato_proto::registry();
        self.content = Some(load(&self.path, self.presence, &registry).await?);
        Ok(())
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        if let Some(content) = self.content.take() {
            let options = PushOptions::accepted().described("initial configuration");
            let result = content.deliver(&self.orchestrator, options).await?;
            for key in result.keys.iter().filter(|key| key.rejected.is_some()) {
                tracing::warn!(key = %key.key, reason = ?key.rejected, "left out of the initial configuration");
            }
        }
        started.context().health.ok();
        Ok(())
    }
}
