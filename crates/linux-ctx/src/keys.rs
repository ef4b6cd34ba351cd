//! Keys of derived values and of notifications. An empty part is written `<invalid>`.

use ipnet::IpNet;
use ligato_model::Key;

/// Prefix of the keys of running microservices.
pub const MICROSERVICE_PREFIX: &str = "linux/microservice/";

/// Prefix of the keys of what the host has in its default namespace.
pub const HOST_NAME_PREFIX: &str = "linux/interface/host-name/";

/// Where an address comes from, as part of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressSource {
    /// Written in the configuration.
    Static,
    /// A reference to an allocation.
    AllocRef,
    /// Expected on the link, not touched.
    Existing,
}

impl AddressSource {
    /// Name in the key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            AddressSource::Static => "static",
            AddressSource::AllocRef => "alloc_ref",
            AddressSource::Existing => "existing",
        }
    }

    fn from_str(text: &str) -> Option<AddressSource> {
        [AddressSource::Static, AddressSource::AllocRef, AddressSource::Existing]
            .into_iter()
            .find(|source| source.as_str() == text)
    }
}

/// `linux/microservice/LABEL`: a container with that label runs.
#[must_use]
pub fn microservice(label: &str) -> Key {
    format!("{MICROSERVICE_PREFIX}{}", part(label)).into()
}

/// `linux/interface/host-name/HOST`: a link of that name is up in the default namespace.
#[must_use]
pub fn host_link(host_name: &str) -> Key {
    format!("{HOST_NAME_PREFIX}{}", part(host_name)).into()
}

/// `linux/interface/host-name/HOST/address/IP/MASK`: the link has that address.
#[must_use]
pub fn host_address(host_name: &str, address: IpNet) -> Key {
    format!("{HOST_NAME_PREFIX}{}/address/{address}", part(host_name)).into()
}

/// The same for an address as a configuration writes it.
#[must_use]
pub fn host_address_text(host_name: &str, address: &str) -> Key {
    match address.parse::<IpNet>() {
        Ok(address) => host_address(host_name, address),
        Err(_) => format!("{HOST_NAME_PREFIX}{}/address/{}", part(host_name), part(address)).into(),
    }
}

/// `linux/interface/host-name/HOST/vrf-host-name/VRF`: the link belongs to that VRF device.
#[must_use]
pub fn host_vrf(host_name: &str, vrf_host_name: &str) -> Key {
    format!("{}{}", host_vrf_prefix(host_name), part(vrf_host_name)).into()
}

/// Prefix of the keys of the VRF that a link belongs to.
#[must_use]
pub fn host_vrf_prefix(host_name: &str) -> Key {
    format!("{HOST_NAME_PREFIX}{}/vrf-host-name/", part(host_name)).into()
}

/// The wanted administrative state of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminState {
    Up,
    Down,
}

/// `linux/interface/state/NAME/UP` or `/DOWN`: the wanted state of a configured interface.
#[must_use]
pub fn interface_state(name: &str, state: AdminState) -> Key {
    let state = match state {
        AdminState::Up => "UP",
        AdminState::Down => "DOWN",
    };
    format!("linux/interface/state/{}/{state}", part(name)).into()
}

/// `linux/interface/NAME/address/SOURCE/ADDRESS`: an address to be assigned. A reference to an
/// allocation always has the source `alloc_ref`.
#[must_use]
pub fn interface_address(name: &str, source: AddressSource, address: &str) -> Key {
    let source = if address.starts_with("alloc:") { AddressSource::AllocRef } else { source };
    format!("{}{}/{}", interface_address_prefix(name), source.as_str(), part(address)).into()
}

/// Prefix of the keys of the addresses of an interface.
#[must_use]
pub fn interface_address_prefix(name: &str) -> Key {
    format!("linux/interface/{}/address/", part(name)).into()
}

/// The parts of the key of an address: interface, source, address.
///
/// The last part equal to `address` that a known source follows separates the name; a key that
/// ends there is not one of an address.
#[must_use]
pub fn parse_interface_address(key: &str) -> Option<(&str, AddressSource, &str)> {
    let rest = key.strip_prefix("linux/interface/")?;
    if rest.starts_with("host-name/") {
        return None;
    }
    rest.rmatch_indices("/address/").find_map(|(at, separator)| {
        let name = rest.get(..at)?;
        let (source, address) = rest.get(at + separator.len()..)?.split_once('/')?;
        let source = AddressSource::from_str(source)?;
        (!name.is_empty() && !address.is_empty()).then_some((name, source, address))
    })
}

