//! An entry of the table of tunnel end points: where a peer of a multipoint tunnel is reached.
//!
//! ```yaml
//! vppConfig:
//!   teibEntries:
//!   - interface: gre1
//!     peerAddr: 10.9.0.2         # inside of the tunnel
//!     nextHopAddr: 192.168.1.2   # outside of it
//!     vrfId: 1                   # table by which the latter is reached
//! ```
//!
//! VPP 22.02 takes the table of the interface whatever is asked for. There an entry with another `vrfId` than that of its
//! interface is UNSUPPORTED, and one whose interface moves to its table later is made anew. VPP before 22.10 dies when an
//! entry is removed that is not there: it is looked for before.
//!
//! Waits for the interface and for the table. Derives nothing, keeps nothing. Entries have no mark of an owner: what is found
//! is ours only if it is known to be wanted.
//!
//! Uses `teib_entry_add_del`, `teib_dump`, `sw_interface_get_table`.

use std::net::IpAddr;

use ligato_kvs_api::{
    Dependency, Descriptor, Field, Invalid, KeyPattern, KnownValues, OpError, Origin, Retrieved,
    Southbound, Spec, Update, Use,
};
use ligato_model::{Key, Model};
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::l3::TeibEntry;
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::interface::SwInterfaceGetTable;
use ligato_vpp_api::msg::teib::{self, TeibDump, TeibEntryAddDel};
use ligato_vpp_api::types::{Address, InterfaceIndex};
use ligato_vpp_ctx::address::parse_ip;
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::vrf_table;

/// From this release on the next hop is looked up in the table that is asked for.
const HEEDS_TABLE: (u8, u8) = (22, 6);
/// From this release on VPP survives the removal of what is not there.
const SURVIVES_REMOVAL: (u8, u8) = (22, 10);

/// The kind `vpp-teib`.
#[derive(Debug)]
pub struct TeibKind;

impl Descriptor for TeibKind {
    type Value = TeibEntry;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        retrieve_after: &["vpp-interface"],
        uses: &[Use::kind(&["teib_entry_add_del", "teib_dump", "sw_interface_get_table"])],
        fields: &[&[Field::unsupported(
            "vrf_id",
            "unless it is that of the interface: it is in this table that VPP looks the next hop up",
        )
        .before(HEEDS_TABLE)]],
        ..Spec::new(
            "vpp-teib",
            "Where a peer of a multipoint tunnel of VPP is reached.",
            &[KeyPattern::new("config/vpp/v2/teib/{if}/peer/{address}")],
            Some("config/vpp/v2/teib/"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &TeibEntry) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if value.interface.is_empty() {
            invalid.push("interface", "must not be empty");
        }
        let addresses = [("peer_addr", &value.peer_addr), ("next_hop_addr", &value.next_hop_addr)];
        for (field, text) in addresses {
            if let Err(error) = ip(field, text) {
                invalid.fields.extend(error.fields);
            }
        }
        invalid.into_result()
    }

    fn equivalent(_facts: &Facts, _key: &Key, old: &TeibEntry, new: &TeibEntry) -> bool {
        let addresses = |value: &TeibEntry| {
            (ip("peer_addr", &value.peer_addr), ip("next_hop_addr", &value.next_hop_addr))
        };
        old.interface == new.interface
            && old.vrf_id == new.vrf_id
            && addresses(old) == addresses(new)
    }

    fn dependencies(facts: &Facts, _key: &Key, value: &TeibEntry) -> Vec<Dependency> {
        let interface = Dependency::on("interface-exists", Interface::key_of(&value.interface));
        let is_ip6 = value.next_hop_addr.parse().is_ok_and(|ip: IpAddr| ip.is_ipv6());
        let table = (value.vrf_id != 0)
            .then(|| Dependency::on("vrf-table-exists", vrf_table::key(value.vrf_id, is_ip6)));
        // The table of the interface is what counts: it has to be in it before.
        let is_by_interface = value.vrf_id != 0 && facts.is_before(HEEDS_TABLE);
        let assigned = is_by_interface.then(|| {
            let prefix = format!("vpp/interface/{}/vrf/", value.interface);
            Dependency::on_any("interface-assigned-to-VRF", [Key::from(prefix)])
        });
        std::iter::once(interface).chain(table).chain(assigned).collect()
    }

    /// Where the change may be impossible, that is found out before what is there goes.
    fn needs_recreate(
        facts: &Facts,
        _key: &Key,
        _old: &TeibEntry,
        _new: &TeibEntry,
        _meta: &(),
    ) -> bool {
        !facts.is_before(HEEDS_TABLE)
    }

    fn supported(facts: &Facts, _key: &Key, _value: &TeibEntry) -> Result<(), OpError> {
        facts.require::<TeibEntryAddDel>()
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &TeibEntry) -> Result<(), OpError> {
        let entry = to_vpp(value, sb.sw_if_index(&value.interface)?)?;
        check_table(sb, &entry).await?;
        sb.request(TeibEntryAddDel { is_add: 1, entry }).await?;
        Ok(())
    }

    async fn update(sb: &VppCtx, _key: &Key, change: Update<'_, Self>) -> Result<(), OpError> {
        let interface = sb.sw_if_index(&change.new.interface)?;
        let (old, new) = (to_vpp(change.old, interface)?, to_vpp(change.new, interface)?);
        check_table(sb, &new).await?;
        remove(sb, old).await?;
        sb.request(TeibEntryAddDel { is_add: 1, entry: new }).await?;
        Ok(())
    }

