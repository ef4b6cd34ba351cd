//! A virtual router (VRRP version 3): addresses that move to another router when this one is down.
//!
//! ```yaml
//! vppConfig:
//!   VRRPEntry_list:
//!   - interface: tap1
//!     vrId: 4
//!     priority: 100          # the highest becomes master; 255 is the owner of the addresses
//!     interval: 1000         # milliseconds between advertisements; VPP counts in hundredths of a second
//!     preempt: true
//!     ipAddresses: [192.168.1.1]
//!     enabled: true          # started
//! ```
//!
//! Waits for the interface; the owner of the addresses waits also for one on the interface, since VPP checks that they are
//! there. Derives nothing, keeps nothing. Starting and stopping are done in place, all else needs a new one.
//!
//! Advertisements to peers instead of a group need the peers, which the model does not have: such a virtual router is accepted
//! as long as it is not started.
//!
//! VPP refuses an address that another one on the interface has: so they are changed one after the other, first what goes.
//!
//! A virtual router has no tag in VPP: one on an interface that has an owner is taken to be the owner's, any other is left
//! alone. Two of the same number on one interface, for IPv4 and for IPv6, share their key; the one known to be wanted counts.
//!
//! Uses `vrrp_vr_add_del`, `vrrp_vr_start_stop`, `vrrp_vr_dump`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ligato_kvs_api::{
    Concurrency, Dependency, Descriptor, Field, Invalid, KeyPattern, KnownValues, OpError,
    Retrieved, Spec, Update, Use,
};
use ligato_model::{Key, Model};
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::l3::VrrpEntry;
use ligato_vpp_api::msg::vrrp::{
    VrrpVrAddDel, VrrpVrConf, VrrpVrDetails, VrrpVrDump, VrrpVrFlags, VrrpVrStartStop, VrrpVrState,
};
use ligato_vpp_api::types::{Address, InterfaceIndex};
use ligato_vpp_api::{List, VppError as Code};
use ligato_vpp_ctx::address::parse_ip;
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::owner;

/// The priority of the owner of the addresses.
const OWNER: u32 = 255;
/// Most addresses, greatest number, greatest priority.
const MOST: usize = 255;
/// Milliseconds in VPP's unit of time.
const UNIT: u32 = 10;

/// The kind `vrrp`.
#[derive(Debug)]
pub struct VrrpKind;

impl Descriptor for VrrpKind {
    type Value = VrrpEntry;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        // An address moves from one to another only after the first one is gone.
        concurrency: Concurrency::Serial,
        retrieve_after: &["vpp-interface"],
        uses: &[Use::kind(&["vrrp_vr_add_del", "vrrp_vr_start_stop", "vrrp_vr_dump"])],
        fields: &[&[
            Field::read("interval").remark("VPP counts in hundredths of a second"),
            Field::read("unicast")
                .remark("not together with `enabled`: there is no field for the peers"),
        ]],
        ..Spec::new(
            "vrrp",
            "Addresses that move to another router when VPP is down.",
            &[KeyPattern::new("config/vpp/v2/vrrp/{if}/vrid/{id}")],
            Some("config/vpp/v2/vrrp/"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &VrrpEntry) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if value.interface.is_empty() {
            invalid.push("interface", "must not be empty");
        }
        for (field, number, range) in [
            ("vr_id", value.vr_id, 1..=255),
            ("priority", value.priority, 1..=OWNER),
            ("interval", value.interval, UNIT..=65535),
        ] {
            if !range.contains(&number) {
                let (first, last) = range.into_inner();
                invalid.push(field, format!("{number} is not within {first} to {last}"));
            }
        }
        check_addresses(value, &mut invalid);
        if value.unicast && value.enabled {
            invalid.push("unicast", "cannot be started, there is no way to name the peers");
        }
        invalid.into_result()
    }

    fn equivalent(_facts: &Facts, _key: &Key, old: &VrrpEntry, new: &VrrpEntry) -> bool {
        old.enabled == new.enabled && same_but_enabled(old, new)
    }

