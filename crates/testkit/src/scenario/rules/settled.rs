//! When what differed for a reason has become equal again: what follows is judged in full.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::scenario::{
    compare::{Difference, Taken},
    facts::{Facts, nodes_of},
    rules::records::stripped,
};

/// Do both sides stand the same after this step, also in what is not shown of them?
pub(super) fn is_settled(taken: &Taken, facts: &Facts) -> bool {
    shows_the_same(taken) && owes_nothing(taken) && wants_the_same(facts) && holds_the_same(facts)
}

/// Values, their states, the southbound and what is told of them; but for which number of metadata
/// was handed out, which is judged apart, and what was done with them last.
fn shows_the_same(taken: &Taken) -> bool {
    taken.differences.iter().all(|difference| {
        let what = &*difference.what;
        let shown = ["status", "nodes", "sb_content"].contains(&what) || what.starts_with("dump ");
        let plain = |items: &[Json]| -> Vec<String> {
            let strip = |item: &Json| stripped(item, &["metadata", "last_operation"]).to_string();
            let mut all: Vec<String> = items.iter().map(strip).collect();
            all.sort();
            all
        };
        !shown || plain(&difference.missing) == plain(&difference.extra)
    })
}

/// Is this about what is there, or known, of each value, and with which metadata?
pub(super) fn tells_metadata(difference: &Difference) -> bool {
    let what = &*difference.what;
    ["sb_content", "metadata_maps"].contains(&what) || what.starts_with("dump ")
}

/// No value has failed: none is to be tried again, and of none is it in doubt what is there.
fn owes_nothing(taken: &Taken) -> bool {
    let has_failed = |node: &Json| {
        ["FAILED", "RETRYING", "MISSING"].iter().any(|state| node["state"] == **state)
    };
    [&taken.expect, &taken.observed].iter().all(|from| !nodes_of(from).values().any(has_failed))
}

/// A wish that was given up by one side only comes back with the next retry or resync.
fn wants_the_same(facts: &Facts) -> bool {
    let wanted = |asked: &BTreeMap<String, Json>| -> BTreeMap<String, Json> {
        let all = asked.iter().filter(|(_, wish)| !wish.is_null());
        all.map(|(key, wish)| (key.clone(), wish.clone())).collect()
    };
    wanted(&facts.asked) == wanted(&facts.their_asked) && facts.claims.is_empty()
}

/// What is planned for the next call of a value happens on both sides with the same call.
fn holds_the_same(facts: &Facts) -> bool {
    let calls = |key: &String| facts.theirs.get(key).map_or(0, |ops| ops.calls);
    facts.ours.iter().all(|(key, ops)| !ops.planned || ops.calls == calls(key))
}
