//! What the VPP kinds share: the client, the facts of the connection, the indexes of names, and the errors.
//!
//! [`VppCtx`] is the southbound of every VPP kind. A kind sends with [`VppCtx::request`] and [`VppCtx::dump`], whose
//! errors already say what the scheduler has to do, and looks other kinds' objects up by name in the indexes; it never
//! keeps anything itself.

pub mod address;
pub mod capability;
mod ctx;
mod facts;
mod gate;
mod names;
mod op;
mod quarantine;
mod remembered;
mod watch;

pub use ctx::VppCtx;
pub use facts::{Facts, Settings};
pub use gate::Gate;
pub use names::{BridgeDomainMeta, InterfaceMeta, LinuxNames, MemifSockets};
pub use op::{op_error, unsupported};
pub use quarantine::{Quarantine, Suspicion};
pub use remembered::{ProxyRange, Remembered, Table};
pub use watch::Watcher;
