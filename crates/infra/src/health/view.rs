//! The immutable picture of an agent's health at one moment.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use super::{BuildFacts, Criticality, HealthState, InterfaceStatus, Records};

/// The health of the agent and of each plugin at one moment.
#[derive(Clone, Debug)]
pub struct HealthView {
    /// The agent as a whole.
    pub state: HealthState,
    /// When that state was entered.
    pub last_change: SystemTime,
    /// When the agent was started.
    pub start_time: SystemTime,
    /// What program it is.
    pub build: BuildFacts,
    /// By plugin name.
    pub plugins: BTreeMap<Arc<str>, PluginHealth>,
    /// By VPP's name of the interface.
    pub interfaces: BTreeMap<String, InterfaceStatus>,
}

/// The health of one plugin.
#[derive(Clone, Debug)]
pub struct PluginHealth {
    /// What its trouble means for the agent.
    pub criticality: Criticality,
    /// When its state was entered.
    pub last_change: SystemTime,
    /// When it last reported.
    pub last_update: SystemTime,
    pub(super) reported: HealthState,
    pub(super) reason: Option<String>,
    pub(super) faults: BTreeMap<String, (HealthState, String)>,
    /// True once the state was another one than at registration.
    pub(super) changed: bool,
}

// === impl HealthView ===

impl HealthView {
    pub(super) fn starting(build: BuildFacts, now: SystemTime) -> Self {
        Self {
            state: HealthState::Init,
            last_change: now,
            start_time: now,
            build,
            plugins: BTreeMap::new(),
            interfaces: BTreeMap::new(),
        }
    }

    /// True when the agent should receive work.
    pub fn is_ready(&self) -> bool {
        matches!(self.state, HealthState::Ok | HealthState::Degraded)
    }

    /// True when starting the agent anew would not help.
    pub fn is_live(&self) -> bool {
        self.state != HealthState::Error
    }

    pub(super) fn next(&self, records: &Records, now: SystemTime) -> Self {
        let state = aggregate(records.plugins.values());
        Self {
            state,
            last_change: if state == self.state { self.last_change } else { now },
            start_time: self.start_time,
            build: self.build.clone(),
            plugins: records.plugins.clone(),
            interfaces: records.interfaces.clone(),
        }
    }
}

/// By severity: an error of a fatal plugin hides everything else, then a start that is not finished.
fn aggregate<'a>(plugins: impl Iterator<Item = &'a PluginHealth> + Clone) -> HealthState {
    let fatal = plugins.clone().filter(|p| p.criticality == Criticality::Fatal);
    let counted = plugins.filter(|p| p.criticality != Criticality::Ignored);
    let worst = |state| move |plugin: &'a PluginHealth| plugin.state() == state;
    if fatal.clone().any(worst(HealthState::Error)) {
        HealthState::Error
    } else if fatal.clone().any(worst(HealthState::Init)) {
        HealthState::Init
    } else if counted.clone().any(|plugin| plugin.state() != HealthState::Ok) {
        HealthState::Degraded
    } else {
        HealthState::Ok
    }
}

// === impl PluginHealth ===

impl PluginHealth {
    pub(super) fn starting(criticality: Criticality, now: SystemTime) -> Self {
        Self {
            criticality,
            last_change: now,
            last_update: now,
            reported: HealthState::Init,
            reason: None,
            faults: BTreeMap::new(),
            changed: false,
        }
    }

    /// The state: what the plugin reports, made worse by the faults of its tasks.
    pub fn state(&self) -> HealthState {
        let faults = self.faults.values().map(|(state, _)| *state);
        if self.reported == HealthState::Error || faults.clone().any(|s| s == HealthState::Error) {
            HealthState::Error
        } else if self.reported == HealthState::Ok && faults.count() > 0 {
            HealthState::Degraded
        } else {
            self.reported
        }
    }

    /// What is wrong, in words; `None` when nothing is.
    pub fn reason(&self) -> Option<String> {
        let faults = self.faults.iter().map(|(task, (_, reason))| format!("task {task}: {reason}"));
        let all: Vec<String> = self.reason.iter().cloned().chain(faults).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
