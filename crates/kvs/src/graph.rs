//! All values and what connects them.
//!
//! Keys are interned: a key that anybody depends on has a node, be it an empty one. An edge is kept
//! at both ends, so that it is added and removed in constant time. The number of unmet needs of
//! every node is always up to date: when the availability of a value flips, exactly its dependants
//! are counted up or down, and those whose readiness changed are remembered as *disturbed*.

mod audit;
mod edges;
mod groups;
mod inner;
mod ordered;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use hashbrown::HashTable;
use ligato_model::Key;
use rustc_hash::FxHashSet;
use thin_vec::ThinVec;

use crate::{
    catalog::Catalog,
    counts::Recount,
    graph::{edges::Spots, groups::Groups, ordered::Ordered},
    keyindex::hash_of,
    list::List,
    node::{Applied, DescriptorId, Node, NodeId, Role, Shared},
    snapshot::Published,
};

/// The graph, as its owner holds it.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    slots: Vec<Slot>,
    free: Vec<NodeId>,
    by_key: HashTable<NodeId>,
    ordered: Ordered,
    groups: Groups,
    /// Base nodes by descriptor.
    owned: Vec<Vec<NodeId>>,
    /// Nodes changed since the last publication.
    dirty: Vec<NodeId>,
    /// Nodes whose readiness changed since this was last taken, and by whom.
    disturbed: Vec<(NodeId, NodeId)>,
    /// Nodes that lost an edge to them since the last sweep.
    loosened: Vec<NodeId>,
    roles: FxHashSet<Arc<Role>>,
    used: usize,
}

/// What the owner keeps of a node at hand. What others ask of it most, its key and whether it is there,
/// is kept here once more: the node itself lies somewhere else in memory.
#[derive(Debug, Default)]
struct Slot {
    node: Option<Shared>,
    /// The key of the node.
    key: Key,
    /// Hash of the key.
    hash: u32,
    links: Links,
}

/// What the owner keeps beside a node.
#[derive(Debug, Default)]
struct Links {
    /// Needs of others that point at this node.
    dependants: Edges,
    /// For each need of this node: where its edge is in the target's list.
    spots: Spots,
    /// Needs that are not satisfied now.
    unmet: u32,
    /// Place in the list of its descriptor.
    owned_at: u32,
    /// Can it satisfy a group?
    grouped: bool,
    /// Does the node count as existing?
    available: bool,
    dirty: bool,
    published: bool,
    /// If published, the hash under which it was last.
    published_as: u32,
}

/// One need of one node, seen from its target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge {
    pub(crate) from: NodeId,
    /// Place of the need among those of the node, and in the lowest bits its kind.
    need_and_kind: u32,
}

/// Edges to one node. Most have none: a pointer says so.
type Edges = ThinVec<Edge>;

const NOWHERE: u32 = u32::MAX;
/// Room for so many changed nodes is kept from one transaction to the next.
const KEPT: usize = 4096;
/// Roles beyond this number are not shared: their labels are probably made from keys.
const ROLES: usize = 4096;

// === impl Graph: nodes ===

impl Graph {
    /// The node; ids come from this graph and stay valid until [`sweep`](Self::sweep).
    pub(crate) fn node(&self, id: NodeId) -> &Shared {
        static GONE: std::sync::LazyLock<Shared> =
            std::sync::LazyLock::new(|| Shared::new(Node::placeholder(Key::default(), None)));
        self.slots.get(id as usize).and_then(|s| s.node.as_ref()).unwrap_or(&GONE)
    }

    /// The key of a node.
    pub(crate) fn key(&self, id: NodeId) -> &Key {
        self.slots.get(id as usize).map_or_else(|| &self.node(id).key, |slot| &slot.key)
    }

    /// Does the node count as existing when dependencies are looked at?
    pub(crate) fn is_available(&self, id: NodeId) -> bool {
        self.slots.get(id as usize).is_some_and(|slot| slot.links.available)
    }

    /// Number of node ids in use or used before: ids are smaller.
    pub(crate) fn bound(&self) -> usize {
        self.slots.len()
    }

