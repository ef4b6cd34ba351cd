//! The immutable state of a map at one revision.

use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet};

use crate::index::Index;

/// The secondary keys of one item, sorted.
type Keys = Arc<[(Index, Arc<str>)]>;

/// The state of a map after one commit. Cloning copies three pointers; the data is shared with the map
/// and with earlier and later snapshots.
#[derive(Debug)]
pub struct Snapshot<V> {
    revision: u64,
    items: OrdMap<Arc<str>, (Arc<V>, Keys)>,
    indexes: HashMap<(Index, Arc<str>), OrdSet<Arc<str>>>,
}

/// One item of a snapshot, borrowed from it.
#[derive(Debug, PartialEq, Eq)]
pub struct Item<'a, V> {
    /// The name the item is stored under.
    pub name: &'a str,
    /// Its data.
    pub data: &'a Arc<V>,
}

// === impl Snapshot ===

impl<V> Clone for Snapshot<V> {
    fn clone(&self) -> Self {
        Self { revision: self.revision, items: self.items.clone(), indexes: self.indexes.clone() }
    }
}

impl<V> Default for Snapshot<V> {
    fn default() -> Self {
        Self { revision: 0, items: OrdMap::new(), indexes: HashMap::new() }
    }
}

impl<V> Snapshot<V> {
    /// Counts the commits so far; 0 for a map that was never written.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True when there is no item.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The data stored under a name.
    pub fn get(&self, name: &str) -> Option<&Arc<V>> {
        self.items.get(name).map(|(data, _)| data)
    }

    /// All items, by name.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_, V>> {
        self.items.iter().map(|(name, (data, _))| Item { name, data })
    }

    /// The items with `value` in `index`, by name.
    pub fn by_index<'a>(
        &'a self,
        index: Index,
        value: &str,
    ) -> impl Iterator<Item = Item<'a, V>> + use<'a, V> {
        let names = self.indexes.get(&(index, Arc::from(value)));
        names.into_iter().flatten().filter_map(|name| {
            self.items.get(name).map(|(data, _)| Item { name: name.as_ref(), data })
        })
    }

    /// The secondary keys of one item, by index and value; empty for an unknown name.
    pub fn keys_of(&self, name: &str) -> impl Iterator<Item = (Index, &str)> {
        let keys = self.items.get(name).map(|(_, keys)| keys.as_ref()).unwrap_or_default();
        keys.iter().map(|(index, value)| (*index, value.as_ref()))
    }

    /// The state after storing one item; the previous data, if any, comes along.
    pub(crate) fn with(
        &self,
        name: &Arc<str>,
        data: Arc<V>,
        keys: &Keys,
    ) -> (Self, Option<Arc<V>>) {
        let mut next = self.clone();
        next.revision += 1;
        let old = next.items.insert(Arc::clone(name), (data, Arc::clone(keys)));
        if let Some((_, old_keys)) = &old {
            next.unindex(name, old_keys);
        }
        for key in keys.iter() {
            next.indexes.entry(key.clone()).or_default().insert(Arc::clone(name));
        }
        (next, old.map(|(data, _)| data))
    }

    /// The state without one item, and that item; `None` when there is no such item.
    pub(crate) fn without(&self, name: &str) -> Option<(Self, Arc<V>)> {
        let mut next = self.clone();
        let (data, keys) = next.items.remove(name)?;
        next.revision += 1;
        next.unindex(name, &keys);
        Some((next, data))
    }

    fn unindex(&mut self, name: &str, keys: &Keys) {
        for key in keys.iter() {
            let Some(names) = self.indexes.get_mut(key) else { continue };
            names.remove(name);
            if names.is_empty() {
                self.indexes.remove(key);
            }
        }
    }
}
