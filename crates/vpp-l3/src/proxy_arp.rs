//! Addresses for which VPP answers ARP requests in place of their owners. There is one such value.
//!
//! ```yaml
//! vppConfig:
//!   proxyArp:
//!     ranges:                      # both ends included, in any order
//!     - firstIpAddr: 10.1.0.10
//!       lastIpAddr: 10.1.0.20
//!       vrfId: 1                   # 0 if not given
//!     interfaces:                  # where requests are answered
//!     - name: tap1
//! ```
//!
//! Waits for the tables of the ranges; derives one value per interface (see [`interface`]). The ranges in VPP have no mark of
//! an owner: they are ours only if this value is known to be wanted, and then all of them are. VPP before 25.10 tells its own
//! index of a table instead of `vrfId`: there a range is taken to be in the table in which this agent put it or, if it did not,
//! in the one in which it is wanted, unless one of the two is the table 0; and one that is neither is looked for in all tables
//! when it is removed.
//!
//! Uses `proxy_arp_add_del`, `proxy_arp_dump`, `proxy_arp_intfc_dump`, `ip_table_dump`.

pub mod interface;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use futures::future::try_join_all;
use ligato_kvs_api::{
    Dependency, Descriptor, Field, Invalid, KeyPattern, KnownValues, OpError, Origin, Retrieved,
    Southbound, Spec, Update, Use,
};
use ligato_model::{Key, Model, Value};
use ligato_proto::vpp::l3::ProxyArp;
use ligato_proto::vpp::l3::proxy_arp::{Interface, Range};
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::arp::{self, ProxyArpAddDel, ProxyArpDump, ProxyArpIntfcDump};
use ligato_vpp_api::msg::ip::IpTableDump;
use ligato_vpp_api::types::{InterfaceIndex, Ip4Address};
use ligato_vpp_ctx::{Facts, ProxyRange, VppCtx};

use crate::vrf_table;

/// From this release on VPP tells the table of a range.
const TELLS_TABLES: (u8, u8) = (25, 10);

/// The kind `vpp-proxy-arp`.
#[derive(Debug)]
pub struct ProxyArpKind;

impl Descriptor for ProxyArpKind {
    type Value = ProxyArp;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        retrieve_after: &["vpp-interface"],
        uses: &[Use::kind(&[
            "proxy_arp_add_del",
            "proxy_arp_dump",
            "proxy_arp_intfc_dump",
            "ip_table_dump",
        ])],
        fields: &[&[
            Field::read("interfaces").by("vpp-proxy-arp-interface"),
            Field::kept(
                "ranges.vrf_id",
                "`proxy_arp_details` tells another number, of which only 0 can be relied on",
            )
            .before(TELLS_TABLES),
        ]],
        ..Spec::new(
            "vpp-proxy-arp",
            "Addresses for which VPP answers ARP requests.",
            &[KeyPattern::new("config/vpp/v2/proxyarp-global")],
            Some("config/vpp/v2/proxyarp-global"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &ProxyArp) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        for range in &value.ranges {
            let (first, last) = (end(&range.first_ip_addr), end(&range.last_ip_addr));
            for (field, end) in [("ranges.first_ip_addr", &first), ("ranges.last_ip_addr", &last)] {
                if let Err(problem) = end {
                    invalid.push(field, problem.clone());
                }
            }
            if let (Ok(first), Ok(last)) = (first, last)
                && first > last
            {
                invalid.push("ranges.last_ip_addr", format!("{last} is below {first}"));
            }
        }
        if value.interfaces.iter().any(|interface| interface.name.is_empty()) {
            invalid.push("interfaces.name", "must not be empty");
        }
        invalid.into_result()
    }

    /// Interfaces are values of their own.
    fn equivalent(_facts: &Facts, _key: &Key, old: &ProxyArp, new: &ProxyArp) -> bool {
        ranges(old) == ranges(new)
    }

    fn derive(_facts: &Facts, _key: &Key, value: &ProxyArp) -> Vec<(Key, Value)> {
        let derived = |i: &Interface| (interface::key(&i.name), Value::new(i.clone()));
        value.interfaces.iter().map(derived).collect()
    }

    fn dependencies(_facts: &Facts, _key: &Key, value: &ProxyArp) -> Vec<Dependency> {
        let tables: BTreeSet<u32> = value.ranges.iter().map(|range| range.vrf_id).collect();
        tables
            .into_iter()
            .filter(|id| *id != 0)
            .map(|id| Dependency::on(format!("vrf-table-{id}-exists"), vrf_table::key(id, false)))
            .collect()
    }

    fn supported(facts: &Facts, _key: &Key, _value: &ProxyArp) -> Result<(), OpError> {
        facts.require::<ProxyArpAddDel>()
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &ProxyArp) -> Result<(), OpError> {
        add(sb, ranges(value)).await
    }

