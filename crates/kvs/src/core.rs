//! The scheduler as a state machine: no I/O, no clock, no tasks.
//!
//! [`Input`]s go in, each with the time; [`Effect`]s come out and are carried out by somebody else
//! (the engine, a test, a replay), who brings the results back as further inputs. The same inputs
//! give the same effects.
//!
//! One transaction is carried out at a time. It goes through the phases of [`Phase`]; `flow` moves
//! it from one to the next, `intake` turns wishes into desired values (`ahead` asks descriptors about
//! those of a large statement on a thread that ends with the intake), `execute` takes results in, `finish`
//! ends it. `aside` lets others pass it, and `lost` puts back in parts what a southbound has lost.

mod active;
mod ahead;
mod aside;
mod audit;
mod disputes;
mod dry;
mod finish;
mod flow;
pub(crate) mod intake;
mod lanes;
mod lost;
mod noops;
mod report;
mod requests;
mod scope;
mod undo;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, SystemTime},
};

use ligato_kvs_api::{
    AnyOperation, AnyRetrieved, Availability, DynDescriptor, KeyError, Known, Metadata,
    Notification, OpError, OpKind, Origin, Plan, PlanError, RegistrationError, Revision,
    SouthboundName, Transaction, TxnReport, TxnSeq,
};
use ligato_model::Key;
use rustc_hash::{FxHashMap, FxHashSet};

pub(crate) use crate::core::{
    active::{Active, Audience, NO_PLACE, Phase, Trace},
    aside::{Answer, Reserved, Unfinished},
};
use crate::{
    catalog::Catalog,
    config::SchedulerConfig,
    execute::Traffic,
    graph::Graph,
    handle::UnregisterMode,
    node::{DescriptorId, NodeId, Shared},
    plan::Scratch,
    record::history::History,
    retry::{Budget, DueRetry, Retries},
    snapshot::{Published, Snapshot},
    sparse::Sparse,
    stats::{DescriptorCell, StatsCells},
    subscribe::{Delta, Subscribers},
};

/// Time that passed since some moment; for statistics only, never for decisions.
pub(crate) type Stopwatch = Box<dyn Fn() -> Duration + Send>;
/// Connects an input with the effect that answers it.
pub(crate) type Token = u64;
/// Number of an operation or read-back under way.
pub(crate) type CallId = u64;

/// The time, as given to the core.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) wall: SystemTime,
    pub(crate) mono: Duration,
    /// From 0 to 1; for jitter.
    pub(crate) random: f64,
}

/// Everything that can happen to the scheduler.
pub(crate) enum Input {
    /// A northbound transaction.
    Commit {
        txn: Transaction,
        waited: Duration,
        token: Token,
    },
    /// A question what a transaction would do.
    Plan {
        txn: Transaction,
        token: Token,
    },
    /// Something happened in a southbound.
    Notify(Vec<Notification>),
    /// An operation has an outcome.
    Operated {
        call: CallId,
        result: Result<Option<Metadata>, OpError>,
        took: Duration,
    },
    /// A read-back has an outcome.
    Retrieved {
        call: CallId,
        result: Result<Vec<AnyRetrieved>, OpError>,
        took: Duration,
    },
    Register {
        new: Arc<dyn DynDescriptor>,
        token: Token,
    },
    Unregister {
        name: String,
        mode: UnregisterMode,
        token: Token,
    },
    /// Tell when nothing is left to do.
    Quiescent {
        token: Token,
    },
    /// Compare what is kept twice, when nothing else is queued.
    Audit {
        token: Token,
    },
    /// The time has come that was asked for.
    Tick,
    /// Refuse everything that is queued or comes later.
    Close {
        token: Token,
    },
}

/// What the core wants done.
pub(crate) enum Effect {
    /// Operations of one descriptor that do not depend on each other, to be started in order.
    Operate {
        descriptor: Arc<dyn DynDescriptor>,
        operations: Vec<Operation>,
    },
    Retrieve {
        call: CallId,
        descriptor: Arc<dyn DynDescriptor>,
        known: Known,
    },
    Publish(Snapshot),
    /// Subscribers are told what changed by the state published last.
    Tell(Delta),
    /// Nobody was subscribed when the state published last was made.
    Untold,
    Report {
        token: Token,
        report: Box<TxnReport>,
    },
    Planned {
        token: Token,
        plan: Box<Result<Plan, PlanError>>,
    },
    Registered {
        token: Token,
        result: Result<(), RegistrationError>,
    },
    Unregistered {
        token: Token,
        report: Option<Box<TxnReport>>,
    },
    Quiet {
        token: Token,
        revision: Revision,
    },
    Audited {
        token: Token,
        wrong: Vec<String>,
    },
    Closed {
        token: Token,
    },
}

