//! What was set in interfaces and tables, for what VPP does not tell back.

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::l3::vrf_table::FlowHashSettings;

/// A routing table: its number, and whether it is one of IPv6.
pub type Table = (u32, bool);

/// A range of addresses for which VPP answers ARP requests: the first one, the last one, and the table they are in.
pub type ProxyRange = (Ipv4Addr, Ipv4Addr, u32);

/// Interfaces as they were last made, changed or found, by VPP's index, how tables spread flows, and ranges of proxy ARP;
/// forgotten when VPP starts anew.
///
/// Without it a read-back could only take what VPP does not tell to be as it is wanted, and a wish that changes just that
/// would seem to be fulfilled.
#[derive(Debug, Default)]
pub struct Remembered {
    run: Mutex<Run>,
}

/// Of one run of VPP.
#[derive(Debug, Default)]
struct Run {
    incarnation: u64,
    interfaces: HashMap<u32, Interface>,
    /// Without settings: as VPP does by itself.
    flow_hashes: HashMap<Table, Option<FlowHashSettings>>,
    proxy_ranges: BTreeSet<ProxyRange>,
}

impl Remembered {
    /// The interface of this index, if it is still that of the name.
    pub fn get(&self, incarnation: u64, index: u32, name: &str) -> Option<Interface> {
        self.with(incarnation, |run| {
            run.interfaces.get(&index).filter(|known| known.name == name).cloned()
        })
    }

    /// An interface was made, changed or found as it was not known before.
    pub fn put(&self, incarnation: u64, index: u32, value: Interface) {
        self.with(incarnation, |run| drop(run.interfaces.insert(index, value)));
    }

    /// Something about an interface was changed by itself.
    pub fn change(&self, incarnation: u64, index: u32, change: impl FnOnce(&mut Interface)) {
        self.with(incarnation, |run| run.interfaces.get_mut(&index).map(change));
    }

    /// An interface is gone.
    pub fn remove(&self, incarnation: u64, index: u32) {
        self.with(incarnation, |run| drop(run.interfaces.remove(&index)));
    }

    /// How a table spreads flows; nothing if that is not known.
    pub fn flow_hash(&self, incarnation: u64, table: Table) -> Option<Option<FlowHashSettings>> {
        self.with(incarnation, |run| run.flow_hashes.get(&table).copied())
    }

    /// How a table spreads flows was set, or found as it was not known before.
    pub fn put_flow_hash(&self, incarnation: u64, table: Table, set: Option<FlowHashSettings>) {
        self.with(incarnation, |run| run.flow_hashes.insert(table, set));
    }

    /// A table is gone.
    pub fn remove_flow_hash(&self, incarnation: u64, table: Table) {
        self.with(incarnation, |run| run.flow_hashes.remove(&table));
    }

    /// The ranges of proxy ARP.
    pub fn proxy_ranges(&self, incarnation: u64) -> BTreeSet<ProxyRange> {
        self.with(incarnation, |run| run.proxy_ranges.clone())
    }

    /// Ranges of proxy ARP were set or removed, or found.
    pub fn change_proxy_ranges(
        &self,
        incarnation: u64,
        change: impl FnOnce(&mut BTreeSet<ProxyRange>),
    ) {
        self.with(incarnation, |run| change(&mut run.proxy_ranges));
    }

    fn with<T>(&self, incarnation: u64, f: impl FnOnce(&mut Run) -> T) -> T {
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        if run.incarnation != incarnation {
            *run = Run { incarnation, ..Run::default() };
        }
        f(&mut run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_run_of_vpp_and_another_name_have_nothing_in_common_with_the_old() {
        let known = Remembered::default();
        let value = Interface { name: "a".into(), ..Interface::default() };
        known.put(1, 5, value.clone());
        known.change(1, 5, |value| value.mtu = 7);
        assert_eq!(known.get(1, 5, "a"), Some(Interface { mtu: 7, ..value.clone() }));
        assert_eq!(known.get(1, 5, "b"), None);
        assert_eq!(known.get(2, 5, "a"), None);
        known.put(2, 5, value);
        known.remove(2, 5);
        assert_eq!(known.get(2, 5, "a"), None);
        known.put_flow_hash(2, (7, false), None);
        assert_eq!(known.flow_hash(2, (7, false)), Some(None));
        assert_eq!(known.flow_hash(2, (7, true)), None);
        assert_eq!(known.flow_hash(3, (7, false)), None);
        let range = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 9), 7);
        known.change_proxy_ranges(3, |ranges| *ranges = BTreeSet::from([range]));
        assert_eq!(known.proxy_ranges(3), BTreeSet::from([range]));
        assert_eq!(known.proxy_ranges(4), BTreeSet::new());
    }
}
