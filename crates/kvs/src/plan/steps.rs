//! Third pass: what is to be done with each value.

use ligato_kvs_api::{OpKind, Reason};

use crate::{
    node::{Applied, NodeId},
    plan::{Planner, Step},
};

impl Planner<'_> {
    /// Steps, not yet in order: deletes by key, then creates and updates by key.
    pub(super) fn make_steps(&mut self) -> Vec<Step> {
        let mut touched = std::mem::take(&mut self.scratch.touched);
        let graph = self.facts.graph;
        touched.sort_by(|a, b| graph.node(*a).key.cmp(&graph.node(*b).key));
        let mut steps = Vec::new();
        for id in touched.iter().copied() {
            if !self.marks(id).gone {
                continue;
            }
            self.note(id).delete_step = steps.len() as u32;
            let (recreate, reason) = (self.is_recreated(id), self.reason(id));
            let along = self.goes_along(id);
            steps.push(Step { node: id, op: OpKind::Delete, recreate, along, reason });
        }
        for id in touched.iter().copied() {
            if let Some(op) = self.put_op(id) {
                self.note(id).put_step = steps.len() as u32;
                let recreate = self.marks(id).gone && self.is_recreated(id);
                let (along, reason) = (self.goes_along(id), self.reason(id));
                steps.push(Step { node: id, op, recreate, along, reason });
            }
        }
        self.scratch.touched = touched;
        steps
    }

    fn put_op(&self, id: NodeId) -> Option<OpKind> {
        let marks = self.marks(id);
        let node = self.facts.graph.node(id);
        if !self.goal(id)
            || node.desired.is_none()
            || node.is_refused()
            || self.facts.held.contains(&id)
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

    fn goes_along(&self, id: NodeId) -> bool {
        self.facts.graph.node(id).parent.is_some_and(|parent| self.marks(parent).gone)
    }

    fn reason(&self, id: NodeId) -> Reason {
        self.scratch.reasons.get(&id).cloned().unwrap_or(Reason::Requested)
    }
}
