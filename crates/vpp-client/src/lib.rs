//! Client of the VPP binary API socket.
//!
//! One [`VppClient`] serves a whole agent. It connects in the background and again after every loss, for ever; requests
//! of any number of tasks go down one connection in the order in which they are sent, thousands of them before the
//! first reply is back.
//!
//! ```text
//!  VppClient ──request/send/dump──▶ link: output buffer + slots (one lock, no await)
//!                                    │ take all          ▲ by context
//!                                    ▼                   │
//!                                  writer task       reader task ──events──▶ EventStream
//!                                    └──── API socket ───┘
//!  supervisor task: connect, handshake, introduction, deadlines and liveness, back-off ──▶ state()
//! ```
//!
//! * A reply finds its request by the context; nothing is spawned or allocated per request beyond its slot.
//! * Every request has a deadline. After [`VppError::Timeout`] and [`VppError::ConnectionLost`] it is unknown whether
//!   VPP executed it; after every other error it is known that it did not, or refused.
//! * "Slow" is not "dead": a busy VPP is waited for, one that died is noticed at once, and [`Liveness`] says which it is.
//! * Bytes from VPP are never trusted: a frame that cannot be ends the connection with a [`LostReason`].

mod backoff;
mod call;
mod capture;
mod client;
mod dump;
mod error;
mod events;
mod frame;
mod handshake;
mod identity;
mod link;
mod liveness;
mod options;
mod pace;
mod reader;
mod session;
mod slots;
mod state;
mod supervisor;
mod table;
mod traffic;
#[doc(hidden)]
pub mod untrusted;
mod wire;
mod writer;

pub use call::PendingReply;
pub use capture::CaptureStatus;
pub use client::VppClient;
pub use dump::DumpStream;
pub use error::{LostReason, VppError};
pub use events::{EventStream, Notice};
pub use frame::FrameError;
pub use handshake::HandshakeError;
pub use liveness::{Liveness, Pulse, Sign};
pub use options::Options;
pub use session::{Answer, Session, SessionError};
pub use state::{Connection, Peer, release_number};
pub use table::{MessageTable, Unavailable};
pub use traffic::{Answers, MessageTraffic, TOOK_BOUNDS, Traffic};
