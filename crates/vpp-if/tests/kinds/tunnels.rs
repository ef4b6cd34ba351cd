//! Tunnels, and devices that VPP found.

use ligato_kvs_api::{OpError, Origin};
use ligato_model::Model;
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::interfaces::interface::{Link, Type};
use ligato_proto::vpp::interfaces::vxlan_link::Gpe;
use ligato_vpp_api::msg::ip::IpTableAddDel;
use ligato_vpp_api::msg::vxlan_gpe::VxlanGpeTunnelV2Dump;
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::Settings;
use ligato_vpp_sim::{Action, Fault};

use crate::bench::{Bench, sim, sim_of};
use crate::samples::{gtpu, interface, ipip, loopback, tunnels, vxlan};

#[tokio::test]
async fn every_tunnel_is_made_recognised_and_removed_on_the_oldest_and_the_newest_release() {
    for release in ["22.02", "26.06"] {
        let sim = sim_of(release).await;
        let mut bench = Bench::over(&sim).await;
        let all = tunnels();
        for value in &all {
            bench.create(value.clone()).await.unwrap();
        }
        bench.assert_in_place(&all).await;
        sim.mark();
        Bench::over(&sim).await.assert_in_place(&all).await;
        assert_eq!(sim.writes(), 0, "{:?}", sim.log());
        for value in all.iter().rev() {
            bench.delete(&value.name).await.unwrap();
        }
        bench.assert_in_place(&[]).await;
        assert!(sim.state().interfaces.iter().all(|left| left.tag.is_empty()));
    }
}

#[tokio::test]
async fn a_tunnel_that_is_not_enabled_is_down() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    for value in [vxlan("vx", "10.0.0.2", 5), gtpu("gtpu", 5), ipip("ipip", "10.0.0.2")] {
        let value = Interface { enabled: false, ..value };
        bench.create(value.clone()).await.unwrap();
        assert!(!sim.state().interface(&value.name).unwrap().admin_up, "{}", value.name);
    }
}

#[tokio::test]
async fn the_default_mtu_fails_no_tunnel() {
    let sim = sim().await;
    let settings = Settings { default_mtu: 1400, ..Settings::default() };
    let mut bench = Bench::with(&sim, settings).await;
    let all = tunnels();
    for value in &all {
        bench.create(value.clone()).await.unwrap();
    }
    bench.assert_in_place(&all).await;
}

#[tokio::test]
async fn what_a_tunnel_lacks_is_refused_with_its_field() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let value = Interface { phys_address: "02:fe:00:00:00:01".into(), ..ipip("ipip", "10.0.0.2") };
    let error = bench.create(value).await.unwrap_err();
    let OpError::Invalid(invalid) = error else { panic!("{error}") };
    assert_eq!(invalid.field_names(), ["phys_address"]);
}

#[tokio::test]
async fn a_device_is_configured_under_the_name_vpp_gave_it() {
    const NAME: &str = "GigabitEthernet0/8/0";
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let device = Interface {
        mtu: 1400,
        ip_addresses: vec!["10.0.0.1/24".into()],
        ..interface(NAME, Type::Dpdk, None)
    };
    let error = bench.create(device.clone()).await.unwrap_err();
    let OpError::Invalid(invalid) = error else { panic!("{error}") };
    assert_eq!(invalid.field_names(), ["name"]);

    let index = sim.add_foreign_interface(NAME, "dpdk").unwrap();
    sim.add_foreign_interface("GigabitEthernet0/8/01", "dpdk").unwrap();
    bench.create(device.clone()).await.unwrap();
    assert_eq!(bench.meta(NAME).sw_if_index, index);
    let after = Bench::over(&sim).await;
    let of = |found: &[ligato_kvs_api::AnyRetrieved], name: &str| {
        let key = Interface::key_of(name);
        found.iter().find(|found| found.key == key).map(|found| (found.value.clone(), found.origin))
    };
    let found = after.read_back(std::slice::from_ref(&device)).await;
    let (value, origin) = of(&found, NAME).unwrap();
    // Ours only if it was configured here: there is no mark.
    assert_eq!(origin, Origin::Unknown);
    let kind = after.interfaces();
    let wanted = ligato_model::Value::new(device.clone());
    assert!(kind.equivalent(&device.key(), &value, &wanted), "{value:?}");
    assert!(of(&found, "UNTAGGED-GigabitEthernet0/8/01").is_some());

    bench.delete(NAME).await.unwrap();
    let state = sim.state();
    let left = state.interfaces.iter().find(|interface| interface.index == index).unwrap();
    assert_eq!((left.admin_up, left.addresses.len(), left.tag.as_str()), (false, 0, ""));
    let found = bench.read_back(&[]).await;
    assert_eq!(of(&found, &format!("UNTAGGED-{NAME}")).unwrap().1, Origin::Sb);
}

#[tokio::test]
async fn a_tunnel_somebody_else_made_is_left_alone() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    bench.create(vxlan("vx", "10.0.0.2", 5)).await.unwrap();
    let request = ligato_vpp_api::msg::interface::SwInterfaceTagAddDel {
        is_add: false,
        sw_if_index: ligato_vpp_api::types::InterfaceIndex(bench.meta("vx").sw_if_index),
        ..Default::default()
    };
    bench.ctx.request(request).await.unwrap();
    let found = bench.read_back(&[loopback("loop")]).await;
    let vx = found.iter().find(|found| found.key.ends_with("UNTAGGED-vxlan_tunnel0")).unwrap();
    assert_eq!(vx.origin, Origin::Sb);
    let value: &Interface = vx.value.downcast_ref().unwrap();
    assert!(matches!(&value.link, Some(Link::Vxlan(link)) if link.vni == 5));
}

/// VPP says of a tunnel made of something else that it is not there, and wants an interface for a group.
#[tokio::test]
async fn a_tunnel_of_gpe_is_deleted_by_all_that_it_was_made_of() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let mut table = IpTableAddDel { is_add: true, ..IpTableAddDel::default() };
    table.table.table_id = 7;
    bench.ctx.request(table).await.unwrap();
    bench.create(loopback("member")).await.unwrap();
    let gpe = |name: &str, dst: &str, multicast: &str| {
        let mut value = vxlan(name, dst, 6);
        if let Some(Link::Vxlan(link)) = &mut value.link {
            link.gpe = Some(Gpe { protocol: 3, decap_vrf_id: 0 });
            link.multicast = multicast.to_owned();
        }
        Interface { vrf: 7, ..value }
    };
    let member = bench.meta("member").sw_if_index;
    let all =
        [(gpe("one", "10.0.0.2", ""), u32::MAX), (gpe("group", "239.0.0.1", "member"), member)];
    for (value, _) in &all {
        bench.create(value.clone()).await.unwrap();
        bench.delete(&value.name).await.unwrap();
        let dump = VxlanGpeTunnelV2Dump { sw_if_index: InterfaceIndex::NONE };
        assert_eq!(bench.ctx.dump(dump).await.unwrap(), [], "{}", value.name);
    }
    for (value, multicast) in all {
        // Group interface, table outside, table inside, protocol, network, and no addition.
        let numbers = [multicast, 7, 0].map(u32::to_be_bytes).concat();
        let whole = [numbers, [3, 0, 0, 0, 6, 0].to_vec()].concat();
        bench.create(value.clone()).await.unwrap();
        let refused = Fault::new(Action::Refuse(-7)).on("vxlan_gpe_add_del_tunnel_v2");
        sim.faults().inject(refused.containing(&whole));
        assert!(bench.delete(&value.name).await.is_err(), "{} is deleted as another", value.name);
        sim.faults().clear();
    }
}
