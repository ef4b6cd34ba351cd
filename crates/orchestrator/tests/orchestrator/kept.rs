//! Sources whose wishes outlive the process.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use ligato_kvs_api::{Policy, SourceId, TxnOutcome};
use ligato_model::Key;
use ligato_orchestrator::{
    Change, Delivery, DeliveryKind, KeepError, Keeper, Keeping, OrchestratorConfig, PushOptions,
    PushOutcome, PushResult, RejectReason, Rejection, ResyncDepth,
};
use tokio::sync::oneshot;

use crate::fake::{Rig, delete, entry, key, labels, mtu, name, put, rig_with};

// Keeps what `grpc` says, in memory.
#[derive(Debug, Default)]
struct Memory(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    content: BTreeMap<String, String>,
    // The writes since they were last looked at, in short.
    writes: Vec<String>,
    // The next writes: whether they wait for something, and whether they fail then.
    next: VecDeque<(Option<oneshot::Receiver<()>>, bool)>,
}

impl Memory {
    fn content(&self) -> String {
        let inner = self.0.lock().unwrap();
        inner.content.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")
    }

    fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().writes)
    }

    fn fails(&self) {
        self.0.lock().unwrap().next.push_back((None, true));
    }

    fn holds(&self) -> oneshot::Sender<()> {
        let (open, gate) = oneshot::channel();
        self.0.lock().unwrap().next.push_back((Some(gate), false));
        open
    }

    fn keep(&self, changes: &[Change]) {
        let mut inner = self.0.lock().unwrap();
        for change in changes {
            match &change.value {
                Some(value) => {
                    let labels = change.labels.keys().cloned().collect::<String>();
                    inner.content.insert(name(&change.key), format!("{}{labels}", mtu(value)))
                }
                None => inner.content.remove(&name(&change.key)),
            };
        }
    }
}

// The keeper's own handle, since a write outlives the call.
#[derive(Debug)]
struct Shared(Arc<Memory>);

impl Keeper for Shared {
    fn keeps(&self, source: &SourceId) -> bool {
        source.as_ref() == "grpc"
    }

    fn write(
        &self,
        _: &SourceId,
        changes: Vec<Change>,
    ) -> BoxFuture<'static, Result<(), KeepError>> {
        let memory = self.0.clone();
        async move {
            let (gate, fails) = {
                let mut inner = memory.0.lock().unwrap();
                let shown = |change: &Change| match change.value {
                    Some(_) => format!("+{}", name(&change.key)),
                    None => format!("-{}", name(&change.key)),
                };
                inner.writes.push(changes.iter().map(shown).collect::<Vec<_>>().join(" "));
                inner.next.pop_front().unwrap_or((None, false))
            };
            if let Some(gate) = gate {
                gate.await.unwrap();
            }
            if fails {
                let source = "no space left".into();
                return Err(KeepError { store: "redb".into(), source });
            }
            memory.keep(&changes);
            Ok(())
        }
        .boxed()
    }
}

fn started(restored: Vec<(SourceId, Delivery)>, expected: &[&str]) -> (Rig, Arc<Memory>) {
    let memory = Arc::new(Memory::default());
    let keeper = Arc::new(Shared(memory.clone()));
    let keeping = Some(Keeping { keeper, restored });
    let expected = expected.iter().map(|name| (*name).into()).collect();
    let rig = rig_with(OrchestratorConfig { expected, keeping, ..OrchestratorConfig::default() });
    (rig, memory)
}

async fn running() -> (Rig, Arc<Memory>) {
    let (rig, memory) = started(Vec::new(), &[]);
    rig.handle.begin().unwrap();
    rig.push("other", vec![]).await;
    assert_eq!(rig.fake.log(), ["Full"]);
    (rig, memory)
}

fn push(
    rig: &Rig,
    changes: Vec<Change>,
    options: PushOptions,
) -> tokio::task::JoinHandle<PushResult> {
    let handle = rig.handle.clone();
    tokio::spawn(async move { handle.push("grpc", changes, options).await.unwrap() })
}

fn not_kept() -> PushOutcome {
    PushOutcome::NotKept("cannot be kept in redb: no space left".to_owned())
}

