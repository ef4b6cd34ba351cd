//! What is left of a difference after the values that differ for a reason are taken out: records,
//! plans, calls and notifications that say the same in another way.

use std::collections::{BTreeMap, BTreeSet};

use ligato_kvs_api::Target;
use serde_json::Value as Json;

use crate::scenario::{
    compare::{self, Pair, Taken},
    facts::{Facts, base_of, nodes_of},
    format::{Resync, StepKind},
    rules::{key_of, order::is_below},
};

/// What is left of a difference.
pub(super) struct Leftover<'a> {
    pub(super) what: &'a str,
    pub(super) missing: &'a [Json],
    pub(super) extra: &'a [Json],
    pub(super) taken: &'a Taken,
    pub(super) facts: &'a Facts,
}

type Paragraphs = BTreeSet<&'static str>;

impl Leftover<'_> {
    /// The paragraphs that explain all of it.
    pub(super) fn paragraph(&self, renumbered: &BTreeSet<String>) -> Option<Paragraphs> {
        if self.same_but(&["metadata"]) && self.only_renumbered(renumbered) {
            return Some(Paragraphs::from(["S4"]));
        }
        if self.same_but(&["metadata"]) && self.metadata_is_true() || self.labels_are_true() {
            return Some(Paragraphs::from(["B17"]));
        }
        if self.is_about_metadata() && self.is_of_what_is_not_there() {
            return Some(Paragraphs::from(["27.8"]));
        }
        if self.is_about_metadata() && self.was_not_looked_at() {
            return Some(Paragraphs::from(["P4"]));
        }
        if ["status", "notifications"].iter().any(|what| self.what.starts_with(what))
            && self.details_are_complete()
        {
            return Some(Paragraphs::from(["O1"]));
        }
        if (self.what == "status" || self.what.starts_with("notifications"))
            && self.only_disputed_differ()
        {
            return Some(Paragraphs::from(["B5"]));
        }
        if self.what == "status" && self.statuses_differ_by_last_operation() {
            return Some(Paragraphs::from(["B18"]));
        }
        if self.what.starts_with("notifications") && self.news_is_about_content() {
            return Some(Paragraphs::from(["B18"]));
        }
        if self.what.starts_with("notifications") && self.news_in_between() {
            return Some(Paragraphs::from(["B8", "B10"]));
        }
        if self.what.ends_with("executed") || self.what.ends_with("planned") {
            return self.by_value(|key| self.record_of(key));
        }
        match self.what {
            "txn.values" if self.lists_what_is_unwanted() => Some(Paragraphs::from(["M4"])),
            // The graph, and with it what the southbound is told, is never at odds with itself.
            "sb_inconsistent_keys" => self.by_value(|key| {
                let extra = self.extra.iter().any(|item| item == key);
                // Nobody had looked what was there before.
                let unseen = self.facts.created_unseen.contains(key);
                if extra && self.could_not_be_known(key) {
                    return Some("B11");
                }
                (if extra { unseen } else { self.is_at_one(key) }).then_some("27.8")
            }),
            "sb_ops" => self.by_value(|key| self.calls_of(key)),
            "result.kv_errors" => self.by_value(|key| self.errors_of(key)),
            _ => None,
        }
    }

    /// Every value for itself.
    fn by_value(&self, rule: impl Fn(&str) -> Option<&'static str>) -> Option<Paragraphs> {
        let keys: BTreeSet<&str> =
            self.missing.iter().chain(self.extra).filter_map(key_of).collect();
        keys.into_iter().map(rule).collect()
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

    /// B8, B10: told in between, and not what it is in the end: that what could not be changed is held
    /// by another value, and nothing of what is derived from a value that is not there.
    fn news_in_between(&self) -> bool {
        let plain = |items: &[Json], there: bool| -> Vec<String> {
            let strip = |status: &Json| {
                let mut status = self.without_hold(status);
                let derived = status["derived"].as_array().cloned().unwrap_or_default();
                let is_there =
                    |d: &&Json| d["state"] != "MISSING" && !(there && self.was_made_anyway(d));
                status["derived"] =
                    derived.iter().filter(is_there).map(|d| self.without_hold(d)).collect();
                stripped(&status, &["last_operation"]).to_string()
            };
            let mut all: Vec<String> = items.iter().map(strip).collect();
            all.sort();
            all
        };
        let held: BTreeSet<&str> =
            self.extra.iter().filter(|s| self.is_held(&s["error"])).filter_map(key_of).collect();
        let alike = |items: &[Json]| -> Vec<Json> {
            let strip = |status: &Json| match key_of(status) {
                Some(key) if held.contains(key) => stripped(status, &["error"]),
                _ => status.clone(),
            };
            items.iter().map(strip).collect()
        };
        plain(&alike(self.missing), true) == plain(&alike(self.extra), false)
    }

    /// Is it said that a derived value was found, which was not there before this step and was made in
    /// it?
    fn was_made_anyway(&self, status: &Json) -> bool {
        let Some(key) = key_of(status).filter(|_| status["state"] == "DISCOVERED") else {
            return false;
        };
        let made = |ops: &crate::scenario::facts::Ops| {
            ops.step.iter().any(|(op, error)| op == "create" && error.is_none())
        };
        !self.facts.content_before.contains_key(key)
            && self.facts.parents.contains_key(key)
            && self.facts.ours.get(key).is_some_and(made)
    }

    /// Is this what is said of a value that is held by one which could really not be removed?
    pub(super) fn is_held(&self, error: &Json) -> bool {
        let holder = error.as_str().and_then(|e| e.strip_suffix(" could not be removed before it"));
        holder.is_some_and(|holder| {
            self.facts.ours.get(holder).is_some_and(|ops| ops.failed)
                || self.facts.impossible.contains(holder)
        })
    }

    fn without_hold(&self, status: &Json) -> Json {
        if self.is_held(&status["error"]) { stripped(status, &["error"]) } else { status.clone() }
    }

    /// Do the two sides agree but for metadata?
    pub(super) fn is_about_metadata(&self) -> bool {
        self.same_but(&["metadata"]) || self.what == "metadata_maps"
    }

    /// P4: what could not be called was not called: there was no reason to look, and the metadata of
    /// before still stands.
    fn was_not_looked_at(&self) -> bool {
        let is_impossible = |item: &Json| {
            let label = || {
                let (map, label) = (item["map"].as_str()?, item["label"].as_str()?);
                Some(self.facts.key_of_label(map, label))
            };
            let key = item["key"].as_str().map(str::to_owned).or_else(label).unwrap_or_default();
            let mut all = self.facts.impossible.iter();
            all.any(|other| base_of(other, &self.facts.parents) == key)
                && self.facts.nodes().get(&key).is_some_and(|node| node["available"] == true)
        };
        self.missing.iter().chain(self.extra).all(is_impossible)
    }

    /// 27.8: metadata is part of what is applied. There, some is known of what is said not to be
    /// there; here it is not there either, and none is.
    fn is_of_what_is_not_there(&self) -> bool {
        let sides = [nodes_of(&self.taken.expect), nodes_of(&self.taken.observed)];
        let is_of_none = |item: &Json| {
            let label = || {
                let (map, label) = (item["map"].as_str()?, item["label"].as_str()?);
                Some(self.facts.key_of_label(map, label))
            };
            let key = item["key"].as_str().map(str::to_owned).or_else(label).unwrap_or_default();
            sides.iter().all(|nodes| nodes.get(&key).is_some_and(|node| node["available"] != true))
        };
        !self.missing.is_empty()
            && self.missing.iter().all(is_of_none)
            && self.extra.iter().all(|item| is_of_none(item) && item["metadata"].is_null())
    }

    /// B17: shown is the metadata that was read back.
    fn metadata_is_true(&self) -> bool {
        let is_true = |item: &Json| {
            let key = key_of(item).unwrap_or_default();
            let there = self.facts.content_now.get(key).map(|entry| &entry["metadata"]);
            there == Some(&item["metadata"])
        };
        // There, something else was passed on than what was in the southbound.
        let is_kept = |item: &Json| {
            let is_in = |from: &Json| {
                from["sb_inconsistent_keys"].as_array().is_some_and(|k| k.contains(&item["key"]))
            };
            is_in(&self.taken.expect) && !is_in(&self.taken.observed)
        };
        self.what.starts_with("dump") && self.extra.iter().all(is_true)
            || self.what == "sb_content" && self.extra.iter().all(is_kept)
    }

    /// The same of the map from labels to metadata.
    fn labels_are_true(&self) -> bool {
        let there = |item: &Json| {
            let (map, label) = (item["map"].as_str()?, item["label"].as_str()?);
            let key = self.facts.key_of_label(map, label);
            self.facts.content_now.get(&key).map(|entry| entry["metadata"].clone())
        };
        let has_none = |item: &Json| there(item).is_some_and(|metadata| metadata.is_null());
        let other = |item: &Json| there(item).is_some_and(|metadata| metadata != item["metadata"]);
        let is_told = |item: &Json| there(item).as_ref() == Some(&item["metadata"]);
        self.what == "metadata_maps"
            && self.extra.iter().all(is_told)
            && self.missing.iter().all(|item| has_none(item) || other(item))
    }

    /// B5: a key that more than one value claims is told of the one that has it.
    fn only_disputed_differ(&self) -> bool {
        let undisputed = |items: &[Json]| -> Vec<String> {
            let strip = |status: &Json| {
                let mut status = status.clone();
                let derived = status["derived"].as_array().cloned().unwrap_or_default();
                let is_clear = |d: &Json| {
                    !d["key"].as_str().is_some_and(|key| self.facts.collisions.contains(key))
                };
                status["derived"] = derived.into_iter().filter(is_clear).collect();
                stripped(&status, &["last_operation"]).to_string()
            };
            let mut all: Vec<String> = items.iter().map(strip).collect();
            all.sort();
            all
        };
        undisputed(self.missing) == undisputed(self.extra)
    }

    fn only_renumbered(&self, renumbered: &BTreeSet<String>) -> bool {
        self.missing.iter().chain(self.extra).all(|item| {
            let of_key = || self.facts.descriptor_of(item["key"].as_str()?);
            let name = item["map"].as_str().map(str::to_owned).or_else(of_key);
            name.is_some_and(|name| renumbered.contains(&name))
        })
    }

    /// O1: a waiting value names all that it waits for, and nothing else.
    fn details_are_complete(&self) -> bool {
        let nodes = self.facts.nodes();
        let complete = |status: &Json| {
            let Some(key) = key_of(status) else { return false };
            let (Some(spec), Some(node)) = (self.facts.registered_owner(key), nodes.get(key))
            else {
                return status["details"].is_null();
            };
            let there = |target: &Target| {
                nodes.iter().any(|(other, n)| {
                    target.accepts(other)
                        && n["available"] == true
                        && !is_below(other, key, &self.facts.parents)
                })
            };
            let needs = spec.needs(key, &node["value"]).into_iter();
            let mut unmet: Vec<String> =
                needs.filter(|(_, target)| !there(target)).map(|(label, _)| label).collect();
            unmet.sort();
            let told = status["details"].as_array().cloned().unwrap_or_default();
            let mut told: Vec<&str> = told.iter().filter_map(Json::as_str).collect();
            told.sort_unstable();
            let as_expected = || {
                let all = self.missing.iter().flat_map(|s| {
                    std::iter::once(s).chain(s["derived"].as_array().into_iter().flatten())
                });
                all.filter(|s| s["key"] == key).all(|s| s["details"] == status["details"])
            };
            if status["state"] == "PENDING" { told == unmet } else { as_expected() }
        };
        self.same_but(&["last_operation", "details"])
            && self.extra.iter().all(|status| {
                let derived = status["derived"].as_array().cloned().unwrap_or_default();
                complete(status) && derived.iter().all(complete)
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

    /// B18: told is what changed in state, error, details or content, and nothing else; looked at
    /// value by value.
    fn news_is_about_content(&self) -> bool {
        let keys: BTreeSet<&str> =
            self.missing.iter().chain(self.extra).filter_map(key_of).collect();
        keys.into_iter().all(|key| {
            // Removed, or never there: it is gone.
            let is_gone = |status: &Json| {
                ["REMOVED", "NONEXISTENT"].iter().any(|state| status["state"] == **state)
            };
            let of = |items: &[Json]| -> Vec<String> {
                let mine = items.iter().filter(|i| i["key"] == key);
                mine.map(|i| if is_gone(i) { "gone".to_owned() } else { plain_status(i) }).collect()
            };
            let (missing, extra) = (of(self.missing), of(self.extra));
            missing == extra
                || (missing.iter().all(|s| self.is_no_news(key, s))
                    && (extra.is_empty() || self.is_news(key)))
        })
    }

    /// The value was like this before, or was never there.
    fn is_no_news(&self, key: &str, status: &str) -> bool {
        // Or it came and went there, was not touched here, and stands where it is told to stand.
        let untouched = || {
            let (before, now) = (self.facts.nodes_before.get(key), self.facts.nodes().get(key));
            self.facts.ours.get(key).is_none_or(|ops| ops.step.is_empty())
                && self.facts.theirs.get(key).is_some_and(|ops| ops.step.len() > 1)
                && before.map(|node| &node["state"]) == now.map(|node| &node["state"])
                && self.facts.status(key).is_some_and(|is| plain_status(is) == status)
        };
        match self.facts.status_before.get(key) {
            Some(before) => plain_status(before) == status || untouched(),
            None => !self.facts.nodes().contains_key(key),
        }
    }

    fn is_news(&self, key: &str) -> bool {
        let plain = |status: Option<&Json>| status.map(plain_status);
        let was = plain(self.facts.status_before.get(key));
        let is = plain(self.facts.status(key));
        let done = self.facts.ours.get(key).is_some_and(|o| !o.step.is_empty());
        self.facts.nodes_before.get(key) != self.facts.nodes().get(key) || was != is || done
    }

    /// M4: what a complete statement removes is among its arguments, whatever led to it.
    fn lists_what_is_unwanted(&self) -> bool {
        let options = self.taken.step.options.as_ref();
        let statement = options.and_then(|o| o.resync) == Some(Resync::Full);
        let asked = |key: &str| self.taken.step.values.iter().flatten().any(|v| v.key == key);
        statement
            && self.missing.is_empty()
            && self
                .extra
                .iter()
                .all(|v| v["value"].is_null() && v["key"].as_str().is_some_and(|key| !asked(key)))
    }

    /// The two transactions this is about.
    fn pair(&self) -> Option<Pair> {
        let number: u64 = self.what.split(' ').nth(1)?.parse().ok()?;
        let of = |from: &Json| compare::list(from, "txns");
        let pairs = compare::aligned(&of(&self.taken.expect), &of(&self.taken.observed));
        let is_it = |p: &Pair| p.ours.as_ref().is_some_and(|o| o["seq_num"] == number);
        pairs.into_iter().find(is_it)
    }

    fn record_of(&self, key: &str) -> Option<&'static str> {
        let Pair { theirs: Some(theirs), ours: Some(ours) } = self.pair()? else { return None };
        let planned = self.what.ends_with("planned");
        let field = if planned { "planned" } else { "executed" };
        let of = |txn: &Json| about(key, &compare::operations(txn, field));
        let (then, now) = (of(&theirs), of(&ours));
        if planned && let Some(paragraph) = self.plan_of(key, &then, &now, (&theirs, &ours)) {
            return Some(paragraph);
        }
        if self.was_deleted_unseen(key, &then, &now) {
            return Some("B10");
        }
        if then.is_empty() && self.was_told(key, &now) {
            return Some("B13");
        }
        if then.is_empty() && self.is_impossible_again(&now) {
            return Some("B8");
        }
        if now.is_empty() && self.was_found_with_its_base(&then, key) {
            return Some("B3");
        }
        if now.is_empty() && self.was_of_unknown_origin(&then, key) {
            return Some("B16");
        }
        let never = |op: &Json| matches!(op.as_str(), Some("NONEXISTENT" | "REMOVED"));
        if let (Some(first), Some(last), []) = (then.first(), then.last(), &*now)
            && never(&first["prev_state"])
            && never(&last["new_state"])
            && !self.facts.nodes().contains_key(key)
        {
            // Not created only to be removed.
            return Some("S4");
        }
        if now.is_empty() {
            let round_trip = || self.is_round_trip(key, &then).then_some("S4");
            let assumed = || {
                let derived = self.facts.parents.contains_key(key);
                (derived && self.was_only_assumed(key, &then, &now)).then_some("B10")
            };
            if self.went_unseen(key, &then) {
                return Some("27.8");
            }
            return self.is_noise(key, &then).then_some("S10").or_else(round_trip).or_else(assumed);
        }
        if self.waits_as_before(key, &then, &now) {
            return Some("S10");
        }
        if let ([then], [now]) = (&*then, &*now)
            && stripped(then, &["op"]) == stripped(now, &["op"])
            && (&then["op"], &now["op"]) == (&"UPDATE".into(), &"DELETE".into())
            && self.delete_failed(key, &now["new_error"])
        {
            // What the southbound was really asked for.
            return Some("S8");
        }
        self.record_of_change(key, then, now, &compare::operations(&ours, field))
    }

    /// What was to be done with the value.
    fn plan_of(
        &self,
        key: &str,
        then: &[Json],
        now: &[Json],
        (theirs, ours): (&Json, &Json),
    ) -> Option<&'static str> {
        let all = compare::operations(ours, "executed");
        let (executed, base) = (about(key, &all), base_of(key, &self.facts.parents));
        let failed = |op: &Json| !op["new_error"].is_null();
        let something_failed = all.iter().any(failed);
        let stopped = executed.is_empty() && something_failed;
        let with_base = base != key
            && executed.is_empty()
            && about(&base, &all).iter().any(|op| failed(op) || op["new_state"] == "PENDING");
        if then.is_empty() && stopped || with_base {
            // Foreseen, but something before it failed.
            return Some("F1");
        }
        let waits = |ops: &[Json]| {
            ops.iter().all(|op| is_noop(op) && op["new_state"] == "PENDING") && !ops.is_empty()
        };
        if something_failed
            && waits(&executed)
            && waits(then)
            && self.facts.nodes().get(key).is_some_and(|node| node["state"] == "PENDING")
        {
            // Foreseen, but something that it needs failed.
            return Some("F1");
        }
        let before = self.facts.nodes_before.get(key);
        let waited = |op: &Json| before.is_some_and(|node| is_noop_on(op, node));
        if now.is_empty() && waits(then) && then.iter().all(waited) && something_failed {
            // That it goes on waiting was foreseen, and is not worth a record, but something failed.
            return Some("S10");
        }
        let filtered = theirs["type"] == "SBNotification" && now.is_empty();
        let why = if filtered { "B15" } else { "F1" };
        self.is_foreseen(&executed, now, theirs).then_some(why)
    }

    /// Both sides have operations on the value.
    pub(super) fn record_of_change(
        &self,
        key: &str,
        then: Vec<Json>,
        now: Vec<Json>,
        whole: &[Json],
    ) -> Option<&'static str> {
        let as_base = self.is_marked_as_its_base(key, &now, whole);
        let (then, now) = if as_base {
            // That they are part of a re-creation, or not, follows from their base.
            (without_flag(&then, "recreate"), without_flag(&now, "recreate"))
        } else {
            (then, now)
        };
        let repair = self.is_repair_of_undo(&then, &now);
        let then = if repair { without_flag(&then, "revert") } else { then };
        if repair && then == now {
            return Some("S2");
        }
        if says_the_same(&then, &now, as_base) {
            return Some(if then.len() > now.len() { "S4" } else { "S8" });
        }
        self.record_of_past(key, &then, &now, whole)
    }

    /// S10: nothing was done there, and here it stands as it stood.
    fn is_noise(&self, key: &str, theirs: &[Json]) -> bool {
        let is_impossible = |op: &Json| {
            let error = op["new_error"].as_str().unwrap_or_default();
            error.ends_with(" is not implemented") && op["prev_error"] == op["new_error"]
        };
        theirs.iter().all(|op| is_noop(op) || is_impossible(op))
            && self.stands_as_before(key, theirs)
    }

    /// S4: it went and came, or came and went, with success; here it stands as it stood.
    fn is_round_trip(&self, key: &str, theirs: &[Json]) -> bool {
        let (Some(first), Some(last)) = (theirs.first(), theirs.last()) else { return false };
        theirs.iter().all(|op| op["new_error"].is_null())
            && first["prev_state"] == last["new_state"]
            && first["prev_value"] == last["new_value"]
            && self.stands_as_before(key, theirs)
    }

    /// Nothing was done with it here, nothing changed, and it stands where it is said to have been
    /// left. What it waits for may have become more or less: its details are looked at elsewhere, as
    /// is what is derived from it.
    fn stands_as_before(&self, key: &str, theirs: &[Json]) -> bool {
        let Some(last) = theirs.last() else { return false };
        let (before, now) = (self.facts.nodes_before.get(key), self.facts.nodes().get(key));
        let apart: &[&str] = match last["new_state"].as_str() {
            Some("PENDING") => &["last_operation", "derived", "details"],
            _ => &["last_operation", "derived"],
        };
        let plain = |status: Option<&Json>| status.map(|s| stripped(s, apart));
        self.facts.ours.get(key).is_none_or(|ops| ops.step.is_empty())
            && now.is_some_and(|n| {
                // What failed shows what is there of it.
                let shown = [&last["new_value"], &last["prev_value"]];
                let as_said = n["value"] == last["new_value"]
                    || (n["state"] == "FAILED" && shown.contains(&&n["value"]));
                n["state"] == last["new_state"] && as_said
            })
            && before == now
            && plain(self.facts.status_before.get(key)) == plain(self.facts.status(key))
    }

    /// Are operations on a derived value marked as part of a re-creation exactly if those on its base
    /// are, in our record?
    fn is_marked_as_its_base(&self, key: &str, ours: &[Json], whole: &[Json]) -> bool {
        let Some(base) = self.facts.parents.get(key) else { return false };
        let of_base = |op: &Json| {
            let mut all = whole.iter().filter(|o| o["key"] == **base && o["op"] == op["op"]);
            all.any(|o| has_flag(o, "recreate"))
        };
        ours.iter().all(|op| has_flag(op, "recreate") == of_base(op))
    }

    /// S10: nothing was done, and where it was before is told as it was.
    fn waits_as_before(&self, key: &str, theirs: &[Json], ours: &[Json]) -> bool {
        let (Some(last), [only]) = (theirs.last(), ours) else { return false };
        let before = self.facts.nodes_before.get(key).map(|n| n["state"].clone());
        let now = self.facts.nodes().get(key).map(|n| n["state"].clone());
        let gone = || Json::from("REMOVED");
        let value = |nodes: &BTreeMap<String, Json>| {
            nodes.get(key).map(|n| n["value"].clone()).unwrap_or_default()
        };
        theirs.iter().chain(ours).all(is_noop)
            && last["new_state"] == only["new_state"]
            && last["new_value"] == only["new_value"]
            && last["new_error"] == only["new_error"]
            && (only["prev_value"] == value(&self.facts.nodes_before)
                || only["prev_value"].is_null() && !self.facts.content_now.contains_key(key))
            && only["prev_state"] == before.unwrap_or_else(|| Json::from("NONEXISTENT"))
            && only["new_state"] == now.unwrap_or_else(gone)
    }

    /// B16: what was found by the first read-back, wanted, and nobody could tell whose it was, is NB's.
    fn was_of_unknown_origin(&self, theirs: &[Json], key: &str) -> bool {
        let [op] = theirs else { return false };
        let base = base_of(key, &self.facts.parents);
        let content = self.taken.observed["sb_content"].as_array();
        let unknown = |c: &Json| c["key"] == *base && c["origin"] == "unknown";
        op["prev_state"] == "OBTAINED"
            && op["new_state"] == "CONFIGURED"
            && op["prev_value"] == op["new_value"]
            && !self.facts.nodes_before.contains_key(key)
            && self.facts.nodes().get(key).is_some_and(|n| n["state"] == "CONFIGURED")
            && content.is_some_and(|all| all.iter().any(unknown))
    }

    /// Was it tried again what nobody can do, as something that it needs came?
    fn is_impossible_again(&self, ours: &[Json]) -> bool {
        let [op] = ours else { return false };
        let error = op["new_error"].as_str().unwrap_or_default();
        error.ends_with(" is not implemented") && op["prev_error"] == op["new_error"]
    }

    /// B13: what is said of one value does not hide what is said of another.
    fn was_told(&self, key: &str, ours: &[Json]) -> bool {
        let base = base_of(key, &self.facts.parents);
        let told = self.taken.step.values.iter().flatten().any(|v| v.key == base);
        let [op] = ours else { return false };
        self.taken.step.step == StepKind::Notify
            && told
            && (op["new_state"] == "OBTAINED" || op["prev_state"] == "OBTAINED")
            && self.facts.asked.get(&base).is_none_or(Json::is_null)
    }

    /// B3: what is derived from a value that NB waited for, and that was found as it is wanted, was
    /// never somebody else's.
    fn was_found_with_its_base(&self, theirs: &[Json], key: &str) -> bool {
        let [op] = theirs else { return false };
        let base = base_of(key, &self.facts.parents);
        let waited = self.facts.asked_before.get(&base).is_some_and(|wish| !wish.is_null());
        let came_as = |before: &str, after: &str| {
            op["prev_state"] == before
                && op["new_state"] == after
                && self.facts.nodes().get(key).is_some_and(|n| n["state"] == after)
        };
        base != key
            && is_noop(op)
            && op["prev_value"] == op["new_value"]
            && !self.facts.nodes_before.contains_key(key)
            // Nor was it ours, if its base is not.
            && (waited && came_as("OBTAINED", "CONFIGURED") || came_as("DISCOVERED", "OBTAINED"))
    }

    /// F1, S1: what is planned is what is executed; what is invalid is known before.
    fn is_foreseen(&self, executed: &[Json], planned: &[Json], theirs: &Json) -> bool {
        let mut both = planned.iter().zip(executed);
        let failed = |op: &Json| !op["new_error"].is_null() && op["new_state"] != "INVALID";
        let differing = both.find(|(planned, executed)| planned != executed);
        let as_far = match differing {
            None => planned.len() == executed.len(),
            // Until it failed.
            Some((planned, executed)) => {
                failed(executed)
                    && planned["op"] == executed["op"]
                    && planned["prev_state"] == executed["prev_state"]
            }
        };
        if as_far {
            return true;
        }
        let told = self.taken.observed["result"]["kv_errors"].as_array();
        let undone = self.taken.step.options.as_ref().is_some_and(|o| o.revert);
        theirs["with_simulation"] == true
            && undone
            && planned.iter().all(|op| {
                op["new_state"] == "INVALID"
                    && told.is_some_and(|all| {
                        all.iter().any(|e| e["key"] == op["key"] && e["error"] == op["new_error"])
                    })
            })
    }

    /// S4: each value is touched once where it was touched again and again.
    fn calls_of(&self, key: &str) -> Option<&'static str> {
        let ours = self.facts.ours.get(key).map(|o| o.step.clone()).unwrap_or_default();
        let theirs = self.facts.theirs.get(key).map(|o| o.step.clone()).unwrap_or_default();
        let failed = ours.iter().chain(&theirs).any(|(_, error)| error.is_some());
        let fewer = ours.len() < theirs.len() && ours.len() <= 2;
        let (then, now) = (nodes_of(&self.taken.expect), nodes_of(&self.taken.observed));
        let agree = then.get(key) == now.get(key);
        if self.is_called_with_wish(key) {
            return Some("S4");
        }
        // What is derived from what was found is not there only because of that: it is made.
        let made = |ops: &[(String, Option<String>)], name: &str| matches!(ops, [(op, None)] if op == name);
        if agree
            && self.facts.parents.contains_key(key)
            && !self.facts.content_before.contains_key(key)
            && made(&theirs, "update")
            && made(&ours, "create")
        {
            return Some("B10");
        }
        (fewer && !failed && agree).then_some("S4")
    }

    /// Did something fail with it before, after which nobody could look what is there?
    fn could_not_be_known(&self, key: &str) -> bool {
        let owner = self.facts.registered_owner(key);
        owner.is_some_and(|spec| !spec.is_readable())
            && self.facts.ours.get(key).is_some_and(|ops| ops.failed_before && ops.lied)
    }

    /// Do graph and southbound say the same of the value?
    fn is_at_one(&self, key: &str) -> bool {
        let there = self.facts.content_now.get(key).map(|entry| entry["value"].clone());
        let node = self.facts.nodes().get(key).filter(|node| node["available"] == true);
        there == node.map(|node| node["value"].clone())
    }

    /// Did a delete of the value fail in this step, here and there, and was nothing else tried?
    pub(super) fn delete_failed(&self, key: &str, error: &Json) -> bool {
        if *error == "operation Delete is not implemented" {
            return true;
        }
        let only = vec![("delete".to_owned(), error.as_str().map(str::to_owned))];
        let sides = [&self.facts.ours, &self.facts.theirs];
        !error.is_null() && sides.iter().all(|ops| ops.get(key).is_some_and(|o| o.step == only))
    }
}

