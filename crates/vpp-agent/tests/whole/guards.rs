//! The order in which things go that VPP has died of in another one, what others have beside ours, and a VPP without some
//! of its plugins.

use ligato_kvs::Scheduler;
use ligato_kvs_api::{Transaction, ValueChange};
use ligato_model::Model;
use ligato_proto::vpp::interfaces::Interface;
use ligato_vpp_api::FixedString;
use ligato_vpp_api::msg::lcp::LcpItfPairAddDelV2;
use ligato_vpp_api::msg::tapv2::TapCreateV2;
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_client::{Options, VppClient};
use ligato_vpp_sim::Sim;

use super::{agent_over, full_resync, unfinished, wishes, written};

const BOUND: &str = "vppConfig:
  vrfs: [{id: 1, protocol: IPV4}]
  interfaces:
  - {name: routed, type: TAP, enabled: true, vrf: 1, ip_addresses: [10.1.0.1/24], set_dhcp_client: true, tap: {version: 2}}
  - {name: bridged, type: TAP, enabled: true, tap: {version: 2}}
  - {name: vlan, type: SUB_INTERFACE, enabled: true, sub: {parent_name: bridged, sub_id: 9}}
  - {name: loop, type: SOFTWARE_LOOPBACK, enabled: true}
  - {name: member, type: MEMIF, enabled: true, memif: {id: 1, socket_filename: /run/vpp/a.sock}}
  - {name: bond, type: BOND_INTERFACE, enabled: true, bond: {id: 1, mode: LACP, bonded_interfaces: [{name: member}]}}
  - {name: bond-vlan, type: SUB_INTERFACE, enabled: true, sub: {parent_name: bond, sub_id: 9}}
  spans: [{interfaceFrom: routed, interfaceTo: loop, direction: BOTH}]
  bridge_domains: [{name: bd, learn: true, interfaces: [{name: bridged}]}]
  fibs: [{bridge_domain: bd, outgoing_interface: bridged, phys_address: \"02:00:00:00:01:01\", static_config: true}]
  arps: [{interface: routed, ip_address: 10.1.0.2, phys_address: \"02:00:00:00:00:02\", static: true}]
  routes: [{vrf_id: 1, dst_network: 20.0.0.0/24, next_hop_addr: 10.1.0.2, outgoing_interface: routed}]
  proxy_arp: {interfaces: [{name: routed}]}
  VRRPEntry_list: [{interface: routed, vr_id: 4, priority: 100, interval: 1000, ip_addresses: [10.1.0.4], enabled: true}]
";

/// What is sent when this interface goes and nothing else is wanted otherwise.
async fn sent_to_remove(sim: &Sim, agent: &Scheduler, name: &str) -> Vec<&'static str> {
    sim.mark();
    let gone = ValueChange::delete(Interface::key_of(name));
    agent.commit(Transaction::change(vec![gone])).await;
    written(sim)
}

/// VPP has died of TAPs that went with something bound to them, or enabled, and of a bond below a sub-interface.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_bound_to_an_interface_goes_before_it_is_disabled_and_deleted() {
    let sim = Sim::builder().seed(7).start().await.unwrap();
    let agent = agent_over(&sim).await;
    agent.commit(full_resync(wishes(BOUND))).await;
    assert_eq!(unfinished(&agent), Vec::<String>::new());
    let routed = [
        "dhcp_client_config",
        "sw_interface_span_enable_disable",
        "ip_neighbor_add_del",
        "ip_route_add_del",
        "proxy_arp_intfc_enable_disable",
        "vrrp_vr_add_del",
        "sw_interface_add_del_address",
        "sw_interface_set_table",
    ];
    let bridged = ["l2fib_add_del", "sw_interface_set_l2_bridge", "delete_subif"];
    let bond = ["delete_subif", "bond_detach_member"];
    let removed = [
        ("routed", "tap_delete_v2", routed.as_slice()),
        ("bridged", "tap_delete_v2", &bridged),
        ("bond", "bond_delete", &bond),
    ];
    for (name, delete, bindings) in removed {
        let sent = sent_to_remove(&sim, &agent, name).await;
        let [before @ .., disabled, deleted] = sent.as_slice() else { panic!("{sent:?}") };
        assert_eq!((*disabled, *deleted), ("sw_interface_set_flags", delete), "{sent:?}");
        for binding in bindings {
            assert!(before.contains(binding), "{name}: {binding} is missing in {sent:?}");
        }
    }
    agent.commit(full_resync(wishes(BOUND))).await;
    assert_eq!(unfinished(&agent), Vec::<String>::new());
    agent.close().await;
}

/// The plugin linux-cp makes a TAP without a tag beside each interface that it shows to the kernel.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tap_of_a_pair_of_linux_cp_stays_as_it_is() {
    let sim = Sim::builder().seed(7).start().await.unwrap();
    let other = VppClient::start(Options::new(sim.socket_path()));
    other.connected().await.unwrap();
    let pair = TapCreateV2 {
        id: u32::MAX,
        use_random_mac: true,
        num_rx_queues: 1,
        ..TapCreateV2::default()
    };
    other.request(pair).await.unwrap();
    other.shutdown().await;
    let before = sim.state();
    let agent = agent_over(&sim).await;
    for wanted in [wishes(BOUND), Vec::new()] {
        agent.commit(full_resync(wanted)).await;
        assert_eq!(unfinished(&agent), Vec::<String>::new());
    }
    assert_eq!(sim.state(), before);
    agent.close().await;
}

const SHOWN: &str = "vppConfig:
  interfaces:
  - {name: wan, type: MEMIF, enabled: true, ip_addresses: [10.1.0.1/24], memif: {id: 1, socket_filename: /run/vpp/a.sock}}
  - {name: vlan, type: SUB_INTERFACE, enabled: true, sub: {parent_name: wan, sub_id: 9}}
  - {name: hidden, type: SOFTWARE_LOOPBACK, enabled: true}
";

/// Shows interfaces to the kernel, in this order, as somebody else does.
async fn show_to_kernel(sim: &Sim, names: &[&str]) {
    let other = VppClient::start(Options::new(sim.socket_path()));
    other.connected().await.unwrap();
    for name in names {
        let sw_if_index = InterfaceIndex(sim.state().interface(name).unwrap().index);
        let host_if_name = FixedString::new(name).unwrap();
        let pair =
            LcpItfPairAddDelV2 { is_add: true, sw_if_index, host_if_name, ..Default::default() };
        other.request(pair).await.unwrap();
    }
    other.shutdown().await;
}

/// VPP has died of interfaces that went with a pair of linux-cp on them: the pair of the sub-interface goes first, then the
/// sub-interface, then the pair of the parent, then the parent. While they are there the pairs are left alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_of_linux_cp_goes_before_the_interface_it_is_on() {
    for (release, pair) in [
        ("22.02", "lcp_itf_pair_add_del_v2"),
        ("23.06", "lcp_itf_pair_add_del_v2"),
        ("26.06", "lcp_itf_pair_add_del_v3"),
    ] {
        let sim = Sim::builder().seed(7).release(release).with_plugin("linux_cp").start();
        let sim = sim.await.unwrap();
        let agent = agent_over(&sim).await;
        agent.commit(full_resync(wishes(SHOWN))).await;
        assert_eq!(unfinished(&agent), Vec::<String>::new());
        let without = sim.state().interfaces.len();
        show_to_kernel(&sim, &["wan", "vlan"]).await;
        assert_eq!(
            sim.state().interfaces.len(),
            without + 2,
            "{release}: a TAP and its sub-interface"
        );

        sim.mark();
        agent.commit(full_resync(wishes(SHOWN))).await;
        assert_eq!(written(&sim), Vec::<&str>::new(), "{release}");

        let sent = sent_to_remove(&sim, &agent, "wan").await;
        let order: Vec<_> = sent
            .iter()
            .filter(|sent| {
                [pair, "sw_interface_set_flags", "delete_subif", "memif_delete"].contains(sent)
            })
            .collect();
        let down = &"sw_interface_set_flags";
        let expected = [&pair, down, &"delete_subif", &pair, down, &"memif_delete"];
        assert_eq!(order, expected, "{release}: {sent:?}");
        let left = sim.state().interfaces;
        assert_eq!(
            left.len(),
            2,
            "{release}: local0 and the other one of ours are left of {left:?}"
        );

        // The other one has no pair; VPP says so, and it goes all the same.
        let sent = sent_to_remove(&sim, &agent, "hidden").await;
        assert_eq!(sent, [pair, "sw_interface_set_flags", "delete_loopback"], "{release}");
        let left = unfinished(&agent);
        assert_eq!(left, ["PENDING config/vpp/v2/interfaces/vlan "], "without its parent");
        agent.close().await;
    }
}

