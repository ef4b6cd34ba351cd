//! What a southbound lost comes back in parts, between which others have their turn.

use std::time::Duration;

use ligato_kvs::SchedulerConfig;
use ligato_kvs_api::{Availability, Notification, Origin, Policy, TxnOptions, ValueState};
use ligato_testkit::{Fault, punctual};

use crate::{Rig, with};

/// Two values of a kind in each part.
fn in_parts() -> Rig {
    Rig::with(SchedulerConfig { part: 2, ..punctual() })
}

impl Rig {
    fn tell(&self, now: Availability) {
        self.scheduler.sink().send(vec![Notification::Availability { southbound: "fake", now }]);
    }

    /// It goes down and comes up with nothing.
    fn restart(&self, incarnation: u64) {
        self.tell(Availability::Down { reason: "it crashed".to_owned() });
        self.sb.forget_everything();
        self.tell(Availability::Up { incarnation, abilities: 0 });
    }

    async fn quiet(&self) {
        self.scheduler.quiescent(Duration::from_secs(600)).await.unwrap();
    }

    /// What is there, as keys.
    fn all(&self) -> Vec<String> {
        self.sb.content().into_keys().collect()
    }
}

/// Seven values, of which the first needs the last, and one derives another.
async fn seven(rig: &Rig) -> Vec<String> {
    let all = [("b/1", "1"), ("b/2", "2"), ("b/3", "3 derives d/3"), ("b/4", "4"), ("b/5", "5")];
    rig.put(&all).await;
    rig.put(&[("b/6", "6"), ("b/7", "7")]).await;
    rig.put(&[("b/1", "1 needs b/7")]).await;
    let there = rig.all();
    assert_eq!(there.len(), 7 + 1, "{there:?}");
    there
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_in_parts() {
    let rig = in_parts();
    let there = seven(&rig).await;
    let before = rig.scheduler.history(None, None).len();
    rig.restart(2);
    rig.quiet().await;
    assert_eq!(rig.all(), there);
    assert_eq!(rig.sb.take_wrong(), Vec::<String>::new());
    let keys = |op: &ligato_kvs_api::RecordedOp| op.key.to_string();
    let of = |record: &ligato_kvs_api::RecordedTxn| {
        let came = record.executed.iter().filter(|op| op.new_state == ValueState::Configured);
        (record.description.clone(), came.map(keys).collect::<Vec<_>>())
    };
    let history = rig.scheduler.history(None, None);
    let parts: Vec<_> = history[before..].iter().map(|record| of(record)).collect();
    let part = |keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        ("a part of what its southbound lost".to_owned(), keys)
    };
    let [(_, lost), (_, first), others @ ..] = &parts[..] else { unreachable!("{parts:#?}") };
    assert!(lost.is_empty());
    // What needs something that comes later comes with that.
    assert_eq!(*first, ["b/2"]);
    let expected = [part(&["b/3", "b/4", "d/3"]), part(&["b/5", "b/6"]), part(&["b/7", "b/1"])];
    assert_eq!(others, expected);
}

#[tokio::test(start_paused = true)]
async fn others_have_their_turn_in_between() {
    let rig = in_parts();
    let there = seven(&rig).await;
    rig.sb.fault("b/2", Fault::Late);
    rig.restart(2);
    let started = tokio::time::Instant::now();
    assert!(rig.put(&[("b/new", "1")]).await.is_done());
    assert!(started.elapsed() < Duration::from_secs(1), "it waits for none of them");
    // One of those that come back: after it has.
    assert!(rig.put(&[("b/2", "changed")]).await.is_done());
    assert_eq!(rig.there("b/2").as_deref(), Some("changed"));
    rig.quiet().await;
    let all = rig.all();
    assert!(there.iter().all(|key| all.contains(key)) && all.contains(&"b/new".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_has_to_come_back_can_be_taken_away_meanwhile() {
    let rig = in_parts();
    seven(&rig).await;
    rig.sb.fault("b/2", Fault::Late);
    rig.restart(2);
    let all = TxnOptions { policy: Policy::AllOrNothing, ..TxnOptions::default() };
    let report = rig.scheduler.commit(with(&[("b/6", "-"), ("b/8", "8 needs b/7")], all)).await;
    assert!(report.is_done(), "{report:?}");
    rig.quiet().await;
    assert_eq!(rig.state("b/6"), ValueState::Nonexistent);
    assert_eq!(rig.state("b/8"), ValueState::Configured);
    assert!(rig.there("b/6").is_none());
}

#[tokio::test(start_paused = true)]
async fn it_can_be_lost_again_before_it_is_back() {
    let rig = in_parts();
    let there = seven(&rig).await;
    for incarnation in 2..5 {
        rig.sb.fault("b/4", Fault::Hangs);
        rig.restart(incarnation);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(rig.all().len() < there.len());
    }
    rig.sb.heal();
    rig.quiet().await;
    assert_eq!(rig.all(), there);
    assert_eq!(rig.scheduler.audit().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_is_found_is_not_made_again() {
    let rig = in_parts();
    let there = seven(&rig).await;
    rig.tell(Availability::Down { reason: "the connection broke".to_owned() });
    rig.sb.set("b/5", None, Origin::Nb);
    rig.sb.take_log();
    rig.tell(Availability::Up { incarnation: 1, abilities: 0 });
    rig.quiet().await;
    let log: Vec<_> = rig.sb.take_log().into_iter().filter(|l| !l.starts_with("read")).collect();
    assert_eq!(log, ["create b/5"]);
    assert_eq!(rig.all(), there);
}

#[tokio::test(start_paused = true)]
async fn changes_do_not_wait_for_the_read_back() {
    let rig = in_parts();
    let there = seven(&rig).await;
    rig.sb.hold_reads("base");
    rig.restart(2);
    tokio::time::sleep(Duration::from_millis(1)).await;
    let started = tokio::time::Instant::now();
    let wishes = [("b/new", "1"), ("b/after", "1 needs b/5")];
    assert!(rig.put(&wishes).await.is_done());
    assert!(started.elapsed() < Duration::from_millis(1));
    let states = ["b/new", "b/after"].map(|key| rig.state(key));
    assert_eq!(states, [ValueState::Configured, ValueState::Pending]);
    // Also what was read before it was there.
    rig.sb.answer_reads("base");
    rig.quiet().await;
    let log: Vec<_> = rig.sb.take_log().into_iter().filter(|line| line.contains("new")).collect();
    assert_eq!(log, ["create b/new"]);
    assert_eq!(rig.state("b/after"), ValueState::Configured);
    assert!(there.iter().all(|key| rig.there(key).is_some()));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_back_waits_for_nobody() {
    let rig = in_parts();
    seven(&rig).await;
    rig.sb.hold_reads("base");
    rig.restart(2);
    // Wishes for what has not been looked for so far are taken.
    let ticket = rig.scheduler.submit(with(&[("b/2", "-")], TxnOptions::default()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    rig.sb.answer_reads("base");
    assert!(ticket.await.is_done());
    rig.quiet().await;
    assert_eq!(rig.all().len(), 7);
    assert_eq!(rig.state("b/2"), ValueState::Nonexistent);
}
