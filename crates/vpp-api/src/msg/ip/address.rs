//! `ip.api`: addresses and enabling of a family.

use crate::Message;
use crate::def::MessageDef;
use crate::msg::retval_replies;
use crate::types::{AddressWithPrefix, InterfaceIndex, Ip6Address};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    SwInterfaceIp6EnableDisable::DEFINITION,
    SwInterfaceIp6EnableDisableReply::DEFINITION,
    SwInterfaceIp4EnableDisable::DEFINITION,
    SwInterfaceIp4EnableDisableReply::DEFINITION,
    IpAddressDump::DEFINITION,
    IpAddressDetails::DEFINITION,
    IpUnnumberedDump::DEFINITION,
    IpUnnumberedDetails::DEFINITION,
    IpDump::DEFINITION,
    IpDetails::DEFINITION,
    SwInterfaceIp6SetLinkLocalAddress::DEFINITION,
    SwInterfaceIp6SetLinkLocalAddressReply::DEFINITION,
    SwInterfaceIp6GetLinkLocalAddress::DEFINITION,
    SwInterfaceIp6GetLinkLocalAddressReply::DEFINITION,
];

/// Switches IPv6 on an interface without addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceIp6EnableDisableReply)]
pub struct SwInterfaceIp6EnableDisable {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// On or off.
    pub enable: bool,
}

/// Switches IPv4 on an interface without addresses (25.02 and later).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceIp4EnableDisableReply)]
pub struct SwInterfaceIp4EnableDisable {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// On or off.
    pub enable: bool,
}

/// Lists the addresses of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = IpAddressDetails)]
pub struct IpAddressDump {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// IPv6, not IPv4.
    pub is_ipv6: bool,
}

/// One address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct IpAddressDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Address with prefix length.
    pub prefix: AddressWithPrefix,
}

/// Lists interfaces that use the addresses of others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = IpUnnumberedDetails)]
pub struct IpUnnumberedDump {
    /// Only this interface; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One interface that uses the addresses of another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct IpUnnumberedDetails {
    /// The unnumbered interface.
    pub sw_if_index: InterfaceIndex,
    /// The interface whose addresses are used.
    pub ip_sw_if_index: InterfaceIndex,
}

/// Lists interfaces with addresses of a family.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = IpDetails)]
pub struct IpDump {
    /// IPv6, not IPv4.
    pub is_ipv6: bool,
}

/// One interface with addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct IpDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// IPv6, not IPv4.
    pub is_ipv6: bool,
}

/// Sets the link-local address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceIp6SetLinkLocalAddressReply)]
pub struct SwInterfaceIp6SetLinkLocalAddress {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// The address.
    pub ip: Ip6Address,
}

/// Asks for the link-local address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceIp6GetLinkLocalAddressReply)]
pub struct SwInterfaceIp6GetLinkLocalAddress {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// The link-local address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct SwInterfaceIp6GetLinkLocalAddressReply {
    /// 0 or an error number.
    pub retval: i32,
    /// The address.
    pub ip: Ip6Address,
}

retval_replies! {
    SwInterfaceIp6EnableDisableReply,
    SwInterfaceIp4EnableDisableReply,
    SwInterfaceIp6SetLinkLocalAddressReply,
}
