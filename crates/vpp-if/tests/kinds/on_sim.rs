//! Every kind and every type over the real socket protocol.

use ligato_kvs_api::{AnyKnown, OpError, Origin};
use ligato_model::{Model, Value};
use ligato_proto::vpp::interfaces::bond_link::Mode;
use ligato_proto::vpp::interfaces::interface::{Link, RxMode, Type, Unnumbered, rx_mode};
use ligato_proto::vpp::interfaces::sub_interface::TagRewriteOptions;
use ligato_proto::vpp::interfaces::{
    AfpacketLink, Interface, MemifLink, Span, SubInterface, TapLink,
};
use ligato_vpp_api::FixedString;
use ligato_vpp_api::msg::interface::{SwInterfaceDump, SwInterfaceTagAddDel};
use ligato_vpp_api::msg::ip::IpTableAddDel;
use ligato_vpp_api::msg::memif::MemifSocketFilenameDump;
use ligato_vpp_api::msg::span::{SpanState, SwInterfaceSpanEnableDisable};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::Settings;
use ligato_vpp_sim::{Action, Fault};

use crate::bench::{Bench, sim};
use crate::samples::{af_packet, bond, interface, loopback, memif, one_of_each, sub, tap};

#[tokio::test]
async fn every_type_is_made_read_back_and_removed() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let all = one_of_each();
    for value in &all {
        bench.create(value.clone()).await.unwrap();
    }
    bench.assert_in_place(&all).await;
    let state = sim.state();
    let loop1 = state.interface("loop1").unwrap();
    assert_eq!((loop1.mac, loop1.mtu, loop1.admin_up), ([2, 0xfe, 0, 0, 0, 1], 1500, true));
    assert_eq!(loop1.addresses.len(), 2);
    assert!(!state.interface("tap2").unwrap().admin_up);
    assert_eq!(state.interface("vlan100").unwrap().parent, bench.meta("memif1").sw_if_index);
    for value in all.iter().rev() {
        bench.delete(&value.name).await.unwrap();
    }
    bench.assert_in_place(&[]).await;
    assert!(sim.state().interfaces.iter().all(|left| left.tag.is_empty()));
}

#[tokio::test]
async fn a_restarted_agent_recognises_everything_and_writes_nothing() {
    let sim = sim().await;
    let all = one_of_each();
    let mut before = Bench::over(&sim).await;
    for value in &all {
        before.create(value.clone()).await.unwrap();
    }
    sim.mark();
    let after = Bench::over(&sim).await;
    after.assert_in_place(&all).await;
    assert_eq!(sim.writes(), 0, "{:?}", sim.log());
}

#[tokio::test]
async fn changes_are_made_in_place() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let before = Interface { ip_addresses: vec!["10.1.1.1/24".into()], ..loopback("loop1") };
    bench.create(before.clone()).await.unwrap();
    let index = bench.meta("loop1").sw_if_index;
    let after = Interface {
        enabled: false,
        mtu: 1400,
        phys_address: "02:fe:00:00:00:07".into(),
        ip_addresses: vec!["10.1.1.2/24".into()],
        ..before
    };
    bench.update(after.clone()).await.unwrap();
    bench.assert_in_place(std::slice::from_ref(&after)).await;
    let state = sim.state();
    let found = state.interface("loop1").unwrap();
    assert_eq!((found.index, found.admin_up, found.mtu), (index, false, 1400));
    assert_eq!(found.addresses, [("10.1.1.2".parse().unwrap(), 24)]);
    assert_eq!(bench.meta("loop1").ip_addresses, ["10.1.1.2/24"]);
}

