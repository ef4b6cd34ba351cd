//! The directory: which entries there are, found by name. It is read again only when VPP changes it.

use std::cell::RefCell;
use std::hash::{BuildHasher, BuildHasherDefault};
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};

use crate::bytes::{u32_at, u64_at};
use crate::layout::{ENTRY, Kind, Layout, entry_name};

type Hasher = BuildHasherDefault<FxHasher>;

/// What a vector of names holds; nothing where a name was given back.
pub(crate) type Names = Arc<Vec<Option<String>>>;

/// The entries of one epoch.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) layout: Layout,
    entries: Vec<Entry>,
    /// Names of all entries, one after the other: a VPP may have a hundred thousand.
    names: String,
    by_name: HashTable<u32>,
    /// Vectors of names that were read. They change with the epoch only, and reading one takes two calls for each name.
    vectors: RefCell<FxHashMap<u32, Names>>,
}

/// One entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) index: u32,
    pub(crate) kind: Kind,
    /// A number, a pointer or two indexes.
    pub(crate) payload: u64,
    name: (u32, u32),
}

impl Directory {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let layout = Layout::of(bytes);
        let count = bytes.len() / ENTRY;
        let mut directory = Self {
            layout,
            entries: Vec::with_capacity(count),
            names: String::with_capacity(count * 32),
            by_name: HashTable::with_capacity(count),
            vectors: RefCell::default(),
        };
        for (index, bytes) in (0..).zip(bytes.chunks_exact(ENTRY)) {
            directory.add(index, bytes);
        }
        directory
    }

    fn add(&mut self, index: u32, bytes: &[u8]) {
        let kind = self.layout.kind(u32_at(bytes, 0).unwrap_or(0));
        let start = self.end();
        if kind != Kind::Free {
            self.names.push_str(&entry_name(bytes));
        }
        let entry = Entry {
            index,
            kind,
            payload: u64_at(bytes, 8).unwrap_or(0),
            name: (start, self.end()),
        };
        self.entries.push(entry);
        if kind == Kind::Free {
            return;
        }
        let Self { entries, names, by_name, .. } = self;
        let name = |index: &u32| {
            let entry = usize::try_from(*index).ok().and_then(|index| entries.get(index));
            entry.and_then(|entry| name_in(names, entry)).unwrap_or_default()
        };
        let hash = hash(name(&index));
        by_name.insert_unique(hash, index, |index| self::hash(name(index)));
    }

    fn end(&self) -> u32 {
        // 128 bytes for each entry, and those come from a vector that counts in 32 bits: not reached in memory.
        u32::try_from(self.names.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn entry(&self, index: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        let same = |index: &u32| self.entry(*index).is_some_and(|entry| self.name(entry) == name);
        self.by_name.find(hash(name), same).and_then(|index| self.entry(*index))
    }

    pub(crate) fn name(&self, entry: &Entry) -> &str {
        name_in(&self.names, entry).unwrap_or_default()
    }

    /// The names of a vector, if they were read before.
    pub(crate) fn vector(&self, entry: &Entry) -> Option<Names> {
        self.vectors.borrow().get(&entry.index).cloned()
    }

    /// Keeps the names of a vector.
    pub(crate) fn keep_vector(&self, entry: &Entry, names: Names) {
        self.vectors.borrow_mut().insert(entry.index, names);
    }

    /// All entries that hold something.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.kind != Kind::Free)
    }
}

fn name_in<'names>(names: &'names str, entry: &Entry) -> Option<&'names str> {
    names.get(entry.name.0 as usize..entry.name.1 as usize)
}

fn hash(name: &str) -> u64 {
    Hasher::default().hash_one(name)
}
