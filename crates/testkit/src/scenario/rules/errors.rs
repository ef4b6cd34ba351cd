//! What whoever asked is told: every error once, of what was really tried.

use serde_json::Value as Json;

use crate::scenario::{
    facts::nodes_of,
    rules::{
        records::{Leftover, about, is_noop},
        values::{OTHER, STILL_THERE},
    },
};

impl Leftover<'_> {
    /// S10: what is known to be invalid, and still is, is not told again and again.
    pub(super) fn errors_of(&self, key: &str) -> Option<&'static str> {
        let unknown = self.missing.iter().all(|e| e["error"] == "value is not actually configured")
            && self.extra.is_empty()
            && self.facts.status(key).is_some_and(|s| s["state"] == "UNIMPLEMENTED");
        if unknown {
            // Nobody could have configured it, or look whether it is.
            return Some("F8");
        }
        let (mut missing, extra) = (about(key, self.missing), about(key, self.extra));
        if !self.facts.content_now.contains_key(key) {
            // It is not there: what was said of it was wrong, whatever else was.
            missing.retain(|e| !is_removed(e));
        }
        if extra.is_empty()
            && let Some(paragraph) = self.verified_otherwise(key, &missing)
        {
            return Some(paragraph);
        }
        let all = self.taken.observed["result"]["kv_errors"].as_array();
        let said = |e: &Json| all.is_some_and(|all| all.contains(e));
        if extra.is_empty() && missing.iter().all(said) {
            // What is tried once is told once.
            return Some("S4");
        }
        if let ([then], [now]) = (&*missing, &*extra)
            && then["error"] == now["error"]
            && (&then["operation"], &now["operation"]) == (&"UPDATE".into(), &"DELETE".into())
            && self.delete_failed(key, &now["error"])
        {
            return Some("S8");
        }
        if let ([then], [now]) = (&*missing, &*extra)
            && then["error"] == now["error"]
            && self.facts.nodes().get(key).is_some_and(|node| {
                let op = if node["available"] == true { "UPDATE" } else { "CREATE" };
                node["state"] == "INVALID" && now["operation"] == op
            })
        {
            // What would have to be done with it.
            return Some("S8");
        }
        if missing.is_empty()
            && extra.iter().all(|e| {
                let error = e["error"].as_str().unwrap_or_default();
                let before = self.facts.status_before.get(key);
                error.ends_with(" is not implemented")
                    && before.is_some_and(|s| s["error"] == error)
            })
        {
            // It was tried again, as something that it needs came.
            return Some("B8");
        }
        let replaced = |e: &Json| {
            let before = self.facts.status_before.get(key);
            before.is_some_and(|s| s["state"] == "INVALID" && s["error"] == e["error"])
                && self.facts.nodes().get(key).is_some_and(|node| node["state"] != "INVALID")
        };
        if extra.is_empty() && missing.iter().all(replaced) {
            // What is replaced is not tried before.
            return Some("S4");
        }
        if extra.is_empty() && self.went_with_its_base(key, &missing) {
            // Nor is what goes with its base; that it is invalid was known, and is told when that is back.
            return Some("S10");
        }
        let told = missing.is_empty()
            && self.facts.status(key).is_some_and(|s| {
                s["state"] == "INVALID" && extra.iter().all(|e| e["error"] == s["error"])
            });
        if told && self.taken.step.values.iter().flatten().any(|v| v.key == key) {
            // Who asks for what is invalid is told.
            return Some("S1");
        }
        let known = |status: Option<&Json>| {
            status.is_some_and(|s| {
                let error = s["error"].as_str().unwrap_or_default();
                (s["state"] == "INVALID" || error.ends_with(" is not implemented"))
                    && self.missing.iter().any(|e| e["error"] == s["error"])
            })
        };
        let requested = self.taken.step.values.iter().flatten().any(|v| v.key == key);
        let before = known(self.facts.status_before.get(key));
        (extra.is_empty() && before && known(self.facts.status(key)) && !requested).then_some("S10")
    }

    /// Was the value known to be invalid, as it is said there once more, and is it not seen any more, as
    /// what it is derived from waits?
    fn went_with_its_base(&self, key: &str, missing: &[Json]) -> bool {
        let Some(base) = self.facts.parents.get(key) else { return false };
        let nodes = self.facts.nodes();
        let before = self.facts.status_before.get(key);
        let known =
            |e: &Json| before.is_some_and(|s| s["state"] == "INVALID" && s["error"] == e["error"]);
        missing.iter().all(known)
            && !nodes.contains_key(key)
            && nodes.get(base).is_some_and(|node| node["state"] == "PENDING")
    }

    /// What verification said there, and not here.
    fn verified_otherwise(&self, key: &str, missing: &[Json]) -> Option<&'static str> {
        if missing.is_empty() {
            return Some("F8");
        }
        let stays = |n: &Json| n["state"] == "INVALID" && n["available"] == true;
        if missing.iter().all(is_removed) && self.facts.nodes().get(key).is_some_and(stays) {
            // What is applied stays while what is wanted is invalid.
            return Some("B4");
        }
        let verified = |e: &Json| is_removed(e) || e["error"] == OTHER;
        // Nothing was to be done with it, and nothing is to be verified.
        (missing.iter().all(verified) && self.waits_untouched(key)).then_some("S10")
    }

    /// Does the value wait as it did before, here and there, with nothing done about it? What is there
    /// under its key, if anything, is somebody else's.
    fn waits_untouched(&self, key: &str) -> bool {
        let (before, now) = (self.facts.nodes_before.get(key), self.facts.nodes().get(key));
        let theirs = &self.taken.expect;
        let there = nodes_of(theirs).remove(key);
        let txns = theirs["txns"].as_array().into_iter().flatten();
        let ops = txns.flat_map(|txn| txn["executed"].as_array().into_iter().flatten());
        let foreign = |entry: &Json| entry["origin"] != "NB";
        now.is_some_and(|node| node["state"] == "PENDING")
            && before == now
            && there.as_ref() == now
            && ops.filter(|op| op["key"] == key).all(is_noop)
            && self.facts.ours.get(key).is_none_or(|ops| ops.step.is_empty())
            && self.facts.content_now.get(key).is_none_or(foreign)
    }
}

fn is_removed(error: &Json) -> bool {
    error["error"] == STILL_THERE
}