    fn needs_recreate(
        _facts: &Facts,
        _key: &Key,
        old: &VrrpEntry,
        new: &VrrpEntry,
        _meta: &(),
    ) -> bool {
        !same_but_enabled(old, new)
    }

    fn dependencies(_facts: &Facts, _key: &Key, value: &VrrpEntry) -> Vec<Dependency> {
        let name = &value.interface;
        let interface = Dependency::on("interface-exists", Interface::key_of(name));
        let address = (value.priority == OWNER).then(|| {
            let addresses = Key::from(format!("vpp/interface/{name}/address/"));
            Dependency::on_any("interface-has-address", [addresses])
        });
        std::iter::once(interface).chain(address).collect()
    }

    fn supported(facts: &Facts, _key: &Key, _value: &VrrpEntry) -> Result<(), OpError> {
        facts.require::<VrrpVrAddDel>()
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &VrrpEntry) -> Result<(), OpError> {
        let interface = sb.sw_if_index(&value.interface)?;
        sb.request(to_vpp(value, interface, true)?).await?;
        if !value.enabled {
            return Ok(());
        }
        if let Err(error) = sb.request(start_stop(value, interface, true)?).await {
            // One that is there but not started would stand in the way of the next attempt.
            if let Err(second) = sb.request(to_vpp(value, interface, false)?).await {
                return Err(OpError::Unknown(format!("{error}; and to undo it: {second}")));
            }
            return Err(error);
        }
        Ok(())
    }

    async fn delete(sb: &VppCtx, _key: &Key, value: &VrrpEntry, _meta: &()) -> Result<(), OpError> {
        // VPP refuses to touch what belongs to an interface that is gone.
        let Ok(interface) = sb.sw_if_index(&value.interface) else { return Ok(()) };
        if value.enabled {
            let stop = start_stop(value, interface, false)?;
            sb.request_unless(stop, &[Code::NO_SUCH_ENTRY]).await?;
        }
        sb.request_unless(to_vpp(value, interface, false)?, &[Code::NO_SUCH_ENTRY]).await?;
        Ok(())
    }

    async fn update(sb: &VppCtx, _key: &Key, change: Update<'_, Self>) -> Result<(), OpError> {
        let value = change.new;
        let interface = sb.sw_if_index(&value.interface)?;
        sb.request(start_stop(value, interface, value.enabled)?).await?;
        Ok(())
    }

    async fn retrieve(
        sb: &VppCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let details = sb.dump_if_any(VrrpVrDump { sw_if_index: InterfaceIndex::NONE }).await?;
        let mut found = BTreeMap::new();
        for details in &details {
            let Some(interface) = sb.interface_name(details.config.sw_if_index) else { continue };
            let value = from_vpp(details, &interface);
            let key = value.key();
            let wanted = known.get(&key).map(|known| known.value);
            let is_wanted = wanted.is_some_and(|wanted| is_ip6(wanted) == is_ip6(&value));
            if found.contains_key(&key) && !is_wanted {
                continue;
            }
            let value = match wanted {
                // Addresses and interval are as NB wrote them if that means the same.
                Some(wanted) if same_but_enabled(wanted, &value) => {
                    VrrpEntry { enabled: value.enabled, ..wanted.clone() }
                }
                _ => value,
            };
            let origin = owner::of(std::iter::once(interface.as_str()));
            found.insert(key.clone(), Retrieved { key, value, meta: (), origin });
        }
        Ok(found.into_values().collect())
    }
}

