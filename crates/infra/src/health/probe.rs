//! The bodies of `/liveness` and `/readiness`, member by member as Ligato writes them: the agent's status at
//! the top level, members with zero values left out, states as numbers.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use super::{Criticality, HealthState, HealthView, InterfaceStatus, PluginHealth};

/// Which question a probe asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// Would starting the agent anew help?
    Liveness,
    /// Should the agent receive work?
    Readiness,
}

/// The answer of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProbeBody {
    /// The agent as a whole.
    #[serde(flatten)]
    pub agent: AgentStatus,
    /// Every registered plugin.
    #[serde(rename = "PluginStatus")]
    pub plugins: BTreeMap<String, PluginStatus>,
    /// The plugins whose trouble does not make the agent fail; `null` when there is none.
    #[serde(rename = "NonFatalPlugins")]
    pub non_fatal: Option<Vec<String>>,
    /// Whether the probe succeeds.
    #[serde(skip)]
    pub healthy: bool,
}

/// Message `status.AgentStatus`. Times are Unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AgentStatus {
    /// Version of the program.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub build_version: String,
    /// When it was built.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub build_date: String,
    /// 0 init, 1 ok, 2 error.
    #[serde(skip_serializing_if = "is_zero")]
    pub state: u64,
    /// When the agent was started.
    #[serde(skip_serializing_if = "is_zero")]
    pub start_time: u64,
    /// When the state was entered.
    #[serde(skip_serializing_if = "is_zero")]
    pub last_change: u64,
    /// When this status was made.
    #[serde(skip_serializing_if = "is_zero")]
    pub last_update: u64,
    /// Only in the answer to a readiness probe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface_stats: Option<InterfaceStats>,
    /// The commit the program was built from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub commit_hash: String,
    /// The plugins that changed state at least once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginStatus>,
}

/// Message `status.InterfaceStats`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InterfaceStats {
    /// The interfaces of the data plane.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<InterfaceStatus>,
}

/// Message `status.PluginStatus`. Times are Unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PluginStatus {
    /// Only in [`AgentStatus::plugins`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// 0 init, 1 ok, 2 error.
    #[serde(skip_serializing_if = "is_zero")]
    pub state: u64,
    /// When the state was entered.
    #[serde(skip_serializing_if = "is_zero")]
    pub last_change: u64,
    /// When the plugin last reported.
    #[serde(skip_serializing_if = "is_zero")]
    pub last_update: u64,
    /// What is wrong.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
}

// === impl ProbeBody ===

impl ProbeBody {
    pub(super) fn new(kind: ProbeKind, view: &HealthView, now: SystemTime) -> Self {
        let non_fatal: Vec<String> = view
            .plugins
            .iter()
            .filter(|(_, plugin)| plugin.criticality != Criticality::Fatal)
            .map(|(name, _)| name.to_string())
            .collect();
        Self {
            agent: AgentStatus::new(kind, view, now),
            plugins: view
                .plugins
                .iter()
                .map(|(name, plugin)| (name.to_string(), PluginStatus::full(plugin)))
                .collect(),
            non_fatal: (!non_fatal.is_empty()).then_some(non_fatal),
            healthy: match kind {
                ProbeKind::Liveness => view.is_live(),
                ProbeKind::Readiness => view.is_ready(),
            },
        }
    }
}

// === impl AgentStatus ===

impl AgentStatus {
    fn new(kind: ProbeKind, view: &HealthView, now: SystemTime) -> Self {
        let changed = view.plugins.iter().filter(|(_, plugin)| plugin.changed);
        Self {
            build_version: view.build.version.clone(),
            build_date: view.build.date.clone(),
            state: number(view.state),
            start_time: seconds(view.start_time),
            last_change: seconds(view.last_change),
            last_update: seconds(now),
            interface_stats: (kind == ProbeKind::Readiness && !view.interfaces.is_empty()).then(
                || InterfaceStats { interfaces: view.interfaces.values().cloned().collect() },
            ),
            commit_hash: view.build.commit.clone(),
            plugins: changed.map(|(name, plugin)| PluginStatus::brief(name, plugin)).collect(),
        }
    }
}

// === impl PluginStatus ===

impl PluginStatus {
    fn brief(name: &str, plugin: &PluginHealth) -> Self {
        Self {
            name: name.to_owned(),
            state: number(plugin.state()),
            error: plugin.reason().unwrap_or_default(),
            ..Self::default()
        }
    }

    fn full(plugin: &PluginHealth) -> Self {
        Self {
            name: String::new(),
            state: number(plugin.state()),
            last_change: seconds(plugin.last_change),
            last_update: seconds(plugin.last_update),
            error: plugin.reason().unwrap_or_default(),
        }
    }
}

fn number(state: HealthState) -> u64 {
    u64::from(state.number())
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde calls")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
