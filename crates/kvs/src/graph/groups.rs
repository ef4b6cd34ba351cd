//! Any-of targets. All dependencies with the same prefixes and filter share one group, which counts
//! its available members; so a candidate that comes or goes costs the same whether one value waits
//! for it or a hundred thousand do.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use ligato_kvs_api::{KeyFilter, Target};
use ligato_model::Key;
use rustc_hash::FxHashMap;

use crate::{
    graph::{Edges, Graph},
    node::{GroupId, NodeId},
    snapshot::GroupView,
    tree::Tree,
};

/// All groups, and which of them a key belongs to.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    all: Vec<Option<Group>>,
    /// Ids to be used again.
    free: Vec<GroupId>,
    /// Groups that nobody waited for at some time, oldest first.
    resting: VecDeque<GroupId>,
    by_definition: FxHashMap<Definition, GroupId>,
    by_prefix: FxHashMap<Key, Vec<GroupId>>,
    /// Groups that a node can satisfy; most nodes can satisfy none.
    by_node: FxHashMap<NodeId, Box<[GroupId]>>,
    /// Distinct lengths of prefixes, and how many prefixes of groups have them.
    lengths: BTreeMap<usize, usize>,
    dirty: Vec<GroupId>,
    /// For ids that do not exist.
    nobody: Edges,
}

/// What makes two any-of targets the same: prefixes and name of the filter.
type Definition = (Arc<[Key]>, Option<Arc<str>>);

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) prefixes: Arc<[Key]>,
    pub(crate) filter: Option<KeyFilter>,
    /// Candidates that are available now.
    pub(crate) available: u32,
    /// All candidates in key order, be they there or not.
    members: BTreeMap<Key, NodeId>,
    pub(crate) dependants: Edges,
    /// It is among the resting ones.
    resting: bool,
    /// A value that waits for it may have offspring in it.
    pub(super) inward: bool,
    /// Those of whom all available members are offspring: for them there is none.
    starved: Vec<NodeId>,
}

/// Groups kept although nobody waits for them: one that comes and goes is not made anew each time.
const RESTING: usize = 16;

// === impl Groups ===

impl Groups {
    pub(crate) fn get(&self, id: GroupId) -> Option<&Group> {
        self.all.get(id as usize)?.as_ref()
    }

    /// The groups that anybody waits for, or did.
    pub(super) fn living(&self) -> impl Iterator<Item = (GroupId, &Group)> {
        (0..).zip(&self.all).filter_map(|(id, group)| Some((id, group.as_ref()?)))
    }

    /// Nobody waits for the group any more.
    pub(super) fn rest(&mut self, id: GroupId) {
        if let Some(Some(group)) = self.all.get_mut(id as usize)
            && !std::mem::replace(&mut group.resting, true)
        {
            self.resting.push_back(id);
        }
    }

    pub(super) fn is_resting(&self, id: GroupId) -> bool {
        self.resting.contains(&id)
    }

    /// A group that has rested for long, and still does.
    fn tired(&mut self) -> Option<GroupId> {
        while self.resting.len() > RESTING {
            let id = self.resting.pop_front()?;
            if let Some(Some(group)) = self.all.get_mut(id as usize) {
                group.resting = false;
                if group.dependants.is_empty() {
                    return Some(id);
                }
            }
        }
        None
    }

    pub(crate) fn dependants(&mut self, id: GroupId) -> &mut Edges {
        match self.all.get_mut(id as usize) {
            Some(Some(group)) => &mut group.dependants,
            _ => &mut self.nobody,
        }
    }

    /// Groups that a key belongs to.
    pub(crate) fn of_key(&self, key: &str) -> Vec<GroupId> {
        let mut found = Vec::new();
        for length in self.lengths.keys() {
            let groups = key.get(..*length).and_then(|prefix| self.by_prefix.get(prefix));
            for id in groups.into_iter().flatten() {
                if !found.contains(id) && self.get(*id).is_some_and(|g| g.accepts(key)) {
                    found.push(*id);
                }
            }
        }
        found
    }

    /// Groups that a node can satisfy.
    pub(super) fn of_node(&self, id: NodeId) -> &[GroupId] {
        self.by_node.get(&id).map_or(&[], |groups| groups)
    }

    /// Makes a new node a candidate of the groups its key belongs to; says whether there are any.
    pub(super) fn enlist(&mut self, key: &Key, id: NodeId) -> bool {
        let groups = self.of_key(key);
        for group in &groups {
            if let Some(Some(group)) = self.all.get_mut(*group as usize) {
                group.members.insert(key.clone(), id);
            }
        }
        let any = !groups.is_empty();
        if any {
            self.by_node.insert(id, groups.into());
        }
        any
    }

    /// A node that is forgotten is no candidate any more.
    pub(super) fn strike(&mut self, key: &Key, id: NodeId) {
        for group in self.by_node.remove(&id).into_iter().flatten() {
            if let Some(Some(group)) = self.all.get_mut(group as usize) {
                group.members.remove(key);
            }
        }
    }

    /// Counts a member that came or went; says whether the group became (un)satisfied by it.
    pub(crate) fn count(&mut self, id: GroupId, available: bool) -> bool {
        let Some(Some(group)) = self.all.get_mut(id as usize) else { return false };
        let before = group.available > 0;
        group.available =
            if available { group.available + 1 } else { group.available.saturating_sub(1) };
        let crossed = before != (group.available > 0);
        if crossed {
            self.dirty.push(id);
        }
        crossed
    }

