//! Every model builds the keys that the original builds, and keys lead back to their models.

use ligato_model::Model;
use ligato_proto::{govppmux, linux, netalloc, registry, vpp};

/// Checks the key of an instance, and that the registry finds model and name from it.
#[track_caller]
fn check<M: Model>(instance: &M, key: &str) {
    assert_eq!(instance.key(), key);
    let registry = registry();
    let stored = format!("/vnf-agent/vpp1/{key}");
    let found = registry.by_key(&stored).map(|(model, name)| (model.proto_name, name));
    assert_eq!(found, Some((M::PROTO_NAME, instance.instance_name().trim_end_matches('/'))));
}

fn s(text: &str) -> String {
    text.to_owned()
}

#[test]
fn netalloc_and_linux() {
    let (network_name, interface_name) = (s("vpp1.tap"), s("linux-tap"));
    check(
        &netalloc::IpAllocation { network_name, interface_name, ..Default::default() },
        "config/netalloc/v1/ip/network/vpp1.tap/interface/linux-tap",
    );
    check(
        &linux::interfaces::Interface { name: s("veth1"), ..Default::default() },
        "config/linux/interfaces/v2/interface/veth1",
    );
    check(
        &linux::l3::ArpEntry {
            interface: s("veth1"),
            ip_address: s("130.0.0.1"),
            ..Default::default()
        },
        "config/linux/l3/v2/arp/veth1/130.0.0.1",
    );
    let route = |dst_network: &str, outgoing_interface: &str| linux::l3::Route {
        dst_network: s(dst_network),
        outgoing_interface: s(outgoing_interface),
        ..Default::default()
    };
    check(&route("192.168.1.77/24", "veth1"), "config/linux/l3/v2/route/192.168.1.0/24/veth1");
    check(
        &route("alloc:net1/memif2", "memif1"),
        "config/linux/l3/v2/route/alloc:net1/memif2/memif1",
    );
    check(
        &linux::iptables::RuleChain { name: s("chain-in"), ..Default::default() },
        "config/linux/iptables/v2/rulechain/chain-in",
    );
}

#[test]
fn vpp_interfaces_acl_abf_and_l2() {
    check(
        &vpp::interfaces::Interface { name: s("memif0/0"), ..Default::default() },
        "config/vpp/v2/interfaces/memif0/0",
    );
    check(
        &vpp::interfaces::Span {
            interface_from: s("tap1"),
            interface_to: s("loop1"),
            ..Default::default()
        },
        "config/vpp/v2/span/tap1/to/loop1",
    );
    check(&vpp::acl::Acl { name: s("acl1"), ..Default::default() }, "config/vpp/acls/v2/acl/acl1");
    check(&vpp::abf::Abf { index: 3, ..Default::default() }, "config/vpp/abfs/v2/abf/3");
    check(
        &vpp::l2::BridgeDomain { name: s("bd1"), ..Default::default() },
        "config/vpp/l2/v2/bridge-domain/bd1",
    );
    check(
        &vpp::l2::FibEntry {
            bridge_domain: s("bd1"),
            phys_address: s("62:89:C6:A3:6D:5C"),
            ..Default::default()
        },
        "config/vpp/l2/v2/fib/bd1/mac/62:89:C6:A3:6D:5C",
    );
    check(
        &vpp::l2::XConnectPair { receive_interface: s("if1"), ..Default::default() },
        "config/vpp/l2/v2/xconnect/if1",
    );
}

fn route(vrf_id: u32, dst: &str, next_hop: &str, interface: &str) -> vpp::l3::Route {
    vpp::l3::Route {
        vrf_id,
        dst_network: s(dst),
        next_hop_addr: s(next_hop),
        outgoing_interface: s(interface),
        ..Default::default()
    }
}

