//! IPv6 link-local addresses: one per interface, in a table of its own.

use std::collections::BTreeMap;

use super::Vpp;
use super::fib::LinkLocalTable;
use super::interfaces::LinkLocal;
use super::prefix::Family;
use super::retval::{Outcome, Retval};

/// Tables of link-local addresses by interface.
pub(crate) type LinkLocalTables = BTreeMap<u32, LinkLocalTable>;

/// fe80::/10, RFC 4291.
pub(crate) fn is_link_local(address: u128) -> bool {
    address >> 118 == 0xfe80 >> 6
}

impl Vpp {
    /// Gives an interface a link-local address in place of the one it has.
    pub(crate) fn set_link_local(&mut self, index: u32, address: u128, len: u8) -> Outcome {
        if len != 128 {
            return Err(Retval::ADDRESS_LENGTH_MISMATCH);
        }
        match &mut self.interfaces.get_mut(index)?.link_local {
            Some(known) => known.address = address,
            none => {
                *none = Some(LinkLocal { address, locks: 1 });
                self.add_link_local_entry(index);
            }
        }
        Ok(())
    }

    /// The address cannot be removed, only replaced.
    pub(crate) fn refuse_link_local_removal(&self, index: u32, address: u128, len: u8) -> Outcome {
        if len != 128 {
            return Err(Retval::ADDRESS_LENGTH_MISMATCH);
        }
        let own = self.interfaces.get(index)?.link_local;
        Err(if own.is_some_and(|own| own.address == address) {
            Retval::ADDRESS_NOT_DELETABLE
        } else {
            Retval::ADDRESS_NOT_FOUND_FOR_INTERFACE
        })
    }

    /// The first IPv6 address brings a link-local one, made from the Ethernet address (RFC 4291).
    pub(crate) fn enable_ip6(&mut self, index: u32) -> Outcome {
        let mac = self.interfaces.hardware(index)?.mac.unwrap_or([0x02, 0, 0, 0, 0, 1]);
        let [a, b, c, d, e, f] = mac;
        let id = u64::from_be_bytes([a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
        let address = (0xfe80_u128 << 112) | u128::from(id);
        match &mut self.interfaces.get_mut(index)?.link_local {
            Some(known) => known.locks += 1,
            none => {
                *none = Some(LinkLocal { address, locks: 1 });
                self.add_link_local_entry(index);
            }
        }
        Ok(())
    }

    /// Makes an interface take addresses over from routers, or stops it. Whether it did before.
    pub(crate) fn take_over_from_routers(&mut self, index: u32, enable: bool) -> bool {
        if enable {
            !self.makes_addresses.insert(index)
        } else {
            self.makes_addresses.remove(&index)
        }
    }

    /// The last IPv6 address takes the link-local one along.
    pub(crate) fn disable_ip6(&mut self, index: u32) {
        let Ok(interface) = self.interfaces.get_mut(index) else { return };
        let Some(known) = &mut interface.link_local else { return };
        known.locks = known.locks.saturating_sub(1);
        if known.locks == 0 {
            self.end_ip6(index);
        }
    }

    /// IPv6 ends with its interface, whoever enabled it.
    pub(crate) fn end_ip6(&mut self, index: u32) {
        let Ok(interface) = self.interfaces.get_mut(index) else { return };
        if interface.link_local.take().is_some() {
            self.remove_link_local_entry(index);
        }
    }

    /// One more entry in the link-local table of an interface, which the first one creates.
    pub(crate) fn add_link_local_entry(&mut self, index: u32) {
        let fib = &mut self.fibs[Family::V6.index()];
        let table = self.link_local_tables.entry(index).or_insert_with(|| fib.add_link_local());
        fib.add_link_local_entry(table);
    }

    /// One less; the last one takes the table along.
    pub(crate) fn remove_link_local_entry(&mut self, index: u32) {
        let fib = &mut self.fibs[Family::V6.index()];
        let Some(table) = self.link_local_tables.get_mut(&index) else { return };
        fib.remove_link_local_entry(table);
        if table.is_empty()
            && let Some(table) = self.link_local_tables.remove(&index)
        {
            fib.remove_link_local(table);
        }
    }
}
