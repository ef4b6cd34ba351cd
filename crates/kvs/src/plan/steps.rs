//! Third pass: what is to be done with each value.

use ligato_kvs_api::{OpKind, Reason};

use crate::{
    node::{Applied, NodeId, On},
    plan::{Planner, Step},
};

impl Planner<'_> {
    /// Steps, not yet in order: deletes, then creates, then updates, what is re-created apart; by
    /// key within each class.
    pub(super) fn make_steps(&mut self) -> Vec<Step> {
        let touched = std::mem::take(&mut self.scratch.touched);
        let touched = self.facts.graph.put_in_order(touched);
        let mut steps = Vec::with_capacity(touched.len());
        for id in touched.iter().copied() {
            let (gone, put) = (self.marks(id).gone, self.put_op(id));
            if !gone && put.is_none() {
                continue;
            }
            let stays_down = gone && put.is_none() && self.waits_below(id);
            let moves = gone && self.facts.moved.contains_key(&id);
            let recreate = gone && !stays_down && !moves && self.is_recreated(id);
            let along = !stays_down && (moves || self.goes_along(id));
            let in_cycle = self.needs_itself(id);
            let step = |op, reason| Step { node: id, op, recreate, along, in_cycle, reason };
            let reason = self.reason(id);
            if gone {
                steps.push(step(OpKind::Delete, reason));
            }
            if let Some(op) = put {
                let reason = match self.reason_of(id).cloned() {
                    // It goes because of that one, and comes back because of it.
                    Some(Reason::Blocked { by }) => self.add_reason(Reason::Unblocked { by }),
                    _ => reason,
                };
                steps.push(step(op, reason));
            }
        }
        steps.sort_by_key(class);
        self.scratch.touched = touched;
        for (at, step) in (0..).zip(&steps) {
            let marks = self.note(step.node);
            if step.op == OpKind::Delete {
                marks.delete_step = at;
            } else {
                marks.put_step = at;
            }
            for group in self.facts.graph.member_of(step.node) {
                if step.op == OpKind::Delete {
                    self.scratch.first_gone.entry(*group).or_insert(step.node);
                } else if step.op == OpKind::Create {
                    self.scratch.first_put.entry(*group).or_insert(at);
                }
            }
        }
        steps
    }

    fn put_op(&self, id: NodeId) -> Option<OpKind> {
        let marks = self.marks(id);
        let node = self.facts.graph.node(id);
        if !self.goal(id) || node.desired.is_none() || node.is_refused() || self.is_untouchable(id)
        {
            return None;
        }
        if marks.gone {
            return Some(OpKind::Create);
        }
        match &node.applied {
            _ if marks.update => Some(OpKind::Update),
            Applied::Absent => Some(OpKind::Create),
            // A failed create is tried as such again.
            Applied::Unknown { tried: OpKind::Create, .. } => Some(OpKind::Create),
            _ => None,
        }
    }

    /// Is it, or what it is derived from, deleted and created because of its content?
    fn is_recreated(&self, mut id: NodeId) -> bool {
        loop {
            let marks = self.marks(id);
            if marks.recreate && self.goal(id) {
                return true;
            }
            match self.facts.graph.node(id).parent {
                Some(parent) if marks.gone => id = parent,
                _ => return false,
            }
        }
    }

    /// The smallest dependency cycle there is.
    fn needs_itself(&self, id: NodeId) -> bool {
        let graph = self.facts.graph;
        graph.node(id).needs.iter().any(|need| match need.on {
            On::Node(target) => target == id,
            On::Group(group) => graph.member_of(id).contains(&group),
        })
    }

    fn goes_along(&self, id: NodeId) -> bool {
        self.facts.graph.node(id).parent.is_some_and(|parent| self.marks(parent).gone)
    }

    /// Is it wanted, and derived from what will be there? Then it waits, should it not come back.
    fn waits_below(&self, id: NodeId) -> bool {
        let node = self.facts.graph.node(id);
        node.desired.is_some() && node.parent.is_some_and(|parent| self.goal(parent))
    }

    /// The place of the reason of a step.
    fn reason(&mut self, id: NodeId) -> u32 {
        // What is derived comes and goes with its base, unless something else is known of it.
        let graph = self.facts.graph;
        self.give_reason(id, || {
            let parent = graph.node(id).parent.map(|parent| graph.key(parent).clone());
            parent.map_or(Reason::Requested, |from| Reason::Derived { from })
        });
        self.marks(id).reason.saturating_sub(1)
    }
}

/// Deletes come first, then creates, then updates; what is re-created stands between.
fn class(step: &Step) -> u8 {
    match (step.op, step.recreate) {
        (OpKind::Delete, false) => 0,
        (OpKind::Delete, true) => 1,
        (OpKind::Create, true) => 2,
        (OpKind::Create, false) => 3,
        _ => 4,
    }
}
