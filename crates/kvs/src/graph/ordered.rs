//! All nodes in the order of their keys, put in order when order is asked for.
//!
//! Most transactions never ask. What comes and goes is only noted then: many at once are put in
//! order faster than one by one, and a single change touches nothing that is large.

use ligato_model::Key;
use rustc_hash::FxHashMap;

use crate::node::NodeId;

/// So many nodes may wait between two transactions.
const BACKLOG: usize = 512;
/// Nodes of a part when it is made; one of twice as many is split.
const PART: usize = 256;

/// Nodes in order, and those to be put in or taken out. Keys are kept by the nodes alone.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    /// In parts, so that there is little to be moved for one more. None is empty.
    parts: Vec<Vec<NodeId>>,
    came: Vec<NodeId>,
    /// Nodes that may be in the parts under the key they had; the id may be in use again.
    gone: FxHashMap<NodeId, Key>,
}

/// The present key of a node, if there is one of that id.
pub(super) trait KeyOf<'k>: Fn(NodeId) -> Option<&'k Key> {}

impl<'k, F: Fn(NodeId) -> Option<&'k Key>> KeyOf<'k> for F {}

impl Ordered {
    pub(super) fn comes(&mut self, id: NodeId) {
        self.came.push(id);
    }

    /// Makes room for so many more that come.
    pub(super) fn reserve(&mut self, more: usize) {
        self.came.reserve(more);
    }

    pub(super) fn goes(&mut self, id: NodeId, key: &Key) {
        // Gone more than once, it is in order under its first key, if at all.
        self.gone.entry(id).or_insert_with(|| key.clone());
    }

    /// Is it time to put nodes in order although nobody asks?
    pub(super) fn is_behind(&self) -> bool {
        self.came.len() + self.gone.len() > BACKLOG
    }

    pub(super) fn is_settled(&self) -> bool {
        self.came.is_empty() && self.gone.is_empty()
    }

    /// Puts all in order.
    pub(super) fn settle<'k>(&mut self, key_of: impl KeyOf<'k>) {
        self.take_out(&key_of);
        let mut came = std::mem::take(&mut self.came);
        // Of those that came, went and came again there is one.
        came.sort_unstable();
        came.dedup();
        let text = |id: NodeId| key_of(id).map(Key::as_str);
        let came = sorted(came, &text);
        if came.len() > self.len() / 8 {
            self.merge(&came, &key_of);
        } else {
            for id in came {
                self.insert(text(id).unwrap_or_default(), id, &key_of);
            }
        }
    }

    /// As of the last [`settle`](Self::settle).
    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.parts.iter().flatten().copied()
    }

    /// Nodes whose keys are this text or come after it, as of the last [`settle`](Self::settle).
    pub(super) fn from<'k>(
        &self,
        text: &str,
        key_of: impl KeyOf<'k>,
    ) -> impl Iterator<Item = NodeId> {
        let (part, at) = self.place(text, &|id| key_of(id).map_or("", Key::as_str));
        let (first, rest) = match self.parts.get(part..).and_then(<[_]>::split_first) {
            Some((first, rest)) => (first.get(at..).unwrap_or_default(), rest),
            None => Default::default(),
        };
        first.iter().chain(rest.iter().flatten()).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(Vec::len).sum()
    }

    fn take_out<'k>(&mut self, key_of: &impl KeyOf<'k>) {
        let gone = std::mem::take(&mut self.gone);
        if gone.len() > self.len() / 8 {
            self.parts.iter_mut().for_each(|part| part.retain(|id| !gone.contains_key(id)));
            return self.parts.retain(|part| !part.is_empty());
        }
        let then = |id: NodeId| gone.get(&id).or_else(|| key_of(id)).map_or("", Key::as_str);
        let mut places = Vec::with_capacity(gone.len());
        for (id, key) in &gone {
            let (part, at) = self.place(key, &then);
            if self.parts.get(part).and_then(|part| part.get(at)) == Some(id) {
                places.push((part, at));
            }
        }
        // From behind, so that the others stay where they were found.
        places.sort_unstable();
        for (part, at) in places.into_iter().rev() {
            self.parts[part].remove(at);
            if self.parts[part].is_empty() {
                self.parts.remove(part);
            }
        }
    }

    fn insert<'k>(&mut self, key: &str, id: NodeId, key_of: &impl KeyOf<'k>) {
        let (part, at) = self.place(key, &|id| key_of(id).map_or("", Key::as_str));
        let Some(nodes) = self.parts.get_mut(part) else { return self.parts.push(vec![id]) };
        nodes.insert(at, id);
        if nodes.len() > 2 * PART {
            let behind = nodes.split_off(PART);
            self.parts.insert(part + 1, behind);
        }
    }

    /// The part and the place in it of a key, be it there or not. Behind all is the end of the last part.
    fn place<'k>(&self, key: &str, key_of: &impl Fn(NodeId) -> &'k str) -> (usize, usize) {
        let begins_after = |part: &Vec<NodeId>| part.first().is_some_and(|id| key_of(*id) <= key);
        let part = self.parts.partition_point(begins_after).saturating_sub(1);
        let nodes = self.parts.get(part).map_or(&[][..], Vec::as_slice);
        (part, nodes.partition_point(|id| key_of(*id) < key))
    }

    /// Puts many in, in order themselves.
    fn merge<'k>(&mut self, mut came: &[NodeId], key_of: &impl KeyOf<'k>) {
        let is_before = |id: NodeId, key: &Key| key_of(id).is_some_and(|k| **k < **key);
        let old: Vec<NodeId> = std::mem::take(&mut self.parts).into_iter().flatten().collect();
        let mut old = old.as_slice();
        let mut all = Vec::with_capacity(old.len() + came.len());
        while let (Some(key), false) = (came.first().and_then(|id| key_of(*id)), old.is_empty()) {
            let (before, rest) = old.split_at(run(old, |id| is_before(*id, key)));
            all.extend_from_slice(before);
            old = rest;
            let Some(next) = old.first().and_then(|id| key_of(*id)) else { break };
            let (before, rest) = came.split_at(run(came, |id| is_before(*id, next)));
            all.extend_from_slice(before);
            came = rest;
        }
        all.extend_from_slice(old);
        all.extend_from_slice(came);
        self.parts = all.chunks(PART).map(<[_]>::to_vec).collect();
    }
}