    async fn delete(sb: &VppCtx, _key: &Key, value: &ProxyArp, _meta: &()) -> Result<(), OpError> {
        remove(sb, ranges(value), &BTreeSet::new()).await
    }

    async fn update(sb: &VppCtx, _key: &Key, change: Update<'_, Self>) -> Result<(), OpError> {
        let (old, new) = (ranges(change.old), ranges(change.new));
        remove(sb, old.difference(&new).copied(), &new).await?;
        add(sb, new.difference(&old).copied()).await
    }

    async fn retrieve(
        sb: &VppCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let (ranges, interfaces) = tokio::try_join!(
            sb.dump_if_any(ProxyArpDump {}),
            sb.dump_if_any(ProxyArpIntfcDump {})
        )?;
        let mut ranges: Vec<Range> =
            ranges.iter().map(|details| from_vpp(&details.proxy)).collect();
        if sb.facts().is_before(TELLS_TABLES) {
            let wanted = known.iter().flat_map(|known| &known.value.ranges).filter_map(to_vpp);
            let set = sb.remembered_proxy_ranges();
            let guess = guess_tables(&mut ranges, set.iter().copied().chain(wanted.map(as_known)));
            if known.iter().all(|known| known.wanted) {
                sb.remember_proxy_ranges(|ranges| *ranges = guess);
            }
        }
        let interfaces = interfaces.iter().filter_map(|details| {
            let name = sb.interface_name(InterfaceIndex(details.sw_if_index))?;
            Some(Interface { name })
        });
        let value = ProxyArp { interfaces: interfaces.collect(), ranges };
        if value == ProxyArp::default() {
            return Ok(Vec::new());
        }
        Ok(vec![Retrieved { key: value.key(), value, meta: (), origin: Origin::Unknown }])
    }
}

/// VPP told its own index of a table, which only for the table 0 says which one it is. A range in another one is taken to
/// be in the table in which it is known to be, or to be wanted; gives those for which there is such a table.
fn guess_tables(
    found: &mut [Range],
    known: impl Iterator<Item = ProxyRange>,
) -> BTreeSet<ProxyRange> {
    let known: Vec<ProxyRange> = known.filter(|(.., table)| *table != 0).collect();
    let mut guessed = BTreeSet::new();
    for range in found.iter_mut().filter(|range| range.vrf_id != 0) {
        let Some((first, last, _)) = to_vpp(range).map(as_known) else { continue };
        let mut candidates = known.iter().filter(|known| (known.0, known.1) == (first, last));
        if let Some(known) = candidates.find(|known| guessed.insert(**known)) {
            range.vrf_id = known.2;
        }
    }
    guessed
}

fn as_known(range: arp::ProxyArp) -> ProxyRange {
    (range.low.0, range.hi.0, range.table_id)
}

/// One end of a range.
fn end(text: &str) -> Result<Ipv4Addr, String> {
    text.parse().map_err(|_| format!("{text:?} is not an IPv4 address without mask"))
}

async fn add(sb: &VppCtx, ranges: impl IntoIterator<Item = arp::ProxyArp>) -> Result<(), OpError> {
    let requests = ranges.into_iter().map(|proxy| async move {
        sb.request(ProxyArpAddDel { is_add: true, proxy }).await?;
        sb.remember_proxy_ranges(|ranges| {
            ranges.insert(as_known(proxy));
        });
        Ok::<_, OpError>(())
    });
    try_join_all(requests).await.map(drop)
}

/// Removes ranges; removing what is not there is what was wanted.
async fn remove(
    sb: &VppCtx,
    ranges: impl IntoIterator<Item = arp::ProxyArp>,
    kept: &BTreeSet<arp::ProxyArp>,
) -> Result<(), OpError> {
    let tells_tables = !sb.facts().is_before(TELLS_TABLES);
    let requests = ranges.into_iter().map(|range| async move {
        if remove_one(sb, range).await? || tells_tables || range.table_id == 0 {
            return Ok(());
        }
        // The number may be VPP's index of a table: then it is the range with these ends that nobody wants.
        for table in sb.dump(IpTableDump {}).await? {
            let other = arp::ProxyArp { table_id: table.table.table_id, ..range };
            let is_candidate = !table.table.is_ip6 && other.table_id != 0;
            if is_candidate && !kept.contains(&other) && remove_one(sb, other).await? {
                break;
            }
        }
        Ok(())
    });
    try_join_all(requests).await.map(drop)
}

/// Whether there was such a range.
async fn remove_one(sb: &VppCtx, proxy: arp::ProxyArp) -> Result<bool, OpError> {
    let gone = [Code::NO_SUCH_ENTRY, Code::NO_SUCH_FIB];
    let removed = sb.request_unless(ProxyArpAddDel { is_add: false, proxy }, &gone).await?;
    sb.remember_proxy_ranges(|ranges| {
        ranges.remove(&as_known(proxy));
    });
    Ok(removed.is_some())
}

