//! `arp.api`: answering ARP requests for others.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{InterfaceIndex, Ip4Address};
use crate::{Message, Wire};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    ProxyArpAddDel::DEFINITION,
    ProxyArpAddDelReply::DEFINITION,
    ProxyArpDump::DEFINITION,
    ProxyArpDetails::DEFINITION,
    ProxyArpIntfcEnableDisable::DEFINITION,
    ProxyArpIntfcEnableDisableReply::DEFINITION,
    ProxyArpIntfcDump::DEFINITION,
    ProxyArpIntfcDetails::DEFINITION,
];

/// Adds a range of addresses to answer for, or removes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = ProxyArpAddDelReply)]
pub struct ProxyArpAddDel {
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// The range.
    pub proxy: ProxyArp,
}

/// Lists the ranges.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = ProxyArpDetails)]
pub struct ProxyArpDump {}

/// One range.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct ProxyArpDetails {
    /// The range.
    pub proxy: ProxyArp,
}

/// Switches the answering on or off for an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = ProxyArpIntfcEnableDisableReply)]
pub struct ProxyArpIntfcEnableDisable {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// On or off.
    pub enable: bool,
}

/// Lists the interfaces on which requests are answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = ProxyArpIntfcDetails)]
pub struct ProxyArpIntfcDump {}

/// One interface on which requests are answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct ProxyArpIntfcDetails {
    /// The interface.
    pub sw_if_index: u32,
}

/// A range of addresses, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Wire)]
pub struct ProxyArp {
    /// Id of the IPv4 table.
    pub table_id: u32,
    /// First address.
    pub low: Ip4Address,
    /// Last address.
    pub hi: Ip4Address,
}

retval_replies! {
    ProxyArpAddDelReply,
    ProxyArpIntfcEnableDisableReply,
}
