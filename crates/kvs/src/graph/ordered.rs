//! All keys in order, put in order when order is asked for.
//!
//! Most transactions never ask. Keys that come and go are only noted then: many at once are put in
//! order faster than one by one, and a single change touches no part of a large map.

use std::{collections::BTreeMap, ops::Bound};

use ligato_model::Key;

use crate::node::NodeId;

/// So many keys may wait between two transactions.
const BACKLOG: usize = 512;

/// Keys in order, and those to be put in or taken out.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    sorted: BTreeMap<Key, NodeId>,
    came: Vec<(Key, NodeId)>,
    gone: Vec<Key>,
}

impl Ordered {
    pub(super) fn comes(&mut self, key: Key, id: NodeId) {
        self.came.push((key, id));
    }

    pub(super) fn goes(&mut self, key: Key) {
        self.gone.push(key);
    }

    /// Is it time to put keys in order although nobody asks?
    pub(super) fn is_behind(&self) -> bool {
        self.came.len() + self.gone.len() > BACKLOG
    }

    pub(super) fn is_settled(&self) -> bool {
        self.came.is_empty() && self.gone.is_empty()
    }

    /// Puts all in order; `find` gives the present node of a key.
    pub(super) fn settle(&mut self, find: impl Fn(&str) -> Option<NodeId>) {
        let mut came = std::mem::take(&mut self.came);
        if !self.gone.is_empty() {
            // A key may have come, gone and come again.
            came.retain(|(key, id)| find(key) == Some(*id));
            for key in self.gone.drain(..) {
                if find(&key).is_none() {
                    self.sorted.remove(&key);
                }
            }
        }
        came.sort_by(|a, b| a.0.cmp(&b.0));
        if came.len() > self.sorted.len() / 4 {
            self.sorted.append(&mut came.into_iter().collect());
        } else {
            self.sorted.extend(came);
        }
    }

    /// As of the last [`settle`](Self::settle).
    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.sorted.values().copied()
    }

    /// Nodes whose keys start with a prefix, as of the last [`settle`](Self::settle).
    pub(super) fn with_prefix<'o>(&'o self, prefix: &'o str) -> impl Iterator<Item = NodeId> + 'o {
        self.sorted
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
            .map(|(_, id)| *id)
    }

    /// How many keys there are, and whether a key is that of a node; for audits, once settled.
    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    pub(super) fn get(&self, key: &str) -> Option<NodeId> {
        self.sorted.get(key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_came_went_and_came_again_are_there_once() {
        let mut now: BTreeMap<&str, NodeId> = BTreeMap::new();
        let mut ordered = Ordered::default();
        for (key, id) in [("b", 1), ("a", 2), ("c", 3)] {
            now.insert(key, id);
            ordered.comes(key.into(), id);
        }
        ordered.settle(|key| now.get(key).copied());
        ordered.goes("b".into());
        ordered.comes("b".into(), 4);
        ordered.goes("b".into());
        ordered.comes("b".into(), 1);
        ordered.goes("c".into());
        now.remove("c");
        assert!(!ordered.is_settled());
        ordered.settle(|key| now.get(key).copied());
        assert!(ordered.ids().eq([2, 1]));
        assert!(ordered.with_prefix("b").eq([1]));
    }
}
