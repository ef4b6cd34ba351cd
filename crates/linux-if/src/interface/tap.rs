//! The host side of a TAP interface that VPP has made.
//!
//! VPP owns the link: it is taken to its place and brought back, never made or removed.

use ligato_linux_ctx::{CtxError, InterfaceMeta, LinuxCtx, alias};
use ligato_netlink::{Link, Netlink};

use super::relocate::{find_own, relocate, unmark};

/// Takes the host side to its namespace and name.
pub(super) async fn create(
    ctx: &LinuxCtx,
    name: &str,
    vpp_tap: &str,
    target: &Netlink,
    host_name: &str,
) -> Result<Link, CtxError> {
    let original = ctx.tap_host_name(vpp_tap)?;
    let home = ctx.default_namespace().await?;
    let link = home.link(&original).await?;
    let mark = alias::tap(ctx.alias_prefix(), name, vpp_tap, &original);
    home.set_alias(&link, &mark).await?;
    relocate(&home, &link, target, host_name).await
}

/// Brings the host side back to where VPP has put it.
pub(super) async fn delete(ctx: &LinuxCtx, meta: &InterfaceMeta) -> Result<(), CtxError> {
    let home = ctx.default_namespace().await?;
    let here = ctx.enter(&meta.namespace).await?;
    // VPP has removed it.
    let Some(link) = find_own(&here, &meta.host_name, ctx.alias_prefix()).await? else {
        return Ok(());
    };
    let text = link.alias.clone().unwrap_or_default();
    let Some((_, _, original)) = alias::parse_tap(ctx.alias_prefix(), &text) else {
        return Err(CtxError::BadAlias { link: link.name, alias: text });
    };
    let back = relocate(&here, &link, &home, &original).await?;
    unmark(&home, &back).await
}
