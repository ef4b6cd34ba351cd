//! The desired state of all sources, and what a delivery changes of it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use imbl::{OrdMap, OrdSet};
use ligato_kvs_api::{SourceId, ValueChange};
use ligato_model::{Key, Value};

use crate::change::{Change, DeliveryKind, Labels};
use crate::check::Judged;
use crate::precedence::Precedence;
use crate::source::{SourceRecord, SourceState};

/// What one source wants for a key.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) source: SourceId,
    pub(crate) value: Value,
    pub(crate) labels: Labels,
    // Tells this writing from any other.
    version: u64,
}

/// All sources. Copies share their structure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Desired {
    precedence: Precedence,
    sources: OrdMap<SourceId, SourceRecord>,
    // Who holds a key, the strongest first. Never empty.
    keys: OrdMap<Key, Vec<Held>>,
    // Keys for which sources want different values.
    contested: OrdSet<Key>,
    version: u64,
}

/// What a delivery did.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// What the scheduler has to know.
    pub(crate) delta: Vec<ValueChange>,
    /// How to take it back.
    pub(crate) undo: Undo,
}

/// What a source held before.
#[derive(Debug, Default)]
pub(crate) struct Undo {
    pub(crate) source: Option<SourceId>,
    // Key, the version written (none for a removal), and what was there.
    entries: Vec<(Key, Option<u64>, Option<Held>)>,
}

// === impl Desired ===

impl Desired {
    pub(crate) fn new(precedence: Precedence, expected: &[SourceId]) -> Self {
        let sources = expected.iter().map(|name| (name.clone(), SourceRecord::expected()));
        Self { precedence, sources: sources.collect(), ..Self::default() }
    }

    pub(crate) fn sources(&self) -> &OrdMap<SourceId, SourceRecord> {
        &self.sources
    }

    /// Who holds what, by key; the strongest first.
    pub(crate) fn keys(&self) -> &OrdMap<Key, Vec<Held>> {
        &self.keys
    }

    pub(crate) fn contested(&self) -> &OrdSet<Key> {
        &self.contested
    }

    /// Whose value counts.
    pub(crate) fn winner(&self, key: &str) -> Option<&Held> {
        self.keys.get(key)?.first()
    }

    /// Tells each of the items, which are in the order of their keys, whose value counts.
    pub(crate) fn winners<T>(
        &self,
        items: &mut [T],
        key_of: impl Fn(&T) -> &Key,
        tell: impl Fn(&mut T, Option<&Held>),
    ) {
        if items.len() < self.keys.len() / 8 {
            for item in items {
                let winner = self.winner(key_of(item));
                tell(item, winner);
            }
            return;
        }
        // To walk over all of them is quicker than to look for so many.
        let mut known = self.keys.iter().peekable();
        for item in items {
            let key = key_of(item);
            while known.next_if(|(other, _)| *other < key).is_some() {}
            let holders = known.peek().filter(|(other, _)| *other == key);
            let winner = holders.and_then(|(_, holders)| holders.first());
            tell(item, winner);
        }
    }

    /// Everything that counts, as changes for the scheduler.
    pub(crate) fn everything(&self) -> Vec<ValueChange> {
        self.keys.iter().map(|(key, holders)| change_to(key, holders.first())).collect()
    }

    /// Takes a judged delivery of a source.
    pub(crate) fn deliver(
        &mut self,
        source: &SourceId,
        kind: DeliveryKind,
        judged: Judged,
        now: SystemTime,
    ) -> Applied {
        let Judged { good, rejected } = judged;
        let record = self.sources.entry(source.clone()).or_insert_with(SourceRecord::expected);
        record.last_delivery = Some(now);
        record.state = SourceState::Live;
        let mut changes = good;
        if let DeliveryKind::Snapshot(_) = kind {
            // What the source held and does not name is gone; what it names wrongly stays.
            for key in &record.keys {
                if !changes.contains_key(key) && !rejected.contains_key(key) {
                    changes.insert(key.clone(), Change::delete(key));
                }
            }
            record.rejected = OrdMap::new();
        }
        for key in changes.keys() {
            record.rejected.remove(key);
        }
        record.rejected.extend(rejected);
        self.apply(source, kind, changes)
    }

