//! What lives and dies with an interface.

use ligato_model::{Key, Value};
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::interfaces::TapLink;
use ligato_proto::vpp::interfaces::interface::Link;

use crate::keys::{self, IpVersions};
use crate::types::{Flavor, Vrf};

pub(super) fn derived(value: &Interface) -> Vec<(Key, Value)> {
    let name = value.name.as_str();
    let mut derived = Vec::new();
    if let Some(unnumbered) = &value.unnumbered {
        derived.push((keys::unnumbered(name), Value::new(unnumbered.clone())));
    }
    if let Some(Link::Bond(bond)) = &value.link {
        derived.extend(
            bond.bonded_interfaces
                .iter()
                .map(|member| (keys::bond_member(name, &member.name), Value::new(member.clone()))),
        );
    }
    if value.set_dhcp_client {
        derived.push((keys::dhcp_client(name), Value::empty()));
    }
    if let Some(ip6_nd) = value.ip6_nd {
        derived.push((keys::ip6nd(name), Value::new(ip6_nd)));
    }
    derived
        .extend(value.ip_addresses.iter().map(|text| (keys::address(name, text), Value::empty())));
    derived.extend(vrf(value).map(|key| (key, Value::empty())));
    if !value.rx_modes.is_empty() {
        derived.push((keys::rx_modes(name), Value::new(for_rx_modes(value))));
    }
    derived.extend(
        value
            .rx_placements
            .iter()
            .map(|placement| (keys::rx_placement(name, placement.queue), Value::new(*placement))),
    );
    if !value.ip_addresses.is_empty() {
        derived.push((keys::has_address(name), Value::empty()));
    }
    derived
}

/// The assignment to a VRF: that of the lending interface, or the own one for the versions of the own addresses or, if it
/// is that of a tunnel, of the tunnel's ends.
fn vrf(value: &Interface) -> Option<Key> {
    if let Some(unnumbered) = &value.unnumbered {
        return Some(keys::inherited_vrf(&value.name, &unnumbered.interface_with_ip));
    }
    let versions = match Flavor::of(value).vrf() {
        Vrf::Tunnel(versions) | Vrf::OwnPackets(versions) => versions,
        Vrf::Addresses => IpVersions::of(value.ip_addresses.iter().map(String::as_str))?,
    };
    Some(keys::vrf(&value.name, value.vrf, versions))
}

/// The interface reduced to what its receive modes depend on, so that other changes do not touch them.
fn for_rx_modes(value: &Interface) -> Interface {
    let link = match &value.link {
        Some(Link::Tap(tap)) => {
            Some(Link::Tap(TapLink { version: tap.version, ..TapLink::default() }))
        }
        _ => None,
    };
    Interface {
        name: value.name.clone(),
        r#type: value.r#type,
        rx_modes: value.rx_modes.clone(),
        link,
        ..Interface::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ligato_proto::vpp::interfaces::IpipLink;
    use ligato_proto::vpp::interfaces::interface::{Ip6nd, RxMode, RxPlacement, Type, Unnumbered};

    fn keys_of(value: &Interface) -> Vec<String> {
        derived(value).iter().map(|(key, _)| key.to_string()).collect()
    }

    fn interface() -> Interface {
        Interface {
            name: "tap1".into(),
            r#type: Type::Tap.into(),
            link: Some(Link::Tap(TapLink { version: 2, ..TapLink::default() })),
            ..Interface::default()
        }
    }

    #[test]
    fn an_interface_derives_everything_it_mentions() {
        let value = Interface {
            vrf: 3,
            ip_addresses: vec!["10.0.0.1/24".into(), "2001:db8::1/64".into()],
            set_dhcp_client: true,
            ip6_nd: Some(Ip6nd::default()),
            rx_modes: vec![RxMode::default()],
            rx_placements: vec![RxPlacement { queue: 1, ..RxPlacement::default() }],
            ..interface()
        };
        assert_eq!(
            keys_of(&value),
            [
                "vpp/interface/dhcp-client/tap1",
                "vpp/interface/ip6nd/tap1",
                "vpp/interface/tap1/address/static/10.0.0.1/24",
                "vpp/interface/tap1/address/static/2001:db8::1/64",
                "vpp/interface/tap1/vrf/3/ip-version/both",
                "vpp/interface/tap1/rx-modes",
                "vpp/interface/tap1/rx-placement/queue/1",
                "vpp/interface/tap1/has-IP-address",
            ]
        );
    }

    #[test]
    fn an_unnumbered_interface_inherits_its_vrf() {
        let value = Interface {
            vrf: 3,
            unnumbered: Some(Unnumbered { interface_with_ip: "loop0".into() }),
            ..interface()
        };
        assert_eq!(
            keys_of(&value),
            ["vpp/interface/unnumbered/tap1", "vpp/interface/tap1/vrf/from-interface/loop0"]
        );
    }

    #[test]
    fn an_interface_without_addresses_is_in_no_vrf() {
        assert!(keys_of(&Interface { vrf: 3, ..interface() }).is_empty());
    }

    #[test]
    fn the_vrf_of_a_tunnel_is_of_the_version_of_its_ends() {
        let link = |dst: &str| IpipLink {
            src_addr: "2001:db8::1".into(),
            dst_addr: dst.into(),
            ..IpipLink::default()
        };
        let value = |dst: &str| Interface {
            r#type: Type::IpipTunnel.into(),
            vrf: 3,
            link: Some(Link::Ipip(link(dst))),
            ..interface()
        };
        assert_eq!(keys_of(&value("2001:db8::2")), ["vpp/interface/tap1/vrf/3/ip-version/v6"]);
        let addressed = Interface { ip_addresses: vec!["10.0.0.1/24".into()], ..value("::2") };
        assert!(keys_of(&addressed).contains(&"vpp/interface/tap1/vrf/3/ip-version/v6".to_owned()));
    }

    #[test]
    fn receive_modes_know_the_version_of_the_tap() {
        let value = Interface { mtu: 1500, rx_modes: vec![RxMode::default()], ..interface() };
        let reduced = for_rx_modes(&value);
        assert_eq!(reduced.mtu, 0);
        assert_eq!(reduced.link, interface().link);
    }
}
