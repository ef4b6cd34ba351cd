//! The heartbeat in VPP's statistics: whether its main loop goes around, and what memory it has, without asking it.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ligato_vpp_client::Pulse;
use ligato_vpp_stats::{Heap, Options, Pass, StatsError, StatsReader};

use crate::preflight::{Room, Rooms};

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

    /// What this VPP has, as of its last heartbeat. Does not wait for VPP.
    pub(crate) fn rooms(&self) -> Option<Rooms> {
        let mut reader = self.0.try_lock().ok()?;
        reader.peek(rooms)?.ok()
    }

    /// What the VPP that was just met has. Waits until it hands out its statistics, or does not.
    pub(crate) fn rooms_of_new(&self) -> Option<Rooms> {
        let found = self.reader().read(rooms);
        found.inspect_err(|error| tracing::warn!(%error, "the memory of VPP cannot be seen")).ok()
    }

    fn reader(&self) -> MutexGuard<'_, StatsReader> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Heaps and buffers. What VPP does not tell, or has not looked at so far, counts as endless.
fn rooms(pass: &mut Pass<'_>) -> Result<Rooms, StatsError> {
    let heaps = pass.heaps()?;
    // Later releases write the name of the second one in full.
    let of = |word: &str, size: fn(&Heap) -> u64| {
        let heap = heaps.iter().find(|heap| heap.name.contains(word) && heap.total > 0);
        heap.map_or(u64::MAX, size)
    };
    let pools = pass.buffer_pools()?;
    let free = pools.iter().flat_map(|pool| [pool.available, pool.cached]);
    let free = free.fold(0, u64::saturating_add);
    let used = pools.iter().map(|pool| pool.used).fold(0, u64::saturating_add);
    let (buffers, all_buffers) = match free.saturating_add(used) {
        0 => (u64::MAX, u64::MAX),
        all => (free, all),
    };
    let system = pass.system()?;
    let threads = 1 + system.worker_threads;
    let (free, total) = (|heap: &Heap| heap.free, |heap: &Heap| heap.total);
    Ok(Rooms {
        free: Room { heap: of("main", free), statistics: of("stat", free), buffers, threads },
        whole: Room {
            heap: of("main", total),
            statistics: of("stat", total),
            buffers: all_buffers,
            threads,
        },
        since: system.boot_time,
    })
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
