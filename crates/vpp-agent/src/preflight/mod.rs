//! Whether VPP has the memory for a large change, before anything of it is sent.
//!
//! VPP ends when its statistics segment or its main heap is full: with the sizes it has by default, somewhere between
//! 500,000 and 600,000 routes; without buffers it forwards nothing. What a change needs is estimated from how many
//! objects of which kind it adds, by what VPP 26.06 was seen to take for them, and compared with what the statistics say
//! is free. Most changes fit even if nothing of them is there so far. Of one that would not, a plan tells what it really
//! adds. What a release has been seen to die of otherwise is warned of too.
//!
//! There are two ways to VPP: transactions ([`Preflight`], which stands before the scheduler), and the scheduler itself,
//! which gives a new VPP process all that is wanted ([`ReplayGate`], which VPP has to pass before the scheduler may use
//! it).

mod defect;
mod need;
mod replay;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use futures::{FutureExt, future::BoxFuture};
use ligato_kvs::{Scheduler, Ticket};
use ligato_kvs_api::{Plan, PlanError, Revision, Statuses, Transaction, TxnOutcome, TxnReport};
use ligato_orchestrator::Engine;
use tokio::sync::oneshot;

use self::need::{Need, Shortfall};
pub(crate) use self::{
    need::{Room, Rooms},
    replay::ReplayGate,
};
use crate::{conf::PreflightPolicy, plugins::Heartbeat};

/// Looks at transactions on their way to the scheduler.
#[derive(Clone)]
pub(crate) struct Preflight(Arc<Inner>);

struct Inner {
    scheduler: Scheduler,
    heartbeat: Arc<Heartbeat>,
    policy: PreflightPolicy,
    /// What VPP has to pass; it knows which one is there.
    gate: OnceLock<ReplayGate>,
    /// Transactions that wait for a look, and those behind them.
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<(Transaction, oneshot::Sender<Result<Ticket, String>>)>,
    /// Somebody works through it.
    is_attended: bool,
}

// === impl Preflight ===

impl Preflight {
    /// In front of this scheduler.
    pub(crate) fn new(
        scheduler: Scheduler,
        heartbeat: Arc<Heartbeat>,
        policy: PreflightPolicy,
    ) -> Self {
        let (gate, line) = (OnceLock::new(), Mutex::default());
        Self(Arc::new(Inner { scheduler, heartbeat, policy, gate, line }))
    }
}

impl Engine for Preflight {
    /// What has to be looked at is looked at by a task of its own; what is submitted meanwhile stays behind it.
    fn submit(&self, txn: Transaction) -> BoxFuture<'static, TxnReport> {
        let inner = &self.0;
        let mut line = inner.line.lock().unwrap_or_else(PoisonError::into_inner);
        if !line.is_attended && !inner.may_lack(&txn) {
            return inner.scheduler.submit(txn).boxed();
        }
        let (reply, ticket) = oneshot::channel();
        line.waiting.push_back((txn, reply));
        if !std::mem::replace(&mut line.is_attended, true) {
            tokio::spawn(Arc::clone(inner).attend());
        }
        async move {
            match ticket.await {
                Ok(Ok(ticket)) => ticket.await,
                Ok(Err(why)) => refused(why),
                Err(_) => refused("scheduler was closed".to_owned()),
            }
        }
        .boxed()
    }

    fn plan(&self, txn: Transaction) -> BoxFuture<'static, Result<Plan, PlanError>> {
        let scheduler = self.0.scheduler.clone();
        async move { scheduler.plan(txn).await }.boxed()
    }
}

// === impl Inner ===

impl Inner {
    /// Works through the line until nothing waits.
    async fn attend(self: Arc<Self>) {
        loop {
            let next = {
                let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
                let next = line.waiting.pop_front();
                line.is_attended = next.is_some();
                next
            };
            let Some((txn, reply)) = next else { return };
            let answer = match self.objection(&txn).await {
                Some(why) => Err(why),
                None => Ok(self.scheduler.submit(txn)),
            };
            // Who submitted it may not wait for its report.
            let _ = reply.send(answer);
        }
    }

    /// Whether VPP lacks something for a transaction if nothing of it is there so far.
    fn may_lack(&self, txn: &Transaction) -> bool {
        if self.policy == PreflightPolicy::Off {
            return false;
        }
        let most = Need::of_all_of(txn);
        if let Some(gate) = self.gate.get() {
            gate.warnings().tell(&most);
        }
        most.is_worth_a_look()
            && self.heartbeat.rooms().is_some_and(|rooms| !most.shortfalls(&rooms.free).is_empty())
    }

    /// Why a transaction is not carried out; told in the log either way.
    async fn objection(&self, txn: &Transaction) -> Option<String> {
        if !self.may_lack(txn) {
            return None;
        }
        // What is there already needs nothing. An error is left to the scheduler to tell.
        let plan = self.scheduler.plan(txn.clone()).await.ok()?;
        let rooms = self.heartbeat.rooms()?;
        let lacks = Need::of_plan(&plan).shortfalls(&rooms.free);
        self.judge("this change", txn.changes.len(), &lacks)
    }

