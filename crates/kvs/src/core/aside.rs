//! Transactions that only wait for an answer step aside for others.
//!
//! A southbound may take its time, or never answer. Whatever does not depend on the operation under
//! way must not wait for it: a transaction that has made no progress for the configured patience
//! steps aside when others are queued. What it still has to do with its values is *reserved*: a
//! transaction whose plan would touch one of them waits for it, in order, and all others are carried
//! out. When an answer comes, the transaction comes back and goes on where it was.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use ligato_kvs_api::{
    AnyRetrieved, Metadata, Notification, OpError, Policy, Reason, ResyncKind, Scope, TxnKind,
    TxnOptions, TxnSeq,
};
use ligato_model::Key;
use rustc_hash::FxHashSet;

use crate::{
    bits::Bits,
    core::{Active, Audience, Core, Effect, Phase, Request, Trace, lost::Lost, report::Comparison},
    execute::{LONG, Run},
    graph::Graph,
    node::{DescriptorId, NodeId, Shared},
    plan::Step,
    sparse::Sparse,
};

/// A transaction that stepped aside, with what is to be put back when it goes on.
pub(crate) struct Aside {
    pub(crate) active: Box<Active>,
    traces: Sparse<Trace>,
    disturbed: Vec<(NodeId, NodeId)>,
    loosened: Vec<NodeId>,
    /// Descriptors that it is reading back.
    reads: Vec<DescriptorId>,
    answers: VecDeque<Answer>,
}

/// What a transaction still has to do something with. It is kept up to date as steps end, so that to
/// step aside costs the same whatever the size of the transaction.
#[derive(Debug, Default)]
pub(crate) struct Unfinished {
    nodes: Arc<Bits>,
    /// Nodes that have another step after the one that ends next.
    again: FxHashSet<NodeId>,
    /// So much of the journal is in.
    journaled: usize,
    /// What was done may be undone: it stays in.
    sticks: bool,
}

/// What came back from a southbound, for the transaction that asked.
pub(crate) enum Answer {
    Step { at: u32, result: Result<Option<Metadata>, OpError> },
    Reading { descriptor: DescriptorId, result: Result<Vec<AnyRetrieved>, OpError> },
}

/// Everything about transactions that are not carried out right now although they were begun.
#[derive(Default)]
pub(crate) struct Waiting {
    aside: Vec<Aside>,
    pub(crate) reserved: Reserved,
    /// Requests that wait for them, in order.
    parked: VecDeque<Request>,
    /// Reserved nodes that a transaction left as they were, although they concerned it.
    deferred: Vec<NodeId>,
    /// Nodes that are kept for those aside only.
    kept: Vec<NodeId>,
    /// What a southbound lost whose part has not begun.
    pub(crate) later: Arc<Bits>,
}

/// What the transactions that stepped aside will still touch.
#[derive(Debug, Default)]
pub(crate) struct Reserved {
    nodes: Vec<Arc<Bits>>,
    descriptors: FxHashSet<DescriptorId>,
    /// Those that are being read back.
    read: FxHashSet<DescriptorId>,
}

// === impl Unfinished ===

impl Unfinished {
    /// A plan is going to be carried out.
    pub(crate) fn begin(&mut self, steps: &[Step], policy: Policy) {
        if policy != Policy::AllOrNothing {
            *self = Self::default();
        }
        self.sticks = policy == Policy::AllOrNothing;
        let nodes = Arc::make_mut(&mut self.nodes);
        for step in steps {
            if !nodes.insert(step.node) {
                self.again.insert(step.node);
            }
        }
    }

    /// A step with this node has ended, or will not be taken.
    pub(crate) fn ends(&mut self, id: NodeId) {
        if !self.sticks && (self.again.is_empty() || !self.again.remove(&id)) {
            Arc::make_mut(&mut self.nodes).remove(id);
        }
    }

    /// What was lost and is being looked for is meant.
    fn cover_lost(&mut self, lost: &Lost) {
        let nodes = Arc::make_mut(&mut self.nodes);
        lost.unread().for_each(|unread| nodes.unite(unread));
    }

    /// Everything that was touched is meant.
    fn cover(&mut self, journal: &[(NodeId, Option<Shared>)]) {
        let new = journal.get(self.journaled..).unwrap_or_default();
        self.journaled = journal.len();
        if !new.is_empty() {
            Arc::make_mut(&mut self.nodes).extend(new.iter().map(|(id, _)| *id));
        }
    }
}

