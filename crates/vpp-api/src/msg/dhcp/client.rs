//! Clients of DHCP.

use super::BareAddress;
use crate::def::MessageDef;
use crate::msg::retval_replies;
use crate::types::{InterfaceIndex, IpDscp, MacAddress};
use crate::{FixedString, List, Message, Wire, api_enum};

/// The messages of this file.
pub(super) const MESSAGES: &[&MessageDef] = &[
    DhcpClientConfig::DEFINITION,
    DhcpClientConfigReply::DEFINITION,
    DhcpComplEvent::DEFINITION,
    DhcpClientDump::DEFINITION,
    DhcpClientDetails::DEFINITION,
];

/// Adds a client to an interface or removes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = DhcpClientConfigReply)]
pub struct DhcpClientConfig {
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// The client.
    pub client: DhcpClient,
}

/// A client got a lease, or lost it. Goes to whoever added the client.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(event, also = 0x554a44e5)]
pub struct DhcpComplEvent {
    /// Process id of whoever added the client.
    pub pid: u32,
    /// The lease.
    pub lease: DhcpLease,
}

/// Lists clients.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = DhcpClientDetails)]
pub struct DhcpClientDump {}

/// One client.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details, also = 0x3c5cd28a)]
pub struct DhcpClientDetails {
    /// The client.
    pub client: DhcpClient,
    /// What it got.
    pub lease: DhcpLease,
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq, Wire)]
pub struct DhcpClient {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// What it calls itself.
    pub hostname: FixedString<64>,
    /// Its identifier, up to the first NUL.
    pub id: [u8; 64],
    /// Whether whoever adds it wants to hear of leases.
    pub want_dhcp_event: bool,
    /// Asks for answers by broadcast.
    pub set_broadcast_flag: bool,
    /// DSCP of what it sends.
    pub dscp: IpDscp,
    /// Process id of whoever adds it.
    pub pid: u32,
}

impl Default for DhcpClient {
    fn default() -> Self {
        Self {
            sw_if_index: InterfaceIndex::default(),
            hostname: FixedString::default(),
            id: [0; 64],
            want_dhcp_event: false,
            set_broadcast_flag: false,
            dscp: IpDscp::default(),
            pid: 0,
        }
    }
}

/// What a client got. All addresses are of IPv4.
#[derive(Debug, Clone, PartialEq, Eq, Default, Wire)]
pub struct DhcpLease {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// How far it is.
    pub state: DhcpClientState,
    /// Always false.
    pub is_ipv6: bool,
    /// What the client calls itself.
    pub hostname: FixedString<64>,
    /// Prefix length of the address.
    pub mask_width: u8,
    /// The address; zero without a lease.
    pub host_address: BareAddress,
    /// The router.
    pub router_address: BareAddress,
    /// MAC address of the client.
    pub host_mac: MacAddress,
    /// Name servers.
    #[vpp(count = "count")]
    pub domain_server: List<DomainServer, u8>,
}

/// A name server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct DomainServer {
    /// Its address.
    pub address: BareAddress,
}

api_enum! {
    /// How far a client is.
    DhcpClientState: u32 = "dhcp_client_state", prefix "DHCP_CLIENT_STATE_API_" {
        /// It looks for servers.
        DISCOVER = 0,
        /// It asks one for an address.
        REQUEST = 1,
        /// It has an address.
        BOUND = 2,
    }
}

retval_replies! {
    DhcpClientConfigReply,
}
