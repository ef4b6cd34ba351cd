//! The client against the simulated VPP: many requests at once, faults, crashes.

#![expect(clippy::expect_used, reason = "in a test a failure is the answer")]

use std::time::Duration;

use futures::future::join_all;
use ligato_vpp_api::msg::interface::{
    CreateLoopback, SwInterfaceDump, SwInterfaceEvent, SwInterfaceSetFlags, WantInterfaceEvents,
};
use ligato_vpp_api::msg::memclnt::ControlPing;
use ligato_vpp_api::types::{IfStatusFlags, InterfaceIndex};
use ligato_vpp_client::{Connection, Notice, Options, VppClient, VppError};
use ligato_vpp_sim::{Action, Fault, Sim};
use tokio::time::timeout;

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), what).await.expect("it took too long")
}

async fn start() -> (Sim, VppClient) {
    let sim = Sim::builder().start().await.expect("the simulation starts");
    let options = Options {
        reply_timeout: Duration::from_millis(500),
        retry_cap: Duration::from_millis(20),
        ..Options::new(sim.socket_path())
    };
    let client = VppClient::start(options);
    soon(client.connected()).await.expect("connected");
    (sim, client)
}

fn all() -> SwInterfaceDump {
    SwInterfaceDump { sw_if_index: InterfaceIndex::NONE, ..SwInterfaceDump::default() }
}

fn up(sw_if_index: InterfaceIndex) -> SwInterfaceSetFlags {
    SwInterfaceSetFlags { sw_if_index, flags: IfStatusFlags::ADMIN_UP }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_share_one_connection() {
    let (_sim, client) = start().await;
    // Far more than the window.
    let requests = join_all((0..20_000).map(|_| client.request(ControlPing {})));
    let creating = join_all((0..500).map(|_| client.request(CreateLoopback::default())));
    let (pings, created) = soon(futures::future::join(requests, creating)).await;
    assert!(pings.iter().all(Result::is_ok));
    let mut indexes: Vec<u32> =
        created.into_iter().map(|reply| reply.expect("created").sw_if_index.0).collect();
    indexes.sort_unstable();
    indexes.dedup();
    assert_eq!(indexes.len(), 500);
    let found = soon(client.dump(all())).await.expect("a list");
    assert_eq!(found.len(), 501, "the loopbacks and local0");
}

#[tokio::test]
async fn what_is_meant_for_one_vpp_does_not_reach_the_next() {
    let (sim, client) = start().await;
    let first = client.peer().expect("connected").incarnation;
    let meant = client.only(Some(first));
    soon(meant.request(ControlPing {})).await.expect("it is that one");
    sim.restart().await.expect("it starts again");
    let mut state = client.state();
    let another = |state: &Connection| state.peer().is_some_and(|peer| peer.incarnation != first);
    soon(state.wait_for(another)).await.expect("connected again");
    sim.mark();
    let refused = soon(meant.request(CreateLoopback::default())).await.expect_err("another VPP");
    assert!(matches!(refused, VppError::NotConnected { .. }), "{refused}");
    let refused = soon(meant.dump(all())).await.expect_err("another VPP");
    assert!(refused.to_string().contains("not connected"), "{refused}");
    assert_eq!(sim.log(), Vec::<&str>::new());
    soon(client.request(CreateLoopback::default())).await.expect("any VPP will do");
}

#[tokio::test]
async fn a_crash_is_survived_and_noticed_as_another_vpp() {
    let (sim, client) = start().await;
    let first = client.peer().expect("connected");
    soon(client.request(CreateLoopback::default())).await.expect("created");
    soon(sim.restart()).await.expect("restarted");
    let mut state = client.state();
    let again =
        state.wait_for(|state| state.peer().is_some_and(|peer| peer.connection > first.connection));
    soon(again).await.expect("connected again");
    let second = client.peer().expect("connected");
    assert_eq!((first.incarnation, second.incarnation), (1, 2));
    assert_eq!(soon(client.dump(all())).await.expect("a list").len(), 1, "only local0 is left");
}

#[tokio::test]
async fn a_lost_connection_to_the_same_vpp_is_no_restart() {
    let (sim, client) = start().await;
    sim.faults().inject(Fault::new(Action::ExecuteAndClose).on("create_loopback").once());
    let error = soon(client.request(CreateLoopback::default())).await.expect_err("closed");
    assert!(error.outcome_unknown(), "{error}");
    let mut state = client.state();
    soon(state.wait_for(|state| state.peer().is_some_and(|peer| peer.connection == 2)))
        .await
        .expect("connected again");
    assert_eq!(client.peer().expect("connected").incarnation, 1);
    assert_eq!(soon(client.dump(all())).await.expect("a list").len(), 2, "it was executed");
}

#[tokio::test]
async fn lost_late_and_doubled_replies_hurt_nobody_else() {
    let (sim, client) = start().await;
    sim.faults().inject(Fault::new(Action::LoseReply).on("create_loopback").once());
    let error = soon(client.request(CreateLoopback::default())).await.expect_err("no reply");
    assert!(matches!(error, VppError::Timeout { .. }), "{error}");

    sim.faults().inject(Fault::new(Action::DuplicateReply).on("create_loopback").once());
    soon(client.request(CreateLoopback::default())).await.expect("created");

    let late = Action::DelayReply(Duration::from_millis(100));
    sim.faults().inject(Fault::new(late).on("create_loopback").once());
    let overtaken = client.send(CreateLoopback::default());
    soon(client.request(ControlPing {})).await.expect("overtakes");
    assert_eq!(soon(overtaken).await.expect("created").sw_if_index, InterfaceIndex(3));
    assert!(client.peer().is_some_and(|peer| peer.connection == 1), "still the same connection");
}

#[tokio::test]
async fn events_go_on_after_a_crash() {
    let (sim, client) = start().await;
    let want = WantInterfaceEvents { enable_disable: 1, pid: 1 };
    let subscribed = soon(client.subscribe_with::<SwInterfaceEvent, _>(want)).await;
    let mut events = subscribed.expect("subscribed");
    assert_eq!(soon(events.recv()).await, Some(Notice::Gap));
    for _ in 0..2 {
        let created = soon(client.request(CreateLoopback::default())).await.expect("created");
        soon(client.request(up(created.sw_if_index))).await.expect("up");
        loop {
            match soon(events.recv()).await.expect("the stream goes on") {
                Notice::Event(event) if event.flags.contains(IfStatusFlags::ADMIN_UP) => break,
                Notice::Event(_) | Notice::Gap => {}
            }
        }
        soon(sim.restart()).await.expect("restarted");
        while soon(events.recv()).await != Some(Notice::Gap) {}
        soon(client.connected()).await.expect("connected");
    }
}