// === impl Reserved ===

impl Reserved {
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.descriptors.is_empty()
    }

    /// Is the node reserved? So is what something reserved is derived from.
    pub(crate) fn contains(&self, graph: &Graph, id: NodeId) -> bool {
        if self.is_empty() {
            return false;
        }
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let node = graph.node(id);
            if self.nodes.iter().any(|nodes| nodes.contains(id))
                || node.descriptor.is_some_and(|d| self.descriptors.contains(&d))
            {
                return true;
            }
            open.extend_from_slice(&node.children);
        }
        false
    }
}

// === impl Aside ===

impl Aside {
    /// Has it anything to do with the node?
    fn knows(&self, id: NodeId) -> bool {
        self.traces.get(id).epoch == self.active.epoch
    }
}

// === impl Waiting ===

impl Waiting {
    pub(crate) fn is_empty(&self) -> bool {
        self.aside.is_empty() && self.parked.is_empty() && self.later.is_empty()
    }

    /// What those aside will go on with, and what comes back later.
    pub(crate) fn busy(&self) -> Vec<Arc<Bits>> {
        let later = (!self.later.is_empty()).then_some(&self.later);
        let aside = self.aside.iter().map(|aside| &aside.active.unfinished.nodes);
        aside.chain(later).map(Arc::clone).collect()
    }

    /// Transactions that stepped aside.
    pub(crate) fn actives(&self) -> impl Iterator<Item = &Active> {
        self.aside.iter().map(|aside| &*aside.active)
    }

    pub(crate) fn reserve(&mut self) {
        let reads = |aside: &Aside| aside.reads.clone();
        let read = self.aside.iter().flat_map(reads).collect();
        // What others do meanwhile is not judged by a read-back that nobody asked for: it lets them pass.
        let strict = self.aside.iter().filter(|aside| !aside.active.audience_is_nobody());
        let descriptors = strict.flat_map(reads).collect();
        self.reserved = Reserved { nodes: self.busy(), descriptors, read };
    }

    /// An operation on the value begins: what is being read back may be older, or not.
    pub(crate) fn note_change(&mut self, base: NodeId) {
        if self.reserved.read.is_empty() {
            return;
        }
        for aside in &mut self.aside {
            if let Some(reading) = &mut aside.active.reading {
                reading.changed.insert(base);
            }
        }
    }
}

// === impl Core: answers ===

impl Core {
    /// Hands an answer to the transaction that waits for it.
    pub(crate) fn deliver(&mut self, seq: TxnSeq, answer: Answer) {
        match &mut self.active {
            Some(active) if active.seq == seq => {
                active.progress = self.now.mono;
                self.take(answer);
            }
            _ => {
                let waiting = self.waiting.aside.iter_mut().find(|a| a.active.seq == seq);
                if let Some(aside) = waiting {
                    aside.answers.push_back(answer);
                }
            }
        }
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Step { at, result } => self.step_answered(at, result),
            Answer::Reading { descriptor, result } => self.reading_answered(descriptor, result),
        }
    }

    /// The transaction a call belongs to, be it under way or aside.
    pub(crate) fn transaction(&self, seq: TxnSeq) -> Option<&Active> {
        let all = self.active.as_deref().into_iter().chain(self.waiting.actives());
        all.into_iter().find(|a| a.seq == seq)
    }
}

// === impl Core: stepping aside and coming back ===

impl Core {
    /// When the transaction under way will step aside, or go on without a read-back, unless an
    /// answer comes before.
    pub(crate) fn patience_ends(&self) -> Option<Duration> {
        let active = self.active.as_ref()?;
        match active.phase {
            Phase::Reading if active.reads_everything() => {
                Some(active.progress + self.config.read_patience)
            }
            Phase::Reading | Phase::Executing | Phase::Reviewing | Phase::Verifying
                if self.others_wait() =>
            {
                Some(active.progress + self.patience_of(active))
            }
            _ => None,
        }
    }

    fn patience_of(&self, active: &Active) -> Duration {
        let is_long = active.phase == Phase::Executing && active.run.left() >= LONG;
        // What southbounds tell, that they are gone or back above all, has time until it has waited.
        let asked = || self.queue.iter().any(|r| matches!(r, Request::Northbound { .. }));
        // A read-back that nobody asked for holds nobody up.
        let looks = active.phase == Phase::Reading && active.audience_is_nobody();
        let at_once = active.was_aside
            || ((is_long || looks) && asked())
            || (active.is_part && self.is_time_for_a_part());
        if at_once { Duration::ZERO } else { self.config.patience }
    }

