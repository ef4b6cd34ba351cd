//! How long callers wait, and what happens when the scheduler does not do it.

use std::time::Duration;

use ligato_kvs_api::{Acknowledgement, Policy, TxnOutcome, TxnSeq, ValueState};
use ligato_orchestrator::{PushOptions, PushOutcome};

use crate::fake::{put, running};

#[tokio::test]
async fn acceptance_is_answered_at_once() {
    let rig = running().await;
    let open = rig.fake.hold();
    let options = PushOptions::accepted();
    let result = rig.handle.push("grpc", vec![put("a", 1)], options).await.unwrap();
    assert_eq!((result.outcome, result.seq), (PushOutcome::Accepted, None));
    open.send(()).unwrap();
}

#[tokio::test]
async fn application_is_answered_with_number_and_statuses() {
    let rig = running().await;
    let result = rig.push("grpc", vec![put("b", 1), put("a", 1)]).await;
    assert_eq!((result.outcome, result.seq), (PushOutcome::Done, Some(TxnSeq(7))));
    let states: Vec<_> =
        result.keys.iter().map(|key| key.status.as_ref().unwrap().value.state).collect();
    assert_eq!(states, [ValueState::Configured; 2]);
}

#[tokio::test]
async fn the_caller_may_stop_waiting_and_the_change_goes_on() {
    let rig = running().await;
    let open = rig.fake.hold();
    let deadline = Some(Duration::from_secs(5));
    let options =
        PushOptions { ack: Acknowledgement::Verified, deadline, ..PushOptions::default() };
    let handle = rig.handle.clone();
    let push = tokio::spawn(async move { handle.push("grpc", vec![put("a", 1)], options).await });
    rig.until(|rig| rig.wanted() == "a=1@grpc").await;
    while rig.clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    rig.clock.advance(Duration::from_secs(6));
    let result = push.await.unwrap().unwrap();
    assert_eq!(result.outcome, PushOutcome::DeadlinePassed);
    open.send(()).unwrap();
    assert_eq!(rig.fake.applied(), "a=1");
}

#[tokio::test]
async fn what_the_scheduler_undid_is_undone_here() {
    let rig = running().await;
    rig.push("grpc", vec![put("a", 1)]).await;
    let options = PushOptions { policy: Policy::AllOrNothing, ..PushOptions::default() };
    rig.fake.ends(TxnOutcome::Undone);
    let changes = vec![put("a", 2), put("b", 2)];
    let result = rig.handle.push("grpc", changes, options.clone()).await.unwrap();
    assert_eq!(result.outcome, PushOutcome::Undone);
    rig.until(|rig| rig.wanted() == "a=1@grpc").await;

    // What was said since is not taken back.
    let open = rig.fake.hold();
    rig.fake.ends(TxnOutcome::Undone);
    let handle = rig.handle.clone();
    let slow =
        tokio::spawn(
            async move { handle.push("grpc", vec![put("a", 3), put("b", 3)], options).await },
        );
    rig.until(|rig| rig.wanted() == "a=3@grpc b=3@grpc").await;
    rig.push("grpc", vec![put("b", 4)]).await;
    open.send(()).unwrap();
    slow.await.unwrap().unwrap();
    rig.until(|rig| rig.wanted() == "a=1@grpc b=4@grpc").await;
}
