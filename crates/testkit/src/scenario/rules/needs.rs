//! What a value needs, what is there of it, and what differs along with it.

use std::collections::BTreeMap;

use ligato_kvs_api::Target;
use serde_json::Value as Json;

use crate::scenario::facts::base_of;
use crate::scenario::rules::{
    order::{is_below, unmet},
    values::{View, available},
};

impl View<'_> {
    /// Does all that the value still needs, directly or not, need the value?
    pub(super) fn waits_in_circle(&self, key: &str) -> bool {
        let Some(spec) = self.owner(key) else { return false };
        let Some(node) = self.ours.get(key) else { return false };
        let leads_back = |from: &str| {
            let mut open = vec![from.to_owned()];
            let mut seen = Vec::new();
            while let Some(next) = open.pop() {
                if next == key {
                    return true;
                }
                if seen.contains(&next) {
                    continue;
                }
                let value = self.ours.get(&next).map(|node| node["value"].clone());
                let needs = self.owner(&next).map(|d| d.needs(&next, &value.unwrap_or_default()));
                for (_, target) in needs.unwrap_or_default() {
                    open.extend(self.ours.keys().filter(|k| target.accepts(k)).cloned());
                    // What would be derived is known, though it is not there.
                    let derived = self.facts.parents.keys();
                    open.extend(derived.filter(|k| target.accepts(k)).cloned());
                }
                open.extend(self.facts.parents.get(&next).cloned());
                seen.push(next);
            }
            false
        };
        let mut needs = spec.needs(key, &node["value"]).into_iter();
        needs.all(|(_, target)| {
            self.ours.iter().any(|(other, n)| target.accepts(other) && n["available"] == true)
                || target.accepts(key)
                || self.ours.keys().any(|other| target.accepts(other) && leads_back(other))
                || self.facts.parents.keys().any(|o| target.accepts(o) && leads_back(o))
                || matches!(&target, Target::Key(other) if leads_back(other))
        })
    }

    /// Is something that the value needs by name really not in the southbound, or is nothing there
    /// of what it needs one of?
    pub(super) fn lacks_something(&self, key: &str) -> bool {
        let Some(node) = self.ours.get(key) else { return false };
        let Some(spec) = self.owner(key) else { return false };
        // What it is to be, and what it is.
        let values = [self.facts.asked.get(key), Some(&node["value"])];
        let up = |other: &String| available(self.ours.get(other));
        let lost = |target: &Target| {
            // Nothing rests on what is derived from it.
            let meets = |other: &&String| {
                target.accepts(other) && !is_below(other, key, &self.facts.parents)
            };
            let there = self.facts.content_now.keys().any(|other| meets(&other));
            let known = self.ours.keys().any(|other| meets(&other) && up(other));
            !known && (!there || !self.is_wanted_there(target))
        };
        let needs = |value: &Json| spec.needs(key, value).iter().any(|(_, target)| lost(target));
        values.into_iter().flatten().any(needs)
    }

    /// Is there a value in the southbound that meets the need, that NB wants as it is there?
    pub(super) fn is_wanted_there(&self, target: &Target) -> bool {
        self.facts.content_now.iter().any(|(key, entry)| {
            target.accepts(key)
                && self.facts.asked.get(key) == Some(&entry["value"])
                && !self.facts.ours.get(key).is_some_and(|ops| ops.lied)
        })
    }

    /// Is every need of the value met by what is available here?
    pub(super) fn needs_are_met(&self, key: &str) -> bool {
        let met =
            |nodes: &BTreeMap<String, Json>| unmet(self.scenario, self.facts, nodes, key).is_none();
        // With what it is, or with what it is to be.
        let as_asked = || {
            let mut nodes = self.ours.clone();
            let asked = self.facts.asked.get(key)?;
            nodes.get_mut(key)?["value"] = asked.clone();
            Some(met(&nodes))
        };
        met(self.ours) || as_asked() == Some(true)
    }

    pub(super) fn why_up(&self, key: &str) -> &'static str {
        let Some(spec) = self.owner(key) else { return "B1" };
        if spec.uses_ragged_prefix(key) {
            "B6"
        } else if unmet(self.scenario, self.facts, self.theirs, key).is_some() {
            "B2"
        } else {
            "B1"
        }
    }

    pub(super) fn why_down(&self, key: &str) -> &'static str {
        match self.owner(key) {
            Some(spec) if spec.uses_ragged_prefix(key) => "B6",
            _ => "B9",
        }
    }

    /// What necessarily differs with a value: what depends on it, directly or not, and what it
    /// depends on and was held back there.
    pub(super) fn dragged_along(&self, key: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut open = vec![key.to_owned(), base_of(key, &self.facts.parents)];
        while let Some(next) = open.pop() {
            for (other, node) in self.ours.iter().chain(self.theirs) {
                let needs = self.owner(other).map(|d| d.needs(other, &node["value"]));
                let parts = self.facts.parents.iter().filter(|(_, base)| **base == next);
                let parts: Vec<&String> = parts.map(|(part, _)| part).collect();
                let related = needs.into_iter().flatten().any(|(_, target)| {
                    target.accepts(&next) || parts.iter().any(|part| target.accepts(part))
                });
                if related && !found.contains(other) && other != key {
                    found.push(other.clone());
                    open.push(other.clone());
                }
            }
        }
        if let Some(node) = self.ours.get(key).or_else(|| self.theirs.get(key)) {
            found.extend(self.needs_of(key, node));
        }
        found
    }

    pub(super) fn needs_of(&self, key: &str, node: &Json) -> Vec<String> {
        self.owner(key).map(|d| d.exact_needs(key, &node["value"])).unwrap_or_default()
    }
}
