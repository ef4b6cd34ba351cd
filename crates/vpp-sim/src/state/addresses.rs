//! Addresses of interfaces and the routes that come with them.

use std::collections::{BTreeMap, HashMap};

use super::Vpp;
use super::fib::{Change, Source};
use super::link_local::is_link_local;
use super::path::{Path, PathKind, Reason};
use super::prefix::{Family, Prefix};
use super::retval::{Outcome, Retval};
use crate::release::Release;

/// From this release on the route to an address itself is added before those of its network.
const HOST_FIRST: Release = Release::new(25, 10);

/// The network of an interface in a table.
#[derive(Debug, Clone)]
struct Net {
    len: u8,
    sw_if_index: u32,
    addresses: Vec<u128>,
}

/// Networks on interfaces by table, so that an overlap is found without looking at every
/// interface; and how many addresses share the routes of a network.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nets {
    by_start: HashMap<(Family, u32), BTreeMap<u128, Net>>,
    routed: HashMap<(Family, u32, Prefix), u32>,
}

impl Nets {
    /// Whether VPP lets an address into a table: networks of different interfaces or lengths
    /// may not overlap, and an address may not be there twice.
    fn accepts(&self, family: Family, table: u32, index: u32, address: u128, len: u8) -> bool {
        let Some(nets) = self.by_start.get(&(family, table)) else { return true };
        let wanted = Prefix::new(family, address, len);
        let last = wanted.last(family);
        let before = nets.range(..wanted.network).next_back();
        let overlapping = before
            .into_iter()
            .filter(|(start, net)| {
                Prefix::new(family, **start, net.len).last(family) >= wanted.network
            })
            .chain(nets.range(wanted.network..=last));
        overlapping.into_iter().all(|(_, net)| {
            net.sw_if_index == index && net.len == len && !net.addresses.contains(&address)
        })
    }

    fn add(&mut self, family: Family, table: u32, index: u32, address: u128, len: u8) {
        let start = Prefix::new(family, address, len).network;
        let nets = self.by_start.entry((family, table)).or_default();
        let net = nets.entry(start).or_insert_with(|| Net {
            len,
            sw_if_index: index,
            addresses: Vec::new(),
        });
        net.addresses.push(address);
    }

    fn remove(&mut self, family: Family, table: u32, address: u128, len: u8) {
        let start = Prefix::new(family, address, len).network;
        let Some(nets) = self.by_start.get_mut(&(family, table)) else { return };
        let Some(net) = nets.get_mut(&start) else { return };
        net.addresses.retain(|known| *known != address);
        if net.addresses.is_empty() {
            nets.remove(&start);
        }
    }
}

impl Vpp {
    /// Adds an address to an interface.
    pub(crate) fn add_address(
        &mut self,
        index: u32,
        family: Family,
        address: u128,
        len: u8,
    ) -> Outcome {
        self.check_addressable(index)?;
        if family == Family::V6 && is_link_local(address) {
            return self.set_link_local(index, address, len);
        }
        let table = self.interfaces.get(index)?.table(family);
        if !self.address_nets.accepts(family, table, index, address, len) {
            return Err(match family {
                Family::V4 => Retval::ADDRESS_IN_USE,
                Family::V6 => Retval::DUPLICATE_IF_ADDRESS,
            });
        }
        if len == 0 || len > family.width() {
            return Err(Retval::ADDRESS_LENGTH_MISMATCH);
        }
        self.address_nets.add(family, table, index, address, len);
        let interface = self.interfaces.get_mut(index)?;
        interface.addresses[family.index()].push((address, len));
        let up = interface.admin_up;
        if family == Family::V6 {
            self.enable_ip6(index)?;
        }
        if up {
            self.route_address(index, family, address, len, Presence::Added)?;
        }
        Ok(())
    }

    /// Removes an address. VPP finds it by the address alone, the length given only decides
    /// which routes go with it.
    pub(crate) fn remove_address(
        &mut self,
        index: u32,
        family: Family,
        address: u128,
        len: u8,
    ) -> Outcome {
        self.check_addressable(index)?;
        if family == Family::V6 && is_link_local(address) {
            return self.refuse_link_local_removal(index, address, len);
        }
        let interface = self.interfaces.get_mut(index)?;
        let addresses = &mut interface.addresses[family.index()];
        let at = addresses
            .iter()
            .position(|(known, _)| *known == address)
            .ok_or(Retval::ADDRESS_NOT_FOUND_FOR_INTERFACE)?;
        let (_, stored_len) = addresses.remove(at);
        let (table, up) = (interface.table(family), interface.admin_up);
        self.address_nets.remove(family, table, address, stored_len);
        if up {
            self.route_address(index, family, address, len, Presence::Removed)?;
        }
        let covered = Prefix::new(family, address, len);
        self.flush_neighbors(index, |neighbor| {
            !neighbor.is_static
                && neighbor.family == family
                && Prefix::new(family, neighbor.bits, len).network == covered.network
        });
        if family == Family::V6 {
            self.disable_ip6(index);
        }
        Ok(())
    }

