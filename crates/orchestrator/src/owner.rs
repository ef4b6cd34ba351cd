//! The owner of the desired state: one task, one closed list of inputs.
//!
//! It never waits for the scheduler. A request that wants to wait gets a small task of its own, which
//! answers the caller and reports back what has to be taken back.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::StreamExt;
use ligato_infra::clock::SharedClock;
use ligato_kvs_api::{
    Acknowledgement, ResyncKind, Scope, SourceId, Transaction, TxnOptions, TxnReport, ValueChange,
};
use ligato_model::{Key, Registry};
use tokio::sync::{mpsc, oneshot, watch};

use crate::answer::{Answer, Waiter};
use crate::change::{
    Change, Delivery, DeliveryKind, InvalidPolicy, KeyResult, PushOptions, PushOutcome, PushResult,
    ResyncDepth,
};
use crate::check::{Judged, judge};
use crate::desired::{Applied, Desired, Held, Undo};
use crate::engine::Engine;
use crate::input::Input;
use crate::lane::{Lanes, Work};
use crate::startup::{Phase, Step};
use crate::view::View;

pub(crate) struct Owner {
    pub(crate) desired: Desired,
    pub(crate) phase: Phase,
    pub(crate) registry: Registry,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) clock: SharedClock,
    pub(crate) grace: Duration,
    pub(crate) inputs: mpsc::WeakUnboundedSender<Input>,
    pub(crate) view: Arc<ArcSwap<View>>,
    pub(crate) changes: watch::Sender<u64>,
    // Requests from before the first transaction; it answers them.
    pub(crate) waiting: Vec<Waiter>,
    pub(crate) lanes: Lanes,
}

// === impl Owner ===

impl Owner {
    pub(crate) async fn run(mut self, mut inputs: mpsc::UnboundedReceiver<Input>) {
        loop {
            tokio::select! {
                Some(written) = self.lanes.writes.next() => self.written(written),
                input = inputs.recv() => match input {
                    None | Some(Input::Close) => break,
                    Some(input) => self.handle(input),
                },
            }
        }
        while let Some(written) = self.lanes.writes.next().await {
            self.written(written);
        }
    }

    fn handle(&mut self, input: Input) {
        match input {
            Input::Deliver { source, delivery, options, reply } => {
                self.deliver(&source, delivery, options, reply);
            }
            Input::Plan { source, changes, reply } => {
                let txn = self.dry_run(&source, changes);
                let plan = self.engine.plan(txn);
                tokio::spawn(async move { reply.send(plan.await) });
            }
            Input::Lost { source, reason } => {
                self.desired.lose(&source, self.clock.now(), reason);
                self.publish();
            }
            Input::Found { source } => {
                self.desired.find(&source);
                self.publish();
            }
            Input::Forget { source, options, reply } => {
                self.enter(&source, Work::Forget(Answer::new(Vec::new(), options, reply)));
            }
            Input::Resync { kind, options, reply } => self.resync(kind, &options, reply),
            Input::Begin => {
                let step = self.phase.begin();
                self.proceed(step);
            }
            Input::GraceOver => {
                let step = self.phase.grace_over();
                self.proceed(step);
            }
            Input::TakeBack { undo, ended } => match undo.source.clone() {
                Some(source) => self.enter(&source, Work::TakeBack { undo, ended }),
                None => ended.answer(),
            },
            // The loop ends with it.
            Input::Close => {}
        }
    }

    fn deliver(
        &mut self,
        source: &SourceId,
        delivery: Delivery,
        options: PushOptions,
        reply: oneshot::Sender<PushResult>,
    ) {
        let Delivery { kind, changes, rejected } = delivery;
        let judged = judge(&self.registry, changes, rejected);
        let mut keys = named(&judged);
        if options.on_invalid == InvalidPolicy::RefuseAll && !judged.rejected.is_empty() {
            self.decide(&mut keys);
            let answer = Answer::new(keys, options, reply);
            return answer.without_transaction(PushOutcome::RefusedInvalid);
        }
        judged.report(source);
        let answer = Answer::new(keys, options, reply);
        self.enter(source, Work::Deliver { kind, judged, answer });
    }

    /// Does what was entered; of a kept source, what is durable.
    pub(crate) fn apply(&mut self, source: &SourceId, work: Work) {
        match work {
            Work::Deliver { kind, judged, answer } => self.take(source, kind, judged, answer),
            Work::Forget(answer) => self.forget(source, answer),
            Work::TakeBack { ended, .. } => ended.answer(),
        }
    }

    /// Takes back what the scheduler did not do; what the source says now instead.
    pub(crate) fn take_back(&mut self, undo: Undo) -> Vec<Change> {
        let changes = self.desired.undo(undo);
        self.publish();
        changes
    }

    fn take(&mut self, source: &SourceId, kind: DeliveryKind, judged: Judged, mut answer: Answer) {
        let applied = self.desired.deliver(source, kind, judged, self.clock.now());
        self.decide(&mut answer.keys);
        let first = self.phase.settled(source);
        let txn = match kind {
            DeliveryKind::Snapshot(ResyncDepth::Full) => Some(self.whole(ResyncKind::Full)),
            DeliveryKind::Snapshot(ResyncDepth::Upstream) => Some(self.whole(ResyncKind::Upstream)),
            DeliveryKind::Snapshot(ResyncDepth::Difference) | DeliveryKind::Changes => None,
        };
        self.carry_out(txn, applied, answer, first);
    }

