//! The whole agent under test: its processes, namespaces, stores, and a simulated or a real VPP.
//!
//! Everything here drives the programs as a user does: by configuration files, `agentctl`, a store,
//! and signals. What VPP and the kernel hold is read by another path than the one that wrote it
//! ([`dump`]).
//!
//! ```text
//!   World ── Sandbox (network and mount namespace of its own, when root)
//!     ├── Vpp    vpp-sim or a real vpp, on a socket in the world's folder
//!     ├── Etcd   Debian's etcd on the sandbox's loopback
//!     └── Agent  vpp-agent with a configuration folder; `ctl` runs agentctl against it
//! ```

pub mod dump;
pub mod script;

mod agent;
mod binaries;
mod child;
mod etcd;
mod microservice;
mod sandbox;
mod vpp;
mod world;

pub use agent::{Agent, AgentOptions, Reply};
pub use binaries::{binary, find_on_path};
pub use child::{Child, wait_until};
pub use etcd::Etcd;
pub use microservice::Microservice;
pub use sandbox::Sandbox;
pub use vpp::{Memory, Vpp, VppKind};
pub use world::{Stores, World};

/// Prints why a test does not run. A skipped test is not a passed one: it must be seen.
///
/// # Panics
///
/// With `E2E_MUST_RUN` in the environment: whoever sets it has provided what the tests need.
#[expect(clippy::print_stderr, reason = "tests report through their standard error")]
pub fn skipped(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
    assert!(std::env::var_os("E2E_MUST_RUN").is_none(), "{test} was to run, but: {why}");
}
