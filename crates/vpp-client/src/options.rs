//! How the client connects and what it bounds.

use std::path::PathBuf;
use std::time::Duration;

/// Settings of a [`VppClient`](crate::VppClient).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Path of VPP's API socket.
    pub socket: PathBuf,
    /// Name shown by VPP's `show api clients`; 63 bytes are used.
    pub client_name: String,
    /// Longest wait for a reply, and for the next message of a dump.
    pub reply_timeout: Duration,
    /// Longest wait for the socket and the handshake.
    pub connect_timeout: Duration,
    /// First pause after a failed attempt; doubles with each further one.
    pub retry_first: Duration,
    /// Longest pause between attempts.
    pub retry_cap: Duration,
    /// Requests that may wait for a reply at once; further ones wait their turn.
    pub window: usize,
    /// Share of the time of VPP's main thread that requests may take when they come without a break, in percent.
    pub time_share: u8,
    /// A connection on which nothing arrives for this long is probed with a ping.
    pub probe_after: Duration,
    /// A probe that is not answered within this time makes VPP count as silent.
    pub answer_within: Duration,
    /// A VPP that answers no probe for this long is given up, even if its process lives and is only busy. Zero: never.
    pub give_up_after: Duration,
    /// The same for one whose main loop goes around meanwhile: it will not answer any more.
    pub deaf_after: Duration,
    /// Longest message accepted from VPP, in bytes.
    pub max_message: usize,
    /// Most bytes of one dump that are kept for a reader that is behind.
    pub max_dump: usize,
    /// Most bytes waiting to be written while VPP does not read.
    pub max_unsent: usize,
    /// Notifications kept per subscription for a reader that is behind.
    pub event_queue: usize,
}

impl Options {
    /// Defaults for a socket path.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into(), ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            socket: PathBuf::from("/run/vpp/api.sock"),
            client_name: "ligato".to_owned(),
            reply_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(30),
            retry_first: Duration::from_millis(20),
            retry_cap: Duration::from_secs(2),
            window: 4096,
            time_share: 100,
            probe_after: Duration::from_secs(1),
            answer_within: Duration::from_millis(250),
            give_up_after: Duration::from_secs(300),
            deaf_after: Duration::from_secs(30),
            max_message: 16 << 20,
            max_dump: 1 << 30,
            max_unsent: 64 << 20,
            event_queue: 4096,
        }
    }
}
