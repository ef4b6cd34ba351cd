//! What Linux kinds share: netlink, namespaces, name index.
//!
//! * [`LinuxCtx`] is the southbound `linux`: a pool of netlink conversations, the index of the
//!   interfaces that exist, the microservices that run, and the watch over the host's links.
//! * [`NetNs`] is a namespace as a configuration names it.
//! * [`alias`] is the mark by which the agent recognises its own interfaces.
//! * [`keys`] are the keys of derived values and notifications.
//! * [`MicroserviceSource`] tells which containers run; [`ProcSource`] finds them in `/proc`.
//! * [`VppTaps`] and [`Allocations`] are what other plugins know and Linux kinds need.
//!
//! ```text
//!  kinds ──► LinuxCtx ──► Pool ──► kernel
//!               │ watch
//!               ├── host watcher:   links, addresses ──┐
//!               └── tracker:        microservices ─────┴──► NotificationSink
//! ```

pub mod alias;
mod alloc;
mod ctx;
mod error;
mod host_state;
mod host_watch;
mod index;
pub mod keys;
mod microservice;
mod netns;
mod proc_source;
mod taps;
mod tracker;

pub use alloc::{AllocRef, AllocRefError, Allocated, Allocations, NoAllocations, RefRule};
pub use ctx::{LinuxCtx, LinuxCtxBuilder, LinuxFacts, TapSupport};
pub use error::CtxError;
pub use host_state::HostState;
pub use host_watch::{LinkChange, LinkEvent};
pub use index::{BY_HOST_NAME, BY_VPP_TAP, InterfaceMeta};
pub use microservice::{Microservice, MicroserviceSource, SourceError};
pub use netns::{NetNs, NetNsError};
pub use proc_source::ProcSource;
pub use taps::{NoVppTaps, VppTaps};
