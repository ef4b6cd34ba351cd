//! VPP's objects by plain API dumps, named instead of indexed.
//!
//! What VPP makes by itself (`local0`, table 0, routes of its own) is left out; so is what differs
//! from run to run (generated MAC addresses, indexes).

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use ligato_vpp_api::{
    Dump as VppDump,
    msg::{
        arp, bond, dhcp, gre, interface, ip, ip::IpTable, ip_neighbor, l2, memif, span, vrrp, vxlan,
    },
    types::{AddressFamily, FibPath, FibPathType, IfStatusFlags, InterfaceIndex},
};
use ligato_vpp_client::{Options, VppClient, VppError};

/// Everything configured in the VPP behind this socket, one line for each object, sorted.
pub fn vpp(socket: &Path) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = VppClient::start(Options::new(socket));
        let patience = std::time::Duration::from_secs(5);
        tokio::time::timeout(patience, client.connected())
            .await
            .context("no VPP behind the socket")??;
        let mut dump = Dump { client, names: BTreeMap::new(), lines: Vec::new() };
        dump.interfaces().await?;
        dump.links().await?;
        dump.layer2().await?;
        dump.layer3().await?;
        dump.tunnels().await?;
        dump.services().await?;
        dump.lines.sort();
        dump.client.shutdown().await;
        Ok(dump.lines.into_iter().map(|line| line + "\n").collect())
    })
}

struct Dump {
    client: VppClient,
    names: BTreeMap<u32, String>,
    lines: Vec<String>,
}

impl Dump {
    fn name(&self, index: u32) -> String {
        self.names.get(&index).cloned().unwrap_or_else(|| format!("#{index}"))
    }

    async fn interfaces(&mut self) -> Result<()> {
        let all = interface::SwInterfaceDump {
            sw_if_index: InterfaceIndex(u32::MAX),
            ..Default::default()
        };
        let found = self.client.dump(all).await?;
        for details in &found {
            let tag = details.tag.to_string();
            let name = if tag.is_empty() { details.interface_name.to_string() } else { tag };
            self.names.insert(details.sw_if_index.0, name);
        }
        for details in found.iter().filter(|d| d.sw_if_index.0 != 0) {
            let index = details.sw_if_index;
            let name = self.name(index.0);
            let up = details.flags.contains(IfStatusFlags::ADMIN_UP);
            let mut line = format!(
                "interface {name} {} mtu {}",
                if up { "up" } else { "down" },
                details.mtu.first().copied().unwrap_or_default()
            );
            if details.sup_sw_if_index != index.0 {
                let parent = self.name(details.sup_sw_if_index);
                line.push_str(&format!(
                    " on {parent} vlan {} rewrite {}:{}:{}",
                    details.sub_outer_vlan_id, details.vtr_op, details.vtr_tag1, details.vtr_tag2
                ));
            }
            self.lines.push(line);
            self.addresses(index, &name).await?;
        }
        Ok(())
    }

    async fn addresses(&mut self, sw_if_index: InterfaceIndex, name: &str) -> Result<()> {
        let unnumbered = self.client.dump(ip::IpUnnumberedDump { sw_if_index }).await?;
        for details in &unnumbered {
            let lender = self.name(details.ip_sw_if_index.0);
            self.lines.push(format!("unnumbered {name} uses {lender}"));
        }
        for is_ipv6 in [false, true] {
            let found = self.client.dump(ip::IpAddressDump { sw_if_index, is_ipv6 }).await?;
            for details in found {
                let prefix = details.prefix.0;
                let borrowed = !unnumbered.is_empty();
                let link_local = prefix.to_string().starts_with("fe80:");
                if !borrowed && !link_local {
                    self.lines.push(format!("address {name} {prefix}"));
                }
            }
            let table = self
                .client
                .request(interface::SwInterfaceGetTable { sw_if_index, is_ipv6 })
                .await?;
            if table.vrf_id != 0 {
                let family = if is_ipv6 { "ip6" } else { "ip4" };
                self.lines.push(format!("table {name} {family} {}", table.vrf_id));
            }
        }
        Ok(())
    }

