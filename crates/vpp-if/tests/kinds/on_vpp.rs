//! Against a real VPP (`VPP_API_SOCKET`, or a `vpp` on the `PATH`); skipped, saying so, where there is none.
//!
//! Types that need the kernel's help (TAP, AF_PACKET) are left to the end-to-end tests.

use ligato_proto::vpp::interfaces::bond_link::Mode;
use ligato_proto::vpp::interfaces::interface::Type;
use ligato_proto::vpp::interfaces::{Interface, MemifLink};
use ligato_vpp_client::Options;
use ligato_vpp_ctx::Settings;

use crate::bench::Bench;
use crate::samples::{bond, memif, one_of_each, tunnels};

#[tokio::test]
async fn every_type_without_the_kernel_is_made_recognised_changed_and_removed() {
    let Some(real) = ligato_testkit::RealVpp::find().unwrap() else {
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

    let connect = || Bench::connect(Options::new(real.socket()), Settings::default());
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
