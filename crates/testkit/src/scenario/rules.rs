//! Where ours may differ from the recorded behaviour: rules, each one tied to a paragraph of the
//! specification's chapter on what to do better, each with a check that the better behaviour really
//! happened.
//!
//! A rule looks at how a value differs, never at which scenario it is in. A value that differs by a
//! rule is *tainted*, with what depends on it: what follows for it in later steps differs too, and
//! the record of the original says nothing about it any more, until both stand the same again (see
//! [`settled`]). Whatever else differs is a disagreement.
//!
//! What holds for all values, tainted or not, in every step of every scenario, does not need the
//! original: what is shown of them follows from what is wanted and from what was done (see
//! [`model`]), the graph is in order and the southbound was called in an order that respects
//! dependencies (see [`order`]), and our records tell just that (see [`literal`]). Where what the
//! *original* shows is wrong by the same model, a defect of 27.1 has taken effect there: this taints.

mod calls;
mod errors;
mod literal;
mod model;
mod needs;
mod order;
mod past;
mod records;
mod settled;
#[cfg(test)]
mod tests;
mod undo;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::scenario::{
    compare::{Difference, Taken},
    facts::{Facts, Ops, base_of, nodes_of, statuses_of},
    format::{AValue, Scenario, StepKind},
    rules::{model::Side, records::Leftover, undo::Undo, values::View},
};

/// What the rules say about a scenario.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    /// Paragraphs that explain differences.
    pub(super) paragraphs: BTreeSet<&'static str>,
    /// Differences no rule explains.
    pub(super) unexplained: Vec<Difference>,
}

/// State of judging: what is known to differ for a reason.
#[derive(Debug, Default)]
struct Judge {
    /// Base keys that differ by a rule.
    tainted: BTreeSet<String>,
    /// Metadata numbers of these descriptors are handed out differently.
    renumbered: BTreeSet<String>,
    /// Other metadata is known of these values than there, for a reason.
    remeasured: BTreeSet<String>,
    /// There are other transactions than expected: numbers do not agree any more.
    shifted: bool,
    /// Everything differs: the request was refused there and carried out here.
    all: bool,
    judgement: Judgement,
}

/// Judges a scenario.
pub(super) fn judge(scenario: &Scenario, steps: &[Taken]) -> Judgement {
    let mut judge = Judge::default();
    let mut facts = Facts::of(scenario);
    for taken in steps {
        facts.take(taken);
        if !taken.differences.is_empty() {
            judge.judge_step(scenario, taken, &facts);
        }
        if taken.observed["sb_ops"].is_null() {
            continue;
        }
        let excused = |key: &str| judge.tainted.contains(&base_of(key, &facts.parents));
        for text in order::disorder(scenario, taken, &facts, &excused) {
            judge.judgement.unexplained.push(Difference::plain(taken.number, "order", text));
        }
        let ours = Side::ours(scenario, taken, &facts);
        for (key, (paragraph, text)) in
            ours.keys().iter().filter_map(|key| Some((key, ours.fault(key)?)))
        {
            let text = format!("{key} {text} ({paragraph})");
            judge.judgement.unexplained.push(Difference::plain(taken.number, "model", text));
        }
        for text in literal::untruths(scenario, taken, &facts) {
            judge.judgement.unexplained.push(Difference::plain(taken.number, "record", text));
        }
        if settled::is_settled(taken, &facts) {
            judge.settle(taken, &facts);
        }
    }
    judge.judgement
}

impl Judge {
    /// Nothing differs any more but numbers; whose metadata still does is known.
    fn settle(&mut self, taken: &Taken, facts: &Facts) {
        self.all = false;
        let other = taken.differences.iter().filter(|d| settled::tells_metadata(d));
        let items = other.flat_map(|d| d.missing.iter().chain(&d.extra));
        self.remeasured = items.filter_map(|item| base_of_item(item, facts)).collect();
        self.tainted.clear();
    }