#[tokio::test]
async fn tags_are_rewritten_in_place_and_another_vlan_is_another_interface() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    bench.create(memif("memif1", MemifLink::default())).await.unwrap();
    bench.create(sub("vlan", "memif1", 10)).await.unwrap();
    let index = bench.meta("vlan").sw_if_index;
    let rewriting = |sub_id, option: TagRewriteOptions| {
        let link = SubInterface {
            parent_name: "memif1".into(),
            sub_id,
            tag_rw_option: option.into(),
            push_dot1q: true,
            tag1: 30,
            ..SubInterface::default()
        };
        interface("vlan", Type::SubInterface, Some(Link::Sub(link)))
    };
    for option in [TagRewriteOptions::Push1, TagRewriteOptions::Disabled] {
        bench.update(rewriting(10, option)).await.unwrap();
        assert_eq!(bench.meta("vlan").sw_if_index, index);
        let parent = memif("memif1", MemifLink::default());
        bench.assert_in_place(&[parent, rewriting(10, option)]).await;
    }
    sim.mark();
    bench.update(rewriting(11, TagRewriteOptions::Disabled)).await.unwrap();
    assert!(sim.log().contains(&"delete_subif"), "{:?}", sim.log());
}

#[tokio::test]
async fn a_vrf_holds_its_interface() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    for is_ip6 in [false, true] {
        let mut table = IpTableAddDel { is_add: true, ..IpTableAddDel::default() };
        table.table.table_id = 7;
        table.table.is_ip6 = is_ip6;
        bench.ctx.request(table).await.unwrap();
    }
    let value = Interface {
        vrf: 7,
        ip_addresses: vec!["10.1.1.1/24".into(), "2001:db8::1/64".into()],
        ..loopback("loop1")
    };
    bench.create(value.clone()).await.unwrap();
    bench.assert_in_place(std::slice::from_ref(&value)).await;
    assert_eq!(sim.state().interface("loop1").unwrap().tables, [7, 7]);

    let borrower = Interface {
        unnumbered: Some(Unnumbered { interface_with_ip: "loop1".into() }),
        ..memif("memif1", MemifLink { mode: 1, ..MemifLink::default() })
    };
    bench.create(borrower.clone()).await.unwrap();
    bench.assert_in_place(&[value.clone(), borrower]).await;
    let state = sim.state();
    let found = state.interface("memif1").unwrap();
    assert_eq!(found.unnumbered, Some(bench.meta("loop1").sw_if_index));
    assert_eq!(found.tables, [7, 7]);

    bench.delete("memif1").await.unwrap();
    bench.update(Interface { vrf: 0, ..value }).await.unwrap();
    assert_eq!(sim.state().interface("loop1").unwrap().tables, [0, 0]);
}

#[tokio::test]
async fn members_join_and_leave_a_bond() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let members = [af_packet("afp1", "veth1"), af_packet("afp2", "veth2")];
    for member in &members {
        bench.create(member.clone()).await.unwrap();
    }
    let all = |bond| [members[0].clone(), members[1].clone(), bond];
    bench.create(bond("bond1", Mode::Lacp, &["afp1", "afp2"])).await.unwrap();
    bench.assert_in_place(&all(bond("bond1", Mode::Lacp, &["afp2", "afp1"]))).await;
    let index = bench.meta("bond1").sw_if_index;
    bench.update(bond("bond1", Mode::Lacp, &["afp2"])).await.unwrap();
    bench.assert_in_place(&all(bond("bond1", Mode::Lacp, &["afp2"]))).await;
    assert_eq!(bench.meta("bond1").sw_if_index, index, "the bond itself stays");
    sim.mark();
    bench.update(bond("bond1", Mode::ActiveBackup, &["afp2"])).await.unwrap();
    assert!(sim.log().contains(&"bond_delete"), "another mode is another bond");
}

#[tokio::test]
async fn memifs_share_socket_files() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let with = |name: &str, id, path: &str| {
        memif(name, MemifLink { id, socket_filename: path.into(), ..MemifLink::default() })
    };
    let all = [
        with("a", 1, "/tmp/one.sock"),
        with("b", 2, "/tmp/one.sock"),
        with("c", 1, "/tmp/two.sock"),
    ];
    let (mut first, mut second) = (Bench::over(&sim).await, Bench::over(&sim).await);
    bench.create(all[0].clone()).await.unwrap();
    first.create(all[1].clone()).await.unwrap();
    second.create(all[2].clone()).await.unwrap();
    bench.assert_in_place(&all).await;
    let sockets = bench.ctx.dump(MemifSocketFilenameDump {}).await.unwrap();
    assert_eq!(sockets.len(), 3, "{sockets:?}");
}

