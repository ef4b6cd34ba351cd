//! What is left of a transaction when it is over: records, plans, problems and last operations.
#![expect(clippy::unwrap_used, reason = "a test that cannot start fails")]

use std::{ops::Deref, sync::Arc, time::Duration};

use ligato_kvs::{StatusEvent, StatusFilter};
use ligato_kvs_api::{
    OpKind, Origin, Policy, RecordedOp, RecordedTxn, ResyncKind, RetryPolicy, Scope, Transaction,
    TxnOptions, TxnOutcome, TxnReport, ValueChange, ValueState,
};
use ligato_testkit::{Fault, bases, messages::string, punctual, wishes};

struct Rig(ligato_testkit::Rig);

impl Deref for Rig {
    type Target = ligato_testkit::Rig;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Rig {
    fn start() -> Self {
        Self(ligato_testkit::Rig::start(punctual(), bases).unwrap())
    }

    async fn put(&self, values: &[(&str, &str)], options: TxnOptions) -> TxnReport {
        self.scheduler.commit(Transaction::change(wishes(values)).with(options)).await
    }

    fn last_op(&self, key: &str) -> OpKind {
        self.scheduler.snapshot().status(key).unwrap().value.last_operation
    }

    fn last_record(&self) -> Arc<RecordedTxn> {
        Arc::clone(self.scheduler.history(None, None).last().unwrap())
    }

    fn last_ops(&self, key: &str) -> Vec<RecordedOp> {
        self.last_record().executed.iter().filter(|op| op.key == *key).cloned().collect()
    }
}

fn all_or_nothing() -> TxnOptions {
    TxnOptions { policy: Policy::AllOrNothing, ..TxnOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn a_base_asked_for_again_tries_what_failed_below_it() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1 derives d/1")], TxnOptions::default()).await;
    rig.sb.fault("d/1", Fault::Fails);
    rig.put(&[("b/1", "2 derives d/1")], TxnOptions::default()).await;
    rig.put(&[("b/1", "2 derives d/1")], TxnOptions::default()).await;
    assert_eq!(rig.state("d/1"), ValueState::Configured);
}

#[tokio::test(start_paused = true)]
async fn a_derived_value_that_cannot_be_set_is_on_record_as_it_was_asked_for() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1 derives d/1")], TxnOptions::default()).await;
    rig.put(&[("d/1", "mine")], TxnOptions::default()).await;
    let values = &rig.last_record().values;
    assert_eq!(values.len(), 1);
    assert_eq!(values[0].value, Some(string("mine")));
}

#[tokio::test(start_paused = true)]
async fn what_an_undone_transaction_made_fail_waits_as_before() {
    let rig = Rig::start();
    rig.put(&[("b/2", "2 needs b/1")], TxnOptions::default()).await;
    rig.sb.fault("b/2", Fault::Fails);
    let report = rig.put(&[("b/1", "1")], all_or_nothing()).await;
    assert_eq!(report.outcome, TxnOutcome::Undone);
    assert_eq!(rig.state("b/1"), ValueState::Nonexistent);
    assert_eq!(rig.state("b/2"), ValueState::Pending);
}

#[tokio::test(start_paused = true)]
async fn what_an_undone_transaction_did_not_come_to_is_not_on_record() {
    let rig = Rig::start();
    rig.put(&[("b/9", "9")], TxnOptions::default()).await;
    rig.sb.fault("b/1", Fault::Fails);
    rig.put(&[("b/1", "1"), ("b/2", "2"), ("b/9", "9b")], all_or_nothing()).await;
    assert!(rig.last_ops("b/2").is_empty());
    assert_eq!(rig.last_op("b/9"), OpKind::Create, "nothing has happened to it since");
}

#[tokio::test(start_paused = true)]
async fn what_is_created_again_by_an_undo_was_removed_before() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1"), ("b/2", "2")], TxnOptions::default()).await;
    rig.sb.fault("b/2", Fault::Fails);
    rig.put(&[("b/1", "-"), ("b/2", "2b")], all_or_nothing()).await;
    let back = rig.last_ops("b/1").pop().unwrap();
    assert_eq!((back.op, back.prev_state), (OpKind::Create, ValueState::Removed));
}

