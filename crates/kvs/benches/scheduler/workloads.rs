//! The workloads a to f, each checked when it is done.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use ligato_kvs::Scheduler;
use ligato_kvs_api::{ResyncKind, Scope, Transaction, TxnReport, ValueChange, ValueState};

use crate::{
    kinds::{BenchKind, Calls, Kind},
    readers,
    values::{self, Shape},
};

/// One measured figure.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    /// Of one-shot workloads the time, of latencies the median.
    pub(crate) seconds: f64,
    /// p99 in seconds, where there is a distribution.
    pub(crate) p99: Option<f64>,
    /// The p99 it is to be compared with.
    pub(crate) against: Option<f64>,
    /// The p99 beside threads that have nothing to do with the scheduler.
    pub(crate) controls: Vec<f64>,
}

/// A scheduler with the five kinds.
pub(crate) struct Rig {
    pub(crate) scheduler: Scheduler,
    interfaces: Arc<BenchKind>,
    vrfs: Arc<BenchKind>,
    routes: Arc<BenchKind>,
    cross_connects: Arc<BenchKind>,
    calls: Arc<Calls>,
    pub(crate) figures: Vec<Figure>,
}

/// What has to be true after a workload.
struct Outcome {
    /// Calls of create, update and delete.
    calls: (usize, usize, usize),
    /// Nodes of the graph, all of them configured.
    nodes: usize,
}

// === impl Figure ===

impl Figure {
    fn new(name: &str, seconds: f64, p99: Option<f64>) -> Self {
        Self { name: name.to_owned(), seconds, p99, against: None, controls: Vec::new() }
    }

    fn one_shot(name: &str, took: Duration) -> Self {
        Self::new(name, took.as_secs_f64(), None)
    }

    pub(crate) fn of_latencies(name: &str, all: &mut [Duration]) -> Self {
        all.sort_unstable();
        let at = |share: usize| all[(all.len() - 1) * share / 100].as_secs_f64();
        Self::new(name, at(50), Some(at(99)))
    }
}

// === impl Rig ===

impl Rig {
    fn new(interfaces: Kind) -> Self {
        let calls = Arc::new(Calls::default());
        let interfaces = BenchKind::new(interfaces, &calls);
        let vrfs = BenchKind::new(Kind::Vrf, &calls);
        let routes = BenchKind::new(Kind::Route, &calls);
        let cross_connects = BenchKind::new(Kind::CrossConnect, &calls);
        let scheduler = Scheduler::builder()
            .descriptor(Arc::clone(&interfaces) as _)
            .descriptor(BenchKind::new(Kind::Address, &calls))
            .descriptor(Arc::clone(&vrfs) as _)
            .descriptor(Arc::clone(&routes) as _)
            .descriptor(Arc::clone(&cross_connects) as _)
            .start()
            .expect("kinds do not collide");
        Self { scheduler, interfaces, vrfs, routes, cross_connects, calls, figures: Vec::new() }
    }

    async fn timed(&self, txn: Transaction) -> Duration {
        let started = Instant::now();
        let report = self.scheduler.commit(txn).await;
        let took = started.elapsed();
        check(&report);
        took
    }

    async fn one_shot(&mut self, name: &str, changes: Vec<ValueChange>) -> Duration {
        let took = self.timed(Transaction::change(changes)).await;
        self.figures.push(Figure::one_shot(name, took));
        took
    }

    async fn chunked(&mut self, name: &str, changes: Vec<ValueChange>) -> Duration {
        let mut took = Duration::ZERO;
        for chunk in changes.chunks(100) {
            took += self.timed(Transaction::change(chunk.to_vec())).await;
        }
        self.figures.push(Figure::one_shot(name, took));
        took
    }

    /// One transaction per value.
    pub(crate) async fn each(&self, changes: Vec<ValueChange>) -> Vec<Duration> {
        let mut all = Vec::with_capacity(changes.len());
        for change in changes {
            all.push(self.timed(Transaction::change(vec![change])).await);
        }
        all
    }

    async fn latencies(&mut self, name: &str, changes: Vec<ValueChange>) {
        let mut all = self.each(changes).await;
        self.figures.push(Figure::of_latencies(name, &mut all));
    }

    async fn resync(&mut self, name: &str, kind: ResyncKind, values: Vec<ValueChange>) {
        let took = self.timed(Transaction::resync(kind, values)).await;
        self.figures.push(Figure::one_shot(name, took));
    }

