//! What the rules know about the course of a scenario.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::scenario::{
    compare::Taken,
    format::{AValue, DescriptorSpec, Resync, Scenario, StepKind, Whose},
};

/// How many retries are the default.
const DEFAULT_ATTEMPTS: u32 = 3;

/// Operations on one value, from one side.
#[derive(Debug, Default, Clone)]
pub(super) struct Ops {
    /// In the present step: operation and error.
    pub(super) step: Vec<(String, Option<String>)>,
    /// One failed in the present step.
    pub(super) failed_in_step: bool,
    /// One failed in an earlier step.
    pub(super) failed_before: bool,
    /// One failed so far.
    pub(super) failed: bool,
    /// The last one, with its error.
    pub(super) last: Option<(String, Option<String>)>,
    /// The step it was in.
    pub(super) last_step: usize,
    /// Results of operations on it are planned.
    pub(super) planned: bool,
    /// The southbound was told to do something else than what it said.
    pub(super) lied: bool,
    /// How often the southbound was called for it so far.
    pub(super) calls: usize,
    /// The last operation that succeeded.
    pub(super) last_done: Option<String>,
    /// It was deleted with success in an earlier step.
    pub(super) removed_before: bool,
}

/// The course so far.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) theirs: BTreeMap<String, Ops>,
    pub(super) ours: BTreeMap<String, Ops>,
    /// Derived key to what it is derived from.
    pub(super) parents: BTreeMap<String, String>,
    /// Did the transaction that set a value last ask for retries?
    pub(super) retry_of: BTreeMap<String, bool>,
    /// How many retries the transaction that set a value last asked for; 0: without end.
    pub(super) attempts_of: BTreeMap<String, u32>,
    /// Did the last transaction of a northbound that touched a value there ask for retries?
    pub(super) their_retry_of: BTreeMap<String, bool>,
    /// What a northbound asked for last; `null`: to be gone.
    pub(super) asked: BTreeMap<String, Json>,
    /// The same before this step.
    pub(super) asked_before: BTreeMap<String, Json>,
    /// What a northbound asked for last there, where other transactions may have been undone.
    pub(super) their_asked: BTreeMap<String, Json>,
    /// The last step in which everything was read back.
    pub(super) last_read: usize,
    /// Values that had failed before a transaction that was undone, and were left so by it.
    pub(super) left_failed: BTreeSet<String>,
    /// Keys that notifications were about.
    pub(super) notified: BTreeSet<String>,
    /// Keys that a value was to be derived to although they are there independently.
    pub(super) collisions: BTreeSet<String>,
    /// Keys that more than one value claims after this step, with the values that derive them.
    pub(super) claims: BTreeMap<String, BTreeSet<String>>,
    /// Keys with an operation of ours that the descriptor does not have.
    pub(super) impossible: BTreeSet<String>,
    /// Derived values that were taken to be there because their base was found, were touched and were
    /// not there: nobody can read them back.
    pub(super) assumed: BTreeSet<String>,
    /// What was in the southbound from the start, and ours has not seen so far.
    unseen: BTreeSet<String>,
    /// What was put into the southbound last without word whose it is.
    pub(super) of_nobody: BTreeSet<String>,
    /// What was created over something unseen.
    pub(super) created_unseen: BTreeSet<String>,
    /// Our southbound before and after this step.
    pub(super) content_before: BTreeMap<String, Json>,
    pub(super) content_now: BTreeMap<String, Json>,
    /// Our statuses and nodes after the step before.
    pub(super) status_before: BTreeMap<String, Json>,
    pub(super) nodes_before: BTreeMap<String, Json>,
    /// Keys that were inconsistent there, and here, before this step.
    pub(super) inconsistent_before: [BTreeSet<String>; 2],
    inconsistent_now: [BTreeSet<String>; 2],
    status_now: BTreeMap<String, Json>,
    nodes_now: BTreeMap<String, Json>,
    descriptors: BTreeMap<String, String>,
    registered: Vec<DescriptorSpec>,
}

