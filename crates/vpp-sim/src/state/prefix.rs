//! IP prefixes as numbers: what tables are keyed and searched by.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Address family, in the order VPP numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4
    V4,
    /// IPv6
    V6,
}

impl Family {
    /// Both, in the order VPP walks them.
    pub(crate) const BOTH: [Family; 2] = [Family::V4, Family::V6];

    /// Bits of an address.
    pub(crate) fn width(self) -> u8 {
        match self {
            Family::V4 => 32,
            Family::V6 => 128,
        }
    }

    pub(crate) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        }
    }

    pub(crate) fn index(self) -> usize {
        match self {
            Family::V4 => 0,
            Family::V6 => 1,
        }
    }

    /// The flag `is_ipv6` of many messages.
    pub(crate) fn from_is_ip6(is_ip6: bool) -> Self {
        if is_ip6 { Family::V6 } else { Family::V4 }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::V4 => "ipv4",
            Family::V6 => "ipv6",
        })
    }
}

/// An address as a number; IPv4 occupies the low 32 bits.
pub(crate) fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(a) => u128::from(a.to_bits()),
        IpAddr::V6(a) => a.to_bits(),
    }
}

/// The inverse of [`bits`].
pub(crate) fn address(family: Family, bits: u128) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::from_bits(bits as u32)),
        Family::V6 => IpAddr::V6(Ipv6Addr::from_bits(bits)),
    }
}

/// The network mask of a length, within the width of the family.
pub(crate) fn mask(family: Family, len: u8) -> u128 {
    let width = u32::from(family.width());
    let len = u32::from(len).min(width);
    let full = if width == 128 { u128::MAX } else { (1 << width) - 1 };
    if len == 0 { 0 } else { full & (full << (width - len)) }
}

/// A network: shorter prefixes sort first, as VPP walks its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Prefix {
    pub(crate) len: u8,
    pub(crate) network: u128,
}

impl Prefix {
    /// Host bits are cleared, as VPP does when it stores a route.
    pub(crate) fn new(family: Family, address: u128, len: u8) -> Self {
        Self { len, network: address & mask(family, len) }
    }

    pub(crate) fn host(family: Family, address: u128) -> Self {
        Self { len: family.width(), network: address }
    }

    pub(crate) fn is_host(self, family: Family) -> bool {
        self.len == family.width()
    }

    /// The highest address of the network.
    pub(crate) fn last(self, family: Family) -> u128 {
        self.network | (mask(family, family.width()) & !mask(family, self.len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_stay_within_the_family() {
        assert_eq!(mask(Family::V4, 0), 0);
        assert_eq!(mask(Family::V4, 24), 0xffff_ff00);
        assert_eq!(mask(Family::V4, 32), 0xffff_ffff);
        assert_eq!(mask(Family::V6, 0), 0);
        assert_eq!(mask(Family::V6, 64), u128::MAX << 64);
        assert_eq!(mask(Family::V6, 128), u128::MAX);
    }

    #[test]
    fn a_prefix_drops_host_bits_and_knows_its_end() {
        let p = Prefix::new(Family::V4, bits("10.0.0.7".parse().unwrap()), 24);
        assert_eq!(address(Family::V4, p.network), "10.0.0.0".parse::<IpAddr>().unwrap());
        assert_eq!(
            address(Family::V4, p.last(Family::V4)),
            "10.0.0.255".parse::<IpAddr>().unwrap()
        );
    }
}
