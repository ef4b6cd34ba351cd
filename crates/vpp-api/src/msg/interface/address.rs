//! `interface.api`: addresses of interfaces.

use crate::Message;
use crate::def::MessageDef;
use crate::msg::retval_replies;
use crate::types::{AddressWithPrefix, InterfaceIndex, MacAddress};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    SwInterfaceAddDelAddress::DEFINITION,
    SwInterfaceAddDelAddressReply::DEFINITION,
    SwInterfaceSetTable::DEFINITION,
    SwInterfaceSetTableReply::DEFINITION,
    SwInterfaceGetTable::DEFINITION,
    SwInterfaceGetTableReply::DEFINITION,
    SwInterfaceSetUnnumbered::DEFINITION,
    SwInterfaceSetUnnumberedReply::DEFINITION,
    SwInterfaceSetMacAddress::DEFINITION,
    SwInterfaceSetMacAddressReply::DEFINITION,
    SwInterfaceGetMacAddress::DEFINITION,
    SwInterfaceGetMacAddressReply::DEFINITION,
];

/// Adds an address to an interface or removes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceAddDelAddressReply)]
pub struct SwInterfaceAddDelAddress {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// Remove all addresses.
    pub del_all: bool,
    /// Address with prefix length.
    pub prefix: AddressWithPrefix,
}

/// Moves an interface to a routing table; it must not have addresses then.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetTableReply)]
pub struct SwInterfaceSetTable {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// IPv6, not IPv4.
    pub is_ipv6: bool,
    /// Id of the routing table.
    pub vrf_id: u32,
}

/// Asks in which routing table an interface is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceGetTableReply)]
pub struct SwInterfaceGetTable {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// IPv6, not IPv4.
    pub is_ipv6: bool,
}

/// The routing table of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct SwInterfaceGetTableReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Id of the routing table.
    pub vrf_id: u32,
}

/// Lets an interface use the addresses of another one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetUnnumberedReply)]
pub struct SwInterfaceSetUnnumbered {
    /// The interface whose addresses are used.
    pub sw_if_index: InterfaceIndex,
    /// The interface that becomes unnumbered.
    pub unnumbered_sw_if_index: InterfaceIndex,
    /// Whether to use them, or to stop.
    pub is_add: bool,
}

/// Sets the MAC address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetMacAddressReply)]
pub struct SwInterfaceSetMacAddress {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// MAC address.
    pub mac_address: MacAddress,
}

/// Asks for the MAC address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceGetMacAddressReply)]
pub struct SwInterfaceGetMacAddress {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// The MAC address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct SwInterfaceGetMacAddressReply {
    /// 0 or an error number.
    pub retval: i32,
    /// MAC address.
    pub mac_address: MacAddress,
}

retval_replies! {
    SwInterfaceAddDelAddressReply,
    SwInterfaceSetTableReply,
    SwInterfaceSetUnnumberedReply,
    SwInterfaceSetMacAddressReply,
}
