//! Access to the statistics of the VPP that the agent is connected to.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use async_trait::async_trait;
use ligato_nb_grpc::{InterfaceStatistics, NoStatistics};
use ligato_proto::vpp::interfaces::{InterfaceStats, interface_stats::CombinedCounter};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_client::Connection;
use ligato_vpp_ctx::VppCtx;
use ligato_vpp_stats::{Combined, InterfaceCounters, Options, Pass, StatsError, StatsReader};
use tokio::sync::watch;

use super::snapshot::Snapshot;

/// The statistics of VPP. Clones share the reader.
#[derive(Clone, Debug)]
pub(crate) struct Statistics {
    vpp: Arc<VppCtx>,
    attached: Arc<Mutex<Attached>>,
}

/// The reader, and the run of VPP that it belongs to.
#[derive(Debug)]
struct Attached {
    reader: StatsReader,
    incarnation: u64,
}

// === impl Statistics ===

impl Statistics {
    /// Those that VPP hands out at this socket.
    pub(crate) fn new(vpp: Arc<VppCtx>, socket: &Path) -> Self {
        let reader = StatsReader::new(Options::new(socket));
        Self { vpp, attached: Arc::new(Mutex::new(Attached { reader, incarnation: 0 })) }
    }

    /// Whether there is a VPP.
    pub(super) fn connection(&self) -> watch::Receiver<Connection> {
        self.vpp.client().state()
    }

    /// The VPP itself, for its command line.
    pub(super) fn vpp(&self) -> &VppCtx {
        &self.vpp
    }

    /// Reads on a thread that may wait. What a VPP counted that is gone is not read any more.
    ///
    /// # Errors
    /// When there is no VPP, or its statistics cannot be read.
    pub(in crate::plugins) async fn read<T: Send + 'static>(
        &self,
        read: impl FnMut(&mut Pass<'_>) -> Result<T, StatsError> + Send + 'static,
    ) -> anyhow::Result<T> {
        let peer = self.vpp.client().peer().context("VPP is not connected")?;
        let (attached, incarnation) = (Arc::clone(&self.attached), peer.incarnation);
        let task = tokio::task::spawn_blocking(move || {
            let mut attached = attached.lock().unwrap_or_else(PoisonError::into_inner);
            if attached.incarnation != incarnation {
                attached.reader.detach();
                attached.incarnation = incarnation;
            }
            attached.reader.read(read)
        });
        Ok(task.await.context("reading was broken off")??)
    }

    /// Adds the names that the agent knows interfaces by.
    pub(super) fn with_logical_names(&self, mut snapshot: Snapshot) -> Snapshot {
        let indexes = snapshot.interfaces.iter().map(|interface| interface.index);
        snapshot.logical =
            indexes.filter_map(|index| Some((index, self.logical_name(index)?))).collect();
        snapshot
    }

    fn logical_name(&self, index: u32) -> Option<String> {
        self.vpp.interface_name(InterfaceIndex(index))
    }

    fn message(&self, counters: InterfaceCounters) -> InterfaceStats {
        let InterfaceCounters { index, name, .. } = counters;
        InterfaceStats {
            name: self.logical_name(index).unwrap_or(name),
            rx: combined(counters.rx),
            tx: combined(counters.tx),
            rx_unicast: combined(counters.rx_unicast),
            rx_multicast: combined(counters.rx_multicast),
            rx_broadcast: combined(counters.rx_broadcast),
            tx_unicast: combined(counters.tx_unicast),
            tx_multicast: combined(counters.tx_multicast),
            tx_broadcast: combined(counters.tx_broadcast),
            rx_error: counters.rx_error,
            tx_error: counters.tx_error,
            rx_no_buf: counters.rx_no_buf,
            rx_miss: counters.rx_miss,
            drops: counters.drops,
            punts: counters.punts,
            ip4: counters.ip4,
            ip6: counters.ip6,
            mpls: counters.mpls,
        }
    }
}

fn combined(counter: Combined) -> Option<CombinedCounter> {
    let Combined { packets, bytes } = counter;
    Some(CombinedCounter { packets, bytes })
}

#[async_trait]
impl InterfaceStatistics for Statistics {
    async fn interfaces(&self) -> Result<Vec<InterfaceStats>, NoStatistics> {
        let interfaces = |pass: &mut Pass<'_>| pass.interfaces();
        let read = self.read(interfaces).await;
        let interfaces = read.map_err(|error| NoStatistics(format!("{error:#}")))?;
        Ok(interfaces.into_iter().map(|counters| self.message(counters)).collect())
    }
}
