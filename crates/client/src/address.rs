//! Where an agent is.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tower::service_fn;

use crate::ClientError;

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where an agent listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// On TCP.
    Tcp {
        /// `host:port`.
        endpoint: String,
        /// What is needed for TLS; `None` for plain text.
        tls: Option<Tls>,
    },
    /// On a Unix socket.
    Unix(PathBuf),
}

/// What TLS needs; all of it PEM.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// Certificate that the agent's must descend from.
    pub ca: Option<Vec<u8>>,
    /// Certificate and key of the client.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// Name in the agent's certificate, if it is not the host of the endpoint.
    pub server_name: Option<String>,
}

impl Address {
    /// Plain text on TCP.
    #[must_use]
    pub fn tcp(endpoint: impl Into<String>) -> Self {
        Self::Tcp { endpoint: endpoint.into(), tls: None }
    }

    /// Connects.
    pub(crate) async fn connect(&self) -> Result<Channel, ClientError> {
        let failed = |source| ClientError::Connect { address: self.to_string(), source };
        match self {
            Self::Tcp { endpoint, tls } => {
                let scheme = if tls.is_some() { "https" } else { "http" };
                let bad = |source| ClientError::Address { address: self.to_string(), source };
                let mut channel = Endpoint::from_shared(format!("{scheme}://{endpoint}"))
                    .map_err(bad)?
                    .connect_timeout(CONNECT_TIMEOUT);
                if let Some(tls) = tls {
                    channel = channel.tls_config(tls.config()).map_err(bad)?;
                }
                channel.connect().await.map_err(failed)
            }
            Self::Unix(path) => {
                let path = path.clone();
                let connector = service_fn(move |_| {
                    let path = path.clone();
                    async move { UnixStream::connect(path).await.map(TokioIo::new) }
                });
                // The name is not used for connecting.
                Endpoint::from_static("http://localhost")
                    .connect_timeout(CONNECT_TIMEOUT)
                    .connect_with_connector(connector)
                    .await
                    .map_err(failed)
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { endpoint, .. } => f.write_str(endpoint),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

impl Tls {
    fn config(&self) -> ClientTlsConfig {
        let mut config = ClientTlsConfig::new();
        if let Some(ca) = &self.ca {
            config = config.ca_certificate(Certificate::from_pem(ca));
        }
        if let Some((cert, key)) = &self.identity {
            config = config.identity(Identity::from_pem(cert, key));
        }
        if let Some(name) = &self.server_name {
            config = config.domain_name(name.clone());
        }
        config
    }
}

/// Keys are not shown.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}
