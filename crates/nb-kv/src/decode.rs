//! From entries of a store to what the orchestrator takes. Pure.

use ligato_infra::processors::in_parts;
use ligato_keyval::{Bytes, Change, Changes, Entry, Prefix, StoreKey};
use ligato_model::{Key, Registry};
use ligato_orchestrator as orchestrator;
use orchestrator::{Delivery, DeliveryKind, RejectReason, Rejection, ResyncDepth};

use crate::expand::expand;

/// Where values of variables come from.
pub(crate) type Lookup = fn(&str) -> Option<String>;

/// Reads entries of one agent.
pub(crate) struct Decoder {
    pub(crate) registry: Registry,
    /// What is before the agent's keys.
    pub(crate) agent: Prefix,
    /// Where variables come from; none when a dollar sign is a dollar sign.
    pub(crate) variables: Option<Lookup>,
}

// === impl Decoder ===

impl Decoder {
    /// Everything there is.
    pub(crate) fn snapshot(&self, entries: &[Entry]) -> Delivery {
        let mut all = empty(DeliveryKind::Snapshot(ResyncDepth::Difference));
        for mut part in in_parts(entries, |_, part| self.part(part)) {
            all.changes.append(&mut part.changes);
            all.rejected.append(&mut part.rejected);
        }
        all
    }

    fn part(&self, entries: &[Entry]) -> Delivery {
        let mut delivery = empty(DeliveryKind::Snapshot(ResyncDepth::Difference));
        for entry in entries {
            self.add(&mut delivery, &entry.key, Some(&entry.value));
        }
        delivery
    }

    /// Several changes in order; of a key that changes more than once, the last one counts.
    pub(crate) fn changes(&self, changes: Vec<Changes>) -> Delivery {
        let mut latest = std::collections::BTreeMap::new();
        for Change { key, value, .. } in changes.into_iter().flat_map(|changes| changes.changes) {
            latest.insert(key, value);
        }
        let mut delivery = empty(DeliveryKind::Changes);
        for (key, value) in latest {
            self.add(&mut delivery, &key, value.as_ref());
        }
        delivery
    }

    fn add(&self, delivery: &mut Delivery, key: &StoreKey, value: Option<&Bytes>) {
        let Some(key) = self.agent.strip(key).map(Key::from) else { return };
        let Some(value) = value.filter(|value| !is_nothing(value)) else {
            // In a snapshot, what is not named is not there.
            if delivery.kind == DeliveryKind::Changes {
                delivery.changes.push(orchestrator::Change::delete(key));
            }
            return;
        };
        match self.decode(&key, value) {
            Ok(value) => delivery.changes.push(orchestrator::Change::put(key, value)),
            Err(reason) => delivery.rejected.push(Rejection { key, reason }),
        }
    }

    fn decode(&self, key: &Key, value: &Bytes) -> Result<ligato_model::Value, RejectReason> {
        let (model, _) = self.registry.by_key(key).ok_or(RejectReason::UnknownKey)?;
        let why = |why: String| RejectReason::Undecodable { why };
        let text = std::str::from_utf8(value).map_err(|error| {
            why(format!("the value is not text: a bad byte at {}", error.valid_up_to()))
        })?;
        let expanded = self.variables.map(|get| expand(text, get));
        let text = expanded.as_deref().unwrap_or(text);
        // The origin of a text is shown before its position; the key is known here anyway.
        model.from_json(text, "value").map_err(|error| why(error.to_string()))
    }
}

fn empty(kind: DeliveryKind) -> Delivery {
    Delivery { kind, changes: Vec::new(), rejected: Vec::new() }
}

// An empty value is how the original deletes, `null` how it writes a missing message.
fn is_nothing(value: &Bytes) -> bool {
    value.trim_ascii().is_empty() || value.trim_ascii() == b"null"
}
