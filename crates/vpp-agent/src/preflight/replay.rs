//! What is wanted, and a VPP process that does not have it.

use std::{
    sync::{Arc, OnceLock, Weak},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures::{FutureExt, future::BoxFuture};
use ligato_kvs::{StatusFilter, View};
use ligato_vpp_client::Peer;
use ligato_vpp_ctx::Gate;

use super::{Inner, Need, Preflight, Rooms, defect::Warnings};
use crate::conf::PreflightPolicy;

/// Keys of what is configured in VPP.
const VPP: &str = "config/vpp/";

/// Every VPP process passes it before the scheduler may use it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReplayGate(Arc<State>);

#[derive(Debug)]
struct State {
    /// When this agent began.
    begun: SystemTime,
    preflight: OnceLock<Weak<Inner>>,
    warnings: Warnings,
}

// === impl ReplayGate ===

impl ReplayGate {
    /// From now on it asks there. A gate that guards nothing is open.
    pub(crate) fn guard(&self, Preflight(inner): &Preflight) {
        // The first one it is given.
        let _ = self.0.preflight.set(Arc::downgrade(inner));
        let _ = inner.gate.set(self.clone());
    }

    /// What the VPP that is there has been seen to die of.
    pub(super) fn warnings(&self) -> &Warnings {
        &self.0.warnings
    }

    /// Whether a VPP process can have nothing of what this agent wants.
    fn is_fresh(&self, incarnation: u64, rooms: &Rooms) -> bool {
        let begun = self.0.begun.duration_since(UNIX_EPOCH).unwrap_or_default();
        incarnation > 1 || Duration::from_secs(rooms.since) > begun
    }

    fn judge(&self, inner: &Inner, incarnation: u64) -> Option<String> {
        let filter = StatusFilter::Prefix(VPP.to_owned());
        let wanted = inner.scheduler.snapshot().dump(&filter, View::Nb);
        let need = Need::of(wanted.iter().map(|item| (item.key.as_str(), &item.value)));
        self.warnings().tell(&need);
        if !need.is_worth_a_look() {
            return None;
        }
        let rooms = inner.heartbeat.rooms_of_new()?;
        // In one that was there before the agent, what is in use may be what is wanted.
        let room = if self.is_fresh(incarnation, &rooms) { rooms.free } else { rooms.whole };
        inner.judge("what is wanted", wanted.len(), &need.shortfalls(&room))
    }
}

impl Default for State {
    fn default() -> Self {
        Self { begun: SystemTime::now(), preflight: OnceLock::new(), warnings: Warnings::default() }
    }
}

impl Gate for ReplayGate {
    fn objection<'a>(&'a self, peer: &'a Peer) -> BoxFuture<'a, Option<String>> {
        async move {
            self.warnings().meet(peer);
            let inner = self.0.preflight.get()?.upgrade()?;
            if inner.policy == PreflightPolicy::Off {
                return None;
            }
            let (gate, incarnation) = (self.clone(), peer.incarnation);
            // VPP hands out its statistics by a file, and there may be a million values.
            tokio::task::spawn_blocking(move || gate.judge(&inner, incarnation)).await.ok()?
        }
        .boxed()
    }
}