/// Where the plugin is not loaded, which is the rule, nothing is asked of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_linux_cp_there_are_no_pairs_to_end() {
    let sim = Sim::builder().seed(7).start().await.unwrap();
    let agent = agent_over(&sim).await;
    agent.commit(full_resync(wishes(SHOWN))).await;
    let sent = sent_to_remove(&sim, &agent, "hidden").await;
    assert_eq!(sent, ["sw_interface_set_flags", "delete_loopback"]);
    agent.close().await;
}

const OF_PLUGINS: &str = "vppConfig:
  interfaces:
  - {name: loop, type: SOFTWARE_LOOPBACK, enabled: true, set_dhcp_client: true, ip_addresses: [10.1.0.1/24]}
  - {name: afp, type: AF_PACKET, enabled: true, afpacket: {host_if_name: eth1}}
  - {name: tap, type: TAP, enabled: true, tap: {version: 2}}
  - {name: gre, type: GRE_TUNNEL, enabled: true, gre: {tunnel_type: L3, src_addr: 10.1.0.1, dst_addr: 10.1.0.2}}
  - {name: vx, type: VXLAN_TUNNEL, enabled: true, vxlan: {src_address: 10.1.0.1, dst_address: 10.1.0.2, vni: 5}}
  - {name: gpe, type: VXLAN_TUNNEL, enabled: true, vxlan: {src_address: 10.1.0.1, dst_address: 10.1.0.2, vni: 6, gpe: {protocol: ETHERNET}}}
  routes: [{dst_network: 20.0.0.0/24, next_hop_addr: 10.1.0.2, outgoing_interface: loop}]
  VRRPEntry_list: [{interface: loop, vr_id: 4, priority: 100, interval: 1000, ip_addresses: [10.1.0.4]}]
