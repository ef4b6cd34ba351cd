//! What watchers and meters see.

use std::time::Duration;

use ligato_kvs::{SchedulerConfig, StatusEvent, StatusFilter};
use ligato_kvs_api::{
    Availability, Cause, Notification, Origin, ResyncKind, Transaction, ValueState,
};
use ligato_testkit::{Fault, punctual};

use crate::Rig;

#[tokio::test(start_paused = true)]
async fn a_subscription_is_a_snapshot_then_ordered_deltas_and_owns_up_to_losses() {
    let rig = Rig::with(SchedulerConfig { subscription_buffer: 2, ..punctual() });
    rig.put(&[("b/1", "1")]).await;
    let mut stream = rig.scheduler.subscribe(StatusFilter::Prefix("b/".to_owned()));
    let Some(StatusEvent::Snapshot(first, statuses)) = stream.next().await else {
        unreachable!("the first is a snapshot");
    };
    assert_eq!(statuses.len(), 1);
    rig.put(&[("b/2", "2")]).await;
    rig.put(&[("b/2", "-")]).await;
    let mut last = first;
    for state in [ValueState::Configured, ValueState::Removed] {
        let Some(StatusEvent::Delta { revision, statuses, .. }) = stream.next().await else {
            unreachable!("then come deltas");
        };
        assert!(revision > last);
        last = revision;
        assert_eq!(statuses[0].value.state, state);
    }
    for n in 0..5 {
        rig.put(&[("b/3", &format!("{n}"))]).await;
    }
    assert!(matches!(stream.next().await, Some(StatusEvent::Lost { deltas: 5 })));
    assert!(
        matches!(stream.next().await, Some(StatusEvent::Snapshot(now, all)) if now > last && all.len() == 2)
    );
}

