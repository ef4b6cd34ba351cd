//! The state of a store that lives in this process: entries, revision, and what a transaction
//! would change. Pure: no locks, no I/O, no clock.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;
use imbl::OrdMap;

use crate::entry::{Change, Changes, Entry, Listing, Page, PageStart, Revision};
use crate::error::Error;
use crate::key::{Prefix, StoreKey, outermost};
use crate::store::PageRequest;
use crate::txn::{Branch, Condition, Txn, TxnOp};

/// Entries at one revision. Copies share their structure: cloning costs the same for any size.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    records: OrdMap<StoreKey, Record>,
    revision: Revision,
}

/// What is kept for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The value.
    pub value: Bytes,
    /// When it was written.
    pub revision: Revision,
    /// How long it stays.
    pub binding: Binding,
}

/// How long an entry stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// Until it is removed.
    Permanent,
    /// As long as the client that wrote it.
    Client,
    /// For some time; the number tells this writing of the key from others.
    Timed(u64),
}

/// What a transaction would do to the ledger it was prepared with.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Which branch applies.
    pub branch: Branch,
    /// What changes; none when nothing does.
    pub changes: Option<Changes>,
    /// How long values that are written stay.
    pub binding: Binding,
}

// === impl Ledger ===

impl Ledger {
    /// A ledger with this content.
    pub fn restore(
        revision: Revision,
        records: impl IntoIterator<Item = (StoreKey, Record)>,
    ) -> Self {
        Self { records: records.into_iter().collect(), revision }
    }

    /// The revision of the last change.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// All records, ordered by key.
    pub fn records(&self) -> impl Iterator<Item = (&StoreKey, &Record)> {
        self.records.iter()
    }

    /// What is kept for `key`.
    pub fn record(&self, key: &StoreKey) -> Option<&Record> {
        self.records.get(key)
    }

    /// The entry of `key`.
    pub fn get(&self, key: &StoreKey) -> Option<Entry> {
        self.records.get(key).map(|record| record.entry(key))
    }

    /// One page of what is below `prefix`.
    pub fn page(&self, prefix: &Prefix, request: &PageRequest) -> Page {
        let limit = request.limit.max(1);
        let start = request.start.as_ref().map(|PageStart(key)| key);
        let mut below = (self.below(prefix, start)).filter(|(key, _)| start != Some(*key));
        let entries: Vec<_> =
            below.by_ref().take(limit).map(|(key, record)| record.entry(key)).collect();
        let next = match (below.next(), entries.last()) {
            (Some(_), Some(last)) => Some(PageStart(last.key.clone())),
            _ => None,
        };
        Page { revision: self.revision, entries, next }
    }

    /// Everything below `prefixes`.
    pub fn listing(&self, prefixes: &[Prefix]) -> Listing {
        let entries = (outermost(prefixes).iter())
            .flat_map(|prefix| self.below(prefix, None))
            .map(|(key, record)| record.entry(key))
            .collect();
        Listing { revision: self.revision, entries }
    }

    fn below<'l>(
        &'l self,
        prefix: &'l Prefix,
        start: Option<&'l StoreKey>,
    ) -> impl Iterator<Item = (&'l StoreKey, &'l Record)> {
        let from = start.map_or(prefix.as_str(), StoreKey::as_str).max(prefix.as_str());
        let range = (Bound::Included(from), Bound::Unbounded);
        self.records.range::<_, str>(range).take_while(|(key, _)| prefix.contains(key))
    }

    /// Works out what `txn` does here, values written being kept as `binding` says.
    ///
    /// # Errors
    /// [`Error::DuplicateKey`].
    pub fn prepare(&self, txn: &Txn, binding: Binding) -> Result<Prepared, Error> {
        txn.validate()?;
        let holds = txn.conditions.iter().all(|condition| self.holds(condition));
        let (branch, ops) =
            if holds { (Branch::Then, &txn.then) } else { (Branch::Otherwise, &txn.otherwise) };
        let changes = ops.iter().filter_map(|op| self.change(op)).collect();
        Ok(self.prepared(branch, changes, binding))
    }

    /// Works out the removal of everything below `prefix`.
    pub fn prepare_delete_prefix(&self, prefix: &Prefix) -> Prepared {
        let changes = self.below(prefix, None).map(|(key, record)| record.removal(key)).collect();
        self.prepared(Branch::Then, changes, Binding::Permanent)
    }

    /// Works out the removal of everything that stays only as `ends` says.
    pub fn prepare_expiry(&self, ends: impl Fn(Binding) -> bool) -> Prepared {
        let changes = (self.records.iter())
            .filter(|(_, record)| ends(record.binding))
            .map(|(key, record)| record.removal(key))
            .collect();
        self.prepared(Branch::Then, changes, Binding::Permanent)
    }

    /// Works out what makes the content equal to `content`, ordered by key. Unchanged values keep
    /// their revision.
    pub fn prepare_replace(&self, content: &BTreeMap<StoreKey, Bytes>) -> Prepared {
        let mut changes: Vec<_> = (self.records.iter())
            .filter(|(key, _)| !content.contains_key(*key))
            .map(|(key, record)| record.removal(key))
            .collect();
        for (key, value) in content {
            let previous = self.records.get(key).map(|record| record.value.clone());
            if previous.as_ref() != Some(value) {
                changes.push(Change { key: key.clone(), value: Some(value.clone()), previous });
            }
        }
        self.prepared(Branch::Then, changes, Binding::Permanent)
    }

    /// Does what was prepared with this ledger.
    pub fn apply(&mut self, prepared: &Prepared) {
        let Some(changes) = &prepared.changes else { return };
        self.revision = changes.revision;
        for change in &changes.changes {
            match &change.value {
                None => self.records.remove(&change.key),
                Some(value) => {
                    let record = Record {
                        value: value.clone(),
                        revision: changes.revision,
                        binding: prepared.binding,
                    };
                    self.records.insert(change.key.clone(), record)
                }
            };
        }
    }

    fn prepared(&self, branch: Branch, changes: Vec<Change>, binding: Binding) -> Prepared {
        let revision = self.revision.next();
        let changes = (!changes.is_empty()).then_some(Changes { revision, changes });
        Prepared { branch, changes, binding }
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Exists(key) => self.records.contains_key(key),
            Condition::Absent(key) => !self.records.contains_key(key),
            Condition::ValueIs(key, value) => {
                self.records.get(key).is_some_and(|record| record.value == *value)
            }
            Condition::RevisionIs(key, revision) => {
                self.records.get(key).is_some_and(|record| record.revision == *revision)
            }
        }
    }

    fn change(&self, op: &TxnOp) -> Option<Change> {
        let record = self.records.get(op.key());
        match op {
            TxnOp::Put(key, value) => Some(Change {
                key: key.clone(),
                value: Some(value.clone()),
                previous: record.map(|record| record.value.clone()),
            }),
            TxnOp::Delete(key) => record.map(|record| record.removal(key)),
        }
    }
}

impl Record {
    fn entry(&self, key: &StoreKey) -> Entry {
        Entry { key: key.clone(), value: self.value.clone(), revision: self.revision }
    }

    fn removal(&self, key: &StoreKey) -> Change {
        Change { key: key.clone(), value: None, previous: Some(self.value.clone()) }
    }
}

impl Prepared {
    /// How many keys change.
    pub fn count(&self) -> u64 {
        self.changes.as_ref().map_or(0, |changes| changes.changes.len() as u64)
    }
}
