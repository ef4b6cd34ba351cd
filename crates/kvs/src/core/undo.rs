//! Undoing a transaction that was to be all or nothing, and making sure that it is undone.

use std::sync::Arc;

use ligato_kvs_api::{DependencyKind, Origin, Policy, Reason, ValueState};
use ligato_model::Value;

use crate::{
    core::{Active, Core, NO_PLACE, Phase},
    node::{Applied, Desired, Node, NodeId, Shared, Terms},
    record::Outcome,
};

impl Core {
    /// Puts back what was desired before; the planner does the rest.
    pub(crate) fn start_undo(&mut self) {
        let Some(active) = &mut self.active else { return };
        active.undoing = true;
        active.held.clear();
        active.cancelled.clear();
        active.failed.clear();
        active.to_retry.clear();
        let run = std::mem::take(&mut active.run);
        let journal: Vec<(NodeId, Option<Shared>)> = active.journal.iter().rev().cloned().collect();
        let mut touched: Vec<NodeId> = journal.iter().map(|(id, _)| *id).collect();
        touched.extend(run.steps.iter().map(|step| step.node));
        for id in &touched {
            let was_there = self.before(*id).flatten().is_some_and(|b| b.parent.is_none());
            let node = self.graph.node(*id);
            let value = node.shown().cloned();
            let recorded = self.traces.get(*id).noop != NO_PLACE;
            let hidden = node.problem.is_none()
                && !recorded
                && !node.available()
                && node.parent.is_some_and(|p| !self.graph.node(p).shows_children());
            let now = if hidden {
                Outcome::default()
            } else if was_there && node.is_empty() {
                Outcome { state: ValueState::Removed, value: None, error: None }
            } else {
                Outcome { state: node.state(), value, error: node.error_text() }
            };
            let mended = node.problem.is_none() && self.traces.get(*id).operated;
            if let Some(active) = &mut self.active {
                active.undo_before.insert(*id, now);
                if mended {
                    active.mended.insert(*id);
                }
            }
        }
        let moved = self.take_moved();
        for (id, before) in journal {
            self.wish_back(id, before.as_deref());
            if let Some(before) = before.filter(|_| !self.trace(id).operated) {
                // Nothing was done with it: the last thing is what it was.
                let node = self.graph.edit(id);
                node.last_op = before.last_op;
                node.marks.discovered = before.marks.discovered && node.available();
            }
        }
        self.move_back(moved);
        self.leave_as_before(&touched);
        for id in touched {
            let trace = self.trace(id);
            trace.recorded |= trace.operated || trace.noop != NO_PLACE;
            trace.noop = NO_PLACE;
            trace.operated = false;
            if let Some(active) = &mut self.active {
                active.seed(id, Reason::Undo);
            }
        }
        if let Some(active) = &mut self.active {
            active.phase = Phase::Planning;
        }
    }

    /// What could not be brought to where it should be before, and is there as it was, stays as it was.
    fn leave_as_before(&mut self, touched: &[NodeId]) {
        for id in touched {
            let Some(Some(before)) = self.before(*id) else { continue };
            let node = self.graph.node(*id);
            let same = match (&before.applied, &node.applied) {
                (Applied::Known(was), Applied::Known(now)) => was.value == now.value,
                (Applied::Absent, Applied::Absent) => true,
                _ => false,
            };
            // What this transaction has brought there follows what it needs, as everything else.
            let mended = self.active.as_ref().is_some_and(|a| a.mended.contains(id));
            let failed = before.problem.is_some() && !before.is_refused() && !mended;
            // What was derived from it, and is gone, comes back only if it is looked at.
            let was_there = |core: &mut Self, child| {
                core.before(child).is_none_or(|b| b.is_some_and(|b| b.available()))
            };
            let mut children = before.children.iter().copied();
            let lost =
                failed && children.any(|c| !self.graph.is_available(c) && was_there(self, c));
            let same = same && !lost;
            if !failed || !same {
                continue;
            }
            // What was said of it without anything being done is not so.
            let trace = self.trace(*id);
            let said = if trace.operated { None } else { trace.take_noop() };
            if let Some(active) = &mut self.active {
                active.held.insert(*id);
                if let Some(said) = said {
                    active.draft.drop_op(said);
                    active.undo_before.remove(id);
                }
            }
        }
    }

