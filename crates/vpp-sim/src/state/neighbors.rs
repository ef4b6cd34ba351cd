//! ARP and neighbour discovery entries.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

use super::Vpp;
use super::fib::{Change, Source};
use super::interfaces::Mac;
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
}

/// All neighbours by interface.
#[derive(Debug, Clone, Default)]
pub(crate) struct Neighbors {
    entries: BTreeMap<(Family, u32, u128), Neighbor>,
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
            .map(|(_, neighbor)| neighbor)
    }
}

impl Vpp {
    /// Adds a neighbour or changes its address; a dynamic one never replaces a static one.
    pub(crate) fn add_neighbor(&mut self, neighbor: Neighbor) -> Outcome {
        self.interfaces.get(neighbor.sw_if_index)?;
        let key = (neighbor.family, neighbor.sw_if_index, neighbor.bits);
        let Some(known) = self.neighbors.entries.get_mut(&key) else {
            self.route_neighbor(&neighbor)?;
            self.neighbors.entries.insert(key, neighbor);
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
        self.unroute_neighbor(&gone);
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
                if let Some(gone) = self.neighbors.entries.remove(&(family, index, bits)) {
                    self.unroute_neighbor(&gone);
                }
            }
        }
    }

    fn unroute_neighbor(&mut self, gone: &Neighbor) {
        if gone.no_fib_entry {
            return;
        }
        if let Ok(interface) = self.interfaces.get(gone.sw_if_index) {
            let table = interface.table(gone.family);
            let prefix = Prefix::host(gone.family, gone.bits);
            let fib = self.fib_mut(gone.family);
            let path = fib.path(PathKind::AttachedNextHop {
                next_hop: gone.bits,
                sw_if_index: gone.sw_if_index,
            });
            // The same address may be a neighbour on other interfaces too.
            fib.remove(table, prefix, Source::ADJACENCY, &[path], Change::Merge);
        }
    }

    fn route_neighbor(&mut self, neighbor: &Neighbor) -> Outcome {
        let link_local =
            neighbor.family == Family::V6 && super::addresses::is_link_local(neighbor.bits);
        if neighbor.no_fib_entry || link_local {
            return Ok(());
        }
        let table = self.interfaces.get(neighbor.sw_if_index)?.table(neighbor.family);
        let fib = self.fib_mut(neighbor.family);
        let path = fib.path(PathKind::AttachedNextHop {
            next_hop: neighbor.bits,
            sw_if_index: neighbor.sw_if_index,
        });
        let prefix = Prefix::host(neighbor.family, neighbor.bits);
        fib.add(table, prefix, Source::ADJACENCY, vec![path], Change::Merge);
        Ok(())
    }
}
