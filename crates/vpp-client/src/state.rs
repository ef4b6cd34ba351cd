//! The state of the connection as the rest of the agent sees it.

use std::sync::Arc;

use ligato_vpp_api::Message;

use crate::error::LostReason;
use crate::table::{MessageTable, Unavailable};
use crate::wire;

/// State of the connection; published by [`VppClient::state`](crate::VppClient::state).
#[derive(Debug, Clone)]
pub enum Connection {
    /// Not connected; attempts go on for ever.
    Disconnected {
        /// Why.
        reason: LostReason,
        /// Attempts that failed since the last connection.
        attempts: u32,
    },
    /// Connected, and VPP has introduced itself.
    Connected(Arc<Peer>),
}

impl Connection {
    /// The VPP on the other side, if there is one.
    pub fn peer(&self) -> Option<&Arc<Peer>> {
        match self {
            Self::Connected(peer) => Some(peer),
            Self::Disconnected { .. } => None,
        }
    }
}

/// What was learnt about VPP at connect; never changes while connected.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Counts the connections of this client, from 1.
    pub connection: u64,
    /// Counts the VPP processes this client has met, from 1: a new number means that VPP restarted and lost its state.
    pub incarnation: u64,
    /// Changes, from 1, when the release, the messages or the number of workers differ from those of the connection before.
    pub abilities: u64,
    /// Tells the VPP process from others, also for another client or a later one.
    pub process: String,
    /// Process id VPP reports for itself (in its own PID namespace).
    pub pid: u32,
    /// Index of this client in VPP, to be sent in requests.
    pub client_index: u32,
    /// Release text, such as `26.06-release`.
    pub version: String,
    /// Program name, normally `vpe`.
    pub program: String,
    /// When it was built.
    pub build_date: String,
    /// Where it was built.
    pub build_directory: String,
    /// Its worker threads, which are numbered from 0; `None` if it does not tell.
    pub workers: Option<u32>,
    /// The messages this VPP has.
    pub messages: Arc<MessageTable>,
}

/// Year and month of a release such as `26.06-release`; `None` if the text tells none.
pub fn release_number(version: &str) -> Option<(u8, u8)> {
    let (year, rest) = version.split_once('.')?;
    Some((year.trim_start_matches('v').parse().ok()?, rest.get(..2)?.parse().ok()?))
}

impl Peer {
    /// Whether this VPP is older than a release, given as year and month. Only for what its messages do not tell; one whose
    /// release is not known counts as new.
    pub fn is_before(&self, release: (u8, u8)) -> bool {
        release_number(&self.version).is_some_and(|known| known < release)
    }

    /// Whether this VPP has the message in the layout of `M`.
    pub fn supports<M: Message>(&self) -> bool {
        wire::supports::<M>(&self.messages)
    }

    /// Why this VPP does not have `M`; `None` if it has.
    pub fn unavailable<M: Message>(&self) -> Option<Unavailable> {
        wire::resolve::<M>(&self.messages).err()
    }
}
