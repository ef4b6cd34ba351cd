//! `vxlan_gpe.api`: VXLAN that says what is in it. The plugin `vxlan-gpe` has it, before 25.06 VPP itself.

use crate::Message;
use crate::def::MessageDef;
use crate::types::{Address, InterfaceIndex, IpProto};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    VxlanGpeAddDelTunnel::DEFINITION,
    VxlanGpeAddDelTunnelReply::DEFINITION,
    VxlanGpeAddDelTunnelV2::DEFINITION,
    VxlanGpeAddDelTunnelV2Reply::DEFINITION,
    VxlanGpeTunnelV2Dump::DEFINITION,
    VxlanGpeTunnelV2Details::DEFINITION,
];

/// Adds a tunnel between the usual ports or deletes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = VxlanGpeAddDelTunnelReply)]
pub struct VxlanGpeAddDelTunnel {
    /// Address of this end.
    pub local: Address,
    /// Address of the other end, or a group.
    pub remote: Address,
    /// Where multicast leaves; `!0` for one peer.
    pub mcast_sw_if_index: InterfaceIndex,
    /// Id of the table for the tunnel's own packets.
    pub encap_vrf_id: u32,
    /// As in [`VxlanGpeAddDelTunnelV2`].
    pub decap_vrf_id: u32,
    /// As in [`VxlanGpeAddDelTunnelV2`].
    pub protocol: IpProto,
    /// Number of the virtual network.
    pub vni: u32,
    /// Whether to add, or to delete.
    pub is_add: bool,
}

/// The new interface; of one that was deleted, its former index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct VxlanGpeAddDelTunnelReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Adds a tunnel or deletes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = VxlanGpeAddDelTunnelV2Reply)]
pub struct VxlanGpeAddDelTunnelV2 {
    /// Address of this end.
    pub local: Address,
    /// Address of the other end, or a group.
    pub remote: Address,
    /// UDP port of this end; 0 for the usual one.
    pub local_port: u16,
    /// UDP port of the other end; 0 for the usual one.
    pub remote_port: u16,
    /// Where multicast leaves; `!0` for one peer.
    pub mcast_sw_if_index: InterfaceIndex,
    /// Id of the table for the tunnel's own packets.
    pub encap_vrf_id: u32,
    /// Id of the IPv4 table for what comes out; with other protocols a number VPP makes nothing of.
    pub decap_vrf_id: u32,
    /// What is in the tunnel: no protocol over IP, but 1 to 4 for IPv4, IPv6, Ethernet and NSH.
    pub protocol: IpProto,
    /// Number of the virtual network.
    pub vni: u32,
    /// Whether to add, or to delete.
    pub is_add: bool,
}

/// The new interface; of one that was deleted, its former index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct VxlanGpeAddDelTunnelV2Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Lists tunnels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = VxlanGpeTunnelV2Details)]
pub struct VxlanGpeTunnelV2Dump {
    /// Only this one; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct VxlanGpeTunnelV2Details {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Address of this end.
    pub local: Address,
    /// Address of the other end, or a group.
    pub remote: Address,
    /// UDP port of this end; 0 for the usual one.
    pub local_port: u16,
    /// UDP port of the other end; 0 for the usual one.
    pub remote_port: u16,
    /// Number of the virtual network.
    pub vni: u32,
    /// What is in the tunnel, as in [`VxlanGpeAddDelTunnelV2`].
    pub protocol: IpProto,
    /// Where multicast leaves; `!0` for one peer.
    pub mcast_sw_if_index: InterfaceIndex,
    /// Id of the table for the tunnel's own packets.
    pub encap_vrf_id: u32,
    /// Id of the IPv4 table for what comes out; with other protocols a number VPP makes nothing of.
    pub decap_vrf_id: u32,
    /// Not filled in.
    pub is_ipv6: bool,
}