    fn judge_step(&mut self, scenario: &Scenario, taken: &Taken, facts: &Facts) {
        self.look_for_reasons(scenario, taken, facts);
        self.look_for_other_undo(taken, facts);
        let undo = Undo::of(taken, facts);
        // Transactions first: they say whether numbers agree.
        let (whole, single): (Vec<_>, Vec<_>) =
            taken.differences.iter().partition(|d| d.what == "txns");
        for difference in whole.into_iter().chain(single) {
            if !self.explains(taken, difference, facts, undo.as_ref()) {
                self.judgement.unexplained.push(difference.clone());
            }
        }
        if let Some(undo) = undo {
            // They may have left something else behind: this goes on.
            let theirs = nodes_of(&taken.expect);
            let ours = nodes_of(&taken.observed);
            for key in theirs.keys().chain(ours.keys()) {
                if theirs.get(key) != ours.get(key) && undo.holds_for(&base_of(key, &facts.parents))
                {
                    self.taint("S2", key, facts);
                }
            }
            let left = content_of(&taken.expect);
            for key in left.keys().chain(facts.content_now.keys()) {
                let value = |entry: Option<&Json>| entry.map(|entry| entry["value"].clone());
                let ours = facts.content_now.get(key);
                let unwanted = facts.asked.get(key).is_none_or(Json::is_null);
                let untouched = facts.ours.get(key).is_none_or(|ops| ops.step.is_empty());
                let base = base_of(key, &facts.parents);
                let only_here = facts.theirs.get(key).is_none_or(|ops| ops.step.is_empty());
                let as_before = untouched
                    || (only_here && undo.holds_for(&base))
                    || value(facts.content_before.get(key)) == value(ours)
                    || facts.created_unseen.contains(key)
                    || (unwanted
                        && ours.is_none()
                        && undo.holds_for(&base_of(key, &facts.parents)));
                if left.get(key) != ours && as_before {
                    self.taint("S2", key, facts);
                }
            }
        }
    }

    /// S2: what failed there, for a reason of its own not here, was not to be undone here: what was
    /// asked for is what is there.
    fn look_for_other_undo(&mut self, taken: &Taken, facts: &Facts) {
        let revert = taken.step.options.as_ref().is_some_and(|o| o.revert);
        let failures = |from: &Json| from["result"]["kv_errors"].as_array().cloned();
        let Some(failed) = failures(&taken.expect).filter(|_| revert) else { return };
        if failures(&taken.observed).is_some() || !failed.iter().all(|e| self.is_tainted(e, facts))
        {
            return;
        }
        for value in taken.step.values.iter().flatten() {
            let asked = facts.asked.get(&value.key).cloned().unwrap_or_default();
            let shown = facts.nodes().get(&value.key).map(|n| n["value"].clone());
            if shown.unwrap_or_default() == asked {
                self.taint("S2", &value.key, facts);
            }
        }
    }

    fn taint(&mut self, paragraph: &'static str, key: &str, facts: &Facts) {
        self.judgement.paragraphs.insert(paragraph);
        self.tainted.insert(base_of(key, &facts.parents));
    }

    /// Goes through the values that differ and finds out why.
    fn look_for_reasons(&mut self, scenario: &Scenario, taken: &Taken, facts: &Facts) {
        self.whole_requests(taken);
        let (theirs, ours) = (nodes_of(&taken.expect), nodes_of(&taken.observed));
        let keys: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
        let view = View { scenario, taken, facts, theirs: &theirs, ours: &ours };
        let (there, left) = (Side::theirs(scenario, taken, facts), content_of(&taken.expect));
        let wrong_there = |key: &str| {
            let base = base_of(key, &facts.parents);
            let differs = keys.iter().any(|other| {
                base_of(other, &facts.parents) == base && theirs.get(*other) != ours.get(*other)
            });
            // Or what is there of it.
            let differs = differs || left.contains_key(key) != facts.content_now.contains_key(key);
            there.fault(key).filter(|_| differs).map(|(paragraph, _)| paragraph)
        };
        // B5: whose a key is that more than one value claims, is another matter there.
        for (contested, claimants) in &facts.claims {
            let differs = |key: &String| {
                theirs.get(key) != ours.get(key) || self.shows_otherwise(taken, key, facts)
            };
            if claimants.iter().chain([contested]).any(differs) {
                for key in claimants.iter().chain([contested]) {
                    self.judgement.paragraphs.insert("B5");
                    self.tainted.insert(key.clone());
                }
            }
        }
        // Reasons may rest on each other: once more after the first round.
        for _ in 0..2 {
            for key in &keys {
                if let Some(paragraph) = view.reason(key).or_else(|| wrong_there(key)) {
                    self.taint(paragraph, key, facts);
                    for other in view.dragged_along(key) {
                        self.taint(paragraph, &other, facts);
                    }
                }
                if view.other_retry(key) {
                    self.shifted = true;
                }
            }
        }
        for key in facts.theirs.keys().chain(facts.ours.keys()) {
            if let Some(paragraph) = view.reason_by_operations(key) {
                self.taint(paragraph, key, facts);
                for other in view.dragged_along(key) {
                    self.taint(paragraph, &other, facts);
                }
            }
        }
        // What depends on a value that differs differs as soon as something else is done with that.
        let calls = |ops: &BTreeMap<String, Ops>, key: &str| {
            ops.get(key).map(|ops| ops.step.clone()).unwrap_or_default()
        };
        for key in self.tainted.clone() {
            if calls(&facts.ours, &key) != calls(&facts.theirs, &key) {
                for other in view.dragged_along(&key) {
                    self.tainted.insert(base_of(&other, &facts.parents));
                }
            }
        }
        if self.tainted.iter().any(|key| {
            facts.ours.get(key).is_some_and(|o| o.failed)
                != facts.theirs.get(key).is_some_and(|o| o.failed)
        }) {
            // A failure that is only here or only there may have its retries.
            self.shifted = true;
        }
        self.look_for_foreign_values(taken, facts);
        self.look_for_lost_wishes(taken, facts);
        self.look_for_made_up_wishes(taken, facts);
        self.look_for_numbers(taken, facts);
    }

