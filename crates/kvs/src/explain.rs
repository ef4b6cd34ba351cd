//! Why a value is where it is: from the value down to the root causes.

use ligato_kvs_api::{Availability, Cause, DependencyKind, Explanation, ValueState};
use ligato_model::Key;

use crate::{
    node::{Need, Node, NodeId, On, Problem, ProblemKind},
    snapshot::{GroupView, Published},
};

/// Chains longer than this are cut: nobody reads them, and their end can be asked for.
const DEPTH: usize = 32;
/// Candidates of an any-of dependency that are explained.
const CANDIDATES: usize = 3;

pub(crate) fn explain(graph: &Published, key: &str) -> Explanation {
    match graph.find(key) {
        Some((id, node)) => explain_node(graph, id, node, &mut Vec::new()),
        None => Explanation {
            key: Key::from(key),
            state: ValueState::Nonexistent,
            sources: Vec::new(),
            causes: Vec::new(),
        },
    }
}

fn explain_node(graph: &Published, id: NodeId, node: &Node, path: &mut Vec<NodeId>) -> Explanation {
    let base = graph.base_of(node);
    let mut explanation = Explanation {
        key: node.key.clone(),
        state: if graph.visible(node) { node.state() } else { ValueState::Nonexistent },
        sources: base.desired.iter().filter_map(|d| d.terms.source.clone()).collect(),
        causes: Vec::new(),
    };
    path.push(id);
    explanation.causes = causes(graph, node, path);
    path.pop();
    explanation
}

fn causes(graph: &Published, node: &Node, path: &mut Vec<NodeId>) -> Vec<Cause> {
    let mut causes = Vec::new();
    if let Some(problem) = &node.problem {
        causes.push(of_problem(graph, problem));
    }
    if path.last().is_some_and(|id| graph.is_busy(*id)) {
        causes.push(Cause::UnderWay);
    }
    if node.is_obtained() {
        causes.push(Cause::Foreign);
    }
    if node.state() == ValueState::Removed {
        causes.extend(southbound_down(graph, node));
    }
    if node.desired.is_none() || (node.available() && !node.marks.differs) {
        return causes;
    }
    if let Some(down) = southbound_down(graph, node) {
        causes.push(down);
    }
    match node.parent {
        None if node.descriptor.is_none() => causes.push(Cause::NoDescriptor),
        Some(parent) if !node.available() => {
            if let Some(base) = graph.node(parent).filter(|b| !b.shows_children())
                && path.len() < DEPTH
                && !path.contains(&parent)
            {
                let on = Box::new(explain_node(graph, parent, base, path));
                causes.push(Cause::Waits { label: "derived-from".to_owned(), on });
            }
        }
        _ => {}
    }
    for need in node.needs.iter() {
        if let Some(with) = graph.excluded_by_itself(node, need) {
            let (label, with) = (need.label().to_string(), with.clone());
            causes.push(Cause::ExcludesItself { label, with });
        } else if !graph.is_met(node, need) {
            causes.push(unmet(graph, need, path));
        }
    }
    if causes.is_empty() && node.state() == ValueState::Pending {
        causes.push(ring(graph, node));
    }
    causes
}

fn of_problem(graph: &Published, problem: &Problem) -> Cause {
    let error = problem.error.to_string();
    match &problem.kind {
        ProblemKind::Invalid { fields } => Cause::Invalid { error, fields: fields.clone() },
        ProblemKind::Unsupported => Cause::Unsupported { error },
        ProblemKind::Unknown => Cause::OutcomeUnknown { error },
        ProblemKind::Held { by } => Cause::HeldBy { key: by.clone(), error },
        ProblemKind::Failed | ProblemKind::Stopped => {
            let retry = problem.retry.map(|retry| {
                let left = retry.due.saturating_sub(graph.now).as_millis();
                (retry.attempt, u64::try_from(left).unwrap_or(u64::MAX))
            });
            Cause::Failed { error, retry }
        }
    }
}

/// Nothing is in its way as long as it is not there: what it needs goes when it comes, or it must not
/// be beside what then comes.
fn ring(graph: &Published, node: &Node) -> Cause {
    let excluded = node.needs.iter().find(|need| need.kind() == DependencyKind::ConflictsWith);
    if let Some(need) = excluded {
        let label = need.label().to_string();
        return Cause::Conflict { label, with: graph.target_text(need).into() };
    }
    let targets = node.needs.iter().filter_map(|need| match need.on {
        On::Node(id) => graph.node(id).map(|target| target.key.clone()),
        On::Group(_) => None,
    });
    Cause::Cycle { through: std::iter::once(node.key.clone()).chain(targets).collect() }
}

fn southbound_down(graph: &Published, node: &Node) -> Option<Cause> {
    let name = graph.catalog.get(node.descriptor?)?.southbound();
    graph.lanes.iter().find(|(lane, _)| *lane == name).and_then(|(_, now)| match now {
        Availability::Up { .. } => None,
        Availability::Down { reason } => {
            Some(Cause::SouthboundDown { southbound: name.to_owned(), reason: reason.clone() })
        }
    })
}

fn unmet(graph: &Published, need: &Need, path: &mut Vec<NodeId>) -> Cause {
    let label = need.label().to_string();
    let candidates = match need.on {
        On::Node(id) => vec![id],
        On::Group(id) => graph.groups.get(id).map(|g| members(graph, g)).unwrap_or_default(),
    };
    let existing: Vec<(NodeId, &Node)> =
        candidates.into_iter().filter_map(|id| Some((id, graph.node(id)?))).collect();
    if need.kind() == DependencyKind::ConflictsWith
        && let Some((_, with)) = existing.iter().find(|(_, n)| n.available())
    {
        return Cause::Conflict { label, with: with.key.clone() };
    }
    let wanted = existing.into_iter().find(|(_, n)| n.desired.is_some() || n.problem.is_some());
    let Some((id, target)) = wanted else {
        return Cause::MissingKey {
            target: graph.target_text(need),
            provider: provider(graph, need).map(str::to_owned),
            label,
        };
    };
    if let Some(at) = path.iter().position(|open| *open == id) {
        let members = path.iter().skip(at).filter_map(|id| graph.node(*id));
        return Cause::Cycle { through: members.map(|n| n.key.clone()).collect() };
    }
    if path.len() >= DEPTH {
        let on = Explanation {
            key: target.key.clone(),
            state: target.state(),
            sources: Vec::new(),
            causes: Vec::new(),
        };
        return Cause::Waits { label, on: Box::new(on) };
    }
    Cause::Waits { label, on: Box::new(explain_node(graph, id, target, path)) }
}

/// The descriptor whose values could satisfy the need; nobody in particular, if keys of any kind could.
fn provider<'g>(graph: &'g Published, need: &Need) -> Option<&'g str> {
    let start = match need.on {
        On::Node(id) => &graph.node(id)?.key,
        On::Group(id) => graph.groups.get(id)?.prefixes.iter().find(|prefix| !prefix.is_empty())?,
    };
    graph.catalog.provider(start)
}

/// Existing nodes that would satisfy the group if they were available; the first few by key.
fn members(graph: &Published, group: &GroupView) -> Vec<NodeId> {
    let target = group.target();
    let accepted = graph.nodes.iter().filter(|n| !n.is_empty() && target.accepts(&n.key));
    let mut keys: Vec<&Key> = accepted.map(|n| &n.key).collect();
    keys.sort_unstable();
    keys.into_iter().take(CANDIDATES).filter_map(|key| graph.find(key).map(|(id, _)| id)).collect()
}
