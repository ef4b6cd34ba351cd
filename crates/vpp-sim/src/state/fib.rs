//! Routing tables: entries with their sources, and what a dump of them shows.

use std::collections::{BTreeMap, HashMap};

use super::path::{Path, PathKind, Proto};
use super::pool::Pool;
use super::prefix::{Family, Prefix};
use super::retval::{Outcome, Retval};

/// Who put forwarding into an entry, by VPP's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Source(pub(crate) u8);

impl Source {
    pub(crate) const SPECIAL: Source = Source(1);
    pub(crate) const INTERFACE: Source = Source(4);
    pub(crate) const API: Source = Source(8);
    pub(crate) const ADJACENCY: Source = Source(15);
    pub(crate) const RECURSIVE: Source = Source(18);
    pub(crate) const DEFAULT: Source = Source(20);

    /// The lower, the better: the best source of an entry decides what it does.
    fn priority(self) -> u8 {
        const PRIORITIES: [u8; 22] = [
            0xff, 0x00, 0x01, 0x02, 0x03, 0x10, 0x20, 0x30, 0x80, 0x81, 0x90, 0xa0, 0xb0, 0xc0,
            0xc1, 0xd0, 0xe0, 0xf0, 0xfb, 0xfc, 0xfd, 0xfe,
        ];
        PRIORITIES.get(usize::from(self.0)).copied().unwrap_or(0xff)
    }
}

/// One source of an entry.
#[derive(Debug, Clone)]
struct Contribution {
    source: Source,
    /// Hosts of this prefix are neighbours on the interface.
    attached: bool,
    paths: Vec<Path>,
}

/// A route.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The address of whoever made the entry, host bits and all: VPP shows them.
    written: u128,
    /// Best source first.
    contributions: Vec<Contribution>,
    /// How many recursive paths resolve through this address.
    recursions: u32,
    pub(crate) stats_index: u32,
}

/// A table of one family.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) id: u32,
    pub(crate) name: String,
    /// Link-local addresses of an interface; it has no id and is not listed.
    is_link_local: bool,
    by_api: bool,
    interfaces: u32,
    recursions: u32,
    neighbors: u32,
    entries: BTreeMap<Prefix, Entry>,
}

/// All tables of a family.
#[derive(Debug, Clone)]
pub(crate) struct Fib {
    family: Family,
    tables: Pool<Table>,
    by_id: HashMap<u32, u32>,
    stats: StatsIndexes,
    /// Routes left in tables when they were deleted. VPP forgets to remove those of IPv4, the
    /// next table in the same place has them.
    left_behind: HashMap<u32, BTreeMap<Prefix, Entry>>,
}

/// Where forwarding entries count their packets: numbers handed out like pool indexes.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatsIndexes(Pool<()>);

impl StatsIndexes {
    fn take(&mut self) -> u32 {
        self.0.insert(())
    }

    fn give_back(&mut self, index: u32) {
        self.0.remove(index);
    }
}

/// How paths change an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Add to what is there, or take away from it.
    Merge,
    /// Replace what is there, or remove all of it.
    Replace,
}

impl Fib {
    pub(crate) fn new(family: Family) -> Self {
        let mut this = Self {
            family,
            tables: Pool::default(),
            by_id: HashMap::new(),
            stats: StatsIndexes::default(),
            left_behind: HashMap::new(),
        };
        let index = this.create(0, "");
        if let Some(table) = this.tables.get_mut(index) {
            table.by_api = true;
        }
        this
    }

    /// Index of a table by the id users know.
    pub(crate) fn find(&self, id: u32) -> Outcome<u32> {
        self.by_id.get(&id).copied().ok_or(Retval::NO_SUCH_FIB)
    }

    /// The id users know.
    pub(crate) fn table_id(&self, index: u32) -> u32 {
        self.tables.get(index).map_or(u32::MAX, |table| table.id)
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().map(|(_, table)| table).filter(|table| !table.is_link_local)
    }