impl Facts {
    /// At the start of a scenario.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let there = scenario.initial_sb.iter().flatten().map(|record| record.key.clone());
        Self { unseen: there.collect(), ..Self::default() }
    }

    /// Goes on to the next step.
    pub(super) fn take(&mut self, taken: &Taken) {
        if !taken.observed["nodes"].is_null() {
            self.status_before = std::mem::take(&mut self.status_now);
            self.nodes_before = std::mem::take(&mut self.nodes_now);
            self.status_now = statuses_of(&taken.observed);
            self.nodes_now = nodes_of(&taken.observed);
            self.content_before = std::mem::take(&mut self.content_now);
            self.content_now = by_key(taken.observed["sb_content"].as_array());
            self.inconsistent_before = std::mem::take(&mut self.inconsistent_now);
            self.inconsistent_now = [&taken.expect, &taken.observed].map(|from| {
                let keys = from["sb_inconsistent_keys"].as_array().into_iter().flatten();
                keys.filter_map(|key| key.as_str().map(str::to_owned)).collect()
            });
        }
        self.registered.clone_from(&taken.descriptors);
        for from in [&taken.expect, &taken.observed] {
            for (key, node) in nodes_of(from) {
                if let Some(parent) = node["derived_from"].as_str() {
                    self.parents.insert(key, parent.to_owned());
                }
            }
            for op in from["sb_ops"].as_array().into_iter().flatten() {
                if let (Some(key), Some(descriptor)) =
                    (op["key"].as_str(), op["descriptor"].as_str())
                {
                    self.descriptors.insert(key.to_owned(), descriptor.to_owned());
                }
            }
        }
        for from in [&taken.expect, &taken.observed] {
            self.take_fleeting(from);
        }
        collect(&mut self.theirs, taken.number, &taken.expect);
        collect(&mut self.ours, taken.number, &taken.observed);
        let options = taken.step.options.as_ref();
        if matches!(options.and_then(|o| o.resync), Some(Resync::Full | Resync::Downstream)) {
            self.last_read = taken.number;
        }
        for status in self.status_now.values() {
            self.collisions.extend(status["error"].as_str().and_then(collision).map(str::to_owned));
        }
        // What was refused and undone is told to who asked only.
        for refused in taken.observed["result"]["kv_errors"].as_array().into_iter().flatten() {
            self.collisions
                .extend(refused["error"].as_str().and_then(collision).map(str::to_owned));
        }
        self.take_left_failed(taken);
        self.take_assumed(taken);
        self.take_unseen(taken);
        self.take_wishes(taken);
        self.take_claims();
    }

    /// Who derives what, of what is wanted or there.
    fn take_claims(&mut self) {
        let there = self.content_now.iter().map(|(key, entry)| (key, &entry["value"]));
        let shown = self.nodes_now.iter().map(|(key, node)| (key, &node["value"]));
        let now = self.asked.iter().chain(there).chain(shown);
        let before = self.asked_before.iter();
        let claims = self.claims_of(now.clone());
        // Also what was handed on within the step.
        self.collisions.extend(self.claims_of(now.chain(before)).into_keys());
        self.claims = claims;
    }

    /// Keys that more than one of the values claims.
    fn claims_of<'a>(
        &self,
        values: impl Iterator<Item = (&'a String, &'a Json)>,
    ) -> BTreeMap<String, BTreeSet<String>> {
        let mut claims: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (base, value) in values.filter(|(_, value)| !value.is_null()) {
            let Some(spec) = self.registered_owner(base) else { continue };
            let Ok(value) = serde_json::from_value::<AValue>(value.clone()) else { continue };
            for (derived, _) in spec.derived_of(base, &value.message()) {
                claims.entry(derived.to_string()).or_default().insert(base.clone());
            }
        }
        let is_own = |key: &String| self.asked.get(key).is_some_and(|wish| !wish.is_null());
        claims.retain(|key, by| by.len() > 1 || is_own(key));
        claims
    }

    /// What derived values that did not last are derived from: looked up in the values on record.
    fn take_fleeting(&mut self, from: &Json) {
        let txns = from["txns"].as_array().into_iter().flatten();
        let ops: Vec<&Json> =
            txns.flat_map(|txn| txn["executed"].as_array().into_iter().flatten()).collect();
        let is_derived =
            |op: &&&Json| op["flags"].as_array().is_some_and(|f| f.contains(&"derived".into()));
        for op in ops.iter().filter(is_derived) {
            let Some(key) = op["key"]
                .as_str()
                .filter(|key| !self.parents.contains_key(*key) && !self.asked.contains_key(*key))
            else {
                continue;
            };
            let derives = |other: &&&Json| {
                let base = other["key"].as_str().unwrap_or_default();
                let Some(spec) = self.registered_owner(base) else { return false };
                ["prev_value", "new_value"].iter().any(|which| {
                    let value = serde_json::from_value::<AValue>(other[*which].clone());
                    value.is_ok_and(|value| {
                        let derived = spec.derived_of(base, &value.message());
                        derived.iter().any(|(derived, _)| **derived == *key)
                    })
                })
            };
            let on_record = ops.iter().find(derives).and_then(|op| op["key"].as_str());
            let there = || {
                let values = self.content_before.iter().chain(&self.content_now);
                let values = values.chain(&self.nodes_before).map(|(base, v)| (base, &v["value"]));
                let mut values = values.chain(&self.asked).filter(|(base, _)| *base != key);
                let derives = |(base, value): &(&String, &Json)| {
                    let value = serde_json::from_value::<AValue>((*value).clone());
                    let spec = self.registered_owner(base).zip(value.ok());
                    spec.is_some_and(|(spec, value)| {
                        let derived = spec.derived_of(base, &value.message());
                        derived.iter().any(|(derived, _)| **derived == *key)
                    })
                };
                values.find(derives).map(|(base, _)| base.as_str())
            };
            if let Some(base) = on_record.or_else(there).map(str::to_owned) {
                self.parents.insert(key.to_owned(), base);
            }
        }
    }

    fn take_left_failed(&mut self, taken: &Taken) {
        let has_failed = |nodes: &BTreeMap<String, Json>, key: &str| {
            let state = nodes.get(key).and_then(|node| node["state"].as_str());
            matches!(state, Some("FAILED" | "RETRYING"))
        };
        let (before, now) = (&self.nodes_before, &self.nodes_now);
        if !taken.observed["nodes"].is_null() {
            self.left_failed.retain(|key| has_failed(now, key));
        }
        if taken.step.options.as_ref().is_some_and(|o| o.revert) {
            let both = now.keys().filter(|key| has_failed(before, key) && has_failed(now, key));
            self.left_failed.extend(both.cloned());
        }
    }

    fn take_assumed(&mut self, taken: &Taken) {
        let read = taken.step.options.as_ref().is_some_and(|o| o.resync.is_some());
        let found = taken.observed["sb_inconsistent_keys"].as_array().into_iter().flatten();
        for key in found.filter_map(Json::as_str) {
            let shown = self.nodes_before.get(key).is_some_and(|node| node["available"] == true);
            let touched = self.ours.get(key).is_some_and(|ops| !ops.step.is_empty());
            if touched
                && (read || shown)
                && self.parents.contains_key(key)
                && !self.content_before.contains_key(key)
            {
                self.assumed.insert(key.to_owned());
            }
        }
    }

    fn take_unseen(&mut self, taken: &Taken) {
        for txn in taken.observed["txns"].as_array().into_iter().flatten() {
            for op in txn["executed"].as_array().into_iter().flatten() {
                let error = op["new_error"].as_str().unwrap_or_default();
                if error.ends_with(" is not implemented") {
                    self.impossible.extend(op["key"].as_str().map(str::to_owned));
                }
            }
        }
        let created = |key: &&String| {
            self.ours.get(*key).is_some_and(|o| o.step.iter().any(|(op, _)| op == "create"))
        };
        self.created_unseen.extend(self.unseen.iter().filter(created).cloned());
        let now = &self.nodes_now;
        self.unseen.retain(|key| now.get(key).is_none_or(|node| node["available"] != true));
    }

    fn take_wishes(&mut self, taken: &Taken) {
        let behind = taken.step.after_sb.iter().chain(&taken.step.sb).flatten();
        for record in behind {
            if record.origin == Whose::Unknown {
                self.of_nobody.insert(record.key.clone());
            } else {
                self.of_nobody.remove(&record.key);
            }
            self.ours.entry(record.key.clone()).or_default().lied = true;
        }
        if taken.step.step == StepKind::PlanResult {
            self.ours.entry(taken.step.key.clone()).or_default().planned = true;
        }
        let options = taken.step.options.clone().unwrap_or_default();
        let undone = options.revert && has_failed(&taken.observed);
        let theirs = options.revert && has_failed(&taken.expect);
        let refused = |from: &Json| !from["result"]["init_error"].is_null();
        self.asked_before.clone_from(&self.asked);
        if matches!(options.resync, Some(Resync::Full | Resync::Upstream)) {
            // A complete statement.
            self.asked.clear();
            self.their_asked.clear();
        }
        self.take_their_retries(taken, options.resync.is_some());
        for value in taken.step.values.iter().flatten() {
            if taken.step.step == StepKind::Notify {
                self.notified.insert(value.key.clone());
                let told = value.value.as_ref().map(|v| AValue::json(Some(&v.message())));
                let there = self.content_now.get(&value.key);
                let knows = self.registered_owner(&value.key).is_some_and(|d| d.with_metadata);
                let metadata = there.and_then(|entry| entry["metadata"].as_i64());
                if there.map(|entry| &entry["value"]) != told.as_ref()
                    || (knows && there.is_some() && metadata != value.metadata)
                {
                    // Of something that is not so.
                    self.ours.entry(value.key.clone()).or_default().lied = true;
                }
                continue;
            }
            let wish =
                value.value.as_ref().map_or(Json::Null, |v| AValue::json(Some(&v.message())));
            if !theirs && !refused(&taken.expect) {
                self.their_asked.insert(value.key.clone(), wish.clone());
            }
            if !undone && !refused(&taken.observed) {
                // What is undone leaves the wishes of before.
                let retries = options.retry.is_some() || options.retry_default;
                self.retry_of.insert(value.key.clone(), retries);
                let asked = options.retry.as_ref().map_or(DEFAULT_ATTEMPTS, |r| r.max_count);
                self.attempts_of.insert(value.key.clone(), asked);
                self.take_derived(&value.key, &wish);
                self.asked.insert(value.key.clone(), wish);
            }
        }
    }

    /// What a wish derives, whether it is to be seen already or not.
    fn take_derived(&mut self, base: &str, wish: &Json) {
        let Ok(value) = serde_json::from_value::<AValue>(wish.clone()) else { return };
        let Some(spec) = self.registered_owner(base) else { return };
        for (derived, _) in spec.derived_of(base, &value.message()) {
            if !self.asked.contains_key(&*derived) && *derived != *base {
                self.parents.entry(derived.to_string()).or_insert_with(|| base.to_owned());
            }
        }
    }

    /// There, a transaction gives its retry policy to all that it touches, named or not; a resync
    /// touches everything.
    fn take_their_retries(&mut self, taken: &Taken, everything: bool) {
        if taken.step.step != StepKind::Txn {
            return;
        }
        let options = taken.step.options.clone().unwrap_or_default();
        let retries = options.retry.is_some() || options.retry_default;
        let named = taken.step.values.iter().flatten().map(|value| value.key.clone());
        let mut touched: BTreeSet<String> = named.collect();
        for txn in taken.expect["txns"].as_array().into_iter().flatten() {
            let ops = txn["executed"].as_array().into_iter().flatten();
            touched.extend(ops.filter_map(|op| op["key"].as_str().map(str::to_owned)));
        }
        if everything {
            touched.extend(nodes_of(&taken.expect).into_keys());
        }
        for key in touched {
            self.their_retry_of.insert(base_of(&key, &self.parents), retries);
        }
    }

    /// Was it in the southbound from the start, and not seen when it was made?
    pub(super) fn is_unseen(&self, key: &str) -> bool {
        self.unseen.contains(key) || self.created_unseen.contains(key)
    }

    /// Status of a value after this step.
    pub(super) fn status(&self, key: &str) -> Option<&Json> {
        self.status_now.get(key)
    }

    /// Our nodes after this step.
    pub(super) fn nodes(&self) -> &BTreeMap<String, Json> {
        &self.nodes_now
    }

    /// The key behind a label of a metadata map.
    pub(super) fn key_of_label(&self, map: &str, label: &str) -> String {
        let spec = self.registered.iter().find(|d| d.name == map);
        let prefix = spec.and_then(|d| d.nb_key_prefix.as_deref()).unwrap_or_default();
        format!("{prefix}{label}")
    }

    pub(super) fn descriptor_of(&self, key: &str) -> Option<String> {
        self.descriptors
            .get(key)
            .cloned()
            .or_else(|| self.registered.iter().find(|d| d.selects(key)).map(|d| d.name.clone()))
    }

    /// The descriptor of a key, of those registered.
    pub(super) fn registered_owner(&self, key: &str) -> Option<&DescriptorSpec> {
        self.registered.iter().find(|d| d.selects(key))
    }

    pub(super) fn owner<'a>(
        &'a self,
        scenario: &'a Scenario,
        key: &str,
    ) -> Option<&'a DescriptorSpec> {
        let mut all = self.registered.iter().chain(&scenario.descriptors);
        all.find(|d| d.selects(key))
    }
}

