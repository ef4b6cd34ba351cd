//! Judging the entries of a delivery, one by one.

use std::collections::{BTreeMap, BTreeSet};

use ligato_infra::processors::in_parts;
use ligato_kvs_api::SourceId;
use ligato_model::{Key, Registry};

use crate::change::{Change, RejectReason, Rejection};

/// A delivery after judgement. No key is in both lists, and none twice.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) good: BTreeMap<Key, Change>,
    pub(crate) rejected: BTreeMap<Key, RejectReason>,
}

/// Judges `changes`, to which `known` rejections are added.
pub(crate) fn judge(registry: &Registry, changes: Vec<Change>, known: Vec<Rejection>) -> Judged {
    let mut judged = Judged::default();
    let mut faults = faults(registry, &changes).into_iter().peekable();
    let mut good = Vec::with_capacity(changes.len());
    for (at, change) in changes.into_iter().enumerate() {
        match faults.next_if(|(place, _)| *place == at) {
            Some((_, reason)) => judged.reject(change.key, reason),
            None => good.push(change),
        }
    }
    judged.accept(good);
    for Rejection { key, reason } in known {
        judged.reject(key, reason);
    }
    judged
}

/// What is wrong with changes, each with its place among them, in order.
fn faults(registry: &Registry, changes: &[Change]) -> Vec<(usize, RejectReason)> {
    let of = |first: usize, changes: &[Change]| -> Vec<(usize, RejectReason)> {
        let places = (first..).zip(changes);
        places.filter_map(|(at, change)| Some((at, fault(registry, change)?))).collect()
    };
    in_parts(changes, of).concat()
}

fn fault(registry: &Registry, change: &Change) -> Option<RejectReason> {
    // Deleting needs no model: what nobody knows is not there.
    let value = change.value.as_ref()?;
    let Some((model, _)) = registry.by_key(&change.key) else {
        return Some(RejectReason::UnknownKey);
    };
    // A value of another message belongs elsewhere, which only the registry knows.
    match model.key_of(value).or_else(|_| registry.key_of(value)) {
        Ok(computed) if computed == change.key => None,
        Ok(computed) => Some(RejectReason::WrongKey { computed }),
        Err(error) => Some(RejectReason::Undecodable { why: error.to_string() }),
    }
}

impl Judged {
    /// Says what is left out.
    pub(crate) fn report(&self, source: &SourceId) {
        for (key, reason) in &self.rejected {
            tracing::warn!(%source, reason = %reason.describe(key), "entry left out");
        }
    }

    /// Takes in what has no fault by itself. Keys that come more than once count for nothing.
    fn accept(&mut self, mut changes: Vec<Change>) {
        changes.sort_by(|one, other| one.key.cmp(&other.key));
        let repeated = changes.windows(2).filter_map(|pair| match pair {
            [one, other] if one.key == other.key => Some(one.key.clone()),
            _ => None,
        });
        let repeated: BTreeSet<Key> = repeated.collect();
        // In order, so that the map is built as a whole.
        self.good = changes.into_iter().map(|change| (change.key.clone(), change)).collect();
        for key in repeated {
            self.reject(key, RejectReason::Duplicate);
        }
        for key in self.rejected.keys() {
            self.good.remove(key);
        }
    }

    fn reject(&mut self, key: Key, reason: RejectReason) {
        self.good.remove(&key);
        // The first reason says more than that there are several.
        self.rejected.entry(key).or_insert(reason);
    }
}
