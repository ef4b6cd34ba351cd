//! `gre.api`: packets over IP. The plugin `gre` has it, before 23.06 VPP itself.

use crate::def::MessageDef;
use crate::types::{Address, InterfaceIndex, TunnelEncapDecapFlags, TunnelMode};
use crate::{Message, Wire, api_enum};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    GreTunnelAddDelV2::DEFINITION,
    GreTunnelAddDelV2Reply::DEFINITION,
    GreTunnelAddDel::DEFINITION,
    GreTunnelAddDelReply::DEFINITION,
    GreTunnelV2Dump::DEFINITION,
    GreTunnelV2Details::DEFINITION,
    GreTunnelDump::DEFINITION,
    GreTunnelDetails::DEFINITION,
];

/// Adds a tunnel or deletes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = GreTunnelAddDelV2Reply)]
pub struct GreTunnelAddDelV2 {
    /// Whether to add, or to delete.
    pub is_add: bool,
    /// The tunnel.
    pub tunnel: GreTunnelV2,
}

/// The new interface; of one that was deleted, its former index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct GreTunnelAddDelV2Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Adds a tunnel without a key or deletes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = GreTunnelAddDelReply)]
pub struct GreTunnelAddDel {
    /// Whether to add, or to delete.
    pub is_add: bool,
    /// The tunnel.
    pub tunnel: GreTunnel,
}

/// The new interface; of one that was deleted, its former index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct GreTunnelAddDelReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Lists tunnels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = GreTunnelV2Details)]
pub struct GreTunnelV2Dump {
    /// Only this one; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct GreTunnelV2Details {
    /// The tunnel.
    pub tunnel: GreTunnelV2,
}

/// Lists tunnels without their keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = GreTunnelDetails)]
pub struct GreTunnelDump {
    /// Only this one; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct GreTunnelDetails {
    /// The tunnel.
    pub tunnel: GreTunnel,
}

/// A tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct GreTunnelV2 {
    /// What is in the tunnel.
    #[vpp(name = "type")]
    pub kind: GreTunnelType,
    /// How many peers.
    pub mode: TunnelMode,
    /// What is copied between the headers.
    pub flags: TunnelEncapDecapFlags,
    /// Number of the session of mirrored frames, at most 1023.
    pub session_id: u16,
    /// Number in the name; `!0` lets VPP choose.
    pub instance: u32,
    /// Id of the table for the tunnel's own packets.
    pub outer_table_id: u32,
    /// The interface; not looked at in requests.
    pub sw_if_index: InterfaceIndex,
    /// Address of this end.
    pub src: Address,
    /// Address of the other end; zero with many peers.
    pub dst: Address,
    /// Key in each packet; 0 for none.
    pub key: u32,
}

/// A tunnel without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct GreTunnel {
    /// What is in the tunnel.
    #[vpp(name = "type")]
    pub kind: GreTunnelType,
    /// How many peers.
    pub mode: TunnelMode,
    /// What is copied between the headers.
    pub flags: TunnelEncapDecapFlags,
    /// Number of the session of mirrored frames, at most 1023.
    pub session_id: u16,
    /// Number in the name; `!0` lets VPP choose.
    pub instance: u32,
    /// Id of the table for the tunnel's own packets.
    pub outer_table_id: u32,
    /// The interface; not looked at in requests.
    pub sw_if_index: InterfaceIndex,
    /// Address of this end.
    pub src: Address,
    /// Address of the other end; zero with many peers.
    pub dst: Address,
}

impl From<GreTunnel> for GreTunnelV2 {
    fn from(tunnel: GreTunnel) -> Self {
        let GreTunnel {
            kind,
            mode,
            flags,
            session_id,
            instance,
            outer_table_id,
            sw_if_index,
            src,
            dst,
        } = tunnel;
        Self {
            kind,
            mode,
            flags,
            session_id,
            instance,
            outer_table_id,
            sw_if_index,
            src,
            dst,
            key: 0,
        }
    }
}

/// The key is lost.
impl From<GreTunnelV2> for GreTunnel {
    fn from(tunnel: GreTunnelV2) -> Self {
        let GreTunnelV2 {
            kind,
            mode,
            flags,
            session_id,
            instance,
            outer_table_id,
            sw_if_index,
            src,
            dst,
            key: _,
        } = tunnel;
        Self { kind, mode, flags, session_id, instance, outer_table_id, sw_if_index, src, dst }
    }
}

api_enum! {
    /// What is in a tunnel.
    GreTunnelType: u8 = "gre_tunnel_type", prefix "GRE_API_TUNNEL_TYPE_" {
        /// IP packets.
        L3 = 0,
        /// Ethernet frames.
        TEB = 1,
        /// Mirrored Ethernet frames.
        ERSPAN = 2,
    }
}
