//! A scheduler that does everything at once and remembers, and helpers around it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use ligato_infra::clock::ManualClock;
use ligato_kvs_api::{
    BaseValueStatus, OpKind, Plan, PlanError, Revision, Transaction, TxnKind, TxnOutcome,
    TxnReport, TxnSeq, ValueState, ValueStatus,
};
use ligato_model::{Key, Model, Value};
use ligato_orchestrator::{
    Change, Engine, Labels, ListFilter, Orchestrator, OrchestratorConfig, OrchestratorHandle,
    PushOptions, PushResult,
};
use ligato_proto::vpp::interfaces::Interface;
use tokio::sync::oneshot;

#[derive(Default)]
pub(crate) struct Fake(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    // What the southbound has: key to MTU.
    applied: BTreeMap<String, u32>,
    log: Vec<String>,
    // How the next transactions end, if not well.
    outcomes: VecDeque<TxnOutcome>,
    // The next transaction waits for this.
    gate: Option<oneshot::Receiver<()>>,
}

impl Fake {
    /// What is in the southbound, in short.
    pub(crate) fn applied(&self) -> String {
        let inner = self.0.lock().unwrap();
        let items: Vec<_> = inner.applied.iter().map(|(k, v)| format!("{k}={v}")).collect();
        items.join(" ")
    }

    /// What an earlier life of the agent left there.
    pub(crate) fn left_behind(&self, name: &str, mtu: u32) {
        self.0.lock().unwrap().applied.insert(name.to_owned(), mtu);
    }

    /// The transactions since the last call, in short.
    pub(crate) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().log)
    }

    pub(crate) fn ends(&self, outcome: TxnOutcome) {
        self.0.lock().unwrap().outcomes.push_back(outcome);
    }

    pub(crate) fn hold(&self) -> oneshot::Sender<()> {
        let (open, gate) = oneshot::channel();
        self.0.lock().unwrap().gate = Some(gate);
        open
    }
}

impl Engine for Fake {
    fn submit(&self, txn: Transaction) -> BoxFuture<'static, TxnReport> {
        let mut inner = self.0.lock().unwrap();
        let outcome = inner.outcomes.pop_front().unwrap_or(TxnOutcome::Done);
        let what: Vec<_> = (txn.changes.iter())
            .map(|change| match &change.value {
                Some(value) => format!("+{}={}", name(&change.key), mtu(value)),
                None => format!("-{}", name(&change.key)),
            })
            .collect();
        let kind = match &txn.kind {
            TxnKind::Change => "change".to_owned(),
            TxnKind::Resync(kind) => format!("{kind:?}"),
        };
        inner.log.push(format!("{kind} {}", what.join(" ")).trim().to_owned());
        let works = matches!(outcome, TxnOutcome::Done | TxnOutcome::Partial);
        if works && !matches!(&txn.kind, TxnKind::Change) && !txn.changes.is_empty() {
            inner.applied.clear();
        }
        let mut statuses = Vec::new();
        for change in txn.changes.iter().filter(|_| works) {
            let state = match &change.value {
                Some(value) => {
                    inner.applied.insert(name(&change.key), mtu(value));
                    ValueState::Configured
                }
                None => {
                    inner.applied.remove(&name(&change.key));
                    ValueState::Removed
                }
            };
            statuses.push(status(&change.key, state));
        }
        statuses.sort_by(|one, other| one.value.key.cmp(&other.value.key));
        let seq = Some(TxnSeq(7));
        let (errors, statuses) = (Vec::new(), statuses.into());
        let report = TxnReport { seq, revision: Revision(1), outcome, errors, statuses };
        let gate = inner.gate.take();
        async move {
            if let Some(gate) = gate {
                gate.await.unwrap();
            }
            report
        }
        .boxed()
    }

    fn plan(&self, txn: Transaction) -> BoxFuture<'static, Result<Plan, PlanError>> {
        let count = txn.changes.len().to_string();
        async move { Err(PlanError::BadRequest(count)) }.boxed()
    }
}

fn status(key: &Key, state: ValueState) -> BaseValueStatus {
    let value = ValueStatus {
        key: key.clone(),
        state,
        error: String::new(),
        last_operation: OpKind::Create,
        details: Vec::new(),
    };
    BaseValueStatus { value, derived_values: Vec::new() }
}

pub(crate) fn name(key: &Key) -> String {
    key.rsplit('/').next().unwrap().to_owned()
}

pub(crate) fn mtu(value: &Value) -> u32 {
    value.downcast_ref::<Interface>().unwrap().mtu
}

pub(crate) struct Rig {
    pub(crate) fake: Arc<Fake>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) handle: OrchestratorHandle,
    pub(crate) orchestrator: Orchestrator,
}

/// An orchestrator that expects these sources and was not begun.
pub(crate) fn rig(expected: &[&str]) -> Rig {
    rig_with(OrchestratorConfig {
        expected: expected.iter().map(|name| (*name).into()).collect(),
        ..OrchestratorConfig::default()
    })
}

/// An orchestrator that was not begun.
pub(crate) fn rig_with(config: OrchestratorConfig) -> Rig {
    let (fake, clock) = (Arc::new(Fake::default()), Arc::new(ManualClock::default()));
    let registry = ligato_proto::registry();
    let orchestrator = Orchestrator::start(config, registry, fake.clone(), clock.clone());
    Rig { fake, clock, handle: orchestrator.handle(), orchestrator }
}

/// One that is running.
pub(crate) async fn running() -> Rig {
    let rig = rig(&[]);
    rig.handle.begin().unwrap();
    rig.push("grpc", vec![]).await;
    assert_eq!(rig.fake.log(), ["Full"]);
    rig
}

impl Rig {
    pub(crate) async fn push(&self, source: &str, changes: Vec<Change>) -> PushResult {
        self.handle.push(source, changes, PushOptions::default()).await.unwrap()
    }

    /// What counts, and who says so.
    pub(crate) fn wanted(&self) -> String {
        let items = self.handle.list(&ListFilter::default());
        let item = |item: &ligato_orchestrator::ListItem| {
            let mark = if item.contested { "!" } else { "" };
            format!("{}={}@{}{mark}", name(&item.key), mtu(&item.value), item.source)
        };
        items.iter().map(item).collect::<Vec<_>>().join(" ")
    }

    /// Waits until the view passes.
    pub(crate) async fn until(&self, passes: impl Fn(&Self) -> bool) {
        let mut changed = self.handle.subscribe();
        while !passes(self) {
            changed.changed().await.unwrap();
        }
    }
}

pub(crate) fn interface(name: &str, mtu: u32) -> Value {
    Value::new(Interface { name: name.to_owned(), mtu, ..Default::default() })
}

pub(crate) fn key(name: &str) -> Key {
    Interface::key_of(name)
}

pub(crate) fn put(name: &str, mtu: u32) -> Change {
    Change::put(key(name), interface(name, mtu))
}

pub(crate) fn delete(name: &str) -> Change {
    Change::delete(key(name))
}

pub(crate) fn labels(pairs: &[(&str, &str)]) -> Labels {
    Arc::new(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
}

pub(crate) fn entry(name: &str, mtu: u32) -> ligato_orchestrator::Entry {
    let (key, value) = (key(name), interface(name, mtu));
    ligato_orchestrator::Entry { key, value, labels: Labels::default() }
}
