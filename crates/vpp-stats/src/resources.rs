//! What VPP says of itself as a whole: rates, buffers, memory.

use crate::interfaces::optional;
use crate::{Pass, StatsError};

/// VPP as a whole. What this VPP does not tell is 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct System {
    /// Grows with every update of the statistics; stands still when the main thread does.
    pub heartbeat: u64,
    /// When VPP was started, in seconds; told from 23.02 on.
    pub boot_time: u64,
    /// When the statistics were cleared, in seconds.
    pub last_stats_clear: u64,
    /// Packets in each round of the main loop, averaged.
    pub vector_rate: u64,
    /// Threads besides the main one.
    pub worker_threads: u64,
    /// Packets received in a second.
    pub input_rate: u64,
}

/// Buffers of one pool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BufferPool {
    /// Name of the pool.
    pub name: String,
    /// Buffers in caches of threads.
    pub cached: u64,
    /// Buffers in use.
    pub used: u64,
    /// Buffers free.
    pub available: u64,
}

/// A heap, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heap {
    /// Name of the heap, such as `main heap`.
    pub name: String,
    /// Its size.
    pub total: u64,
    /// Handed out.
    pub used: u64,
    /// Not handed out.
    pub free: u64,
    /// Mapped apart.
    pub used_mmap: u64,
    /// The most that it may take.
    pub max: u64,
    /// Freed and kept.
    pub free_chunks: u64,
    /// What could be given back to the system.
    pub releasable: u64,
}

impl Pass<'_> {
    /// VPP as a whole.
    ///
    /// # Errors
    /// Errors of the segment.
    pub fn system(&self) -> Result<System, StatsError> {
        let of = |name| Ok::<u64, StatsError>(optional(self.scalar(name))?.unwrap_or(0));
        Ok(System {
            heartbeat: of("/sys/heartbeat")?,
            boot_time: of("/sys/boottime")?,
            last_stats_clear: of("/sys/last_stats_clear")?,
            vector_rate: of("/sys/vector_rate")?,
            worker_threads: of("/sys/num_worker_threads")?,
            input_rate: of("/sys/input_rate")?,
        })
    }

    /// All pools of buffers.
    ///
    /// # Errors
    /// Errors of the segment.
    pub fn buffer_pools(&self) -> Result<Vec<BufferPool>, StatsError> {
        const PREFIX: &str = "/buffer-pools/";
        let pools = self.names(PREFIX).filter_map(|name| {
            let pool = name.strip_prefix(PREFIX)?.strip_suffix("/used")?;
            let of = |what: &str| self.scalar(&format!("{PREFIX}{pool}/{what}"));
            Some((pool, of("cached"), of("used"), of("available")))
        });
        pools
            .map(|(pool, cached, used, available)| {
                Ok(BufferPool {
                    name: pool.to_owned(),
                    cached: optional(cached)?.unwrap_or(0),
                    used: used?,
                    available: optional(available)?.unwrap_or(0),
                })
            })
            .collect()
    }

    /// All heaps.
    ///
    /// # Errors
    /// Errors of the segment.
    pub fn heaps(&mut self) -> Result<Vec<Heap>, StatsError> {
        const PREFIX: &str = "/mem/";
        let names: Vec<&str> = self
            .names(PREFIX)
            .filter(|name| !["/used", "/total", "/free"].iter().any(|end| name.ends_with(end)))
            .collect();
        let mut heaps = Vec::new();
        for name in names {
            let row = match self.simple(name) {
                Ok(row) => row,
                // Something new below this prefix.
                Err(StatsError::OtherType { .. }) => continue,
                Err(error) => return Err(error),
            };
            let at = |column: usize| row.get(column).copied().unwrap_or(0);
            heaps.push(Heap {
                name: name.strip_prefix(PREFIX).unwrap_or(name).to_owned(),
                total: at(0),
                used: at(1),
                free: at(2),
                used_mmap: at(3),
                max: at(4),
                free_chunks: at(5),
                releasable: at(6),
            });
        }
        Ok(heaps)
    }
}