#[test]
fn vpp_routes() {
    for (route, key) in [
        (
            route(0, "10.1.1.3/32", "192.168.1.13", "tap1"),
            "config/vpp/v2/route/if/tap1/vrf/0/dst/10.1.1.3/32/gw/192.168.1.13",
        ),
        (
            route(2, "10.0.0.5/8", "192.168.1.1", ""),
            "config/vpp/v2/route/vrf/2/dst/10.0.0.0/8/gw/192.168.1.1",
        ),
        (route(0, "10.0.0.0/8", "", ""), "config/vpp/v2/route/vrf/0/dst/10.0.0.0/8"),
        (route(0, "2001:DB8:0::1/32", "", ""), "config/vpp/v2/route/vrf/0/dst/2001:db8::/32"),
        (
            route(0, "alloc:net1/if1", "", "if2"),
            "config/vpp/v2/route/if/if2/vrf/0/dst/alloc:net1/if1",
        ),
        (route(0, "10.0.0.1", "", ""), "config/vpp/v2/route/vrf/0/dst/<invalid>/0"),
        (route(0, "0.0.0.0/0", "", ""), "config/vpp/v2/route/vrf/0/dst/0.0.0.0/0"),
        (route(0, "::/0", "", ""), "config/vpp/v2/route/vrf/0/dst/::/0"),
    ] {
        check(&route, key);
    }
}

#[test]
fn vpp_l3() {
    check(
        &vpp::l3::ArpEntry {
            interface: s("tap1"),
            ip_address: s("192.168.10.21"),
            ..Default::default()
        },
        "config/vpp/v2/arp/tap1/192.168.10.21",
    );
    check(&vpp::l3::ProxyArp::default(), "config/vpp/v2/proxyarp-global");
    check(&vpp::l3::IpScanNeighbor::default(), "config/vpp/v2/ipscanneigh-global");
    let protocol = vpp::l3::vrf_table::Protocol::Ipv6.into();
    check(
        &vpp::l3::VrfTable { id: 10, protocol, ..Default::default() },
        "config/vpp/v2/vrf-table/id/10/protocol/IPV6",
    );
    check(
        &vpp::l3::DhcpProxy {
            source_ip_address: s("10.10.1.5"),
            rx_vrf_id: 2,
            ..Default::default()
        },
        "config/vpp/v2/dhcp-proxy/IPv4/rx-vrf/2",
    );
    check(
        &vpp::l3::L3xConnect { interface: s("if1"), ..Default::default() },
        "config/vpp/v2/l3xconnect/if1/protocol/IPV4",
    );
    check(
        &vpp::l3::TeibEntry {
            interface: s("gre1"),
            peer_addr: s("10.0.0.9"),
            ..Default::default()
        },
        "config/vpp/v2/teib/gre1/peer/10.0.0.9",
    );
    check(
        &vpp::l3::VrrpEntry { interface: s("if1"), vr_id: 5, ..Default::default() },
        "config/vpp/v2/vrrp/if1/vrid/5",
    );
}

#[test]
fn vpp_nat() {
    check(&vpp::nat::Nat44Global::default(), "config/vpp/nat/v2/nat44-global");
    check(
        &vpp::nat::DNat44 { label: s("dnat1"), ..Default::default() },
        "config/vpp/nat/v2/dnat44/dnat1",
    );
    check(
        &vpp::nat::Nat44Interface { name: s("if1"), ..Default::default() },
        "config/vpp/nat/v2/nat44-interface/if1",
    );
    let pool = |name: &str, vrf_id, first_ip: &str, last_ip: &str| vpp::nat::Nat44AddressPool {
        name: s(name),
        vrf_id,
        first_ip: s(first_ip),
        last_ip: s(last_ip),
        ..Default::default()
    };
    let prefix = "config/vpp/nat/v2/nat44-pool";
    for (pool, name) in [
        (pool("pool1", 0, "", ""), "pool1"),
        (pool("pool1", 7, "10.0.0.1", "10.0.0.9"), "pool1"),
        (pool("", 0, "10.0.0.1", "10.0.0.9"), "vrf/0/address/10.0.0.1-10.0.0.9"),
        (pool("", u32::MAX, "10.0.0.1", ""), "vrf/4294967295/address/10.0.0.1"),
        // The last address equal to the first is no range.
        (pool("", 0, "10.0.0.1", "10.0.0.1"), "vrf/0/address/10.0.0.1"),
    ] {
        check(&pool, &format!("{prefix}/{name}"));
    }
    check(
        &vpp::nat::Nat44VrfTable { src_vrf_id: 1, ..Default::default() },
        "config/vpp/nat/v2/nat44-vrf/vrfid/1",
    );
    check(
        &vpp::nat::Nat44VrfRoute { src_vrf_id: 1, dest_vrf_id: 2 },
        "config/vpp/nat/v2/nat44-vrf-route/vrfid/1/destvrfid/2",
    );
}

