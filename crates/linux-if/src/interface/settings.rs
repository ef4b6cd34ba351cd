//! What a link is given once it is there: MTU, hardware address, checksum offload, up or down.

use ligato_linux_ctx::CtxError;
use ligato_netlink::{Link, Netlink, Offload, set_rx_checksum, set_tx_checksum};

use super::wanted::{Admin, Care, Kind, Wanted};

/// For a new link. It is never set down: it begins that way, or VPP wants it up.
pub(super) async fn apply(netlink: &Netlink, link: &Link, wanted: &Wanted) -> Result<(), CtxError> {
    if wanted.mtu != 0 {
        netlink.set_mtu(link, wanted.mtu).await?;
    }
    if let (Some(mac), Care::Everything) = (wanted.mac, wanted.scope) {
        netlink.set_mac(link, mac).await?;
    }
    if let Kind::Veth { rx, tx, .. } = wanted.kind {
        set_offload(netlink, link, rx, tx).await?;
    }
    if wanted.admin == Admin::Up {
        netlink.set_up(link).await?;
    }
    Ok(())
}

/// For a link that is there, what differs.
pub(super) async fn change(
    netlink: &Netlink,
    link: &Link,
    old: &Wanted,
    new: &Wanted,
) -> Result<(), CtxError> {
    match (old.admin, new.admin) {
        (Admin::Down, Admin::Up) => netlink.set_up(link).await?,
        (Admin::Up, Admin::Down) => netlink.set_down(link).await?,
        _ => {}
    }
    if let (Some(mac), Care::Everything) = (new.mac, new.scope)
        && old.mac != Some(mac)
    {
        netlink.set_mac(link, mac).await?;
    }
    if old.effective_mtu() != new.effective_mtu() {
        netlink.set_mtu(link, new.effective_mtu()).await?;
    }
    if let (Kind::Veth { rx, tx, .. }, true) = (&new.kind, old.kind != new.kind) {
        set_offload(netlink, link, *rx, *tx).await?;
    }
    Ok(())
}

async fn set_offload(
    netlink: &Netlink,
    link: &Link,
    rx: Offload,
    tx: Offload,
) -> Result<(), CtxError> {
    set_rx_checksum(netlink.namespace(), &link.name, rx).await?;
    set_tx_checksum(netlink.namespace(), &link.name, tx).await?;
    Ok(())
}
