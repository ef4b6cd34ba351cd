//! Routes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol as KernelProtocol,
    RouteScope as KernelScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::error::{Error, Op};
use crate::netlink::{Mode, Netlink};

/// The table that routes are in unless said otherwise (`RT_TABLE_MAIN`).
pub const MAIN_TABLE: u32 = 254;

/// A unicast route with one next hop (`RTM_NEWROUTE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    pub table: u32,
    /// Destination network, host bits cleared.
    pub destination: IpNet,
    pub gateway: Option<IpAddr>,
    /// Index of the link it goes out of.
    pub link: u32,
    /// Priority: the smaller wins. Zero lets the kernel choose (1024 for IPv6).
    pub metric: u32,
    /// Means something for IPv4 only.
    pub scope: RouteScope,
    pub protocol: RouteProtocol,
}

/// How far away the destination is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteScope {
    /// Behind a gateway, or nothing known about it.
    Global,
    Site,
    /// Directly on the link.
    Link,
    /// On this host.
    Host,
    Other(u8),
}

/// Who made the route (`rtm_protocol`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteProtocol {
    /// By the kernel, for an address or a link.
    Kernel,
    /// While booting, or by a tool that did not say (`ip route add`, the original agent).
    Boot,
    /// By an administrator.
    Static,
    Other(u8),
}

/// Which routes to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RouteFilter {
    /// Only those out of this link.
    pub link: Option<u32>,
    /// Only those of this table.
    pub table: Option<u32>,
}

/// What tells a route to be deleted from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteTarget {
    pub table: u32,
    pub destination: IpNet,
    pub gateway: Option<IpAddr>,
    pub link: u32,
    pub metric: u32,
}

impl From<&Route> for RouteTarget {
    fn from(route: &Route) -> RouteTarget {
        let Route { table, destination, gateway, link, metric, scope: _, protocol: _ } = *route;
        RouteTarget { table, destination, gateway, link, metric }
    }
}

impl Netlink {
    /// The unicast routes that pass the filter, both families. Routes with several next hops are
    /// left out.
    ///
    /// # Errors
    /// When the kernel refuses or the socket is closed.
    pub async fn routes(&self, filter: RouteFilter) -> Result<Vec<Route>, Error> {
        let mut routes = Vec::new();
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut message = RouteMessage::default();
            message.header.address_family = family;
            let request = RouteNetlinkMessage::GetRoute(message);
            let messages = self.dump(Op::ListRoutes, request).await?;
            routes.extend(messages.into_iter().filter_map(route_of).filter(|route| {
                filter.link.is_none_or(|link| link == route.link)
                    && filter.table.is_none_or(|table| table == route.table)
            }));
        }
        Ok(routes)
    }

    /// Adds a route.
    ///
    /// # Errors
    /// `EEXIST` when one to the same destination with the same metric is there; `ENETUNREACH`
    /// when the gateway cannot be reached; `ENETDOWN` when the link is down.
    pub async fn add_route(&self, route: &Route) -> Result<(), Error> {
        let message = RouteNetlinkMessage::NewRoute(message(route));
        self.apply(Op::AddRoute, object(&route.into()), Mode::Create, message).await
    }

    /// Adds a route or overwrites the one to the same destination with the same metric.
    ///
    /// # Errors
    /// As for adding, except `EEXIST`.
    pub async fn replace_route(&self, route: &Route) -> Result<(), Error> {
        let message = RouteNetlinkMessage::NewRoute(message(route));
        self.apply(Op::ReplaceRoute, object(&route.into()), Mode::Replace, message).await
    }

    /// Removes a route.
    ///
    /// # Errors
    /// `ESRCH` when it is not there.
    pub async fn delete_route(&self, target: &RouteTarget) -> Result<(), Error> {
        let mut message = target_message(target);
        // "Nowhere" matches any scope; leaving it at zero would match global routes only.
        message.header.scope = KernelScope::NoWhere;
        message.header.protocol = KernelProtocol::Unspec;
        let message = RouteNetlinkMessage::DelRoute(message);
        self.apply(Op::DeleteRoute, object(target), Mode::Change, message).await
    }
}

fn object(target: &RouteTarget) -> String {
    use std::fmt::Write as _;
    let mut text = target.destination.to_string();
    if let Some(gateway) = target.gateway {
        let _ = write!(text, " via {gateway}");
    }
    let _ = write!(text, " out of link #{} in table {}", target.link, target.table);
    text
}

fn message(route: &Route) -> RouteMessage {
    let mut message = target_message(&route.into());
    message.header.scope = match (route.destination, route.scope) {
        (IpNet::V6(_), _) | (_, RouteScope::Global) => KernelScope::Universe,
        (_, RouteScope::Site) => KernelScope::Site,
        (_, RouteScope::Link) => KernelScope::Link,
        (_, RouteScope::Host) => KernelScope::Host,
        (_, RouteScope::Other(other)) => KernelScope::Other(other),
    };
    message.header.protocol = match route.protocol {
        RouteProtocol::Kernel => KernelProtocol::Kernel,
        RouteProtocol::Boot => KernelProtocol::Boot,
        RouteProtocol::Static => KernelProtocol::Static,
        RouteProtocol::Other(other) => KernelProtocol::Other(other),
    };
    message.header.kind = RouteType::Unicast;
    message
}

