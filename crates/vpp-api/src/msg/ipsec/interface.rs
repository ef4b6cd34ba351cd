//! Interfaces for traffic that tunnel protection protects.

use crate::def::MessageDef;
use crate::msg::retval_replies;
use crate::types::{InterfaceIndex, TunnelMode};
use crate::{Message, Wire};

/// The messages of this file.
pub(super) const MESSAGES: &[&MessageDef] = &[
    IpsecItfCreate::DEFINITION,
    IpsecItfCreateReply::DEFINITION,
    IpsecItfDelete::DEFINITION,
    IpsecItfDeleteReply::DEFINITION,
    IpsecItfDump::DEFINITION,
    IpsecItfDetails::DEFINITION,
];

/// Creates an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpsecItfCreateReply)]
pub struct IpsecItfCreate {
    /// The interface.
    pub itf: IpsecItf,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct IpsecItfCreateReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Deletes an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpsecItfDeleteReply)]
pub struct IpsecItfDelete {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Lists interfaces.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = IpsecItfDetails)]
pub struct IpsecItfDump {
    /// Only this one; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct IpsecItfDetails {
    /// The interface.
    pub itf: IpsecItf,
}

/// An interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct IpsecItf {
    /// Number in the name; `!0` lets VPP choose.
    pub user_instance: u32,
    /// How many peers.
    pub mode: TunnelMode,
    /// Its index; not looked at in requests.
    pub sw_if_index: InterfaceIndex,
}

retval_replies! {
    IpsecItfDeleteReply,
}
