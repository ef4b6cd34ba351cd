//! Proxies of DHCP.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Vpp;
use super::prefix::Family;
use super::retval::{Outcome, Retval};

/// The proxy of a table: servers with the id of the table each is reached by.
#[derive(Debug, Clone)]
pub(crate) struct DhcpProxy {
    /// That of the first server.
    pub(crate) source: IpAddr,
    pub(crate) servers: Vec<(u32, IpAddr)>,
}

/// All proxies, by family and id of the table. Tables spring up as VPP's do, but hold no routes.
#[derive(Debug, Default)]
pub(crate) struct DhcpProxies {
    proxies: BTreeMap<(Family, u32), DhcpProxy>,
}

impl DhcpProxies {
    pub(crate) fn of(&self, family: Family) -> impl Iterator<Item = (u32, &DhcpProxy)> {
        let all = (family, 0)..=(family, u32::MAX);
        self.proxies.range(all).map(|((_, table), proxy)| (*table, proxy))
    }
}

impl Vpp {
    pub(crate) fn set_dhcp_server(
        &mut self,
        table: u32,
        server: (u32, IpAddr),
        source: IpAddr,
        is_add: bool,
    ) -> Outcome {
        if server.1.is_unspecified() {
            return Err(Retval::INVALID_DST_ADDRESS);
        }
        if source.is_unspecified() {
            return Err(Retval::INVALID_SRC_ADDRESS);
        }
        let key = (Family::of(source), table);
        let proxies = &mut self.dhcp_proxies.proxies;
        if is_add {
            let new = || DhcpProxy { source, servers: Vec::new() };
            let proxy = proxies.entry(key).or_insert_with(new);
            if !proxy.servers.contains(&server) {
                proxy.servers.push(server);
            }
        } else if let Some(proxy) = proxies.get_mut(&key)
            && let Some(at) = proxy.servers.iter().position(|known| *known == server)
        {
            // The last one takes the place of the one removed.
            proxy.servers.swap_remove(at);
            if proxy.servers.is_empty() {
                proxies.remove(&key);
            }
        }
        Ok(())
    }
}