    /// Says that a source went away. Its state stays.
    pub(crate) fn lose(&mut self, source: &SourceId, since: SystemTime, reason: String) {
        if let Some(record) = self.sources.get_mut(source)
            && record.state == SourceState::Live
        {
            record.state = SourceState::Lost { since, reason };
        }
    }

    /// Says that a source is back without a new delivery.
    pub(crate) fn find(&mut self, source: &SourceId) {
        if let Some(record) = self.sources.get_mut(source)
            && matches!(record.state, SourceState::Lost { .. })
        {
            record.state = SourceState::Live;
        }
    }

    /// Declares a source gone, with everything it held.
    pub(crate) fn forget(&mut self, source: &SourceId) -> Applied {
        let Some(record) = self.sources.remove(source) else { return Applied::default() };
        let changes = record.keys.iter().map(|key| (key.clone(), Change::delete(key))).collect();
        self.apply(source, DeliveryKind::Changes, changes)
    }

    /// Takes back what `undo` says, except where the source has said something else since; gives back
    /// what the source says now instead.
    pub(crate) fn undo(&mut self, undo: Undo) -> Vec<Change> {
        let Some(source) = undo.source else { return Vec::new() };
        let mut changes = Vec::new();
        for (key, written, before) in undo.entries {
            let now = self.held(&key, &source).map(|held| held.version);
            if now == written {
                self.hold(&key, &source, before);
                changes.push(self.said(&source, &key));
            }
        }
        changes
    }

    /// How a delivery differs from what the source said before, as changes.
    pub(crate) fn difference(
        &self,
        source: &SourceId,
        kind: DeliveryKind,
        judged: &Judged,
    ) -> Vec<Change> {
        let Some(record) = self.sources.get(source) else {
            return judged.good.values().filter(|change| change.value.is_some()).cloned().collect();
        };
        let is_new = |change: &&Change| match (&change.value, self.held(&change.key, source)) {
            (Some(value), Some(held)) => held.value != *value || held.labels != change.labels,
            // What was left out may still be written somewhere.
            (None, None) => record.rejected.contains_key(&change.key),
            (Some(_), None) | (None, Some(_)) => true,
        };
        let mut changes: Vec<_> = judged.good.values().filter(is_new).cloned().collect();
        if let DeliveryKind::Snapshot(_) = kind {
            let known = record.keys.iter().chain(record.rejected.keys());
            let gone = known.filter(|key| {
                !judged.good.contains_key(*key) && !judged.rejected.contains_key(*key)
            });
            changes.extend(gone.collect::<BTreeSet<_>>().into_iter().map(Change::delete));
        }
        changes
    }

    /// The removal of everything the source said.
    pub(crate) fn farewell(&self, source: &SourceId) -> Vec<Change> {
        let Some(record) = self.sources.get(source) else { return Vec::new() };
        let keys: BTreeSet<_> = record.keys.iter().chain(record.rejected.keys()).collect();
        keys.into_iter().map(Change::delete).collect()
    }

    /// What the source says about a key now.
    pub(crate) fn said(&self, source: &SourceId, key: &Key) -> Change {
        match self.held(key, source) {
            Some(held) => Change::put(key, held.value.clone()).with_labels(held.labels.clone()),
            None => Change::delete(key),
        }
    }

