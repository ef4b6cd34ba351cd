//! The gRPC side of the agent.

use std::time::Duration;

use anyhow::{Context, Result};
use hyper_util::rt::TokioIo;
use ligato_proto::{
    configurator::configurator_service_client::ConfiguratorServiceClient,
    generic::{
        manager_service_client::ManagerServiceClient, meta_service_client::MetaServiceClient,
    },
};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Uri};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;

use crate::{
    exit::Failure,
    settings::{Settings, Tls},
};

/// Largest message taken from the agent: a whole configuration comes in one.
const MAX_MESSAGE: usize = 1 << 30;

/// A connection to one agent.
#[derive(Debug, Clone)]
pub(crate) struct Grpc {
    channel: Channel,
}

impl Grpc {
    /// Connects now, so that "nobody is there" is told apart from a failed call.
    pub(crate) async fn connect(settings: &Settings) -> Result<Self> {
        let host = match &settings.grpc_socket {
            Some(path) => path.display().to_string(),
            None => format!("{}:{}", settings.host, settings.grpc_port),
        };
        tracing::debug!("connecting to {host} by gRPC");
        let scheme = if settings.grpc_tls.is_some() { "https" } else { "http" };
        let endpoint = if settings.grpc_socket.is_some() { "localhost" } else { &host };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{endpoint}"))
            .with_context(|| format!("{host} is not an address"))?
            .connect_timeout(Duration::from_secs(10));
        if let Some(tls) = &settings.grpc_tls {
            endpoint = endpoint.tls_config(tls_config(tls)?)?;
        }
        let connected = match settings.grpc_socket.clone() {
            None => endpoint.connect().await,
            Some(path) => {
                let connect = tower::service_fn(move |_: Uri| {
                    let path = path.clone();
                    async move { tokio::net::UnixStream::connect(path).await.map(TokioIo::new) }
                });
                endpoint.connect_with_connector(connect).await
            }
        };
        let channel =
            connected.map_err(|error| Failure::Unreachable { host, source: error.into() })?;
        Ok(Self { channel })
    }

    /// Services by their description.
    pub(crate) fn reflection(&self) -> ServerReflectionClient<Channel> {
        ServerReflectionClient::new(self.channel.clone()).max_decoding_message_size(MAX_MESSAGE)
    }

    /// The connection, for calls that are made by description.
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub(crate) fn manager(&self) -> ManagerServiceClient<Channel> {
        ManagerServiceClient::new(self.channel.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE)
    }

    pub(crate) fn meta(&self) -> MetaServiceClient<Channel> {
        MetaServiceClient::new(self.channel.clone()).max_decoding_message_size(MAX_MESSAGE)
    }

    pub(crate) fn configurator(&self) -> ConfiguratorServiceClient<Channel> {
        ConfiguratorServiceClient::new(self.channel.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE)
    }
}

fn tls_config(tls: &Tls) -> Result<ClientTlsConfig> {
    anyhow::ensure!(
        !tls.skip_verify || tls.ca_file.is_some(),
        "gRPC with TLS needs to verify the server: name its CA with `ca-file`"
    );
    let read =
        |path: &std::path::Path| std::fs::read(path).with_context(|| path.display().to_string());
    let mut config = ClientTlsConfig::new().with_enabled_roots();
    if let Some(file) = &tls.ca_file {
        config = config.ca_certificate(Certificate::from_pem(read(file)?));
    }
    if let (Some(cert), Some(key)) = (&tls.cert_file, &tls.key_file) {
        config = config.identity(Identity::from_pem(read(cert)?, read(key)?));
    }
    Ok(config)
}

/// What a refused call says: code and text, without the transport's decoration.
pub(crate) fn refused(what: &str, status: &tonic::Status) -> anyhow::Error {
    anyhow::anyhow!(
        "{what} failed: rpc error: code = {:?} desc = {}",
        status.code(),
        status.message()
    )
}
