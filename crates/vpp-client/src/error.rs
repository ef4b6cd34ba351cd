//! What can go wrong between a request and its reply.

use std::sync::Arc;
use std::time::Duration;

use ligato_vpp_api::DecodeError;

use crate::frame::FrameError;
use crate::handshake::HandshakeError;
use crate::table::Unavailable;

/// Outcome of a request that did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum VppError {
    /// There is no connection; nothing was sent.
    #[error("not connected to VPP")]
    NotConnected {
        /// Why there is none.
        #[source]
        reason: LostReason,
    },
    /// The connection broke after the request may have reached VPP: whether it was executed is unknown.
    #[error("connection to VPP lost before the reply to {message}")]
    ConnectionLost {
        /// Name of the request.
        message: &'static str,
        /// Why it was lost.
        #[source]
        reason: LostReason,
    },
    /// No reply in time: whether the request was or will be executed is unknown.
    #[error("no reply to {message} within {after:?}")]
    Timeout {
        /// Name of the request.
        message: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// VPP executed the request and refused it.
    #[error("{message} failed with {name} ({code})")]
    Retval {
        /// Name of the request.
        message: &'static str,
        /// VPP's `retval`, never 0.
        code: i32,
        /// Its name in VPP's `vnet/error.h`, without the prefix; `UNKNOWN` for a code that is not listed there.
        name: &'static str,
    },
    /// This VPP cannot do it; nothing was sent.
    #[error("{message} is not available")]
    Unavailable {
        /// Name of the message.
        message: &'static str,
        /// What this VPP has instead.
        #[source]
        reason: Unavailable,
    },
    /// The reply has another form than its definition.
    #[error("the reply to {message} cannot be decoded")]
    Decode {
        /// Name of the request.
        message: &'static str,
        /// Where it ends or what is wrong.
        #[source]
        source: DecodeError,
    },
    /// Too much is waiting already; nothing was sent.
    #[error("{waiting} requests or bytes are waiting already, {message} was not sent")]
    Backlog {
        /// Name of the request.
        message: &'static str,
        /// What was counted against the limit.
        waiting: usize,
    },
    /// A dump larger than the limit of the options.
    #[error("the answer to {message} exceeds {limit} bytes")]
    TooLarge {
        /// Name of the request.
        message: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
}

impl VppError {
    /// The error of a `retval` other than 0.
    pub(crate) fn refused(message: &'static str, code: i32) -> Self {
        let name = ligato_vpp_api::VppError(code).name().unwrap_or("UNKNOWN");
        Self::Retval { message, code, name }
    }

    /// The code VPP answered, if it did.
    pub fn retval(&self) -> Option<i32> {
        match self {
            Self::Retval { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the request may have been executed although there is no reply.
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, Self::ConnectionLost { .. } | Self::Timeout { .. } | Self::Decode { .. })
    }
}

/// Why there is no connection.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LostReason {
    /// The first attempt is still under way.
    #[error("no attempt has ended yet")]
    NotYet,
    /// The socket cannot be reached.
    #[error("cannot connect to the API socket")]
    Connect(#[source] Arc<std::io::Error>),
    /// The first exchange failed.
    #[error("the handshake failed")]
    Handshake(#[source] HandshakeError),
    /// What the agent asks every VPP at first was not answered.
    #[error("VPP did not introduce itself")]
    Introduction(#[source] Box<VppError>),
    /// VPP closed the socket: it ended, or gave up on us.
    #[error("VPP closed the connection")]
    PeerClosed,
    /// Reading or writing failed.
    #[error("the API socket failed")]
    Io(#[source] Arc<std::io::Error>),
    /// VPP sent something that is not the protocol.
    #[error("VPP sent a bad frame")]
    Frame(#[source] FrameError),
    /// A reply does not belong to its request.
    #[error("message {got} came as the answer to a request that expects {expected}")]
    WrongReply {
        /// Number of the message that came.
        got: u16,
        /// Number of the message expected for this context.
        expected: u16,
    },
    /// Nothing was heard although VPP was asked.
    #[error("nothing heard from VPP for {silence:?}")]
    NotResponding {
        /// How long nothing was received.
        silence: Duration,
    },
    /// The process behind the socket has ended.
    #[error("the VPP process {pid} is gone")]
    ProcessGone {
        /// Its process id.
        pid: i32,
    },
    /// There is another VPP process by now than the one that was meant.
    #[error("VPP has restarted meanwhile")]
    OtherIncarnation,
    /// The client was dropped or closed.
    #[error("the client is closed")]
    Closed,
}

impl LostReason {
    /// Whether VPP still reads what is sent to it.
    pub(crate) fn leaves_vpp_listening(&self) -> bool {
        match self {
            Self::Introduction(_) | Self::Frame(_) | Self::WrongReply { .. } | Self::Closed => true,
            Self::NotYet
            | Self::Connect(_)
            | Self::Handshake(_)
            | Self::PeerClosed
            | Self::Io(_)
            | Self::NotResponding { .. }
            | Self::ProcessGone { .. }
            | Self::OtherIncarnation => false,
        }
    }
}

impl From<std::io::Error> for LostReason {
    fn from(error: std::io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}
