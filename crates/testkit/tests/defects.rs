//! One test for each behavioural defect of the original (paragraphs B1 to B18 of the
//! specification's chapter on what to do better). Each fails with the original's behaviour.
#![expect(clippy::unwrap_used, reason = "a test that cannot start fails")]

use std::{ops::Deref, time::Duration};

use ligato_kvs::{StatusEvent, StatusFilter};
use ligato_kvs_api::{
    Notification, Origin, Policy, ResyncKind, RetryPolicy, Scope, Transaction, TxnOptions,
    TxnOutcome, TxnReport, ValueChange, ValueState,
};
use ligato_testkit::{
    FakeKind, FakeSb, Fault, bases, messages::string, punctual, violations, wishes,
};

struct Rig(ligato_testkit::Rig);

impl Deref for Rig {
    type Target = ligato_testkit::Rig;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Rig {
    /// Readable keys below `b/` and `d/`, unreadable ones below `u/`.
    fn start() -> Self {
        let kinds = |sb: &FakeSb| {
            let mut kinds = bases(sb);
            kinds.push(FakeKind::new("unreadable", "u/{name}", sb).unreadable());
            kinds
        };
        Self(ligato_testkit::Rig::start(punctual(), kinds).unwrap())
    }

    async fn put(&self, values: &[(&str, &str)]) -> TxnReport {
        self.put_with(values, TxnOptions::default()).await
    }

    async fn put_with(&self, values: &[(&str, &str)], options: TxnOptions) -> TxnReport {
        let report = self.scheduler.commit(Transaction::change(wishes(values)).with(options)).await;
        let wrong = violations(&self.scheduler.snapshot());
        assert!(wrong.is_empty(), "{wrong:#?}");
        report
    }

    async fn resync(&self) {
        let kind = ResyncKind::Downstream(Scope::All);
        self.scheduler.commit(Transaction::resync(kind, Vec::new())).await;
        let wrong = violations(&self.scheduler.snapshot());
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    async fn notify(&self, values: &[(&str, Option<&str>)]) {
        let batch = values.iter().map(|(key, text)| Notification::Value {
            key: (*key).into(),
            value: text.map(string),
            metadata: None,
        });
        let before = self.scheduler.stats().transactions;
        self.scheduler.sink().send(batch.collect());
        while self.scheduler.stats().transactions == before {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn b1_dependants_come_back_when_a_delete_fails() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1"), ("b/2", "2 needs b/1")]).await;
    rig.sb.fault("b/1", Fault::Fails);
    rig.put(&[("b/1", "-")]).await;
    assert_eq!(rig.state("b/1"), ValueState::Failed);
    assert_eq!(rig.state("b/2"), ValueState::Configured);
    assert_eq!(rig.there("b/2").as_deref(), Some("2 needs b/1"));
}

#[tokio::test(start_paused = true)]
async fn b2_a_cycle_survives_the_recreation_of_a_member() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1 needs b/2"), ("b/2", "2 needs b/1")]).await;
    assert_eq!(rig.state("b/2"), ValueState::Configured);
    rig.put(&[("b/1", "1b needs b/2 recreate")]).await;
    assert_eq!(
        (rig.state("b/1"), rig.state("b/2")),
        (ValueState::Configured, ValueState::Configured)
    );
    assert_eq!(rig.there("b/1").as_deref(), Some("1b needs b/2 recreate"));
}

#[tokio::test(start_paused = true)]
async fn b3_a_first_notification_needs_nothing() {
    let rig = Rig::start();
    rig.notify(&[("b/1", Some("1 needs b/2"))]).await;
    assert_eq!(rig.state("b/1"), ValueState::Obtained);
    rig.put(&[("b/2", "2")]).await;
    assert!(rig.sb.take_log().iter().all(|op| !op.contains("b/1")));
}

#[tokio::test(start_paused = true)]
async fn b4_an_invalid_update_leaves_what_is_applied_under_control() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1"), ("b/2", "2 needs b/1")]).await;
    rig.put(&[("b/1", "1 invalid")]).await;
    assert_eq!((rig.state("b/1"), rig.state("b/2")), (ValueState::Invalid, ValueState::Configured));
    rig.sb.take_log();
    rig.put(&[("b/1", "1c")]).await;
    assert_eq!(rig.sb.take_log(), ["update b/1"]);
    rig.put(&[("b/1", "1 invalid")]).await;
    rig.put(&[("b/1", "-")]).await;
    assert_eq!(rig.there("b/1"), None);
}

#[tokio::test(start_paused = true)]
async fn b5_a_derived_value_cannot_take_over_an_independent_one() {
    let rig = Rig::start();
    rig.put(&[("d/1", "independent")]).await;
    rig.put(&[("b/1", "1 derives d/1")]).await;
    assert_eq!(rig.state("b/1"), ValueState::Invalid);
    rig.put(&[("b/1", "-")]).await;
    assert_eq!(rig.there("d/1").as_deref(), Some("independent"));
}

#[tokio::test(start_paused = true)]
async fn b6_prefixes_match_the_same_way_in_both_directions() {
    for before in [true, false] {
        let rig = Rig::start();
        let (target, waiting) = (("b/target-1", "1"), ("b/w", "w any b/target-"));
        if before {
            rig.put(&[target]).await;
            rig.put(&[waiting]).await;
        } else {
            rig.put(&[waiting]).await;
            rig.put(&[target]).await;
        }
        assert_eq!(rig.state("b/w"), ValueState::Configured);
        rig.put(&[("b/target-1", "-")]).await;
        assert_eq!(rig.state("b/w"), ValueState::Pending);
        assert_eq!(
            rig.scheduler.snapshot().status("b/w").unwrap().value.details,
            ["any b/target-"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn b7_what_is_still_needed_stays() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1 needs b/2"), ("b/2", "2")]).await;
    rig.sb.fault("b/1", Fault::Fails);
    rig.put(&[("b/2", "-")]).await;
    assert_eq!(rig.there("b/2").as_deref(), Some("2"), "its dependant could not be removed");
    assert_eq!(rig.state("b/2"), ValueState::Failed);
}

#[tokio::test(start_paused = true)]
async fn b8_an_abandoned_change_says_so_and_is_retried() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1 derives d/1")]).await;
    rig.sb.fault("d/1", Fault::Fails);
    let retry = Some(RetryPolicy::default());
    rig.put_with(&[("b/1", "-")], TxnOptions { retry, ..TxnOptions::default() }).await;
    assert_eq!(rig.state("b/1"), ValueState::Retrying);
    let explanation = rig.scheduler.explain("b/1").to_string();
    assert!(explanation.contains("held by d/1"), "{explanation}");
    rig.scheduler.quiescent(Duration::from_secs(60)).await.unwrap();
    assert!(rig.sb.content().is_empty());
}

#[tokio::test(start_paused = true)]
async fn b9_a_resync_looks_at_the_dependants_of_what_vanished() {
    let rig = Rig::start();
    rig.notify(&[("b/1", Some("1"))]).await;
    rig.put(&[("b/2", "2 needs b/1")]).await;
    assert_eq!(rig.state("b/2"), ValueState::Configured);
    rig.resync().await;
    assert_eq!(
        (rig.state("b/1"), rig.state("b/2")),
        (ValueState::Nonexistent, ValueState::Pending)
    );
    assert_eq!(rig.there("b/2"), None);
}

#[tokio::test(start_paused = true)]
async fn b10_no_derived_value_is_left_over() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1 derives d/1")]).await;
    rig.sb.set("b/1", None, Origin::Nb);
    rig.sb.set("d/1", None, Origin::Nb);
    let values = vec![ValueChange::put("b/1", string("1 derives d/2"))];
    rig.scheduler.commit(Transaction::resync(ResyncKind::Full, values)).await;
    let keys: Vec<String> = rig.scheduler.snapshot().nodes().map(|n| n.key.to_string()).collect();
    assert_eq!(keys, ["b/1", "d/2"]);
}

#[tokio::test(start_paused = true)]
async fn b11_what_cannot_be_read_back_is_not_believed() {
    let rig = Rig::start();
    rig.put(&[("u/1", "1")]).await;
    rig.sb.fault("u/1", Fault::Fails);
    rig.put(&[("u/1", "2")]).await;
    rig.put(&[("u/1", "2")]).await;
    assert_eq!(rig.there("u/1").as_deref(), Some("2"), "the update is called again");
    rig.sb.fault("u/1", Fault::Fails);
    rig.put(&[("u/1", "-")]).await;
    rig.put(&[("u/1", "-")]).await;
    assert_eq!(rig.there("u/1"), None, "the delete is called again");
}

#[tokio::test(start_paused = true)]
async fn b12_the_retry_policy_is_that_of_the_wish() {
    let rig = Rig::start();
    let retry = Some(RetryPolicy::default());
    rig.put_with(&[("b/1", "1 needs b/2")], TxnOptions { retry, ..TxnOptions::default() }).await;
    rig.sb.fault("b/1", Fault::Fails);
    rig.put(&[("b/2", "2")]).await;
    assert_eq!(rig.state("b/1"), ValueState::Retrying);
    rig.scheduler.quiescent(Duration::from_secs(60)).await.unwrap();
    assert_eq!(rig.state("b/1"), ValueState::Configured);
    // Nor is one acquired from a transaction that merely touches the value.
    rig.put(&[("b/3", "3 needs b/4")]).await;
    rig.sb.fault("b/3", Fault::Fails);
    rig.put_with(&[("b/4", "4")], TxnOptions { retry, ..TxnOptions::default() }).await;
    assert_eq!(rig.state("b/3"), ValueState::Failed);
}

#[tokio::test(start_paused = true)]
async fn b13_every_pair_of_a_notification_is_looked_at() {
    let rig = Rig::start();
    rig.put(&[("b/2", "2")]).await;
    rig.notify(&[("b/1", Some("1")), ("b/2", Some("x")), ("b/3", Some("3"))]).await;
    let states = ["b/1", "b/2", "b/3"].map(|key| rig.state(key));
    assert_eq!(states, [ValueState::Obtained, ValueState::Configured, ValueState::Obtained]);
    assert_eq!(rig.scheduler.snapshot().node("b/2").unwrap().value, Some(string("2")));
}

#[tokio::test(start_paused = true)]
async fn b14_an_undo_puts_the_wish_back_not_the_content() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1")]).await;
    rig.put(&[("b/1", "1 invalid")]).await;
    rig.sb.fault("b/2", Fault::Fails);
    let options = TxnOptions { policy: Policy::AllOrNothing, ..TxnOptions::default() };
    let report = rig.put_with(&[("b/1", "1c"), ("b/2", "2")], options).await;
    assert_eq!(report.outcome, TxnOutcome::Undone);
    let node = rig.scheduler.snapshot().node("b/1").unwrap();
    assert_eq!((node.state, node.value), (ValueState::Invalid, Some(string("1"))));
    assert_eq!(node.desired, Some(string("1 invalid")));
    // A failure of something else that is touched counts too.
    rig.put(&[("b/4", "4 needs b/5")]).await;
    rig.sb.fault("b/4", Fault::Fails);
    let report = rig.put_with(&[("b/5", "5")], options_all()).await;
    assert_eq!(report.outcome, TxnOutcome::Undone);
    assert_eq!(rig.there("b/5"), None);
}

fn options_all() -> TxnOptions {
    TxnOptions { policy: Policy::AllOrNothing, ..TxnOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn b15_a_plan_has_no_effects() {
    let rig = Rig::start();
    let changes = vec![ValueChange::put("b/1", string("1 needs b/2 derives d/1"))];
    let before = rig.scheduler.snapshot().revision();
    let plan = rig.scheduler.plan(Transaction::change(changes)).await.unwrap();
    assert_eq!(plan.unsatisfied.len(), 1);
    assert_eq!(rig.scheduler.snapshot().revision(), before);
    assert_eq!(rig.scheduler.snapshot().nodes().count(), 0);
    assert!(rig.sb.take_log().is_empty());
    // A notification about what NB wants is none of the scheduler's business: nothing is planned.
    rig.put(&[("b/5", "5")]).await;
    rig.notify(&[("b/5", Some("other"))]).await;
    let record = rig.scheduler.history(None, None).pop().unwrap();
    assert!(record.planned.iter().flatten().next().is_none() && record.executed.is_empty());
    assert_eq!(rig.scheduler.snapshot().node("b/5").unwrap().value, Some(string("5")));
}

#[tokio::test(start_paused = true)]
async fn b16_a_resync_of_another_kind_first_changes_nothing() {
    for upstream_first in [true, false] {
        let rig = Rig::start();
        rig.sb.set("b/1", Some("1"), Origin::Unknown);
        rig.sb.set("b/2", Some("2"), Origin::Unknown);
        if upstream_first {
            rig.scheduler.commit(Transaction::resync(ResyncKind::Upstream, Vec::new())).await;
        }
        let values = vec![ValueChange::put("b/1", string("1"))];
        rig.scheduler.commit(Transaction::resync(ResyncKind::Full, values)).await;
        assert_eq!(rig.state("b/1"), ValueState::Configured);
        assert_eq!(rig.state("b/2"), ValueState::Obtained);
        assert!(rig.sb.take_log().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn b17_what_is_applied_is_what_the_southbound_was_told() {
    let rig = Rig::start();
    rig.put(&[("b/1", "one")]).await;
    // Equivalent: the kind does not tell upper from lower case.
    rig.put(&[("b/1", "ONE")]).await;
    assert_eq!(rig.sb.take_log(), ["create b/1"]);
    let node = rig.scheduler.snapshot().node("b/1").unwrap();
    assert_eq!((node.value, node.desired), (Some(string("one")), Some(string("ONE"))));
    // The fake tells of updates whose old content is not what is there.
    rig.put(&[("b/1", "two")]).await;
    assert_eq!(rig.sb.take_log(), ["update b/1"]);
    assert!(rig.sb.take_wrong().is_empty(), "updated from what it was never told");
}

#[tokio::test(start_paused = true)]
async fn b18_news_is_what_changed() {
    let rig = Rig::start();
    let mut stream = rig.scheduler.subscribe(StatusFilter::All);
    assert!(
        matches!(stream.next().await, Some(StatusEvent::Snapshot(_, statuses)) if statuses.is_empty())
    );
    rig.put(&[("b/9", "-")]).await;
    assert!(stream.try_next().is_none(), "nothing was there");
    rig.put(&[("b/1", "1")]).await;
    assert!(matches!(stream.try_next(), Some(StatusEvent::Delta { .. })));
    rig.put(&[("b/1", "1")]).await;
    assert!(stream.try_next().is_none(), "nothing has changed");
    rig.put(&[("b/1", "2")]).await;
    assert!(matches!(stream.try_next(), Some(StatusEvent::Delta { .. })), "the content has");
}
