//! What is wanted otherwise than when the last agent ended: the next one, which knows nothing, puts exactly that right.

use std::path::Path;

use ligato_testkit::fields::real_vpp;
use ligato_vpp_api::msg::ip::{IpRouteDump, IpTable};
use ligato_vpp_api::types::FibPathType;
use ligato_vpp_client::{Options, VppClient};
use ligato_vpp_sim::Sim;

use super::{agent_at, full_resync, unfinished, wishes, written};

/// The table the route under test is in.
const TABLE: u32 = 1;

/// Where the route leads: to a table, or out of an interface, or nowhere.
#[derive(Debug, PartialEq, Eq)]
enum Leads {
    To(u32),
    Out,
    Nowhere,
}

/// Routes of one key each, before and after, and where the latter lead. By default the destination is this one.
const DESTINATION: &str = "20.0.0.0/8";
const CHANGES: [(&str, &str, Leads); 7] = [
    ("type: INTER_VRF, via_vrf_id: 2", "type: INTER_VRF, via_vrf_id: 3", Leads::To(3)),
    (
        "type: INTER_VRF, via_vrf_id: 2, next_hop_addr: 10.9.0.1",
        "type: INTER_VRF, via_vrf_id: 3, next_hop_addr: 10.9.0.1",
        Leads::To(3),
    ),
    (
        "next_hop_addr: 10.9.0.1",
        "type: INTER_VRF, via_vrf_id: 3, next_hop_addr: 10.9.0.1",
        Leads::To(3),
    ),
    ("type: INTER_VRF, via_vrf_id: 2", "type: DROP", Leads::Nowhere),
    ("type: DROP", "type: INTER_VRF, via_vrf_id: 3", Leads::To(3)),
    (
        "outgoing_interface: a, next_hop_addr: 10.1.0.2",
        "type: DROP, outgoing_interface: a, next_hop_addr: 10.1.0.2",
        Leads::Nowhere,
    ),
    ("outgoing_interface: a", "outgoing_interface: a, weight: 7", Leads::Out),
];

fn document(destination: &str, tables: &[u32], route: &str) -> String {
    let tables: Vec<String> =
        tables.iter().map(|id| format!("{{id: {id}, label: t{id}}}")).collect();
    format!(
        "vppConfig:
  vrfs: [{}]
  interfaces: [{{name: a, type: SOFTWARE_LOOPBACK, enabled: true, vrf: 1, ip_addresses: [10.1.0.1/24]}}]
  routes: [{{vrf_id: {TABLE}, dst_network: {destination}, {route}}}]
",
        tables.join(", ")
    )
}

/// An agent that knows nothing wants this, until all of it is done.
async fn start(socket: &Path, document: &str) {
    let (agent, _) = agent_at(socket).await;
    agent.commit(full_resync(wishes(document))).await;
    assert_eq!(unfinished(&agent), Vec::<String>::new(), "{document}");
    agent.close().await;
}

/// Where the route to a destination leads in VPP, over all its paths.
async fn leads(socket: &Path, destination: &str) -> Vec<Leads> {
    let client = VppClient::start(Options::new(socket));
    client.connected().await.unwrap();
    let table = IpTable { table_id: TABLE, ..IpTable::default() };
    let routes = client.dump(IpRouteDump { table }).await.unwrap();
    client.shutdown().await;
    let mut found = routes.into_iter().map(|details| details.route);
    let is_it = |prefix: &dyn std::fmt::Display| prefix.to_string() == destination;
    let Some(route) = found.find(|route| is_it(&route.prefix)) else { return Vec::new() };
    let leads = |path: &ligato_vpp_api::types::FibPath| match path.kind {
        FibPathType::DROP => Leads::Nowhere,
        _ if path.sw_if_index != u32::MAX => Leads::Out,
        _ => Leads::To(path.table_id),
    };
    route.paths.iter().map(leads).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_that_leads_elsewhere_by_now_is_changed_by_two_messages() {
    for destination in [DESTINATION, "0.0.0.0/0"] {
        for (before, after, expected) in CHANGES {
            let what = format!("{destination} {before} -> {after}");
            if (destination, before) == ("0.0.0.0/0", "type: DROP") {
                // Whether it is ours or VPP's own cannot be told.
                continue;
            }
            let sim = Sim::builder().seed(7).start().await.unwrap();
            let [before, after] =
                [before, after].map(|route| document(destination, &[1, 2, 3], route));
            sim.mark();
            start(sim.socket_path(), &before).await;
            let at_first = written(&sim).into_iter().filter(|sent| *sent == "ip_route_add_del");
            assert_eq!(at_first.count(), 1, "{what}: nothing of VPP's own is in the way");
            sim.mark();
            start(sim.socket_path(), &after).await;
            assert_eq!(written(&sim), ["ip_route_add_del"; 2], "{what}");
            assert_eq!(leads(sim.socket_path(), destination).await, [expected], "{what}");
            sim.mark();
            start(sim.socket_path(), &after).await;
            assert_eq!(written(&sim), Vec::<&str>::new(), "{what}: again");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_that_leads_elsewhere_by_now_is_changed_in_a_real_vpp() {
    let Some((real, _)) = real_vpp().await.unwrap() else {
        println!("skipped: no VPP of a release that is looked at");
        return;
    };
    for (before, after, expected) in CHANGES {
        for route in [before, after] {
            start(real.socket(), &document(DESTINATION, &[1, 2, 3], route)).await;
        }
        let found = leads(real.socket(), DESTINATION).await;
        assert_eq!(found, [expected], "{before} -> {after}");
        let nothing = document("30.0.0.0/8", &[1, 2, 3], "type: DROP");
        // What is wanted no more while an agent runs is removed whatever it was.
        let (agent, _) = agent_at(real.socket()).await;
        for wanted in [wishes(&document(DESTINATION, &[1, 2, 3], after)), wishes(&nothing)] {
            agent.commit(full_resync(wanted)).await;
        }
        agent.commit(full_resync(Vec::new())).await;
        agent.close().await;
        assert_eq!(leads(real.socket(), DESTINATION).await, [], "{before} -> {after}");
    }
}

/// The table a route led to goes in the same transaction: the path goes first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_that_a_route_led_to_goes_after_it() {
    let sim = Sim::builder().seed(7).start().await.unwrap();
    start(sim.socket_path(), &document(DESTINATION, &[1, 2, 3], CHANGES[0].0)).await;
    sim.mark();
    start(sim.socket_path(), &document(DESTINATION, &[1, 3], CHANGES[0].1)).await;
    let sent = written(&sim);
    let is_route = |sent: &str| sent == "ip_route_add_del";
    assert_eq!(sent.iter().filter(|sent| is_route(sent)).count(), 2, "{sent:?}");
    let first = sent.iter().position(|sent| is_route(sent));
    let table = sent.iter().position(|sent| sent.starts_with("ip_table_add_del"));
    assert!(first < table && first.is_some(), "{sent:?}");
    assert_eq!(leads(sim.socket_path(), DESTINATION).await, [Leads::To(3)]);
}
