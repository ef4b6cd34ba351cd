//! Where ours may differ from the recorded behaviour: rules, each one tied to a paragraph of the
//! specification's chapter on what to do better, each with a check that the better behaviour really
//! happened.
//!
//! A rule looks at how a value differs, never at which scenario it is in. A value that differs by a
//! rule is *tainted*: what follows for it in later steps differs too. Whatever is left over is a
//! disagreement. Besides, in every step of a scenario with differences the graph must be in order:
//! see [`disorder`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::scenario::{
    compare::{Difference, Taken},
    facts::{Facts, Ops, base_of, nodes_of, statuses_of},
    format::{DescriptorSpec, Scenario},
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
    /// There are other transactions than expected: numbers do not agree any more.
    shifted: bool,
    /// Everything differs: the request was refused there and carried out here.
    all: bool,
    judgement: Judgement,
}

/// Judges the differences of a scenario.
pub(super) fn judge(scenario: &Scenario, steps: &[Taken]) -> Judgement {
    let mut judge = Judge::default();
    let mut facts = Facts::default();
    for taken in steps {
        facts.take(taken);
        if taken.differences.is_empty() {
            continue;
        }
        judge.look_for_reasons(scenario, taken, &facts);
        for difference in &taken.differences {
            if !judge.explains(taken, difference, &facts) {
                judge.judgement.unexplained.push(difference.clone());
            }
        }
        for text in disorder(scenario, taken) {
            judge.judgement.unexplained.push(Difference::plain(taken.number, "order", text));
        }
    }
    judge.judgement
}

impl Judge {
    fn taint(&mut self, paragraph: &'static str, key: &str, facts: &Facts) {
        self.judgement.paragraphs.insert(paragraph);
        let base = base_of(key, &facts.parents);
        self.renumbered.extend(facts.descriptor_of(&base));
        self.tainted.insert(base);
    }

