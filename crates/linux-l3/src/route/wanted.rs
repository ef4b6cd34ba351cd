//! A route configuration, read and checked. No I/O.

use std::net::IpAddr;

use ipnet::IpNet;
use ligato_kvs_api::Invalid;
use ligato_linux_ctx::{AllocRef, CtxError, LinuxCtx, RefRule};
use ligato_netlink::RouteScope;
use ligato_proto::linux::l3::Route;
use ligato_proto::linux::l3::route::Scope;

/// The metric that the kernel gives to an IPv6 route without one.
const DEFAULT_IPV6_METRIC: u32 = 1024;

/// A route that makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) interface: String,
    pub(super) destination: Destination,
    pub(super) gateway: Gateway,
    pub(super) scope: Scope,
    pub(super) metric: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    Net(IpNet),
    Reference(AllocRef),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gateway {
    None,
    Address(IpAddr),
    Reference(AllocRef),
}

/// A route with references looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) destination: IpNet,
    pub(super) gateway: Option<IpAddr>,
    pub(super) scope: Scope,
    pub(super) metric: u32,
}

impl Wanted {
    /// Reads a configuration.
    ///
    /// # Errors
    /// All that is wrong with it, by field.
    pub(super) fn read(value: &Route) -> Result<Wanted, Invalid> {
        let Route { outgoing_interface, scope: _, dst_network, gw_addr, metric } = value;
        let mut invalid = Invalid::default();
        if outgoing_interface.is_empty() {
            invalid.push("outgoing_interface", "is not set");
        }
        if value.scope() == Scope::Link && !gw_addr.is_empty() {
            invalid.push("scope", "a route of scope LINK has no gateway");
            invalid.push("gw_addr", "a route of scope LINK has no gateway");
        }
        let destination =
            read_destination(dst_network).map_err(|problem| invalid.push("dst_network", problem));
        let gateway = read_gateway(gw_addr, outgoing_interface)
            .map_err(|problem| invalid.push("gw_addr", problem));
        if let (Ok(Destination::Net(net)), Ok(Gateway::Address(ip))) = (&destination, &gateway)
            && net.addr().is_ipv4() != ip.is_ipv4()
        {
            invalid.push("gw_addr", format!("{ip} is of another IP version than {net}"));
        }
        match (destination, gateway, invalid.fields.is_empty()) {
            (Ok(destination), Ok(gateway), true) => Ok(Wanted {
                interface: outgoing_interface.clone(),
                destination,
                gateway,
                scope: or_global(value.scope()),
                metric: *metric,
            }),
            _ => Err(invalid),
        }
    }

    /// Would the kernel take both for the same route?
    pub(super) fn same_route(&self, other: &Wanted) -> bool {
        let Wanted { interface, destination, gateway, scope, metric: _ } = self;
        *interface == other.interface
            && *destination == other.destination
            && *gateway == other.gateway
            && (self.is_ipv6() || *scope == other.scope)
            && self.effective_metric() == other.effective_metric()
    }

    /// The metric after the kernel has had its way.
    pub(super) fn effective_metric(&self) -> u32 {
        if self.is_ipv6() && self.metric == 0 { DEFAULT_IPV6_METRIC } else { self.metric }
    }

    fn is_ipv6(&self) -> bool {
        match (&self.destination, &self.gateway) {
            (Destination::Net(net), _) => net.addr().is_ipv6(),
            (Destination::Reference(_), Gateway::Address(ip)) => ip.is_ipv6(),
            (Destination::Reference(_), _) => false,
        }
    }

    /// Looks references up.
    ///
    /// # Errors
    /// When an allocation is not there.
    pub(super) fn resolve(&self, ctx: &LinuxCtx) -> Result<Resolved, CtxError> {
        let destination = match &self.destination {
            Destination::Net(net) => *net,
            Destination::Reference(reference) => ctx.allocated(reference)?.trunc(),
        };
        let gateway = match &self.gateway {
            Gateway::None => None,
            Gateway::Address(ip) => Some(*ip),
            Gateway::Reference(reference) => Some(ctx.allocated(reference)?.addr()),
        };
        Ok(Resolved { destination, gateway, scope: self.scope, metric: self.metric })
    }
}

/// Nothing said means global: the original accepted such a route and then failed to create it.
fn or_global(scope: Scope) -> Scope {
    if scope == Scope::Undefined { Scope::Global } else { scope }
}

fn read_destination(text: &str) -> Result<Destination, String> {
    if AllocRef::is_ref(text) {
        return AllocRef::parse(text, None, RefRule::GatewayAllowed)
            .map(Destination::Reference)
            .map_err(|e| e.to_string());
    }
    text.parse::<IpNet>()
        .map(|net| Destination::Net(net.trunc()))
        .map_err(|_| format!("{text:?} is not a network (address/mask)"))
}

fn read_gateway(text: &str, interface: &str) -> Result<Gateway, String> {
    if text.is_empty() {
        return Ok(Gateway::None);
    }
    if AllocRef::is_ref(text) {
        return AllocRef::parse(text, Some(interface), RefRule::GatewayRequired)
            .map(Gateway::Reference)
            .map_err(|e| e.to_string());
    }
    match text.parse::<IpAddr>() {
        Ok(ip) if ip.is_unspecified() => Ok(Gateway::None),
        Ok(ip) => Ok(Gateway::Address(ip)),
        Err(_) => Err(format!("{text:?} is not an IP address")),
    }
}

/// Does the address or the route of scope link behind this key lead to the gateway?
pub(super) fn reaches(key: &str, addresses: &str, routes: &str, gateway: IpAddr) -> bool {
    let net = if let Some(rest) = key.strip_prefix(addresses) {
        // SOURCE/ADDRESS/MASK; what an allocated address is, its key does not tell.
        rest.split_once('/').map(|(_source, net)| net)
    } else {
        key.strip_prefix(routes)
    };
    net.and_then(|net| net.parse::<IpNet>().ok()).is_some_and(|net| net.contains(&gateway))
}

pub(super) fn to_kernel_scope(scope: Scope) -> RouteScope {
    match scope {
        Scope::Undefined | Scope::Global => RouteScope::Global,
        Scope::Site => RouteScope::Site,
        Scope::Link => RouteScope::Link,
        Scope::Host => RouteScope::Host,
    }
}

/// Nothing for a scope that no configuration can say.
pub(super) fn from_kernel_scope(scope: RouteScope) -> Option<Scope> {
    match scope {
        RouteScope::Global => Some(Scope::Global),
        RouteScope::Site => Some(Scope::Site),
        RouteScope::Link => Some(Scope::Link),
        RouteScope::Host => Some(Scope::Host),
        RouteScope::Other(_) => None,
    }
}
