//! What is configured beside interfaces and routes: proxies, clients, mirrors, virtual routers.

use ligato_vpp_api::msg::arp::*;
use ligato_vpp_api::msg::dhcp::*;
use ligato_vpp_api::msg::ip_neighbor::*;
use ligato_vpp_api::msg::ipip::{IpipAddTunnel, IpipDelTunnel, IpipTunnel};
use ligato_vpp_api::msg::l3xc::*;
use ligato_vpp_api::msg::rd_cp::Ip6NdAddressAutoconfig;
use ligato_vpp_api::msg::span::*;
use ligato_vpp_api::msg::teib::*;
use ligato_vpp_api::msg::vrrp::*;

use super::*;

const ALL: InterfaceIndex = InterfaceIndex::NONE;

fn at(text: &str) -> Address {
    Address(ip(text))
}

fn ip4(text: &str) -> Ip4Address {
    Ip4Address(text.parse().unwrap())
}

pub(crate) fn proxy_arp(r: &mut Record) {
    let one = loopback(r);
    table(r, true, 5, false, "");
    let range = |is_add, table_id, low: &str, hi: &str| ProxyArpAddDel {
        is_add,
        proxy: ProxyArp { table_id, low: ip4(low), hi: ip4(hi) },
    };
    for request in [
        range(true, 0, "10.0.0.1", "10.0.0.9"),
        range(true, 5, "10.0.0.1", "10.0.0.9"),
        range(true, 0, "10.0.0.1", "10.0.0.9"),
        range(true, 0, "10.0.0.5", "10.0.0.7"),
        range(true, 0, "10.1.0.9", "10.1.0.1"),
        range(true, 6, "10.2.0.1", "10.2.0.1"),
        range(false, 0, "10.3.0.1", "10.3.0.2"),
        range(false, 6, "10.2.0.1", "10.2.0.1"),
    ] {
        r.call(&request);
        r.dump(&ProxyArpDump {});
    }
    for (sw_if_index, enable) in [(one, true), (one, true), (NOWHERE, true), (LOCAL0, true)] {
        r.call(&ProxyArpIntfcEnableDisable { sw_if_index, enable });
    }
    r.dump(&ProxyArpIntfcDump {});
    for (sw_if_index, enable) in [(one, false), (one, false), (LOCAL0, false), (NOWHERE, false)] {
        r.call(&ProxyArpIntfcEnableDisable { sw_if_index, enable });
    }
    r.dump(&ProxyArpIntfcDump {});
    r.call(&range(false, 0, "10.0.0.1", "10.0.0.9"));
    r.call(&range(false, 0, "10.0.0.5", "10.0.0.7"));
    r.call(&range(false, 5, "10.0.0.1", "10.0.0.9"));
    r.dump(&ProxyArpDump {});
    table(r, false, 5, false, "");
    delete(r, one);
}

pub(crate) fn dhcp_proxies(r: &mut Record) {
    let tables = [(5, false), (6, true)];
    tables.iter().for_each(|(id, is_ip6)| table(r, true, *id, *is_ip6, ""));
    let dumps = |r: &mut Record| {
        for is_ip6 in [false, true] {
            r.dump(&DhcpProxyDump { is_ip6 });
        }
    };
    let proxy = |is_add, rx_vrf_id, server_vrf_id, server: &str, source: &str| DhcpProxyConfig {
        is_add,
        rx_vrf_id,
        server_vrf_id,
        dhcp_server: at(server),
        dhcp_src_address: at(source),
    };
    for request in [
        proxy(true, 0, 0, "10.0.0.1", "10.0.0.9"),
        proxy(true, 0, 0, "10.0.0.1", "10.0.0.9"),
        proxy(true, 0, 5, "10.0.0.2", "10.0.0.9"),
        proxy(true, 5, 0, "10.0.0.3", "10.0.0.8"),
        proxy(true, 6, 6, "2001:db8::1", "2001:db8::9"),
        proxy(true, 0, 0, "2001:db8::1", "10.0.0.9"),
        proxy(true, 0, 0, "10.0.0.4", "10.0.0.7"),
        proxy(false, 0, 0, "10.9.9.9", "10.0.0.7"),
        proxy(false, 5, 0, "10.0.0.3", "10.0.0.8"),
        proxy(false, 5, 0, "10.0.0.3", "10.0.0.8"),
    ] {
        r.call(&request);
    }
    dumps(r);
    for request in [
        proxy(false, 0, 0, "10.0.0.1", "10.0.0.7"),
        proxy(false, 0, 5, "10.0.0.2", "10.0.0.7"),
        proxy(false, 0, 0, "10.0.0.4", "10.0.0.7"),
        proxy(false, 6, 6, "2001:db8::1", "2001:db8::9"),
    ] {
        r.call(&request);
    }
    dumps(r);
    tables.iter().for_each(|(id, is_ip6)| table(r, false, *id, *is_ip6, ""));
}

