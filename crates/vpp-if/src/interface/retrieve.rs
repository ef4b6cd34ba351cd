//! Reading interfaces back.
//!
//! Messages: `sw_interface_dump`, `ip_address_dump` and `sw_interface_get_table` per interface, `ip_unnumbered_dump`,
//! `memif_dump`, `memif_socket_filename_dump`, `sw_interface_tap_v2_dump`, `sw_bond_interface_dump` with
//! `sw_member_interface_dump` per bond, `sw_interface_rx_placement_dump`, `dhcp_client_dump`, and the dumps of tunnels and
//! cards (and, where it matters, `sw_interface_ip6_get_link_local_address`): `vxlan_tunnel_v2_dump`, `vxlan_gpe_tunnel_v2_dump`, `gre_tunnel_v2_dump`, `gtpu_tunnel_dump`, `ipip_tunnel_dump`,
//! `ipsec_itf_dump`, `wireguard_interface_dump`, `sw_vmxnet3_interface_dump`.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use futures::future::try_join_all;
use ipnet::IpNet;
use ligato_kvs_api::{KnownValue, KnownValues, OpError, Origin, Retrieved};
use ligato_model::Model;
use ligato_proto::vpp::interfaces::AfpacketLink;
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::interfaces::interface::{Link, RxMode, RxPlacement, Type, Unnumbered};
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::interface::SwInterfaceDetails;
use ligato_vpp_api::msg::ip::SwInterfaceIp6GetLinkLocalAddress;
use ligato_vpp_api::msg::ipsec::IpsecItf;
use ligato_vpp_api::types::{IfStatusFlags, InterfaceIndex, MacAddress};
use ligato_vpp_ctx::{InterfaceMeta, VppCtx, address};

use super::VppInterface;
use super::dump::{Dumps, LOCAL0, Layer3, Tunnels};
use crate::dhcp_lease::leased;
use crate::rx_mode;
use crate::types::{self, Flavor, LinuxSide, Mtu};

/// What stands before VPP's name of an interface that has no tag.
const UNTAGGED: &str = "UNTAGGED-";
/// VPP's name of the interface for protected traffic that the original made.
const ORIGINALS_IPSEC: &str = "ipsec0";
/// An MTU of VPP that means that none was set.
const UNSET_MTU: u32 = 9216;

