//! Entries that are wrong.

use ligato_kvs_api::PlanError;
use ligato_model::Key;
use ligato_orchestrator::{
    Change, Delivery, DeliveryKind, InvalidPolicy, PushOptions, PushOutcome, RejectReason,
    Rejection, ResyncDepth,
};

use crate::fake::{delete, interface, key, put, running};

fn wrong() -> Vec<Change> {
    vec![
        put("good", 1),
        Change::put(key("one"), interface("other", 1)),
        put("twice", 1),
        put("twice", 2),
        Change::put("config/unknown/v1/x", interface("x", 1)),
        put("fine", 1),
    ]
}

#[tokio::test]
async fn each_entry_is_judged_by_itself() {
    let rig = running().await;
    let result = rig.push("datasync", wrong()).await;
    assert_eq!(rig.fake.applied(), "fine=1 good=1");
    let rejected: Vec<_> = (result.keys.iter())
        .filter_map(|result| Some((result.key.clone(), result.rejected.clone()?)))
        .collect();
    let expected = [
        (Key::from("config/unknown/v1/x"), RejectReason::UnknownKey),
        (key("one"), RejectReason::WrongKey { computed: key("other") }),
        (key("twice"), RejectReason::Duplicate),
    ];
    assert_eq!(rejected, expected);
    assert!(!result.is_ok());
    // They are to be seen until they are right, or gone.
    let shown = || {
        let sources = rig.handle.sources();
        let of_store = sources.iter().find(|source| &*source.source == "datasync").unwrap();
        of_store.rejected.iter().map(|rejection| rejection.key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(shown().len(), 3);
    rig.push("datasync", vec![put("one", 1), delete("twice")]).await;
    assert_eq!(shown(), ["config/unknown/v1/x"]);
}

#[tokio::test]
async fn a_request_can_be_refused_whole() {
    let rig = running().await;
    let options = PushOptions { on_invalid: InvalidPolicy::RefuseAll, ..PushOptions::default() };
    let result = rig.handle.push("grpc", wrong(), options).await.unwrap();
    assert_eq!(result.outcome, PushOutcome::RefusedInvalid);
    let text = result.error_text().unwrap();
    let original = format!(
        "given key \"{}\" does not match with key generated from value: \"{}\"",
        key("one"),
        key("other")
    );
    assert!(text.contains(&original), "{text}");
    assert_eq!((rig.wanted(), rig.fake.log()), (String::new(), vec![]));
}

// Garbage in a store must not take the configuration away that was there before.
#[tokio::test]
async fn what_cannot_be_read_keeps_what_was_said_before() {
    let rig = running().await;
    rig.push("datasync", vec![put("a", 1), put("b", 1)]).await;
    let rejected = vec![Rejection {
        key: key("a"),
        reason: RejectReason::Undecodable { why: "garbage".into() },
    }];
    for kind in [DeliveryKind::Changes, DeliveryKind::Snapshot(ResyncDepth::Difference)] {
        let changes = vec![put("b", 2)];
        let delivery = Delivery { kind, changes, rejected: rejected.clone() };
        rig.handle.deliver("datasync", delivery, PushOptions::default()).await.unwrap();
        assert_eq!(rig.fake.applied(), "a=1 b=2");
    }
    // Really gone, it is gone.
    let kind = DeliveryKind::Snapshot(ResyncDepth::Difference);
    let delivery = Delivery { kind, changes: vec![put("b", 2)], rejected: vec![] };
    rig.handle.deliver("datasync", delivery, PushOptions::default()).await.unwrap();
    assert_eq!(rig.fake.applied(), "b=2");
    assert!(rig.handle.sources().iter().all(|source| source.rejected.is_empty()));
}

#[tokio::test]
async fn a_plan_changes_nothing() {
    let rig = running().await;
    rig.push("grpc", vec![put("a", 1)]).await;
    rig.fake.log();
    // The fake says how many changes it got: the weaker source changes one key of two.
    let plan = rig.handle.plan("datasync", vec![put("a", 2), put("b", 2)]).await;
    assert_eq!(plan.unwrap_err(), PlanError::BadRequest("1".into()));
    assert_eq!((rig.wanted(), rig.fake.log()), ("a=1@grpc".into(), vec![]));
}
