//! Whatever happens, in whatever order: the graph stays in order, what was planned is what is done,
//! and in the end everything is as a fresh scheduler would have it.
#![expect(clippy::unwrap_used, reason = "a test that cannot start fails")]

use std::{collections::BTreeMap, sync::Arc};

use ligato_kvs::{Scheduler, SchedulerConfig};
use ligato_kvs_api::{
    OpKind, Origin, Policy, ResyncKind, Scope, Transaction, TxnOptions, TxnOutcome, ValueChange,
};
use ligato_testkit::{FakeKind, FakeSb, Fault, messages::string, violations};
use proptest::prelude::*;

/// Base keys of two kinds; the second cannot be read back.
const KEYS: [&str; 7] = ["b/0", "b/1", "b/2", "b/3", "b/4", "u/0", "u/1"];

/// One thing that happens.
#[derive(Debug, Clone)]
enum Event {
    Change(Vec<(usize, Option<String>)>, Policy),
    Fault(usize, Fault),
    /// Somebody else removes a value.
    Vanish(usize),
    /// Somebody else changes a value.
    Drift(usize),
    Downstream,
}

fn words() -> impl Strategy<Value = String> {
    let clause = prop_oneof![
        6 => Just(String::new()),
        4 => (0..KEYS.len()).prop_map(|k| format!(" needs {}", KEYS[k])),
        1 => Just(" any b/".to_owned()),
        1 => Just(" any u/".to_owned()),
        1 => (0..KEYS.len()).prop_map(|k| format!(" needs d/{k}")),
        1 => Just(" recreate".to_owned()),
        1 => Just(" invalid".to_owned()),
    ];
    let derived = prop_oneof![3 => Just(false), 1 => Just(true)];
    (0..3_u8, clause.clone(), clause, derived).prop_map(|(content, a, b, derives)| {
        format!("{content}{a}{b}{}", if derives { " derives D" } else { "" })
    })
}

fn event(faults: bool) -> impl Strategy<Value = Event> {
    let change =
        prop::collection::vec((0..KEYS.len(), prop::option::weighted(0.75, words())), 1..5);
    let policy = prop_oneof![
        4 => Just(Policy::BestEffort),
        1 => Just(Policy::AllOrNothing),
    ];
    let fault = prop_oneof![
        Just(Fault::Fails),
        Just(Fault::FailsAfterwards),
        Just(Fault::NoAnswer),
        Just(Fault::Panics),
    ];
    let weight = u32::from(faults);
    prop_oneof![
        6 => (change, policy).prop_map(|(c, p)| Event::Change(c, p)),
        2 * weight + 1 - weight => if faults {
            (0..KEYS.len(), fault).prop_map(|(k, f)| Event::Fault(k, f)).boxed()
        } else {
            Just(Event::Downstream).boxed()
        },
        1 => if faults { (0..5_usize).prop_map(Event::Vanish).boxed() } else { Just(Event::Downstream).boxed() },
        1 => if faults { (0..5_usize).prop_map(Event::Drift).boxed() } else { Just(Event::Downstream).boxed() },
        1 => Just(Event::Downstream),
    ]
}

/// Derived keys carry the number of their base, so that they never collide.
fn text_for(key: usize, words: &str) -> String {
    words.replace("derives D", &format!("derives d/{key}"))
}

fn start(sb: &FakeSb) -> Scheduler {
    Scheduler::builder()
        .config(SchedulerConfig { retry_jitter: 0.0, ..SchedulerConfig::default() })
        .descriptor(Arc::new(FakeKind::new("base", "b/{name}", sb)))
        .descriptor(Arc::new(FakeKind::new("unreadable", "u/{name}", sb).unreadable()))
        .descriptor(Arc::new(FakeKind::new("derived", "d/{name}", sb).unreadable()))
        .start()
        .unwrap()
}

fn transaction(changes: &[(usize, Option<String>)], policy: Policy) -> Transaction {
    let change = |(key, text): &(usize, Option<String>)| match text {
        Some(text) => ValueChange::put(KEYS[*key], string(&text_for(*key, text))),
        None => ValueChange::delete(KEYS[*key]),
    };
    Transaction::change(changes.iter().map(change).collect())
        .with(TxnOptions { policy, ..TxnOptions::default() })
}

fn on_paused_clock<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(test)
}