/// The key that is already taken, in the error of a value that derives it.
pub(super) fn collision(error: &str) -> Option<&str> {
    error.strip_prefix("derived value ")?.strip_suffix(" is already there independently")
}

/// Was a whole transaction given up? What verification finds wrong is only told, and so is what was
/// invalid before, and only comes to be seen: nothing is undone for it.
fn has_failed(from: &Json) -> bool {
    let txns = from["txns"].as_array().into_iter().flatten();
    let ops: Vec<&Json> =
        txns.flat_map(|txn| txn["executed"].as_array().into_iter().flatten()).collect();
    let is_undone =
        |op: &&Json| op["flags"].as_array().is_some_and(|flags| flags.contains(&"revert".into()));
    let was_known = |error: &Json| {
        let is_same = |op: &&Json| {
            op["key"] == error["key"]
                && op["new_state"] == "INVALID"
                && op["new_error"] == error["error"]
                && op["prev_error"] == op["new_error"]
        };
        ops.iter().any(is_same)
    };
    let only_told = |error: &Json| {
        let text = error["error"].as_str().unwrap_or_default();
        text.starts_with("value is not ") || text.starts_with("applied value is not ")
    };
    let mut errors = from["result"]["kv_errors"].as_array().into_iter().flatten();
    ops.iter().any(is_undone) || errors.any(|error| !only_told(error) && !was_known(error))
}

