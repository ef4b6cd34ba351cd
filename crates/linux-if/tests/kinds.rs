//! Dummy, VRF and TAP interfaces: kinds that not every kernel has. Where one is missing its test
//! says so; `cargo xtask guest` runs them on a kernel that has them all.

mod support;

use std::fs::OpenOptions;
use std::process::Command;
use std::sync::Arc;

use ligato_kvs_api::OpError;
use ligato_linux_ctx::{NetNs, VppTaps};
use ligato_linux_if::descriptors;
use ligato_model::Model;
use ligato_netlink::{LinkSpec, read_sysctl};
use ligato_proto::linux::interfaces::interface::{Link as LinkOf, Type};
use ligato_proto::linux::interfaces::{Interface, TapLink};
use support::{Named, Rig, addresses, interface, ip, lacks, link_names, vrf};

#[tokio::test]
async fn dummies_come_and_go() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let red = Named::new("dummy");
    let one = Interface {
        host_if_name: "lo1".into(),
        namespace: red.reference(),
        ip_addresses: vec!["192.168.7.7/24".into(), "10.7.7.7/24".into()],
        ..interface("dummy1", Type::Dummy)
    };
    let created = rig.put(one.clone()).await;
    if lacks(&created) {
        return;
    }
    created.unwrap();
    let two = Interface {
        host_if_name: "lo2".into(),
        namespace: red.reference(),
        ip_addresses: vec!["10.8.8.8/24".into()],
        ..interface("dummy/2", Type::Dummy)
    };
    rig.put(two.clone()).await.unwrap();
    let there = red.open().await;
    assert_eq!(link_names(&there), ["lo", "lo1", "lo2"]);
    assert_eq!(ip(&there, "link show dev lo2")[0]["ifalias"], "/vnf-agent/test1/dummy/2");
    assert_eq!(addresses(&there, "lo1"), ["192.168.7.7/24", "10.7.7.7/24"]);
    rig.in_sync().await;
    rig.restart().await;
    rig.in_sync().await;

    rig.put(Interface { enabled: false, ..one }).await.unwrap();
    assert_eq!(ip(&there, "link show dev lo1")[0]["operstate"], "DOWN");
    rig.remove(&two.key()).await.unwrap();
    assert_eq!(link_names(&there), ["lo", "lo1"]);
    rig.in_sync().await;
}

#[tokio::test]
async fn vrf_devices_hold_interfaces_with_overlapping_subnets() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let red = Named::new("vrf");
    let device = |n: u32| Interface { namespace: red.reference(), ..vrf(&format!("vrf-{n}"), n) };
    let member = |n: u32| Interface {
        namespace: red.reference(),
        vrf_master_interface: format!("vrf-{n}"),
        ip_addresses: vec!["192.168.1.2/24".into(), "2001:db8::2/64".into()],
        ..interface(&format!("d-{n}"), Type::Dummy)
    };
    let created = rig.put(device(1)).await;
    if lacks(&created) {
        return;
    }
    created.unwrap();
    rig.put(device(2)).await.unwrap();
    for n in [1, 2] {
        rig.put(member(n)).await.unwrap();
    }
    let there = red.open().await;
    let seen = ip(&there, "link show dev vrf-2");
    assert_eq!(seen[0]["linkinfo"]["info_kind"], "vrf");
    assert_eq!(seen[0]["linkinfo"]["info_data"]["table"], 2);
    for n in [1, 2] {
        let link = format!("d-{n}");
        assert_eq!(ip(&there, &format!("link show dev {link}"))[0]["master"], format!("vrf-{n}"));
        assert_eq!(addresses(&there, &link), ["192.168.1.2/24", "2001:db8::2/64"]);
    }
    let accept = read_sysctl(there.namespace(), &["net", "ipv4", "tcp_l3mdev_accept"]);
    assert_eq!(accept.await.unwrap(), "1");
    rig.in_sync().await;
    rig.restart().await;
    rig.in_sync().await;
    let meta = rig.ctx.interface("vrf-2").unwrap();
    assert_eq!((meta.vrf_table, &meta.namespace), (Some(2), &NetNs::Named(red.0.clone())));

    rig.put(Interface { mtu: 1500, ..device(1) }).await.unwrap();
    assert_eq!(ip(&there, "link show dev vrf-1")[0]["mtu"], 1500);
    rig.put(Interface { vrf_master_interface: String::new(), ..member(2) }).await.unwrap();
    assert_eq!(ip(&there, "link show dev d-2")[0]["master"], serde_json::Value::Null);
    rig.in_sync().await;
    // Another table needs another device.
    let mut other = device(2);
    other.link = vrf("x", 20).link;
    rig.put(other).await.unwrap();
    assert_eq!(ip(&there, "link show dev vrf-2")[0]["linkinfo"]["info_data"]["table"], 20);
    rig.remove(&member(1).key()).await.unwrap();
    rig.remove(&device(1).key()).await.unwrap();
    assert_eq!(link_names(&there), ["d-2", "lo", "vrf-2"]);
}