// === to and from VPP ===

/// The ranges as VPP takes them; those that are none are left out.
fn ranges(value: &ProxyArp) -> BTreeSet<arp::ProxyArp> {
    value.ranges.iter().filter_map(to_vpp).collect()
}

fn to_vpp(range: &Range) -> Option<arp::ProxyArp> {
    let Range { first_ip_addr, last_ip_addr, vrf_id } = range;
    Some(arp::ProxyArp {
        table_id: *vrf_id,
        low: Ip4Address(end(first_ip_addr).ok()?),
        hi: Ip4Address(end(last_ip_addr).ok()?),
    })
}

fn from_vpp(range: &arp::ProxyArp) -> Range {
    let arp::ProxyArp { table_id, low, hi } = range;
    Range { first_ip_addr: low.0.to_string(), last_ip_addr: hi.0.to_string(), vrf_id: *table_id }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, last: &str, vrf_id: u32) -> Range {
        Range { first_ip_addr: first.into(), last_ip_addr: last.into(), vrf_id }
    }

    fn value(ranges: Vec<Range>) -> ProxyArp {
        ProxyArp { ranges, interfaces: vec![Interface { name: "tap1".into() }] }
    }

    #[test]
    fn both_ends_are_addresses_of_ipv4_in_order() {
        let fields = |first, last| {
            let value = value(vec![range(first, last, 0)]);
            let checked = ProxyArpKind::validate(&Facts::default(), &value.key(), &value);
            checked.map_or_else(|invalid| invalid.field_names(), |()| Vec::new())
        };
        assert!(fields("10.0.0.1", "10.0.0.1").is_empty());
        assert_eq!(fields("", "10.0.0.1/24"), ["ranges.first_ip_addr", "ranges.last_ip_addr"]);
        assert_eq!(fields("2001:db8::1", "10.0.0.1"), ["ranges.first_ip_addr"]);
        assert_eq!(fields("10.0.0.2", "10.0.0.1"), ["ranges.last_ip_addr"]);
    }

    #[test]
    fn ranges_are_a_set_and_interfaces_values_of_their_own() {
        let (a, b) = (range("10.0.0.1", "10.0.0.9", 0), range("10.1.0.1", "10.1.0.9", 2));
        let one = value(vec![a.clone(), b.clone()]);
        let other = ProxyArp { interfaces: Vec::new(), ..value(vec![b, a.clone()]) };
        let facts = Facts::default();
        assert!(ProxyArpKind::equivalent(&facts, &one.key(), &one, &other));
        assert!(!ProxyArpKind::equivalent(&facts, &one.key(), &one, &value(vec![a])));
        let derived = ProxyArpKind::derive(&facts, &one.key(), &one);
        assert_eq!(derived[0].0, "vpp/proxyarp/interface/tap1");
    }

    #[test]
    fn it_waits_for_each_table_once() {
        let ranges = [0, 2, 2, 1].map(|vrf| range("10.0.0.1", "10.0.0.9", vrf)).to_vec();
        let value = value(ranges);
        let found = ProxyArpKind::dependencies(&Facts::default(), &value.key(), &value);
        let labels: Vec<&str> = found.iter().map(|need| &*need.label).collect();
        assert_eq!(labels, ["vrf-table-1-exists", "vrf-table-2-exists"]);
    }

    #[test]
    fn tables_that_are_not_told_are_those_that_are_known() {
        let ends = ("10.0.0.1".parse().unwrap(), "10.0.0.9".parse().unwrap());
        let found = |found: &[u32], known: &[u32]| {
            let mut found: Vec<Range> =
                found.iter().map(|table| range("10.0.0.1", "10.0.0.9", *table)).collect();
            let known = known.iter().map(|table| (ends.0, ends.1, *table));
            let guessed = guess_tables(&mut found, known);
            let tables = |range: &Range| range.vrf_id;
            let guessed: Vec<u32> = guessed.into_iter().map(|known| known.2).collect();
            (found.iter().map(tables).collect::<Vec<_>>(), guessed)
        };
        assert_eq!(found(&[0, 1, 2], &[0, 50, 60]), (vec![0, 50, 60], vec![50, 60]));
        // Where it is set goes before where it is wanted.
        assert_eq!(found(&[1], &[60, 50]), (vec![60], vec![60]));
        assert_eq!(found(&[1, 2], &[60, 60, 50]), (vec![60, 50], vec![50, 60]));
        // Neither is in the table 0 if the other one is.
        assert_eq!(found(&[1], &[0]), (vec![1], vec![]));
        assert_eq!(found(&[0], &[50]), (vec![0], vec![]));
    }

    #[test]
    fn what_is_sent_reads_back_the_same() {
        let range = range("10.0.0.1", "10.0.0.9", 3);
        assert_eq!(from_vpp(&to_vpp(&range).unwrap()), range);
    }
}