    /// The API's hold on a table; adding an existing one changes nothing, not even its name.
    pub(crate) fn add_table(&mut self, id: u32, name: &str) {
        let index = self.find(id).unwrap_or_else(|_| self.create(id, name));
        if let Some(table) = self.tables.get_mut(index) {
            table.by_api = true;
        }
    }

    /// Gives up the API's hold; the table goes when nothing else holds it. Table 0 stays.
    pub(crate) fn delete_table(&mut self, id: u32) {
        if id == 0 {
            return;
        }
        let Ok(index) = self.find(id) else { return };
        if let Some(table) = self.tables.get_mut(index) {
            table.by_api = false;
        }
        self.drop_unused(index);
    }

    /// Moves an interface from one table to another.
    pub(crate) fn rebind(&mut self, from: u32, to: u32) {
        if to != 0
            && let Some(table) = self.tables.get_mut(to)
        {
            table.interfaces += 1;
        }
        if from != 0
            && let Some(table) = self.tables.get_mut(from)
        {
            table.interfaces = table.interfaces.saturating_sub(1);
            self.drop_unused(from);
        }
    }

    /// VPP keeps the link-local addresses of each interface in a table among the others.
    pub(crate) fn add_link_local(&mut self) -> u32 {
        self.tables.insert(Table {
            id: u32::MAX,
            name: String::new(),
            is_link_local: true,
            by_api: false,
            interfaces: 0,
            recursions: 0,
            neighbors: 0,
            entries: BTreeMap::new(),
        })
    }

    pub(crate) fn remove_link_local(&mut self, index: u32) {
        self.tables.remove(index);
    }

    /// A neighbour with a route in a table holds the table.
    pub(crate) fn hold_for_neighbor(&mut self, index: u32) {
        if let Some(table) = self.tables.get_mut(index) {
            table.neighbors += 1;
        }
    }

    pub(crate) fn release_for_neighbor(&mut self, index: u32) {
        if let Some(table) = self.tables.get_mut(index) {
            table.neighbors = table.neighbors.saturating_sub(1);
        }
        self.drop_unused(index);
    }

    fn create(&mut self, id: u32, name: &str) -> u32 {
        let name =
            if name.is_empty() { format!("{}-VRF:{id}", self.family) } else { name.to_owned() };
        let index = self.tables.insert(Table {
            id,
            name,
            is_link_local: false,
            by_api: false,
            interfaces: 0,
            recursions: 0,
            neighbors: 0,
            entries: BTreeMap::new(),
        });
        if let (Some(left), Some(table)) =
            (self.left_behind.remove(&index), self.tables.get_mut(index))
        {
            table.entries = left;
        }
        self.by_id.insert(id, index);
        self.load_specials(index);
        index
    }

    /// The routes every table is born with.
    fn load_specials(&mut self, table: u32) {
        let drop = PathKind::Special { reason: super::path::Reason::Drop };
        match self.family {
            Family::V4 => {
                for (address, len, source) in [
                    (0, 0, Source::DEFAULT),
                    (0, 32, Source::DEFAULT),
                    (0xf000_0000, 4, Source::SPECIAL),
                    (0xe000_0000, 4, Source::SPECIAL),
                    (0xffff_ffff, 32, Source::DEFAULT),
                ] {
                    let prefix = Prefix { network: address, len };
                    self.set(table, prefix, source, false, vec![self.path(drop)]);
                }
            }
            Family::V6 => {
                let default = Prefix { network: 0, len: 0 };
                self.set(table, default, Source::DEFAULT, false, vec![self.path(drop)]);
                let link_local = Prefix { network: 0xfe80 << 112, len: 10 };
                let exclusive = self.path(PathKind::Exclusive);
                self.set(table, link_local, Source::SPECIAL, false, vec![exclusive]);
            }
        }
    }

    /// A path of this family with the usual weight.
    pub(crate) fn path(&self, kind: PathKind) -> Path {
        Path::new(kind, Proto::of(self.family))
    }

