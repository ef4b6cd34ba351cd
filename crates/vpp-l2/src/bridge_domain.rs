//! A bridge domain: interfaces that switch frames among each other.
//!
//! ```yaml
//! vppConfig:
//!   bridgeDomains:
//!   - name: bd1
//!     flood: true
//!     unknownUnicastFlood: true
//!     forward: true
//!     learn: true
//!     arpTermination: true
//!     macAge: 10             # minutes, 0 for ever
//!     interfaces:
//!     - name: memif1
//!     - name: loop1
//!       bridgedVirtualInterface: true
//!     arpTerminationTable:
//!     - ipAddress: 192.168.10.10
//!       physAddress: 02:fe:00:00:00:10
//! ```
//!
//! Waits for nothing. Derives one `vpp/bd/{bd}/interface/{if}` per interface, which waits for the interface. The name is
//! kept in VPP's `bd_tag`; the number VPP needs is chosen here, from 1 on, past every number in use. A bridge domain
//! without tag is nobody's: it is shown as `UNTAGGED-{n}` and left alone.
//!
//! The ARP termination table is changed in place. Everything else but the interfaces needs a new bridge domain, as VPP
//! cannot change it.
//!
//! Uses `bridge_domain_add_del`, `bridge_domain_dump`, `bd_ip_mac_add_del`, `bd_ip_mac_dump`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use ligato_kvs_api::{
    Descriptor, Field, Invalid, KeyPattern, KnownValues, OpError, Origin, Retrieved, Spec, Update,
    Use,
};
use ligato_model::{Key, Model, Value};
use ligato_proto::vpp::l2::BridgeDomain;
use ligato_proto::vpp::l2::bridge_domain::{ArpTerminationEntry, Interface};
use ligato_vpp_api::msg::l2::{
    BdIpMac, BdIpMacAddDel, BdIpMacDump, BridgeDomainAddDel, BridgeDomainDetails, BridgeDomainDump,
};
use ligato_vpp_api::types::{Address, InterfaceIndex, MacAddress};
use ligato_vpp_api::{FixedString, VppError as Code};
use ligato_vpp_ctx::{BridgeDomainMeta, Facts, VppCtx, op_error};

use crate::bd_interface;

/// Most characters of a name: VPP's tag has 64 bytes, the last one NUL.
const MAX_NAME: usize = 63;

/// How often another number is tried when VPP says that one is taken.
const MAX_ATTEMPTS: u32 = 64;

/// The kind `vpp-bridge-domain`.
#[derive(Debug)]
pub struct BridgeDomainKind;

impl Descriptor for BridgeDomainKind {
    type Value = BridgeDomain;
    type Meta = BridgeDomainMeta;
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        retrieve_after: &["vpp-interface"],
        uses: &[
            Use::kind(&["bridge_domain_add_del", "bridge_domain_dump"]),
            Use::part("`arp_termination_table`", &["bd_ip_mac_add_del", "bd_ip_mac_dump"]),
        ],
        fields: &[&[Field::read("interfaces").by("vpp-bd-interface")]],
        ..Spec::new(
            "vpp-bridge-domain",
            "Interfaces of VPP that switch frames among each other.",
            &[KeyPattern::new("config/vpp/l2/v2/bridge-domain/{name}")],
            Some("config/vpp/l2/v2/bridge-domain/"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &BridgeDomain) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if value.name.is_empty() {
            invalid.push("name", "must not be empty");
        } else if value.name.len() > MAX_NAME {
            invalid.push("name", format!("has more than {MAX_NAME} bytes"));
        }
        if value.mac_age > u32::from(u8::MAX) {
            invalid.push("mac_age", "VPP takes at most 255 minutes");
        }
        validate_interfaces(&value.interfaces, &mut invalid);
        for (i, entry) in value.arp_termination_table.iter().enumerate() {
            let field = |name| format!("arp_termination_table[{i}].{name}");
            if entry.ip_address.parse::<IpAddr>().is_err() {
                invalid.push(field("ip_address"), "is not an IP address");
            }
            if entry.phys_address.parse::<MacAddress>().is_err() {
                invalid.push(field("phys_address"), "is not a MAC address");
            }
        }
        invalid.into_result()
    }

    fn equivalent(_facts: &Facts, _key: &Key, old: &BridgeDomain, new: &BridgeDomain) -> bool {
        same_parameters(old, new) && arp_table(old) == arp_table(new)
    }

    fn derive(_facts: &Facts, _key: &Key, value: &BridgeDomain) -> Vec<(Key, Value)> {
        let member = |interface: &Interface| {
            (bd_interface::key(&value.name, &interface.name), Value::new(interface.clone()))
        };
        value.interfaces.iter().map(member).collect()
    }

    fn needs_recreate(
        _facts: &Facts,
        _key: &Key,
        old: &BridgeDomain,
        new: &BridgeDomain,
        _meta: &BridgeDomainMeta,
    ) -> bool {
        !same_parameters(old, new)
    }

