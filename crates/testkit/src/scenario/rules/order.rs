//! What must be in order, whatever was expected: the graph after every step, and the operations
//! among themselves (27.8: what is needed before what needs it on create, after it on delete;
//! derived values after their base on create, before it on delete).

use std::collections::{BTreeMap, BTreeSet};

use ligato_kvs_api::Target;
use serde_json::Value as Json;

use crate::scenario::{
    compare::Taken,
    facts::{Facts, base_of, nodes_of},
    format::{DescriptorSpec, Scenario},
};

/// The first need of a value that nothing available meets.
pub(super) fn unmet(
    scenario: &Scenario,
    facts: &Facts,
    nodes: &BTreeMap<String, Json>,
    key: &str,
) -> Option<String> {
    let spec = facts.owner(scenario, key)?;
    let node = nodes.get(key)?;
    // Nothing rests on what is derived from it.
    let is_there = |target: &Target| {
        nodes.iter().any(|(other, node)| {
            target.accepts(other)
                && node["available"] == true
                && (matches!(target, Target::Key(_)) || !is_below(other, key, &facts.parents))
        })
    };
    spec.needs(key, &node["value"])
        .into_iter()
        .find(|(_, target)| !is_there(target))
        .map(|(label, _)| label)
}

/// Is the key derived from the base, directly or not?
pub(super) fn is_below(key: &str, base: &str, parents: &BTreeMap<String, String>) -> bool {
    let mut above = parents.get(key);
    let mut left = parents.len();
    while let Some(parent) = above.filter(|_| left > 0) {
        if parent == base {
            return true;
        }
        above = parents.get(parent);
        left -= 1;
    }
    false
}

/// What is out of order in a step: a value that is configured over an unmet need, one that is
/// pending without any, one the southbound was told something wrong about, or operations in an order
/// that dependencies do not allow.
pub(super) fn disorder(
    scenario: &Scenario,
    taken: &Taken,
    facts: &Facts,
    excused: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let ours = nodes_of(&taken.observed);
    let mut found = Vec::new();
    for (key, node) in &ours {
        let missing = unmet(scenario, facts, &ours, key);
        match (node["state"].as_str().unwrap_or_default(), missing) {
            // Found by verification, which repairs nothing.
            ("CONFIGURED", Some(_)) if drifted(scenario, facts, key) => {}
            ("CONFIGURED", Some(label)) => {
                found.push(format!("{key} is CONFIGURED although {label} is unmet"));
            }
            ("PENDING", None) => found.push(format!("{key} is PENDING although nothing is unmet")),
            _ => {}
        }
    }
    let circle = circle(scenario, facts, &ours);
    if circle.iter().any(|key| unmet(scenario, facts, &ours, key).is_some()) {
        found.push(format!("{circle:?} are PENDING although they wait only for each other"));
    }
    let keys = |from: &Json| -> BTreeSet<String> {
        let list = from["sb_inconsistent_keys"].as_array().cloned().unwrap_or_default();
        list.iter().filter_map(|k| k.as_str().map(str::to_owned)).collect()
    };
    // What cannot be read back, or was said wrong, is told to the best of one's knowledge.
    let astray = |key: &str| facts.ours.get(key).is_some_and(|ops| ops.failed || ops.lied);
    let blind = |key: &str| {
        astray(key)
            || astray(&base_of(key, &facts.parents))
            || facts.collisions.contains(key)
            || facts.created_unseen.contains(key)
            || facts
                .owner(scenario, key)
                .is_some_and(|d| (!d.is_readable() || d.value_comparator.is_some()) && excused(key))
    };
    for key in keys(&taken.observed).difference(&keys(&taken.expect)) {
        if !blind(key) && !facts.assumed.contains(key) {
            found.push(format!("{key} became inconsistent in the southbound"));
        }
    }
    found.extend(untruths(scenario, facts));
    let course = Course::new(scenario, taken, facts);
    found.extend(course.faults());
    found
}

/// The largest set of waiting values that need, besides what is available, only each other. They
/// can come as one.
pub(super) fn circle(
    scenario: &Scenario,
    facts: &Facts,
    nodes: &BTreeMap<String, Json>,
) -> BTreeSet<String> {
    let is_up = |key: &str| nodes.get(key).is_some_and(|node| node["available"] == true);
    let mut set: BTreeSet<String> =
        nodes.iter().filter(|(_, n)| n["state"] == "PENDING").map(|(key, _)| key.clone()).collect();
    loop {
        let fits = |key: &String| {
            let (Some(spec), Some(node)) = (facts.owner(scenario, key), nodes.get(key)) else {
                return false;
            };
            // Nothing rests on what is derived from it.
            let can_be = |other: &String| {
                (is_up(other) || set.contains(other)) && facts.parents.get(other) != Some(key)
            };
            let met = |target: &Target| nodes.keys().any(|o| target.accepts(o) && can_be(o));
            facts.parents.get(key).is_none_or(|parent| is_up(parent) || set.contains(parent))
                && spec.needs(key, &node["value"]).iter().all(|(_, target)| met(target))
        };
        let left: BTreeSet<String> = set.iter().filter(|key| fits(key)).cloned().collect();
        if left.len() == set.len() {
            return set;
        }
        set = left;
    }
}