#[tokio::test(start_paused = true)]
async fn taking_over_what_others_made_is_on_record() {
    let rig = Rig::start();
    let values = || vec![ValueChange::put("b/1", string("1"))];
    rig.sb.set("b/1", Some("1"), Origin::Sb);
    rig.scheduler.commit(Transaction::resync(ResyncKind::Full, Vec::new())).await;
    assert_eq!(rig.state("b/1"), ValueState::Obtained);
    rig.scheduler.commit(Transaction::resync(ResyncKind::Full, values())).await;
    assert!(rig.sb.take_log().is_empty());
    let ops = rig.last_ops("b/1");
    let states: Vec<_> = ops.iter().map(|o| (o.prev_state, o.new_state, o.noop)).collect();
    assert_eq!(states, [(ValueState::Obtained, ValueState::Configured, true)]);
}

#[tokio::test(start_paused = true)]
async fn derived_values_that_vanished_with_their_base_were_missing() {
    let rig = Rig::start();
    let values = || vec![ValueChange::put("b/1", string("1 derives d/1"))];
    rig.scheduler.commit(Transaction::resync(ResyncKind::Full, values())).await;
    rig.sb.set("b/1", None, Origin::Nb);
    rig.scheduler.commit(Transaction::resync(ResyncKind::Full, values())).await;
    for key in ["b/1", "d/1"] {
        let op = rig.last_ops(key).pop().unwrap();
        assert_eq!((op.op, op.prev_state), (OpKind::Create, ValueState::Missing), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_with_nothing_left_to_do_plans_nothing() {
    let rig = Rig::start();
    rig.sb.fault("b/1", Fault::Fails);
    let retry = Some(RetryPolicy::default());
    rig.put(&[("b/1", "1")], TxnOptions { retry, ..TxnOptions::default() }).await;
    rig.put(&[("b/1", "2")], TxnOptions::default()).await;
    rig.scheduler.quiescent(Duration::from_secs(60)).await.unwrap();
    let record = rig.last_record();
    assert_eq!(record.txn_type, "RetryFailedOps");
    assert!(record.planned.is_none() && record.executed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_last_of_several_wishes_for_a_key_wins() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1"), ("b/1", "-")], TxnOptions::default()).await;
    assert_eq!(rig.state("b/1"), ValueState::Nonexistent, "also if there is nothing to delete");
    rig.put(&[("b/1", "-"), ("b/1", "1")], TxnOptions::default()).await;
    assert_eq!(rig.state("b/1"), ValueState::Configured);
}

#[tokio::test(start_paused = true)]
async fn what_a_complete_statement_leaves_out_is_told_to_be_gone() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1")], TxnOptions::default()).await;
    let mut stream = rig.scheduler.subscribe(StatusFilter::All);
    stream.next().await;
    rig.scheduler.commit(Transaction::resync(ResyncKind::Full, Vec::new())).await;
    let Some(StatusEvent::Delta { statuses, .. }) = stream.try_next() else { panic!("no news") };
    let told: Vec<_> = statuses.iter().map(|s| (&*s.value.key, s.value.state)).collect();
    assert_eq!(told, [("b/1", ValueState::Removed)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_found_over_an_unmet_need_goes() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1 needs b/2")], TxnOptions::default()).await;
    rig.sb.set("b/1", Some("1 needs b/2"), Origin::Nb);
    rig.scheduler.commit(Transaction::resync(ResyncKind::Downstream(Scope::All), vec![])).await;
    assert_eq!(rig.state("b/1"), ValueState::Pending);
    assert!(rig.sb.content().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_asks_again_for_what_is_invalid_is_told_again() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1 invalid")], TxnOptions::default()).await;
    let values = vec![ValueChange::put("b/1", string("1 invalid"))];
    let report = rig.scheduler.commit(Transaction::resync(ResyncKind::Full, values)).await;
    assert_eq!(report.errors.len(), 1);
    let kind = ResyncKind::Downstream(Scope::All);
    let report = rig.scheduler.commit(Transaction::resync(kind, vec![])).await;
    assert!(report.errors.is_empty(), "nobody asked");
}

#[tokio::test(start_paused = true)]
async fn a_derived_value_stays_as_it_is_while_its_base_cannot_change() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1 derives d/1:one")], TxnOptions::default()).await;
    rig.sb.fault("b/1", Fault::Fails);
    rig.put(&[("b/1", "2 derives d/1:two")], TxnOptions::default()).await;
    assert_eq!(rig.state("b/1"), ValueState::Failed);
    assert_eq!(rig.sb.content()["d/1"], "derived one");
    rig.put(&[("b/1", "2 derives d/1:two")], TxnOptions::default()).await;
    assert_eq!(rig.sb.content()["d/1"], "derived two");
}

#[tokio::test(start_paused = true)]
async fn undoing_tells_the_southbound_what_is_really_there_of_derived_values() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1 derives d/1:one derives d/2:one")], TxnOptions::default()).await;
    rig.sb.fault("d/1", Fault::Fails);
    let wish = [("b/1", "2 derives d/1:two derives d/2:two")];
    assert_eq!(rig.put(&wish, all_or_nothing()).await.outcome, TxnOutcome::Undone);
    let content = rig.sb.content();
    assert_eq!((&*content["d/1"], &*content["d/2"]), ("derived one", "derived one"));
    assert!(rig.sb.take_wrong().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_had_to_go_and_is_invalid_now_says_so() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1"), ("b/2", "2 needs b/1")], TxnOptions::default()).await;
    let report = rig.put(&[("b/1", "-"), ("b/2", "2 needs b/1 invalid")], TxnOptions::default());
    let report = report.await;
    let told: Vec<&str> = report.errors.iter().map(|e| &*e.key).collect();
    assert_eq!(told, ["b/2"]);
    let op = rig.last_ops("b/2").pop().unwrap();
    assert_eq!((op.new_state, op.new_error().is_some()), (ValueState::Invalid, true));
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_again_is_no_news() {
    let rig = Rig::start();
    rig.put(&[("b/1", "1"), ("b/2", "2 needs b/1")], TxnOptions::default()).await;
    rig.put(&[("b/1", "-")], TxnOptions::default()).await;
    let mut stream = rig.scheduler.subscribe(StatusFilter::All);
    stream.next().await;
    rig.put(&[("b/2", "2 needs b/1")], TxnOptions::default()).await;
    assert_eq!(rig.state("b/2"), ValueState::Pending);
    let told = match stream.try_next() {
        Some(StatusEvent::Delta { statuses, .. }) => statuses.len(),
        _ => 0,
    };
    assert_eq!(told, 0);
}

#[tokio::test(start_paused = true)]
async fn what_verification_finds_is_found_for_those_who_wait_for_it_too() {
    let rig = Rig::start();
    let waiting = [("b/1", "1 needs b/9"), ("b/2", "2 needs b/1")];
    rig.put(&waiting, TxnOptions::default()).await;
    rig.sb.set("b/1", Some("1 needs b/9"), Origin::Sb);
    let verified = TxnOptions { verify: true, ..TxnOptions::default() };
    rig.put(&waiting[..1], verified).await;
    assert_eq!(rig.state("b/1"), ValueState::Failed);
    assert_eq!(rig.state("b/2"), ValueState::Configured);
    assert_eq!(rig.there("b/2").as_deref(), Some("2 needs b/1"));
    let wrong = ligato_testkit::violations(&rig.scheduler.snapshot());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_newer_failure_has_its_own_time_to_be_tried_again() {
    let rig = Rig::start();
    let period = Duration::from_millis(100);
    let retry = RetryPolicy { period, max_count: 3, exponential: false, max_delay: period };
    let options = TxnOptions { retry: Some(retry), ..TxnOptions::default() };
    rig.sb.fault("b/1", Fault::Fails);
    rig.sb.fault("b/1", Fault::Fails);
    rig.put(&[("b/1", "1")], options.clone()).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let newer = rig.put(&[("b/1", "2")], options).await;
    rig.sb.take_log();
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(rig.sb.take_log().is_empty(), "the older failure is of no interest any more");
    assert_eq!(rig.state("b/1"), ValueState::Retrying);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(rig.state("b/1"), ValueState::Configured);
    assert_eq!(rig.last_record().retry_for, newer.seq.map(|seq| (seq, 1)));
}
