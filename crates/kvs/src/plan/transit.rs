//! Second pass: which values have to go in between.

use ligato_kvs_api::{DependencyKind, Reason};

use crate::{
    graph::Edge,
    node::{Applied, GroupId, NodeId},
    plan::Planner,
};

impl Planner<'_> {
    pub(super) fn find_transit(&mut self) {
        let graph = self.facts.graph;
        let mut open: Vec<NodeId> = Vec::new();
        let mut changed: Vec<NodeId> = Vec::new();
        for at in 0..self.scratch.touched.len() {
            let Some(id) = self.scratch.touched.get(at).copied() else { continue };
            let node = graph.node(id);
            let doubtful = matches!(node.applied, Applied::Unknown { .. });
            let marks = self.marks(id);
            // What nobody describes for the time being is left where it is.
            let moves = self.facts.moved.contains_key(&id);
            let unwelcome = node.desired.is_none()
                || moves
                || marks.recreate
                || (!self.goal(id) && node.descriptor.is_some());
            let there = node.available() || (doubtful && unwelcome);
            if !there || self.is_untouchable(id) || self.is_down(id) {
                continue;
            }
            if !self.goal(id) || marks.recreate || moves {
                open.push(id);
            } else if marks.update {
                changed.push(id);
            }
        }
        for id in changed {
            self.follow_update(id, &mut open);
        }
        loop {
            while let Some(id) = open.pop() {
                if !std::mem::replace(&mut self.note(id).gone, true) {
                    self.take_along(id, &mut open);
                }
            }
            for group in self.broken_relays() {
                self.lose_all(group, &mut open);
            }
            if open.is_empty() {
                break;
            }
        }
    }

    /// For a while, or for good, nothing is there of the group.
    fn lose_all(&mut self, group: GroupId, open: &mut Vec<NodeId>) {
        let graph = self.facts.graph;
        let gone = |member: &NodeId| graph.is_available(*member) && self.marks(*member).gone;
        let Some(by) = graph.wanted_members(group).into_iter().rfind(gone) else { return };
        let key = graph.key(by).clone();
        for edge in graph.group_dependants(group) {
            self.lose(*edge, &key, open);
        }
    }

    fn is_down(&self, id: NodeId) -> bool {
        let descriptor = self.facts.graph.node(id).descriptor;
        descriptor.is_some_and(|d| self.facts.down.contains(&d))
    }

    /// Dependants that asked to be touched when the content of their target changes.
    fn follow_update(&mut self, id: NodeId, open: &mut Vec<NodeId>) {
        let graph = self.facts.graph;
        let mut edges = graph.dependants(id).to_vec();
        for group in graph.member_of(id) {
            edges.extend_from_slice(graph.group_dependants(*group));
        }
        for edge in edges {
            let kind = edge.kind();
            if !self.can_go(edge.from) || !self.goal(edge.from) {
                continue;
            }
            let key = graph.key(id);
            match kind {
                DependencyKind::RecreateOnChange => {
                    self.give_reason(edge.from, || Reason::Follows { key: key.clone() });
                    self.note(edge.from).recreate = true;
                    open.push(edge.from);
                }
                DependencyKind::UpdateOnChange => {
                    self.give_reason(edge.from, || Reason::Follows { key: key.clone() });
                    if !self.marks(edge.from).recreate {
                        self.note(edge.from).update = true;
                    }
                }
                DependencyKind::Requires | DependencyKind::ConflictsWith => {}
            }
        }
    }

    /// A value goes: so do, before it, those that need it and what is derived from it.
    fn take_along(&mut self, id: NodeId, open: &mut Vec<NodeId>) {
        let graph = self.facts.graph;
        let key = graph.key(id).clone();
        for edge in graph.dependants(id) {
            self.lose(*edge, &key, open);
        }
        for group in graph.member_of(id) {
            if !graph.is_available(id) {
                continue;
            }
            let gone = self.scratch.gone_members.entry(*group).or_default();
            *gone += 1;
            if *gone == graph.group_available(*group) {
                if self.relays(*group) {
                    continue;
                }
                for edge in graph.group_dependants(*group) {
                    self.lose(*edge, &key, open);
                }
            } else if graph.is_inward(*group) {
                let stays = |member| graph.is_available(member) && !self.marks(member).gone;
                for base in graph.starved(*group, stays) {
                    for edge in graph.edges_between(base, *group) {
                        self.lose(edge, &key, open);
                    }
                }
            }
        }
        for child in graph.node(id).children.iter() {
            if !graph.is_available(*child) {
                self.look_at(*child);
            } else if self.can_go(*child) && !self.marks(*child).gone {
                self.give_reason(*child, || Reason::Derived { from: key.clone() });
                self.note(*child);
                open.push(*child);
            }
        }
    }

    fn lose(&mut self, edge: Edge, key: &ligato_model::Key, open: &mut Vec<NodeId>) {
        let graph = self.facts.graph;
        if edge.is_conflict()
            || !self.can_go_or_meets(edge.from)
            || self.marks(edge.from).gone
            || graph.node(edge.from).is_obtained()
            || (self.goal(edge.from) && (self.facts.taken_over)(edge.from))
        {
            return;
        }
        self.give_reason(edge.from, || Reason::Blocked { by: key.clone() });
        self.note(edge.from);
        open.push(edge.from);
    }

    /// As [`can_go`](Self::can_go); a reserved value is noted as met.
    fn can_go_or_meets(&mut self, id: NodeId) -> bool {
        if self.facts.reserved.contains(self.facts.graph, id) {
            self.note(id);
        }
        self.can_go(id)
    }

    fn can_go(&self, id: NodeId) -> bool {
        self.facts.graph.is_available(id) && !self.is_untouchable(id) && !self.is_down(id)
    }
}
