//! A VPP that the original configured is taken over as it is: same configuration, no write, nothing twice.
//!
//! `original/wanted.yaml` is a configuration with every kind of the interface, L2 and L3 families that the original can make;
//! `original/sent.jsonl` has the requests with which the original (v3.5) made it in a VPP 26.06, in its order, with VPP's
//! replies: written down where they passed, and played here to a VPP, real or simulated, which has to answer the same.
//! `wanted-too.yaml` adds the types of interfaces that not every kernel and machine has; with these the original was run over
//! the simulated VPP, and `sent-too.jsonl` has what it sent for both.

use std::path::Path;

use ligato_kvs::Scheduler;
use ligato_kvs_api::ValueChange;
use ligato_vpp_api::{capture, capture::Way, dynamic::ApiSet};
use ligato_vpp_client::{Options, Session};
use ligato_vpp_sim::{Family, Sim};
use serde::Deserialize;
use serde_json::Value;

use super::{PATIENCE, agent_at, agent_over, asks, full_resync, unfinished, wishes, written};

const WANTED: &str = include_str!("original/wanted.yaml");
const SENT: &str = include_str!("original/sent.jsonl");
const WANTED_TOO: &str = include_str!("original/wanted-too.yaml");
const SENT_TOO: &str = include_str!("original/sent-too.jsonl");

/// A request of the original and what VPP answered.
#[derive(Deserialize)]
struct Exchange {
    message: String,
    fields: Value,
    reply: Value,
}

/// The definitions of the newest release; those the original uses are the same in all it supports.
async fn definitions() -> ApiSet {
    let newest = Sim::builder().start().await.unwrap();
    let mut session = Session::open(&Options::new(newest.socket_path())).await.unwrap();
    session.definitions().await.unwrap()
}

/// What the original sent, in its order; to a VPP before 26.02, memifs (and what is on them) come up when all are made. A
/// process of VPP connects those that are up; when it goes on after a pause, and another one was made meanwhile, it uses what
/// it knew of memory that may have moved. VPP 22.02 died of that in about half of the runs.
fn exchanges(sent: &str, release: &str) -> Vec<Exchange> {
    let mut now = Vec::new();
    let (mut late, mut held) = (Vec::new(), Vec::new());
    let all: Vec<Exchange> = sent.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    if release >= "26.02" {
        return all;
    }
    let mut memifs = all.iter().filter(|exchange| exchange.message == "memif_create").count();
    for exchange in all {
        let on = &exchange.fields["sw_if_index"];
        let is_made = exchange.message == "memif_create";
        if is_made || (exchange.message == "create_vlan_subif" && held.contains(on)) {
            held.push(exchange.reply["sw_if_index"].clone());
        }
        if exchange.message == "sw_interface_set_flags" && held.contains(on) && memifs > 0 {
            late.push(exchange);
            continue;
        }
        now.push(exchange);
        memifs -= usize::from(is_made);
        if is_made && memifs == 0 {
            now.append(&mut late);
        }
    }
    assert!(late.is_empty());
    now
}

/// Does to a VPP what the original did.
async fn as_the_original(socket: &Path, release: &str, sent: &str) {
    let set = definitions().await;
    let patient = Options { reply_timeout: PATIENCE, ..Options::new(socket) };
    let mut session = Session::open(&patient).await.unwrap();
    for Exchange { message, fields, reply } in exchanges(sent, release) {
        let answer = session.call(&set, &message, &fields).await.unwrap();
        let answer = answer.reply.unwrap();
        // Counters have other numbers wherever somebody else counts too.
        for field in ["retval", "sw_if_index"] {
            assert_eq!(answer[field], reply[field], "{field} of {message} {fields}");
        }
    }
    session.close().await;
}

/// What the original made, and what came of it, by kind.
async fn simulated(release: &str, sent: &str) -> Sim {
    let sim = Sim::builder().seed(7).release(release).start().await.unwrap();
    as_the_original(sim.socket_path(), release, sent).await;
    sim
}

