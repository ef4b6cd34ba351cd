//! Routing tables: entries and their sources.

mod routes;
mod specials;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use self::routes::Route;
use self::specials::specials;
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
    /// Hosts that are neighbours, whose routes depend on what covers them.
    adjacent: BTreeSet<u128>,
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

/// Shown for an entry that forwards nothing.
const NOT_INSTALLED: u32 = u32::MAX;

/// Where forwarding entries count their packets: numbers handed out like pool indexes, to the
/// entries of both families.
#[derive(Debug, Clone)]
pub(crate) struct StatsIndexes(Arc<Mutex<Pool<()>>>);

impl Default for StatsIndexes {
    /// VPP has the first one for itself.
    fn default() -> Self {
        let mut pool = Pool::default();
        pool.insert(());
        Self(Arc::new(Mutex::new(pool)))
    }
}

impl StatsIndexes {
    fn take(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(())
    }

    fn give_back(&self, index: u32) {
        if index == NOT_INSTALLED {
            return;
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(index);
    }
}

/// The link-local addresses of an interface: their table and where its entries are counted.
#[derive(Debug)]
pub(crate) struct LinkLocalTable {
    index: u32,
    specials: [u32; 2],
    entries: Vec<u32>,
}

impl LinkLocalTable {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
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
    pub(crate) fn new(family: Family, stats: StatsIndexes) -> Self {
        let mut this = Self {
            family,
            tables: Pool::default(),
            by_id: HashMap::new(),
            stats,
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
    pub(crate) fn add_link_local(&mut self) -> LinkLocalTable {
        let index = self.tables.insert(Table {
            id: u32::MAX,
            name: String::new(),
            is_link_local: true,
            by_api: false,
            interfaces: 0,
            recursions: 0,
            neighbors: 0,
            adjacent: BTreeSet::new(),
            entries: BTreeMap::new(),
        });
        // The default route and fe80::/10.
        let specials = [self.stats.take(), self.stats.take()];
        LinkLocalTable { index, specials, entries: Vec::new() }
    }

    pub(crate) fn remove_link_local(&mut self, table: LinkLocalTable) {
        for stats_index in table.entries.into_iter().chain(table.specials) {
            self.stats.give_back(stats_index);
        }
        self.tables.remove(table.index);
    }

    pub(crate) fn add_link_local_entry(&mut self, table: &mut LinkLocalTable) {
        table.entries.push(self.stats.take());
    }

    pub(crate) fn remove_link_local_entry(&mut self, table: &mut LinkLocalTable) {
        if let Some(stats_index) = table.entries.pop() {
            self.stats.give_back(stats_index);
        }
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
            adjacent: BTreeSet::new(),
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
        for (prefix, source, kind) in specials(self.family) {
            let paths = vec![self.path(kind)];
            self.set(table, prefix, source, false, paths);
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
        if self.family == Family::V6 {
            self.forget_all(index);
        }
        for (prefix, ..) in specials(self.family).into_iter().rev() {
            let is_alone = self
                .tables
                .get(index)
                .and_then(|t| t.entries.get(&prefix))
                .is_some_and(|entry| entry.contributions.len() == 1 && entry.recursions == 0);
            if is_alone {
                self.forget(index, prefix);
            }
        }
        if let Some(table) = self.tables.remove(index) {
            self.by_id.remove(&table.id);
            if !table.entries.is_empty() {
                self.left_behind.insert(index, table.entries);
            }
        }
    }

    /// Removes all entries but the special ones.
    fn forget_all(&mut self, index: u32) {
        let own = specials(self.family);
        let prefixes: Vec<Prefix> = self
            .tables
            .get(index)
            .into_iter()
            .flat_map(|table| table.entries.keys())
            .filter(|prefix| !own.iter().any(|(special, ..)| special == *prefix))
            .copied()
            .collect();
        for prefix in prefixes {
            self.forget(index, prefix);
        }
    }

    /// Removes an entry with all its sources.
    fn forget(&mut self, table: u32, prefix: Prefix) {
        let Some(entry) = self.tables.get_mut(table).and_then(|t| t.entries.remove(&prefix)) else {
            return;
        };
        self.stats.give_back(entry.stats_index);
        if let Some(table) = self.tables.get_mut(table) {
            table.adjacent.remove(&prefix.network);
        }
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
        let Some(entry) = Self::entry_mut(&mut self.tables, table, prefix) else {
            return u32::MAX;
        };
        let old = match entry.contributions.iter().position(|c| c.source == source) {
            Some(at) => entry.contributions.remove(at).paths,
            None => Vec::new(),
        };
        if !paths.is_empty() {
            entry.contributions.push(Contribution { source, attached, paths });
            entry.contributions.sort_by_key(|c| c.source.priority());
        }
        self.unresolve(&old);
        if source == Source::ADJACENCY
            && let Some(t) = self.tables.get_mut(table)
        {
            t.adjacent.insert(prefix.network);
        }
        let stats_index = self.install(table, prefix);
        self.drop_if_unsourced(table, prefix);
        self.install_covered(table, prefix);
        stats_index
    }

    /// An entry counts while it forwards. The answer is where.
    fn install(&mut self, table: u32, prefix: Prefix) -> u32 {
        let forwards = self.forwards(table, prefix);
        let entry = self.tables.get_mut(table).and_then(|t| t.entries.get_mut(&prefix));
        let Some(entry) = entry else { return NOT_INSTALLED };
        match (forwards, entry.stats_index) {
            (true, NOT_INSTALLED) => entry.stats_index = self.stats.take(),
            (false, taken) if taken != NOT_INSTALLED => {
                self.stats.give_back(taken);
                entry.stats_index = NOT_INSTALLED;
            }
            _ => {}
        }
        entry.stats_index
    }

    /// A neighbour is only forwarded to while the network that covers it is on its interface.
    fn forwards(&self, table: u32, prefix: Prefix) -> bool {
        let Some(t) = self.tables.get(table) else { return false };
        let Some(entry) = t.entries.get(&prefix) else { return false };
        let best = entry.contributions.first();
        let Some(neighbor) = best.filter(|best| best.source == Source::ADJACENCY) else {
            return true;
        };
        let cover = self.cover(t, prefix).and_then(|(_, entry)| entry.contributions.first());
        cover.filter(|cover| cover.attached).is_some_and(|cover| {
            let interface = cover.paths.iter().find_map(Path::interface);
            neighbor.paths.iter().any(|path| path.interface() == interface)
        })
    }

    /// What a changed network means for the neighbours in it.
    fn install_covered(&mut self, table: u32, prefix: Prefix) {
        if prefix.is_host(self.family) {
            return;
        }
        let last = prefix.last(self.family);
        let hosts: Vec<u128> = self
            .tables
            .get(table)
            .map(|t| t.adjacent.range(prefix.network..=last).copied().collect())
            .unwrap_or_default();
        for host in hosts {
            self.install(table, Prefix::host(self.family, host));
        }
    }

    fn entry_mut(tables: &mut Pool<Table>, table: u32, prefix: Prefix) -> Option<&mut Entry> {
        let entries = &mut tables.get_mut(table)?.entries;
        Some(entries.entry(prefix).or_insert_with(|| Entry {
            written: prefix.network,
            contributions: Vec::with_capacity(1),
            recursions: 0,
            stats_index: NOT_INSTALLED,
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
            if let Some(e) = Self::entry_mut(&mut self.tables, table, prefix) {
                e.recursions += 1;
            }
            self.install(table, prefix);
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
}
