//! Links of others, the loopback, and what the watch tells, on the running kernel.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail that way")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use ligato_kvs_api::{Availability, Notification, NotificationSink, OpError, Southbound};
use ligato_linux_ctx::LinkChange;
use ligato_linux_if::descriptors;
use ligato_model::{Key, Model};
use ligato_netlink::{Link, LinkSpec, Netlink};
use ligato_proto::linux::interfaces::Interface;
use ligato_proto::linux::interfaces::interface::Type;
use support::{Named, Rig, addresses, interface, ip};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

/// A link that somebody else makes. Any kind will do; this one every kernel has.
async fn foreign_link(netlink: &Netlink, name: &str) -> Link {
    let spec = LinkSpec::Veth { name: name.into(), peer: format!("{name}-peer") };
    netlink.create_link(&spec).await.unwrap();
    let link = netlink.link(name).await.unwrap();
    netlink.set_up(&link).await.unwrap();
    link
}

#[tokio::test]
async fn the_addresses_of_an_existing_link_are_enforced() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let link = foreign_link(&rig.home, "loop1").await;
    let value = Interface {
        host_if_name: "loop1".into(),
        ip_addresses: vec!["192.168.7.7/24".into(), "10.7.7.7/24".into()],
        mtu: 9000,
        ..interface("existing-loop1", Type::Existing)
    };
    rig.put(value.clone()).await.unwrap();
    assert_eq!(addresses(&rig.home, "loop1"), ["192.168.7.7/24", "10.7.7.7/24"]);
    assert_eq!(
        ip(&rig.home, "link show dev loop1")[0]["mtu"],
        1500,
        "that is the owner's business"
    );
    rig.in_sync().await;

    rig.home.add_address(&link, "172.16.7.7/24".parse().unwrap()).await.unwrap();
    assert_eq!(rig.differences("linux-interface").await.len(), 1);
    rig.home.delete_address(&link, "172.16.7.7/24".parse().unwrap()).await.unwrap();

    rig.remove(&value.key()).await.unwrap();
    assert!(addresses(&rig.home, "loop1").is_empty());
    assert!(rig.home.find_link("loop1").await.unwrap().is_some(), "the link stays");
}

#[tokio::test]
async fn an_existing_link_with_link_only_is_only_looked_at() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let link = foreign_link(&rig.home, "loop1").await;
    rig.home.add_address(&link, "192.168.7.7/24".parse().unwrap()).await.unwrap();
    let value = Interface {
        host_if_name: "loop1".into(),
        ip_addresses: vec!["192.168.7.7/24".into()],
        link_only: true,
        ..interface("existing-loop1", Type::Existing)
    };
    rig.put(value.clone()).await.unwrap();
    rig.in_sync().await;
    rig.remove(&value.key()).await.unwrap();
    assert_eq!(addresses(&rig.home, "loop1"), ["192.168.7.7/24"]);
}

#[tokio::test]
async fn an_existing_link_that_is_not_there_is_an_error() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let refused = rig.put(interface("none", Type::Existing)).await.unwrap_err();
    assert!(refused.to_string().starts_with("no link none in "), "{refused}");
    assert!(refused.is_retriable());
}

#[tokio::test]
async fn a_loopback_stands_for_one_interface() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let red = Named::new("lo");
    let value = Interface {
        namespace: red.reference(),
        ip_addresses: vec!["127.0.0.1/8".into(), "::1/128".into(), "10.10.10.10/32".into()],
        ..interface("lo1", Type::Loopback)
    };
    rig.put(value.clone()).await.unwrap();
    let there = red.open().await;
    assert_eq!(ip(&there, "link show dev lo")[0]["ifalias"], "/vnf-agent/test1/lo1");
    assert!(addresses(&there, "lo").contains(&"10.10.10.10/32".into()));
    rig.in_sync().await;

    let other = Interface { name: "lo2".into(), ..value.clone() };
    let refused = rig.put(other).await.unwrap_err();
    assert_eq!(refused, OpError::Final("loopback is already configured as lo1".into()));

    rig.remove(&value.key()).await.unwrap();
    assert_eq!(ip(&there, "link show dev lo")[0]["ifalias"], "unconfigured");
    rig.put(Interface { name: "lo2".into(), ..value }).await.unwrap();
}