    fn supported(facts: &Facts, _key: &Key, value: &BridgeDomain) -> Result<(), OpError> {
        facts.require::<BridgeDomainAddDel>()?;
        if value.arp_termination_table.is_empty() {
            return Ok(());
        }
        facts.require::<BdIpMacAddDel>()
    }

    // === effect half ===

    async fn create(
        sb: &VppCtx,
        _key: &Key,
        value: &BridgeDomain,
    ) -> Result<BridgeDomainMeta, OpError> {
        let id = add(sb, value).await?;
        let entries = arp_table(value);
        if let Err(error) = change_arp_table(sb, id, &BTreeSet::new(), &entries).await {
            // A half-made bridge domain would be found by its tag and taken for a whole one.
            let undo = to_vpp(value, id, Direction::Delete)?;
            if let Err(second) = sb.request(undo).await {
                return Err(OpError::Unknown(format!("{error}; and to undo it: {second}")));
            }
            return Err(error);
        }
        Ok(BridgeDomainMeta { index: id })
    }

    async fn delete(
        sb: &VppCtx,
        _key: &Key,
        value: &BridgeDomain,
        meta: &BridgeDomainMeta,
    ) -> Result<(), OpError> {
        let message = to_vpp(value, meta.index, Direction::Delete)?;
        sb.request_unless(message, &[Code::NO_SUCH_ENTRY]).await?;
        Ok(())
    }

    async fn update(
        sb: &VppCtx,
        _key: &Key,
        change: Update<'_, Self>,
    ) -> Result<BridgeDomainMeta, OpError> {
        let (old, new) = (arp_table(change.old), arp_table(change.new));
        change_arp_table(sb, change.meta.index, &old, &new).await?;
        Ok(*change.meta)
    }

    async fn retrieve(
        sb: &VppCtx,
        _known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let domains = BridgeDomainDump { bd_id: u32::MAX, sw_if_index: InterfaceIndex::NONE };
        let (domains, entries) =
            tokio::try_join!(sb.dump(domains), sb.dump(BdIpMacDump { bd_id: u32::MAX }),)?;
        let mut tables: HashMap<u32, Vec<BdIpMac>> = HashMap::new();
        for details in entries {
            tables.entry(details.entry.bd_id).or_default().push(details.entry);
        }
        let mut untagged = 0;
        let mut found = Vec::with_capacity(domains.len());
        for details in domains {
            let table = tables.remove(&details.bd_id).unwrap_or_default();
            let id = details.bd_id;
            let mut value = from_vpp(details, table, |index| sb.interface_name(index));
            let origin = if value.name.is_empty() { Origin::Sb } else { Origin::Nb };
            if origin == Origin::Sb {
                value.name = format!("UNTAGGED-{untagged}");
                untagged += 1;
            }
            let meta = BridgeDomainMeta { index: id };
            found.push(Retrieved { key: value.key(), value, meta, origin });
        }
        Ok(found)
    }

    fn index(sb: &VppCtx, _key: &Key, value: &BridgeDomain, meta: Option<&BridgeDomainMeta>) {
        match meta {
            Some(meta) => {
                sb.bd_index_taken(meta.index);
                sb.bridge_domains().put(value.name.as_str(), *meta);
            }
            None => {
                sb.bridge_domains().remove(&value.name);
            }
        }
    }
}

/// Whether a message makes a thing or takes it away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Create,
    Delete,
}

fn validate_interfaces(interfaces: &[Interface], invalid: &mut Invalid) {
    let mut names = BTreeSet::new();
    for (i, interface) in interfaces.iter().enumerate() {
        if interface.name.is_empty() {
            invalid.push(format!("interfaces[{i}].name"), "must not be empty");
        } else if !names.insert(&interface.name) {
            invalid.push(format!("interfaces[{i}].name"), "is a member already");
        }
        if interface.split_horizon_group > u32::from(u8::MAX) {
            invalid.push(format!("interfaces[{i}].split_horizon_group"), "is above 255");
        }
    }
    if interfaces.iter().filter(|interface| interface.bridged_virtual_interface).count() > 1 {
        let problem = "at most one interface can be the bridged virtual interface";
        invalid.push("interfaces.bridged_virtual_interface", problem);
    }
}

/// What cannot be changed in place.
fn same_parameters(old: &BridgeDomain, new: &BridgeDomain) -> bool {
    let parameters = |bd: &BridgeDomain| {
        (bd.flood, bd.unknown_unicast_flood, bd.forward, bd.learn, bd.arp_termination, bd.mac_age)
    };
    parameters(old) == parameters(new)
}

