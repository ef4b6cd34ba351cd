//! Types that are text in JSON: addresses and prefixes.

use std::net::Ipv6Addr;

use bytes::BytesMut;

use crate::types::{
    Address, AddressWithPrefix, Ip4Address, Ip4AddressWithPrefix, Ip4Prefix, Ip6Address,
    Ip6AddressWithPrefix, Ip6Prefix, MacAddress, Prefix,
};
use crate::wire::{DecodeError, Reader, Wire};

/// How a type is read and written as text.
pub(super) struct Textual {
    /// What the text is, for errors.
    pub(super) expected: &'static str,
    /// Bytes it takes; all zero without a text.
    pub(super) len: usize,
    pub(super) get: fn(&mut Reader<'_>) -> Result<String, DecodeError>,
    /// `None` if the text is something else.
    pub(super) put: fn(&str, &mut BytesMut) -> Option<()>,
}

/// The textual form of a type, if it has one.
pub(super) fn of(type_name: &str) -> Option<Textual> {
    Some(match type_name {
        "vl_api_mac_address_t" => Textual {
            expected: "a MAC address",
            len: MacAddress::MIN_LEN,
            get: |input| Ok(MacAddress::get(input)?.to_string()),
            put: |text, out| put(&text.parse::<MacAddress>().ok()?, out),
        },
        "vl_api_ip4_address_t" => Textual {
            expected: "an IPv4 address",
            len: Ip4Address::MIN_LEN,
            get: |input| Ok(Ip4Address::get(input)?.0.to_string()),
            put: |text, out| put(&Ip4Address(text.parse().ok()?), out),
        },
        "vl_api_ip6_address_t" => Textual {
            expected: "an IPv6 address",
            len: Ip6Address::MIN_LEN,
            get: |input| Ok(Ip6Address::get(input)?.0.to_string()),
            put: |text, out| put(&Ip6Address(text.parse().ok()?), out),
        },
        "vl_api_address_t" => Textual {
            expected: "an IP address",
            len: Address::MIN_LEN,
            get: address,
            put: |text, out| put(&Address(text.parse().ok()?), out),
        },
        "vl_api_prefix_t" | "vl_api_address_with_prefix_t" => Textual {
            expected: "an address with prefix length",
            len: Prefix::MIN_LEN,
            get: |input| Ok(AddressWithPrefix::get(input)?.0.to_string()),
            put: |text, out| {
                let (address, len) = text.split_once('/')?;
                put(&Prefix::new(address.parse().ok()?, len.parse().ok()?), out)
            },
        },
        "vl_api_ip4_prefix_t" | "vl_api_ip4_address_with_prefix_t" => Textual {
            expected: "an IPv4 address with prefix length",
            len: Ip4Prefix::MIN_LEN,
            get: |input| {
                let Ip4AddressWithPrefix(prefix) = Wire::get(input)?;
                Ok(format!("{}/{}", prefix.address.0, prefix.len))
            },
            put: |text, out| {
                let (address, len) = text.split_once('/')?;
                let address = Ip4Address(address.parse().ok()?);
                put(&Ip4Prefix { address, len: len.parse().ok()? }, out)
            },
        },
        "vl_api_ip6_prefix_t" | "vl_api_ip6_address_with_prefix_t" => Textual {
            expected: "an IPv6 address with prefix length",
            len: Ip6Prefix::MIN_LEN,
            get: |input| {
                let Ip6AddressWithPrefix(prefix) = Wire::get(input)?;
                Ok(format!("{}/{}", prefix.address.0, prefix.len))
            },
            put: |text, out| {
                let (address, len) = text.split_once('/')?;
                let address = Ip6Address(address.parse().ok()?);
                put(&Ip6Prefix { address, len: len.parse().ok()? }, out)
            },
        },
        _ => return None,
    })
}

/// Some plugins of VPP leave the family out: what does not fit into four bytes is of version 6 all the same.
fn address(input: &mut Reader<'_>) -> Result<String, DecodeError> {
    let bytes = input.bytes(Address::MIN_LEN)?;
    if let [0, octets @ ..] = bytes
        && let Ok(octets) = <[u8; 16]>::try_from(octets)
        && octets.iter().skip(4).any(|byte| *byte != 0)
    {
        return Ok(Ipv6Addr::from(octets).to_string());
    }
    Ok(Address::get(&mut Reader::new(bytes))?.to_string())
}

#[expect(clippy::unnecessary_wraps, reason = "so that every put above is one expression")]
fn put(value: &impl Wire, out: &mut BytesMut) -> Option<()> {
    value.put(out);
    Some(())
}
