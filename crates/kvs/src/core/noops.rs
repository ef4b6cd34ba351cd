//! What a transaction changed without asking the southbound: values that are pending now, invalid,
//! unimplemented, confirmed, or gone before they ever were.

use crate::{
    core::{Core, NO_PLACE},
    node::NodeId,
    plan::Steps,
    record::{NO_STEP, Outcome},
};
use ligato_kvs_api::{OpKind, Reason, RecordedErrors, RecordedOp, ValueState};
use ligato_model::Key;
use rustc_hash::FxHashSet;

/// What a plan does with a node.
const CREATED: u8 = 1;
const UPDATED: u8 = 2;
const DELETED: u8 = 4;

impl Core {
    /// Records what happened to touched values that the plan has no steps for.
    pub(crate) fn note_noops(&mut self, steps: &Steps) {
        let mut marks = self.marks_of(steps);
        let of = |marks: &[u8], id: NodeId| marks.get(id as usize).copied().unwrap_or(0);
        let Some(active) = &self.active else { return };
        let mut touched: Vec<NodeId> =
            active.journal.iter().map(|(id, _)| *id).filter(|id| of(&marks, *id) == 0).collect();
        for step in &steps.steps {
            let children = self.graph.node(step.node).children.iter();
            touched.extend(children.filter(|child| of(&marks, **child) == 0));
        }
        if !touched.is_empty() {
            let down = self.taken_down(&touched);
            for id in self.graph.put_in_order(touched) {
                let trace = *self.trace(id);
                if down.contains(&id) {
                    self.note_waiting(id);
                }
                if trace.operated || trace.noop != NO_PLACE {
                    continue;
                }
                let parent = self.graph.node(id).parent.map_or(0, |p| of(&marks, p));
                // With the wanted content of what it is derived from it comes to be seen.
                let shows = parent & UPDATED != 0 && self.shown_before(id).is_none();
                self.note_noop(id, parent & CREATED != 0 || shows, parent & DELETED != 0);
            }
        }
        for step in &steps.steps {
            if let Some(mark) = marks.get_mut(step.node as usize) {
                *mark = 0;
            }
        }
        self.step_marks = marks;
    }

    /// Base values that were taken down to be made anew, and cannot be made now.
    fn taken_down(&self, touched: &[NodeId]) -> FxHashSet<NodeId> {
        let waits = |id: &NodeId| {
            let node = self.graph.node(*id);
            let trace = self.traces.get(*id);
            trace.epoch == self.epoch
                && trace.operated
                && node.parent.is_none()
                && node.state() == ValueState::Pending
        };
        let waiting: FxHashSet<NodeId> = touched.iter().copied().filter(waits).collect();
        let mut down = FxHashSet::default();
        if waiting.is_empty() {
            return down;
        }
        for op in self.active.iter().flat_map(|active| active.draft.ops()) {
            // The last operation of each counts.
            let Some(id) = self.graph.find(&op.key).filter(|id| waiting.contains(id)) else {
                continue;
            };
            if op.new_state == ValueState::Removed && !op.noop {
                down.insert(id);
            } else {
                down.remove(&id);
            }
        }
        down
    }

    /// A base value that was taken down waits from now on.
    fn note_waiting(&mut self, id: NodeId) {
        let wanted = self.graph.node(id).wanted().cloned();
        let before = Outcome { state: ValueState::Removed, value: None, error: None };
        let after = Outcome { state: ValueState::Pending, value: wanted, error: None };
        self.record_noop(id, OpKind::Create, before, after);
    }

    /// What the plan does with each node; to be cleared by the caller.
    fn marks_of(&mut self, steps: &Steps) -> Vec<u8> {
        let mut marks = std::mem::take(&mut self.step_marks);
        marks.resize(marks.len().max(self.graph.bound()), 0);
        for step in &steps.steps {
            let mark = match step.op {
                OpKind::Create => CREATED,
                OpKind::Delete => DELETED,
                _ => UPDATED,
            };
            if let Some(place) = marks.get_mut(step.node as usize) {
                *place |= mark;
            }
        }
        marks
    }