    /// Values that were taken over, with who took them.
    fn take_moved(&mut self) -> Vec<(NodeId, NodeId)> {
        let moved = self.active.as_mut().map(|a| std::mem::take(&mut a.moved));
        let moved = moved.into_iter().flatten();
        moved.filter_map(|(child, _)| Some((child, self.graph.node(child).parent?))).collect()
    }

    /// What was taken over is whose it was before.
    fn move_back(&mut self, moved: Vec<(NodeId, NodeId)>) {
        for (child, by) in moved {
            if self.graph.node(child).parent == Some(by) {
                continue;
            }
            self.disown_child(by, child);
            self.graph.look_inward(child);
            let came = self.trace(child).operated && self.graph.is_available(child);
            if let Some(active) = self.active.as_mut().filter(|_| came) {
                active.moved.insert(child, Some(by));
            }
        }
    }

    fn wish_back(&mut self, id: NodeId, before: Option<&Node>) {
        let seq = self.current_seq();
        let Some(before) = before else {
            let node = self.graph.edit(id);
            node.desired = None;
            node.problem = None;
            node.marks.differs = false;
            if node.available() {
                node.origin = Origin::Nb;
            }
            return;
        };
        let node = self.graph.node(id);
        let needs = node.needs.clone();
        let goes = node.available() && !node.marks.differs && !needs.is_same(&before.needs);
        if let Some(active) = self.active.as_mut().filter(|_| goes && !needs.is_empty()) {
            // It is there with what this transaction wanted, and goes before what that needs.
            active.old_needs.insert(id, needs);
        }
        self.graph.restore_needs(id, &before.needs);
        let all = {
            let now = &self.graph.node(id).children;
            let mut all = before.children.to_vec();
            all.extend(now.iter().copied().filter(|c| !before.children.contains(c)));
            all
        };
        self.graph.set_children(id, all);
        let node = self.graph.edit(id);
        node.desired.clone_from(&before.desired);
        node.problem = None;
        node.parent = before.parent;
        node.marks.adopted = before.marks.adopted;
        if before.is_refused() {
            node.problem.clone_from(&before.problem);
        }
        if (before.is_obtained() || before.is_refused())
            && let Applied::Known(content) = &before.applied
        {
            // What is there is not what is wanted: it is put back as if it were wanted.
            node.problem = None;
            let value = content.value.clone();
            node.desired =
                Some(Desired { value, terms: Arc::new(Terms { since: seq, ..Terms::default() }) });
            if let Some(active) = &mut self.active {
                active.to_release.push(id);
            }
            if before.needs.is_empty() {
                self.connect_put_back(id, &content.value);
            }
        }
        self.compare(id);
    }

    /// Nobody asked what a content needs that others made; but when NB puts it back, it comes after
    /// those of its dependencies that were there before.
    fn connect_put_back(&mut self, id: NodeId, value: &Value) {
        let key = self.graph.key(id).clone();
        let Some((_, descriptor)) = self.descriptor_of(id) else { return };
        let mut needs = self.ask(id, || descriptor.dependencies(&key, value)).unwrap_or_default();
        needs.retain(|need| {
            let target = need.target.exact().and_then(|target| self.graph.find(target));
            need.kind == DependencyKind::Requires
                && target
                    .is_some_and(|on| self.base_of(on) != self.base_of(id) && self.was_there(on))
        });
        let catalog = Arc::clone(&self.catalog);
        self.graph.set_needs(id, needs, &catalog);
    }

