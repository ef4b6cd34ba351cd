//! Every field of every kind of L2 and L3, and of mirrors: set, read back, changed, undone.
//!
//! For each field there is a configuration and a change of it. An agent makes the one and then the other; a second one,
//! which knows nothing, has to find the change in VPP without a write; a third one, which knows nothing and wants what was
//! before, has to see the difference, unless VPP does not tell the field. When the first one has undone it, everything is
//! as in the beginning. A field that is in no list fails the test. Those of interfaces are tested with their kinds.

use std::collections::BTreeSet;

use ligato_model::Value;
use ligato_proto::vpp::{interfaces::Span, l2, l3};
use ligato_vpp_sim::{Sim, State};

use super::{agent_over, full_resync, unfinished, wishes};

/// What VPP does not tell: the agent takes it to be as it was set.
const KEPT: &[&str] = &[
    "vrf_table.flow_hash_settings.reverse",
    "vrf_table.flow_hash_settings.symmetric",
    "vrf_table.flow_hash_settings.use_dst_ip",
    "vrf_table.flow_hash_settings.use_dst_port",
    "vrf_table.flow_hash_settings.use_protocol",
    "vrf_table.flow_hash_settings.use_src_ip",
    "vrf_table.flow_hash_settings.use_src_port",
];

/// What has no meaning for VPP: a value that sets it is UNSUPPORTED and says so.
const UNSUPPORTED: &[&str] = &["ip_scan_neighbor.max_proc_time", "ip_scan_neighbor.scan_int_delay"];

/// What values of the kinds need.
const NEEDS: &str = r#"
  vrfs:
  - {id: 1, protocol: IPV4, label: red}
  - {id: 1, protocol: IPV6}
  - {id: 2, protocol: IPV4}
  - {id: 2, protocol: IPV6}
VRFS
  interfaces:
  - {name: a, type: SOFTWARE_LOOPBACK, enabled: true, ip_addresses: [10.1.0.1/24, "2001:db8:1::1/64"]}
  - {name: b, type: SOFTWARE_LOOPBACK, enabled: true, ip_addresses: [10.2.0.1/24, "2001:db8:2::1/64"]}
  - {name: c, type: SOFTWARE_LOOPBACK, enabled: true}
  - {name: d, type: SOFTWARE_LOOPBACK, enabled: true}
  - {name: e, type: SOFTWARE_LOOPBACK, enabled: true}
  - {name: red, type: SOFTWARE_LOOPBACK, enabled: true, vrf: 1, ip_addresses: [10.3.0.1/24]}
  - {name: mp1, type: IPIP_TUNNEL, enabled: true, ip_addresses: [10.12.0.1/24], ipip: {tunnel_mode: POINT_TO_MULTIPOINT, src_addr: 10.1.0.1}}
  - {name: mp2, type: IPIP_TUNNEL, enabled: true, ip_addresses: [10.13.0.1/24], ipip: {tunnel_mode: POINT_TO_MULTIPOINT, src_addr: 10.2.0.1}}
"#;

/// Bridge domains for entries of their MAC tables.
const BRIDGES: &str = "  bridge_domains:
  - {name: bd1, forward: true, interfaces: [{name: c}, {name: d}]}
  - {name: bd2, forward: true, interfaces: [{name: e}]}
";