    async fn links(&mut self) -> Result<()> {
        let sockets: BTreeMap<u32, String> = self
            .client
            .dump(memif::MemifSocketFilenameDump {})
            .await?
            .into_iter()
            .map(|d| (d.socket_id, d.socket_filename.to_string()))
            .collect();
        for details in self.client.dump(memif::MemifDump {}).await? {
            let name = self.name(details.sw_if_index.0);
            let socket = sockets.get(&details.socket_id).cloned().unwrap_or_default();
            self.lines.push(format!(
                "memif {name} {:?} id {} socket {socket} ring {}",
                details.role, details.id, details.ring_size
            ));
        }
        let all = bond::SwBondInterfaceDump { sw_if_index: InterfaceIndex(u32::MAX) };
        for details in self.client.dump(all).await? {
            let name = self.name(details.sw_if_index.0);
            self.lines
                .push(format!("bond {name} id {} {:?} {:?}", details.id, details.mode, details.lb));
            let members = bond::SwMemberInterfaceDump { sw_if_index: details.sw_if_index };
            for member in self.client.dump(members).await? {
                let member = self.name(member.sw_if_index.0);
                self.lines.push(format!("bond-member {name} {member}"));
            }
        }
        Ok(())
    }

    async fn layer2(&mut self) -> Result<()> {
        let all = l2::BridgeDomainDump { bd_id: u32::MAX, sw_if_index: InterfaceIndex(u32::MAX) };
        for bd in self.client.dump(all).await?.into_iter().filter(|bd| bd.bd_id != 0) {
            let name = bd.bd_tag.to_string();
            self.lines.push(format!(
                "bridge-domain {name} flood {} uu-flood {} forward {} learn {} arp-term {} age {}",
                bd.flood, bd.uu_flood, bd.forward, bd.learn, bd.arp_term, bd.mac_age
            ));
            for port in &bd.sw_if_details {
                let port_name = self.name(port.sw_if_index.0);
                let bvi = if port.sw_if_index == bd.bvi_sw_if_index { " bvi" } else { "" };
                self.lines.push(format!("bridge-port {name} {port_name} shg {}{bvi}", port.shg));
            }
            for details in self.client.dump(l2::L2FibTableDump { bd_id: bd.bd_id }).await? {
                // Learnt entries come and go with traffic; BVI entries come with the BVI.
                if details.bvi_mac || !(details.static_mac || details.filter_mac) {
                    continue;
                }
                let how = if details.filter_mac {
                    "drop".to_owned()
                } else {
                    self.name(details.sw_if_index.0)
                };
                self.lines.push(format!("fib {name} {} {how}", details.mac));
            }
            for details in self.client.dump(l2::BdIpMacDump { bd_id: bd.bd_id }).await? {
                let entry = details.entry;
                self.lines.push(format!("arp-term {name} {} {}", entry.ip, entry.mac));
            }
        }
        for pair in self.client.dump(l2::L2XconnectDump {}).await? {
            let (rx, tx) = (self.name(pair.rx_sw_if_index.0), self.name(pair.tx_sw_if_index.0));
            self.lines.push(format!("xconnect {rx} to {tx}"));
        }
        Ok(())
    }

    /// Tunnels and mirrors; a VPP without their plugin has none.
    async fn tunnels(&mut self) -> Result<()> {
        const ALL: InterfaceIndex = InterfaceIndex(u32::MAX);
        for tunnel in self.dump_if_any(vxlan::VxlanTunnelV2Dump { sw_if_index: ALL }).await? {
            let name = self.name(tunnel.sw_if_index.0);
            let (src, dst, vni) = (tunnel.src_address, tunnel.dst_address, tunnel.vni);
            self.lines.push(format!("vxlan {name} {src} to {dst} vni {vni}"));
        }
        for details in self.dump_if_any(gre::GreTunnelDump { sw_if_index: ALL }).await? {
            let tunnel = details.tunnel;
            let name = self.name(tunnel.sw_if_index.0);
            self.lines.push(format!("gre {name} {} to {}", tunnel.src, tunnel.dst));
        }
        for is_l2 in [false, true] {
            for mirror in self.client.dump(span::SwInterfaceSpanDump { is_l2 }).await? {
                let from = self.name(mirror.sw_if_index_from.0);
                let to = self.name(mirror.sw_if_index_to.0);
                self.lines.push(format!("span {from} to {to} {:?} l2 {is_l2}", mirror.state));
            }
        }
        Ok(())
    }

