//! What is as it is wanted is left alone, by the agent that made it and by the next one; a dry run of a first statement tells
//! what that will do.

use std::path::Path;
use std::time::Duration;

use ligato_kvs::Scheduler;
use ligato_kvs_api::OpKind;
use ligato_testkit::fields::real_vpp;
use ligato_vpp_api::FixedString;
use ligato_vpp_api::msg::interface::{
    SwInterfaceAddDelAddress, SwInterfaceSetFlags, SwInterfaceSetRxPlacement,
};
use ligato_vpp_api::msg::memif::{MemifCreate, MemifRole, MemifSocketFilenameAddDel};
use ligato_vpp_api::types::{AddressWithPrefix, IfStatusFlags, InterfaceIndex, Prefix};
use ligato_vpp_client::{Options, VppClient};
use ligato_vpp_sim::Sim;

use super::fields::has_worked;
use super::{PATIENCE, agent_at, agent_over, full_resync, unfinished, wishes, written};

/// A statement of all that is wanted to an agent; what is sent for it.
async fn want(sim: &Sim, agent: &Scheduler, document: &str) -> Vec<&'static str> {
    sim.mark();
    agent.commit(full_resync(wishes(document))).await;
    written(sim)
}

/// The same to an agent that knows nothing.
async fn first_want(sim: &Sim, document: &str) -> Vec<&'static str> {
    let agent = agent_over(sim).await;
    let sent = want(sim, &agent, document).await;
    agent.close().await;
    sent
}

const NOTHING: [&str; 0] = [];
const PLACED: &str = "sw_interface_set_rx_placement";

