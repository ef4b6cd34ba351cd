//! A configured entry of the MAC table of a bridge domain.
//!
//! ```yaml
//! vppConfig:
//!   fibs:
//!   - physAddress: 62:89:c6:a3:6d:5c
//!     bridgeDomain: bd1
//!     action: FORWARD        # or DROP
//!     outgoingInterface: memif1
//!     staticConfig: true
//! ```
//!
//! With `FORWARD` it waits for the outgoing interface to be in the bridge domain, with `DROP` for the bridge domain.
//! Derives nothing, keeps nothing. VPP does not tell configured entries from learned ones, so what is found in VPP is ours
//! only if it is known to be wanted; the same MAC address may be in several bridge domains.
//!
//! Uses `l2fib_add_del`, `l2_fib_table_dump`.

use ligato_kvs_api::{
    Change, Dependency, Descriptor, Field, Invalid, KeyPattern, KnownValues, OpError, Origin,
    Retrieved, Spec, Use,
};
use ligato_model::{Key, Model};
use ligato_proto::vpp::l2::fib_entry::Action;
use ligato_proto::vpp::l2::{BridgeDomain, FibEntry};
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::l2::{L2FibTableDetails, L2FibTableDump, L2fibAddDel};
use ligato_vpp_api::types::{InterfaceIndex, MacAddress};
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::bd_interface;

/// What is said of fields that count for one action only.
const FORWARD: &str = "counts with `FORWARD` only";

/// The kind `vpp-l2-fib`.
#[derive(Debug)]
pub struct FibKind;

impl Descriptor for FibKind {
    type Value = FibEntry;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        change: Change::Recreate,
        batch: 256,
        retrieve_after: &["vpp-interface", "vpp-bridge-domain"],
        uses: &[Use::kind(&["l2fib_add_del", "l2_fib_table_dump"])],
        fields: &[&[
            Field::read("outgoing_interface").remark(FORWARD),
            Field::read("static_config").remark(FORWARD),
            Field::read("bridged_virtual_interface").remark(FORWARD),
        ]],
        ..Spec::new(
            "vpp-l2-fib",
            "A configured MAC address of a bridge domain.",
            &[KeyPattern::new("config/vpp/l2/v2/fib/{entry}")],
            Some("config/vpp/l2/v2/fib/"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &FibEntry) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if value.phys_address.is_empty() {
            invalid.push("phys_address", "must not be empty");
        } else if value.phys_address.parse::<MacAddress>().is_err() {
            invalid.push("phys_address", "is not a MAC address");
        }
        if value.bridge_domain.is_empty() {
            invalid.push("bridge_domain", "must not be empty");
        }
        if Action::try_from(value.action).is_err() {
            invalid.push("action", "is neither FORWARD nor DROP");
        }
        if value.action() == Action::Forward && value.outgoing_interface.is_empty() {
            let problem = "action FORWARD needs an outgoing interface";
            invalid.push("action", problem);
            invalid.push("outgoing_interface", problem);
        }
        invalid.into_result()
    }

    fn equivalent(_facts: &Facts, _key: &Key, old: &FibEntry, new: &FibEntry) -> bool {
        let same_address = match (mac(old), mac(new)) {
            (Some(old), Some(new)) => old == new,
            _ => old.phys_address == new.phys_address,
        };
        let same_target = old.action() == Action::Drop
            || (&old.outgoing_interface, old.bridged_virtual_interface, old.static_config)
                == (&new.outgoing_interface, new.bridged_virtual_interface, new.static_config);
        same_address
            && old.action == new.action
            && old.bridge_domain == new.bridge_domain
            && same_target
    }

    fn dependencies(_facts: &Facts, _key: &Key, value: &FibEntry) -> Vec<Dependency> {
        let bd = &value.bridge_domain;
        vec![match value.action() {
            Action::Forward => Dependency::on(
                "bridged-interface",
                bd_interface::key(bd, &value.outgoing_interface),
            ),
            Action::Drop => Dependency::on("bridge-domain", BridgeDomain::key_of(bd)),
        }]
    }

    fn supported(facts: &Facts, _key: &Key, _value: &FibEntry) -> Result<(), OpError> {
        facts.require::<L2fibAddDel>()
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &FibEntry) -> Result<(), OpError> {
        let interface = match value.action() {
            Action::Forward => sb.sw_if_index(&value.outgoing_interface)?,
            Action::Drop => InterfaceIndex::NONE,
        };
        let bd_id = sb.bd_index(&value.bridge_domain)?;
        sb.request(to_vpp(value, bd_id, interface, true)?).await?;
        Ok(())
    }

    async fn delete(sb: &VppCtx, _key: &Key, value: &FibEntry, _meta: &()) -> Result<(), OpError> {
        // With the bridge domain its addresses went.
        let Ok(bd_id) = sb.bd_index(&value.bridge_domain) else { return Ok(()) };
        // VPP finds the entry by address and bridge domain.
        let interface = sb.sw_if_index(&value.outgoing_interface).unwrap_or(InterfaceIndex::NONE);
        let message = to_vpp(value, bd_id, interface, false)?;
        sb.request_unless(message, &[Code::NO_SUCH_ENTRY]).await?;
        Ok(())
    }

