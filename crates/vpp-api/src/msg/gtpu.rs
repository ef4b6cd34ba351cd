//! `gtpu.api`: packets over UDP as in mobile networks. The plugin `gtpu` has it.
//!
//! Newer variants of these messages are marked as unfinished in VPP, and left out.

use crate::Message;
use crate::def::MessageDef;
use crate::types::{Address, InterfaceIndex};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    GtpuAddDelTunnel::DEFINITION,
    GtpuAddDelTunnelReply::DEFINITION,
    GtpuTunnelDump::DEFINITION,
    GtpuTunnelDetails::DEFINITION,
];

/// Adds a tunnel or deletes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = GtpuAddDelTunnelReply)]
pub struct GtpuAddDelTunnel {
    /// Whether to add, or to delete.
    pub is_add: bool,
    /// Address of this end.
    pub src_address: Address,
    /// Address of the other end, or a group.
    pub dst_address: Address,
    /// Where multicast leaves; `!0` for one peer.
    pub mcast_sw_if_index: InterfaceIndex,
    /// Id of the table for the tunnel's own packets.
    pub encap_vrf_id: u32,
    /// Graph node for what comes out; `!0` for bridging.
    pub decap_next_index: u32,
    /// Number of the tunnel at this end.
    pub teid: u32,
    /// Number of the tunnel at the other end; 0 for the same.
    pub tteid: u32,
}

/// The new interface; of one that was deleted, its former index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct GtpuAddDelTunnelReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Lists tunnels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = GtpuTunnelDetails)]
pub struct GtpuTunnelDump {
    /// Only this one; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct GtpuTunnelDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Address of this end.
    pub src_address: Address,
    /// Address of the other end, or a group.
    pub dst_address: Address,
    /// Where multicast leaves; `!0` for one peer.
    pub mcast_sw_if_index: InterfaceIndex,
    /// Id of the table for the tunnel's own packets.
    pub encap_vrf_id: u32,
    /// Graph node for what comes out; `!0` for bridging.
    pub decap_next_index: u32,
    /// Number of the tunnel at this end.
    pub teid: u32,
    /// Number of the tunnel at the other end; 0 for the same.
    pub tteid: u32,
}
