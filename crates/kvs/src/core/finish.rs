//! The end of a transaction: retries, cleaning up, the record, publication, answers.

use std::sync::Arc;

use ligato_kvs_api::{
    BaseValueStatus, OpKind, Origin, TxnOutcome, TxnReport, ValueState, ValueStatus,
};
use ligato_model::Key;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    core::{Active, Audience, Core, Effect, NO_PLACE, Phase},
    node::{Applied, Node, NodeId, Problem, ProblemKind},
    plan::Steps,
    record::{self, Outcome},
    resync::Reading,
    snapshot::{Published, Snapshot},
    subscribe::Delta,
};

/// The base values of the report in key order.
pub(crate) struct Touched {
    bases: Vec<Base>,
    /// Keys of those that will be gone by then.
    leaving: FxHashMap<NodeId, Key>,
}

struct Base {
    id: NodeId,
    /// Something was done with it in the southbound.
    operated: bool,
    /// It was removed, if only from what is wanted.
    removed: bool,
}

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
        }
        changed.sort_unstable();
        changed.dedup();
        let bases = self.touched_bases(&changed);
        self.traces.trim();
        let Some(mut active) = self.active.take() else { return };
        let was_aside = active.was_aside;
        self.bury(&changed);
        self.graph.sweep(changed);
        self.graph.take_disturbed();
        let before = self.published.clone();
        // What is not needed any more makes room for the answer.
        (active.run, active.journal, active.seeds) = <_>::default();
        let blank = self.graph.len() == 0;
        let record = std::mem::take(&mut active.draft).finish(self.now.wall, &self.config, blank);
        self.history.push(record, &self.config);
        self.publish();
        self.report(&active, &before, bases);
        self.count(&active);
        if let Audience::Unregister(_, descriptor) = active.audience {
            self.remove_descriptor(descriptor);
        }
        if was_aside {
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
        for (at, op) in active.draft.pending_noops() {
            let hidden = || {
                self.graph.find(&op.key).is_none_or(|id| {
                    let parent = self.graph.node(id).parent;
                    parent.is_some_and(|p| !self.graph.node(p).shows_children())
                })
            };
            if op.derived && hidden() {
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
            let base = self.graph.node(self.base_of(id)).key.clone();
            let (of, attempt) = attempts.next(&base, seq);
            if planned.insert(base.clone()) {
                self.retries.plan(retry.due, of, attempt, base);
            }
        }
    }

    /// Base values whose status is part of the report, in key order.
    fn touched_bases(&mut self, changed: &[NodeId]) -> Touched {
        let named = self.active.as_mut().map(|a| std::mem::take(&mut a.named)).unwrap_or_default();
        self.bases_of(changed, named)
    }

    /// Bases of changed values, and the named ones, in key order.
    pub(crate) fn bases_of(&mut self, changed: &[NodeId], named: Vec<NodeId>) -> Touched {
        let mut others: Vec<NodeId> = changed.iter().map(|id| self.base_of(*id)).collect();
        others.sort_unstable();
        others.dedup();
        // What the request names is in key order already.
        others.retain(|id| !self.trace(*id).listed);
        let mut all = named;
        all.extend(others);
        if !all.is_sorted_by(|a, b| self.graph.node(*a).key < self.graph.node(*b).key) {
            all = self.graph.put_in_order(all);
        }
        let mut touched = Touched { bases: Vec::new(), leaving: FxHashMap::default() };
        touched.bases.reserve_exact(all.len());
        for id in all {
            let node = self.graph.node(id);
            if node.is_empty() {
                touched.leaving.insert(id, node.key.clone());
            }
            let trace = Some(self.traces.get(id)).filter(|t| t.epoch == self.epoch);
            let operated = trace.is_some_and(|t| t.operated);
            let removed = operated || trace.is_some_and(|t| t.noop != NO_PLACE);
            touched.bases.push(Base { id, operated, removed });
        }
        touched
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

    fn report(&mut self, active: &Active, before: &Published, touched: Touched) {
        let watched = self.subscribers.are_there();
        let wanted = !matches!(active.audience, Audience::Nobody);
        if !watched {
            self.effects.push_back(Effect::Untold);
        }
        if !watched && !wanted {
            return;
        }
        let (statuses, news) = self.statuses(before, active.began_with.as_deref(), touched, wanted);
        if watched {
            let after = Snapshot(Arc::new(self.published.clone()));
            let delta = Delta { txn: active.seq, after, statuses: news.into() };
            self.effects.push_back(Effect::Tell(delta));
        }
        self.answer(active, statuses);
    }

    /// Statuses for the report, if wanted, and for subscribers.
    pub(crate) fn statuses(
        &self,
        before: &Published,
        began_with: Option<&Published>,
        touched: Touched,
        wanted: bool,
    ) -> (Vec<BaseValueStatus>, Vec<BaseValueStatus>) {
        let watched = self.subscribers.are_there();
        let mut statuses = Vec::with_capacity(if wanted { touched.bases.len() } else { 0 });
        let mut news = Vec::new();
        for Base { id, operated, removed } in touched.bases {
            let now = self.published.node(id);
            let Some(key) = now.map(|n| &n.key).or_else(|| touched.leaving.get(&id)) else {
                continue;
            };
            let was = before.node(id).filter(|n| n.key == *key);
            let status = match now.filter(|n| self.published.visible(n)) {
                Some(node) => self.published.base_status(node),
                // A key that is only waited for, or was never there, is no news.
                None if !operated
                    && !was.is_some_and(|n| before.visible(n))
                    && !began_with.is_some_and(|b| was_visible(b, id, key)) =>
                {
                    continue;
                }
                None => gone(key, removed),
            };
            let done = operated && status.value.error.is_empty();
            if watched && (done || self.is_news(&status, now, was, before)) {
                news.push(status.clone());
            }
            if wanted {
                statuses.push(status);
            }
        }
        (statuses, news)
    }

    fn is_news(
        &self,
        status: &BaseValueStatus,
        now: Option<&Node>,
        was: Option<&Node>,
        before: &Published,
    ) -> bool {
        let Some(was) = was.filter(|n| before.visible(n)) else {
            return status.value.state != ValueState::Nonexistent;
        };
        let content = |n: &Node| match &n.applied {
            Applied::Known(content) => Some(content.value.clone()),
            _ => None,
        };
        // What was asked for last is no news by itself.
        let plain = |mut status: BaseValueStatus| {
            let all = std::iter::once(&mut status.value).chain(&mut status.derived_values);
            all.for_each(|value| value.last_operation = OpKind::Undefined);
            status
        };
        now.and_then(content) != content(was)
            || plain(before.base_status(was)) != plain(status.clone())
    }

    fn answer(&mut self, active: &Active, statuses: Vec<BaseValueStatus>) {
        let outcome = if active.undoing && active.undo_failed.is_empty() {
            TxnOutcome::Undone
        } else if active.undoing {
            TxnOutcome::UndoFailed(active.undo_failed.clone())
        } else if active.failures {
            TxnOutcome::Partial
        } else {
            TxnOutcome::Done
        };
        let report = Box::new(TxnReport {
            seq: Some(active.seq),
            revision: self.published.revision,
            outcome,
            errors: active.errors.clone(),
            statuses,
        });
        match active.audience {
            Audience::Nobody => {}
            Audience::Commit(token) => self.effects.push_back(Effect::Report { token, report }),
            Audience::Unregister(token, _) => {
                let report = Some(report);
                self.effects.push_back(Effect::Unregistered { token, report });
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
                && node.parent.is_none_or(|p| self.graph.node(p).available());
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
                OpKind::Delete if step.recreate || step.along || wanted.is_none() => {
                    ValueState::Removed
                }
                OpKind::Delete => ValueState::Pending,
                _ => ValueState::Configured,
            };
            let value = if state == ValueState::Removed { None } else { wanted };
            let property = node.is_property();
            let after = Outcome { state, value, error: None };
            ops.push(record::planned_op(step, node, property, before, after, retry));
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
        let seen = node.parent.is_none_or(|p| self.graph.node(p).available());
        if node.available() || seen {
            let (state, error) = (node.state(), node.error_text());
            return Outcome { state, value: node.shown().cloned(), error };
        }
        Outcome::default()
    }
}

/// Status of a value that is not there any more: removed, or found to be gone.
fn gone(key: &Key, removed: bool) -> BaseValueStatus {
    let (state, last_operation) = if removed {
        (ValueState::Removed, OpKind::Delete)
    } else {
        (ValueState::Nonexistent, OpKind::Undefined)
    };
    let value = ValueStatus {
        key: key.clone(),
        state,
        error: String::new(),
        last_operation,
        details: Vec::new(),
    };
    BaseValueStatus { value, derived_values: Vec::new() }
}

/// Was the value there, or waiting, in that state?
fn was_visible(then: &Published, id: NodeId, key: &Key) -> bool {
    then.node(id).is_some_and(|node| node.key == *key && then.visible(node))
}
