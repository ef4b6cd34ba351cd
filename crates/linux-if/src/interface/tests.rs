//! The pure half of the interface kind.

use std::collections::HashMap;
use std::sync::Arc;

use ipnet::IpNet;
use ligato_kvs_api::{Descriptor, Target};
use ligato_linux_ctx::{LinuxFacts, NetNs, TapSupport};
use ligato_model::Model;
use ligato_netlink::{ChecksumOffload, Link, LinkCounters, LinkKind, Offload, OperState};
use ligato_proto::linux::interfaces::interface::{Link as LinkOf, Type};
use ligato_proto::linux::interfaces::veth_link::ChecksumOffloading;
use ligato_proto::linux::interfaces::{Interface, TapLink, VethLink, VrfDevLink};
use ligato_proto::linux::namespace::NetNamespace;
use ligato_proto::linux::namespace::net_namespace::ReferenceType;

use super::LinuxInterface;
use super::retrieve::{Expected, Found, View, interpret};
use super::veth::parked_name;

const PREFIX: &str = "/vnf-agent/vpp1/";

fn facts() -> LinuxFacts {
    LinuxFacts { taps: TapSupport::Available, alias_prefix: Arc::from(PREFIX) }
}

fn interface(name: &str, kind: Type) -> Interface {
    Interface { name: name.into(), r#type: kind.into(), enabled: true, ..Interface::default() }
}

fn veth(name: &str, peer: &str) -> Interface {
    let link = VethLink { peer_if_name: peer.into(), ..VethLink::default() };
    Interface { link: Some(LinkOf::Veth(link)), ..interface(name, Type::Veth) }
}

fn vrf(name: &str, table: u32) -> Interface {
    let link = VrfDevLink { routing_table: table };
    Interface { link: Some(LinkOf::VrfDev(link)), ..interface(name, Type::VrfDevice) }
}

fn tap(name: &str, vpp_tap: &str) -> Interface {
    let link = TapLink { vpp_tap_if_name: vpp_tap.into() };
    Interface { link: Some(LinkOf::Tap(link)), ..interface(name, Type::TapToVpp) }
}

fn ns(kind: ReferenceType, reference: &str) -> Option<NetNamespace> {
    Some(NetNamespace { r#type: kind.into(), reference: reference.into() })
}

// === validation ===

fn bad_fields(value: &Interface) -> Vec<String> {
    match LinuxInterface::validate(&facts(), &value.key(), value) {
        Ok(()) => Vec::new(),
        Err(invalid) => invalid.field_names(),
    }
}

#[test]
fn sound_configurations_pass() {
    for value in [
        veth("a", "b"),
        vrf("vrf1", 10),
        tap("t", "vpp-t"),
        interface("d", Type::Dummy),
        interface("a-loopback-with-a-long-logical-name", Type::Loopback),
        interface("e", Type::Existing),
        Interface { host_if_name: "eth0".into(), ..interface(&"n".repeat(64), Type::Dummy) },
        Interface { namespace: ns(ReferenceType::Nsid, "red"), ..veth("a", "b") },
        Interface { phys_address: "AA:BB:CC:DD:EE:FF".into(), ..veth("a", "b") },
    ] {
        assert_eq!(bad_fields(&value), Vec::<String>::new(), "{value:?}");
    }
}

#[test]
fn bad_fields_are_named() {
    let veth_link = || Some(LinkOf::Veth(VethLink::default()));
    for (value, fields) in [
        (interface("", Type::Dummy), vec!["name"]),
        (interface("x", Type::Undefined), vec!["type"]),
        (interface(&"n".repeat(64), Type::Dummy), vec!["name"]),
        (Interface { host_if_name: "a/b".into(), ..veth("a", "b") }, vec!["host_if_name"]),
        (Interface { namespace: ns(ReferenceType::Nsid, ""), ..veth("a", "b") }, vec!["namespace"]),
        (
            Interface { namespace: ns(ReferenceType::Undefined, "x"), ..veth("a", "b") },
            vec!["namespace"],
        ),
        (Interface { namespace: ns(ReferenceType::Pid, "x"), ..veth("a", "b") }, vec!["namespace"]),
        (Interface { phys_address: "aa:bb".into(), ..veth("a", "b") }, vec!["phys_address"]),
        // A link of another type, or none where one is needed.
        (Interface { link: veth_link(), ..interface("x", Type::Dummy) }, vec!["link"]),
        (Interface { link: veth_link(), ..interface("x", Type::Existing) }, vec!["link"]),
        (Interface { link: veth_link(), ..interface("x", Type::Loopback) }, vec!["link"]),
        (Interface { link: vrf("v", 1).link, ..interface("x", Type::Dummy) }, vec!["link"]),
        (interface("x", Type::Veth), vec!["link"]),
        (interface("x", Type::TapToVpp), vec!["link"]),
        (interface("x", Type::VrfDevice), vec!["link"]),
        (veth("a", ""), vec!["peer_if_name"]),
        (tap("a", ""), vec!["vpp_tap_if_name"]),
        (
            Interface {
                namespace: ns(ReferenceType::Nsid, "red"),
                ..interface("e", Type::Existing)
            },
            vec!["namespace"],
        ),
        (
            Interface {
                link_only: true,
                ip_addresses: vec!["10.0.0.1/24".into(), "alloc:net1".into()],
                ..interface("e", Type::Existing)
            },
            vec!["type", "link_only", "ip_addresses[1]"],
        ),
        (
            Interface { phys_address: "02:00:00:00:00:01".into(), ..vrf("v", 1) },
            vec!["type", "phys_address"],
        ),
        (
            Interface { vrf_master_interface: "w".into(), ..vrf("v", 1) },
            vec!["type", "vrf_master_interface"],
        ),
    ] {
        assert_eq!(bad_fields(&value), fields, "{value:?}");
    }
}

#[test]
fn an_alias_that_would_not_fit_is_refused() {
    let value = Interface { host_if_name: "a".into(), ..veth(&"n".repeat(130), &"m".repeat(130)) };
    assert_eq!(bad_fields(&value), ["name"]);
}

#[test]
fn without_vpp_there_are_no_taps() {
    let facts = LinuxFacts { taps: TapSupport::Absent, ..facts() };
    let value = tap("t", "vpp-t");
    assert!(LinuxInterface::validate(&facts, &value.key(), &value).is_err());
}

// === comparison ===

fn equal(old: &Interface, new: &Interface) -> bool {
    LinuxInterface::equivalent(&facts(), &new.key(), old, new)
}

#[test]
fn defaults_are_equal_to_what_they_stand_for() {
    let a = veth("a", "b");
    let enabled = VethLink {
        peer_if_name: "b".into(),
        rx_checksum_offloading: ChecksumOffloading::ChksmOffloadEnabled.into(),
        ..VethLink::default()
    };
    for same in [
        Interface { host_if_name: "a".into(), ..a.clone() },
        Interface { mtu: 1500, ..a.clone() },
        Interface { ip_addresses: vec!["10.0.0.1/24".into()], ..a.clone() },
        Interface { vrf_master_interface: "v".into(), ..a.clone() },
        Interface { link: Some(LinkOf::Veth(enabled)), ..a.clone() },
        Interface { phys_address: "02:00:00:00:00:01".into(), ..a.clone() },
    ] {
        assert!(equal(&same, &a), "{same:?}");
    }
    let mac = |text: &str| Interface { phys_address: text.into(), ..a.clone() };
    assert!(equal(&mac("aa:00:00:00:00:01"), &mac("AA:00:00:00:00:01")));
    assert!(!equal(&mac("aa:00:00:00:00:01"), &mac("aa:00:00:00:00:02")));
    let care_not = |text: &str| Interface { link_only: true, ..mac(text) };
    assert!(equal(&care_not("aa:00:00:00:00:01"), &care_not("aa:00:00:00:00:02")));
    for other in [
        Interface { host_if_name: "x".into(), ..a.clone() },
        Interface { mtu: 1400, ..a.clone() },
        Interface { enabled: false, ..a.clone() },
        Interface { link_only: true, ..a.clone() },
        Interface { namespace: ns(ReferenceType::Nsid, "red"), ..a.clone() },
        veth("a", "c"),
    ] {
        assert!(!equal(&a, &other), "{other:?}");
    }
}

#[test]
fn the_mtu_of_a_vrf_device_depends_on_the_kernel() {
    let found = |mtu| Interface { mtu, ..vrf("v", 1) };
    assert!(equal(&found(65536), &vrf("v", 1)) && equal(&found(65575), &vrf("v", 1)));
    assert!(!equal(&found(1500), &vrf("v", 1)));
    assert!(!equal(&found(65536), &found(1500)));
}

#[test]
fn of_an_existing_link_only_the_name_matters() {
    let found = Interface { mtu: 9000, enabled: true, ..interface("e", Type::Existing) };
    assert!(equal(&found, &interface("e", Type::Existing)));
}

#[test]
fn what_needs_a_new_link() {
    let meta = ligato_linux_ctx::InterfaceMeta {
        link_index: 1,
        vpp_tap: None,
        namespace: NetNs::Default,
        host_name: "a".into(),
        vrf_master: None,
        vrf_table: None,
    };
    let recreate = |old: &Interface, new: &Interface| {
        LinuxInterface::needs_recreate(&facts(), &new.key(), old, new, &meta)
    };
    let a = veth("a", "b");
    let mut off = a.clone();
    if let Some(LinkOf::Veth(link)) = &mut off.link {
        link.tx_checksum_offloading = ChecksumOffloading::ChksmOffloadDisabled.into();
    }
    for in_place in [
        Interface { host_if_name: "x".into(), ..a.clone() },
        Interface { mtu: 1400, enabled: false, ..a.clone() },
        off,
    ] {
        assert!(!recreate(&a, &in_place), "{in_place:?}");
    }
    for anew in [
        veth("a", "c"),
        interface("a", Type::Dummy),
        Interface { link_only: true, ..a.clone() },
        Interface { namespace: ns(ReferenceType::Nsid, "red"), ..a.clone() },
    ] {
        assert!(recreate(&a, &anew), "{anew:?}");
    }
    assert!(recreate(&vrf("v", 1), &vrf("v", 2)));
    assert!(recreate(&tap("t", "x"), &tap("t", "y")));
}

// === derived values and dependencies ===

fn derived(value: &Interface) -> Vec<String> {
    let derived = LinuxInterface::derive(&facts(), &value.key(), value);
    derived.into_iter().map(|(key, _)| key.to_string()).collect()
}

#[test]
fn what_is_derived() {
    let value = Interface {
        ip_addresses: vec!["10.0.0.1/24".into(), "alloc:net1".into()],
        vrf_master_interface: "v".into(),
        ..veth("a", "b")
    };
    assert_eq!(
        derived(&value),
        [
            "linux/interface/state/a/UP",
            "linux/interface/a/vrf/v",
            "linux/interface/a/address/static/10.0.0.1/24",
            "linux/interface/a/address/alloc_ref/alloc:net1",
        ]
    );
    let value = Interface { link_only: true, enabled: false, ..value };
    assert_eq!(derived(&value), ["linux/interface/state/a/DOWN", "linux/interface/a/vrf/v"]);
    let value = Interface {
        link_only: true,
        ip_addresses: vec!["10.0.0.1/24".into()],
        ..interface("e", Type::Existing)
    };
    assert_eq!(
        derived(&value),
        ["linux/interface/state/e/UP", "linux/interface/e/address/existing/10.0.0.1/24"]
    );
}

#[test]
fn derived_values_carry_only_what_they_need() {
    let value = Interface {
        ip_addresses: vec!["10.0.0.1/24".into(), "10.0.0.2/24".into()],
        mtu: 1400,
        host_if_name: "eth0".into(),
        ..veth("a", "b")
    };
    let derived = LinuxInterface::derive(&facts(), &value.key(), &value);
    let address: &Interface = derived[2].1.downcast_ref().unwrap();
    let expected = Interface {
        name: "a".into(),
        r#type: Type::Veth.into(),
        host_if_name: "eth0".into(),
        ip_addresses: vec!["10.0.0.2/24".into()],
        ..Interface::default()
    };
    assert_eq!(*address, expected);
}

#[test]
fn what_it_waits_for() {
    let needs = |value: &Interface| -> Vec<String> {
        LinuxInterface::dependencies(&facts(), &value.key(), value)
            .into_iter()
            .map(|d| match d.target {
                Target::Key(key) => format!("{} {key}", d.label),
                other => panic!("unexpected {other}"),
            })
            .collect()
    };
    assert_eq!(
        needs(&Interface { namespace: ns(ReferenceType::Microservice, "ms1"), ..veth("a", "b") }),
        [
            "veth-peer-exists config/linux/interfaces/v2/interface/b",
            "microservice-available linux/microservice/ms1",
        ]
    );
    assert_eq!(needs(&tap("t", "x")), ["vpp-tap-interface-exists config/vpp/v2/interfaces/x"]);
    let existing = Interface { host_if_name: "eth0".into(), ..interface("e", Type::Existing) };
    assert_eq!(needs(&existing), ["host-interface-exists linux/interface/host-name/eth0"]);
    assert!(needs(&vrf("v", 1)).is_empty());
}

// === reading back ===

fn link(index: u32, name: &str, kind: LinkKind, mark: &str) -> Link {
    Link {
        index,
        name: name.into(),
        kind,
        alias: Some(mark.into()).filter(|mark: &String| !mark.is_empty()),
        mtu: 1500,
        mac: "02:00:00:00:00:01".parse().ok(),
        admin_up: true,
        oper: OperState::Up,
        master: None,
        peer: None,
        counters: LinkCounters::default(),
    }
}

fn view(reference: NetNs, links: Vec<Link>) -> View {
    View { references: vec![reference], links, addresses: HashMap::new(), offload: HashMap::new() }
}

fn read(wanted: &[Interface], views: &[View]) -> Vec<Found> {
    let expected: Expected = wanted.iter().map(|i| (i.name.clone(), i.clone())).collect();
    let resolve = |_: &str, text: &str| match text {
        "alloc:net1" => "192.168.1.1/24".parse().ok(),
        other => other.parse().ok(),
    };
    interpret(PREFIX, &expected, views, &resolve)
}

fn names(found: &[Found]) -> Vec<&str> {
    found.iter().map(|found| found.value.name.as_str()).collect()
}

#[test]
fn a_pair_in_two_namespaces_reads_as_configured() {
    let wanted = [
        Interface { host_if_name: "eth0".into(), ..veth("a", "b") },
        Interface { namespace: ns(ReferenceType::Nsid, "red"), ..veth("b", "a") },
    ];
    let a = link(5, "eth0", LinkKind::Veth, "/vnf-agent/vpp1/a/b");
    let b = link(5, "b", LinkKind::Veth, "/vnf-agent/vpp1/b/a");
    let views = [view(NetNs::Default, vec![a]), view(NetNs::Named("red".into()), vec![b])];
    let found = read(&wanted, &views);
    assert_eq!(names(&found), ["a", "b"], "the same index in two namespaces is two links");
    for (found, wanted) in found.iter().zip(&wanted) {
        assert!(equal(&found.value, wanted), "{found:?}");
    }
    assert_eq!(found[1].meta.namespace, NetNs::Named("red".into()));
}

#[test]
fn links_of_others_are_invisible() {
    let views = [view(
        NetNs::Default,
        vec![
            link(2, "eth0", LinkKind::Physical, ""),
            link(3, "x", LinkKind::Dummy, "/vnf-agent/vpp10/x"),
            link(4, "y", LinkKind::Dummy, "unconfigured"),
            link(5, "z", LinkKind::Dummy, "/vnf-agent/vpp1/"),
            link(6, "br", LinkKind::Bridge, "/vnf-agent/vpp1/br"),
        ],
    )];
    assert!(read(&[], &views).is_empty());
}

#[test]
fn every_kind_is_recognised() {
    let views = [view(
        NetNs::Default,
        vec![
            link(1, "lo", LinkKind::Loopback, "/vnf-agent/vpp1/lo1"),
            link(2, "d", LinkKind::Dummy, "/vnf-agent/vpp1/dummy/1"),
            link(3, "v", LinkKind::Vrf { table: 10 }, "/vnf-agent/vpp1/vrf1"),
            link(4, "t", LinkKind::Tun, "/vnf-agent/vpp1/tap1/vpp-tap/tap0"),
        ],
    )];
    let found = read(&[], &views);
    let kinds: Vec<_> = found.iter().map(|f| (f.value.name.as_str(), f.value.r#type())).collect();
    assert_eq!(
        kinds,
        [
            ("lo1", Type::Loopback),
            ("dummy/1", Type::Dummy),
            ("vrf1", Type::VrfDevice),
            ("tap1", Type::TapToVpp),
        ]
    );
    assert_eq!(found[2].value.link, vrf("", 10).link);
    assert_eq!(found[3].meta.vpp_tap.as_deref(), Some("vpp-tap"));
    for Found { value, .. } in &found {
        assert!(bad_fields(value).is_empty(), "{value:?} could be configured like that");
    }
}

#[test]
fn addresses_are_spelled_as_the_configuration_does() {
    let wanted = Interface {
        ip_addresses: vec!["2001:DB8::1/64".into(), "alloc:net1".into()],
        ..interface("d", Type::Dummy)
    };
    let mut one = view(NetNs::Default, vec![link(2, "d", LinkKind::Dummy, "/vnf-agent/vpp1/d")]);
    let nets = ["2001:db8::1/64", "192.168.1.1/24", "10.0.0.9/8"];
    let nets: Vec<IpNet> = nets.iter().map(|net| net.parse().unwrap()).collect();
    one.addresses.insert(2, nets);
    let found = read(&[wanted], &[one]);
    assert_eq!(found[0].value.ip_addresses, ["2001:DB8::1/64", "alloc:net1", "10.0.0.9/8"]);
}

#[test]
fn existing_links_are_found_by_name_and_their_vrf_by_index() {
    let wanted = [
        Interface { host_if_name: "blue".into(), ..interface("existing-vrf", Type::Existing) },
        Interface { link_only: true, ..interface("eth0", Type::Existing) },
        interface("missing", Type::Existing),
    ];
    let member = Link { master: Some(7), ..link(2, "eth0", LinkKind::Physical, "") };
    let device = link(7, "blue", LinkKind::Vrf { table: 10 }, "");
    let found = read(&wanted, &[view(NetNs::Default, vec![member, device])]);
    assert_eq!(names(&found), ["eth0", "existing-vrf"]);
    assert_eq!(found[0].value.vrf_master_interface, "existing-vrf");
    assert!(found[0].value.link_only);
    assert_eq!(found[1].meta.vrf_table, Some(10));
}

#[test]
fn an_existing_link_is_as_it_is_wanted() {
    let wanted = Interface { enabled: false, ..interface("eth0", Type::Existing) };
    let links = vec![link(2, "eth0", LinkKind::Physical, "")];
    let found = read(std::slice::from_ref(&wanted), &[view(NetNs::Default, links)]);
    assert!(equal(&found[0].value, &wanted));
    assert_eq!(derived(&found[0].value), ["linux/interface/state/eth0/DOWN"]);
}

#[test]
fn a_bridge_is_not_taken_for_a_vrf() {
    let wanted = [interface("br0", Type::Existing), interface("eth0", Type::Existing)];
    let member = Link { master: Some(7), ..link(2, "eth0", LinkKind::Physical, "") };
    let found =
        read(&wanted, &[view(NetNs::Default, vec![member, link(7, "br0", LinkKind::Bridge, "")])]);
    assert!(found.iter().all(|f| f.value.vrf_master_interface.is_empty()));
}

#[test]
fn ends_that_do_not_fit_get_names_that_nobody_wants() {
    let end = |index, host: &str, name: &str, peer: &str| {
        link(index, host, LinkKind::Veth, &format!("{PREFIX}{name}/{peer}"))
    };
    let lonely = [view(NetNs::Default, vec![end(2, "a", "a", "b")])];
    let found = read(&[veth("a", "b")], &lonely);
    assert_eq!(names(&found), ["a-MISSING_PEER"]);
    assert_eq!(found[0].value.link, None);

    let crossed = [view(NetNs::Default, vec![end(2, "a", "a", "b"), end(3, "b", "b", "c")])];
    assert_eq!(names(&read(&[], &crossed)), ["a-MISSING_PEER", "b-MISSING_PEER"]);

    let twice = [view(NetNs::Default, vec![end(2, "a", "a", "b"), end(3, "x", "a", "b")])];
    assert_eq!(names(&read(&[], &twice)), ["a-DUPLICATE0", "a-DUPLICATE1"]);
}

#[test]
fn a_parked_end_is_not_there_and_a_parked_pair_goes() {
    let end = |index, host: &str, name: &str, peer: &str| {
        link(index, host, LinkKind::Veth, &format!("{PREFIX}{name}/{peer}"))
    };
    let parked = |index, name: &str, peer: &str| end(index, &parked_name(name), name, peer);
    let one = [view(NetNs::Default, vec![end(2, "a", "a", "b"), parked(3, "b", "a")])];
    assert_eq!(names(&read(&[], &one)), ["a"]);
    let both = [view(NetNs::Default, vec![parked(2, "a", "b"), parked(3, "b", "a")])];
    assert_eq!(names(&read(&[], &both)), ["a-MISSING_PEER", "b-MISSING_PEER"]);
}

#[test]
fn offload_is_told_only_where_it_is_off() {
    let mut one = view(
        NetNs::Default,
        vec![
            link(2, "a", LinkKind::Veth, "/vnf-agent/vpp1/a/b"),
            link(3, "b", LinkKind::Veth, "/vnf-agent/vpp1/b/a"),
        ],
    );
    one.offload.insert(2, ChecksumOffload { rx: Offload::On, tx: Offload::Off });
    let found = read(&[], &[one]);
    let Some(LinkOf::Veth(read)) = &found[0].value.link else { panic!("no veth") };
    assert_eq!(read.rx_checksum_offloading(), ChecksumOffloading::ChksmOffloadDefault);
    assert_eq!(read.tx_checksum_offloading(), ChecksumOffloading::ChksmOffloadDisabled);
}

#[test]
fn the_reference_is_the_one_that_the_configuration_uses() {
    let mut one =
        view(NetNs::Named("red".into()), vec![link(2, "d", LinkKind::Dummy, "/vnf-agent/vpp1/d")]);
    one.references.push(NetNs::Process(17));
    let wanted =
        Interface { namespace: ns(ReferenceType::Pid, "17"), ..interface("d", Type::Dummy) };
    assert_eq!(read(&[wanted], &[one])[0].meta.namespace, NetNs::Process(17));
}
