//! Several sources and one key.

use ligato_kvs_api::{ResyncKind, Scope};
use ligato_orchestrator::{
    LabelSelector, ListFilter, PushOptions, PushOutcome, ResyncDepth, SourceState,
};

use crate::fake::{delete, entry, labels, put, running};

#[tokio::test]
async fn deleting_uncovers_what_another_source_holds() {
    let rig = running().await;
    rig.push("datasync", vec![put("a", 1)]).await;
    rig.push("grpc", vec![put("a", 2)]).await;
    assert_eq!(rig.wanted(), "a=2@grpc!");
    rig.push("grpc", vec![delete("a")]).await;
    assert_eq!((rig.wanted(), rig.fake.applied()), ("a=1@datasync".into(), "a=1".into()));
    rig.push("datasync", vec![delete("a")]).await;
    assert_eq!((rig.wanted(), rig.fake.applied()), (String::new(), String::new()));
}

#[tokio::test]
async fn precedence_decides_whoever_comes_last() {
    let rig = running().await;
    rig.push("grpc", vec![put("a", 2)]).await;
    let result = rig.push("datasync", vec![put("a", 1), put("b", 1)]).await;
    assert_eq!(rig.wanted(), "a=2@grpc! b=1@datasync");
    assert_eq!(rig.fake.log(), ["change +a=2", "change +b=1"]);
    let decided: Vec<_> = result.keys.iter().map(|key| key.decided_by.as_deref()).collect();
    assert_eq!(decided, [Some("grpc"), Some("datasync")]);

    // The same after a full resync of the weaker one.
    let entries = vec![entry("a", 3)];
    let options = PushOptions::default();
    rig.handle.resync("datasync", entries, ResyncDepth::Full, options).await.unwrap();
    assert_eq!(rig.fake.log(), ["Full +a=2"]);
    let conflicts = rig.handle.view().conflicts();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(&*conflicts[0].others[0].source, "datasync");
    // Agreeing is no conflict.
    rig.push("datasync", vec![put("a", 2)]).await;
    assert_eq!(rig.wanted(), "a=2@grpc");
}

#[tokio::test]
async fn a_snapshot_changes_only_what_differs() {
    let rig = running().await;
    rig.push("datasync", vec![put("a", 1), put("b", 1), put("c", 1)]).await;
    rig.fake.log();
    let entries = vec![entry("b", 1), entry("c", 2), entry("d", 1)];
    let options = PushOptions::default();
    rig.handle.resync("datasync", entries, ResyncDepth::Difference, options).await.unwrap();
    assert_eq!(rig.fake.log(), ["change -a +c=2 +d=1"]);
    // What is said again in a push is tried again.
    rig.push("datasync", vec![put("d", 1)]).await;
    assert_eq!(rig.fake.log(), ["change +d=1"]);
}

#[tokio::test]
async fn a_lost_source_keeps_its_state_until_it_is_declared_gone() {
    let rig = running().await;
    rig.push("datasync", vec![put("a", 1)]).await;
    rig.push("grpc", vec![put("b", 1)]).await;
    rig.handle.lost("datasync", "connection refused").unwrap();
    rig.until(|rig| {
        let lost = |state: &SourceState| {
            matches!(state, SourceState::Lost { reason, .. } if reason == "connection refused")
        };
        rig.handle.sources().iter().any(|source| lost(&source.state))
    })
    .await;
    assert_eq!(rig.fake.applied(), "a=1 b=1");
    rig.handle.found("datasync").unwrap();
    let result = rig.handle.forget("datasync", PushOptions::default()).await.unwrap();
    assert_eq!(result.outcome, PushOutcome::Done);
    assert_eq!(rig.fake.applied(), "b=1");
    assert!(rig.handle.sources().iter().all(|source| &*source.source != "datasync"));
}

#[tokio::test]
async fn labels_belong_to_a_key_in_a_source() {
    let rig = running().await;
    let from_ctl = labels(&[("io.ligato.from-client", "agentctl"), ("team", "x")]);
    rig.push("grpc", vec![put("a", 1).with_labels(from_ctl), put("b", 1)]).await;
    rig.push("datasync", vec![put("a", 1)]).await;
    let selected = |key: &str, value: &str| {
        let filter =
            ListFilter { labels: vec![LabelSelector::parse(key, value)], ..ListFilter::default() };
        rig.handle.list(&filter).len()
    };
    assert_eq!((selected("team", "x"), selected("team", ""), selected("team", "y")), (1, 1, 0));
    assert_eq!((selected("!team", ""), selected("!team", "y")), (1, 2));
    let of_store = ListFilter { source: Some("datasync".into()), ..ListFilter::default() };
    assert!(rig.handle.list(&of_store)[0].labels.is_empty());
    // The next writing of the key replaces them.
    rig.push("grpc", vec![put("a", 1)]).await;
    assert_eq!(selected("team", ""), 0);
}

#[tokio::test]
async fn resyncs_carry_what_all_want() {
    let rig = running().await;
    rig.push("datasync", vec![put("a", 1)]).await;
    rig.push("grpc", vec![put("b", 1)]).await;
    rig.fake.log();
    let options = PushOptions::default;
    rig.handle.resync_all(ResyncKind::Full, options()).await.unwrap();
    rig.handle.resync_all(ResyncKind::Downstream(Scope::All), options()).await.unwrap();
    assert_eq!(rig.fake.log(), ["Full +a=1 +b=1", "Downstream(All)"]);
}
