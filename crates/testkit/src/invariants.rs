//! What must hold of the graph after every transaction.

use ligato_kvs::Snapshot;
use ligato_kvs_api::ValueState;

/// Everything that is out of order, in words; empty if all is well.
///
/// * A value that is configured has all its needs met.
/// * A value that is pending has a need that is not met, or its southbound cannot be reached.
/// * What an operation is under way on is not looked at.
/// * `available` and the state agree.
pub fn violations(snapshot: &Snapshot) -> Vec<String> {
    let mut found = Vec::new();
    for node in snapshot.nodes().filter(|node| !node.under_way) {
        let unmet: Vec<&str> = node
            .depends_on
            .iter()
            .filter(|(_, _, satisfied)| !satisfied)
            .map(|(label, _, _)| label.as_str())
            .collect();
        let key = &node.key;
        match node.state {
            ValueState::Configured if !unmet.is_empty() => {
                found.push(format!("{key} is CONFIGURED although {unmet:?} are unmet"));
            }
            ValueState::Pending if unmet.is_empty() => {
                found.push(format!("{key} is PENDING although nothing is unmet"));
            }
            ValueState::Configured | ValueState::Obtained if !node.available => {
                found.push(format!("{key} is {} but not available", node.state));
            }
            ValueState::Pending | ValueState::Missing if node.available => {
                found.push(format!("{key} is {} but available", node.state));
            }
            _ => {}
        }
    }
    found
}
