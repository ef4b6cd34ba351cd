//! The server as a part of an agent.

use std::sync::Arc;

use async_trait::async_trait;
use ligato_infra::BoxError;
use ligato_infra::OnFailure;
use ligato_infra::agent::{Plugin, Registrar, Started};
use ligato_infra::health::{Health, HealthState, HealthView};
use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::{Calls, GrpcConf, GrpcServer, Listener, Services};

/// Plugin `grpc`.
#[derive(Debug)]
pub struct GrpcPlugin {
    conf: GrpcConf,
    services: Services,
    health: Health,
    uses: Vec<String>,
    calls: Option<Calls>,
}

impl GrpcPlugin {
    /// A server for these services. `uses` are the plugins behind them; the health service tells that of the agent.
    #[must_use]
    pub fn new(conf: GrpcConf, services: Services, health: Health, uses: Vec<String>) -> Self {
        Self { conf, services, health, uses, calls: None }
    }
}

#[async_trait]
impl Plugin for GrpcPlugin {
    fn name(&self) -> &str {
        "grpc"
    }

    fn uses(&self) -> Vec<String> {
        self.uses.clone()
    }

    async fn init(&mut self, registrar: &mut Registrar<'_>) -> Result<(), BoxError> {
        if self.conf.prometheus_metrics && self.conf.endpoint.is_some() {
            let calls = GrpcServer::calls()?;
            registrar.metrics(calls.registry());
            self.calls = Some(calls);
        }
        Ok(())
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        let context = started.context();
        let Some(listener) = Listener::bind(&self.conf).await? else {
            tracing::info!("gRPC is off: no endpoint is configured");
            context.health.ok();
            return Ok(());
        };
        let mut server = GrpcServer::new(self.conf.clone(), self.services.clone()).await?;
        if let Some(calls) = self.calls.take() {
            server = server.counted(calls);
        }
        let reporter = server.health();
        let token = context.tasks.token();
        context.tasks.spawn_once("server", OnFailure::StopAgent, async move {
            server.serve(listener, token.cancelled_owned()).await.map_err(BoxError::from)
        });
        let view = self.health.watch();
        let token = context.tasks.token();
        context.tasks.spawn_once("health", OnFailure::Degrade, async move {
            tokio::select! {
                () = token.cancelled() => {}
                () = follow(view, reporter) => {}
            }
            Ok(())
        });
        context.health.ok();
        Ok(())
    }
}

/// Tells clients of the health service how the agent is.
async fn follow(mut view: watch::Receiver<Arc<HealthView>>, reporter: HealthReporter) {
    loop {
        let state = view.borrow_and_update().state;
        let status = match state {
            HealthState::Ok | HealthState::Degraded => ServingStatus::Serving,
            HealthState::Init | HealthState::Error => ServingStatus::NotServing,
        };
        reporter.set_service_status("", status).await;
        if view.changed().await.is_err() {
            return;
        }
    }
}
