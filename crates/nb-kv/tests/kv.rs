//! A store as a source: against the reference store and a scheduler that remembers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use ligato_infra::ServiceLabel;
use ligato_infra::clock::RealClock;
use ligato_infra::health::{BuildFacts, Criticality, Health};
use ligato_keyval::{
    Bytes, MemoryStore, Prefix, Read, Store, StoreKey, Watch, WatchRequest, Write,
};
use ligato_kvs::StatusEvent;
use ligato_kvs_api::{
    BaseValueStatus, OpKind, Plan, PlanError, Revision, Statuses, Transaction, TxnKind, TxnOutcome,
    TxnReport, TxnSeq, ValueState, ValueStatus,
};
use ligato_model::Key;
use ligato_nb_kv::{EnvExpansion, KvSource, Lifetime, Publisher, publish_health, publish_statuses};
use ligato_orchestrator::{Engine, Orchestrator, OrchestratorConfig, OrchestratorHandle};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(30);

// What the southbound has: key to JSON.
struct Fake(watch::Sender<BTreeMap<String, String>>, Mutex<Vec<TxnKind>>);

impl Engine for Fake {
    fn submit(&self, txn: Transaction) -> BoxFuture<'static, TxnReport> {
        let (changes, kind) = (txn.changes, txn.kind);
        self.0.send_modify(|applied| {
            if kind != TxnKind::Change {
                applied.clear();
            }
            for change in changes {
                match change.value {
                    Some(value) => {
                        let json = value.to_json().unwrap().to_string();
                        applied.insert(change.key.to_string(), json);
                    }
                    None => {
                        applied.remove(change.key.as_str());
                    }
                }
            }
        });
        self.1.lock().unwrap().push(kind);
        let report = TxnReport {
            seq: Some(TxnSeq(0)),
            revision: Revision(0),
            outcome: TxnOutcome::Done,
            errors: Vec::new(),
            statuses: Statuses::default(),
        };
        async move { report }.boxed()
    }

    fn plan(&self, _: Transaction) -> BoxFuture<'static, Result<Plan, PlanError>> {
        async { Err(PlanError::Closed) }.boxed()
    }
}

struct Rig {
    store: MemoryStore,
    fake: Arc<Fake>,
    applied: watch::Receiver<BTreeMap<String, String>>,
    handle: OrchestratorHandle,
    cancel: CancellationToken,
    _orchestrator: Orchestrator,
}

fn rig() -> Rig {
    let (changes, applied) = watch::channel(BTreeMap::new());
    let fake = Arc::new(Fake(changes, Mutex::default()));
    let config =
        OrchestratorConfig { expected: vec!["datasync".into()], ..OrchestratorConfig::default() };
    let registry = ligato_proto::registry();
    let orchestrator = Orchestrator::start(config, registry, fake.clone(), RealClock::shared());
    let (handle, store) = (orchestrator.handle(), MemoryStore::new());
    handle.begin().unwrap();
    let cancel = CancellationToken::new();
    Rig { store, fake, applied, handle, cancel, _orchestrator: orchestrator }
}

impl Rig {
    fn follow(&self) -> tokio::task::JoinHandle<Result<(), ligato_nb_kv::Error>> {
        let source = KvSource::new(
            Arc::new(self.store.clone()),
            &ServiceLabel::default(),
            "datasync",
            ligato_proto::registry(),
            self.handle.clone(),
            EnvExpansion::On,
        );
        tokio::spawn(source.run(self.cancel.clone()))
    }

    async fn put(&self, key: &str, value: impl Into<Bytes>) {
        let key = StoreKey::new(format!("/vnf-agent/vpp1/{key}")).unwrap();
        self.store.put(&key, value.into()).await.unwrap();
    }

    async fn delete(&self, key: &str) {
        let key = StoreKey::new(format!("/vnf-agent/vpp1/{key}")).unwrap();
        self.store.delete(&key).await.unwrap();
    }

    // Waits until the southbound has exactly these interfaces.
    async fn until(&mut self, wanted: &[(&str, &str)]) {
        let wanted: BTreeMap<_, _> = (wanted.iter())
            .map(|(name, json)| (format!("{INTERFACES}{name}"), (*json).to_owned()))
            .collect();
        let reached = self.applied.wait_for(|applied| *applied == wanted);
        let reached = tokio::time::timeout(PATIENCE, reached).await.map(drop);
        assert!(reached.is_ok(), "{:?} instead of {wanted:?}", self.applied.borrow());
    }

    async fn rejected(&self, wanted: &[&str]) -> Vec<String> {
        let mut changed = self.handle.subscribe();
        loop {
            let sources = self.handle.sources();
            let rejected: Vec<_> = sources.iter().flat_map(|source| &source.rejected).collect();
            if rejected.iter().map(|rejection| rejection.key.as_str()).eq(wanted.iter().copied()) {
                return rejected.iter().map(ToString::to_string).collect();
            }
            let next = tokio::time::timeout(PATIENCE, changed.changed()).await;
            assert!(next.is_ok(), "{rejected:?}");
        }
    }
}

