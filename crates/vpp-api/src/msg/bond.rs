//! `bond.api`: interfaces made of several others.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{InterfaceIndex, MacAddress};
use crate::{FixedString, Message, api_enum};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    BondCreate2::DEFINITION,
    BondCreate2Reply::DEFINITION,
    BondCreate::DEFINITION,
    BondCreateReply::DEFINITION,
    BondDelete::DEFINITION,
    BondDeleteReply::DEFINITION,
    BondAddMember::DEFINITION,
    BondAddMemberReply::DEFINITION,
    BondEnslave::DEFINITION,
    BondEnslaveReply::DEFINITION,
    BondDetachMember::DEFINITION,
    BondDetachMemberReply::DEFINITION,
    BondDetachSlave::DEFINITION,
    BondDetachSlaveReply::DEFINITION,
    SwBondInterfaceDump::DEFINITION,
    SwBondInterfaceDetails::DEFINITION,
    SwInterfaceBondDump::DEFINITION,
    SwInterfaceBondDetails::DEFINITION,
    SwMemberInterfaceDump::DEFINITION,
    SwMemberInterfaceDetails::DEFINITION,
    SwInterfaceSlaveDump::DEFINITION,
    SwInterfaceSlaveDetails::DEFINITION,
    SwInterfaceSetBondWeight::DEFINITION,
    SwInterfaceSetBondWeightReply::DEFINITION,
];

/// Creates a bond.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BondCreate2Reply)]
pub struct BondCreate2 {
    /// The mode.
    pub mode: BondMode,
    /// How packets are spread.
    pub lb: BondLbAlgo,
    /// With LACP, use members on the own NUMA node only.
    pub numa_only: bool,
    /// Segmentation offload.
    pub enable_gso: bool,
    /// Whether `mac_address` counts.
    pub use_custom_mac: bool,
    /// MAC address.
    pub mac_address: MacAddress,
    /// Number in the name, `BondEthernet<n>`; `!0` lets VPP choose.
    pub id: u32,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct BondCreate2Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Creates a bond (old form, without GSO).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BondCreateReply)]
pub struct BondCreate {
    /// Number in the name, `BondEthernet<n>`; `!0` lets VPP choose.
    pub id: u32,
    /// Whether `mac_address` counts.
    pub use_custom_mac: bool,
    /// MAC address.
    pub mac_address: MacAddress,
    /// The mode.
    pub mode: BondMode,
    /// How packets are spread.
    pub lb: BondLbAlgo,
    /// With LACP, use members on the own NUMA node only.
    pub numa_only: bool,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct BondCreateReply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Deletes a bond.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BondDeleteReply)]
pub struct BondDelete {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Adds an interface to a bond.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BondAddMemberReply)]
pub struct BondAddMember {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// The bond.
    pub bond_sw_if_index: InterfaceIndex,
    /// LACP: does not start by itself.
    pub is_passive: bool,
    /// LACP: 90 seconds instead of 3.
    pub is_long_timeout: bool,
}

/// Adds an interface to a bond (old name).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BondEnslaveReply)]
pub struct BondEnslave {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// The bond.
    pub bond_sw_if_index: InterfaceIndex,
    /// LACP: does not start by itself.
    pub is_passive: bool,
    /// LACP: 90 seconds instead of 3.
    pub is_long_timeout: bool,
}

/// Removes an interface from its bond.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BondDetachMemberReply)]
pub struct BondDetachMember {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Removes an interface from its bond (old name).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = BondDetachSlaveReply)]
pub struct BondDetachSlave {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Lists bonds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = SwBondInterfaceDetails)]
pub struct SwBondInterfaceDump {
    /// Only this interface; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One bond.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct SwBondInterfaceDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Id.
    pub id: u32,
    /// The mode.
    pub mode: BondMode,
    /// How packets are spread.
    pub lb: BondLbAlgo,
    /// With LACP, use members on the own NUMA node only.
    pub numa_only: bool,
    /// Number of members in use.
    pub active_members: u32,
    /// Number of members.
    pub members: u32,
    /// VPP's name of the interface.
    pub interface_name: FixedString<64>,
}

/// Lists bonds (old name).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = SwInterfaceBondDetails)]
pub struct SwInterfaceBondDump {}

/// One bond.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct SwInterfaceBondDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Id.
    pub id: u32,
    /// The mode.
    pub mode: BondMode,
    /// How packets are spread.
    pub lb: BondLbAlgo,
    /// With LACP, use members on the own NUMA node only.
    pub numa_only: bool,
    /// Number of members in use.
    pub active_slaves: u32,
    /// Number of members.
    pub slaves: u32,
    /// VPP's name of the interface.
    pub interface_name: FixedString<64>,
}

/// Lists the members of a bond.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = SwMemberInterfaceDetails)]
pub struct SwMemberInterfaceDump {
    /// The bond.
    pub sw_if_index: InterfaceIndex,
}

/// One member of a bond.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct SwMemberInterfaceDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// VPP's name of the interface.
    pub interface_name: FixedString<64>,
    /// LACP: does not start by itself.
    pub is_passive: bool,
    /// LACP: 90 seconds instead of 3.
    pub is_long_timeout: bool,
    /// On the NUMA node of the bond.
    pub is_local_numa: bool,
    /// Weight of the member.
    pub weight: u32,
}

/// Lists the members of a bond (old name).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = SwInterfaceSlaveDetails)]
pub struct SwInterfaceSlaveDump {
    /// The bond.
    pub sw_if_index: InterfaceIndex,
}

/// One member of a bond.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct SwInterfaceSlaveDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// VPP's name of the interface.
    pub interface_name: FixedString<64>,
    /// LACP: does not start by itself.
    pub is_passive: bool,
    /// LACP: 90 seconds instead of 3.
    pub is_long_timeout: bool,
    /// On the NUMA node of the bond.
    pub is_local_numa: bool,
    /// Weight of the member.
    pub weight: u32,
}

/// Sets the weight of a member.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSetBondWeightReply)]
pub struct SwInterfaceSetBondWeight {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Weight of the member.
    pub weight: u32,
}

api_enum! {
    /// How a bond spreads packets.
    BondLbAlgo: u32 = "bond_lb_algo", prefix "BOND_API_LB_ALGO_" {
        /// By MAC addresses.
        L2 = 0,
        /// By addresses and ports.
        L34 = 1,
        /// By MAC and IP addresses.
        L23 = 2,
        /// In turn.
        RR = 3,
        /// To all.
        BC = 4,
        /// To the active one.
        AB = 5,
    }
}

api_enum! {
    /// How a bond works.
    BondMode: u32 = "bond_mode", prefix "BOND_API_MODE_" {
        /// Members in turn.
        ROUND_ROBIN = 1,
        /// One member, the others in reserve.
        ACTIVE_BACKUP = 2,
        /// Member by hash.
        XOR = 3,
        /// All members.
        BROADCAST = 4,
        /// IEEE 802.3ad.
        LACP = 5,
    }
}

retval_replies! {
    BondDeleteReply,
    BondAddMemberReply,
    BondEnslaveReply,
    BondDetachMemberReply,
    BondDetachSlaveReply,
    SwInterfaceSetBondWeightReply,
}
