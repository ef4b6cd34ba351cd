//! A proxy of DHCP: forwards requests that come in by a table to servers. One version of IP per value.
//!
//! ```yaml
//! vppConfig:
//!   dhcpProxies:
//!   - sourceIpAddress: 10.1.0.1    # where the forwarded requests come from; decides about the version
//!     rxVrfId: 1                   # table of the interfaces that requests come in by
//!     servers:                     # at least one, in any order
//!     - ipAddress: 192.168.1.10
//!       vrfId: 2                   # table by which the server is reached
//! ```
//!
//! Waits for all tables but 0. Derives nothing, keeps nothing. Servers are changed in place; another source address needs a
//! new proxy. Proxies have no mark of an owner: what is found is ours only if it is known to be wanted.
//!
//! Uses `dhcp_proxy_config`, `dhcp_proxy_dump`.

use std::collections::BTreeSet;
use std::net::IpAddr;

use futures::future::try_join_all;
use ligato_kvs_api::{
    Dependency, Descriptor, Invalid, KeyPattern, KnownValues, OpError, Origin, Retrieved, Spec,
    Update, Use,
};
use ligato_model::{Key, Model};
use ligato_proto::vpp::l3::DhcpProxy;
use ligato_proto::vpp::l3::dhcp_proxy::DhcpServer;
use ligato_vpp_api::msg::dhcp::{BareAddress, DhcpProxyConfig, DhcpProxyDetails, DhcpProxyDump};
use ligato_vpp_api::types::Address;
use ligato_vpp_ctx::address::parse_ip;
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::vrf_table;

/// The kind `dhcp-proxy`.
#[derive(Debug)]
pub struct DhcpProxyKind;

/// Table and address of a server.
type Server = (u32, IpAddr);

impl Descriptor for DhcpProxyKind {
    type Value = DhcpProxy;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        uses: &[Use::kind(&["dhcp_proxy_config", "dhcp_proxy_dump"])],
        ..Spec::new(
            "dhcp-proxy",
            "DHCP requests forwarded to servers by VPP.",
            &[KeyPattern::new("config/vpp/v2/dhcp-proxy/{version}/rx-vrf/{vrf}")],
            Some("config/vpp/v2/dhcp-proxy/"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &DhcpProxy) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        let source = address(&value.source_ip_address);
        if let Err(problem) = &source {
            invalid.push("source_ip_address", problem.clone());
        }
        if value.servers.is_empty() {
            invalid.push("servers", "must not be empty");
        }
        for server in &value.servers {
            match (address(&server.ip_address), &source) {
                (Err(problem), _) => invalid.push("servers.ip_address", problem),
                (Ok(server), Ok(source)) if server.is_ipv4() != source.is_ipv4() => {
                    let problem = format!("{server} is not of the version of {source}");
                    invalid.push("servers.ip_address", problem);
                }
                (Ok(_), _) => {}
            }
        }
        invalid.into_result()
    }

    fn equivalent(_facts: &Facts, _key: &Key, old: &DhcpProxy, new: &DhcpProxy) -> bool {
        old.rx_vrf_id == new.rx_vrf_id && same_source(old, new) && servers(old) == servers(new)
    }

    fn needs_recreate(
        _facts: &Facts,
        _key: &Key,
        old: &DhcpProxy,
        new: &DhcpProxy,
        _meta: &(),
    ) -> bool {
        old.rx_vrf_id != new.rx_vrf_id || !same_source(old, new)
    }

    fn dependencies(_facts: &Facts, _key: &Key, value: &DhcpProxy) -> Vec<Dependency> {
        let Ok(source) = address(&value.source_ip_address) else { return Vec::new() };
        let table = |id| vrf_table::key(id, source.is_ipv6());
        let rx = (value.rx_vrf_id != 0)
            .then(|| Dependency::on("rx-vrf-table-exists", table(value.rx_vrf_id)));
        let used: BTreeSet<u32> = value.servers.iter().map(|server| server.vrf_id).collect();
        let used = used.into_iter().filter(|id| *id != 0).map(|id| {
            Dependency::on(format!("vrf-table-{id}-used-by-dhcp-server-exists"), table(id))
        });
        rx.into_iter().chain(used).collect()
    }