    /// Goes through the values that differ and finds out why.
    fn look_for_reasons(&mut self, scenario: &Scenario, taken: &Taken, facts: &Facts) {
        self.whole_requests(taken);
        let (theirs, ours) = (nodes_of(&taken.expect), nodes_of(&taken.observed));
        let keys: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
        let view = View { scenario, taken, facts, theirs: &theirs, ours: &ours };
        // Reasons may rest on each other: once more after the first round.
        for _ in 0..2 {
            for key in &keys {
                if let Some(paragraph) = view.reason(key) {
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
        if self.tainted.iter().any(|key| {
            facts.ours.get(key).is_some_and(|o| o.failed)
                != facts.theirs.get(key).is_some_and(|o| o.failed)
        }) {
            // A failure that is only here or only there may have its retries.
            self.shifted = true;
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

    fn explains(&mut self, taken: &Taken, difference: &Difference, facts: &Facts) -> bool {
        if self.all {
            return true;
        }
        if difference.missing.is_empty() && difference.extra.is_empty() {
            // Counts and numbers.
            let of_txn = difference.what.starts_with("txn") || difference.what == "result.seq_num";
            let plan = difference.what == "txn.with_simulation" && !self.tainted.is_empty();
            return of_txn && (self.shifted || plan);
        }
        if difference.what == "txn.values" && self.shifted {
            return true;
        }
        let left = |items: &[Json]| -> Vec<Json> {
            items.iter().filter(|i| !self.is_tainted(i, facts)).cloned().collect()
        };
        let (missing, extra) = (left(&difference.missing), left(&difference.extra));
        if missing.is_empty() && extra.is_empty() {
            return true;
        }
        let view =
            Leftover { what: &difference.what, missing: &missing, extra: &extra, taken, facts };
        match view.paragraph(&self.renumbered) {
            Some(paragraph) => {
                self.judgement.paragraphs.insert(paragraph);
                true
            }
            None => false,
        }
    }

    fn is_tainted(&self, item: &Json, facts: &Facts) -> bool {
        let key = item.as_str().or_else(|| item["key"].as_str());
        match key {
            Some(key) => self.tainted.contains(&base_of(key, &facts.parents)),
            // A metadata map: judged by its descriptors.
            None => item
                .as_object()
                .is_some_and(|maps| maps.keys().any(|name| self.renumbered.contains(name))),
        }
    }
}

/// One step, seen from both sides.
struct View<'a> {
    scenario: &'a Scenario,
    taken: &'a Taken,
    facts: &'a Facts,
    theirs: &'a BTreeMap<String, Json>,
    ours: &'a BTreeMap<String, Json>,
}

fn state(node: Option<&Json>) -> &str {
    node.and_then(|n| n["state"].as_str()).unwrap_or("NONEXISTENT")
}

fn available(node: Option<&Json>) -> bool {
    node.is_some_and(|n| n["available"] == true)
}

impl View<'_> {
    fn owner(&self, key: &str) -> Option<&DescriptorSpec> {
        self.facts.owner(self.scenario, key)
    }

    /// Why a node differs, if a rule knows and its check holds.
    fn reason(&self, key: &str) -> Option<&'static str> {
        let (theirs, ours) = (self.theirs.get(key), self.ours.get(key));
        if theirs == ours {
            return None;
        }
        let (then, now) = (state(theirs), state(ours));
        let (was, is) = (available(theirs), available(ours));
        let status = statuses_of(&self.taken.observed);
        let error = status.get(key).and_then(|s| s["error"].as_str()).unwrap_or_default();
        if self.is_nested(key) && theirs.is_none() {
            return Some("S7");
        }
        if error.contains("is already there independently") {
            return Some("B5");
        }
        if let Some(holder) = error.strip_suffix(" could not be removed before it") {
            let held = self.facts.ours.get(holder).is_some_and(|o| o.failed);
            return held.then_some(if theirs.is_none() { "B7" } else { "B8" });
        }
        if self.verified_as_wrong(key, error) {
            return Some("F8");
        }
        match (then, now) {
            ("PENDING" | "CONFIGURED", "OBTAINED") if is && self.facts.notified.contains(key) => {
                Some("B3")
            }
            ("INVALID", "INVALID") if is && !was && self.is_in_southbound(key) => Some("B4"),
            ("OBTAINED", _) if self.facts.notified.contains(key) && now != "OBTAINED" => {
                Some("B13")
            }
            ("RETRYING", "FAILED") | ("FAILED", "RETRYING") => {
                self.other_retry(key).then_some("B12")
            }
            ("MISSING", "NONEXISTENT") => Some("B10"),
            ("PENDING", _) if is && !was && self.needs_are_met(key) => Some(self.why_up(key)),
            (_, "PENDING") if was && !is && !self.needs_are_met(key) => Some(self.why_down(key)),
            _ => None,
        }
    }

    /// B12: the retry policy is that of the transaction that set the value.
    fn other_retry(&self, key: &str) -> bool {
        let own = self.facts.retry_of.get(key).copied().unwrap_or(false);
        match (state(self.theirs.get(key)), state(self.ours.get(key))) {
            ("RETRYING", "FAILED") => !own,
            ("FAILED", "RETRYING") => own,
            _ => false,
        }
    }

    fn verified_as_wrong(&self, key: &str, error: &str) -> bool {
        let told = self.taken.expect["result"]["kv_errors"].as_array();
        error.contains("actually")
            && told.is_some_and(|all| all.iter().any(|e| e["key"] == key && e["error"] == error))
    }

    fn is_nested(&self, key: &str) -> bool {
        let parent = self.facts.parents.get(key);
        parent.is_some_and(|parent| self.facts.parents.contains_key(parent))
    }

    fn is_in_southbound(&self, key: &str) -> bool {
        let content = self.taken.observed["sb_content"].as_array();
        let value = self.ours.get(key).map(|n| &n["value"]);
        content.is_some_and(|all| all.iter().any(|c| c["key"] == key && Some(&c["value"]) == value))
    }

    /// Is every need of the value met by what is available here?
    fn needs_are_met(&self, key: &str) -> bool {
        unmet(self.scenario, self.facts, self.ours, key).is_none()
    }

    fn why_up(&self, key: &str) -> &'static str {
        let Some(spec) = self.owner(key) else { return "B1" };
        if spec.uses_ragged_prefix(key) {
            "B6"
        } else if unmet(self.scenario, self.facts, self.theirs, key).is_some() {
            "B2"
        } else {
            "B1"
        }
    }

    fn why_down(&self, key: &str) -> &'static str {
        match self.owner(key) {
            Some(spec) if spec.uses_ragged_prefix(key) => "B6",
            _ => "B9",
        }
    }

