//! A persistent index from keys to node ids: a hash trie whose leaves hold hashes and ids only, so
//! that copying one copies plain numbers.

use std::{hash::BuildHasher, sync::Arc};

use rustc_hash::FxBuildHasher;

use crate::node::NodeId;

const BITS: u32 = 4;
const FAN_OUT: usize = 1 << BITS;
/// A leaf that grows beyond this is split, unless the hash has no bits left.
const LEAF: usize = 12;

/// Persistent map from the hash of a key to the ids of the nodes with that hash.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyIndex {
    root: Arc<Trie>,
}

#[derive(Debug, Clone)]
enum Trie {
    Leaf(Vec<(u32, NodeId)>),
    Inner([Option<Arc<Trie>>; FAN_OUT]),
}

impl Default for Trie {
    fn default() -> Self {
        Self::Leaf(Vec::new())
    }
}

/// Hash of a key for a table in memory.
pub(crate) fn wide_hash_of(key: &str) -> u64 {
    FxBuildHasher.hash_one(key)
}

/// Hash of a key, as used in here.
pub(crate) fn hash_of(key: &str) -> u32 {
    narrow(wide_hash_of(key))
}

/// The hash used in here, from the wide one.
pub(crate) fn narrow(wide: u64) -> u32 {
    (wide ^ (wide >> 32)) as u32
}

impl KeyIndex {
    /// Ids of nodes whose keys may be the one with this hash.
    pub(crate) fn candidates(&self, hash: u32) -> impl Iterator<Item = NodeId> + '_ {
        let mut trie = &*self.root;
        let mut depth = 0;
        let leaf = loop {
            match trie {
                Trie::Leaf(entries) => break entries.as_slice(),
                Trie::Inner(slots) => match slots.get(slot(hash, depth)) {
                    Some(Some(child)) => trie = child,
                    _ => break &[],
                },
            }
            depth += 1;
        };
        leaf.iter().filter(move |(h, _)| *h == hash).map(|(_, id)| *id)
    }

    pub(crate) fn insert(&mut self, hash: u32, id: NodeId) {
        Trie::insert(&mut self.root, hash, id, 0);
    }

    pub(crate) fn remove(&mut self, hash: u32, id: NodeId) {
        Trie::remove(&mut self.root, hash, id, 0);
    }
}

impl Trie {
    fn insert(this: &mut Arc<Self>, hash: u32, id: NodeId, depth: u32) {
        match Arc::make_mut(this) {
            Self::Leaf(entries) => {
                entries.push((hash, id));
                if entries.len() > LEAF && depth * BITS < u32::BITS {
                    let entries = std::mem::take(entries);
                    *this = Arc::new(Self::Inner([const { None }; FAN_OUT]));
                    for (hash, id) in entries {
                        Self::insert(this, hash, id, depth);
                    }
                }
            }
            Self::Inner(slots) => {
                if let Some(place) = slots.get_mut(slot(hash, depth)) {
                    Self::insert(place.get_or_insert_default(), hash, id, depth + 1);
                }
            }
        }
    }

    fn remove(this: &mut Arc<Self>, hash: u32, id: NodeId, depth: u32) {
        match Arc::make_mut(this) {
            Self::Leaf(entries) => entries.retain(|entry| *entry != (hash, id)),
            Self::Inner(slots) => {
                if let Some(Some(child)) = slots.get_mut(slot(hash, depth)) {
                    Self::remove(child, hash, id, depth + 1);
                }
            }
        }
    }
}

fn slot(hash: u32, depth: u32) -> usize {
    (hash >> (depth * BITS)) as usize & (FAN_OUT - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_inserted_and_old_clones_stay_as_they_were() {
        let mut index = KeyIndex::default();
        let keys: Vec<String> = (0..3000).map(|i| format!("config/a/{i}")).collect();
        for (id, key) in (0..).zip(&keys) {
            index.insert(hash_of(key), id);
        }
        let before = index.clone();
        for (id, key) in (0..).zip(&keys).step_by(2) {
            index.remove(hash_of(key), id);
        }
        for (id, key) in (0..).zip(&keys) {
            assert!(before.candidates(hash_of(key)).any(|found| found == id));
            assert_eq!(index.candidates(hash_of(key)).any(|found| found == id), id % 2 == 1);
        }
    }
}
