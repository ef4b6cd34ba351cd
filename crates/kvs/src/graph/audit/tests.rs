//! Breaks a graph in every way that the audit knows, and sees what it says.

use std::sync::Arc;

use ligato_kvs_api::{Dependency, DependencyKind};
use ligato_model::Value;

use super::*;
use crate::{
    catalog::Catalog,
    keyindex::hash_of,
    node::{Applied, Content, Desired},
};

/// Ids of what [`sound`] makes, in this order.
const BASE: NodeId = 0;
const CHILD: NodeId = 1;
const USER: NodeId = 2;
const WAITS: NodeId = 3;
const MISSING: NodeId = 4;
/// The only any-of target: whatever starts with `base/`.
const ANY: u32 = 0;

fn there() -> Applied {
    Applied::Known(Content { value: Value::empty(), metadata: None })
}

/// A base with a derived value, one that needs both, and one that waits for what is not there.
fn sound() -> Graph {
    let mut graph = Graph::default();
    let catalog = Catalog::default();
    for (id, key) in (0..).zip(["base", "base/child", "user", "waits"]) {
        assert_eq!(graph.intern(&key.into(), &catalog), id);
    }
    for id in [BASE, CHILD, USER] {
        graph.set_applied(id, there());
    }
    let desired = Desired { value: Value::empty(), terms: Arc::default() };
    graph.edit(WAITS).desired = Some(desired);
    graph.edit(CHILD).parent = Some(BASE);
    graph.set_children(BASE, vec![CHILD]);
    graph.set_descriptor(BASE, Some(0));
    let needs = vec![Dependency::on("one", "base"), Dependency::on_any("any", ["base/"])];
    graph.set_needs(USER, needs, &catalog);
    graph.set_needs(WAITS, vec![Dependency::on("one", "missing")], &catalog);
    assert_eq!(graph.find("missing"), Some(MISSING));
    graph.settle();
    graph
}

/// What the audit says of a graph that was broken like this.
fn broken(harm: impl FnOnce(&mut Graph)) -> Vec<String> {
    let mut graph = sound();
    harm(&mut graph);
    graph.audit()
}

#[test]
fn nothing_is_said_of_a_sound_graph() {
    let mut graph = sound();
    assert_eq!(graph.audit(), [""; 0]);
    let mut published = Published::default();
    graph.publish(&mut published);
    assert_eq!(graph.audit_published(&published), [""; 0]);
    // What was put back is another node with the same content.
    let same = Shared::new(Node::clone(graph.node(BASE)));
    graph.slots[BASE as usize].node = Some(same);
    assert_eq!(graph.audit_published(&published), [""; 0]);
}

#[test]
fn a_node_is_found_and_counted_once() {
    assert_eq!(
        broken(|graph| graph.by_key.retain(|id| *id != USER)),
        ["user is not found under its key", "5 nodes, 5 counted, (4, 5) indexed"]
    );
    assert_eq!(broken(|graph| graph.used += 1), ["5 nodes, 6 counted, (5, 5) indexed"]);
    let late = broken(|graph| {
        let id = graph.intern(&"a".into(), &Catalog::default());
        graph.set_applied(id, there());
    });
    assert_eq!(late, ["6 nodes, 6 counted, (6, 5) indexed"]);
    assert_eq!(
        broken(|graph| graph.edit(WAITS).key = "a".into()),
        [
            "a is not found under its key",
            "a is kept at hand as something else",
            "a is not in order"
        ]
    );
}

#[test]
fn what_is_kept_at_hand_is_what_the_node_says() {
    let flipped = broken(|graph| graph.slots[BASE as usize].links.available = false);
    let unmet = "user has 1 unmet needs, 0 are counted";
    assert_eq!(flipped, ["base is kept at hand as something else", unmet]);
    let renamed = broken(|graph| graph.slots[WAITS as usize].key = "other".into());
    assert_eq!(
        renamed,
        ["waits is not found under its key", "waits is kept at hand as something else"]
    );
}

#[test]
fn nothing_is_kept_for_nobody() {
    let idle = broken(|graph| {
        graph.intern(&"zero".into(), &Catalog::default());
        graph.settle();
    });
    assert_eq!(idle, ["zero is nothing, and nobody points at it"]);
    let gone = broken(|graph| {
        graph.slots[MISSING as usize].node = None;
        graph.used -= 1;
        graph.by_key.retain(|id| *id != MISSING);
        graph.ordered.goes(MISSING, &"missing".into());
        graph.settle();
    });
    assert_eq!(gone, ["node 4 is gone, and others point at it"]);
}

#[test]
fn a_descriptor_knows_its_nodes() {
    let lost = broken(|graph| graph.owned[0].clear());
    assert_eq!(lost, ["base is not among the nodes of its descriptor"]);
}