    /// A graph for the workloads on one that is there.
    pub(crate) async fn load(&mut self, shape: Shape) {
        self.one_shot("load base", values::base(shape)).await;
        self.one_shot("load routes", values::routes(shape)).await;
    }

    fn counted(&self) -> (usize, usize, usize) {
        let calls = &self.calls;
        let read = |n: &std::sync::atomic::AtomicU64| n.load(Relaxed) as usize;
        (read(&calls.create), read(&calls.update), read(&calls.delete))
    }

    fn kind_of(&self, key: &str) -> &BenchKind {
        match key {
            key if key.starts_with("config/vpp/v2/interfaces") => &self.interfaces,
            key if key.starts_with("config/vpp/v2/vrf") => &self.vrfs,
            key if key.starts_with("config/vpp/l2") => &self.cross_connects,
            _ => &self.routes,
        }
    }

    /// The values are in the southbound, the scheduler does not know.
    fn preset(&self, values: &[ValueChange]) {
        for change in values {
            if let Some(value) = change.value.clone() {
                self.kind_of(&change.key).lock().insert(change.key.clone(), value);
            }
        }
    }

    /// The southbound holds these values and no others, and the scheduler thinks so too.
    fn verify(&self, outcome: &Outcome, values: impl Iterator<Item = ValueChange>) {
        assert_eq!(self.counted(), outcome.calls, "calls of create, update, delete");
        let mut expected = 0;
        for change in values {
            let there = self.kind_of(&change.key).lock().get(&change.key).cloned();
            assert_eq!(there, change.value, "{} in the southbound", change.key);
            expected += 1;
        }
        let kinds = [&self.interfaces, &self.vrfs, &self.routes, &self.cross_connects];
        let there: usize = kinds.iter().map(|kind| kind.lock().len()).sum();
        assert_eq!(there, expected, "values in the southbound");
        let states = self.scheduler.snapshot().count_by_state();
        assert_eq!(states, [(ValueState::Configured, outcome.nodes)], "nodes of the graph");
    }
}

fn check(report: &TxnReport) {
    assert!(report.is_done(), "{:?}", report.error_text());
}

/// Runs one workload; gives its figures, and a check to be made when memory was measured.
pub(crate) async fn run(workload: &str, n: usize) -> (Vec<Figure>, Box<dyn FnOnce() + Send>) {
    let interfaces = match workload {
        "a" | "a-chunk" | "b1" | "b2" => Kind::PlainInterface,
        _ => Kind::Interface,
    };
    let mut rig = Rig::new(interfaces);
    let plain = || (0..n).map(values::interface);
    let crossed = || (0..n).map(values::cross_connect);
    let outcome = match workload {
        "a" => {
            rig.one_shot("a", plain().collect()).await;
            Outcome { calls: (n, 0, 0), nodes: n }
        }
        "a-chunk" => {
            rig.chunked("a-chunk", plain().collect()).await;
            Outcome { calls: (n, 0, 0), nodes: n }
        }
        "b1" => {
            let pending = rig.one_shot("b1 pending", crossed().collect()).await;
            let resolve = rig.one_shot("b1 resolve", plain().collect()).await;
            rig.figures.push(Figure::one_shot("b1 both", pending + resolve));
            Outcome { calls: (2 * n, 0, 0), nodes: 2 * n }
        }
        "b2" => {
            rig.one_shot("b2", crossed().chain(plain()).collect()).await;
            Outcome { calls: (2 * n, 0, 0), nodes: 2 * n }
        }
        "c1" => {
            let shape = Shape::of_routes(n);
            rig.one_shot("c1", values::all(shape).collect()).await;
            created(shape)
        }
        "c2" | "c2-chunk" => c2(&mut rig, workload, Shape::of_routes(n)).await,
        "d" => d(&mut rig, Shape::of_base(n)).await,
        "e" => e(&mut rig, Shape::of_base(n)).await,
        "f" => f(&mut rig, Shape::of_base(n), n / 300).await,
        "readers" => readers(&mut rig, Shape::of_base(n)).await,
        other => panic!("there is no workload {other}"),
    };
    let (name, figures) = (workload.to_owned(), std::mem::take(&mut rig.figures));
    let verify = move || match name.as_str() {
        "a" | "a-chunk" => rig.verify(&outcome, (0..n).map(values::interface)),
        "b1" | "b2" => {
            let both = (0..n).map(values::cross_connect).chain((0..n).map(values::interface));
            rig.verify(&outcome, both);
        }
        "c1" | "c2" | "c2-chunk" => rig.verify(&outcome, values::all(Shape::of_routes(n))),
        _ => rig.verify(&outcome, values::all(Shape::of_base(n))),
    };
    (figures, Box::new(verify))
}

