//! `vxlan.api`: Ethernet over UDP. The plugin `vxlan` has it, before 23.06 VPP itself.

use crate::Message;
use crate::def::MessageDef;
use crate::types::{Address, InterfaceIndex};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    VxlanAddDelTunnel::DEFINITION,
    VxlanAddDelTunnelReply::DEFINITION,
    VxlanAddDelTunnelV3::DEFINITION,
    VxlanAddDelTunnelV3Reply::DEFINITION,
    VxlanTunnelV2Dump::DEFINITION,
    VxlanTunnelV2Details::DEFINITION,
];

/// Adds a tunnel between the usual ports or deletes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = VxlanAddDelTunnelReply)]
pub struct VxlanAddDelTunnel {
    /// Whether to add, or to delete.
    pub is_add: bool,
    /// Number in the name; `!0` lets VPP choose.
    pub instance: u32,
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
    /// Number of the virtual network.
    pub vni: u32,
}

/// The new interface; of one that was deleted, its former index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct VxlanAddDelTunnelReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Adds a tunnel or deletes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = VxlanAddDelTunnelV3Reply)]
pub struct VxlanAddDelTunnelV3 {
    /// Whether to add, or to delete.
    pub is_add: bool,
    /// Number in the name; `!0` lets VPP choose.
    pub instance: u32,
    /// Address of this end.
    pub src_address: Address,
    /// Address of the other end, or a group.
    pub dst_address: Address,
    /// UDP port of this end; 0 for the usual one.
    pub src_port: u16,
    /// UDP port of the other end; 0 for the usual one.
    pub dst_port: u16,
    /// Where multicast leaves; `!0` for one peer.
    pub mcast_sw_if_index: InterfaceIndex,
    /// Id of the table for the tunnel's own packets.
    pub encap_vrf_id: u32,
    /// Graph node for what comes out; `!0` for bridging.
    pub decap_next_index: u32,
    /// Number of the virtual network.
    pub vni: u32,
    /// Without Ethernet inside.
    pub is_l3: bool,
}

/// The new interface; of one that was deleted, its former index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct VxlanAddDelTunnelV3Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Lists tunnels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = VxlanTunnelV2Details)]
pub struct VxlanTunnelV2Dump {
    /// Only this one; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct VxlanTunnelV2Details {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Number in the name.
    pub instance: u32,
    /// Address of this end.
    pub src_address: Address,
    /// Address of the other end, or a group.
    pub dst_address: Address,
    /// UDP port of this end.
    pub src_port: u16,
    /// UDP port of the other end.
    pub dst_port: u16,
    /// Where multicast leaves; `!0` for one peer.
    pub mcast_sw_if_index: InterfaceIndex,
    /// Id of the table for the tunnel's own packets.
    pub encap_vrf_id: u32,
    /// Graph node for what comes out.
    pub decap_next_index: u32,
    /// Number of the virtual network.
    pub vni: u32,
}
