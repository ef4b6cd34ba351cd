//! The REST northbound: configuration, scheduler, health, metrics, loggers.
//!
//! [`RestPlugin`] is the HTTP server of an agent. Its own routes are made of handles given to it; other plugins add
//! theirs by offering an [`axum::Router`] while they are initialised. It listens on the loopback address unless
//! told otherwise.

mod answer;
mod conf;
mod configuration;
mod dump;
mod health;
mod http;
mod info;
mod log;
mod metrics;
mod plugin;
mod query;
mod scheduler;
mod schema;
mod time;

#[cfg(test)]
mod tests;

pub use answer::Json;
pub use conf::{DEFAULT_ENDPOINT, HttpConf, RateLimiterConf, UserConf};
pub use configuration::{Configuration, Mode, PushError, SharedConfiguration};
pub use http::{AccessError, NoRandom, TlsError, UserError};
pub use info::VersionInfo;
pub use metrics::ModelMetrics;
pub use plugin::{RestError, RestHandles, RestPlugin};