    /// Is there anything that could be done if the transaction under way stepped aside?
    fn others_wait(&self) -> bool {
        !self.queue.is_empty() || self.is_time_for_a_part()
    }

    /// It only waits for answers, and something else could be done: one that is aside could go on, or
    /// it has waited for long enough for others to have their turn.
    pub(crate) fn may_step_aside(&self) -> bool {
        let Some(active) = &self.active else { return false };
        let waits = match active.phase {
            Phase::Executing => !active.run.is_over(),
            Phase::Reading if active.reads_everything() => false,
            Phase::Reading | Phase::Reviewing | Phase::Verifying => {
                active.reading.as_ref().is_some_and(|r| !r.is_over())
            }
            Phase::Planning | Phase::Over => false,
        };
        waits
            && self.effects.is_empty()
            && (self.waiting.aside.iter().any(|a| self.can_go_on(a))
                || (self.others_wait()
                    && self.patience_ends().is_none_or(|at| at <= self.now.mono)))
    }

    pub(crate) fn step_aside(&mut self) {
        let Some(mut active) = self.active.take() else { return };
        active.was_aside = true;
        if active.began_with.is_none() {
            active.began_with = Some(self.latest.clone());
        }
        if active.phase != Phase::Executing || active.options.policy == Policy::AllOrNothing {
            active.unfinished.cover(&active.journal);
        }
        // Readers and subscribers see how far it came.
        let mut changed: Vec<NodeId> = self.graph.dirty_nodes().to_vec();
        changed.sort_unstable();
        let watched = self.subscribers.follow();
        let touched = watched.then(|| self.bases_of(&changed, Vec::new()));
        active.seen.append(&mut changed);
        let (seq, before) = (active.seq, self.latest.clone());
        let reads = match (active.phase, &active.reading) {
            (Phase::Reading, Some(reading)) => reading.all.clone(),
            _ => Vec::new(),
        };
        if active.audience_is_nobody() && !reads.is_empty() {
            active.unfinished.cover_lost(&self.lost);
        }
        self.waiting.aside.push(Aside {
            active,
            traces: std::mem::take(&mut self.traces),
            disturbed: self.graph.take_disturbed(),
            loosened: self.graph.take_loosened(),
            reads,
            answers: VecDeque::new(),
        });
        self.waiting.reserve();
        self.publish();
        let Some(touched) = touched else { return self.effects.push_back(Effect::Untold) };
        let after = self.latest.clone();
        let comparison = Comparison { before, began_with: None, after, touched };
        self.effects.push_back(Effect::Tell(comparison.delta(seq)));
    }

    fn can_go_on(&self, aside: &Aside) -> bool {
        !aside.answers.is_empty()
            || (aside.active.phase == Phase::Executing && self.has_room_for(&aside.active.run))
    }

    fn has_room_for(&self, run: &Run) -> bool {
        run.can_start(|id| self.traffic.has_room(id, run.left()))
    }

    /// Brings back one that can go on; false if none can.
    pub(crate) fn bring_back(&mut self) -> bool {
        let Some(at) = self.waiting.aside.iter().position(|aside| self.can_go_on(aside)) else {
            return false;
        };
        let Aside { mut active, traces, disturbed, loosened, answers, .. } =
            self.waiting.aside.remove(at);
        self.waiting.reserve();
        self.epoch = active.epoch;
        self.traces = traces;
        active.progress = self.now.mono;
        self.graph.disturb_again(disturbed);
        self.graph.loosen(loosened);
        self.graph.loosen(std::mem::take(&mut self.waiting.kept));
        self.active = Some(active);
        for answer in answers {
            self.take(answer);
        }
        true
    }

    /// Forgets those of the nodes that hold nothing and that nobody knows.
    pub(crate) fn sweep(&mut self, candidates: Vec<NodeId>) {
        let aside = &self.waiting.aside;
        let known = |id: NodeId| aside.iter().any(|aside| aside.knows(id));
        let known: Option<&dyn Fn(NodeId) -> bool> =
            if aside.is_empty() { None } else { Some(&known) };
        let mut kept = self.graph.sweep(candidates, known);
        self.waiting.kept.append(&mut kept);
    }
}

// === impl Core: those who wait for one that is aside ===