#[tokio::test]
async fn receive_modes_are_set_and_compared_by_effect() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let mode = |queue, mode: rx_mode::Type, default_mode| RxMode {
        queue,
        mode: mode.into(),
        default_mode,
    };
    let value = |modes| Interface { rx_modes: modes, ..tap("tap1", TapLink::default()) };
    let polling = value(vec![mode(0, rx_mode::Type::Polling, true)]);
    bench.create(polling.clone()).await.unwrap();
    bench.assert_in_place(std::slice::from_ref(&polling)).await;
    let adaptive = value(vec![mode(0, rx_mode::Type::Adaptive, false)]);
    bench.update(adaptive.clone()).await.unwrap();
    bench.assert_in_place(std::slice::from_ref(&adaptive)).await;
    bench.update(value(Vec::new())).await.unwrap();
}

#[tokio::test]
async fn foreign_interfaces_are_seen_and_left_alone() {
    let sim = sim().await;
    let bench = Bench::over(&sim).await;
    let foreign = sim.add_foreign_interface("GigabitEthernet0/8/0", "dpdk").unwrap();
    let tunnel = sim.add_foreign_interface("vxlan_tunnel0", "VXLAN").unwrap();
    let request = SwInterfaceTagAddDel {
        is_add: true,
        sw_if_index: InterfaceIndex(tunnel),
        tag: FixedString::new("vx1").unwrap(),
    };
    bench.ctx.request(request).await.unwrap();
    let found = bench.read_back(&[]).await;
    let of = |name: &str| {
        let key = Interface::key_of(name);
        found.iter().find(|found| found.key == key).unwrap_or_else(|| panic!("{found:#?}"))
    };
    for name in ["UNTAGGED-local0", "UNTAGGED-GigabitEthernet0/8/0", "vx1"] {
        assert_eq!(of(name).origin, Origin::Sb, "{name}");
    }
    assert!(sim.state().interfaces.iter().any(|interface| interface.index == foreign));
}

#[tokio::test]
async fn half_an_interface_is_taken_back() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    sim.faults().inject(Fault::new(Action::Refuse(-7)).on("sw_interface_set_mtu"));
    let value = Interface { mtu: 1500, ..loopback("loop1") };
    let error = bench.create(value.clone()).await.unwrap_err();
    assert!(matches!(error, OpError::Retriable(_)), "{error}");
    assert!(sim.state().interface("loop1").is_none(), "{:#?}", sim.state());
    sim.faults().clear();
    bench.create(value.clone()).await.unwrap();
    bench.assert_in_place(&[value]).await;
}

#[tokio::test]
async fn the_default_mtu_suits_every_type() {
    let sim = sim().await;
    let settings = Settings { default_mtu: 1400, ..Settings::default() };
    let mut bench = Bench::with(&sim, settings).await;
    let ip = memif("ip", MemifLink { id: 1, mode: 1, ..MemifLink::default() });
    let ethernet = memif("ethernet", MemifLink { id: 2, ..MemifLink::default() });
    let tun = tap("tun", TapLink { enable_tunnel: true, ..TapLink::default() });
    let all = [ip, ethernet, tun, loopback("loop1"), bond("bond1", Mode::Lacp, &[])];
    for value in &all {
        bench.create(value.clone()).await.unwrap();
    }
    bench.assert_in_place(&all).await;
    assert_eq!(sim.state().interface("ethernet").unwrap().mtu, 1400);
}

#[tokio::test]
async fn deleting_what_is_gone_is_no_failure() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    for value in [loopback("loop1"), memif("memif1", MemifLink::default())] {
        let name = value.name.clone();
        bench.create(value).await.unwrap();
        assert!(sim.remove_interface(bench.meta(&name).sw_if_index));
        bench.delete(&name).await.unwrap();
    }
}

