//! What older releases do otherwise, though their messages are the same.

use ligato_kvs::StatusFilter;
use ligato_kvs_api::ValueState;
use ligato_vpp_sim::Sim;

use super::{agent_over, full_resync, unfinished, wishes, written};

async fn vpp(release: &str) -> Sim {
    Sim::builder().seed(7).release(release).start().await.unwrap()
}

/// Commits a configuration as two agents, one after the other; gives what each sent and what is not as wanted in the end.
async fn twice(sim: &Sim, document: &str) -> (Vec<&'static str>, Vec<&'static str>, Vec<String>) {
    let mut sent = Vec::new();
    let mut left = Vec::new();
    for _start in 0..2 {
        let agent = agent_over(sim).await;
        sim.mark();
        agent.commit(full_resync(wishes(document))).await;
        sent.push(written(sim));
        left = unfinished(&agent);
        assert_eq!(agent.audit().await, Vec::<String>::new());
        agent.close().await;
    }
    let second = sent.pop().unwrap();
    (sent.pop().unwrap(), second, left)
}

const TUNNELS: &str = "vppConfig:
  vrfs: [{id: 1, protocol: IPV4}]
  interfaces:
  - {name: a, type: SOFTWARE_LOOPBACK, enabled: true, ip_addresses: [10.1.0.1/24]}
  - {name: inside, type: IPIP_TUNNEL, enabled: true, vrf: 1, ip_addresses: [10.12.0.1/24], ipip: {tunnel_mode: POINT_TO_MULTIPOINT, src_addr: 10.1.0.1}}
  - {name: outside, type: IPIP_TUNNEL, enabled: true, ip_addresses: [10.13.0.1/24], ipip: {tunnel_mode: POINT_TO_MULTIPOINT, src_addr: 10.1.0.1}}
  teib_entries:
  - {interface: inside, peer_addr: 10.12.0.7, next_hop_addr: 10.1.0.7, vrf_id: 1}
  - {interface: outside, peer_addr: 10.13.0.7, next_hop_addr: 10.1.0.7}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_of_a_tunnel_is_in_the_table_of_its_interface_on_22_02() {
    let other = TUNNELS.replace("next_hop_addr: 10.1.0.7}", "next_hop_addr: 10.1.0.7, vrf_id: 1}");
    for (release, is_told) in [("22.02", false), ("22.06", true), ("26.06", true)] {
        let sim = vpp(release).await;
        let (_, again, left) = twice(&sim, TUNNELS).await;
        let nothing = Vec::<String>::new();
        assert_eq!((again, left), (Vec::new(), nothing.clone()), "{release}");

        // What is there stays, and is asked about again at each start, but not written.
        let (changed, again, left) = twice(&sim, &other).await;
        let wrote = |sent: &[&str]| sent.contains(&"teib_entry_add_del");
        assert_eq!((wrote(&changed), wrote(&again)), (is_told, false), "{release}");
        if is_told {
            assert_eq!(left, nothing, "{release}");
        } else {
            let [problem] = &left[..] else { panic!("{left:?}") };
            assert!(problem.contains("not supported: vrf_id"), "{problem}");
            assert!(problem.contains("table of the interface, which is 0"), "{problem}");
        }
        let (_, _, left) = twice(&sim, TUNNELS).await;
        assert_eq!(left, nothing, "{release}");
        sim.stop();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_removed_is_not_removed_again_from_a_vpp_that_dies_of_it() {
    let document = TUNNELS.replace("ip_addresses: [10.1.0.1/24]", "set_dhcp_client: true");
    let sim = vpp("22.02").await;
    let agent = agent_over(&sim).await;
    agent.commit(full_resync(wishes(&document))).await;
    assert_eq!(unfinished(&agent), Vec::<String>::new());
    let other = agent_over(&sim).await;
    other.commit(full_resync(wishes(&document))).await;
    other.commit(full_resync(Vec::new())).await;
    other.close().await;

    sim.mark();
    let deletes =
        wishes(&document).into_iter().map(|change| ligato_kvs_api::ValueChange::delete(change.key));
    agent.commit(ligato_kvs_api::Transaction::change(deletes.collect())).await;
    let sent = written(&sim);
    let deadly = ["teib_entry_add_del", "dhcp_client_config"];
    assert!(sent.iter().all(|name| !deadly.contains(name)), "{sent:?}");
    let values = agent.snapshot().statuses(&StatusFilter::All);
    let left = values.iter().filter(|status| status.value.state == ValueState::Configured);
    assert_eq!(left.count(), 0);
    agent.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_of_proxy_arp_stay_in_their_tables_where_vpp_tells_only_its_index() {
    let document = "vppConfig:
  vrfs: [{id: 50, protocol: IPV4}, {id: 60, protocol: IPV4}]
  proxy_arp:
    ranges:
    - {first_ip_addr: 10.30.0.1, last_ip_addr: 10.30.0.9}
    - {vrf_id: 60, first_ip_addr: 10.30.0.1, last_ip_addr: 10.30.0.9}
    - {vrf_id: 50, first_ip_addr: 10.31.0.1, last_ip_addr: 10.31.0.9}
";
    for release in ["22.02", "25.06", "25.10", "26.06"] {
        let sim = vpp(release).await;
        let (made, again, left) = twice(&sim, document).await;
        assert_eq!((again, left), (Vec::new(), Vec::new()), "{release}");
        let ranges = made.iter().filter(|name| **name == "proxy_arp_add_del");
        assert_eq!(ranges.count(), 3, "{release}: {made:?}");
        sim.stop();
    }
}