/// One operation to be started.
pub(crate) struct Operation {
    pub(crate) call: CallId,
    pub(crate) action: AnyOperation,
}

/// The state machine.
pub(crate) struct Core {
    pub(crate) config: SchedulerConfig,
    pub(crate) now: Now,
    pub(crate) graph: Graph,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) infos: Vec<Info>,
    pub(crate) lanes: Vec<(SouthboundName, Availability)>,
    /// What the southbounds could when values were described last.
    pub(crate) described_for: FxHashMap<SouthboundName, u64>,
    /// Southbounds that can something else now: their values are to be described again.
    pub(crate) to_describe: FxHashSet<SouthboundName>,
    /// Descriptors whose southbound cannot be reached.
    pub(crate) down: FxHashSet<DescriptorId>,
    pub(crate) traffic: Traffic,
    pub(crate) published: Published,
    /// What was published last, as it was handed out.
    pub(crate) latest: Snapshot,
    pub(crate) history: History,
    pub(crate) scratch: Scratch,
    pub(crate) queue: VecDeque<Request>,
    /// Has a northbound made a complete statement of what it wants? Before that, nobody can tell
    /// what of NB's is not wanted.
    pub(crate) stated: bool,
    /// Did anybody outside ask for a resync or a read-back so far?
    pub(crate) asked: bool,
    pub(crate) active: Option<Box<Active>>,
    /// Transactions that only wait for answers, and what waits for them.
    pub(crate) waiting: aside::Waiting,
    pub(crate) retries: Retries,
    pub(crate) retry_budget: Budget,
    /// Whose keys that are gone were, for read-backs that cannot tell.
    pub(crate) graveyard: VecDeque<(Key, Origin)>,
    pub(crate) graves: FxHashMap<Key, Origin>,
    /// Values that derive a key which somebody else has, with the key.
    pub(crate) disputes: BTreeSet<(Key, Key)>,
    /// Values lost with their southbounds.
    pub(crate) lost: lost::Lost,
    pub(crate) traces: Sparse<Trace>,
    /// Memory for noting what a plan does with each node; all zero between uses.
    pub(crate) step_marks: Vec<u8>,
    pub(crate) next_seq: u64,
    /// Tells the traces of this transaction from those of earlier ones.
    pub(crate) epoch: u32,
    /// The epoch given out last; also counts dry runs.
    pub(crate) last_epoch: u32,
    pub(crate) next_call: CallId,
    pub(crate) calls: FxHashMap<CallId, Call>,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) subscribers: Arc<Subscribers>,
    pub(crate) quiet: Vec<Token>,
    pub(crate) stopwatch: Stopwatch,
    pub(crate) stats: Arc<StatsCells>,
    pub(crate) closed: Option<Token>,
    pub(crate) is_closed: bool,
    /// May descriptors be asked about values on another processor?
    pub(crate) asks_ahead: bool,
}

/// What the core keeps beside a descriptor.
pub(crate) struct Info {
    pub(crate) cell: Arc<DescriptorCell>,
    /// A read-back of it succeeded before.
    pub(crate) was_read: bool,
}

/// Something to be carried out, waiting for its turn.
pub(crate) enum Request {
    Northbound {
        txn: Transaction,
        waited: Duration,
        since: Duration,
        token: Option<Token>,
    },
    Plan {
        txn: Transaction,
        token: Token,
    },
    Notify(Vec<Notification>),
    Retry(DueRetry),
    /// Values that had to be left as they were.
    Deferred {
        keys: Vec<Key>,
    },
    Audit {
        token: Token,
    },
    /// Values that waited for the descriptor.
    Implemented {
        descriptor: DescriptorId,
    },
    Unregister {
        descriptor: DescriptorId,
        mode: UnregisterMode,
        token: Token,
    },
}

/// What a call under way is for.
pub(crate) enum Call {
    Step {
        seq: TxnSeq,
        at: u32,
        descriptor: DescriptorId,
    },
    Reading {
        seq: TxnSeq,
        descriptor: DescriptorId,
    },
    /// A read-back that its transaction went on without.
    LateReading {
        descriptor: DescriptorId,
    },
}

// === impl Core ===

