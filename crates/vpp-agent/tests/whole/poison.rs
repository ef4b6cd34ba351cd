//! A value of which VPP dies each time: everything else comes into service, and the value is named.

use std::{fmt::Write as _, time::Instant};

use ligato_kvs_api::{ResyncKind, Scope, Transaction};
use ligato_vpp_sim::{Action, Fault, Sim};

use super::{PATIENCE, agent_and_context, full_resync, unfinished, wishes};

const ROUTES: u32 = 200;
const POISON: &str = "config/vpp/v2/route/if/loop1/vrf/0/dst/20.0.0.77/32/gw/10.0.0.2";

fn configuration() -> String {
    let mut text = String::from(
        "vppConfig:\n  interfaces:\n  - {name: loop1, type: SOFTWARE_LOOPBACK, enabled: true, \
         ip_addresses: [10.0.0.1/24]}\n  routes:\n",
    );
    for n in 1..=ROUTES {
        let _ = writeln!(
            text,
            "  - {{dst_network: 20.0.0.{n}/32, next_hop_addr: 10.0.0.2, outgoing_interface: loop1}}"
        );
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_of_which_vpp_dies_is_found_and_held_back() {
    let sim = Sim::builder().start().await.unwrap();
    let fault = Fault::new(Action::Die).on("ip_route_add_del");
    sim.faults().inject(fault.containing(&[20, 0, 0, 77]));
    let (agent, vpp) = agent_and_context(&sim).await;
    drop(agent.submit(full_resync(wishes(&configuration()))));

    let (mut deaths, until) = (0, Instant::now() + PATIENCE);
    let left = loop {
        if !sim.is_running() {
            deaths += 1;
            sim.restart().await.unwrap();
        }
        let left = unfinished(&agent);
        if deaths > 0 && left.len() == 1 && left[0].contains("held back") {
            break left;
        }
        assert!(Instant::now() < until, "{deaths} deaths, {} unfinished: {left:?}", left.len());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert_eq!(deaths, 2, "the second one tells which it is");
    assert!(
        left[0].starts_with(&format!("FAILED {POISON} held back: VPP died 2 times")),
        "{left:?}"
    );
    let explained = format!("{:?}", agent.explain(POISON));
    assert!(explained.contains("held back"), "{explained}");
    let held: Vec<_> = vpp.quarantine().list();
    assert_eq!(held.iter().map(|s| s.key.as_str()).collect::<Vec<_>>(), [POISON]);

    // Whatever is done now, nothing of it is sent.
    agent.commit(Transaction::resync(ResyncKind::Downstream(Scope::All), Vec::new())).await;
    assert!(sim.is_running());
    assert_eq!(unfinished(&agent).len(), 1);

    sim.faults().clear();
    let released = vpp.quarantine().release(Some(POISON));
    let repair = ResyncKind::Downstream(Scope::Keys(released));
    agent.commit(Transaction::resync(repair, Vec::new())).await;
    assert!(unfinished(&agent).is_empty(), "{:?}", unfinished(&agent));
    agent.close().await;
}