/// The ARP termination table with spellings of addresses made one; what is no address is left out.
fn arp_table(value: &BridgeDomain) -> BTreeSet<(IpAddr, MacAddress)> {
    let entry = |entry: &ArpTerminationEntry| {
        let ArpTerminationEntry { ip_address, phys_address } = entry;
        Some((ip_address.parse().ok()?, phys_address.parse().ok()?))
    };
    value.arp_termination_table.iter().filter_map(entry).collect()
}

/// Creates the bridge domain under the next free number.
async fn add(sb: &VppCtx, value: &BridgeDomain) -> Result<u32, OpError> {
    for _ in 0..MAX_ATTEMPTS {
        let id = sb.next_bd_index();
        match sb.client().request(to_vpp(value, id, Direction::Create)?).await {
            Ok(_) => return Ok(id),
            // Somebody else took the number since the last read-back.
            Err(error) if error.retval() == Some(Code::BD_ALREADY_EXISTS.0) => {}
            Err(error) => return Err(op_error(&error)),
        }
    }
    Err(OpError::Retriable(format!(
        "{MAX_ATTEMPTS} numbers tried for the bridge domain, all taken"
    )))
}

/// Turns one ARP termination table into another. All messages are sent before the first answer is awaited.
async fn change_arp_table(
    sb: &VppCtx,
    bd_id: u32,
    old: &BTreeSet<(IpAddr, MacAddress)>,
    new: &BTreeSet<(IpAddr, MacAddress)>,
) -> Result<(), OpError> {
    let messages = arp_table_changes(bd_id, old, new);
    futures::future::try_join_all(messages.into_iter().map(|message| sb.request(message))).await?;
    Ok(())
}

// === to and from VPP ===

/// Obsolete entries go first: an address moving to another MAC must not be removed after it was added.
fn arp_table_changes(
    bd_id: u32,
    old: &BTreeSet<(IpAddr, MacAddress)>,
    new: &BTreeSet<(IpAddr, MacAddress)>,
) -> Vec<BdIpMacAddDel> {
    let message = |is_add| {
        move |(ip, mac): &(IpAddr, MacAddress)| BdIpMacAddDel {
            is_add,
            entry: BdIpMac { bd_id, ip: Address(*ip), mac: *mac },
        }
    };
    let removed = old.difference(new).map(message(false));
    removed.chain(new.difference(old).map(message(true))).collect()
}

fn to_vpp(
    value: &BridgeDomain,
    bd_id: u32,
    direction: Direction,
) -> Result<BridgeDomainAddDel, Invalid> {
    let BridgeDomain {
        name,
        flood,
        unknown_unicast_flood,
        forward,
        learn,
        arp_termination,
        mac_age,
        interfaces: _,            // derived values
        arp_termination_table: _, // messages of their own
    } = value;
    Ok(BridgeDomainAddDel {
        bd_id,
        flood: *flood,
        uu_flood: *unknown_unicast_flood,
        forward: *forward,
        learn: *learn,
        arp_term: *arp_termination,
        arp_ufwd: false,
        mac_age: u8::try_from(*mac_age)
            .map_err(|_| Invalid::field("mac_age", "VPP takes at most 255 minutes"))?,
        bd_tag: FixedString::new(name)
            .map_err(|error| Invalid::field("name", error.to_string()))?,
        is_add: direction == Direction::Create,
    })
}

/// The value as NB would write it. Members whose name nobody knows are left out.
fn from_vpp(
    details: BridgeDomainDetails,
    arp_table: Vec<BdIpMac>,
    interface_name: impl Fn(InterfaceIndex) -> Option<String>,
) -> BridgeDomain {
    let BridgeDomainDetails {
        bd_id,
        flood,
        uu_flood,
        forward,
        learn,
        arp_term,
        arp_ufwd: _, // not in the model
        mac_age,
        bd_tag,
        bvi_sw_if_index,
        uu_fwd_sw_if_index: _, // not in the model
        sw_if_details,
    } = details;
    let mut interfaces = BTreeMap::new();
    for member in &sw_if_details {
        let Some(name) = interface_name(member.sw_if_index) else {
            tracing::warn!(bd_id, sw_if_index = %member.sw_if_index, "bridged interface without a name");
            continue;
        };
        let interface = Interface {
            name: name.clone(),
            bridged_virtual_interface: member.sw_if_index == bvi_sw_if_index,
            split_horizon_group: u32::from(member.shg),
        };
        interfaces.insert(name, interface);
    }
    let entry = |entry: BdIpMac| ArpTerminationEntry {
        ip_address: entry.ip.to_string(),
        phys_address: entry.mac.to_string(),
    };
    BridgeDomain {
        name: bd_tag.to_str().into_owned(),
        flood,
        unknown_unicast_flood: uu_flood,
        forward,
        learn,
        arp_termination: arp_term,
        mac_age: u32::from(mac_age),
        interfaces: interfaces.into_values().collect(),
        arp_termination_table: arp_table.into_iter().map(entry).collect(),
    }
}

#[cfg(test)]
mod tests;