// === the watch ===

struct Told {
    told: UnboundedReceiver<Notification>,
    _stop: tokio_util::sync::DropGuard,
}

impl Told {
    fn begin(rig: &Rig) -> Told {
        let (send, told) = unbounded_channel();
        let sink = NotificationSink::new(move |batch: Vec<Notification>| {
            batch.into_iter().for_each(|one| drop(send.send(one)));
        });
        let stop = CancellationToken::new();
        tokio::spawn(Arc::clone(&rig.ctx).watch(sink, stop.clone()));
        Told { told, _stop: stop.drop_guard() }
    }

    async fn next(&mut self) -> String {
        let wait = tokio::time::timeout(Duration::from_secs(10), self.told.recv());
        match wait.await.expect("something is told").unwrap() {
            Notification::Value { key, value: Some(_), .. } => format!("+{key}"),
            Notification::Value { key, value: None, .. } => format!("-{key}"),
            Notification::Availability { now: Availability::Up { .. }, .. } => "up".into(),
            other => format!("{other:?}"),
        }
    }

    /// The next that is not about link-local addresses, which the kernel makes as it likes.
    async fn next_global(&mut self) -> String {
        loop {
            let told = self.next().await;
            if !told.contains("/address/fe80:") {
                return told;
            }
        }
    }
}

const HOST: &str = "linux/interface/host-name/";

#[tokio::test]
async fn the_watch_tells_links_and_addresses() {
    let Some(rig) = Rig::new(descriptors).await else { return };
    let mut told = Told::begin(&rig);
    assert_eq!(told.next().await, "up");
    let link = foreign_link(&rig.home, "eth0").await;
    assert_eq!(told.next_global().await, format!("+{HOST}eth0"));
    rig.home.add_address(&link, "10.0.0.1/24".parse().unwrap()).await.unwrap();
    assert_eq!(told.next_global().await, format!("+{HOST}eth0/address/10.0.0.1/24"));

    let read: Vec<Key> =
        rig.read_back("linux-interface-watcher").await.into_iter().map(|f| f.key).collect();
    let global: Vec<&str> =
        read.iter().map(Key::as_str).filter(|key| !key.contains("fe80:")).collect();
    assert_eq!(global, [format!("{HOST}eth0"), format!("{HOST}eth0/address/10.0.0.1/24")]);

    rig.home.delete_link(&link).await.unwrap();
    let mut gone = [told.next_global().await, told.next_global().await];
    gone.sort();
    assert_eq!(gone, [format!("-{HOST}eth0"), format!("-{HOST}eth0/address/10.0.0.1/24")]);
}

#[tokio::test]
async fn a_rename_is_not_told_as_going_down() {
    let Some(rig) = Rig::new(descriptors).await else { return };
    let mut told = Told::begin(&rig);
    assert_eq!(told.next().await, "up");
    let mut events = rig.ctx.link_events();
    let link = foreign_link(&rig.home, "eth0").await;
    assert_eq!(told.next_global().await, format!("+{HOST}eth0"));
    // Takes it down and up again.
    rig.home.rename(&rig.home.link("eth0").await.unwrap(), "eth1").await.unwrap();
    let mut changes = [told.next_global().await, told.next_global().await];
    changes.sort();
    assert_eq!(changes, [format!("+{HOST}eth1"), format!("-{HOST}eth0")]);
    // Its peer loses the carrier meanwhile.
    let mut event = events.recv().await.unwrap();
    while event.link.index != link.index {
        event = events.recv().await.unwrap();
    }
    assert_eq!(event.change, LinkChange::Changed);

    rig.home.set_down(&rig.home.link("eth1").await.unwrap()).await.unwrap();
    assert_eq!(told.next_global().await, format!("-{HOST}eth1"));
}
