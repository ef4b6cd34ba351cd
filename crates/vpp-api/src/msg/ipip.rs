//! `ipip.api`: IP over IP.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{Address, InterfaceIndex, IpDscp, TunnelEncapDecapFlags, TunnelMode};
use crate::{Message, Wire};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    IpipAddTunnel::DEFINITION,
    IpipAddTunnelReply::DEFINITION,
    IpipDelTunnel::DEFINITION,
    IpipDelTunnelReply::DEFINITION,
    IpipTunnelDump::DEFINITION,
    IpipTunnelDetails::DEFINITION,
];

/// Adds a tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpipAddTunnelReply)]
pub struct IpipAddTunnel {
    /// The tunnel.
    pub tunnel: IpipTunnel,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct IpipAddTunnelReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Deletes a tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpipDelTunnelReply)]
pub struct IpipDelTunnel {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Lists tunnels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = IpipTunnelDetails)]
pub struct IpipTunnelDump {
    /// Only this one; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct IpipTunnelDetails {
    /// The tunnel.
    pub tunnel: IpipTunnel,
}

/// A tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct IpipTunnel {
    /// Number in the name; `!0` lets VPP choose.
    pub instance: u32,
    /// Address of this end.
    pub src: Address,
    /// Address of the other end; zero with many peers.
    pub dst: Address,
    /// The interface; not looked at in requests.
    pub sw_if_index: InterfaceIndex,
    /// Id of the table for the tunnel's own packets.
    pub table_id: u32,
    /// What is copied between the headers.
    pub flags: TunnelEncapDecapFlags,
    /// How many peers.
    pub mode: TunnelMode,
    /// Class of service outside.
    pub dscp: IpDscp,
}

retval_replies! {
    IpipDelTunnelReply,
}
