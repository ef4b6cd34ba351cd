//! A route of NB as a path of a route of VPP, and back.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use ligato_kvs_api::{Invalid, OpError};
use ligato_proto::vpp::l3::Route;
use ligato_proto::vpp::l3::route::RouteType;
use ligato_vpp_api::msg::ip::{IpRoute, IpRouteAddDel};
use ligato_vpp_api::types::{
    AddressUnion, FibPath, FibPathNh, FibPathNhProto, FibPathType, InterfaceIndex,
};
use ligato_vpp_api::{List, types::Prefix};

use crate::destination;

/// "No label" in the field for a label to resolve through.
pub(crate) const NO_LABEL: u32 = 0x10_0000;

/// What makes a path of a route in VPP this one and no other. Paths of one route differ in it.
///
/// Weight and preference are not part of it: they are content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PathId {
    pub(crate) table: u32,
    pub(crate) destination: IpNet,
    pub(crate) target: Target,
}

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Target {
    /// Nowhere.
    Drop,
    /// Out of an interface, to a next hop or directly.
    Interface { sw_if_index: u32, next_hop: IpAddr },
    /// To wherever this table leads the next hop or, without one, the packet itself.
    Table { table: u32, next_hop: IpAddr },
}

/// The place of a path among those of its route: what the key of a value says of it, wherever it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) table: u32,
    pub(crate) destination: IpNet,
    pub(crate) next_hop: IpAddr,
    pub(crate) interface: Option<u32>,
}

/// Destinations whose packets every table drops if nobody says otherwise.
const DROPPED: [(IpAddr, u8); 6] = [
    (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
    (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 32),
    (IpAddr::V4(Ipv4Addr::new(224, 0, 0, 0)), 4),
    (IpAddr::V4(Ipv4Addr::new(240, 0, 0, 0)), 4),
    (IpAddr::V4(Ipv4Addr::BROADCAST), 32),
    (IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0),
];

impl PathId {
    /// Its place.
    pub(crate) fn slot(self) -> Slot {
        let (next_hop, interface) = match self.target {
            Target::Drop => (destination::unspecified(self.destination), None),
            Target::Interface { sw_if_index, next_hop } => (next_hop, Some(sw_if_index)),
            Target::Table { next_hop, .. } => (next_hop, None),
        };
        Slot { table: self.table, destination: self.destination, next_hop, interface }
    }

    /// Whether it is one that VPP makes in each table.
    pub(crate) fn is_in_every_table(self) -> bool {
        let destination = (self.destination.addr(), self.destination.prefix_len());
        self.target == Target::Drop && DROPPED.contains(&destination)
    }

    /// The path as VPP holds it: a host that is reached directly is its own next hop.
    pub(crate) fn as_held(mut self) -> PathId {
        let host = self.destination.addr();
        if let Target::Interface { next_hop, .. } = &mut self.target
            && next_hop.is_unspecified()
            && self.destination == IpNet::from(host)
        {
            *next_hop = host;
        }
        self
    }
}

/// The path a route of NB stands for. `interface` is the index of the outgoing interface, if the route has one.
///
/// # Errors
/// When destination or next hop are no addresses.
pub(crate) fn path_id(route: &Route, interface: Option<u32>) -> Result<PathId, Invalid> {
    let destination = destination::network(route)
        .ok_or_else(|| Invalid::field("dst_network", "is not a network"))?;
    let next_hop = destination::next_hop(route, destination)
        .ok_or_else(|| Invalid::field("next_hop_addr", "is not an IP address"))?;
    let target = match (route.r#type(), interface) {
        (RouteType::Drop, _) => Target::Drop,
        (_, Some(sw_if_index)) => Target::Interface { sw_if_index, next_hop },
        (RouteType::IntraVrf, None) => Target::Table { table: route.vrf_id, next_hop },
        (RouteType::InterVrf, None) => Target::Table { table: route.via_vrf_id, next_hop },
    };
    Ok(PathId { table: route.vrf_id, destination, target })
}

/// The message that adds the path of a route, or removes it.
///
/// # Errors
/// When destination or next hop are no addresses, or weight or preference are too large for VPP.
pub(crate) fn to_vpp(
    route: &Route,
    interface: Option<InterfaceIndex>,
    is_add: bool,
) -> Result<IpRouteAddDel, OpError> {
    let Route {
        r#type: _, // in the target
        vrf_id,
        dst_network: _,   // in the destination
        next_hop_addr: _, // in the target
        outgoing_interface: _,
        weight,
        preference,
        via_vrf_id,
    } = route;
    let id = path_id(route, interface.map(|interface| interface.0))?;
    let PathId { table: _, destination, target } = id;
    let mut path = FibPath {
        sw_if_index: u32::MAX,
        weight: small("weight", *weight)?,
        preference: small("preference", *preference)?,
        proto: proto(destination.addr()),
        nh: FibPathNh {
            via_label: NO_LABEL,
            classify_table_index: u32::MAX,
            ..FibPathNh::default()
        },
        ..FibPath::default()
    };
    match target {
        Target::Drop => path.kind = FibPathType::DROP,
        Target::Interface { sw_if_index, next_hop } => {
            path.sw_if_index = sw_if_index;
            path.table_id =
                if route.r#type() == RouteType::InterVrf { *via_vrf_id } else { *vrf_id };
            path.proto = proto(next_hop);
            path.nh.address = AddressUnion::from(next_hop);
        }
        Target::Table { table, next_hop } => {
            path.table_id = table;
            path.proto = proto(next_hop);
            path.nh.address = AddressUnion::from(next_hop);
        }
    }
    let paths = List::new(vec![path]).map_err(|error| OpError::Final(error.to_string()))?;
    Ok(IpRouteAddDel {
        is_add,
        is_multipath: true,
        route: IpRoute {
            table_id: *vrf_id,
            stats_index: 0,
            prefix: Prefix::new(destination.addr(), destination.prefix_len()),
            paths,
        },
    })
}

/// One path of a route found in VPP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FoundPath {
    pub(crate) id: PathId,
    pub(crate) weight: u32,
    pub(crate) preference: u32,
}

