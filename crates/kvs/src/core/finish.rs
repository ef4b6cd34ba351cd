//! The end of a transaction: retries, cleaning up, the record, publication, answers.

use std::sync::Arc;

use ligato_kvs_api::{OpKind, Origin, ValueState};
use ligato_model::Key;
use rustc_hash::FxHashSet;

use crate::{
    core::{Active, Audience, Core, Phase, report::Touched},
    node::{NodeId, Problem, ProblemKind},
    plan::Steps,
    record::{self, Outcome},
    resync::Reading,
    retry::Again,
};

/// Keys that are gone whose origin is remembered.
const GRAVES: usize = 65_536;

impl Core {
    /// Ends the transaction under way.
    pub(crate) fn finish(&mut self) {
        if self.active.as_ref().is_some_and(|a| a.undoing) {
            self.verify_undo();
        }
        self.drop_invisible();
        self.schedule_retries();
        let mut changed: Vec<NodeId> = self.graph.dirty_nodes().to_vec();
        if let Some(active) = &mut self.active {
            changed.append(&mut active.seen);
            // What is not needed any more makes room for the answer.
            (active.run, active.journal, active.seeds) = <_>::default();
        }
        changed.sort_unstable();
        changed.dedup();
        let bases = self.touched_bases(&changed);
        self.traces.trim();
        let Some(mut active) = self.active.take() else { return };
        let others_waited = active.was_aside || active.is_part;
        self.forget_disputes();
        self.bury(&changed);
        self.sweep(changed);
        self.graph.take_disturbed();
        let before = self.latest.clone();
        let blank = self.graph.len() == 0;
        let record = std::mem::take(&mut active.draft).finish(self.now.wall, &self.config, blank);
        self.history.push(record, &self.config);
        self.publish();
        self.report(&active, before, bases);
        self.count(&active);
        if let Audience::Unregister(_, descriptor) = active.audience {
            self.remove_descriptor(descriptor);
        }
        if others_waited {
            self.unpark();
        }
        if let Some((txn, token)) = active.then_plan.take() {
            self.plan_by_what_is_known(txn, token);
        }
    }

    /// Operations without effect on derived values that nobody ever saw.
    fn drop_invisible(&mut self) {
        let Some(active) = &self.active else { return };
        let mut invisible = Vec::new();
        for (at, op) in active.draft.noops() {
            let waits = op.new_state == ValueState::Pending;
            let hidden = || {
                self.graph.find(&op.key).is_none_or(|id| {
                    let node = self.graph.node(id);
                    let parent = node.parent;
                    let shows = |parent| self.graph.node(parent).shows_children();
                    // Its wish was taken back with the rest of the transaction, or cannot be seen, or it
                    // went with what it is derived from.
                    node.is_empty()
                        || (waits && parent.is_some_and(|p| !shows(p)))
                        || (op.new_state == ValueState::Configured && !node.available())
                })
            };
            if op.is_derived() && hidden() {
                invisible.push(at);
            }
        }
        if let Some(active) = &mut self.active {
            for at in invisible {
                active.draft.drop_op(at);
            }
        }
    }

    fn schedule_retries(&mut self) {
        let Some(active) = &mut self.active else { return };
        let mut failed = std::mem::take(&mut active.to_retry);
        failed.sort_unstable();
        failed.dedup();
        let (attempts, seq) = (active.attempts.clone(), active.seq);
        let mut planned = FxHashSet::default();
        for id in failed {
            let Some(retry) = self.graph.node(id).problem.as_ref().and_then(|p| p.retry) else {
                continue;
            };
            let Some(policy) = self.retry_policy(id) else { continue };
            let key = self.graph.node(self.base_of(id)).key.clone();
            let (of, attempt) = attempts.next(&key, seq);
            if planned.insert(key.clone()) {
                self.retries.plan(retry.due, of, attempt, Again { key, policy });
            }
        }
    }

    /// Base values whose status is part of the report, in key order.
    fn touched_bases(&mut self, changed: &[NodeId]) -> Touched {
        let mut named =
            self.active.as_mut().map(|a| std::mem::take(&mut a.named)).unwrap_or_default();
        if self.active.as_ref().is_some_and(|a| !a.moved.is_empty()) {
            // Named, and derived from another value by now.
            named.retain(|id| self.graph.node(*id).parent.is_none());
        }
        self.bases_of(changed, named)
    }

    /// Remembers whose values that go now were.
    fn bury(&mut self, changed: &[NodeId]) {
        for id in changed {
            let node = self.graph.node(*id);
            // What others made and lost with their southbound is theirs again when it is back.
            let ours = node.origin != Origin::Sb;
            if ours && node.parent.is_none() && node.is_empty() && node.last_op == OpKind::Delete {
                let key = node.key.clone();
                if self.graves.insert(key.clone(), Origin::Nb).is_none() {
                    self.graveyard.push_back((key, Origin::Nb));
                }
            }
        }
        while self.graveyard.len() > GRAVES {
            if let Some((key, _)) = self.graveyard.pop_front() {
                self.graves.remove(&key);
            }
        }
    }

    fn count(&self, active: &Active) {
        use std::sync::atomic::Ordering::Relaxed;
        self.stats.transactions.fetch_add(1, Relaxed);
        if active.failures {
            self.stats.with_errors.fetch_add(1, Relaxed);
        }
        self.stats.queue_length.store(self.queue.len() as u64, Relaxed);
        self.stats.processing.add(self.now.mono.saturating_sub(active.started));
        self.stats.planning.add(active.planning);
    }

