//! Is an interface acceptable?

use std::collections::BTreeSet;

use ligato_kvs_api::Invalid;
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::interfaces::interface::Type;
use ligato_vpp_ctx::address;

use crate::types::{Flavor, mismatch};

/// Longest tag VPP keeps, in bytes.
const NAME_LEN: usize = 63;
/// Greatest MTU the messages can carry.
const MTU_MAX: u32 = u16::MAX as u32;

pub(super) fn check(value: &Interface) -> Result<(), Invalid> {
    let mut bad = Invalid::default();
    name_and_type(value, &mut bad);
    let flavor = Flavor::of(value);
    flavor.validate(&value.name, &mut bad);
    match flavor {
        Flavor::Mismatch(kind) if value.link.is_none() => {
            bad.general =
                Some(format!("an interface of type {} needs its link", kind.as_str_name()));
        }
        Flavor::Mismatch(kind) => bad.fields.extend(mismatch(kind).fields),
        _ => {}
    }
    if !value.phys_address.is_empty()
        && let Err(error) = address::parse_mac(&value.phys_address)
    {
        bad.push("phys_address", error.to_string());
    } else if !value.phys_address.is_empty() && !flavor.has_mac() {
        bad.push("phys_address", "is for Ethernet, which this interface is not");
    }
    if value.mtu > MTU_MAX {
        bad.push("mtu", format!("{} is above {MTU_MAX}", value.mtu));
    }
    if value.unnumbered.is_some() && !value.ip_addresses.is_empty() {
        bad.push("unnumbered", "excludes addresses of its own");
        bad.push("ip_addresses", "are excluded by unnumbered");
    }
    let mut queues = BTreeSet::new();
    for placement in &value.rx_placements {
        if !queues.insert(placement.queue) {
            bad.push(format!("rx_placement[.queue={}]", placement.queue), "is given twice");
        }
    }
    bad.into_result()
}

fn name_and_type(value: &Interface, bad: &mut Invalid) {
    if value.name.is_empty() {
        bad.push("name", "is empty");
    } else if value.name.len() > NAME_LEN {
        bad.push("name", format!("is longer than {NAME_LEN} bytes"));
    }
    match Type::try_from(value.r#type) {
        Ok(Type::UndefinedType) => bad.push("type", "is not given"),
        Ok(_) => {}
        Err(_) => bad.push("type", format!("{} is not a type", value.r#type)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ligato_proto::vpp::interfaces::interface::{Link, RxPlacement, Unnumbered};
    use ligato_proto::vpp::interfaces::{AfpacketLink, MemifLink, SubInterface};

    fn loopback() -> Interface {
        Interface {
            name: "loop1".into(),
            r#type: Type::SoftwareLoopback.into(),
            ..Interface::default()
        }
    }

    fn fields(value: &Interface) -> Vec<String> {
        check(value).map_or_else(|invalid| invalid.field_names(), |()| Vec::new())
    }

    #[test]
    fn every_bad_field_is_named() {
        let memif = Some(Link::Memif(MemifLink::default()));
        let placement = RxPlacement { queue: 3, ..RxPlacement::default() };
        let of_type = |kind: Type, link| Interface { r#type: kind.into(), link, ..loopback() };
        for (value, expected) in [
            (loopback(), vec![]),
            (Interface { name: String::new(), ..loopback() }, vec!["name"]),
            (Interface { name: "x".repeat(63), ..loopback() }, vec![]),
            (Interface { name: "x".repeat(64), ..loopback() }, vec!["name"]),
            (Interface { r#type: 0, ..loopback() }, vec!["type"]),
            (Interface { r#type: 99, ..loopback() }, vec!["type"]),
            (Interface { link: memif.clone(), ..loopback() }, vec!["link"]),
            (of_type(Type::Tap, memif), vec!["link"]),
            (
                of_type(Type::SubInterface, Some(Link::Sub(SubInterface::default()))),
                vec!["link.sub.parent_name"],
            ),
            (
                of_type(Type::AfPacket, Some(Link::Afpacket(AfpacketLink::default()))),
                vec!["link.afpacket.host_if_name", "link.afpacket.linux_interface"],
            ),
            (
                Interface {
                    unnumbered: Some(Unnumbered::default()),
                    ip_addresses: vec!["10.0.0.1/24".into()],
                    ..loopback()
                },
                vec!["unnumbered", "ip_addresses"],
            ),
            (
                Interface { rx_placements: vec![placement, placement], ..loopback() },
                vec!["rx_placement[.queue=3]"],
            ),
            (Interface { phys_address: "02:fe".into(), ..loopback() }, vec!["phys_address"]),
            (Interface { mtu: 65536, ..loopback() }, vec!["mtu"]),
            (Interface { name: String::new(), mtu: 65536, ..loopback() }, vec!["name", "mtu"]),
        ] {
            assert_eq!(fields(&value), expected, "{value:?}");
        }
    }

    #[test]
    fn a_missing_link_is_a_problem_of_the_whole() {
        let value = Interface { r#type: Type::Memif.into(), ..loopback() };
        let invalid = check(&value).unwrap_err();
        assert!(invalid.field_names().is_empty() && invalid.general.is_some(), "{invalid}");
    }
}
