//! What a simulated VPP has, as tests look at it.

use std::net::IpAddr;

use crate::state::Vpp;
use crate::state::fib::Source;
use crate::state::interfaces::{Interface as Inner, L2Mode};
use crate::state::path::PathKind;
use crate::state::prefix::{Family, address};

/// A copy of everything configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// All interfaces, `local0` too, by index.
    pub interfaces: Vec<InterfaceState>,
    /// Bridge domains, without the one VPP has for itself.
    pub bridge_domains: Vec<BridgeDomainState>,
    /// Tables: family, id and name.
    pub tables: Vec<(Family, u32, String)>,
    /// Routes added over the API, without those VPP makes.
    pub routes: Vec<RouteState>,
    /// Neighbours.
    pub neighbors: Vec<NeighborState>,
    /// Cross-connects: where packets come from, and where they go.
    pub cross_connects: Vec<(u32, u32)>,
    /// Entries of MAC tables: bridge domain, address, interface.
    pub l2_fib: Vec<(u32, [u8; 6], u32)>,
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceState {
    /// `sw_if_index`.
    pub index: u32,
    /// Index of the parent; its own if it is no sub-interface.
    pub parent: u32,
    /// VPP's name.
    pub name: String,
    /// Tag, empty if it has none.
    pub tag: String,
    /// Device type.
    pub dev_type: String,
    /// Ethernet address; zero for interfaces that have none of their own.
    pub mac: [u8; 6],
    /// Whether it is enabled.
    pub admin_up: bool,
    /// Whether it has a link.
    pub link_up: bool,
    /// MTU of packets.
    pub mtu: u32,
    /// Addresses with prefix length.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Ids of the IPv4 and of the IPv6 table.
    pub tables: [u32; 2],
    /// The interface whose addresses it uses.
    pub unnumbered: Option<u32>,
    /// The bridge domain it is in.
    pub bridge_domain: Option<u32>,
}

/// A bridge domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeDomainState {
    /// Its id.
    pub id: u32,
    /// Its tag.
    pub tag: String,
    /// Its members.
    pub members: Vec<u32>,
    /// The member that connects it with routing.
    pub bvi: Option<u32>,
    /// Entries for ARP termination.
    pub arp_entries: Vec<(IpAddr, [u8; 6])>,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteState {
    /// Id of the table.
    pub table: u32,
    /// Destination.
    pub destination: (IpAddr, u8),
    /// Next hop and interface of each path; those without are left out.
    pub paths: Vec<(Option<IpAddr>, Option<u32>)>,
}

/// A neighbour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighborState {
    /// Interface.
    pub sw_if_index: u32,
    /// Address.
    pub ip: IpAddr,
    /// Ethernet address.
    pub mac: [u8; 6],
    /// Whether it stays for ever.
    pub is_static: bool,
}

impl State {
    /// The interface of a tag.
    #[must_use]
    pub fn interface(&self, tag: &str) -> Option<&InterfaceState> {
        self.interfaces.iter().find(|interface| interface.tag == tag)
    }

    /// The bridge domain of a tag.
    #[must_use]
    pub fn bridge_domain(&self, tag: &str) -> Option<&BridgeDomainState> {
        self.bridge_domains.iter().find(|domain| domain.tag == tag)
    }

    /// Whether a route to this destination was added to the table.
    #[must_use]
    pub fn has_route(&self, table: u32, destination: (IpAddr, u8)) -> bool {
        self.routes.iter().any(|r| r.table == table && r.destination == destination)
    }

    pub(crate) fn of(vpp: &Vpp) -> Self {
        let mut state = Self {
            interfaces: vpp.interfaces.iter().map(|interface| look_at(vpp, interface)).collect(),
            bridge_domains: vpp.bridges.iter().map(look_at_domain).collect(),
            l2_fib: vpp
                .bridges
                .macs(None)
                .into_iter()
                .map(|(domain, mac, entry)| (domain, mac, entry.sw_if_index))
                .collect(),
            ..Self::default()
        };
        for interface in vpp.interfaces.iter() {
            if let L2Mode::CrossConnect { tx } = interface.l2 {
                state.cross_connects.push((interface.index, tx));
            }
        }
        for family in Family::BOTH {
            look_at_family(vpp, family, &mut state);
        }
        state
    }
}

fn look_at_family(vpp: &Vpp, family: Family, state: &mut State) {
    let fib = vpp.fib(family);
    for table in fib.tables() {
        state.tables.push((family, table.id, table.name.clone()));
        let Ok(index) = fib.find(table.id) else { continue };
        for route in fib.routes_of(index, Source::API) {
            let paths = route.paths.as_slice().iter().map(|path| match path.kind {
                PathKind::AttachedNextHop { next_hop, sw_if_index } => {
                    (Some(address(family, next_hop)), Some(sw_if_index))
                }
                PathKind::Recursive { next_hop, .. } => (Some(address(family, next_hop)), None),
                _ => (None, path.interface()),
            });
            state.routes.push(RouteState {
                table: table.id,
                destination: (address(family, route.prefix.network), route.prefix.len),
                paths: paths.collect(),
            });
        }
    }
    state.neighbors.extend(vpp.neighbors.of(family, None).map(|neighbor| NeighborState {
        sw_if_index: neighbor.sw_if_index,
        ip: neighbor.address(),
        mac: neighbor.mac,
        is_static: neighbor.is_static,
    }));
}

fn look_at(vpp: &Vpp, interface: &Inner) -> InterfaceState {
    let hardware = vpp.interfaces.hardware(interface.index).ok();
    let addresses = Family::BOTH.into_iter().flat_map(|family| {
        interface.addresses(family).iter().map(move |(bits, len)| (address(family, *bits), *len))
    });
    InterfaceState {
        index: interface.index,
        parent: interface.sup,
        name: interface.name.clone(),
        tag: interface.tag.clone(),
        dev_type: hardware.map(|h| h.dev_type.clone()).unwrap_or_default(),
        mac: interface.hardware.as_ref().and_then(|own| own.mac).unwrap_or_default(),
        admin_up: interface.admin_up,
        link_up: hardware.is_some_and(|h| h.link_up),
        mtu: interface.mtu[0],
        addresses: addresses.collect(),
        tables: Family::BOTH.map(|family| vpp.fib(family).table_id(interface.table(family))),
        unnumbered: interface.unnumbered,
        bridge_domain: match interface.l2 {
            L2Mode::Bridge { bd_index, .. } => Some(vpp.bridges.id_of(bd_index)),
            _ => None,
        },
    }
}

fn look_at_domain(domain: &crate::state::BridgeDomain) -> BridgeDomainState {
    BridgeDomainState {
        id: domain.id,
        tag: domain.tag.clone(),
        members: domain.members.clone(),
        bvi: domain.bvi,
        arp_entries: domain.arp_entries.iter().map(|(ip, mac)| (*ip, *mac)).collect(),
    }
}
