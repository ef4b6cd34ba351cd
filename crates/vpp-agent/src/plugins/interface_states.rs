//! The state of the interfaces this agent knows in VPP, with their counters, for stores that publish it under
//! `vpp/status/v2/interface/NAME`.
//!
//! It is read from VPP as a whole: soon after VPP tells of a change, and every few seconds for the counters. Without a
//! VPP there is no state.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::FutureExt;
use ligato_idxmap::{IdxMap, IdxReader};
use ligato_infra::{BoxError, clock::SharedClock};
use ligato_proto::vpp::interfaces::{
    InterfaceState,
    interface_state::{Duplex, Statistics as Counters, Status},
};
use ligato_vpp_api::{
    msg::interface::{SwInterfaceDetails, SwInterfaceDump, SwInterfaceEvent},
    types::{IfStatusFlags, InterfaceIndex},
};
use ligato_vpp_ctx::VppCtx;
use ligato_vpp_stats::{InterfaceCounters, Pass};

use super::{Statistics, interfaces::seconds};

/// How often counters are read.
const EVERY: Duration = Duration::from_secs(5);
/// Changes that follow each other within this time are read once.
const MERGED: Duration = Duration::from_millis(500);

/// States by logical name.
pub(crate) struct InterfaceStates {
    vpp: Arc<VppCtx>,
    statistics: Option<Statistics>,
    states: IdxMap<InterfaceState>,
}

// === impl InterfaceStates ===

impl InterfaceStates {
    /// Of the interfaces of this VPP; without statistics, all counters are zero.
    pub(crate) fn new(vpp: Arc<VppCtx>, statistics: Option<Statistics>) -> Self {
        Self { vpp, statistics, states: IdxMap::plain("interface states") }
    }

    /// What is known.
    pub(crate) fn reader(&self) -> IdxReader<InterfaceState> {
        self.states.reader()
    }

    /// Keeps them up to date.
    ///
    /// # Errors
    /// When the client of VPP has ended.
    pub(crate) async fn follow(&self, clock: SharedClock) -> Result<(), BoxError> {
        let mut events = self.vpp.client().subscribe::<SwInterfaceEvent>();
        loop {
            self.refresh(clock.now()).await;
            tokio::select! {
                event = events.recv() => match event {
                    Some(_) => clock.sleep(MERGED).await,
                    None => return Ok(()),
                },
                () = clock.sleep(EVERY) => {}
            }
            // What was told meanwhile is in the state that is read next.
            while events.recv().now_or_never().flatten().is_some() {}
        }
    }

    async fn refresh(&self, now: SystemTime) {
        let all = SwInterfaceDump {
            sw_if_index: InterfaceIndex::NONE,
            name_filter_valid: false,
            name_filter: String::new(),
        };
        let details = match self.vpp.client().dump(all).await {
            Ok(details) => details,
            Err(error) => {
                tracing::debug!(%error, "the state of interfaces is not known");
                Vec::new()
            }
        };
        let counters = self.counters().await;
        let before = self.states.snapshot();
        let mut now_known = HashSet::new();
        for interface in &details {
            let Some(name) = self.vpp.interface_name(interface.sw_if_index) else { continue };
            let (counted, old) = (counters.get(&interface.sw_if_index.0), before.get(&name));
            let state = state(&name, interface, counted, old.map(|old| &**old), now);
            if old.is_none_or(|old| **old != state) {
                self.states.put(name.as_str(), state);
            }
            now_known.insert(name);
        }
        for item in before.iter().filter(|item| !now_known.contains(item.name)) {
            self.states.remove(item.name);
        }
    }

    async fn counters(&self) -> HashMap<u32, InterfaceCounters> {
        let Some(statistics) = &self.statistics else { return HashMap::new() };
        match statistics.read(|pass: &mut Pass<'_>| pass.interfaces()).await {
            Ok(all) => all.into_iter().map(|counters| (counters.index, counters)).collect(),
            Err(error) => {
                tracing::debug!(%error, "counters of interfaces are not known");
                HashMap::new()
            }
        }
    }
}

fn state(
    name: &str,
    interface: &SwInterfaceDetails,
    counted: Option<&InterfaceCounters>,
    before: Option<&InterfaceState>,
    now: SystemTime,
) -> InterfaceState {
    let status = |flag| if interface.flags.contains(flag) { Status::Up } else { Status::Down };
    let (admin, oper) = (status(IfStatusFlags::ADMIN_UP), status(IfStatusFlags::LINK_UP));
    let same = |before: &&InterfaceState| {
        (before.admin_status(), before.oper_status(), before.if_index)
            == (admin, oper, interface.sw_if_index.0)
    };
    let last_change = before.filter(same).map_or_else(|| seconds(now), |same| same.last_change);
    InterfaceState {
        name: name.to_owned(),
        internal_name: interface.interface_name.to_string(),
        if_index: interface.sw_if_index.0,
        admin_status: admin.into(),
        oper_status: oper.into(),
        last_change,
        phys_address: interface.l2_address.to_string(),
        // VPP counts kilobits.
        speed: u64::from(interface.link_speed) * 1000,
        mtu: u32::from(interface.link_mtu),
        duplex: Duplex::try_from(interface.link_duplex.0.cast_signed()).unwrap_or_default().into(),
        statistics: counted.map(statistics),
        ..InterfaceState::default()
    }
}

fn statistics(counted: &InterfaceCounters) -> Counters {
    Counters {
        in_packets: counted.rx.packets,
        in_bytes: counted.rx.bytes,
        out_packets: counted.tx.packets,
        out_bytes: counted.tx.bytes,
        drop_packets: counted.drops,
        punt_packets: counted.punts,
        ipv4_packets: counted.ip4,
        ipv6_packets: counted.ip6,
        in_nobuf_packets: counted.rx_no_buf,
        in_miss_packets: counted.rx_miss,
        in_error_packets: counted.rx_error,
        out_error_packets: counted.tx_error,
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn the_speed_is_told_in_bits_per_second() {
        let ten_gigabits = SwInterfaceDetails { link_speed: 10_000_000, ..Default::default() };
        let told = state("if1", &ten_gigabits, None, None, UNIX_EPOCH);
        assert_eq!(told.speed, 10_000_000_000);
    }
}
