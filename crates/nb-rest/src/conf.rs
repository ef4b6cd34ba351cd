//! The section `http` of the configuration.

use std::path::PathBuf;

use ligato_infra::config::{ConfigDuration, Secret, Violation};

use crate::http::Account;

/// Where the server listens unless told otherwise: reachable from this machine only.
pub const DEFAULT_ENDPOINT: &str = "127.0.0.1:9191";

ligato_infra::config_section! {
    /// The REST server. It runs without a file, on the loopback address.
    pub struct HttpConf check check {
        /// Do not run the server.
        pub disabled: bool = false => "disabled" | "disable";
        /// Address and port to listen on.
        pub endpoint: String = DEFAULT_ENDPOINT.to_owned() => "endpoint";
        /// Port to listen on instead of the endpoint's.
        pub port: Option<u16> = None => "port";
        /// Longest time for reading a request and answering it; 0 is no limit.
        pub read_timeout: ConfigDuration = ConfigDuration::default() => "readtimeout" | "read-timeout";
        /// Longest time for reading the head of a request; 0 is 30 s.
        pub read_header_timeout: ConfigDuration = ConfigDuration::default()
            => "readheadertimeout" | "read-header-timeout";
        /// Longest time for answering a request; 0 is no limit.
        pub write_timeout: ConfigDuration = ConfigDuration::default() => "writetimeout" | "write-timeout";
        /// Longest pause between two requests of a connection; 0 is the time for reading the head.
        pub idle_timeout: ConfigDuration = ConfigDuration::default() => "idletimeout" | "idle-timeout";
        /// Longest head of a request in bytes; 0 is 1 MiB.
        pub max_header_bytes: u32 = 0 => "maxheaderbytes" | "max-header-bytes";
        /// Certificate chain of the server, PEM. With the key it makes the server speak HTTPS only.
        pub server_cert_file: Option<PathBuf> = None => "server-cert-file";
        /// Key of the server's certificate, PEM.
        pub server_key_file: Option<PathBuf> = None => "server-key-file";
        /// Certificates of the authorities that sign client certificates, PEM. Any entry makes client
        /// certificates required.
        pub client_cert_files: Vec<PathBuf> = Vec::new() => "client-cert-files";
        /// Who may use the API: `user:password` each. Nobody else may then. The password may be its hash by bcrypt or
        /// Argon2id, as `htpasswd -nbB` and `argon2 … -id -e` write them.
        pub client_basic_auth: Vec<Secret> = Vec::new() => "client-basic-auth";
        /// Token authentication: `users` get a token at `/auth/login` and send it with each request. It goes before
        /// `client-basic-auth`, which has no effect then.
        pub enable_token_auth: bool = false => "enable-token-auth";
        /// How long a token is valid.
        pub token_expiration: ConfigDuration = ConfigDuration(std::time::Duration::from_secs(3600))
            => "token-expiration";
        /// Users of token authentication. There is none unless one is listed.
        pub users: Vec<UserConf> = Vec::new() => "users";
        /// Accepted for compatibility, without effect: passwords are not hashed at the start. Give their hashes.
        pub password_hash_cost: u16 = 0 => "password-hash-cost";
        /// Key with which tokens are signed, at least 32 characters. Without it one is made at each start, and tokens
        /// end with the agent.
        pub sign_key: Secret = Secret::default() => "sign-key" | "token-signature";
        /// Let everybody ask for `/liveness` and `/readiness`, also where `client-basic-auth` or `enable-token-auth`
        /// closes everything else: for orchestrators whose probes have no credentials.
        pub open_probes: bool = false => "open-probes";
        /// How many requests each client may make.
        pub rate_limiter: Option<RateLimiterConf> = None => "rate-limiter";
    }
}

ligato_infra::config_section! {
    /// A user of token authentication.
    pub struct UserConf {
        /// Name of the user.
        pub name: String = String::new() => "name";
        /// Password of the user, or its hash by bcrypt or Argon2id.
        pub password: Secret = Secret::default() => "password" | "password_hash";
        /// What the user may do: `admin` (everything), `info`, `stats`, `telemetry`, `dump`, `nbConfigRead`,
        /// `nbConfigWrite`, `nbConfigValidation`.
        pub permissions: Vec<String> = Vec::new() => "permissions";
    }
}

ligato_infra::config_section! {
    /// How many requests a client may make.
    pub struct RateLimiterConf {
        /// Requests per second.
        pub limit: f64 = 0.0 => "limit";
        /// Requests at once.
        pub burst: u32 = 1 => "burst";
    }
}

impl HttpConf {
    /// Address and port to listen on.
    pub fn listen(&self) -> String {
        match self.port {
            None => self.endpoint.clone(),
            Some(port) => {
                let host = self.endpoint.rsplit_once(':').map_or(&*self.endpoint, |(host, _)| host);
                format!("{host}:{port}")
            }
        }
    }
}

fn check(conf: &HttpConf) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut unless = |holds: bool, key, reason: &str| {
        if !holds {
            found.push(Violation { key, reason: reason.to_owned() });
        }
    };
    let (cert, key) = (conf.server_cert_file.is_some(), conf.server_key_file.is_some());
    unless(!cert || key, "server-cert-file", "needs server-key-file as well");
    unless(!key || cert, "server-key-file", "needs server-cert-file as well");
    let clients = conf.client_cert_files.is_empty();
    unless(
        clients || (cert && key),
        "client-cert-files",
        "client certificates need HTTPS: give server-cert-file and server-key-file as well",
    );
    check_users(conf, &mut unless);
    unless(
        conf.rate_limiter.as_ref().is_none_or(|r| r.limit > 0.0 && r.burst > 0),
        "rate-limiter",
        "limit and burst must be greater than zero",
    );
    found
}

/// The shortest key that tokens are signed with, in bytes: as long as the signature (RFC 7518, 3.2).
const SHORTEST_KEY: usize = 32;

fn check_users(conf: &HttpConf, unless: &mut impl FnMut(bool, &'static str, &str)) {
    if let Some(error) = conf.client_basic_auth.iter().find_map(|pair| Account::basic(pair).err()) {
        unless(false, "client-basic-auth", &format!("each entry must be user:password: {error}"));
    }
    if let Err(error) = Account::of_tokens(&conf.users) {
        unless(false, "users", &error.to_string());
    }
    let tokens = conf.enable_token_auth;
    unless(!tokens || !conf.users.is_empty(), "users", "token authentication needs at least one");
    unless(tokens || conf.users.is_empty(), "users", "users need enable-token-auth");
    unless(
        conf.sign_key.is_empty() || conf.sign_key.expose().len() >= SHORTEST_KEY,
        "sign-key",
        "must have at least 32 characters; without it, one is made at each start",
    );
    unless(!conf.token_expiration.0.is_zero(), "token-expiration", "must be greater than zero");
}
