//! What is known of the links of the default namespace, and which keys follow from it. No I/O.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ipnet::IpNet;
use ligato_model::Key;
use ligato_netlink::{Event, Link, LinkKind, Snapshot};

use crate::keys;

/// Links and addresses by link index. Only what is up is advertised: the link itself, its
/// addresses, the VRF device it belongs to.
#[derive(Debug, Clone, Default)]
pub struct HostState {
    links: HashMap<u32, HostLink>,
    addresses: HashMap<u32, BTreeSet<IpNet>>,
    /// Which links have this one as their master.
    members: HashMap<u32, BTreeSet<u32>>,
    /// What has been told, by link.
    advertised: HashMap<u32, BTreeSet<Key>>,
}

#[derive(Debug, Clone)]
struct HostLink {
    name: String,
    up: bool,
    master: Option<u32>,
    is_vrf: bool,
}

/// Keys that came and went.
pub(crate) type Changes = BTreeMap<Key, Presence>;

/// Is what a key stands for there?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Here,
    Gone,
}

impl HostState {
    /// A state from the tables of the kernel.
    #[must_use]
    pub fn from_snapshot(snapshot: &Snapshot) -> HostState {
        let mut state = HostState::default();
        for link in &snapshot.links {
            state.put_link(link);
        }
        for address in &snapshot.addresses {
            state.addresses.entry(address.link).or_default().insert(address.net);
        }
        let indexes: Vec<u32> = state.links.keys().copied().collect();
        state.tell(indexes);
        state
    }

    /// Every key that is advertised.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<Key> {
        self.advertised.values().flatten().cloned().collect()
    }

    /// Does the event take down a link that has been up? Such a thing is often undone at once: a
    /// rename or a new hardware address takes a link down and up again.
    pub(crate) fn goes_down(&self, event: &Event) -> Option<u32> {
        match event {
            Event::Link(link) if !link.admin_up => {
                self.links.get(&link.index).filter(|known| known.up).map(|_| link.index)
            }
            _ => None,
        }
    }

    /// Takes an event in; gives the keys that came and went.
    pub(crate) fn apply(&mut self, event: &Event) -> Changes {
        match event {
            Event::Snapshot(snapshot) => {
                let before = self.keys();
                *self = HostState::from_snapshot(snapshot);
                difference(&before, &self.keys())
            }
            Event::Link(link) => {
                self.put_link(link);
                // The key of a member contains the name of its VRF device.
                let members = self.members.get(&link.index).into_iter().flatten().copied();
                let affected: Vec<u32> = members.chain([link.index]).collect();
                self.tell(affected)
            }
            Event::LinkRemoved(link) => {
                self.remove_link(link.index);
                let members = self.members.remove(&link.index).unwrap_or_default();
                self.tell(members.into_iter().chain([link.index]).collect())
            }
            Event::Address(address) => {
                self.addresses.entry(address.link).or_default().insert(address.net);
                self.tell(vec![address.link])
            }
            Event::AddressRemoved(address) => {
                if let Some(nets) = self.addresses.get_mut(&address.link) {
                    nets.remove(&address.net);
                }
                self.tell(vec![address.link])
            }
            Event::Route(_) | Event::RouteRemoved(_) => Changes::new(),
        }
    }

    fn put_link(&mut self, link: &Link) {
        let known = HostLink {
            name: link.name.clone(),
            up: link.admin_up,
            master: link.master,
            is_vrf: matches!(link.kind, LinkKind::Vrf { .. }),
        };
        let before = self.links.insert(link.index, known).and_then(|old| old.master);
        if before != link.master {
            self.leave(link.index, before);
            if let Some(master) = link.master {
                self.members.entry(master).or_default().insert(link.index);
            }
        }
    }

    /// The addresses go along: a new link of that name begins without.
    fn remove_link(&mut self, index: u32) {
        let master = self.links.remove(&index).and_then(|old| old.master);
        self.addresses.remove(&index);
        self.leave(index, master);
    }

    fn leave(&mut self, index: u32, master: Option<u32>) {
        let Some(master) = master else { return };
        if let Some(members) = self.members.get_mut(&master) {
            members.remove(&index);
            if members.is_empty() {
                self.members.remove(&master);
            }
        }
    }

    /// Brings what has been told about these links up to date.
    fn tell(&mut self, indexes: Vec<u32>) -> Changes {
        let mut before = BTreeSet::new();
        let mut after = BTreeSet::new();
        for index in indexes {
            let keys = self.keys_of(index);
            after.extend(keys.iter().cloned());
            before.extend(
                match keys.is_empty() {
                    true => self.advertised.remove(&index),
                    false => self.advertised.insert(index, keys),
                }
                .unwrap_or_default(),
            );
        }
        difference(&before, &after)
    }

    fn keys_of(&self, index: u32) -> BTreeSet<Key> {
        let Some(link) = self.links.get(&index).filter(|link| link.up) else {
            return BTreeSet::new();
        };
        let addresses = self.addresses.get(&index).into_iter().flatten();
        let vrf = link.master.and_then(|master| self.links.get(&master)).filter(|m| m.is_vrf);
        let mut keys: BTreeSet<Key> =
            addresses.map(|net| keys::host_address(&link.name, *net)).collect();
        keys.insert(keys::host_link(&link.name));
        keys.extend(vrf.map(|vrf| keys::host_vrf(&link.name, &vrf.name)));
        keys
    }
}

fn difference(before: &BTreeSet<Key>, after: &BTreeSet<Key>) -> Changes {
    let gone = before.difference(after).map(|key| (key.clone(), Presence::Gone));
    let here = after.difference(before).map(|key| (key.clone(), Presence::Here));
    gone.chain(here).collect()
}

