//! Whether VPP has the memory for a large change, before anything of it is sent.
//!
//! VPP ends when its statistics segment or its main heap is full: with the sizes it has by default, somewhere between
//! 500,000 and 600,000 routes. What a change needs is estimated from how many objects of which kind it adds, by what
//! VPP 26.06 was seen to take for them, and compared with what the statistics say is free. Small changes are not looked
//! at.

use std::{fmt, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use ligato_kvs::{Scheduler, Snapshot};
use ligato_kvs_api::{
    Plan, PlanError, Revision, Statuses, Transaction, TxnOutcome, TxnReport, ValueState,
};
use ligato_orchestrator::Engine;

use crate::{conf::PreflightPolicy, plugins::Heartbeat};

/// Changes of fewer objects than this are not looked at.
const SMALL: usize = 1000;

/// What objects of one kind take of VPP, each, in bytes.
struct Cost {
    prefix: &'static str,
    heap: u64,
    /// Of the statistics segment.
    statistics: u64,
    /// Of the statistics segment, for each thread of VPP.
    per_thread: u64,
}

/// Measured on VPP 26.06 with up to a million routes and 2,000 loopbacks. Vectors are copied when they grow, and old and
/// new are there for a moment: that is in these figures. The last one is for everything else.
const COSTS: [Cost; 3] = [
    Cost { prefix: "config/vpp/v2/route/", heap: 340, statistics: 0, per_thread: 60 },
    Cost { prefix: "config/vpp/v2/interfaces/", heap: 10_000, statistics: 7_000, per_thread: 200 },
    Cost { prefix: "config/vpp/", heap: 1_000, statistics: 0, per_thread: 0 },
];

/// What a VPP has left, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Room {
    /// Of its main heap.
    pub(crate) heap: u64,
    /// Of its statistics segment.
    pub(crate) statistics: u64,
    /// Buffers.
    pub(crate) buffers: u64,
    /// Threads that count, the main one among them.
    pub(crate) threads: u64,
}

/// What a change takes.
#[derive(Debug, Default)]
struct Need {
    objects: usize,
    heap: u64,
    statistics: u64,
}

/// What is missing.
#[derive(Debug, PartialEq, Eq)]
struct Shortfall {
    what: &'static str,
    setting: &'static str,
    needed: u64,
    free: u64,
}

/// Looks at transactions on their way to the scheduler.
pub(crate) struct Preflight {
    scheduler: Scheduler,
    heartbeat: Arc<Heartbeat>,
    policy: PreflightPolicy,
}

// === impl Preflight ===

impl Preflight {
    /// In front of this scheduler.
    pub(crate) fn new(
        scheduler: Scheduler,
        heartbeat: Arc<Heartbeat>,
        policy: PreflightPolicy,
    ) -> Self {
        Self { scheduler, heartbeat, policy }
    }

    /// What VPP lacks for a transaction; nothing if it has enough, or if that is not known.
    fn lacks(&self, txn: &Transaction) -> Vec<Shortfall> {
        if self.policy == PreflightPolicy::Off || txn.changes.len() < SMALL {
            return Vec::new();
        }
        let Some(room) = self.heartbeat.room() else { return Vec::new() };
        // Most changes fit even if nothing of them is there so far.
        let most = Need::of(txn, room.threads, |_| false);
        if most.shortfalls(&room).is_empty() {
            return Vec::new();
        }
        let snapshot = self.scheduler.snapshot();
        Need::of(txn, room.threads, |key| is_there(&snapshot, key)).shortfalls(&room)
    }
}

fn is_there(snapshot: &Snapshot, key: &str) -> bool {
    snapshot.status(key).is_some_and(|status| status.value.state == ValueState::Configured)
}

impl Engine for Preflight {
    fn submit(&self, txn: Transaction) -> BoxFuture<'static, TxnReport> {
        let lacks = self.lacks(&txn);
        if lacks.is_empty() {
            return self.scheduler.submit(txn).boxed();
        }
        let text: Vec<String> = lacks.iter().map(ToString::to_string).collect();
        let text = format!("VPP may die of this change: {}", text.join("; "));
        if self.policy == PreflightPolicy::Refuse {
            tracing::error!(objects = txn.changes.len(), "refused: {text}");
            return std::future::ready(refused(text)).boxed();
        }
        tracing::warn!(objects = txn.changes.len(), "{text}");
        self.scheduler.submit(txn).boxed()
    }

    fn plan(&self, txn: Transaction) -> BoxFuture<'static, Result<Plan, PlanError>> {
        let scheduler = self.scheduler.clone();
        async move { scheduler.plan(txn).await }.boxed()
    }
}

fn refused(reason: String) -> TxnReport {
    TxnReport {
        seq: None,
        revision: Revision::default(),
        outcome: TxnOutcome::Refused(reason),
        errors: Vec::new(),
        statuses: Statuses::default(),
    }
}

