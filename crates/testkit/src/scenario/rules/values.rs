//! Why a value differs: looked at in the graph, its status and the operations on it.

use std::collections::BTreeMap;

use ligato_kvs_api::Target;
use serde_json::Value as Json;

use crate::scenario::{
    compare::Taken,
    facts::{Facts, base_of, statuses_of},
    format::{AValue, DescriptorSpec, Scenario, StepKind},
    rules::content_of,
};

/// One step, seen from both sides.
pub(super) struct View<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) taken: &'a Taken,
    pub(super) facts: &'a Facts,
    pub(super) theirs: &'a BTreeMap<String, Json>,
    pub(super) ours: &'a BTreeMap<String, Json>,
}

/// What verification says of a value.
const NOT_THERE: &str = "value is not actually configured";
pub(super) const STILL_THERE: &str = "value is not actually removed";
pub(super) const OTHER: &str = "applied value is not equivalent with the refreshed value";

pub(super) fn state(node: Option<&Json>) -> &str {
    node.and_then(|n| n["state"].as_str()).unwrap_or("NONEXISTENT")
}

pub(super) fn available(node: Option<&Json>) -> bool {
    node.is_some_and(|n| n["available"] == true)
}

impl View<'_> {
    pub(super) fn owner(&self, key: &str) -> Option<&DescriptorSpec> {
        self.facts.owner(self.scenario, key)
    }

    /// Why a node differs, if a rule knows and its check holds.
    pub(super) fn reason(&self, key: &str) -> Option<&'static str> {
        let (theirs, ours) = (self.theirs.get(key), self.ours.get(key));
        if self.is_disputed(key) {
            return Some("B5");
        }
        let error = self.facts.status(key).and_then(|s| s["error"].as_str()).unwrap_or_default();
        let there = statuses_of(&self.taken.expect).remove(key).unwrap_or_default();
        let same_error = there["error"].as_str().unwrap_or_default() == error;
        if let Some(holder) = error.strip_suffix(" could not be removed before it")
            && (theirs != ours || !same_error)
        {
            let held = self.facts.ours.get(holder).is_some_and(|o| o.failed)
                || self.facts.impossible.contains(holder);
            return held.then_some(if theirs.is_none() { "B7" } else { "B8" });
        }
        if theirs == ours {
            let told = theirs.is_some() && !same_error && self.verified_as_wrong(key, error);
            return told.then_some("F8");
        }
        if ours.is_none() && theirs.is_some_and(|node| node["value"].is_null()) {
            // A node without a value is left over from one that is gone.
            return Some("B10");
        }
        if self.is_nested(key) && theirs.is_none() {
            return Some("S7");
        }
        if self.is_refused_ahead(key) {
            return Some("S1");
        }
        if self.came_with_its_base(key) {
            return Some("B10");
        }
        if error.contains("is already there independently") {
            return Some("B5");
        }
        if self.verified_as_wrong(key, error) {
            return Some("F8");
        }
        self.reason_of_origin(key)
            .or_else(|| self.reason_of_failure(key, error))
            .or_else(|| self.reason_of_need(key))
    }

    /// Whose it is, and what is known of it.
    fn reason_of_origin(&self, key: &str) -> Option<&'static str> {
        let (theirs, ours) = (self.theirs.get(key), self.ours.get(key));
        let (then, now) = (state(theirs), state(ours));
        let (was, is) = (available(theirs), available(ours));
        match (then, now) {
            // What others made is theirs, and asks for nothing.
            (_, "OBTAINED") if is && self.is_foreign(key) => Some("B3"),
            ("PENDING" | "CONFIGURED", "OBTAINED")
                if is && self.facts.notified.contains(key) && self.is_unwanted(key) =>
            {
                Some("B3")
            }
            // What is said of a value that NB waits for is not what NB wants of it.
            ("CONFIGURED", "CONFIGURED")
                if was
                    && is
                    && self.is_told(key)
                    && self.is_as_asked(key)
                    && !self.is_as_asked_there(key) =>
            {
                Some("B13")
            }
            // What is said of one value does not hide what is said of another.
            ("NONEXISTENT", "OBTAINED") if is && self.is_unwanted(key) && self.was_told(key) => {
                Some("B13")
            }
            // What is derived from NB's is NB's.
            ("OBTAINED", "DISCOVERED" | "CONFIGURED")
                if is
                    && self.facts.parents.get(key).is_some_and(|base| {
                        // Also what NB could not remove, and what was found below it.
                        !self.is_unwanted(key) || (now == "DISCOVERED" && self.could_not_go(base))
                    }) =>
            {
                Some("B3")
            }
            // What is wanted, and was found as it is wanted, is configured, whatever became of its base.
            ("DISCOVERED", "CONFIGURED") if was && is && self.is_derived_as_asked(key) => {
                Some("27.8")
            }
            // What NB could not remove is gone when that is told.
            ("FAILED" | "RETRYING", "NONEXISTENT")
                if self.facts.notified.contains(key)
                    && self.is_unwanted(key)
                    && (self.is_told(key) || !self.facts.content_now.contains_key(key)) =>
            {
                Some("B13")
            }
            // What is wanted is not given up because somebody else tells that it is gone.
            ("NONEXISTENT", _)
                if is && self.facts.notified.contains(key) && !self.is_unwanted(key) =>
            {
                Some("B13")
            }
            ("OBTAINED", _) if self.facts.notified.contains(key) && now != "OBTAINED" => {
                Some("B13")
            }
            // What cannot go is no more what is wanted than before, and that is refused.
            ("FAILED" | "RETRYING", "INVALID")
                if was == is
                    && self.facts.ours.get(key).is_some_and(|ops| ops.failed)
                    && self.owner(key).is_some_and(|d| {
                        self.facts.asked.get(key).is_some_and(|wish| d.refuses(key, wish))
                    }) =>
            {
                Some("B4")
            }
            ("INVALID", "INVALID") if is && !was && self.is_known_there(key) => Some("B4"),
            // What NB removed, and what comes back of unknown origin, is NB's, however short it was known.
            ("OBTAINED", _) if self.is_removed_and_back(key) => Some("B16"),
            ("MISSING", "NONEXISTENT") => Some("B10"),
            ("UNIMPLEMENTED", _) if self.owner(key).is_some() && now != "UNIMPLEMENTED" => {
                // Nothing is missing for it any more: it is applied, or says why not.
                Some("B1")
            }
            _ => None,
        }
    }

    /// What became of an attempt.
    fn reason_of_failure(&self, key: &str, error: &str) -> Option<&'static str> {
        let (theirs, ours) = (self.theirs.get(key), self.ours.get(key));
        let (was, is) = (available(theirs), available(ours));
        match (state(theirs), state(ours)) {
            // What could not be called was not called: there was no reason to look.
            ("FAILED", "FAILED")
                if was
                    && !is
                    && error.ends_with(" is not implemented")
                    && !available(self.facts.nodes_before.get(key)) =>
            {
                Some("P4")
            }
            ("FAILED", "FAILED")
                if was
                    && is
                    && error.ends_with(" is not implemented")
                    && !self.was_called(key)
                    && self.is_read_there(key)
                    && self.facts.nodes_before.get(key).map(|node| &node["value"])
                        == ours.map(|node| &node["value"]) =>
            {
                Some("P4")
            }
            // There, what nobody wants was made, as something that it had waited for came.
            ("FAILED", "NONEXISTENT")
                if self.is_unwanted(key)
                    && !self.was_called(key)
                    && (self.facts.is_unseen(key) || !self.facts.content_now.contains_key(key))
                    && self
                        .last_recorded_there(key)
                        .is_some_and(|op| op["op"] == "CREATE" && op["new_value"].is_null()) =>
            {
                Some("B10")
            }
            // It may be there: that it cannot be deleted does not make it gone.
            ("NONEXISTENT", "FAILED")
                if error == "operation Delete is not implemented"
                    && self.facts.ours.get(key).is_some_and(|ops| ops.failed)
                    && !self.owner(key).is_some_and(DescriptorSpec::is_readable) =>
            {
                Some("B11")
            }
            // There, it is nobody's wish any more, and yet wanted.
            ("FAILED" | "RETRYING" | "CONFIGURED", "FAILED" | "RETRYING" | "CONFIGURED")
                if theirs.is_some_and(|node| node["value"].is_null())
                    && self.facts.notified.contains(key)
                    && ours.map(|node| &node["value"]) == self.facts.asked.get(key) =>
            {
                Some("B13")
            }
            // What could not be called has changed nothing.
            ("FAILED", "FAILED") | ("RETRYING", "RETRYING")
                if is && !was && self.is_known_there(key) =>
            {
                Some("B11")
            }
            // What failed is not taken to have worked, nor to have done more than it did.
            ("FAILED", "FAILED") | ("RETRYING", "RETRYING") if self.is_exact(key) => Some("B11"),
            ("FAILED", "FAILED") | ("RETRYING", "RETRYING") if was && is && self.is_kept(key) => {
                Some("B11")
            }
            // What differs from what is wanted is tried again when its turn comes.
            ("FAILED" | "RETRYING", "CONFIGURED")
                if is && self.was_brought_about(key) && self.is_as_asked(key) =>
            {
                Some("B8")
            }
            ("RETRYING", "FAILED") | ("FAILED", "RETRYING") if self.other_retry(key) => Some("B12"),
            (_, "FAILED") if self.is_out_of_attempts(key) => Some("B12"),
            _ => None,
        }
    }

    /// What it needs, and what is there of it.
    fn reason_of_need(&self, key: &str) -> Option<&'static str> {
        let (theirs, ours) = (self.theirs.get(key), self.ours.get(key));
        let (then, now) = (state(theirs), state(ours));
        let (was, is) = (available(theirs), available(ours));
        match (then, now) {
            // Not tried with what is going to be taken away.
            ("FAILED" | "RETRYING", "PENDING")
                if !is && !self.needs_are_met(key) && !self.was_called(key) =>
            {
                Some("S4")
            }
            // It has to go with what it needs, and cannot.
            ("CONFIGURED", "FAILED" | "RETRYING")
                if is && self.lacks_something(key) && self.was_tried(key) =>
            {
                Some("B9")
            }
            // What it needs was to go, and does not, as it cannot.
            ("CONFIGURED", "FAILED" | "RETRYING")
                if is && self.holds_a_need(key) && self.was_tried(key) =>
            {
                Some("B7")
            }
            ("PENDING", _) if is && !was && self.needs_are_met(key) => Some(self.why_up(key)),
            ("NONEXISTENT", "FAILED" | "RETRYING")
                if self.was_tried(key)
                    && self.facts.parents.get(key).is_some_and(|b| self.waits_in_circle(b)) =>
            {
                // Tried with its base, which came as part of a circle, and went with it.
                Some("B2")
            }
            ("PENDING", "FAILED" | "RETRYING")
                if self.was_tried(key)
                    && (self.needs_are_met(key) || self.waits_in_circle(key)) =>
            {
                Some(self.why_up(key))
            }
            // Derived values are not there again only because their base is.
            (_, "NONEXISTENT" | "PENDING" | "INVALID")
                if was && !is && (self.is_gone(key) || self.was_recorded_gone(key)) =>
            {
                Some("B10")
            }
            (_, "FAILED" | "RETRYING")
                if was && !is && self.is_gone(key) && self.was_tried(key) =>
            {
                Some("B10")
            }
            // What is derived from a value that is not there is not there either, and does not wait.
            ("PENDING", "NONEXISTENT") if self.has_no_base(key) => Some("B10"),
            // It came as part of a circle, and was lost again.
            ("PENDING", "MISSING") if self.was_called(key) && self.waits_in_circle(key) => {
                Some("B2")
            }
            (_, "PENDING") if was && !is && self.lacks_something(key) => Some(self.why_down(key)),
            _ if then == now && was == is => self.other_content(key),
            _ => None,
        }
    }

    /// Only the content differs.
    fn other_content(&self, key: &str) -> Option<&'static str> {
        let (theirs, ours) = (self.theirs.get(key)?, self.ours.get(key)?);
        if ours["value"].is_null() {
            // Neither there nor wanted.
            let gone = ours["available"] != true && !self.facts.content_now.contains_key(key);
            return (gone && self.is_unwanted(key)).then_some("B17");
        }
        let value = |node: &Json| serde_json::from_value::<AValue>(node["value"].clone()).ok();
        let (then, now) = (value(theirs)?, value(ours)?);
        if ours["available"] == true {
            let spec = self.owner(key)?;
            let equal = spec.equal(&then.message(), &now.message());
            // Shown as applied is what was applied.
            let before = self.facts.nodes_before.get(key).map(|node| &node["value"]);
            let is_there = |entry: &Json| {
                value(entry).is_some_and(|there| spec.equal(&there.message(), &now.message()))
            };
            let untouched = before == Some(&ours["value"])
                && !self.was_called(key)
                && (self.was_lied_about(key)
                    || self.facts.content_now.get(key).is_some_and(is_there));
            let shown = (equal && (untouched || self.is_in_southbound(key))).then_some("B17");
            return shown.or_else(|| self.was_looked_up(key).then_some("F8"));
        }
        // What waits is what is wanted.
        (self.facts.asked.get(key) == Some(&ours["value"])).then_some("B4")
    }

    /// B5: a key that is somebody's own and that a value was to be derived to, or the other way
    /// round.
    fn is_disputed(&self, key: &str) -> bool {
        let refused = self.taken.observed["result"]["kv_errors"].as_array();
        let derived = |e: &Json| {
            e["key"] == key
                && e["error"].as_str().is_some_and(|e| {
                    e.starts_with("it is derived from ") && e.ends_with(" and cannot be set")
                })
        };
        self.facts.collisions.contains(key)
            || (self.facts.parents.contains_key(key)
                && refused.is_some_and(|all| all.iter().any(derived)))
    }

    /// B12: the retry policy is that of the transaction that set the value, not that of one which only
    /// triggered it and has another.
    pub(super) fn other_retry(&self, key: &str) -> bool {
        let base = base_of(key, &self.facts.parents);
        let own = self.facts.retry_of.get(&base).copied().unwrap_or(false);
        let theirs = self.facts.their_retry_of.get(&base).copied().unwrap_or(false);
        if theirs == own {
            return false;
        }
        match (state(self.theirs.get(key)), state(self.ours.get(key))) {
            ("RETRYING", "FAILED") => !own,
            ("FAILED", "RETRYING") => own,
            _ => false,
        }
    }

    /// B12: did it fail in the last of the retries that were asked for along with it, where what is
    /// derived was tried more often, as somebody had asked so for what was there before?
    fn is_out_of_attempts(&self, key: &str) -> bool {
        let base = base_of(key, &self.facts.parents);
        let retries = self.facts.retry_of.get(&base) == Some(&true);
        let Some(most) = self.facts.attempts_of.get(&base).filter(|most| retries && **most > 0)
        else {
            return false;
        };
        let attempts = |from: &Json| -> Vec<u64> {
            let txns = from["txns"].as_array().into_iter().flatten();
            let of_it = |op: &Json| op["key"] == *key || op["key"] == *base;
            let tried =
                |txn: &&Json| txn["executed"].as_array().is_some_and(|o| o.iter().any(of_it));
            txns.filter(tried).filter_map(|txn| txn["retry_attempt"].as_u64()).collect()
        };
        let most = u64::from(*most);
        self.was_tried(key)
            && attempts(&self.taken.observed).last() == Some(&most)
            && attempts(&self.taken.expect).last().is_some_and(|last| *last > most)
    }

    /// F8: what verification found wrong is what is wrong.
    fn verified_as_wrong(&self, key: &str, error: &str) -> bool {
        let verifying = self.scenario.config.as_ref().is_some_and(|c| c.verify_mode);
        let content = self.taken.observed["sb_content"].as_array();
        let found = content.and_then(|all| all.iter().find(|c| c["key"] == key));
        verifying
            && match error {
                NOT_THERE => found.is_none() || self.is_not_derived_there(key),
                STILL_THERE => found.is_some(),
                OTHER => found.is_some_and(|f| self.facts.asked.get(key) != Some(&f["value"])),
                _ => false,
            }
    }

    /// Was something told of what others made that is not so? Verification has looked, and what it
    /// found is what is shown.
    fn was_looked_up(&self, key: &str) -> bool {
        let there = content_of(&self.taken.expect).remove(key).map(|entry| entry["value"].clone());
        let verifies = self.scenario.config.as_ref().is_some_and(|c| c.verify_mode);
        verifies
            && state(self.ours.get(key)) == "OBTAINED"
            && self.is_told(key)
            && self.is_in_southbound(key)
            && there != self.theirs.get(key).map(|node| node["value"].clone())
    }

    /// What is derived from a value that is not applied yet is known to be invalid, with the
    /// descriptor's word for it.
    fn is_refused_ahead(&self, key: &str) -> bool {
        let Some(node) = self.ours.get(key) else { return false };
        let Some(base) = self.facts.parents.get(key) else { return false };
        let refuses = |value: &Json| self.owner(key).is_some_and(|d| d.refuses(key, value));
        let unseen = self.theirs.get(key).is_none() && refuses(&node["value"]);
        // There, what is to be derived is not asked about as long as its base cannot be changed.
        let wish = || {
            let asked =
                serde_json::from_value::<AValue>(self.facts.asked.get(base)?.clone()).ok()?;
            let derived = self.owner(base)?.derived_of(base, &asked.message());
            let (_, value) = derived.into_iter().find(|(other, _)| **other == *key)?;
            Some(AValue::json(Some(&value)))
        };
        let behind = ["FAILED", "RETRYING"].contains(&state(self.ours.get(base)));
        state(Some(node)) == "INVALID"
            && (unseen || (behind && wish().is_some_and(|w| refuses(&w))))
    }

    fn is_nested(&self, key: &str) -> bool {
        let parent = self.facts.parents.get(key);
        parent.is_some_and(|parent| self.facts.parents.contains_key(parent))
    }

    /// Does what is in the southbound of its base not derive it?
    fn is_not_derived_there(&self, key: &str) -> bool {
        let Some(base) = self.facts.parents.get(key) else { return false };
        let there = self.facts.content_now.get(base).map(|entry| entry["value"].clone());
        let value = there.and_then(|value| serde_json::from_value::<AValue>(value).ok());
        let derived = self.owner(base).zip(value).map(|(d, v)| d.derived_of(base, &v.message()));
        derived.is_some_and(|all| all.iter().all(|(other, _)| **other != *key))
    }

    fn was_tried(&self, key: &str) -> bool {
        let error = self.facts.status(key).and_then(|s| s["error"].as_str()).unwrap_or_default();
        self.facts.ours.get(key).is_some_and(|ops| ops.failed_in_step)
            || error.ends_with(" is not implemented")
    }

    /// Is it in the southbound exactly as it is shown, and is that not so there?
    fn is_exact(&self, key: &str) -> bool {
        let there = self.facts.content_now.get(key).map(|entry| &entry["value"]);
        let shown = |nodes: &BTreeMap<String, Json>| {
            let node = nodes.get(key).filter(|node| node["available"] == true);
            node.map(|node| node["value"].clone())
        };
        shown(self.ours).as_ref() == there && shown(self.theirs).as_ref() != there
    }

    /// Could a derived value not be changed, and is shown as it was before?
    fn is_kept(&self, key: &str) -> bool {
        let last = self.facts.ours.get(key).and_then(|ops| ops.last.as_ref());
        let shown = &self.ours[key]["value"];
        let before = self.facts.nodes_before.get(key).map(|node| &node["value"]);
        let txns = self.taken.observed["txns"].as_array().into_iter().flatten();
        let mut ops = txns.flat_map(|txn| txn["executed"].as_array().into_iter().flatten());
        // As it was, or as it was read back just before.
        let mut read = || ops.any(|op| op["key"] == *key && op["prev_value"] == *shown);
        self.facts.parents.contains_key(key)
            && last.is_some_and(|(op, error)| op == "update" && error.is_some())
            && (before == Some(shown) || read())
    }

    fn is_as_asked(&self, key: &str) -> bool {
        let base = base_of(key, &self.facts.parents);
        let there = self.facts.content_now.get(&base).map(|entry| &entry["value"]);
        self.facts.asked.get(&base).is_some_and(|asked| there == Some(asked))
    }

    /// A derived value that is there as its base asks for it, or waits for something, where nothing
    /// derived from the base is known: there, creating a base that somebody waits for as one of many
    /// can end without a look at what is derived from it.
    fn came_with_its_base(&self, key: &str) -> bool {
        let Some(base) = self.facts.parents.get(key) else { return false };
        let is_one_of_many =
            |target: &Target| !matches!(target, Target::Key(_)) && target.accepts(base);
        let waits_for_base = |(other, node): (&String, &Json)| {
            let needs = self.owner(other).map(|d| d.needs(other, &node["value"]));
            needs.unwrap_or_default().iter().any(|(_, target)| is_one_of_many(target))
        };
        available(self.theirs.get(base))
            && available(self.ours.get(base))
            && !self.theirs.values().any(|node| node["derived_from"] == **base)
            && self.ours.iter().chain(self.theirs).any(waits_for_base)
            && (self.is_derived_as_asked(key)
                || (state(self.ours.get(key)) == "PENDING" && !self.needs_are_met(key)))
    }

    /// Is it there exactly as it is derived from what NB wants of its base?
    fn is_derived_as_asked(&self, key: &str) -> bool {
        let Some(base) = self.facts.parents.get(key) else { return false };
        let asked = self.facts.asked.get(base).cloned().unwrap_or_default();
        let (Some(spec), Ok(value)) = (self.owner(base), serde_json::from_value::<AValue>(asked))
        else {
            return false;
        };
        let shown = &self.ours[key]["value"];
        let derives = |value: AValue| {
            let derived = spec.derived_of(base, &value.message());
            derived
                .iter()
                .any(|(derived, value)| **derived == *key && AValue::json(Some(value)) == *shown)
        };
        // It is taken to be there with its base, or can only be.
        let there = self.facts.content_now.get(base).map(|entry| entry["value"].clone());
        let with_base = || there.and_then(|v| serde_json::from_value(v).ok()).is_some_and(derives);
        derives(value) && (self.is_in_southbound(key) || self.owner(key).is_none() || with_base())
    }

    /// Was it called in this step, the last time with success, and is what came of it there?
    fn was_brought_about(&self, key: &str) -> bool {
        let last = self.facts.ours.get(key).and_then(|ops| ops.step.last());
        last.is_some_and(|(op, error)| op != "delete" && error.is_none())
            && self.is_in_southbound(key)
    }

    fn was_called(&self, key: &str) -> bool {
        self.facts.ours.get(key).is_some_and(|ops| !ops.step.is_empty())
    }

    /// Did somebody tell something of it in this step?
    fn is_told(&self, key: &str) -> bool {
        self.taken.step.step == StepKind::Notify
            && self.taken.step.values.iter().flatten().any(|value| value.key == key)
    }

    fn is_as_asked_there(&self, key: &str) -> bool {
        let shown = self.theirs.get(key).map(|node| &node["value"]);
        shown.is_some() && shown == self.facts.asked.get(key)
    }

    /// Did somebody tell in this step that its base is there, as it, or what it derives, is shown?
    fn was_told(&self, key: &str) -> bool {
        let base = base_of(key, &self.facts.parents);
        let told = self.taken.step.values.iter().flatten().find(|v| v.key == base);
        self.taken.step.step == StepKind::Notify
            && told.and_then(|v| v.value.as_ref()).is_some_and(|value| {
                self.ours
                    .get(&base)
                    .is_some_and(|n| n["value"] == AValue::json(Some(&value.message())))
            })
    }

    fn has_no_base(&self, key: &str) -> bool {
        let base = self.facts.parents.get(key);
        base.is_some_and(|base| !available(self.ours.get(base)))
    }

    /// Was it removed in an earlier step, and is there again, and nobody can tell whose it is?
    fn is_removed_and_back(&self, key: &str) -> bool {
        let base = base_of(key, &self.facts.parents);
        let unknown = |content: &BTreeMap<String, Json>| {
            content.get(&base).is_some_and(|entry| entry["origin"] == "unknown")
        };
        self.facts.ours.get(&base).is_some_and(|ops| ops.removed_before)
            && (unknown(&content_of(&self.taken.expect)) || unknown(&self.facts.content_now))
    }

    /// NB does not want it, or what it is derived from.
    fn is_unwanted(&self, key: &str) -> bool {
        let base = base_of(key, &self.facts.parents);
        self.facts.asked.get(&base).is_none_or(Json::is_null)
    }

    /// Its base is in the southbound, and NB does not want it.
    fn is_foreign(&self, key: &str) -> bool {
        let base = base_of(key, &self.facts.parents);
        let content = self.taken.observed["sb_content"].as_array();
        let entry = content.and_then(|all| all.iter().find(|c| c["key"] == *base));
        entry.is_some_and(|e| e["origin"] != "NB")
            && self.facts.asked.get(&base).is_none_or(Json::is_null)
    }

    /// A derived value that is not in the southbound.
    fn is_gone(&self, key: &str) -> bool {
        let content = self.taken.observed["sb_content"].as_array();
        self.facts.parents.contains_key(key)
            && content.is_some_and(|all| all.iter().all(|c| c["key"] != key))
    }

    /// A derived value that is on record there as removed in this step, and was not brought about here.
    /// If it is in the southbound nevertheless, nobody was told so of it or of its base.
    fn was_recorded_gone(&self, key: &str) -> bool {
        let last = self.last_recorded_there(key);
        self.facts.parents.contains_key(key)
            && last.is_some_and(|op| op["op"] == "DELETE" && op["new_state"] == "REMOVED")
            && (self.was_lied_about(key) || self.was_lied_about(&base_of(key, &self.facts.parents)))
            && self.facts.ours.get(key).is_none_or(|ops| {
                ops.step
                    .iter()
                    .all(|(op, error)| op != "update" && (op == "delete" || error.is_some()))
            })
    }

    fn was_lied_about(&self, key: &str) -> bool {
        self.facts.ours.get(key).is_some_and(|ops| ops.lied)
    }

    /// Was it NB's, was it to be removed, and did that fail in this step, so that it is still there?
    fn could_not_go(&self, key: &str) -> bool {
        let error = self.facts.status(key).and_then(|s| s["error"].as_str()).unwrap_or_default();
        let last = self.facts.ours.get(key).and_then(|ops| ops.step.last());
        let failed = last.is_some_and(|(op, error)| op == "delete" && error.is_some());
        let before = state(self.facts.nodes_before.get(key));
        ["FAILED", "RETRYING"].contains(&state(self.ours.get(key)))
            && !["NONEXISTENT", "OBTAINED"].contains(&before)
            && (failed || error == "operation Delete is not implemented")
            && self.facts.content_now.contains_key(key)
    }

    /// Is what is shown there what is in the southbound there?
    fn is_read_there(&self, key: &str) -> bool {
        let there = content_of(&self.taken.expect).remove(key).map(|entry| entry["value"].clone());
        there.is_some() && there == self.theirs.get(key).map(|node| node["value"].clone())
    }

    /// The last operation on the value that is on record there in this step.
    fn last_recorded_there(&self, key: &str) -> Option<&Json> {
        let txns = self.taken.expect["txns"].as_array().into_iter().flatten();
        let mut ops = txns.flat_map(|txn| txn["executed"].as_array().into_iter().flatten());
        ops.rfind(|op| op["key"] == *key)
    }

    /// It is in the southbound, or was when the scheduler could know it last.
    fn is_known_there(&self, key: &str) -> bool {
        let lied = self.facts.ours.get(key).is_some_and(|ops| ops.lied);
        let before = self.facts.nodes_before.get(key);
        let stayed = before.is_some_and(|node| {
            node["available"] == true && node["value"] == self.ours[key]["value"]
        });
        self.is_in_southbound(key) || lied || (stayed && !self.was_called(key))
    }

    pub(super) fn is_in_southbound(&self, key: &str) -> bool {
        let content = self.taken.observed["sb_content"].as_array();
        let value = self.ours.get(key).map(|n| &n["value"]);
        content.is_some_and(|all| all.iter().any(|c| c["key"] == key && Some(&c["value"]) == value))
    }

    /// Does the graph tell the truth about the value?
    pub(super) fn is_true(&self, key: &str) -> bool {
        let doubtful = self.facts.ours.get(key).is_some_and(|ops| ops.lied || ops.failed);
        doubtful || available(self.ours.get(key)) == self.facts.content_now.contains_key(key)
    }
}