/// Values of one kind.
struct Row {
    message: fn() -> Value,
    /// How its fields are called.
    kind: &'static str,
    /// A part of `vppConfig`.
    base: String,
    /// A field, a text in the above, and what replaces it.
    fields: Vec<(&'static str, &'static str, &'static str)>,
}

fn bridge_domains() -> Row {
    let base = r#"  bridge_domains:
  - name: bd1
    flood: true
    forward: true
    mac_age: 5
    interfaces: [{name: c, split_horizon_group: 1}]
    arp_termination_table: [{ip_address: 10.9.0.1, phys_address: "02:00:00:00:00:01"}]
"#;
    Row {
        message: || Value::new(l2::BridgeDomain::default()),
        kind: "bridge_domain",
        base: base.to_owned(),
        fields: vec![
            ("name", "name: bd1", "name: bd9"),
            ("flood", "flood: true", "flood: false"),
            (
                "unknown_unicast_flood",
                "flood: true",
                "flood: true\n    unknown_unicast_flood: true",
            ),
            ("forward", "forward: true", "forward: false"),
            ("learn", "forward: true", "forward: true\n    learn: true"),
            ("arp_termination", "forward: true", "forward: true\n    arp_termination: true"),
            ("mac_age", "mac_age: 5", "mac_age: 7"),
            ("interfaces.name", "name: c", "name: d"),
            (
                "interfaces.bridged_virtual_interface",
                "{name: c",
                "{name: c, bridged_virtual_interface: true",
            ),
            ("interfaces.split_horizon_group", "group: 1", "group: 2"),
            ("arp_termination_table.ip_address", "10.9.0.1", "10.9.0.2"),
            ("arp_termination_table.phys_address", "00:01", "00:02"),
        ],
    }
}

fn fib_entries() -> Row {
    let entry = r#"  fibs:
  - {bridge_domain: bd1, outgoing_interface: c, phys_address: "02:00:00:00:00:01"}
"#;
    Row {
        message: || Value::new(l2::FibEntry::default()),
        kind: "fib_entry",
        base: BRIDGES.to_owned() + entry,
        fields: vec![
            ("phys_address", "00:01", "00:02"),
            (
                "bridge_domain",
                "bridge_domain: bd1, outgoing_interface: c",
                "bridge_domain: bd2, outgoing_interface: e",
            ),
            ("action", "outgoing_interface: c", "action: DROP"),
            ("outgoing_interface", "outgoing_interface: c", "outgoing_interface: d"),
            (
                "static_config",
                "outgoing_interface: c",
                "outgoing_interface: c, static_config: true",
            ),
            (
                "bridged_virtual_interface",
                "outgoing_interface: c",
                "outgoing_interface: c, bridged_virtual_interface: true",
            ),
        ],
    }
}

fn cross_connects() -> Row {
    Row {
        message: || Value::new(l2::XConnectPair::default()),
        kind: "xconnect_pair",
        base: "  xconnect_pairs:\n  - {receive_interface: c, transmit_interface: d}\n".to_owned(),
        fields: vec![
            ("receive_interface", "receive_interface: c", "receive_interface: e"),
            ("transmit_interface", "transmit_interface: d", "transmit_interface: e"),
        ],
    }
}

fn mirrors() -> Row {
    Row {
        message: || Value::new(Span::default()),
        kind: "span",
        base: "  spans:\n  - {interface_from: a, interface_to: b, direction: BOTH}\n".to_owned(),
        fields: vec![
            ("interface_from", "interface_from: a", "interface_from: c"),
            ("interface_to", "interface_to: b", "interface_to: c"),
            ("direction", "BOTH", "RX"),
            ("is_l2", "BOTH", "BOTH, is_l2: true"),
        ],
    }
}

/// Its base is among what others need.
fn tables() -> Row {
    let base = "  - {id: 3, protocol: IPV4, label: blue, \
                flow_hash_settings: {use_src_ip: true, use_dst_ip: true}}\n";
    let with = "use_dst_ip: true";
    Row {
        message: || Value::new(l3::VrfTable::default()),
        kind: "vrf_table",
        base: base.to_owned(),
        fields: vec![
            ("id", "id: 3", "id: 4"),
            ("protocol", "protocol: IPV4", "protocol: IPV6"),
            ("label", "blue", "green"),
            ("flow_hash_settings.use_src_ip", "use_src_ip: true, ", ""),
            ("flow_hash_settings.use_dst_ip", ", use_dst_ip: true", ""),
            ("flow_hash_settings.use_src_port", with, "use_dst_ip: true, use_src_port: true"),
            ("flow_hash_settings.use_dst_port", with, "use_dst_ip: true, use_dst_port: true"),
            ("flow_hash_settings.use_protocol", with, "use_dst_ip: true, use_protocol: true"),
            ("flow_hash_settings.reverse", with, "use_dst_ip: true, reverse: true"),
            ("flow_hash_settings.symmetric", with, "use_dst_ip: true, symmetric: true"),
        ],
    }
}

fn routes() -> Row {
    let base = "  routes:
  - {dst_network: 20.1.0.0/16, next_hop_addr: 10.1.0.2, outgoing_interface: a, weight: 2, preference: 1}
  - {type: INTER_VRF, dst_network: 20.3.0.0/16, via_vrf_id: 1}
";
    let path = "next_hop_addr: 10.1.0.2, outgoing_interface: a, weight: 2, preference: 1";
    Row {
        message: || Value::new(l3::Route::default()),
        kind: "route",
        base: base.to_owned(),
        fields: vec![
            ("type", path, "type: DROP"),
            ("vrf_id", "{dst_network", "{vrf_id: 1, dst_network"),
            ("dst_network", "20.1.0.0/16", "20.2.0.0/17"),
            ("next_hop_addr", "10.1.0.2", "10.1.0.3"),
            ("outgoing_interface", "outgoing_interface: a", "outgoing_interface: b"),
            ("weight", "weight: 2", "weight: 3"),
            ("preference", "preference: 1", "preference: 2"),
            ("via_vrf_id", "via_vrf_id: 1", "via_vrf_id: 2"),
        ],
    }
}

fn neighbours() -> Row {
    let base = r#"  arps:
  - {interface: a, ip_address: 10.1.0.9, phys_address: "02:00:00:00:00:01", static: true}
"#;
    Row {
        message: || Value::new(l3::ArpEntry::default()),
        kind: "arp_entry",
        base: base.to_owned(),
        fields: vec![
            ("interface", "interface: a", "interface: b"),
            ("ip_address", "10.1.0.9", "10.1.0.8"),
            ("phys_address", "00:01", "00:02"),
            ("static", "static: true", "static: false"),
        ],
    }
}

fn proxy_arps() -> Row {
    let base = "  proxy_arp:
    interfaces: [{name: a}]
    ranges: [{first_ip_addr: 10.30.0.3, last_ip_addr: 10.30.0.9}]
";
    Row {
        message: || Value::new(l3::ProxyArp::default()),
        kind: "proxy_arp",
        base: base.to_owned(),
        fields: vec![
            ("interfaces.name", "name: a", "name: b"),
            ("ranges.first_ip_addr", "10.30.0.3", "10.30.0.2"),
            ("ranges.last_ip_addr", "10.30.0.9", "10.30.0.8"),
            ("ranges.vrf_id", "{first", "{vrf_id: 1, first"),
        ],
    }
}

fn limits_of_neighbours() -> Row {
    Row {
        message: || Value::new(l3::IpScanNeighbor::default()),
        kind: "ip_scan_neighbor",
        base: "  ipscan_neighbor: {mode: IPV4, max_update: 1000, stale_threshold: 5}\n".to_owned(),
        fields: vec![
            ("mode", "IPV4", "BOTH"),
            ("max_update", "1000", "2000"),
            ("stale_threshold", "stale_threshold: 5", "stale_threshold: 7"),
            ("scan_interval", "stale_threshold: 5", "scan_interval: 6"),
        ],
    }
}

fn dhcp_proxies() -> Row {
    let base = "  dhcp_proxies:
  - {source_ip_address: 10.1.0.1, rx_vrf_id: 1, servers: [{vrf_id: 1, ip_address: 10.3.0.9}]}
";
    Row {
        message: || Value::new(l3::DhcpProxy::default()),
        kind: "dhcp_proxy",
        base: base.to_owned(),
        fields: vec![
            ("source_ip_address", "10.1.0.1", "10.2.0.1"),
            ("rx_vrf_id", "rx_vrf_id: 1", "rx_vrf_id: 2"),
            ("servers.vrf_id", "{vrf_id: 1", "{vrf_id: 2"),
            ("servers.ip_address", "10.3.0.9", "10.3.0.8"),
        ],
    }
}

fn l3_cross_connects() -> Row {
    let base = "  l3xconnects:
  - {interface: c, protocol: IPV4, paths: [{outgoing_interface: a, next_hop_addr: 10.1.0.2, weight: 2, preference: 1}]}
";
    Row {
        message: || Value::new(l3::L3xConnect::default()),
        kind: "l3xconnect",
        base: base.to_owned(),
        fields: vec![
            ("interface", "{interface: c", "{interface: d"),
            (
                "protocol",
                "IPV4, paths: [{outgoing_interface: a, next_hop_addr: 10.1.0.2",
                "IPV6, paths: [{outgoing_interface: a, next_hop_addr: \"2001:db8:1::2\"",
            ),
            ("paths.outgoing_interface", "outgoing_interface: a", "outgoing_interface: b"),
            ("paths.next_hop_addr", "10.1.0.2", "10.1.0.3"),
            ("paths.weight", "weight: 2", "weight: 3"),
            ("paths.preference", "preference: 1", "preference: 2"),
        ],
    }
}

fn tunnel_ends() -> Row {
    let base = "  teib_entries:
  - {interface: mp1, peer_addr: 10.12.0.7, next_hop_addr: 10.1.0.7, vrf_id: 1}
";
    Row {
        message: || Value::new(l3::TeibEntry::default()),
        kind: "teib_entry",
        base: base.to_owned(),
        fields: vec![
            ("interface", "interface: mp1", "interface: mp2"),
            ("peer_addr", "10.12.0.7", "10.12.0.8"),
            ("next_hop_addr", "10.1.0.7", "10.1.0.8"),
            ("vrf_id", "vrf_id: 1", "vrf_id: 2"),
        ],
    }
}

fn virtual_routers() -> Row {
    let base = "  VRRPEntry_list:
  - {interface: a, vr_id: 7, priority: 120, interval: 1000, preempt: true, ip_addresses: [10.1.0.200], enabled: true}
";
    Row {
        message: || Value::new(l3::VrrpEntry::default()),
        kind: "vrrp_entry",
        base: base.to_owned(),
        fields: vec![
            ("interface", "{interface: a", "{interface: b"),
            ("vr_id", "vr_id: 7", "vr_id: 8"),
            ("priority", "priority: 120", "priority: 100"),
            ("interval", "interval: 1000", "interval: 2000"),
            ("preempt", "preempt: true", "preempt: false"),
            ("accept", "preempt: true", "preempt: true, accept: true"),
            ("unicast", "enabled: true", "unicast: true"),
            ("ip_addresses", "10.1.0.200", "10.1.0.201"),
            ("enabled", "enabled: true", "enabled: false"),
        ],
    }
}

fn rows() -> Vec<Row> {
    vec![
        bridge_domains(),
        fib_entries(),
        cross_connects(),
        mirrors(),
        tables(),
        routes(),
        neighbours(),
        proxy_arps(),
        limits_of_neighbours(),
        dhcp_proxies(),
        l3_cross_connects(),
        tunnel_ends(),
        virtual_routers(),
    ]
}

/// The configuration with this part.
fn document(kind: &str, part: &str) -> String {
    let (vrfs, rest) = if kind == "vrf_table" { (part, "") } else { ("", part) };
    format!("vppConfig:{}{rest}", NEEDS.replace("VRFS\n", vrfs))
}

/// A new agent over this VPP, which wants this; tells whether it wrote, and what is not as wanted then.
async fn stranger(sim: &Sim, document: &str) -> (bool, Vec<String>) {
    let agent = agent_over(sim).await;
    sim.mark();
    agent.commit(full_resync(wishes(document))).await;
    let left = unfinished(&agent);
    agent.close().await;
    (sim.writes() > 0, left)
}

/// Whether an agent that wants the one sees that the other is there.
async fn is_told(wanted: &str, there: &str) -> bool {
    let sim = Sim::builder().seed(7).start().await.unwrap();
    stranger(&sim, there).await;
    // What is there may be in the way, and not everything may come to be.
    let (wrote, _) = stranger(&sim, wanted).await;
    sim.stop();
    wrote
}

/// Numbers of bridge domains are given out anew.
fn without_numbers(mut state: State) -> State {
    state.bridge_domains.iter_mut().for_each(|domain| domain.id = 0);
    for interface in &mut state.interfaces {
        interface.bridge_domain = interface.bridge_domain.map(|_| 0);
    }
    state.l2_fib.iter_mut().for_each(|entry| entry.0 = 0);
    state
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_is_set_read_back_changed_and_undone() {
    let mut surprises = Vec::new();
    for Row { kind, base, fields, .. } in rows() {
        let sim = Sim::builder().seed(7).start().await.unwrap();
        let before = document(kind, &base);
        let agent = agent_over(&sim).await;
        agent.commit(full_resync(wishes(&before))).await;
        assert_eq!(unfinished(&agent), Vec::<String>::new(), "{kind}");
        agent.close().await;
        let state = without_numbers(sim.state());
        for (field, from, to) in fields {
            let path = format!("{kind}.{field}");
            assert!(base.contains(from), "{path}: {from}");
            let after = document(kind, &base.replacen(from, to, 1));
            let agent = agent_over(&sim).await;
            for (wanted, writes) in [(&before, false), (&after, true)] {
                sim.mark();
                agent.commit(full_resync(wishes(wanted))).await;
                assert_eq!(unfinished(&agent), Vec::<String>::new(), "{path}");
                assert_eq!(sim.writes() > 0, writes, "{path}: {:?}", sim.log());
            }
            let nothing = (false, Vec::<String>::new());
            assert_eq!(stranger(&sim, &after).await, nothing, "{path}: {:?}", sim.log());
            let is_told = is_told(&before, &after).await;
            if is_told == KEPT.contains(&path.as_str()) {
                surprises.push(format!("{path}: VPP tells it: {is_told}"));
            }
            agent.commit(full_resync(wishes(&before))).await;
            assert_eq!(unfinished(&agent), Vec::<String>::new(), "{path}");
            assert_eq!(stranger(&sim, &before).await, nothing, "{path}: {:?}", sim.log());
            assert_eq!(without_numbers(sim.state()), state, "{path}");
            agent.close().await;
        }
        sim.stop();
    }
    assert!(surprises.is_empty(), "{surprises:#?}");
}

#[test]
fn no_field_is_missing() {
    let mut there = BTreeSet::new();
    for row in rows() {
        let mut left = vec![(row.kind.to_owned(), (row.message)().descriptor())];
        while let Some((prefix, message)) = left.pop() {
            for field in message.fields() {
                let path = format!("{prefix}.{}", field.name());
                match field.kind().as_message() {
                    Some(inner) => left.push((path, inner.clone())),
                    None => drop(there.insert(path)),
                }
            }
        }
    }
    let listed = rows().into_iter().flat_map(|row| {
        let kind = row.kind;
        row.fields.into_iter().map(move |(field, ..)| format!("{kind}.{field}"))
    });
    let listed: BTreeSet<String> =
        listed.chain(UNSUPPORTED.iter().map(|path| (*path).to_owned())).collect();
    assert_eq!(listed, there);
}
