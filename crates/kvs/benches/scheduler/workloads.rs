//! The workloads a to f.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use ligato_kvs::Scheduler;
use ligato_kvs_api::{ResyncKind, Scope, Transaction, TxnReport, ValueChange};

use crate::{
    kinds::{BenchKind, Calls, Kind},
    values::{self, Shape},
};

/// One measured figure: name and seconds (one-shot) or microseconds (latencies).
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) seconds: f64,
    /// p99 in seconds, where there is a distribution.
    pub(crate) p99: Option<f64>,
}

/// A scheduler with the five kinds.
pub(crate) struct Rig {
    scheduler: Scheduler,
    interfaces: Arc<BenchKind>,
    vrfs: Arc<BenchKind>,
    routes: Arc<BenchKind>,
    calls: Arc<Calls>,
    pub(crate) figures: Vec<Figure>,
}

impl Rig {
    pub(crate) fn new(interfaces: Kind) -> Self {
        let calls = Arc::new(Calls::default());
        let interfaces = BenchKind::new(interfaces, &calls);
        let vrfs = BenchKind::new(Kind::Vrf, &calls);
        let routes = BenchKind::new(Kind::Route, &calls);
        let scheduler = Scheduler::builder()
            .descriptor(Arc::clone(&interfaces) as _)
            .descriptor(BenchKind::new(Kind::Address, &calls))
            .descriptor(Arc::clone(&vrfs) as _)
            .descriptor(Arc::clone(&routes) as _)
            .descriptor(BenchKind::new(Kind::CrossConnect, &calls))
            .start()
            .expect("kinds do not collide");
        Self { scheduler, interfaces, vrfs, routes, calls, figures: Vec::new() }
    }

    async fn timed(&self, txn: Transaction) -> Duration {
        let started = Instant::now();
        let report = self.scheduler.commit(txn).await;
        let took = started.elapsed();
        check(&report);
        drop(report);
        took
    }

    fn note(&mut self, name: &str, took: Duration) {
        let figure = Figure { name: name.to_owned(), seconds: took.as_secs_f64(), p99: None };
        self.figures.push(figure);
    }

    async fn one_shot(&mut self, name: &str, changes: Vec<ValueChange>) {
        let took = self.timed(Transaction::change(changes)).await;
        self.note(name, took);
    }

    async fn chunked(&mut self, name: &str, changes: Vec<ValueChange>) {
        let mut took = Duration::ZERO;
        for chunk in changes.chunks(100) {
            took += self.timed(Transaction::change(chunk.to_vec())).await;
        }
        self.note(name, took);
    }

    /// One transaction per value; p50 and p99.
    async fn latencies(&mut self, name: &str, changes: Vec<ValueChange>) {
        let mut all = Vec::with_capacity(changes.len());
        for change in changes {
            all.push(self.timed(Transaction::change(vec![change])).await);
        }
        all.sort_unstable();
        let at = |share: usize| all[(all.len() - 1) * share / 100].as_secs_f64();
        let (seconds, p99) = (at(50), Some(at(99)));
        self.figures.push(Figure { name: name.to_owned(), seconds, p99 });
    }

    async fn resync(&mut self, name: &str, kind: ResyncKind, values: Vec<ValueChange>) {
        let took = self.timed(Transaction::resync(kind, values)).await;
        self.note(name, took);
    }

    fn counted(&self) -> (u64, u64, u64) {
        let calls = &self.calls;
        (calls.create.load(Relaxed), calls.update.load(Relaxed), calls.delete.load(Relaxed))
    }

    /// The values are in the southbound, the scheduler does not know.
    fn preset(&self, values: &[ValueChange]) {
        for change in values {
            let Some(value) = change.value.clone() else { continue };
            let kind = match &*change.key {
                key if key.starts_with("config/vpp/v2/interfaces") => &self.interfaces,
                key if key.starts_with("config/vpp/v2/vrf") => &self.vrfs,
                _ => &self.routes,
            };
            kind.lock().insert(change.key.clone(), value);
        }
    }
}

fn check(report: &TxnReport) {
    assert!(report.is_done(), "{:?}", report.error_text());
}

/// Runs one workload; gives its figures.
pub(crate) async fn run(workload: &str, n: usize) -> Vec<Figure> {
    let interfaces = match workload {
        "a" | "a-chunk" | "b1" | "b2" => Kind::PlainInterface,
        _ => Kind::Interface,
    };
    let mut rig = Rig::new(interfaces);
    match workload {
        "a" => rig.one_shot("a", (0..n).map(values::interface).collect()).await,
        "a-chunk" => rig.chunked("a-chunk", (0..n).map(values::interface).collect()).await,
        "b1" => {
            rig.one_shot("b1 pending", (0..n).map(values::cross_connect).collect()).await;
            rig.one_shot("b1 resolve", (0..n).map(values::interface).collect()).await;
            assert_eq!(rig.counted().0, 2 * n as u64);
        }
        "b2" => {
            let both = (0..n).map(values::cross_connect).chain((0..n).map(values::interface));
            rig.one_shot("b2", both.collect()).await;
        }
        "c1" => {
            let shape = Shape::of_routes(n);
            let mut all = values::base(shape);
            all.extend(values::routes(shape));
            rig.one_shot("c1", all).await;
        }
        "c2" | "c2-chunk" => c2(&mut rig, workload, Shape::of_routes(n)).await,
        "d" => d(&mut rig, Shape::of_base(n)).await,
        "e" => e(&mut rig, Shape::of_base(n)).await,
        "f" => f(&mut rig, Shape::of_base(n), n / 300).await,
        other => panic!("there is no workload {other}"),
    }
    rig.figures
}

async fn c2(rig: &mut Rig, workload: &str, shape: Shape) {
    if workload == "c2" {
        rig.one_shot("c2 base", values::base(shape)).await;
        rig.one_shot("c2 routes", values::routes(shape)).await;
    } else {
        rig.chunked("c2-chunk base", values::base(shape)).await;
        rig.chunked("c2-chunk routes", values::routes(shape)).await;
    }
}

async fn d(rig: &mut Rig, shape: Shape) {
    rig.one_shot("load base", values::base(shape)).await;
    rig.one_shot("load routes", values::routes(shape)).await;
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
}

async fn e(rig: &mut Rig, shape: Shape) {
    let mut all = values::base(shape);
    all.extend(values::routes(shape));
    rig.preset(&all);
    let before = rig.counted();
    rig.resync("e startup", ResyncKind::Full, all.clone()).await;
    for _ in 0..3 {
        rig.resync("e no change", ResyncKind::Full, all.clone()).await;
    }
    rig.resync("e downstream", ResyncKind::Downstream(Scope::All), Vec::new()).await;
    rig.resync("e upstream", ResyncKind::Upstream, all).await;
    assert_eq!((rig.counted().1, rig.counted().2), (before.1, before.2));
}

async fn f(rig: &mut Rig, shape: Shape, drift: usize) {
    let mut all = values::base(shape);
    all.extend(values::routes(shape));
    rig.preset(&all);
    rig.resync("f startup", ResyncKind::Full, all.clone()).await;
    let spread = shape.routes / (drift * 6).max(1);
    for round in 0..3 {
        let before = rig.counted();
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
        let after = rig.counted();
        let done = (after.0 - before.0, after.1 - before.1, after.2 - before.2);
        assert_eq!(done, (drift as u64, drift as u64, drift as u64));
    }
}
