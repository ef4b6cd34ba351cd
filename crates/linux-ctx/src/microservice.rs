//! Microservices: containers that the agent serves, told by a label in their environment.

use futures::stream::BoxStream;

/// The environment variable whose value is the label.
pub(crate) const LABEL_VARIABLE: &str = "MICROSERVICE_LABEL";

/// A running container with a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Microservice {
    /// Its label.
    pub label: String,
    /// A process in it, as seen from the agent.
    pub pid: u32,
    /// When the process started, in clock ticks since boot (field 22 of `/proc/PID/stat`). Tells
    /// a process from a later one with the same number; absent if the source does not know.
    pub started: Option<u64>,
}

/// A source that does not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SourceError {
    /// What happened, for the log.
    pub reason: String,
}

/// Tells which containers run.
pub trait MicroserviceSource: Send + Sync + 'static {
    /// For logs, e.g. `processes`.
    fn name(&self) -> &'static str;

    /// The complete list now, and again after every change. After an error, or at its end, the
    /// stream is asked for again, with growing pauses; what was known stays known meanwhile.
    fn lists(&self) -> BoxStream<'static, Result<Vec<Microservice>, SourceError>>;
}
