//! `af_packet.api`: interfaces on top of an interface of the host.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{InterfaceIndex, MacAddress};
use crate::{FixedString, Message, api_enum, api_flags};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    AfPacketCreate::DEFINITION,
    AfPacketCreateReply::DEFINITION,
    AfPacketCreateV2::DEFINITION,
    AfPacketCreateV2Reply::DEFINITION,
    AfPacketCreateV3::DEFINITION,
    AfPacketCreateV3Reply::DEFINITION,
    AfPacketDelete::DEFINITION,
    AfPacketDeleteReply::DEFINITION,
    AfPacketSetL4CksumOffload::DEFINITION,
    AfPacketSetL4CksumOffloadReply::DEFINITION,
    AfPacketDump::DEFINITION,
    AfPacketDetails::DEFINITION,
];

/// Attaches to an interface of the host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = AfPacketCreateReply)]
pub struct AfPacketCreate {
    /// MAC address; zero lets VPP choose.
    pub hw_addr: MacAddress,
    /// Let VPP choose the MAC address.
    pub use_random_hw_addr: bool,
    /// Name of the interface of the host.
    pub host_if_name: FixedString<64>,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct AfPacketCreateReply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Attaches to an interface of the host with chosen frames and queues.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = AfPacketCreateV2Reply)]
pub struct AfPacketCreateV2 {
    /// MAC address; zero lets VPP choose.
    pub hw_addr: MacAddress,
    /// Let VPP choose the MAC address.
    pub use_random_hw_addr: bool,
    /// Name of the interface of the host.
    pub host_if_name: FixedString<64>,
    /// Bytes per received frame; 0 for the default.
    pub rx_frame_size: u32,
    /// Bytes per sent frame; 0 for the default.
    pub tx_frame_size: u32,
    /// Frames per block when receiving; 0 for the default.
    pub rx_frames_per_block: u32,
    /// Frames per block when sending; 0 for the default.
    pub tx_frames_per_block: u32,
    /// As [`AfPacketFlags`].
    pub flags: u32,
    /// Number of receive queues.
    pub num_rx_queues: u16,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct AfPacketCreateV2Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Attaches to an interface of the host with chosen mode, frames and queues (22.06 and later).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = AfPacketCreateV3Reply)]
pub struct AfPacketCreateV3 {
    /// The mode.
    pub mode: AfPacketMode,
    /// MAC address; zero lets VPP choose.
    pub hw_addr: MacAddress,
    /// Let VPP choose the MAC address.
    pub use_random_hw_addr: bool,
    /// Name of the interface of the host.
    pub host_if_name: FixedString<64>,
    /// Bytes per received frame; 0 for the default.
    pub rx_frame_size: u32,
    /// Bytes per sent frame; 0 for the default.
    pub tx_frame_size: u32,
    /// Frames per block when receiving; 0 for the default.
    pub rx_frames_per_block: u32,
    /// Frames per block when sending; 0 for the default.
    pub tx_frames_per_block: u32,
    /// Flags.
    pub flags: AfPacketFlags,
    /// Number of receive queues.
    pub num_rx_queues: u16,
    /// Number of transmit queues.
    pub num_tx_queues: u16,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct AfPacketCreateV3Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Detaches from an interface of the host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = AfPacketDeleteReply)]
pub struct AfPacketDelete {
    /// Name of the interface of the host.
    pub host_if_name: FixedString<64>,
}

/// Switches checksum offload.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = AfPacketSetL4CksumOffloadReply)]
pub struct AfPacketSetL4CksumOffload {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// On or off.
    pub set: bool,
}

/// Lists attached interfaces of the host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = AfPacketDetails)]
pub struct AfPacketDump {}

/// One attached interface of the host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct AfPacketDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Name of the interface of the host.
    pub host_if_name: FixedString<64>,
}

api_enum! {
    /// Flags of an attached interface.
    AfPacketFlags: u32 = "af_packet_flags", prefix "AF_PACKET_API_FLAG_" {
        /// Send past the kernel's queueing.
        QDISC_BYPASS = 1,
        /// Checksum and segmentation offload.
        CKSUM_GSO = 2,
        /// Use TPACKET version 2.
        VERSION_2 = 8 compatible,
    }
}

api_flags!(AfPacketFlags);

api_enum! {
    /// What an attached interface carries.
    AfPacketMode: u32 = "af_packet_mode", prefix "AF_PACKET_API_MODE_" {
        /// Frames.
        ETHERNET = 1,
        /// IP packets.
        IP = 2,
    }
}

retval_replies! {
    AfPacketDeleteReply,
    AfPacketSetL4CksumOffloadReply,
}
