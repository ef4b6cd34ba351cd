//! Health: what each plugin reports, and what follows from it for the agent as a whole.
//!
//! A plugin has the state it reports, made worse by the faults of its tasks. The agent is in error when a
//! fatal plugin is, still starting when a fatal plugin is, degraded when anything else is not well, else
//! fine. Readers take an immutable [`HealthView`]; nobody waits for a reader.

mod interfaces;
mod probe;
mod view;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::clock::SharedClock;

pub use interfaces::InterfaceStatus;
pub use probe::{AgentStatus, InterfaceStats, PluginStatus, ProbeBody, ProbeKind};
pub use view::{HealthView, PluginHealth};

/// How well something is, from best to worst apart from `Init`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HealthState {
    /// Starting; not usable yet.
    Init,
    /// All is well.
    Ok,
    /// Usable, with something not as it should be.
    Degraded,
    /// Not usable.
    Error,
}

/// What a plugin's trouble means for the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Criticality {
    /// The agent is not ready without it.
    Fatal,
    /// The agent is degraded without it.
    Degrading,
    /// The agent's state does not depend on it.
    Ignored,
}

/// Facts about the program, shown in every status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildFacts {
    /// Version of the program.
    pub version: String,
    /// When it was built, as text.
    pub date: String,
    /// The commit it was built from, shortened.
    pub commit: String,
}

/// The health of one agent. Clones share their state.
#[derive(Clone, Debug)]
pub struct Health {
    shared: Arc<Shared>,
}

/// What a plugin reports its state with. Clones report for the same plugin.
#[derive(Clone, Debug)]
pub struct HealthReporter {
    shared: Arc<Shared>,
    plugin: Arc<str>,
}

#[derive(Debug)]
struct Shared {
    clock: SharedClock,
    records: Mutex<Records>,
    view: watch::Sender<Arc<HealthView>>,
}

#[derive(Debug, Default)]
struct Records {
    plugins: BTreeMap<Arc<str>, PluginHealth>,
    interfaces: BTreeMap<String, InterfaceStatus>,
}

// === impl HealthState ===

impl HealthState {
    /// The number of the state in Ligato's status messages, which know no degraded state.
    pub fn number(self) -> u8 {
        match self {
            Self::Init => 0,
            Self::Ok | Self::Degraded => 1,
            Self::Error => 2,
        }
    }

    /// The state in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Error => "error",
        }
    }
}

// === impl Health ===

impl Health {
    /// No plugins yet.
    pub fn new(build: BuildFacts, clock: SharedClock) -> Self {
        let now = clock.now();
        let view = Arc::new(HealthView::starting(build, now));
        let shared = Shared { clock, records: Mutex::default(), view: watch::Sender::new(view) };
        Self { shared: Arc::new(shared) }
    }

    /// Registers a plugin, in state `Init`. Registering a name again keeps its state.
    pub fn register(&self, plugin: &str, criticality: Criticality) -> HealthReporter {
        let name: Arc<str> = plugin.into();
        self.shared.change(|records, now| {
            records
                .plugins
                .entry(Arc::clone(&name))
                .and_modify(|plugin| plugin.criticality = criticality)
                .or_insert_with(|| PluginHealth::starting(criticality, now));
        });
        HealthReporter { shared: Arc::clone(&self.shared), plugin: name }
    }

    /// The present state.
    pub fn view(&self) -> Arc<HealthView> {
        Arc::clone(&self.shared.view.borrow())
    }

    /// Follows the state: the receiver holds the newest view and is woken on every change.
    pub fn watch(&self) -> watch::Receiver<Arc<HealthView>> {
        self.shared.view.subscribe()
    }

    /// Records the status of an interface, replacing what was known of it.
    pub fn set_interface(&self, status: InterfaceStatus) {
        self.shared.change(|records, _| {
            records.interfaces.insert(status.internal_name.clone(), status);
        });
    }

    /// Forgets an interface that is gone.
    pub fn remove_interface(&self, internal_name: &str) {
        self.shared.change(|records, _| {
            records.interfaces.remove(internal_name);
        });
    }

    /// What a probe answers at this moment.
    pub fn probe(&self, kind: ProbeKind) -> ProbeBody {
        ProbeBody::new(kind, &self.view(), self.shared.clock.now())
    }
}

// === impl HealthReporter ===

impl HealthReporter {
    /// The plugin is starting.
    pub fn init(&self) {
        self.report(HealthState::Init, None);
    }

    /// The plugin is well.
    pub fn ok(&self) {
        self.report(HealthState::Ok, None);
    }

    /// The plugin works, but not as it should.
    pub fn degraded(&self, reason: impl Into<String>) {
        self.report(HealthState::Degraded, Some(reason.into()));
    }

    /// The plugin does not work.
    pub fn error(&self, reason: impl Into<String>) {
        self.report(HealthState::Error, Some(reason.into()));
    }

    /// A task of the plugin is not running; `state` says how bad that is.
    pub(crate) fn task_fault(&self, task: &str, state: HealthState, reason: String) {
        self.change(|plugin| {
            plugin.faults.insert(task.to_owned(), (state, reason));
        });
    }

    /// A task of the plugin runs again.
    pub(crate) fn task_recovered(&self, task: &str) {
        self.change(|plugin| {
            plugin.faults.remove(task);
        });
    }

    fn report(&self, state: HealthState, reason: Option<String>) {
        self.change(|plugin| {
            plugin.reported = state;
            plugin.reason = reason;
        });
    }

    fn change(&self, change: impl FnOnce(&mut PluginHealth)) {
        self.shared.change(|records, now| {
            let Some(plugin) = records.plugins.get_mut(&self.plugin) else { return };
            let before = plugin.state();
            change(plugin);
            plugin.last_update = now;
            if plugin.state() != before {
                plugin.last_change = now;
                plugin.changed = true;
            }
        });
    }
}

// === impl Shared ===

impl Shared {
    fn change(&self, change: impl FnOnce(&mut Records, std::time::SystemTime)) {
        let now = self.clock.now();
        let mut records = self.lock();
        change(&mut records, now);
        // Sent under the lock, so that views are published in the order of the changes.
        self.view.send_modify(|view| *view = Arc::new(view.next(&records, now)));
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