/// Carries the events out; gives what is desired in the end.
async fn play(
    events: &[Event],
    sb: &FakeSb,
    scheduler: &Scheduler,
) -> Result<BTreeMap<usize, String>, TestCaseError> {
    let mut desired = BTreeMap::new();
    for event in events {
        match event {
            Event::Change(changes, policy) => {
                let report = scheduler.commit(transaction(changes, *policy)).await;
                let undone =
                    matches!(report.outcome, TxnOutcome::Undone | TxnOutcome::UndoFailed(_));
                if !undone {
                    for (key, text) in changes {
                        match text {
                            Some(text) => desired.insert(*key, text.clone()),
                            None => desired.remove(key),
                        };
                    }
                }
            }
            Event::Fault(key, fault) => sb.fault(KEYS[*key], *fault),
            Event::Vanish(key) => sb.set(KEYS[*key], None, Origin::Nb),
            Event::Drift(key) if sb.content().contains_key(KEYS[*key]) => {
                sb.set(KEYS[*key], Some("9"), Origin::Nb);
            }
            Event::Drift(_) => {}
            Event::Downstream => {
                let resync = ResyncKind::Downstream(Scope::All);
                scheduler.commit(Transaction::resync(resync, Vec::new())).await;
            }
        }
        let wrong = violations(&scheduler.snapshot());
        prop_assert!(wrong.is_empty(), "after {event:?}: {wrong:#?}");
    }
    Ok(desired)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Without failures the executed operations are the plan, and the southbound is never told
    /// anything that does not fit.
    #[test]
    fn the_plan_is_what_is_done(events in prop::collection::vec(event(false), 1..12)) {
        on_paused_clock(async {
            let sb = FakeSb::default();
            let scheduler = start(&sb);
            for event in &events {
                let Event::Change(changes, _) = event else { continue };
                let txn = transaction(changes, Policy::BestEffort);
                let plan = scheduler.plan(txn.clone()).await.unwrap();
                sb.take_log();
                scheduler.commit(txn).await;
                let planned: Vec<String> = plan
                    .steps
                    .iter()
                    .map(|s| format!("{} {}", name(s.op), s.key))
                    .collect();
                prop_assert_eq!(planned, sb.take_log());
                let wrong = sb.take_wrong();
                prop_assert!(wrong.is_empty(), "{:?}", wrong);
                let wrong = violations(&scheduler.snapshot());
                prop_assert!(wrong.is_empty(), "after {:?}: {:#?}", event, wrong);
            }
            Ok(())
        })?;
    }

    /// After any failures and drift, when all is well again, one resync brings about what a fresh
    /// scheduler makes of the same wishes.
    #[test]
    fn everything_converges(events in prop::collection::vec(event(true), 1..14)) {
        on_paused_clock(async {
            let sb = FakeSb::default();
            let scheduler = start(&sb);
            let mut desired = play(&events, &sb, &scheduler).await?;
            sb.heal();
            // An invalid wish leaves in place what was there before it.
            desired.retain(|_, text| !text.contains("invalid"));
            let all = || desired.iter().map(|(key, text)| {
                ValueChange::put(KEYS[*key], string(&text_for(*key, text)))
            }).collect::<Vec<_>>();
            // What cannot be read back is removed and made again, so that it is certain.
            let readable = |k: &usize| KEYS[*k].starts_with("b/");
            let certain = desired.keys().all(readable);
            scheduler.commit(Transaction::resync(ResyncKind::Full, all())).await;
            let fresh_sb = FakeSb::default();
            let fresh = start(&fresh_sb);
            fresh.commit(Transaction::resync(ResyncKind::Full, all())).await;
            let states = |s: &Scheduler| s.snapshot().nodes().map(|n| (n.key.to_string(), n.state)).collect::<Vec<_>>();
            if certain && !events.iter().any(|e| matches!(e, Event::Fault(k, _) if !readable(k))) {
                prop_assert_eq!(states(&scheduler), states(&fresh));
                prop_assert_eq!(sb.content(), fresh_sb.content());
            }
            let wrong = violations(&scheduler.snapshot());
            prop_assert!(wrong.is_empty(), "{:#?}", wrong);
            Ok(())
        })?;
    }
}

fn name(op: OpKind) -> &'static str {
    match op {
        OpKind::Create => "create",
        OpKind::Delete => "delete",
        _ => "update",
    }
}