    /// What is said about what VPP lacks, if that means that nothing is sent.
    fn judge(&self, what: &str, objects: usize, lacks: &[Shortfall]) -> Option<String> {
        if lacks.is_empty() {
            return None;
        }
        let text: Vec<String> = lacks.iter().map(ToString::to_string).collect();
        let text = format!("VPP may die of {what}: {}", text.join("; "));
        if self.policy == PreflightPolicy::Refuse {
            tracing::error!(objects, "refused: {text}");
            return Some(text);
        }
        tracing::warn!(objects, "{text}");
        None
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ligato_infra::logging::{LogFormat, LogLevel, subscriber};
    use ligato_kvs::StatusFilter;
    use ligato_kvs_api::{Availability, BaseValueStatus, Southbound as _, ValueChange, ValueState};
    use ligato_model::{Model, Value};
    use ligato_proto::vpp::interfaces::{Interface, interface::Type};
    use ligato_proto::vpp::l3::Route;
    use ligato_vpp_client::{Options, Pulse as _, VppClient};
    use ligato_vpp_ctx::{Settings, VppCtx};
    use ligato_vpp_sim::Sim;
    use tracing::instrument::WithSubscriber;

    use super::*;

    /// Loopbacks; 4,000 of them need as much as the simulated VPP's statistics segment has.
    fn loopbacks(numbers: std::ops::Range<u32>) -> Transaction {
        let change = |n| {
            let name = format!("loop{n}");
            let r#type = Type::SoftwareLoopback.into();
            let interface = Interface { name, r#type, ..Interface::default() };
            ValueChange::put(interface.key(), Value::new(interface))
        };
        Transaction::change(numbers.map(change).collect())
    }

    struct Setup {
        sim: Sim,
        scheduler: Scheduler,
        heartbeat: Arc<Heartbeat>,
        gate: ReplayGate,
        vpp: Arc<VppCtx>,
    }

    impl Setup {
        /// An agent that has just met its VPP.
        async fn new() -> Self {
            Self::with("26.06").await
        }

        /// The same with a VPP of this release.
        async fn with(release: &str) -> Self {
            let sim = Sim::builder().release(release).start().await.unwrap();
            let options =
                Options { retry_cap: Duration::from_millis(20), ..Options::new(sim.socket_path()) };
            let gate = ReplayGate::default();
            let vpp = VppCtx::new(VppClient::start(options), Settings::default(), Vec::new());
            let vpp = Arc::new(vpp.with_gate(Box::new(gate.clone())));
            let kinds = ligato_vpp_if::descriptors(&vpp);
            let scheduler = Scheduler::builder().descriptors(kinds).start().unwrap();
            let heartbeat = Arc::new(Heartbeat::new(sim.stats_socket_path()));
            // As nothing is wanted so far, it passes.
            let is_down = || matches!(vpp.availability(), Availability::Down { .. });
            eventually("it is up", || !is_down()).await;
            Self { sim, scheduler, heartbeat, gate, vpp }
        }

        fn preflight(&self, policy: PreflightPolicy) -> Preflight {
            let preflight =
                Preflight::new(self.scheduler.clone(), Arc::clone(&self.heartbeat), policy);
            self.gate.guard(&preflight);
            preflight
        }

        /// Waits until so many values are configured.
        async fn configured(&self, count: usize) {
            let is_configured =
                |status: &&BaseValueStatus| status.value.state == ValueState::Configured;
            eventually(&format!("{count} are configured"), || {
                let statuses = self.scheduler.snapshot().statuses(&StatusFilter::All);
                statuses.iter().filter(is_configured).count() == count
            })
            .await;
        }
    }

    /// Waits until it is so.
    async fn eventually(what: &str, is_so: impl Fn() -> bool) {
        let wait = async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), wait).await;
        waited.unwrap_or_else(|_| panic!("{what}"));
    }