    fn apply(
        &mut self,
        source: &SourceId,
        kind: DeliveryKind,
        changes: BTreeMap<Key, Change>,
    ) -> Applied {
        let mut applied = Applied::default();
        applied.undo.source = Some(source.clone());
        for (key, change) in changes {
            if self.says_the_same(source, kind, &change) {
                continue;
            }
            let change = match self.take_first(&key, source, change) {
                Ok((wish, written)) => {
                    applied.undo.entries.push((key, Some(written), None));
                    applied.delta.push(wish);
                    continue;
                }
                Err(change) => change,
            };
            let before = self.winner(&key).map(|held| (held.source.clone(), held.value.clone()));
            let held = change.value.map(|value| {
                self.version += 1;
                let (source, labels) = (source.clone(), change.labels);
                Held { source, value, labels, version: self.version }
            });
            let written = held.as_ref().map(|held| held.version);
            let previous = self.hold(&key, source, held);
            applied.undo.entries.push((key.clone(), written, previous));
            let after = self.winner(&key).map(|held| (&held.source, &held.value));
            // Said again by the one who decides, it is tried again.
            let repeated = kind == DeliveryKind::Changes
                && written.is_some()
                && after.is_some_and(|(winner, _)| winner == source);
            let same = after.map(|(_, value)| value) == before.as_ref().map(|(_, value)| value);
            if repeated || !same {
                applied.delta.push(change_to(&key, self.winner(&key)));
            }
        }
        applied
    }

    // Takes a value for a key that nobody wants so far, as most of most large deliveries are. Gives what
    // the scheduler has to know, and the version written.
    fn take_first(
        &mut self,
        key: &Key,
        source: &SourceId,
        change: Change,
    ) -> Result<(ValueChange, u64), Change> {
        let (Some(value), false) = (&change.value, self.keys.contains_key(key)) else {
            return Err(change);
        };
        self.version += 1;
        let (source, value, labels) = (source.clone(), value.clone(), change.labels);
        if let Some(record) = self.sources.get_mut(&source) {
            record.keys.insert(key.clone());
        }
        let held = Held { source, value, labels, version: self.version };
        let wish = change_to(key, Some(&held));
        self.keys.insert(key.clone(), vec![held]);
        Ok((wish, self.version))
    }

    // Whether a snapshot repeats what the source held; most of most snapshots do.
    fn says_the_same(&self, source: &SourceId, kind: DeliveryKind, change: &Change) -> bool {
        let (DeliveryKind::Snapshot(_), Some(value)) = (kind, &change.value) else { return false };
        self.held(&change.key, source)
            .is_some_and(|held| held.value == *value && held.labels == change.labels)
    }

    fn held(&self, key: &Key, source: &SourceId) -> Option<&Held> {
        self.keys.get(key)?.iter().find(|held| held.source == *source)
    }

    // Makes `source` hold `held`, or nothing, and gives back what it held.
    fn hold(&mut self, key: &Key, source: &SourceId, held: Option<Held>) -> Option<Held> {
        let mut holders = self.keys.get(key).cloned().unwrap_or_default();
        let at = holders.iter().position(|other| other.source == *source);
        let previous = at.map(|at| holders.remove(at));
        let holds = held.is_some();
        if let Some(held) = held {
            let weaker = |other: &Held| self.precedence.compare(&other.source, source).is_lt();
            let at = holders.iter().position(weaker).unwrap_or(holders.len());
            holders.insert(at, held);
        }
        let differ = holders.windows(2).any(|pair| matches!(pair, [a, b] if a.value != b.value));
        if differ {
            self.contested.insert(key.clone());
        } else {
            self.contested.remove(key);
        }
        if holders.is_empty() {
            self.keys.remove(key);
        } else {
            self.keys.insert(key.clone(), holders);
        }
        if let Some(record) = self.sources.get_mut(source) {
            if holds {
                record.keys.insert(key.clone());
            } else {
                record.keys.remove(key);
            }
        }
        previous
    }
}

