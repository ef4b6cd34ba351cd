//! Where the peers of multipoint tunnels are reached.

use std::net::IpAddr;

use super::Vpp;
use super::pool::Pool;
use super::prefix::Family;
use super::retval::{Outcome, Retval};
use crate::release::Release;

/// From this release on the table of the next hop is the one that is asked for; before, that of the interface.
const HEEDS_TABLE: Release = Release::new(22, 6);

/// An entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Teib {
    pub(crate) sw_if_index: u32,
    pub(crate) peer: IpAddr,
    pub(crate) next_hop: IpAddr,
    /// Index of the table of the next hop.
    pub(crate) table: u32,
}

/// All entries. VPP keeps those of interfaces that are gone.
#[derive(Debug, Default)]
pub(crate) struct Teibs {
    pool: Pool<Teib>,
}

impl Teibs {
    fn find(&self, sw_if_index: u32, peer: IpAddr) -> Option<u32> {
        let same = |entry: &Teib| entry.sw_if_index == sw_if_index && entry.peer == peer;
        self.pool.iter().find(|(_, entry)| same(entry)).map(|(at, _)| at)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Teib> {
        self.pool.iter().map(|(_, entry)| entry)
    }
}

impl Vpp {
    pub(crate) fn add_teib(
        &mut self,
        sw_if_index: u32,
        peer: IpAddr,
        next_hop: IpAddr,
        table_id: u32,
    ) -> Outcome {
        let table = self.fib(Family::of(next_hop)).find(table_id)?;
        if self.teibs.find(sw_if_index, peer).is_some() {
            return Err(Retval::ENTRY_ALREADY_EXISTS);
        }
        let table = match self.release >= HEEDS_TABLE {
            true => table,
            false => self.interfaces.get(sw_if_index)?.table(Family::of(next_hop)),
        };
        self.teibs.pool.insert(Teib { sw_if_index, peer, next_hop, table });
        Ok(())
    }

    pub(crate) fn delete_teib(&mut self, sw_if_index: u32, peer: IpAddr) -> Outcome {
        let at = self.teibs.find(sw_if_index, peer).ok_or(Retval::NO_SUCH_ENTRY)?;
        self.teibs.pool.remove(at);
        Ok(())
    }
}
