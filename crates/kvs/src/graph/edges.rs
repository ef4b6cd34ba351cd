//! What connects the nodes: edges kept at both ends, and the count of unmet needs.

use std::sync::Arc;

use ligato_kvs_api::{Dependency, DependencyKind, Target};

use crate::{
    catalog::Catalog,
    graph::{Edge, Edges, Graph, NOWHERE, ROLES},
    list::List,
    node::{GroupId, Need, NodeId, On, Role},
};

/// For each need of a node where its edge is in the list of the target.
#[derive(Debug)]
pub(super) enum Spots {
    /// In place, for nearly all nodes.
    Few([u32; FEW]),
    Many(Box<Spread>),
}

#[derive(Debug)]
pub(super) struct Spread(Vec<u32>);

const FEW: usize = 3;

// === impl Spots ===

impl Default for Spots {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Spots {
    fn new(needs: usize) -> Self {
        if needs <= FEW {
            Self::Few([NOWHERE; FEW])
        } else {
            Self::Many(Box::new(Spread(vec![NOWHERE; needs])))
        }
    }

    fn get(&self, need: usize) -> Option<u32> {
        let spots = match self {
            Self::Few(spots) => &spots[..],
            Self::Many(spread) => &spread.0,
        };
        spots.get(need).copied()
    }

    fn set(&mut self, need: u32, at: u32) {
        let spots = match self {
            Self::Few(spots) => &mut spots[..],
            Self::Many(spread) => &mut spread.0,
        };
        if let Some(spot) = spots.get_mut(need as usize) {
            *spot = at;
        }
    }
}

// === impl Edge ===

impl Edge {
    const KINDS: [DependencyKind; 4] = [
        DependencyKind::Requires,
        DependencyKind::ConflictsWith,
        DependencyKind::RecreateOnChange,
        DependencyKind::UpdateOnChange,
    ];

    pub(super) fn new(from: NodeId, need: u32, kind: DependencyKind) -> Self {
        let kind = match kind {
            DependencyKind::Requires => 0,
            DependencyKind::ConflictsWith => 1,
            DependencyKind::RecreateOnChange => 2,
            DependencyKind::UpdateOnChange => 3,
        };
        Self { from, need_and_kind: need << 2 | kind }
    }

    /// Place of the need among those of the node.
    pub(crate) fn need(self) -> u32 {
        self.need_and_kind >> 2
    }

    /// What the need means to the node that has it.
    pub(crate) fn kind(self) -> DependencyKind {
        Self::KINDS[(self.need_and_kind & 3) as usize]
    }

    /// Is it in the way of the node that the target exists?
    pub(crate) fn is_conflict(self) -> bool {
        self.kind() == DependencyKind::ConflictsWith
    }
}

// === impl Graph ===

impl Graph {
    /// Edges to this node.
    pub(crate) fn dependants(&self, id: NodeId) -> &[Edge] {
        self.slots.get(id as usize).map_or(&[], |s| &s.links.dependants)
    }

    /// Groups this node can satisfy.
    pub(crate) fn member_of(&self, id: NodeId) -> &[GroupId] {
        match self.slots.get(id as usize) {
            Some(slot) if slot.links.grouped => self.groups.of_node(id),
            _ => &[],
        }
    }

    /// Edges to a group.
    pub(crate) fn group_dependants(&self, group: GroupId) -> &[Edge] {
        self.groups.get(group).map_or(&[], |g| &g.dependants)
    }

    /// How many candidates of a group are available.
    pub(crate) fn group_available(&self, group: GroupId) -> u32 {
        self.groups.get(group).map_or(0, |g| g.available)
    }

    /// How many needs of a node are not satisfied now.
    pub(crate) fn unmet(&self, id: NodeId) -> u32 {
        self.slots.get(id as usize).map_or(0, |s| s.links.unmet)
    }

    /// Nodes whose readiness changed since this was last called, each with the one that came or went
    /// (itself, if its needs changed); may repeat.
    pub(crate) fn take_disturbed(&mut self) -> Vec<(NodeId, NodeId)> {
        std::mem::take(&mut self.disturbed)
    }

    /// Puts back what [`take_disturbed`](Self::take_disturbed) gave.
    pub(crate) fn disturb_again(&mut self, mut disturbed: Vec<(NodeId, NodeId)>) {
        if self.disturbed.is_empty() {
            self.disturbed = disturbed;
        } else {
            self.disturbed.append(&mut disturbed);
        }
    }

    /// Replaces the dependencies of a node. Nothing happens if they are the same; otherwise it may be
    /// ready now, or not any more, and the caller sees to it that the planner looks at it.
    pub(crate) fn set_needs(
        &mut self,
        id: NodeId,
        dependencies: Vec<Dependency>,
        catalog: &Catalog,
    ) -> bool {
        if self.same_needs(id, &dependencies) {
            return false;
        }
        let mut needs = Vec::with_capacity(dependencies.len());
        let known: [_; FEW] = self.find_few(dependencies.iter().map(|d| d.target.exact()));
        for (at, Dependency { label, kind, target }) in dependencies.into_iter().enumerate() {
            let on = match target {
                Target::Key(key) => {
                    let known = known.get(at).copied().flatten();
                    On::Node(known.unwrap_or_else(|| self.intern(&key, catalog)))
                }
                Target::AnyOf { prefixes, filter } => On::Group(self.group(prefixes, filter)),
            };
            needs.push(Need { role: self.role(Role { label, kind }), on });
        }
        self.set_needs_resolved(id, needs.into());
        true
    }

