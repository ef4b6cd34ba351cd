//! Addresses for which ARP requests are answered, and where.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::retval::{Outcome, Retval};

/// A range of addresses, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    /// Index of the table.
    pub(crate) table: u32,
    pub(crate) low: Ipv4Addr,
    pub(crate) high: Ipv4Addr,
}

/// Ranges in the order they came, and interfaces. VPP keeps interfaces that are gone.
#[derive(Debug, Default)]
pub(crate) struct ProxyArps {
    pub(crate) ranges: Vec<Range>,
    pub(crate) interfaces: BTreeSet<u32>,
}

impl ProxyArps {
    /// Adding a range again changes nothing.
    pub(crate) fn add(&mut self, range: Range) {
        if !self.ranges.contains(&range) {
            self.ranges.push(range);
        }
    }

    pub(crate) fn remove(&mut self, range: Range) -> Outcome {
        let at = self.ranges.iter().position(|r| *r == range).ok_or(Retval::NO_SUCH_ENTRY)?;
        self.ranges.remove(at);
        Ok(())
    }
}
