//! Keys that more than one value claims. One of them has the key; another that derives it is INVALID,
//! and stays so only until the key is free: then it takes the key over, in the same transaction.

use std::sync::Arc;

use ligato_kvs_api::{OpKind, Origin, Reason};
use ligato_model::Key;

use crate::{
    core::Core,
    node::{Applied, Content, Node, NodeId, Problem, ProblemKind},
};

impl Core {
    /// A value derives a key that somebody else has.
    pub(crate) fn note_dispute(&mut self, claimant: NodeId, contested: &Key) {
        let claimant = self.graph.key(claimant).clone();
        self.disputes.insert((claimant, contested.clone()));
    }

    /// The problem of a value that derives a key which somebody else has.
    pub(crate) fn refuse_claim(&mut self, claimant: NodeId, contested: &Key) {
        self.note_dispute(claimant, contested);
        self.remember(claimant);
        let kind = ProblemKind::Invalid { fields: Vec::new() };
        let problem = Problem { kind, error: collision(contested).into(), retry: None };
        self.graph.edit(claimant).problem = Some(Arc::new(problem));
    }

    /// May the value derive this one? Not in the place of what is there independently, unless that is
    /// about to go.
    pub(crate) fn may_derive(&self, parent: NodeId, child: NodeId) -> bool {
        let node = self.graph.node(child);
        child != parent
            && (node.parent == Some(parent) || node.is_empty() || self.is_leaving(child, node))
    }

    /// Is it going to be removed by this transaction, which has found that nobody wants it?
    fn is_leaving(&self, id: NodeId, node: &Node) -> bool {
        let Some(active) = &self.active else { return false };
        let trace = self.traces.get(id);
        let spared = node.marks.discovered && active.spare_unwanted;
        trace.epoch == self.epoch
            && trace.is_journaled()
            && node.desired.is_none()
            && node.origin == Origin::Nb
            && !spared
            && !active.held.contains(&id)
    }

    /// Makes a value the child of another that claims it. What is there of it goes before it comes
    /// back, so that it lives and dies with what it is derived from.
    pub(crate) fn take_over(&mut self, parent: NodeId, child: NodeId) {
        let node = self.graph.node(child);
        let old = node.parent;
        if old == Some(parent) {
            return;
        }
        let is_there = !matches!(node.applied, Applied::Absent);
        if let Some(old) = old {
            self.remember(old);
            self.disown_child(old, child);
        }
        if let Some(active) = self.active.as_mut().filter(|_| is_there) {
            active.moved.insert(child, old);
        }
    }

    /// Takes a value out of those derived from another.
    pub(crate) fn disown_child(&mut self, parent: NodeId, child: NodeId) {
        let children = &self.graph.node(parent).children;
        if children.contains(&child) {
            let others: Vec<NodeId> = children.iter().copied().filter(|c| *c != child).collect();
            self.graph.set_children(parent, others);
        }
    }

    /// Could a claim be met now that was not so far?
    pub(crate) fn can_settle(&self) -> bool {
        self.disputes.iter().any(|(claimant, contested)| self.met(claimant, contested).is_some())
    }

    /// Meets the claims that nothing stands against any more.
    pub(crate) fn settle_disputes(&mut self) {
        // Whoever takes a key over may let go of another.
        for _ in 0..self.disputes.len() {
            let mut all = self.disputes.iter();
            let Some((id, contested)) = all.find_map(|(c, k)| Some((self.met(c, k)?, k.clone())))
            else {
                return;
            };
            if self.graph.node(id).desired.is_some() {
                self.claim(id, contested);
            } else {
                self.obtain_property(id, &contested);
            }
        }
    }

    /// The claimant, if it waits for the key and may have it.
    fn met(&self, claimant: &Key, contested: &Key) -> Option<NodeId> {
        let id = self.graph.find(claimant).filter(|id| self.still_claims(*id, contested))?;
        let Some(child) = self.graph.find(contested) else { return Some(id) };
        let node = self.graph.node(child);
        let wanted = self.graph.node(id).desired.is_some();
        let may = if wanted { self.may_derive(id, child) } else { node.is_empty() };
        may.then_some(id)
    }

    fn still_claims(&self, id: NodeId, contested: &Key) -> bool {
        let node = self.graph.node(id);
        if node.desired.is_some() {
            let refused = |p: &Arc<Problem>| *p.error == *collision(contested);
            return node.is_invalid() && node.problem.as_ref().is_some_and(refused);
        }
        // Of what others made only the properties can be known to be there.
        node.available()
            && self.catalog.owner(contested).is_none()
            && !node.children.iter().any(|child| *self.graph.key(*child) == *contested)
    }

    fn claim(&mut self, id: NodeId, contested: Key) {
        self.remember(id);
        self.graph.edit(id).problem = None;
        let mut depth = 0;
        let mut above = self.graph.node(id).parent;
        while let Some(parent) = above {
            depth += 1;
            above = self.graph.node(parent).parent;
        }
        self.describe(id, depth);
        self.compare(id);
        if let Some(active) = &mut self.active {
            active.seed(id, Reason::Unblocked { by: contested });
        }
    }

    /// A property of a value that others made is there with it.
    fn obtain_property(&mut self, id: NodeId, contested: &Key) {
        let node = self.graph.node(id);
        let (key, origin) = (node.key.clone(), node.origin);
        let value = node.content().map(|content| content.value.clone());
        let Some((value, (_, descriptor))) = value.zip(self.descriptor_of(id)) else { return };
        let derived = self.ask(id, || descriptor.derive(&key, &value)).unwrap_or_default();
        let Some((_, value)) = derived.into_iter().find(|(key, _)| key == contested) else {
            self.disputes.remove(&(key, contested.clone()));
            return;
        };
        let catalog = Arc::clone(&self.catalog);
        let child = self.graph.intern(contested, &catalog);
        self.remember(child);
        if let Some(old) = self.graph.node(child).parent {
            self.disown_child(old, child);
        }
        let node = self.graph.edit(child);
        node.parent = Some(id);
        node.origin = origin;
        let content = Content { value, metadata: None };
        self.graph.set_applied(child, Applied::Known(content));
        let mut all = self.graph.node(id).children.to_vec();
        all.push(child);
        all.sort_by(|a, b| self.graph.key(*a).cmp(self.graph.key(*b)));
        self.graph.set_children(id, all);
        if origin == Origin::Sb {
            self.record_obtained(child, OpKind::Create);
        }
    }

    /// Forgets claims that nobody makes any more.
    pub(crate) fn forget_disputes(&mut self) {
        if !self.disputes.is_empty() {
            let mut all = std::mem::take(&mut self.disputes);
            all.retain(|(claimant, contested)| {
                self.graph.find(claimant).is_some_and(|id| self.still_claims(id, contested))
            });
            self.disputes = all;
        }
    }
}

fn collision(contested: &Key) -> String {
    format!("derived value {contested} is already there independently")
}