/// Everything was created once; the link of an interface is a property, which nobody creates.
fn created(shape: Shape) -> Outcome {
    let Shape { interfaces, vrfs, routes } = shape;
    let calls = (2 * interfaces + vrfs + routes, 0, 0);
    Outcome { calls, nodes: 3 * interfaces + vrfs + routes }
}

async fn c2(rig: &mut Rig, workload: &str, shape: Shape) -> Outcome {
    let (base, routes) = (values::base(shape), values::routes(shape));
    let took = if workload == "c2" {
        rig.one_shot("c2 base", base).await + rig.one_shot("c2 routes", routes).await
    } else {
        rig.chunked("c2-chunk base", base).await + rig.chunked("c2-chunk routes", routes).await
    };
    rig.figures.push(Figure::one_shot(&format!("{workload} both"), took));
    created(shape)
}

async fn d(rig: &mut Rig, shape: Shape) -> Outcome {
    rig.load(shape).await;
    let new = |preference| {
        (shape.routes..shape.routes + 1000)
            .map(move |i| values::route(i, shape, preference))
            .collect::<Vec<ValueChange>>()
    };
    rig.latencies("d create", new(0)).await;
    rig.latencies("d update", new(10)).await;
    rig.latencies("d noop", new(10)).await;
    let gone = new(0).into_iter().map(|change| ValueChange::delete(change.key)).collect();
    rig.latencies("d delete", gone).await;
    let some = shape.interfaces.min(1000);
    let gone = (0..some).map(|i| ValueChange::delete(values::interface_key(i))).collect();
    rig.latencies("d if-delete", gone).await;
    rig.latencies("d if-create", (0..some).map(values::interface).collect()).await;
    // With an interface go its address and the routes over it, and come back with it.
    let over = (0..shape.routes).filter(|i| i % shape.interfaces < some).count();
    let taken = 2 * some + over;
    let Outcome { calls, nodes } = created(shape);
    Outcome { calls: (calls.0 + 1000 + taken, 1000, 1000 + taken), nodes }
}

async fn e(rig: &mut Rig, shape: Shape) -> Outcome {
    let all: Vec<ValueChange> = values::all(shape).collect();
    rig.preset(&all);
    rig.resync("e startup", ResyncKind::Full, all.clone()).await;
    for _ in 0..3 {
        rig.resync("e no change", ResyncKind::Full, all.clone()).await;
    }
    rig.resync("e downstream", ResyncKind::Downstream(Scope::All), Vec::new()).await;
    rig.resync("e upstream", ResyncKind::Upstream, all).await;
    // What is derived cannot be read back and is taken to be there with its base.
    Outcome { calls: (0, 0, 0), ..created(shape) }
}

async fn f(rig: &mut Rig, shape: Shape, drift: usize) -> Outcome {
    let all: Vec<ValueChange> = values::all(shape).collect();
    rig.preset(&all);
    rig.resync("f startup", ResyncKind::Full, all.clone()).await;
    let spread = shape.routes / (drift * 6).max(1);
    for round in 0..3 {
        for i in 0..drift {
            let at = (i * 6 + round * 2) * spread.max(1);
            let removed = values::route(at, shape, 0);
            let changed = values::route(at + spread.max(1), shape, 77);
            let added = values::route(shape.routes + round * drift + i, shape, 0);
            let mut southbound = rig.routes.lock();
            southbound.remove(&removed.key);
            for change in [changed, added] {
                southbound.extend(change.value.map(|value| (change.key, value)));
            }
        }
        rig.resync("f 1% drift", ResyncKind::Full, all.clone()).await;
        let each = (round + 1) * drift;
        assert_eq!(rig.counted(), (each, each, each), "repairs of round {round}");
    }
    Outcome { calls: (3 * drift, 3 * drift, 3 * drift), ..created(shape) }
}

async fn readers(rig: &mut Rig, shape: Shape) -> Outcome {
    let rounds = readers::run(rig, shape).await;
    let Outcome { calls, nodes } = created(shape);
    Outcome { calls: (calls.0 + rounds, rounds, rounds), nodes }
}