    pub(super) fn set_needs_resolved(&mut self, id: NodeId, needs: List<Need>) {
        let before = self.node(id).needs.clone();
        if before.is_same(&needs) {
            return;
        }
        for (at, need) in before.iter().enumerate() {
            self.detach(id, at, need.on);
            if let On::Node(target) = need.on {
                self.loosened.push(target);
            }
        }
        let mut unmet = 0;
        let mut spots = Spots::new(needs.len());
        for (at, need) in (0..).zip(needs.iter()) {
            spots.set(at, self.attach(Edge::new(id, at, need.kind()), need.on));
            unmet += u32::from(!self.satisfied(id, need));
        }
        let links = self.links(id);
        links.spots = spots;
        links.unmet = unmet;
        let node = self.edit(id);
        node.needs = needs;
        if !node.children.is_empty() {
            self.look_inward(id);
        }
    }

    /// The needs of a node have changed, and nothing else says that it is to be looked at.
    pub(crate) fn disturb(&mut self, id: NodeId) {
        self.disturbed.push((id, id));
    }

    /// Puts back dependencies a node had before.
    pub(crate) fn restore_needs(&mut self, id: NodeId, needs: &List<Need>) {
        self.set_needs_resolved(id, needs.clone());
    }

    fn same_needs(&self, id: NodeId, dependencies: &[Dependency]) -> bool {
        let needs = &self.node(id).needs;
        needs.len() == dependencies.len()
            && needs.iter().zip(dependencies).all(|(need, dependency)| {
                *need.label() == *dependency.label
                    && need.kind() == dependency.kind
                    && match (need.on, &dependency.target) {
                        (On::Node(target), Target::Key(key)) => self.key(target) == key,
                        (On::Group(group), Target::AnyOf { prefixes, filter }) => self
                            .groups
                            .get(group)
                            .is_some_and(|g| *g.prefixes == **prefixes && g.filter == *filter),
                        _ => false,
                    }
            })
    }

    /// Is the need of the node satisfied by what is available now?
    pub(crate) fn satisfied(&self, id: NodeId, need: &Need) -> bool {
        let conflict = need.kind() == DependencyKind::ConflictsWith;
        let exists = match need.on {
            On::Node(target) => self.is_available(target),
            On::Group(group) => {
                self.group_available(group) > 0 && (conflict || !self.groups.starves(group, id))
            }
        };
        exists != conflict
    }

    fn role(&mut self, role: Role) -> Arc<Role> {
        if let Some(known) = self.roles.get(&role) {
            return Arc::clone(known);
        }
        let role = Arc::new(role);
        if self.roles.len() < ROLES {
            self.roles.insert(Arc::clone(&role));
        }
        role
    }

    fn attach(&mut self, edge: Edge, on: On) -> u32 {
        let list = self.edges_to(on);
        list.push(edge);
        (list.len() - 1) as u32
    }

    fn detach(&mut self, id: NodeId, need: usize, on: On) {
        let Some(at) = self.links(id).spots.get(need) else { return };
        let at = at as usize;
        let list = self.edges_to(on);
        if at >= list.len() {
            return;
        }
        list.swap_remove(at);
        let (moved, idle) = (list.get(at).copied(), list.is_empty());
        if let Some(moved) = moved {
            self.links(moved.from).spots.set(moved.need(), at as u32);
        }
        if let On::Group(group) = on
            && idle
        {
            self.groups.rest(group);
        }
    }

    fn edges_to(&mut self, on: On) -> &mut Edges {
        match on {
            On::Node(target) => &mut self.links(target).dependants,
            On::Group(group) => self.groups.dependants(group),
        }
    }

    /// Counts a change of availability.
    pub(super) fn flip(&mut self, id: NodeId, available: bool) {
        let links = self.links(id);
        links.available = available;
        let dependants = std::mem::take(&mut links.dependants);
        for edge in &dependants {
            self.count(*edge, id, available);
        }
        self.links(id).dependants = dependants;
        for group in self.member_of(id).to_vec() {
            if self.is_inward(group) {
                // As if there was something for everybody, until it is known for whom there is not.
                self.feed(group, id);
            }
            if self.groups.count(group, available) {
                let dependants = std::mem::take(self.groups.dependants(group));
                for edge in &dependants {
                    self.count(*edge, id, available);
                }
                *self.groups.dependants(group) = dependants;
            }
            if self.is_inward(group) {
                self.starve(group, id);
            }
        }
    }

    pub(super) fn count(&mut self, edge: Edge, by: NodeId, exists: bool) {
        let satisfied = exists != edge.is_conflict();
        let links = self.links(edge.from);
        if satisfied {
            links.unmet = links.unmet.saturating_sub(1);
        } else {
            links.unmet += 1;
        }
        // With a need fewer, one that others wait for may be ready as part of a cycle.
        let awaited = !links.dependants.is_empty() || links.grouped;
        if links.unmet == 0 || !satisfied || awaited {
            self.disturbed.push((edge.from, by));
        }
    }
}
