//! A server on a Unix socket of its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper_util::rt::TokioIo;
use ligato_infra::clock::ManualClock;
use ligato_kvs::Scheduler;
use ligato_kvs_api::{
    BaseValueStatus, KeyError, OpKind, Plan, PlanError, Revision, Transaction, TxnOutcome,
    TxnReport, TxnSeq, ValueChange, ValueState, ValueStatus,
};
use ligato_nb_grpc::{
    GrpcConf, GrpcError, GrpcServer, Listener, Notifications, Services, SharedStatistics,
};
use ligato_orchestrator::{Engine, Orchestrator, OrchestratorConfig};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

use crate::memory;

/// Carries transactions out by the names of values: `bad…` fails, `wait…` stays pending, the rest works.
#[derive(Default)]
pub(crate) struct StandIn {
    count: AtomicU64,
    /// The next transaction waits for this.
    gate: Mutex<Option<oneshot::Receiver<()>>>,
}

pub(crate) struct Rig {
    pub(crate) socket: PathBuf,
    pub(crate) services: Services,
    pub(crate) engine: Arc<StandIn>,
    pub(crate) clock: Arc<ManualClock>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), GrpcError>>,
    orchestrator: Orchestrator,
    _folder: tempfile::TempDir,
}

impl Rig {
    /// With the stand-in for a scheduler.
    pub(crate) async fn start() -> Self {
        let engine = Arc::new(StandIn::default());
        Self::with(engine.clone(), engine, memory::scheduler(), None).await
    }

    /// With counters of interfaces.
    pub(crate) async fn counting(statistics: Option<SharedStatistics>) -> Self {
        let engine = Arc::new(StandIn::default());
        Self::with(engine.clone(), engine, memory::scheduler(), statistics).await
    }

    /// With the real scheduler over a southbound in memory.
    pub(crate) async fn live() -> Self {
        let scheduler = memory::scheduler();
        Self::with(Arc::default(), Arc::new(scheduler.clone()), scheduler, None).await
    }

    async fn with(
        stand_in: Arc<StandIn>,
        engine: Arc<dyn Engine>,
        scheduler: Scheduler,
        statistics: Option<SharedStatistics>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("run/agent.sock");
        let clock = Arc::new(ManualClock::default());
        let registry = ligato_proto::registry();
        let orchestrator = Orchestrator::start(
            OrchestratorConfig::default(),
            registry.clone(),
            engine,
            clock.clone(),
        );
        orchestrator.handle().begin().unwrap();
        let services = Services {
            orchestrator: orchestrator.handle(),
            scheduler,
            registry,
            notifications: Notifications::default(),
            statistics,
            binary_api: None,
        };
        let conf = unix(&socket);
        let listener = Listener::bind(&conf).await.unwrap().unwrap();
        let server = GrpcServer::new(conf, services.clone()).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(server.serve(listener, stopped.map(|_| ())));
        Self {
            socket,
            services,
            engine: stand_in,
            clock,
            stop,
            server,
            orchestrator,
            _folder: folder,
        }
    }

    pub(crate) async fn channel(&self) -> Channel {
        let socket = self.socket.clone();
        let connector = tower::service_fn(move |_| {
            let socket = socket.clone();
            async move { tokio::net::UnixStream::connect(socket).await.map(TokioIo::new) }
        });
        Endpoint::from_static("http://test").connect_with_connector(connector).await.unwrap()
    }

    /// Stops the server; its socket is gone afterwards.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.server.await.unwrap().unwrap();
        assert!(!self.socket.exists());
        self.orchestrator.close().await;
    }
}

/// The configuration of a server on a Unix socket.
pub(crate) fn unix(socket: &Path) -> GrpcConf {
    GrpcConf {
        endpoint: Some(socket.display().to_string()),
        network: "unix".into(),
        max_msg_size: 100_000,
        ..GrpcConf::default()
    }
}

impl StandIn {
    /// Holds the next transaction until the sender is used.
    pub(crate) fn hold(&self) -> oneshot::Sender<()> {
        let (open, gate) = oneshot::channel();
        *self.gate.lock().unwrap() = Some(gate);
        open
    }
}

impl Engine for StandIn {
    fn submit(&self, txn: Transaction) -> BoxFuture<'static, TxnReport> {
        let seq = TxnSeq(self.count.fetch_add(1, Ordering::SeqCst));
        let gate = self.gate.lock().unwrap().take();
        let mut statuses: Vec<BaseValueStatus> = txn.changes.iter().map(status).collect();
        statuses.sort_by(|one, other| one.value.key.cmp(&other.value.key));
        let failed = statuses.iter().filter(|status| status.value.state == ValueState::Failed);
        let errors: Vec<KeyError> = failed
            .map(|status| KeyError {
                key: status.value.key.clone(),
                operation: status.value.last_operation,
                error: status.value.error.clone(),
            })
            .collect();
        let outcome = if errors.is_empty() { TxnOutcome::Done } else { TxnOutcome::Partial };
        let revision = Revision(seq.0);
        let (seq, statuses) = (Some(seq), statuses.into());
        let report = TxnReport { seq, revision, outcome, errors, statuses };
        async move {
            if let Some(gate) = gate {
                gate.await.unwrap();
            }
            report
        }
        .boxed()
    }

    fn plan(&self, _txn: Transaction) -> BoxFuture<'static, Result<Plan, PlanError>> {
        std::future::ready(Err(PlanError::Closed)).boxed()
    }
}

fn status(change: &ValueChange) -> BaseValueStatus {
    let (mut error, mut details) = (String::new(), Vec::new());
    let (state, last_operation) = match &change.value {
        None => (ValueState::Removed, OpKind::Delete),
        Some(_) if change.key.contains("bad") => {
            error = "refused".into();
            (ValueState::Failed, OpKind::Create)
        }
        Some(_) if change.key.contains("wait") => {
            details = vec!["interface-exists".into(), "vrf-table-exists".into()];
            (ValueState::Pending, OpKind::Create)
        }
        Some(_) => (ValueState::Configured, OpKind::Create),
    };
    let value = ValueStatus { key: change.key.clone(), state, error, last_operation, details };
    BaseValueStatus { value, derived_values: Vec::new() }
}
