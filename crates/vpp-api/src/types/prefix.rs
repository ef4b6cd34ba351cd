//! Addresses with a prefix length.

use std::fmt;
use std::net::IpAddr;

use super::{Address, Ip4Address, Ip6Address, api_alias};

/// A prefix of either family.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, ligato_vpp_api_macros::Wire,
)]
pub struct Prefix {
    /// The address.
    pub address: Address,
    /// Number of bits that count.
    pub len: u8,
}

impl Prefix {
    /// A prefix of this address.
    #[must_use]
    pub fn new(address: IpAddr, len: u8) -> Prefix {
        Prefix { address: Address(address), len }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.len)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An IPv4 prefix, without the byte for the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, ligato_vpp_api_macros::Wire)]
pub struct Ip4Prefix {
    /// The address.
    pub address: Ip4Address,
    /// Number of bits that count.
    pub len: u8,
}

/// An IPv6 prefix, without the byte for the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, ligato_vpp_api_macros::Wire)]
pub struct Ip6Prefix {
    /// The address.
    pub address: Ip6Address,
    /// Number of bits that count.
    pub len: u8,
}

/// The address of an interface: a prefix whose host bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AddressWithPrefix(pub Prefix);

api_alias!(AddressWithPrefix = "address_with_prefix", of "vl_api_prefix_t"; |value, out| value.0.put(out), |input| Ok(AddressWithPrefix(Prefix::get(input)?)), Prefix::MIN_LEN);

/// An IPv4 prefix whose host bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Ip4AddressWithPrefix(pub Ip4Prefix);

api_alias!(Ip4AddressWithPrefix = "ip4_address_with_prefix", of "vl_api_ip4_prefix_t"; |value, out| value.0.put(out), |input| Ok(Ip4AddressWithPrefix(Ip4Prefix::get(input)?)), Ip4Prefix::MIN_LEN);

/// An IPv6 prefix whose host bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Ip6AddressWithPrefix(pub Ip6Prefix);

api_alias!(Ip6AddressWithPrefix = "ip6_address_with_prefix", of "vl_api_ip6_prefix_t"; |value, out| value.0.put(out), |input| Ok(Ip6AddressWithPrefix(Ip6Prefix::get(input)?)), Ip6Prefix::MIN_LEN);
