//! Why the calls for a value differ, where what is shown of it in the end may not.

use ligato_kvs_api::Target;
use serde_json::Value as Json;

use crate::scenario::{
    facts::{Ops, base_of},
    format::DescriptorSpec,
    rules::{
        content_of,
        order::{is_below, unmet},
        values::{View, available, state},
    },
};

impl View<'_> {
    /// Why operations on a value differ from now on. B11: what failed and cannot be read back is not taken to have worked.
    pub(super) fn reason_by_operations(&self, key: &str) -> Option<&'static str> {
        let none = Ops::default();
        let theirs = self.facts.theirs.get(key).unwrap_or(&none);
        let ours = self.facts.ours.get(key).unwrap_or(&none);
        let readable = self.owner(key).is_some_and(DescriptorSpec::is_readable);
        // What is derived is not read back by itself.
        let derived = self.facts.parents.contains_key(key);
        let asked_again = (theirs.failed_before || ours.failed_before)
            && !ours.step.is_empty()
            && ours.step != theirs.step;
        let asked_again = asked_again || (ours.failed_in_step && ours.step.len() > 1);
        let in_doubt =
            ours.failed_in_step && matches!(state(self.ours.get(key)), "FAILED" | "RETRYING");
        if (!readable && in_doubt) || ((!readable || derived) && asked_again) {
            return Some("B11");
        }
        // S4: touched once where it was touched again and again; what was planned to fail then has
        // not failed, or fails later.
        let names = |ops: &Ops| ops.step.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let once = ours.step.len() <= 2 && names(ours) != names(theirs);
        // It has failed already, in a transaction that went, or was undone, in another order.
        let had_failed = ours.failed_before && !theirs.failed_before && theirs.failed_in_step;
        let fewer = ours.calls <= theirs.calls
            && (ours.failed_in_step != theirs.failed_in_step || ours.calls < theirs.calls);
        let by_now = had_failed && !ours.failed_in_step;
        if ours.planned && (once && fewer || by_now) && self.is_true(key) {
            return Some("S4");
        }
        if self.was_deleted_instead(key, theirs, ours) {
            // It was to go with what it needs, and is not changed before.
            return Some("S4");
        }
        if self.came_and_went(key, theirs, ours) {
            // As part of a circle that could not be closed.
            return Some("B2");
        }
        if self.was_rebuilt_with_need(key, theirs, ours) {
            // Something that it needs went, and another thing came.
            return Some("27.8");
        }
        if self.was_without_need(key) || self.is_refused_over_nothing(key, theirs, ours) {
            return Some("B9");
        }
        if self.was_made_as_wanted(key) {
            return Some("S4");
        }
        if self.was_in_vain(key, theirs, ours) || self.waits_there_for_nothing(key, theirs, ours) {
            return Some("B1");
        }
        None
    }

    /// Did the one call fail, here a delete, as something that the value needs goes, or was to go?
    fn was_deleted_instead(&self, key: &str, theirs: &Ops, ours: &Ops) -> bool {
        let only = |ops: &Ops| match &ops.step[..] {
            [(op, Some(_))] => Some(op.clone()),
            _ => None,
        };
        only(ours).as_deref() == Some("delete")
            && only(theirs).as_deref() == Some("update")
            && (self.lacks_something(key) || self.holds_a_need(key))
    }

    /// Does something that the value needs say that it could not go because of the value?
    pub(super) fn holds_a_need(&self, key: &str) -> bool {
        let held = format!("{key} could not be removed before it");
        let values = [self.facts.asked.get(key), self.ours.get(key).map(|node| &node["value"])];
        let Some(spec) = self.owner(key) else { return false };
        let mut needs = values.into_iter().flatten().flat_map(|value| spec.needs(key, value));
        needs.any(|(_, target)| {
            let mut all = self.ours.keys().filter(|other| target.accepts(other));
            all.any(|other| self.facts.status(other).is_some_and(|s| s["error"] == *held))
        })
    }

    /// Was it made anew, where it was changed there, or rested on what is derived from it, as something it needs was deleted in this step?
    fn was_rebuilt_with_need(&self, key: &str, theirs: &Ops, ours: &Ops) -> bool {
        let names = |ops: &Ops| -> Vec<String> {
            let done = ops.step.iter().filter(|(_, error)| error.is_none());
            done.map(|(op, _)| op.clone()).collect()
        };
        let Some(spec) = self.owner(key) else { return false };
        let went = |other: &String| {
            let ops = self.facts.ours.get(other);
            ops.is_some_and(|ops| names(ops).iter().any(|op| op == "delete"))
        };
        let values = [self.facts.nodes_before.get(key), self.ours.get(key)];
        let values = values.into_iter().flatten().map(|node| &node["value"]);
        let mut needs = values.flat_map(|value| spec.needs(key, value));
        // There, it rested on what is derived from it.
        let rested_on_itself = |target: &Target| {
            let below = |other: &&String| is_below(other, key, &self.facts.parents);
            let mut all = self.theirs.keys().filter(|other| target.accepts(other));
            theirs.step.is_empty() && all.any(|o| below(&o) && available(self.theirs.get(o)))
        };
        names(ours) == ["delete", "create"]
            && ours.step.len() == 2
            && self.is_in_southbound(key)
            && needs.any(|(_, target)| {
                (names(theirs) == ["update"] || rested_on_itself(&target))
                    && self.facts.ours.keys().any(|other| target.accepts(other) && went(other))
            })
    }

    /// Was it removed, as something that it needs is not there, and cannot come back as it is refused?
    /// Whatever was said of the removal, it is gone.
    fn is_refused_over_nothing(&self, key: &str, theirs: &Ops, ours: &Ops) -> bool {
        theirs.step.is_empty()
            && matches!(&ours.step[..], [(op, _)] if op == "delete")
            && state(self.ours.get(key)) == "INVALID"
            && !available(self.ours.get(key))
            && !self.facts.content_now.contains_key(key)
            && self.lacks_something(key)
    }

    /// Did it have to wait within this step, because something that it needs was found missing or was
    /// lost with a failure, and come back when that was made anew? A need that is only taken down and
    /// built up takes what rests on it along there, too.
    fn was_without_need(&self, key: &str) -> bool {
        let Some(spec) = self.owner(key) else { return false };
        let Some(node) = self.ours.get(key).filter(|node| node["state"] == "CONFIGURED") else {
            return false;
        };
        let waited = |op: &Json| op["key"] == *key && op["new_state"] == "PENDING";
        if executed(&self.taken.expect).into_iter().any(waited) {
            return false;
        }
        let ops = executed(&self.taken.observed);
        let at = |is: &dyn Fn(&Json) -> bool| ops.iter().position(|op| op["key"] == *key && is(op));
        let down = at(&|op| op["new_state"] == "PENDING" && op["new_error"].is_null());
        let up = at(&|op| op["op"] == "CREATE" && op["new_state"] == "CONFIGURED");
        let Some((down, up)) = down.zip(up).filter(|(down, up)| down < up) else { return false };
        let came = |op: &Json| {
            op["op"] == "CREATE" && op["new_error"].is_null() && op["new_state"] == "CONFIGURED"
        };
        let lost = |op: &Json| !op["new_error"].is_null() || op["prev_state"] == "MISSING";
        spec.needs(key, &node["value"]).iter().any(|(_, target)| {
            let of_need =
                |op: &&&Json| op["key"].as_str().is_some_and(|other| target.accepts(other));
            self.is_in_southbound(key)
                && ops[..up].iter().filter(of_need).any(|op| lost(op))
                && ops[down..up].iter().filter(of_need).any(|op| came(op))
        })
    }

    /// Was it made and taken away again, and waits in a circle, where it was not touched there?
    fn came_and_went(&self, key: &str, theirs: &Ops, ours: &Ops) -> bool {
        let names: Vec<&str> = ours.step.iter().map(|(op, _)| op.as_str()).collect();
        theirs.step.is_empty()
            && names == ["create", "delete"]
            && ours.step.iter().all(|(_, error)| error.is_none())
            && state(self.ours.get(key)) == "PENDING"
            && self.waits_in_circle(key)
    }

    /// Was it taken down for something that then could not go, and built up again? There, that had
    /// failed before.
    fn was_in_vain(&self, key: &str, theirs: &Ops, ours: &Ops) -> bool {
        let done = |ops: &Ops, names: &[&str]| {
            ops.step.len() == names.len()
                && ops.step.iter().zip(names).all(|((op, error), n)| op == n && error.is_none())
        };
        let base = base_of(key, &self.facts.parents);
        let Some(node) = self.ours.get(&base) else { return false };
        let Some(spec) = self.owner(&base) else { return false };
        let could_not_go = |other: &String| {
            let of_it = |k: &&String| base_of(k, &self.facts.parents) == *other || *k == other;
            let mut all = self.facts.ours.iter().filter(|(k, _)| of_it(k));
            available(self.ours.get(other))
                && all.any(|(_, ops)| {
                    ops.step.iter().any(|(op, error)| op == "delete" && error.is_some())
                })
        };
        let mut needs = spec.needs(&base, &node["value"]).into_iter();
        done(ours, &["delete", "create"])
            && (done(theirs, &[]) || done(theirs, &["update"]))
            && self.is_in_southbound(key)
            && needs.any(|(_, target)| {
                self.ours.keys().any(|other| target.accepts(other) && could_not_go(other))
            })
    }

    /// Was it made with what is wanted, where it was made with what had been wanted before and was then
    /// not changed, as that is equivalent?
    fn was_made_as_wanted(&self, key: &str) -> bool {
        let made = |from: &Json| {
            let ops = from["sb_ops"].as_array().into_iter().flatten();
            let mut ops = ops.filter(|op| op["key"] == *key);
            let made = ops.next().filter(|op| op["op"] == "create" && op["error"].is_null());
            made.filter(|_| ops.next().is_none()).map(|op| op["value"].clone())
        };
        let (there, here) = (made(&self.taken.expect), made(&self.taken.observed));
        let (before, now) = (self.facts.asked_before.get(key), self.facts.asked.get(key));
        let kept = content_of(&self.taken.expect).remove(key).map(|entry| entry["value"].clone());
        before != now
            && there.is_some()
            && there == kept
            && there.as_ref() == before
            && here.as_ref() == now
            && self.theirs.get(key).map(|node| &node["value"]) == now
            && self.is_in_southbound(key)
    }

    /// Is it said there to wait, although nothing is unmet, and was it made here?
    fn waits_there_for_nothing(&self, key: &str, theirs: &Ops, ours: &Ops) -> bool {
        let txns = self.taken.expect["txns"].as_array().into_iter().flatten();
        let mut ops = txns.flat_map(|txn| txn["executed"].as_array().into_iter().flatten());
        let last = ops.rfind(|op| op["key"] == *key);
        theirs.step.is_empty()
            && matches!(&ours.step[..], [(op, None)] if op == "create")
            && last.is_some_and(|op| op["new_state"] == "PENDING")
            && self.is_in_southbound(key)
            && self.needs_are_met(key)
            && unmet(self.scenario, self.facts, self.theirs, key).is_none()
    }
}

/// The operations on record in a step.
fn executed(from: &Json) -> Vec<&Json> {
    let txns = from["txns"].as_array().into_iter().flatten();
    txns.flat_map(|txn| txn["executed"].as_array().into_iter().flatten()).collect()
}