/// Those of the nodes that have a text, in the order of the texts.
///
/// What all texts begin with is skipped, and the next bytes of each are kept as a number beside the
/// node: most comparisons need no look at the texts, which lie anywhere in memory.
fn sorted<'k>(mut ids: Vec<NodeId>, text: &impl Fn(NodeId) -> Option<&'k str>) -> Vec<NodeId> {
    ids.retain(|id| text(*id).is_some());
    let bytes = |id: NodeId| text(id).unwrap_or_default().as_bytes();
    let first = ids.first().map_or(&[][..], |id| bytes(*id));
    let shared = ids.iter().fold(first.len(), |shared, id| {
        first.iter().zip(bytes(*id)).take(shared).take_while(|(a, b)| a == b).count()
    });
    let rest = |id: NodeId| bytes(id).get(shared..).unwrap_or_default();
    let head = |id: NodeId| {
        let rest = rest(id);
        let mut head = [0; size_of::<u64>()];
        let known = rest.len().min(head.len());
        head[..known].copy_from_slice(&rest[..known]);
        u64::from_be_bytes(head)
    };
    let mut all: Vec<(u64, NodeId)> = ids.iter().map(|id| (head(*id), *id)).collect();
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| rest(a.1).cmp(rest(b.1))));
    ids.clear();
    ids.extend(all.into_iter().map(|(_, id)| id));
    ids
}

/// How many at the front are like this, where no other is; few are looked at.
fn run<T>(list: &[T], is_like: impl Fn(&T) -> bool) -> usize {
    let mut reach = 1;
    while list.get(reach - 1).is_some_and(&is_like) {
        reach *= 2;
    }
    let known = reach / 2;
    let open = list.get(known..reach.min(list.len())).unwrap_or_default();
    known + open.partition_point(is_like)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn key(text: &str) -> Key {
        text.into()
    }

    #[test]
    fn nodes_that_came_went_and_came_again_are_there_once() {
        let mut now = BTreeMap::from([(1, key("b")), (2, key("a")), (3, key("c"))]);
        let mut ordered = Ordered::default();
        [1, 2, 3].into_iter().for_each(|id| ordered.comes(id));
        ordered.settle(|id| now.get(&id));
        ordered.goes(1, &key("b"));
        now.insert(1, key("d"));
        ordered.comes(1);
        ordered.goes(1, &key("d"));
        now.insert(1, key("b"));
        ordered.comes(1);
        ordered.goes(3, &key("c"));
        now.remove(&3);
        assert!(!ordered.is_settled());
        ordered.settle(|id| now.get(&id));
        assert!(ordered.ids().eq([2, 1]));
        assert!(ordered.from("b", |id| now.get(&id)).eq([1]));
    }

    #[test]
    fn few_or_many_at_once_come_to_the_same() {
        let all: BTreeMap<NodeId, Key> =
            (0..5000).map(|id| (id, key(&format!("{:04}", id * 7919 % 5000)))).collect();
        let in_order = |of: &dyn Fn(NodeId) -> bool| {
            let mut ids: Vec<NodeId> = all.keys().copied().filter(|id| of(*id)).collect();
            ids.sort_by_key(|id| &all[id]);
            ids
        };
        let mut ordered = Ordered::default();
        for many in [0..10, 10..2000, 2000..2050, 2050..5000] {
            let end = many.end;
            many.for_each(|id| ordered.comes(id));
            ordered.settle(|id| all.get(&id));
            assert!(ordered.ids().eq(in_order(&|id| id < end)), "{end}");
        }
        for (from, step) in [(0, 100), (1, 3)] {
            let is_left = |id: NodeId| id % step != from && !id.is_multiple_of(100);
            (0..5000).filter(|id| !is_left(*id)).for_each(|id| ordered.goes(id, &all[&id]));
            ordered.settle(|id| all.get(&id).filter(|_| is_left(id)));
            assert!(ordered.ids().eq(in_order(&is_left)), "{step}");
            assert_eq!(ordered.len(), in_order(&is_left).len());
        }
    }
}