    fn supported(facts: &Facts, _key: &Key, _value: &DhcpProxy) -> Result<(), OpError> {
        facts.require::<DhcpProxyConfig>()
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &DhcpProxy) -> Result<(), OpError> {
        send(sb, value, servers(value), true).await
    }

    async fn delete(sb: &VppCtx, _key: &Key, value: &DhcpProxy, _meta: &()) -> Result<(), OpError> {
        // VPP does not mind a server that is not there.
        send(sb, value, servers(value), false).await
    }

    async fn update(sb: &VppCtx, _key: &Key, change: Update<'_, Self>) -> Result<(), OpError> {
        let (old, new) = (servers(change.old), servers(change.new));
        // Without servers the proxy would go: the new ones come first.
        send(sb, change.new, new.difference(&old).copied(), true).await?;
        send(sb, change.old, old.difference(&new).copied(), false).await
    }

    async fn retrieve(
        sb: &VppCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let of = |is_ip6| sb.dump_if_any(DhcpProxyDump { is_ip6 });
        let (ip4, ip6) = tokio::try_join!(of(false), of(true))?;
        let found = ip4.iter().chain(&ip6).map(|details| {
            let value = from_vpp(details);
            let key = value.key();
            // Addresses and the order of servers are as NB wrote them if that means the same.
            let value = match known.get(&key) {
                Some(known)
                    if same_source(known.value, &value)
                        && servers(known.value) == servers(&value) =>
                {
                    known.value.clone()
                }
                _ => value,
            };
            Retrieved { key, value, meta: (), origin: Origin::Unknown }
        });
        Ok(found.collect())
    }
}

fn address(text: &str) -> Result<IpAddr, String> {
    match parse_ip(text) {
        Ok(address) if address.is_unspecified() => Err(format!("{address} is nobody's")),
        Ok(address) => Ok(address),
        Err(error) => Err(error.to_string()),
    }
}

fn same_source(a: &DhcpProxy, b: &DhcpProxy) -> bool {
    address(&a.source_ip_address) == address(&b.source_ip_address)
}

/// The servers, without those that are none.
fn servers(value: &DhcpProxy) -> BTreeSet<Server> {
    let server = |server: &DhcpServer| {
        let DhcpServer { vrf_id, ip_address } = server;
        Some((*vrf_id, address(ip_address).ok()?))
    };
    value.servers.iter().filter_map(server).collect()
}

async fn send(
    sb: &VppCtx,
    value: &DhcpProxy,
    servers: impl IntoIterator<Item = Server>,
    is_add: bool,
) -> Result<(), OpError> {
    let source = address(&value.source_ip_address)
        .map_err(|problem| Invalid::field("source_ip_address", problem))?;
    let requests = servers
        .into_iter()
        .map(|server| sb.request(to_vpp(value.rx_vrf_id, source, server, is_add)));
    try_join_all(requests).await.map(drop)
}

// === to and from VPP ===

fn to_vpp(rx_vrf_id: u32, source: IpAddr, server: Server, is_add: bool) -> DhcpProxyConfig {
    let (server_vrf_id, server) = server;
    DhcpProxyConfig {
        rx_vrf_id,
        server_vrf_id,
        is_add,
        dhcp_server: Address(server),
        dhcp_src_address: Address(source),
    }
}

