//! A value of which VPP dies each time: everything else comes into service, and the value is named.

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use ligato_kvs::Scheduler;
use ligato_kvs_api::{ResyncKind, Scope, Transaction};
use ligato_vpp_ctx::VppCtx;
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

/// Wants everything of a VPP, and restarts that when it dies; until it has died `deaths` times.
async fn die(sim: &Sim, agent: &Scheduler, deaths: usize) {
    drop(agent.submit(full_resync(wishes(&configuration()))));
    let until = Instant::now() + PATIENCE;
    let mut died = 0;
    while died < deaths {
        assert!(Instant::now() < until, "{died} deaths, {:?}", unfinished(agent));
        if !sim.is_running() {
            died += 1;
            sim.restart().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Values that are suspected, and how often VPP died of them.
fn suspects(vpp: &VppCtx) -> Vec<(String, u32)> {
    vpp.quarantine().list().into_iter().map(|s| (s.key.as_str().to_owned(), s.deaths)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_agent_does_not_start_counting_anew() {
    let sim = Sim::builder().start().await.unwrap();
    let fault = Fault::new(Action::Die).on("ip_route_add_del");
    sim.faults().inject(fault.containing(&[20, 0, 0, 77]));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("quarantine.json");

    let (first, vpp) = agent_and_context(&sim).await;
    let quarantine = Arc::clone(vpp.quarantine());
    let keeper = tokio::spawn({
        let file = file.clone();
        async move { quarantine.keep(&file).await }
    });
    die(&sim, &first, 1).await;
    let known = |found: &[(String, u32)]| found.iter().any(|(key, _)| key == POISON);
    let until = Instant::now() + PATIENCE;
    while !file.exists() || !known(&suspects(&vpp)) {
        assert!(Instant::now() < until, "{:?}", suspects(&vpp));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It ends as by SIGKILL, and VPP with it.
    sim.crash();
    keeper.abort();
    first.close().await;
    drop(vpp);
    sim.restart().await.unwrap();

    let (second, vpp) = agent_and_context(&sim).await;
    vpp.quarantine().restore(&file).unwrap();
    die(&sim, &second, 1).await;
    let until = Instant::now() + PATIENCE;
    while suspects(&vpp) != [(POISON.to_owned(), 2)] || unfinished(&second).len() != 1 {
        assert!(Instant::now() < until, "{:?} {:?}", suspects(&vpp), unfinished(&second));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(sim.is_running(), "it is held back");
    second.close().await;
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
        tokio::time::sleep(Duration::from_millis(5)).await;
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
