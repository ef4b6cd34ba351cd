//! What counts as the same interface, and what can be changed in place.

use ligato_proto::vpp::interfaces::Interface;
use ligato_vpp_ctx::Facts;

use crate::types::{Flavor, Mtu, Vrf};

/// Whether applying `new` over `old` would change nothing. Receive modes, placements and the use of router advertisements
/// are values of their own.
pub(super) fn equivalent(facts: &Facts, old: &Interface, new: &Interface) -> bool {
    let flavors = (Flavor::of(old), Flavor::of(new));
    old.name == new.name
        && old.r#type == new.r#type
        && old.enabled == new.enabled
        && old.set_dhcp_client == new.set_dhcp_client
        && old.unnumbered == new.unnumbered
        && flavors.0.same(flavors.1, &new.name)
        && same_vrf(old, new)
        && same_mtu(facts, old, new)
        && same_mac(old, new)
        && same_addresses(old, new)
}

/// Whether the change cannot be made in an interface that exists.
pub(super) fn needs_recreate(old: &Interface, new: &Interface) -> bool {
    let flavor = Flavor::of(new);
    old.r#type != new.r#type
        || !Flavor::of(old).same_identity(flavor, &new.name)
        || (!flavor.mac_is_set_later() && !same_mac(old, new))
        || (matches!(flavor.vrf(), Vrf::OwnPackets(_)) && old.vrf != new.vrf)
}

/// The MTU an interface is to have; 0 leaves VPP's own.
pub(super) fn effective_mtu(facts: &Facts, value: &Interface) -> u32 {
    match (Flavor::of(value).mtu(), value.mtu) {
        (Mtu::None, _) => 0,
        (Mtu::Hardware | Mtu::Packet, 0) => facts.settings.default_mtu,
        (Mtu::Hardware | Mtu::Packet, mtu) => mtu,
    }
}

/// But for tunnels a VRF has an effect only on an interface with addresses of its own.
fn same_vrf(old: &Interface, new: &Interface) -> bool {
    let has_effect = match Flavor::of(new).vrf() {
        Vrf::OwnPackets(_) => true,
        Vrf::Tunnel(_) => new.unnumbered.is_none(),
        Vrf::Addresses => new.unnumbered.is_none() && !new.ip_addresses.is_empty(),
    };
    old.vrf == new.vrf || !has_effect
}

fn same_mtu(facts: &Facts, old: &Interface, new: &Interface) -> bool {
    let wanted = effective_mtu(facts, new);
    wanted == 0 || effective_mtu(facts, old) == wanted
}

pub(super) fn same_mac(old: &Interface, new: &Interface) -> bool {
    new.phys_address.is_empty() || old.phys_address.eq_ignore_ascii_case(&new.phys_address)
}

fn same_addresses(old: &Interface, new: &Interface) -> bool {
    let sorted = |value: &Interface| {
        let mut addresses = value.ip_addresses.clone();
        addresses.sort();
        addresses
    };
    sorted(old) == sorted(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ligato_proto::vpp::interfaces::AfpacketLink;
    use ligato_proto::vpp::interfaces::interface::{Ip6nd, Link, Type};
    use ligato_vpp_ctx::Settings;

    fn facts(default_mtu: u32) -> Facts {
        Facts { peer: None, settings: Settings { default_mtu, ..Settings::default() } }
    }

    fn loopback() -> Interface {
        Interface {
            name: "loop1".into(),
            r#type: Type::SoftwareLoopback.into(),
            ip_addresses: vec!["10.0.0.1/24".into(), "10.0.1.1/24".into()],
            phys_address: "02:fe:00:00:00:aa".into(),
            mtu: 1500,
            ..Interface::default()
        }
    }

    #[test]
    fn what_makes_no_difference() {
        let base = loopback();
        let swapped = base.ip_addresses.iter().rev().cloned().collect();
        for other in [
            Interface { ip_addresses: swapped, ..base.clone() },
            Interface { phys_address: "02:FE:00:00:00:AA".into(), ..base.clone() },
            Interface { phys_address: String::new(), ..base.clone() },
            Interface { mtu: 0, ..base.clone() },
            Interface { ip6_nd: Some(Ip6nd::default()), ..base.clone() },
        ] {
            assert!(equivalent(&facts(0), &base, &other), "{other:?}");
        }
    }

    #[test]
    fn what_is_changed_in_place() {
        let base = loopback();
        for other in [
            Interface { enabled: true, ..base.clone() },
            Interface { mtu: 9000, ..base.clone() },
            Interface { vrf: 1, ..base.clone() },
            Interface { phys_address: "02:fe:00:00:00:bb".into(), ..base.clone() },
            Interface { ip_addresses: Vec::new(), ..base.clone() },
            Interface { set_dhcp_client: true, ..base.clone() },
        ] {
            assert!(!equivalent(&facts(0), &base, &other), "{other:?}");
            assert!(!needs_recreate(&base, &other), "{other:?}");
        }
    }

    #[test]
    fn an_af_packet_gets_another_mac_only_by_recreation() {
        let base = Interface {
            r#type: Type::AfPacket.into(),
            link: Some(Link::Afpacket(AfpacketLink {
                host_if_name: "eth0".into(),
                ..AfpacketLink::default()
            })),
            ..loopback()
        };
        let upper = Interface { phys_address: "02:FE:00:00:00:AA".into(), ..base.clone() };
        let other = Interface { phys_address: "02:fe:00:00:00:bb".into(), ..base.clone() };
        assert!(!needs_recreate(&base, &upper));
        assert!(needs_recreate(&base, &other));
    }

    #[test]
    fn the_default_mtu_is_for_interfaces_without_one() {
        let with = |mtu| Interface { mtu, ..loopback() };
        assert_eq!(effective_mtu(&facts(1400), &with(0)), 1400);
        assert_eq!(effective_mtu(&facts(1400), &with(1300)), 1300);
        assert_eq!(effective_mtu(&facts(0), &with(0)), 0);
        assert!(!equivalent(&facts(1400), &with(0), &with(9000)));
        assert!(equivalent(&facts(1400), &with(0), &with(1400)));
    }
}
