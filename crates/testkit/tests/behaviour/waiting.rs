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

#[tokio::test(start_paused = true)]
async fn values_that_need_each_other_come_as_one_if_nothing_else_is_missing() {
    use ligato_kvs_api::ValueState::{Configured, Pending};
    // What is wanted, and what becomes of it.
    let both = |state| vec![("b/1", state), ("b/2", state)];
    let cases = [
        (vec![("b/1", "1 needs b/2"), ("b/2", "2 needs b/1")], both(Configured)),
        (vec![("b/1", "1 needs b/2"), ("b/2", "2 any b/1")], both(Configured)),
        // Something else is missing, for the one or the other, or stands in the way.
        (vec![("b/1", "1 needs b/2 needs b/9"), ("b/2", "2 needs b/1")], both(Pending)),
        (vec![("b/1", "1 needs b/2"), ("b/2", "2 needs b/1 any b/9")], both(Pending)),
        (
            vec![("b/1", "1 needs b/2 not b/3"), ("b/2", "2 needs b/1"), ("b/3", "3")],
            vec![("b/1", Pending), ("b/2", Pending), ("b/3", Configured)],
        ),
        // Also by way of what is derived.
        (
            vec![("b/1", "1 needs b/2 derives d/1"), ("b/2", "2 needs d/1")],
            vec![("b/1", Configured), ("b/2", Configured), ("d/1", Configured)],
        ),
        (vec![("b/1", "1 needs b/2 needs b/9 derives d/1"), ("b/2", "2 needs d/1")], both(Pending)),
        (
            vec![("b/1", "1 derives d/1:needs:b/2"), ("b/2", "2 needs d/1")],
            vec![("b/1", Configured), ("b/2", Configured), ("d/1", Configured)],
        ),
        (
            vec![("b/1", "1 derives d/1:needs:b/2:needs:b/9"), ("b/2", "2 needs d/1")],
            vec![("b/1", Configured), ("b/2", Pending), ("d/1", Pending)],
        ),
        // Nothing rests on its own offspring, with or without somebody else who waits for that; but on
        // that of who waits for it.
        (vec![("b/1", "1 needs d/1 derives d/1"), ("b/2", "2 needs b/1")], both(Pending)),
        (vec![("b/1", "1 any d/ derives d/1"), ("b/2", "2 needs d/1")], both(Pending)),
        (
            vec![("b/1", "1 any d/ derives d/1"), ("b/2", "2 needs b/1 derives d/2")],
            both(Configured),
        ),
    ];
    for (wishes, expected) in cases {
        let rig = Rig::start();
        rig.put(&wishes).await;
        for (key, state) in expected {
            assert_eq!(rig.state(key), state, "{key} of {wishes:?}");
        }
        assert!(rig.scheduler.audit().await.is_empty(), "{wishes:?}");
    }
}