/// `linux/interface/NAME/vrf/VRF`: membership in a VRF.
#[must_use]
pub fn interface_vrf(name: &str, vrf: &str) -> Key {
    format!("linux/interface/{}/vrf/{}", part(name), part(vrf)).into()
}

/// `linux/link-local-route/NAME/dest-address/DESTINATION`: a route of scope link.
#[must_use]
pub fn link_local_route(interface: &str, destination: &str) -> Key {
    format!("{}{}", link_local_route_prefix(interface), part(destination)).into()
}

/// Prefix of the keys of routes of scope link over an interface.
#[must_use]
pub fn link_local_route_prefix(interface: &str) -> Key {
    format!("linux/link-local-route/{}/dest-address/", part(interface)).into()
}

/// `netalloc/neigh-gw/network/NETWORK/interface/NAME`: the allocated gateway is a neighbour.
#[must_use]
pub fn neighbour_gateway(network: &str, interface: &str) -> Key {
    format!("netalloc/neigh-gw/network/{}/interface/{}", part(network), part(interface)).into()
}

fn part(text: &str) -> &str {
    if text.is_empty() { "<invalid>" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spelled_as_in_the_original() {
        let address: IpNet = "10.0.0.1/24".parse().unwrap();
        for (key, text) in [
            (microservice("ms1"), "linux/microservice/ms1"),
            (host_link("eth0"), "linux/interface/host-name/eth0"),
            (host_address("eth0", address), "linux/interface/host-name/eth0/address/10.0.0.1/24"),
            (host_vrf("eth0", "blue"), "linux/interface/host-name/eth0/vrf-host-name/blue"),
            (interface_state("veth1", AdminState::Up), "linux/interface/state/veth1/UP"),
            (interface_state("", AdminState::Down), "linux/interface/state/<invalid>/DOWN"),
            (
                interface_address("veth1", AddressSource::Static, "10.0.0.1/24"),
                "linux/interface/veth1/address/static/10.0.0.1/24",
            ),
            (
                interface_address("veth1", AddressSource::Static, "alloc:net1"),
                "linux/interface/veth1/address/alloc_ref/alloc:net1",
            ),
            (interface_vrf("veth1", "vrf1"), "linux/interface/veth1/vrf/vrf1"),
            (
                link_local_route("veth1", "10.0.0.0/24"),
                "linux/link-local-route/veth1/dest-address/10.0.0.0/24",
            ),
            (neighbour_gateway("net1", "if1"), "netalloc/neigh-gw/network/net1/interface/if1"),
        ] {
            assert_eq!(key, text);
        }
    }

    #[test]
    fn addresses_are_taken_apart() {
        use AddressSource::{AllocRef, Existing, Static};
        for (key, parts) in [
            (
                "linux/interface/veth1/address/static/10.0.0.1/24",
                Some(("veth1", Static, "10.0.0.1/24")),
            ),
            ("linux/interface/a/b/address/existing/::1/128", Some(("a/b", Existing, "::1/128"))),
            (
                "linux/interface/i/address/alloc_ref/alloc:net/if/GW",
                Some(("i", AllocRef, "alloc:net/if/GW")),
            ),
            // An interface whose name has such parts.
            (
                "linux/interface/x/address/y/vrf/z/address/static/10.0.0.1/24",
                Some(("x/address/y/vrf/z", Static, "10.0.0.1/24")),
            ),
            // The original reads past the end of this one.
            ("linux/interface/veth1/address", None),
            ("linux/interface/veth1/address/", None),
            ("linux/interface/veth1/address/static", None),
            ("linux/interface/veth1/address/from_moon/10.0.0.1/24", None),
            ("linux/interface/host-name/eth0/address/10.0.0.1/24", None),
            ("linux/interface//address/static/10.0.0.1/24", None),
        ] {
            assert_eq!(parse_interface_address(key), parts, "{key}");
        }
    }
}
