//! A southbound that hangs, answers late, dies in mid-operation or lies in its read-back: what
//! depends on it waits, nothing else does; the outcome is unknown and is read back.
#![expect(clippy::unwrap_used, reason = "a test that cannot start fails")]

use std::{ops::Deref, time::Duration};

use ligato_kvs::Ticket;
use ligato_kvs_api::{
    Origin, Policy, ResyncKind, RetryPolicy, Scope, Transaction, TxnOptions, TxnOutcome, TxnReport,
    ValueChange, ValueState,
};
use ligato_testkit::{
    FakeKind, FakeSb, Fault, bases, messages::string, punctual, violations, wishes,
};
use tokio::time::{Instant, timeout};

/// Operations are given up after ten seconds; transactions step aside after a fifth of one.
const SOON: Duration = Duration::from_secs(1);

struct Rig(ligato_testkit::Rig);

impl Deref for Rig {
    type Target = ligato_testkit::Rig;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Rig {
    fn start() -> Self {
        let kinds = |sb: &FakeSb| {
            let mut kinds = bases(sb);
            kinds.push(FakeKind::new("many", "m/{name}", sb).in_batches_of(8));
            kinds.push(FakeKind::new("other", "o/{name}", sb).in_lane("elsewhere"));
            kinds
        };
        Self(ligato_testkit::Rig::start(punctual(), kinds).unwrap())
    }

    fn submit(&self, values: &[(&str, &str)], options: TxnOptions) -> Ticket {
        self.scheduler.submit(Transaction::change(wishes(values)).with(options))
    }

    /// Carried out without waiting for what hangs.
    async fn soon(&self, values: &[(&str, &str)]) -> TxnReport {
        timeout(SOON, self.submit(values, TxnOptions::default())).await.unwrap()
    }

    async fn settle(&self) {
        self.scheduler.quiescent(Duration::from_secs(3600)).await.unwrap();
        let wrong = violations(&self.scheduler.snapshot());
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(self.sb.take_wrong().is_empty());
        let wrong = self.scheduler.audit().await;
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

fn retried() -> TxnOptions {
    TxnOptions { retry: Some(RetryPolicy::default()), ..TxnOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn others_do_not_wait_for_an_operation_that_hangs() {
    let rig = Rig::start();
    rig.sb.fault("b/1", Fault::Late);
    let values = [("b/1", "1"), ("b/2", "2 needs b/1"), ("b/3", "3")];
    let first = rig.submit(&values, TxnOptions::default());
    let report = rig.soon(&[("b/4", "4"), ("o/1", "1")]).await;
    assert_eq!(report.outcome, TxnOutcome::Done);
    assert_eq!(rig.state("b/3"), ValueState::Configured, "of the same transaction");
    assert_eq!(rig.state("b/4"), ValueState::Configured, "of another one");
    assert_eq!(rig.state("b/2"), ValueState::Pending, "it needs what is under way");
    let text = rig.scheduler.explain("b/1").to_string();
    assert!(text.contains("waits for an answer"), "{text}");
    // Readers, too: and plans.
    let change = vec![ValueChange::put("b/5", string("5"))];
    let plan = timeout(SOON, rig.scheduler.plan(Transaction::change(change))).await.unwrap();
    assert_eq!(plan.unwrap().steps.len(), 1);

    let started = Instant::now();
    assert_eq!(first.await.outcome, TxnOutcome::Done);
    assert!(started.elapsed() > SOON, "its report waits for the answer");
    assert_eq!(rig.state("b/2"), ValueState::Configured);
    rig.settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_long_transaction_lets_others_pass_at_once_and_keeps_what_is_its_own() {
    let rig = Rig::start();
    let keys: Vec<String> = (0..400).map(|n| format!("m/{n:03}")).collect();
    for key in &keys {
        rig.sb.fault(key, Fault::Late);
    }
    let values: Vec<(&str, &str)> = keys.iter().map(|key| (&**key, "1")).collect();
    let long = rig.submit(&values, TxnOptions::default());
    let started = Instant::now();
    for n in 0..5 {
        let key = format!("b/{n}");
        assert_eq!(rig.soon(&[(&key, "1"), (&key, "2")]).await.outcome, TxnOutcome::Done);
    }
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
    // One of its values waits until it is over, and so does what comes after that.
    let same = rig.submit(&[("m/399", "2"), ("b/9", "1")], TxnOptions::default());
    rig.soon(&[("b/5", "1")]).await;
    assert_eq!(rig.state("b/9"), ValueState::Nonexistent);
    assert!(rig.scheduler.explain("m/399").to_string().contains("waits for an answer"));
    let report = long.await;
    assert_eq!((report.outcome, report.statuses.len()), (TxnOutcome::Done, 400));
    assert_eq!(same.await.outcome, TxnOutcome::Done);
    rig.settle().await;
    assert_eq!((rig.sb.content().len(), &*rig.sb.content()["m/399"]), (407, "2"));
}

#[tokio::test(start_paused = true)]
async fn what_never_answers_is_read_back_and_tried_again() {
    let rig = Rig::start();
    rig.sb.fault("b/1", Fault::Hangs);
    let first = rig.submit(&[("b/1", "1"), ("b/2", "2 needs b/1")], retried());
    rig.soon(&[("b/3", "3")]).await;
    let report = first.await;
    assert_eq!(report.outcome, TxnOutcome::Partial);
    assert!(report.errors[0].error.contains("no answer"), "{:?}", report.errors);
    assert_eq!(rig.state("b/1"), ValueState::Retrying);
    rig.settle().await;
    assert_eq!(rig.state("b/2"), ValueState::Configured);
    assert_eq!(rig.sb.take_log(), ["create b/1", "create b/3", "create b/1", "create b/2"]);
}

#[tokio::test(start_paused = true)]
async fn wishes_for_one_value_are_carried_out_in_their_order() {
    let rig = Rig::start();
    rig.sb.fault("b/1", Fault::Late);
    let first = rig.submit(&[("b/1", "1")], TxnOptions::default());
    let second = rig.submit(&[("b/1", "2"), ("b/2", "2")], TxnOptions::default());
    // Does not concern what is under way, but has to come after the one before.
    let third = rig.submit(&[("b/2", "3")], TxnOptions::default());
    rig.soon(&[("b/3", "3")]).await;
    assert_eq!(rig.state("b/2"), ValueState::Nonexistent, "the second waits as a whole");
    for ticket in [first, second, third] {
        assert_eq!(ticket.await.outcome, TxnOutcome::Done);
    }
    rig.settle().await;
    let content = rig.sb.content();
    assert_eq!((&*content["b/1"], &*content["b/2"]), ("2", "3"));
}

#[tokio::test(start_paused = true)]
async fn what_is_needed_by_an_operation_under_way_stays_until_it_ends() {
    let rig = Rig::start();
    rig.soon(&[("b/1", "1")]).await;
    rig.sb.fault("b/2", Fault::Late);
    let create = rig.submit(&[("b/2", "2 needs b/1")], TxnOptions::default());
    let delete = rig.submit(&[("b/1", "-")], TxnOptions::default());
    rig.soon(&[("b/3", "3")]).await;
    assert!(rig.sb.content().contains_key("b/1"));
    assert_eq!((create.await.outcome, delete.await.outcome), (TxnOutcome::Done, TxnOutcome::Done));
    rig.settle().await;
    assert_eq!(rig.state("b/2"), ValueState::Pending);
    let log = rig.sb.take_log();
    assert_eq!(log[log.len() - 2..], ["delete b/2", "delete b/1"]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_to_need_something_under_way_follows_it() {
    let rig = Rig::start();
    rig.sb.fault("b/1", Fault::Late);
    let first = rig.submit(&[("b/1", "1")], TxnOptions::default());
    rig.soon(&[("b/2", "2 needs b/1")]).await;
    assert_eq!(rig.state("b/2"), ValueState::Pending);
    assert_eq!(first.await.outcome, TxnOutcome::Done);
    rig.settle().await;
    assert_eq!(rig.state("b/2"), ValueState::Configured);
}

#[tokio::test(start_paused = true)]
async fn all_or_nothing_holds_across_an_interruption() {
    let rig = Rig::start();
    rig.soon(&[("b/1", "1")]).await;
    rig.sb.fault("b/2", Fault::Late);
    rig.sb.fault("b/3", Fault::Fails);
    let options = TxnOptions { policy: Policy::AllOrNothing, ..TxnOptions::default() };
    let values = [("b/1", "1b"), ("b/2", "2"), ("b/3", "3 needs b/2")];
    let first = rig.submit(&values, options);
    rig.soon(&[("b/4", "4")]).await;
    assert_eq!(rig.sb.content()["b/1"], "1b");
    assert_eq!(first.await.outcome, TxnOutcome::Undone);
    rig.settle().await;
    let content = rig.sb.content();
    assert_eq!(content.keys().collect::<Vec<_>>(), ["b/1", "b/4"]);
    assert_eq!(content["b/1"], "1");
}

#[tokio::test(start_paused = true)]
async fn several_hang_at_once() {
    let rig = Rig::start();
    let keys: Vec<String> = (0..5).map(|n| format!("b/{n}")).collect();
    for key in &keys {
        rig.sb.fault(key, Fault::Late);
    }
    let started = Instant::now();
    let tickets: Vec<Ticket> =
        keys.iter().map(|key| rig.submit(&[(key, "1")], TxnOptions::default())).collect();
    for ticket in tickets {
        assert_eq!(ticket.await.outcome, TxnOutcome::Done);
    }
    assert!(started.elapsed() < Duration::from_secs(12), "they hang side by side");
    rig.settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_resync_goes_on_without_a_read_back_that_hangs() {
    let rig = Rig::start();
    rig.sb.set("b/1", Some("1"), Origin::Nb);
    rig.sb.hold_reads("base");
    let values = vec![
        ValueChange::put("b/1", string("1")),
        ValueChange::put("b/2", string("2")),
        ValueChange::put("o/1", string("1")),
        ValueChange::put("o/2", string("2 needs b/1")),
    ];
    rig.scheduler.commit(Transaction::resync(ResyncKind::Full, values)).await;
    assert_eq!(rig.sb.take_log(), ["create o/1"], "what is there of `base` is not known");
    assert_eq!(rig.state("b/2"), ValueState::Retrying);
    assert_eq!(rig.state("o/2"), ValueState::Pending);
    let text = rig.scheduler.explain("o/2").to_string();
    assert!(text.contains("could not be read back so far"), "{text}");
    rig.sb.answer_reads("base");
    rig.settle_after_late_answer().await;
    assert_eq!(rig.sb.take_log(), ["create b/2", "create o/2"]);
}

impl Rig {
    /// Late answers come by themselves; nobody waits for them.
    async fn settle_after_late_answer(&self) {
        let keys = vec!["b/2".into(), "o/2".into()];
        let configured = [ValueState::Configured];
        self.scheduler.wait_for(keys, &configured, Duration::from_secs(600)).await.unwrap();
        self.settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_back_of_a_part_lets_others_pass() {
    let rig = Rig::start();
    rig.soon(&[("b/1", "1"), ("o/1", "1")]).await;
    rig.sb.set("b/1", None, Origin::Nb);
    rig.sb.hold_reads("base");
    let scope = Scope::Descriptors(vec!["base".to_owned()]);
    let resync = Transaction::resync(ResyncKind::Downstream(scope), Vec::new());
    let resync = rig.scheduler.submit(resync);
    // A value of what is being read back waits, another does not.
    let same = rig.submit(&[("b/2", "2")], TxnOptions::default());
    rig.soon(&[("o/1", "1b")]).await;
    assert_eq!(rig.state("b/2"), ValueState::Nonexistent);
    rig.sb.answer_reads("base");
    resync.await;
    assert_eq!(same.await.outcome, TxnOutcome::Done);
    rig.settle().await;
    assert_eq!(rig.sb.content().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn records_stay_in_the_order_of_their_numbers() {
    let rig = Rig::start();
    rig.sb.fault("b/1", Fault::Late);
    let first = rig.submit(&[("b/1", "1")], TxnOptions::default());
    let younger = rig.soon(&[("b/2", "2")]).await.seq.unwrap();
    let older = first.await.seq.unwrap();
    assert!(older < younger);
    let seqs: Vec<_> = rig.scheduler.history(None, None).iter().map(|r| r.seq).collect();
    assert_eq!(seqs, [older, younger]);
    assert_eq!(rig.scheduler.transaction(older).unwrap().seq, older);
}

#[tokio::test(start_paused = true)]
async fn a_read_back_that_lies_is_found_out_by_the_operation_that_follows() {
    let rig = Rig::start();
    rig.soon(&[("b/1", "1"), ("b/2", "2 needs b/1")]).await;
    // It hides what is there for one resync: the create that follows is refused.
    rig.sb.set("b/1", None, Origin::Nb);
    rig.sb.fault("b/1", Fault::Fails);
    let all = ResyncKind::Downstream(Scope::All);
    let report = rig.scheduler.commit(Transaction::resync(all.clone(), Vec::new())).await;
    assert_eq!(report.outcome, TxnOutcome::Partial);
    assert_eq!(rig.state("b/2"), ValueState::Pending);
    rig.sb.set("b/1", Some("1"), Origin::Nb);
    rig.scheduler.commit(Transaction::resync(all, Vec::new())).await;
    rig.settle().await;
    let states = ["b/1", "b/2"].map(|key| rig.state(key));
    assert_eq!(states, [ValueState::Configured; 2]);
}

#[tokio::test(start_paused = true)]
async fn one_of_a_batch_that_hangs_holds_up_only_what_needs_it() {
    let rig = Rig::start();
    let keys: Vec<String> = (0..20).map(|n| format!("m/{n:02}")).collect();
    for late in ["m/00", "m/05", "m/13"] {
        rig.sb.fault(late, Fault::Late);
    }
    rig.sb.fault("m/07", Fault::Fails);
    let mut values: Vec<(&str, &str)> = keys.iter().map(|key| (&**key, "1")).collect();
    values.extend([("b/1", "1 needs m/05"), ("b/2", "2 needs m/06"), ("b/3", "3 needs m/19")]);
    let first = rig.submit(&values, TxnOptions::default());
    rig.soon(&[("o/1", "1")]).await;
    let states = ["m/06", "m/19", "b/2", "b/3"].map(|key| rig.state(key));
    assert_eq!(states, [ValueState::Configured; 4]);
    assert_eq!(rig.state("b/1"), ValueState::Pending);
    let report = first.await;
    assert_eq!(report.errors.len(), 1, "{:?}", report.errors);
    rig.settle().await;
    assert_eq!(rig.state("b/1"), ValueState::Configured);
    let log = rig.sb.take_log();
    let of_batch: Vec<&String> = log.iter().filter(|op| op.contains("m/")).collect();
    assert!(of_batch.is_sorted(), "started in order: {of_batch:?}");
}

#[tokio::test(start_paused = true)]
async fn a_value_is_not_given_up_because_the_southbound_is_slow() {
    let rig = Rig::start();
    for _ in 0..8 {
        rig.sb.fault("b/1", Fault::Hangs);
    }
    rig.submit(&[("b/1", "1")], retried()).await;
    let configured = [ValueState::Configured];
    let (keys, hour) = (vec!["b/1".into()], Duration::from_secs(3600));
    rig.scheduler.wait_for(keys, &configured, hour).await.unwrap();
    assert_eq!(rig.sb.take_log().len(), 9, "three retries are for what is refused");
    rig.settle().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_before_an_interruption_is_forgotten_after_it() {
    let rig = Rig::start();
    rig.soon(&[("b/1", "1"), ("b/2", "2 needs b/0")]).await;
    rig.sb.fault("b/3", Fault::Late);
    let first = rig.submit(&[("b/1", "-"), ("b/2", "-"), ("b/3", "3")], TxnOptions::default());
    rig.soon(&[("b/4", "4"), ("b/5", "5")]).await;
    // The place of a value that a transaction aside still knows is not given to another.
    assert_eq!(rig.sb.content().keys().collect::<Vec<_>>(), ["b/3", "b/4", "b/5"]);
    let report = first.await;
    assert_eq!(report.outcome, TxnOutcome::Done);
    let touched: Vec<String> = report.statuses.iter().map(|s| s.value.key.to_string()).collect();
    assert_eq!(touched, ["b/1", "b/2", "b/3"]);
    rig.settle().await;
    let left: Vec<String> = rig.scheduler.snapshot().nodes().map(|n| n.key.to_string()).collect();
    assert_eq!(left, ["b/3", "b/4", "b/5"]);
}
