//! Judging the entries of a delivery, one by one.

use std::collections::{BTreeMap, btree_map};

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
    for change in changes {
        match fault(registry, &change) {
            Some(reason) => judged.reject(change.key, reason),
            None => judged.accept(change),
        }
    }
    for Rejection { key, reason } in known {
        judged.reject(key, reason);
    }
    judged
}

fn fault(registry: &Registry, change: &Change) -> Option<RejectReason> {
    // Deleting needs no model: what nobody knows is not there.
    let value = change.value.as_ref()?;
    if registry.by_key(&change.key).is_none() {
        return Some(RejectReason::UnknownKey);
    }
    match registry.key_of(value) {
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

    fn accept(&mut self, change: Change) {
        if self.rejected.contains_key(&change.key) {
            return self.reject(change.key, RejectReason::Duplicate);
        }
        match self.good.entry(change.key.clone()) {
            btree_map::Entry::Vacant(free) => {
                free.insert(change);
            }
            btree_map::Entry::Occupied(taken) => {
                taken.remove();
                self.reject(change.key, RejectReason::Duplicate);
            }
        }
    }

    fn reject(&mut self, key: Key, reason: RejectReason) {
        self.good.remove(&key);
        // The first reason says more than that there are several.
        self.rejected.entry(key).or_insert(reason);
    }
}