    /// A value that waits for the group has offspring.
    pub(super) fn turn_inward(&mut self, id: GroupId) {
        if let Some(Some(group)) = self.all.get_mut(id as usize) {
            group.inward = true;
        }
    }

    /// Is there no member for this value, as all are its offspring?
    pub(super) fn starves(&self, id: GroupId, node: NodeId) -> bool {
        self.get(id).is_some_and(|group| group.starved.contains(&node))
    }

    /// Sets who is starved; gives who was.
    pub(super) fn set_starved(&mut self, id: GroupId, starved: Vec<NodeId>) -> Vec<NodeId> {
        let Some(Some(group)) = self.all.get_mut(id as usize) else { return Vec::new() };
        if group.starved != starved {
            self.dirty.push(id);
        }
        std::mem::replace(&mut group.starved, starved)
    }

    /// Takes a group out of the indexes.
    fn forget(&mut self, id: GroupId, starts: &[Key], group: &Group) {
        for prefix in starts {
            if let Some(ids) = self.by_prefix.get_mut(prefix) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    self.by_prefix.remove(prefix);
                }
            }
            if let Some(count) = self.lengths.get_mut(&prefix.len()) {
                *count -= 1;
                if *count == 0 {
                    self.lengths.remove(&prefix.len());
                }
            }
        }
        let name = group.filter.as_ref().map(|f| Arc::clone(&f.name));
        self.by_definition.remove(&(Arc::clone(&group.prefixes), name));
        self.free.push(id);
        self.dirty.push(id);
    }

    pub(crate) fn publish(&mut self, into: &mut Tree<Arc<GroupView>>) {
        for id in self.dirty.drain(..) {
            let group = self.all.get(id as usize).and_then(Option::as_ref);
            let view = group.map(|group| {
                Arc::new(GroupView {
                    prefixes: Arc::clone(&group.prefixes),
                    filter: group.filter.clone(),
                    satisfied: group.available > 0,
                    starved: group.starved.as_slice().into(),
                })
            });
            into.set_all(&[id], |_| view.clone());
        }
    }
}

impl Group {
    /// All candidates in key order, be they there or not.
    pub(super) fn candidates(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.members.values().copied()
    }

    pub(super) fn accepts(&self, key: &str) -> bool {
        (self.prefixes.is_empty() || self.prefixes.iter().any(|p| key.starts_with(&**p)))
            && self.filter.as_ref().is_none_or(|f| (f.accepts)(key))
    }
}

// === impl Graph ===

impl Graph {
    /// The group of an any-of target, made if there is none.
    pub(super) fn group(&mut self, prefixes: Vec<Key>, filter: Option<KeyFilter>) -> GroupId {
        let prefixes: Arc<[Key]> = prefixes.into();
        let definition = (Arc::clone(&prefixes), filter.as_ref().map(|f| Arc::clone(&f.name)));
        if let Some(id) = self.groups.by_definition.get(&definition) {
            return *id;
        }
        self.settle();
        let id = self.groups.free.pop().unwrap_or_else(|| {
            self.groups.all.push(None);
            (self.groups.all.len() - 1) as GroupId
        });
        let target = Target::AnyOf { prefixes: prefixes.to_vec(), filter: filter.clone() };
        let everywhere = [Key::from("")];
        let starts = if prefixes.is_empty() { &everywhere[..] } else { &prefixes[..] };
        let mut members: Vec<_> = starts
            .iter()
            .flat_map(|prefix| self.with_prefix(prefix))
            .filter(|member| target.accepts(&self.node(*member).key))
            .collect();
        members.sort_unstable();
        members.dedup();
        let available = members.iter().filter(|m| self.node(**m).available()).count() as u32;
        for member in &members {
            self.links(*member).grouped = true;
            let mut all = self.groups.of_node(*member).to_vec();
            all.push(id);
            self.groups.by_node.insert(*member, all.into());
        }
        let members = members.into_iter().map(|m| (self.node(m).key.clone(), m)).collect();
        for prefix in starts {
            *self.groups.lengths.entry(prefix.len()).or_default() += 1;
            self.groups.by_prefix.entry(prefix.clone()).or_default().push(id);
        }
        let group = Group {
            prefixes,
            filter,
            available,
            members,
            dependants: Edges::new(),
            resting: false,
            inward: false,
            starved: Vec::new(),
        };
        if let Some(place) = self.groups.all.get_mut(id as usize) {
            *place = Some(group);
        }
        self.groups.by_definition.insert(definition, id);
        self.groups.dirty.push(id);
        id
    }

    /// Forgets groups that nobody has waited for in a while.
    pub(super) fn forget_groups(&mut self) {
        while let Some(id) = self.groups.tired() {
            let Some(group) = self.groups.all.get_mut(id as usize).and_then(Option::take) else {
                continue;
            };
            for member in group.members.values() {
                let others = self.groups.of_node(*member).iter().copied().filter(|g| *g != id);
                let others: Box<[GroupId]> = others.collect();
                self.links(*member).grouped = !others.is_empty();
                if others.is_empty() {
                    self.groups.by_node.remove(member);
                } else {
                    self.groups.by_node.insert(*member, others);
                }
            }
            let everywhere = [Key::from("")];
            let starts =
                if group.prefixes.is_empty() { &everywhere[..] } else { &group.prefixes[..] };
            self.groups.forget(id, starts, &group);
        }
    }

    /// Candidates of a group that are wanted or there, in key order.
    pub(crate) fn wanted_members(&self, id: GroupId) -> Vec<NodeId> {
        let Some(group) = self.groups.get(id) else { return Vec::new() };
        group.members.values().copied().filter(|member| !self.node(*member).is_empty()).collect()
    }
}
