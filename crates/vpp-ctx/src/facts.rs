//! What the pure half of a kind may know about the VPP it is for.

use std::sync::Arc;

use ligato_kvs_api::OpError;
use ligato_vpp_api::Message;
use ligato_vpp_client::Peer;

use crate::op::unsupported;

/// Facts of the present connection; they do not change while it lasts.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The VPP connected to; `None` before the first connection.
    pub peer: Option<Arc<Peer>>,
    /// How this agent was set up.
    pub settings: Settings,
}

/// Settings of the agent that the kinds have to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// MTU of interfaces that set none; 0 leaves VPP's own.
    pub default_mtu: u32,
    /// Whether this agent manages interfaces of Linux too: then VPP's wait for theirs.
    pub linux_interfaces: bool,
}

impl Facts {
    /// Whether VPP has the message in the layout of `M`. `true` before the first connection, when nothing is known.
    pub fn supports<M: Message>(&self) -> bool {
        self.peer.as_ref().is_none_or(|peer| peer.supports::<M>())
    }

    /// Whether VPP is older than a release, given as year and month, such as `(22, 6)`. `false` before the first connection.
    pub fn is_before(&self, release: (u8, u8)) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.is_before(release))
    }

    /// Worker threads of VPP, which are numbered from 0; `None` before the first connection, or if it does not tell.
    pub fn workers(&self) -> Option<u32> {
        self.peer.as_ref()?.workers
    }

    /// Complains if VPP does not have the message.
    ///
    /// # Errors
    /// [`OpError::Unsupported`] names the message and says why it is not there.
    pub fn require<M: Message>(&self) -> Result<(), OpError> {
        match self.peer.as_ref().and_then(|peer| peer.unavailable::<M>()) {
            None => Ok(()),
            Some(reason) => Err(unsupported(M::NAME, &reason)),
        }
    }
}