fn tap(placement: &str) -> String {
    let tap = "name: t, type: TAP, enabled: true, tap: {version: 2}";
    format!("vppConfig: {{interfaces: [{{{tap}, rx_placements: [{{queue: 0, {placement}}}]}}]}}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_0_of_a_vpp_without_workers_is_its_main_thread() {
    let sim = Sim::builder().seed(7).start().await.unwrap();
    let agent = agent_over(&sim).await;
    let wanted = tap("worker: 0");
    want(&sim, &agent, &wanted).await;
    settle(&agent).await;
    assert!(written(&sim).contains(&PLACED), "{:?}", sim.log());
    assert_eq!(want(&sim, &agent, &wanted).await, NOTHING, "again");
    assert_eq!(want(&sim, &agent, &tap("main_thread: true")).await, NOTHING, "it is the same");
    agent.close().await;
    assert_eq!(first_want(&sim, &wanted).await, NOTHING, "by another agent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_there_are_workers_the_main_thread_is_none_of_them() {
    let sim = Sim::builder().seed(7).workers(2).start().await.unwrap();
    let agent = agent_over(&sim).await;
    let wanted = tap("worker: 0");
    want(&sim, &agent, &wanted).await;
    settle(&agent).await;
    let other = VppClient::start(Options::new(sim.socket_path()));
    other.connected().await.unwrap();
    let sw_if_index = InterfaceIndex(sim.state().interface("t").unwrap().index);
    let to_main = SwInterfaceSetRxPlacement { sw_if_index, is_main: true, ..Default::default() };
    other.request(to_main).await.unwrap();
    other.shutdown().await;
    assert_eq!(want(&sim, &agent, &wanted).await, [PLACED]);
    assert_eq!(want(&sim, &agent, &wanted).await, NOTHING);
    agent.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_not_there_is_unsupported_and_not_asked_for() {
    for (workers, worker, why) in
        [(0, 1, "`worker` 1: VPP has no workers"), (2, 2, "`worker` 2: the last one of VPP is 1")]
    {
        let sim = Sim::builder().seed(7).workers(workers).start().await.unwrap();
        let agent = agent_over(&sim).await;
        let wanted = tap(&format!("worker: {worker}"));
        want(&sim, &agent, &wanted).await;
        let text = format!("not supported: {why}");
        let is_said = || unfinished(&agent).iter().all(|left| left.ends_with(&text));
        let said = async {
            while !is_said() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let said = tokio::time::timeout(PATIENCE, said).await;
        assert!(said.is_ok() && unfinished(&agent).len() == 1, "{:?}", unfinished(&agent));
        assert!(!written(&sim).contains(&PLACED), "{:?}", sim.log());
        assert_eq!(want(&sim, &agent, &wanted).await, NOTHING, "again");
        want(&sim, &agent, &tap("main_thread: true")).await;
        assert_eq!(unfinished(&agent), NOTHING);
        agent.close().await;
    }
}

/// Somebody's master at this file, under another number: with it a memif of ours has queues.
async fn with_a_master(socket: &Path, file: &str) {
    let other = VppClient::start(Options::new(socket));
    other.connected().await.unwrap();
    let number = 9;
    let socket_filename = FixedString::new(file).unwrap();
    let same = MemifSocketFilenameAddDel { is_add: true, socket_id: number, socket_filename };
    other.request(same).await.unwrap();
    let role = MemifRole::MASTER;
    let master = MemifCreate { role, id: 5, socket_id: number, ..MemifCreate::default() };
    let sw_if_index = other.request(master).await.unwrap().sw_if_index;
    let flags = IfStatusFlags::ADMIN_UP;
    other.request(SwInterfaceSetFlags { sw_if_index, flags }).await.unwrap();
    other.shutdown().await;
}

/// Waits until nothing is left to be done.
async fn settle(agent: &Scheduler) {
    let settled = async {
        while !unfinished(agent).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let settled = tokio::time::timeout(PATIENCE, settled).await;
    assert!(settled.is_ok(), "{:?}", unfinished(agent));
}

/// Placements of the queues of a memif, which has some once it is connected, and what is taken over from routers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_set_once_stays_in_a_real_vpp() {
    let Some((real, _)) = real_vpp().await.unwrap() else {
        println!("skipped: no VPP of a release that is looked at");
        return;
    };
    let file = real.socket().with_file_name("settled.sock").display().to_string();
    let memif = format!("type: MEMIF, enabled: true, memif: {{id: 5, socket_filename: {file}}}");
    let placed = "rx_placements: [{queue: 0, worker: 0}]";
    let without = format!("vppConfig: {{interfaces: [{{name: s, {memif}, {placed}}}, {{{WAN}}}]}}");
    let wanted = without.replace(WAN, &format!("{WAN}, {TAKES_OVER}"));
    let (agent, _) = agent_at(real.socket()).await;
    agent.commit(full_resync(wishes(&without))).await;
    with_a_master(real.socket(), &file).await;
    settle(&agent).await;
    agent.close().await;
    // IPv6 is off, so that was not set.
    for is_change in [true, false, false] {
        let (agent, _) = agent_at(real.socket()).await;
        let report = agent.commit(full_resync(wishes(&wanted))).await;
        assert_eq!(has_worked(&agent, &report), is_change);
        assert_eq!(unfinished(&agent), NOTHING);
        agent.close().await;
    }
}

const WAN: &str =
    "name: wan, type: SOFTWARE_LOOPBACK, enabled: true, phys_address: \"02:fe:00:11:22:33\"";
const TAKES_OVER: &str = "ip6_nd: {address_autoconfig: true, install_default_routes: true}";

fn wan(more: &str) -> String {
    format!("vppConfig: {{interfaces: [{{{WAN}{more}}}]}}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_over_from_routers_is_set_once() {
    for release in ["22.02", "26.06"] {
        let sim = Sim::builder().seed(7).release(release).start().await.unwrap();
        let wanted = wan(&format!(", {TAKES_OVER}"));
        let sent = first_want(&sim, &wanted).await;
        assert_eq!(sent.iter().filter(|sent| **sent == "ip6_nd_address_autoconfig").count(), 1);
        assert_eq!(first_want(&sim, &wanted).await, NOTHING, "{release}");
        // An agent that ended after it made the interface and before it set that: IPv6 is off, so it was not set.
        let sim = Sim::builder().seed(7).release(release).start().await.unwrap();
        first_want(&sim, &wan("")).await;
        assert_eq!(first_want(&sim, &wanted).await, ["ip6_nd_address_autoconfig"], "{release}");
        assert_eq!(first_want(&sim, &wanted).await, NOTHING, "{release}");
    }
}

/// VPP makes addresses of advertised prefixes: they are not taken for ours that are too many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_of_advertised_prefixes_stay() {
    let sim = Sim::builder().seed(7).start().await.unwrap();
    let agent = agent_over(&sim).await;
    let wanted = wan(&format!(", {TAKES_OVER}, ip_addresses: [\"2001:db8:1::1/64\"]"));
    want(&sim, &agent, &wanted).await;
    let sw_if_index = InterfaceIndex(sim.state().interface("wan").unwrap().index);
    add_address(sim.socket_path(), sw_if_index, "2001:db8:5::fe:ff:fe11:2233").await;
    assert_eq!(want(&sim, &agent, &wanted).await, NOTHING);
    agent.close().await;
    assert_eq!(first_want(&sim, &wanted).await, NOTHING);
    // Another one of the same prefix is somebody's mistake.
    add_address(sim.socket_path(), sw_if_index, "2001:db8:6::2").await;
    assert_eq!(first_want(&sim, &wanted).await, ["sw_interface_add_del_address"]);
}

async fn add_address(socket: &Path, sw_if_index: InterfaceIndex, address: &str) {
    let other = VppClient::start(Options::new(socket));
    other.connected().await.unwrap();
    let prefix = AddressWithPrefix(Prefix::new(address.parse().unwrap(), 64));
    let add = SwInterfaceAddDelAddress { sw_if_index, is_add: true, prefix, ..Default::default() };
    other.request(add).await.unwrap();
    other.shutdown().await;
}

/// VPP does not tell the secret, nor how flows are spread.
const KEPT: &str = "vppConfig:
  vrfs: [{id: 7, label: seven, flow_hash_settings: {use_src_ip: true}}]
  interfaces:
  - {name: m, type: MEMIF, enabled: true, vrf: 7, mtu: 1500, ip_addresses: [10.1.0.1/24], memif: {id: 1, socket_filename: /run/vpp/a.sock, secret: first}}
  - {name: w, type: SOFTWARE_LOOPBACK, enabled: true, ip6_nd: {address_autoconfig: true}}
  routes:
  - {type: INTER_VRF, dst_network: 20.0.0.0/8, via_vrf_id: 7}
";

/// What a statement would do, by a dry run.
async fn planned(agent: &Scheduler, document: &str) -> Vec<(OpKind, String)> {
    let plan = agent.plan(full_resync(wishes(document))).await.unwrap();
    plan.steps.iter().map(|step| (step.op, step.key.to_string())).collect()
}

/// What a statement does.
async fn done(agent: &Scheduler, document: &str) -> Vec<(OpKind, String)> {
    let report = agent.commit(full_resync(wishes(document))).await;
    let record = report.seq.and_then(|seq| agent.transaction(seq)).unwrap();
    let done = record.executed.iter().filter(|op| !op.noop);
    done.map(|op| (op.op, op.key.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_of_the_first_statement_tells_what_it_will_do() {
    let sim = Sim::builder().seed(7).start().await.unwrap();
    assert!(!first_want(&sim, KEPT).await.is_empty());
    for changed in [
        KEPT.to_owned(),
        KEPT.replace("mtu: 1500", "mtu: 1400"),
        KEPT.replace("via_vrf_id: 7", "via_vrf_id: 0, next_hop_addr: 10.1.0.9"),
        KEPT.replace("name: w,", "name: x,"),
        "vppConfig: {}".to_owned(),
    ] {
        let agent = agent_over(&sim).await;
        sim.mark();
        // As often as one likes, and whatever else is tried in between.
        for tried in [&changed, &KEPT.replace("secret: first", "secret: second"), &changed] {
            let steps = planned(&agent, tried).await;
            assert!(tried != KEPT || steps.is_empty(), "{steps:?}");
        }
        let steps = planned(&agent, &changed).await;
        assert_eq!(written(&sim), NOTHING);
        assert_eq!(done(&agent, &changed).await, steps, "{changed}");
        assert_eq!(steps.is_empty(), changed == KEPT, "{steps:?}");
        done(&agent, KEPT).await;
        agent.close().await;
    }
}
