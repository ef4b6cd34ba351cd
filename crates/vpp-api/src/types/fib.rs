//! Paths of routes.

use super::AddressUnion;
use crate::{Wire, api_enum, api_flags};

api_enum! {
    /// Protocol of a next hop.
    FibPathNhProto: u32 = "fib_path_nh_proto", prefix "FIB_API_PATH_NH_PROTO_" {
        /// IPv4.
        IP4 = 0,
        /// IPv6.
        IP6 = 1,
        /// MPLS.
        MPLS = 2,
        /// Ethernet.
        ETHERNET = 3,
        /// BIER.
        BIER = 4,
    }
}

api_enum! {
    /// Flags of a path.
    FibPathFlags: u32 = "fib_path_flags", prefix "FIB_API_PATH_FLAG_" {
        /// None.
        NONE = 0,
        /// Resolve through an attached next hop.
        RESOLVE_VIA_ATTACHED = 1,
        /// Resolve through a host route.
        RESOLVE_VIA_HOST = 2,
        /// Pop the control word of a pseudo-wire.
        POP_PW_CW = 4,
    }
}

api_flags!(FibPathFlags);

api_enum! {
    /// What a path does with packets.
    FibPathType: u32 = "fib_path_type", prefix "FIB_API_PATH_TYPE_" {
        /// Sends them to a next hop, out of an interface, or into another table.
        NORMAL = 0,
        /// Delivers them to VPP itself.
        LOCAL = 1,
        /// Drops them.
        DROP = 2,
        /// Puts them into UDP.
        UDP_ENCAP = 3,
        /// Imposes a BIER header.
        BIER_IMP = 4,
        /// Answers that the destination is unreachable.
        ICMP_UNREACH = 5,
        /// Answers that the destination is prohibited.
        ICMP_PROHIBIT = 6,
        /// Looks the source up in a table.
        SOURCE_LOOKUP = 7,
        /// Distributed virtual routing: out of a layer 2 interface with the frame unchanged.
        DVR = 8,
        /// Receives them on an interface.
        INTERFACE_RX = 9,
        /// Hands them to a classify table.
        CLASSIFY = 10,
    }
}

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Wire)]
pub struct FibPathNh {
    /// Address of the next hop.
    pub address: AddressUnion,
    /// MPLS label to resolve through.
    pub via_label: u32,
    /// Index of an object to use, such as a UDP encapsulation.
    pub obj_id: u32,
    /// Classify table to use.
    pub classify_table_index: u32,
}

/// A label of an MPLS stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Wire)]
pub struct FibMplsLabel {
    /// TTL and class are copied (1) or set (0).
    pub is_uniform: u8,
    /// The label.
    pub label: u32,
    /// Time to live.
    pub ttl: u8,
    /// Traffic class.
    pub exp: u8,
}

/// One of the ways a route offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Wire)]
pub struct FibPath {
    /// Interface to leave by; `!0` to resolve the next hop in `table_id`.
    pub sw_if_index: u32,
    /// Table the next hop, or without next hop the packet, is looked up in.
    pub table_id: u32,
    /// Interface for the check of the reverse path.
    pub rpf_id: u32,
    /// Share of the traffic among paths of the same preference.
    pub weight: u8,
    /// Paths of the lowest number are used.
    pub preference: u8,
    /// What is done with packets.
    #[vpp(name = "type")]
    pub kind: FibPathType,
    /// Flags.
    pub flags: FibPathFlags,
    /// Protocol of the next hop.
    pub proto: FibPathNhProto,
    /// Where it leads.
    pub nh: FibPathNh,
    /// Number of labels that count.
    pub n_labels: u8,
    /// Labels to impose.
    pub label_stack: [FibMplsLabel; 16],
}
