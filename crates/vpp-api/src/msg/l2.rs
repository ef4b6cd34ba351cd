//! `l2.api`: bridge domains, MAC tables, cross-connects and VLAN tag rewriting.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{Address, InterfaceIndex, MacAddress};
use crate::{FixedString, List, Message, Wire, api_enum, api_flags};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    BridgeDomainAddDel::DEFINITION,
    BridgeDomainAddDelReply::DEFINITION,
    BridgeDomainAddDelV2::DEFINITION,
    BridgeDomainAddDelV2Reply::DEFINITION,
    BridgeDomainDump::DEFINITION,
    BridgeDomainDetails::DEFINITION,
    BridgeDomainSetMacAge::DEFINITION,
    BridgeDomainSetMacAgeReply::DEFINITION,
    BridgeDomainSetLearnLimit::DEFINITION,
    BridgeDomainSetLearnLimitReply::DEFINITION,
    BridgeFlags::DEFINITION,
    BridgeFlagsReply::DEFINITION,
    SwInterfaceSetL2Bridge::DEFINITION,
    SwInterfaceSetL2BridgeReply::DEFINITION,
    BdIpMacAddDel::DEFINITION,
    BdIpMacAddDelReply::DEFINITION,
    BdIpMacDump::DEFINITION,
    BdIpMacDetails::DEFINITION,
    BdIpMacFlush::DEFINITION,
    BdIpMacFlushReply::DEFINITION,
    L2fibAddDel::DEFINITION,
    L2fibAddDelReply::DEFINITION,
    L2FibTableDump::DEFINITION,
    L2FibTableDetails::DEFINITION,
    L2fibFlushBd::DEFINITION,
    L2fibFlushBdReply::DEFINITION,
    SwInterfaceSetL2Xconnect::DEFINITION,
    SwInterfaceSetL2XconnectReply::DEFINITION,
    L2XconnectDump::DEFINITION,
    L2XconnectDetails::DEFINITION,
    L2Flags::DEFINITION,
    L2FlagsReply::DEFINITION,
    L2InterfaceVlanTagRewrite::DEFINITION,
    L2InterfaceVlanTagRewriteReply::DEFINITION,
];

/// Creates a bridge domain or deletes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BridgeDomainAddDelReply)]
pub struct BridgeDomainAddDel {
    /// Id of the bridge domain.
    pub bd_id: u32,
    /// Flood broadcast and multicast.
    pub flood: bool,
    /// Flood unknown unicast.
    pub uu_flood: bool,
    /// Forward known unicast.
    pub forward: bool,
    /// Learn MAC addresses.
    pub learn: bool,
    /// Answer ARP requests for known addresses.
    pub arp_term: bool,
    /// Forward ARP requests as unicast.
    pub arp_ufwd: bool,
    /// Minutes a learned address lives; 0 for ever.
    pub mac_age: u8,
    /// Text set by a client.
    pub bd_tag: FixedString<64>,
    /// Whether to add, or to remove.
    pub is_add: bool,
}

/// Creates a bridge domain or deletes it (23.02 and later; chooses an id for `!0`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BridgeDomainAddDelV2Reply)]
pub struct BridgeDomainAddDelV2 {
    /// Id of the bridge domain.
    pub bd_id: u32,
    /// Flood broadcast and multicast.
    pub flood: bool,
    /// Flood unknown unicast.
    pub uu_flood: bool,
    /// Forward known unicast.
    pub forward: bool,
    /// Learn MAC addresses.
    pub learn: bool,
    /// Answer ARP requests for known addresses.
    pub arp_term: bool,
    /// Forward ARP requests as unicast.
    pub arp_ufwd: bool,
    /// Minutes a learned address lives; 0 for ever.
    pub mac_age: u8,
    /// Text set by a client.
    pub bd_tag: FixedString<64>,
    /// Whether to add, or to remove.
    pub is_add: bool,
}

/// Answer to [`BridgeDomainAddDelV2`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct BridgeDomainAddDelV2Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// Id of the bridge domain.
    pub bd_id: u32,
}

/// Lists bridge domains.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = BridgeDomainDetails)]
pub struct BridgeDomainDump {
    /// Only this bridge domain; `!0` for all.
    pub bd_id: u32,
    /// Must be `!0`; VPP does not use it.
    pub sw_if_index: InterfaceIndex,
}