fn check_addresses(value: &VrrpEntry, invalid: &mut Invalid) {
    let addresses = &value.ip_addresses;
    if addresses.is_empty() || addresses.len() > MOST {
        invalid.push("ip_addresses", format!("must be 1 to {MOST}"));
        return;
    }
    let families = addresses.iter().map(|text| text.parse().map(|ip: IpAddr| ip.is_ipv6()).ok());
    let mut families: Vec<_> = families.collect();
    families.dedup();
    match families.as_slice() {
        [Some(_)] => {}
        families if families.contains(&None) => {
            invalid.push("ip_addresses", "must be IP addresses without mask");
        }
        _ => invalid.push("ip_addresses", "must be of the same version"),
    }
}

fn is_ip6(value: &VrrpEntry) -> bool {
    value.ip_addresses.iter().any(|text| text.contains(':'))
}

/// All but whether it is started; times as VPP counts them, addresses in order.
fn same_but_enabled(old: &VrrpEntry, new: &VrrpEntry) -> bool {
    let addresses = |value: &VrrpEntry| -> Vec<Option<IpAddr>> {
        value.ip_addresses.iter().map(|text| text.parse().ok()).collect()
    };
    let rest = |value: &VrrpEntry| VrrpEntry {
        interval: value.interval / UNIT,
        ip_addresses: Vec::new(),
        enabled: false,
        ..value.clone()
    };
    rest(old) == rest(new) && addresses(old) == addresses(new)
}

// === to and from VPP ===

fn small<T: TryFrom<u32>>(field: &str, number: u32) -> Result<T, Invalid> {
    T::try_from(number).map_err(|_| Invalid::field(field, format!("{number} is too large")))
}

fn to_vpp(
    value: &VrrpEntry,
    interface: InterfaceIndex,
    is_add: bool,
) -> Result<VrrpVrAddDel, Invalid> {
    let VrrpEntry {
        interface: _,
        vr_id,
        priority,
        interval,
        preempt,
        accept,
        unicast,
        ip_addresses,
        enabled: _, // by a message of its own
    } = value;
    let bad = |problem: String| Invalid::field("ip_addresses", problem);
    let addresses = ip_addresses
        .iter()
        .map(|text| parse_ip(text).map(Address).map_err(|error| bad(error.to_string())));
    let addresses = addresses.collect::<Result<Vec<_>, _>>()?;
    Ok(VrrpVrAddDel {
        is_add: is_add.into(),
        sw_if_index: interface,
        vr_id: small("vr_id", *vr_id)?,
        priority: small("priority", *priority)?,
        interval: small("interval", *interval / UNIT)?,
        flags: VrrpVrFlags::EMPTY
            .with_if(VrrpVrFlags::PREEMPT, *preempt)
            .with_if(VrrpVrFlags::ACCEPT, *accept)
            .with_if(VrrpVrFlags::UNICAST, *unicast)
            .with_if(VrrpVrFlags::IPV6, is_ip6(value)),
        addrs: List::new(addresses).map_err(|error| bad(error.to_string()))?,
    })
}

fn start_stop(
    value: &VrrpEntry,
    interface: InterfaceIndex,
    start: bool,
) -> Result<VrrpVrStartStop, Invalid> {
    Ok(VrrpVrStartStop {
        sw_if_index: interface,
        vr_id: small("vr_id", value.vr_id)?,
        is_ipv6: is_ip6(value).into(),
        is_start: start.into(),
    })
}