pub(super) async fn retrieve(
    ctx: &VppCtx,
    known: KnownValues<'_, VppInterface>,
) -> Result<Vec<Retrieved<VppInterface>>, OpError> {
    let dumps = Dumps::take(ctx).await?;
    // All names first: an interface may be mentioned by one that comes before it.
    let is_wanted = |name: &str| {
        let known = known.get(&Interface::key_of(name));
        known.is_some_and(|known| known.value.r#type() == Type::Dpdk)
    };
    let unmarked = unmarked_ipsec(&dumps.interfaces, known);
    let name_of = |details: &SwInterfaceDetails| match &unmarked {
        Some((index, name)) if *index == details.sw_if_index => name.clone(),
        _ => name_of(details, is_wanted),
    };
    let names: HashMap<_, _> =
        dumps.interfaces.iter().map(|d| (d.sw_if_index, name_of(d))).collect();
    let without_ip6 = without_ip6(ctx, &names, known).await?;
    let reader = Reader { ctx, dumps: &dumps, names, without_ip6 };
    let found = dumps.interfaces.iter().map(|details| {
        let name = name_of(details);
        let known = known.get(&Interface::key_of(&name));
        reader.read(details, name, known.as_ref())
    });
    Ok(found.collect())
}

/// Interfaces on which IPv6 is off although they are wanted to make addresses of what routers advertise: nobody has set
/// that. VPP is asked only about those of which this agent does not know what it set.
async fn without_ip6(
    ctx: &VppCtx,
    names: &HashMap<InterfaceIndex, String>,
    known: KnownValues<'_, VppInterface>,
) -> Result<HashSet<InterfaceIndex>, OpError> {
    const OFF: [Code; 2] = [Code::IP6_NOT_ENABLED, Code::INVALID_SW_IF_INDEX];
    let unsure = names.iter().filter(|(index, name)| {
        let known = known.get(&Interface::key_of(name));
        known.is_some_and(|known| makes_addresses(known.value))
            && ctx.remembered_interface(**index, name).is_none()
    });
    let asked = unsure.map(|(index, _)| async move {
        let request = SwInterfaceIp6GetLinkLocalAddress { sw_if_index: *index };
        let is_on = ctx.request_unless(request, &OFF).await?.is_some();
        Ok::<_, OpError>((!is_on).then_some(*index))
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

fn makes_addresses(value: &Interface) -> bool {
    value.ip6_nd.is_some_and(|ip6_nd| ip6_nd.address_autoconfig)
}

/// Whether VPP made this address of an advertised prefix and the Ethernet address of the interface (RFC 4291).
fn is_made_of_prefix(network: &IpNet, mac: MacAddress) -> bool {
    let [a, b, c, d, e, f] = mac.0;
    let id = [a ^ 2, b, c, 0xff, 0xfe, d, e, f];
    matches!(network, IpNet::V6(v6) if v6.prefix_len() == 64 && v6.addr().octets()[8..] == id)
}

/// The original did not mark interfaces for protected traffic, and could make one only, the first. It is taken for the
/// one that is wanted, if that is one and none of VPP's has its name.
fn unmarked_ipsec(
    found: &[SwInterfaceDetails],
    known: KnownValues<'_, VppInterface>,
) -> Option<(InterfaceIndex, String)> {
    let is_ipsec = |details: &&SwInterfaceDetails| {
        let (dev_type, name) =
            (details.interface_dev_type.to_str(), details.interface_name.to_str());
        details.tag.is_empty()
            && name == ORIGINALS_IPSEC
            && types::detect(&dev_type, &name) == Some(types::IPSEC_TUNNEL)
    };
    let unmarked = found.iter().find(is_ipsec)?;
    let mut wanted = known.iter().filter(|known| {
        known.value.r#type() == types::IPSEC_TUNNEL
            && found.iter().all(|details| details.tag != *known.value.name.as_str())
    });
    match (wanted.next(), wanted.next()) {
        (Some(one), None) => Some((unmarked.sw_if_index, one.value.name.clone())),
        _ => None,
    }
}

/// The tag, or what an interface without one is called: a device that is configured has the name VPP gave it, everything
/// else is somebody else's. `is_wanted` tells whether a device of a name is configured.
fn name_of(details: &SwInterfaceDetails, is_wanted: impl Fn(&str) -> bool) -> String {
    if !details.tag.is_empty() {
        return details.tag.to_string();
    }
    let internal_name = details.interface_name.to_str();
    if types::is_device(details) && is_wanted(&internal_name) {
        return internal_name.into_owned();
    }
    format!("{UNTAGGED}{internal_name}")
}

/// The settings wanted, if they are of this type.
macro_rules! pick {
    ($wanted:expr, $link:ident) => {
        match $wanted.and_then(|wanted| wanted.link.as_ref()) {
            Some(Link::$link(link)) => Some(link),
            _ => None,
        }
    };
}

/// What an interface turned out to be.
struct Found {
    kind: Type,
    link: Option<Link>,
    /// The VRF where it is not that of the addresses.
    vrf: Option<u32>,
}

impl Found {
    fn new(kind: Type, link: Link) -> Self {
        Self { kind, link: Some(link), vrf: None }
    }
}

struct Reader<'a> {
    ctx: &'a VppCtx,
    dumps: &'a Dumps,
    names: HashMap<InterfaceIndex, String>,
    /// See [`without_ip6`].
    without_ip6: HashSet<InterfaceIndex>,
}

impl Reader<'_> {
    fn read(
        &self,
        details: &SwInterfaceDetails,
        name: String,
        known: Option<&KnownValue<'_, VppInterface>>,
    ) -> Retrieved<VppInterface> {
        let index = details.sw_if_index;
        // What VPP does not tell is as it was set; after a start of the agent it is taken to be as it is wanted.
        let set = self.ctx.remembered_interface(index, &name);
        // Addresses and queues VPP tells: of these only the spelling and the choice are those of the wish.
        let spelled = known.map(|known| known.value);
        let wanted = set.as_ref().or(spelled);
        let layer3 = self.dumps.layer3.get(&index).cloned().unwrap_or_default();
        let found = self.link(details, &name, wanted);
        let origin = match &found {
            Some(_) if !details.tag.is_empty() && index != LOCAL0 => Origin::Nb,
            // One of the original's.
            Some(found) if found.kind == types::IPSEC_TUNNEL && !name.starts_with(UNTAGGED) => {
                Origin::Unknown
            }
            // A device is whose name is wanted.
            None if name == *details.interface_name.to_str() => Origin::Unknown,
            _ => Origin::Sb,
        };
        let found = match found {
            None if origin == Origin::Unknown => Found { kind: Type::Dpdk, link: None, vrf: None },
            None => Found { kind: Type::UndefinedType, link: None, vrf: None },
            Some(found) => found,
        };
        let value = Interface {
            name,
            r#type: found.kind.into(),
            enabled: details.flags.contains(IfStatusFlags::ADMIN_UP),
            phys_address: details.l2_address.to_string(),
            ip_addresses: addresses(&self.own_addresses(details, &layer3, wanted), spelled),
            vrf: found.vrf.unwrap_or_else(|| layer3.vrf(found.link.as_ref())),
            set_dhcp_client: match &self.dumps.dhcp_clients {
                Some(clients) => clients.contains_key(&index),
                None => wanted.is_some_and(|wanted| wanted.set_dhcp_client),
            },
            ip6_nd: wanted
                .and_then(|wanted| wanted.ip6_nd)
                .filter(|_| !self.without_ip6.contains(&index)),
            mtu: 0,
            unnumbered: self.dumps.unnumbered.get(&index).map(|lender| Unnumbered {
                interface_with_ip: self.name(*lender).unwrap_or_else(|| "<unknown>".to_owned()),
            }),
            rx_modes: self.rx_modes(index, spelled),
            rx_placements: self.rx_placements(index, spelled),
            link: found.link,
        };
        let value = Interface { mtu: mtu(&value, details), ..value };
        // What nobody has said so far is not known to be otherwise than it will be wanted.
        if set.is_none() && known.is_some_and(|known| known.wanted) && origin != Origin::Sb {
            self.ctx.remember_interface(index, value.clone());
        }
        let meta = InterfaceMeta {
            sw_if_index: index.0,
            vrf: value.vrf,
            ip_addresses: value.ip_addresses.clone(),
            tap_host_if_name: self
                .dumps
                .taps
                .get(&index)
                .map(|tap| tap.host_if_name.to_string())
                .unwrap_or_default(),
            internal_name: details.interface_name.to_string(),
            dev_type: details.interface_dev_type.to_string(),
        };
        Retrieved { key: value.key(), value, meta, origin }
    }

    /// The addresses but for the one from a DHCP server and those that VPP made of what routers advertise.
    fn own_addresses(
        &self,
        details: &SwInterfaceDetails,
        layer3: &Layer3,
        wanted: Option<&Interface>,
    ) -> Vec<IpNet> {
        let index = details.sw_if_index;
        let wanted = wanted.filter(|wanted| makes_addresses(wanted));
        let is_made = |network: &IpNet| {
            let asked_for = |wanted: &Interface| {
                let mut asked = wanted.ip_addresses.iter();
                asked.any(|text| address::parse_network(text).is_ok_and(|asked| asked == *network))
            };
            wanted.is_some_and(|wanted| !asked_for(wanted))
                && is_made_of_prefix(network, details.l2_address)
        };
        let client = self.dumps.dhcp_clients.as_ref().and_then(|clients| clients.get(&index));
        let leased = client.and_then(|client| leased(&client.lease));
        let is_leased = |network: &IpNet| {
            leased.is_some_and(|(address, len)| {
                network.addr() == IpAddr::V4(address) && network.prefix_len() == len
            })
        };
        let own = layer3.addresses.iter();
        own.filter(|network| !is_leased(network) && !is_made(network)).copied().collect()
    }

    fn name(&self, index: InterfaceIndex) -> Option<String> {
        self.names.get(&index).cloned()
    }

    /// Type and settings; `None` for a type this agent does not make.
    fn link(
        &self,
        details: &SwInterfaceDetails,
        name: &str,
        wanted: Option<&Interface>,
    ) -> Option<Found> {
        let index = details.sw_if_index;
        if details.sup_sw_if_index != index.0 {
            let parent = self.name(InterfaceIndex(details.sup_sw_if_index))?;
            let link = types::sub_from_vpp(parent, details, pick!(wanted, Sub));
            return Some(Found::new(Type::SubInterface, Link::Sub(link)));
        }
        let internal_name = details.interface_name.to_str();
        let kind = types::detect(&details.interface_dev_type.to_str(), &internal_name)?;
        let link = match kind {
            Type::Memif => {
                let found = self.dumps.memifs.get(&index)?;
                let sockets = &self.dumps.memif_sockets;
                Link::Memif(types::memif_from_vpp(found, sockets, pick!(wanted, Memif)))
            }
            Type::Tap => {
                let found = self.dumps.taps.get(&index)?;
                Link::Tap(types::tap_from_vpp(name, found, pick!(wanted, Tap)))
            }
            Type::AfPacket => {
                Link::Afpacket(self.af_packet(&internal_name, pick!(wanted, Afpacket)))
            }
            Type::BondInterface => {
                let members = self.dumps.members.get(&index).into_iter().flatten();
                let members = types::members_from_vpp(members, |index| self.name(index));
                let found = self.dumps.bonds.get(&index)?;
                Link::Bond(types::bond_from_vpp(found, members, pick!(wanted, Bond)))
            }
            // VPP tells nothing of how it took the card over.
            Type::Rdma => Link::Rdma(pick!(wanted, Rdma).cloned().unwrap_or_default()),
            Type::SoftwareLoopback => return Some(Found { kind, link: None, vrf: None }),
            _ => return self.tunnel(kind, index, wanted),
        };
        Some(Found::new(kind, link))
    }

    /// As [`Self::link`], for tunnels and cards that were taken over.
    fn tunnel(
        &self,
        kind: Type,
        index: InterfaceIndex,
        wanted: Option<&Interface>,
    ) -> Option<Found> {
        let Tunnels { vxlans, vxlan_gpes, gres, gtpus, ipips, ipsecs, wireguards, vmxnet3s } =
            &self.dumps.tunnels;
        let name = |index| self.name(index);
        let link = match kind {
            Type::VxlanTunnel => {
                let wanted = pick!(wanted, Vxlan);
                let (link, vrf) = match vxlans.get(&index) {
                    Some(found) => types::vxlan_from_vpp(found, name, wanted),
                    None => types::gpe_from_vpp(vxlan_gpes.get(&index)?, name, wanted),
                };
                return Some(Found { vrf: Some(vrf), ..Found::new(kind, Link::Vxlan(link)) });
            }
            Type::IpipTunnel => {
                let (link, vrf) = types::ipip_from_vpp(ipips.get(&index)?, pick!(wanted, Ipip));
                return Some(Found { vrf: Some(vrf), ..Found::new(kind, Link::Ipip(link)) });
            }
            Type::GreTunnel => {
                Link::Gre(types::gre_from_vpp(gres.get(&index)?, pick!(wanted, Gre)))
            }
            Type::GtpuTunnel => {
                Link::Gtpu(types::gtpu_from_vpp(gtpus.get(&index)?, name, pick!(wanted, Gtpu)))
            }
            Type::WireguardTunnel => {
                let found = wireguards.get(&index)?;
                Link::Wireguard(types::wireguard_from_vpp(found, pick!(wanted, Wireguard)))
            }
            Type::Vmxnet3Interface => {
                let found = vmxnet3s.get(&index)?;
                Link::VmxNet3(types::vmxnet3_from_vpp(found, pick!(wanted, VmxNet3)))
            }
            types::IPSEC_TUNNEL => self.ipsec(ipsecs.get(&index)?, wanted),
            _ => return None,
        };
        Some(Found::new(kind, link))
    }

    #[expect(deprecated, reason = "the type still works")]
    fn ipsec(&self, found: &IpsecItf, wanted: Option<&Interface>) -> Link {
        Link::Ipsec(types::ipsec_from_vpp(found, pick!(wanted, Ipsec)))
    }

    /// VPP knows the name in the kernel only. The settings wanted are kept if they come to the same.
    fn af_packet(&self, internal_name: &str, wanted: Option<&AfpacketLink>) -> AfpacketLink {
        let host_if_name = internal_name.strip_prefix("host-").unwrap_or(internal_name);
        if let Some(link) = wanted
            && LinuxSide::of(link).host_name(self.ctx).as_deref() == Some(host_if_name)
        {
            return link.clone();
        }
        AfpacketLink { host_if_name: host_if_name.to_owned(), linux_interface: String::new() }
    }

    /// The modes of those queues for which one is wanted.
    fn rx_modes(&self, index: InterfaceIndex, wanted: Option<&Interface>) -> Vec<RxMode> {
        let Some(wanted) = wanted else { return Vec::new() };
        let queues = self.dumps.queues.get(&index).into_iter().flatten();
        rx_mode::from_vpp(queues.map(|queue| (queue.queue_id, queue.mode)), wanted)
    }

    /// The placements of those queues for which one is wanted.
    fn rx_placements(&self, index: InterfaceIndex, wanted: Option<&Interface>) -> Vec<RxPlacement> {
        let Some(wanted) = wanted else { return Vec::new() };
        let queues = self.dumps.queues.get(&index).into_iter().flatten();
        let wanted = queues.filter(|queue| {
            wanted.rx_placements.iter().any(|placement| placement.queue == queue.queue_id)
        });
        // Thread 0 is the main thread, the workers come behind it.
        let placements = wanted.map(|queue| RxPlacement {
            queue: queue.queue_id,
            worker: queue.worker_id.saturating_sub(1),
            main_thread: queue.worker_id == 0,
        });
        placements.collect()
    }
}

/// The addresses, spelled as wanted where that means the same.
fn addresses(found: &[IpNet], wanted: Option<&Interface>) -> Vec<String> {
    let spelled: HashMap<IpNet, &String> = wanted
        .into_iter()
        .flat_map(|wanted| &wanted.ip_addresses)
        .filter_map(|text| Some((address::parse_network(text).ok()?, text)))
        .collect();
    let as_wanted = |network: &IpNet| match spelled.get(network) {
        Some(text) => (*text).clone(),
        None => network.to_string(),
    };
    found.iter().map(as_wanted).collect()
}

fn mtu(value: &Interface, details: &SwInterfaceDetails) -> u32 {
    let [packet, ..] = details.mtu;
    let found = match Flavor::of(value).mtu() {
        Mtu::Packet => packet,
        Mtu::Hardware | Mtu::None => details.link_mtu.into(),
    };
    if found == UNSET_MTU { 0 } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_advertised_prefixes_are_told_by_their_end() {
        let mac = MacAddress([0x02, 0xfe, 0x00, 0x11, 0x22, 0x33]);
        let made = |text: &str| is_made_of_prefix(&text.parse().unwrap(), mac);
        assert!(made("2001:db8:5::fe:ff:fe11:2233/64"));
        for other in ["2001:db8:5::fe:ff:fe11:2233/128", "2001:db8:5::1/64", "10.0.0.1/24"] {
            assert!(!made(other), "{other}");
        }
    }

    #[test]
    fn addresses_are_spelled_as_wanted() {
        let wanted = Interface {
            ip_addresses: vec!["10.0.0.1".into(), "2001:DB8::1/64".into()],
            ..Interface::default()
        };
        let found: Vec<IpNet> =
            ["10.0.0.1/32", "2001:db8::1/64", "10.9.9.9/24"].map(|t| t.parse().unwrap()).to_vec();
        let expected = ["10.0.0.1", "2001:DB8::1/64", "10.9.9.9/24"];
        assert_eq!(addresses(&found, Some(&wanted)), expected);
    }
}
