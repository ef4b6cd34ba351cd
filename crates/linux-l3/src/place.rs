//! Where routes and neighbours are: the interfaces that exist, grouped by namespace.

use std::collections::HashMap;
use std::sync::Arc;

use ligato_linux_ctx::{CtxError, InterfaceMeta, LinuxCtx, NetNs};
use ligato_netlink::{Link, MAIN_TABLE, Netlink};
use tracing::warn;

/// A namespace with the interfaces of ours that are in it.
pub(crate) struct Place {
    pub(crate) netlink: Netlink,
    /// By link index, which is read anew: links that were made again have another one.
    pub(crate) interfaces: HashMap<u32, Here>,
}

/// An interface in a namespace.
#[derive(Debug, Clone)]
pub(crate) struct Here {
    /// Logical name.
    pub(crate) name: String,
    /// Routing table of the VRF it belongs to, or the main one.
    pub(crate) table: u32,
}

/// All namespaces with interfaces of ours. Those that cannot be entered are left out: what is in
/// them does not exist for now.
pub(crate) async fn places(ctx: &LinuxCtx) -> Result<Vec<Place>, CtxError> {
    let snapshot = ctx.interfaces().snapshot();
    let mut by_namespace: HashMap<&NetNs, Vec<(&str, &Arc<InterfaceMeta>)>> = HashMap::new();
    for item in snapshot.iter() {
        by_namespace.entry(&item.data.namespace).or_default().push((item.name, item.data));
    }
    let mut places = Vec::new();
    for (namespace, interfaces) in by_namespace {
        let netlink = match ctx.enter(namespace).await {
            Ok(netlink) => netlink,
            Err(error) => {
                if !error.is_namespace_gone() {
                    warn!(%error, "a namespace is left out of the read-back");
                }
                continue;
            }
        };
        let links = netlink.links().await?;
        let by_name: HashMap<&str, &Link> = links.iter().map(|l| (l.name.as_str(), l)).collect();
        let here = interfaces.into_iter().filter_map(|(name, meta)| {
            let link = by_name.get(meta.host_name.as_str())?;
            Some((link.index, Here { name: name.to_owned(), table: table_of(ctx, meta) }))
        });
        places.push(Place { interfaces: here.collect(), netlink });
    }
    Ok(places)
}

/// The conversation and the link of one interface.
pub(crate) async fn find(
    ctx: &LinuxCtx,
    interface: &str,
) -> Result<(Netlink, Link, Arc<InterfaceMeta>), CtxError> {
    let meta = ctx.interface(interface)?;
    let netlink = ctx.enter(&meta.namespace).await?;
    let link = netlink.link(&meta.host_name).await?;
    Ok((netlink, link, meta))
}

/// The table that the routes over an interface are in.
pub(crate) fn table_of(ctx: &LinuxCtx, meta: &InterfaceMeta) -> u32 {
    let vrf = meta.vrf_master.as_deref().and_then(|vrf| ctx.interface(vrf).ok());
    vrf.and_then(|vrf| vrf.vrf_table).unwrap_or(MAIN_TABLE)
}