pub(crate) fn dhcp_clients(r: &mut Record) {
    let (one, two) = (loopback(r), loopback(r));
    let client = |is_add, sw_if_index, name: &str| DhcpClientConfig {
        is_add,
        client: DhcpClient { sw_if_index, hostname: tag(name), ..DhcpClient::default() },
    };
    let mut other = client(true, two, "two");
    other.client.id[..3].copy_from_slice(b"ids");
    other.client.set_broadcast_flag = true;
    other.client.dscp = IpDscp::AF21;
    // Older ones die of what they refuse.
    let dies = r.is_before("22.06");
    r.call(&client(true, one, "one"));
    if !dies {
        r.call(&client(true, one, "another"));
    }
    for request in [other, client(true, NOWHERE, "nobody")] {
        r.call(&request);
    }
    r.dump(&DhcpClientDump {});
    r.call(&client(false, one, "one"));
    if !dies {
        r.call(&client(false, one, "one"));
    }
    for request in [client(false, two, ""), client(false, NOWHERE, "")] {
        r.call(&request);
    }
    r.dump(&DhcpClientDump {});
    delete(r, one);
    delete(r, two);
}

pub(crate) fn l3_cross_connects(r: &mut Record) {
    let (one, two) = (loopback(r), loopback(r));
    for index in [one, two] {
        set_up(r, index);
    }
    address(r, true, one, "10.0.0.1", 24);
    address(r, true, two, "10.0.1.1", 24);
    let update = |sw_if_index, is_ip6, paths: Vec<FibPath>| L3xcUpdate {
        l3xc: L3xc { sw_if_index, is_ip6, paths: List::new(paths).unwrap() },
    };
    for request in [
        update(one, false, vec![via("10.0.1.2", two.0)]),
        update(
            one,
            false,
            vec![via("10.0.1.2", two.0), FibPath { weight: 3, ..via("10.0.1.3", two.0) }],
        ),
        update(one, true, vec![via("2001:db8::2", two.0)]),
        update(two, false, vec![]),
        update(NOWHERE, false, vec![via("10.0.1.2", two.0)]),
    ] {
        let reply = r.call(&request);
        r.note(&format!("retval {}", reply.retval));
    }
    for sw_if_index in [ALL, one, two] {
        r.dump(&L3xcDump { sw_if_index });
    }
    for (sw_if_index, is_ip6) in
        [(one, false), (one, false), (one, true), (two, false), (NOWHERE, false)]
    {
        r.call(&L3xcDel { sw_if_index, is_ip6 });
    }
    r.dump(&L3xcDump { sw_if_index: ALL });
    address(r, false, one, "10.0.0.1", 24);
    address(r, false, two, "10.0.1.1", 24);
    delete(r, one);
    delete(r, two);
}

pub(crate) fn tunnel_ends(r: &mut Record) {
    let tunnel = IpipTunnel {
        instance: u32::MAX,
        src: at("10.0.0.1"),
        mode: TunnelMode::MP,
        ..IpipTunnel::default()
    };
    let tunnel = r.done(&IpipAddTunnel { tunnel }).sw_if_index;
    table(r, true, 5, false, "");
    let entry = |is_add, sw_if_index, peer: &str, nh: &str, nh_table_id| TeibEntryAddDel {
        is_add,
        entry: TeibEntry { sw_if_index, peer: at(peer), nh: at(nh), nh_table_id },
    };
    for request in [
        entry(1, tunnel, "10.1.0.1", "10.0.0.2", 0),
        entry(1, tunnel, "10.1.0.1", "10.0.0.3", 0),
        entry(1, tunnel, "10.1.0.2", "10.0.0.2", 5),
        entry(1, tunnel, "10.1.0.3", "10.0.0.2", 6),
    ] {
        r.call(&request);
    }
    // Older ones die of complaining about it.
    if !r.is_before("22.10") {
        r.call(&entry(0, tunnel, "10.1.0.9", "10.0.0.2", 0));
    }
    r.unordered(&TeibDump {}, |_| true);
    r.call(&entry(0, tunnel, "10.1.0.1", "10.0.0.2", 0));
    r.call(&entry(0, tunnel, "10.1.0.2", "10.0.0.2", 5));
    r.unordered(&TeibDump {}, |_| true);
    table(r, false, 5, false, "");
    r.call(&IpipDelTunnel { sw_if_index: tunnel });
}

