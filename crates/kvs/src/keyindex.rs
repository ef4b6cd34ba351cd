//! A persistent index from keys to node ids: a trie of hashes whose leaves hold hashes and ids only,
//! so that copying one copies plain numbers.

use std::{hash::BuildHasher, sync::Arc};

use rustc_hash::FxBuildHasher;

use crate::node::NodeId;

const BITS: u32 = 2;
const FAN_OUT: usize = 1 << BITS;
/// Below this depth the hash has no bits left.
const DEPTH: u32 = u32::BITS / BITS;
/// A leaf that grows beyond this is split, unless the hash has no bits left.
const LEAF: usize = 12;

/// Persistent map from the hash of a key to the ids of the nodes with that hash.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyIndex {
    root: Trie,
}

/// Hash of a key, and the node of that key.
pub(crate) type Entry = (u32, NodeId);

#[derive(Debug, Clone)]
enum Trie {
    Leaf(Arc<[Entry]>),
    Inner(Arc<[Trie; FAN_OUT]>),
}

impl Default for Trie {
    fn default() -> Self {
        Self::Leaf(Arc::default())
    }
}

/// Hash of a key, as used in here and in the tables of the graph.
pub(crate) fn hash_of(key: &str) -> u32 {
    let wide = FxBuildHasher.hash_one(key);
    (wide ^ (wide >> 32)) as u32
}

impl KeyIndex {
    /// Ids of nodes whose keys may be the one with this hash.
    pub(crate) fn candidates(&self, hash: u32) -> impl Iterator<Item = NodeId> + '_ {
        let mut trie = &self.root;
        let mut depth = 0;
        let leaf: &[Entry] = loop {
            match trie {
                Trie::Leaf(entries) => break entries,
                Trie::Inner(slots) => match slots.get(slot(hash, depth)) {
                    Some(child) => trie = child,
                    None => break &[],
                },
            }
            depth += 1;
        };
        leaf.iter().filter(move |(h, _)| *h == hash).map(|(_, id)| *id)
    }

    /// Adds entries, each part of the trie visited once.
    pub(crate) fn insert_all(&mut self, mut entries: Vec<Entry>) {
        entries.sort_unstable();
        if !entries.is_empty() {
            self.root.insert_all(&entries, 0);
        }
    }

    pub(crate) fn remove(&mut self, entry: Entry) {
        self.root.remove(entry, 0);
    }
}

impl Trie {
    /// The entries are sorted.
    fn insert_all(&mut self, new: &[Entry], depth: u32) {
        match self {
            Self::Leaf(old) if old.len() + new.len() <= LEAF || depth == DEPTH => {
                *old = old.iter().chain(new).copied().collect();
            }
            Self::Leaf(old) => {
                let mut all: Vec<Entry> = old.iter().chain(new).copied().collect();
                all.sort_unstable();
                let mut slots: [Self; FAN_OUT] = Default::default();
                distribute(&mut slots, &all, depth);
                *self = Self::Inner(Arc::new(slots));
            }
            Self::Inner(slots) => distribute(Arc::make_mut(slots), new, depth),
        }
    }

    fn remove(&mut self, entry: Entry, depth: u32) {
        match self {
            Self::Leaf(entries) => {
                *entries = entries.iter().copied().filter(|other| *other != entry).collect();
            }
            Self::Inner(slots) => {
                if let Some(child) = Arc::make_mut(slots).get_mut(slot(entry.0, depth)) {
                    child.remove(entry, depth + 1);
                }
            }
        }
    }
}

/// Gives each child of an inner node its part of sorted entries.
fn distribute(slots: &mut [Trie; FAN_OUT], mut entries: &[Entry], depth: u32) {
    while let Some((hash, _)) = entries.first() {
        let at = slot(*hash, depth);
        let end = entries.partition_point(|(hash, _)| slot(*hash, depth) <= at);
        let (these, rest) = entries.split_at(end);
        if let Some(child) = slots.get_mut(at) {
            child.insert_all(these, depth + 1);
        }
        entries = rest;
    }
}

/// The highest bits of the hash decide first: sorted by hash is sorted by place.
fn slot(hash: u32, depth: u32) -> usize {
    (hash >> (u32::BITS - (depth + 1) * BITS)) as usize & (FAN_OUT - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_inserted_and_old_clones_stay_as_they_were() {
        let mut index = KeyIndex::default();
        let keys: Vec<String> = (0..3000).map(|i| format!("config/a/{i}")).collect();
        let entries: Vec<Entry> = (0..).zip(&keys).map(|(id, key)| (hash_of(key), id)).collect();
        index.insert_all(entries[..1000].to_vec());
        for entry in &entries[1000..] {
            index.insert_all(vec![*entry]);
        }
        let before = index.clone();
        for entry in entries.iter().step_by(2) {
            index.remove(*entry);
        }
        for (hash, id) in entries {
            assert!(before.candidates(hash).any(|found| found == id));
            assert_eq!(index.candidates(hash).any(|found| found == id), id % 2 == 1);
        }
    }

    #[test]
    fn keys_of_the_same_hash_share_a_leaf() {
        let mut index = KeyIndex::default();
        index.insert_all((0..50).map(|id| (7, id)).collect());
        index.insert_all(vec![(8, 50)]);
        assert_eq!(index.candidates(7).count(), 50);
        assert_eq!(index.candidates(8).collect::<Vec<_>>(), [50]);
    }
}
