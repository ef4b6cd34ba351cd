//! What releases of VPP have been seen to die of, other than a lack of memory.

use std::sync::{Mutex, PoisonError};

use ligato_vpp_client::{Peer, release_number};

use super::Need;

/// The release that has died in its IPv4 lookup while a routing daemon added thousands of routes under traffic.
const DIES_OF_ROUTES: (u8, u8) = (25, 10);
/// Fewer routes than this are not spoken of.
const MANY_ROUTES: u64 = 1000;

/// The VPP process met last, and whether it was warned of.
#[derive(Debug, Default)]
pub(super) struct Warnings(Mutex<Option<Met>>);

#[derive(Debug)]
struct Met {
    incarnation: u64,
    release: Option<(u8, u8)>,
    is_warned_of: bool,
}

// === impl Warnings ===

impl Warnings {
    /// A VPP process is there.
    pub(super) fn meet(&self, peer: &Peer) {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let incarnation = peer.incarnation;
        if met.as_ref().is_none_or(|met| met.incarnation != incarnation) {
            let release = release_number(&peer.version);
            *met = Some(Met { incarnation, release, is_warned_of: false });
        }
    }

    /// Warns in the log of what this VPP has been seen to die of, once for each VPP process.
    pub(super) fn tell(&self, need: &Need) {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(met) = met.as_mut().filter(|met| !met.is_warned_of) else { return };
        if let Some(text) = met.release.and_then(|release| defect(release, need)) {
            met.is_warned_of = true;
            tracing::warn!(routes = need.routes(), "{text}");
        }
    }
}

/// What a release has been seen to die of, if so much is to be added.
fn defect(release: (u8, u8), need: &Need) -> Option<String> {
    let dies = release == DIES_OF_ROUTES && need.routes() >= MANY_ROUTES;
    dies.then(|| {
        "VPP 25.10 has been seen to die in `ip4-lookup` while thousands of routes are added under traffic (issue 3692 of \
         FDio/vpp): a smaller `time-share` in govpp.conf spreads them"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_many_routes_and_only_one_release_are_spoken_of() {
        let key = "config/vpp/v2/route/vrf/0/dst/10.0.0.0/8/gw/10.0.0.1";
        let routes = |count| Need::of_many(key, count);
        assert!(defect((25, 10), &routes(1000)).is_some());
        assert_eq!(defect((25, 10), &routes(999)), None);
        for release in [(25, 6), (26, 2), (26, 6)] {
            assert_eq!(defect(release, &routes(100_000)), None, "{release:?}");
        }
        let others = Need::of_many("config/vpp/v2/interfaces/a", 5000);
        assert_eq!(defect((25, 10), &others), None);
    }
}
