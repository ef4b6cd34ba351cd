//! Wherever a kind panics: its value fails and says so, all others go on, and when the kind is well
//! again everything can be brought about.
#![expect(clippy::unwrap_used, reason = "a test that cannot start fails")]

use ligato_kvs_api::{
    Origin, Policy, RegistrationError, ResyncKind, RetryPolicy, Scope, Transaction, TxnOptions,
    TxnOutcome, TxnReport, ValueState,
};
use ligato_testkit::{FakeKind, FakeSb, Fault, Rig, bases, punctual, wishes};

/// The kinds `b/` and `d/`, of which functions can panic, and `o/` over a southbound of its own,
/// of which none do.
fn rig() -> (Rig, FakeSb) {
    let other = FakeSb::default();
    let kinds = |sb: &FakeSb| {
        let mut kinds = bases(sb);
        kinds.push(FakeKind::new("other", "o/{name}", &other));
        kinds
    };
    (Rig::start(punctual(), kinds).unwrap(), other)
}

async fn put(rig: &Rig, values: &[(&str, &str)], options: TxnOptions) -> TxnReport {
    rig.scheduler.commit(Transaction::change(wishes(values)).with(options)).await
}

async fn resync(rig: &Rig) -> TxnReport {
    rig.scheduler.commit(Transaction::resync(ResyncKind::Downstream(Scope::All), Vec::new())).await
}

/// The value failed, with the panic as the reason, and the report says so.
#[track_caller]
fn check_failed(rig: &Rig, report: &TxnReport, key: &str, function: &str, state: ValueState) {
    assert_eq!(rig.state(key), state, "{function}: {report:?}");
    let said = format!("{function} is out of mind");
    let status = rig.scheduler.snapshot().status(key).unwrap();
    assert!(status.value.error.contains(&said), "{status:?}");
    let told = report.errors.iter().any(|e| *e.key == *key && e.error.contains(&said));
    assert!(told, "{function}: {report:?}");
    assert_eq!(rig.scheduler.explain(key).causes.len(), 1, "{}", rig.scheduler.explain(key));
}

