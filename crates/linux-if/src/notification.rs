//! Link events in the form in which users get them.

use ligato_linux_ctx::{LinkChange, LinkEvent, LinuxCtx, alias};
use ligato_netlink::{Link, LinkKind, OperState};
use ligato_proto::linux::interfaces::interface::Type;
use ligato_proto::linux::interfaces::interface_notification::NotifType;
use ligato_proto::linux::interfaces::interface_state::{Statistics, Status};
use ligato_proto::linux::interfaces::{InterfaceNotification, InterfaceState};

/// The notification for a link event. The name is the logical one, where the link is ours; `now`
/// are seconds since 1970.
#[must_use]
pub fn interface_notification(
    ctx: &LinuxCtx,
    event: &LinkEvent,
    now: i64,
) -> InterfaceNotification {
    let LinkEvent { link, change } = event;
    let state = InterfaceState {
        name: logical_name(ctx.alias_prefix(), link).unwrap_or_default(),
        internal_name: link.name.clone(),
        r#type: link_type(link).into(),
        if_index: i32::try_from(link.index).unwrap_or_default(),
        admin_status: admin_status(link, *change).into(),
        oper_status: oper_status(link, *change).into(),
        last_change: now,
        phys_address: link.mac.map(|mac| mac.to_string()).unwrap_or_default(),
        // The kernel does not tell it with the event.
        speed: 0,
        mtu: link.mtu,
        statistics: Some(statistics(link)),
    };
    InterfaceNotification { r#type: NotifType::Updown.into(), state: Some(state) }
}

/// The logical name in the alias of one of our links.
fn logical_name(prefix: &str, link: &Link) -> Option<String> {
    let text = link.alias.as_deref()?;
    match link.kind {
        LinkKind::Veth => alias::parse_veth(prefix, text).map(|(name, _)| name),
        LinkKind::Tun => alias::parse_tap(prefix, text).map(|(name, _, _)| name),
        _ => alias::parse_plain(prefix, text),
    }
}

fn link_type(link: &Link) -> Type {
    match link.kind {
        LinkKind::Veth => Type::Veth,
        LinkKind::Tun => Type::TapToVpp,
        LinkKind::Vrf { .. } => Type::VrfDevice,
        LinkKind::Dummy => Type::Dummy,
        LinkKind::Loopback => Type::Loopback,
        LinkKind::Bridge | LinkKind::Vlan { .. } | LinkKind::Physical | LinkKind::Other(_) => {
            Type::Undefined
        }
    }
}

fn admin_status(link: &Link, change: LinkChange) -> Status {
    match change {
        LinkChange::Removed => Status::Deleted,
        LinkChange::Changed if link.admin_up => Status::Up,
        LinkChange::Changed => Status::Down,
    }
}

fn oper_status(link: &Link, change: LinkChange) -> Status {
    match (change, link.oper) {
        (LinkChange::Removed, _) => Status::Deleted,
        (LinkChange::Changed, OperState::Down | OperState::NotPresent) => Status::Down,
        (LinkChange::Changed, _) => Status::Up,
    }
}

fn statistics(link: &Link) -> Statistics {
    let counters = link.counters;
    Statistics {
        in_packets: counters.rx_packets,
        in_bytes: counters.rx_bytes,
        out_packets: counters.tx_packets,
        out_bytes: counters.tx_bytes,
        drop_packets: counters.rx_dropped + counters.tx_dropped,
        in_error_packets: counters.rx_errors,
        out_error_packets: counters.tx_errors,
    }
}

#[cfg(test)]
mod tests {
    use ligato_netlink::LinkCounters;

    use super::*;

    #[tokio::test]
    async fn the_name_is_the_logical_one() {
        let ctx = LinuxCtx::builder("vpp1").build().unwrap();
        let link = Link {
            index: 7,
            name: "eth0".into(),
            kind: LinkKind::Veth,
            alias: Some("/vnf-agent/vpp1/veth1/veth2".into()),
            mtu: 1500,
            mac: "02:00:00:00:00:01".parse().ok(),
            admin_up: true,
            oper: OperState::LowerLayerDown,
            master: None,
            peer: None,
            counters: LinkCounters { rx_dropped: 1, tx_dropped: 2, ..LinkCounters::default() },
        };
        let mut event = LinkEvent { link, change: LinkChange::Changed };
        let state = interface_notification(&ctx, &event, 99).state.unwrap();
        assert_eq!((state.name.as_str(), state.internal_name.as_str()), ("veth1", "eth0"));
        assert_eq!((state.admin_status(), state.oper_status()), (Status::Up, Status::Up));
        assert_eq!((state.r#type(), state.last_change), (Type::Veth, 99));
        assert_eq!(state.statistics.unwrap().drop_packets, 3);

        event.link.alias = Some("/vnf-agent/other/veth1/veth2".into());
        event.change = LinkChange::Removed;
        let state = interface_notification(&ctx, &event, 99).state.unwrap();
        assert_eq!((state.name.as_str(), state.admin_status()), ("", Status::Deleted));
    }
}
