//! Tunnels. Public keys of WireGuard are not looked at: the simulation has no cryptography.

use ligato_vpp_api::msg::gre::*;
use ligato_vpp_api::msg::gtpu::*;
use ligato_vpp_api::msg::interface::*;
use ligato_vpp_api::msg::ipip::*;
use ligato_vpp_api::msg::ipsec::*;
use ligato_vpp_api::msg::vxlan::*;
use ligato_vpp_api::msg::vxlan_gpe::*;
use ligato_vpp_api::msg::wireguard::*;
use ligato_vpp_api::types::*;

use super::*;
use crate::record::Record;

const ALL: InterfaceIndex = InterfaceIndex::NONE;

fn at(text: &str) -> Address {
    Address(ip(text))
}

pub(crate) fn vxlans(r: &mut Record) {
    let all = |r: &mut Record| {
        r.dump(&VxlanTunnelV2Dump { sw_if_index: ALL });
        interfaces(r);
    };
    table(r, true, 5, false, "");
    let member = loopback(r);
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
    let group = VxlanAddDelTunnelV3 {
        dst_address: at("239.0.0.1"),
        mcast_sw_if_index: member,
        ..base.clone()
    };
    let v6 = VxlanAddDelTunnelV3 {
        src_address: at("2001:db8::1"),
        dst_address: at("2001:db8::2"),
        ..base.clone()
    };
    let other = VxlanAddDelTunnelV3 { encap_vrf_id: 5, instance: 9, ..base.clone() };
    for request in [&base, &base, &group, &v6, &other] {
        r.call(request);
    }
    for refused in [
        VxlanAddDelTunnelV3 { encap_vrf_id: 6, ..base.clone() },
        VxlanAddDelTunnelV3 { dst_address: at("2001:db8::2"), ..base.clone() },
        VxlanAddDelTunnelV3 { dst_address: at("10.0.0.1"), ..base.clone() },
        VxlanAddDelTunnelV3 { mcast_sw_if_index: NOWHERE, vni: 8, ..group.clone() },
        VxlanAddDelTunnelV3 { decap_next_index: 99, vni: 8, ..base.clone() },
        VxlanAddDelTunnelV3 { instance: 9, vni: 8, ..base.clone() },
        VxlanAddDelTunnelV3 { src_address: at("2001:db8::9"), ..v6.clone() },
    ] {
        r.call(&refused);
    }
    all(r);
    for request in [&other, &v6, &group, &base, &base] {
        r.call(&VxlanAddDelTunnelV3 { is_add: false, ..request.clone() });
    }
    all(r);
    delete(r, member);
    table(r, false, 5, false, "");
}

pub(crate) fn hidden_tunnels(r: &mut Record) {
    let all = |r: &mut Record| {
        r.dump(&GtpuTunnelDump { sw_if_index: ALL });
        r.dump(&VxlanGpeTunnelV2Dump { sw_if_index: ALL });
        interfaces(r);
    };
    let gtpu = GtpuAddDelTunnel {
        is_add: true,
        src_address: at("10.0.0.1"),
        dst_address: at("10.0.0.2"),
        mcast_sw_if_index: InterfaceIndex::NONE,
        decap_next_index: u32::MAX,
        teid: 5,
        ..GtpuAddDelTunnel::default()
    };
    let gpe = VxlanGpeAddDelTunnelV2 {
        local: at("10.0.0.1"),
        remote: at("10.0.0.2"),
        mcast_sw_if_index: InterfaceIndex::NONE,
        protocol: IpProto(1),
        vni: 7,
        is_add: true,
        ..VxlanGpeAddDelTunnelV2::default()
    };
    let first = r.call(&gtpu).sw_if_index;
    r.call(&gtpu);
    r.call(&GtpuAddDelTunnel { decap_next_index: 99, teid: 6, ..gtpu.clone() });
    r.call(&GtpuAddDelTunnel { dst_address: at("10.0.0.1"), ..gtpu.clone() });
    let second = r.call(&gpe).sw_if_index;
    r.call(&gpe);
    r.call(&VxlanGpeAddDelTunnelV2 { decap_vrf_id: 99, vni: 8, ..gpe.clone() });
    for sw_if_index in [first, second] {
        r.call(&SwInterfaceTagAddDel { is_add: true, sw_if_index, tag: tag("mine") });
        r.call(&SwInterfaceSetMtu { sw_if_index, mtu: [1400, 0, 0, 0] });
    }
    all(r);
    r.call(&GtpuAddDelTunnel { is_add: false, ..gtpu.clone() });
    r.call(&VxlanGpeAddDelTunnelV2 { is_add: false, ..gpe.clone() });
    r.call(&GtpuAddDelTunnel { is_add: false, ..gtpu.clone() });
    all(r);
    // The old interfaces come back with what they had.
    r.call(&GtpuAddDelTunnel { teid: 9, ..gtpu.clone() });
    r.call(&VxlanGpeAddDelTunnelV2 { vni: 9, ..gpe.clone() });
    all(r);
    for sw_if_index in [first, second] {
        r.call(&SwInterfaceTagAddDel { is_add: false, sw_if_index, ..Default::default() });
    }
    r.call(&GtpuAddDelTunnel { is_add: false, teid: 9, ..gtpu });
    r.call(&VxlanGpeAddDelTunnelV2 { is_add: false, vni: 9, ..gpe.clone() });
    r.note("a tunnel is found whatever table its own packets are in");
    table(r, true, 8, false, "");
    r.call(&VxlanGpeAddDelTunnelV2 { vni: 11, ..gpe.clone() });
    r.call(&VxlanGpeAddDelTunnelV2 { vni: 11, encap_vrf_id: 8, ..gpe.clone() });
    r.call(&VxlanGpeAddDelTunnelV2 { is_add: false, vni: 11, encap_vrf_id: 8, ..gpe.clone() });
    r.call(&VxlanGpeAddDelTunnelV2 { is_add: false, vni: 11, ..gpe });
    table(r, false, 8, false, "");
}

