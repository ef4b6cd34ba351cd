//! What must hold of the graph after every transaction, as far as readers can see it.

use ligato_kvs::{NodeInfo, Snapshot};
use ligato_kvs_api::{Availability, ValueState};

/// Everything that is out of order, in words; empty if all is well.
///
/// * A value that is there for NB has all its needs met, or a problem that says why it is still there.
/// * A value that is pending has a need that is not met, or its southbound cannot be reached, or
///   what it is derived from is not there.
/// * `available` and the state agree, and a pending or missing value has no error.
/// * A derived value is there only with what it is derived from.
/// * What an operation is under way on is not looked at.
/// * A value that does not stand well is explained.
pub fn violations(snapshot: &Snapshot) -> Vec<String> {
    let down =
        snapshot.southbounds().iter().any(|(_, now)| matches!(now, Availability::Down { .. }));
    let mut found = Vec::new();
    for node in snapshot.nodes().filter(|node| !node.under_way) {
        let wrong = |what: &str| format!("{} is {} {what}", node.key, node.state);
        let unmet: Vec<&str> = node
            .depends_on
            .iter()
            .filter(|(_, _, satisfied)| !satisfied)
            .map(|(label, _, _)| label.as_str())
            .collect();
        match node.state {
            ValueState::Configured if !unmet.is_empty() && !down => {
                found.push(wrong(&format!("although {unmet:?} are unmet")));
            }
            ValueState::Pending
                if unmet.is_empty() && !down && !waits_for_base(snapshot, &node) =>
            {
                found.push(wrong("although nothing is unmet"));
            }
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

fn waits_for_base(snapshot: &Snapshot, node: &NodeInfo) -> bool {
    let base = node.derived_from.as_ref().and_then(|key| snapshot.node(key));
    base.is_some_and(|base| !base.available || base.error.is_some())
}
