//! Keys of values that are derived from interfaces or reported about them.

use ligato_kvs_api::KeyPattern;
use ligato_model::{Key, Model};
use ligato_proto::vpp::interfaces::Interface;

/// What stands in a key in place of an empty name.
const INVALID: &str = "<invalid>";

/// Keys of interfaces.
pub const INTERFACE: KeyPattern = KeyPattern::new("config/vpp/v2/interfaces/{name}");
/// Keys of addresses given in the configuration.
pub const STATIC_ADDRESS: KeyPattern =
    KeyPattern::new("vpp/interface/{if}/address/static/{address}");
/// Keys of addresses that refer to an allocated one.
pub const ALLOCATED_ADDRESS: KeyPattern =
    KeyPattern::new("vpp/interface/{if}/address/alloc_ref/{address}");
/// Keys of assignments to a VRF.
pub const VRF: KeyPattern = KeyPattern::new("vpp/interface/{if}/vrf/{vrf}/ip-version/{version}");
/// Keys of assignments to the VRF of another interface.
pub const INHERITED_VRF: KeyPattern =
    KeyPattern::new("vpp/interface/{if}/vrf/from-interface/{other}");
/// Keys that say that an interface has an address.
pub const HAS_ADDRESS: KeyPattern = KeyPattern::new("vpp/interface/{if}/has-IP-address");
/// Keys of interfaces that borrow an address.
pub const UNNUMBERED: KeyPattern = KeyPattern::new("vpp/interface/unnumbered/{if}");
/// Keys of DHCP clients.
pub const DHCP_CLIENT: KeyPattern = KeyPattern::new("vpp/interface/dhcp-client/{if}");
/// Keys of what DHCP clients got.
pub const DHCP_LEASE: KeyPattern = KeyPattern::new("vpp/interface/dhcp-lease/{if}");
/// Keys of what is taken over from the advertisements of IPv6 routers.
pub const IP6ND: KeyPattern = KeyPattern::new("vpp/interface/ip6nd/{if}");
/// Keys of the link state.
pub const LINK_STATE: KeyPattern = KeyPattern::new("vpp/interface/{if}/link-state/{state}");
/// Keys of the modes of receive queues.
pub const RX_MODES: KeyPattern = KeyPattern::new("vpp/interface/{if}/rx-modes");
/// Keys of the placement of one receive queue.
pub const RX_PLACEMENT: KeyPattern =
    KeyPattern::new("vpp/interface/{if}/rx-placement/queue/{queue}");
/// Keys of the members of a bond.
pub const BOND_MEMBER: KeyPattern = KeyPattern::new("vpp/bond/{bond}/interface/{if}/");

fn name_or_invalid(name: &str) -> &str {
    if name.is_empty() { INVALID } else { name }
}

/// Key of an interface.
pub fn interface(name: &str) -> Key {
    Interface::key_of(name)
}

/// Key of an address of an interface, as written in the configuration.
pub fn address(interface: &str, address: &str) -> Key {
    let source =
        if ligato_vpp_ctx::address::is_allocated(address) { "alloc_ref" } else { "static" };
    format!("{}{source}/{address}", address_prefix(interface)).into()
}

/// What the keys of all addresses of an interface begin with, wherever they come from.
pub fn address_prefix(interface: &str) -> Key {
    format!("vpp/interface/{}/address/", name_or_invalid(interface)).into()
}

/// Which tables an interface is put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpVersions {
    /// The IPv4 table.
    V4,
    /// The IPv6 table.
    V6,
    /// Both.
    Both,
}

impl IpVersions {
    /// The versions of some addresses. References to allocated ones count as IPv4.
    pub fn of<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let is_v6 = |text: &str| !ligato_vpp_ctx::address::is_allocated(text) && text.contains(':');
        addresses.into_iter().fold(None, |found, text| match (found, is_v6(text)) {
            (None | Some(Self::V6), true) => Some(Self::V6),
            (None | Some(Self::V4), false) => Some(Self::V4),
            _ => Some(Self::Both),
        })
    }

    /// As in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V4 => "v4",
            Self::V6 => "v6",
            Self::Both => "both",
        }
    }

    /// From a key.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::V4, Self::V6, Self::Both].into_iter().find(|version| version.as_str() == text)
    }

    /// Whether the IPv4 table is one of them.
    pub const fn v4(self) -> bool {
        matches!(self, Self::V4 | Self::Both)
    }

    /// Whether the IPv6 table is one of them.
    pub const fn v6(self) -> bool {
        matches!(self, Self::V6 | Self::Both)
    }
}

/// Key of the assignment of an interface to a VRF.
pub fn vrf(interface: &str, vrf: u32, versions: IpVersions) -> Key {
    format!("{}{vrf}/ip-version/{}", vrf_prefix(interface), versions.as_str()).into()
}

/// Key of the assignment of an interface to the VRF of another one.
pub fn inherited_vrf(interface: &str, other: &str) -> Key {
    format!("{}from-interface/{}", vrf_prefix(interface), name_or_invalid(other)).into()
}

/// What the keys of all assignments of an interface begin with.
pub fn vrf_prefix(interface: &str) -> Key {
    format!("vpp/interface/{}/vrf/", name_or_invalid(interface)).into()
}

/// Key that says that an interface has an address.
pub fn has_address(interface: &str) -> Key {
    format!("vpp/interface/{}/has-IP-address", name_or_invalid(interface)).into()
}

