//! Creating, changing and deleting links, by kind.

use std::collections::BTreeMap;

use ligato_linux_ctx::{CtxError, InterfaceMeta, LinuxCtx, NetNs, alias};
use ligato_netlink::{Link, LinkKind, LinkSpec, Netlink, read_sysctl, write_sysctl};
use ligato_proto::linux::interfaces::interface::Type;
use tracing::warn;

use super::relocate::{create_marked, find_own, unmark};
use super::wanted::{Kind, Wanted};
use super::{settings, tap, veth};

/// Without this a socket in the default VRF does not accept connections that come in through
/// another one.
const L3MDEV_ACCEPT: [&str; 3] = ["net", "ipv4", "tcp_l3mdev_accept"];

pub(super) async fn create(ctx: &LinuxCtx, wanted: &Wanted) -> Result<InterfaceMeta, CtxError> {
    if wanted.kind == Kind::Existing {
        return look_up(ctx, wanted).await;
    }
    let target = ctx.enter_or_create(&wanted.netns).await?;
    let link = make(ctx, wanted, &target).await?;
    let meta = meta_of(wanted, &link);
    if let Err(error) = settings::apply(&target, &link, wanted).await {
        // A value that failed leaves nothing behind.
        if let Err(undo) = delete(ctx, type_of(&wanted.kind), &meta).await {
            warn!(interface = wanted.name, error = %undo, "what was begun could not be undone");
        }
        return Err(error);
    }
    Ok(meta)
}

pub(super) async fn update(
    ctx: &LinuxCtx,
    old: &Wanted,
    new: &Wanted,
    meta: &InterfaceMeta,
) -> Result<InterfaceMeta, CtxError> {
    if new.kind == Kind::Existing {
        return look_up(ctx, new).await;
    }
    let netlink = ctx.enter(&meta.namespace).await?;
    let link = netlink.link(&meta.host_name).await?;
    netlink.rename(&link, &new.host_name).await?;
    let link = netlink.link(&new.host_name).await?;
    settings::change(&netlink, &link, old, new).await?;
    Ok(meta_of(new, &link))
}

/// Deletes by type and metadata alone, so that what the read-back has found can be deleted as well.
pub(super) async fn delete(
    ctx: &LinuxCtx,
    kind: Type,
    meta: &InterfaceMeta,
) -> Result<(), CtxError> {
    match kind {
        Type::Existing => Ok(()),
        Type::Veth => veth::delete(ctx, meta).await,
        Type::TapToVpp => tap::delete(ctx, meta).await,
        Type::Loopback => {
            let netlink = ctx.enter(&meta.namespace).await?;
            match find_own(&netlink, "lo", ctx.alias_prefix()).await? {
                Some(link) => unmark(&netlink, &link).await,
                None => Ok(()),
            }
        }
        Type::VrfDevice | Type::Dummy | Type::Undefined => {
            let netlink = ctx.enter(&meta.namespace).await?;
            match find_own(&netlink, &meta.host_name, ctx.alias_prefix()).await? {
                Some(link) => Ok(netlink.delete_link(&link).await?),
                None => Ok(()),
            }
        }
    }
}

async fn make(ctx: &LinuxCtx, wanted: &Wanted, target: &Netlink) -> Result<Link, CtxError> {
    let (name, host_name) = (&wanted.name, &wanted.host_name);
    match &wanted.kind {
        Kind::Veth { peer, .. } => veth::create(ctx, name, peer, target, host_name).await,
        Kind::TapToVpp { vpp_tap } => tap::create(ctx, name, vpp_tap, target, host_name).await,
        Kind::Loopback => mark_loopback(ctx, name, target).await,
        Kind::Vrf { table } => {
            accept_across_vrfs(target).await?;
            let spec = LinkSpec::Vrf { name: host_name.clone(), table: *table };
            make_plain(ctx, name, spec, target).await
        }
        Kind::Dummy => {
            make_plain(ctx, name, LinkSpec::Dummy { name: host_name.clone() }, target).await
        }
        // Others make it; `create` has looked it up already.
        Kind::Existing => Ok(target.link(host_name).await?),
    }
}

async fn make_plain(
    ctx: &LinuxCtx,
    name: &str,
    spec: LinkSpec,
    target: &Netlink,
) -> Result<Link, CtxError> {
    let host_name = spec.name().to_owned();
    let mark = alias::plain(ctx.alias_prefix(), name);
    create_marked(target, spec, BTreeMap::from([(host_name.clone(), mark)])).await?;
    Ok(target.link(&host_name).await?)
}

async fn mark_loopback(ctx: &LinuxCtx, name: &str, target: &Netlink) -> Result<Link, CtxError> {
    let link = target.link("lo").await?;
    let by = link.alias.as_deref().and_then(|a| alias::parse_plain(ctx.alias_prefix(), a));
    if let Some(by) = by
        && by != name
    {
        return Err(CtxError::LoopbackTaken { by });
    }
    target.set_alias(&link, &alias::plain(ctx.alias_prefix(), name)).await?;
    Ok(target.link("lo").await?)
}

async fn accept_across_vrfs(target: &Netlink) -> Result<(), CtxError> {
    let namespace = target.namespace();
    if read_sysctl(namespace, &L3MDEV_ACCEPT).await? == "0" {
        write_sysctl(namespace, &L3MDEV_ACCEPT, "1").await?;
    }
    Ok(())
}

/// A link that others make: only looked at.
async fn look_up(ctx: &LinuxCtx, wanted: &Wanted) -> Result<InterfaceMeta, CtxError> {
    let link = ctx.default_namespace().await?.link(&wanted.host_name).await?;
    Ok(InterfaceMeta { namespace: NetNs::Default, ..meta_of(wanted, &link) })
}

pub(super) fn meta_of(wanted: &Wanted, link: &Link) -> InterfaceMeta {
    InterfaceMeta {
        link_index: link.index,
        vpp_tap: match &wanted.kind {
            Kind::TapToVpp { vpp_tap } => Some(vpp_tap.clone()),
            _ => None,
        },
        namespace: wanted.netns.clone(),
        host_name: link.name.clone(),
        vrf_master: wanted.vrf_master.clone(),
        vrf_table: match link.kind {
            LinkKind::Vrf { table } => Some(table),
            _ => None,
        },
    }
}

fn type_of(kind: &Kind) -> Type {
    match kind {
        Kind::Veth { .. } => Type::Veth,
        Kind::TapToVpp { .. } => Type::TapToVpp,
        Kind::Loopback => Type::Loopback,
        Kind::Existing => Type::Existing,
        Kind::Vrf { .. } => Type::VrfDevice,
        Kind::Dummy => Type::Dummy,
    }
}