    /// Number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    pub(crate) fn find(&self, key: &str) -> Option<NodeId> {
        let hash = hash_of(key);
        self.by_key.find(spread(hash), |id| self.is_called(*id, hash, key)).copied()
    }

    /// As [`find`](Self::find), for the first few of the keys: one is looked for right after the other,
    /// so that the processor waits for the memory of all of them at once.
    pub(crate) fn find_few<'k, const N: usize>(
        &self,
        keys: impl Iterator<Item = Option<&'k Key>>,
    ) -> [Option<NodeId>; N] {
        let mut wanted = [None; N];
        for (place, key) in wanted.iter_mut().zip(keys) {
            *place = key.map(|key| (hash_of(key), key));
        }
        wanted.map(|wanted| {
            let (hash, key) = wanted?;
            self.by_key.find(spread(hash), |id| self.is_called(*id, hash, key)).copied()
        })
    }

    fn is_called(&self, id: NodeId, hash: u32, key: &str) -> bool {
        self.slots.get(id as usize).is_some_and(|s| s.hash == hash && s.key == *key)
    }

    fn hash(&self, id: NodeId) -> u32 {
        self.slots.get(id as usize).map_or(0, |s| s.hash)
    }

    /// Makes room for so many more nodes.
    pub(crate) fn reserve(&mut self, more: usize) {
        let slots = &self.slots;
        self.by_key.reserve(more, |id| spread(slots.get(*id as usize).map_or(0, |s| s.hash)));
        self.slots.reserve(more.saturating_sub(self.free.len()));
        self.dirty.reserve(more);
        self.ordered.reserve(more);
    }

    /// The node of a key, made if there is none.
    pub(crate) fn intern(&mut self, key: &Key, catalog: &Catalog) -> NodeId {
        let hash = hash_of(key);
        if let Some(id) = self.by_key.find(spread(hash), |id| self.is_called(*id, hash, key)) {
            return *id;
        }
        let descriptor = catalog.owner(key);
        let node = Some(Shared::new(Node::placeholder(key.clone(), descriptor)));
        let slot = Slot { node, key: key.clone(), hash, links: Links::default() };
        let id = match self.free.pop() {
            Some(id) => {
                if let Some(place) = self.slots.get_mut(id as usize) {
                    let Links { dirty, published, published_as, .. } = place.links;
                    *place = slot;
                    place.links = Links { dirty, published, published_as, ..Links::default() };
                }
                id
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as NodeId
            }
        };
        self.used += 1;
        let slots = &self.slots;
        let hasher = |id: &NodeId| spread(slots.get(*id as usize).map_or(0, |s| s.hash));
        self.by_key.insert_unique(spread(hash), id, hasher);
        self.ordered.comes(id);
        let grouped = self.groups.enlist(key, id);
        let links = self.links(id);
        links.grouped = grouped;
        links.owned_at = NOWHERE;
        self.own(id, descriptor);
        self.mark_dirty(id);
        id
    }

    /// The node, to be changed. Everything that affects availability or edges has a method of its
    /// own.
    pub(crate) fn edit(&mut self, id: NodeId) -> &mut Node {
        self.mark_dirty(id);
        // Ids come from this graph, so there is a node.
        let blank = || Shared::new(Node::placeholder(Key::default(), None));
        Shared::make_mut(self.slots[id as usize].node.get_or_insert_with(blank))
    }

    /// Puts a node back to what it was, edges included.
    pub(crate) fn restore(&mut self, id: NodeId, before: &Shared) {
        self.set_needs_resolved(id, before.needs.clone());
        let available = self.is_available(id);
        self.mark_dirty(id);
        if let Some(slot) = self.slots.get_mut(id as usize) {
            slot.node = Some(before.clone());
        }
        if available != before.available() {
            self.flip(id, before.available());
        }
        self.look_inward(id);
    }

    /// Changes what is in the southbound, and counts for the dependants.
    pub(crate) fn set_applied(&mut self, id: NodeId, applied: Applied) {
        let node = self.edit(id);
        node.applied = applied;
        let available = node.available();
        if available != self.is_available(id) {
            self.flip(id, available);
        }
    }

    /// Changes what is derived from a node.
    pub(crate) fn set_children(&mut self, id: NodeId, children: Vec<NodeId>) {
        self.edit(id).children = children.into();
        self.look_inward(id);
    }

    /// Changes the owner of a node when descriptors come and go.
    pub(crate) fn set_descriptor(&mut self, id: NodeId, descriptor: Option<DescriptorId>) {
        self.disown(id);
        self.edit(id).descriptor = descriptor;
        self.own(id, descriptor);
    }

    /// Ids of the nodes of a descriptor, in no order.
    pub(crate) fn owned_by(&self, descriptor: DescriptorId) -> &[NodeId] {
        self.owned.get(usize::from(descriptor)).map_or(&[], Vec::as_slice)
    }

    /// Puts new keys in order. To be called before order is asked for.
    pub(crate) fn settle(&mut self) {
        if !self.ordered.is_settled() {
            let mut ordered = std::mem::take(&mut self.ordered);
            ordered.settle(|id| self.key_of(id));
            self.ordered = ordered;
        }
    }

    /// The same nodes in key order, each once.
    pub(crate) fn put_in_order(&self, mut ids: Vec<NodeId>) -> Vec<NodeId> {
        if ids.len() > self.used / 8 && self.ordered.is_settled() {
            // Many of them: to walk over all is quicker than to compare keys.
            let mut among = vec![false; self.bound()];
            for id in ids.drain(..) {
                if let Some(place) = among.get_mut(id as usize) {
                    *place = true;
                }
            }
            ids.extend(self.in_order().filter(|id| among.get(*id as usize) == Some(&true)));
        } else {
            ids.sort_by(|a, b| self.key(*a).cmp(self.key(*b)));
            ids.dedup();
        }
        ids
    }

    /// All nodes in key order, placeholders included.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.ordered.ids()
    }

    /// Nodes whose keys start with a prefix, in key order.
    pub(crate) fn with_prefix<'g>(&'g self, prefix: &'g str) -> impl Iterator<Item = NodeId> + 'g {
        self.ordered
            .from(prefix, |id| self.key_of(id))
            .take_while(move |id| self.key(*id).starts_with(prefix))
    }

    fn key_of(&self, id: NodeId) -> Option<&Key> {
        let slot = self.slots.get(id as usize)?;
        slot.node.is_some().then_some(&slot.key)
    }

    fn links(&mut self, id: NodeId) -> &mut Links {
        if id as usize >= self.slots.len() {
            self.slots.resize_with(id as usize + 1, Slot::default);
        }
        &mut self.slots[id as usize].links
    }

    fn own(&mut self, id: NodeId, descriptor: Option<DescriptorId>) {
        let Some(descriptor) = descriptor.map(usize::from) else { return };
        if self.owned.len() <= descriptor {
            self.owned.resize_with(descriptor + 1, Vec::new);
        }
        if let Some(list) = self.owned.get_mut(descriptor) {
            list.push(id);
            let at = (list.len() - 1) as u32;
            self.links(id).owned_at = at;
        }
    }

    fn disown(&mut self, id: NodeId) {
        let at = std::mem::replace(&mut self.links(id).owned_at, NOWHERE);
        let Some(descriptor) = self.node(id).descriptor else { return };
        let Some(list) = self.owned.get_mut(usize::from(descriptor)) else { return };
        if (at as usize) < list.len() {
            list.swap_remove(at as usize);
            if let Some(moved) = list.get(at as usize).copied() {
                self.links(moved).owned_at = at;
            }
        }
    }

    fn mark_dirty(&mut self, id: NodeId) {
        let links = self.links(id);
        if !links.dirty {
            links.dirty = true;
            self.dirty.push(id);
        }
    }
}

