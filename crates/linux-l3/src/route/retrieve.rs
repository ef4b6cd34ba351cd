//! Reading routes back.
//!
//! A key holds neither metric nor gateway nor table, so several routes of the kernel may have one
//! key. If one of them is what is wanted, it is the one; otherwise the best of those that somebody
//! has made. What the kernel makes for addresses is reported as found.

use std::collections::{BTreeMap, HashMap};

use ligato_kvs_api::{Origin, Retrieved};
use ligato_linux_ctx::{CtxError, LinuxCtx};
use ligato_model::{Key, Model};
use ligato_netlink::{self as netlink, RouteFilter, RouteProtocol};
use ligato_proto::linux::l3::Route;
use ligato_proto::linux::l3::route::Scope;

use super::wanted::{Wanted, from_kernel_scope};
use super::{LinuxRoute, RouteMeta};
use crate::place::{Here, places};

/// A route of the kernel in the words of a configuration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) value: Route,
    pub(super) meta: RouteMeta,
    pub(super) protocol: RouteProtocol,
}

/// A route that is expected: as configured, and with references looked up.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) configured: Route,
    pub(super) plain: Route,
}

pub(super) async fn all(
    ctx: &LinuxCtx,
    expected: Vec<Route>,
) -> Result<Vec<Retrieved<LinuxRoute>>, CtxError> {
    let mut found = Vec::new();
    for place in places(ctx).await? {
        for route in place.netlink.routes(RouteFilter::default()).await? {
            let here = place.interfaces.get(&route.link);
            found.extend(here.and_then(|here| from_kernel(&route, here)));
        }
    }
    let known = expected.into_iter().filter_map(|configured| {
        let plain = plain(ctx, &configured)?;
        Some((plain.key(), Known { configured, plain }))
    });
    Ok(correlate(found, &known.collect()))
}

/// The configuration without references.
fn plain(ctx: &LinuxCtx, configured: &Route) -> Option<Route> {
    let resolved = Wanted::read(configured).ok()?.resolve(ctx).ok()?;
    Some(Route {
        outgoing_interface: configured.outgoing_interface.clone(),
        scope: resolved.scope.into(),
        dst_network: resolved.destination.to_string(),
        gw_addr: resolved.gateway.map(|ip| ip.to_string()).unwrap_or_default(),
        metric: resolved.metric,
    })
}

/// Nothing for what no configuration can say.
fn from_kernel(route: &netlink::Route, here: &Here) -> Option<Found> {
    let netlink::Route { table, destination, gateway, link: _, metric, scope, protocol } = *route;
    if table != here.table {
        return None;
    }
    let scope = match destination {
        ipnet::IpNet::V4(_) => from_kernel_scope(scope)?,
        // Every link has one to its own link-local network.
        ipnet::IpNet::V6(net) if net.addr().is_unicast_link_local() => return None,
        ipnet::IpNet::V6(_) => Scope::Global,
    };
    let value = Route {
        outgoing_interface: here.name.clone(),
        scope: scope.into(),
        dst_network: destination.to_string(),
        gw_addr: gateway.map(|ip| ip.to_string()).unwrap_or_default(),
        metric,
    };
    Some(Found { value, meta: RouteMeta { table }, protocol })
}

/// One value per key.
pub(super) fn correlate(
    found: Vec<Found>,
    known: &HashMap<Key, Known>,
) -> Vec<Retrieved<LinuxRoute>> {
    let mut by_key: BTreeMap<Key, Vec<Found>> = BTreeMap::new();
    for route in found {
        by_key.entry(route.value.key()).or_default().push(route);
    }
    let choose = |(key, routes): (Key, Vec<Found>)| match known.get(&key) {
        Some(known) => choose_for(known, routes),
        None => {
            let best = best(routes)?;
            let origin = match best.protocol {
                RouteProtocol::Kernel => Origin::Sb,
                _ => Origin::Unknown,
            };
            Some(Retrieved { key, value: best.value, meta: best.meta, origin })
        }
    };
    by_key.into_iter().filter_map(choose).collect()
}

fn choose_for(known: &Known, routes: Vec<Found>) -> Option<Retrieved<LinuxRoute>> {
    let wanted = Wanted::read(&known.plain).ok()?;
    let same =
        |route: &&Found| Wanted::read(&route.value).is_ok_and(|found| found.same_route(&wanted));
    let key = known.configured.key();
    if let Some(route) = routes.iter().find(same) {
        let value = known.configured.clone();
        return Some(Retrieved { key, value, meta: route.meta, origin: Origin::Unknown });
    }
    // A route that the kernel has made for an address is not a wrong version of ours.
    let made = routes.into_iter().filter(|r| r.protocol != RouteProtocol::Kernel).collect();
    let best = best(made)?;
    Some(Retrieved { key, value: best.value, meta: best.meta, origin: Origin::Unknown })
}

/// Made by somebody before made by the kernel, then the one that the kernel would use.
fn best(routes: Vec<Found>) -> Option<Found> {
    routes.into_iter().min_by_key(|r| (r.protocol == RouteProtocol::Kernel, r.value.metric))
}
