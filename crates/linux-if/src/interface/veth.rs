//! Veth pairs: one kernel object, two values.
//!
//! The first end that is created makes the pair, under temporary names in the default namespace,
//! and takes its own end to where it belongs; the other end stays *parked* until it is created.
//! Deleting one end parks it again while the other is in use. Which ends are in use is read from
//! the kernel, under a lock, so it holds after a restart as well.

use std::collections::BTreeMap;

use ligato_linux_ctx::{CtxError, InterfaceMeta, LinuxCtx, alias};
use ligato_netlink::{Link, LinkSpec, Netlink};

use super::relocate::{create_marked, find_own, is_own, relocate, strip};

/// Name of a parked end: `veth-` and the 32-bit FNV-1a hash of the logical name.
pub(super) fn parked_name(name: &str) -> String {
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("veth-{hash}")
}

/// Brings one end to its namespace and name, making the pair if need be.
pub(super) async fn create(
    ctx: &LinuxCtx,
    name: &str,
    peer: &str,
    target: &Netlink,
    host_name: &str,
) -> Result<Link, CtxError> {
    let _pairs = ctx.pairs().await;
    let home = ctx.default_namespace().await?;
    let prefix = ctx.alias_prefix();
    let own_mark = alias::veth(prefix, name, peer);
    let peer_mark = alias::veth(prefix, peer, name);

    let parked = parked(&home, name, &own_mark).await?;
    let peer_parked = self::parked(&home, peer, &peer_mark).await?.is_some();
    let link = match parked {
        Some(link) if !peer_parked => link,
        // Nobody uses either end: what an agent left that died half way.
        _ => {
            remove_leftovers(&home, [name, peer], prefix).await?;
            let (own, other) = (parked_name(name), parked_name(peer));
            let spec = LinkSpec::Veth { name: own.clone(), peer: other.clone() };
            let marks = BTreeMap::from([(own.clone(), own_mark), (other, peer_mark)]);
            create_marked(&home, spec, marks).await?;
            home.link(&own).await?
        }
    };
    relocate(&home, &link, target, host_name).await
}

/// Parks one end, or removes the pair if the other end is not in use.
pub(super) async fn delete(ctx: &LinuxCtx, meta: &InterfaceMeta) -> Result<(), CtxError> {
    let _pairs = ctx.pairs().await;
    let home = ctx.default_namespace().await?;
    let prefix = ctx.alias_prefix();
    let here = ctx.enter(&meta.namespace).await?;
    let Some(link) = find_own(&here, &meta.host_name, prefix).await? else { return Ok(()) };
    let ends = link.alias.as_deref().and_then(|text| alias::parse_veth(prefix, text));
    let Some((name, peer)) = ends else { return Ok(()) };

    let peer_mark = alias::veth(prefix, &peer, &name);
    let already_parked = link.name == parked_name(&name);
    let peer_idle = parked(&home, &peer, &peer_mark).await?.is_some();
    if peer_idle || already_parked || ctx.interface(&peer).is_err() {
        return delete_absent_ok(&here, &link).await;
    }
    // Addresses of a container must not turn up on the host.
    strip(&here, &link).await?;
    relocate(&here, &link, &home, &parked_name(&name)).await.map(drop)
}

/// A parked end with that mark.
async fn parked(home: &Netlink, name: &str, mark: &str) -> Result<Option<Link>, CtxError> {
    let link = home.find_link(&parked_name(name)).await?;
    Ok(link.filter(|link| link.alias.as_deref() == Some(mark)))
}

/// Removes parked ends of ours, whatever they were paired with.
async fn remove_leftovers(home: &Netlink, names: [&str; 2], prefix: &str) -> Result<(), CtxError> {
    for name in names {
        if let Some(link) = home.find_link(&parked_name(name)).await?
            && is_own(&link, prefix)
        {
            delete_absent_ok(home, &link).await?;
        }
    }
    Ok(())
}

async fn delete_absent_ok(netlink: &Netlink, link: &Link) -> Result<(), CtxError> {
    match netlink.delete_link(link).await {
        Err(e) if !e.is_absent() => Err(e.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offset basis and well-known values of the 32-bit FNV-1a hash.
    #[test]
    fn parked_ends_are_named_as_in_the_original() {
        assert_eq!(parked_name(""), "veth-2166136261");
        assert_eq!(parked_name("a"), "veth-3826002220");
        assert_eq!(parked_name("foobar"), "veth-3214735720");
    }
}
