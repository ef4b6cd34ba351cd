//! A cross-connect of IP packets: all that come in on one interface take given paths, whatever their destination. One
//! version of IP per value.
//!
//! ```yaml
//! vppConfig:
//!   l3xconnects:
//!   - interface: customer
//!     protocol: IPV4               # or IPV6
//!     paths:                       # several share the load
//!     - outgoingInterface: uplink1
//!       nextHopAddr: 192.168.1.1   # without it the packet's own destination is looked for on the link
//!       weight: 2                  # share of the load, 1 if not given
//!     - outgoingInterface: uplink2
//!       nextHopAddr: 192.168.2.1
//! ```
//!
//! A path without interface leads to wherever table 0 leads its next hop. Waits for the interface and for those of the
//! paths. Derives nothing, keeps nothing. A cross-connect has no tag in VPP: one between interfaces that have an owner is
//! taken to be the owner's, any other is left alone.
//!
//! VPP goes on forwarding by the old paths when it is given new ones, so a change is made by delete and create. It does not
//! tell the version of IP back: that of the paths counts, which therefore have to be of the same one.
//!
//! Uses `l3xc_update`, `l3xc_del`, `l3xc_dump`.

use std::net::IpAddr;

use ligato_kvs_api::{
    Change, Dependency, Descriptor, Field, Invalid, KeyPattern, KnownValues, OpError, Retrieved,
    Spec, Unset, Use,
};
use ligato_model::{Key, Model};
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::l3::L3xConnect;
use ligato_proto::vpp::l3::l3x_connect::{Path, Protocol};
use ligato_vpp_api::msg::l3xc::{L3xc, L3xcDel, L3xcDump, L3xcUpdate};
use ligato_vpp_api::types::{
    AddressUnion, FibPath, FibPathNh, FibPathNhProto, FibPathType, InterfaceIndex,
};
use ligato_vpp_api::{List, VppError as Code};
use ligato_vpp_ctx::address::parse_ip;
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::owner;
use crate::path::NO_LABEL;

/// The kind `vpp-l3xc`.
#[derive(Debug)]
pub struct L3xcKind;

impl Descriptor for L3xcKind {
    type Value = L3xConnect;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        change: Change::Recreate,
        retrieve_after: &["vpp-interface"],
        fields: &[&[Field::read("paths.weight").unset(Unset::Number(1))]],
        uses: &[Use::kind(&["l3xc_update", "l3xc_del", "l3xc_dump"])],
        ..Spec::new(
            "vpp-l3xc",
            "IP packets from one interface of VPP to given paths.",
            &[KeyPattern::new("config/vpp/v2/l3xconnect/{if}/protocol/{protocol}")],
            Some("config/vpp/v2/l3xconnect/"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &L3xConnect) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if value.interface.is_empty() {
            invalid.push("interface", "must not be empty");
        }
        if Protocol::try_from(value.protocol).is_err() {
            invalid.push("protocol", "is neither IPV4 nor IPV6");
        }
        if value.paths.is_empty() {
            invalid.push("paths", "must not be empty");
        }
        for (at, path) in value.paths.iter().enumerate() {
            check_path(value, at, path, &mut invalid);
        }
        invalid.into_result()
    }

    fn equivalent(_facts: &Facts, _key: &Key, old: &L3xConnect, new: &L3xConnect) -> bool {
        old.interface == new.interface && old.protocol == new.protocol && ways(old) == ways(new)
    }

    fn dependencies(_facts: &Facts, _key: &Key, value: &L3xConnect) -> Vec<Dependency> {
        let outgoing = value.paths.iter().map(|path| &path.outgoing_interface);
        let outgoing = outgoing.filter(|name| !name.is_empty()).map(|name| {
            Dependency::on(format!("outgoing-interface-{name}"), Interface::key_of(name))
        });
        std::iter::once(Dependency::on("interface-exists", Interface::key_of(&value.interface)))
            .chain(outgoing)
            .collect()
    }

    fn supported(facts: &Facts, _key: &Key, _value: &L3xConnect) -> Result<(), OpError> {
        facts.require::<L3xcUpdate>()
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &L3xConnect) -> Result<(), OpError> {
        sb.request(L3xcUpdate { l3xc: to_vpp(sb, value)? }).await?;
        Ok(())
    }

