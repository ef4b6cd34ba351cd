//! Where a plan begins: the values to be looked at, and why.

use ligato_kvs_api::Reason;

use crate::node::NodeId;

/// Values that the planner should look at. Most have the reason of the one before them, which is kept
/// once: a transaction may name a million.
#[derive(Debug, Default)]
pub(crate) struct Seeds {
    nodes: Vec<NodeId>,
    /// Reasons, each with the first place it holds for; `None`: something else may be the reason.
    reasons: Vec<(u32, Option<Reason>)>,
}

impl Seeds {
    /// Adds a value; without a reason, if something else may be it.
    pub(crate) fn push(&mut self, node: NodeId, reason: Option<Reason>) {
        if self.reasons.last().is_none_or(|(_, last)| *last != reason) {
            self.reasons.push((self.nodes.len() as u32, reason));
        }
        self.nodes.push(node);
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.nodes.reserve(more);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The values in the order they were added, some more than once.
    pub(crate) fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// The values with their reasons.
    pub(super) fn iter(&self) -> impl Iterator<Item = (NodeId, Option<&Reason>)> {
        let ends = self.reasons.iter().skip(1).map(|(first, _)| *first as usize);
        let ends = ends.chain([self.nodes.len()]);
        self.reasons.iter().zip(ends).flat_map(|((first, reason), end)| {
            let nodes = self.nodes.get(*first as usize..end).unwrap_or_default();
            nodes.iter().map(|node| (*node, reason.as_ref()))
        })
    }
}

impl FromIterator<(NodeId, Option<Reason>)> for Seeds {
    fn from_iter<I: IntoIterator<Item = (NodeId, Option<Reason>)>>(seeds: I) -> Self {
        let mut all = Self::default();
        seeds.into_iter().for_each(|(node, reason)| all.push(node, reason));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_the_reason_it_was_added_with() {
        let by = |key: &str| Some(Reason::Derived { from: key.into() });
        let all = [
            (7, Some(Reason::Requested)),
            (3, Some(Reason::Requested)),
            (7, None),
            (4, by("a")),
            (5, by("a")),
            (6, by("b")),
        ];
        let seeds: Seeds = all.iter().cloned().collect();
        assert!(seeds.iter().map(|(node, reason)| (node, reason.cloned())).eq(all));
        assert_eq!((seeds.nodes().len(), seeds.reasons.len()), (6, 4));
        assert_eq!(Seeds::default().iter().count(), 0);
    }
}
