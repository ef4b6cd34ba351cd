//! Which of the paths in VPP are those of which known values.

use std::collections::HashMap;

use ipnet::IpNet;
use ligato_kvs_api::{Origin, Retrieved};
use ligato_model::{Key, Model};
use ligato_proto::vpp::l3::Route;

use super::{RouteKind, RouteMeta, weight};
use crate::destination;
use crate::path::{self, FoundPath, PathId, Slot, Target};

/// What is known, by what it is in VPP, so that a path is found quickly among very many.
pub(super) struct Correlation<'a> {
    known: Vec<Known<'a>>,
    /// The first of those that are the same path, each with the next one in `others`.
    by_path: HashMap<PathId, usize>,
    /// After the value of the same place: another one that is the same path, spelled differently.
    others: HashMap<usize, usize>,
    /// Paths that are there under the key of a known value and lead elsewhere than it is wanted.
    elsewhere: HashMap<PathId, usize>,
    names: HashMap<u32, &'a str>,
}

/// A value that is wanted or was seen before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) key: &'a Key,
    pub(super) value: &'a Route,
    /// Where it leads now, if it is in VPP.
    pub(super) applied: Option<RouteMeta>,
    pub(super) origin: Origin,
}

impl<'a> Correlation<'a> {
    /// `interfaces` are indexes with names. Routes over interfaces that are not there cannot be in VPP.
    pub(super) fn new(
        interfaces: impl IntoIterator<Item = (u32, &'a str)>,
        known: impl IntoIterator<Item = Known<'a>>,
    ) -> Self {
        let names: HashMap<_, _> = interfaces.into_iter().collect();
        let indexes: HashMap<_, _> = names.iter().map(|(index, name)| (*name, *index)).collect();
        let known: Vec<_> = known.into_iter().collect();
        let mut by_path = HashMap::with_capacity(known.len());
        let (mut others, mut elsewhere) = (HashMap::new(), HashMap::new());
        // Backwards, so that the first one comes first.
        for (at, known) in known.iter().enumerate().rev() {
            let interface = match known.value.outgoing_interface.as_str() {
                "" => None,
                name => match indexes.get(name) {
                    Some(index) => Some(*index),
                    None => continue,
                },
            };
            let Ok(id) = path::path_id(known.value, interface) else { continue };
            let id = id.as_held();
            if let Some(there) = known.applied.and_then(|applied| applied.instead_of(id)) {
                elsewhere.insert(there, at);
            }
            if let Some(other) = by_path.insert(id, at) {
                others.insert(at, other);
            }
        }
        Correlation { known, by_path, others, elsewhere, names }
    }

    /// The known values that are this path, which may be spelled differently.
    fn of(&self, path: PathId) -> impl Iterator<Item = (usize, &Known<'a>)> {
        let first = self.by_path.get(&path).copied();
        let all = std::iter::successors(first, |at| self.others.get(at).copied());
        all.filter_map(|at| Some((at, self.known.get(at)?)))
    }

    /// The place of a known value, of which this is the path.
    fn slot(&self, known: &Known<'_>, id: PathId) -> Option<Slot> {
        if id.target != Target::Drop {
            return Some(id.slot());
        }
        // What leads nowhere may all the same name an interface and a next hop in its key.
        let next_hop = destination::next_hop(known.value, id.destination)?;
        let name = known.value.outgoing_interface.as_str();
        let interface = self.names.iter().find(|(_, there)| **there == name);
        let target = match interface {
            Some((index, _)) => Target::Interface { sw_if_index: *index, next_hop },
            None => Target::Table { table: id.table, next_hop },
        };
        Some(PathId { target, ..id }.as_held().slot())
    }
}

/// What was found so far.
pub(super) struct Found<'a, 'k> {
    known: &'a Correlation<'k>,
    values: Vec<Retrieved<RouteKind>>,
    /// Which of the known values were found as they are wanted.
    in_place: Vec<bool>,
    /// Paths that are none of those wanted, and where in `values` they are.
    others: Vec<(PathId, usize)>,
}

impl<'a, 'k> Found<'a, 'k> {
    pub(super) fn new(known: &'a Correlation<'k>) -> Self {
        let in_place = vec![false; known.known.len()];
        Self { known, values: Vec::new(), in_place, others: Vec::new() }
    }

