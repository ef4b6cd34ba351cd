//! The parts of the agent as plugins: each wraps a library in the life cycle.

mod agent;
mod file;
mod heartbeat;
mod interface_gauges;
mod interface_states;
mod interfaces;
mod orchestrator;
mod refusal;
mod scheduler;
pub(crate) mod store;
mod telemetry;
pub(crate) mod vpp;
mod vpp_api;
mod vpp_capture;
mod vpp_cli;
mod vpp_info;
mod vpp_quarantine;
mod vpp_traffic;

pub(crate) use agent::AgentPlugin;
pub(crate) use file::FilePlugin;
pub(crate) use heartbeat::Heartbeat;
pub(crate) use interface_gauges::InterfaceGauges;
pub(crate) use interface_states::InterfaceStates;
pub(crate) use interfaces::InterfacesPlugin;
pub(crate) use orchestrator::OrchestratorPlugin;
pub(crate) use scheduler::SchedulerPlugin;
pub(crate) use store::StorePlugin;
pub(crate) use telemetry::{Statistics, TelemetryPlugin};
pub(crate) use vpp::VppPlugin;

/// Names of the plugins, as they appear in health and reports.
pub(crate) mod names {
    /// The connection to VPP.
    pub(crate) const VPP: &str = "govpp";
    /// What VPP counts.
    pub(crate) const TELEMETRY: &str = "telemetry";
    /// The scheduler.
    pub(crate) const SCHEDULER: &str = "kvscheduler";
    /// The merge of what is desired.
    pub(crate) const ORCHESTRATOR: &str = "orchestrator";
    /// The whole: in order once the first configuration was applied.
    pub(crate) const AGENT: &str = "VPPAgent";
    /// What happens to interfaces.
    pub(crate) const INTERFACES: &str = "interfaces";
    /// The initial configuration file.
    pub(crate) const FILE: &str = "initfileregistry";
    /// etcd.
    pub(crate) const ETCD: &str = "etcd";
    /// The embedded store.
    pub(crate) const REDB: &str = "redb";
}