fn collect(into: &mut BTreeMap<String, Ops>, number: usize, from: &Json) {
    for ops in into.values_mut() {
        ops.failed_before = ops.failed;
        ops.removed_before |= ops.step.iter().any(|(op, error)| op == "delete" && error.is_none());
        ops.failed_in_step = false;
        ops.step.clear();
    }
    for op in from["sb_ops"].as_array().into_iter().flatten() {
        let (Some(key), Some(name)) = (op["key"].as_str(), op["op"].as_str()) else { continue };
        if name == "retrieve" {
            continue;
        }
        let ops = into.entry(key.to_owned()).or_default();
        let error = op["error"].as_str().map(str::to_owned);
        ops.calls += 1;
        if error.is_none() {
            ops.last_done = Some(name.to_owned());
        }
        ops.failed |= error.is_some();
        ops.last = Some((name.to_owned(), error.clone()));
        ops.last_step = number;
        ops.failed_in_step |= error.is_some();
        ops.step.push((name.to_owned(), error));
    }
}

pub(super) fn nodes_of(from: &Json) -> BTreeMap<String, Json> {
    by_key(from["nodes"].as_array())
}

/// Statuses of base and derived values.
pub(super) fn statuses_of(from: &Json) -> BTreeMap<String, Json> {
    let mut all = by_key(from["status"].as_array());
    for status in all.clone().values() {
        all.extend(by_key(status["derived"].as_array()));
    }
    all
}

