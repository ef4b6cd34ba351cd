//! What is kept of the past: bounded records, with causes, and every state that was.

use std::time::{Duration, SystemTime};

use ligato_kvs::SchedulerConfig;
use ligato_kvs_api::{Origin, Reason, ResyncKind, Scope, Transaction, ValueState};
use ligato_testkit::punctual;

use crate::Rig;

#[tokio::test(start_paused = true)]
async fn history_is_bounded_by_count_bytes_and_age() {
    let bounds: [fn(&mut SchedulerConfig); 3] = [
        |config| config.history_count = 1,
        |config| config.history_bytes = 1,
        |config| config.history_age = Duration::ZERO,
    ];
    for bound in bounds {
        let mut config = punctual();
        bound(&mut config);
        let rig = Rig::with(config);
        let mut last = None;
        for n in 0..4 {
            last = rig.put(&[("b/1", &format!("{n}"))]).await.seq;
        }
        let kept: Vec<_> = rig.scheduler.history(None, None).iter().map(|r| r.seq).collect();
        assert_eq!(kept, last.into_iter().collect::<Vec<_>>(), "the newest one is always kept");
    }
}

#[tokio::test(start_paused = true)]
async fn the_past_can_be_looked_at() {
    let rig = Rig::start();
    let before = SystemTime::now();
    rig.put(&[("b/1", "1 needs b/2")]).await;
    let waiting = SystemTime::now();
    rig.put(&[("b/2", "2")]).await;
    rig.put(&[("b/2", "-")]).await;
    assert!(rig.scheduler.snapshot_at(before).is_empty());
    let then = rig.scheduler.snapshot_at(waiting);
    let states: Vec<_> = then.iter().map(|e| (&*e.op.key, e.op.new_state)).collect();
    assert_eq!(states, [("b/1", ValueState::Pending)]);
    let timeline = rig.scheduler.timeline("b/1");
    let states: Vec<_> = timeline.iter().map(|e| e.op.new_state).collect();
    assert_eq!(states, [ValueState::Pending, ValueState::Configured, ValueState::Pending]);
    assert!(timeline.windows(2).all(|two| two[0].until == Some(two[1].since)));
    assert_eq!(timeline.last().unwrap().until, None);
}

#[tokio::test(start_paused = true)]
async fn every_change_is_recorded_with_its_cause() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1 needs b/2 derives d/1"), ("b/2", "2")]).await;
    rig.sb.set("b/2", None, Origin::Nb);
    let kind = ResyncKind::Downstream(Scope::All);
    rig.scheduler.commit(Transaction::resync(kind, Vec::new())).await;
    rig.put(&[("b/2", "-")]).await;
    rig.notify("b/2", Some("event"));
    rig.scheduler.audit().await;
    rig.scheduler.audit().await;
    let causes = |key: &str| -> Vec<Reason> {
        rig.scheduler.timeline(key).into_iter().map(|entry| entry.op.reason).collect()
    };
    let by = || "b/2".into();
    assert_eq!(causes("b/2"), [Reason::Requested, Reason::Drift, Reason::Requested, Reason::Drift]);
    assert_eq!(
        causes("b/1")[..],
        [
            // What vanished and is back in the same transaction is nothing to it.
            Reason::Requested,
            Reason::Blocked { by: by() },
            Reason::Unblocked { by: by() },
        ]
    );
    let derived = || Reason::Derived { from: "b/1".into() };
    assert_eq!(causes("d/1"), [derived(), derived(), derived()]);
}