async fn take_over(agent: &Scheduler, wanted: &[ValueChange]) {
    agent.commit(full_resync(wanted.to_vec())).await;
    assert_eq!(unfinished(agent), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_original_made_is_taken_over_without_a_write() {
    // The oldest release that has all its messages, and the newest.
    for release in ["23.06", "26.06"] {
        for (sent, more) in [(SENT, ""), (SENT_TOO, WANTED_TOO)] {
            let wanted = [wishes(WANTED), wishes(more)].concat();
            assert!(wanted.len() > 70, "{}", wanted.len());
            takes_over(release, sent, &wanted).await;
        }
    }
    takes_over("22.02", SENT, &wishes(WANTED)).await;
}

/// What the original made wrong: it adds the end of a tunnel before the tunnel is in its table, and VPP 22.02 takes the
/// table of the tunnel instead of the one that is asked for.
fn repairs(release: &str) -> &'static [&'static str] {
    if release == "22.02" { &["teib_entry_add_del", "teib_entry_add_del"] } else { &[] }
}

async fn takes_over(release: &str, sent: &str, wanted: &[ValueChange]) {
    let sim = simulated(release, sent).await;
    let before = sim.state();
    for start in 0..2 {
        let agent = agent_over(&sim).await;
        sim.mark();
        take_over(&agent, wanted).await;
        let repaired = if start == 0 { repairs(release) } else { &[] };
        assert_eq!(written(&sim), repaired, "{release}");
        take_over(&agent, wanted).await;
        assert_eq!(written(&sim), repaired, "{release}, once more");
        assert_eq!(agent.audit().await, Vec::<String>::new());
        agent.close().await;
    }
    assert_eq!(sim.state(), before, "{release}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_over_is_changed_and_removed_as_if_it_were_ours() {
    let sim = simulated("26.06", SENT).await;
    let agent = agent_over(&sim).await;
    take_over(&agent, &wishes(WANTED)).await;
    sim.mark();
    let changed = changed();
    take_over(&agent, &wishes(&changed)).await;
    let state = sim.state();
    let lan = state.interface("lan").unwrap();
    let addresses: Vec<String> =
        lan.addresses.iter().map(|(ip, len)| format!("{ip}/{len}")).collect();
    assert_eq!(addresses, ["10.1.9.1/24", "2001:db8:1::1/64"]);
    assert!(!state.interface("vlan100").unwrap().admin_up);
    let spread = state.routes.iter().find(|route| route.destination.0.to_string() == "20.1.0.0");
    assert_eq!(spread.unwrap().paths.len(), 2, "one of three paths is gone");
    assert!(state.interface("gtpu").is_none());
    assert_eq!(state.bridge_domain("bd-two").unwrap().members.len(), 1);
    // Nothing else was touched.
    let names = sim.log();
    let made: Vec<_> = names.iter().filter(|name| name.contains("create")).collect();
    assert!(made.is_empty(), "{made:?}");

    agent.commit(full_resync(Vec::new())).await;
    let left = sim.state();
    let names: Vec<_> = left.interfaces.iter().map(|interface| interface.name.as_str()).collect();
    // Two types of tunnels are not deleted by VPP but kept for the next one.
    let kept =
        |name: &&str| name.starts_with("vxlan_gpe_tunnel") || name.starts_with("gtpu_tunnel");
    let others: Vec<_> = names.iter().filter(|name| !kept(name)).copied().collect();
    assert_eq!(others, ["local0"], "{names:?}");
    assert_eq!(left.tables.iter().filter(|(_, id, _)| *id != 0).count(), 0, "{:?}", left.tables);
    assert_eq!(left.tables.iter().filter(|(family, ..)| *family == Family::V4).count(), 1);
    assert!(left.routes.is_empty() && left.bridge_domains.is_empty(), "{left:?}");
    assert!(left.neighbors.is_empty() && left.cross_connects.is_empty(), "{left:?}");
    agent.close().await;
}

/// Another address, an interface that is down, a path and a tunnel less, a bridge domain with one interface.
fn changed() -> String {
    let replaced = [
        ("ip_addresses: [10.1.0.1/24, \"2001", "ip_addresses: [10.1.9.1/24, \"2001"),
        (
            "{name: vlan100, type: SUB_INTERFACE, enabled: true,",
            "{name: vlan100, type: SUB_INTERFACE,",
        ),
        ("interfaces: [{name: vlan200}, {name: memif-bd2}]", "interfaces: [{name: memif-bd2}]"),
    ];
    let text = replaced.iter().fold(WANTED.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replace(old, new)
    });
    let removed = ["outgoing_interface: bond-lacp, preference: 5", "{name: gtpu, type"];
    let kept = text.lines().filter(|line| removed.iter().all(|gone| !line.contains(gone)));
    kept.map(|line| line.to_owned() + "\n").collect()
}

/// The sockets that the original had VPP make: a VPP that ends leaves them behind.
struct Sockets;

impl Drop for Sockets {
    fn drop(&mut self) {
        for name in ["ligato-original.sock", "ligato-original-ip.sock"] {
            std::fs::remove_file(Path::new("/tmp").join(name)).ok();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_vpp_is_taken_over_without_a_write() {
    // Dropped after VPP has ended.
    let _sockets = Sockets;
    let Some(real) = ligato_testkit::RealVpp::find().unwrap() else {
        println!("skipped: no VPP");
        return;
    };
    let release = real.release().await.unwrap().unwrap_or("26.06");
    as_the_original(real.socket(), release, SENT).await;
    let folder = tempfile::tempdir().unwrap();
    for start in 0..2 {
        let (agent, vpp) = agent_at(real.socket()).await;
        let file = folder.path().join(format!("{start}.jsonl"));
        vpp.client().start_capture(&file, u64::MAX).unwrap();
        take_over(&agent, &wishes(WANTED)).await;
        take_over(&agent, &wishes(WANTED)).await;
        vpp.client().stop_capture();
        let repaired = if start == 0 { repairs(release) } else { &[] };
        assert_eq!(writes(&file), repaired);
        agent.close().await;
    }
    // Then it is ours.
    let (agent, _) = agent_at(real.socket()).await;
    take_over(&agent, &wishes(&changed())).await;
    agent.commit(full_resync(Vec::new())).await;
    agent.close().await;
    let (agent, vpp) = agent_at(real.socket()).await;
    let file = folder.path().join("empty.jsonl");
    vpp.client().start_capture(&file, u64::MAX).unwrap();
    take_over(&agent, &[]).await;
    vpp.client().stop_capture();
    let lines = capture::read(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let left: Vec<_> = lines
        .iter()
        .filter(|line| line.message == "sw_interface_details" && line.fields["tag"] != "")
        .map(|line| line.fields["tag"].to_string())
        .collect();
    assert_eq!(left, Vec::<String>::new());
    agent.close().await;
}

/// What was sent and is no question.
fn writes(file: &Path) -> Vec<String> {
    let lines = capture::read(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(lines.len() > 100, "the conversation was captured");
    let sent = lines.iter().filter(|line| line.way == Way::Sent && !asks(&line.message));
    sent.map(|line| line.message.clone()).collect()
}
