//! ARP and neighbour discovery entries.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

use super::Vpp;
use super::fib::{Change, Source};
use super::interfaces::Mac;
use super::link_local::is_link_local;
use super::path::PathKind;
use super::prefix::{Family, Prefix, address, bits};
use super::retval::{Outcome, Retval};

/// A neighbour.
#[derive(Debug, Clone)]
pub(crate) struct Neighbor {
    pub(crate) sw_if_index: u32,
    pub(crate) family: Family,
    pub(crate) bits: u128,
    pub(crate) mac: Mac,
    pub(crate) is_static: bool,
    /// No host route was made for it.
    pub(crate) no_fib_entry: bool,
    pub(crate) updated: Instant,
}

impl Neighbor {
    pub(crate) fn address(&self) -> IpAddr {
        address(self.family, self.bits)
    }

    fn path(&self) -> PathKind {
        PathKind::AttachedNextHop { next_hop: self.bits, sw_if_index: self.sw_if_index }
    }

    /// IPv6 keeps link-local ones in tables of their own.
    fn is_link_local(&self) -> bool {
        self.family == Family::V6 && is_link_local(self.bits)
    }
}

/// Limits and ageing of learned neighbours of a family.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aging {
    pub(crate) max_number: u32,
    /// Seconds; 0 for never.
    pub(crate) max_age: u32,
    pub(crate) recycle: bool,
}

impl Default for Aging {
    fn default() -> Self {
        Self { max_number: 50_000, max_age: 0, recycle: false }
    }
}

/// A neighbour with what VPP made of it.
#[derive(Debug, Clone)]
struct Kept {
    neighbor: Neighbor,
    /// Whether it has a host route.
    is_routed: bool,
}

/// All neighbours by interface.
#[derive(Debug, Clone, Default)]
pub(crate) struct Neighbors {
    entries: BTreeMap<(Family, u32, u128), Kept>,
}

impl Neighbors {
    /// Neighbours of a family, of one interface or of all.
    pub(crate) fn of(&self, family: Family, index: Option<u32>) -> impl Iterator<Item = &Neighbor> {
        let (first, last) = match index {
            Some(index) => (index, index),
            None => (0, u32::MAX),
        };
        self.entries
            .range((family, first, 0)..=(family, last, u128::MAX))
            .map(|(_, kept)| &kept.neighbor)
    }
}

impl Vpp {
    /// Adds a neighbour or changes its address; a dynamic one never replaces a static one.
    pub(crate) fn add_neighbor(&mut self, neighbor: Neighbor) -> Outcome {
        self.interfaces.get(neighbor.sw_if_index)?;
        let key = (neighbor.family, neighbor.sw_if_index, neighbor.bits);
        let Some(Kept { neighbor: known, .. }) = self.neighbors.entries.get_mut(&key) else {
            let table = self.interfaces.get(neighbor.sw_if_index)?.table(neighbor.family);
            let is_routed = !neighbor.no_fib_entry && self.route_neighbor(&neighbor, table);
            self.neighbors.entries.insert(key, Kept { neighbor, is_routed });
            return Ok(());
        };
        if known.is_static && !neighbor.is_static {
            // VPP answers with a bare -2 here, not meaning the interface.
            let same = known.mac == neighbor.mac;
            return if same { Ok(()) } else { Err(Retval::INVALID_SW_IF_INDEX) };
        }
        known.is_static |= neighbor.is_static;
        known.mac = neighbor.mac;
        known.updated = neighbor.updated;
        Ok(())
    }

    /// Removes a neighbour.
    pub(crate) fn delete_neighbor(&mut self, index: u32, ip: IpAddr) -> Outcome {
        self.interfaces.get(index)?;
        let family = Family::of(ip);
        let key = (family, index, bits(ip));
        let gone = self.neighbors.entries.remove(&key).ok_or(Retval::NO_SUCH_ENTRY)?;
        let table = self.interfaces.get(index)?.table(family);
        self.unroute_neighbor(&gone, table);
        Ok(())
    }

    /// Removes neighbours of an interface, and the host routes made for them.
    pub(crate) fn flush_neighbors(&mut self, index: u32, which: impl Fn(&Neighbor) -> bool) {
        for family in Family::BOTH {
            let gone: Vec<u128> = self
                .neighbors
                .of(family, Some(index))
                .filter(|neighbor| which(neighbor))
                .map(|neighbor| neighbor.bits)
                .collect();
            for bits in gone {
                let gone = self.neighbors.entries.remove(&(family, index, bits));
                let table = self.interfaces.get(index).map(|interface| interface.table(family));
                if let (Some(gone), Ok(table)) = (gone, table) {
                    self.unroute_neighbor(&gone, table);
                }
            }
        }
    }

    /// Neighbours follow their interface to another table. On the way VPP gives a route to all
    /// of them, even to those that asked for none.
    pub(crate) fn move_neighbors(&mut self, index: u32, family: Family, from: u32, to: u32) {
        let keys: Vec<_> = self
            .neighbors
            .of(family, Some(index))
            .map(|neighbor| (family, index, neighbor.bits))
            .collect();
        for key in keys {
            let Some(kept) = self.neighbors.entries.get(&key).cloned() else { continue };
            self.unroute_neighbor(&kept, from);
            let is_routed = self.route_neighbor(&kept.neighbor, to);
            self.neighbors.entries.insert(key, Kept { is_routed, ..kept });
        }
    }

    /// A host route for a neighbour; true if there is one now.
    fn route_neighbor(&mut self, neighbor: &Neighbor, table: u32) -> bool {
        if neighbor.is_link_local() {
            self.add_link_local_entry(neighbor.sw_if_index);
            return true;
        }
        let fib = self.fib_mut(neighbor.family);
        let path = fib.path(neighbor.path());
        let prefix = Prefix::host(neighbor.family, neighbor.bits);
        fib.add(table, prefix, Source::ADJACENCY, vec![path], Change::Merge);
        fib.hold_for_neighbor(table);
        true
    }

    fn unroute_neighbor(&mut self, gone: &Kept, table: u32) {
        if !gone.is_routed {
            return;
        }
        let neighbor = &gone.neighbor;
        if neighbor.is_link_local() {
            return self.remove_link_local_entry(neighbor.sw_if_index);
        }
        let prefix = Prefix::host(neighbor.family, neighbor.bits);
        let fib = self.fib_mut(neighbor.family);
        // The same address may be a neighbour on other interfaces too.
        let path = fib.path(neighbor.path());
        fib.remove(table, prefix, Source::ADJACENCY, &[path], Change::Merge);
        fib.release_for_neighbor(table);
    }
}