    fn is_refused(outcome: &TxnOutcome) -> bool {
        matches!(outcome, TxnOutcome::Refused(_))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_too_large_is_refused_when_asked_to() {
        let setup = Setup::new().await;
        let submit =
            async |policy, count| setup.preflight(policy).submit(loopbacks(0..count)).await.outcome;
        tokio::task::block_in_place(|| setup.heartbeat.attach());
        assert!(!is_refused(&submit(PreflightPolicy::Refuse, 1_000).await));
        let TxnOutcome::Refused(reason) = submit(PreflightPolicy::Refuse, 6_000).await else {
            panic!("it was let through");
        };
        assert!(reason.contains("statistics segment, of which 28 MB are free"), "{reason}");
        assert!(!is_refused(&submit(PreflightPolicy::Warn, 6_000).await));
        // Now they are there: that they are wanted needs nothing.
        assert!(!is_refused(&submit(PreflightPolicy::Refuse, 6_000).await));
        setup.sim.stop();
        setup.scheduler.close().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_too_large_is_warned_of_before_the_first_write() {
        let setup = Setup::new().await;
        tokio::task::block_in_place(|| setup.heartbeat.attach());
        let preflight = setup.preflight(PreflightPolicy::Warn);
        setup.sim.mark();
        let text = warned_of(&preflight, [1_000, 6_000].map(|count| loopbacks(0..count))).await;
        let [line] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
        assert!(line.contains("WARN") && line.contains("VPP may die of this change"), "{line}");
        assert!(line.contains("statistics segment, of which 28 MB are free"), "{line}");
        assert_eq!(setup.sim.writes(), 0, "{:?}", setup.sim.log());
        setup.sim.stop();
        setup.scheduler.close().await;
    }

    /// Routes, which nobody carries out here.
    fn routes(count: u32) -> Transaction {
        let change = |n: u32| {
            let dst_network = format!("10.{}.{}.0/24", n / 256, n % 256);
            let route = Route { dst_network, ..Route::default() };
            ValueChange::put(route.key(), Value::new(route))
        };
        Transaction::change((0..count).map(change).collect())
    }

    /// What is said in the log about so many routes, in this order.
    async fn said(setup: &Setup, changes: &[u32]) -> String {
        let preflight = setup.preflight(PreflightPolicy::Refuse);
        warned_of(&preflight, changes.iter().map(|count| routes(*count))).await
    }

    /// What is said in the log about changes that are not refused.
    async fn warned_of(
        preflight: &Preflight,
        changes: impl IntoIterator<Item = Transaction>,
    ) -> String {
        let log = tempfile::NamedTempFile::new().unwrap();
        let writer = Arc::new(log.reopen().unwrap());
        let (subscriber, _levels) = subscriber(LogFormat::Text, LogLevel::Warn, writer);
        let looked = async {
            for change in changes {
                assert_eq!(preflight.0.objection(&change).await, None, "it is a warning");
            }
        };
        looked.with_subscriber(subscriber).await;
        std::fs::read_to_string(log.path()).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_release_that_died_of_many_routes_is_warned_of_once() {
        let setup = Setup::with("25.10").await;
        assert_eq!(said(&setup, &[999]).await, "");
        let text = said(&setup, &[5_000, 5_000]).await;
        let [line] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
        assert!(line.contains("WARN") && line.contains("issue 3692 of FDio/vpp"), "{line}");
        assert!(line.contains("routes=5000"), "{line}");
        // The next process of it is another one.
        setup.sim.restart().await.unwrap();
        let is_another = || setup.vpp.client().peer().is_some_and(|peer| peer.incarnation == 2);
        eventually("it is there again", is_another).await;
        eventually("it is up", || matches!(setup.vpp.availability(), Availability::Up { .. }))
            .await;
        assert!(said(&setup, &[5_000]).await.contains("issue 3692"), "again");
        setup.sim.stop();
        setup.scheduler.close().await;
        let other = Setup::new().await;
        assert_eq!(said(&other, &[5_000]).await, "");
        other.sim.stop();
        other.scheduler.close().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_comes_later_stays_behind_what_is_looked_at() {
        let setup = Setup::new().await;
        tokio::task::block_in_place(|| setup.heartbeat.attach());
        let preflight = setup.preflight(PreflightPolicy::Warn);
        let large = preflight.submit(loopbacks(0..5_000));
        let key = loopbacks(7..8).changes.remove(0).key;
        let gone = preflight.submit(Transaction::change(vec![ValueChange::delete(key.clone())]));
        // Nobody waits for the report of the first.
        drop(large);
        assert!(!is_refused(&gone.await.outcome));
        assert!(setup.scheduler.snapshot().status(&key).is_none());
        assert!(setup.scheduler.snapshot().status("config/vpp/v2/interfaces/loop8").is_some());
        setup.sim.stop();
        setup.scheduler.close().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_new_vpp_gets_nothing_that_it_would_die_of() {
        let setup = Setup::new().await;
        let preflight = setup.preflight(PreflightPolicy::Refuse);
        // In two steps, each of which fits.
        let half = 2_500;
        for numbers in [0..half, half..2 * half] {
            assert!(!is_refused(&preflight.submit(loopbacks(numbers)).await.outcome));
        }
        let all = usize::try_from(2 * half).unwrap();
        setup.configured(all).await;
        setup.sim.restart().await.unwrap();
        let mut objection = setup.vpp.objection();
        let why = objection.wait_for(Option::is_some).await.unwrap().clone().unwrap();
        assert!(why.contains("may die of what is wanted: it needs some"), "{why}");
        assert_eq!(setup.sim.state().interfaces.len(), 1, "nothing but local0");
        let key = loopbacks(1..2).changes.remove(0).key;
        let explained = || setup.scheduler.explain(key.as_str()).to_string();
        eventually("it is explained", || explained().contains("VPP may die")).await;

        // Less is wanted: it is looked at again.
        let less = loopbacks(half..2 * half).changes;
        let less = less.into_iter().map(|change| ValueChange::delete(change.key)).collect();
        preflight.submit(Transaction::change(less)).await;
        setup.configured(all / 2).await;
        assert_eq!(setup.vpp.objection().borrow().clone(), None);
        setup.sim.stop();
        setup.scheduler.close().await;
    }
}
