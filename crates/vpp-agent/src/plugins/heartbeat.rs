//! The heartbeat in VPP's statistics: whether its main loop goes around, and what memory it has, without asking it.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ligato_vpp_client::Pulse;
use ligato_vpp_stats::{Options, Pass, StatsError, StatsReader};

use crate::preflight::Room;

/// A reader of its own: whoever else reads statistics may wait for VPP.
#[derive(Debug)]
pub(crate) struct Heartbeat(Mutex<StatsReader>);

// === impl Heartbeat ===

impl Heartbeat {
    /// That of the VPP which hands out its statistics at this socket.
    pub(crate) fn new(socket: &Path) -> Self {
        // A heart that stands still is what is looked for, and no reason to attach again.
        let options = Options { stale_after: Duration::MAX, ..Options::new(socket) };
        Self(Mutex::new(StatsReader::new(options)))
    }

    /// What this VPP has left, as of its last heartbeat. Does not wait for VPP.
    pub(crate) fn room(&self) -> Option<Room> {
        let mut reader = self.0.try_lock().ok()?;
        reader.peek(room)?.ok()
    }

    fn reader(&self) -> MutexGuard<'_, StatsReader> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is left of heaps and buffers.
fn room(pass: &mut Pass<'_>) -> Result<Room, StatsError> {
    let heaps = pass.heaps()?;
    // Later releases write the name of the second one in full.
    let free = |word: &str| {
        heaps.iter().find(|heap| heap.name.contains(word)).map_or(u64::MAX, |heap| heap.free)
    };
    let pools = pass.buffer_pools()?;
    let buffers = match pools.is_empty() {
        true => u64::MAX,
        false => pools.iter().map(|pool| pool.available + pool.cached).sum(),
    };
    let threads = 1 + pass.system()?.worker_threads;
    Ok(Room { heap: free("main"), statistics: free("stat"), buffers, threads })
}

fn heartbeat(pass: &mut Pass<'_>) -> Result<u64, StatsError> {
    Ok(pass.system()?.heartbeat)
}

impl Pulse for Heartbeat {
    fn attach(&self) {
        let mut reader = self.reader();
        reader.detach();
        if let Err(error) = reader.read(heartbeat) {
            tracing::debug!(%error, "the heartbeat of VPP cannot be seen");
        }
    }

    fn beat(&self) -> Option<u64> {
        // Held by somebody who is attaching: not known now.
        let mut reader = self.0.try_lock().ok()?;
        reader.peek(heartbeat)?.ok()
    }
}

#[cfg(test)]
mod tests {
    use ligato_vpp_sim::Sim;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn it_beats_as_long_as_vpp_goes_around() {
        let sim = Sim::builder().stats_interval(Duration::from_millis(1)).start().await.unwrap();
        let heart = Heartbeat::new(sim.stats_socket_path());
        assert_eq!(heart.beat(), None, "nothing is attached");
        tokio::task::block_in_place(|| heart.attach());
        let first = heart.beat().unwrap();
        while heart.beat() == Some(first) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        sim.crash();
        let last = heart.beat();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(heart.beat(), last, "the heart of a dead one stands still");
    }
}
