//! Each field of each kind of L2 and L3, and of mirrors, and a change of it.

use ligato_model::Value;
use ligato_proto::vpp::{interfaces::Span, l2, l3};

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

/// A field, a text of the configuration, and what replaces it.
pub(crate) type Field = (&'static str, &'static str, &'static str);

/// Values of one kind.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) message: fn() -> Value,
    /// Name of the descriptor.
    pub(crate) kind: &'static str,
    /// A part of `vppConfig`.
    pub(crate) base: String,
    pub(crate) fields: Vec<Field>,
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
        kind: "vpp-bridge-domain",
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
        kind: "vpp-l2-fib",
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
        kind: "vpp-xconnect",
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
        kind: "vpp-span",
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
        kind: "vpp-vrf-table",
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
        kind: "vpp-route",
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
        kind: "vpp-arp",
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
    ranges: [{vrf_id: 1, first_ip_addr: 10.30.0.3, last_ip_addr: 10.30.0.9}]
";
    Row {
        message: || Value::new(l3::ProxyArp::default()),
        kind: "vpp-proxy-arp",
        base: base.to_owned(),
        fields: vec![
            ("interfaces.name", "name: a", "name: b"),
            ("ranges.first_ip_addr", "10.30.0.3", "10.30.0.2"),
            ("ranges.last_ip_addr", "10.30.0.9", "10.30.0.8"),
            ("ranges.vrf_id", "vrf_id: 1", "vrf_id: 2"),
        ],
    }
}

fn limits_of_neighbours() -> Row {
    Row {
        message: || Value::new(l3::IpScanNeighbor::default()),
        kind: "vpp-ip-scan-neighbor",
        base: "  ipscan_neighbor: {mode: IPV4, max_update: 1000, stale_threshold: 5}\n".to_owned(),
        fields: vec![
            ("mode", "IPV4", "BOTH"),
            ("max_update", "1000", "2000"),
            ("stale_threshold", "stale_threshold: 5", "stale_threshold: 7"),
            ("scan_interval", "stale_threshold: 5", "scan_interval: 6"),
            ("max_proc_time", "max_update", "max_proc_time: 20, max_update"),
            ("scan_int_delay", "max_update", "scan_int_delay: 1, max_update"),
        ],
    }
}

fn dhcp_proxies() -> Row {
    let base = "  dhcp_proxies:
  - {source_ip_address: 10.1.0.1, rx_vrf_id: 1, servers: [{vrf_id: 1, ip_address: 10.3.0.9}]}
";
    Row {
        message: || Value::new(l3::DhcpProxy::default()),
        kind: "dhcp-proxy",
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
        kind: "vpp-l3xc",
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
  - {interface: mp1, peer_addr: 10.12.0.7, next_hop_addr: 10.1.0.7}
";
    Row {
        message: || Value::new(l3::TeibEntry::default()),
        kind: "vpp-teib",
        base: base.to_owned(),
        fields: vec![
            ("interface", "interface: mp1", "interface: mp2"),
            ("peer_addr", "10.12.0.7", "10.12.0.8"),
            ("next_hop_addr", "10.1.0.7", "10.1.0.8"),
            ("vrf_id", "next_hop", "vrf_id: 1, next_hop"),
        ],
    }
}

fn virtual_routers() -> Row {
    let base = "  VRRPEntry_list:
  - {interface: a, vr_id: 7, priority: 120, interval: 1000, preempt: true, ip_addresses: [10.1.0.200], enabled: true}
";
    Row {
        message: || Value::new(l3::VrrpEntry::default()),
        kind: "vrrp",
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

pub(crate) fn rows() -> Vec<Row> {
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

/// The whole configuration with this part.
pub(crate) fn document(kind: &str, part: &str) -> String {
    let (vrfs, rest) = if kind == "vpp-vrf-table" { (part, "") } else { ("", part) };
    format!("vppConfig:{}{rest}", NEEDS.replace("VRFS\n", vrfs))
}