    async fn delete(
        sb: &VppCtx,
        _key: &Key,
        value: &L3xConnect,
        _meta: &(),
    ) -> Result<(), OpError> {
        // VPP refuses to touch what belongs to an interface that is gone.
        let Ok(sw_if_index) = sb.sw_if_index(&value.interface) else { return Ok(()) };
        let message = L3xcDel { sw_if_index, is_ip6: is_ip6(value) };
        // The refusal means that there is none.
        sb.request_unless(message, &[Code::INVALID_VALUE]).await?;
        Ok(())
    }

    async fn retrieve(
        sb: &VppCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let details = sb.dump_if_any(L3xcDump { sw_if_index: InterfaceIndex::NONE }).await?;
        let found = details.iter().filter_map(|details| {
            let value = from_vpp(&details.l3xc, |index| sb.interface_name(index))?;
            let names = value.paths.iter().map(|path| path.outgoing_interface.as_str());
            let origin = owner::of(names.chain([value.interface.as_str()]));
            let key = value.key();
            // Addresses and the order of paths are as NB wrote them if that means the same.
            let value = match known.get(&key) {
                Some(known) if ways(known.value) == ways(&value) => known.value.clone(),
                _ => value,
            };
            Some(Retrieved { key, value, meta: (), origin })
        });
        Ok(found.collect())
    }
}

fn check_path(value: &L3xConnect, at: usize, path: &Path, invalid: &mut Invalid) {
    let field = |name: &str| format!("paths[{at}].{name}");
    let next_hop = &path.next_hop_addr;
    match parse_ip(next_hop) {
        Ok(address) if address.is_ipv6() == is_ip6(value) => {}
        Ok(_) => invalid.push(field("next_hop_addr"), "is not of the protocol"),
        Err(error) if !next_hop.is_empty() => {
            invalid.push(field("next_hop_addr"), error.to_string());
        }
        Err(_) if path.outgoing_interface.is_empty() => {
            invalid.push(field("outgoing_interface"), "must not be empty without a next hop");
        }
        Err(_) => {}
    }
    for (name, number) in [("weight", path.weight), ("preference", path.preference)] {
        if u8::try_from(number).is_err() {
            invalid.push(field(name), "VPP takes at most 255");
        }
    }
}

fn is_ip6(value: &L3xConnect) -> bool {
    value.protocol() == Protocol::Ipv6
}

/// The paths as they are compared: in any order, a weight of 0 means 1, no next hop is the zero address.
fn ways(value: &L3xConnect) -> Vec<(u32, &str, Option<IpAddr>, u32)> {
    let mut ways: Vec<_> = value.paths.iter().map(way).collect();
    ways.sort_unstable();
    ways
}

fn way(path: &Path) -> (u32, &str, Option<IpAddr>, u32) {
    let Path { outgoing_interface, next_hop_addr, weight, preference } = path;
    let next_hop = next_hop_addr.parse().ok().filter(|ip: &IpAddr| !ip.is_unspecified());
    (*preference, outgoing_interface, next_hop, (*weight).max(1))
}

// === to and from VPP ===

fn to_vpp(sb: &VppCtx, value: &L3xConnect) -> Result<L3xc, OpError> {
    let L3xConnect { interface, protocol: _, paths } = value;
    let paths = paths.iter().map(|path| {
        let interface = match path.outgoing_interface.as_str() {
            "" => InterfaceIndex::NONE,
            name => sb.sw_if_index(name)?,
        };
        Ok(path_to_vpp(path, is_ip6(value), interface)?)
    });
    let paths = paths.collect::<Result<Vec<_>, OpError>>()?;
    Ok(L3xc {
        sw_if_index: sb.sw_if_index(interface)?,
        is_ip6: is_ip6(value),
        paths: List::new(paths).map_err(|error| OpError::Final(error.to_string()))?,
    })
}

fn path_to_vpp(path: &Path, is_ip6: bool, interface: InterfaceIndex) -> Result<FibPath, Invalid> {
    let Path { outgoing_interface: _, next_hop_addr, weight, preference } = path;
    let small = |field: &str, number: u32| {
        u8::try_from(number).map_err(|_| Invalid::field(field, "VPP takes at most 255"))
    };
    let address = match next_hop_addr.parse::<IpAddr>() {
        Ok(address) => AddressUnion::from(address),
        Err(_) => AddressUnion::default(),
    };
    Ok(FibPath {
        sw_if_index: interface.0,
        weight: small("paths.weight", *weight)?,
        preference: small("paths.preference", *preference)?,
        kind: FibPathType::NORMAL,
        proto: if is_ip6 { FibPathNhProto::IP6 } else { FibPathNhProto::IP4 },
        nh: FibPathNh {
            address,
            via_label: NO_LABEL,
            classify_table_index: u32::MAX,
            ..FibPathNh::default()
        },
        ..FibPath::default()
    })
}

