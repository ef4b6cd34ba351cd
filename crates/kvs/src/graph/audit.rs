//! Compares everything that the graph keeps twice. For tests and bug reports.

use ligato_model::Key;

use crate::{
    counts::Counts,
    graph::{Edge, Graph},
    node::{Node, NodeId, On, Shared},
    snapshot::Published,
};

fn is_same(a: &Node, b: &Node) -> bool {
    (a.is_empty() && b.is_empty()) || format!("{a:?}") == format!("{b:?}")
}

impl Graph {
    /// What does not fit together, in words. Looks at every node and edge.
    pub(crate) fn audit(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut alive = 0;
        for (id, slot) in (0..).zip(&self.slots) {
            if let Some(node) = &slot.node {
                alive += 1;
                self.audit_index(id, node, &mut wrong);
                self.audit_edges(id, node, &mut wrong);
                self.audit_family(id, node, &mut wrong);
            } else if !slot.links.dependants.is_empty() {
                wrong.push(format!("node {id} is gone, and others point at it"));
            }
        }
        let indexed = (self.by_key.len(), self.ordered.len());
        if (alive, alive) != indexed || alive != self.used {
            wrong.push(format!("{alive} nodes, {} counted, {indexed:?} indexed", self.used));
        }
        let mut before: Option<&Key> = None;
        for key in self.in_order().map(|id| &self.node(id).key) {
            if before.is_some_and(|before| before >= key) {
                wrong.push(format!("{key} is not in order"));
            }
            before = Some(key);
        }
        self.audit_groups(&mut wrong);
        wrong
    }

    fn audit_index(&self, id: NodeId, node: &Node, wrong: &mut Vec<String>) {
        let key = &node.key;
        if self.find(key) != Some(id) {
            wrong.push(format!("{key} is not found under its key"));
        }
        if (self.key(id), self.is_available(id)) != (key, node.available()) {
            wrong.push(format!("{key} is kept at hand as something else"));
        }
        if node.is_empty() && self.dependants(id).is_empty() {
            wrong.push(format!("{key} is nothing, and nobody points at it"));
        }
        if node.descriptor.is_some_and(|d| !self.owned_by(d).contains(&id)) {
            wrong.push(format!("{key} is not among the nodes of its descriptor"));
        }
    }

    fn audit_edges(&self, id: NodeId, node: &Node, wrong: &mut Vec<String>) {
        let key = &node.key;
        let mut unmet = 0;
        for (at, need) in (0..).zip(node.needs.iter()) {
            unmet += u32::from(!self.satisfied(id, need));
            let edges = match need.on {
                On::Node(target) => self.dependants(target),
                On::Group(group) => self.group_dependants(group),
            };
            if !edges
                .iter()
                .any(|edge| edge.from == id && edge.need() == at && edge.kind() == need.kind())
            {
                wrong.push(format!("{key} needs {}, which does not know", need.label()));
            }
        }
        if unmet != self.unmet(id) {
            wrong.push(format!("{key} has {unmet} unmet needs, {} are counted", self.unmet(id)));
        }
        self.audit_incoming(key, On::Node(id), self.dependants(id), wrong);
        let mut said = self.member_of(id).to_vec();
        let mut meant = self.groups.of_key(key);
        said.sort_unstable();
        meant.sort_unstable();
        if said != meant {
            wrong.push(format!("{key} is a candidate of {meant:?}, {said:?} are known"));
        }
    }

    fn audit_incoming(&self, key: &str, on: On, edges: &[Edge], wrong: &mut Vec<String>) {
        for edge in edges {
            let needs = &self.node(edge.from).needs;
            if needs.get(edge.need() as usize).is_none_or(|need| need.on != on) {
                let from = &self.node(edge.from).key;
                wrong.push(format!("{from} does not need {key}, which believes so"));
            }
        }
    }

    fn audit_family(&self, id: NodeId, node: &Node, wrong: &mut Vec<String>) {
        let key = &node.key;
        for child in node.children.iter() {
            let child = self.node(*child);
            // One that is neither wanted nor there may be somebody else's by now.
            if child.parent != Some(id) && !child.is_empty() && child.parent.is_none() {
                wrong.push(format!("{} does not know that {key} derives it", child.key));
            }
        }
        let Some(parent) = node.parent else { return };
        let base = self.node(parent);
        if !base.children.contains(&id) {
            wrong.push(format!("{key} is an orphan: {} does not derive it", base.key));
        }
        if node.available() && !base.available() && node.problem.is_none() {
            wrong.push(format!("{key} is there, and {}, which derives it, is not", base.key));
        }
    }

    fn audit_groups(&self, wrong: &mut Vec<String>) {
        for (id, group) in self.groups.living() {
            let name = group.prefixes.join(" | ");
            let is_member = |slot: &&Shared| slot.available() && group.accepts(&slot.key);
            let nodes = self.slots.iter().filter_map(|slot| slot.node.as_ref());
            let available = nodes.filter(is_member).count();
            if available != group.available as usize {
                let counted = group.available;
                wrong.push(format!("{available} of {name} are there, {counted} are counted"));
            }
            if group.dependants.is_empty() && !self.groups.is_resting(id) {
                wrong.push(format!("nobody waits for any of {name}"));
            }
            self.audit_incoming(&name, On::Group(id), &group.dependants, wrong);
        }
    }

    /// What of a published state is not what the graph says.
    pub(crate) fn audit_published(&self, published: &Published) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut shown = 0;
        for (id, slot) in (0..).zip(&self.slots) {
            let Some(node) = &slot.node else { continue };
            shown += 1;
            let key = &node.key;
            match published.nodes.get(id) {
                // What was put back is made anew.
                Some(seen) if Shared::ptr_eq(seen, node) || is_same(seen, node) => {}
                Some(_) => wrong.push(format!("{key} is published as it was before")),
                None => wrong.push(format!("{key} is not published")),
            }
            if published.find(key).map(|(found, _)| found) != Some(id) {
                wrong.push(format!("{key} is not found in what is published"));
            }
        }
        let counts = Counts::of(&published.nodes);
        if counts != published.counts {
            wrong.push(format!("{counts:?} are counted as {:?}", published.counts));
        }
        let total = published.nodes.iter().count();
        if total != shown {
            wrong.push(format!("{total} nodes are published, there are {shown}"));
        }
        for (id, group) in self.groups.living() {
            let seen = published.groups.get(id).map(|view| view.satisfied);
            // One that was made for what was put back is not known to readers yet.
            let unused = seen.is_none() && group.dependants.is_empty();
            if seen != Some(group.available > 0) && !unused {
                wrong.push(format!(
                    "any of {} is published as {seen:?}",
                    group.prefixes.join(" | ")
                ));
            }
        }
        wrong
    }
}

#[cfg(test)]
mod tests;
