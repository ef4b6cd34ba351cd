//! From nothing to a running configuration.

use std::time::Duration;

use ligato_orchestrator::{Closed, Phase, PushOptions, PushOutcome, ResyncDepth, SourceState};

use crate::fake::{Rig, entry, put, rig};

async fn deliver(rig: &Rig, source: &str, names: &[&str]) {
    let entries = names.iter().map(|name| entry(name, 1)).collect();
    let options = PushOptions::accepted();
    let depth = ResyncDepth::Difference;
    rig.handle.resync(source, entries, depth, options).await.unwrap();
}

#[tokio::test]
async fn all_sources_start_together_with_one_full_resync() {
    let rig = rig(&["initfile", "datasync"]);
    rig.fake.left_behind("old", 1);
    deliver(&rig, "initfile", &["a", "b"]).await;
    rig.handle.begin().unwrap();
    // A client may come early; it is answered by the first transaction.
    let handle = rig.handle.clone();
    let early = tokio::spawn(async move {
        handle.push("grpc", vec![put("early", 1)], PushOptions::default()).await
    });
    rig.until(|rig| rig.wanted().contains("early")).await;
    assert_eq!(rig.fake.log(), Vec::<String>::new());

    deliver(&rig, "datasync", &["b", "c"]).await;
    assert_eq!(early.await.unwrap().unwrap().outcome, PushOutcome::Done);
    assert_eq!(rig.fake.log(), ["Full +a=1 +b=1 +c=1 +early=1"]);
    assert_eq!(rig.fake.applied(), "a=1 b=1 c=1 early=1");
    assert_eq!(rig.handle.view().phase(), &Phase::Running);
    assert_eq!(rig.wanted(), "a=1@initfile b=1@datasync c=1@datasync early=1@grpc");
}

// A store that cannot be reached holds up nobody, and is not taken for empty.
#[tokio::test]
async fn a_late_source_takes_nothing_away() {
    let rig = rig(&["initfile", "datasync"]);
    rig.fake.left_behind("of-store", 1);
    deliver(&rig, "initfile", &["a"]).await;
    rig.handle.begin().unwrap();
    while rig.clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    rig.clock.advance(Duration::from_secs(10));
    rig.until(|rig| {
        rig.handle.view().phase().clone() != Phase::Running
            && rig.fake.applied() == "a=1 of-store=1"
    })
    .await;
    assert_eq!(rig.fake.log(), ["ReadBack(All)", "change +a=1"]);
    let expected =
        |rig: &Rig| rig.handle.sources().iter().any(|s| s.state == SourceState::Expected);
    assert!(expected(&rig));

    rig.push("grpc", vec![put("b", 1)]).await;
    assert_eq!(rig.fake.applied(), "a=1 b=1 of-store=1");
    deliver(&rig, "datasync", &["of-store"]).await;
    assert_eq!(rig.fake.log(), ["change +b=1", "Full +a=1 +b=1 +of-store=1"]);
    assert!(!expected(&rig));
}

#[tokio::test]
async fn an_expected_source_may_be_declared_gone() {
    let rig = rig(&["datasync"]);
    rig.handle.begin().unwrap();
    let result = rig.handle.forget("datasync", PushOptions::default()).await.unwrap();
    assert_eq!(result.outcome, PushOutcome::Done);
    assert_eq!(rig.fake.log(), ["Full"]);
}

#[tokio::test]
async fn a_closed_orchestrator_says_so() {
    let Rig { handle, orchestrator, .. } = rig(&[]);
    orchestrator.close().await;
    assert_eq!(handle.push("grpc", vec![], PushOptions::accepted()).await.unwrap_err(), Closed);
    assert_eq!(handle.begin(), Err(Closed));
}