/// `None` if an interface has no name.
fn from_vpp(l3xc: &L3xc, name: impl Fn(InterfaceIndex) -> Option<String>) -> Option<L3xConnect> {
    let L3xc { sw_if_index, is_ip6, paths } = l3xc;
    let is_ip6 = *is_ip6 || paths.iter().any(|path| path.proto == FibPathNhProto::IP6);
    let path = |path: &FibPath| {
        let interface = match InterfaceIndex(path.sw_if_index).some() {
            Some(index) => name(index)?,
            None => String::new(),
        };
        let address: IpAddr = match path.proto {
            FibPathNhProto::IP6 => path.nh.address.to_ip6().into(),
            _ => path.nh.address.to_ip4().into(),
        };
        Some(Path {
            outgoing_interface: interface,
            next_hop_addr: address.to_string(),
            weight: path.weight.into(),
            preference: path.preference.into(),
        })
    };
    let paths = paths.iter().map(path).collect::<Option<Vec<_>>>()?;
    let protocol = if is_ip6 { Protocol::Ipv6 } else { Protocol::Ipv4 };
    Some(L3xConnect { interface: name(*sw_if_index)?, protocol: protocol.into(), paths })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(interface: &str, next_hop: &str, weight: u32) -> Path {
        let (outgoing_interface, next_hop_addr) = (interface.into(), next_hop.into());
        Path { outgoing_interface, next_hop_addr, weight, preference: 0 }
    }

    fn value(protocol: Protocol, paths: Vec<Path>) -> L3xConnect {
        L3xConnect { interface: "in".into(), protocol: protocol.into(), paths }
    }

    fn fields(value: &L3xConnect) -> Vec<String> {
        let checked = L3xcKind::validate(&Facts::default(), &value.key(), value);
        checked.map_or_else(|invalid| invalid.field_names(), |()| Vec::new())
    }

    #[test]
    fn every_wrong_field_is_named() {
        let nothing = L3xConnect { interface: String::new(), ..value(Protocol::Ipv4, vec![]) };
        assert_eq!(fields(&nothing), ["interface", "paths"]);
        let paths = vec![
            path("out", "10.0.0.1", 1),
            path("out", "", 256),
            path("", "", 1),
            path("out", "x", 1),
            path("out", "2001:db8::1", 1),
            path("", "10.0.0.1", 1),
        ];
        let expected = [
            "paths[1].weight",
            "paths[2].outgoing_interface",
            "paths[3].next_hop_addr",
            "paths[4].next_hop_addr",
        ];
        assert_eq!(fields(&value(Protocol::Ipv4, paths)), expected);
    }

    #[test]
    fn order_and_spelling_of_paths_do_not_matter() {
        let ip6 = |paths| value(Protocol::Ipv6, paths);
        let one = ip6(vec![path("a", "2001:DB8::1", 0), path("b", "", 2)]);
        let other = ip6(vec![path("b", "::", 2), path("a", "2001:db8::1", 1)]);
        let heavier = ip6(vec![path("b", "::", 3), path("a", "2001:db8::1", 1)]);
        let same = |new| L3xcKind::equivalent(&Facts::default(), &one.key(), &one, new);
        assert!(same(&other) && !same(&heavier));
    }

    #[test]
    fn it_waits_for_every_interface_it_names() {
        let value = value(Protocol::Ipv4, vec![path("a", "", 1), path("", "10.0.0.1", 1)]);
        let found = L3xcKind::dependencies(&Facts::default(), &value.key(), &value);
        let labels: Vec<_> = found.iter().map(|d| d.label.to_string()).collect();
        assert_eq!(labels, ["interface-exists", "outgoing-interface-a"]);
    }

    #[test]
    fn the_version_comes_from_the_paths() {
        let sent = path_to_vpp(&path("a", "2001:db8::1", 3), true, InterfaceIndex(7)).unwrap();
        let paths = List::new(vec![sent]).unwrap();
        let l3xc = L3xc { sw_if_index: InterfaceIndex(1), is_ip6: false, paths };
        let found = from_vpp(&l3xc, |index| Some(format!("if{index}"))).unwrap();
        let expected = L3xConnect {
            interface: "if1".into(),
            ..value(Protocol::Ipv6, vec![path("if7", "2001:db8::1", 3)])
        };
        assert_eq!(found, expected);
    }
}
