//! The kinds of interfaces over the real socket protocol: against the simulated VPP, and against a real one where there
//! is one.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a failure is the answer, and one that is skipped says so"
)]

mod bench;
mod dhcp;
mod field_rows;
mod fields;
mod guards;
mod link_state;
mod on_sim;
mod on_vpp;
mod samples;
mod tunnels;
mod watch;
