//! The keys of `grpc.conf`.

use ligato_infra::config::FileMode;

ligato_infra::config_section! {
    /// The gRPC server. Without an endpoint there is none.
    pub struct GrpcConf {
        /// Where to listen: `127.0.0.1:9111`, or the path of a Unix socket.
        pub endpoint: Option<String> = None => "endpoint";
        /// `tcp`, `tcp4`, `tcp6`, `unix` or `unixpacket`.
        pub network: String = "tcp".into() => "network";
        /// Who may use the Unix socket.
        pub permission: FileMode = FileMode(0o660) => "permission";
        /// Remove a socket that exists, even if another process listens on it.
        pub force_socket_removal: bool = false => "force-socket-removal";
        /// Largest request in bytes; 0 means 4 MiB.
        pub max_msg_size: u32 = 0 => "max-msg-size";
        /// Calls at a time on one connection; 0 means no limit.
        pub max_concurrent_streams: u32 = 0 => "max-concurrent-streams";
        /// Plain text, whatever else is said.
        pub insecure_transport: bool = false => "insecure-transport";
        /// Certificate of the server, PEM.
        pub cert_file: Option<String> = None => "cert-file";
        /// Key of the certificate, PEM.
        pub key_file: Option<String> = None => "key-file";
        /// Certificates that clients must descend from, PEM. With any, clients need one.
        pub ca_files: Vec<String> = Vec::new() => "ca-files";
        /// Accepted for compatibility, without effect: log levels decide what is logged.
        pub extended_logging: bool = false => "extended-logging";
        /// Count calls: the metrics `grpc_server_…`.
        pub prometheus_metrics: bool = true => "prometheus-metrics";
    }
}

/// What to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkKind {
    /// A TCP port.
    Tcp,
    /// A Unix socket.
    Unix,
}

impl GrpcConf {
    /// Largest request in bytes, if nothing else is configured.
    pub const DEFAULT_MESSAGE_SIZE: usize = 4 << 20;

    /// What to listen on.
    #[must_use]
    pub fn network_kind(&self) -> NetworkKind {
        if self.network.starts_with("unix") { NetworkKind::Unix } else { NetworkKind::Tcp }
    }

    /// Largest request in bytes.
    #[must_use]
    pub fn message_size(&self) -> usize {
        match self.max_msg_size {
            0 => Self::DEFAULT_MESSAGE_SIZE,
            size => usize::try_from(size).unwrap_or(usize::MAX),
        }
    }
}