    /// `comes`, `goes`: what it is derived from is created or deleted by the plan.
    fn note_noop(&mut self, id: NodeId, comes: bool, goes: bool) {
        if self.active.as_ref().is_some_and(|a| a.held.contains(&id) && !a.panicked.contains(&id)) {
            return;
        }
        let node = self.graph.node(id);
        if node.marks.missing && node.desired.is_some() && !node.available() {
            // Missed, and it cannot be brought back now: from now on it waits.
            self.graph.edit(id).marks.missing = false;
        }
        let journaled = self.trace(id).is_journaled();
        let node = self.graph.node(id);
        if !journaled && (node.is_empty() || !(comes || goes) || node.available()) {
            return;
        }
        let before = if journaled {
            self.journaled_outcome(id)
        } else {
            self.shown_before(id).unwrap_or_default()
        };
        let trace = *self.trace(id);
        let undoing = self.active.as_ref().is_some_and(|a| a.undoing);
        let refused = self.active.as_ref().is_some_and(|a| a.to_release.contains(&id));
        if undoing && !trace.recorded && (self.graph.node(id).is_empty() || refused) {
            // Wanted, never tried, and not wanted any more; or it only stays as it was.
            return;
        }
        let state = self.lasting(id, self.graph.node(id).state());
        let Some((op, state)) = self.noop_of(id, &before, state, comes, goes) else {
            self.tell_refusal(id);
            // Discovered and wanted as it is: from now on it is simply configured.
            let node = self.graph.node(id);
            if node.marks.discovered && !node.marks.differs && node.desired.is_some() {
                self.graph.edit(id).marks.discovered = false;
            }
            return;
        };
        // It is looked at again should something fail.
        self.remember(id);
        self.settle(id, op, state);
        let node = self.graph.node(id);
        let value = match state {
            ValueState::Removed => None,
            ValueState::Obtained => node.shown().cloned(),
            _ => node.wanted().cloned(),
        };
        let error = if state == ValueState::Removed { None } else { node.error_text() };
        if let Some(error) = &error
            && matches!(state, ValueState::Invalid | ValueState::Failed)
            && node.is_refused()
        {
            let error = std::sync::Arc::clone(error);
            self.fail_key(id, op, &error);
        }
        self.record_noop(id, op, before, Outcome { state, value, error });
    }

    /// Who asks again for what is refused is told so again, though there is nothing to record.
    fn tell_refusal(&mut self, id: NodeId) {
        let node = self.graph.node(id);
        if node.desired.is_none() || !node.is_refused() || !self.trace(id).listed {
            return;
        }
        let node = self.graph.node(id);
        let op = if node.available() { OpKind::Update } else { OpKind::Create };
        if let Some(error) = node.error_text() {
            self.fail_key(id, op, &error);
        }
    }

    /// Undone for what is invalid: also that which nobody would see so far, because what it is derived
    /// from waits, is named.
    pub(crate) fn tell_hidden_refusals(&mut self) {
        let Some(active) = &self.active else { return };
        let told: FxHashSet<&Key> = active.errors.iter().map(|error| &error.key).collect();
        let untold = |id: &NodeId| !told.contains(self.graph.key(*id));
        let mut hidden: Vec<NodeId> = self.invalid_ones().filter(untold).collect();
        hidden.sort_unstable();
        hidden.dedup();
        for id in hidden {
            if let Some(error) = self.graph.node(id).error_text() {
                self.fail_key(id, OpKind::Create, &error);
            }
        }
    }

