//! Any-of needs that only what is derived from the value itself would meet: nothing rests on its own
//! offspring. Such values are told apart only in groups that a value with offspring waits for.

use crate::{
    graph::{Edge, Graph},
    node::{GroupId, NodeId, On},
};

impl Graph {
    /// Is the other one derived from this, directly or not?
    pub(crate) fn is_below(&self, id: NodeId, mut other: NodeId) -> bool {
        while let Some(parent) = self.node(other).parent {
            if parent == id {
                return true;
            }
            other = parent;
        }
        false
    }

    /// May a value that waits for the group have offspring in it?
    pub(crate) fn is_inward(&self, group: GroupId) -> bool {
        self.groups.get(group).is_some_and(|g| g.inward)
    }

    /// Values that wait for the group although it has members that exist, as all of those are derived
    /// from the value itself. `exists` says which of the members do.
    pub(crate) fn starved(&self, group: GroupId, exists: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
        let Some(group_of) = self.groups.get(group).filter(|g| g.inward) else {
            return Vec::new();
        };
        let mut there = group_of.candidates().filter(|member| exists(*member));
        let Some(mut above) = there.next() else { return Vec::new() };
        let mut starved = Vec::new();
        while let Some(parent) = self.node(above).parent {
            if !self.edges_between(parent, group).is_empty() {
                starved.push(parent);
            }
            above = parent;
        }
        for member in there {
            if starved.is_empty() {
                break;
            }
            starved.retain(|base| self.is_below(*base, member));
        }
        starved.sort_unstable();
        starved
    }

    /// Edges from a value to a group that it needs one of.
    pub(crate) fn edges_between(&self, id: NodeId, group: GroupId) -> Vec<Edge> {
        let needs = (0..).zip(self.node(id).needs.iter());
        needs
            .filter(|(_, need)| need.on == On::Group(group))
            .map(|(at, need)| Edge::new(id, at, need.kind()))
            .filter(|edge| !edge.is_conflict())
            .collect()
    }

    /// The children of a node, or those of a member, are others than before: who is starved is found
    /// out again.
    pub(crate) fn look_inward(&mut self, id: NodeId) {
        let node = self.node(id);
        let mut groups: Vec<GroupId> = self.member_of(id).to_vec();
        if !node.children.is_empty() {
            for need in node.needs.clone().iter() {
                if let On::Group(group) = need.on {
                    self.groups.turn_inward(group);
                    groups.push(group);
                }
            }
        }
        for group in groups {
            if self.is_inward(group) {
                self.starve(group, id);
            }
        }
    }

    /// Takes back that anybody is starved.
    pub(super) fn feed(&mut self, group: GroupId, by: NodeId) {
        for id in self.groups.set_starved(group, Vec::new()) {
            for edge in self.edges_between(id, group) {
                self.count(edge, by, true);
            }
        }
    }

    /// Counts anew for whom nothing but its own offspring is left of a group.
    pub(super) fn starve(&mut self, group: GroupId, by: NodeId) {
        let now = self.starved(group, |member| self.is_available(member));
        let before = self.groups.set_starved(group, now.clone());
        for (ids, others, met) in [(&before, &now, true), (&now, &before, false)] {
            for id in ids.iter().filter(|id| !others.contains(id)) {
                for edge in self.edges_between(*id, group) {
                    self.count(edge, by, met);
                }
            }
        }
    }
}
