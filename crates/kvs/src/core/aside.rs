//! Transactions that only wait for an answer step aside for others.
//!
//! A southbound may take its time, or never answer. Whatever does not depend on the operation under
//! way must not wait for it: a transaction that has made no progress for the configured patience
//! steps aside when others are queued. What it still has to do with its values is *reserved*: a
//! transaction whose plan would touch one of them waits for it, in order, and all others are carried
//! out. When an answer comes, the transaction comes back and goes on where it was.

use std::{collections::VecDeque, time::Duration};

use ligato_kvs_api::{
    AnyRetrieved, Metadata, Notification, OpError, Policy, Reason, ResyncKind, Scope, TxnKind,
    TxnOptions, TxnSeq,
};
use ligato_model::Key;
use rustc_hash::FxHashSet;

use crate::{
    core::{Active, Audience, Core, Effect, Phase, Request, Trace, report::Comparison},
    graph::Graph,
    node::{DescriptorId, NodeId},
};

/// A transaction that stepped aside, with what is to be put back when it goes on.
pub(crate) struct Aside {
    pub(crate) active: Box<Active>,
    traces: Vec<(NodeId, Trace)>,
    disturbed: Vec<(NodeId, NodeId)>,
    pinned: Vec<NodeId>,
    reserved: Vec<NodeId>,
    /// Descriptors that it is reading back.
    reads: Vec<DescriptorId>,
    answers: VecDeque<Answer>,
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
}

/// What the transactions that stepped aside will still touch.
#[derive(Debug, Default)]
pub(crate) struct Reserved {
    nodes: FxHashSet<NodeId>,
    descriptors: FxHashSet<DescriptorId>,
}

// === impl Reserved ===

impl Reserved {
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.descriptors.is_empty()
    }

    pub(crate) fn contains(&self, graph: &Graph, id: NodeId) -> bool {
        !self.is_empty()
            && (self.nodes.contains(&id)
                || graph.node(id).descriptor.is_some_and(|d| self.descriptors.contains(&d)))
    }
}

// === impl Waiting ===

impl Waiting {
    pub(crate) fn is_empty(&self) -> bool {
        self.aside.is_empty() && self.parked.is_empty()
    }

    fn reserve(&mut self) {
        self.reserved = Reserved {
            nodes: self.aside.iter().flat_map(|a| a.reserved.iter().copied()).collect(),
            descriptors: self.aside.iter().flat_map(|a| a.reads.iter().copied()).collect(),
        };
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
        let aside = self.waiting.aside.iter().map(|a| &*a.active);
        self.active.as_deref().into_iter().chain(aside).find(|a| a.seq == seq)
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
                if !self.queue.is_empty() =>
            {
                Some(active.progress + self.patience_of(active))
            }
            _ => None,
        }
    }

    fn patience_of(&self, active: &Active) -> Duration {
        if active.was_aside { Duration::ZERO } else { self.config.patience }
    }

    /// It only waits for answers, has done so for long enough, and something else could be done.
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
            && (!self.queue.is_empty() || self.waiting.aside.iter().any(|a| self.can_go_on(a)))
            && self.patience_ends().is_none_or(|at| at <= self.now.mono)
    }

    pub(crate) fn step_aside(&mut self) {
        let Some(mut active) = self.active.take() else { return };
        active.was_aside = true;
        if active.began_with.is_none() {
            active.began_with = Some(self.latest.clone());
        }
        let mut nodes: Vec<NodeId> = active.journal.iter().map(|(id, _)| *id).collect();
        nodes.extend(active.run.steps.iter().map(|s| s.node));
        nodes.extend(active.named.iter().chain(&active.failed).chain(&active.cancelled));
        nodes.extend(active.held.iter());
        nodes.sort_unstable();
        nodes.dedup();
        let reserved = self.still_to_touch(&active, &nodes);
        for id in &reserved {
            self.graph.edit(*id).marks.busy = true;
        }
        let epoch = active.epoch;
        let traced = |id: &NodeId| {
            let trace = self.traces.get(*id);
            (trace.epoch == epoch).then_some((*id, trace))
        };
        let traces = nodes.iter().filter_map(traced).collect();
        self.graph.pin(&nodes);
        let disturbed = self.graph.take_disturbed();
        self.show_progress(&active);
        let answers = VecDeque::new();
        let reads = match (active.phase, &active.reading) {
            (Phase::Reading, Some(reading)) => reading.all.clone(),
            _ => Vec::new(),
        };
        let aside = Aside { active, traces, disturbed, pinned: nodes, reserved, reads, answers };
        self.waiting.aside.push(aside);
        self.waiting.reserve();
    }

    /// What a transaction may still do something with.
    fn still_to_touch(&self, active: &Active, touched: &[NodeId]) -> Vec<NodeId> {
        let everything =
            active.phase != Phase::Executing || active.options.policy == Policy::AllOrNothing;
        let mut reserved: Vec<NodeId> = if everything {
            touched.to_vec()
        } else {
            let open = active.run.unfinished().map(|step| step.node);
            open.chain(active.failed.iter().chain(&active.cancelled).copied()).collect()
        };
        let bases: Vec<NodeId> = reserved.iter().map(|id| self.base_of(*id)).collect();
        reserved.extend(bases);
        reserved.sort_unstable();
        reserved.dedup();
        reserved
    }

    /// Readers and subscribers see how far it came.
    fn show_progress(&mut self, active: &Active) {
        let mut changed: Vec<NodeId> = self.graph.dirty_nodes().to_vec();
        changed.sort_unstable();
        let bases = self.bases_of(&changed, Vec::new());
        let before = self.latest.clone();
        self.publish();
        if !self.subscribers.follow() {
            return self.effects.push_back(Effect::Untold);
        }
        let (after, touched) = (self.latest.clone(), bases);
        let comparison = Comparison { before, began_with: None, after, touched };
        self.effects.push_back(Effect::Tell(comparison.delta(active.seq)));
    }

    fn can_go_on(&self, aside: &Aside) -> bool {
        !aside.answers.is_empty()
            || (aside.active.phase == Phase::Executing
                && aside.active.run.can_start(|id| self.traffic.has_room(id)))
    }

    /// Brings back one that can go on; false if none can.
    pub(crate) fn bring_back(&mut self) -> bool {
        let Some(at) = self.waiting.aside.iter().position(|aside| self.can_go_on(aside)) else {
            return false;
        };
        let Aside { mut active, traces, disturbed, pinned, reserved, answers, .. } =
            self.waiting.aside.remove(at);
        self.waiting.reserve();
        self.epoch = self.epoch.max(active.epoch).wrapping_add(1).max(1);
        active.epoch = self.epoch;
        active.progress = self.now.mono;
        for (id, trace) in traces {
            *self.trace(id) = Trace { epoch: self.epoch, ..trace };
        }
        for id in reserved {
            self.graph.edit(id).marks.busy = false;
        }
        self.graph.unpin(&pinned);
        active.seen.extend(pinned);
        self.graph.disturb_again(disturbed);
        self.active = Some(active);
        for answer in answers {
            self.take(answer);
        }
        true
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
        let of_nodes = reserved.nodes.iter().filter_map(|id| self.graph.node(*id).descriptor);
        let mut reserved = of_nodes
            .chain(reserved.descriptors.iter().copied())
            .filter_map(|d| self.catalog.get(d));
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
