//! One reading of everything that is shown.

use std::collections::HashMap;

use ligato_vpp_stats::{
    BufferPool, ErrorCounter, Heap, InterfaceCounters, NodeCounters, Pass, StatsError,
};

/// A group of metrics, which can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Runtime,
    Memory,
    Buffers,
    Nodes,
    Interfaces,
}

/// One reading. What was left out is empty.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) runtime: Vec<NodeCounters>,
    pub(super) memory: Vec<Heap>,
    pub(super) buffers: Vec<BufferPool>,
    pub(super) nodes: Vec<ErrorCounter>,
    pub(super) interfaces: Vec<InterfaceCounters>,
    /// Logical names by index, of the interfaces that this agent knows.
    pub(super) logical: HashMap<u32, String>,
}

impl Group {
    pub(super) const ALL: [Self; 5] =
        [Self::Runtime, Self::Memory, Self::Buffers, Self::Nodes, Self::Interfaces];

    /// As the configuration calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::Memory => "memory",
            Self::Buffers => "buffers",
            Self::Nodes => "nodes",
            Self::Interfaces => "interfaces",
        }
    }
}

impl Snapshot {
    pub(super) fn read(pass: &mut Pass<'_>, groups: &[Group]) -> Result<Self, StatsError> {
        let mut snapshot = Self::default();
        for group in groups {
            match group {
                Group::Runtime => snapshot.runtime = pass.nodes()?,
                Group::Memory => snapshot.memory = pass.heaps()?,
                Group::Buffers => snapshot.buffers = pass.buffer_pools()?,
                Group::Nodes => snapshot.nodes = pass.errors()?,
                Group::Interfaces => snapshot.interfaces = pass.interfaces()?,
            }
        }
        Ok(snapshot)
    }
}