// === impl Need ===

impl Need {
    /// What a transaction adds to what is there.
    fn of(txn: &Transaction, threads: u64, is_there: impl Fn(&str) -> bool) -> Self {
        let mut need = Self::default();
        for change in txn.changes.iter().filter(|change| change.value.is_some()) {
            let key = change.key.as_str();
            let cost = COSTS.iter().find(|cost| key.starts_with(cost.prefix));
            let Some(cost) = cost.filter(|_| !is_there(key)) else { continue };
            need.objects += 1;
            need.heap += cost.heap;
            need.statistics += cost.statistics + cost.per_thread * threads;
        }
        need
    }

    fn shortfalls(&self, room: &Room) -> Vec<Shortfall> {
        if self.objects < SMALL {
            return Vec::new();
        }
        let lacks = |what, setting, needed, free| {
            (needed > free).then_some(Shortfall { what, setting, needed, free })
        };
        let heap = lacks("main heap", "memory { main-heap-size … }", self.heap, room.heap);
        let statistics =
            lacks("statistics segment", "statseg { size … }", self.statistics, room.statistics);
        // Nothing can be received or sent without any.
        let buffers = lacks("buffers", "buffers { buffers-per-numa … }", 1, room.buffers);
        [heap, statistics, buffers].into_iter().flatten().collect()
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, setting, needed, free } = self;
        if *what == "buffers" {
            return write!(f, "it has no free buffers (see `{setting}` of its start-up file)");
        }
        let mb = |bytes: u64| bytes.div_ceil(1 << 20);
        write!(
            f,
            "it needs some {} MB of VPP's {what}, of which {} MB are free (see `{setting}` of its start-up file)",
            mb(*needed),
            free >> 20,
        )
    }
}

#[cfg(test)]
mod tests {
    use ligato_kvs_api::ValueChange;
    use ligato_model::{Model, Value};
    use ligato_proto::vpp::{interfaces::Interface, l3::Route};
    use ligato_vpp_client::Pulse as _;
    use ligato_vpp_sim::Sim;

    use super::*;

    fn interfaces(count: u32) -> Transaction {
        let interface = |n| Interface { name: format!("if{n}"), ..Interface::default() };
        let change = |n| {
            let interface = interface(n);
            ValueChange::put(interface.key(), Value::new(interface))
        };
        Transaction::change((0..count).map(change).collect())
    }

    #[test]
    fn a_million_routes_do_not_fit_into_the_default_segment() {
        let route = Route { dst_network: "10.0.0.0/8".into(), ..Route::default() };
        let change = ValueChange::put(route.key(), Value::new(route));
        let room = Room { heap: 1 << 30, statistics: 31 << 20, buffers: 16_000, threads: 1 };
        let need = |count: usize, threads| {
            Need::of(&Transaction::change(vec![change.clone(); count]), threads, |_| false)
        };
        // As seen on VPP 26.06: half a million live in it, 700,000 do not.
        assert_eq!(need(500_000, 1).shortfalls(&room), []);
        let text = need(700_000, 1).shortfalls(&room)[0].to_string();
        assert_eq!(
            text,
            "it needs some 41 MB of VPP's statistics segment, of which 31 MB are free \
             (see `statseg { size … }` of its start-up file)"
        );
        assert_eq!(need(400_000, 3).shortfalls(&room).len(), 1, "each thread counts");
        assert_eq!(Need::of(&interfaces(2_000), 1, |_| true).shortfalls(&room), []);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_too_large_is_refused_when_asked_to() {
        let sim = Sim::builder().start().await.unwrap();
        let heartbeat = Arc::new(Heartbeat::new(sim.stats_socket_path()));
        let scheduler = Scheduler::builder().start().unwrap();
        let outcome = async |policy, count| {
            let preflight = Preflight::new(scheduler.clone(), Arc::clone(&heartbeat), policy);
            preflight.submit(interfaces(count)).await.outcome
        };
        let is_refused = |outcome: &TxnOutcome| matches!(outcome, TxnOutcome::Refused(_));
        // Nothing is known of VPP.
        assert!(!is_refused(&outcome(PreflightPolicy::Refuse, 6_000).await));
        tokio::task::block_in_place(|| heartbeat.attach());
        assert!(!is_refused(&outcome(PreflightPolicy::Warn, 6_001).await));
        assert!(!is_refused(&outcome(PreflightPolicy::Refuse, 1_000).await));
        let TxnOutcome::Refused(reason) = outcome(PreflightPolicy::Refuse, 6_000).await else {
            panic!("it was let through");
        };
        assert!(reason.contains("statistics segment, of which 28 MB are free"), "{reason}");
        sim.stop();
        scheduler.close().await;
    }
}