#[tokio::test]
async fn a_dummy_joins_a_vrf_that_others_made() {
    let Some(mut rig) = Rig::new(descriptors).await else { return };
    let device = LinkSpec::Vrf { name: "blue".into(), table: 10 };
    match rig.home.create_link(&device).await {
        Err(e) if e.is_unsupported() => return println!("skipped: {e}"),
        created => created.unwrap(),
    }
    let link = rig.home.link("blue").await.unwrap();
    rig.home.set_up(&link).await.unwrap();
    let existing = Interface {
        host_if_name: "blue".into(),
        link_only: true,
        ..interface("existing-vrf", Type::Existing)
    };
    rig.put(existing.clone()).await.unwrap();
    assert_eq!(rig.ctx.interface("existing-vrf").unwrap().vrf_table, Some(10));
    let dummy = Interface {
        vrf_master_interface: "existing-vrf".into(),
        ip_addresses: vec!["172.16.7.7/24".into()],
        ..interface("dummy2", Type::Dummy)
    };
    rig.put(dummy.clone()).await.unwrap();
    assert_eq!(ip(&rig.home, "link show dev dummy2")[0]["master"], "blue");
    rig.in_sync().await;

    // A link of others that others have to put there.
    rig.home.create_link(&LinkSpec::Dummy { name: "dummy1".into() }).await.unwrap();
    let outside = Interface {
        vrf_master_interface: "existing-vrf".into(),
        link_only: true,
        ..interface("dummy1", Type::Existing)
    };
    let refused = rig.put(outside.clone()).await.unwrap_err();
    assert_eq!(refused, OpError::Retriable("link dummy1 is not in VRF device blue".into()));
    let theirs = rig.home.link("dummy1").await.unwrap();
    rig.home.set_up(&theirs).await.unwrap();
    rig.home.set_master(&theirs, &link).await.unwrap();
    rig.put(outside).await.unwrap();
    rig.in_sync().await;
    rig.remove(&dummy.key()).await.unwrap();
    assert_eq!(link_names(&rig.home), ["blue", "dummy1", "lo"]);

    // When the configuration names another link, all that is known of it is read anew.
    let device = LinkSpec::Vrf { name: "green".into(), table: 20 };
    rig.home.create_link(&device).await.unwrap();
    rig.put(Interface { host_if_name: "green".into(), ..existing }).await.unwrap();
    let meta = rig.ctx.interface("existing-vrf").unwrap();
    assert_eq!((meta.vrf_table, meta.host_name.as_str()), (Some(20), "green"));
}

/// What VPP would tell of its TAP.
struct OneTap;

impl VppTaps for OneTap {
    fn host_name(&self, vpp_tap: &str) -> Option<String> {
        (vpp_tap == "vpp-tap").then(|| "tap-orig".into())
    }
}

#[tokio::test]
async fn the_host_side_of_a_tap_is_borrowed_and_given_back() {
    let Some(mut rig) = Rig::with(descriptors, |b| b.taps(Arc::new(OneTap))).await else { return };
    if OpenOptions::new().read(true).write(true).open("/dev/net/tun").is_err() {
        return println!("skipped: no /dev/net/tun");
    }
    // A persistent TAP, as if VPP had made it.
    let make = || {
        let args = ["tuntap", "add", "dev", "tap-orig", "mode", "tap"];
        Command::new("ip").args(args).status().unwrap().success()
    };
    if !ligato_netlink::run_in(rig.home.namespace(), make).await.unwrap() {
        return println!("skipped: no TAP in this kernel");
    }
    let original = rig.home.link("tap-orig").await.unwrap();
    rig.home.set_up(&original).await.unwrap();

    let red = Named::new("tap");
    let link = |tap: &str| Some(LinkOf::Tap(TapLink { vpp_tap_if_name: tap.into() }));
    let value = Interface {
        host_if_name: "tap".into(),
        namespace: red.reference(),
        ip_addresses: vec!["192.168.1.2/30".into()],
        phys_address: "22:22:22:33:33:33".into(),
        link: link("vpp-tap"),
        ..interface("linux-tap", Type::TapToVpp)
    };
    let unknown = Interface { name: "x".into(), link: link("other"), ..value.clone() };
    let refused = rig.put(unknown).await.unwrap_err();
    assert_eq!(refused, OpError::Retriable("VPP has no TAP interface other".into()));

    rig.put(value.clone()).await.unwrap();
    let there = red.open().await;
    let seen = ip(&there, "link show dev tap");
    assert_eq!(seen[0]["ifalias"], "/vnf-agent/test1/linux-tap/vpp-tap/tap-orig");
    assert_eq!(seen[0]["address"], "22:22:22:33:33:33");
    assert_eq!(addresses(&there, "tap"), ["192.168.1.2/30"]);
    assert_eq!(link_names(&rig.home), ["lo"]);
    rig.in_sync().await;
    rig.restart().await;
    rig.in_sync().await;

    rig.remove(&value.key()).await.unwrap();
    assert_eq!(ip(&rig.home, "link show dev tap-orig")[0]["ifalias"], "unconfigured");
    assert_eq!(link_names(&there), ["lo"]);
}
