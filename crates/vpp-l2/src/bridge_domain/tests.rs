//! Tests of bridge domains without a VPP.

use ligato_vpp_api::List;
use ligato_vpp_api::msg::l2::BridgeDomainSwIf;

use super::*;

fn entry(ip: &str, mac: &str) -> ArpTerminationEntry {
    ArpTerminationEntry { ip_address: ip.into(), phys_address: mac.into() }
}

fn member(name: &str) -> Interface {
    Interface { name: name.into(), ..Default::default() }
}

fn check(value: &BridgeDomain) -> Result<(), Vec<String>> {
    BridgeDomainKind::validate(&Facts::default(), &value.key(), value)
        .map_err(|invalid| invalid.field_names())
}

#[test]
fn every_wrong_field_is_named() {
    let bvi = |name| Interface { bridged_virtual_interface: true, ..member(name) };
    let value = BridgeDomain {
        mac_age: 256,
        interfaces: vec![bvi("a"), bvi("b"), member("a")],
        arp_termination_table: vec![entry("10.0.0.300", "02:00")],
        ..Default::default()
    };
    let fields = check(&value).unwrap_err();
    assert_eq!(
        fields,
        [
            "name",
            "mac_age",
            "interfaces[2].name",
            "interfaces.bridged_virtual_interface",
            "arp_termination_table[0].ip_address",
            "arp_termination_table[0].phys_address",
        ]
    );
}

#[test]
fn a_name_must_fit_the_tag() {
    let named = |length| BridgeDomain { name: "b".repeat(length), ..Default::default() };
    assert_eq!(check(&named(63)), Ok(()));
    assert_eq!(check(&named(64)), Err(vec!["name".to_owned()]));
}

#[test]
fn the_arp_table_is_a_set_and_spelling_does_not_matter() {
    let one = BridgeDomain {
        arp_termination_table: vec![
            entry("10.0.0.1", "02:FE:00:00:00:01"),
            entry("2001:db8::1", "02:fe:00:00:00:02"),
        ],
        ..Default::default()
    };
    let other = BridgeDomain {
        arp_termination_table: vec![
            entry("2001:DB8:0::1", "02:fe:00:00:00:02"),
            entry("10.0.0.1", "02:fe:00:00:00:01"),
        ],
        interfaces: vec![member("ignored")],
        ..Default::default()
    };
    assert!(BridgeDomainKind::equivalent(&Facts::default(), &one.key(), &one, &other));
}

#[test]
fn obsolete_arp_entries_go_before_new_ones_come() {
    let table = |entries: &[(&str, &str)]| {
        let entries = entries.iter().map(|(ip, mac)| entry(ip, mac)).collect();
        arp_table(&BridgeDomain { arp_termination_table: entries, ..Default::default() })
    };
    let old = table(&[("10.0.0.1", "02:fe:00:00:00:01"), ("10.0.0.2", "02:fe:00:00:00:02")]);
    let new = table(&[("10.0.0.1", "02:fe:00:00:00:09"), ("10.0.0.2", "02:fe:00:00:00:02")]);
    let changes = arp_table_changes(7, &old, &new);
    let changes: Vec<_> = changes
        .iter()
        .map(|change| (change.is_add, change.entry.ip.to_string(), change.entry.mac.0[5]))
        .collect();
    assert_eq!(changes, [(false, "10.0.0.1".into(), 1), (true, "10.0.0.1".into(), 9)]);
}

#[test]
fn what_is_sent_reads_back_the_same() {
    let value = BridgeDomain {
        name: "bd1".into(),
        flood: true,
        forward: true,
        mac_age: 10,
        interfaces: vec![Interface {
            name: "loop1".into(),
            bridged_virtual_interface: true,
            split_horizon_group: 3,
        }],
        arp_termination_table: vec![entry("10.0.0.1", "02:fe:00:00:00:01")],
        ..Default::default()
    };
    let sent = to_vpp(&value, 5, Direction::Create).unwrap();
    let member = BridgeDomainSwIf { context: 0, sw_if_index: InterfaceIndex(9), shg: 3 };
    let stranger = BridgeDomainSwIf { sw_if_index: InterfaceIndex(10), ..member };
    let details = BridgeDomainDetails {
        bd_id: sent.bd_id,
        flood: sent.flood,
        uu_flood: sent.uu_flood,
        forward: sent.forward,
        learn: sent.learn,
        arp_term: sent.arp_term,
        arp_ufwd: sent.arp_ufwd,
        mac_age: sent.mac_age,
        bd_tag: sent.bd_tag,
        bvi_sw_if_index: InterfaceIndex(9),
        uu_fwd_sw_if_index: InterfaceIndex::NONE,
        sw_if_details: List::new(vec![member, stranger]).unwrap(),
    };
    let table = arp_table_changes(5, &BTreeSet::new(), &arp_table(&value));
    let table = table.into_iter().map(|change| change.entry).collect();
    let name = |index: InterfaceIndex| (index.0 == 9).then(|| "loop1".to_owned());
    assert_eq!(from_vpp(details, table, name), value);
}