#[tokio::test(start_paused = true)]
async fn operations_are_counted_and_timed_by_descriptor() {
    let rig = Rig::start();
    rig.sb.fault("b/2", Fault::Fails);
    rig.sb.fault("b/1", Fault::Late);
    rig.put(&[("b/1", "1 derives d/1"), ("b/2", "2")]).await;
    rig.put(&[("b/1", "1b derives d/1")]).await;
    rig.put(&[("b/1", "-")]).await;
    let stats = rig.scheduler.stats();
    let of = |name: &str| stats.descriptors.iter().find(|d| d.descriptor == name).unwrap();
    let base = of("base");
    assert_eq!((base.create.count, base.update.count, base.delete.count), (2, 1, 1));
    assert_eq!(base.failures, 1);
    assert_eq!(base.create.max_us, 9_000_000, "the late answer");
    assert_eq!(base.create.classes.iter().sum::<u64>(), 2);
    assert_eq!((of("derived").create.count, of("derived").delete.count), (1, 1));
    assert_eq!((stats.transactions, stats.with_errors), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn why_a_southbound_cannot_be_reached_is_told_anew_when_it_changes() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1")]).await;
    for reason in ["it is gone", "it has no memory"] {
        let now = Availability::Down { reason: reason.to_owned() };
        rig.scheduler.sink().send(vec![Notification::Availability { southbound: "fake", now }]);
        // The first may come before the notification, the second comes after everything queued.
        for _ in 0..2 {
            assert_eq!(rig.scheduler.audit().await, Vec::<String>::new());
        }
        let explained = rig.scheduler.explain("b/1").to_string();
        assert!(explained.contains(reason), "{explained}");
    }
}

#[tokio::test(start_paused = true)]
async fn explanations_are_data() {
    let rig = Rig::start();
    rig.sb.fault("b/failing", Fault::Fails);
    rig.put(&[
        ("b/failing", "f"),
        ("b/invalid", "i invalid"),
        ("b/exotic", "e unsupported"),
        ("b/ring-1", "1 needs b/ring-2"),
        ("b/ring-2", "2 needs b/ring-1 needs b/nobody"),
        ("b/blocked", "b not b/there"),
        ("b/there", "t"),
        ("x/1", "nobody's"),
        ("b/1", "1 needs b/failing"),
        ("b/2", "2 needs b/1"),
    ])
    .await;
    let causes = |key: &str| rig.scheduler.explain(key).causes;
    assert!(
        matches!(&causes("b/invalid")[..], [Cause::Invalid { fields, .. }] if fields == &["words"])
    );
    assert!(matches!(&causes("b/exotic")[..], [Cause::Unsupported { .. }]));
    assert!(
        matches!(&causes("b/blocked")[..], [Cause::Conflict { with, .. }] if with == "b/there")
    );
    assert!(matches!(&causes("x/1")[..], [Cause::NoDescriptor]));
    let ring = causes("b/ring-1");
    let [Cause::Waits { on, .. }] = &ring[..] else { unreachable!("{ring:?}") };
    assert!(on.causes.iter().any(|c| matches!(c, Cause::Cycle { through } if through.len() == 2)));
    assert!(on.causes.iter().any(|c| matches!(
        c,
        Cause::MissingKey { target, provider: Some(provider), .. }
            if target == "b/nobody" && provider == "base"
    )));
    let chain = causes("b/2");
    let [Cause::Waits { label, on }] = &chain[..] else { unreachable!("{chain:?}") };
    assert_eq!((label.as_str(), &*on.key), ("b/1", "b/1"));
    let [Cause::Waits { on, .. }] = &on.causes[..] else { unreachable!("{on:?}") };
    assert!(
        matches!(&on.causes[..], [Cause::Failed { error, retry: None }] if error == "it failed")
    );
    assert_eq!(serde_json::to_value(rig.scheduler.explain("b/2")).unwrap()["state"], "PENDING");
}

/// A southbound is read when everything is said, and not once more before, unless something of it is
/// known.
#[tokio::test(start_paused = true)]
async fn a_southbound_that_comes_up_before_the_statement_is_read_with_it() {
    for (statement_expected, is_wished, is_read_at_once) in
        [(false, false, true), (true, false, false), (true, true, true)]
    {
        let rig = Rig::with(SchedulerConfig { statement_expected, ..punctual() });
        let tell = |now| {
            rig.scheduler.sink().send(vec![Notification::Availability { southbound: "fake", now }]);
        };
        tell(Availability::Down { reason: "not there so far".to_owned() });
        rig.scheduler.quiescent(Duration::from_secs(60)).await.unwrap();
        rig.sb.set("b/found", Some("1"), Origin::Sb);
        if is_wished {
            rig.put(&[("b/1", "1")]).await;
        }
        tell(Availability::Up { incarnation: 1, abilities: 0 });
        rig.scheduler.quiescent(Duration::from_secs(60)).await.unwrap();
        let found = || rig.state("b/found") == ValueState::Obtained;
        assert_eq!(found(), is_read_at_once, "{statement_expected} {is_wished}");
        assert_eq!(rig.there("b/1").is_some(), is_wished);
        rig.scheduler.commit(Transaction::resync(ResyncKind::Full, Vec::new())).await;
        assert!(found());
        // From now on it is as usual.
        tell(Availability::Down { reason: "it is gone".to_owned() });
        rig.scheduler.quiescent(Duration::from_secs(60)).await.unwrap();
        rig.sb.set("b/found", None, Origin::Sb);
        rig.sb.set("b/other", Some("1"), Origin::Sb);
        tell(Availability::Up { incarnation: 2, abilities: 0 });
        rig.scheduler.quiescent(Duration::from_secs(60)).await.unwrap();
        assert_eq!(rig.state("b/other"), ValueState::Obtained);
    }
}

/// What another incarnation can do is asked about again; one that can do the same is believed to do so.
#[tokio::test(start_paused = true)]
async fn values_are_judged_anew_for_a_southbound_that_can_do_something_else() {
    let rig = Rig::with(punctual());
    let restart = async |incarnation, abilities| {
        rig.sb.forget_everything();
        let up = Availability::Up { incarnation, abilities };
        for now in [Availability::Down { reason: "it crashed".to_owned() }, up] {
            rig.scheduler.sink().send(vec![Notification::Availability { southbound: "fake", now }]);
        }
        rig.scheduler.quiescent(Duration::from_secs(60)).await.unwrap();
    };
    rig.put(&[("b/1", "spin"), ("b/2", "unsupported"), ("b/3", "1")]).await;
    let states = || ["b/1", "b/2", "b/3"].map(|key| rig.state(key));
    use ValueState::{Configured, Failed};
    assert_eq!(states(), [Configured, Failed, Configured]);
    restart(2, 0).await;
    assert_eq!(states(), [Configured, Failed, Configured]);
    rig.sb.lack(["spin"]);
    restart(3, 1).await;
    assert_eq!(states(), [Failed, Failed, Configured]);
    assert!(rig.there("b/1").is_none());
    // Where it was refused it is asked about at every restart.
    rig.sb.lack([]);
    restart(4, 1).await;
    assert_eq!(states(), [Configured, Failed, Configured]);
}