#[tokio::test(start_paused = true)]
async fn a_panic_about_the_wanted_content_is_a_refusal() {
    for function in ["validate", "supported", "derive", "dependencies"] {
        let (rig, _) = rig();
        put(&rig, &[("b/1", "1 derives d/1")], TxnOptions::default()).await;
        rig.sb.panic_in(function);
        let report = put(&rig, &[("b/1", "one"), ("o/1", "1")], TxnOptions::default()).await;
        check_failed(&rig, &report, "b/1", function, ValueState::Invalid);
        assert_eq!(rig.there("b/1").as_deref(), Some("1 derives d/1"));
        assert!(rig.there("d/1").is_some(), "what is derived from what is there stays");
        assert_eq!(rig.state("o/1"), ValueState::Configured);
        rig.sb.heal();
        put(&rig, &[("b/1", "one")], TxnOptions::default()).await;
        assert_eq!(rig.there("b/1").as_deref(), Some("one"));
        assert_eq!(rig.there("d/1"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_about_a_change_leaves_what_is_there() {
    for function in ["equivalent", "needs_recreate"] {
        let (rig, _) = rig();
        put(&rig, &[("b/1", "1"), ("b/2", "2 needs b/1")], TxnOptions::default()).await;
        rig.sb.take_log();
        rig.sb.panic_in(function);
        let changes = [("b/1", "one"), ("b/3", "3 needs b/1"), ("o/1", "1")];
        let report = put(&rig, &changes, TxnOptions::default()).await;
        check_failed(&rig, &report, "b/1", function, ValueState::Failed);
        assert_eq!(report.outcome, TxnOutcome::Partial);
        assert_eq!(rig.there("b/1").as_deref(), Some("1"));
        assert_eq!(rig.sb.take_log(), ["create b/3"], "{function}");
        assert_eq!(rig.state("o/1"), ValueState::Configured);
        // A plan does not come to harm either, and leaves nothing behind.
        rig.sb.heal();
        rig.sb.panic_in(function);
        let wish = Transaction::change(wishes(&[("b/1", "uno"), ("b/4", "4")]));
        let plan = rig.scheduler.plan(wish).await.unwrap();
        let keys: Vec<&str> = plan.steps.iter().map(|s| &*s.key).collect();
        assert_eq!(keys, ["b/4"], "{function}");
        assert!(rig.scheduler.audit().await.is_empty());
        rig.sb.heal();
        assert_eq!(resync(&rig).await.outcome, TxnOutcome::Done);
        assert_eq!(rig.there("b/1").as_deref(), Some("one"));
        assert!(rig.scheduler.audit().await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_after_an_operation_does_not_undo_it() {
    let (rig, _) = rig();
    rig.sb.panic_in("index");
    let report = put(&rig, &[("b/1", "1"), ("o/1", "1 needs b/1")], TxnOptions::default()).await;
    check_failed(&rig, &report, "b/1", "index", ValueState::Failed);
    assert!(rig.there("b/1").is_some());
    let record = rig.scheduler.transaction(report.seq.unwrap()).unwrap();
    let op = record.executed.iter().find(|op| *op.key == *"b/1").unwrap();
    assert_eq!(op.new_state, ValueState::Failed);
    assert!(op.new_error().is_some());
    // What goes is gone, whatever its index says.
    let report = put(&rig, &[("b/1", "-")], TxnOptions::default()).await;
    assert_eq!((report.outcome, rig.there("b/1")), (TxnOutcome::Done, None));
    assert_eq!(rig.state("b/1"), ValueState::Nonexistent);
}

#[tokio::test(start_paused = true)]
async fn a_panic_about_a_failure_is_no_reason_to_try_again() {
    let (rig, _) = rig();
    rig.sb.fault("b/1", Fault::Fails);
    rig.sb.panic_in("is_retriable");
    let options = TxnOptions { retry: Some(RetryPolicy::default()), ..TxnOptions::default() };
    let report = put(&rig, &[("b/1", "1"), ("b/2", "2")], options).await;
    check_failed(&rig, &report, "b/1", "is_retriable", ValueState::Failed);
    let status = rig.scheduler.snapshot().status("b/1").unwrap();
    assert!(status.value.error.starts_with("it failed; "), "{status:?}");
    assert_eq!(rig.state("b/2"), ValueState::Configured);
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_undoing_is_told_as_what_could_not_be_undone() {
    for function in ["equivalent", "needs_recreate"] {
        let (rig, _) = rig();
        put(&rig, &[("b/1", "1"), ("b/2", "2")], TxnOptions::default()).await;
        // The change of b/1 is made, that of b/3 fails: by then the kind panics.
        rig.sb.fault("b/3", Fault::Late);
        rig.sb.fault("b/3", Fault::Fails);
        let options = TxnOptions { policy: Policy::AllOrNothing, ..TxnOptions::default() };
        let changes = wishes(&[("b/1", "one"), ("b/3", "3 needs b/1"), ("b/4", "4 needs b/3")]);
        rig.sb.fault("b/4", Fault::Fails);
        let ticket = rig.scheduler.submit(Transaction::change(changes).with(options));
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(rig.there("b/1").as_deref(), Some("one"));
        rig.sb.panic_in(function);
        let report = ticket.await;
        let TxnOutcome::UndoFailed(keys) = &report.outcome else {
            panic!("{function}: {report:?}");
        };
        assert!(keys.iter().any(|key| **key == *"b/1"), "{function}: {report:?}");
        check_failed(&rig, &report, "b/1", function, ValueState::Failed);
        rig.sb.heal();
        resync(&rig).await;
        assert_eq!(rig.there("b/1").as_deref(), Some("1"), "what was wanted before");
        assert!(rig.scheduler.audit().await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_reading_back_keeps_what_is_derived() {
    for function in ["derive", "dependencies", "equivalent", "index", "retrieve", "selects"] {
        let (rig, _) = rig();
        let values = [("b/1", "1 derives d/1"), ("b/2", "2 needs d/1"), ("o/1", "1")];
        put(&rig, &values, TxnOptions::default()).await;
        rig.sb.set("b/3", Some("3 derives d/3"), Origin::Sb);
        rig.sb.set("b/1", Some("uno derives d/1"), Origin::Nb);
        rig.sb.set("d/1", Some("derived"), Origin::Nb);
        rig.sb.take_log();
        rig.sb.panic_in(function);
        resync(&rig).await;
        let log = rig.sb.take_log();
        assert!(!log.iter().any(|op| op.starts_with("delete")), "{function}: {log:?}");
        assert_eq!(rig.state("o/1"), ValueState::Configured, "{function}");
        assert_eq!(rig.state("b/2"), ValueState::Configured, "{function}");
        rig.sb.heal();
        resync(&rig).await;
        assert_eq!(rig.there("b/1").as_deref(), Some("1 derives d/1"), "{function}");
        for key in ["b/1", "b/2", "d/1"] {
            assert_eq!(rig.state(key), ValueState::Configured, "{function} {key}");
        }
        assert!(rig.scheduler.audit().await.is_empty(), "{function}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_panics_about_itself_holds_nobody_up() {
    let (rig, _) = rig();
    for function in ["key_label", "release", "watch", "availability"] {
        rig.sb.panic_in(function);
    }
    put(&rig, &[("b/1", "1"), ("o/1", "1")], TxnOptions::default()).await;
    assert_eq!(rig.state("b/1"), ValueState::Configured);
    assert!(rig.scheduler.snapshot().metadata_map("base").is_empty());
    put(&rig, &[("b/1", "-")], TxnOptions::default()).await;
    assert_eq!(rig.state("b/1"), ValueState::Nonexistent);
    // Asked for the first time it cannot say what it is: it is not registered.
    let fresh = FakeSb::default();
    fresh.panic_in("release");
    let refused = Rig::start(punctual(), |_| bases(&fresh)).map(drop).unwrap_err();
    assert!(matches!(refused, RegistrationError::Panicked(why) if why.contains("release")));
    // It cannot say whether its southbound is there: it is taken not to be.
    let fresh = FakeSb::default();
    fresh.panic_in("availability");
    fresh.panic_in("watch");
    let rig = Rig::start(punctual(), |_| bases(&fresh)).unwrap();
    put(&rig, &[("b/1", "1")], TxnOptions::default()).await;
    assert_eq!(rig.state("b/1"), ValueState::Pending);
    assert!(rig.scheduler.explain("b/1").to_string().contains("cannot be reached"));
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_panics_accepts_nothing() {
    let rig = Rig::start(punctual(), |sb| vec![FakeKind::new("base", "b/{name}", sb)]).unwrap();
    let picky = FakeKind::new("picky", "p/{name}", &rig.sb).picky(|key| {
        assert!(key != "b/1", "the filter is out of mind");
        true
    });
    rig.scheduler.register(std::sync::Arc::new(picky)).await.unwrap();
    put(&rig, &[("p/1", "1 any b/"), ("b/1", "1")], TxnOptions::default()).await;
    assert_eq!(rig.state("p/1"), ValueState::Pending);
    put(&rig, &[("b/2", "2")], TxnOptions::default()).await;
    assert_eq!(rig.state("p/1"), ValueState::Configured);
    assert!(rig.scheduler.audit().await.is_empty());
}