    async fn retrieve(
        sb: &VppCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let details = sb.dump(L2FibTableDump { bd_id: u32::MAX }).await?;
        let known = known.index_by(|value| Some((value.bridge_domain.as_str(), mac(value)?)));
        let found = details.into_iter().filter_map(|details| {
            let bridge_domain = sb.bd_name(details.bd_id)?;
            let (mac, interface) = (details.mac, details.sw_if_index);
            let name = sb.interface_name(interface);
            let value = from_vpp(&details, bridge_domain, name)?;
            Some(match known.get(&(value.bridge_domain.as_str(), mac)) {
                // Address and key keep the spelling NB chose.
                Some(known) => Retrieved {
                    key: known.key.clone(),
                    value: FibEntry { phys_address: known.value.phys_address.clone(), ..value },
                    meta: (),
                    origin: Origin::Unknown,
                },
                None => Retrieved { key: value.key(), value, meta: (), origin: Origin::Unknown },
            })
        });
        Ok(found.collect())
    }
}

fn mac(value: &FibEntry) -> Option<MacAddress> {
    value.phys_address.parse().ok()
}

// === to and from VPP ===

fn to_vpp(
    value: &FibEntry,
    bd_id: u32,
    interface: InterfaceIndex,
    is_add: bool,
) -> Result<L2fibAddDel, Invalid> {
    let FibEntry {
        phys_address,
        bridge_domain: _,
        action: _,
        outgoing_interface: _,
        static_config,
        bridged_virtual_interface,
    } = value;
    Ok(L2fibAddDel {
        mac: phys_address
            .parse::<MacAddress>()
            .map_err(|error| Invalid::field("phys_address", error.to_string()))?,
        bd_id,
        sw_if_index: interface,
        is_add,
        static_mac: *static_config,
        filter_mac: value.action() == Action::Drop,
        bvi_mac: *bridged_virtual_interface,
    })
}

/// `None` for an entry that leads to an interface without a name.
fn from_vpp(
    details: &L2FibTableDetails,
    bridge_domain: String,
    interface: Option<String>,
) -> Option<FibEntry> {
    let L2FibTableDetails { bd_id: _, mac, sw_if_index: _, static_mac, filter_mac, bvi_mac } =
        details;
    let (action, outgoing_interface) =
        if *filter_mac { (Action::Drop, String::new()) } else { (Action::Forward, interface?) };
    Some(FibEntry {
        phys_address: mac.to_string(),
        bridge_domain,
        action: action.into(),
        outgoing_interface,
        static_config: *static_mac,
        bridged_virtual_interface: *bvi_mac,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward() -> FibEntry {
        FibEntry {
            phys_address: "62:89:C6:A3:6D:5C".into(),
            bridge_domain: "bd1".into(),
            outgoing_interface: "memif1".into(),
            static_config: true,
            ..Default::default()
        }
    }

    fn fields(value: &FibEntry) -> Vec<String> {
        FibKind::validate(&Facts::default(), &value.key(), value)
            .map_err(|invalid| invalid.field_names())
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn forwarding_needs_somewhere_to_forward_to() {
        let value = FibEntry::default();
        assert_eq!(
            fields(&value),
            ["phys_address", "bridge_domain", "action", "outgoing_interface"]
        );
        assert_eq!(fields(&forward()), [""; 0]);
        // The key of such a value is shorter, and must still find the kind that complains.
        let nowhere = FibEntry { bridge_domain: String::new(), ..forward() };
        assert!(FibKind::SPEC.keys.iter().any(|pattern| pattern.matches(&nowhere.key())));
    }

    #[test]
    fn a_dropping_entry_waits_for_the_bridge_domain_only() {
        let key = forward().key();
        let dependencies = |value: &FibEntry| {
            let all = FibKind::dependencies(&Facts::default(), &key, value);
            all.iter().map(|d| format!("{} {}", d.label, d.target)).collect::<Vec<_>>()
        };
        assert_eq!(dependencies(&forward()), ["bridged-interface vpp/bd/bd1/interface/memif1"]);
        let drop = FibEntry { action: Action::Drop.into(), ..forward() };
        assert_eq!(dependencies(&drop), ["bridge-domain config/vpp/l2/v2/bridge-domain/bd1"]);
    }

    #[test]
    fn spelling_of_the_address_does_not_matter() {
        let lower = FibEntry { phys_address: "62:89:c6:a3:6d:5c".into(), ..forward() };
        assert!(FibKind::equivalent(&Facts::default(), &lower.key(), &forward(), &lower));
    }

    #[test]
    fn what_is_sent_reads_back_the_same() {
        for value in [
            forward(),
            FibEntry {
                action: Action::Drop.into(),
                outgoing_interface: String::new(),
                ..forward()
            },
        ] {
            let index = match value.action() {
                Action::Forward => InterfaceIndex(4),
                Action::Drop => InterfaceIndex::NONE,
            };
            let sent = to_vpp(&value, 7, index, true).unwrap();
            assert_eq!(sent.filter_mac, value.action() == Action::Drop);
            let details = L2FibTableDetails {
                bd_id: sent.bd_id,
                mac: sent.mac,
                sw_if_index: sent.sw_if_index,
                static_mac: sent.static_mac,
                filter_mac: sent.filter_mac,
                bvi_mac: sent.bvi_mac,
            };
            let name = index.some().map(|_| "memif1".to_owned());
            let back = from_vpp(&details, "bd1".into(), name).unwrap();
            assert!(FibKind::equivalent(&Facts::default(), &value.key(), &value, &back));
        }
    }
}
