//! What tunnels have in common: two ends of one version of IP, and a table for their own packets.

use std::net::IpAddr;

use ligato_kvs_api::{Dependency, Invalid};
use ligato_model::Model;
use ligato_proto::vpp::l3::{VrfTable, vrf_table::Protocol};
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::types::{Address, InterfaceIndex};
use ligato_vpp_ctx::{VppCtx, address};

use crate::keys::{self, IpVersions};

/// What VPP says when a tunnel to be deleted is not there.
pub(super) const GONE: [Code; 3] =
    [Code::NO_SUCH_ENTRY, Code::INVALID_SW_IF_INDEX, Code::INVALID_SW_IF_INDEX_2];

/// A field with an address, for complaints.
pub(super) type Field<'a> = (&'static str, &'a str);

/// Both ends of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
}

impl Ends {
    /// Both ends, for messages.
    pub(super) fn parse(
        (src_field, src): Field<'_>,
        (dst_field, dst): Field<'_>,
    ) -> Result<Self, Invalid> {
        let end = |field: &str, text| {
            address::parse_ip(text).map_err(|error| Invalid::field(field, error.to_string()))
        };
        Ok(Self { src: end(src_field, src)?, dst: end(dst_field, dst)? })
    }

    /// Both ends if they are right; else what is wrong with them is added.
    pub(super) fn check(src: Field<'_>, dst: Field<'_>, bad: &mut Invalid) -> Option<Self> {
        let (from, to) = (end(src, bad), end(dst, bad));
        let ends = Self { src: from?, dst: to? };
        if ends.src.is_ipv4() != ends.dst.is_ipv4() {
            bad.push(dst.0, format!("{} is not of the version of {}", ends.dst, ends.src));
        } else if ends.src == ends.dst {
            bad.push(dst.0, "is the same at both ends");
        }
        Some(ends)
    }

    pub(super) fn src(self) -> Address {
        Address(self.src)
    }

    pub(super) fn dst(self) -> Address {
        Address(self.dst)
    }
}

/// One end if it is right; else what is wrong with it is added.
pub(super) fn end((field, text): Field<'_>, bad: &mut Invalid) -> Option<IpAddr> {
    if text.is_empty() {
        bad.push(field, "is empty");
        return None;
    }
    match address::parse_ip(text) {
        Ok(ip) => Some(ip),
        Err(error) => {
            bad.push(field, error.to_string());
            None
        }
    }
}

/// The version of IP a tunnel runs over: 6 only if no end is of version 4.
pub(super) fn versions(src: &str, dst: &str) -> IpVersions {
    let is_v4 = |text: &str| matches!(text.parse(), Ok(IpAddr::V4(_)));
    if is_v4(src) || is_v4(dst) { IpVersions::V4 } else { IpVersions::V6 }
}

/// The table of a tunnel's own packets, unless it is the one that is always there.
pub(super) fn table(label: &'static str, id: u32, versions: IpVersions) -> Option<Dependency> {
    let protocol = if versions.v6() { Protocol::Ipv6 } else { Protocol::Ipv4 };
    let table = VrfTable { id, protocol: protocol.into(), ..VrfTable::default() };
    (id != 0).then(|| Dependency::on(label, table.key()))
}

/// The interface that multicast leaves by: it must have joined a group, so that VPP takes the group's packets from it.
pub(super) fn group_member(label: &'static str, interface: &str) -> Option<Dependency> {
    if interface.is_empty() {
        return None;
    }
    let prefix = keys::address_prefix(interface);
    let name = format!("multicast address of {interface}");
    let after = prefix.clone();
    let is_group = move |key: &str| {
        let Some((_, text)) = key.strip_prefix(&*after).and_then(|rest| rest.split_once('/'))
        else {
            return false;
        };
        address::parse_network(text).is_ok_and(|network| network.addr().is_multicast())
    };
    Some(Dependency::on_any(label, [prefix]).filtered(name, is_group))
}

/// Index of the interface that multicast leaves by.
pub(super) fn group_interface(
    ctx: &VppCtx,
    name: &str,
) -> Result<InterfaceIndex, ligato_kvs_api::OpError> {
    if name.is_empty() { Ok(InterfaceIndex::NONE) } else { ctx.sw_if_index(name) }
}

/// An address found, spelled as wanted where that means the same.
pub(super) fn spelled(found: IpAddr, wanted: Option<&str>) -> String {
    match wanted {
        Some(text) if text.parse() == Ok(found) => text.to_owned(),
        _ => found.to_string(),
    }
}

/// Whether two texts stand for one address.
pub(super) fn same_ip(a: &str, b: &str) -> bool {
    a == b || matches!((a.parse::<IpAddr>(), b.parse::<IpAddr>()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_of_one_version_and_differ() {
        let fields = |src, dst| {
            let mut bad = Invalid::default();
            Ends::check(("src", src), ("dst", dst), &mut bad);
            bad.field_names()
        };
        assert!(fields("10.0.0.1", "10.0.0.2").is_empty());
        assert_eq!(fields("", "x"), ["src", "dst"]);
        assert_eq!(fields("10.0.0.1", "2001:db8::1"), ["dst"]);
        assert_eq!(fields("2001:db8::1", "2001:DB8::1"), ["dst"]);
    }

    #[test]
    fn the_version_is_that_of_the_ends() {
        assert_eq!(versions("10.0.0.1", "10.0.0.2"), IpVersions::V4);
        assert_eq!(versions("10.0.0.1", ""), IpVersions::V4);
        assert_eq!(versions("2001:db8::1", "2001:db8::2"), IpVersions::V6);
    }

    #[test]
    fn a_group_member_is_an_interface_with_the_address_of_a_group() {
        assert!(group_member("label", "").is_none());
        let need = group_member("label", "a/b").unwrap();
        for (address, expected) in [
            ("239.0.0.1/32", true),
            ("10.0.0.1/24", false),
            ("ff02::1/128", true),
            ("alloc:net", false),
        ] {
            let key = keys::address("a/b", address);
            assert_eq!(need.target.accepts(&key), expected, "{key}");
        }
    }

    #[test]
    fn addresses_are_spelled_as_wanted() {
        let found: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(spelled(found, Some("2001:DB8::1")), "2001:DB8::1");
        assert_eq!(spelled(found, Some("2001:DB8::2")), "2001:db8::1");
        assert!(same_ip("2001:DB8::1", "2001:db8::1") && !same_ip("x", "y") && same_ip("", ""));
    }
}
