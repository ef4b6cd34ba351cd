//! The scheduler in the life cycle: it is running before, and closed after everything that uses it.

use async_trait::async_trait;
use ligato_infra::{
    BoxError,
    agent::{Plugin, Registrar, Started},
};
use ligato_kvs::Scheduler;

use super::names;
use crate::metrics;

/// The scheduler of the agent.
pub(crate) struct SchedulerPlugin(pub(crate) Scheduler);

#[async_trait]
impl Plugin for SchedulerPlugin {
    fn name(&self) -> &str {
        names::SCHEDULER
    }

    fn uses(&self) -> Vec<String> {
        vec![names::VPP.to_owned()]
    }

    async fn init(&mut self, registrar: &mut Registrar<'_>) -> Result<(), BoxError> {
        registrar.metrics(metrics::of_scheduler(self.0.clone()));
        Ok(())
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        started.context().health.ok();
        Ok(())
    }

    async fn close(&mut self) -> Result<(), BoxError> {
        self.0.close().await;
        Ok(())
    }
}
