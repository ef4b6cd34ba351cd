//! Who wishes what, how it is carried out, and when not.

use std::time::Duration;

use ligato_kvs_api::{
    Cause, PlanError, Policy, ResyncKind, RetryPolicy, Scope, Transaction, TxnOptions, TxnOutcome,
    TxnPriority, ValueChange, ValueState,
};
use ligato_testkit::{Fault, messages::string};

use crate::{Rig, change, with};

#[tokio::test(start_paused = true)]
async fn every_wish_has_a_source() {
    let rig = Rig::start();
    let wish =
        ValueChange::put("b/1", string("1 needs b/2 derives d/1")).from_source("grpc".into());
    rig.scheduler.commit(Transaction::change(vec![wish])).await;
    let explanation = rig.scheduler.explain("b/1");
    assert_eq!(explanation.sources.len(), 1);
    assert_eq!(&*explanation.sources[0], "grpc");
    assert!(explanation.to_string().starts_with("b/1 is PENDING (wanted by grpc)"));
    // The same content wished by another one costs nothing, and is now theirs.
    let wish =
        ValueChange::put("b/1", string("1 needs b/2 derives d/1")).from_source("etcd".into());
    rig.scheduler.commit(Transaction::change(vec![wish])).await;
    assert_eq!(&*rig.scheduler.explain("b/1").sources[0], "etcd");
    assert!(rig.sb.take_log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_value_is_touched_at_most_once() {
    let rig = Rig::start();
    let ladder = |text: &str| -> Vec<(String, String)> {
        let rung = |n: usize| {
            let needs =
                if n < 9 { format!(" needs b/{0}a needs b/{0}b", n + 1) } else { String::new() };
            ["a", "b"].map(|side| (format!("b/{n}{side}"), format!("{text}{needs}")))
        };
        (0..10).flat_map(rung).collect()
    };
    let borrow = |all: &[(String, String)]| -> Transaction {
        change(&all.iter().map(|(k, t)| (k.as_str(), t.as_str())).collect::<Vec<_>>())
    };
    rig.scheduler.commit(borrow(&ladder("x"))).await;
    assert_eq!(rig.sb.take_log().len(), 20, "twenty values, twenty creates");
    rig.scheduler.commit(borrow(&ladder("y recreate"))).await;
    let mut log = rig.sb.take_log();
    assert_eq!(log.len(), 40, "twenty deletes, twenty creates");
    log.sort_unstable();
    log.dedup();
    assert_eq!(log.len(), 40, "none of them twice");
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_bound_to_its_revision_and_has_a_fingerprint() {
    let rig = Rig::start();
    let txn = || change(&[("b/1", "1"), ("b/2", "2 needs b/9")]);
    let (plan, again) =
        (rig.scheduler.plan(txn()).await.unwrap(), rig.scheduler.plan(txn()).await.unwrap());
    assert_eq!(plan.hash, again.hash);
    let other = rig.scheduler.plan(change(&[("b/1", "other")])).await.unwrap();
    assert_ne!(plan.hash, other.hash);
    assert_eq!(plan.unsatisfied.len(), 1);
    assert_eq!(plan.unsatisfied[0].details, ["b/9"]);
    rig.put(&[("b/3", "3")]).await;
    let refused = rig.scheduler.apply(&plan, txn()).await;
    assert!(matches!(refused, Err(PlanError::Moved { .. })), "{refused:?}");
    assert_eq!(rig.sb.take_log(), ["create b/3"]);
    let plan = rig.scheduler.plan(txn()).await.unwrap();
    assert!(rig.scheduler.apply(&plan, txn()).await.unwrap().is_done());
    assert_eq!(rig.sb.take_log(), ["create b/1"]);
}

#[tokio::test(start_paused = true)]
async fn the_last_change_of_a_key_wins() {
    let rig = Rig::start();
    rig.put(&[("b/2", "x"), ("b/1", "1"), ("b/2", "-"), ("b/1", "2")]).await;
    assert_eq!(rig.sb.content().into_iter().collect::<Vec<_>>(), [("b/1".into(), "2".into())]);
}

#[tokio::test(start_paused = true)]
async fn northbound_comes_before_retries_and_retries_before_audits() {
    let rig = Rig::start();
    rig.sb.fault("b/0", Fault::Late);
    let first = rig.scheduler.submit(change(&[("b/0", "0")]));
    let audit = TxnOptions { priority: TxnPriority::Audit, ..TxnOptions::default() };
    let look = Transaction::resync(ResyncKind::ReadBack(Scope::All), Vec::new()).with(audit);
    let look = rig.scheduler.submit(look);
    let retry = TxnOptions { priority: TxnPriority::Retry, ..TxnOptions::default() };
    let later = rig.scheduler.submit(with(&[("b/1", "1")], retry));
    let urgent = rig.scheduler.submit(change(&[("b/2", "2")]));
    let (first, look) = (first.await.seq, look.await.seq);
    let (later, urgent) = (later.await.seq, urgent.await.seq);
    assert!(
        first < urgent && urgent < later && later < look,
        "{first:?} {urgent:?} {later:?} {look:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_nothing_is_started() {
    for policy in [Policy::BestEffort, Policy::AllOrNothing] {
        let rig = Rig::start();
        rig.sb.fault("b/1", Fault::Late);
        let deadline = Some(Duration::from_secs(5));
        let options = TxnOptions { policy, deadline, ..TxnOptions::default() };
        let values = [("b/1", "1"), ("b/2", "2 needs b/1"), ("b/3", "3 needs b/2")];
        let report = rig.scheduler.commit(with(&values, options)).await;
        if policy == Policy::BestEffort {
            assert_eq!(report.outcome, TxnOutcome::Partial);
            let states = ["b/1", "b/2", "b/3"].map(|key| rig.state(key));
            assert_eq!(states, [ValueState::Configured, ValueState::Failed, ValueState::Failed]);
            let text = rig.scheduler.explain("b/2").to_string();
            assert!(text.contains("the deadline of its transaction had passed"), "{text}");
            rig.put(&[("b/2", "2 needs b/1")]).await;
            assert_eq!(rig.state("b/2"), ValueState::Configured, "asked for again, it is tried");
        } else {
            assert_eq!(report.outcome, TxnOutcome::Undone);
            assert!(rig.sb.content().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn retries_end_when_their_budget_is_used_up() {
    let rig = Rig::start();
    for _ in 0..10 {
        rig.sb.fault("b/1", Fault::Fails);
    }
    let retry = Some(RetryPolicy { max_count: 3, ..RetryPolicy::default() });
    let options = TxnOptions { retry, ..TxnOptions::default() };
    rig.scheduler.commit(with(&[("b/1", "1")], options)).await;
    let explanation = rig.scheduler.explain("b/1");
    assert!(
        matches!(explanation.causes[..], [Cause::Failed { retry: Some((1, 1000)), .. }]),
        "{explanation:?}"
    );
    rig.scheduler.quiescent(Duration::from_secs(60)).await.unwrap();
    assert_eq!(rig.sb.take_log().len(), 4, "once, and three times more");
    assert_eq!(rig.state("b/1"), ValueState::Failed);
    assert!(matches!(rig.scheduler.explain("b/1").causes[..], [Cause::Failed { retry: None, .. }]));
}

/// So many values are described on another processor, where there is one; what is said of each must be
/// its own.
#[tokio::test(start_paused = true)]
async fn a_very_large_statement_is_taken_in_as_a_small_one() {
    const COUNT: usize = 10_000;
    let words = |n: usize| match n % 5 {
        0 => format!("{n} needs b/{:05}", n + 1),
        1 => format!("{n} derives d/{n}"),
        2 => format!("{n} needs b/none"),
        3 => format!("{n} invalid"),
        _ => format!("{n}"),
    };
    let rig = Rig::start();
    let wish = |n: usize| ValueChange::put(format!("b/{n:05}"), string(&words(n)));
    let mut changes: Vec<ValueChange> = (0..COUNT).map(wish).collect();
    // Keys that nobody owns, and one that is named twice, of which the last one counts.
    changes.push(ValueChange::put("x/1", string("1")));
    changes.push(ValueChange::put("b/00003", string("3")));
    let report = rig.scheduler.commit(Transaction::change(changes)).await;
    assert_eq!(report.outcome, TxnOutcome::Partial);
    let content = rig.sb.content();
    for n in 0..COUNT {
        let (key, words) = (format!("b/{n:05}"), words(n));
        let expected = match n % 5 {
            2 => ValueState::Pending,
            3 if n > 3 => ValueState::Invalid,
            _ => ValueState::Configured,
        };
        assert_eq!(rig.state(&key), expected, "{key}: {words}");
        let there = match expected {
            ValueState::Configured if n == 3 => Some("3".to_owned()),
            ValueState::Configured => Some(words),
            _ => None,
        };
        assert_eq!(content.get(&key).cloned(), there, "{key}");
        if n % 5 == 1 {
            assert_eq!(rig.state(&format!("d/{n}")), ValueState::Configured, "of {key}");
        }
    }
    assert_eq!(rig.state("x/1"), ValueState::Unimplemented);
    assert!(rig.sb.take_wrong().is_empty());
}

/// What is refused stays refused while what it is derived from comes and goes.
#[tokio::test(start_paused = true)]
async fn what_is_derived_and_refused_does_not_come_with_its_base() {
    for verify in [false, true] {
        let options = || TxnOptions { verify, ..TxnOptions::default() };
        let rig = Rig::start();
        let all = [("b/1", "1"), ("b/3", "3 needs b/1 derives d/1:invalid derives d/2")];
        let resync = |values: &[(&str, &str)]| {
            Transaction::resync(ResyncKind::Full, ligato_testkit::wishes(values)).with(options())
        };
        for _ in 0..2 {
            rig.scheduler.commit(resync(&all)).await;
            assert_eq!(rig.state("d/1"), ValueState::Invalid, "{verify}");
            assert_eq!((rig.there("d/1"), rig.state("d/2")), (None, ValueState::Configured));
            rig.scheduler.commit(resync(&all[1..])).await;
            assert_eq!(rig.state("b/3"), ValueState::Pending);
        }
        rig.scheduler.commit(with(&all, options())).await;
        assert_eq!((rig.state("d/1"), rig.there("d/1")), (ValueState::Invalid, None), "{verify}");
    }
}
