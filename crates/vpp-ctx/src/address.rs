//! Addresses as users write them, and as VPP's messages carry them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use ligato_vpp_api::types::{Address, AddressWithPrefix, MacAddress, Prefix};

/// What an address begins with that is to be looked up among the allocated ones.
const ALLOCATED: &str = "alloc:";

/// What is said of fields that may hold such an address.
pub const NOT_ALLOCATED: &str =
    "a reference to an allocated address (`alloc:…`) is refused as unsupported";

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// Neither an address nor an address with a prefix length.
    #[error("{0:?} is not an IP address, with or without a prefix length")]
    Network(String),
    /// Not an address.
    #[error("{0:?} is not an IP address")]
    Ip(String),
    /// Not an IPv4 address.
    #[error("{0:?} is not an IPv4 address")]
    Ipv4(String),
    /// Not an IPv6 address.
    #[error("{0:?} is not an IPv6 address")]
    Ipv6(String),
    /// Not a MAC address.
    #[error("{0:?} is not a MAC address")]
    Mac(String),
}

/// Whether the text refers to an allocated address instead of stating one.
pub fn is_allocated(text: &str) -> bool {
    text.starts_with(ALLOCATED)
}

/// Reads `192.168.1.1/24`, or an address alone, which stands for itself: /32 or /128. Host bits are kept.
///
/// # Errors
/// [`InvalidAddress::Network`].
pub fn parse_network(text: &str) -> Result<IpNet, InvalidAddress> {
    if let Ok(network) = text.parse() {
        return Ok(network);
    }
    match text.parse::<IpAddr>() {
        Ok(ip) => Ok(IpNet::from(ip)),
        Err(_) => Err(InvalidAddress::Network(text.to_owned())),
    }
}

/// Reads an address without prefix length.
///
/// # Errors
/// [`InvalidAddress::Ip`].
pub fn parse_ip(text: &str) -> Result<IpAddr, InvalidAddress> {
    text.parse().map_err(|_| InvalidAddress::Ip(text.to_owned()))
}

/// Reads an IPv4 address.
///
/// # Errors
/// [`InvalidAddress::Ipv4`].
pub fn parse_ipv4(text: &str) -> Result<Ipv4Addr, InvalidAddress> {
    text.parse().map_err(|_| InvalidAddress::Ipv4(text.to_owned()))
}

/// Reads an IPv6 address.
///
/// # Errors
/// [`InvalidAddress::Ipv6`].
pub fn parse_ipv6(text: &str) -> Result<Ipv6Addr, InvalidAddress> {
    text.parse().map_err(|_| InvalidAddress::Ipv6(text.to_owned()))
}

/// Reads a MAC address.
///
/// # Errors
/// [`InvalidAddress::Mac`].
pub fn parse_mac(text: &str) -> Result<MacAddress, InvalidAddress> {
    text.parse().map_err(|_| InvalidAddress::Mac(text.to_owned()))
}

/// An address with its prefix length for a message, host bits kept.
pub fn with_prefix(network: IpNet) -> AddressWithPrefix {
    AddressWithPrefix(Prefix::new(network.addr(), network.prefix_len()))
}

/// A prefix for a message, host bits cleared.
pub fn prefix(network: IpNet) -> Prefix {
    let network = network.trunc();
    Prefix::new(network.addr(), network.prefix_len())
}

/// From a message; lengths beyond the address are cut to it.
pub fn from_prefix(prefix: Prefix) -> IpNet {
    let Address(ip) = prefix.address;
    IpNet::new(ip, prefix.len).unwrap_or_else(|_| IpNet::from(ip))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_alone_is_a_host() {
        for (text, expected) in [
            ("10.0.0.1", "10.0.0.1/32"),
            ("10.0.0.1/24", "10.0.0.1/24"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:DB8::1/64", "2001:db8::1/64"),
        ] {
            assert_eq!(parse_network(text).unwrap().to_string(), expected);
        }
        for text in ["", "10.0.0.300/24", "10.0.0.1/33", "10.0.0.1/", "alloc:net1", "::1/129"] {
            assert!(parse_network(text).is_err(), "{text}");
        }
    }

    #[test]
    fn messages_keep_or_clear_the_host_bits() {
        let network = parse_network("10.0.0.1/24").unwrap();
        assert_eq!(with_prefix(network).0.to_string(), "10.0.0.1/24");
        assert_eq!(prefix(network).to_string(), "10.0.0.0/24");
        assert_eq!(from_prefix(with_prefix(network).0), network);
    }
}
