//! Proxies of DHCP.

use super::BareAddress;
use crate::def::MessageDef;
use crate::msg::retval_replies;
use crate::types::Address;
use crate::{FixedString, List, Message, Wire, api_enum};

/// The messages of this file.
pub(super) const MESSAGES: &[&MessageDef] = &[
    DhcpProxyConfig::DEFINITION,
    DhcpProxyConfigReply::DEFINITION,
    DhcpProxyDump::DEFINITION,
    DhcpProxyDetails::DEFINITION,
];

/// Adds a server to the proxy of a table, or removes it. The first one makes the proxy, the last one ends it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = DhcpProxyConfigReply)]
pub struct DhcpProxyConfig {
    /// Id of the table that requests come in by.
    pub rx_vrf_id: u32,
    /// Id of the table the server is reached by.
    pub server_vrf_id: u32,
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// The server.
    pub dhcp_server: Address,
    /// Where forwarded requests come from; that of the first server stays.
    pub dhcp_src_address: Address,
}

/// Lists the proxies of a family.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = DhcpProxyDetails)]
pub struct DhcpProxyDump {
    /// IPv6, not IPv4.
    pub is_ip6: bool,
}

/// One proxy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct DhcpProxyDetails {
    /// Id of the table that requests come in by.
    pub rx_vrf_id: u32,
    /// Organisation of the selected subnet.
    pub vss_oui: u32,
    /// VPN of the selected subnet.
    pub vss_fib_id: u32,
    /// How the subnet is selected.
    pub vss_type: VssType,
    /// Family of all addresses.
    pub is_ipv6: bool,
    /// Name of the VPN.
    pub vss_vpn_ascii_id: FixedString<129>,
    /// Where forwarded requests come from.
    pub dhcp_src_address: BareAddress,
    /// The servers.
    #[vpp(count = "count")]
    pub servers: List<DhcpServer, u8>,
}

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct DhcpServer {
    /// Id of the table it is reached by.
    pub server_vrf_id: u32,
    /// Its address.
    pub dhcp_server: BareAddress,
}

api_enum! {
    /// How a subnet is selected (RFC 6607).
    VssType: u32 = "vss_type", prefix "VSS_TYPE_API_" {
        /// By name.
        ASCII = 0,
        /// By number.
        VPN_ID = 1,
        /// Not at all.
        INVALID = 123,
        /// The global one.
        DEFAULT = 255,
    }
}

retval_replies! {
    DhcpProxyConfigReply,
}
