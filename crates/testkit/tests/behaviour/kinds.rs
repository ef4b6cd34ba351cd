//! Kinds that come and go, and those that are not let in.

use std::sync::Arc;

use ligato_kvs::{Scheduler, UnregisterMode};
use ligato_kvs_api::{RegistrationError, ValueState};
use ligato_testkit::{FakeKind, FakeSb};

use crate::Rig;

#[tokio::test(start_paused = true)]
async fn mistakes_are_found_at_registration() {
    let sb = FakeSb::default();
    let start = |kinds: Vec<FakeKind>| {
        let all = kinds.into_iter().map(|kind| Arc::new(kind) as _);
        Scheduler::builder().descriptors(all).start()
    };
    let same = vec![FakeKind::new("one", "b/{x}", &sb), FakeKind::new("one", "c/{x}", &sb)];
    assert!(matches!(start(same), Err(RegistrationError::Exists(name)) if name == "one"));
    let both = vec![FakeKind::new("one", "b/{x}", &sb), FakeKind::new("two", "b/{y}", &sb)];
    assert!(matches!(start(both), Err(RegistrationError::Overlap { name, other, .. })
        if name == "two" && other == "one"));
    // A longer literal start is no overlap: it owns what it matches.
    let nested = vec![FakeKind::new("one", "b/{x}", &sb), FakeKind::new("two", "b/x/{y}", &sb)];
    assert!(start(nested).is_ok());
    let circle = vec![
        FakeKind::new("one", "b/{x}", &sb).read_after(&["two"]),
        FakeKind::new("two", "c/{x}", &sb).read_after(&["one"]),
    ];
    assert!(matches!(start(circle), Err(RegistrationError::RetrieveCycle(names))
        if names.contains("one") && names.contains("two")));
    let everything = vec![FakeKind::new("one", "{x}", &sb)];
    assert!(matches!(start(everything), Err(RegistrationError::Pattern { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_kind_goes_with_its_values_or_without_them() {
    for mode in [UnregisterMode::Forget, UnregisterMode::Remove] {
        let rig = Rig::start();
        rig.put(&[("b/1", "1 derives d/1")]).await;
        assert!(rig.scheduler.unregister("no such kind", mode).await.is_none());
        rig.scheduler.unregister("base", mode).await.unwrap();
        let there = rig.sb.content().contains_key("b/1");
        match mode {
            UnregisterMode::Forget => {
                assert_eq!((rig.state("b/1"), there), (ValueState::Unimplemented, true));
            }
            UnregisterMode::Remove => {
                assert_eq!((rig.state("b/1"), there), (ValueState::Nonexistent, false));
            }
        }
        assert!(rig.scheduler.audit().await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_label_names_one_dependency() {
    let rig = Rig::start();
    let report = rig.put(&[("b/1", "1 muddles b/2"), ("b/3", "3 needs b/2 needs b/2")]).await;
    assert_eq!(rig.state("b/1"), ValueState::Invalid);
    let why = "its descriptor labels two dependencies muddled: b/2 and b/2*";
    assert!(report.errors.iter().any(|e| *e.key == *"b/1" && e.error.contains(why)), "{report:?}");
    // The same twice counts once.
    let status = rig.scheduler.snapshot().status("b/3").unwrap();
    assert_eq!(
        (status.value.state, &*status.value.details),
        (ValueState::Pending, &["b/2".to_owned()][..])
    );
    rig.put(&[("b/2", "2")]).await;
    assert_eq!(rig.state("b/3"), ValueState::Configured);
    rig.put(&[("b/2", "-")]).await;
    assert_eq!(rig.state("b/3"), ValueState::Pending);
}
