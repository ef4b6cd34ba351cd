//! `ip_neighbor.api`: neighbours: ARP and IPv6 neighbour discovery.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{Address, AddressFamily, InterfaceIndex, MacAddress};
use crate::{Message, Wire, api_enum, api_flags};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    IpNeighborAddDel::DEFINITION,
    IpNeighborAddDelReply::DEFINITION,
    IpNeighborDump::DEFINITION,
    IpNeighborDetails::DEFINITION,
    IpNeighborConfig::DEFINITION,
    IpNeighborConfigReply::DEFINITION,
    IpNeighborConfigGet::DEFINITION,
    IpNeighborConfigGetReply::DEFINITION,
    IpNeighborFlush::DEFINITION,
    IpNeighborFlushReply::DEFINITION,
    WantIpNeighborEventsV2::DEFINITION,
    WantIpNeighborEventsV2Reply::DEFINITION,
    IpNeighborEventV2::DEFINITION,
];

/// Adds a neighbour or removes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpNeighborAddDelReply)]
pub struct IpNeighborAddDel {
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// The neighbour.
    pub neighbor: IpNeighbor,
}

/// Answer to [`IpNeighborAddDel`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct IpNeighborAddDelReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of its counters in the statistics segment.
    pub stats_index: u32,
}

/// Lists neighbours.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = IpNeighborDetails)]
pub struct IpNeighborDump {
    /// Only of this interface; `!0` for all.
    pub sw_if_index: InterfaceIndex,
    /// Family.
    pub af: AddressFamily,
}

/// One neighbour.
#[derive(Debug, Clone, PartialEq, Default, Message)]
#[vpp(details)]
pub struct IpNeighborDetails {
    /// Seconds since it was last seen.
    pub age: f64,
    /// The neighbour.
    pub neighbor: IpNeighbor,
}

/// Sets limits and ageing of learned neighbours.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpNeighborConfigReply)]
pub struct IpNeighborConfig {
    /// Family.
    pub af: AddressFamily,
    /// Most neighbours.
    pub max_number: u32,
    /// Seconds after which a neighbour is checked; 0 for never.
    pub max_age: u32,
    /// Replace the oldest when there are too many, instead of refusing new ones.
    pub recycle: bool,
}

/// Asks for limits and ageing of learned neighbours (23.10 and later).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpNeighborConfigGetReply)]
pub struct IpNeighborConfigGet {
    /// Family.
    pub af: AddressFamily,
}

/// Limits and ageing of learned neighbours.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct IpNeighborConfigGetReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Family.
    pub af: AddressFamily,
    /// Most neighbours.
    pub max_number: u32,
    /// Seconds after which a neighbour is checked; 0 for never.
    pub max_age: u32,
    /// Replace the oldest when there are too many, instead of refusing new ones.
    pub recycle: bool,
}

/// Removes learned neighbours.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpNeighborFlushReply)]
pub struct IpNeighborFlush {
    /// Family.
    pub af: AddressFamily,
    /// Only of this interface; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// Subscribes to changes of neighbours, or ends the subscription.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = WantIpNeighborEventsV2Reply)]
pub struct WantIpNeighborEventsV2 {
    /// On or off.
    pub enable: bool,
    /// Process id of the client.
    pub pid: u32,
    /// Only this address; zero for all.
    pub ip: Address,
    /// Only of this interface; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// A neighbour appeared or went.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(event)]
pub struct IpNeighborEventV2 {
    /// Process id of the client.
    pub pid: u32,
    /// Whether it appeared or went.
    pub flags: IpNeighborEventFlags,
    /// The neighbour.
    pub neighbor: IpNeighbor,
}

/// A neighbour.
#[derive(Debug, Clone, PartialEq, Eq, Default, Wire)]
pub struct IpNeighbor {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// What kind of entry it is.
    pub flags: IpNeighborFlags,
    /// MAC address.
    pub mac_address: MacAddress,
    /// IP address.
    pub ip_address: Address,
}

api_enum! {
    /// Flags of a neighbour.
    IpNeighborFlags: u8 = "ip_neighbor_flags", prefix "IP_API_NEIGHBOR_FLAG_" {
        /// None: learned.
        NONE = 0,
        /// Configured, never aged.
        STATIC = 1,
        /// Without a route of its own.
        NO_FIB_ENTRY = 2,
    }
}

api_flags!(IpNeighborFlags);

api_enum! {
    /// Flags of a change of a neighbour.
    IpNeighborEventFlags: u32 = "ip_neighbor_event_flags", prefix "IP_NEIGHBOR_API_EVENT_FLAG_" {
        /// It appeared.
        ADDED = 1,
        /// It went.
        REMOVED = 2,
    }
}

api_flags!(IpNeighborEventFlags);

retval_replies! {
    IpNeighborConfigReply,
    IpNeighborFlushReply,
    WantIpNeighborEventsV2Reply,
}