    /// Is something else derived from the value there than here?
    fn shows_otherwise(&self, taken: &Taken, key: &str, facts: &Facts) -> bool {
        let derived = |status: Option<&Json>| status.map(|status| status["derived"].clone());
        let there = statuses_of(&taken.expect);
        derived(there.get(key)).unwrap_or_default()
            != derived(facts.status(key)).unwrap_or_default()
    }

    /// B3: what others made stays theirs, also if NB waited for such a value meanwhile.
    fn look_for_foreign_values(&mut self, taken: &Taken, facts: &Facts) {
        let (theirs, nodes) = (content_of(&taken.expect), nodes_of(&taken.expect));
        for (key, entry) in &facts.content_now {
            if theirs.contains_key(key) {
                continue;
            }
            // Whoever asks that a value of others goes means it.
            let asked_to_go = taken.step.values.iter().flatten().any(|v| {
                v.key == *key
                    && v.value.is_none()
                    && facts.nodes_before.get(key).is_some_and(|n| n["state"] == "OBTAINED")
            });
            let unwanted = !asked_to_go && facts.asked.get(key).is_none_or(Json::is_null);
            let done = |ops: &BTreeMap<String, Ops>, name: &str| {
                ops.get(key).is_some_and(|o| o.step.iter().any(|(op, _)| op == name))
            };
            let fleeting = done(&facts.theirs, "create") && done(&facts.theirs, "delete");
            let touched = facts.ours.get(key).is_some_and(|o| !o.step.is_empty());
            let (there, here) = (nodes.get(key), facts.nodes().get(key));
            if unwanted && entry["origin"] != "NB" {
                self.taint("B3", key, facts);
            } else if fleeting && !touched {
                // Not created, over what was there unknown, only to be removed.
                self.taint("S4", key, facts);
            } else if facts.parents.contains_key(key)
                && done(&facts.ours, "create")
                && here.is_some_and(|n| n["available"] == true)
                && there.is_some_and(|n| n["available"] == true)
            {
                // A derived value that waited is not there only because its base is.
                self.taint("B10", key, facts);
            }
        }
    }

    /// B13: what is said of a value that NB wants is not what NB wants of it.
    fn look_for_lost_wishes(&mut self, taken: &Taken, facts: &Facts) {
        if taken.step.step != StepKind::Notify {
            return;
        }
        let wishes = taken.differences.iter().filter(|d| d.what.starts_with("dump NB of "));
        for difference in wishes {
            for item in &difference.extra {
                let Some(key) = key_of(item) else { continue };
                let told = taken.step.values.iter().flatten().find(|value| value.key == key);
                let told = told.and_then(|told| told.value.as_ref());
                let told = told.map(|value| AValue::json(Some(&value.message())));
                let there = difference.missing.iter().find(|other| key_of(other) == Some(key));
                if there.is_some_and(|there| Some(&there["value"]) == told.as_ref())
                    && facts.asked.get(key) == Some(&item["value"])
                {
                    self.taint("B13", key, facts);
                }
            }
        }
    }

