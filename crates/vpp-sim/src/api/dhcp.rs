//! `dhcp.api`

use std::net::IpAddr;

use ligato_vpp_api::List;
use ligato_vpp_api::msg::dhcp::{
    BareAddress, DhcpClient, DhcpClientConfig, DhcpClientConfigReply, DhcpClientDetails,
    DhcpClientDump, DhcpClientState, DhcpComplEvent, DhcpLease, DhcpProxyConfig, DhcpProxyDetails,
    DhcpProxyDump, DhcpServer, VssType,
};
use ligato_vpp_api::types::{AddressFamily, InterfaceIndex, IpDscp, MacAddress};

use super::text;
use crate::machine::Machine;
use crate::registry::Details;
use crate::state::Vpp;
use crate::state::dhcp_client;
use crate::state::prefix::Family;
use crate::state::retval::{Outcome, Retval, code};

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

pub(crate) fn client(
    machine: &mut Machine,
    m: &DhcpClientConfig,
    connection: u32,
) -> DhcpClientConfigReply {
    DhcpClientConfigReply { retval: code(&configure(&mut machine.vpp, m, connection)) }
}

fn configure(vpp: &mut Vpp, m: &DhcpClientConfig, connection: u32) -> Outcome {
    let DhcpClient { sw_if_index, hostname, id, want_dhcp_event, set_broadcast_flag, dscp, pid } =
        &m.client;
    vpp.interfaces.get(sw_if_index.0)?;
    if !m.is_add {
        return vpp.remove_dhcp_client(sw_if_index.0);
    }
    let id: Vec<u8> = id.iter().copied().take_while(|byte| *byte != 0).collect();
    vpp.add_dhcp_client(dhcp_client::DhcpClient {
        sw_if_index: sw_if_index.0,
        hostname: hostname.to_str().into_owned(),
        id: String::from_utf8_lossy(&id).into_owned(),
        listener: want_dhcp_event.then_some(connection),
        set_broadcast_flag: *set_broadcast_flag,
        dscp: dscp.0,
        pid: *pid,
        lease: None,
    })
}

pub(crate) fn client_dump(
    vpp: &Vpp,
    _: &DhcpClientDump,
    details: &mut Details<'_, DhcpClientDetails>,
) {
    for client in vpp.dhcp_clients.iter() {
        details.send(&DhcpClientDetails { client: describe(client), lease: lease(vpp, client) });
    }
}

/// What a listener is told.
pub(crate) fn event(vpp: &Vpp, client: &dhcp_client::DhcpClient) -> DhcpComplEvent {
    DhcpComplEvent { pid: client.pid, lease: lease(vpp, client) }
}

fn describe(client: &dhcp_client::DhcpClient) -> DhcpClient {
    let mut id = [0; 64];
    // The last byte ends the text.
    id.iter_mut().take(63).zip(client.id.bytes()).for_each(|(to, from)| *to = from);
    DhcpClient {
        sw_if_index: InterfaceIndex(client.sw_if_index),
        hostname: text(&client.hostname),
        id,
        want_dhcp_event: client.listener.is_some(),
        set_broadcast_flag: client.set_broadcast_flag,
        dscp: IpDscp(client.dscp),
        pid: client.pid,
    }
}

fn lease(vpp: &Vpp, client: &dhcp_client::DhcpClient) -> DhcpLease {
    let mac = vpp.interfaces.hardware(client.sw_if_index).ok().and_then(|hardware| hardware.mac);
    let got = client.lease;
    DhcpLease {
        sw_if_index: InterfaceIndex(client.sw_if_index),
        state: if got.is_some() { DhcpClientState::BOUND } else { DhcpClientState::DISCOVER },
        is_ipv6: false,
        hostname: text(&client.hostname),
        mask_width: got.map_or(0, |lease| lease.len),
        host_address: got.map(|lease| bare(lease.address.into())).unwrap_or_default(),
        router_address: got.map(|lease| bare(lease.router.into())).unwrap_or_default(),
        // The client learns it when it sends its first packet.
        host_mac: MacAddress(got.and(mac).unwrap_or_default()),
        ..DhcpLease::default()
    }
}
