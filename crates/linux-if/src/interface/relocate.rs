//! Making links, marking them, and moving them between namespaces.

use std::collections::BTreeMap;

use ipnet::IpNet;
use ligato_linux_ctx::{CtxError, alias};
use ligato_netlink::{Link, LinkSpec, Netlink};
use tracing::warn;

/// Creates a link and gives it (and its other end) the mark of ownership.
///
/// Both happen even if the caller is cancelled in between: a link without the mark would be
/// foreign to us for ever.
pub(super) async fn create_marked(
    netlink: &Netlink,
    spec: LinkSpec,
    marks: BTreeMap<String, String>,
) -> Result<(), CtxError> {
    let netlink = netlink.clone();
    let work = async move {
        netlink.create_link(&spec).await?;
        for (name, mark) in marks {
            let link = netlink.link(&name).await?;
            if let Err(e) = netlink.set_alias(&link, &mark).await {
                // Nothing that we could not recognise may stay.
                let _ = netlink.delete_link(&link).await;
                return Err(e);
            }
        }
        Ok(())
    };
    let interrupted = |_| CtxError::Interrupted { what: "creating a link" };
    Ok(tokio::spawn(work).await.map_err(interrupted)??)
}

/// Moves a link into another namespace and calls it `name` there; with the same MTU, up if it was
/// up, with the same addresses except link-local ones (the kernel makes new ones).
pub(super) async fn relocate(
    from: &Netlink,
    link: &Link,
    to: &Netlink,
    name: &str,
) -> Result<Link, CtxError> {
    if from.namespace().id() == to.namespace().id() {
        from.rename(link, name).await?;
        return Ok(from.link(name).await?);
    }
    let addresses = from.addresses().await?;
    let own = addresses.into_iter().filter(|a| a.link == link.index && !a.is_link_local());
    let own: Vec<IpNet> = own.map(|address| address.net).collect();
    from.move_link(link, to.namespace()).await?;
    let moved = to.link(&link.name).await?;
    if let Err(error) = dress(to, &moved, link, name, &own).await {
        send_back(to, &moved, from, &link.name).await;
        return Err(error);
    }
    Ok(to.link(name).await?)
}

/// Makes a link that has just arrived look as it did, under its new name.
async fn dress(
    to: &Netlink,
    moved: &Link,
    before: &Link,
    name: &str,
    addresses: &[IpNet],
) -> Result<(), CtxError> {
    to.rename(moved, name).await?;
    let moved = to.link(name).await?;
    if moved.mtu != before.mtu {
        to.set_mtu(&moved, before.mtu).await?;
    }
    if before.admin_up {
        to.set_up(&moved).await?;
    }
    for address in addresses {
        match to.add_address(&moved, *address).await {
            Err(e) if !e.is_exists() => return Err(e.into()),
            _ => {}
        }
    }
    Ok(())
}

/// After a failure: where it was, it is found again by the next attempt.
async fn send_back(at: &Netlink, moved: &Link, home: &Netlink, name: &str) {
    let back = async {
        let link = at.link_by_index(moved.index).await?;
        at.rename(&link, name).await?;
        at.move_link(&at.link(name).await?, home.namespace()).await
    };
    if let Err(error) = back.await {
        warn!(link = name, %error, "a link could not be moved back");
    }
}

/// Removes all addresses of a link but link-local ones.
pub(super) async fn strip(netlink: &Netlink, link: &Link) -> Result<(), CtxError> {
    let addresses = netlink.addresses().await?;
    for address in addresses.iter().filter(|a| a.link == link.index && !a.is_link_local()) {
        match netlink.delete_address(link, address.net).await {
            Err(e) if !e.is_absent() => return Err(e.into()),
            _ => {}
        }
    }
    Ok(())
}

/// The link of that name, if it is there and has our mark.
pub(super) async fn find_own(
    netlink: &Netlink,
    name: &str,
    prefix: &str,
) -> Result<Option<Link>, CtxError> {
    let link = netlink.find_link(name).await?;
    Ok(link.filter(|link| is_own(link, prefix)))
}

/// Has the link the mark of this agent?
pub(super) fn is_own(link: &Link, prefix: &str) -> bool {
    link.alias.as_deref().is_some_and(|alias| alias.starts_with(prefix))
}

/// Takes the mark off a link that stays.
pub(super) async fn unmark(netlink: &Netlink, link: &Link) -> Result<(), CtxError> {
    Ok(netlink.set_alias(link, alias::UNCONFIGURED).await?)
}