    async fn delete(sb: &VppCtx, _key: &Key, value: &TeibEntry, _meta: &()) -> Result<(), OpError> {
        // VPP refuses to touch what belongs to an interface that is gone.
        let Ok(interface) = sb.sw_if_index(&value.interface) else { return Ok(()) };
        remove(sb, to_vpp(value, interface)?).await
    }

    async fn retrieve(
        sb: &VppCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let details = sb.dump_if_any(TeibDump {}).await?;
        let known = known
            .index_by(|value| Some((value.interface.as_str(), parse_ip(&value.peer_addr).ok()?)));
        let found = details.iter().filter_map(|details| {
            let entry = &details.entry;
            let interface = sb.interface_name(entry.sw_if_index)?;
            let known = known.get(&(interface.as_str(), entry.peer.0));
            let value = from_vpp(entry, &interface, known.map(|known| known.value));
            let key = known.map_or_else(|| value.key(), |known| known.key.clone());
            Some(Retrieved { key, value, meta: (), origin: Origin::Unknown })
        });
        Ok(found.collect())
    }
}

/// Complains if VPP would look the next hop up elsewhere.
async fn check_table(sb: &VppCtx, entry: &teib::TeibEntry) -> Result<(), OpError> {
    if !sb.facts().is_before(HEEDS_TABLE) {
        return Ok(());
    }
    let (sw_if_index, is_ipv6) = (entry.sw_if_index, entry.nh.0.is_ipv6());
    let taken = sb.request(SwInterfaceGetTable { sw_if_index, is_ipv6 }).await?.vrf_id;
    if taken == entry.nh_table_id {
        return Ok(());
    }
    Err(OpError::Unsupported(format!(
        "vrf_id: VPP before 22.06 looks the next hop up in the table of the interface, which is {taken}"
    )))
}

async fn remove(sb: &VppCtx, entry: teib::TeibEntry) -> Result<(), OpError> {
    if sb.facts().is_before(SURVIVES_REMOVAL) {
        let same = |other: &teib::TeibEntry| {
            (other.sw_if_index, other.peer) == (entry.sw_if_index, entry.peer)
        };
        if !sb.dump(TeibDump {}).await?.iter().any(|details| same(&details.entry)) {
            return Ok(());
        }
    }
    sb.request_unless(TeibEntryAddDel { is_add: 0, entry }, &[Code::NO_SUCH_ENTRY]).await?;
    Ok(())
}

fn ip(field: &str, text: &str) -> Result<IpAddr, Invalid> {
    parse_ip(text).map_err(|error| Invalid::field(field, error.to_string()))
}

// === to and from VPP ===

fn to_vpp(value: &TeibEntry, interface: InterfaceIndex) -> Result<teib::TeibEntry, Invalid> {
    let TeibEntry { interface: _, peer_addr, next_hop_addr, vrf_id } = value;
    Ok(teib::TeibEntry {
        sw_if_index: interface,
        peer: Address(ip("peer_addr", peer_addr)?),
        nh: Address(ip("next_hop_addr", next_hop_addr)?),
        nh_table_id: *vrf_id,
    })
}

/// Addresses keep the spelling NB chose.
fn from_vpp(entry: &teib::TeibEntry, interface: &str, known: Option<&TeibEntry>) -> TeibEntry {
    let teib::TeibEntry { sw_if_index: _, peer, nh, nh_table_id } = entry;
    let spelled = |address: &Address, text: Option<&String>| match text {
        Some(text) if text.parse() == Ok(address.0) => text.clone(),
        _ => address.to_string(),
    };
    TeibEntry {
        interface: interface.to_owned(),
        peer_addr: spelled(peer, known.map(|known| &known.peer_addr)),
        next_hop_addr: spelled(nh, known.map(|known| &known.next_hop_addr)),
        vrf_id: *nh_table_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(peer: &str, next_hop: &str) -> TeibEntry {
        TeibEntry {
            interface: "gre1".into(),
            peer_addr: peer.into(),
            next_hop_addr: next_hop.into(),
            vrf_id: 3,
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let value = TeibEntry { interface: String::new(), ..entry("", "10.0.0.1/24") };
        let invalid = TeibKind::validate(&Facts::default(), &value.key(), &value).unwrap_err();
        assert_eq!(invalid.field_names(), ["interface", "peer_addr", "next_hop_addr"]);
    }

    #[test]
    fn it_waits_for_the_table_of_the_next_hops_version() {
        let value = entry("10.0.0.1", "2001:db8::1");
        let found = TeibKind::dependencies(&Facts::default(), &value.key(), &value);
        assert_eq!(found[1], Dependency::on("vrf-table-exists", vrf_table::key(3, true)));
        let value = TeibEntry { vrf_id: 0, ..value };
        assert_eq!(TeibKind::dependencies(&Facts::default(), &value.key(), &value).len(), 1);
    }

    #[test]
    fn what_is_sent_reads_back_as_it_was_written() {
        let value = entry("2001:DB8::9", "10.0.0.1");
        let sent = to_vpp(&value, InterfaceIndex(4)).unwrap();
        assert_eq!(from_vpp(&sent, "gre1", Some(&value)), value);
        let plain = from_vpp(&sent, "gre1", None);
        assert_eq!(plain.peer_addr, "2001:db8::9");
        assert!(TeibKind::equivalent(&Facts::default(), &value.key(), &plain, &value));
    }
}
