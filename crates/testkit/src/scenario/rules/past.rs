//! Records of one value that agree but for where it was before, whose it is, or with what content it
//! was tried.

use serde_json::Value as Json;

use crate::scenario::{
    facts::base_of,
    format::AValue,
    rules::{
        records::{Leftover, about, has_flag, is_noop, stripped},
        undo::Undo,
    },
};

impl Leftover<'_> {
    /// The operations agree but for where the value was before, or for whose they are.
    pub(super) fn record_of_past(
        &self,
        key: &str,
        then: &[Json],
        now: &[Json],
        whole: &[Json],
    ) -> Option<&'static str> {
        if self.waits_after_undo(key, then, now) {
            return Some("S2");
        }
        let shown = self.facts.nodes_before.get(key).map(|n| n["value"].clone());
        let no_old = |ops: &[Json]| -> Vec<Json> {
            ops.iter().map(|op| stripped(op, &["prev_value"])).collect()
        };
        if no_old(then) == no_old(now)
            && now.iter().all(|op| {
                let old = Some(&op["prev_value"]);
                let asked = [&self.facts.asked, &self.facts.asked_before];
                shown.as_ref() == old || asked.iter().any(|all| all.get(key) == old)
            })
        {
            return Some("B4");
        }
        let no_state = |ops: &[Json]| -> Vec<Json> {
            ops.iter().map(|op| stripped(op, &["prev_state"])).collect()
        };
        let base = base_of(key, &self.facts.parents);
        let found =
            |ops: &[Json], state: &str| ops.first().is_some_and(|o| o["prev_state"] == state);
        if base != key
            && no_state(then) == no_state(now)
            && found(then, "OBTAINED")
            && (found(now, "DISCOVERED") || found(now, "CONFIGURED"))
            && self.is_northbound(&base)
        {
            // What is derived from NB's is NB's.
            return Some("B3");
        }
        if base != key
            && (self.was_only_assumed(key, then, now) || self.was_missing(key, then, now))
        {
            return Some("B10");
        }
        if found(then, "OBTAINED")
            && found(now, "DISCOVERED")
            && (self.facts.of_nobody.contains(&base)
                || self.facts.content_before.get(&base).is_some_and(|c| c["origin"] == "unknown"))
            && self.facts.asked.get(&base).is_some_and(|wish| !wish.is_null())
            && !self.facts.nodes_before.contains_key(key)
        {
            // What is found for the first time, wanted, and nobody can tell whose it is, is NB's.
            let mut as_ours = then.to_vec();
            as_ours[0]["prev_state"] = "DISCOVERED".into();
            let same = as_ours == now
                || self.record_of_change(key, as_ours, now.to_vec(), whole).is_some();
            return same.then_some("B16");
        }
        // There, what nobody wants was made, as something that it had waited for came.
        let wanted: Vec<Json> = then.iter().filter(|op| !is_made_of_nothing(op)).cloned().collect();
        if wanted.len() < then.len() && wanted == now && !self.facts.nodes().contains_key(key) {
            return Some("B10");
        }
        if let Some(paragraph) = self.record_of_failure(key, then, now) {
            return Some(paragraph);
        }
        if self.was_made_as_before(key, then, now) {
            return Some("S4");
        }
        let of_base = whole.iter().find(|op| op["key"] == *base);
        if base != key
            && no_state(then) == no_state(now)
            && found(then, "DISCOVERED")
            && found(now, "CONFIGURED")
            && of_base.is_some_and(|op| op["prev_state"] == "CONFIGURED")
        {
            // What is derived from a value that was found is taken for what that value is.
            return Some("27.8");
        }
        None
    }

    /// The operations agree but for what is said of a failure, or of what had failed or was missing.
    fn record_of_failure(&self, key: &str, then: &[Json], now: &[Json]) -> Option<&'static str> {
        let errors = ["prev_error", "new_error"];
        let no_errors =
            |ops: &[Json]| -> Vec<Json> { ops.iter().map(|op| stripped(op, &errors)).collect() };
        let told = |(then, now): (&Json, &Json)| {
            errors.iter().all(|which| then[*which] == now[*which] || self.is_held(&now[*which]))
        };
        if no_errors(then) == no_errors(now) && then.iter().zip(now).all(told) {
            // It says what holds it, instead of what was wrong with it before.
            return Some("B8");
        }
        if let ([down], [ours]) = (then, now)
            && down["op"] == "DELETE"
            && has_flag(down, "recreate")
            && !has_flag(ours, "recreate")
            && !down["new_error"].is_null()
            && stripped(down, &["flags", "new_value"]) == stripped(ours, &["flags", "new_value"])
            && self.facts.asked.get(key) == Some(&ours["new_value"])
            && self.lacks_something(key, &ours["new_value"])
        {
            // It has to go anyway, with what it needs.
            return Some("B9");
        }
        if let ([down], [ours]) = (then, now)
            && down["op"] == "DELETE"
            && down["new_value"] == down["prev_value"]
            && stripped(down, &["new_value"]) == stripped(ours, &["new_value"])
            && self.facts.asked.get(key) == Some(&ours["new_value"])
            && self.lacks_something(key, &ours["new_value"])
        {
            // There, it went with what it needs, and then what is wanted was not looked at any more.
            return Some("S4");
        }
        let found =
            |ops: &[Json], state: &str| ops.first().is_some_and(|o| o["prev_state"] == state);
        if base_of(key, &self.facts.parents) != key
            && found(then, "MISSING")
            && found(now, "NONEXISTENT")
            && stripped_all(then) == stripped_all(now)
        {
            // Of what is derived from a value that is missing nothing is known.
            return Some("B10");
        }
        None
    }

    /// Is nothing there that the value needs, or needs one of?
    fn lacks_something(&self, key: &str, value: &Json) -> bool {
        let needs = self.facts.registered_owner(key).map(|spec| spec.needs(key, value));
        let nodes = self.facts.nodes();
        needs.into_iter().flatten().any(|(_, target)| {
            !nodes.iter().any(|(other, node)| target.accepts(other) && node["available"] == true)
        })
    }

    /// Did it wait for its base to be made anew, which could not be removed? There, it was taken away
    /// before; here, what was read back then does not derive it.
    pub(super) fn went_unseen(&self, key: &str, then: &[Json]) -> bool {
        let base = base_of(key, &self.facts.parents);
        let ops = self.facts.ours.get(&base).map(|ops| &ops.step[..]).unwrap_or_default();
        let there = self.facts.content_now.get(&base).map(|entry| &entry["value"]);
        let derives = |value: &Json| {
            let spec = self.facts.registered_owner(&base);
            let value = serde_json::from_value::<AValue>(value.clone()).ok();
            let derived = spec.zip(value).map(|(s, v)| s.derived_of(&base, &v.message()));
            derived.is_none_or(|all| all.iter().any(|(derived, _)| **derived == *key))
        };
        base != key
            && matches!(then, [op] if is_noop(op) && op["op"] == "DELETE")
            && self.facts.nodes_before.get(key).is_some_and(|node| node["state"] == "PENDING")
            && !self.facts.nodes().contains_key(key)
            && matches!(ops, [(op, Some(_))] if op == "delete")
            && there.is_some_and(|value| !derives(value))
    }

    /// Was, or is, the value NB's?
    fn is_northbound(&self, key: &str) -> bool {
        let asked = self.facts.asked.get(key).is_some_and(|v| !v.is_null());
        let was = self.facts.nodes_before.get(key).map(|n| n["state"].clone());
        asked || was.is_some_and(|state| state != "OBTAINED")
    }

    /// There, a derived value was taken to be in the southbound because its base was found; here it
    /// was left waiting as it was, or waits now, and is not in the southbound.
    pub(super) fn was_only_assumed(&self, key: &str, then: &[Json], now: &[Json]) -> bool {
        let (Some(first), Some(last)) = (then.first(), then.last()) else { return false };
        let before = self.facts.nodes_before.get(key);
        let before = before.map_or("NONEXISTENT".into(), |n| n["state"].clone());
        let waits = |node: &Json| {
            node["state"] == "PENDING"
                && node["state"] == last["new_state"]
                && node["value"] == last["new_value"]
        };
        let stands = match self.facts.nodes().get(key) {
            Some(node) => waits(node),
            None => last["new_state"] == "REMOVED",
        };
        is_there(&first["prev_state"])
            && ["NONEXISTENT", "PENDING"].iter().any(|state| before == **state)
            && now.iter().all(|op| is_noop(op) && op["prev_state"] == before)
            && stands
            && !self.facts.content_before.contains_key(key)
            && self.facts.ours.get(key).is_none_or(|ops| ops.step.is_empty())
    }

    /// S2: an undo tells what became of what it was to put back, also if that only waits, as what it
    /// needs could not be put back.
    fn waits_after_undo(&self, key: &str, then: &[Json], now: &[Json]) -> bool {
        let Some((told, done)) = now.split_last() else { return false };
        let waits = |node: &Json| node["state"] == "PENDING" && node["value"] == told["new_value"];
        done == then
            && then.last().is_some_and(|op| op["op"] == "DELETE" && op["new_state"] == "PENDING")
            && is_noop(told)
            && has_flag(told, "revert")
            && Undo::of(self.taken, self.facts).is_some()
            && self.facts.nodes().get(key).is_some_and(waits)
            && self.lacks_something(key, &told["new_value"])
    }

    /// S2: a later repair is a transaction of its own, not a part of the undo.
    pub(super) fn is_repair_of_undo(&self, then: &[Json], now: &[Json]) -> bool {
        let is_undo = self.taken.step.options.as_ref().is_some_and(|o| o.revert);
        !is_undo
            && !then.is_empty()
            && then.iter().all(|op| has_flag(op, "revert"))
            && !now.iter().any(|op| has_flag(op, "revert"))
    }

    /// There, such a value was deleted before it was made with its base; here it was made.
    pub(super) fn was_deleted_unseen(&self, key: &str, then: &[Json], now: &[Json]) -> bool {
        let Some((first, rest)) = then.split_first() else { return false };
        let ours = self.facts.ours.get(key);
        let last = ours.and_then(|ops| ops.last_done.as_deref());
        let gone = !self.facts.nodes().contains_key(key) && last == Some("delete");
        first["op"] == "DELETE"
            && ["REMOVED", "PENDING"].iter().any(|state| first["new_state"] == **state)
            && is_there(&first["prev_state"])
            && self.facts.parents.contains_key(key)
            && rest == now
            // It was not there, or is known to have been deleted before.
            && (!self.facts.content_before.contains_key(key) && !now.is_empty() || now.is_empty() && gone)
    }

    /// There, such a value was updated; here it was made, as it was not in the southbound.
    fn was_missing(&self, key: &str, then: &[Json], now: &[Json]) -> bool {
        let ([then], [now]) = (then, now) else { return false };
        then["op"] == "UPDATE"
            && is_there(&then["prev_state"])
            && now["op"] == "CREATE"
            && ["NONEXISTENT", "PENDING"].iter().any(|state| now["prev_state"] == **state)
            && ["new_state", "new_value", "new_error"].iter().all(|m| then[m] == now[m])
            && !self.facts.content_before.contains_key(key)
    }

    /// There, a value that waited was tried with its content of before, as it came after what it
    /// waited for, and then not once more; here it was tried with what is wanted.
    fn was_made_as_before(&self, key: &str, then: &[Json], now: &[Json]) -> bool {
        let apart = ["new_value"];
        let ([then], [now]) = (then, now) else { return false };
        let asked = |wishes: &std::collections::BTreeMap<String, Json>, op: &Json| {
            wishes.get(key) == Some(&op["new_value"])
        };
        stripped(then, &apart) == stripped(now, &apart)
            && asked(&self.facts.asked_before, then)
            && asked(&self.facts.asked, now)
    }

    /// The same of the calls.
    pub(super) fn is_called_with_wish(&self, key: &str) -> bool {
        let (then, now) = (about(key, self.missing), about(key, self.extra));
        let ([then], [now]) = (&*then, &*now) else { return false };
        stripped(then, &["value"]) == stripped(now, &["value"])
            && self.facts.asked_before.get(key) == Some(&then["value"])
            && self.facts.asked.get(key) == Some(&now["value"])
    }
}

/// Operations but for where the value was before.
fn stripped_all(ops: &[Json]) -> Vec<Json> {
    ops.iter().map(|op| stripped(op, &["prev_state", "prev_value"])).collect()
}

fn is_made_of_nothing(op: &Json) -> bool {
    op["op"] == "CREATE" && op["new_value"].is_null() && op["prev_state"] == "REMOVED"
}

fn is_there(state: &Json) -> bool {
    ["CONFIGURED", "DISCOVERED", "OBTAINED"].iter().any(|there| *state == **there)
}
