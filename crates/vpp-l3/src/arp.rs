//! A neighbour: the MAC address behind an IP address of an interface, of either family.
//!
//! ```yaml
//! vppConfig:
//!   arps:
//!   - interface: memif1
//!     ipAddress: 192.168.10.21
//!     physAddress: 59:6c:45:59:8e:bd
//!     static: true           # never aged or overwritten by a learned one
//! ```
//!
//! Waits for the interface. Derives nothing, keeps nothing. VPP's table holds learned neighbours too; what is found is ours
//! only if it is known to be wanted.
//!
//! Uses `ip_neighbor_add_del`, `ip_neighbor_dump`.

use std::collections::HashMap;
use std::net::IpAddr;

use ligato_kvs_api::{
    Change, Dependency, Descriptor, Invalid, KeyPattern, KnownValues, OpError, Origin, Retrieved,
    Spec, Use,
};
use ligato_model::{Key, Model};
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::l3::ArpEntry;
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::ip_neighbor::{
    IpNeighbor, IpNeighborAddDel, IpNeighborDump, IpNeighborFlags,
};
use ligato_vpp_api::types::{Address, AddressFamily, InterfaceIndex, MacAddress};
use ligato_vpp_ctx::address::parse_ip;
use ligato_vpp_ctx::{Facts, VppCtx};

/// The kind `vpp-arp`.
#[derive(Debug)]
pub struct ArpKind;

impl Descriptor for ArpKind {
    type Value = ArpEntry;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        change: Change::Recreate,
        batch: 256,
        retrieve_after: &["vpp-interface"],
        uses: &[Use::kind(&["ip_neighbor_add_del", "ip_neighbor_dump"])],
        ..Spec::new(
            "vpp-arp",
            "The MAC address behind an IP address of an interface of VPP.",
            &[KeyPattern::new("config/vpp/v2/arp/{entry}")],
            Some("config/vpp/v2/arp/"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &ArpEntry) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if value.interface.is_empty() {
            invalid.push("interface", "must not be empty");
        }
        if let Err(error) = ip(value) {
            invalid.fields.extend(error.fields);
        }
        if let Err(error) = mac(value) {
            invalid.fields.extend(error.fields);
        }
        invalid.into_result()
    }

    fn equivalent(_facts: &Facts, _key: &Key, old: &ArpEntry, new: &ArpEntry) -> bool {
        old.interface == new.interface
            && old.r#static == new.r#static
            && ip(old) == ip(new)
            && mac(old) == mac(new)
    }

    fn dependencies(_facts: &Facts, _key: &Key, value: &ArpEntry) -> Vec<Dependency> {
        vec![Dependency::on("interface-exists", Interface::key_of(&value.interface))]
    }

    fn supported(facts: &Facts, _key: &Key, _value: &ArpEntry) -> Result<(), OpError> {
        facts.require::<IpNeighborAddDel>()
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &ArpEntry) -> Result<(), OpError> {
        let neighbor = to_vpp(value, sb.sw_if_index(&value.interface)?)?;
        sb.request(IpNeighborAddDel { is_add: true, neighbor }).await?;
        Ok(())
    }

    async fn delete(sb: &VppCtx, _key: &Key, value: &ArpEntry, _meta: &()) -> Result<(), OpError> {
        // VPP forgets the neighbours of an interface that goes.
        let Ok(interface) = sb.sw_if_index(&value.interface) else { return Ok(()) };
        let neighbor = to_vpp(value, interface)?;
        let message = IpNeighborAddDel { is_add: false, neighbor };
        sb.request_unless(message, &[Code::NO_SUCH_ENTRY]).await?;
        Ok(())
    }

