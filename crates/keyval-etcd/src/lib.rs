//! etcd as a key-value store.
//!
//! ```text
//!  EtcdStore (handle, exists from the beginning)
//!    ├─ link      connects in the background, probes, tells the state
//!    ├─ session   one lease: kept alive, replaced when lost, bound keys written again
//!    └─ one supervisor per watch: opens it, opens it again after every end
//! ```
//!
//! The client library re-creates neither watches nor leases and does not notice a silent dead
//! connection. So every watch has a supervisor that marks each gap, which makes the consumer read a
//! new snapshot at a revision after the new watch began; the lease has one that replaces it and
//! writes the bound keys again; and HTTP/2 keep-alive pings find dead connections.
#![warn(missing_docs)]

mod config;
mod fault;
mod link;
mod range;
mod retry;
mod session;
mod store;
mod supervisor;

// Tests in here need a server too.
#[cfg(test)]
extern crate self as ligato_keyval_etcd;
#[cfg(test)]
#[expect(dead_code, reason = "shared with the tests outside, which use all")]
#[path = "../tests/etcd/server.rs"]
mod server;

pub use config::{ConfigError, EtcdConfig, Password, Transport};
pub use store::EtcdStore;