    fn forget(&mut self, source: &SourceId, mut answer: Answer) {
        let applied = self.desired.forget(source);
        answer.keys =
            applied.delta.iter().map(|change| KeyResult::of(change.key.clone())).collect();
        self.decide(&mut answer.keys);
        let first = self.phase.settled(source);
        self.carry_out(None, applied, answer, first);
    }

    // Hands what was applied to the scheduler: by the transaction given, or as changes; or leaves it
    // to the first transaction, when that is due or still to come.
    fn carry_out(
        &mut self,
        txn: Option<Transaction>,
        applied: Applied,
        mut answer: Answer,
        first: Step,
    ) {
        let Applied { delta, undo } = applied;
        self.publish();
        answer.accepted();
        if !self.phase.is_open() || first != Step::Stay {
            self.waiting.push(Waiter { answer, undo });
            return self.proceed(first);
        }
        if txn.is_none() && delta.is_empty() {
            return answer.without_transaction(PushOutcome::Done);
        }
        let txn = txn.unwrap_or_else(|| Transaction::change(delta));
        let report = self.engine.submit(txn.with(txn_options(&answer.options)));
        Waiter { answer, undo }.wait(report, self.clock.clone(), self.inputs.clone());
    }

    fn proceed(&mut self, step: Step) {
        match step {
            Step::Stay => {}
            Step::StartGrace => self.start_grace(),
            Step::ApplyKnown => {
                tracing::warn!(phase = ?self.phase, "applying what is known; sources are missing");
                let read = Transaction::resync(ResyncKind::ReadBack(Scope::All), Vec::new());
                drop(self.engine.submit(read.with(described("read back at the start"))));
                let known = Transaction::change(self.desired.everything());
                self.answer_waiting(known.with(described("what is known at the start")));
            }
            Step::FullResync => {
                let all = self.whole(ResyncKind::Full);
                self.answer_waiting(all.with(described("start")));
            }
        }
        self.publish();
    }

    fn start_grace(&self) {
        let (over, inputs) = (self.clock.sleep(self.grace), self.inputs.clone());
        tokio::spawn(async move {
            over.await;
            if let Some(inputs) = inputs.upgrade() {
                // Without an owner there is nothing to start.
                let _ = inputs.send(Input::GraceOver);
            }
        });
    }

    // Submits the first transaction, which stands for all requests that came before it.
    fn answer_waiting(&mut self, txn: Transaction) {
        let waiting = std::mem::take(&mut self.waiting);
        let report = futures::FutureExt::shared(self.engine.submit(txn));
        for waiter in waiting {
            // What belongs to the start is never taken back: it was not one request.
            let waiter = Waiter { undo: Undo::default(), ..waiter };
            waiter.wait(report.clone(), self.clock.clone(), self.inputs.clone());
        }
    }

    fn resync(
        &mut self,
        kind: ResyncKind,
        options: &PushOptions,
        reply: oneshot::Sender<TxnReport>,
    ) {
        let txn = match kind {
            ResyncKind::Full | ResyncKind::Upstream => self.whole(kind),
            ResyncKind::Downstream(_) | ResyncKind::ReadBack(_) => {
                Transaction::resync(kind, Vec::new())
            }
        };
        let report = self.engine.submit(txn.with(txn_options(options)));
        // Whoever does not wait any more does not need the report.
        tokio::spawn(async move { reply.send(report.await) });
    }

    fn whole(&self, kind: ResyncKind) -> Transaction {
        Transaction::resync(kind, self.desired.everything())
    }

    // What a push would hand to the scheduler.
    fn dry_run(&self, source: &SourceId, changes: Vec<Change>) -> Transaction {
        let judged = judge(&self.registry, changes, Vec::new());
        let now = self.clock.now();
        let applied = self.desired.clone().deliver(source, DeliveryKind::Changes, judged, now);
        let delta: Vec<ValueChange> = applied.delta;
        Transaction::change(delta).with(txn_options(&PushOptions::default()))
    }

    pub(crate) fn decide(&self, keys: &mut [KeyResult]) {
        let tell = |result: &mut KeyResult, held: Option<&Held>| {
            result.decided_by = held.map(|held| held.source.clone());
        };
        self.desired.winners(keys, |result| &result.key, tell);
    }

    fn publish(&self) {
        let view = View { desired: self.desired.clone(), phase: self.phase.clone() };
        self.view.store(Arc::new(view));
        self.changes.send_modify(|count| *count += 1);
    }
}

fn named(judged: &Judged) -> Vec<KeyResult> {
    let good = judged.good.keys().map(|key: &Key| KeyResult::of(key.clone()));
    let rejected = (judged.rejected.iter()).map(|(key, reason)| KeyResult {
        rejected: Some(reason.clone()),
        ..KeyResult::of(key.clone())
    });
    let mut keys: Vec<_> = good.chain(rejected).collect();
    keys.sort_by(|one, other| one.key.cmp(&other.key));
    keys
}

fn txn_options(options: &PushOptions) -> TxnOptions {
    TxnOptions {
        policy: options.policy,
        retry: options.retry,
        description: options.description.clone(),
        verify: options.ack == Acknowledgement::Verified,
        ..TxnOptions::default()
    }
}

fn described(text: &str) -> TxnOptions {
    txn_options(&PushOptions::default().described(text))
}