impl Core {
    /// Has the request to wait for a transaction that stepped aside, or for one that waits for it?
    pub(crate) fn must_wait(&self, request: &Request) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        match request {
            Request::Retry(_) | Request::Deferred { .. } => false,
            Request::Plan { txn, .. } => match &txn.kind {
                TxnKind::Change => false,
                TxnKind::Resync(kind) => self.resync_must_wait(kind),
            },
            Request::Implemented { .. } | Request::Unregister { .. } | Request::Audit { .. } => {
                true
            }
            Request::Notify(batch) => {
                let of = |n: &Notification| match n {
                    Notification::Value { key, .. } => Some(key.clone()),
                    _ => None,
                };
                self.is_behind_parked(&batch.iter().filter_map(of).collect())
            }
            Request::Northbound { txn, .. } => match &txn.kind {
                TxnKind::Change => {
                    self.is_behind_parked(&txn.changes.iter().map(|c| c.key.clone()).collect())
                }
                TxnKind::Resync(kind) => self.resync_must_wait(kind),
            },
        }
    }

    /// A statement about everything has to wait; one about a part, if something in it is reserved.
    fn resync_must_wait(&self, kind: &ResyncKind) -> bool {
        let scope = match kind {
            ResyncKind::Full | ResyncKind::Upstream => return true,
            ResyncKind::Downstream(scope) | ResyncKind::ReadBack(scope) => scope,
        };
        let reserved = &self.waiting.reserved;
        let nodes = reserved.nodes.iter().flat_map(|nodes| nodes.iter());
        let of_nodes = nodes.filter_map(|id| self.graph.node(id).descriptor);
        let mut reserved =
            of_nodes.chain(reserved.read.iter().copied()).filter_map(|d| self.catalog.get(d));
        match scope {
            Scope::Southbound(name) => reserved.any(|d| d.southbound() == name.as_str()),
            Scope::Descriptors(names) => reserved.any(|d| names.iter().any(|n| n == d.name())),
            Scope::All | Scope::Prefix(_) | Scope::Keys(_) => true,
        }
    }

    /// Two requests for one value are carried out in their order.
    fn is_behind_parked(&self, keys: &FxHashSet<Key>) -> bool {
        self.waiting.parked.iter().any(|parked| match parked {
            Request::Northbound { txn, .. } => {
                txn.kind != TxnKind::Change || txn.changes.iter().any(|c| keys.contains(&c.key))
            }
            Request::Notify(batch) => batch
                .iter()
                .any(|n| matches!(n, Notification::Value { key, .. } if keys.contains(key))),
            Request::Implemented { .. } | Request::Unregister { .. } => true,
            Request::Plan { .. }
            | Request::Retry(_)
            | Request::Deferred { .. }
            | Request::Audit { .. } => false,
        })
    }

    pub(crate) fn park(&mut self, request: Request) {
        self.waiting.parked.push_back(request);
    }

    /// The plan of the transaction under way concerns reserved nodes. Before anything was done it
    /// waits as a whole; later it leaves them as they are, and they are looked at afterwards.
    pub(crate) fn meets_reserved(&mut self, conflicts: Vec<NodeId>) -> bool {
        let Some(active) = &mut self.active else { return false };
        if active.round > 1 || active.readings > 0 {
            self.waiting.deferred.extend(conflicts);
            return false;
        }
        let Some(request) = active.request.take() else {
            self.waiting.deferred.extend(conflicts);
            return false;
        };
        self.roll_back();
        self.park(*request);
        true
    }

    /// A transaction that was aside is over: those who waited have their turn.
    pub(crate) fn unpark(&mut self) {
        while let Some(request) = self.waiting.parked.pop_back() {
            self.queue.push_front(request);
        }
        if !self.waiting.deferred.is_empty() {
            let nodes = std::mem::take(&mut self.waiting.deferred);
            let key = |id: NodeId| self.graph.key(id).clone();
            let keys = nodes.into_iter().map(key).collect();
            self.queue.push_front(Request::Deferred { keys });
        }
    }

    /// Looks again at values that had to be left as they were.
    pub(crate) fn begin_deferred(&mut self, keys: Vec<Key>) {
        let active = self.open("NBTransaction", TxnOptions::default(), Audience::Nobody);
        "values that waited for an operation under way".clone_into(&mut active.draft.description);
        for key in keys {
            let found = self.graph.find(&key);
            if let (Some(id), Some(active)) = (found, &mut self.active) {
                active.seed(id, Reason::Requested);
            }
        }
    }
}
