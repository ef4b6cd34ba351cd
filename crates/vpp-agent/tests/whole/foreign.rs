//! Objects that others made are never touched, however many there are.

use futures::future::try_join_all;
use ligato_vpp_api::{
    List,
    msg::{
        interface::CreateLoopback,
        ip::{IpRoute, IpRouteAddDel},
    },
    types::{FibPath, Prefix},
};
use ligato_vpp_client::{Options, VppClient};
use ligato_vpp_sim::Sim;

use super::{agent_over, full_resync, unfinished, wishes};

const INTERFACES: usize = 1_000;
const ROUTES: u32 = 10_000;

const OURS: &str = "
vppConfig:
  interfaces:
  - {name: ours, type: SOFTWARE_LOOPBACK, enabled: true, ip_addresses: [10.255.0.1/24]}
  routes:
  - {dst_network: 10.254.0.0/16, next_hop_addr: 10.255.0.2, outgoing_interface: ours}
";

/// Makes loopbacks and routes as another client of VPP would.
async fn others(sim: &Sim) {
    let client = VppClient::start(Options {
        client_name: "someone else".to_owned(),
        ..Options::new(sim.socket_path())
    });
    client.connected().await.unwrap();
    let made = (0..INTERFACES).map(|_| client.request(CreateLoopback::default()));
    let interfaces = try_join_all(made).await.unwrap();
    let routes = (0..ROUTES).zip(interfaces.iter().cycle()).map(|(n, interface)| {
        let [_, _, high, low] = n.to_be_bytes();
        let path =
            FibPath { sw_if_index: interface.sw_if_index.0, weight: 1, ..FibPath::default() };
        client.request(IpRouteAddDel {
            is_add: true,
            route: IpRoute {
                prefix: Prefix::new(std::net::IpAddr::from([172, 16, high, low]), 32),
                paths: List::new(vec![path]).unwrap_or_default(),
                ..IpRoute::default()
            },
            is_multipath: false,
        })
    });
    try_join_all(routes).await.unwrap();
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_foreign_interfaces_and_ten_thousand_foreign_routes_stay_as_they_are() {
    let sim = Sim::builder().seed(3).start().await.unwrap();
    others(&sim).await;
    let before = sim.state();
    assert_eq!(before.routes.len(), ROUTES as usize);

    // An agent that wants nothing writes nothing, however often it looks.
    let agent = agent_over(&sim).await;
    sim.mark();
    for _ in 0..2 {
        agent.commit(full_resync(Vec::new())).await;
    }
    assert_eq!(sim.writes(), 0, "{:?}", sim.log());

    // What it wants comes on top, and goes again.
    agent.commit(full_resync(wishes(OURS))).await;
    assert_eq!(unfinished(&agent), Vec::<String>::new());
    assert_eq!(sim.state().interfaces.len(), before.interfaces.len() + 1);
    agent.close().await;

    let agent = agent_over(&sim).await;
    sim.mark();
    agent.commit(full_resync(wishes(OURS))).await;
    assert_eq!(sim.writes(), 0, "after a restart: {:?}", sim.log());
    agent.commit(full_resync(Vec::new())).await;
    assert_eq!(sim.state(), before);
    agent.close().await;
}
