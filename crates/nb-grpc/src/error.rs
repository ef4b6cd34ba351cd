//! Why the server does not run.

use std::path::PathBuf;

/// An error of the server. Errors of single calls are [`tonic::Status`]es.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrpcError {
    /// The endpoint is no address.
    #[error("{endpoint:?} is no address to listen on")]
    Endpoint {
        /// As configured.
        endpoint: String,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {endpoint}")]
    Listen {
        /// As configured.
        endpoint: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The socket is in use.
    #[error("socket {} is in use by another process", .path.display())]
    SocketInUse {
        /// Path of the socket.
        path: PathBuf,
    },
    /// There is something at the path that is no socket.
    #[error("{} exists and is no socket", .path.display())]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// A certificate or key cannot be read.
    #[error("cannot read {}", .path.display())]
    Certificate {
        /// Path of the file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Only one of certificate and key is given.
    #[error("cert-file and key-file must be given together")]
    HalfAnIdentity,
    /// Setting up TLS, or serving, failed.
    #[error("gRPC transport")]
    Transport {
        /// What the transport says.
        #[from]
        source: tonic::transport::Error,
    },
    /// The descriptors for reflection are not accepted.
    #[error("server reflection")]
    Reflection {
        /// What is wrong with them.
        #[from]
        source: tonic_reflection::server::Error,
    },
    /// The descriptors of the services cannot be read.
    #[error("descriptors of services")]
    Descriptors {
        /// What is wrong with them.
        #[from]
        source: prost_reflect::DescriptorError,
    },
}