    /// Why the operations on a value differ although its node does not.
    fn reason_by_operations(&self, key: &str) -> Option<&'static str> {
        let none = Ops::default();
        let theirs = self.facts.theirs.get(key).unwrap_or(&none);
        let ours = self.facts.ours.get(key).unwrap_or(&none);
        if theirs.step == ours.step {
            return None;
        }
        let readable =
            self.owner(key).is_some_and(|d| !d.without_ops.iter().any(|op| op == "retrieve"));
        if !readable && (theirs.failed_before || ours.failed_before) && !ours.step.is_empty() {
            return Some("B11");
        }
        let once = ours.step.len() <= 2 && ours.step.len() < theirs.step.len();
        (once && !ours.failed_in_step && theirs.step.len() > 1).then_some("S4")
    }

    /// What necessarily differs with a value: what depends on it, directly or not, and what it
    /// depends on and was held back there.
    fn dragged_along(&self, key: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut open = vec![key.to_owned()];
        while let Some(next) = open.pop() {
            for (other, node) in self.ours.iter().chain(self.theirs) {
                let needs = self.needs_of(other, node);
                let related = needs.contains(&next);
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

    fn needs_of(&self, key: &str, node: &Json) -> Vec<String> {
        self.owner(key).map(|d| d.exact_needs(key, &node["value"])).unwrap_or_default()
    }
}

/// What is left of a difference after the tainted values are taken out.
struct Leftover<'a> {
    what: &'a str,
    missing: &'a [Json],
    extra: &'a [Json],
    taken: &'a Taken,
    facts: &'a Facts,
}

impl Leftover<'_> {
    fn paragraph(&self, renumbered: &BTreeSet<String>) -> Option<&'static str> {
        if self.same_but(&["metadata"]) && self.only_renumbered(renumbered) {
            return Some("S4");
        }
        if self.what == "status" && self.statuses_differ_by_last_operation() {
            return Some("B18");
        }
        if self.what.starts_with("notifications") && self.news_is_about_content() {
            return Some("B18");
        }
        if self.what.contains("planned") && self.plan_is_what_was_done() {
            return Some("F1");
        }
        if self.what.ends_with("executed") || self.what.ends_with("planned") {
            if self.is_literal_record() {
                return Some("S8");
            }
            if self.is_noise() {
                return Some("S10");
            }
        }
        None
    }

    /// Do the two sides agree but for some members?
    fn same_but(&self, members: &[&str]) -> bool {
        let strip = |items: &[Json]| -> Vec<String> {
            let mut all: Vec<String> =
                items.iter().map(|i| stripped(i, members).to_string()).collect();
            all.sort();
            all
        };
        strip(self.missing) == strip(self.extra)
    }

    fn only_renumbered(&self, renumbered: &BTreeSet<String>) -> bool {
        self.missing.iter().chain(self.extra).all(|item| {
            item["key"]
                .as_str()
                .and_then(|key| self.facts.descriptor_of(key))
                .is_some_and(|d| renumbered.contains(&d))
        })
    }

    /// B18, S8: the last operation is the last one really asked for or done.
    fn statuses_differ_by_last_operation(&self) -> bool {
        let all_known = self.extra.iter().all(|status| {
            ["CREATE", "UPDATE", "DELETE"]
                .contains(&status["last_operation"].as_str().unwrap_or(""))
        });
        all_known && self.same_but(&["last_operation"])
    }

    /// B18: told is what changed in state, error, details or content, and nothing else.
    fn news_is_about_content(&self) -> bool {
        if self.same_but(&["last_operation"]) {
            return true;
        }
        let silent = self.missing.iter().all(|status| {
            let key = status["key"].as_str().unwrap_or_default();
            let plain = |s: &Json| stripped(s, &["last_operation"]).to_string();
            self.facts.status_before.get(key).is_some_and(|before| plain(before) == plain(status))
        });
        let news = self.extra.iter().all(|status| {
            let key = status["key"].as_str().unwrap_or_default();
            let now = nodes_of(&self.taken.observed);
            self.facts.nodes_before.get(key) != now.get(key)
        });
        silent && news
    }

    /// F1, S1: the plan is validated and is what is executed.
    fn plan_is_what_was_done(&self) -> bool {
        let txns = self.taken.observed["txns"].as_array();
        txns.is_some_and(|txns| {
            txns.iter().all(|txn| {
                let of = |what: &str, key: &Json| -> Vec<String> {
                    let ops = txn[what].as_array().cloned().unwrap_or_default();
                    let mut ops: Vec<String> =
                        ops.iter().filter(|o| o["key"] == *key).map(Json::to_string).collect();
                    ops.sort();
                    ops
                };
                self.missing
                    .iter()
                    .chain(self.extra)
                    .all(|op| of("planned", &op["key"]) == of("executed", &op["key"]))
            })
        })
    }

    /// S8: what the southbound saw is recorded, a delete as a delete.
    fn is_literal_record(&self) -> bool {
        let is_delete = |op: &Json| op["op"] == "DELETE" && op["new_state"] == "PENDING";
        let is_update = |op: &Json| op["op"] == "UPDATE" && op["new_state"] == "PENDING";
        self.extra.iter().all(is_delete)
            && self.missing.iter().all(is_update)
            && self.same_but(&["op"])
    }

    /// S10: what stays pending is not recorded again at every resync.
    fn is_noise(&self) -> bool {
        let now = nodes_of(&self.taken.observed);
        self.extra.is_empty()
            && self.missing.iter().all(|op| {
                let key = op["key"].as_str().unwrap_or_default();
                op["prev_state"] == op["new_state"]
                    && op["flags"].as_array().is_some_and(|f| f.iter().any(|f| f == "noop"))
                    && now.get(key).is_some_and(|n| n["state"] == op["new_state"])
            })
    }
}

