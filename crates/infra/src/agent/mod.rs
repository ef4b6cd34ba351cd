//! The life of an agent: its plugins are constructed with what they need, sorted by what they use, initialised,
//! started, and closed in reverse. A failed start is rolled back and names the plugin and the phase.
//!
//! Initialising and starting are two phases with two types: [`Registrar`] exists only while plugins are
//! initialised, and [`Started`] hands the registrations to the servers once all are complete. Registering
//! too late cannot be written.

mod order;
mod plugin;
mod report;
mod runner;
mod stop;

#[cfg(test)]
mod tests;

pub use order::OrderError;
pub use plugin::{Budgets, Plugin, PluginContext, Registrar, Started};
pub use report::{PluginTiming, StartReport};
pub use runner::{Agent, AgentBuilder, Ended, Phase, RunningAgent, StartError, StartFailure};
pub use stop::{CloseOutcome, PluginStop, StopReport};