#[tokio::test]
async fn nothing_counts_and_nobody_hears_before_it_is_durable() {
    let (rig, memory) = running().await;
    let open = memory.holds();
    let first = push(&rig, vec![put("a", 1)], PushOptions::accepted());
    while memory.writes().is_empty() {
        tokio::task::yield_now().await;
    }
    let second = push(&rig, vec![put("a", 2)], PushOptions::default());
    // Others go on meanwhile.
    rig.push("other", vec![put("b", 1)]).await;
    assert_eq!(rig.wanted(), "b=1@other");
    assert!(!first.is_finished() && !second.is_finished());
    assert_eq!(memory.writes(), Vec::<String>::new());

    open.send(()).unwrap();
    assert_eq!(first.await.unwrap().outcome, PushOutcome::Accepted);
    assert_eq!(second.await.unwrap().outcome, PushOutcome::Done);
    assert_eq!(memory.content(), "a=2");
    assert_eq!(rig.fake.log(), ["change +b=1", "change +a=1", "change +a=2"]);
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_done() {
    let (rig, memory) = running().await;
    rig.push("grpc", vec![put("a", 1)]).await;
    rig.fake.log();
    for options in [PushOptions::accepted(), PushOptions::default()] {
        memory.fails();
        let result = rig.handle.push("grpc", vec![put("a", 2), put("b", 2)], options).await;
        let result = result.unwrap();
        assert_eq!(result.outcome, not_kept());
        assert_eq!(result.error_text().unwrap(), "cannot be kept in redb: no space left");
    }
    memory.fails();
    let depth = ResyncDepth::Full;
    let result = rig.handle.resync("grpc", vec![], depth, PushOptions::default()).await.unwrap();
    assert_eq!(result.outcome, not_kept());
    memory.fails();
    let result = rig.handle.forget("grpc", PushOptions::default()).await.unwrap();
    assert_eq!(result.outcome, not_kept());
    assert_eq!((rig.wanted().as_str(), memory.content().as_str()), ("a=1@grpc", "a=1"));
    assert_eq!(rig.fake.log(), Vec::<String>::new());

    // Whatever became of those writes, the next one sets it right.
    memory.keep(&[put("a", 2), put("b", 2)]);
    memory.writes();
    rig.push("grpc", vec![put("c", 3)]).await;
    assert_eq!(memory.writes(), ["+c +a -b"]);
    assert_eq!(
        (rig.wanted().as_str(), memory.content().as_str()),
        ("a=1@grpc c=3@grpc", "a=1 c=3")
    );
}

#[tokio::test]
async fn only_what_changes_is_written() {
    let (rig, memory) = running().await;
    let labelled = put("a", 1).with_labels(labels(&[("x", "1")]));
    rig.push("grpc", vec![put("a", 1), put("b", 1), put("c", 1)]).await;
    rig.push("grpc", vec![labelled, put("b", 1), delete("unknown")]).await;
    let entries = vec![entry("b", 1), entry("d", 1)];
    let (depth, options) = (ResyncDepth::Full, PushOptions::default());
    rig.handle.resync("grpc", entries, depth, options.clone()).await.unwrap();
    assert_eq!(memory.content(), "b=1 d=1");
    rig.handle.forget("grpc", options).await.unwrap();
    rig.push("other", vec![put("z", 1)]).await;
    assert_eq!(memory.writes(), ["+a +b +c", "+a", "+d -a -c", "-b -d"]);
    assert_eq!((rig.wanted().as_str(), memory.content().as_str()), ("z=1@other", ""));
}

#[tokio::test]
async fn what_the_scheduler_undid_is_not_kept_either() {
    let (rig, memory) = running().await;
    rig.push("grpc", vec![put("a", 1)]).await;
    let options = PushOptions { policy: Policy::AllOrNothing, ..PushOptions::default() };
    let bad = || vec![put("a", 2), put("b", 2)];
    rig.fake.ends(TxnOutcome::Undone);
    let result = push(&rig, bad(), options.clone()).await.unwrap();
    assert_eq!(result.outcome, PushOutcome::Undone);
    assert_eq!((rig.wanted().as_str(), memory.content().as_str()), ("a=1@grpc", "a=1"));

    // When the store does not take it back, the caller hears of it, and the next write does.
    rig.fake.ends(TxnOutcome::Undone);
    let open = rig.fake.hold();
    let result = push(&rig, bad(), options);
    rig.until(|rig| rig.wanted() == "a=2@grpc b=2@grpc").await;
    memory.fails();
    open.send(()).unwrap();
    let keys = vec![key("a"), key("b")];
    assert_eq!(result.await.unwrap().outcome, PushOutcome::UndoFailed(keys));
    assert_eq!((rig.wanted().as_str(), memory.content().as_str()), ("a=1@grpc", "a=2 b=2"));
    rig.push("grpc", vec![put("c", 1)]).await;
    assert_eq!(memory.content(), "a=1 c=1");
}

#[tokio::test]
async fn what_was_kept_is_wanted_from_the_first_moment_on() {
    let bad = Rejection { key: Key::from("odd"), reason: RejectReason::UnknownKey };
    let labelled = put("a", 1).with_labels(labels(&[("x", "1")]));
    let delivery = Delivery {
        kind: DeliveryKind::Snapshot(ResyncDepth::Difference),
        changes: vec![labelled, put("b", 1)],
        rejected: vec![bad.clone()],
    };
    let (rig, memory) = started(vec![("grpc".into(), delivery)], &["grpc"]);
    assert_eq!(rig.wanted(), "a=1@grpc b=1@grpc");
    assert_eq!(rig.handle.sources()[0].rejected, [bad]);
    rig.handle.begin().unwrap();
    rig.push("grpc", vec![put("c", 1)]).await;
    assert_eq!(rig.fake.log()[0], "Full +a=1 +b=1");
    // What was read is not written again; what could not be read goes when everything is replaced.
    assert_eq!(memory.writes(), ["+c"]);
    let (depth, options) = (ResyncDepth::Difference, PushOptions::default());
    rig.handle.resync("grpc", vec![entry("c", 1)], depth, options).await.unwrap();
    assert_eq!(memory.writes(), ["-a -b -odd"]);
}

#[tokio::test]
async fn closing_ends_what_is_being_written() {
    let (rig, memory) = running().await;
    let open = memory.holds();
    let push = push(&rig, vec![put("a", 1)], PushOptions::accepted());
    while memory.writes().is_empty() {
        tokio::task::yield_now().await;
    }
    let Rig { orchestrator, fake, .. } = rig;
    let closed = tokio::spawn(orchestrator.close());
    open.send(()).unwrap();
    closed.await.unwrap();
    assert_eq!(push.await.unwrap().outcome, PushOutcome::Accepted);
    assert_eq!(fake.log(), ["change +a=1"]);
}