    /// Removes all addresses of an interface.
    pub(crate) fn clear_addresses(&mut self, index: u32) -> Outcome {
        for family in Family::BOTH {
            for (address, len) in self.interfaces.get(index)?.addresses(family).to_vec() {
                self.remove_address(index, family, address, len)?;
            }
        }
        Ok(())
    }

    /// Routes of all addresses of an interface, which exist only while it is up.
    pub(crate) fn address_routes(&mut self, index: u32, family: Family, up: bool) -> Outcome {
        let presence = if up { Presence::Added } else { Presence::Removed };
        for (address, len) in self.interfaces.get(index)?.addresses(family).to_vec() {
            self.route_address(index, family, address, len, presence)?;
        }
        Ok(())
    }

    fn check_addressable(&self, index: u32) -> Outcome {
        use super::interfaces::sub_flags::EXACT_MATCH;
        let interface = self.interfaces.get(index)?;
        let loose = interface.sub.is_some_and(|sub| sub.flags & EXACT_MATCH == 0);
        if index == 0 || loose { Err(Retval::UNSUPPORTED) } else { Ok(()) }
    }

    /// Puts the routes of one address into the table of its interface, or takes them out.
    fn route_address(
        &mut self,
        index: u32,
        family: Family,
        address: u128,
        len: u8,
        presence: Presence,
    ) -> Outcome {
        let table = self.interfaces.get(index)?.table(family);
        let net_first = match presence {
            Presence::Added => self.release < HOST_FIRST,
            Presence::Removed => family == Family::V6,
        };
        if net_first {
            self.route_net(index, family, table, (address, len), presence);
            self.route_host(index, family, table, address, presence);
        } else {
            self.route_host(index, family, table, address, presence);
            self.route_net(index, family, table, (address, len), presence);
        }
        Ok(())
    }

    fn route_host(
        &mut self,
        index: u32,
        family: Family,
        table: u32,
        address: u128,
        presence: Presence,
    ) {
        let receive = PathKind::Receive { sw_if_index: index, address };
        self.interface_route(family, table, Prefix::host(family, address), receive, presence);
    }

    /// The network of an address, unless another address still needs it.
    fn route_net(
        &mut self,
        index: u32,
        family: Family,
        table: u32,
        (address, len): (u128, u8),
        presence: Presence,
    ) {
        let net = Prefix::new(family, address, len);
        if len >= family.width() || !self.count_net(family, index, net, presence) {
            return;
        }
        let connected = PathKind::Attached { sw_if_index: index };
        match presence {
            Presence::Added => {
                let is_new = !self.fib(family).has_entry(table, net);
                self.interface_route(family, table, net, connected, presence);
                if family == Family::V4 {
                    if is_new {
                        self.fib_mut(family).show_as(table, net, address);
                    }
                    self.ends_of_net(index, table, address, net, presence);
                }
            }
            Presence::Removed => {
                if family == Family::V4 {
                    self.ends_of_net(index, table, address, net, presence);
                }
                self.interface_route(family, table, net, connected, presence);
            }
        }
    }

    /// The base and broadcast address of an IPv4 network are dropped; of two addresses the other
    /// one is the neighbour (RFC 3021).
    fn ends_of_net(
        &mut self,
        index: u32,
        table: u32,
        address: u128,
        net: Prefix,
        presence: Presence,
    ) {
        let family = Family::V4;
        if net.len == 31 {
            let other = address ^ 1;
            let kind = PathKind::AttachedNextHop { next_hop: other, sw_if_index: index };
            return self.interface_route(
                family,
                table,
                Prefix::host(family, other),
                kind,
                presence,
            );
        }
        for end in [net.network, net.last(family)] {
            if end != address {
                let drop = PathKind::Special { reason: Reason::Drop };
                self.interface_route(family, table, Prefix::host(family, end), drop, presence);
            }
        }
    }

    /// Several addresses may share a network; true if its routes have to change.
    fn count_net(&mut self, family: Family, index: u32, net: Prefix, presence: Presence) -> bool {
        let key = (family, index, net);
        let routed = &mut self.address_nets.routed;
        match presence {
            Presence::Added => {
                let count = routed.entry(key).or_default();
                *count += 1;
                *count == 1
            }
            Presence::Removed => match routed.get_mut(&key) {
                Some(count) if *count > 1 => {
                    *count -= 1;
                    false
                }
                Some(_) => {
                    routed.remove(&key);
                    true
                }
                None => false,
            },
        }
    }

    fn interface_route(
        &mut self,
        family: Family,
        table: u32,
        prefix: Prefix,
        kind: PathKind,
        presence: Presence,
    ) {
        let fib = self.fib_mut(family);
        match presence {
            Presence::Added => {
                let paths: Vec<Path> = vec![fib.path(kind)];
                fib.add(table, prefix, Source::INTERFACE, paths, Change::Replace);
            }
            Presence::Removed => {
                fib.remove(table, prefix, Source::INTERFACE, &[], Change::Replace);
            }
        }
    }
}

/// Which way routes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Added,
    Removed,
}
