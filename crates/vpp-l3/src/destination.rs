//! Destination and next hop of a route, as NB writes them and as they are compared.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use ligato_kvs_api::Invalid;
use ligato_proto::vpp::l3::Route;
use ligato_vpp_ctx::address::parse_ip;

use crate::allocation::AllocationRef;

/// The destination of a route that is written out, not a reference.
pub(crate) fn network(route: &Route) -> Option<IpNet> {
    route.dst_network.parse::<IpNet>().ok().map(|network| network.trunc())
}

/// The next hop; the zero address of the destination's family if there is none.
pub(crate) fn next_hop(route: &Route, destination: IpNet) -> Option<IpAddr> {
    if route.next_hop_addr.is_empty() {
        return Some(unspecified(destination));
    }
    route.next_hop_addr.parse().ok()
}

/// The zero address of the destination's family.
pub(crate) fn unspecified(destination: IpNet) -> IpAddr {
    match destination {
        IpNet::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpNet::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

/// Whether the destination is of IPv6. References count as IPv4.
pub(crate) fn is_ip6(route: &Route) -> bool {
    matches!(network(route), Some(IpNet::V6(_)))
}

/// Collects what is wrong with destination and next hop.
pub(crate) fn validate(route: &Route, invalid: &mut Invalid) {
    if let Err(problem) = check_destination(route) {
        invalid.push("dst_network", problem);
    }
    if let Err(problem) = check_next_hop(route) {
        invalid.push("next_hop_addr", problem);
    }
}

fn check_destination(route: &Route) -> Result<(), String> {
    let text = &route.dst_network;
    if let Some(reference) = AllocationRef::parse(text) {
        reference.and_then(|reference| reference.interface(&route.outgoing_interface))?;
        return Ok(());
    }
    match text.parse::<IpNet>() {
        Ok(network) if network == network.trunc() => Ok(()),
        Ok(network) => Err(format!("has bits beyond its length, {} is meant", network.trunc())),
        Err(_) => Err(format!("{text:?} is not a network like 10.1.0.0/16")),
    }
}

fn check_next_hop(route: &Route) -> Result<(), String> {
    let text = &route.next_hop_addr;
    if text.is_empty() {
        return Ok(());
    }
    if let Some(reference) = AllocationRef::parse(text) {
        let reference = reference?;
        reference.interface(&route.outgoing_interface)?;
        return if reference.gateway {
            Ok(())
        } else {
            Err("must refer to a gateway, with /GW at the end".to_owned())
        };
    }
    parse_ip(text).map(|_| ()).map_err(|error| error.to_string())
}

/// Whether both routes lead to the same network; references are compared as text.
pub(crate) fn same_network(old: &Route, new: &Route) -> bool {
    match (network(old), network(new)) {
        (Some(old), Some(new)) => old == new,
        _ => old.dst_network == new.dst_network,
    }
}

/// Whether both routes have the same next hop; none is the same as the zero address.
pub(crate) fn same_next_hop(old: &Route, new: &Route) -> bool {
    let hop = |route: &Route| next_hop(route, network(route)?);
    match (hop(old), hop(new)) {
        (Some(old), Some(new)) => old == new,
        _ => old.next_hop_addr == new.next_hop_addr,
    }
}