    /// What VPP does for hosts beside forwarding.
    async fn services(&mut self) -> Result<()> {
        let all = vrrp::VrrpVrDump { sw_if_index: InterfaceIndex(u32::MAX) };
        for details in self.dump_if_any(all).await? {
            let config = details.config;
            let name = self.name(config.sw_if_index.0);
            let addresses: Vec<String> = details.addrs.iter().map(ToString::to_string).collect();
            let (id, priority) = (config.vr_id, config.priority);
            let addresses = addresses.join(" ");
            self.lines.push(format!("vrrp {name} {id} priority {priority} for {addresses}"));
        }
        for is_ip6 in [false, true] {
            for proxy in self.dump_if_any(dhcp::DhcpProxyDump { is_ip6 }).await? {
                let (family, vrf) = (if is_ip6 { "ip6" } else { "ip4" }, proxy.rx_vrf_id);
                let servers = proxy.servers.len();
                self.lines.push(format!("dhcp-proxy {family} vrf {vrf} servers {servers}"));
            }
        }
        for details in self.client.dump(arp::ProxyArpDump {}).await? {
            let arp::ProxyArp { table_id, low, hi } = details.proxy;
            self.lines.push(format!("proxy-arp vrf {table_id} {} to {}", low.0, hi.0));
        }
        for details in self.client.dump(arp::ProxyArpIntfcDump {}).await? {
            self.lines.push(format!("proxy-arp on {}", self.name(details.sw_if_index)));
        }
        Ok(())
    }

    async fn dump_if_any<M: VppDump>(&self, message: M) -> Result<Vec<M::Details>> {
        match self.client.dump(message).await {
            Err(VppError::Unavailable { .. }) => Ok(Vec::new()),
            other => Ok(other?),
        }
    }

    async fn layer3(&mut self) -> Result<()> {
        for details in self.client.dump(ip::IpTableDump {}).await? {
            let table = details.table;
            let family = if table.is_ip6 { "ip6" } else { "ip4" };
            if table.table_id != 0 {
                self.lines.push(format!("vrf {family} {} {}", table.table_id, table.name));
            }
            self.routes(family, table).await?;
        }
        for (af, family) in [(AddressFamily::IP4, "ip4"), (AddressFamily::IP6, "ip6")] {
            let all = ip_neighbor::IpNeighborDump { sw_if_index: InterfaceIndex(u32::MAX), af };
            for details in self.client.dump(all).await? {
                let neighbor = details.neighbor;
                if neighbor.flags.contains(ip_neighbor::IpNeighborFlags::STATIC) {
                    let name = self.name(neighbor.sw_if_index.0);
                    self.lines.push(format!(
                        "neighbor {family} {name} {} {}",
                        neighbor.ip_address, neighbor.mac_address
                    ));
                }
            }
        }
        Ok(())
    }

    async fn routes(&mut self, family: &str, table: IpTable) -> Result<()> {
        let id = table.table_id;
        // Source 0: all; those that the API put in have source 8, what else there is is VPP's own.
        let found = self.client.dump(ip::IpRouteV2Dump { src: 0, table }).await?;
        for route in found.into_iter().map(|d| d.route).filter(|r| is_configured(r.src)) {
            for path in &route.paths {
                let path = self.path(path);
                self.lines.push(format!("route {family} vrf {id} {} {path}", route.prefix));
            }
        }
        Ok(())
    }

    fn path(&self, path: &FibPath) -> String {
        let nh = match path.proto {
            ligato_vpp_api::types::FibPathNhProto::IP6 => path.nh.address.to_ip6().to_string(),
            _ => path.nh.address.to_ip4().to_string(),
        };
        let mut text = match path.kind {
            FibPathType::DROP => "drop".to_owned(),
            _ if path.sw_if_index == u32::MAX => format!("via {nh} table {}", path.table_id),
            _ => format!("via {nh} {}", self.name(path.sw_if_index)),
        };
        text.push_str(&format!(" weight {} preference {}", path.weight, path.preference));
        text
    }
}

/// `FIB_SOURCE_API`: made by a client. Numbers are those of VPP's `fib_source.h`, which a
/// `fib_source_dump` tells.
fn is_configured(source: u8) -> bool {
    source == FIB_SOURCE_API
}

/// Position of the API in VPP's list of sources, unchanged from 22.02 to 26.06.
const FIB_SOURCE_API: u8 = 8;