    /// Was it available before the transaction?
    fn was_there(&mut self, id: NodeId) -> bool {
        if let Some(before) = self.before(id) {
            return before.is_some_and(|before| before.available());
        }
        let kept = self.active.iter().flat_map(|active| &active.collateral);
        let kept = kept.into_iter().find(|(other, _)| *other == id);
        kept.map_or_else(|| self.graph.is_available(id), |(_, before)| before.available())
    }

    /// A value whose content was put back gets its wish of before, or none.
    fn release(&mut self, id: NodeId) {
        let Some(Some(before)) = self.before(id) else { return };
        self.graph.restore_needs(id, &before.needs);
        let node = self.graph.edit(id);
        node.desired.clone_from(&before.desired);
        node.origin = before.origin;
        if node.problem.is_none() {
            node.problem.clone_from(&before.problem);
        }
        self.compare(id);
    }

    /// The state a value will show in the end: what others made is put back as if it were wanted, and
    /// is theirs again when all is undone.
    pub(crate) fn lasting(&mut self, id: NodeId, state: ValueState) -> ValueState {
        let back = self.active.as_ref().is_some_and(|a| a.undoing && a.to_release.contains(&id));
        let was_theirs =
            back && self.before(id).flatten().is_some_and(|before| before.is_obtained());
        if was_theirs && state == ValueState::Configured { ValueState::Obtained } else { state }
    }

    /// Keeps what a value was before its first step, if all may have to be undone.
    pub(crate) fn note_collateral(&mut self, id: NodeId) {
        let is_kept = |a: &Active| a.options.policy == Policy::AllOrNothing && !a.undoing;
        if !self.active.as_deref().is_some_and(is_kept) {
            return;
        }
        let trace = *self.trace(id);
        if let Some(active) = &mut self.active
            && !trace.is_journaled()
            && !trace.operated
        {
            active.collateral.push((id, self.graph.node(id).clone()));
        }
    }

    /// Compares with what was before; what differs is named.
    pub(crate) fn verify_undo(&mut self) {
        let Some(active) = &mut self.active else { return };
        let journal = std::mem::take(&mut active.journal);
        let mended = std::mem::take(&mut active.mended);
        let collateral = std::mem::take(&mut active.collateral);
        let collateral = collateral.into_iter().map(|(id, before)| (id, Some(before)));
        let mut differing = Vec::new();
        for (id, before) in journal.iter().cloned().chain(collateral) {
            let id = &id;
            let was = before.as_ref().and_then(|b| match &b.applied {
                Applied::Known(content) => Some(content.value.clone()),
                _ => None,
            });
            let node = self.graph.node(*id).clone();
            let same = match (&was, &node.applied) {
                (None, Applied::Absent) => true,
                (Some(was), Applied::Known(now)) => {
                    *was == now.value
                        || self.descriptor_of(*id).is_some_and(|(_, d)| {
                            let equal = || d.equivalent(&node.key, was, &now.value);
                            self.ask(*id, equal).unwrap_or(false)
                        })
                }
                (None, Applied::Unknown { .. }) => {
                    before.as_ref().is_some_and(|b| matches!(b.applied, Applied::Unknown { .. }))
                }
                _ => false,
            };
            if !same {
                differing.push(node.key.clone());
            } else if let Some(problem) = before.as_ref().and_then(|b| b.problem.clone())
                && node.problem.is_none()
                // What could not go before, and is gone now, has no problem any more.
                && (node.desired.is_some() || !matches!(node.applied, Applied::Absent))
                // Nor has what could be brought to where it should be.
                && (node.marks.differs || !mended.contains(id))
            {
                self.graph.edit(*id).problem = Some(problem);
            }
        }
        differing.sort_unstable();
        differing.dedup();
        let Some(active) = &mut self.active else { return };
        active.journal = journal;
        active.undo_failed = differing;
        for id in std::mem::take(&mut active.to_release) {
            self.release(id);
        }
    }
}
