//! Whether a VPP process that was not met before is given what is wanted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use ligato_vpp_client::{Connection, Peer};
use tokio::sync::watch;

/// How often a gate with an objection is asked again.
pub(crate) const AGAIN: Duration = Duration::from_secs(2);

/// Asked about each VPP process before anything is sent to it.
pub trait Gate: Send + Sync + 'static {
    /// Why nothing is to be sent to it now, as one clause for users. As long as there is a reason VPP counts as out of
    /// reach, and the question is asked again every two seconds.
    fn objection<'a>(&'a self, peer: &'a Peer) -> BoxFuture<'a, Option<String>>;
}

/// The gate, if there is one, and whom it let through.
pub(crate) struct Gatekeeper {
    gate: Option<Box<dyn Gate>>,
    /// Number of the VPP process that was let through last.
    admitted: AtomicU64,
    objection: watch::Sender<Option<String>>,
}

// === impl Gatekeeper ===

impl Gatekeeper {
    /// Without a gate, everybody passes.
    pub(crate) fn new(gate: Option<Box<dyn Gate>>) -> Self {
        Self { gate, admitted: AtomicU64::new(0), objection: watch::Sender::default() }
    }

    /// Whether the process on the other side of a connection was let through.
    pub(crate) fn is_open(&self, peer: &Peer) -> bool {
        self.gate.is_none() || self.admitted.load(Ordering::Acquire) == peer.incarnation
    }

    /// Asks about the process of a connection, unless it was let through before.
    pub(crate) async fn ask(&self, connection: &Connection) {
        let mut objection = None;
        if let (Some(gate), Some(peer)) = (&self.gate, connection.peer())
            && !self.is_open(peer)
        {
            objection = gate.objection(peer).await;
            if objection.is_none() {
                self.admitted.store(peer.incarnation, Ordering::Release);
            }
        }
        self.objection.send_if_modified(|known| {
            let is_new = *known != objection;
            *known = objection;
            is_new
        });
    }

    /// The objection there is now.
    pub(crate) fn objection(&self) -> watch::Receiver<Option<String>> {
        self.objection.subscribe()
    }
}