#[test]
fn vpp_ipsec() {
    check(
        &vpp::ipsec::SecurityPolicyDatabase { index: 100, ..Default::default() },
        "config/vpp/ipsec/v2/spd/100",
    );
    check(
        &vpp::ipsec::SecurityPolicy {
            spd_index: 100,
            sa_index: 10,
            is_outbound: true,
            local_addr_start: s("0.0.0.0"),
            local_addr_stop: s("255.255.255.255"),
            remote_addr_start: s("10.0.0.1"),
            remote_addr_stop: s("10.0.0.2"),
            ..Default::default()
        },
        "config/vpp/ipsec/v2/sp/spd/100/sa/10/outbound/local-addresses/0.0.0.0-255.255.255.255\
         /remote-addresses/10.0.0.1-10.0.0.2",
    );
    // Ports, protocol, priority and action do not matter.
    check(
        &vpp::ipsec::SecurityPolicy {
            spd_index: 1,
            sa_index: 2,
            priority: 5,
            protocol: 6,
            local_port_start: 1,
            ..Default::default()
        },
        "config/vpp/ipsec/v2/sp/spd/1/sa/2/inbound/local-addresses/-/remote-addresses/-",
    );
    check(
        &vpp::ipsec::SecurityAssociation { index: 10, ..Default::default() },
        "config/vpp/ipsec/v2/sa/10",
    );
    check(
        &vpp::ipsec::TunnelProtection { interface: s("tun1"), ..Default::default() },
        "config/vpp/ipsec/v2/tun-protect/tun1",
    );
    check(
        &vpp::ipsec::TunnelProtection {
            interface: s("tun1"),
            next_hop_addr: s("10.0.0.7"),
            ..Default::default()
        },
        "config/vpp/ipsec/v2/tun-protect/tun1/nh/10.0.0.7",
    );
}

#[test]
fn vpp_punt_srv6_and_the_rest() {
    let ipv4 = vpp::punt::L3Protocol::Ipv4.into();
    check(
        &vpp::punt::IpRedirect { l3_protocol: ipv4, tx_interface: s("tap1"), ..Default::default() },
        "config/vpp/v2/ipredirect/l3/IPV4/tx/tap1",
    );
    check(
        &vpp::punt::ToHost {
            l3_protocol: ipv4,
            l4_protocol: vpp::punt::L4Protocol::Udp.into(),
            port: 9000,
            ..Default::default()
        },
        "config/vpp/v2/tohost/l3/IPV4/l4/UDP/port/9000",
    );
    check(
        &vpp::punt::Exception { reason: s("ipsec4-spi-0"), ..Default::default() },
        "config/vpp/v2/exception/reason/ipsec4-spi-0",
    );
    check(
        &vpp::srv6::LocalSid { sid: s("a::1"), ..Default::default() },
        "config/vpp/srv6/v2/localsid/a::1",
    );
    check(
        &vpp::srv6::Policy { bsid: s("a::e"), ..Default::default() },
        "config/vpp/srv6/v2/policy/a::e",
    );
    check(
        &vpp::srv6::Steering { name: s("steer1"), ..Default::default() },
        "config/vpp/srv6/v2/steering/steer1",
    );
    check(&vpp::srv6::SRv6Global::default(), "config/vpp/srv6/v2/srv6-global");
    check(&vpp::ipfix::Ipfix::default(), "config/vpp/ipfix/v2/ipfix");
    check(&vpp::ipfix::FlowProbeParams::default(), "config/vpp/ipfix/v2/flowprobe-params");
    check(
        &vpp::ipfix::FlowProbeFeature { interface: s("if1"), ..Default::default() },
        "config/vpp/ipfix/v2/flowprobe-feature/if1",
    );
    // The address of a rule may have a mask, and so a slash.
    check(
        &vpp::stn::Rule { interface: s("eth0"), ip_address: s("10.1.1.3/24") },
        "config/vpp/stn/v2/rule/eth0/ip/10.1.1.3/24",
    );
    check(
        &vpp::wireguard::Peer {
            wg_if_name: s("wg1"),
            endpoint: s("10.10.2.1"),
            port: 12314,
            ..Default::default()
        },
        "config/vpp/wg/v1/peer/wg1/endpoint/10.10.2.1/12314",
    );
    check(&vpp::dns::DnsCache::default(), "config/vpp/dns/v1/dnscache");
    check(&govppmux::Metrics::default(), "metrics/govppmux/v0/stats");
}

