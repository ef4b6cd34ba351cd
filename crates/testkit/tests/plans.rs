//! Plans as data: of changes and of resyncs, and their execution exactly as shown.
#![expect(clippy::unwrap_used, reason = "a test that cannot start fails")]

use ligato_kvs::Scheduler;
use ligato_kvs_api::{
    BaseValueStatus, Origin, Plan, PlanError, ResyncKind, Scope, Transaction, TxnOptions,
    TxnOutcome, ValueChange, ValueState, ValueStatus,
};
use ligato_testkit::{
    FakeSb, Rig, bases,
    messages::string,
    punctual,
    script::{Stage, on_paused_clock},
    violations, wishes,
};

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

/// What may have happened before a resync: scripts after which something is not as it is wanted.
const DRIFTS: [&str; 21] = [
    "put b/1 1\nput b/2 2 needs b/1\nput b/3 3\ncommit\nsouthbound b/1\nsouthbound b/3 x\nsouthbound b/4 4",
    // What others made, and what rests on it.
    "foreign b/5 5\nnotify b/5 5\nput b/2 2 needs b/5\ncommit\nforeign b/5",
    "put b/2 2 needs b/5\ncommit\nforeign b/5 5",
    "foreign b/5 5 derives d/5\nnotify b/5 5 derives d/5\nput b/2 2 needs d/5\ncommit\nforeign b/5 5",
    // What is derived.
    "put b/1 1 derives d/1\ncommit\nsouthbound d/1",
    "put b/1 1 derives d/1 derives d/2\nput b/2 2 needs d/1\ncommit\nsouthbound b/1 1 derives d/2",
    "put b/1 1 derives d/1:needs:b/5\ncommit\nforeign b/5 5",
    "put b/1 1 derives d/1\ncommit\nsouthbound b/1",
    // What failed, waits or is refused.
    "fault b/1 fails\nput b/1 1\nput b/2 2 needs b/1\ncommit",
    "put b/1 1\ncommit\nfault b/1 no-answer\nput b/1 one\ncommit",
    "fault d/1 fails\nput b/1 1 derives d/1\nput b/2 2 needs d/1\ncommit",
    "put b/1 1\ncommit\nput b/1 one invalid\nput b/2 2 needs b/1\ncommit\nsouthbound b/1",
    "put u/1 1\ncommit\nfault u/1 fails\nput u/1 one\nput b/2 2 follows u/1\ncommit",
    "put b/1 1\nput b/2 2\ncommit\nfault b/1 fails\ndelete b/1\nfault b/2 no-answer\ndelete b/2\ncommit",
    "put u/1 1\nput u/2 2\ncommit\nfault u/1 fails\ndelete u/1\nfault u/2 no-answer\ndelete u/2\ncommit",
    "fault u/1 fails\nput u/1 1\nfault u/2 fails-late\nput u/2 2 derives d/2\nput b/3 3 needs d/2\ncommit",
    "fault b/2 fails\nput b/1 1 needs b/2\nput b/2 2 needs b/1\nput b/3 3\ncommit stop",
    // What needs each other.
    "put b/1 1 needs b/2 needs b/5\nput b/2 2 needs b/1\ncommit\nforeign b/5 5",
    "put b/1 1 needs b/2\nput b/2 2 needs b/1\ncommit\nsouthbound b/1\nsouthbound b/2",
    "put b/1 1 needs b/2\nput b/2 2 needs b/1\ncommit\nsouthbound b/1",
    // What follows and what excludes.
    "put b/1 1\nput b/2 2 rebuilt-with b/1\nput b/3 3 not b/5\ncommit\nsouthbound b/1 x\nforeign b/5 5",
];

async fn after(script: &str) -> Stage {
    let mut stage = Stage::set().unwrap();
    for line in script.lines() {
        stage.play(&line.parse().unwrap()).await;
    }
    stage.southbound().take_log();
    stage
}

/// Every kind of resync, for what is wanted.
fn resyncs(stage: &Stage) -> Vec<Transaction> {
    let wanted = || -> Vec<ValueChange> {
        let all = stage.wishes().iter();
        all.map(|(key, text)| ValueChange::put(key.as_str(), string(text))).collect()
    };
    let downstream = |scope| Transaction::resync(ResyncKind::Downstream(scope), Vec::new());
    vec![
        Transaction::resync(ResyncKind::Full, wanted()),
        Transaction::resync(ResyncKind::Upstream, wanted()),
        downstream(Scope::All),
        downstream(Scope::Prefix("b/".into())),
        downstream(Scope::Descriptors(vec!["base".to_owned()])),
    ]
}

