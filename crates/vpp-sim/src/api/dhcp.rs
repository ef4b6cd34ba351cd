//! `dhcp.api`

use std::net::IpAddr;

use ligato_vpp_api::List;
use ligato_vpp_api::msg::dhcp::{
    BareAddress, DhcpProxyConfig, DhcpProxyDetails, DhcpProxyDump, DhcpServer, VssType,
};
use ligato_vpp_api::types::AddressFamily;

use crate::registry::Details;
use crate::state::Vpp;
use crate::state::prefix::Family;
use crate::state::retval::{Outcome, Retval};

pub(crate) fn proxy(vpp: &mut Vpp, m: &DhcpProxyConfig) -> Outcome {
    let (server, source) = (m.dhcp_server.0, m.dhcp_src_address.0);
    if server.is_ipv4() != source.is_ipv4() {
        return Err(Retval::INVALID_ARGUMENT);
    }
    vpp.set_dhcp_server(m.rx_vrf_id, (m.server_vrf_id, server), source, m.is_add)
}

pub(crate) fn proxy_dump(
    vpp: &Vpp,
    m: &DhcpProxyDump,
    details: &mut Details<'_, DhcpProxyDetails>,
) {
    for (table, proxy) in vpp.dhcp_proxies.of(Family::from_is_ip6(m.is_ip6)) {
        let servers = proxy.servers.iter().map(|(server_vrf_id, server)| DhcpServer {
            server_vrf_id: *server_vrf_id,
            dhcp_server: bare(*server),
        });
        details.send(&DhcpProxyDetails {
            rx_vrf_id: table,
            // VPP forgets the byte order here.
            vss_type: VssType(VssType::INVALID.0.swap_bytes()),
            is_ipv6: m.is_ip6,
            dhcp_src_address: bare(proxy.source),
            servers: List::new(servers.collect()).unwrap_or_default(),
            ..DhcpProxyDetails::default()
        });
    }
}

/// VPP fills in no family.
fn bare(address: IpAddr) -> BareAddress {
    BareAddress { af: AddressFamily::IP4, un: address.into() }
}
