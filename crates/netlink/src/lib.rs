//! Netlink in any network namespace, with held namespace handles.
//!
//! * [`Namespace`] is an open handle of a network namespace, found by name, path or process.
//! * [`Netlink`] is a route-netlink conversation inside one namespace: links, addresses,
//!   routes, neighbours.
//! * [`Pool`] shares conversations between users and lets go of idle ones, because an open
//!   socket keeps a namespace alive.
//! * [`Watch`] is the stream of what changes: a snapshot first, then events, and a new snapshot
//!   after the kernel dropped some.
//!
//! A socket belongs for ever to the namespace it was opened in. Only opening it needs a thread
//! inside that namespace, so a short-lived thread enters it, opens the socket and ends; no other
//! thread of the process ever leaves its own namespace.
//!
//! ```text
//!   caller ──► Pool::get(reference) ──► Netlink ──requests──► socket task ──► kernel
//!                     │ (miss)                                    ▲
//!                     └──► thread: setns, socket(), end ──────────┘
//! ```

mod address;
mod enter;
mod error;
mod link;
mod link_spec;
mod namespace;
mod neighbour;
mod netlink;
mod offload;
mod pool;
mod route;
mod sysctl;
mod watch;

pub use address::{Address, AddressScope};
pub use enter::run_in;
pub use error::{Error, Op};
pub use link::{InvalidMac, Link, LinkCounters, LinkKind, Mac, OperState};
pub use link_spec::LinkSpec;
pub use namespace::{
    Namespace, NamespaceId, NamespaceRef, create_anonymous, create_named, delete_named, list_named,
};
pub use neighbour::{Neighbour, NeighbourState};
pub use netlink::Netlink;
pub use nix::errno::Errno;
pub use offload::{ChecksumOffload, Offload, checksum_offload, set_rx_checksum, set_tx_checksum};
pub use pool::Pool;
pub use route::{MAIN_TABLE, Route, RouteFilter, RouteProtocol, RouteScope, RouteTarget};
pub use sysctl::{read_sysctl, write_sysctl};
pub use watch::{Event, RouteWatch, Snapshot, Watch, WatchOptions};