    fn drop_unused(&mut self, index: u32) {
        let unused = self.tables.get(index).is_some_and(|table| {
            let holds = table.interfaces + table.recursions + table.neighbors;
            table.id != 0 && !table.by_api && holds == 0
        });
        if !unused {
            return;
        }
        let own = [Source::SPECIAL, Source::DEFAULT];
        let prefixes: Vec<Prefix> = self
            .tables
            .get(index)
            .into_iter()
            .flat_map(|table| &table.entries)
            .filter(|(_, entry)| {
                self.family == Family::V6
                    || entry.contributions.iter().all(|c| own.contains(&c.source))
            })
            .map(|(prefix, _)| *prefix)
            .collect();
        for prefix in prefixes {
            self.forget(index, prefix);
        }
        if let Some(table) = self.tables.remove(index) {
            self.by_id.remove(&table.id);
            if !table.entries.is_empty() {
                self.left_behind.insert(index, table.entries);
            }
        }
    }

    /// Removes an entry with all its sources.
    fn forget(&mut self, table: u32, prefix: Prefix) {
        let Some(entry) = self.tables.get_mut(table).and_then(|t| t.entries.remove(&prefix)) else {
            return;
        };
        self.stats.give_back(entry.stats_index);
        for contribution in entry.contributions {
            self.unresolve(&contribution.paths);
        }
    }

    /// Adds a route, or paths to it. The answer is where its packets are counted.
    pub(crate) fn add(
        &mut self,
        table: u32,
        prefix: Prefix,
        source: Source,
        paths: Vec<Path>,
        change: Change,
    ) -> u32 {
        let attached = Path::attach(&paths);
        let merged = match (change, self.contribution(table, prefix, source)) {
            (Change::Merge, Some(existing)) => Path::merge(&existing.paths, paths),
            _ => Path::merge(&[], paths),
        };
        self.set(table, prefix, source, attached, merged)
    }

    /// Shows a route with the host bits of an address, as VPP does with the address an entry was
    /// made with.
    pub(crate) fn show_as(&mut self, table: u32, prefix: Prefix, address: u128) {
        let entry = self.tables.get_mut(table).and_then(|t| t.entries.get_mut(&prefix));
        if let Some(entry) = entry {
            entry.written = address;
        }
    }

    pub(crate) fn has_entry(&self, table: u32, prefix: Prefix) -> bool {
        self.tables.get(table).is_some_and(|t| t.entries.contains_key(&prefix))
    }

    /// Removes paths of a route, or the route.
    pub(crate) fn remove(
        &mut self,
        table: u32,
        prefix: Prefix,
        source: Source,
        paths: &[Path],
        change: Change,
    ) {
        let left = match (change, self.contribution(table, prefix, source)) {
            (_, None) => return,
            (Change::Merge, Some(existing)) => Path::without(&existing.paths, paths),
            (Change::Replace, Some(_)) => Vec::new(),
        };
        let attached = Path::attach(paths);
        self.set(table, prefix, source, attached, left);
    }

    fn contribution(&self, table: u32, prefix: Prefix, source: Source) -> Option<&Contribution> {
        let entry = self.tables.get(table)?.entries.get(&prefix)?;
        entry.contributions.iter().find(|c| c.source == source)
    }

    /// Makes `paths` what `source` contributes; none means that it contributes nothing any more.
    pub(crate) fn set(
        &mut self,
        table: u32,
        prefix: Prefix,
        source: Source,
        attached: bool,
        paths: Vec<Path>,
    ) -> u32 {
        // New targets are held before old ones are let go, so a shared one survives.
        self.resolve(&paths);
        let Some(entry) = Self::entry_mut(&mut self.tables, &mut self.stats, table, prefix) else {
            return u32::MAX;
        };
        let stats_index = entry.stats_index;
        let old = match entry.contributions.iter().position(|c| c.source == source) {
            Some(at) => entry.contributions.remove(at).paths,
            None => Vec::new(),
        };
        if !paths.is_empty() {
            entry.contributions.push(Contribution { source, attached, paths });
            entry.contributions.sort_by_key(|c| c.source.priority());
        }
        self.unresolve(&old);
        self.drop_if_unsourced(table, prefix);
        stats_index
    }