/// One bridge domain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct BridgeDomainDetails {
    /// Id of the bridge domain.
    pub bd_id: u32,
    /// Flood broadcast and multicast.
    pub flood: bool,
    /// Flood unknown unicast.
    pub uu_flood: bool,
    /// Forward known unicast.
    pub forward: bool,
    /// Learn MAC addresses.
    pub learn: bool,
    /// Answer ARP requests for known addresses.
    pub arp_term: bool,
    /// Forward ARP requests as unicast.
    pub arp_ufwd: bool,
    /// Minutes a learned address lives; 0 for ever.
    pub mac_age: u8,
    /// Text set by a client.
    pub bd_tag: FixedString<64>,
    /// The bridged virtual interface; `!0` if there is none.
    pub bvi_sw_if_index: InterfaceIndex,
    /// Where unknown unicast goes; `!0` if nowhere.
    pub uu_fwd_sw_if_index: InterfaceIndex,
    /// The members.
    #[vpp(count = "n_sw_ifs")]
    pub sw_if_details: List<BridgeDomainSwIf, u32>,
}

/// Sets how long a bridge domain remembers MAC addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BridgeDomainSetMacAgeReply)]
pub struct BridgeDomainSetMacAge {
    /// Id of the bridge domain.
    pub bd_id: u32,
    /// Minutes a learned address lives; 0 for ever.
    pub mac_age: u8,
}

/// Sets how many MAC addresses a bridge domain may learn.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BridgeDomainSetLearnLimitReply)]
pub struct BridgeDomainSetLearnLimit {
    /// Id of the bridge domain.
    pub bd_id: u32,
    /// Most addresses.
    pub learn_limit: u32,
}

/// Sets or clears flags of a bridge domain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BridgeFlagsReply)]
pub struct BridgeFlags {
    /// Id of the bridge domain.
    pub bd_id: u32,
    /// Whether to set, or to clear.
    pub is_set: bool,
    /// Flags.
    pub flags: BdFlags,
}

/// Answer to [`BridgeFlags`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct BridgeFlagsReply {
    /// 0 or an error number.
    pub retval: i32,
    /// All flags after the change.
    pub resulting_feature_bitmap: u32,
}

/// Puts an interface into a bridge domain or takes it out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetL2BridgeReply)]
pub struct SwInterfaceSetL2Bridge {
    /// The interface.
    pub rx_sw_if_index: InterfaceIndex,
    /// Id of the bridge domain.
    pub bd_id: u32,
    /// Role of the member.
    pub port_type: L2PortType,
    /// Split horizon group; members of the same group other than 0 do not talk to each other.
    pub shg: u8,
    /// Whether to put it in, or to take it out.
    pub enable: bool,
}

/// Adds an entry of ARP termination or removes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BdIpMacAddDelReply)]
pub struct BdIpMacAddDel {
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// The entry.
    pub entry: BdIpMac,
}

/// Lists the entries of ARP termination of a bridge domain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = BdIpMacDetails)]
pub struct BdIpMacDump {
    /// Id of the bridge domain.
    pub bd_id: u32,
}

/// One entry of ARP termination.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct BdIpMacDetails {
    /// The entry.
    pub entry: BdIpMac,
}

/// Removes the entries of ARP termination of a bridge domain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BdIpMacFlushReply)]
pub struct BdIpMacFlush {
    /// Id of the bridge domain.
    pub bd_id: u32,
}

/// Adds an entry to the MAC table of a bridge domain or removes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = L2fibAddDelReply)]
pub struct L2fibAddDel {
    /// MAC address.
    pub mac: MacAddress,
    /// Id of the bridge domain.
    pub bd_id: u32,
    /// Where frames to it go; `!0` with `filter_mac`.
    pub sw_if_index: InterfaceIndex,
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// Configured: does not move or age.
    pub static_mac: bool,
    /// Drop frames to it.
    pub filter_mac: bool,
    /// Belongs to the bridged virtual interface.
    pub bvi_mac: bool,
}

/// Lists the MAC table of a bridge domain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = L2FibTableDetails)]
pub struct L2FibTableDump {
    /// Id of the bridge domain.
    pub bd_id: u32,
}