#[test]
fn both_ends_know_an_edge() {
    let unknown = "user needs one, which does not know";
    assert_eq!(broken(|graph| graph.links(BASE).dependants.clear()), [unknown]);
    let requires = DependencyKind::Requires;
    for other in [
        Edge::new(USER, 0, DependencyKind::ConflictsWith),
        Edge::new(USER, 1, requires),
        Edge::new(WAITS, 0, requires),
    ] {
        let said = broken(|graph| graph.links(BASE).dependants[0] = other);
        assert!(said.iter().any(|s| s == unknown), "{said:?}");
    }
    assert_eq!(
        broken(|graph| graph.links(BASE).dependants.push(Edge::new(WAITS, 0, requires))),
        ["waits does not need base, which believes so"]
    );
    assert_eq!(
        broken(|graph| graph.links(BASE).dependants.push(Edge::new(CHILD, 7, requires))),
        ["base/child does not need base, which believes so"]
    );
    let of_group = Edge::new(WAITS, 0, requires);
    assert_eq!(
        broken(|graph| graph.groups.dependants(ANY).push(of_group)),
        ["waits does not need base/, which believes so"]
    );
}

#[test]
fn unmet_needs_are_counted() {
    assert_eq!(
        broken(|graph| graph.links(WAITS).unmet = 0),
        ["waits has 1 unmet needs, 0 are counted"]
    );
    assert_eq!(
        broken(|graph| graph.links(USER).unmet = 2),
        ["user has 0 unmet needs, 2 are counted"]
    );
}

#[test]
fn base_and_derived_know_each_other() {
    assert_eq!(
        broken(|graph| graph.edit(CHILD).parent = None),
        ["base/child does not know that base derives it"]
    );
    assert_eq!(
        broken(|graph| graph.edit(BASE).children = <_>::default()),
        ["base/child is an orphan: base does not derive it"]
    );
    let headless = |graph: &mut Graph| {
        graph.set_applied(BASE, Applied::Absent);
        graph.edit(BASE).desired = Some(Desired { value: Value::empty(), terms: Arc::default() });
    };
    assert_eq!(broken(headless), ["base/child is there, and base, which derives it, is not"]);
    // Unless it could not be taken away.
    let failed = |graph: &mut Graph| {
        headless(graph);
        let kind = crate::node::ProblemKind::Failed;
        let problem = crate::node::Problem { kind, error: "no".into(), retry: None };
        graph.edit(CHILD).problem = Some(Arc::new(problem));
    };
    assert_eq!(broken(failed), [""; 0]);
    // One that is nothing yet may be claimed by several.
    let claimed = broken(|graph| {
        graph.edit(WAITS).children = vec![MISSING].into();
        graph.edit(USER).children = vec![CHILD].into();
    });
    assert_eq!(claimed, [""; 0]);
}

#[test]
fn an_any_of_target_knows_its_candidates_and_who_waits() {
    let unlisted = broken(|graph| graph.links(CHILD).grouped = false);
    assert_eq!(unlisted, ["base/child is a candidate of [0], [] are known"]);
    assert_eq!(
        broken(|graph| assert!(!graph.groups.count(ANY, true))),
        ["1 of base/ are there, 2 are counted"]
    );
    let idle = |graph: &mut Graph| {
        let needs = vec![Dependency::on("one", "base")];
        graph.set_needs(USER, needs, &Catalog::default());
    };
    assert_eq!(broken(idle), [""; 0], "it rests");
    let deserted = broken(|graph| {
        idle(graph);
        let group = graph.group(vec!["waits".into()], None);
        assert_ne!(group, ANY);
    });
    assert_eq!(deserted, ["nobody waits for any of waits"]);
}

/// What the audit says of a publication that was spoiled like this.
fn spoiled(harm: impl FnOnce(&mut Graph, &mut Published)) -> Vec<String> {
    let mut graph = sound();
    let mut published = Published::default();
    graph.publish(&mut published);
    harm(&mut graph, &mut published);
    graph.audit_published(&published)
}

#[test]
fn what_is_published_is_what_is_there() {
    assert_eq!(
        spoiled(|graph, _| graph.edit(BASE).marks.missing = true),
        ["base is published as it was before"]
    );
    let hidden = |_: &mut Graph, published: &mut Published| {
        published.nodes.set_all(&[MISSING], |_| None);
    };
    let said = spoiled(hidden);
    assert_eq!(
        said,
        [
            "missing is not published",
            "missing is not found in what is published",
            "4 nodes are published, there are 5"
        ]
    );
    assert_eq!(
        spoiled(|_, published| published.keys.remove((hash_of("user"), USER))),
        ["user is not found in what is published"]
    );
    let miscounted = spoiled(|_, published| published.counts = Counts::default());
    assert!(matches!(&miscounted[..], [one] if one.contains("are counted as")), "{miscounted:?}");
    assert_eq!(
        spoiled(|_, published| published.groups.set_all(&[ANY], |_| None)),
        ["any of base/ is published as None"]
    );
    let flipped = spoiled(|graph, _| assert!(!graph.groups.count(ANY, true)));
    assert_eq!(flipped, [""; 0], "one more makes no difference to readers");
    let emptied = spoiled(|graph, _| assert!(graph.groups.count(ANY, false)));
    assert_eq!(emptied, ["any of base/ is published as Some(true)"]);
    let unused = spoiled(|graph, _| assert_ne!(graph.group(vec!["waits".into()], None), ANY));
    assert_eq!(unused, [""; 0], "nobody waits for it");
}
