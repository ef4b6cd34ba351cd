//! What VPP has been seen to die of, or to get wrong, and is therefore never asked to do.

use ligato_kvs_api::{OpError, Origin};
use ligato_proto::vpp::interfaces::interface::Link;
use ligato_proto::vpp::interfaces::vxlan_link::Gpe;
use ligato_proto::vpp::interfaces::{Interface, MemifLink};
use ligato_vpp_api::msg::gtpu::GtpuAddDelTunnel;
use ligato_vpp_api::types::{Address, InterfaceIndex};

use crate::bench::{Bench, sim};
use crate::samples::{af_packet, gtpu, loopback, memif, one_of_each, sub, tunnels, vxlan};

/// Several kinds of interfaces took VPP down when they were deleted while enabled.
#[tokio::test]
async fn an_interface_is_disabled_before_it_is_deleted() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let mut all = one_of_each();
    all.extend(tunnels());
    for value in &all {
        bench.create(Interface { ip_addresses: Vec::new(), ..value.clone() }).await.unwrap();
    }
    for value in all.iter().rev() {
        sim.mark();
        bench.delete(&value.name).await.unwrap();
        let log = sim.log();
        // The host's interface is disabled by the device itself.
        if !matches!(value.link, Some(Link::Afpacket(_))) {
            let disabled = log.iter().position(|sent| *sent == "sw_interface_set_flags");
            let deleted = log.iter().position(|sent| {
                sent.contains("delete")
                    || (sent.contains("del_tunnel"))
                    || *sent == "ipip_del_tunnel"
                    || sent.contains("tunnel_add_del")
            });
            assert!(disabled < deleted && disabled.is_some(), "{}: {log:?}", value.name);
        }
    }
    bench.assert_in_place(&[]).await;
}

/// VPP before 23.02 dies of an interrupt that is pending for a queue of an interface that is deleted.
#[tokio::test]
async fn an_af_packet_is_polled_before_it_is_deleted() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    bench.create(af_packet("afp1", "veth1")).await.unwrap();
    sim.mark();
    bench.delete("afp1").await.unwrap();
    assert_eq!(sim.log(), ["sw_interface_set_rx_mode", "af_packet_delete"]);
    bench.assert_in_place(&[]).await;
}

/// VPP hides these instead of deleting them, and gives them to the next one as they were.
#[tokio::test]
async fn what_vpp_uses_again_is_left_as_new() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let gpe = {
        let mut value = vxlan("gpe", "10.0.0.2", 6);
        if let Some(Link::Vxlan(link)) = &mut value.link {
            link.gpe = Some(Gpe { protocol: 3, decap_vrf_id: 0 });
        }
        value
    };
    for value in [Interface { mtu: 1400, ..gtpu("gtpu", 5) }, gpe] {
        bench.create(value.clone()).await.unwrap();
        bench.delete(&value.name).await.unwrap();
    }
    // Somebody else makes a tunnel.
    let request = GtpuAddDelTunnel {
        is_add: true,
        src_address: Address("10.0.0.1".parse().unwrap()),
        dst_address: Address("10.0.0.9".parse().unwrap()),
        mcast_sw_if_index: InterfaceIndex::NONE,
        decap_next_index: u32::MAX,
        teid: 1,
        ..GtpuAddDelTunnel::default()
    };
    let index = bench.ctx.request(request).await.unwrap().sw_if_index.0;
    let state = sim.state();
    let theirs = state.interfaces.iter().find(|interface| interface.index == index).unwrap();
    assert_eq!((theirs.tag.as_str(), theirs.mtu), ("", 0));
    let found = bench.read_back(&[]).await;
    let ours: Vec<_> = found.iter().filter(|found| found.origin == Origin::Nb).collect();
    assert!(ours.is_empty(), "{ours:?}");
    // It is taken from them when we need it, and ours is ours again.
    let mine = gtpu("mine", 7);
    bench.create(mine.clone()).await.unwrap();
    bench.assert_in_place(&[mine]).await;
}

/// Asking for such tunnels makes VPP read tables at positions that it does not check.
#[tokio::test]
async fn tables_that_vpp_takes_for_positions_are_refused() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    let with = |protocol, decap_vrf_id| {
        let mut value = vxlan("gpe", "10.0.0.2", 6);
        if let Some(Link::Vxlan(link)) = &mut value.link {
            link.gpe = Some(Gpe { protocol, decap_vrf_id });
        }
        value
    };
    sim.mark();
    let error = bench.create(with(2, 9)).await.unwrap_err();
    assert_eq!(error, OpError::Unsupported("VXLAN-GPE with a table for IPv6 inside".into()));
    assert_eq!(sim.writes(), 0, "{:?}", sim.log());
}

/// Sub-interfaces go before their parent, whatever it is.
#[tokio::test]
async fn a_parent_that_is_gone_took_its_sub_interfaces_along() {
    let sim = sim().await;
    let mut bench = Bench::over(&sim).await;
    bench.create(memif("parent", MemifLink::default())).await.unwrap();
    bench.create(sub("vlan", "parent", 10)).await.unwrap();
    assert!(sim.remove_interface(bench.meta("parent").sw_if_index));
    bench.delete("vlan").await.unwrap();
    bench.delete("parent").await.unwrap();
    bench.create(loopback("next")).await.unwrap();
    bench.assert_in_place(&[loopback("next")]).await;
}
