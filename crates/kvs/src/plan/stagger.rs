//! Values that can replace each other for those that wait for one of many, and are created anew
//! together: one of them is back before the last one goes, so that nothing that waits for any of them
//! has to go.

use ligato_kvs_api::DependencyKind;

use crate::{
    graph::Edge,
    node::{GroupId, Need, NodeId, On},
    plan::Planner,
};

/// Two members of a group: the first is back before the other one goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relay {
    pub(super) back: NodeId,
    pub(super) goes: NodeId,
}

impl Planner<'_> {
    /// All available members of the group go, some for good or for a while: is there one that can be
    /// back in time for its dependants? This is found out again when all that goes is known.
    pub(super) fn relays(&mut self, group: GroupId) -> bool {
        let graph = self.facts.graph;
        if self.scratch.relays.contains_key(&group) {
            return true;
        }
        let edges = graph.group_dependants(group);
        let follows = |edge: &Edge| edge.kind() != DependencyKind::Requires;
        if graph.is_inward(group) || edges.is_empty() || edges.iter().any(follows) {
            return false;
        }
        let relay = self.relay_of(group);
        relay.is_some_and(|relay| self.scratch.relays.insert(group, relay).is_none())
    }

    fn relay_of(&self, group: GroupId) -> Option<Relay> {
        let members = self.facts.graph.wanted_members(group);
        let recreated = |id: &NodeId| Some((*id, self.recreated_with(*id)?));
        let mut members = members.iter().filter_map(recreated);
        let (back, above) = members.next()?;
        let (goes, _) = members.rfind(|(_, other)| *other != above)?;
        Some(Relay { back, goes })
    }

    /// Groups of which no member can be back in time after all.
    pub(super) fn broken_relays(&mut self) -> Vec<GroupId> {
        let relays = self.scratch.relays.iter();
        let is_broken = |relay: &Relay| {
            [relay.back, relay.goes].iter().any(|id| self.recreated_with(*id).is_none())
        };
        let broken = relays.filter(|(_, relay)| is_broken(relay)).map(|(group, _)| *group);
        let mut broken: Vec<GroupId> = broken.collect();
        broken.sort_unstable();
        for group in &broken {
            self.scratch.relays.remove(group);
        }
        broken
    }

    /// The value whose content makes it necessary that this one is deleted and created: it, or what
    /// it is derived from. Nothing, if anything else is to be done with them, or with what they need,
    /// that might have to come first.
    fn recreated_with(&self, id: NodeId) -> Option<NodeId> {
        let graph = self.facts.graph;
        let mut id = id;
        loop {
            let node = graph.node(id);
            let (needs, old) = (&node.needs, self.facts.old_needs.get(&id));
            let all = needs.iter().chain(old.into_iter().flat_map(|old| old.iter()));
            let stays = graph.is_available(id)
                && self.goal(id)
                && !self.is_untouchable(id)
                && !self.facts.moved.contains_key(&id)
                && node.desired.is_some()
                && !node.is_refused();
            if !stays || !all.into_iter().all(|need| self.is_at_rest(id, need)) {
                return None;
            }
            let above = node.parent.filter(|above| self.marks(*above).gone);
            match above {
                Some(above) => id = above,
                None if self.marks(id).recreate => return Some(id),
                None => return None,
            }
        }
    }

    /// Does the need rest on something that the plan leaves alone?
    fn is_at_rest(&self, id: NodeId, need: &Need) -> bool {
        let graph = self.facts.graph;
        let stands = |target: NodeId| {
            let marks = self.marks(target);
            let moves = marks.gone || marks.recreate || marks.update;
            graph.is_available(target) && self.goal(target) && !moves
        };
        need.kind() == DependencyKind::Requires
            && match need.on {
                On::Node(target) => stands(target),
                On::Group(group) => {
                    let mut members = graph.wanted_members(group).into_iter();
                    members.any(|member| stands(member) && !graph.is_below(id, member))
                }
            }
    }
}
