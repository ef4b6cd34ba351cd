//! How to reach etcd.

use std::path::PathBuf;
use std::time::Duration;

use etcd_client::{Certificate, ConnectOptions, Identity, TlsOptions};

/// Settings of the connection. The fields are the keys of `etcd.conf`, with underscores for dashes.
///
/// Keys of that file that are not here need no setting: connecting always goes on in the background
/// (`allow-delayed-start`), and every reconnection leads to a new snapshot
/// (`resync-after-reconnect`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EtcdConfig {
    /// Servers, as `host:port` or with scheme.
    pub endpoints: Vec<String>,
    /// Longest time for a connection attempt.
    pub dial_timeout: Duration,
    /// Longest time for one request, transactions included.
    pub operation_timeout: Duration,
    /// Plain text. Without it TLS is used, with the system's certificates if no `ca-file` is given.
    pub insecure_transport: bool,
    /// Refused: a server that is not verified is no server to send a configuration to. Give its
    /// certificate as `ca-file`.
    pub insecure_skip_tls_verify: bool,
    /// Client certificate, PEM; needs `key-file`.
    pub cert_file: Option<PathBuf>,
    /// Key of the client certificate, PEM.
    pub key_file: Option<PathBuf>,
    /// Certificates the server's one must descend from, PEM.
    pub ca_file: Option<PathBuf>,
    /// How often history is compacted; 0 is never.
    pub auto_compact: Duration,
    /// Longest pause between two attempts; the first ones are shorter.
    pub reconnect_interval: Duration,
    /// Life of the lease of bound keys, in whole seconds.
    pub session_ttl: u32,
    /// User, for servers with authentication; needs `password`.
    pub username: Option<String>,
    /// Password of the user.
    pub password: Option<Password>,
}

/// A password that does not show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

/// What the connection runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Plain text.
    Plain,
    /// TLS 1.2 or later.
    Tls,
}

/// The settings do not fit together, or a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no server.
    #[error("endpoints: no server is given")]
    NoEndpoints,
    /// Two keys that only make sense together.
    #[error("{given} is given without {missing}")]
    Incomplete {
        /// The key that is there.
        given: &'static str,
        /// The key that is not.
        missing: &'static str,
    },
    /// TLS files together with plain text.
    #[error("{key} is given, but insecure-transport forbids TLS")]
    TlsForbidden {
        /// The key.
        key: &'static str,
    },
    /// Verification is switched off.
    #[error("insecure-skip-tls-verify is not supported: give the server's certificate as ca-file")]
    Unverified,
    /// The lease would end at once.
    #[error("session-ttl: must be at least 1 second")]
    NoSession,
    /// A file cannot be read.
    #[error("{key}: cannot read {}", path.display())]
    File {
        /// The key.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

// === impl EtcdConfig ===

impl Default for EtcdConfig {
    fn default() -> Self {
        Self {
            endpoints: vec!["127.0.0.1:2379".to_owned()],
            dial_timeout: Duration::from_secs(1),
            operation_timeout: Duration::from_secs(3),
            insecure_transport: false,
            insecure_skip_tls_verify: false,
            cert_file: None,
            key_file: None,
            ca_file: None,
            auto_compact: Duration::ZERO,
            reconnect_interval: Duration::from_secs(2),
            session_ttl: 5,
            username: None,
            password: None,
        }
    }
}

impl EtcdConfig {
    /// Whether the connection is encrypted.
    ///
    /// The original fell back to plain text when no certificate was given; here plain text must be
    /// asked for.
    pub fn transport(&self) -> Transport {
        if self.insecure_transport { Transport::Plain } else { Transport::Tls }
    }

    /// Checks that the settings fit together.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.endpoints.iter().all(String::is_empty) {
            return Err(ConfigError::NoEndpoints);
        }
        if self.insecure_skip_tls_verify && self.transport() == Transport::Tls {
            return Err(ConfigError::Unverified);
        }
        let (cert, key) = (self.cert_file.is_some(), self.key_file.is_some());
        let (user, password) = (self.username.is_some(), self.password.is_some());
        let pairs = [
            (cert, key, "cert-file", "key-file"),
            (key, cert, "key-file", "cert-file"),
            (user, password, "username", "password"),
            (password, user, "password", "username"),
        ];
        for (given, other, name, missing) in pairs {
            if given && !other {
                return Err(ConfigError::Incomplete { given: name, missing });
            }
        }
        if self.transport() == Transport::Plain {
            for (given, key) in [(cert, "cert-file"), (self.ca_file.is_some(), "ca-file")] {
                if given {
                    return Err(ConfigError::TlsForbidden { key });
                }
            }
        }
        if self.session_ttl == 0 {
            return Err(ConfigError::NoSession);
        }
        Ok(())
    }

    // The same for the client library. Reads the certificate files.
    pub(crate) fn connect_options(&self) -> Result<ConnectOptions, ConfigError> {
        self.validate()?;
        let mut options = ConnectOptions::new()
            .with_connect_timeout(self.dial_timeout)
            .with_keep_alive(KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT)
            .with_keep_alive_while_idle(true)
            .with_tcp_keepalive(KEEP_ALIVE_INTERVAL)
            .with_auto_token_refresh(true);
        if let (Some(user), Some(password)) = (&self.username, &self.password) {
            options = options.with_user(user, &password.0);
        }
        if self.transport() == Transport::Tls {
            options = options.with_tls(self.tls()?);
        }
        Ok(options)
    }

    fn tls(&self) -> Result<TlsOptions, ConfigError> {
        let mut tls = TlsOptions::new().with_enabled_roots();
        if let Some(path) = &self.ca_file {
            tls = TlsOptions::new().ca_certificate(Certificate::from_pem(read("ca-file", path)?));
        }
        if let (Some(cert), Some(key)) = (&self.cert_file, &self.key_file) {
            tls =
                tls.identity(Identity::from_pem(read("cert-file", cert)?, read("key-file", key)?));
        }
        Ok(tls)
    }
}

// A connection that is dead without saying so is noticed within the sum of the two. The interval is
// the shortest etcd accepts from an idle client without complaint.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);

fn read(key: &'static str, path: &PathBuf) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(|source| ConfigError::File { key, path: path.clone(), source })
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("\"***\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_does_not_show() {
        let config =
            EtcdConfig { password: Some(Password("secret".into())), ..EtcdConfig::default() };
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn half_a_pair_is_an_error() {
        let plain = EtcdConfig { insecure_transport: true, ..EtcdConfig::default() };
        assert!(plain.validate().is_ok());
        let cases = [
            (EtcdConfig { cert_file: Some("c".into()), ..EtcdConfig::default() }, "key-file"),
            (EtcdConfig { username: Some("u".into()), ..plain.clone() }, "password"),
            (EtcdConfig { ca_file: Some("c".into()), ..plain.clone() }, "insecure-transport"),
            (EtcdConfig { endpoints: vec![], ..plain.clone() }, "endpoints"),
            (EtcdConfig { insecure_skip_tls_verify: true, ..EtcdConfig::default() }, "ca-file"),
            (EtcdConfig { session_ttl: 0, ..plain }, "session-ttl"),
        ];
        for (config, word) in cases {
            let text = config.validate().unwrap_err().to_string();
            assert!(text.contains(word), "{text}");
        }
        let missing =
            EtcdConfig { ca_file: Some("/nowhere/ca.pem".into()), ..EtcdConfig::default() };
        let text = missing.connect_options().unwrap_err().to_string();
        assert_eq!(text, "ca-file: cannot read /nowhere/ca.pem");
    }
}
