//! What counting needs and forgetting nodes come to, one case each.

use std::sync::Arc;

use ligato_kvs_api::{Dependency, DependencyKind};
use ligato_model::Value;

use super::*;
use crate::{
    catalog::Catalog,
    node::{Content, Desired},
};

fn there() -> Applied {
    Applied::Known(Content { value: Value::empty(), metadata: None })
}

/// Values that are wanted, in the order of their ids.
fn wanted(keys: &[&str]) -> Graph {
    let mut graph = Graph::default();
    for (id, key) in (0..).zip(keys) {
        assert_eq!(graph.intern(&(*key).into(), &Catalog::default()), id);
        let desired = Desired { value: Value::empty(), terms: Arc::default() };
        graph.edit(id).desired = Some(desired);
    }
    graph
}

fn needs(graph: &mut Graph, id: NodeId, needs: Vec<Dependency>) {
    graph.set_needs(id, needs, &Catalog::default());
    graph.take_disturbed();
}

/// A base with two derived values, one that waits for a key nobody has, and one that needs a group.
fn family() -> Graph {
    let mut graph = wanted(&["base", "base/a", "base/b", "waits", "any"]);
    graph.edit(1).parent = Some(0);
    graph.edit(2).parent = Some(0);
    graph.set_children(0, vec![1, 2]);
    needs(&mut graph, 3, vec![Dependency::on("one", "missing")]);
    needs(&mut graph, 4, vec![Dependency::on_any("any", ["base/"])]);
    graph
}

#[test]
fn what_holds_something_or_is_waited_for_is_not_forgotten() {
    let mut graph = family();
    let missing = graph.find("missing");
    assert!(missing.is_some());
    let all: Vec<NodeId> = (0..graph.bound() as NodeId).collect();
    assert!(graph.sweep(all, None).is_empty());
    assert_eq!((graph.len(), graph.find("missing")), (6, missing));
    assert_eq!(*graph.node(0).children, [1, 2]);
}

#[test]
fn with_a_value_goes_what_only_it_waited_for() {
    let mut graph = family();
    graph.edit(3).desired = None;
    assert!(graph.sweep([3], None).is_empty());
    assert_eq!((graph.len(), graph.find("waits"), graph.find("missing")), (4, None, None));
    assert!(graph.sweep([3], None).is_empty(), "once forgotten, there is nothing to be kept");
    assert!(graph.sweep([3], Some(&|_| true)).is_empty());
    assert_eq!(graph.len(), 4);
}

#[test]
fn a_base_has_no_children_that_are_forgotten() {
    let mut graph = family();
    graph.edit(1).desired = None;
    graph.sweep([1], None);
    assert_eq!(graph.find("base/a"), None);
    assert_eq!(*graph.node(0).children, [2]);
    assert_eq!(graph.node(2).parent, Some(0));
}

#[test]
fn what_a_transaction_aside_knows_is_kept_with_the_groups() {
    let mut graph = family();
    let (group, known) = (graph.node(4).needs[0].on, |id: NodeId| id == 4);
    let crate::node::On::Group(group) = group else { panic!("{group:?}") };
    graph.edit(3).desired = None;
    graph.edit(4).desired = None;
    assert_eq!(graph.sweep([3, 4], Some(&known)), [4]);
    assert_eq!((graph.find("waits"), graph.find("any")), (None, Some(4)));
    assert_eq!(graph.member_of(1), [group]);
    assert!(graph.sweep([4], None).is_empty());
    assert_eq!(graph.find("any"), None);
}

#[test]
fn who_lacks_something_or_lacks_nothing_any_more_is_looked_at() {
    let mut graph = wanted(&["a", "b", "user"]);
    needs(&mut graph, 2, vec![Dependency::on("a", "a"), Dependency::on("b", "b")]);
    assert_eq!(graph.unmet(2), 2);
    graph.set_applied(0, there());
    assert_eq!((graph.unmet(2), graph.take_disturbed()), (1, vec![]), "it lacks the other");
    graph.set_applied(1, there());
    assert_eq!((graph.unmet(2), graph.take_disturbed()), (0, vec![(2, 1)]));
    graph.set_applied(0, Applied::Absent);
    assert_eq!((graph.unmet(2), graph.take_disturbed()), (1, vec![(2, 0)]));
    graph.set_applied(1, Applied::Absent);
    assert_eq!((graph.unmet(2), graph.take_disturbed()), (2, vec![(2, 1)]));
}

#[test]
fn who_is_waited_for_is_looked_at_with_each_need_that_is_met() {
    let both = || vec![Dependency::on("a", "a"), Dependency::on("b", "b")];
    // By name.
    let mut graph = wanted(&["a", "b", "user", "waits"]);
    needs(&mut graph, 2, both());
    needs(&mut graph, 3, vec![Dependency::on("user", "user")]);
    graph.set_applied(0, there());
    assert_eq!((graph.unmet(2), graph.take_disturbed()), (1, vec![(2, 0)]));
    // As one of many.
    let mut graph = wanted(&["a", "b", "user/1", "waits"]);
    needs(&mut graph, 2, both());
    needs(&mut graph, 3, vec![Dependency::on_any("user", ["user/"])]);
    graph.set_applied(0, there());
    assert_eq!((graph.unmet(2), graph.take_disturbed()), (1, vec![(2, 0)]));
}

#[test]
fn who_excludes_something_lacks_nothing_as_long_as_that_is_gone() {
    let mut graph = wanted(&["a", "user"]);
    let excludes = Dependency::on("a", "a").kind(DependencyKind::ConflictsWith);
    needs(&mut graph, 1, vec![excludes]);
    assert_eq!(graph.unmet(1), 0);
    graph.set_applied(0, there());
    assert_eq!((graph.unmet(1), graph.take_disturbed()), (1, vec![(1, 0)]));
    graph.set_applied(0, Applied::Absent);
    assert_eq!((graph.unmet(1), graph.take_disturbed()), (0, vec![(1, 0)]));
}

/// Groups without dependants rest for a while, then they are forgotten.
#[test]
fn a_group_that_is_forgotten_leaves_those_of_names_as_long_alone() {
    let keys: Vec<String> = (10..40).map(|n| format!("user/{n}")).collect();
    let mut graph = wanted(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    for (id, n) in (0..).zip(10..40) {
        let prefix = format!("{n}/");
        needs(&mut graph, id, vec![Dependency::on_any("any", [prefix.as_str()])]);
    }
    for id in 0..29 {
        needs(&mut graph, id, Vec::new());
        graph.edit(id).desired = None;
    }
    assert!(graph.sweep(0..29, None).is_empty());
    assert_eq!(graph.unmet(29), 1);
    let member = graph.intern(&"39/x".into(), &Catalog::default());
    graph.set_applied(member, there());
    assert_eq!(graph.unmet(29), 0);
}
