//! Fourth pass: predecessors of every step, and an order that respects them.

use std::{cmp::Reverse, collections::BinaryHeap};

use ligato_kvs_api::{DependencyKind, OpKind, Reason};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    graph::Edge,
    list::List,
    node::{GroupId, Need, NodeId, On},
    plan::{NO_STEP, Planner, Step, Steps},
};

/// A set of nodes with a stable order.
#[derive(Debug, Default)]
pub(super) struct Members(FxHashSet<NodeId>);

/// One edge while the order is sought.
#[derive(Debug, Clone, Copy)]
struct Link {
    from: u32,
    to: u32,
    tie: Tie,
    cut: bool,
}

/// How firm an edge is. In a cycle the loosest are cut first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tie {
    /// Behind the member of an any-of group that waits for the dependants of all.
    Leader,
    /// What a value depended on before its change goes after the change.
    Before,
    /// Between two members of a dependency cycle, away from the one whose removal was asked for.
    FromRoot,
    /// By dependency.
    Need,
    /// Delete before create of the same value; by derivation.
    Own,
}

// === impl Planner ===

impl Planner<'_> {
    pub(super) fn put_in_order(&self, steps: Vec<Step>) -> Steps {
        let mut links = Vec::with_capacity(2 * steps.len());
        let mut awaited = FxHashMap::default();
        for (at, step) in (0..).zip(&steps) {
            if step.op == OpKind::Delete {
                self.link_delete(at, step, &steps, &mut awaited, &mut links);
            } else {
                self.link_put(at, step, &mut links);
            }
        }
        for relay in self.scratch.relays.values() {
            let (from, to) = (self.marks_or_none(relay.back).1, self.delete_step(relay.goes));
            if from != NO_STEP && to != NO_STEP {
                links.push(Link { from, to, tie: Tie::Need, cut: false });
            }
        }
        if links.is_empty() {
            return Steps { steps, ..Steps::default() };
        }
        sort(steps, links)
    }

    /// `awaited`: whether dependants of a group go, as far as it was looked for.
    fn link_delete(
        &self,
        at: u32,
        step: &Step,
        steps: &[Step],
        awaited: &mut FxHashMap<GroupId, bool>,
        links: &mut Vec<Link>,
    ) {
        let graph = self.facts.graph;
        let id = step.node;
        let mut leaders = Vec::new();
        let mut before = |other: u32, tie| {
            if other != NO_STEP && other != at {
                links.push(Link { from: other, to: at, tie, cut: false });
            }
        };
        let tie = |other: u32| {
            let root = |s: &Step| {
                let reason = self.scratch.reasons.get(s.reason as usize);
                matches!(reason, Some(Reason::Requested | Reason::Unwanted | Reason::Undo))
            };
            let is_root = steps.get(other as usize).is_some_and(root);
            if is_root && !root(step) { Tie::FromRoot } else { Tie::Need }
        };
        let mut waits = |edges: &[Edge]| {
            for edge in edges {
                // What it is derived from goes after it, whatever it needs.
                if !edge.is_conflict() && !graph.is_below(edge.from, id) {
                    let other = self.delete_step(edge.from);
                    before(other, tie(other));
                }
            }
        };
        waits(graph.dependants(id));
        // One member of a group waits for the dependants, the others for that member.
        for group in graph.member_of(id) {
            match self.scratch.first_gone.get(group) {
                // Where some wait for others than their own offspring, there is no such order.
                Some(first) if *first != id && !graph.is_inward(*group) => {
                    let go = || {
                        let mut edges = graph.group_dependants(*group).iter();
                        edges.any(|edge| self.delete_step(edge.from) != NO_STEP)
                    };
                    if *awaited.entry(*group).or_insert_with(go) {
                        leaders.push(*first);
                    }
                }
                _ => waits(graph.group_dependants(*group)),
            }
        }
        for first in leaders {
            before(self.delete_step(first), Tie::Leader);
        }
        for child in graph.node(id).children.iter() {
            before(self.delete_step(*child), Tie::Own);
        }
        for child in self.moved_from(id) {
            before(self.delete_step(child), Tie::Own);
        }
        if let Some(old) = self.facts.old_needs.get(&id) {
            self.link_old(at, old, Tie::Need, links);
        }
    }

    /// Values that were derived from this one and will be from another.
    fn moved_from(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let moved = self.facts.moved.iter();
        moved.filter(move |(_, old)| **old == Some(id)).map(|(child, _)| *child)
    }

    fn link_put(&self, at: u32, step: &Step, links: &mut Vec<Link>) {
        let graph = self.facts.graph;
        let node = graph.node(step.node);
        let mut after = |other: u32, tie| {
            if other != NO_STEP && other != at {
                links.push(Link { from: other, to: at, tie, cut: false });
            }
        };
        let marks = self.marks(step.node);
        after(marks.delete_step, Tie::Own);
        if let Some(parent) = node.parent {
            after(self.marks_or_none(parent).1, Tie::Own);
        }
        for child in node.children.iter() {
            after(self.delete_step(*child), Tie::Own);
        }
        for child in self.moved_from(step.node) {
            after(self.delete_step(child), Tie::Own);
        }
        for need in node.needs.iter() {
            match need.on {
                // The common case: one value, needed by name.
                On::Node(target) => {
                    let (gone, put) = self.marks_or_none(target);
                    let conflict = need.kind() == DependencyKind::ConflictsWith;
                    after(if conflict { gone } else { put }, Tie::Need);
                }
                On::Group(group) => {
                    for other in self.providers(step.node, need, group) {
                        after(other, Tie::Need);
                    }
                }
            }
        }
        for edge in graph.dependants(step.node) {
            if edge.is_conflict() {
                after(self.delete_step(edge.from), Tie::Need);
            }
        }
        if marks.delete_step == NO_STEP
            && let Some(old) = self.facts.old_needs.get(&step.node)
        {
            self.link_old(at, old, Tie::Before, links);
        }
    }

    /// What a value depended on before goes after `at`.
    fn link_old(&self, at: u32, old: &List<Need>, tie: Tie, links: &mut Vec<Link>) {
        let graph = self.facts.graph;
        for need in old.iter().filter(|need| need.kind() != DependencyKind::ConflictsWith) {
            let targets = match need.on {
                On::Node(target) => vec![target],
                On::Group(group) => {
                    // As long as any of them stays, the others may go when they like.
                    let gone = self.scratch.gone_members.get(&group).copied().unwrap_or(0);
                    if gone < graph.group_available(group) {
                        continue;
                    }
                    graph.wanted_members(group)
                }
            };
            for to in targets.into_iter().map(|target| self.delete_step(target)) {
                if to != NO_STEP && to != at {
                    links.push(Link { from: at, to, tie, cut: false });
                }
            }
        }
    }

    /// Steps that have to be done before an any-of need is met.
    fn providers(&self, id: NodeId, need: &Need, group: GroupId) -> Vec<u32> {
        let graph = self.facts.graph;
        if need.kind() == DependencyKind::ConflictsWith {
            let members = graph.wanted_members(group);
            return members.into_iter().map(|m| self.delete_step(m)).collect();
        }
        if graph.is_inward(group) {
            let mut others = graph.wanted_members(group);
            others.retain(|member| !graph.is_below(id, *member));
            let stays = |m: &NodeId| graph.is_available(*m) && !self.marks(*m).gone;
            if others.iter().any(stays) {
                return Vec::new();
            }
            let put = |m: &NodeId| Some(self.marks_or_none(*m).1).filter(|at| *at != NO_STEP);
            return others.iter().find_map(put).into_iter().collect();
        }
        let gone = self.scratch.gone_members.get(&group).copied().unwrap_or(0);
        if graph.group_available(group) > gone {
            return Vec::new();
        }
        self.scratch.first_put.get(&group).copied().into_iter().collect()
    }

    fn delete_step(&self, id: NodeId) -> u32 {
        self.marks_or_none(id).0
    }

    /// The steps of a node: delete, put.
    fn marks_or_none(&self, id: NodeId) -> (u32, u32) {
        let marks = self.marks(id);
        if marks.touched { (marks.delete_step, marks.put_step) } else { (NO_STEP, NO_STEP) }
    }
}