/// One entry of a MAC table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct L2FibTableDetails {
    /// Id of the bridge domain.
    pub bd_id: u32,
    /// MAC address.
    pub mac: MacAddress,
    /// Where frames to it go; `!0` if they are dropped.
    pub sw_if_index: InterfaceIndex,
    /// Configured: does not move or age.
    pub static_mac: bool,
    /// Drop frames to it.
    pub filter_mac: bool,
    /// Belongs to the bridged virtual interface.
    pub bvi_mac: bool,
}

/// Removes what a bridge domain learned.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = L2fibFlushBdReply)]
pub struct L2fibFlushBd {
    /// Id of the bridge domain.
    pub bd_id: u32,
}

/// Connects an interface with another in one direction, or ends that.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetL2XconnectReply)]
pub struct SwInterfaceSetL2Xconnect {
    /// The interface packets come in on.
    pub rx_sw_if_index: InterfaceIndex,
    /// The interface they leave by.
    pub tx_sw_if_index: InterfaceIndex,
    /// On or off.
    pub enable: bool,
}

/// Lists cross-connects.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = L2XconnectDetails)]
pub struct L2XconnectDump {}

/// One direction of a cross-connect.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct L2XconnectDetails {
    /// The interface packets come in on.
    pub rx_sw_if_index: InterfaceIndex,
    /// The interface they leave by.
    pub tx_sw_if_index: InterfaceIndex,
}

/// Sets or clears layer 2 features of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = L2FlagsReply)]
pub struct L2Flags {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Whether to set, or to clear.
    pub is_set: bool,
    /// The features.
    pub feature_bitmap: u32,
}

/// Answer to [`L2Flags`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct L2FlagsReply {
    /// 0 or an error number.
    pub retval: i32,
    /// All flags after the change.
    pub resulting_feature_bitmap: u32,
}

/// Says how an interface changes VLAN tags.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = L2InterfaceVlanTagRewriteReply)]
pub struct L2InterfaceVlanTagRewrite {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Rewriting of VLAN tags, 0 none.
    pub vtr_op: u32,
    /// Pushed tags are 802.1Q, not 802.1ad.
    pub push_dot1q: u32,
    /// First tag to push.
    pub tag1: u32,
    /// Second tag to push.
    pub tag2: u32,
}

api_enum! {
    /// Flags of a bridge domain.
    BdFlags: u32 = "bd_flags", prefix "BRIDGE_API_FLAG_" {
        /// None.
        NONE = 0,
        /// Learn MAC addresses.
        LEARN = 1,
        /// Forward known unicast.
        FWD = 2,
        /// Flood broadcast and multicast.
        FLOOD = 4,
        /// Flood unknown unicast.
        UU_FLOOD = 8,
        /// Answer ARP requests for known addresses.
        ARP_TERM = 16,
        /// Forward ARP requests as unicast.
        ARP_UFWD = 32,
    }
}

api_flags!(BdFlags);

/// An address that ARP termination knows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Wire)]
pub struct BdIpMac {
    /// Id of the bridge domain.
    pub bd_id: u32,
    /// IP address.
    pub ip: Address,
    /// MAC address.
    pub mac: MacAddress,
}

/// A member of a bridge domain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Wire)]
pub struct BridgeDomainSwIf {
    /// Not used.
    pub context: u32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Split horizon group; members of the same group other than 0 do not talk to each other.
    pub shg: u8,
}

api_enum! {
    /// Role of a member of a bridge domain.
    L2PortType: u32 = "l2_port_type", prefix "L2_API_PORT_TYPE_" {
        /// A member like others.
        NORMAL = 0,
        /// The bridged virtual interface.
        BVI = 1,
        /// Where unknown unicast goes.
        UU_FWD = 2,
    }
}

retval_replies! {
    BridgeDomainAddDelReply,
    BridgeDomainSetMacAgeReply,
    BridgeDomainSetLearnLimitReply,
    SwInterfaceSetL2BridgeReply,
    BdIpMacAddDelReply,
    BdIpMacFlushReply,
    L2fibAddDelReply,
    L2fibFlushBdReply,
    SwInterfaceSetL2XconnectReply,
    L2InterfaceVlanTagRewriteReply,
}