#[test]
fn a_next_hop_is_taken_as_it_is_written() {
    let upper = route(0, "fe80::/64", "FE80::1", "").key();
    let lower = route(0, "fe80::/64", "fe80::1", "").key();
    assert_eq!(upper, "config/vpp/v2/route/vrf/0/dst/fe80::/64/gw/FE80::1");
    assert_ne!(upper, lower);
}

#[test]
fn macs_and_sids_are_taken_as_they_are_written() {
    let fib = |mac: &str| {
        vpp::l2::FibEntry { bridge_domain: s("bd1"), phys_address: s(mac), ..Default::default() }
            .key()
    };
    assert_ne!(fib("aa:bb:cc:dd:ee:ff"), fib("AA:BB:CC:DD:EE:FF"));
    let sid = |sid: &str| vpp::srv6::LocalSid { sid: s(sid), ..Default::default() }.key();
    assert_ne!(sid("a::1"), sid("A::1"));
}

#[test]
fn routes_with_an_interface_are_not_under_the_prefix_of_their_vrf() {
    let prefix = "config/vpp/v2/route/vrf/3/";
    assert!(route(3, "10.0.0.0/8", "", "").key().starts_with(prefix));
    assert!(!route(3, "10.0.0.0/8", "", "if1").key().starts_with(prefix));
}

#[test]
fn a_dhcp_proxy_is_known_by_version_and_vrf_only() {
    let key = |address: &str| {
        vpp::l3::DhcpProxy { source_ip_address: s(address), ..Default::default() }.key()
    };
    assert_eq!(key("10.0.0.1"), key("10.0.0.2"));
    assert_eq!(key("fe80::1"), "config/vpp/v2/dhcp-proxy/IPv6/rx-vrf/0");
    assert_eq!(key("no address"), "config/vpp/v2/dhcp-proxy/<invalid>/rx-vrf/0");
}

#[test]
fn an_unset_port_of_a_peer_is_zero() {
    let peer =
        vpp::wireguard::Peer { wg_if_name: s("wg1"), endpoint: s("e"), ..Default::default() };
    assert_eq!(peer.key(), "config/vpp/wg/v1/peer/wg1/endpoint/e/0");
}

#[test]
fn the_instance_name_is_not_cleaned_but_the_key_is() {
    let route = route(0, "10.0.0.0/8", "", "");
    assert_eq!(route.instance_name(), "vrf/0/dst/10.0.0.0/8/");
    assert_eq!(vpp::l3::Route::key_of(&route.instance_name()), route.key());
    let key = |name: &str| vpp::interfaces::Interface { name: s(name), ..Default::default() }.key();
    assert_eq!(key("a//b/"), key("a/b"));
    let arp = vpp::l3::ArpEntry { ip_address: s("10.0.0.1"), ..Default::default() };
    assert_eq!(arp.key(), "config/vpp/v2/arp/10.0.0.1");
}

#[test]
fn an_enum_number_without_a_name_is_printed_as_number() {
    let table = vpp::l3::VrfTable { id: 1, protocol: 7, ..Default::default() };
    assert_eq!(table.key(), "config/vpp/v2/vrf-table/id/1/protocol/7");
}

#[test]
fn keys_without_a_model_are_not_found() {
    let registry = registry();
    for key in [
        "config/vpp/v2/interface/loop1",
        "config/vpp/v2/interfaces",
        "status/vpp/v2/interfaces/loop1",
        "config/vpp/nat/v2/nat44-global/settings",
        "vpp/interface/loop1/link-state/UP",
        "/vnf-agent/vpp1/",
        "",
    ] {
        assert!(registry.by_key(key).is_none(), "{key}");
    }
}