const INTERFACES: &str = "config/vpp/v2/interfaces/";

#[tokio::test]
async fn a_snapshot_then_changes() {
    let mut rig = rig();
    rig.put("config/vpp/v2/interfaces/a", r#"{"name":"a","ip_addresses":["10.0.0.1/24"]}"#).await;
    rig.put("config/vpp/v2/interfaces/b", r#"{"name":"b","ipAddresses":["10.0.0.2/24"]}"#).await;
    // Of another agent, and of our own status: no configuration.
    let other = StoreKey::new("/vnf-agent/vpp10/config/vpp/v2/interfaces/x").unwrap();
    rig.store.put(&other, Bytes::from_static(b"{\"name\":\"x\"}")).await.unwrap();
    rig.put("config-status/vpp/v2/interfaces/a", "{}").await;
    rig.put("check/status/v1/agent", "{}").await;
    let source = rig.follow();
    let a = r#"{"name":"a","ip_addresses":["10.0.0.1/24"]}"#;
    let b = r#"{"name":"b","ip_addresses":["10.0.0.2/24"]}"#;
    rig.until(&[("a", a), ("b", b)]).await;
    assert!(matches!(rig.fake.1.lock().unwrap()[..], [TxnKind::Resync(_)]));

    rig.put("config/vpp/v2/interfaces/b", r#"{"name":"b","mtu":9000}"#).await;
    rig.delete("config/vpp/v2/interfaces/a").await;
    rig.until(&[("b", r#"{"name":"b","mtu":9000}"#)]).await;
    // An empty value deletes.
    rig.put("config/vpp/v2/interfaces/b", "").await;
    rig.until(&[]).await;
    assert!(rig.handle.sources().iter().all(|source| source.rejected.is_empty()));

    rig.cancel.cancel();
    source.await.unwrap().unwrap();
}

#[tokio::test]
async fn bad_entries_are_reported_and_hide_nothing() {
    let mut rig = rig();
    rig.put("config/vpp/v2/interfaces/good", r#"{"name":"good"}"#).await;
    rig.put("config/vpp/v2/interfaces/binary", vec![0xff, 0xfe, 0x00]).await;
    rig.put("config/vpp/v2/interfaces/wrong", r#"{"name":"other"}"#).await;
    rig.put("config/vpp/v2/interfaces/field", r#"{"name":"field","mtuu":1}"#).await;
    rig.put("config/vpp/v2/interfaces/type", r#"{"name":"type","mtu":"x"}"#).await;
    rig.put("config/vpp/v2/nonsense/x", "{}").await;
    let huge = format!(r#"{{"name":"huge","phys_address":"{}"}}"#, "x".repeat(10 << 20));
    rig.put("config/vpp/v2/interfaces/huge", huge).await;
    rig.put("config/vpp/v2/interfaces/deep", "[".repeat(100_000)).await;
    let _source = rig.follow();
    rig.until(&[("good", r#"{"name":"good"}"#)]).await;
    let i = |name: &str| format!("{INTERFACES}{name}");
    let bad = [i("binary"), i("deep"), i("field"), i("huge"), i("type"), i("wrong")];
    let bad: Vec<_> = bad.iter().map(String::as_str).chain(["config/vpp/v2/nonsense/x"]).collect();
    let texts = rig.rejected(&bad).await;
    for (text, word) in texts.iter().zip(["not text", "", "mtuu", "", "mtu", "other", "no model"]) {
        assert!(text.contains(word), "{text}");
    }

    // Set right, it is applied; broken again, it stays as it was.
    rig.put("config/vpp/v2/interfaces/field", r#"{"name":"field","mtu":1}"#).await;
    let good = [("good", r#"{"name":"good"}"#), ("field", r#"{"name":"field","mtu":1}"#)];
    rig.until(&good).await;
    rig.put("config/vpp/v2/interfaces/field", "{").await;
    rig.rejected(&bad).await;
    rig.until(&good).await;
}

#[tokio::test]
async fn variables_come_from_the_environment() {
    let mut rig = rig();
    let value = r#"{"name":"a","phys_address":"${CARGO_PKG_NAME}"}"#;
    rig.put("config/vpp/v2/interfaces/a", value).await;
    let _source = rig.follow();
    let expanded = r#"{"name":"a","phys_address":"ligato-nb-kv"}"#;
    rig.until(&[("a", expanded)]).await;
}

#[tokio::test]
async fn a_closed_store_ends_the_source_and_keeps_the_configuration() {
    let mut rig = rig();
    rig.put("config/vpp/v2/interfaces/a", r#"{"name":"a"}"#).await;
    let source = rig.follow();
    rig.until(&[("a", r#"{"name":"a"}"#)]).await;
    rig.store.close().await;
    assert!(source.await.unwrap().is_err());
    rig.until(&[("a", r#"{"name":"a"}"#)]).await;
}

fn status(name: &str, state: ValueState) -> BaseValueStatus {
    let value = ValueStatus {
        key: Key::from(format!("{INTERFACES}{name}")),
        state,
        error: String::new(),
        last_operation: OpKind::Create,
        details: Vec::new(),
    };
    BaseValueStatus { value, derived_values: Vec::new() }
}

async fn published(store: &MemoryStore, wanted: &[(&str, &str)]) {
    let prefix = Prefix::new("/vnf-agent/vpp1");
    let mut watch = store.watch(WatchRequest::new([prefix.clone()]));
    loop {
        let listing = store.snapshot(std::slice::from_ref(&prefix)).await.unwrap();
        let entry = |entry: &ligato_keyval::Entry| {
            let value = String::from_utf8_lossy(&entry.value).into_owned();
            (prefix.strip(&entry.key).unwrap().to_owned(), value)
        };
        let now: Vec<_> = listing.entries.iter().map(entry).collect();
        if now.iter().map(|(k, v)| (k.as_str(), v.as_str())).eq(wanted.iter().copied()) {
            return;
        }
        let next = tokio::time::timeout(PATIENCE, watch.recv()).await;
        assert!(next.is_ok(), "{now:?} instead of {wanted:?}");
    }
}

#[tokio::test]
async fn statuses_are_published_and_taken_away() {
    let (store, cancel) = (MemoryStore::new(), CancellationToken::new());
    let label = ServiceLabel::default();
    let handle = Arc::new(store.clone());
    let publisher = Publisher::new(handle, &label, Lifetime::Agent, RealClock::shared()).unwrap();
    tokio::spawn(publisher.clone().run(cancel.clone()));
    let (events, stream) = tokio::sync::mpsc::unbounded_channel();
    let stream = futures::stream::unfold(stream, |mut stream| async move {
        let event = stream.recv().await?;
        Some((event, stream))
    });
    tokio::spawn(publish_statuses(publisher, Box::pin(stream), cancel.clone()));

    let statuses = vec![status("a", ValueState::Configured), status("b", ValueState::Pending)];
    events.send(StatusEvent::Snapshot(Revision(1), statuses)).unwrap();
    let [a, b] = ["a", "b"].map(|name| format!("config-status/vpp/v2/interfaces/{name}"));
    let text = |name: &str, state: &str| {
        format!(
            r#"{{"key":"config/vpp/v2/interfaces/{name}","state":"{state}","last_operation":"CREATE"}}"#
        )
    };
    let (configured, pending) = (text("a", "CONFIGURED"), text("b", "PENDING"));
    published(&store, &[(&a, &configured), (&b, &pending)]).await;

    let statuses = vec![status("a", ValueState::Failed), status("b", ValueState::Removed)];
    events.send(StatusEvent::Delta { revision: Revision(2), txn: TxnSeq(1), statuses }).unwrap();
    published(&store, &[(&a, &text("a", "FAILED"))]).await;
    // After a loss, what is not in the snapshot is taken away.
    events.send(StatusEvent::Lost { deltas: 3 }).unwrap();
    let statuses = vec![status("b", ValueState::Configured)];
    events.send(StatusEvent::Snapshot(Revision(3), statuses)).unwrap();
    published(&store, &[(&b, &text("b", "CONFIGURED"))]).await;
    // The agent's keys go with it.
    store.close().await;
}

#[tokio::test]
async fn health_is_published() {
    let (store, cancel) = (MemoryStore::new(), CancellationToken::new());
    let (label, clock) = (ServiceLabel::default(), RealClock::shared());
    let handle = Arc::new(store.clone());
    let publisher = Publisher::new(handle, &label, Lifetime::Agent, clock.clone()).unwrap();
    tokio::spawn(publisher.clone().run(cancel.clone()));
    let health = Health::new(BuildFacts::default(), clock.clone());
    let plugin = health.register("etcd", Criticality::Fatal);
    plugin.ok();
    tokio::spawn(publish_health(publisher, health.clone(), clock, cancel.clone()));

    let key = StoreKey::new("/vnf-agent/vpp1/check/status/v1/plugin/etcd").unwrap();
    let mut watch = store.watch(WatchRequest::new([Prefix::root()]));
    let until = async |word: &str, watch: &mut ligato_keyval::WatchStream| loop {
        let text = store.get(&key).await.unwrap().map(|entry| entry.value);
        let text = text.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
        if text.contains(word) {
            return text;
        }
        let next = tokio::time::timeout(PATIENCE, watch.recv()).await;
        assert!(next.is_ok(), "{text} without {word}");
    };
    let text = until("\"state\":\"OK\"", &mut watch).await;
    assert!(!text.contains("name"), "{text}");
    plugin.error("cannot connect");
    until("cannot connect", &mut watch).await;
    cancel.cancel();
}
