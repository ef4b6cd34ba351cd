//! `vlib.api`: the command line, threads and graph nodes.

use crate::def::MessageDef;
use crate::{FixedString, List, Message, Wire};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    CliInband::DEFINITION,
    CliInbandReply::DEFINITION,
    GetNodeIndex::DEFINITION,
    GetNodeIndexReply::DEFINITION,
    ShowThreads::DEFINITION,
    ShowThreadsReply::DEFINITION,
];

/// Runs a command of VPP's command line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = CliInbandReply)]
pub struct CliInband {
    /// The command.
    pub cmd: String,
}

/// What the command printed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct CliInbandReply {
    /// 0 or an error number of the command. No failure of the request: the text says what was wrong.
    #[vpp(data)]
    pub retval: i32,
    /// The text, also of a command that failed.
    pub reply: String,
}

/// Looks up a graph node.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = GetNodeIndexReply)]
pub struct GetNodeIndex {
    /// Name of the node.
    pub node_name: FixedString<64>,
}

/// Index of a graph node.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct GetNodeIndexReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the node.
    pub node_index: u32,
}

/// Lists VPP's threads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = ShowThreadsReply)]
pub struct ShowThreads {}

/// VPP's threads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct ShowThreadsReply {
    /// 0 or an error number.
    pub retval: i32,
    /// One entry per thread; the first is the main thread.
    #[vpp(count = "count")]
    pub thread_data: List<ThreadData, u32>,
}

/// One thread of VPP.
#[derive(Debug, Clone, PartialEq, Eq, Default, Wire)]
pub struct ThreadData {
    /// Number of the thread.
    pub id: u32,
    /// Name of the thread.
    pub name: FixedString<64>,
    /// `workers` or another registered kind; empty for the main thread.
    #[vpp(name = "type")]
    pub kind: FixedString<64>,
    /// Kernel's id of the thread.
    pub pid: u32,
    /// Logical CPU.
    pub cpu_id: u32,
    /// Core.
    pub core: u32,
    /// CPU socket.
    pub cpu_socket: u32,
}
