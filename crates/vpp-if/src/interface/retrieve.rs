//! Reading interfaces back.
//!
//! Messages: `sw_interface_dump`, `ip_address_dump` and `sw_interface_get_table` per interface, `ip_unnumbered_dump`,
//! `memif_dump`, `memif_socket_filename_dump`, `sw_interface_tap_v2_dump`, `sw_bond_interface_dump` with
//! `sw_member_interface_dump` per bond, `sw_interface_rx_placement_dump`.

use std::collections::HashMap;

use ipnet::IpNet;
use ligato_kvs_api::{KnownValues, OpError, Origin, Retrieved};
use ligato_model::Model;
use ligato_proto::vpp::interfaces::AfpacketLink;
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::interfaces::interface::{Link, RxMode, RxPlacement, Type, Unnumbered};
use ligato_vpp_api::msg::interface::SwInterfaceDetails;
use ligato_vpp_api::types::{IfStatusFlags, InterfaceIndex};
use ligato_vpp_ctx::{InterfaceMeta, VppCtx, address};

use super::VppInterface;
use super::dump::{Dumps, LOCAL0};
use crate::rx_mode;
use crate::types::{self, Flavor, LinuxSide, Mtu};

/// What stands before VPP's name of an interface that has no tag.
const UNTAGGED: &str = "UNTAGGED-";
/// An MTU of VPP that means that none was set.
const UNSET_MTU: u32 = 9216;

pub(super) async fn retrieve(
    ctx: &VppCtx,
    known: KnownValues<'_, VppInterface>,
) -> Result<Vec<Retrieved<VppInterface>>, OpError> {
    let dumps = Dumps::take(ctx).await?;
    // All names first: an interface may be mentioned by one that comes before it.
    let names = dumps.interfaces.iter().map(|d| (d.sw_if_index, name_of(d))).collect();
    let reader = Reader { ctx, dumps: &dumps, names };
    let found = dumps.interfaces.iter().map(|details| {
        let name = name_of(details);
        let wanted = known.get(&Interface::key_of(&name)).map(|known| known.value);
        reader.read(details, name, wanted)
    });
    Ok(found.collect())
}

/// The tag, or what an interface without one is called.
fn name_of(details: &SwInterfaceDetails) -> String {
    if details.tag.is_empty() {
        format!("{UNTAGGED}{}", details.interface_name)
    } else {
        details.tag.to_string()
    }
}

struct Reader<'a> {
    ctx: &'a VppCtx,
    dumps: &'a Dumps,
    names: HashMap<InterfaceIndex, String>,
}

impl Reader<'_> {
    fn read(
        &self,
        details: &SwInterfaceDetails,
        name: String,
        wanted: Option<&Interface>,
    ) -> Retrieved<VppInterface> {
        let index = details.sw_if_index;
        let link = self.link(details, &name, wanted);
        let kind = link.as_ref().map_or(Type::UndefinedType, |(kind, _)| *kind);
        let ours = !details.tag.is_empty() && index != LOCAL0 && link.is_some();
        let layer3 = self.dumps.layer3.get(&index).cloned().unwrap_or_default();
        let value = Interface {
            name,
            r#type: kind.into(),
            enabled: details.flags.contains(IfStatusFlags::ADMIN_UP),
            phys_address: details.l2_address.to_string(),
            ip_addresses: addresses(&layer3.addresses, wanted),
            vrf: layer3.vrf(),
            // Not read back: taken to be as wanted.
            set_dhcp_client: wanted.is_some_and(|wanted| wanted.set_dhcp_client),
            ip6_nd: wanted.and_then(|wanted| wanted.ip6_nd),
            mtu: 0,
            unnumbered: self.dumps.unnumbered.get(&index).map(|lender| Unnumbered {
                interface_with_ip: self.name(*lender).unwrap_or_else(|| "<unknown>".to_owned()),
            }),
            rx_modes: self.rx_modes(index, wanted),
            rx_placements: self.rx_placements(index, wanted),
            link: link.and_then(|(_, link)| link),
        };
        let value = Interface { mtu: mtu(&value, details), ..value };
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
        let origin = if ours { Origin::Nb } else { Origin::Sb };
        Retrieved { key: value.key(), value, meta, origin }
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
    ) -> Option<(Type, Option<Link>)> {
        let index = details.sw_if_index;
        let wanted = wanted.map(Flavor::of);
        if details.sup_sw_if_index != index.0 {
            let parent = self.name(InterfaceIndex(details.sup_sw_if_index))?;
            let wanted = wanted.and_then(|flavor| match flavor {
                Flavor::Sub(link) => Some(link),
                _ => None,
            });
            let link = types::sub_from_vpp(parent, details, wanted);
            return Some((Type::SubInterface, Some(Link::Sub(link))));
        }
        let internal_name = details.interface_name.to_str();
        let kind = types::detect(&details.interface_dev_type.to_str(), &internal_name)?;
        let link = match kind {
            Type::Memif => {
                let wanted = match wanted {
                    Some(Flavor::Memif(link)) => Some(link),
                    _ => None,
                };
                let found = self.dumps.memifs.get(&index)?;
                Link::Memif(types::memif_from_vpp(found, &self.dumps.memif_sockets, wanted))
            }
            Type::Tap => {
                let wanted = match wanted {
                    Some(Flavor::Tap(link)) => Some(link),
                    _ => None,
                };
                Link::Tap(types::tap_from_vpp(name, self.dumps.taps.get(&index)?, wanted))
            }
            Type::AfPacket => Link::Afpacket(self.af_packet(&internal_name, wanted)),
            Type::BondInterface => {
                let wanted = match wanted {
                    Some(Flavor::Bond(link)) => Some(link),
                    _ => None,
                };
                let members = self.dumps.members.get(&index).into_iter().flatten();
                let members = types::members_from_vpp(members, |index| self.name(index));
                Link::Bond(types::bond_from_vpp(self.dumps.bonds.get(&index)?, members, wanted))
            }
            _ => return Some((kind, None)),
        };
        Some((kind, Some(link)))
    }

    /// VPP knows the name in the kernel only. The settings wanted are kept if they come to the same.
    fn af_packet(&self, internal_name: &str, wanted: Option<Flavor<'_>>) -> AfpacketLink {
        let host_if_name = internal_name.strip_prefix("host-").unwrap_or(internal_name);
        if let Some(Flavor::AfPacket(link)) = wanted
            && LinuxSide::of(link).host_name(self.ctx).as_deref() == Some(host_if_name)
        {
            return link.clone();
        }
        AfpacketLink { host_if_name: host_if_name.to_owned(), linux_interface: String::new() }
    }

    /// The modes of the queues, if any are wanted.
    fn rx_modes(&self, index: InterfaceIndex, wanted: Option<&Interface>) -> Vec<RxMode> {
        if wanted.is_none_or(|wanted| wanted.rx_modes.is_empty()) {
            return Vec::new();
        }
        let queues = self.dumps.queues.get(&index).into_iter().flatten();
        let modes = queues.map(|queue| RxMode {
            queue: queue.queue_id,
            mode: rx_mode::from_vpp(queue.mode).into(),
            default_mode: false,
        });
        modes.collect()
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
