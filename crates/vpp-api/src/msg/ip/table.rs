//! `ip.api`: routing tables.

use crate::def::MessageDef;
use crate::msg::retval_replies;
use crate::types::AddressFamily;
use crate::{FixedString, Message, Wire, api_enum, api_flags};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    IpTableAddDel::DEFINITION,
    IpTableAddDelReply::DEFINITION,
    IpTableAddDelV2::DEFINITION,
    IpTableAddDelV2Reply::DEFINITION,
    IpTableAllocate::DEFINITION,
    IpTableAllocateReply::DEFINITION,
    IpTableDump::DEFINITION,
    IpTableDetails::DEFINITION,
    IpTableFlush::DEFINITION,
    IpTableFlushReply::DEFINITION,
    SetIpFlowHash::DEFINITION,
    SetIpFlowHashReply::DEFINITION,
    SetIpFlowHashV2::DEFINITION,
    SetIpFlowHashV2Reply::DEFINITION,
    SetIpFlowHashV3::DEFINITION,
    SetIpFlowHashV3Reply::DEFINITION,
];

/// Creates a routing table or deletes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpTableAddDelReply)]
pub struct IpTableAddDel {
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// The table.
    pub table: IpTable,
}

/// Creates a routing table or deletes it (24.10 and later).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpTableAddDelV2Reply)]
pub struct IpTableAddDelV2 {
    /// The table.
    pub table: IpTable,
    /// Create the multicast table too.
    pub create_mfib: bool,
    /// Whether to add, or to remove.
    pub is_add: bool,
}

/// Creates a routing table with a free id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpTableAllocateReply)]
pub struct IpTableAllocate {
    /// The table wanted; an id of `!0` lets VPP choose.
    pub table: IpTable,
}

/// The new table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct IpTableAllocateReply {
    /// 0 or an error number.
    pub retval: i32,
    /// The table.
    pub table: IpTable,
}

/// Lists routing tables of both families.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = IpTableDetails)]
pub struct IpTableDump {}

/// One routing table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct IpTableDetails {
    /// The table.
    pub table: IpTable,
}

/// Removes the routes of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = IpTableFlushReply)]
pub struct IpTableFlush {
    /// The table.
    pub table: IpTable,
}

/// Chooses the fields that spread flows over paths, one by one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SetIpFlowHashReply)]
pub struct SetIpFlowHash {
    /// Id of the routing table.
    pub vrf_id: u32,
    /// IPv6, not IPv4.
    pub is_ipv6: bool,
    /// Source address.
    pub src: bool,
    /// Destination address.
    pub dst: bool,
    /// Source port.
    pub sport: bool,
    /// Destination port.
    pub dport: bool,
    /// Protocol.
    pub proto: bool,
    /// Swap source and destination.
    pub reverse: bool,
    /// Both directions alike.
    pub symmetric: bool,
}

/// Chooses the fields that spread flows over paths.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SetIpFlowHashV2Reply)]
pub struct SetIpFlowHashV2 {
    /// Id of the table.
    pub table_id: u32,
    /// Family.
    pub af: AddressFamily,
    /// The fields.
    pub flow_hash_config: IpFlowHashConfig,
}

/// Chooses the fields that spread flows over paths (23.06 and later).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SetIpFlowHashV3Reply)]
pub struct SetIpFlowHashV3 {
    /// Id of the table.
    pub table_id: u32,
    /// Family.
    pub af: AddressFamily,
    /// The fields.
    pub flow_hash_config: IpFlowHashConfigV2,
}

api_enum! {
    /// Flags that choose the fields which spread flows.
    IpFlowHashConfig: u32 = "ip_flow_hash_config", prefix "IP_API_FLOW_HASH_" {
        /// Source address.
        SRC_IP = 1,
        /// Destination address.
        DST_IP = 2,
        /// Source port.
        SRC_PORT = 4,
        /// Destination port.
        DST_PORT = 8,
        /// Protocol.
        PROTO = 16,
        /// Swap source and destination.
        REVERSE = 32,
        /// Both directions alike.
        SYMETRIC = 64,
        /// IPv6 flow label.
        FLOW_LABEL = 128,
    }
}

api_flags!(IpFlowHashConfig);

api_enum! {
    /// Flags that choose the fields which spread flows.
    IpFlowHashConfigV2: u32 = "ip_flow_hash_config_v2", prefix "IP_API_V2_FLOW_HASH_" {
        /// Source address.
        SRC_IP = 1,
        /// Destination address.
        DST_IP = 2,
        /// Source port.
        SRC_PORT = 4,
        /// Destination port.
        DST_PORT = 8,
        /// Protocol.
        PROTO = 16,
        /// Swap source and destination.
        REVERSE = 32,
        /// Both directions alike.
        SYMETRIC = 64,
        /// IPv6 flow label.
        FLOW_LABEL = 128,
        /// Tunnel id of GTP.
        GTPV1_TEID = 256,
    }
}

api_flags!(IpFlowHashConfigV2);

/// A routing table of one family.
#[derive(Debug, Clone, PartialEq, Eq, Default, Wire)]
pub struct IpTable {
    /// Id of the table.
    pub table_id: u32,
    /// IPv6, not IPv4.
    pub is_ip6: bool,
    /// Name; VPP makes one up when it is empty.
    pub name: FixedString<64>,
}

retval_replies! {
    IpTableAddDelReply,
    IpTableAddDelV2Reply,
    IpTableFlushReply,
    SetIpFlowHashReply,
    SetIpFlowHashV2Reply,
    SetIpFlowHashV3Reply,
}
