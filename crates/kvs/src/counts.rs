//! How many values are in each state: counted as states are published, so that nobody walks over all
//! values to tell.

use ligato_kvs_api::{OpKind, ValueState};

use crate::{
    node::{Node, NodeId, Shared},
    tree::Tree,
};

/// Values by state, derived ones included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts([usize; ValueState::ALL.len()]);

/// What is to be counted of one publication.
#[derive(Debug)]
pub(crate) struct Recount {
    counts: Counts,
    /// Changed values that are derived, or that others are derived from.
    related: Vec<NodeId>,
}

// === impl Counts ===

impl Counts {
    /// The states that any value is in, sorted, with their numbers.
    pub(crate) fn to_vec(self) -> Vec<(ValueState, usize)> {
        ValueState::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0).collect()
    }

    /// Counts all values of a published graph.
    pub(crate) fn of(nodes: &Tree<Shared>) -> Self {
        let mut counts = Self::default();
        for node in nodes.iter().filter(|node| is_visible(nodes, node)) {
            counts.add(node);
        }
        counts
    }

    fn at(&mut self, node: &Node) -> Option<&mut usize> {
        self.0.get_mut(node.state() as usize)
    }

    fn add(&mut self, node: &Node) {
        if let Some(count) = self.at(node) {
            *count += 1;
        }
    }

    fn remove(&mut self, node: &Node) {
        if let Some(count) = self.at(node) {
            *count = count.saturating_sub(1);
        }
    }
}

// === impl Recount ===

impl Recount {
    /// From what was counted so far.
    pub(crate) fn new(counts: Counts) -> Self {
        Self { counts, related: Vec::new() }
    }

    /// One node takes the place of another.
    pub(crate) fn replace(&mut self, id: NodeId, old: Option<&Shared>, new: Option<&Shared>) {
        let is_related = |node: &&Shared| node.parent.is_some() || !node.children.is_empty();
        if old.filter(is_related).or(new.filter(is_related)).is_some() {
            return self.related.push(id);
        }
        old.filter(|node| !node.is_empty()).into_iter().for_each(|node| self.counts.remove(node));
        new.filter(|node| !node.is_empty()).into_iter().for_each(|node| self.counts.add(node));
    }

    /// Whether a derived value is to be seen depends on what it is derived from: those below a changed
    /// one are counted again.
    pub(crate) fn finish(mut self, before: &Tree<Shared>, after: &Tree<Shared>) -> Counts {
        let mut all = std::mem::take(&mut self.related);
        let mut at = 0;
        while let Some(id) = all.get(at).copied() {
            let nodes = [before.get(id), after.get(id)];
            all.extend(nodes.into_iter().flatten().flat_map(|node| node.children.iter().copied()));
            at += 1;
        }
        all.sort_unstable();
        all.dedup();
        for id in all {
            if let Some(node) = before.get(id).filter(|node| is_visible(before, node)) {
                self.counts.remove(node);
            }
            if let Some(node) = after.get(id).filter(|node| is_visible(after, node)) {
                self.counts.add(node);
            }
        }
        self.counts
    }
}

/// Derived values are there only while what they are derived from is.
pub(crate) fn is_visible(nodes: &Tree<Shared>, node: &Node) -> bool {
    if node.is_empty() {
        return false;
    }
    let Some(parent) = node.parent else { return true };
    // What is refused, and went with its base, is not seen before that is back.
    let is_gone = node.is_refused() && node.last_op == OpKind::Delete;
    node.available()
        || (node.problem.is_some() && !is_gone)
        || nodes.get(parent).is_some_and(|p| p.shows_children() && is_visible(nodes, p))
}
