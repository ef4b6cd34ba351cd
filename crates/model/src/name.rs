//! The functions that templates of instance names use on addresses.

use std::net::IpAddr;

use ipnet::IpNet;

/// Stands where an address should be and is not; compatible with keys made by the original.
pub const INVALID: &str = "<invalid>";

/// What references to allocated addresses begin with.
pub const ALLOC_PREFIX: &str = "alloc:";

/// A destination network as the template function `ipnet` sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The masked address in canonical text form, or [`INVALID`].
    pub ip: String,
    /// Length of the mask in bits; 0 when invalid.
    pub mask_size: u8,
}

/// Masks a CIDR. `None` for a reference to an allocated address, which stays as it is.
#[must_use]
pub fn ipnet(text: &str) -> Option<Network> {
    if text.starts_with(ALLOC_PREFIX) {
        return None;
    }
    Some(match text.parse::<IpNet>() {
        Ok(net) => Network { ip: canonical(net.network()), mask_size: net.prefix_len() },
        Err(_) => Network { ip: INVALID.to_owned(), mask_size: 0 },
    })
}

/// `IPv4` or `IPv6` by the plain address (no mask), or [`INVALID`].
#[must_use]
pub fn protoip(text: &str) -> &'static str {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => "IPv4",
        // An IPv4 address written as IPv6 counts as IPv4.
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some() => "IPv4",
        Ok(IpAddr::V6(_)) => "IPv6",
        Err(_) => INVALID,
    }
}

/// The canonical text of an address, or [`INVALID`].
#[must_use]
pub fn ip(text: &str) -> String {
    text.parse::<IpAddr>().map_or_else(|_| INVALID.to_owned(), canonical)
}

/// Canonical text; IPv4 written as IPv6 is IPv4.
fn canonical(ip: IpAddr) -> String {
    ip.to_canonical().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_masked_and_canonical() {
        for (text, ip, mask_size) in [
            ("10.0.0.5/8", "10.0.0.0", 8),
            ("2001:DB8:0::1/32", "2001:db8::", 32),
            ("0.0.0.0/0", "0.0.0.0", 0),
            ("::/0", "::", 0),
            ("10.0.0.1", INVALID, 0),
            ("", INVALID, 0),
        ] {
            assert_eq!(ipnet(text), Some(Network { ip: ip.to_owned(), mask_size }), "{text}");
        }
        assert_eq!(ipnet("alloc:net1/if1"), None);
    }

    #[test]
    fn the_version_is_that_of_a_plain_address() {
        assert_eq!(protoip("10.10.1.5"), "IPv4");
        assert_eq!(protoip("::ffff:10.10.1.5"), "IPv4");
        assert_eq!(protoip("fe80::1"), "IPv6");
        assert_eq!(protoip("10.0.0.0/8"), INVALID);
        assert_eq!(ip("FE80::0:1"), "fe80::1");
    }
}
