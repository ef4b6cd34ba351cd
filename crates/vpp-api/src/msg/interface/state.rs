//! `interface.api`: listing, state and events of interfaces.

use crate::def::MessageDef;
use crate::msg::retval_replies;
use crate::types::{IfStatusFlags, InterfaceIndex, MacAddress};
use crate::{FixedString, Message, api_enum, api_flags};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    SwInterfaceDump::DEFINITION,
    SwInterfaceDetails::DEFINITION,
    SwInterfaceSetFlags::DEFINITION,
    SwInterfaceSetFlagsReply::DEFINITION,
    SwInterfaceSetPromisc::DEFINITION,
    SwInterfaceSetPromiscReply::DEFINITION,
    HwInterfaceSetMtu::DEFINITION,
    HwInterfaceSetMtuReply::DEFINITION,
    SwInterfaceSetMtu::DEFINITION,
    SwInterfaceSetMtuReply::DEFINITION,
    WantInterfaceEvents::DEFINITION,
    WantInterfaceEventsReply::DEFINITION,
    SwInterfaceEvent::DEFINITION,
    SwInterfaceClearStats::DEFINITION,
    SwInterfaceClearStatsReply::DEFINITION,
    SwInterfaceTagAddDel::DEFINITION,
    SwInterfaceTagAddDelReply::DEFINITION,
    SwInterfaceSetInterfaceName::DEFINITION,
    SwInterfaceSetInterfaceNameReply::DEFINITION,
];

/// Lists interfaces.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = SwInterfaceDetails)]
pub struct SwInterfaceDump {
    /// Only this interface; `!0` for all.
    pub sw_if_index: InterfaceIndex,
    /// Whether `name_filter` counts.
    pub name_filter_valid: bool,
    /// Only interfaces whose name contains this.
    pub name_filter: String,
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct SwInterfaceDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// The interface it is part of; itself if it is not a sub-interface.
    pub sup_sw_if_index: u32,
    /// MAC address.
    pub l2_address: MacAddress,
    /// State.
    pub flags: IfStatusFlags,
    /// What it is.
    #[vpp(name = "type")]
    pub kind: IfType,
    /// Duplex mode.
    pub link_duplex: LinkDuplex,
    /// Speed in kbit/s.
    pub link_speed: u32,
    /// Greatest frame in bytes; 0 where there is no hardware.
    pub link_mtu: u16,
    /// Greatest packet in bytes: layer 3, IPv4, IPv6, MPLS.
    pub mtu: [u32; 4],
    /// Id of the sub-interface; 0 if it is none.
    pub sub_id: u32,
    /// Number of VLAN tags matched.
    pub sub_number_of_tags: u8,
    /// Outer VLAN id.
    pub sub_outer_vlan_id: u16,
    /// Inner VLAN id.
    pub sub_inner_vlan_id: u16,
    /// How tags are matched.
    pub sub_if_flags: SubIfFlags,
    /// Rewriting of VLAN tags, 0 none.
    pub vtr_op: u32,
    /// Pushed tags are 802.1Q, not 802.1ad.
    pub vtr_push_dot1q: u32,
    /// First tag to push.
    pub vtr_tag1: u32,
    /// Second tag to push.
    pub vtr_tag2: u32,
    /// Outer tag of provider backbone bridging.
    pub outer_tag: u16,
    /// Backbone destination MAC address.
    pub b_dmac: MacAddress,
    /// Backbone source MAC address.
    pub b_smac: MacAddress,
    /// Backbone VLAN id.
    pub b_vlanid: u16,
    /// Service instance id.
    pub i_sid: u32,
    /// VPP's name of the interface.
    pub interface_name: FixedString<64>,
    /// Driver.
    pub interface_dev_type: FixedString<64>,
    /// Text set by a client.
    pub tag: FixedString<64>,
}

/// Sets an interface administratively up or down.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetFlagsReply)]
pub struct SwInterfaceSetFlags {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Flags.
    pub flags: IfStatusFlags,
}

/// Switches promiscuous mode.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetPromiscReply)]
pub struct SwInterfaceSetPromisc {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Whether to take all frames.
    pub promisc_on: bool,
}

/// Sets the greatest frame a hardware interface takes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = HwInterfaceSetMtuReply)]
pub struct HwInterfaceSetMtu {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Greatest size in bytes.
    pub mtu: u16,
}

/// Sets the greatest packets of an interface per protocol.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetMtuReply)]
pub struct SwInterfaceSetMtu {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Greatest packet in bytes: layer 3, IPv4, IPv6, MPLS; 0 leaves it to layer 3.
    pub mtu: [u32; 4],
}

/// Subscribes to interface events, or ends the subscription.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = WantInterfaceEventsReply)]
pub struct WantInterfaceEvents {
    /// 1 subscribes, 0 ends the subscription.
    pub enable_disable: u32,
    /// Process id of the client.
    pub pid: u32,
}

/// State of an interface changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(event)]
pub struct SwInterfaceEvent {
    /// Process id of the client.
    pub pid: u32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// State; of a deleted interface it means nothing.
    pub flags: IfStatusFlags,
    /// The interface is gone.
    pub deleted: bool,
}

/// Sets the counters of an interface, or of all, to zero.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceClearStatsReply)]
pub struct SwInterfaceClearStats {
    /// The interface; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// Sets or removes the tag of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceTagAddDelReply)]
pub struct SwInterfaceTagAddDel {
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Text set by a client.
    pub tag: FixedString<64>,
}

/// Renames an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetInterfaceNameReply)]
pub struct SwInterfaceSetInterfaceName {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// New name.
    pub name: FixedString<64>,
}

api_enum! {
    /// What an interface is.
    IfType: u32 = "if_type", prefix "IF_API_TYPE_" {
        /// An interface of its own.
        HARDWARE = 0,
        /// A sub-interface.
        SUB = 1,
        /// A point-to-point sub-interface.
        P2P = 2,
        /// An end of a pipe.
        PIPE = 3,
    }
}

api_enum! {
    /// Duplex mode of a link.
    LinkDuplex: u32 = "link_duplex", prefix "LINK_DUPLEX_API_" {
        /// Unknown.
        UNKNOWN = 0,
        /// Half.
        HALF = 1,
        /// Full.
        FULL = 2,
    }
}

api_enum! {
    /// Flags that say which tags a sub-interface matches.
    SubIfFlags: u32 = "sub_if_flags", prefix "SUB_IF_API_FLAG_" {
        /// Untagged.
        NO_TAGS = 1,
        /// One tag.
        ONE_TAG = 2,
        /// Two tags.
        TWO_TAGS = 4,
        /// Outer tag is 802.1ad.
        DOT1AD = 8,
        /// Number of tags must be exact; needed for layer 3.
        EXACT_MATCH = 16,
        /// What nothing else matches.
        DEFAULT = 32,
        /// Any outer VLAN id.
        OUTER_VLAN_ID_ANY = 64,
        /// Any inner VLAN id.
        INNER_VLAN_ID_ANY = 128,
        /// All flags that VPP keeps.
        MASK_VNET = 254,
        /// 802.1ah.
        DOT1AH = 256,
    }
}

api_flags!(SubIfFlags);

retval_replies! {
    SwInterfaceSetFlagsReply,
    SwInterfaceSetPromiscReply,
    HwInterfaceSetMtuReply,
    SwInterfaceSetMtuReply,
    WantInterfaceEventsReply,
    SwInterfaceClearStatsReply,
    SwInterfaceTagAddDelReply,
    SwInterfaceSetInterfaceNameReply,
}
