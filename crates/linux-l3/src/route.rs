//! A route of Linux.
//!
//! ```yaml
//! linuxConfig:
//!   routes:
//!     - outgoing_interface: veth1
//!       scope: GLOBAL                # default; SITE, LINK and HOST mean something for IPv4 only
//!       dst_network: 192.168.0.0/16  # or a reference: alloc:net1/if1
//!       gw_addr: 10.0.0.2            # or a reference: alloc:net1/GW; none with scope LINK
//!       metric: 100
//! ```
//!
//! The route is in the table of the VRF that the interface belongs to, otherwise in the main one.
//!
//! * waits for: the interface being wanted up and having an address; the gateway being within reach
//!   of an address or of a route of scope link; allocations
//! * derives: for scope LINK a key by which other routes find their gateway within reach
//! * keeps: the table
//! * uses: `RTM_NEWROUTE`, `RTM_DELROUTE`, `RTM_GETROUTE`
//!
//! Routes that nobody has configured are reported as found and left alone.

mod retrieve;
#[cfg(test)]
mod tests;
mod wanted;

use ligato_kvs_api::{
    Dependency, Descriptor, Invalid, KeyPattern, KnownValues, OpError, Retrieved, Spec, Update, Use,
};
use ligato_linux_ctx::keys::{self, AdminState};
use ligato_linux_ctx::{CtxError, LinuxCtx, LinuxFacts};
use ligato_model::{Key, Value};
use ligato_netlink::{self as netlink, RouteProtocol, RouteTarget};
use ligato_proto::linux::l3::Route;
use ligato_proto::linux::l3::route::Scope;
use serde::Serialize;

use crate::place::{find, table_of};
use wanted::{Gateway, Resolved, Wanted};

/// The kind `linux-route`.
#[derive(Debug)]
pub struct LinuxRoute;

/// What is kept of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RouteMeta {
    /// The table it is in, even if the interface has changed its VRF since.
    pub table: u32,
}

impl Descriptor for LinuxRoute {
    type Value = Route;
    type Meta = RouteMeta;
    type Sb = LinuxCtx;

    const SPEC: Spec = Spec {
        retrieve_after: &["netalloc-ip-address", "linux-interface"],
        uses: &[Use::kind(&["RTM_NEWROUTE", "RTM_DELROUTE", "RTM_GETROUTE"])],
        ..Spec::new(
            "linux-route",
            "A route of Linux.",
            &[KeyPattern::new("config/linux/l3/v2/route/{name}")],
            Some("config/linux/l3/v2/route/"),
        )
    };

    fn validate(_: &LinuxFacts, _key: &Key, value: &Route) -> Result<(), Invalid> {
        Wanted::read(value).map(drop)
    }

    fn equivalent(_: &LinuxFacts, _key: &Key, old: &Route, new: &Route) -> bool {
        match (Wanted::read(old), Wanted::read(new)) {
            (Ok(old), Ok(new)) => old.same_route(&new),
            _ => old == new,
        }
    }

    fn needs_recreate(
        _: &LinuxFacts,
        _key: &Key,
        old: &Route,
        new: &Route,
        _meta: &RouteMeta,
    ) -> bool {
        match (Wanted::read(old), Wanted::read(new)) {
            // Routes of different metric are different routes to the kernel.
            (Ok(old), Ok(new)) => old.effective_metric() != new.effective_metric(),
            _ => true,
        }
    }

    fn derive(_: &LinuxFacts, _key: &Key, value: &Route) -> Vec<(Key, Value)> {
        match value.scope() {
            Scope::Link => {
                let key = keys::link_local_route(&value.outgoing_interface, &value.dst_network);
                vec![(key, Value::empty())]
            }
            _ => Vec::new(),
        }
    }

    fn dependencies(_: &LinuxFacts, _key: &Key, value: &Route) -> Vec<Dependency> {
        Wanted::read(value).map(|wanted| dependencies(&wanted, value)).unwrap_or_default()
    }

    async fn create(ctx: &LinuxCtx, _key: &Key, value: &Route) -> Result<RouteMeta, OpError> {
        Ok(put(ctx, &Wanted::read(value)?, Put::Add).await?)
    }

    async fn update(
        ctx: &LinuxCtx,
        _key: &Key,
        change: Update<'_, Self>,
    ) -> Result<RouteMeta, OpError> {
        Ok(put(ctx, &Wanted::read(change.new)?, Put::Replace).await?)
    }

