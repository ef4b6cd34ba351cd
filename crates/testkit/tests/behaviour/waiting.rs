//! Waiting for a transaction, for values, for quiet; and not being held up meanwhile.

use std::time::Duration;

use ligato_kvs::WaitError;
use ligato_kvs_api::{RetryPolicy, TxnOptions, ValueState};
use ligato_testkit::Fault;

use crate::{Rig, change, with};

#[tokio::test(start_paused = true)]
async fn keys_can_be_waited_for() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1 needs b/event derives d/1")]).await;
    let wait = |states: &'static [ValueState], seconds| {
        rig.scheduler.wait_for(
            vec!["b/1".into(), "d/1".into()],
            states,
            Duration::from_secs(seconds),
        )
    };
    let late = wait(&[ValueState::Configured], 1).await;
    assert!(matches!(late, Err(WaitError::Deadline(statuses)) if statuses.len() == 1));
    let (reached, ()) = tokio::join!(wait(&[ValueState::Configured], 60), async {
        rig.notify("b/event", Some("up"));
    });
    assert_eq!(reached.unwrap()[0].value.state, ValueState::Configured);
}

#[tokio::test(start_paused = true)]
async fn quiet_is_when_no_retry_is_left() {
    let rig = Rig::start();
    rig.sb.fault("b/1", Fault::Fails);
    rig.sb.fault("b/1", Fault::Fails);
    let options = TxnOptions { retry: Some(RetryPolicy::default()), ..TxnOptions::default() };
    let ticket = rig.scheduler.submit(with(&[("b/1", "1")], options));
    assert!(rig.scheduler.quiescent(Duration::from_millis(2500)).await.is_err(), "1 s + 2 s");
    assert!(!ticket.await.is_done(), "the outcome of a transaction is final");
    rig.scheduler.quiescent(Duration::from_secs(60)).await.unwrap();
    assert_eq!(rig.state("b/1"), ValueState::Configured);
}

#[tokio::test(start_paused = true)]
async fn notifications_are_merged_but_never_lost() {
    let rig = Rig::start();
    for n in 0..1000 {
        rig.notify("b/1", Some(&format!("{n}")));
        rig.notify(&format!("b/x{n}"), Some("x"));
    }
    rig.scheduler.audit().await;
    rig.scheduler.audit().await;
    let snapshot = rig.scheduler.snapshot();
    assert_eq!(snapshot.nodes().count(), 1001);
    let last = snapshot.node("b/1").unwrap().value.unwrap();
    assert_eq!(last, ligato_testkit::messages::string("999"));
    assert_eq!(rig.scheduler.stats().coalesced, 999);
}

#[tokio::test(start_paused = true)]
async fn readers_do_not_wait_for_an_operation_under_way() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1")]).await;
    rig.sb.fault("b/1", Fault::Hangs);
    let ticket = rig.scheduler.submit(change(&[("b/1", "2")]));
    tokio::task::yield_now().await;
    let started = tokio::time::Instant::now();
    assert_eq!(rig.state("b/1"), ValueState::Configured);
    assert_eq!(rig.scheduler.snapshot().count_by_state(), [(ValueState::Configured, 1)]);
    assert!(rig.scheduler.explain("b/1").causes.is_empty());
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert!(!ticket.await.is_done());
}
