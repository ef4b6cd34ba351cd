//! The server: services, reflection and health behind one socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ligato_proto::configurator::configurator_service_server::ConfiguratorServiceServer;
use ligato_proto::configurator::stats_poller_service_server::StatsPollerServiceServer;
use ligato_proto::generic::manager_service_server::ManagerServiceServer;
use ligato_proto::generic::meta_service_server::MetaServiceServer;
use ligato_proto::vppapi::binary_api_service_server::BinaryApiServiceServer;
use prost_reflect::DescriptorPool;
use tokio_util::sync::CancellationToken;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic_health::server::HealthReporter;

use crate::binary_api::BinaryApiCalls;
use crate::calls::Calls;
use crate::configurator::Configurator;
use crate::count::CountCalls;
use crate::manager::Manager;
use crate::meta::Meta;
use crate::poll::StatsPoller;
use crate::{GrpcConf, GrpcError, Listener, Services};

/// How often a silent connection is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// How long calls under way may take when the server ends.
const GRACE: Duration = Duration::from_millis(1500);

/// A server that is ready to run.
#[derive(Debug)]
pub struct GrpcServer {
    conf: GrpcConf,
    routes: Routes,
    health: HealthReporter,
    /// Cancelled when streams are to end.
    ending: CancellationToken,
    calls: Option<Calls>,
}

impl GrpcServer {
    /// Puts the services together.
    ///
    /// # Errors
    /// [`GrpcError::Reflection`] if the descriptors are not accepted.
    pub async fn new(conf: GrpcConf, services: Services) -> Result<Self, GrpcError> {
        let size = conf.message_size();
        let ending = CancellationToken::new();
        let meta = Meta { registry: services.registry.clone() };
        let manager = Manager { services: services.clone(), ending: ending.clone() };
        let meta = MetaServiceServer::new(meta).max_decoding_message_size(size);
        let manager = ManagerServiceServer::new(manager).max_decoding_message_size(size);
        let statistics = services.statistics.clone();
        let poller = StatsPoller { statistics, ending: ending.clone() };
        let poller = StatsPollerServiceServer::new(poller).max_decoding_message_size(size);
        let binary_api = BinaryApiCalls { api: services.binary_api.clone() };
        let binary_api = BinaryApiServiceServer::new(binary_api).max_decoding_message_size(size);
        let configurator = Configurator::new(services, ending.clone());
        let configurator =
            ConfiguratorServiceServer::new(configurator).max_decoding_message_size(size);

        let (health, health_service) = tonic_health::server::health_reporter();
        health.set_serving::<MetaServiceServer<Meta>>().await;
        health.set_serving::<ManagerServiceServer<Manager>>().await;
        health.set_serving::<ConfiguratorServiceServer<Configurator>>().await;
        health.set_serving::<StatsPollerServiceServer<StatsPoller>>().await;
        health.set_serving::<BinaryApiServiceServer<BinaryApiCalls>>().await;

        let routes = Routes::new(configurator)
            .add_service(manager)
            .add_service(meta)
            .add_service(poller)
            .add_service(binary_api)
            .add_service(health_service)
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?);
        Ok(Self { conf, routes, health, ending, calls: None })
    }

    /// Sets what the health service says of the whole server and of single services.
    #[must_use]
    pub fn health(&self) -> HealthReporter {
        self.health.clone()
    }

    /// Counts calls.
    #[must_use]
    pub fn counted(mut self, calls: Calls) -> Self {
        self.calls = Some(calls);
        self
    }

    /// Counters of the methods that servers have.
    ///
    /// # Errors
    /// [`GrpcError::Descriptors`] if what describes them cannot be read.
    pub fn calls() -> Result<Calls, GrpcError> {
        let pools = [
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        let pools = pools.into_iter().map(DescriptorPool::decode);
        let mut pools = pools.collect::<Result<Vec<_>, _>>()?;
        pools.push(ligato_proto::DESCRIPTOR_POOL.clone());
        Ok(Calls::new(&pools))
    }

    /// Serves until `stop` is there; streams are ended then, and calls under way are finished if that does not take
    /// long.
    ///
    /// # Errors
    /// [`GrpcError`] about certificates and transport.
    pub async fn serve(
        self,
        listener: Listener,
        stop: impl Future<Output = ()>,
    ) -> Result<(), GrpcError> {
        let mut server = Server::builder().http2_keepalive_interval(Some(KEEPALIVE));
        if let Some(streams) = std::num::NonZeroU32::new(self.conf.max_concurrent_streams) {
            server = server.max_concurrent_streams(Some(streams.get()));
        }
        if let Some(tls) = tls(&self.conf)? {
            server = server.tls_config(tls)?;
        }
        tracing::info!(endpoint = listener.describe(), "serving gRPC");
        let (incoming, _socket_file) = listener.incoming();
        let Self { routes, health, ending, calls, .. } = self;
        let stopped = ending.clone();
        let serving = server
            .layer(CountCalls(calls))
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming, stopped.cancelled_owned());
        let overdue = async {
            stop.await;
            ending.cancel();
            end_health_streams(health).await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            ended = serving => ended.map_err(GrpcError::from),
            () = overdue => {
                tracing::debug!("calls under way were cut off");
                Ok(())
            }
        }
    }
}

/// Streams of the health service end when what they tell of is no longer there.
async fn end_health_streams(mut health: HealthReporter) {
    for service in [
        "",
        MetaServiceServer::<Meta>::NAME,
        ManagerServiceServer::<Manager>::NAME,
        ConfiguratorServiceServer::<Configurator>::NAME,
        StatsPollerServiceServer::<StatsPoller>::NAME,
        BinaryApiServiceServer::<BinaryApiCalls>::NAME,
    ] {
        health.clear_service_status(service).await;
    }
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(ligato_proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// What TLS needs; `None` for plain text. Versions before 1.2 are not offered.
fn tls(conf: &GrpcConf) -> Result<Option<ServerTlsConfig>, GrpcError> {
    if conf.insecure_transport {
        return Ok(None);
    }
    let (cert, key) = match (&conf.cert_file, &conf.key_file) {
        (None, None) => return Ok(None),
        (Some(cert), Some(key)) => (read(cert)?, read(key)?),
        _ => return Err(GrpcError::HalfAnIdentity),
    };
    let mut tls = ServerTlsConfig::new().identity(Identity::from_pem(cert, key));
    if !conf.ca_files.is_empty() {
        let mut authorities = Vec::new();
        for file in &conf.ca_files {
            authorities.extend(read(file)?);
            authorities.push(b'\n');
        }
        tls = tls.client_ca_root(Certificate::from_pem(authorities));
    }
    Ok(Some(tls))
}

fn read(file: &str) -> Result<Vec<u8>, GrpcError> {
    let path: &Path = file.as_ref();
    std::fs::read(path)
        .map_err(|source| GrpcError::Certificate { path: PathBuf::from(path), source })
}
