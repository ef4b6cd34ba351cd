//! S2: a transaction that was undone is undone completely, which is looked at value by value.

use serde_json::Value as Json;

use crate::scenario::{
    compare::Taken,
    facts::{Facts, base_of},
};

/// A transaction that was to be all or nothing, and failed.
pub(super) struct Undo<'a> {
    facts: &'a Facts,
}

impl<'a> Undo<'a> {
    pub(super) fn of(taken: &Taken, facts: &'a Facts) -> Option<Self> {
        let revert = taken.step.options.as_ref().is_some_and(|o| o.revert);
        let failed = !taken.observed["result"]["kv_errors"].is_null();
        (revert && failed).then_some(Self { facts })
    }

    /// Is the base value, and all that is derived from it, as it was before, or as it was wanted
    /// before and could not be?
    pub(super) fn holds_for(&self, base: &str) -> bool {
        let wish = self.facts.asked.get(base).filter(|wish| !wish.is_null());
        let came = |node: &Json| node["state"] == "CONFIGURED" && Some(&node["value"]) == wish;
        if self.facts.nodes().get(base).is_some_and(came) {
            return true;
        }
        let (before, now) = (&self.facts.nodes_before, self.facts.nodes());
        let family = before.keys().chain(now.keys());
        let of_it = |key: &&String| base_of(key, &self.facts.parents) == base;
        if wish.is_none()
            && !now.keys().any(|key| of_it(&key))
            && !self.facts.content_now.contains_key(base)
        {
            return true;
        }
        family
            .filter(|key| base_of(key, &self.facts.parents) == base)
            .all(|key| same(before.get(key), now.get(key)))
    }
}

fn same(before: Option<&Json>, now: Option<&Json>) -> bool {
    match (before, now) {
        (Some(before), Some(now)) => {
            ["available", "value", "state"].iter().all(|what| before[what] == now[what])
        }
        (None, None) => true,
        _ => false,
    }
}
