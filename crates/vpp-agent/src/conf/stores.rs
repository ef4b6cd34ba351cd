//! Key-value stores.

use std::{path::PathBuf, time::Duration};

use ligato_infra::config::{ConfigDuration, Secret, Violation};
#[cfg(feature = "etcd")]
use ligato_keyval_etcd::{EtcdConfig, Password};
use ligato_nb_kv::EnvExpansion;
use ligato_orchestrator::names;

use super::agent::Flag;

ligato_infra::config_section! {
    /// etcd. It is used when any of these keys is given.
    pub(crate) struct EtcdConf check check_etcd {
        /// Do not use it.
        pub(crate) disabled: bool = false => "disabled";
        /// Addresses of the members.
        pub(crate) endpoints: Vec<String> = vec!["127.0.0.1:2379".to_owned()]
            => "endpoints" env "ETCDV3_ENDPOINTS";
        /// Longest time for connecting.
        pub(crate) dial_timeout: ConfigDuration = ConfigDuration(Duration::from_secs(1)) => "dial-timeout";
        /// Longest time for one operation.
        pub(crate) operation_timeout: ConfigDuration = ConfigDuration(Duration::from_secs(3))
            => "operation-timeout";
        /// Speak plain text. Without it TLS is used, with or without a client certificate.
        pub(crate) insecure_transport: bool = false => "insecure-transport";
        /// Do not check the certificates of the members.
        pub(crate) insecure_skip_tls_verify: bool = false => "insecure-skip-tls-verify";
        /// Certificate of this client, PEM.
        pub(crate) cert_file: Option<PathBuf> = None => "cert-file";
        /// Key of the certificate, PEM.
        pub(crate) key_file: Option<PathBuf> = None => "key-file";
        /// Certificates of the authorities that sign the members' certificates, PEM.
        pub(crate) ca_file: Option<PathBuf> = None => "ca-file";
        /// Time between two compactions of the store's history; 0 is never.
        pub(crate) auto_compact: ConfigDuration = ConfigDuration::default() => "auto-compact";
        /// No effect: a reconnect always brings a new snapshot.
        pub(crate) resync_after_reconnect: bool = false => "resync-after-reconnect";
        /// No effect: the agent always starts and keeps trying.
        pub(crate) allow_delayed_start: bool = false => "allow-delayed-start";
        /// Longest pause between two attempts to connect.
        pub(crate) reconnect_interval: ConfigDuration = ConfigDuration(Duration::from_secs(2))
            => "reconnect-interval";
        /// Seconds after which what a dead agent published disappears.
        pub(crate) session_ttl: u32 = 5 => "session-ttl";
        /// User, for servers with authentication.
        pub(crate) username: Option<String> = None => "username";
        /// Password of the user.
        pub(crate) password: Option<Secret> = None => "password";
        /// Expand `${NAME}` in values by the environment: `true`, or any text but `false`.
        pub(crate) expand_env: Flag = Flag::default() => "expand-env-variables" env "ETCD_EXPAND_ENV_VARS";
    }
}

ligato_infra::config_section! {
    /// The embedded store: a file that holds the configuration of this agent. It is used when a path is given.
    pub(crate) struct RedbConf check check_redb {
        /// Path of the file.
        pub(crate) path: Option<PathBuf> = None => "path";
        /// Sources whose configuration is kept in the file and is back after a restart: what clients say through
        /// APIs, which nobody says again.
        pub(crate) keep: Vec<String> = vec![names::GRPC.to_owned(), names::LOCAL_CLIENT.to_owned()] => "keep";
    }
}

ligato_infra::config_section! {
    /// The initial configuration, read once at the start.
    pub(crate) struct InitFileConf {
        /// Do not read it.
        pub(crate) disabled: bool = false => "disable-initial-configuration";
        /// The file, relative to the working directory of the agent. One that is named here must exist.
        pub(crate) path: PathBuf = ligato_nb_file::DEFAULT_PATH.into() => "initial-configuration-file-path";
    }
}

ligato_infra::config_section! {
    /// Merging of stores.
    pub(crate) struct AggregatorConf {
        /// No effect: each source keeps its own name, and precedence between them is declared.
        pub(crate) source_override: String = String::new() => "resync-data-source-override";
    }
}

impl EtcdConf {
    /// The settings as the connector takes them.
    #[cfg(feature = "etcd")]
    pub(crate) fn connector(&self) -> EtcdConfig {
        EtcdConfig {
            endpoints: self.endpoints.clone(),
            dial_timeout: self.dial_timeout.0,
            operation_timeout: self.operation_timeout.0,
            insecure_transport: self.insecure_transport,
            insecure_skip_tls_verify: self.insecure_skip_tls_verify,
            cert_file: self.cert_file.clone(),
            key_file: self.key_file.clone(),
            ca_file: self.ca_file.clone(),
            auto_compact: self.auto_compact.0,
            reconnect_interval: self.reconnect_interval.0,
            session_ttl: self.session_ttl,
            username: self.username.clone(),
            password: self.password.as_ref().map(|word| Password(word.expose().to_owned())),
        }
    }

    /// Whether values are expanded by the environment.
    pub(crate) fn expansion(&self) -> EnvExpansion {
        if self.expand_env.0 { EnvExpansion::On } else { EnvExpansion::Off }
    }
}

fn check_redb(conf: &RedbConf) -> Vec<Violation> {
    let read_again = |name: &&String| {
        let base = name.split('/').next().unwrap_or(name);
        name.is_empty() || [names::DATASYNC, names::INITIAL_FILE].contains(&base)
    };
    let wrong = conf.keep.iter().filter(read_again);
    let reason = |name| format!("{name:?} is no source of an API: stores and files are read again");
    wrong.map(|name| Violation { key: "keep", reason: reason(name) }).collect()
}

fn check_etcd(conf: &EtcdConf) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut unless = |holds: bool, key, reason: &str| {
        if !holds {
            found.push(Violation { key, reason: reason.to_owned() });
        }
    };
    let (cert, key) = (conf.cert_file.is_some(), conf.key_file.is_some());
    let tls_file = cert || key || conf.ca_file.is_some();
    unless(!conf.endpoints.is_empty(), "endpoints", "at least one is needed");
    unless(!cert || key, "cert-file", "needs key-file as well");
    unless(!key || cert, "key-file", "needs cert-file as well");
    unless(
        !(conf.insecure_transport && tls_file),
        "insecure-transport",
        "certificates are given but would not be used",
    );
    unless(
        !conf.insecure_skip_tls_verify,
        "insecure-skip-tls-verify",
        "not available; give the authority's certificate as ca-file, or insecure-transport",
    );
    unless(
        conf.username.is_some() == conf.password.is_some(),
        "username",
        "username and password go together",
    );
    found
}