    /// B14: what could not be put back after a failure, and was somebody else's, is not NB's wish.
    fn look_for_made_up_wishes(&mut self, taken: &Taken, facts: &Facts) {
        if Undo::of(taken, facts).is_none() {
            return;
        }
        let wishes = taken.differences.iter().filter(|d| d.what.starts_with("dump NB of "));
        for difference in wishes {
            for item in &difference.missing {
                let Some(key) = key_of(item) else { continue };
                let was = facts.nodes_before.get(key).filter(|node| node["state"] == "OBTAINED");
                let known = was.is_some_and(|node| node["value"] == item["value"]);
                let is_here = difference.extra.iter().any(|other| key_of(other) == Some(key));
                let failed = facts.ours.get(key).is_some_and(|ops| ops.failed_in_step);
                let unwanted = facts.asked.get(key).is_none_or(Json::is_null);
                if known && !is_here && failed && unwanted {
                    self.taint("B14", key, facts);
                }
            }
        }
    }

    /// S4, C9: creates in another order, or fewer of them, hand out other metadata.
    fn look_for_numbers(&mut self, taken: &Taken, facts: &Facts) {
        let (theirs, ours) = (creates(&taken.expect), creates(&taken.observed));
        for name in theirs.keys().chain(ours.keys()) {
            let none = Vec::new();
            let (a, b) = (theirs.get(name).unwrap_or(&none), ours.get(name).unwrap_or(&none));
            let count = |all: &[String], key: &str| all.iter().filter(|k| *k == key).count();
            let fair = b.iter().chain(a).all(|key| {
                count(b, key) <= count(a, key)
                    || self.tainted.contains(&base_of(key, &facts.parents))
                    || Undo::of(taken, facts).is_some()
            });
            if a != b && fair {
                self.renumbered.insert(name.clone());
            }
        }
    }

    /// S2: a resync may be all or nothing here.
    fn whole_requests(&mut self, taken: &Taken) {
        let refused = taken.expect["result"]["init_error"].as_str();
        let here = &taken.observed["result"]["seq_num"];
        if refused == Some("it is not supported to combine resync with revert") && !here.is_null() {
            self.judgement.paragraphs.insert("S2");
            (self.all, self.shifted) = (true, true);
        }
    }

    fn explains(
        &mut self,
        taken: &Taken,
        difference: &Difference,
        facts: &Facts,
        undo: Option<&Undo<'_>>,
    ) -> bool {
        if self.all {
            return true;
        }
        if difference.missing.is_empty() && difference.extra.is_empty() {
            // Counts and numbers.
            let of_txn = difference.what.starts_with("txn") || difference.what == "result.seq_num";
            let plan = ["txn.with_simulation", "txn.retry_for_txn"].contains(&&*difference.what)
                && !self.tainted.is_empty();
            return of_txn && (self.shifted || plan);
        }
        if difference.what == "txns" {
            return self.explains_transactions(taken, difference, facts);
        }
        let left = |items: &[Json]| -> Vec<Json> {
            let explained = |item: &&Json| {
                self.is_tainted(item, facts)
                    || undo.is_some_and(|undo| {
                        base_of_item(item, facts).is_some_and(|base| undo.holds_for(&base))
                    })
            };
            items.iter().filter(|i| !explained(i)).cloned().collect()
        };
        let (mut missing, mut extra) = (left(&difference.missing), left(&difference.extra));
        if difference.what == "sb_inconsistent_keys" {
            // Once said, it is said for ever.
            let [there, here] = &facts.inconsistent_before;
            let is_new = |keys: &BTreeSet<String>, item: &Json| {
                item.as_str().is_none_or(|key| !keys.contains(key))
            };
            missing.retain(|item| is_new(there, item));
            extra.retain(|item| is_new(here, item));
        }
        if missing.is_empty() && extra.is_empty() {
            if undo.is_some() {
                self.judgement.paragraphs.insert("S2");
            }
            return true;
        }
        let view =
            Leftover { what: &difference.what, missing: &missing, extra: &extra, taken, facts };
        let keys = || -> Option<BTreeSet<String>> {
            let about = |item: &Json| base_of_item(item, facts);
            missing.iter().chain(&extra).map(about).collect()
        };
        let of_metadata = view.is_about_metadata();
        if of_metadata && keys().is_some_and(|keys| keys.is_subset(&self.remeasured)) {
            self.judgement.paragraphs.insert("B17");
            return true;
        }
        let Some(paragraphs) = view.paragraph(&self.renumbered) else { return false };
        if of_metadata && paragraphs.iter().any(|p| ["B17", "P4"].contains(p)) {
            self.remeasured.extend(keys().into_iter().flatten());
        }
        self.judgement.paragraphs.extend(paragraphs);
        true
    }