fn from_vpp(details: &DhcpProxyDetails) -> DhcpProxy {
    let DhcpProxyDetails {
        rx_vrf_id,
        vss_oui: _,
        vss_fib_id: _,
        vss_type: _,
        is_ipv6,
        vss_vpn_ascii_id: _,
        dhcp_src_address,
        servers,
    } = details;
    let text = |address: &BareAddress| {
        let ip: IpAddr = match is_ipv6 {
            true => address.un.to_ip6().into(),
            false => address.un.to_ip4().into(),
        };
        ip.to_string()
    };
    let servers = servers.iter().map(|server| DhcpServer {
        vrf_id: server.server_vrf_id,
        ip_address: text(&server.dhcp_server),
    });
    DhcpProxy {
        source_ip_address: text(dhcp_src_address),
        rx_vrf_id: *rx_vrf_id,
        servers: servers.collect(),
    }
}

#[cfg(test)]
mod tests {
    use ligato_vpp_api::List;
    use ligato_vpp_api::msg::dhcp;

    use super::*;

    fn proxy(source: &str, servers: &[(u32, &str)]) -> DhcpProxy {
        let server = |(vrf_id, ip): &(u32, &str)| DhcpServer {
            vrf_id: *vrf_id,
            ip_address: (*ip).to_owned(),
        };
        DhcpProxy {
            source_ip_address: source.into(),
            rx_vrf_id: 1,
            servers: servers.iter().map(server).collect(),
        }
    }

    fn fields(value: &DhcpProxy) -> Vec<String> {
        let checked = DhcpProxyKind::validate(&Facts::default(), &value.key(), value);
        checked.map_or_else(|invalid| invalid.field_names(), |()| Vec::new())
    }

    #[test]
    fn every_wrong_field_is_named() {
        assert!(fields(&proxy("10.0.0.1", &[(0, "10.0.0.2")])).is_empty());
        assert_eq!(fields(&proxy("x", &[])), ["source_ip_address", "servers"]);
        for wrong in ["x", "2001:db8::1", "0.0.0.0"] {
            assert_eq!(fields(&proxy("10.0.0.1", &[(0, wrong)])), ["servers.ip_address"]);
        }
    }

    #[test]
    fn it_waits_for_the_tables_of_the_sources_version() {
        let value = proxy("2001:db8::1", &[(0, "2001:db8::2"), (7, "2001:db8::3")]);
        let found = DhcpProxyKind::dependencies(&Facts::default(), &value.key(), &value);
        let labels: Vec<_> = found.iter().map(|d| d.label.to_string()).collect();
        let expected = ["rx-vrf-table-exists", "vrf-table-7-used-by-dhcp-server-exists"];
        assert_eq!(labels, expected);
    }

    #[test]
    fn servers_change_in_place_and_the_source_does_not() {
        let old = proxy("2001:db8::1", &[(0, "2001:db8::2"), (1, "2001:db8::3")]);
        let facts = Facts::default();
        let same = proxy("2001:DB8::1", &[(1, "2001:DB8::3"), (0, "2001:db8::2")]);
        assert!(DhcpProxyKind::equivalent(&facts, &old.key(), &old, &same));
        let fewer = proxy("2001:db8::1", &[(0, "2001:db8::2")]);
        assert!(!DhcpProxyKind::equivalent(&facts, &old.key(), &old, &fewer));
        assert!(!DhcpProxyKind::needs_recreate(&facts, &old.key(), &old, &fewer, &()));
        let moved = proxy("2001:db8::9", &[(0, "2001:db8::2")]);
        assert!(DhcpProxyKind::needs_recreate(&facts, &old.key(), &old, &moved, &()));
    }

    #[test]
    fn addresses_are_read_by_the_version_of_the_proxy() {
        let bare = |text: &str| BareAddress {
            un: text.parse::<IpAddr>().unwrap().into(),
            ..BareAddress::default()
        };
        let server = dhcp::DhcpServer { server_vrf_id: 2, dhcp_server: bare("2001:db8::2") };
        let details = DhcpProxyDetails {
            rx_vrf_id: 1,
            is_ipv6: true,
            dhcp_src_address: bare("2001:db8::1"),
            servers: List::new(vec![server]).unwrap(),
            ..DhcpProxyDetails::default()
        };
        assert_eq!(from_vpp(&details), proxy("2001:db8::1", &[(2, "2001:db8::2")]));
    }
}