    async fn retrieve(
        sb: &VppCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let of = |af| sb.dump(IpNeighborDump { sw_if_index: InterfaceIndex::NONE, af });
        let (ip4, ip6) = tokio::try_join!(of(AddressFamily::IP4), of(AddressFamily::IP6))?;
        let known = known.index_by(|value| Some((value.interface.as_str(), ip(value).ok()?)));
        let interfaces = sb.interfaces().snapshot();
        let names: HashMap<u32, &str> =
            interfaces.iter().map(|item| (item.data.sw_if_index, item.name)).collect();
        let found = ip4.into_iter().chain(ip6).filter_map(|details| {
            let neighbor = details.neighbor;
            let interface = *names.get(&neighbor.sw_if_index.0)?;
            let value = from_vpp(&neighbor, interface);
            Some(match known.get(&(interface, neighbor.ip_address.0)) {
                // Address and key keep the spelling NB chose.
                Some(known) => Retrieved {
                    key: known.key.clone(),
                    value: ArpEntry { ip_address: known.value.ip_address.clone(), ..value },
                    meta: (),
                    origin: Origin::Unknown,
                },
                None => Retrieved { key: value.key(), value, meta: (), origin: Origin::Unknown },
            })
        });
        Ok(found.collect())
    }
}

fn ip(value: &ArpEntry) -> Result<IpAddr, Invalid> {
    parse_ip(&value.ip_address).map_err(|error| Invalid::field("ip_address", error.to_string()))
}

fn mac(value: &ArpEntry) -> Result<MacAddress, Invalid> {
    value
        .phys_address
        .parse::<MacAddress>()
        .map_err(|error| Invalid::field("phys_address", error.to_string()))
}

// === to and from VPP ===

fn to_vpp(value: &ArpEntry, interface: InterfaceIndex) -> Result<IpNeighbor, Invalid> {
    let ArpEntry { interface: _, ip_address: _, phys_address: _, r#static } = value;
    Ok(IpNeighbor {
        sw_if_index: interface,
        flags: IpNeighborFlags::NO_FIB_ENTRY.with_if(IpNeighborFlags::STATIC, *r#static),
        mac_address: mac(value)?,
        ip_address: Address(ip(value)?),
    })
}

fn from_vpp(neighbor: &IpNeighbor, interface: &str) -> ArpEntry {
    let IpNeighbor { sw_if_index: _, flags, mac_address, ip_address } = neighbor;
    ArpEntry {
        interface: interface.to_owned(),
        ip_address: ip_address.to_string(),
        phys_address: mac_address.to_string(),
        r#static: flags.contains(IpNeighborFlags::STATIC),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(ip: &str, mac: &str) -> ArpEntry {
        ArpEntry {
            interface: "memif1".into(),
            ip_address: ip.into(),
            phys_address: mac.into(),
            r#static: true,
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let value = ArpEntry { interface: String::new(), ..entry("10.0.0.300", "x") };
        let invalid = ArpKind::validate(&Facts::default(), &value.key(), &value).unwrap_err();
        assert_eq!(invalid.field_names(), ["interface", "ip_address", "phys_address"]);
        // The key of such a value is shorter, and must still find the kind that complains.
        assert!(ArpKind::SPEC.keys.iter().any(|pattern| pattern.matches(&value.key())));
    }

    #[test]
    fn spelling_does_not_matter() {
        let one = entry("2001:db8::1", "02:fe:00:00:00:0a");
        let other = entry("2001:DB8:0::1", "02:FE:00:00:00:0A");
        assert!(ArpKind::equivalent(&Facts::default(), &one.key(), &one, &other));
    }

    #[test]
    fn what_is_sent_reads_back_the_same() {
        for value in [
            entry("10.0.0.1", "02:fe:00:00:00:0a"),
            ArpEntry { r#static: false, ..entry("2001:db8::1", "02:fe:00:00:00:0a") },
        ] {
            let sent = to_vpp(&value, InterfaceIndex(3)).unwrap();
            assert!(sent.flags.contains(IpNeighborFlags::NO_FIB_ENTRY));
            assert_eq!(from_vpp(&sent, "memif1"), value);
        }
    }
}