";

/// What is missing is said of the values that need it, everything else is made and read back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vpp_without_plugins_does_everything_else() {
    let all = ["af_packet", "dhcp", "gre", "tap", "vrrp", "vxlan", "vxlan-gpe"];
    let builder = all.iter().fold(Sim::builder().seed(7), |sim, name| sim.without_plugin(name));
    let sim = builder.start().await.unwrap();
    for start in ["first", "second"] {
        let agent = agent_over(&sim).await;
        sim.mark();
        agent.commit(full_resync(wishes(OF_PLUGINS))).await;
        assert_eq!(written(&sim).is_empty(), start == "second", "{start}: {:?}", written(&sim));
        let left = unfinished(&agent);
        for (key, message) in [
            ("interfaces/afp", "af_packet_create"),
            ("interfaces/tap", "tap_create"),
            ("interfaces/gre", "gre_tunnel_add_del"),
            ("interfaces/vx", "vxlan_add_del_tunnel"),
            ("interfaces/gpe", "vxlan_gpe_add_del_tunnel"),
            ("dhcp-client/loop", "dhcp_client_config"),
            ("vrrp/loop/vrid/4", "vrrp_vr_add_del"),
        ] {
            let lacks = format!("{key} not supported: message {message}");
            assert!(left.iter().any(|text| text.contains(&lacks)), "{start}: {lacks} {left:#?}");
        }
        assert_eq!(left.len(), all.len(), "{start}: {left:#?}");
        let state = sim.state();
        assert_eq!(state.interfaces.len(), 2, "{start}: local0 and the loopback");
        assert_eq!(state.routes.len(), 1, "{start}");
        agent.close().await;
    }
}
