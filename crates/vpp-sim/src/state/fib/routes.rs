//! What a dump of a table shows.

use super::{Entry, Fib, Source, Table};
use crate::state::path::{Path, PathKind, Reason};
use crate::state::prefix::Prefix;

impl Fib {
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
                let reason = Reason::Drop;
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
    pub(super) fn cover<'a>(
        &self,
        table: &'a Table,
        prefix: Prefix,
    ) -> Option<(Prefix, &'a Entry)> {
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