#[test]
fn a_resync_does_what_its_plan_shows_whether_or_not_it_is_made_from_it() {
    let drifts = DRIFTS.iter().flat_map(|script| {
        [
            (*script).to_owned(),
            format!("{script}\nresync read-back"),
            format!("{script}\nresync upstream"),
        ]
    });
    let mut wrong = Vec::new();
    for script in drifts {
        for at in 0..5 {
            wrong.extend(on_paused_clock(disagreements(&script, at)).unwrap());
        }
    }
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
}

async fn disagreements(script: &str, at: usize) -> Vec<String> {
    // Not planned before.
    let stage = after(script).await;
    let resync = resyncs(&stage).remove(at);
    let kind = &resync.kind;
    stage.scheduler().commit(resync.clone()).await;
    let direct = stage.southbound().take_log();
    // Planned, and carried out as if it had not been.
    let stage = after(script).await;
    let plan = stage.scheduler().plan(resync.clone()).await.unwrap();
    let planned: Vec<String> =
        plan.steps.iter().map(|s| format!("{} {}", s.op.as_str().to_lowercase(), s.key)).collect();
    assert!(stage.southbound().take_log().is_empty(), "{script}\n{kind:?} was planned");
    stage.scheduler().commit(resync.clone()).await;
    let afterwards = stage.southbound().take_log();
    // Exactly the plan.
    let stage = after(script).await;
    let plan = stage.scheduler().plan(resync.clone()).await.unwrap();
    stage.scheduler().apply(&plan, resync.clone()).await.unwrap();
    let applied = stage.southbound().take_log();
    let left = if script.contains("fault") { Vec::new() } else { broken_promises(&stage, &plan) };
    let ways = [
        ("when it is carried out", applied),
        ("by a resync after it", afterwards),
        ("by a resync without it", direct),
    ];
    let differs = |(way, done): (&str, Vec<String>)| {
        (done != planned)
            .then(|| format!("{script}\n{kind:?}: {planned:?} is planned, {done:?} is done {way}"))
    };
    let left = left.into_iter().map(|why| format!("{script}\n{kind:?}: {why}"));
    ways.into_iter().filter_map(differs).chain(left).collect()
}

/// Values that the plan said would be left waiting or refused, and are not so, or for another reason.
fn broken_promises(stage: &Stage, plan: &Plan) -> Vec<String> {
    let snapshot = stage.scheduler().snapshot();
    let promised = plan.unsatisfied.iter();
    let broken = promised.filter_map(|status| {
        let BaseValueStatus { value, derived_values } = snapshot.status(&status.key)?;
        let now = [value].into_iter().chain(derived_values).find(|now| now.key == status.key)?;
        let what = |s: &ValueStatus| (s.state, s.details.clone(), s.error.clone());
        (what(status) != what(&now)).then(|| format!("{status:?} was foretold, it is {now:?}"))
    });
    broken.collect()
}

#[tokio::test(start_paused = true)]
async fn a_plan_tells_what_will_wait_and_for_what() {
    let (_, scheduler) = rig(&[("b/1", "1"), ("b/2", "2 needs b/1")]).await;
    let wishes = wishes(&[
        ("b/1", "-"),
        ("b/3", "3 needs b/1 needs b/4 needs b/5 not b/6 not b/7"),
        ("b/4", "4"),
        ("b/6", "6"),
        ("b/8", "8 not b/8"),
        ("b/9", "9 invalid"),
    ]);
    let txn = Transaction::change(wishes);
    let plan = scheduler.plan(txn.clone()).await.unwrap();
    let told = |status: &ValueStatus| {
        format!("{} {} {}", status.key, status.state, status.details.join(", "))
    };
    let foretold: Vec<String> = plan.unsatisfied.iter().map(told).collect();
    assert_eq!(
        foretold,
        [
            "b/2 PENDING b/1",
            "b/3 PENDING b/1, b/5, not b/6",
            "b/8 PENDING not b/8",
            "b/9 INVALID words"
        ]
    );
    scheduler.apply(&plan, txn).await.unwrap();
    let snapshot = scheduler.snapshot();
    let now = ["b/2", "b/3", "b/8", "b/9"].map(|key| told(&snapshot.status(key).unwrap().value));
    assert_eq!(foretold, now);
}