    fn noop_of(
        &self,
        id: NodeId,
        before: &Outcome,
        state: ValueState,
        comes: bool,
        goes: bool,
    ) -> Option<(OpKind, ValueState)> {
        let node = self.graph.node(id);
        let known_before = before.state != ValueState::Nonexistent;
        if node.desired.is_none() || (goes && !comes) {
            let nothing_there = !node.available() && !self.in_doubt(id);
            if node.is_obtained() && known_before && before.state != ValueState::Obtained {
                return Some((OpKind::Update, ValueState::Obtained));
            }
            return (known_before && nothing_there)
                .then_some((OpKind::Delete, ValueState::Removed));
        }
        let parent_there = comes || node.parent.is_none_or(|p| self.graph.is_available(p));
        if !parent_there && !node.available() {
            return None;
        }
        let was_there = matches!(
            before.state,
            ValueState::Configured | ValueState::Obtained | ValueState::Discovered
        );
        if node.available() {
            // Discovered and now wanted is no change worth a record; equal neither.
            let found = matches!(
                before.state,
                ValueState::Nonexistent
                    | ValueState::Pending
                    | ValueState::Missing
                    | ValueState::Discovered
            );
            let now = if state == ValueState::Discovered { ValueState::Configured } else { state };
            return (!found && now != before.state).then_some((OpKind::Update, now));
        }
        let resync = self.active.as_ref().is_some_and(|a| a.resync.is_some());
        let same = state == before.state && node.wanted() == before.value.as_ref();
        if state == ValueState::Unimplemented && before.state == state || (resync && same) {
            return None;
        }
        let op = if was_there { OpKind::Update } else { OpKind::Create };
        Some((op, state))
    }

    /// The node shows what was recorded.
    fn settle(&mut self, id: NodeId, op: OpKind, state: ValueState) {
        let node = self.graph.edit(id);
        node.last_op = op;
        // What is refused, and went with its base only, is still refused.
        if state == ValueState::Removed && !(node.desired.is_some() && node.is_refused()) {
            node.problem = None;
        }
        if state == ValueState::Configured {
            node.marks.discovered = false;
            node.marks.missing = false;
        }
    }

    fn record_noop(&mut self, id: NodeId, op: OpKind, before: Outcome, after: Outcome) {
        let node = self.graph.node(id);
        let asked_for = self.is_listed(id);
        let by_itself = self.active.as_ref().is_some_and(|a| a.audience_is_nobody());
        let reason = match node.parent.map(|p| self.graph.key(p).clone()) {
            Some(from) => Reason::Derived { from },
            None if by_itself && !asked_for => Reason::Drift,
            None => Reason::Requested,
        };
        let recorded = RecordedOp {
            op,
            key: node.key.clone(),
            prev_state: before.state,
            new_state: after.state,
            prev_value: before.value,
            new_value: after.value,
            errors: RecordedErrors::of(before.error, after.error),
            noop: true,
            derivation: node.derivation(),
            revert: false,
            retry: false,
            recreate: false,
            reason,
        };
        let Some(active) = &mut self.active else { return };
        let recorded = RecordedOp {
            revert: active.undoing,
            retry: active.draft.retry_for.is_some(),
            reason: if active.undoing { Reason::Undo } else { recorded.reason },
            ..recorded
        };
        let round = active.round;
        let at = active.draft.push(round, NO_STEP, recorded);
        self.trace(id).noop = at;
    }
}

impl Core {
    /// Records what happened in the southbound by itself.
    pub(crate) fn record_obtained(&mut self, id: NodeId, op: OpKind) {
        let before = match self.before(id) {
            // Also what failed before, and was not there.
            Some(Some(before)) if op != OpKind::Create || before.problem.is_some() => {
                let error = before.error_text();
                Outcome { state: before.state(), value: before.shown().cloned(), error }
            }
            _ => Outcome::default(),
        };
        let node = self.graph.node(id);
        let (state, value) = match op {
            OpKind::Delete => (ValueState::Removed, None),
            _ => (ValueState::Obtained, node.content().map(|c| c.value.clone())),
        };
        let recorded = RecordedOp {
            op,
            key: node.key.clone(),
            prev_state: before.state,
            new_state: state,
            prev_value: before.value,
            new_value: value,
            errors: RecordedErrors::of(before.error, None),
            noop: false,
            derivation: node.derivation(),
            revert: false,
            retry: false,
            recreate: false,
            reason: Reason::Drift,
        };
        self.trace(id).operated = true;
        if let Some(active) = &mut self.active {
            active.draft.push(0, 0, recorded);
        }
    }
}