    /// One route of VPP by its paths.
    pub(super) fn route(&mut self, paths: impl Iterator<Item = FoundPath>) {
        let begin = self.values.len();
        let mut others = Vec::new();
        for path in paths {
            if !self.wanted(&path) {
                others.push(path);
            }
        }
        for path in others {
            self.other(&path, begin);
        }
    }

    /// Whether the path is one that is known, which may be several values; they are found as they are wanted.
    fn wanted(&mut self, path: &FoundPath) -> bool {
        let meta = RouteMeta::of(path.id.target);
        let before = self.values.len();
        for (at, known) in self.known.of(path.id) {
            let mut value = known.value.clone();
            value.preference = path.preference;
            if weight(&value) != path.weight.max(1) {
                value.weight = path.weight;
            }
            let origin = if known.origin == Origin::Sb { Origin::Sb } else { Origin::Nb };
            self.values.push(Retrieved { key: known.key.clone(), value, meta, origin });
            if let Some(in_place) = self.in_place.get_mut(at) {
                *in_place = true;
            }
        }
        self.values.len() > before
    }

    /// Another path of the route whose values begin there: one that this agent made and that is to be another by now, or
    /// one of whoever.
    fn other(&mut self, path: &FoundPath, begin: usize) {
        let name = |index| self.known.names.get(&index).map(|name| (*name).to_owned());
        let Some(value) = path::to_route(path, name) else { return };
        let meta = RouteMeta::of(path.id.target);
        let ours = self.known.elsewhere.get(&path.id).and_then(|at| self.known.known.get(*at));
        let found = match ours {
            Some(known) => Retrieved { key: known.key.clone(), value, meta, origin: Origin::Nb },
            None => Retrieved { key: value.key(), value, meta, origin: Origin::Unknown },
        };
        let of_route = self.values.iter_mut().skip(begin);
        match of_route.into_iter().find(|other| other.key == found.key) {
            // It has to go, whether or not what takes its place is there already.
            Some(same) if ours.is_some() => *same = found,
            // Somebody else's beside ours: there is no key for it, and it stays.
            Some(_) => {}
            None => {
                if ours.is_none() && !path.id.is_in_every_table() {
                    self.others.push((path.id, self.values.len()));
                }
                self.values.push(found);
            }
        }
    }

    /// All of it. What is wanted and not there may have been made otherwise before this agent was started: then that is
    /// what is found under its key, however the key is spelled.
    pub(super) fn finish(mut self) -> Vec<Retrieved<RouteKind>> {
        let mut there: HashMap<(u32, IpNet), Vec<(PathId, usize)>> = HashMap::new();
        for (id, at) in std::mem::take(&mut self.others) {
            there.entry((id.table, id.destination)).or_default().push((id, at));
        }
        if there.is_empty() {
            return self.values;
        }
        for (wanted, first) in &self.known.by_path {
            if self.in_place.get(*first).is_none_or(|in_place| *in_place) {
                continue;
            }
            let Some(there) = there.get_mut(&(wanted.table, wanted.destination)) else { continue };
            for (_, known) in self.known.of(*wanted) {
                let Some(slot) = self.known.slot(known, *wanted) else { continue };
                let same_key = |at: usize| self.values.get(at).is_some_and(|v| v.key == *known.key);
                let at = there.iter().position(|(_, at)| same_key(*at));
                let at = at.or_else(|| there.iter().position(|(id, _)| id.slot() == slot));
                let Some(at) = at else { continue };
                let (_, at) = there.swap_remove(at);
                if let Some(found) = self.values.get_mut(at) {
                    found.key = known.key.clone();
                }
            }
        }
        self.values
    }
}