fn target_message(target: &RouteTarget) -> RouteMessage {
    let RouteTarget { table, destination, gateway, link, metric } = *target;
    let mut message = RouteMessage::default();
    message.header.address_family = match destination {
        IpNet::V4(_) => AddressFamily::Inet,
        IpNet::V6(_) => AddressFamily::Inet6,
    };
    message.header.destination_prefix_length = destination.prefix_len();
    // The header has one byte for the table; larger ones travel as an attribute only.
    message.header.table = u8::try_from(table).unwrap_or(RouteHeader::RT_TABLE_UNSPEC);
    message.attributes.push(RouteAttribute::Table(table));
    message.attributes.push(RouteAttribute::Destination(route_address(destination.network())));
    message.attributes.push(RouteAttribute::Oif(link));
    message.attributes.extend(gateway.map(|ip| RouteAttribute::Gateway(route_address(ip))));
    if metric != 0 {
        message.attributes.push(RouteAttribute::Priority(metric));
    }
    message
}

fn route_address(ip: IpAddr) -> RouteAddress {
    match ip {
        IpAddr::V4(ip) => RouteAddress::Inet(ip),
        IpAddr::V6(ip) => RouteAddress::Inet6(ip),
    }
}

fn route_of(message: RouteNetlinkMessage) -> Option<Route> {
    match message {
        RouteNetlinkMessage::NewRoute(message) => Route::from_message(message),
        _ => None,
    }
}

impl Route {
    /// `None` for what is not a unicast route with one next hop.
    pub(crate) fn from_message(message: RouteMessage) -> Option<Route> {
        let header = message.header;
        if header.kind != RouteType::Unicast {
            return None;
        }
        let mut address = None;
        let mut link = None;
        let mut gateway = None;
        let mut table = u32::from(header.table);
        let mut metric = 0;
        for attribute in message.attributes {
            match attribute {
                RouteAttribute::Destination(to) => address = ip(&to),
                RouteAttribute::Gateway(via) => gateway = ip(&via),
                RouteAttribute::Oif(index) => link = Some(index),
                RouteAttribute::Table(id) => table = id,
                RouteAttribute::Priority(priority) => metric = priority,
                _ => {}
            }
        }
        let length = header.destination_prefix_length;
        let destination = match (header.address_family, address) {
            (_, Some(address)) => IpNet::new(address, length).ok()?.trunc(),
            // A default route has no destination attribute.
            (AddressFamily::Inet, None) => Ipv4Net::new(Ipv4Addr::UNSPECIFIED, 0).ok()?.into(),
            (AddressFamily::Inet6, None) => Ipv6Net::new(Ipv6Addr::UNSPECIFIED, 0).ok()?.into(),
            _ => return None,
        };
        Some(Route {
            table,
            destination,
            gateway,
            link: link?,
            metric,
            scope: scope(header.scope),
            protocol: protocol(header.protocol),
        })
    }
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(ip) => Some((*ip).into()),
        RouteAddress::Inet6(ip) => Some((*ip).into()),
        _ => None,
    }
}

fn scope(scope: KernelScope) -> RouteScope {
    match scope {
        KernelScope::Universe => RouteScope::Global,
        KernelScope::Site => RouteScope::Site,
        KernelScope::Link => RouteScope::Link,
        KernelScope::Host => RouteScope::Host,
        other => RouteScope::Other(other.into()),
    }
}

fn protocol(protocol: KernelProtocol) -> RouteProtocol {
    match protocol {
        KernelProtocol::Kernel => RouteProtocol::Kernel,
        KernelProtocol::Boot => RouteProtocol::Boot,
        KernelProtocol::Static => RouteProtocol::Static,
        other => RouteProtocol::Other(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(destination: &str) -> Route {
        Route {
            table: MAIN_TABLE,
            destination: destination.parse().unwrap(),
            gateway: None,
            link: 7,
            metric: 100,
            scope: RouteScope::Global,
            protocol: RouteProtocol::Static,
        }
    }

    #[test]
    fn what_is_sent_reads_back_equal() {
        let v4 = Route {
            gateway: Some("10.0.0.1".parse().unwrap()),
            table: 1000,
            scope: RouteScope::Site,
            ..route("192.168.0.0/16")
        };
        for route in [v4, route("2001:db8::/32"), route("0.0.0.0/0")] {
            assert_eq!(Route::from_message(message(&route)), Some(route));
        }
    }

    #[test]
    fn a_default_route_may_lack_the_destination() {
        let mut message = message(&route("::/0"));
        message.attributes.retain(|a| !matches!(a, RouteAttribute::Destination(_)));
        assert_eq!(Route::from_message(message), Some(route("::/0")));
    }

    #[test]
    fn other_than_unicast_is_left_out() {
        let mut message = message(&route("10.0.0.0/8"));
        message.header.kind = RouteType::Local;
        assert_eq!(Route::from_message(message), None);
    }
}
