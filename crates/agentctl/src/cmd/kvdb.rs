//! `agentctl kvdb`: the agent's part of etcd.

use anyhow::{Result, bail};
use serde_json::json;

use super::Context;
use crate::{
    cli::Kvdb,
    etcd::Etcd,
    output::{self, Format},
};

/// What keys of all agents begin with.
const ALL_AGENTS: &str = "/vnf-agent/";

pub(super) async fn run(context: &Context, command: Kvdb) -> Result<()> {
    let format = context.format_or(Format::Table);
    let label = context.settings.service_label.as_deref();
    // Completed before anything is sent: a wrong key must not need a store to be found.
    let key = match &command {
        Kvdb::List { prefix, .. } => list_prefix(prefix.as_deref().unwrap_or_default(), label),
        Kvdb::Get { key } | Kvdb::Put { key, .. } | Kvdb::Del { key } => full_key(key, label)?,
    };
    let etcd = Etcd::connect(&context.settings).await?;
    match command {
        Kvdb::List { keys_only, .. } => {
            let pairs = etcd.list(&key).await?;
            let data: Vec<_> = pairs.iter().map(|(k, v)| json!({ "Key": k, "Value": v })).collect();
            output::print(&data, &format, |_| {
                let lines = pairs
                    .iter()
                    .map(|(k, v)| if keys_only { k.clone() } else { format!("{k}\n{v}") });
                lines.collect::<Vec<_>>().join("\n")
            })
        }
        Kvdb::Get { .. } => match etcd.get(&key).await? {
            Some(value) => {
                output::print(&json!({ "Key": key, "Value": value }), &format, |_| value.clone())
            }
            None => bail!("key not found"),
        },
        Kvdb::Put { value, .. } => {
            etcd.put(&key, &value).await?;
            output::print(&"OK", &format, |ok| (*ok).to_owned())
        }
        Kvdb::Del { .. } => {
            if !etcd.delete(&key).await? {
                bail!("key does not exist");
            }
            output::print(&"OK", &format, |ok| (*ok).to_owned())
        }
    }
}

/// A key with the prefix of the agent; short keys need a label.
pub(super) fn full_key(key: &str, label: Option<&str>) -> Result<String> {
    if key.starts_with(ALL_AGENTS) {
        return Ok(key.to_owned());
    }
    match label {
        Some(label) if !label.is_empty() => {
            Ok(format!("{ALL_AGENTS}{label}/{}", key.trim_start_matches('/')))
        }
        _ => bail!("service label is not defined, cannot get complete key"),
    }
}

/// Prefixes may begin with any label, or be completed with the one that is set.
fn list_prefix(prefix: &str, label: Option<&str>) -> String {
    if prefix.starts_with('/') {
        return prefix.to_owned();
    }
    match label {
        Some(label) if !label.is_empty() && !prefix.starts_with(&format!("{label}/")) => {
            format!("{ALL_AGENTS}{label}/{prefix}")
        }
        _ => format!("{ALL_AGENTS}{prefix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_completed_with_the_label() {
        assert_eq!(full_key("config/x", Some("vpp1")).unwrap(), "/vnf-agent/vpp1/config/x");
        assert_eq!(full_key("/vnf-agent/a/x", None).unwrap(), "/vnf-agent/a/x");
        assert!(full_key("config/x", None).is_err());
        assert_eq!(list_prefix("vpp1/config", Some("vpp1")), "/vnf-agent/vpp1/config");
        assert_eq!(list_prefix("", None), "/vnf-agent/");
        assert_eq!(list_prefix("config/", Some("a")), "/vnf-agent/a/config/");
    }
}