/// Does the operation leave the value as it was?
fn is_noop_on(op: &Json, before: &Json) -> bool {
    op["prev_state"] == before["state"]
        && op["new_state"] == before["state"]
        && op["prev_value"] == before["value"]
        && op["new_value"] == before["value"]
}

/// A status but for the last operation.
fn plain_status(status: &Json) -> String {
    stripped(status, &["last_operation"]).to_string()
}

pub(super) fn is_noop(op: &Json) -> bool {
    has_flag(op, "noop")
}

pub(super) fn has_flag(op: &Json, name: &str) -> bool {
    op["flags"].as_array().is_some_and(|flags| flags.iter().any(|flag| flag == name))
}

/// Do two records of one value tell of the same change, ours with no more operations?
/// `as_base`: that ours are part of a re-creation, or not, follows from their base.
fn says_the_same(theirs: &[Json], ours: &[Json], as_base: bool) -> bool {
    let (Some(first), Some(last)) = (theirs.first(), theirs.last()) else { return false };
    let (Some(our_first), Some(our_last)) = (ours.first(), ours.last()) else { return false };
    let agree = |a: &Json, b: &Json, what: &[&str]| what.iter().all(|m| a[m] == b[m]);
    let marks = |ops: &[Json]| -> BTreeSet<String> {
        let flags = ops.iter().filter_map(|op| op["flags"].as_array()).flatten();
        let flags = flags.filter_map(Json::as_str);
        let as_many = ours.len() == theirs.len();
        let lasting = |flag: &&str| {
            ["derived", "property", "revert", "retry"].contains(flag)
                // Gone for a while because of what it needs, or because of its content, or both.
                || (as_many && !as_base && !(is_rebuilt(ours) && is_rebuilt(theirs)) && *flag == "recreate")
        };
        flags.filter(lasting).map(str::to_owned).collect()
    };
    ours.len() <= theirs.len()
        && ours.len() <= 2
        && marks(theirs) == marks(ours)
        && agree(first, our_first, &["prev_state", "prev_value", "prev_error"])
        && agree(last, our_last, &["new_state", "new_value", "new_error"])
        && (last["op"] == our_last["op"]
            || last["new_state"] == "PENDING"
            // Updated where it was taken down and built up.
            || (ours.len() == 1 && first["op"] == "DELETE" && last["op"] == "CREATE")
            // Built up at once with what is wanted, where it was built up as it was, and updated.
            || (is_rebuilt(ours) && first["op"] == "DELETE" && last["op"] == "UPDATE")
            || (ours.len() == 1 && first["op"] == our_first["op"]))
}

fn is_rebuilt(ops: &[Json]) -> bool {
    matches!(ops, [down, up] if down["op"] == "DELETE" && up["op"] == "CREATE")
}

pub(super) fn without_flag(ops: &[Json], flag: &str) -> Vec<Json> {
    let mut ops = ops.to_vec();
    for op in &mut ops {
        if let Some(Json::Array(flags)) = op.get_mut("flags") {
            flags.retain(|f| f != flag);
            if flags.is_empty()
                && let Some(op) = op.as_object_mut()
            {
                op.remove("flags");
            }
        }
    }
    ops
}

pub(super) fn stripped(item: &Json, members: &[&str]) -> Json {
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

/// Those that are about one value.
pub(super) fn about(key: &str, items: &[Json]) -> Vec<Json> {
    items.iter().filter(|item| item["key"] == key).cloned().collect()
}
