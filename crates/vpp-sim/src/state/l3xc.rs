//! Cross-connects of IP packets.

use super::Vpp;
use super::path::Path;
use super::pool::Pool;
use super::prefix::Family;
use super::retval::{Outcome, Retval};

/// A cross-connect.
#[derive(Debug, Clone)]
pub(crate) struct L3xc {
    pub(crate) sw_if_index: u32,
    pub(crate) family: Family,
    /// In VPP's order.
    pub(crate) paths: Vec<Path>,
}

/// All of them. VPP keeps those of interfaces that are gone.
#[derive(Debug, Default)]
pub(crate) struct L3xcs {
    pool: Pool<L3xc>,
}

impl L3xcs {
    fn find(&self, sw_if_index: u32, family: Family) -> Option<u32> {
        let same = |l3xc: &L3xc| l3xc.sw_if_index == sw_if_index && l3xc.family == family;
        self.pool.iter().find(|(_, l3xc)| same(l3xc)).map(|(at, _)| at)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &L3xc> {
        self.pool.iter().map(|(_, l3xc)| l3xc)
    }

    /// Those of one interface, IPv4 first.
    pub(crate) fn of(&self, sw_if_index: u32) -> impl Iterator<Item = &L3xc> {
        let find = move |family| self.pool.get(self.find(sw_if_index, family)?);
        Family::BOTH.into_iter().filter_map(find)
    }
}

impl Vpp {
    /// Makes a cross-connect or changes its paths.
    pub(crate) fn set_l3xc(&mut self, sw_if_index: u32, family: Family, paths: Vec<Path>) {
        let paths = Path::merge(&[], paths);
        let l3xc = L3xc { sw_if_index, family, paths };
        match self.l3xcs.find(sw_if_index, family).and_then(|at| self.l3xcs.pool.get_mut(at)) {
            Some(known) => *known = l3xc,
            None => {
                self.l3xcs.pool.insert(l3xc);
            }
        }
    }

    pub(crate) fn delete_l3xc(&mut self, sw_if_index: u32, family: Family) -> Outcome {
        let at = self.l3xcs.find(sw_if_index, family).ok_or(Retval::INVALID_VALUE)?;
        self.l3xcs.pool.remove(at);
        Ok(())
    }
}