    /// A transaction that is only here or only there is about values that differ for a reason, or
    /// about nothing at all (M1: what is empty is not worth a record).
    fn explains_transactions(
        &mut self,
        taken: &Taken,
        difference: &Difference,
        facts: &Facts,
    ) -> bool {
        // B1: a value whose descriptor has come is applied, whoever waited for it.
        let implemented = |txn: &Json| {
            let ops = txn["executed"].as_array().cloned().unwrap_or_default();
            txn["type"] == "RetryUnimplOps"
                && ops.iter().all(|op| {
                    let base = op["key"].as_str().map(|key| base_of(key, &facts.parents));
                    op["prev_state"] == "UNIMPLEMENTED"
                        || base.is_some_and(|base| ops.iter().any(|o| o["key"] == *base))
                })
        };
        if difference.missing.is_empty() && difference.extra.iter().all(implemented) {
            for key in difference.extra.iter().flat_map(about) {
                self.taint("B1", &key, facts);
            }
        }
        for key in difference.extra.iter().filter(|txn| retries(txn)).flat_map(about) {
            if self.is_retried_apart(&key, taken, facts) {
                self.taint("B12", &key, facts);
            }
        }
        let tainted = |key: &String| self.tainted.contains(&base_of(key, &facts.parents));
        let explained = difference
            .missing
            .iter()
            .chain(&difference.extra)
            .all(|txn| retries(txn) && about(txn).iter().all(tainted));
        if explained {
            self.shifted = true;
            if difference.missing.iter().any(|txn| about(txn).is_empty()) {
                self.judgement.paragraphs.insert("M1");
            }
        }
        explained
    }

    /// B12: was the value tried again there along with one that differs and that another transaction
    /// has set, and here apart from it, and came to the same?
    fn is_retried_apart(&self, key: &str, taken: &Taken, facts: &Facts) -> bool {
        let tried = |from: &Json| -> Vec<Vec<String>> {
            from["txns"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|t| retries(t))
                .map(about)
                .collect()
        };
        let calls = |ops: &BTreeMap<String, Ops>| ops.get(key).map(|ops| ops.step.clone());
        let node = |from: &Json| nodes_of(from).remove(key);
        let differs = |other: &String| self.tainted.contains(&base_of(other, &facts.parents));
        let (there, here) = (tried(&taken.expect), tried(&taken.observed));
        let has = |keys: &[String], key: &str| keys.iter().any(|other| other == key);
        let is_alone = |other: &String| here.iter().any(|t| has(t, other) && !has(t, key));
        calls(&facts.ours).is_some_and(|calls| !calls.is_empty())
            && calls(&facts.ours) == calls(&facts.theirs)
            && node(&taken.expect) == node(&taken.observed)
            && there.iter().filter(|t| has(t, key)).flatten().any(|o| differs(o) && is_alone(o))
    }

    fn is_tainted(&self, item: &Json, facts: &Facts) -> bool {
        base_of_item(item, facts).is_some_and(|base| self.tainted.contains(&base))
    }
}

/// The values that a transaction is about.
fn about(txn: &Json) -> Vec<String> {
    let of = |what: &str| txn[what].as_array().cloned().unwrap_or_default();
    let all = of("executed").into_iter().chain(of("values"));
    all.filter_map(|i| key_of(&i).map(str::to_owned)).collect()
}

fn retries(txn: &Json) -> bool {
    txn["type"].as_str().is_some_and(|name| name.starts_with("Retry"))
}

/// The base value an item of an expectation is about.
fn base_of_item(item: &Json, facts: &Facts) -> Option<String> {
    if let (Some(map), Some(label)) = (item["map"].as_str(), item["label"].as_str()) {
        // An entry of a metadata map.
        return Some(facts.key_of_label(map, label));
    }
    key_of(item).map(|key| base_of(key, &facts.parents))
}

/// The key an item of an expectation is about.
fn key_of(item: &Json) -> Option<&str> {
    item.as_str().or_else(|| item["key"].as_str())
}

/// The southbound, by key.
fn content_of(from: &Json) -> BTreeMap<String, Json> {
    let keyed = |item: &Json| Some((item["key"].as_str()?.to_owned(), item.clone()));
    from["sb_content"].as_array().into_iter().flatten().filter_map(keyed).collect()
}

/// Keys created with success in a step, in order, by descriptor.
fn creates(from: &Json) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for op in from["sb_ops"].as_array().into_iter().flatten() {
        if op["op"] == "create"
            && op["error"].is_null()
            && let (Some(name), Some(key)) = (op["descriptor"].as_str(), op["key"].as_str())
        {
            all.entry(name.to_owned()).or_default().push(key.to_owned());
        }
    }
    all
}
