//! The health of the agent and of its plugins, in the store: on change, and every ten seconds.

use std::time::Duration;

use ligato_infra::clock::SharedClock;
use ligato_infra::health::{Health, PluginStatus, ProbeKind};
use ligato_infra::json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::publisher::Publisher;

const PERIOD: Duration = Duration::from_secs(10);
const AGENT: &str = "check/status/v1/agent";
const PLUGIN: &str = "check/status/v1/plugin/";

/// Publishes the health until cancelled. `publisher` decides how long the keys live; the original
/// leaves them behind when it dies.
///
/// # Errors
/// [`Error::StatusesEnded`] when the agent's health is no longer told.
pub async fn publish_health(
    publisher: Publisher,
    health: Health,
    clock: SharedClock,
    cancel: CancellationToken,
) -> Result<(), Error> {
    let mut changes = health.watch();
    let publish = async {
        loop {
            changes.mark_unchanged();
            let body = health.probe(ProbeKind::Liveness);
            let agent = &body.agent;
            let mut fields = vec![
                ("build_version", json!(agent.build_version)),
                ("build_date", json!(agent.build_date)),
                ("state", state(agent.state)),
                ("start_time", number(agent.start_time)),
                ("last_change", number(agent.last_change)),
                ("last_update", number(agent.last_update)),
                ("commit_hash", json!(agent.commit_hash)),
            ];
            let plugins: Vec<_> = agent.plugins.iter().map(plugin).collect();
            fields.push(("plugins", json!(plugins)));
            publisher.set(AGENT, Some(object(fields).to_string().into()));
            for (name, status) in &body.plugins {
                let unnamed = PluginStatus { name: String::new(), ..status.clone() };
                let text = plugin(&unnamed).to_string();
                publisher.set(&format!("{PLUGIN}{name}"), Some(text.into()));
            }
            tokio::select! {
                changed = changes.changed() => changed.map_err(|_| Error::StatusesEnded)?,
                () = clock.sleep(PERIOD) => {}
            }
        }
    };
    cancel.run_until_cancelled(publish).await.unwrap_or(Ok(()))
}

fn plugin(status: &PluginStatus) -> Value {
    object(vec![
        ("name", json!(status.name)),
        ("state", state(status.state)),
        ("last_change", number(status.last_change)),
        ("last_update", number(status.last_update)),
        ("error", json!(status.error)),
    ])
}

// Protobuf JSON: what is zero is left out.
fn object(fields: Vec<(&str, Value)>) -> Value {
    let is_there = |value: &Value| !(value.is_null() || *value == json!("") || *value == json!([]));
    let fields = fields.into_iter().filter(|(_, value)| is_there(value));
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .collect::<ligato_infra::json::Map<_, _>>()
        .into()
}

// Enums by name; `INIT` is the zero one.
fn state(number: u64) -> Value {
    match number {
        1 => json!("OK"),
        2 => json!("ERROR"),
        _ => Value::Null,
    }
}

// 64-bit integers are text.
fn number(number: u64) -> Value {
    if number == 0 { Value::Null } else { json!(number.to_string()) }
}