/// What was read back is not what is wanted, and the scenario only verifies.
fn drifted(scenario: &Scenario, facts: &Facts, key: &str) -> bool {
    let base = base_of(key, &facts.parents);
    let wanted = facts.asked.get(&base);
    scenario.config.as_ref().is_some_and(|c| c.verify_mode)
        && facts.content_now.get(&base).is_some_and(|there| Some(&there["value"]) != wanted)
}

/// What the graph says of values that only we have touched, and that is not so.
fn untruths(scenario: &Scenario, facts: &Facts) -> Vec<String> {
    let mut found = Vec::new();
    for (key, ops) in &facts.ours {
        let readable = facts.owner(scenario, key).is_some_and(DescriptorSpec::is_readable);
        let base = base_of(key, &facts.parents);
        let told = facts.ours.get(&base).is_some_and(|o| o.lied || o.failed);
        let meddled = facts.notified.contains(key) || facts.notified.contains(&base);
        if ops.lied || ops.failed || told || meddled || !readable || facts.collisions.contains(key)
        {
            continue;
        }
        let up = facts.nodes().get(key).is_some_and(|node| node["available"] == true);
        // What is derived is taken to be there where its base was found since.
        let assumed = facts.parents.contains_key(key) && ops.last_step < facts.last_read;
        match ops.last_done.as_deref() {
            Some("delete") if up && assumed => {}
            Some("create" | "update") if !up => {
                found.push(format!("{key} was left behind in the southbound"));
            }
            Some("delete") if up => found.push(format!("{key} is taken to be there and is not")),
            _ => {}
        }
    }
    found
}

/// One operation.
struct Done {
    op: String,
    key: String,
    value: Json,
    failed: bool,
}

/// The operations of a step.
struct Course<'a> {
    scenario: &'a Scenario,
    facts: &'a Facts,
    ops: Vec<Done>,
    now: BTreeMap<String, Json>,
}

impl<'a> Course<'a> {
    fn new(scenario: &'a Scenario, taken: &Taken, facts: &'a Facts) -> Self {
        let text = |op: &Json, what: &str| op[what].as_str().unwrap_or_default().to_owned();
        let ops = taken.observed["sb_ops"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|op| op["op"] != "retrieve")
            .map(|op| Done {
                op: text(op, "op"),
                key: text(op, "key"),
                value: op["value"].clone(),
                failed: !op["error"].is_null(),
            })
            .collect();
        Self { scenario, facts, ops, now: nodes_of(&taken.observed) }
    }

    fn faults(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (at, done) in self.ops.iter().enumerate().filter(|(_, done)| !done.failed) {
            match done.op.as_str() {
                "create" => self.created(at, done, &mut found),
                "delete" => self.deleted(at, done, &mut found),
                "update" => self.updated(at, done, &mut found),
                _ => {}
            }
        }
        found
    }

    fn created(&self, at: usize, done: &Done, found: &mut Vec<String>) {
        if let Some(base) = self.facts.parents.get(&done.key)
            && self.there(base, at) == Some(false)
        {
            found.push(format!("{} was created before {base}, which it is derived from", done.key));
        }
        // What others made, and is put back, needs nothing.
        if self.now.get(&done.key).is_some_and(|node| node["state"] == "OBTAINED") {
            return;
        }
        for (label, target) in self.needs(&done.key, &done.value) {
            if self.misses(&done.key, &target, at) {
                found.push(format!("{} was created before {label} was there", done.key));
            }
        }
    }

    fn deleted(&self, at: usize, done: &Done, found: &mut Vec<String>) {
        for later in self.later_deletes(at) {
            // What was not known to be there before, as its last operation failed, held up nothing.
            let before = self.facts.nodes_before.get(&later.key);
            let in_doubt = before.is_some_and(|node| {
                node["available"] != true
                    && ["FAILED", "RETRYING"].iter().any(|state| node["state"] == **state)
            });
            if self.there(&later.key, at) != Some(true) || later.key == done.key || in_doubt {
                continue;
            }
            if self.facts.parents.get(&later.key) == Some(&done.key) {
                found.push(format!(
                    "{} was deleted before {}, derived from it",
                    done.key, later.key
                ));
            }
            let value = self.value_of(&later.key, at);
            // What others made needs nothing.
            let before = self.facts.nodes_before.get(&later.key);
            let ours = before.is_none_or(|node| node["state"] != "OBTAINED");
            let needed = ours
                && self.needs(&later.key, &value).into_iter().any(|(_, target)| {
                    target.accepts(&done.key) && self.misses(&later.key, &target, at + 1)
                });
            if needed {
                found.push(format!(
                    "{} was deleted before {}, which needed it",
                    done.key, later.key
                ));
            }
        }
    }

