//! VPP dies at each message of a configuration in turn: it always comes back to what is wanted, each object once.
//!
//! One message in [`STRIDE`] is enough for every day; `CHAOS_STRIDE=1` takes them all, `CHAOS_SEED` begins elsewhere.

use std::{collections::BTreeMap, fmt::Write as _, time::Instant};

use ligato_kvs::Scheduler;
use ligato_kvs_api::Origin;
use ligato_vpp_sim::{Action, Fault, Sim};

use super::{PATIENCE, agent_over, full_resync, unfinished, wishes};

const STRIDE: u64 = 17;

/// 200 values and more: interfaces with addresses in VRFs, a bridge domain with members and entries, cross-connects,
/// routes, neighbours.
fn configuration() -> String {
    let mut text = String::from("vppConfig:\n  interfaces:\n");
    for n in 1..=40 {
        let vrf = n % 4;
        let _ = writeln!(
            text,
            "  - {{name: loop{n}, type: SOFTWARE_LOOPBACK, enabled: true, vrf: {vrf}, \
             ip_addresses: [10.{n}.0.1/24], mtu: 1400}}"
        );
    }
    for n in 1..=10 {
        let _ = writeln!(
            text,
            "  - {{name: memif{n}, type: MEMIF, enabled: true, \
             memif: {{master: true, id: {n}, socket_filename: /run/vpp/memif{n}.sock}}}}"
        );
    }
    text.push_str("  vrfs:\n");
    for n in 1..=3 {
        let _ = writeln!(text, "  - {{id: {n}, label: vrf{n}}}");
    }
    text.push_str("  routes:\n");
    for n in 1..=80 {
        let (interface, vrf) = (n % 40 + 1, (n % 40 + 1) % 4);
        let _ = writeln!(
            text,
            "  - {{dst_network: 20.0.{n}.0/24, next_hop_addr: 10.{interface}.0.2, \
             outgoing_interface: loop{interface}, vrf_id: {vrf}}}"
        );
    }
    text.push_str("  arps:\n");
    for n in 1..=40 {
        let _ = writeln!(
            text,
            "  - {{interface: loop{n}, ip_address: 10.{n}.0.2, \
             phys_address: \"02:00:00:00:00:{n:02x}\", static: true}}"
        );
    }
    text.push_str("  bridge_domains:\n  - name: bd1\n    learn: true\n    interfaces:\n");
    for n in 1..=6 {
        let _ = writeln!(text, "    - {{name: memif{n}}}");
    }
    text.push_str("  fibs:\n");
    for n in 1..=20 {
        let member = n % 6 + 1;
        let _ = writeln!(
            text,
            "  - {{bridge_domain: bd1, outgoing_interface: memif{member}, \
             phys_address: \"02:00:00:00:01:{n:02x}\", static_config: true}}"
        );
    }
    text.push_str(
        "  xconnect_pairs:\n\
         \x20 - {receive_interface: memif7, transmit_interface: memif8}\n\
         \x20 - {receive_interface: memif8, transmit_interface: memif7}\n",
    );
    text
}

/// What VPP tells back of ours, by key; without the Ethernet addresses of interfaces, which it makes up anew.
async fn in_vpp(agent: &Scheduler) -> BTreeMap<String, serde_json::Value> {
    let mut found = BTreeMap::new();
    for kind in agent.snapshot().descriptors() {
        for item in agent.dump_southbound(kind.name()).await.unwrap_or_default() {
            if item.origin == Origin::Nb {
                let mut value = item.value.to_json().unwrap();
                if let Some(members) = value.as_object_mut()
                    && kind.name() == "vpp-interface"
                {
                    members.remove("phys_address");
                }
                found.insert(item.key.to_string(), value);
            }
        }
    }
    found
}

/// How many objects of each sort VPP has: what the agent overlooks would be one more.
fn counts(sim: &Sim) -> [usize; 7] {
    let state = sim.state();
    [
        state.interfaces.len(),
        state.bridge_domains.len(),
        state.tables.len(),
        state.routes.len(),
        state.neighbors.len(),
        state.cross_connects.len(),
        state.l2_fib.len(),
    ]
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vpp_dies_at_each_message_in_turn() {
    let wanted = wishes(&configuration());
    assert!(wanted.len() >= 195, "{}", wanted.len());
    let sim = Sim::builder().seed(5).start().await.unwrap();
    let agent = agent_over(&sim).await;
    sim.mark();
    agent.commit(full_resync(wanted.clone())).await;
    assert_eq!(unfinished(&agent), Vec::<String>::new());
    let messages = sim.log().len() as u64;
    let (expected, objects) = (in_vpp(&agent).await, counts(&sim));
    agent.close().await;

    let stride = setting("CHAOS_STRIDE", STRIDE).max(1);
    let first = setting("CHAOS_SEED", u64::from(std::process::id())) % stride + 1;
    println!("of {messages} messages, one in {stride} from {first} on");
    for n in (first..=messages).step_by(usize::try_from(stride).unwrap_or(1)) {
        let sim = Sim::builder().seed(5).start().await.unwrap();
        let agent = agent_over(&sim).await;
        sim.faults().inject(Fault::new(Action::Die).nth(n));
        let report = agent.submit(full_resync(wanted.clone()));
        let begun = Instant::now();
        while sim.is_running() {
            assert!(begun.elapsed() < PATIENCE, "VPP did not meet message {n}");
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        sim.restart().await.unwrap();
        let _report = report.await;
        loop {
            let (left, found) = (unfinished(&agent), in_vpp(&agent).await);
            if left.is_empty() && found == expected {
                break;
            }
            let odd: Vec<_> = expected.iter().filter(|(k, v)| found.get(*k) != Some(*v)).collect();
            assert!(begun.elapsed() < PATIENCE, "killed at message {n}: {left:?}, {odd:?}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(counts(&sim), objects, "killed at message {n}");
        assert_eq!(agent.audit().await, Vec::<String>::new(), "killed at message {n}");
        agent.close().await;
    }
}