/// Always the first step of those whose predecessors are done. Where nothing is left but cycles,
/// edges in them are cut, the loosest first.
fn sort(steps: Vec<Step>, mut links: Vec<Link>) -> Steps {
    links.sort_unstable_by_key(|l| (l.from, l.to, Reverse(l.tie)));
    links.dedup_by_key(|l| (l.from, l.to));
    let starts = starts_of(steps.len(), &links);
    let mut waiting = vec![0_u32; steps.len()];
    for link in &links {
        waiting[link.to as usize] += 1;
    }
    let mut ready: BinaryHeap<Reverse<u32>> =
        (0..).zip(&waiting).filter(|(_, n)| **n == 0).map(|(at, _)| Reverse(at)).collect();
    let mut order = Vec::with_capacity(steps.len());
    let mut placed = vec![false; steps.len()];
    let mut loosest = Tie::Leader;
    while order.len() < steps.len() {
        let Some(Reverse(at)) = ready.pop() else {
            let cut = cut_cycles(&mut links, &starts, &placed, loosest);
            if cut.is_empty() {
                loosest = match loosest {
                    Tie::Leader => Tie::Before,
                    Tie::Before => Tie::FromRoot,
                    Tie::FromRoot => Tie::Need,
                    Tie::Need | Tie::Own => Tie::Own,
                };
            }
            for at in cut {
                let to = links[at].to;
                waiting[to as usize] -= 1;
                if waiting[to as usize] == 0 {
                    ready.push(Reverse(to));
                }
            }
            continue;
        };
        placed[at as usize] = true;
        order.push(at);
        for link in &links[starts[at as usize]..starts[at as usize + 1]] {
            if !link.cut {
                let left = &mut waiting[link.to as usize];
                *left -= 1;
                if *left == 0 {
                    ready.push(Reverse(link.to));
                }
            }
        }
    }
    renumber(steps, &links, &order)
}

