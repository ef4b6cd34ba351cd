//! The state of the simulated VPP: what its tables hold, and the operations that keep them
//! consistent with each other.
//!
//! Nothing here knows messages. Each file owns one table; operations that touch several are
//! methods of [`Vpp`] in the file of the table they start from.

mod addresses;
mod af_packet;
mod bond;
mod bridge;
pub(crate) mod cards;
mod dhcp;
pub(crate) mod dhcp_client;
pub(crate) mod fib;
pub(crate) mod interfaces;
pub(crate) mod l3xc;
mod lcp;
mod lifecycle;
mod link_local;
mod memif;
mod neighbors;
pub(crate) mod path;
mod pool;
pub(crate) mod prefix;
pub(crate) mod proxy_arp;
pub(crate) mod retval;
pub(crate) mod span;
mod tap;
mod teib;
mod threads;
pub(crate) mod tunnels;
pub(crate) mod vrrp;

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub(crate) use self::af_packet::{AfPacketMode, AfPackets, HostInterfaces};
pub(crate) use self::bond::{Bond, BondSpec, Bonds, Member, MemberTiming};
pub(crate) use self::bridge::{BdFlags, BridgeDomain, Bridges, FibEntry, PortType};
use self::fib::{Fib, StatsIndexes};
use self::interfaces::{Interfaces, Mac};
pub(crate) use self::lcp::Carries;
pub(crate) use self::memif::{Memif, MemifSpec, Memifs};
pub(crate) use self::neighbors::{Aging, Neighbor, Neighbors};
use self::pool::Instances;
use self::prefix::Family;
pub(crate) use self::tap::{Tap, TapSpec, Taps};
pub(crate) use self::threads::Threads;
use crate::release::Release;

/// Everything a restart forgets.
#[derive(Debug)]
pub(crate) struct Vpp {
    /// What it does depends on it here and there.
    pub(crate) release: Release,
    pub(crate) threads: Threads,
    pub(crate) interfaces: Interfaces,
    pub(crate) loopbacks: Instances,
    pub(crate) fibs: [Fib; 2],
    pub(crate) neighbors: Neighbors,
    pub(crate) bridges: Bridges,
    pub(crate) memifs: Memifs,
    pub(crate) taps: Taps,
    pub(crate) af_packets: AfPackets,
    pub(crate) bonds: Bonds,
    pub(crate) tunnels: tunnels::Tunnels,
    pub(crate) cards: cards::Cards,
    pub(crate) l3xcs: l3xc::L3xcs,
    pub(crate) proxy_arps: proxy_arp::ProxyArps,
    pub(crate) dhcp_proxies: dhcp::DhcpProxies,
    pub(crate) dhcp_clients: dhcp_client::DhcpClients,
    pub(crate) teibs: teib::Teibs,
    pub(crate) virtual_routers: vrrp::VirtualRouters,
    pub(crate) spans: span::Spans,
    pairs: lcp::Pairs,
    pub(crate) aging: [neighbors::Aging; 2],
    address_nets: addresses::Nets,
    link_local_tables: link_local::LinkLocalTables,
    /// Interfaces that make addresses of what routers advertise. VPP does not look whether they are still there.
    makes_addresses: BTreeSet<u32>,
    /// Clients that asked for interface events, with the pid they gave.
    pub(crate) interface_subscribers: BTreeMap<u32, u32>,
    random: StdRng,
}

impl Vpp {
    pub(crate) fn new(
        release: Release,
        seed: u64,
        hosts: HostInterfaces,
        threads: Threads,
        runtime_dir: &str,
    ) -> Self {
        let stats = StatsIndexes::default();
        Self {
            release,
            threads,
            interfaces: Interfaces::default(),
            loopbacks: Instances::default(),
            fibs: Family::BOTH.map(|family| Fib::new(family, stats.clone())),
            neighbors: Neighbors::default(),
            bridges: Bridges::default(),
            memifs: Memifs::new(runtime_dir, release >= Release::new(23, 6)),
            taps: Taps::default(),
            af_packets: AfPackets::new(hosts),
            bonds: Bonds::default(),
            tunnels: tunnels::Tunnels::default(),
            cards: cards::Cards::default(),
            l3xcs: l3xc::L3xcs::default(),
            proxy_arps: proxy_arp::ProxyArps::default(),
            dhcp_proxies: dhcp::DhcpProxies::default(),
            dhcp_clients: dhcp_client::DhcpClients::default(),
            teibs: teib::Teibs::default(),
            virtual_routers: vrrp::VirtualRouters::default(),
            spans: span::Spans::default(),
            pairs: lcp::Pairs::default(),
            aging: Default::default(),
            address_nets: addresses::Nets::default(),
            link_local_tables: link_local::LinkLocalTables::default(),
            makes_addresses: BTreeSet::new(),
            interface_subscribers: BTreeMap::new(),
            random: StdRng::seed_from_u64(seed),
        }
    }

    pub(crate) fn fib(&self, family: Family) -> &Fib {
        &self.fibs[family.index()]
    }

    pub(crate) fn fib_mut(&mut self, family: Family) -> &mut Fib {
        &mut self.fibs[family.index()]
    }

    /// An address as VPP makes them up for interfaces without one.
    fn random_mac(&mut self) -> Mac {
        let [a, b, c, d]: [u8; 4] = self.random.random();
        [0x02, 0xfe, a, b, c, d]
    }

    /// A number nobody uses, for things a client asks to be numbered.
    pub(crate) fn random_id(&mut self, max: u32) -> u32 {
        self.random.random_range(1..=max)
    }
}