    fn entry_mut<'a>(
        tables: &'a mut Pool<Table>,
        stats: &mut StatsIndexes,
        table: u32,
        prefix: Prefix,
    ) -> Option<&'a mut Entry> {
        let entries = &mut tables.get_mut(table)?.entries;
        Some(entries.entry(prefix).or_insert_with(|| Entry {
            written: prefix.network,
            contributions: Vec::with_capacity(1),
            recursions: 0,
            stats_index: stats.take(),
        }))
    }

    fn drop_if_unsourced(&mut self, table: u32, prefix: Prefix) {
        let gone = self
            .tables
            .get(table)
            .and_then(|t| t.entries.get(&prefix))
            .is_some_and(|e| e.contributions.is_empty() && e.recursions == 0);
        if gone {
            self.forget(table, prefix);
        }
    }

    /// A recursive path puts an entry for its next hop into the table it is looked up in.
    fn resolve(&mut self, paths: &[Path]) {
        for (table, next_hop) in paths.iter().filter_map(Path::recursion) {
            if let Some(t) = self.tables.get_mut(table) {
                t.recursions += 1;
            }
            let prefix = Prefix::host(self.family, next_hop);
            if let Some(e) = Self::entry_mut(&mut self.tables, &mut self.stats, table, prefix) {
                e.recursions += 1;
            }
        }
    }

    fn unresolve(&mut self, paths: &[Path]) {
        for (table, next_hop) in paths.iter().filter_map(Path::recursion) {
            let prefix = Prefix::host(self.family, next_hop);
            if let Some(t) = self.tables.get_mut(table) {
                t.recursions = t.recursions.saturating_sub(1);
                if let Some(e) = t.entries.get_mut(&prefix) {
                    e.recursions = e.recursions.saturating_sub(1);
                }
            }
            self.drop_if_unsourced(table, prefix);
            self.drop_unused(table);
        }
    }

    /// Routes of a table, shorter prefixes first, with their best source and its paths.
    pub(crate) fn routes(&self, table: u32) -> impl Iterator<Item = Route<'_>> {
        self.tables.get(table).into_iter().flat_map(move |t| {
            t.entries.iter().map(move |(prefix, entry)| self.route(t, *prefix, entry))
        })
    }

    /// Routes for which a source is the best one.
    pub(crate) fn routes_by(&self, table: u32, source: Source) -> impl Iterator<Item = Route<'_>> {
        self.routes(table).filter(move |route| route.source == source)
    }

    /// Routes a source contributes to, even if a better one decides.
    pub(crate) fn routes_of(&self, table: u32, source: Source) -> impl Iterator<Item = Route<'_>> {
        self.tables.get(table).into_iter().flat_map(move |t| {
            t.entries
                .iter()
                .filter(move |(_, e)| e.contributions.iter().any(|c| c.source == source))
                .map(move |(prefix, entry)| self.route(t, *prefix, entry))
        })
    }

    /// The route of exactly this prefix, or the longest one that covers it.
    pub(crate) fn lookup(&self, table: u32, prefix: Prefix, exact: bool) -> Option<Route<'_>> {
        let t = self.tables.get(table)?;
        if let Some(entry) = t.entries.get(&prefix) {
            return Some(self.route(t, prefix, entry));
        }
        if exact {
            return None;
        }
        let (cover, entry) = self.cover(t, prefix)?;
        Some(self.route(t, cover, entry))
    }

    fn route<'a>(&self, table: &'a Table, prefix: Prefix, entry: &'a Entry) -> Route<'a> {
        match entry.contributions.first() {
            Some(best) if best.source.priority() < Source::RECURSIVE.priority() => Route {
                prefix,
                address: entry.written,
                source: best.source,
                stats_index: entry.stats_index,
                paths: Paths::Own(&best.paths),
            },
            Some(best) if entry.recursions == 0 => Route {
                prefix,
                address: entry.written,
                source: best.source,
                stats_index: entry.stats_index,
                paths: Paths::Own(&best.paths),
            },
            _ => Route {
                prefix,
                address: entry.written,
                source: Source::RECURSIVE,
                stats_index: entry.stats_index,
                paths: self.inherited(table, prefix),
            },
        }
    }

    /// What an entry does that exists only because a recursive path goes through it.
    fn inherited<'a>(&self, table: &'a Table, prefix: Prefix) -> Paths<'a> {
        let Some((cover, entry)) = self.cover(table, prefix) else {
            return Paths::Own(&[]);
        };
        let attached = entry.contributions.first().filter(|best| best.attached);
        match attached.and_then(|best| best.paths.iter().find_map(Path::interface)) {
            Some(sw_if_index) => {
                let next_hop = prefix.network;
                Paths::Made(self.path(PathKind::AttachedNextHop { next_hop, sw_if_index }))
            }
            None if self.leads_back(table, prefix, cover) => {
                let reason = super::path::Reason::Drop;
                Paths::Made(self.path(PathKind::Special { reason }))
            }
            None => self.route(table, cover, entry).paths,
        }
    }

    /// Whether the paths of a route are resolved by the entry that wants to inherit them.
    fn leads_back(&self, table: &Table, from: Prefix, cover: Prefix) -> bool {
        let origin = (table.id, from);
        let mut seen = vec![(table.id, cover)];
        let mut next = 0;
        while let Some((id, prefix)) = seen.get(next).copied() {
            next += 1;
            let Some(table) = self.by_id.get(&id).and_then(|index| self.tables.get(*index)) else {
                continue;
            };
            for (via, next_hop) in self.recursions(table, prefix) {
                let Some(via) = self.tables.get(via) else { continue };
                let target = (via.id, Prefix::host(self.family, next_hop));
                if target == origin {
                    return true;
                }
                if !seen.contains(&target) {
                    seen.push(target);
                }
            }
        }
        false
    }

    /// Where the recursive paths of an entry, or else of its cover, are resolved.
    fn recursions(&self, table: &Table, prefix: Prefix) -> Vec<(u32, u128)> {
        let own = table.entries.get(&prefix).and_then(|entry| entry.contributions.first());
        let paths = match own {
            Some(best) => Some(&best.paths),
            None => self
                .cover(table, prefix)
                .and_then(|(_, entry)| entry.contributions.first())
                .map(|best| &best.paths),
        };
        paths.into_iter().flatten().filter_map(Path::recursion).collect()
    }

    /// The longest prefix that contains this one and is not this one.
    fn cover<'a>(&self, table: &'a Table, prefix: Prefix) -> Option<(Prefix, &'a Entry)> {
        (0..prefix.len).rev().find_map(|len| {
            let shorter = Prefix::new(self.family, prefix.network, len);
            table.entries.get(&shorter).map(|entry| (shorter, entry))
        })
    }
}

/// A route as a dump shows it.
#[derive(Debug, Clone)]
pub(crate) struct Route<'a> {
    pub(crate) prefix: Prefix,
    /// The address as it was written, which may have host bits.
    pub(crate) address: u128,
    pub(crate) source: Source,
    pub(crate) stats_index: u32,
    pub(crate) paths: Paths<'a>,
}

/// Paths of a route.
#[derive(Debug, Clone)]
pub(crate) enum Paths<'a> {
    Own(&'a [Path]),
    Made(Path),
}

impl Paths<'_> {
    pub(crate) fn as_slice(&self) -> &[Path] {
        match self {
            Paths::Own(paths) => paths,
            Paths::Made(path) => std::slice::from_ref(path),
        }
    }
}
