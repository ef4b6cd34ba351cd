//! What the simulated VPP does with tunnels.

use ligato_vpp_api::FixedString;
use ligato_vpp_api::msg::gtpu::GtpuAddDelTunnel;
use ligato_vpp_api::msg::interface::{SwInterfaceDump, SwInterfaceSetMtu, SwInterfaceTagAddDel};
use ligato_vpp_api::msg::vxlan::VxlanAddDelTunnelV3;
use ligato_vpp_api::types::{Address, InterfaceIndex};
use ligato_vpp_sim::{Retval, Sim};

use crate::support::Client;

fn at(text: &str) -> Address {
    Address(text.parse().unwrap())
}

fn gtpu(teid: u32, is_add: bool) -> GtpuAddDelTunnel {
    GtpuAddDelTunnel {
        is_add,
        src_address: at("10.0.0.1"),
        dst_address: at("10.0.0.2"),
        mcast_sw_if_index: InterfaceIndex::NONE,
        decap_next_index: u32::MAX,
        teid,
        ..GtpuAddDelTunnel::default()
    }
}

async fn with_client(f: impl FnOnce(&mut Client) + Send + 'static) {
    let sim = Sim::builder().start().await.unwrap();
    let path = sim.socket_path().to_owned();
    tokio::task::spawn_blocking(move || f(&mut Client::connect(&path))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_interface_comes_back_as_it_was() {
    with_client(|client| {
        let first = client.call(&gtpu(5, true)).sw_if_index;
        let tag = FixedString::new("mine").unwrap();
        client.call(&SwInterfaceTagAddDel { is_add: true, sw_if_index: first, tag });
        client.call(&SwInterfaceSetMtu { sw_if_index: first, mtu: [1400, 0, 0, 0] });
        let all = SwInterfaceDump { sw_if_index: InterfaceIndex::NONE, ..Default::default() };
        client.call(&gtpu(5, false));
        assert_eq!(client.dump(&all).len(), 1, "only local0 is seen");
        let tag = FixedString::default();
        let gone = client.call(&SwInterfaceTagAddDel { is_add: false, sw_if_index: first, tag });
        assert_eq!(gone.retval, Retval::INVALID_SW_IF_INDEX.0);
        let second = client.call(&gtpu(6, true)).sw_if_index;
        assert_eq!(second, first);
        let found = client.dump(&all);
        assert_eq!((found[1].tag.to_string().as_str(), found[1].mtu[0]), ("mine", 1400));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tunnels_are_refused_as_vpp_refuses_them() {
    with_client(|client| {
        let base = VxlanAddDelTunnelV3 {
            is_add: true,
            instance: u32::MAX,
            src_address: at("10.0.0.1"),
            dst_address: at("10.0.0.2"),
            mcast_sw_if_index: InterfaceIndex::NONE,
            decap_next_index: u32::MAX,
            vni: 7,
            ..VxlanAddDelTunnelV3::default()
        };
        assert_eq!(client.call(&base).retval, 0);
        for (request, expected) in [
            (base.clone(), Retval::TUNNEL_EXIST),
            (VxlanAddDelTunnelV3 { encap_vrf_id: 9, ..base.clone() }, Retval::NO_SUCH_FIB),
            (VxlanAddDelTunnelV3 { dst_address: at("::1"), ..base.clone() }, Retval::INVALID_VALUE),
            (
                VxlanAddDelTunnelV3 { dst_address: at("10.0.0.1"), ..base.clone() },
                Retval::SAME_SRC_DST,
            ),
            (
                VxlanAddDelTunnelV3 { dst_address: at("239.0.0.1"), ..base.clone() },
                Retval::INVALID_SW_IF_INDEX,
            ),
            (
                VxlanAddDelTunnelV3 { decap_next_index: 9, vni: 8, ..base.clone() },
                Retval::INVALID_DECAP_NEXT,
            ),
            (VxlanAddDelTunnelV3 { instance: 0, vni: 8, ..base.clone() }, Retval::INSTANCE_IN_USE),
            (VxlanAddDelTunnelV3 { is_add: false, vni: 8, ..base.clone() }, Retval::NO_SUCH_ENTRY),
        ] {
            assert_eq!(client.call(&request).retval, expected.0, "{request:?}");
        }
        assert_eq!(client.call(&VxlanAddDelTunnelV3 { is_add: false, ..base }).retval, 0);
    })
    .await;
}
