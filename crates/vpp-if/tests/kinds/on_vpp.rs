//! Against a real VPP (`VPP_API_SOCKET`, or a `vpp` on the `PATH`); skipped, saying so, where there is none.
//!
//! TAPs need a kernel that carries them (`cargo xtask guest --traffic`).

use std::path::Path;

use ligato_proto::vpp::interfaces::bond_link::Mode;
use ligato_proto::vpp::interfaces::interface::Type;
use ligato_proto::vpp::interfaces::sub_interface::TagRewriteOptions;
use ligato_proto::vpp::interfaces::{Interface, MemifLink, TapLink};
use ligato_testkit::RealVpp;
use ligato_vpp_client::Options;
use ligato_vpp_ctx::Settings;

use crate::bench::Bench;
use crate::samples::{af_packet, bond, memif, one_of_each, sub, tap, tunnels};

#[tokio::test]
async fn every_type_without_the_kernel_is_made_recognised_changed_and_removed() {
    let Some(real) = RealVpp::find().unwrap() else {
        println!("skipped: no VPP");
        return;
    };
    let mut all: Vec<Interface> = one_of_each();
    all.retain(|value| {
        matches!(value.r#type(), Type::SoftwareLoopback | Type::Memif | Type::SubInterface)
    });
    let member = memif("member", MemifLink { id: 77, ..MemifLink::default() });
    all.extend([member, bond("bond1", Mode::Lacp, &["member"])]);
    all.extend(tunnels());
    made_recognised_changed_and_removed(real.socket(), all).await;
}

#[tokio::test]
async fn af_packets_are_made_recognised_changed_and_removed() {
    // The ends of a pair of links are there only where VPP was started for this.
    let own = std::env::var_os("VPP_API_SOCKET").is_none();
    let Some(real) = RealVpp::find().unwrap().filter(|_| own) else {
        println!("skipped: no VPP with links of the kernel");
        return;
    };
    let addressed = |value| Interface {
        phys_address: "02:fe:00:00:00:01".into(),
        ip_addresses: vec!["10.1.1.1/24".into()],
        ..value
    };
    let all = vec![addressed(af_packet("afp1", "eth1")), af_packet("afp2", "eth2")];
    made_recognised_changed_and_removed(real.socket(), all).await;
}

#[tokio::test]
async fn taps_are_made_recognised_changed_and_removed() {
    let Some(real) = RealVpp::find_with_taps().unwrap() else { return };
    let first = tap("tap1", TapLink { rx_ring_size: 512, ..TapLink::default() });
    let mut vlan = sub("vlan100", "tap1", 100);
    if let Some(ligato_proto::vpp::interfaces::interface::Link::Sub(link)) = &mut vlan.link {
        link.tag_rw_option = TagRewriteOptions::Pop1.into();
    }
    let all = vec![
        Interface {
            phys_address: "02:fe:00:00:00:01".into(),
            ip_addresses: vec!["10.1.1.1/24".into(), "2001:db8::1/64".into()],
            mtu: 1400,
            ..first
        },
        Interface {
            enabled: false,
            ..tap("tap2", TapLink { host_if_name: "mytap".into(), ..TapLink::default() })
        },
        tap("tap3", TapLink { enable_gso: true, tx_ring_size: 1024, ..TapLink::default() }),
        tap("tun1", TapLink { enable_tunnel: true, ..TapLink::default() }),
        vlan,
        bond("bond1", Mode::RoundRobin, &["tap3"]),
    ];
    made_recognised_changed_and_removed(real.socket(), all).await;
}

/// All of it; the first of them is the one that is changed.
async fn made_recognised_changed_and_removed(socket: &Path, mut all: Vec<Interface>) {
    let connect = || Bench::connect(Options::new(socket), Settings::default());
    let mut bench = connect().await;
    for value in &all {
        bench.create(value.clone()).await.unwrap();
    }
    bench.assert_in_place(&all).await;
    connect().await.assert_in_place(&all).await;

    let changed = Interface {
        enabled: false,
        mtu: 1300,
        phys_address: "02:fe:00:00:00:17".into(),
        ip_addresses: vec!["10.1.1.2".into(), "2001:DB8::2/64".into()],
        ..all[0].clone()
    };
    bench.update(changed.clone()).await.unwrap();
    all[0] = changed;
    bench.assert_in_place(&all).await;

    for value in all.iter().rev() {
        bench.delete(&value.name).await.unwrap();
    }
    bench.assert_in_place(&[]).await;
}