fn from_vpp(details: &VrrpVrDetails, interface: &str) -> VrrpEntry {
    let VrrpVrDetails { config, runtime, addrs } = details;
    let VrrpVrConf { sw_if_index: _, vr_id, priority, interval, flags } = config;
    VrrpEntry {
        interface: interface.to_owned(),
        vr_id: (*vr_id).into(),
        priority: (*priority).into(),
        interval: u32::from(*interval) * UNIT,
        preempt: flags.contains(VrrpVrFlags::PREEMPT),
        accept: flags.contains(VrrpVrFlags::ACCEPT),
        unicast: flags.contains(VrrpVrFlags::UNICAST),
        ip_addresses: addrs.iter().map(Address::to_string).collect(),
        // One whose interface is down is started all the same.
        enabled: runtime.state != VrrpVrState::INIT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(addresses: &[&str]) -> VrrpEntry {
        VrrpEntry {
            interface: "tap1".into(),
            vr_id: 4,
            priority: 100,
            interval: 1000,
            preempt: true,
            accept: false,
            unicast: false,
            ip_addresses: addresses.iter().map(|text| (*text).to_owned()).collect(),
            enabled: true,
        }
    }

    fn fields(value: &VrrpEntry) -> Vec<String> {
        let checked = VrrpKind::validate(&Facts::default(), &value.key(), value);
        checked.map_or_else(|invalid| invalid.field_names(), |()| Vec::new())
    }

    #[test]
    fn every_wrong_field_is_named() {
        assert!(fields(&entry(&["10.0.0.1", "10.0.0.2"])).is_empty());
        let value = VrrpEntry { vr_id: 256, priority: 0, interval: 9, ..entry(&[]) };
        let value = VrrpEntry { interface: String::new(), ..value };
        let expected = ["interface", "vr_id", "priority", "interval", "ip_addresses"];
        assert_eq!(fields(&value), expected);
        for wrong in [&["10.0.0.1", "2001:db8::1"][..], &["10.0.0.1/24"], &["x"; 256]] {
            assert_eq!(fields(&entry(wrong)), ["ip_addresses"]);
        }
    }

    #[test]
    fn one_without_peers_cannot_be_started() {
        let value = VrrpEntry { unicast: true, ..entry(&["10.0.0.1"]) };
        assert_eq!(fields(&value), ["unicast"]);
        assert!(fields(&VrrpEntry { enabled: false, ..value }).is_empty());
    }

    #[test]
    fn starting_is_done_in_place_and_all_else_is_not() {
        let (facts, old) = (Facts::default(), entry(&["10.0.0.1", "10.0.0.2"]));
        let key = old.key();
        let finer = VrrpEntry { interval: 1009, ..old.clone() };
        assert!(VrrpKind::equivalent(&facts, &key, &old, &finer));
        let stopped = VrrpEntry { enabled: false, ..old.clone() };
        assert!(!VrrpKind::equivalent(&facts, &key, &old, &stopped));
        assert!(!VrrpKind::needs_recreate(&facts, &key, &old, &stopped, &()));
        for other in [
            VrrpEntry { interval: 1010, ..old.clone() },
            VrrpEntry { preempt: false, ..old.clone() },
            entry(&["10.0.0.2", "10.0.0.1"]),
        ] {
            assert!(VrrpKind::needs_recreate(&facts, &key, &old, &other, &()), "{other:?}");
        }
    }

    #[test]
    fn the_owner_waits_for_addresses() {
        let labels = |value: &VrrpEntry| {
            let found = VrrpKind::dependencies(&Facts::default(), &value.key(), value);
            found.iter().map(|d| d.label.to_string()).collect::<Vec<_>>()
        };
        let value = entry(&["10.0.0.1"]);
        assert_eq!(labels(&value), ["interface-exists"]);
        let owner = VrrpEntry { priority: OWNER, ..value };
        assert_eq!(labels(&owner), ["interface-exists", "interface-has-address"]);
    }

    #[test]
    fn what_is_sent_reads_back_the_same() {
        let value = VrrpEntry { accept: true, ..entry(&["2001:db8::1"]) };
        let sent = to_vpp(&value, InterfaceIndex(3), true).unwrap();
        assert!(sent.flags.contains(VrrpVrFlags::IPV6));
        let mut details = VrrpVrDetails {
            config: VrrpVrConf {
                sw_if_index: sent.sw_if_index,
                vr_id: sent.vr_id,
                priority: sent.priority,
                interval: sent.interval,
                flags: sent.flags,
            },
            addrs: sent.addrs,
            ..VrrpVrDetails::default()
        };
        details.runtime.state = VrrpVrState::INTF_DOWN;
        assert_eq!(from_vpp(&details, "tap1"), value);
    }
}
