//! Any-of targets. All dependencies with the same prefixes and filter share one group, which counts
//! its available members; so a candidate that comes or goes costs the same whether one value waits
//! for it or a hundred thousand do.

use std::{collections::BTreeMap, sync::Arc};

use ligato_kvs_api::{KeyFilter, Target};
use ligato_model::Key;
use rustc_hash::FxHashMap;

use crate::{
    graph::{Edge, Graph},
    node::{GroupId, NodeId},
    snapshot::GroupView,
    tree::Tree,
};

/// All groups, and which of them a key belongs to.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    all: Vec<Group>,
    by_definition: FxHashMap<Definition, GroupId>,
    by_prefix: FxHashMap<Key, Vec<GroupId>>,
    /// Distinct lengths of prefixes.
    lengths: BTreeMap<usize, ()>,
    dirty: Vec<GroupId>,
    /// For ids that do not exist.
    nobody: Vec<Edge>,
}

/// What makes two any-of targets the same: prefixes and name of the filter.
type Definition = (Arc<[Key]>, Option<Arc<str>>);

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) prefixes: Arc<[Key]>,
    pub(crate) filter: Option<KeyFilter>,
    /// Candidates that are available now.
    pub(crate) available: u32,
    pub(crate) dependants: Vec<Edge>,
}

// === impl Groups ===

impl Groups {
    pub(crate) fn get(&self, id: GroupId) -> Option<&Group> {
        self.all.get(id as usize)
    }

    /// The groups that anybody waits for, or did.
    pub(super) fn living(&self) -> impl Iterator<Item = (GroupId, &Group)> {
        (0..).zip(&self.all)
    }

    pub(crate) fn dependants(&mut self, id: GroupId) -> &mut Vec<Edge> {
        match self.all.get_mut(id as usize) {
            Some(group) => &mut group.dependants,
            None => &mut self.nobody,
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

    /// Counts a member that came or went; says whether the group became (un)satisfied by it.
    pub(crate) fn count(&mut self, id: GroupId, available: bool) -> bool {
        let Some(group) = self.all.get_mut(id as usize) else { return false };
        let before = group.available > 0;
        group.available =
            if available { group.available + 1 } else { group.available.saturating_sub(1) };
        let crossed = before != (group.available > 0);
        if crossed {
            self.dirty.push(id);
        }
        crossed
    }

    pub(crate) fn publish(&mut self, into: &mut Tree<GroupView>) {
        for id in self.dirty.drain(..) {
            if let Some(group) = self.all.get(id as usize) {
                let view = GroupView {
                    prefixes: Arc::clone(&group.prefixes),
                    filter: group.filter.clone(),
                    satisfied: group.available > 0,
                };
                into.set(id, Some(Arc::new(view)));
            }
        }
    }
}

impl Group {
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
        let id = self.groups.all.len() as GroupId;
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
        for member in members {
            let links = self.links(member);
            let mut all = std::mem::take(&mut links.member_of).into_vec();
            all.push(id);
            links.member_of = all.into();
        }
        for prefix in starts {
            self.groups.lengths.insert(prefix.len(), ());
            self.groups.by_prefix.entry(prefix.clone()).or_default().push(id);
        }
        let group = Group { prefixes, filter, available, dependants: Vec::new() };
        self.groups.all.push(group);
        self.groups.by_definition.insert(definition, id);
        self.groups.dirty.push(id);
        id
    }

    /// Candidates of a group that are wanted or there, in key order.
    pub(crate) fn wanted_members(&self, id: GroupId) -> Vec<NodeId> {
        let Some(group) = self.groups.get(id) else { return Vec::new() };
        let everywhere = [Key::from("")];
        let starts = if group.prefixes.is_empty() { &everywhere[..] } else { &group.prefixes[..] };
        let mut members: Vec<NodeId> = starts
            .iter()
            .flat_map(|prefix| self.with_prefix(prefix))
            .filter(|member| {
                !self.node(*member).is_empty() && group.accepts(&self.node(*member).key)
            })
            .collect();
        members.dedup();
        members
    }
}