/// What the scheduler has to know of a key, of which this counts.
fn change_to(key: &Key, winner: Option<&Held>) -> ValueChange {
    match winner {
        Some(held) => ValueChange {
            key: key.clone(),
            value: Some(held.value.clone()),
            source: Some(held.source.clone()),
        },
        None => ValueChange::delete(key),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::change::ResyncDepth;

    // A delivery: source, whether it is a snapshot, and keys with values.
    type Said = (usize, bool, BTreeMap<u8, Option<i64>>);

    const SOURCES: [&str; 3] = ["datasync", "grpc", "other"];

    fn said() -> impl Strategy<Value = Said> {
        let entries =
            proptest::collection::btree_map(0_u8..6, proptest::option::of(0_i64..3), 0..5);
        (0..SOURCES.len(), any::<bool>(), entries)
    }

    fn key(number: u8) -> Key {
        Key::from(format!("k{number}"))
    }

    fn seconds(value: &Value) -> i64 {
        value.downcast_ref::<prost_types::Duration>().unwrap().seconds
    }

    fn judged(entries: &BTreeMap<u8, Option<i64>>) -> Judged {
        let change = |(number, value): (&u8, &Option<i64>)| {
            let message = |seconds| Value::new(prost_types::Duration { seconds, nanos: 0 });
            let (key, labels) = (key(*number), Labels::default());
            (key.clone(), Change { key, value: value.map(message), labels })
        };
        Judged { good: entries.iter().map(change).collect(), rejected: BTreeMap::new() }
    }

    proptest! {
        // What counts is what the strongest source said last, and whoever follows the deltas knows.
        #[test]
        fn deltas_add_up_to_what_counts(said in proptest::collection::vec(said(), 1..20)) {
            let mut desired = Desired::new(Precedence::default(), &[]);
            let mut simple: [BTreeMap<u8, i64>; 3] = Default::default();
            let mut followed: BTreeMap<Key, i64> = BTreeMap::new();
            for (source, snapshot, entries) in said {
                let kind = if snapshot {
                    simple[source].clear();
                    DeliveryKind::Snapshot(ResyncDepth::Difference)
                } else {
                    DeliveryKind::Changes
                };
                for (number, value) in &entries {
                    match value {
                        Some(value) => simple[source].insert(*number, *value),
                        None => simple[source].remove(number),
                    };
                }
                let name = SourceId::from(SOURCES[source]);
                let now = SystemTime::UNIX_EPOCH;
                for change in desired.deliver(&name, kind, judged(&entries), now).delta {
                    match &change.value {
                        Some(value) => followed.insert(change.key, seconds(value)),
                        None => followed.remove(&change.key),
                    };
                }
                let mut wanted = BTreeMap::new();
                for source in &simple {
                    wanted.extend(source.iter().map(|(number, value)| (key(*number), *value)));
                }
                let counted = |(key, held): (&Key, &Vec<Held>)| (key.clone(), seconds(&held[0].value));
                prop_assert_eq!(desired.keys().iter().map(counted).collect::<BTreeMap<_, _>>(), wanted.clone());
                let mut all: Vec<(Key, Option<i64>)> = (0..6).map(|n| (key(n), None)).collect();
                desired.winners(&mut all, |(key, _)| key, |(_, found), held| {
                    *found = held.map(|held| seconds(&held.value));
                });
                for (key, found) in all {
                    prop_assert_eq!(found, wanted.get(&key).copied());
                }
                prop_assert_eq!(&followed, &wanted);
                for number in 0..6 {
                    let all: std::collections::BTreeSet<_> =
                        simple.iter().filter_map(|source| source.get(&number)).collect();
                    prop_assert_eq!(desired.contested().contains(&key(number)), all.len() > 1);
                }
                let held: usize = desired.sources().values().map(|record| record.keys.len()).sum();
                prop_assert_eq!(held, simple.iter().map(BTreeMap::len).sum::<usize>());
            }
        }

        // Taking a delivery back leaves what was before.
        #[test]
        fn undo_restores(before in said(), after in said()) {
            let mut desired = Desired::new(Precedence::default(), &[]);
            let now = SystemTime::UNIX_EPOCH;
            let say = |desired: &mut Desired, (source, _, entries): &Said| {
                let name = SourceId::from(SOURCES[*source]);
                desired.deliver(&name, DeliveryKind::Changes, judged(entries), now)
            };
            say(&mut desired, &before);
            let shown = |desired: &Desired| {
                let holders = |(key, held): (&Key, &Vec<Held>)| {
                    let held: Vec<_> =
                        held.iter().map(|held| (held.source.clone(), seconds(&held.value))).collect();
                    (key.clone(), held)
                };
                desired.keys().iter().map(holders).collect::<Vec<_>>()
            };
            let was = shown(&desired);
            let applied = say(&mut desired, &after);
            desired.undo(applied.undo);
            prop_assert_eq!(shown(&desired), was);
        }
    }
}