fn by_key(list: Option<&Vec<Json>>) -> BTreeMap<String, Json> {
    let keyed = |item: &Json| Some((item["key"].as_str()?.to_owned(), item.clone()));
    list.into_iter().flatten().filter_map(keyed).collect()
}

/// The base value of a key.
pub(super) fn base_of(key: &str, parents: &BTreeMap<String, String>) -> String {
    let mut key = key;
    let mut left = parents.len();
    while let Some(parent) = parents.get(key).filter(|_| left > 0) {
        key = parent;
        left -= 1;
    }
    key.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::read;

    #[test]
    fn a_collision_is_known_also_when_its_transaction_was_undone() {
        let scenario = read::scenario(&json!({
            "id": "one",
            "descriptors": [{ "name": "any" }],
            "steps": [{ "step": "txn", "values": [], "options": { "revert": true } }],
        }));
        let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
        let told = |error: &str| {
            let taken = Taken {
                number: 1,
                step: scenario.steps[0].clone(),
                expect: Json::Null,
                observed: json!({ "result": { "kv_errors": [{ "key": "b", "error": error }] } }),
                descriptors: scenario.descriptors.clone(),
                differences: Vec::new(),
            };
            let mut facts = Facts::of(&scenario);
            facts.take(&taken);
            facts.collisions
        };
        let collided = told("derived value a is already there independently");
        assert_eq!(collided, BTreeSet::from(["a".to_owned()]));
        assert!(told("failed").is_empty());
    }
}
