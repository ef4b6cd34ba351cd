//! First pass: which values can exist in the end.

use ligato_kvs_api::{DependencyKind, OpKind, Origin, Reason};

use crate::{
    graph::Edge,
    guard::calm,
    node::{Applied, GroupId, Need, Node, NodeId, On},
    plan::{Planner, Seeds},
};

/// A value whose goal changes more often than this (only values that exclude each other in a ring
/// do that) stays down.
const MAX_FLIPS: u8 = 6;

impl Planner<'_> {
    pub(super) fn find_goal(&mut self, seeds: &Seeds) {
        self.scratch.touched.reserve(seeds.nodes().len());
        self.scratch.work.reserve(seeds.nodes().len());
        for (node, reason) in seeds.iter() {
            let marks = self.note(node);
            if !std::mem::replace(&mut marks.seed, true) {
                if let Some(reason) = reason {
                    self.give_reason(node, || reason.clone());
                }
                self.classify(node);
            }
        }
        for node in seeds.nodes() {
            self.hold_back_if_stalled(*node);
        }
        for node in seeds.nodes() {
            self.look_at(*node);
            self.look_below(*node);
        }
        self.settle_goal();
    }

    /// What is derived from a value that changes may have waited for this.
    fn look_below(&mut self, id: NodeId) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if !self.marks(id).update && !self.marks(id).recreate {
                continue;
            }
            let graph = self.facts.graph;
            for child in graph.node(id).children.iter().copied() {
                self.look_at(child);
                let node = graph.node(child);
                if !self.marks(child).seed && node.available() && node.marks.differs {
                    let from = graph.key(id);
                    self.give_reason(child, || Reason::Derived { from: from.clone() });
                    self.classify(child);
                    open.push(child);
                }
            }
        }
    }

    /// Values that have to go and are not wanted, or whose wanted content is refused, do not come back;
    /// what is derived from those that do may come with them. Says whether there was anything to see to.
    pub(super) fn revise_goal(&mut self) -> bool {
        let graph = self.facts.graph;
        let lost: Vec<NodeId> = self
            .scratch
            .touched
            .iter()
            .copied()
            .filter(|id| {
                let node = graph.node(*id);
                let returns = node.desired.is_some() && !node.is_refused();
                self.marks(*id).gone && self.goal(*id) && !returns
            })
            .collect();
        for id in &lost {
            self.note(*id).barred = true;
            self.look_at(*id);
        }
        let changed = !self.scratch.work.is_empty();
        self.settle_goal();
        changed
    }

    fn settle_goal(&mut self) {
        loop {
            while let Some(id) = self.scratch.work.pop() {
                self.note(id).queued = false;
                self.evaluate(id);
            }
            if !self.raise_cycles() {
                break;
            }
        }
    }

    /// How a seed that is applied gets from what is there to what is wanted.
    fn classify(&mut self, id: NodeId) {
        let node = self.facts.graph.node(id);
        let (Some(wanted), Some(content)) = (node.wanted(), node.content()) else { return };
        let failed_create = matches!(node.applied, Applied::Unknown { tried: OpKind::Create, .. });
        // What failed below a base, or with it, is repaired by a retry of the base. What was only
        // cancelled because of it is not.
        let asked = matches!(self.reason_of(id), Some(Reason::Requested));
        let held = !asked && node.parent.is_some_and(|parent| self.facts.held.contains(&parent));
        if !self.may_change(id, node) || failed_create || held {
            return;
        }
        let Some(descriptor) = node.descriptor.and_then(|d| self.facts.catalog.get(d)) else {
            self.note(id).update = content.value != *wanted;
            return;
        };
        let certain = matches!(node.applied, Applied::Known(_));
        if certain && !node.marks.differs {
            return;
        }
        let meta = content.metadata.as_ref();
        let in_place = calm(|| {
            descriptor.capabilities().update
                && !descriptor.needs_recreate(&node.key, &content.value, wanted, meta)
        });
        match in_place {
            Ok(true) => self.note(id).update = true,
            Ok(false) => self.note(id).recreate = true,
            Err(why) => self.scratch.panics.push((id, why)),
        }
    }

    /// May the wanted content of the node be applied by this plan, its dependencies apart?
    fn may_change(&self, id: NodeId, node: &Node) -> bool {
        node.desired.is_some()
            && !node.is_refused()
            && !self.is_untouchable(id)
            && (node.descriptor.is_some() || node.parent.is_some())
            && !node.descriptor.is_some_and(|d| self.facts.down.contains(&d))
    }

    /// Will the node be available in the end, as far as decided?
    pub(super) fn goal(&self, id: NodeId) -> bool {
        let marks = self.marks(id);
        if marks.decided { marks.up } else { self.facts.graph.is_available(id) }
    }

    pub(super) fn look_at(&mut self, id: NodeId) {
        let marks = self.note(id);
        if !std::mem::replace(&mut marks.queued, true) {
            self.scratch.work.push(id);
        }
    }

    fn evaluate(&mut self, id: NodeId) {
        let should_be = self.should_be(id);
        if should_be != self.goal(id) {
            self.decide(id, should_be);
        }
        if !should_be && !self.marks(id).blocked && self.could_be(id) {
            self.note(id).blocked = true;
            self.scratch.blocked.push(id);
        }
    }

    /// Everything but its dependencies allows it to exist.
    fn could_be(&self, id: NodeId) -> bool {
        let node = self.facts.graph.node(id);
        self.marks(id).flips <= MAX_FLIPS && self.may_change(id, node) && self.parent_allows(node)
    }

    fn should_be(&mut self, id: NodeId) -> bool {
        let node = self.facts.graph.node(id);
        let now = node.available();
        if self.marks(id).barred {
            return false;
        }
        if self.is_untouchable(id) || self.marks(id).flips > MAX_FLIPS {
            return now && self.marks(id).flips <= MAX_FLIPS;
        }
        if node.descriptor.is_some_and(|d| self.facts.down.contains(&d)) {
            return now;
        }
        if node.desired.is_none() && node.problem.is_some() && now && !self.marks(id).seed {
            // It could not go; that is tried again when its turn comes.
            return node.parent.is_none_or(|p| self.goal(p));
        }
        if node.desired.is_none() {
            // What goes with a value that is wanted goes when that is applied.
            let part = node.parent.is_some_and(|p| self.facts.graph.node(p).desired.is_some());
            let found = node.marks.discovered && self.facts.spare_unwanted && !part;
            let stays = node.origin == Origin::Sb || found || self.is_stalled(id);
            // Its base failed, and is tried again as a whole.
            let kept = node.parent.is_some_and(|p| self.facts.held.contains(&p));
            return now
                && (kept
                    || (stays
                        && !self.is_unwanted(id)
                        && node.parent.is_none_or(|p| self.goal(p))));
        }
        if !self.parent_allows(node) || (!self.may_change(id, node) && !now) {
            return false;
        }
        self.goal_unmet(id) == 0
    }

    /// Was it asked for that this value goes?
    fn is_unwanted(&self, id: NodeId) -> bool {
        let theirs = self.facts.graph.node(id).origin == Origin::Sb;
        self.marks(id).seed
            && match self.reason_of(id) {
                Some(Reason::Requested | Reason::Undo | Reason::Retry) => true,
                // What a complete statement does not name is not asked to go if others made it.
                Some(Reason::Unwanted) => !theirs,
                _ => false,
            }
    }

    /// Derived values exist only with what they are derived from, and follow its wanted content
    /// only once that is applied.
    fn parent_allows(&self, node: &Node) -> bool {
        let Some(parent) = node.parent else { return true };
        if !self.goal(parent) {
            return false;
        }
        let base = self.facts.graph.node(parent);
        let stalled = base.desired.is_some() && base.available() && base.marks.differs && {
            let marks = self.marks(parent);
            !marks.update && !marks.recreate && !marks.gone
        };
        !stalled || node.available()
    }

    /// Is it derived from a value whose wanted content cannot be applied now? Then it follows the
    /// content that is there.
    fn is_stalled(&self, id: NodeId) -> bool {
        let graph = self.facts.graph;
        let mut above = graph.node(id).parent;
        while let Some(parent) = above {
            let base = graph.node(parent);
            let marks = self.marks(parent);
            let behind = base.desired.is_some() && base.available() && base.marks.differs;
            let moves = marks.update || marks.recreate || marks.gone;
            if behind && !moves && !base.is_refused() && self.goal(parent) {
                return true;
            }
            above = base.parent;
        }
        false
    }

    /// What is derived from a value that does not move does not move either.
    fn hold_back_if_stalled(&mut self, id: NodeId) {
        if self.is_stalled(id) {
            let marks = self.note(id);
            marks.update = false;
            marks.recreate = false;
        }
    }

    fn goal_unmet(&mut self, id: NodeId) -> u32 {
        if !self.marks(id).counted {
            let graph = self.facts.graph;
            let needs = graph.node(id).needs.clone();
            let met =
                |need: &Need| self.goal_satisfies(id, need) && !self.is_own_offspring(id, need);
            let unmet = needs.iter().filter(|need| !met(need)).count() as u32;
            let marks = self.note(id);
            marks.counted = true;
            marks.unmet = unmet;
        }
        self.marks(id).unmet
    }

    /// A value cannot rest on what is derived from it.
    fn is_own_offspring(&self, id: NodeId, need: &Need) -> bool {
        let On::Node(target) = need.on else { return false };
        need.kind() != DependencyKind::ConflictsWith && self.facts.graph.is_below(id, target)
    }

    pub(super) fn goal_satisfies(&self, id: NodeId, need: &Need) -> bool {
        let conflict = need.kind() == DependencyKind::ConflictsWith;
        let exists = match need.on {
            On::Node(target) => self.goal(target),
            On::Group(group) => {
                let change = self.scratch.goal_change.get(&group).copied().unwrap_or(0);
                let starved = || self.facts.graph.starved(group, |member| self.goal(member));
                i64::from(self.facts.graph.group_available(group)) + i64::from(change) > 0
                    && (conflict || !starved().contains(&id))
            }
        };
        exists != conflict
    }

    fn decide(&mut self, id: NodeId, up: bool) {
        if up {
            // It may be in doubt what is there of it.
            self.classify(id);
            self.hold_back_if_stalled(id);
        }
        let marks = self.note(id);
        marks.decided = true;
        marks.up = up;
        marks.flips = marks.flips.saturating_add(1);
        let graph = self.facts.graph;
        for edge in graph.dependants(id) {
            self.count(*edge, up, id);
        }
        for group in graph.member_of(id) {
            let inward = graph.is_inward(*group);
            let starved = |planner: &Self| graph.starved(*group, |m| planner.goal(m) != (m == id));
            let starved_before = if inward { starved(self) } else { Vec::new() };
            let now = i64::from(graph.group_available(*group));
            let change = self.scratch.goal_change.entry(*group).or_default();
            let before = now + i64::from(*change) > 0;
            *change += if up { 1 } else { -1 };
            let crossed = before != (now + i64::from(*change) > 0);
            if inward {
                self.count_inward(*group, id, (before, starved_before), before != crossed);
            } else if crossed {
                for edge in graph.group_dependants(*group) {
                    self.count(*edge, up, id);
                }
            }
        }
        for child in graph.node(id).children.iter() {
            self.look_at(*child);
            if up {
                let from = graph.key(id);
                self.give_reason(*child, || Reason::Derived { from: from.clone() });
            }
        }
    }

    /// As for any group, one by one: for some of those that wait for it nothing may be left but what
    /// is derived from themselves. `was`: was there anything, and for whom was nothing; `is`: is there
    /// anything now.
    fn count_inward(
        &mut self,
        group: GroupId,
        by: NodeId,
        (was, starved_before): (bool, Vec<NodeId>),
        is: bool,
    ) {
        let graph = self.facts.graph;
        let starved = graph.starved(group, |member| self.goal(member));
        for edge in graph.group_dependants(group) {
            let conflict = edge.is_conflict();
            let before = was && (conflict || !starved_before.contains(&edge.from));
            let now = is && (conflict || !starved.contains(&edge.from));
            if before != now {
                self.count(*edge, now, by);
            }
        }
    }

    /// A target of the edge has changed its goal.
    fn count(&mut self, edge: Edge, up: bool, by: NodeId) {
        if self.facts.later.contains(edge.from) {
            return;
        }
        let graph = self.facts.graph;
        let satisfied = up != edge.is_conflict();
        if self.marks(edge.from).counted {
            let marks = self.note(edge.from);
            marks.unmet = if satisfied { marks.unmet.saturating_sub(1) } else { marks.unmet + 1 };
        }
        let node = graph.node(edge.from);
        if node.desired.is_some() || node.available() {
            self.look_at(edge.from);
            if satisfied && !node.available() {
                let by = graph.key(by);
                self.give_reason(edge.from, || Reason::Unblocked { by: by.clone() });
            } else if !satisfied && node.available() {
                let by = graph.key(by);
                self.give_reason(edge.from, || Reason::Blocked { by: by.clone() });
            }
        }
    }

    /// Looks for dependency cycles among the blocked values: a set whose members need, besides what
    /// is going to exist, only each other. Such a set comes into being as one unit.
    fn raise_cycles(&mut self) -> bool {
        let blocked = std::mem::take(&mut self.scratch.blocked);
        for id in &blocked {
            self.note(*id).blocked = false;
        }
        let seeds: Vec<NodeId> = blocked
            .into_iter()
            .filter(|id| !self.goal(*id) && self.could_be(*id) && self.is_waited_for(*id))
            .collect();
        if seeds.is_empty() {
            return false;
        }
        let mut possible = self.cycle_members(seeds);
        let graph = self.facts.graph;
        possible.sort_by(|a, b| graph.key(*a).cmp(graph.key(*b)));
        for id in &possible {
            if !self.goal(*id) {
                self.note(*id).counted = false;
                self.decide(*id, true);
            }
        }
        for id in &possible {
            self.look_at(*id);
        }
        !possible.is_empty()
    }

    /// Only a value that others wait for, or for what is derived from it, can be part of a cycle.
    fn is_waited_for(&self, id: NodeId) -> bool {
        let graph = self.facts.graph;
        let waits = |edge: &Edge| !self.goal(edge.from);
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let group_waits = |group: &GroupId| graph.group_dependants(*group).iter().any(waits);
            if graph.dependants(id).iter().any(waits) || graph.member_of(id).iter().any(group_waits)
            {
                return true;
            }
            open.extend_from_slice(&graph.node(id).children);
        }
        false
    }

    /// The largest set of blocked values reachable from the seeds by unmet needs in which every
    /// need is met by the goal or by a member.
    fn cycle_members(&mut self, seeds: Vec<NodeId>) -> Vec<NodeId> {
        let mut set = super::order::Members::default();
        let mut open = seeds;
        while let Some(id) = open.pop() {
            if self.goal(id)
                || !self.could_be_with_parent(id)
                || self.failed_by_itself(id)
                || !set.insert(id)
            {
                continue;
            }
            open.extend(self.facts.graph.node(id).parent);
            for need in self.facts.graph.node(id).needs.iter() {
                if !self.goal_satisfies(id, need) && need.kind() != DependencyKind::ConflictsWith {
                    open.extend(self.candidates(need));
                }
            }
        }
        // Take out what cannot be, until nothing changes: each removal looks at dependants only.
        let mut suspects: Vec<NodeId> = set.sorted();
        while let Some(id) = suspects.pop() {
            if !set.contains(id) || self.met_within(id, &set) {
                continue;
            }
            set.remove(id);
            let graph = self.facts.graph;
            suspects.extend(graph.node(id).children.iter().filter(|c| set.contains(**c)));
            let waiting = graph.dependants(id).iter().map(|e| e.from);
            suspects.extend(waiting.filter(|d| set.contains(*d)));
            for group in graph.member_of(id) {
                let waiting = graph.group_dependants(*group).iter().map(|e| e.from);
                suspects.extend(waiting.filter(|d| set.contains(*d)));
            }
        }
        set.sorted()
    }

    /// Did it fail though nothing it needs is missing? Others that wait for it do not try it again.
    fn failed_by_itself(&self, id: NodeId) -> bool {
        let node = self.facts.graph.node(id);
        node.problem.is_some()
            && !self.marks(id).seed
            && node.parent.is_none_or(|parent| self.goal(parent))
            // That it needs itself is no reason: it was tried with that.
            && node.needs.iter().all(|need| {
                self.goal_satisfies(id, need)
                    || match need.on {
                        On::Node(target) => target == id,
                        On::Group(group) => self.facts.graph.member_of(id).contains(&group),
                    }
            })
    }

    fn met_within(&self, id: NodeId, set: &super::order::Members) -> bool {
        let node = self.facts.graph.node(id);
        let met = |need: &Need| {
            self.goal_satisfies(id, need)
                || (need.kind() != DependencyKind::ConflictsWith
                    && self
                        .candidates(need)
                        .iter()
                        .any(|c| set.contains(*c) && !self.facts.graph.is_below(id, *c)))
        };
        node.parent.is_none_or(|parent| self.goal(parent) || set.contains(parent))
            && node.needs.iter().all(|need| met(need) && !self.is_own_offspring(id, need))
    }

    /// It could be if what it is derived from could: the two may come as one.
    fn could_be_with_parent(&self, id: NodeId) -> bool {
        let node = self.facts.graph.node(id);
        match node.parent {
            Some(parent) if !self.goal(parent) => {
                self.marks(id).flips <= MAX_FLIPS && self.may_change(id, node)
            }
            _ => self.could_be(id),
        }
    }

    /// Nodes that could satisfy a need and are wanted.
    fn candidates(&self, need: &Need) -> Vec<NodeId> {
        match need.on {
            On::Node(target) => vec![target],
            On::Group(group) => self.facts.graph.wanted_members(group),
        }
    }
}