    fn updated(&self, at: usize, done: &Done, found: &mut Vec<String>) {
        for later in self.later_deletes(at) {
            let obsolete = self.there(&later.key, at) == Some(true)
                && self.facts.parents.get(&later.key) == Some(&done.key)
                && !self.now.contains_key(&later.key)
                && self.now.contains_key(&done.key)
                && !self.ops.iter().skip(at + 1).any(|o| o.key == done.key && !o.failed);
            if obsolete {
                found.push(format!("{} was updated before {} was gone", done.key, later.key));
            }
        }
    }

    fn later_deletes(&self, at: usize) -> impl Iterator<Item = &Done> {
        let later = self.ops.iter().skip(at + 1);
        later.filter(|later| later.op == "delete" && !later.failed)
    }

    fn needs(&self, key: &str, value: &Json) -> Vec<(String, Target)> {
        self.facts.owner(self.scenario, key).map(|d| d.needs(key, value)).unwrap_or_default()
    }

    /// Is it certain that nothing met the need just before operation `at`? Values that need each
    /// other come into being, and go, as one.
    fn misses(&self, key: &str, target: &Target, at: usize) -> bool {
        let known: BTreeSet<&String> = self
            .facts
            .nodes_before
            .keys()
            .chain(self.now.keys())
            .chain(self.ops.iter().map(|o| &o.key))
            .collect();
        // What is derived from it cannot be what it rests on.
        let is_other =
            |other: &&String| target.accepts(other) && !is_below(other, key, &self.facts.parents);
        let mut candidates = known.into_iter().filter(is_other).peekable();
        candidates.peek().is_some()
            && candidates
                .all(|other| self.there(other, at) == Some(false) && !self.reaches(other, key))
    }

    /// Was the key in the southbound just before operation `at`, as far as the operations tell?
    fn there(&self, key: &str, at: usize) -> Option<bool> {
        // A create that failed tells that nothing was there before, and not what is there since.
        let tells = |o: &&Done| o.key == key && (!o.failed || o.op == "create");
        if let Some(done) = self.ops.iter().take(at).rev().find(tells) {
            return (!done.failed).then_some(done.op != "delete");
        }
        let next = self.ops.iter().skip(at).position(|done| tells(&done))? + at;
        let is_made = self.ops.get(next)?.op == "create";
        // Something that failed in between may have taken away what was there.
        let base = base_of(key, &self.facts.parents);
        let may_be_lost = self.facts.nodes_before.get(key).is_some_and(|n| n["available"] == true)
            && self
                .ops
                .get(at..next)?
                .iter()
                .any(|done| done.failed && base_of(&done.key, &self.facts.parents) == base);
        (!is_made || !may_be_lost).then_some(!is_made)
    }

    fn value_of(&self, key: &str, at: usize) -> Json {
        let earlier =
            self.ops.iter().take(at).rev().find(|o| o.key == key && o.op != "delete" && !o.failed);
        match earlier {
            Some(done) => done.value.clone(),
            None => {
                self.facts.nodes_before.get(key).map(|n| n["value"].clone()).unwrap_or_default()
            }
        }
    }

    /// Does what `from` needs lead to `to`?
    fn reaches(&self, from: &str, to: &str) -> bool {
        let mut open = vec![from.to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(key) = open.pop() {
            if key == to {
                return true;
            }
            if !seen.insert(key.clone()) {
                continue;
            }
            let nodes = [self.now.get(&key), self.facts.nodes_before.get(&key)];
            let values = nodes.into_iter().flatten().map(|n| n["value"].clone());
            let mut values: Vec<Json> = values.collect();
            values.extend(self.ops.iter().filter(|o| o.key == key).map(|o| o.value.clone()));
            for value in values {
                for (_, target) in self.needs(&key, &value) {
                    let all = self.now.keys().chain(self.facts.nodes_before.keys());
                    // What has nobody to be called for is in no operation.
                    let all = all.chain(self.ops.iter().map(|op| &op.key));
                    let all = all.chain(self.facts.parents.keys());
                    open.extend(all.filter(|other| target.accepts(other)).cloned());
                }
            }
            open.extend(self.facts.parents.get(&key).cloned());
        }
        false
    }
}
