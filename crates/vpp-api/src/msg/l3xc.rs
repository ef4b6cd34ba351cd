//! `l3xc.api`: all packets of an interface to given paths. The plugin `l3xc` has it.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{FibPath, InterfaceIndex};
use crate::{List, Message, Wire};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    L3xcUpdate::DEFINITION,
    L3xcUpdateReply::DEFINITION,
    L3xcDel::DEFINITION,
    L3xcDelReply::DEFINITION,
    L3xcDump::DEFINITION,
    L3xcDetails::DEFINITION,
];

/// Makes a cross-connect, or gives one that is there other paths.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = L3xcUpdateReply)]
pub struct L3xcUpdate {
    /// The cross-connect.
    pub l3xc: L3xc,
}

/// Answer to [`L3xcUpdate`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct L3xcUpdateReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Always 0.
    pub stats_index: u32,
}

/// Removes a cross-connect.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = L3xcDelReply)]
pub struct L3xcDel {
    /// Where the packets come from.
    pub sw_if_index: InterfaceIndex,
    /// IPv6, not IPv4.
    pub is_ip6: bool,
}

/// Lists cross-connects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = L3xcDetails)]
pub struct L3xcDump {
    /// Only of this interface, IPv4 before IPv6; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One cross-connect.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct L3xcDetails {
    /// The cross-connect. VPP up to 26.06 leaves `is_ip6` false in any case.
    pub l3xc: L3xc,
}

/// A cross-connect.
#[derive(Debug, Clone, PartialEq, Eq, Default, Wire)]
pub struct L3xc {
    /// Where the packets come from.
    pub sw_if_index: InterfaceIndex,
    /// IPv6, not IPv4.
    pub is_ip6: bool,
    /// Where they go.
    #[vpp(count = "n_paths")]
    pub paths: List<FibPath, u8>,
}

retval_replies! {
    L3xcDelReply,
}