impl Core {
    pub(crate) fn new(
        config: SchedulerConfig,
        descriptors: Vec<Arc<dyn DynDescriptor>>,
        stats: Arc<StatsCells>,
        subscribers: Arc<Subscribers>,
        stopwatch: Stopwatch,
        now: Now,
    ) -> Result<Self, RegistrationError> {
        let traffic = Traffic::new(config.window);
        let mut core = Self {
            config,
            now,
            graph: Graph::default(),
            catalog: Arc::default(),
            infos: Vec::new(),
            lanes: Vec::new(),
            described_for: FxHashMap::default(),
            to_describe: FxHashSet::default(),
            down: FxHashSet::default(),
            traffic,
            published: Published::default(),
            latest: Snapshot(Arc::default()),
            history: History::default(),
            scratch: Scratch::default(),
            queue: VecDeque::new(),
            active: None,
            waiting: aside::Waiting::default(),
            stated: false,
            asked: false,
            retries: Retries::default(),
            retry_budget: Budget::default(),
            graveyard: VecDeque::new(),
            graves: FxHashMap::default(),
            disputes: BTreeSet::default(),
            lost: lost::Lost::default(),
            traces: Sparse::default(),
            step_marks: Vec::new(),
            next_seq: 0,
            epoch: 0,
            last_epoch: 0,
            next_call: 0,
            calls: FxHashMap::default(),
            effects: VecDeque::new(),
            subscribers,
            stopwatch,
            quiet: Vec::new(),
            stats,
            closed: None,
            is_closed: false,
            asks_ahead: false,
        };
        for descriptor in descriptors {
            core.add_descriptor(&descriptor)?;
        }
        core.publish();
        Ok(core)
    }

    /// Takes one input in.
    pub(crate) fn input(&mut self, now: Now, input: Input) {
        self.now = now;
        self.traffic.pass(now.mono);
        match input {
            Input::Operated { call, result, took } => self.operated(call, result, took),
            Input::Retrieved { call, result, took } => self.retrieved(call, result, took),
            Input::Tick => {}
            Input::Close { token } => self.close(token),
            other => self.enqueue(other),
        }
        self.take_due_retries();
        self.work();
    }

    /// The next thing to be done outside.
    pub(crate) fn next(&mut self) -> Option<Effect> {
        if let Some(effect) = self.effects.pop_front() {
            return Some(effect);
        }
        self.start_steps();
        if self.effects.is_empty()
            && (self.active.as_ref().is_some_and(|a| a.run_is_over()) || self.may_step_aside())
        {
            self.work();
        }
        self.effects.pop_front()
    }

    /// When the core wants a tick.
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        self.retries.next_due().into_iter().chain(self.patience_ends()).min()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The southbounds, each with one descriptor that can watch it.
    pub(crate) fn watchers(&self) -> Vec<(SouthboundName, Arc<dyn DynDescriptor>)> {
        let mut all: Vec<(SouthboundName, Arc<dyn DynDescriptor>)> = Vec::new();
        for (_, descriptor) in self.catalog.iter() {
            let name = descriptor.southbound();
            if !all.iter().any(|(known, _)| *known == name) {
                all.push((name, Arc::clone(descriptor)));
            }
        }
        all
    }

    pub(crate) fn trace(&mut self, id: NodeId) -> &mut Trace {
        let epoch = self.epoch;
        let trace = self.traces.get_mut(id);
        if trace.epoch != epoch {
            *trace = Trace { epoch, ..Trace::default() };
        }
        trace
    }

    /// Keeps what the node was before this transaction touched it.
    pub(crate) fn remember(&mut self, id: NodeId) {
        if self.trace(id).is_journaled() {
            return;
        }
        let node = self.graph.node(id);
        let before = (!node.is_empty()).then(|| node.clone());
        let Some(active) = &mut self.active else { return };
        let at = active.journal.len() as u32;
        active.journal.push((id, before));
        self.trace(id).journaled = at;
    }

    /// What the node was before this transaction, if it was touched by it.
    pub(crate) fn before(&mut self, id: NodeId) -> Option<Option<Shared>> {
        let at = self.trace(id).journaled;
        let active = self.active.as_ref()?;
        active.journal.get(at as usize).map(|(_, before)| before.clone())
    }

    pub(crate) fn base_of(&self, mut id: NodeId) -> NodeId {
        while let Some(parent) = self.graph.node(id).parent {
            id = parent;
        }
        id
    }

    pub(crate) fn descriptor_of(
        &self,
        id: NodeId,
    ) -> Option<(DescriptorId, Arc<dyn DynDescriptor>)> {
        let descriptor = self.graph.node(id).descriptor?;
        Some((descriptor, Arc::clone(self.catalog.get(descriptor)?)))
    }

    pub(crate) fn fail_key(&mut self, id: NodeId, operation: OpKind, error: &str) {
        let key = self.graph.key(id).clone();
        if let Some(active) = &mut self.active {
            active.errors.push(KeyError { key, operation, error: error.to_owned() });
            active.failures = true;
        }
    }

    pub(crate) fn publish(&mut self) {
        self.graph.publish(&mut self.published);
        self.published.revision.0 += 1;
        self.published.catalog = Arc::clone(&self.catalog);
        self.published.history = self.history.records.clone();
        self.published.now = self.now.mono;
        self.published.busy = self.waiting.busy();
        self.latest = Snapshot(Arc::new(self.published.clone()));
        self.effects.push_back(Effect::Publish(self.latest.clone()));
    }
}