// === impl Graph: end of a transaction ===

impl Graph {
    /// Forgets those of the nodes that hold nothing and that nobody points at. What transactions that
    /// stepped aside know, as `known` says, stays; gives what would have gone else.
    pub(crate) fn sweep(
        &mut self,
        candidates: impl IntoIterator<Item = NodeId>,
        known: Option<&dyn Fn(NodeId) -> bool>,
    ) -> Vec<NodeId> {
        let mut open: Vec<NodeId> = candidates.into_iter().collect();
        open.append(&mut self.loosened);
        if self.ordered.is_behind() {
            self.settle();
        }
        let mut parents: Vec<NodeId> = Vec::new();
        let mut emptied = Vec::new();
        while let Some(id) = open.pop() {
            let node = self.node(id).clone();
            if !node.is_empty() || self.slots.get(id as usize).is_none_or(|s| s.node.is_none()) {
                continue;
            }
            if let Some(parent) = node.parent {
                parents.push(parent);
                self.edit(id).parent = None;
            }
            open.extend_from_slice(&node.children);
            self.set_needs_resolved(id, List::default());
            open.append(&mut self.loosened);
            if !node.children.is_empty() {
                self.edit(id).children = List::default();
            }
            emptied.push(id);
        }
        parents.sort_unstable();
        parents.dedup();
        for parent in parents {
            let children = &self.node(parent).children;
            let kept: List<NodeId> =
                children.iter().copied().filter(|c| self.node(*c).parent == Some(parent)).collect();
            if kept.len() != children.len() {
                self.edit(parent).children = kept;
            }
        }
        let mut kept = Vec::new();
        for id in emptied {
            if known.is_some_and(|known| known(id)) {
                kept.push(id);
            } else if self.dependants(id).is_empty() {
                self.forget(id);
            }
        }
        // What is remembered of a transaction that stepped aside may name groups.
        if known.is_none() {
            self.forget_groups();
        }
        kept
    }