pub(crate) fn virtual_routers(r: &mut Record) {
    let one = loopback(r);
    set_up(r, one);
    address(r, true, one, "10.0.0.1", 24);
    let router = |is_add, sw_if_index, vr_id, flags, addresses: &[&str]| VrrpVrAddDel {
        is_add,
        sw_if_index,
        vr_id,
        priority: 100,
        interval: 3000,
        flags,
        addrs: List::new(addresses.iter().map(|text| at(text)).collect()).unwrap(),
    };
    let (plain, v6) = (VrrpVrFlags::EMPTY, VrrpVrFlags::IPV6);
    for request in [
        router(
            1,
            one,
            1,
            VrrpVrFlags::PREEMPT | VrrpVrFlags::ACCEPT,
            &["10.0.0.100", "10.0.0.101"],
        ),
        router(1, one, 1, plain, &["10.0.0.100"]),
        router(1, one, 2, v6, &["fe80::1"]),
        router(1, one, 0, plain, &["10.0.0.100"]),
        router(1, one, 3, plain, &[]),
        router(1, NOWHERE, 4, plain, &["10.0.0.100"]),
        router(1, one, 5, v6, &["10.0.0.100"]),
        VrrpVrAddDel { priority: 0, ..router(1, one, 6, plain, &["10.0.0.100"]) },
        VrrpVrAddDel { interval: 0, ..router(1, one, 7, plain, &["10.0.0.100"]) },
        router(0, one, 9, plain, &["10.0.0.100"]),
    ] {
        r.call(&request);
    }
    r.dump(&VrrpVrDump { sw_if_index: ALL });
    r.dump(&VrrpVrDump { sw_if_index: one });
    for (vr_id, is_start) in [(1, 0), (9, 1), (9, 0)] {
        r.call(&VrrpVrStartStop { sw_if_index: one, vr_id, is_ipv6: 0, is_start });
    }
    r.call(&router(0, one, 1, plain, &["10.0.0.100", "10.0.0.101"]));
    r.call(&router(0, one, 2, v6, &["fe80::1"]));
    r.call(&router(0, one, 5, v6, &["10.0.0.100"]));
    r.dump(&VrrpVrDump { sw_if_index: ALL });
    address(r, false, one, "10.0.0.1", 24);
    delete(r, one);
}

pub(crate) fn mirrors(r: &mut Record) {
    let (one, two) = (loopback(r), loopback(r));
    let span = |from, to, state, is_l2| SwInterfaceSpanEnableDisable {
        sw_if_index_from: from,
        sw_if_index_to: to,
        state,
        is_l2,
    };
    for request in [
        span(one, two, SpanState::RX, false),
        span(one, two, SpanState::RX_TX, true),
        span(two, one, SpanState::TX, false),
        span(one, two, SpanState(9), false),
        span(one, NOWHERE, SpanState::RX, false),
        span(NOWHERE, one, SpanState::RX, false),
    ] {
        r.call(&request);
    }
    for is_l2 in [false, true] {
        r.dump(&SwInterfaceSpanDump { is_l2 });
    }
    for request in [
        span(one, two, SpanState::DISABLED, false),
        span(one, two, SpanState::DISABLED, false),
        span(one, two, SpanState::DISABLED, true),
        span(two, one, SpanState::DISABLED, false),
    ] {
        r.call(&request);
    }
    for is_l2 in [false, true] {
        r.dump(&SwInterfaceSpanDump { is_l2 });
    }
    delete(r, one);
    delete(r, two);
}

pub(crate) fn discovery(r: &mut Record) {
    for af in [AddressFamily::IP4, AddressFamily::IP6] {
        r.call(&IpNeighborConfigGet { af });
        r.call(&IpNeighborConfig { af, max_number: 1000, max_age: 60, recycle: true });
        r.call(&IpNeighborConfigGet { af });
        // As at the start.
        r.call(&IpNeighborConfig { af, max_number: 50_000, max_age: 0, recycle: false });
        r.call(&IpNeighborConfigGet { af });
    }
    let one = loopback(r);
    for (enable, install_default_routes) in [(true, true), (true, false), (false, false)] {
        r.call(&Ip6NdAddressAutoconfig { sw_if_index: one, enable, install_default_routes });
    }
    r.call(&Ip6NdAddressAutoconfig {
        sw_if_index: NOWHERE,
        enable: true,
        install_default_routes: false,
    });
    delete(r, one);
}
