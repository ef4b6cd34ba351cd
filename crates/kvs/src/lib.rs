//! The scheduler: desired values go in, operations in the right order come out, and everything that
//! cannot be done yet waits and is explained.
//!
//! Read it in this order: [`node`] (one value), [`graph`] (all of them and what connects them),
//! [`plan`] (from a difference to ordered steps), [`execute`] (steps under way), [`resync`]
//! (reading back), [`retry`], [`record`] (what was done), [`explain`] (why a value is where it is).
//! The book walks one value through them, with the record of a real transaction.
//! `core` ties them together as a state machine without I/O or clock, `engine` runs it on tokio,
//! and [`Scheduler`] is the handle everybody else holds.

mod bits;
mod catalog;
mod config;
mod core;
mod counts;
mod engine;
mod execute;
mod explain;
mod graph;
mod guard;
mod handle;
mod inbox;
mod keyindex;
mod list;
mod node;
mod plan;
pub mod record;
pub mod recording;
mod resync;
mod retry;
mod snapshot;
mod sparse;
mod stats;
mod subscribe;
mod tree;

pub use config::SchedulerConfig;
pub use handle::{
    DumpError, Scheduler, SchedulerBuilder, Ticket, TimelineEntry, UnregisterMode, WaitError,
};
pub use snapshot::{DumpItem, NodeInfo, Snapshot, StatusFilter, View};
pub use stats::{BOUNDS_US, DescriptorStats, Latency, Stats};
pub use subscribe::{StatusEvent, Subscription};