    /// Reads back what the transaction touched; false if there is nothing to read.
    pub(crate) fn start_verification(&mut self) -> bool {
        let Some(active) = &self.active else { return false };
        let touched = active.draft.ops().filter_map(|op| self.graph.find(&op.key));
        let bases: FxHashSet<NodeId> = touched.map(|id| self.base_of(id)).collect();
        let of = |id: u16| bases.iter().any(|b| self.graph.node(*b).descriptor == Some(id));
        let mut reading = Reading::new(&self.catalog, &self.down, of);
        if reading.is_over() {
            return false;
        }
        reading.only = Some(bases);
        reading.failures = true;
        self.begin_reading(reading, Phase::Verifying);
        true
    }

    /// Compares what was read back with what was to be there.
    pub(crate) fn verify(&mut self) {
        let Some(active) = &self.active else { return };
        let mut ops: Vec<(Key, OpKind)> =
            active.draft.ops().map(|o| (o.key.clone(), o.op)).collect();
        // What it is derived from was read back with it.
        let derived = ops.iter().filter_map(|(key, op)| Some((self.graph.find(key)?, *op)));
        let bases = derived.filter(|(id, _)| self.graph.node(*id).parent.is_some());
        let of_base = |(id, op)| (self.graph.key(self.base_of(id)).clone(), op);
        let known: FxHashSet<&Key> = ops.iter().map(|(key, _)| key).collect();
        let bases = bases.map(of_base).filter(|(base, _)| !known.contains(base));
        let bases: Vec<(Key, OpKind)> = bases.collect();
        ops.extend(bases);
        ops.sort();
        ops.dedup_by(|a, b| a.0 == b.0);
        for (key, op) in ops {
            let Some(id) = self.graph.find(&key) else { continue };
            let node = self.graph.node(id);
            let retrying = node
                .problem
                .as_ref()
                .is_some_and(|p| !matches!(p.kind, ProblemKind::Invalid { .. }));
            let readable = self
                .descriptor_of(self.base_of(id))
                .is_some_and(|(_, d)| d.capabilities().retrieve);
            let obtained = node.is_obtained();
            if retrying || !readable || obtained {
                continue;
            }
            let expected = node.desired.is_some()
                && !node.is_invalid()
                && self.graph.unmet(id) == 0
                && node.parent.is_none_or(|p| self.graph.is_available(p));
            let text = match (expected, node.available()) {
                (true, false) => "value is not actually configured",
                (true, true) if node.marks.differs => {
                    "applied value is not equivalent with the refreshed value"
                }
                (false, true) if !node.is_invalid() => "value is not actually removed",
                _ => continue,
            };
            self.fail_key(id, op, text);
            let problem = Problem { kind: ProblemKind::Failed, error: text.into(), retry: None };
            self.graph.edit(id).problem = Some(Arc::new(problem));
        }
    }

    /// Records the plan as it was made.
    pub(crate) fn record_plan(&mut self, steps: &Steps) {
        let Some(active) = &self.active else { return };
        let retry = active.draft.retry_for.is_some();
        let mut ops: Vec<_> = active.draft.ops().cloned().collect();
        let deleted: FxHashSet<NodeId> =
            steps.steps.iter().filter(|s| s.op == OpKind::Delete).map(|s| s.node).collect();
        for step in &steps.steps {
            let comes_back = step.op != OpKind::Delete && deleted.contains(&step.node);
            let before = if comes_back { self.between(step) } else { self.predicted_before(step) };
            let node = self.graph.node(step.node);
            let wanted = node.wanted().cloned();
            let state = match step.op {
                OpKind::Delete if wanted.is_none() => ValueState::Removed,
                // What is there has to go, and what is wanted cannot come.
                OpKind::Delete if node.is_refused() && !step.along => node.state(),
                OpKind::Delete if step.recreate || step.along => ValueState::Removed,
                OpKind::Delete => ValueState::Pending,
                _ => ValueState::Configured,
            };
            let value = if state == ValueState::Removed { None } else { wanted };
            let refused = matches!(state, ValueState::Invalid | ValueState::Failed);
            let error = node.error_text().filter(|_| refused);
            let after = Outcome { state, value, error };
            let reason = steps.reason(step);
            ops.push(record::planned_op(step, reason, node, before, after, retry));
        }
        if let Some(active) = &mut self.active {
            active.draft.planned = Some(ops);
        }
    }

    /// What a value shows between its delete and its create.
    fn between(&self, step: &crate::plan::Step) -> Outcome {
        if step.along {
            return Outcome::default();
        }
        if step.recreate {
            return Outcome { state: ValueState::Removed, value: None, error: None };
        }
        let value = self.graph.node(step.node).wanted().cloned();
        Outcome { state: ValueState::Pending, value, error: None }
    }

    fn predicted_before(&mut self, step: &crate::plan::Step) -> Outcome {
        if self.trace(step.node).is_journaled() {
            return self.journaled_outcome(step.node);
        }
        let node = self.graph.node(step.node);
        if node.available() || node.parent.is_none() {
            let (state, error) = (node.state(), node.error_text());
            return Outcome { state, value: node.shown().cloned(), error };
        }
        self.shown_before(step.node).unwrap_or_default()
    }
}
