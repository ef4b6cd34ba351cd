//! Settings: command line over environment over configuration file over default.
//!
//! The file is `config.yaml` (or `.yml`, `.json`, `.conf`), searched in `--config-dir`, the current
//! directory and `~/.agentctl`; the first one found is used. A file that cannot be read is an error.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use ligato_infra::config::{ConfigDuration, Secret};
use serde::Deserialize;

use crate::cli::Global;

/// Effective settings.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) host: String,
    pub(crate) http_port: u16,
    pub(crate) grpc_port: u16,
    pub(crate) grpc_socket: Option<PathBuf>,
    pub(crate) service_label: Option<String>,
    pub(crate) etcd_endpoints: Vec<String>,
    pub(crate) http_basic_auth: Option<Secret>,
    pub(crate) http_token: Option<Secret>,
    pub(crate) timeout: Duration,
    pub(crate) grpc_tls: Option<Tls>,
    pub(crate) http_tls: Option<Tls>,
    pub(crate) kvdb_tls: Option<Tls>,
}

/// Use of TLS on one transport.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Tls {
    pub(crate) disabled: bool,
    pub(crate) cert_file: Option<PathBuf>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) skip_verify: bool,
}

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct File {
    host: Option<String>,
    http_port: Option<u16>,
    grpc_port: Option<u16>,
    grpc_socket: Option<PathBuf>,
    service_label: Option<String>,
    etcd_endpoints: Option<OneOrMany>,
    #[serde(rename = "etcd-dial-timeout")]
    _etcd_dial_timeout: Option<String>,
    http_basic_auth: Option<String>,
    http_token: Option<String>,
    #[serde(rename = "ligato-api-version")]
    _ligato_api_version: Option<String>,
    timeout: Option<String>,
    insecure_tls: bool,
    grpc_tls: Option<Tls>,
    http_tls: Option<Tls>,
    kvdb_tls: Option<Tls>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Settings {
    /// Puts the settings together.
    pub(crate) fn load(global: &Global) -> Result<Self> {
        let file = read_file(global)?;
        let timeout = global.timeout.as_deref().or(file.timeout.as_deref()).unwrap_or("2m");
        let insecure = global.insecure_tls || file.insecure_tls;
        let mut endpoints = global.etcd_endpoints.clone();
        if endpoints.is_empty() {
            endpoints = match file.etcd_endpoints {
                Some(OneOrMany::One(text)) => text.split(',').map(str::to_owned).collect(),
                Some(OneOrMany::Many(list)) => list,
                None => vec!["127.0.0.1:2379".to_owned()],
            };
        }
        Ok(Self {
            host: global.host.clone().or(file.host).unwrap_or_else(|| "127.0.0.1".to_owned()),
            http_port: global.http_port.or(file.http_port).unwrap_or(9191),
            grpc_port: global.grpc_port.or(file.grpc_port).unwrap_or(9111),
            grpc_socket: global.grpc_socket.clone().or(file.grpc_socket),
            service_label: global.service_label.clone().or(file.service_label),
            etcd_endpoints: endpoints,
            http_basic_auth: global
                .http_basic_auth
                .clone()
                .or(file.http_basic_auth)
                .map(Secret::from),
            http_token: global.http_token.clone().or(file.http_token).map(Secret::from),
            timeout: duration(timeout)?,
            grpc_tls: tls(file.grpc_tls, insecure),
            http_tls: tls(file.http_tls, insecure),
            kvdb_tls: tls(file.kvdb_tls, insecure),
        })
    }
}

/// A present object that is not disabled turns TLS on; `insecure-tls` does so everywhere.
fn tls(given: Option<Tls>, insecure: bool) -> Option<Tls> {
    let enabled = given.filter(|tls| !tls.disabled);
    if insecure {
        return Some(Tls { skip_verify: true, ..enabled.unwrap_or_default() });
    }
    enabled
}

fn read_file(global: &Global) -> Result<File> {
    let Some(path) = global.config.clone().or_else(|| find_file(global)) else {
        return Ok(File::default());
    };
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("in {}", path.display()))
}

fn find_file(global: &Global) -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".agentctl"));
    let folders = [global.config_dir.clone(), Some(PathBuf::from(".")), home];
    let names = ["config.yaml", "config.yml", "config.json", "config.conf"];
    folders
        .into_iter()
        .flatten()
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|path| path.is_file())
}

/// A time such as `500ms`, `30s`, `5m`, `1h30m`, as in the agent's files.
pub(crate) fn duration(text: &str) -> Result<Duration> {
    Ok(text.parse::<ConfigDuration>()?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_agent() {
        assert_eq!(duration("1h30m").unwrap(), Duration::from_secs(5400));
        for bad in ["5 apples", "1000000"] {
            assert!(duration(bad).unwrap_err().to_string().contains(bad));
        }
    }

    #[test]
    fn unknown_keys_of_the_file_are_named() {
        let error = serde_saphyr::from_str::<File>("hosst: a\n").unwrap_err().to_string();
        assert!(error.contains("hosst"), "{error}");
    }

    #[test]
    fn insecure_tls_turns_tls_on() {
        assert!(tls(None, false).is_none());
        assert!(tls(None, true).unwrap().skip_verify);
        assert!(tls(Some(Tls { disabled: true, ..Tls::default() }), false).is_none());
    }
}
