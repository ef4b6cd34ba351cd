//! The base every agent stands on: plugin life cycle, typed configuration, service label, logging, health,
//! metrics, tracked tasks, and time as a dependency.
//!
//! Nothing here is global except the log subscriber a program installs once, and nothing here ends the
//! process: an agent is a value, and several of them live happily in one test.

pub mod agent;
mod backoff;
pub mod clock;
pub mod config;
pub mod health;
mod label;
pub mod logging;
mod metrics;
pub mod processors;
mod shutdown;
mod task;

pub use backoff::Backoff;
pub use label::{AGENTS_PREFIX, DEFAULT_LABEL, LabelError, ServiceLabel};
pub use metrics::{METRICS_CONTENT_TYPE, Metrics, MetricsPart};
pub use shutdown::{Shutdown, StopReason, on_signals};
pub use task::{OnFailure, TaskFailure, TaskState, Tasks, Unfinished};

/// The JSON values in which configuration is shown.
pub use serde_json as json;

/// An error of a plugin, whatever its type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The text of an error followed by those of its sources, separated by colons.
pub fn error_chain(error: &(dyn std::error::Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
