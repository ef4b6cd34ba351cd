//! `interface.api`: creating and deleting loopbacks and sub-interfaces.

use super::SubIfFlags;
use crate::Message;
use crate::def::MessageDef;
use crate::msg::retval_replies;
use crate::types::{InterfaceIndex, MacAddress};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    CreateSubif::DEFINITION,
    CreateSubifReply::DEFINITION,
    CreateVlanSubif::DEFINITION,
    CreateVlanSubifReply::DEFINITION,
    DeleteSubif::DEFINITION,
    DeleteSubifReply::DEFINITION,
    CreateLoopback::DEFINITION,
    CreateLoopbackReply::DEFINITION,
    CreateLoopbackInstance::DEFINITION,
    CreateLoopbackInstanceReply::DEFINITION,
    DeleteLoopback::DEFINITION,
    DeleteLoopbackReply::DEFINITION,
];

/// Creates a sub-interface with chosen matching of tags.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = CreateSubifReply)]
pub struct CreateSubif {
    /// The interface to put it on.
    pub sw_if_index: InterfaceIndex,
    /// Id of the sub-interface.
    pub sub_id: u32,
    /// How tags are matched.
    pub sub_if_flags: SubIfFlags,
    /// Outer VLAN id.
    pub outer_vlan_id: u16,
    /// Inner VLAN id.
    pub inner_vlan_id: u16,
}

/// The new sub-interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct CreateSubifReply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Creates a sub-interface that matches exactly one VLAN tag.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = CreateVlanSubifReply)]
pub struct CreateVlanSubif {
    /// The interface to put it on.
    pub sw_if_index: InterfaceIndex,
    /// VLAN id, and id of the sub-interface.
    pub vlan_id: u32,
}

/// The new sub-interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct CreateVlanSubifReply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Deletes a sub-interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = DeleteSubifReply)]
pub struct DeleteSubif {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Creates a loopback with the next free instance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = CreateLoopbackReply)]
pub struct CreateLoopback {
    /// MAC address; zero lets VPP choose.
    pub mac_address: MacAddress,
}

/// The new loopback.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct CreateLoopbackReply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Creates a loopback with a chosen instance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = CreateLoopbackInstanceReply)]
pub struct CreateLoopbackInstance {
    /// MAC address; zero lets VPP choose.
    pub mac_address: MacAddress,
    /// Whether `user_instance` counts.
    pub is_specified: bool,
    /// Number in the name, `loop<n>`.
    pub user_instance: u32,
}

/// The new loopback.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct CreateLoopbackInstanceReply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Deletes a loopback.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = DeleteLoopbackReply)]
pub struct DeleteLoopback {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

retval_replies! {
    DeleteSubifReply,
    DeleteLoopbackReply,
}