#[cfg(test)]
mod tests {
    use ligato_netlink::{Address, AddressScope, LinkCounters, OperState};

    use super::*;

    fn link(index: u32, name: &str) -> Link {
        Link {
            index,
            name: name.into(),
            kind: LinkKind::Dummy,
            alias: None,
            mtu: 1500,
            mac: None,
            admin_up: true,
            oper: OperState::Up,
            master: None,
            peer: None,
            counters: LinkCounters::default(),
        }
    }

    fn address(index: u32, net: &str) -> Address {
        Address { link: index, net: net.parse().unwrap(), scope: AddressScope::Global }
    }

    /// `+` what came, `-` what went, without the common prefix.
    fn changes(state: &mut HostState, event: &Event) -> Vec<String> {
        let mark = |presence| match presence {
            Presence::Here => '+',
            Presence::Gone => '-',
        };
        state
            .apply(event)
            .into_iter()
            .map(|(key, p)| format!("{}{}", mark(p), &key[keys::HOST_NAME_PREFIX.len()..]))
            .collect()
    }

    #[test]
    fn only_links_that_are_up_are_told_with_all_they_have() {
        let mut state = HostState::default();
        let down = Link { admin_up: false, ..link(2, "eth0") };
        assert!(changes(&mut state, &Event::Link(down.clone())).is_empty());
        assert!(changes(&mut state, &Event::Address(address(2, "10.0.0.1/24"))).is_empty());
        let all = ["+eth0", "+eth0/address/10.0.0.1/24"];
        assert_eq!(changes(&mut state, &Event::Link(link(2, "eth0"))), all);
        assert!(changes(&mut state, &Event::Link(link(2, "eth0"))).is_empty(), "nothing new");
        assert_eq!(state.goes_down(&Event::Link(down.clone())), Some(2));
        let gone = ["-eth0", "-eth0/address/10.0.0.1/24"];
        assert_eq!(changes(&mut state, &Event::Link(down)), gone);
    }

    #[test]
    fn addresses_come_and_go() {
        let mut state = HostState::default();
        changes(&mut state, &Event::Link(link(2, "eth0")));
        let event = Event::Address(address(2, "2001:db8::1/64"));
        assert_eq!(changes(&mut state, &event), ["+eth0/address/2001:db8::1/64"]);
        let event = Event::AddressRemoved(address(2, "2001:db8::1/64"));
        assert_eq!(changes(&mut state, &event), ["-eth0/address/2001:db8::1/64"]);
        let unknown = Event::AddressRemoved(address(9, "10.0.0.1/24"));
        assert!(changes(&mut state, &unknown).is_empty());
    }

    #[test]
    fn a_link_that_comes_back_has_no_stale_addresses() {
        let mut state = HostState::default();
        changes(&mut state, &Event::Link(link(2, "eth0")));
        changes(&mut state, &Event::Address(address(2, "10.0.0.1/24")));
        changes(&mut state, &Event::LinkRemoved(link(2, "eth0")));
        assert!(state.keys().is_empty());
        assert_eq!(changes(&mut state, &Event::Link(link(2, "eth0"))), ["+eth0"]);
    }

    #[test]
    fn a_rename_takes_everything_along() {
        let mut state = HostState::default();
        changes(&mut state, &Event::Link(link(2, "eth0")));
        changes(&mut state, &Event::Address(address(2, "10.0.0.1/24")));
        assert_eq!(
            changes(&mut state, &Event::Link(link(2, "lan"))),
            ["-eth0", "-eth0/address/10.0.0.1/24", "+lan", "+lan/address/10.0.0.1/24"]
        );
    }

    #[test]
    fn the_vrf_device_is_told_by_name() {
        let mut state = HostState::default();
        let vrf = |name: &str| Link { kind: LinkKind::Vrf { table: 10 }, ..link(7, name) };
        let member = Link { master: Some(7), ..link(2, "eth0") };
        assert_eq!(changes(&mut state, &Event::Link(member)), ["+eth0"]);
        let come = ["+blue", "+eth0/vrf-host-name/blue"];
        assert_eq!(changes(&mut state, &Event::Link(vrf("blue"))), come);
        let other = ["-blue", "-eth0/vrf-host-name/blue", "+eth0/vrf-host-name/red", "+red"];
        assert_eq!(changes(&mut state, &Event::Link(vrf("red"))), other);
        let gone = ["-eth0/vrf-host-name/red", "-red"];
        assert_eq!(changes(&mut state, &Event::LinkRemoved(vrf("red"))), gone);
    }

    #[test]
    fn a_bridge_is_no_vrf() {
        let mut state = HostState::default();
        changes(&mut state, &Event::Link(Link { kind: LinkKind::Bridge, ..link(7, "br0") }));
        let member = Link { master: Some(7), ..link(2, "eth0") };
        assert_eq!(changes(&mut state, &Event::Link(member)), ["+eth0"]);
    }

    #[test]
    fn a_new_snapshot_tells_only_the_difference() {
        let mut state = HostState::default();
        changes(&mut state, &Event::Link(link(2, "eth0")));
        changes(&mut state, &Event::Link(link(3, "eth1")));
        let snapshot = Snapshot {
            links: vec![link(3, "eth1"), link(4, "eth2")],
            addresses: vec![address(4, "10.0.0.1/24")],
            routes: Vec::new(),
        };
        assert_eq!(
            changes(&mut state, &Event::Snapshot(snapshot)),
            ["-eth0", "+eth2", "+eth2/address/10.0.0.1/24"]
        );
    }
}