/// Key of an interface that borrows an address.
pub fn unnumbered(interface: &str) -> Key {
    format!("vpp/interface/unnumbered/{}", name_or_invalid(interface)).into()
}

/// Key of the DHCP client of an interface.
pub fn dhcp_client(interface: &str) -> Key {
    format!("vpp/interface/dhcp-client/{}", name_or_invalid(interface)).into()
}

/// Key of what the DHCP client of an interface got.
pub fn dhcp_lease(interface: &str) -> Key {
    format!("vpp/interface/dhcp-lease/{}", name_or_invalid(interface)).into()
}

/// Key of an address that an interface got from a DHCP server.
pub fn leased_address(interface: &str, address: &str) -> Key {
    format!("{}from_dhcp/{address}", address_prefix(interface)).into()
}

/// Key of the neighbour discovery settings of an interface.
pub fn ip6nd(interface: &str) -> Key {
    format!("vpp/interface/ip6nd/{}", name_or_invalid(interface)).into()
}

/// State of the link of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Has a carrier.
    Up,
    /// Has none.
    Down,
}

/// Key of the link state of an interface.
pub fn link_state(interface: &str, link: Link) -> Key {
    let state = match link {
        Link::Up => "UP",
        Link::Down => "DOWN",
    };
    format!("vpp/interface/{}/link-state/{state}", name_or_invalid(interface)).into()
}

/// Key of the modes of the receive queues of an interface.
pub fn rx_modes(interface: &str) -> Key {
    format!("vpp/interface/{}/rx-modes", name_or_invalid(interface)).into()
}

/// Key of the placement of a receive queue.
pub fn rx_placement(interface: &str, queue: u32) -> Key {
    format!("vpp/interface/{}/rx-placement/queue/{queue}", name_or_invalid(interface)).into()
}

/// Key of a member of a bond.
pub fn bond_member(bond: &str, member: &str) -> Key {
    let (bond, member) = (name_or_invalid(bond), name_or_invalid(member));
    format!("vpp/bond/{bond}/interface/{member}/").into()
}

/// Key by which the Linux side reports an interface of the host.
pub fn linux_host_name(host_if_name: &str) -> Key {
    format!("linux/interface/host-name/{host_if_name}").into()
}

/// Key by which the Linux side reports a microservice.
pub fn microservice(label: &str) -> Key {
    format!("linux/microservice/{label}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_original() {
        for (key, expected) in [
            (interface("loop1"), "config/vpp/v2/interfaces/loop1"),
            (
                address("loop1", "192.168.1.1/24"),
                "vpp/interface/loop1/address/static/192.168.1.1/24",
            ),
            (address("if1", "alloc:net1"), "vpp/interface/if1/address/alloc_ref/alloc:net1"),
            (vrf("if1", 0, IpVersions::V4), "vpp/interface/if1/vrf/0/ip-version/v4"),
            (inherited_vrf("u1", "loop0"), "vpp/interface/u1/vrf/from-interface/loop0"),
            (has_address("loop0"), "vpp/interface/loop0/has-IP-address"),
            (unnumbered("u1"), "vpp/interface/unnumbered/u1"),
            (dhcp_client("eth0"), "vpp/interface/dhcp-client/eth0"),
            (dhcp_lease("eth0"), "vpp/interface/dhcp-lease/eth0"),
            (
                leased_address("eth0", "10.0.0.1/24"),
                "vpp/interface/eth0/address/from_dhcp/10.0.0.1/24",
            ),
            (ip6nd("eth0"), "vpp/interface/ip6nd/eth0"),
            (link_state("eth0", Link::Up), "vpp/interface/eth0/link-state/UP"),
            (rx_modes("eth0"), "vpp/interface/eth0/rx-modes"),
            (rx_placement("eth0", 1), "vpp/interface/eth0/rx-placement/queue/1"),
            (bond_member("bond0", "eth1"), "vpp/bond/bond0/interface/eth1/"),
            (inherited_vrf("u1", ""), "vpp/interface/u1/vrf/from-interface/<invalid>"),
        ] {
            assert_eq!(key.as_str(), expected);
        }
    }

    #[test]
    fn patterns_take_keys_apart() {
        let parse = |pattern: KeyPattern, key: &Key| {
            pattern.parse(key).map(|found| found.into_iter().map(str::to_owned).collect::<Vec<_>>())
        };
        let key = address("a/b", "2001:db8::1/64");
        assert_eq!(parse(STATIC_ADDRESS, &key), Some(vec!["a/b".into(), "2001:db8::1/64".into()]));
        let key = vrf("a/b", 7, IpVersions::Both);
        assert_eq!(parse(VRF, &key), Some(vec!["a/b".into(), "7".into(), "both".into()]));
        assert_eq!(parse(INHERITED_VRF, &key), None);
        let key = bond_member("b", "e/1");
        assert_eq!(parse(BOND_MEMBER, &key), Some(vec!["b".into(), "e/1".into()]));
    }

    #[test]
    fn versions_come_from_the_addresses() {
        for (addresses, expected) in [
            (vec![], None),
            (vec!["10.0.0.1/24"], Some(IpVersions::V4)),
            (vec!["::1/64", "::2/64"], Some(IpVersions::V6)),
            (vec!["::1/64", "10.0.0.1/24", "::2/64"], Some(IpVersions::Both)),
            (vec!["alloc:net1"], Some(IpVersions::V4)),
        ] {
            assert_eq!(IpVersions::of(addresses.iter().copied()), expected, "{addresses:?}");
        }
    }
}