    async fn delete(
        ctx: &LinuxCtx,
        _key: &Key,
        value: &Route,
        meta: &RouteMeta,
    ) -> Result<(), OpError> {
        match remove(ctx, &Wanted::read(value)?, meta.table).await {
            // Gone with the link, its address or its namespace.
            Err(e) if e.is_namespace_gone() || e.is_absent() => Ok(()),
            other => Ok(other?),
        }
    }

    async fn retrieve(
        ctx: &LinuxCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let expected = known.iter().map(|known| known.value.clone()).collect();
        Ok(retrieve::all(ctx, expected).await?)
    }
}

// === pure half ===

fn dependencies(wanted: &Wanted, value: &Route) -> Vec<Dependency> {
    let interface = wanted.interface.as_str();
    let addresses = keys::interface_address_prefix(interface);
    let up = keys::interface_state(interface, AdminState::Up);
    let mut needed = vec![
        Dependency::on("outgoing-interface-is-up", up),
        Dependency::on_any("outgoing-interface-has-ip-address", [addresses.clone()]),
    ];
    if let wanted::Destination::Reference(reference) = &wanted.destination {
        let label = format!("dst_network-{}", value.dst_network);
        needed.push(Dependency::on(label, reference.key()));
    }
    match &wanted.gateway {
        Gateway::None => {}
        Gateway::Address(gateway) => {
            let gateway = *gateway;
            let routes = keys::link_local_route_prefix(interface);
            let prefixes = [addresses.clone(), routes.clone()];
            let reach = Dependency::on_any("gw-reachable", prefixes)
                .filtered(format!("within reach of {gateway}"), move |key| {
                    wanted::reaches(key, &addresses, &routes, gateway)
                });
            needed.push(reach);
        }
        Gateway::Reference(reference) => {
            let neighbour = keys::neighbour_gateway(&reference.network, &reference.interface);
            let text = format!("alloc:{}/{}/GW", reference.network, reference.interface);
            let route = keys::link_local_route(interface, &text);
            let exactly = [neighbour.clone(), route.clone()];
            let reach = Dependency::on_any("gw-reachable", [neighbour, route])
                .filtered(format!("gateway of {}", reference.network), move |key| {
                    exactly.iter().any(|exact| *exact == *key)
                });
            needed.push(reach);
            let address = format!("alloc:{}", reference.network);
            let attached =
                keys::interface_address(interface, keys::AddressSource::AllocRef, &address);
            needed.push(Dependency::on("allocated-addr-attached", attached));
            let label = format!("gw_addr-{}", value.gw_addr);
            needed.push(Dependency::on(label, reference.key()));
        }
    }
    needed
}

// === effect half ===

#[derive(Clone, Copy)]
enum Put {
    Add,
    Replace,
}

async fn put(ctx: &LinuxCtx, wanted: &Wanted, how: Put) -> Result<RouteMeta, CtxError> {
    let resolved = wanted.resolve(ctx)?;
    let (conversation, link, meta) = find(ctx, &wanted.interface).await?;
    let table = table_of(ctx, &meta);
    let route = to_kernel(&resolved, table, link.index);
    match how {
        Put::Add => conversation.add_route(&route).await?,
        Put::Replace => conversation.replace_route(&route).await?,
    }
    Ok(RouteMeta { table })
}

async fn remove(ctx: &LinuxCtx, wanted: &Wanted, table: u32) -> Result<(), CtxError> {
    // What cannot be resolved any more has not been applied in this form, either.
    let Ok(resolved) = wanted.resolve(ctx) else { return Ok(()) };
    if ctx.interface(&wanted.interface).is_err() {
        return Ok(());
    }
    let (conversation, link, _) = find(ctx, &wanted.interface).await?;
    let target = RouteTarget::from(&to_kernel(&resolved, table, link.index));
    Ok(conversation.delete_route(&target).await?)
}

fn to_kernel(resolved: &Resolved, table: u32, link: u32) -> netlink::Route {
    let Resolved { destination, gateway, scope, metric } = *resolved;
    netlink::Route {
        table,
        destination,
        gateway,
        link,
        metric,
        scope: wanted::to_kernel_scope(scope),
        // As the original does, so that its routes and ours look the same.
        protocol: RouteProtocol::Boot,
    }
}
