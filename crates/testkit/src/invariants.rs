//! What must hold of the graph after every transaction, as far as readers can see it.

use ligato_kvs::{NodeInfo, Snapshot};
use ligato_kvs_api::{Availability, ValueState};

/// Everything that is out of order, in words; empty if all is well.
pub fn violations(snapshot: &Snapshot) -> Vec<String> {
    [contradictions(snapshot), unsupported(snapshot), stuck(snapshot)].concat()
}

/// What must hold at any time:
///
/// * `available` and the state agree, and no state of the moment is left.
/// * A value that does not stand well is explained.
/// * What an operation is under way on is not looked at.
pub(crate) fn contradictions(snapshot: &Snapshot) -> Vec<String> {
    let down = is_down(snapshot);
    let mut found = Vec::new();
    for node in snapshot.nodes().filter(|node| !node.under_way) {
        let wrong = |what: &str| format!("{} is {} {what}", node.key, node.state);
        match node.state {
            ValueState::Configured | ValueState::Obtained | ValueState::Discovered
                if !node.available =>
            {
                found.push(wrong("but not available"));
            }
            ValueState::Pending | ValueState::Missing | ValueState::Unimplemented
                if node.available =>
            {
                found.push(wrong("but available"));
            }
            ValueState::Removed if down => {}
            ValueState::Removed | ValueState::Nonexistent => {
                found.push(wrong("at the end of a transaction"));
            }
            _ => {}
        }
        let troubled = matches!(
            node.state,
            ValueState::Pending | ValueState::Invalid | ValueState::Failed | ValueState::Retrying
        );
        if troubled && snapshot.explain(&node.key).causes.is_empty() {
            found.push(wrong("and nothing explains it"));
        }
    }
    found
}

/// Values that are there for NB, have no problem, and need what is not there. After a read-back
/// without repair there may be some; else there must be none.
pub(crate) fn unsupported(snapshot: &Snapshot) -> Vec<String> {
    if is_down(snapshot) {
        return Vec::new();
    }
    let nodes = snapshot.nodes().filter(|node| !node.under_way);
    nodes
        .filter(|node| node.state == ValueState::Configured && !unmet(node).is_empty())
        .map(|node| format!("{} is CONFIGURED although {:?} are unmet", node.key, unmet(&node)))
        .collect()
}

/// Values that wait although everything they need is there. Where values exclude each other in a
/// ring there may be some, as no end is right; else there must be none.
pub(crate) fn stuck(snapshot: &Snapshot) -> Vec<String> {
    if is_down(snapshot) {
        return Vec::new();
    }
    let nodes = snapshot.nodes().filter(|node| !node.under_way);
    nodes
        .filter(|node| node.state == ValueState::Pending && unmet(node).is_empty())
        .filter(|node| !waits_for_base(snapshot, node))
        .map(|node| format!("{} is PENDING although nothing is unmet", node.key))
        .collect()
}

fn is_down(snapshot: &Snapshot) -> bool {
    snapshot.southbounds().iter().any(|(_, now)| matches!(now, Availability::Down { .. }))
}

fn unmet(node: &NodeInfo) -> Vec<&str> {
    let unmet = node.depends_on.iter().filter(|(_, _, satisfied)| !satisfied);
    unmet.map(|(label, _, _)| label.as_str()).collect()
}

fn waits_for_base(snapshot: &Snapshot, node: &NodeInfo) -> bool {
    let base = node.derived_from.as_ref().and_then(|key| snapshot.node(key));
    base.is_some_and(|base| !base.available || base.error.is_some())
}