fn stripped(item: &Json, members: &[&str]) -> Json {
    let mut item = item.clone();
    if let Some(object) = item.as_object_mut() {
        object.retain(|name, _| !members.contains(&name.as_str()));
        object.sort_keys();
        if let Some(Json::Array(derived)) = object.get_mut("derived") {
            *derived = derived.iter().map(|d| stripped(d, members)).collect();
        }
    }
    item
}

/// The first need of a value that nothing available meets; members of one dependency cycle count as
/// available to each other if they are there.
fn unmet(
    scenario: &Scenario,
    facts: &Facts,
    nodes: &BTreeMap<String, Json>,
    key: &str,
) -> Option<String> {
    let spec = facts.owner(scenario, key)?;
    let node = nodes.get(key)?;
    let is_there = |accepts: &dyn Fn(&str) -> bool| {
        nodes.iter().any(|(other, node)| accepts(other) && node["available"] == true)
    };
    spec.needs(key, &node["value"])
        .into_iter()
        .find(|(_, target)| !is_there(&|other| target.accepts(other)))
        .map(|(label, _)| label)
}

/// What is out of order in a step: a value that is configured over an unmet need, one that is pending
/// without any, or one the southbound was told twice about.
fn disorder(scenario: &Scenario, taken: &Taken) -> Vec<String> {
    let facts = Facts::of(taken);
    let ours = nodes_of(&taken.observed);
    let mut found = Vec::new();
    for (key, node) in &ours {
        let missing = unmet(scenario, &facts, &ours, key);
        match (node["state"].as_str().unwrap_or_default(), missing) {
            ("CONFIGURED", Some(label)) => {
                found.push(format!("{key} is CONFIGURED although {label} is unmet"));
            }
            ("PENDING", None) => found.push(format!("{key} is PENDING although nothing is unmet")),
            _ => {}
        }
    }
    let keys = |from: &Json| -> BTreeSet<String> {
        let list = from["sb_inconsistent_keys"].as_array().cloned().unwrap_or_default();
        list.iter().filter_map(|k| k.as_str().map(str::to_owned)).collect()
    };
    for key in keys(&taken.observed).difference(&keys(&taken.expect)) {
        found.push(format!("{key} became inconsistent in the southbound"));
    }
    found
}
