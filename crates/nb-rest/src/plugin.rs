//! The HTTP server as a plugin.

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;
use axum::{Router, extract::DefaultBodyLimit, http::StatusCode, middleware::from_fn_with_state};
use ligato_infra::{
    BoxError, Metrics, OnFailure,
    agent::{Plugin, Registrar, Started},
    clock::SharedClock,
    health::{Criticality, Health},
    logging::LogControl,
};
use ligato_kvs::Scheduler;
use tokio::{net::TcpListener, sync::watch};
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

use crate::{
    conf::HttpConf,
    configuration::{self, SharedConfiguration},
    dump, health,
    http::{
        Access, AccessError, Limiter, Limits, TlsError, acceptor, auth_routes, check_access,
        check_rate, serve,
    },
    info::{self, VersionInfo},
    log,
    metrics::{self, ModelMetrics},
    scheduler, schema,
};

/// The longest body of a request, for documents with very many values.
const MAX_BODY: usize = 64 << 20;
/// Time for the head of a request when none is configured.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Bytes of the head of a request when none are configured.
const HEAD_BYTES: usize = 1 << 20;
/// The least the HTTP library accepts.
const MIN_HEAD_BYTES: usize = 8 << 10;

/// What the routes work on.
#[derive(Clone)]
pub struct RestHandles {
    /// The scheduler.
    pub scheduler: Scheduler,
    /// The desired configuration.
    pub configuration: SharedConfiguration,
    /// The agent's health.
    pub health: Health,
    /// The agent's metrics.
    pub metrics: Metrics,
    /// The agent's loggers.
    pub logs: LogControl,
    /// What program this is.
    pub version: VersionInfo,
}

/// The HTTP server of an agent.
pub struct RestPlugin {
    conf: HttpConf,
    uses: Vec<String>,
    routes: Option<Router>,
    /// `/liveness` and `/readiness`, which may be open to everybody.
    probes: Router,
    address: watch::Sender<Option<SocketAddr>>,
}

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// The address cannot be listened on.
    #[error("cannot listen on {endpoint}")]
    Listen {
        /// The address.
        endpoint: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// TLS cannot be set up.
    #[error("HTTPS cannot be set up")]
    Tls(#[source] TlsError),
    /// Users cannot be told apart.
    #[error("access to the REST API cannot be set up")]
    Access(#[source] AccessError),
}

// === impl RestPlugin ===

impl RestPlugin {
    /// A server that is started after the plugins named in `uses`, which are those behind the handles.
    pub fn new(conf: HttpConf, handles: RestHandles, uses: Vec<String>) -> Self {
        let address = watch::Sender::new(None);
        let probes = health::probes(handles.health.clone());
        Self { conf, uses, routes: Some(own_routes(handles)), probes, address }
    }

    /// Where the server listens, once it does; of use when the port was left to the system.
    pub fn address(&self) -> watch::Receiver<Option<SocketAddr>> {
        self.address.subscribe()
    }

    /// All routes behind the gates: who, how often, how long.
    fn router(&self, mut routes: Router, clock: SharedClock) -> Result<Router, RestError> {
        let access = Access::new(&self.conf, clock.clone()).map_err(RestError::Access)?;
        let limiter =
            self.conf.rate_limiter.as_ref().map(|rate| Limiter::new(rate.limit, rate.burst, clock));
        if !self.conf.open_probes {
            routes = routes.merge(self.probes.clone());
        }
        // Outermost last. Unknown paths are answered before the gates.
        let behind = |routes: Router| {
            let mut routes = routes.layer(CatchPanicLayer::new());
            let limit = self.conf.read_timeout.0.max(self.conf.write_timeout.0);
            if !limit.is_zero() {
                let overdue = StatusCode::SERVICE_UNAVAILABLE;
                routes = routes.layer(TimeoutLayer::with_status_code(overdue, limit));
            }
            match &limiter {
                Some(limiter) => {
                    routes.route_layer(from_fn_with_state(limiter.clone(), check_rate))
                }
                None => routes,
            }
        };
        let mut router = behind(routes.layer(DefaultBodyLimit::max(MAX_BODY)))
            .route_layer(from_fn_with_state(access.clone(), check_access));
        if self.conf.open_probes {
            router = router.merge(behind(self.probes.clone()));
        }
        if let Access::Token(tokens) = access {
            // Open to those who have no token yet.
            router = router.merge(behind(auth_routes(tokens)));
        }
        Ok(router.fallback(|| async { (StatusCode::NOT_FOUND, "404 page not found\n") }))
    }

    fn limits(&self) -> Limits {
        let head = match self.conf.read_header_timeout.0.max(self.conf.idle_timeout.0) {
            Duration::ZERO => HEAD_TIME,
            configured => configured,
        };
        let head_bytes = match usize::try_from(self.conf.max_header_bytes) {
            Ok(bytes) if bytes > 0 => bytes.max(MIN_HEAD_BYTES),
            _ => HEAD_BYTES,
        };
        Limits { head, head_bytes }
    }

    fn warn_if_open(&self, address: SocketAddr) {
        let gated = self.conf.enable_token_auth
            || !self.conf.client_basic_auth.is_empty()
            || !self.conf.client_cert_files.is_empty();
        if !address.ip().is_loopback() && !gated {
            tracing::warn!(
                %address,
                "the REST API can be used by anybody who reaches this address; \
                 set enable-token-auth, client-basic-auth or client-cert-files in http.conf"
            );
        }
    }
}

fn own_routes(handles: RestHandles) -> Router {
    let RestHandles { scheduler, configuration, metrics, logs, version, .. } = handles;
    info::routes(version)
        .merge(configuration::routes(configuration.clone(), scheduler.clone()))
        .merge(scheduler::plan_routes(configuration))
        .merge(dump::routes(scheduler.clone()))
        .merge(schema::routes())
        .merge(scheduler::routes(scheduler))
        .merge(health::metrics(metrics))
        .merge(log::routes(logs))
}

#[async_trait]
impl Plugin for RestPlugin {
    fn name(&self) -> &str {
        "http"
    }

    fn uses(&self) -> Vec<String> {
        self.uses.clone()
    }

    fn criticality(&self) -> Criticality {
        Criticality::Degrading
    }

    async fn init(&mut self, registrar: &mut Registrar<'_>) -> Result<(), BoxError> {
        if let Some(routes) = self.routes.take() {
            registrar.offer(routes);
        }
        Ok(())
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        let context = started.context().clone();
        if self.conf.disabled {
            context.health.ok();
            return Ok(());
        }
        let own = metrics::routes(started.collect::<ModelMetrics>());
        let routes = started.collect::<Router>().into_iter().fold(own, Router::merge);
        let router = self.router(routes, context.clock.clone())?;
        let endpoint = self.conf.listen();
        let tls = acceptor(&self.conf).map_err(RestError::Tls)?;
        let listener = TcpListener::bind(&endpoint)
            .await
            .map_err(|source| RestError::Listen { endpoint, source })?;
        let address = listener.local_addr()?;
        self.warn_if_open(address);
        let (limits, token) = (self.limits(), context.tasks.token());
        context.tasks.spawn_once("serve", OnFailure::Degrade, async move {
            serve(listener, tls, router, limits, token).await;
            Ok(())
        });
        tracing::info!(%address, "REST API is listening");
        self.address.send_replace(Some(address));
        context.health.ok();
        Ok(())
    }
}