    /// Nodes that lost an edge to them since the last sweep; they are not looked at by the next one.
    pub(crate) fn take_loosened(&mut self) -> Vec<NodeId> {
        std::mem::take(&mut self.loosened)
    }

    /// The next sweep looks at these nodes, too.
    pub(crate) fn loosen(&mut self, mut nodes: Vec<NodeId>) {
        if self.loosened.is_empty() {
            self.loosened = nodes;
        } else {
            self.loosened.append(&mut nodes);
        }
    }

    fn forget(&mut self, id: NodeId) {
        let Some(node) = self.slots.get(id as usize).and_then(|s| s.node.clone()) else { return };
        self.disown(id);
        self.mark_dirty(id);
        let hash = spread(self.hash(id));
        if let Ok(entry) = self.by_key.find_entry(hash, |other| *other == id) {
            entry.remove();
        }
        self.ordered.goes(id, &node.key);
        self.groups.strike(&node.key, id);
        if let Some(slot) = self.slots.get_mut(id as usize) {
            slot.node = None;
            slot.key = Key::default();
            slot.links.unmet = 0;
            slot.links.grouped = false;
            slot.links.available = false;
        }
        self.used -= 1;
        self.free.push(id);
    }

    /// Nodes changed since the last publication.
    pub(crate) fn dirty_nodes(&self) -> &[NodeId] {
        &self.dirty
    }

    /// Brings a published state up to date with the graph.
    pub(crate) fn publish(&mut self, into: &mut Published) {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.sort_unstable();
        let is_new =
            |id: &&NodeId| self.slots.get(**id as usize).is_some_and(|slot| !slot.links.published);
        let mut came = Vec::with_capacity(dirty.iter().filter(is_new).count());
        for id in &dirty {
            let Some(slot) = self.slots.get_mut(*id as usize) else { continue };
            slot.links.dirty = false;
            // An id that is used again for a key of the same hash is found as before.
            let hash = slot.node.as_ref().map(|_| slot.hash);
            let was = slot.links.published.then_some(slot.links.published_as);
            slot.links.published = hash.is_some();
            slot.links.published_as = hash.unwrap_or_default();
            if was != hash {
                if let Some(was) = was {
                    into.keys.remove((was, *id));
                }
                came.extend(hash.map(|hash| (hash, *id)));
            }
        }
        into.keys.insert_all(came);
        let slots = &self.slots;
        let before = into.nodes.clone();
        let mut recount = Recount::new(into.counts);
        into.nodes.replace_all(&dirty, |id, old| {
            let new = slots.get(id as usize).and_then(|s| s.node.clone());
            recount.replace(id, old, new.as_ref());
            new
        });
        into.counts = recount.finish(&before, &into.nodes);
        // One large transaction is no reason to keep room for the next.
        dirty.clear();
        dirty.shrink_to(KEPT);
        self.dirty = dirty;
        self.groups.publish(&mut into.groups);
    }
}

/// A hash whose bits all differ, for the table.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
