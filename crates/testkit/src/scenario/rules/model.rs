//! What is right, said without a look at what was expected (27.8): what is shown of a value follows
//! from what is wanted, from what it needs, from what its descriptor says of it and from what the
//! southbound did. Asked of both sides: ours has to be right in every step of every scenario; where
//! theirs is wrong, one of the defects of 27.1 has taken effect, and the value differs for a reason.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::scenario::{
    compare::Taken,
    facts::{Facts, Ops, base_of, collision, nodes_of, statuses_of},
    format::{AValue, DescriptorSpec, Scenario},
    rules::{content_of, order},
};

/// What one side shows after a step.
pub(super) struct Side<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) facts: &'a Facts,
    pub(super) nodes: BTreeMap<String, Json>,
    pub(super) content: BTreeMap<String, Json>,
    pub(super) statuses: BTreeMap<String, Json>,
    pub(super) ops: &'a BTreeMap<String, Ops>,
    pub(super) asked: &'a BTreeMap<String, Json>,
    /// Is it our side?
    is_ours: bool,
}

/// The paragraph that is not kept, and how.
pub(super) type Fault = (&'static str, String);

fn fault(paragraph: &'static str, text: &str) -> Option<Fault> {
    Some((paragraph, text.to_owned()))
}

fn state(node: &Json) -> &str {
    node["state"].as_str().unwrap_or_default()
}

fn is_up(node: &Json) -> bool {
    node["available"] == true
}

impl<'a> Side<'a> {
    pub(super) fn ours(scenario: &'a Scenario, taken: &Taken, facts: &'a Facts) -> Self {
        let (ops, asked) = (&facts.ours, &facts.asked);
        Self::of(scenario, &taken.observed, facts, ops, asked)
    }

    pub(super) fn theirs(scenario: &'a Scenario, taken: &Taken, facts: &'a Facts) -> Self {
        let (ops, asked) = (&facts.theirs, &facts.their_asked);
        Self::of(scenario, &taken.expect, facts, ops, asked)
    }

    fn of(
        scenario: &'a Scenario,
        shown: &Json,
        facts: &'a Facts,
        ops: &'a BTreeMap<String, Ops>,
        asked: &'a BTreeMap<String, Json>,
    ) -> Self {
        let (nodes, statuses) = (nodes_of(shown), statuses_of(shown));
        let (content, is_ours) = (content_of(shown), std::ptr::eq(ops, &facts.ours));
        Self { scenario, facts, nodes, content, statuses, ops, asked, is_ours }
    }

    /// Everything this side says something of, or should.
    pub(super) fn keys(&self) -> BTreeSet<String> {
        let wanted = self.asked.iter().filter(|(_, value)| !value.is_null());
        self.nodes.keys().chain(wanted.map(|(key, _)| key)).cloned().collect()
    }

    /// What is wrong with a value.
    pub(super) fn fault(&self, key: &str) -> Option<Fault> {
        if self.facts.collisions.contains(key) || self.is_disputed(key) {
            return None;
        }
        let Some(node) = self.nodes.get(key) else {
            return self.is_wanted(key).then(|| ("B13", "is wanted and not known".to_owned()));
        };
        let of_kind = match node["derived_from"].as_str() {
            Some(base) => self.of_derived(key, node, base),
            None => self.of_base(key, node),
        };
        of_kind.or_else(|| self.of_state(key, node))
    }

    /// A base value is what is wanted.
    fn of_base(&self, key: &str, node: &Json) -> Option<Fault> {
        let wish = self.asked.get(key).filter(|wish| !wish.is_null());
        let state = state(node);
        let Some(wish) = wish else {
            return match state {
                "CONFIGURED" | "INVALID" | "UNIMPLEMENTED" => fault("B14", "is nobody's wish"),
                "PENDING" => fault("B3", "waits, and is nobody's wish"),
                _ => None,
            };
        };
        let same = self.are_equal(key, &node["value"], wish);
        match state {
            "OBTAINED" => fault("B13", "is wanted and taken for somebody else's"),
            // Verification repairs nothing.
            "DISCOVERED" if same && self.unmet(key).is_none() && !self.verifies() => {
                fault("27.8", "is there as it is wanted, and not said to be")
            }
            "CONFIGURED" if !same && !self.is_doubtful(key) => {
                fault("B8", "is said to be as it is wanted, and is not")
            }
            "PENDING" | "UNIMPLEMENTED" if node["value"] != *wish => {
                fault("B14", "waits as somebody else than is wanted")
            }
            "UNIMPLEMENTED" if self.facts.registered_owner(key).is_some() => {
                fault("B1", "has a descriptor, and is not tried")
            }
            "INVALID" if !self.is_invalid(key, wish) => {
                fault("B4", "is INVALID although what is wanted is not")
            }
            "CONFIGURED" => self.lacks_derived(key, node),
            _ => None,
        }
    }

    /// All that is derived from a value that is there is known (B10).
    fn lacks_derived(&self, key: &str, node: &Json) -> Option<Fault> {
        let missing = self.derived_of(key, &node["value"]).into_keys().find(|derived| {
            !self.nodes.contains_key(derived)
                && !self.facts.collisions.contains(derived)
                && !self.is_disputed(derived)
        })?;
        Some(("B10", format!("has no {missing}, which it derives")))
    }

    /// A derived value is what its base derives, and whose it is.
    fn of_derived(&self, key: &str, node: &Json, base: &str) -> Option<Fault> {
        let Some(from) = self.nodes.get(base) else { return fault("B10", "is left of its base") };
        // What could not be put back says so.
        let is_lost = ["FAILED", "RETRYING"].contains(&state(node)) && self.has_failed(key);
        if state(from) == "OBTAINED" && state(node) != "OBTAINED" && !is_lost {
            return fault("B3", "is not said to be its base's owner's");
        }
        if state(node) == "OBTAINED" && ["CONFIGURED", "DISCOVERED"].contains(&state(from)) {
            return fault("B3", "is taken for somebody else's, and its base is not");
        }
        let failed = ["FAILED", "RETRYING"].contains(&state(from)) && is_up(from);
        if failed
            && state(node) == "PENDING"
            && !self.derived_of(base, &from["value"]).contains_key(key)
        {
            return fault("B10", "is left of what its base was before");
        }
        if !["CONFIGURED", "OBTAINED"].contains(&state(from)) {
            return None;
        }
        // What is equivalent is not made anew: what is wanted may derive something else.
        let shown = self.derived_of(base, &from["value"]);
        let wish = self.asked.get(base).filter(|wish| self.are_equal(base, wish, &from["value"]));
        let derived = wish.map_or(shown, |wish| self.derived_of(base, wish));
        match (derived.get(key), state(node)) {
            // It could not go, or waits to be taken away once more.
            (None, "FAILED" | "RETRYING") => None,
            // Nobody can read it back.
            (Some(_), "FAILED" | "RETRYING")
                if is_up(node) && self.failing(key) == Some("create") =>
            {
                fault("B11", "could not be created, and is taken to be there")
            }
            (None, _) => fault("B10", "is not derived from its base"),
            (Some(wish), "CONFIGURED") if !self.are_equal(key, wish, &node["value"]) => {
                fault("B8", "is said to be as its base derives it, and is not")
            }
            (Some(_), "DISCOVERED") if wish.is_some() => {
                fault("27.8", "is part of what is wanted, and not said so")
            }
            (Some(wish), "INVALID") if !self.is_invalid(key, wish) => {
                fault("B4", "is INVALID although what is derived is not")
            }
            _ => None,
        }
    }

    /// What is said of it is so.
    fn of_state(&self, key: &str, node: &Json) -> Option<Fault> {
        let unmet = self.unmet(key);
        let ragged = self.owner(key).is_some_and(|spec| spec.uses_ragged_prefix(key));
        let or_ragged = |paragraph| if ragged { "B6" } else { paragraph };
        match state(node) {
            "CONFIGURED" if unmet.is_some() && !self.is_adrift(key) => {
                fault(or_ragged("B9"), "is CONFIGURED over something that is not there")
            }
            "CONFIGURED" | "OBTAINED" | "DISCOVERED" if !is_up(node) => {
                fault("27.8", "is said to be there, and not to be available")
            }
            "PENDING" | "MISSING" | "UNIMPLEMENTED" if is_up(node) => {
                fault("27.8", "is said to wait, and to be available")
            }
            "PENDING" if unmet.is_none() && self.has_base(node) => {
                fault(or_ragged("B1"), "waits for nothing")
            }
            "FAILED" if self.is_verified_wrongly(key) => {
                fault("F8", "is as it should be, and verification says it is not")
            }
            "PENDING" if self.waits_in_circle(key) => fault("B2", "waits for itself"),
            "FAILED" | "RETRYING" if !self.has_failed(key) && !self.is_undone(key, node) => {
                fault("B8", "is said to have failed, and has not")
            }
            _ => self.of_content(key, node),
        }
    }

    /// It is in the southbound exactly if it is said to be available (B11), as far as anybody can
    /// know.
    fn of_content(&self, key: &str, node: &Json) -> Option<Fault> {
        let spec = self.owner(key)?;
        if self.is_doubtful(key) || self.is_doubtful(&base_of(key, &self.facts.parents)) {
            return None;
        }
        let there = self.content.get(key).map(|entry| &entry["value"]);
        let derived = node["derived_from"].is_string();
        let assumed = derived && (self.is_assumed(key) || self.is_of_failed(node));
        match (state(node), there) {
            (_, None) if is_up(node) && !assumed => fault("B11", "is said to be there, and is not"),
            ("CONFIGURED", Some(value)) if !self.are_equal(key, value, &node["value"]) => {
                fault("B11", "is said to be there otherwise than it is")
            }
            ("INVALID", Some(_)) if !is_up(node) && spec.is_readable() => {
                fault("B4", "is there, and said not to be")
            }
            ("PENDING", Some(_)) => fault("B1", "is there, and said to wait"),
            _ => None,
        }
    }

    /// A derived value waits for nothing only if what derives it is there.
    fn has_base(&self, node: &Json) -> bool {
        let base = node["derived_from"].as_str().map(|base| self.nodes.get(base));
        base.is_none_or(|base| base.is_some_and(is_up))
    }

    /// Its base could not be brought to where it should be: nobody can read back how far that went.
    fn is_of_failed(&self, node: &Json) -> bool {
        let base = node["derived_from"].as_str().and_then(|base| self.nodes.get(base));
        base.is_some_and(|base| ["FAILED", "RETRYING"].contains(&state(base)))
    }

    fn is_wanted(&self, key: &str) -> bool {
        self.asked.get(key).is_some_and(|wish| !wish.is_null())
    }

    /// B5: somebody's own, and derived.
    fn is_disputed(&self, key: &str) -> bool {
        self.facts.parents.contains_key(key) && self.is_wanted(key)
    }

    fn owner(&self, key: &str) -> Option<&DescriptorSpec> {
        self.facts.registered_owner(key)
    }

    fn are_equal(&self, key: &str, a: &Json, b: &Json) -> bool {
        let message = |json: &Json| serde_json::from_value::<AValue>(json.clone()).ok();
        match (self.owner(key), message(a), message(b)) {
            (Some(spec), Some(a), Some(b)) => spec.equal(&a.message(), &b.message()),
            _ => a == b,
        }
    }

    fn derived_of(&self, base: &str, value: &Json) -> BTreeMap<String, Json> {
        let value = serde_json::from_value::<AValue>(value.clone()).ok();
        let derived = self.owner(base).zip(value).map(|(d, v)| d.derived_of(base, &v.message()));
        let derived = derived.into_iter().flatten();
        derived.map(|(key, value)| (key.to_string(), AValue::json(Some(&value)))).collect()
    }

    /// Does the descriptor refuse this, or something derived from it, or is that taken?
    fn is_invalid(&self, key: &str, value: &Json) -> bool {
        let told = self.statuses.get(key).and_then(|s| s["error"].as_str()).unwrap_or_default();
        collision(told).is_some_and(|contested| self.is_taken(contested, key))
            || self.owner(key).is_some_and(|d| d.refuses(key, value))
    }

    /// Does somebody else have the key, who may wait for something?
    fn is_taken(&self, contested: &str, by_another_than: &str) -> bool {
        let has = |other: &String| {
            *other != by_another_than
                && self.nodes.get(other).is_some_and(|node| state(node) != "INVALID" || is_up(node))
        };
        let claimants = self.facts.claims.get(contested);
        self.is_wanted(contested) || claimants.is_some_and(|all| all.iter().any(has))
    }

    fn unmet(&self, key: &str) -> Option<String> {
        order::unmet(self.scenario, self.facts, &self.nodes, key)
    }

    fn waits_in_circle(&self, key: &str) -> bool {
        order::circle(self.scenario, self.facts, &self.nodes).contains(key)
    }

    /// Verification has found that it is not as it was left, and repairs nothing.
    fn is_adrift(&self, key: &str) -> bool {
        let base = base_of(key, &self.facts.parents);
        self.verifies()
            && self
                .content
                .get(&base)
                .is_some_and(|there| Some(&there["value"]) != self.asked.get(&base))
    }

    /// Its last operation failed, or could not be called, or was held back by what failed.
    fn has_failed(&self, key: &str) -> bool {
        let told = self.statuses.get(key).and_then(|s| s["error"].as_str()).unwrap_or_default();
        // What holds it has failed itself, or could not be called.
        let holder = told.strip_suffix(" could not be removed before it");
        let holds = |holder: &str| {
            !self.is_ours
                || self.facts.impossible.contains(holder)
                || self.ops.get(holder).is_some_and(|ops| ops.failed)
                || self.facts.left_failed.contains(key)
        };
        // Held before, and done with success since.
        let done = self.facts.status_before.get(key).is_some_and(|s| s["error"] == *told)
            && self
                .ops
                .get(key)
                .is_some_and(|ops| ops.step.last().is_some_and(|(_, error)| error.is_none()));
        self.failing(key).is_some()
            || told.ends_with(" is not implemented")
            || (holder.is_some_and(holds) && !(done && self.is_ours))
            || told.starts_with("value is not ")
            || told.starts_with("applied value is not ")
    }

    /// Does verification say of it what is not so?
    fn is_verified_wrongly(&self, key: &str) -> bool {
        let told = self.statuses.get(key).and_then(|s| s["error"].as_str()).unwrap_or_default();
        let there = self.content.contains_key(key);
        let about = [key.to_owned(), base_of(key, &self.facts.parents)];
        let lied = about.iter().any(|k| self.facts.ours.get(k).is_some_and(|ops| ops.lied));
        self.owner(key).is_some()
            && !lied
            && match told {
                "value is not actually configured" => there,
                "value is not actually removed" => !there,
                _ => false,
            }
    }

    /// The last operation on it, if that failed.
    fn failing(&self, key: &str) -> Option<&str> {
        let (op, error) = self.ops.get(key)?.last.as_ref()?;
        error.as_ref().map(|_| op.as_str())
    }

    /// Is it taken to be there only because its base was found?
    fn is_assumed(&self, key: &str) -> bool {
        let called = self.ops.get(key).filter(|ops| ops.last.is_some()).map(|ops| ops.last_step);
        called.is_none_or(|step| step < self.facts.last_read) || self.verifies()
    }

    fn verifies(&self) -> bool {
        self.scenario.config.as_ref().is_some_and(|c| c.verify_mode)
    }

    /// Was it left as it was before, by a transaction that was undone?
    fn is_undone(&self, key: &str, node: &Json) -> bool {
        let as_before =
            || self.facts.nodes_before.get(key).is_some_and(|b| state(b) == state(node));
        if self.is_ours { self.facts.left_failed.contains(key) } else { as_before() }
    }

    /// Did something happen to it that nobody was told of?
    fn is_doubtful(&self, key: &str) -> bool {
        self.facts.ours.get(key).is_some_and(|ops| ops.lied)
            || self.ops.get(key).is_some_and(|ops| ops.failed)
            || self.facts.notified.contains(key)
            || self.facts.is_unseen(key)
    }
}