/// Where the links that leave each step begin.
fn starts_of(steps: usize, links: &[Link]) -> Vec<usize> {
    let mut starts = vec![0; steps + 1];
    for link in links {
        starts[link.from as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    starts
}

/// Cuts edges up to a looseness inside the cycles of unplaced steps; gives their places.
///
/// Where values need each other, only one of them comes before what it needs, see [`beginnings`]:
/// from there on, whatever leads back to a step that is under way is cut. If nothing can be cut that
/// way, everything of that looseness is.
fn cut_cycles(links: &mut [Link], starts: &[usize], placed: &[bool], loosest: Tie) -> Vec<usize> {
    let component = components(links, starts, placed);
    let inside = |link: &Link| {
        let (from, to) = (link.from as usize, link.to as usize);
        !placed[from] && !placed[to] && component[from] == component[to]
    };
    let loose = |link: &Link| !link.cut && link.tie <= loosest && inside(link);
    let mut cut: Vec<usize> = Vec::new();
    if loosest == Tie::Need {
        let roots = beginnings(links, placed);
        cut = leading_back(links, starts, roots, &inside, &loose);
    }
    if cut.is_empty() {
        cut = (0..links.len()).filter(|at| loose(&links[*at])).collect();
    }
    for at in &cut {
        links[*at].cut = true;
    }
    cut
}

/// The unplaced steps in the order in which they may begin a cycle: first those that something outside
/// was missing for so far, then all others, the last first.
fn beginnings(links: &[Link], placed: &[bool]) -> Vec<usize> {
    let mut freed = vec![false; placed.len()];
    for link in links.iter().filter(|l| l.tie == Tie::Need && placed[l.from as usize]) {
        freed[link.to as usize] = true;
    }
    let unplaced = || (0..placed.len()).filter(|at| !placed[*at]);
    let others = unplaced().filter(|at| !freed[*at]).rev();
    unplaced().filter(|at| freed[*at]).chain(others).collect()
}

/// Edges that may be cut, one of each cycle that is met on the way from the roots: the one that
/// leads back, else the one before it.
fn leading_back(
    links: &[Link],
    starts: &[usize],
    roots: Vec<usize>,
    inside: &dyn Fn(&Link) -> bool,
    loose: &dyn Fn(&Link) -> bool,
) -> Vec<usize> {
    let count = starts.len().saturating_sub(1);
    let mut seen = vec![Seen::No; count];
    // Where on the way a step under way is.
    let mut place = vec![0; count];
    let mut found = Vec::new();
    // Each step under way with the place of its next edge.
    let mut way: Vec<(usize, usize)> = Vec::new();
    for root in roots {
        if seen[root] == Seen::No {
            (seen[root], place[root]) = (Seen::UnderWay, way.len());
            way.push((root, starts[root]));
        }
        while let Some((here, at)) = way.last_mut() {
            if *at == starts[*here + 1] {
                seen[*here] = Seen::Done;
                way.pop();
                continue;
            }
            let link = &links[*at];
            *at += 1;
            let to = link.to as usize;
            if link.cut || !inside(link) {
                continue;
            }
            match seen[to] {
                Seen::No => {
                    (seen[to], place[to]) = (Seen::UnderWay, way.len());
                    way.push((to, starts[to]));
                }
                Seen::UnderWay => {
                    let mut around = way[place[to]..].iter().rev().map(|(_, next)| next - 1);
                    found.extend(around.find(|at| loose(&links[*at])));
                }
                Seen::Done => {}
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// How far a step is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    No,
    UnderWay,
    Done,
}

/// Strongly connected components of the unplaced steps (Tarjan, with a stack of its own).
fn components(links: &[Link], starts: &[usize], placed: &[bool]) -> Vec<u32> {
    const NEW: u32 = u32::MAX;
    let count = placed.len();
    let (mut index, mut low) = (vec![NEW; count], vec![0_u32; count]);
    let mut component = vec![NEW; count];
    let (mut next, mut found) = (0, 0);
    let (mut path, mut calls): (Vec<u32>, Vec<(u32, usize)>) = (Vec::new(), Vec::new());
    for root in (0..count).filter(|at| !placed[*at]) {
        if index[root] != NEW {
            continue;
        }
        calls.push((root as u32, starts[root]));
        while let Some((at, link)) = calls.pop() {
            let here = at as usize;
            if index[here] == NEW {
                (index[here], low[here]) = (next, next);
                next += 1;
                path.push(at);
            }
            if let Some(edge) = links[link..starts[here + 1]].first() {
                let to = edge.to as usize;
                calls.push((at, link + 1));
                if edge.cut || placed[to] {
                } else if index[to] == NEW {
                    calls.push((edge.to, starts[to]));
                } else if component[to] == NEW {
                    low[here] = low[here].min(index[to]);
                }
                continue;
            }
            if low[here] == index[here] {
                while let Some(member) = path.pop() {
                    component[member as usize] = found;
                    if member == at {
                        break;
                    }
                }
                found += 1;
            }
            if let Some((parent, _)) = calls.last() {
                let parent = *parent as usize;
                low[parent] = low[parent].min(low[here]);
            }
        }
    }
    component
}

fn renumber(steps: Vec<Step>, links: &[Link], order: &[u32]) -> Steps {
    let mut place = vec![0_u32; steps.len()];
    for (new, old) in (0..).zip(order) {
        place[*old as usize] = new;
    }
    let mut edges: Vec<(u32, u32)> = links
        .iter()
        .filter(|l| !l.cut)
        .map(|l| (place[l.from as usize], place[l.to as usize]))
        .collect();
    edges.sort_unstable();
    let mut slots: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    for link in links.iter().filter(|l| l.cut) {
        if let Some(Some(step)) = slots.get_mut(link.to as usize) {
            step.in_cycle = true;
        }
    }
    let steps = order.iter().filter_map(|old| slots[*old as usize].take()).collect();
    Steps { steps, edges, ..Steps::default() }
}

// === impl Members ===

impl Members {
    pub(super) fn insert(&mut self, id: NodeId) -> bool {
        self.0.insert(id)
    }

    pub(super) fn remove(&mut self, id: NodeId) {
        self.0.remove(&id);
    }

    pub(super) fn contains(&self, id: NodeId) -> bool {
        self.0.contains(&id)
    }

    pub(super) fn sorted(&self) -> Vec<NodeId> {
        let mut all: Vec<NodeId> = self.0.iter().copied().collect();
        all.sort_unstable();
        all
    }
}