/// The paths of a route; a route without paths counts as one that leads nowhere in particular.
pub(crate) fn from_vpp(route: &IpRoute) -> impl Iterator<Item = FoundPath> {
    let IpRoute { table_id, stats_index: _, prefix, paths } = route;
    let table = *table_id;
    let ip = prefix.address.0;
    let destination = IpNet::new(ip, prefix.len).unwrap_or_else(|_| IpNet::from(ip)).trunc();
    let without_path = paths.is_empty().then(|| FoundPath {
        id: PathId {
            table,
            destination,
            target: Target::Table { table, next_hop: destination::unspecified(destination) },
        },
        weight: 0,
        preference: 0,
    });
    paths.iter().map(move |path| found_path(table, destination, path)).chain(without_path)
}

fn found_path(table: u32, destination: IpNet, path: &FibPath) -> FoundPath {
    let FibPath {
        sw_if_index,
        table_id,
        rpf_id: _,
        weight,
        preference,
        kind,
        flags: _,
        proto,
        nh,
        n_labels: _,
        label_stack: _,
    } = path;
    let next_hop = match *proto {
        FibPathNhProto::IP4 => IpAddr::V4(nh.address.to_ip4()),
        FibPathNhProto::IP6 => IpAddr::V6(nh.address.to_ip6()),
        _ => destination::unspecified(destination),
    };
    let target = match (*kind, InterfaceIndex(*sw_if_index).some()) {
        (FibPathType::DROP, _) => Target::Drop,
        (_, Some(InterfaceIndex(sw_if_index))) => Target::Interface { sw_if_index, next_hop },
        (_, None) => Target::Table { table: *table_id, next_hop },
    };
    FoundPath {
        id: PathId { table, destination, target },
        weight: u32::from(*weight),
        preference: u32::from(*preference),
    }
}

/// The route as NB would write it. `None` if the outgoing interface has no name.
pub(crate) fn to_route(found: &FoundPath, name: impl Fn(u32) -> Option<String>) -> Option<Route> {
    let FoundPath { id: PathId { table, destination, target }, weight, preference } = found;
    let mut route = Route {
        vrf_id: *table,
        dst_network: destination.to_string(),
        next_hop_addr: destination::unspecified(*destination).to_string(),
        weight: *weight,
        preference: *preference,
        ..Route::default()
    };
    match *target {
        Target::Drop => route.r#type = RouteType::Drop.into(),
        Target::Interface { sw_if_index, next_hop } => {
            route.outgoing_interface = name(sw_if_index)?;
            route.next_hop_addr = next_hop.to_string();
        }
        Target::Table { table: via, next_hop } => {
            route.next_hop_addr = next_hop.to_string();
            if via != *table {
                route.r#type = RouteType::InterVrf.into();
                route.via_vrf_id = via;
            }
        }
    }
    Some(route)
}

fn proto(address: IpAddr) -> FibPathNhProto {
    match address {
        IpAddr::V4(_) => FibPathNhProto::IP4,
        IpAddr::V6(_) => FibPathNhProto::IP6,
    }
}

fn small(field: &str, value: u32) -> Result<u8, Invalid> {
    u8::try_from(value).map_err(|_| Invalid::field(field, "VPP takes at most 255"))
}