pub(crate) fn gres(r: &mut Record) {
    let all = |r: &mut Record| {
        r.dump(&GreTunnelV2Dump { sw_if_index: ALL });
        r.dump(&GreTunnelDump { sw_if_index: ALL });
        interfaces(r);
    };
    let base = GreTunnelV2 {
        instance: u32::MAX,
        src: at("10.0.0.1"),
        dst: at("10.0.0.2"),
        ..GreTunnelV2::default()
    };
    let teb = GreTunnelV2 { kind: GreTunnelType::TEB, ..base };
    let erspan = GreTunnelV2 { kind: GreTunnelType::ERSPAN, session_id: 7, ..base };
    let keyed = GreTunnelV2 { key: 11, ..base };
    let made = [base, teb, erspan, keyed];
    let add = |r: &mut Record, tunnel: GreTunnelV2| {
        r.call(&GreTunnelAddDelV2 { is_add: true, tunnel });
    };
    for tunnel in made {
        add(r, tunnel);
    }
    for refused in [
        base,
        GreTunnelV2 { dst: at("2001:db8::1"), ..base },
        GreTunnelV2 { dst: base.src, ..base },
        GreTunnelV2 { kind: GreTunnelType(9), ..base },
        GreTunnelV2 { mode: TunnelMode(9), ..base },
        GreTunnelV2 { mode: TunnelMode::MP, ..base },
        GreTunnelV2 { outer_table_id: 9, ..base },
        GreTunnelV2 { session_id: 1024, ..erspan },
    ] {
        add(r, refused);
    }
    all(r);
    for tunnel in made.into_iter().rev().chain([base]) {
        r.call(&GreTunnelAddDelV2 { is_add: false, tunnel });
    }
    all(r);
}

pub(crate) fn routed_tunnels(r: &mut Record) {
    let ipip = IpipTunnel {
        instance: u32::MAX,
        src: at("10.0.0.1"),
        dst: at("10.0.0.2"),
        ..IpipTunnel::default()
    };
    let many = IpipTunnel { src: at("2001:db8::1"), dst: at("::"), mode: TunnelMode::MP, ..ipip };
    let add = |r: &mut Record, tunnel: IpipTunnel| r.call(&IpipAddTunnel { tunnel }).sw_if_index;
    let (one, other) = (add(r, ipip), add(r, many));
    for refused in [
        ipip,
        IpipTunnel { dst: at("2001:db8::1"), ..ipip },
        IpipTunnel { dst: ipip.src, ..ipip },
        IpipTunnel { mode: TunnelMode(9), ..ipip },
        IpipTunnel { mode: TunnelMode::MP, ..ipip },
        IpipTunnel { table_id: 9, ..ipip },
    ] {
        add(r, refused);
    }
    let itf = |instance, mode| IpsecItfCreate {
        itf: IpsecItf { user_instance: instance, mode, sw_if_index: ALL },
    };
    let secure = r.call(&itf(u32::MAX, TunnelMode::P2P)).sw_if_index;
    let third = r.call(&itf(7, TunnelMode::MP)).sw_if_index;
    r.call(&itf(7, TunnelMode::MP));
    r.call(&itf(u32::MAX, TunnelMode(9)));
    let interface = WireguardInterface {
        user_instance: u32::MAX,
        private_key: [0x41; 32],
        port: 51820,
        src_ip: at("10.0.0.1"),
        ..WireguardInterface::default()
    };
    let create = WireguardInterfaceCreate { interface, generate_key: false };
    let guarded = r.call(&create).sw_if_index;
    for sw_if_index in [one, other, secure, third, guarded] {
        set_up(r, sw_if_index);
    }
    r.dump(&IpipTunnelDump { sw_if_index: ALL });
    r.dump(&IpsecItfDump { sw_if_index: ALL });
    interfaces(r);
    for sw_if_index in [one, other, secure, third, guarded] {
        set_down(r, sw_if_index);
    }
    for sw_if_index in [one, other, one, LOCAL0] {
        r.call(&IpipDelTunnel { sw_if_index });
    }
    for sw_if_index in [secure, third, secure, LOCAL0] {
        r.call(&IpsecItfDelete { sw_if_index });
    }
    for sw_if_index in [LOCAL0, NOWHERE, guarded, guarded] {
        r.call(&WireguardInterfaceDelete { sw_if_index });
    }
    interfaces(r);
}
