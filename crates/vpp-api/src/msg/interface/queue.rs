//! `interface.api`: receive and transmit queues.

use crate::def::MessageDef;
use crate::msg::retval_replies;
use crate::types::{InterfaceIndex, RxMode};
use crate::{List, Message};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    SwInterfaceSetRxMode::DEFINITION,
    SwInterfaceSetRxModeReply::DEFINITION,
    SwInterfaceSetRxPlacement::DEFINITION,
    SwInterfaceSetRxPlacementReply::DEFINITION,
    SwInterfaceRxPlacementDump::DEFINITION,
    SwInterfaceRxPlacementDetails::DEFINITION,
    SwInterfaceSetTxPlacement::DEFINITION,
    SwInterfaceSetTxPlacementReply::DEFINITION,
    SwInterfaceTxPlacementGet::DEFINITION,
    SwInterfaceTxPlacementGetReply::DEFINITION,
    SwInterfaceTxPlacementDetails::DEFINITION,
];

/// Says how a queue, or all queues, of an interface are read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetRxModeReply)]
pub struct SwInterfaceSetRxMode {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Whether `queue_id` counts; otherwise all queues.
    pub queue_id_valid: bool,
    /// Number of the queue.
    pub queue_id: u32,
    /// The mode.
    pub mode: RxMode,
}

/// Assigns a receive queue to a thread.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetRxPlacementReply)]
pub struct SwInterfaceSetRxPlacement {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Number of the queue.
    pub queue_id: u32,
    /// Number of the worker thread, from 0.
    pub worker_id: u32,
    /// Use the main thread.
    pub is_main: bool,
}

/// Lists receive queues.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = SwInterfaceRxPlacementDetails)]
pub struct SwInterfaceRxPlacementDump {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// One receive queue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details, header = Request)]
pub struct SwInterfaceRxPlacementDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Number of the queue.
    pub queue_id: u32,
    /// Number of the thread; 0 is the main thread.
    pub worker_id: u32,
    /// The mode.
    pub mode: RxMode,
}

/// Assigns a transmit queue to threads.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetTxPlacementReply)]
pub struct SwInterfaceSetTxPlacement {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Number of the queue.
    pub queue_id: u32,
    /// Numbers of the threads.
    #[vpp(count = "array_size")]
    pub threads: List<u32, u32>,
}

/// Lists transmit queues.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(stream(reply = SwInterfaceTxPlacementGetReply, details = SwInterfaceTxPlacementDetails))]
pub struct SwInterfaceTxPlacementGet {
    /// Where to go on; 0 at first.
    pub cursor: u32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// End of [`SwInterfaceTxPlacementGet`], or of a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct SwInterfaceTxPlacementGetReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Where to go on; 0 at first.
    pub cursor: u32,
}

/// One transmit queue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details, header = Request)]
pub struct SwInterfaceTxPlacementDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Number of the queue.
    pub queue_id: u32,
    /// Whether several threads use it.
    pub shared: u8,
    /// Numbers of the threads.
    #[vpp(count = "array_size")]
    pub threads: List<u32, u32>,
}

retval_replies! {
    SwInterfaceSetRxModeReply,
    SwInterfaceSetRxPlacementReply,
    SwInterfaceSetTxPlacementReply,
}
