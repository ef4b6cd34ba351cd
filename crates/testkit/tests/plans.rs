//! Plans as data: of changes and of resyncs, and their execution exactly as shown.
#![expect(clippy::unwrap_used, reason = "a test that cannot start fails")]

use ligato_kvs::Scheduler;
use ligato_kvs_api::{
    Origin, Plan, PlanError, ResyncKind, Scope, Transaction, TxnOptions, TxnOutcome, ValueState,
};
use ligato_testkit::{FakeSb, Rig, bases, punctual, violations, wishes};

async fn rig(values: &[(&str, &str)]) -> (FakeSb, Scheduler) {
    let Rig { sb, scheduler } = Rig::start(punctual(), bases).unwrap();
    scheduler.commit(Transaction::resync(ResyncKind::Full, wishes(values))).await;
    sb.take_log();
    (sb, scheduler)
}

fn steps(plan: &Plan) -> Vec<String> {
    let name = |s: &ligato_kvs_api::PlanStep| format!("{} {}: {}", s.op, s.key, s.reason);
    plan.steps.iter().map(name).collect()
}

/// Three values, of which one was removed, one changed and one added behind the agent's back.
async fn drifted() -> (FakeSb, Scheduler) {
    let (sb, scheduler) = rig(&[("b/1", "1"), ("b/2", "2 needs b/1"), ("b/3", "3")]).await;
    sb.set("b/1", None, Origin::Nb);
    sb.set("b/3", Some("x"), Origin::Nb);
    sb.set("b/4", Some("4"), Origin::Nb);
    (sb, scheduler)
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_a_downstream_resync_is_what_the_resync_does() {
    let (sb, scheduler) = drifted().await;
    let resync = Transaction::resync(ResyncKind::Downstream(Scope::All), Vec::new());
    let before = sb.content();
    let plan = scheduler.plan(resync.clone()).await.unwrap();
    assert_eq!(
        steps(&plan),
        [
            "DELETE b/4: no longer wanted",
            "CREATE b/1: differs in the southbound",
            "UPDATE b/3: differs in the southbound",
        ]
    );
    assert_eq!(sb.content(), before);
    assert!(sb.take_log().is_empty());
    let report = scheduler.apply(&plan, resync).await.unwrap();
    assert_eq!(report.outcome, TxnOutcome::Done);
    let shown: Vec<String> =
        plan.steps.iter().map(|s| format!("{} {}", s.op.as_str().to_lowercase(), s.key)).collect();
    assert_eq!(sb.take_log(), shown);
    assert_eq!(sb.content().keys().collect::<Vec<_>>(), ["b/1", "b/2", "b/3"]);
    assert!(sb.take_wrong().is_empty());
    assert!(violations(&scheduler.snapshot()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_a_full_resync_counts_with_what_is_there() {
    let (sb, scheduler) = drifted().await;
    let values = wishes(&[("b/1", "1b"), ("b/3", "x"), ("b/5", "5")]);
    let resync = Transaction::resync(ResyncKind::Full, values);
    let plan = scheduler.plan(resync.clone()).await.unwrap();
    assert_eq!(scheduler.snapshot().node("b/5").map(|n| n.state), None);
    scheduler.apply(&plan, resync).await.unwrap();
    let shown: Vec<String> =
        plan.steps.iter().map(|s| format!("{} {}", s.op.as_str().to_lowercase(), s.key)).collect();
    assert_eq!(sb.take_log(), shown);
    assert_eq!(shown.len(), 4, "b/3 is as it is wanted now: {shown:?}");
    let content = sb.content();
    assert_eq!(content.keys().collect::<Vec<_>>(), ["b/1", "b/3", "b/5"]);
    assert_eq!(scheduler.snapshot().node("b/3").unwrap().state, ValueState::Configured);
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_not_carried_out_when_the_state_has_moved_on() {
    let (sb, scheduler) = drifted().await;
    let resync = Transaction::resync(ResyncKind::Downstream(Scope::All), Vec::new());
    let plan = scheduler.plan(resync.clone()).await.unwrap();
    scheduler.commit(Transaction::change(wishes(&[("b/9", "9")]))).await;
    sb.take_log();
    let refused = scheduler.apply(&plan, resync).await.unwrap_err();
    assert!(matches!(refused, PlanError::Moved { .. }), "{refused}");
    assert!(sb.take_log().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_a_part_stays_in_it() {
    let (_, scheduler) = drifted().await;
    let scope = Scope::Keys(vec!["b/3".into()]);
    let resync = Transaction::resync(ResyncKind::Downstream(scope), Vec::new());
    let plan = scheduler.plan(resync).await.unwrap();
    assert_eq!(steps(&plan), ["UPDATE b/3: differs in the southbound"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_transaction_leaves_nothing_behind() {
    let (_, scheduler) = rig(&[]).await;
    let changes = wishes(&[("b/1", "1"), ("b/2", "2 invalid"), ("b/1", "-")]);
    let options = TxnOptions { reject_invalid: true, ..TxnOptions::default() };
    let report = scheduler.commit(Transaction::change(changes).with(options)).await;
    assert!(matches!(report.outcome, TxnOutcome::Refused(_)), "{:?}", report.outcome);
    let wrong = scheduler.audit().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}