#[tokio::test]
async fn deletion_touches_no_other_tag() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    bench.create(loopback("loop1")).await.unwrap();
    let tag = FixedString::new("mine").unwrap();
    let local0 = SwInterfaceTagAddDel { is_add: true, sw_if_index: InterfaceIndex(0), tag };
    bench.ctx.request(local0).await.unwrap();
    bench.delete("loop1").await.unwrap();
    let all = SwInterfaceDump { sw_if_index: InterfaceIndex::NONE, ..Default::default() };
    let found = bench.ctx.dump(all).await.unwrap();
    assert_eq!(found[0].tag, "mine");
}

#[tokio::test]
async fn a_sub_interface_may_come_before_its_parent() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    // The parent takes the index of an interface deleted before, behind that of nobody's.
    let (first, parent) = (loopback("first"), memif("parent", MemifLink::default()));
    bench.create(first).await.unwrap();
    bench.create(parent.clone()).await.unwrap();
    bench.delete("first").await.unwrap();
    let vlan = sub("vlan", "parent", 10);
    bench.create(vlan.clone()).await.unwrap();
    let (vlan_index, parent_index) =
        (bench.meta("vlan").sw_if_index, bench.meta("parent").sw_if_index);
    assert!(vlan_index < parent_index, "{vlan_index} {parent_index}");
    bench.assert_in_place(&[parent, vlan]).await;
}

#[tokio::test]
async fn a_hung_vpp_leaves_the_outcome_unknown() {
    let sim = sim().await;
    let options = ligato_vpp_client::Options {
        reply_timeout: std::time::Duration::from_millis(100),
        ..ligato_vpp_client::Options::new(sim.socket_path())
    };
    let mut bench = Bench::connect(options, Settings::default()).await;
    sim.faults().inject(Fault::new(Action::Ignore).on("create_loopback"));
    let error = bench.create(loopback("loop1")).await.unwrap_err();
    assert!(error.is_unknown(), "{error}");
}

/// None of the answers arrives, and still everything is asked.
#[tokio::test]
async fn interfaces_are_asked_about_without_waiting_for_one_another() {
    const MANY: usize = 50;
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    for n in 0..MANY {
        bench.create(loopback(&format!("loop{n}"))).await.unwrap();
    }
    sim.faults().inject(Fault::new(Action::LoseReply).on("sw_interface_get_table"));
    sim.mark();
    // One for each version of IP.
    let all_asked = async {
        while sim.log().iter().filter(|sent| **sent == "sw_interface_get_table").count() < 2 * MANY
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        found = bench.read_back(&[]) => panic!("it did not wait for the answers: {found:?}"),
        () = all_asked => {}
    }
}

/// Without Linux interfaces, or when the one it stands for is not known any more.
#[tokio::test]
async fn an_af_packet_goes_also_when_nobody_knows_its_linux_interface() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let linux_interface = "linux-veth1".to_owned();
    let link = AfpacketLink { linux_interface, ..AfpacketLink::default() };
    let value = interface("afp1", Type::AfPacket, Some(Link::Afpacket(link)));
    bench.create(value.clone()).await.unwrap();
    bench.forget_linux();
    bench.delete("afp1").await.unwrap();
    assert!(sim.state().interface("afp1").is_none(), "{:#?}", sim.state());
}

/// Their keys are the same.
#[tokio::test]
async fn of_two_mirrors_of_a_pair_the_one_that_is_wanted_is_found() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    for name in ["from", "to"] {
        bench.create(loopback(name)).await.unwrap();
    }
    for is_l2 in [false, true] {
        let request = SwInterfaceSpanEnableDisable {
            sw_if_index_from: InterfaceIndex(bench.meta("from").sw_if_index),
            sw_if_index_to: InterfaceIndex(bench.meta("to").sw_if_index),
            state: SpanState::RX,
            is_l2,
        };
        bench.ctx.request(request).await.unwrap();
    }
    for is_l2 in [false, true] {
        let (interface_from, interface_to) = ("from".into(), "to".into());
        let wanted = Span { interface_from, interface_to, direction: 1, is_l2 };
        let known = AnyKnown {
            key: wanted.key(),
            value: Value::new(wanted.clone()),
            metadata: None,
            origin: Origin::Nb,
            wanted: true,
        };
        let found = bench.named("vpp-span").retrieve(vec![known].into()).await.unwrap();
        let [found] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!(found.value, Value::new(wanted));
    }
}
