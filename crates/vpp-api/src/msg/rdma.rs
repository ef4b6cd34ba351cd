//! `rdma.api`: Mellanox cards that stay with the kernel. The plugin `rdma` has it, where VPP was built with it.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::InterfaceIndex;
use crate::{FixedString, Message, api_enum};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    RdmaCreateV4::DEFINITION,
    RdmaCreateV4Reply::DEFINITION,
    RdmaCreateV3::DEFINITION,
    RdmaCreateV3Reply::DEFINITION,
    RdmaDelete::DEFINITION,
    RdmaDeleteReply::DEFINITION,
];

/// Makes an interface over a card.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = RdmaCreateV4Reply)]
pub struct RdmaCreateV4 {
    /// Name of the card in the kernel.
    pub host_if: FixedString<64>,
    /// Name of the interface; empty lets VPP choose.
    pub name: FixedString<64>,
    /// Receive queues; 0 for the default.
    pub rxq_num: u16,
    /// Packets in a receive queue; 0 for 1024.
    pub rxq_size: u16,
    /// Packets in a transmit queue; 0 for 1024.
    pub txq_size: u16,
    /// How the card is driven.
    pub mode: RdmaMode,
    /// Packets in one buffer each.
    pub no_multi_seg: bool,
    /// Largest packet; 0 for the default.
    pub max_pktlen: u16,
    /// What spreads IPv4 over the queues.
    pub rss4: RdmaRss4,
    /// What spreads IPv6 over the queues.
    pub rss6: RdmaRss6,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct RdmaCreateV4Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Makes an interface over a card.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = RdmaCreateV3Reply)]
pub struct RdmaCreateV3 {
    /// Name of the card in the kernel.
    pub host_if: FixedString<64>,
    /// Name of the interface; empty lets VPP choose.
    pub name: FixedString<64>,
    /// Receive queues; 0 for the default.
    pub rxq_num: u16,
    /// Packets in a receive queue; 0 for 1024.
    pub rxq_size: u16,
    /// Packets in a transmit queue; 0 for 1024.
    pub txq_size: u16,
    /// How the card is driven.
    pub mode: RdmaMode,
    /// Packets in one buffer each.
    pub no_multi_seg: bool,
    /// Largest packet; 0 for the default.
    pub max_pktlen: u16,
    /// What spreads IPv4 over the queues.
    pub rss4: RdmaRss4,
    /// What spreads IPv6 over the queues.
    pub rss6: RdmaRss6,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct RdmaCreateV3Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Deletes an interface; the card stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = RdmaDeleteReply)]
pub struct RdmaDelete {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

api_enum! {
    /// How a card is driven.
    RdmaMode: u32 = "rdma_mode", prefix "RDMA_API_MODE_" {
        /// Directly if the card can, else by verbs.
        AUTO = 0,
        /// By verbs.
        IBV = 1,
        /// Directly.
        DV = 2,
    }
}

api_enum! {
    /// What spreads IPv4 over the queues.
    RdmaRss4: u32 = "rdma_rss4", prefix "RDMA_API_RSS4_" {
        /// As the card prefers.
        AUTO = 0,
        /// Addresses.
        IP = 1,
        /// Addresses and UDP ports.
        IP_UDP = 2,
        /// Addresses and TCP ports.
        IP_TCP = 3,
    }
}

api_enum! {
    /// What spreads IPv6 over the queues.
    RdmaRss6: u32 = "rdma_rss6", prefix "RDMA_API_RSS6_" {
        /// As the card prefers.
        AUTO = 0,
        /// Addresses.
        IP = 1,
        /// Addresses and UDP ports.
        IP_UDP = 2,
        /// Addresses and TCP ports.
        IP_TCP = 3,
    }
}

retval_replies! {
    RdmaDeleteReply,
}
