//! Messages that have newer variants, and newer ones of others: they say the same.

use ligato_vpp_api::msg::bond::*;
use ligato_vpp_api::msg::gre::*;
use ligato_vpp_api::msg::vxlan::*;
use ligato_vpp_api::msg::vxlan_gpe::*;

use super::*;

const ALL: InterfaceIndex = InterfaceIndex::NONE;

fn at(text: &str) -> Address {
    Address(ip(text))
}

pub(crate) fn tunnels(r: &mut Record) {
    let vxlan = VxlanAddDelTunnel {
        is_add: true,
        instance: u32::MAX,
        src_address: at("10.0.0.1"),
        dst_address: at("10.0.0.2"),
        mcast_sw_if_index: ALL,
        decap_next_index: u32::MAX,
        vni: 7,
        ..VxlanAddDelTunnel::default()
    };
    let other = VxlanAddDelTunnel { vni: 8, instance: 5, ..vxlan.clone() };
    for request in [&vxlan, &vxlan, &other, &VxlanAddDelTunnel { encap_vrf_id: 9, ..vxlan.clone() }]
    {
        r.call(request);
    }
    r.dump(&VxlanTunnelV2Dump { sw_if_index: ALL });
    interfaces(r);
    for request in [&vxlan, &other, &other] {
        r.call(&VxlanAddDelTunnel { is_add: false, ..request.clone() });
    }
    let gpe = VxlanGpeAddDelTunnel {
        local: at("10.0.0.1"),
        remote: at("10.0.0.3"),
        mcast_sw_if_index: ALL,
        protocol: IpProto(3),
        vni: 9,
        is_add: true,
        ..VxlanGpeAddDelTunnel::default()
    };
    r.call(&gpe);
    r.call(&gpe);
    r.dump(&VxlanGpeTunnelV2Dump { sw_if_index: ALL });
    r.call(&VxlanGpeAddDelTunnel { is_add: false, ..gpe.clone() });
    r.call(&VxlanGpeAddDelTunnel { is_add: false, ..gpe });
    let gre = |src: &str, dst: &str, kind, session_id| GreTunnel {
        kind,
        instance: u32::MAX,
        session_id,
        src: at(src),
        dst: at(dst),
        sw_if_index: ALL,
        ..GreTunnel::default()
    };
    let tunnels = [
        gre("10.0.0.1", "10.0.0.4", GreTunnelType::L3, 0),
        gre("10.0.0.1", "10.0.0.4", GreTunnelType::TEB, 0),
        gre("2001:db8::1", "2001:db8::4", GreTunnelType::L3, 0),
        gre("10.0.0.1", "10.0.0.4", GreTunnelType::ERSPAN, 7),
        gre("10.0.0.1", "10.0.0.4", GreTunnelType::L3, 0),
    ];
    for tunnel in &tunnels {
        r.call(&GreTunnelAddDel { is_add: true, tunnel: *tunnel });
    }
    r.dump(&GreTunnelDump { sw_if_index: ALL });
    interfaces(r);
    for tunnel in &tunnels {
        r.call(&GreTunnelAddDel { is_add: false, tunnel: *tunnel });
    }
}

pub(crate) fn tables(r: &mut Record) {
    let named = |table_id, name: &str| IpTable { table_id, is_ip6: false, name: tag(name) };
    r.call(&IpTableAddDelV2 { table: named(5, "five"), create_mfib: true, is_add: true });
    r.call(&IpTableAddDelV2 { table: named(5, "again"), create_mfib: true, is_add: true });
    r.dump(&IpTableDump {});
    let hash = SetIpFlowHash { vrf_id: 5, src: true, dst: true, ..SetIpFlowHash::default() };
    r.call(&hash);
    r.call(&SetIpFlowHash { vrf_id: 99, ..hash });
    for table_id in [5, 99] {
        r.call(&SetIpFlowHashV3 {
            table_id,
            af: AddressFamily::IP4,
            flow_hash_config: IpFlowHashConfigV2(3),
        });
    }
    r.call(&IpTableAddDelV2 { table: named(5, ""), create_mfib: true, is_add: false });
    r.call(&IpTableAddDelV2 { table: named(5, ""), create_mfib: true, is_add: false });
    r.dump(&IpTableDump {});
}

pub(crate) fn routes(r: &mut Record) {
    r.hides_counters = true;
    let one = loopback(r);
    set_up(r, one);
    address(r, true, one, "10.0.0.1", 24);
    let add = |is_add, src, hop: &str| IpRouteAddDelV2 {
        is_add,
        is_multipath: false,
        route: IpRouteV2 {
            table_id: 0,
            stats_index: 0,
            prefix: Prefix::new(ip("10.1.0.0"), 16),
            src,
            paths: List::new(vec![via(hop, one.0)]).unwrap(),
        },
    };
    r.call(&add(true, 0, "10.0.0.2"));
    r.call(&add(true, 0, "10.0.0.3"));
    let exact = |prefix: &str, len, exact| IpRouteLookupV2 {
        table_id: 0,
        exact,
        prefix: Prefix::new(ip(prefix), len),
    };
    for request in [exact("10.1.0.0", 16, 1), exact("10.1.2.3", 32, 0), exact("10.1.2.3", 32, 1)] {
        r.call(&request);
    }
    let table = IpTable { table_id: 0, is_ip6: false, name: tag("") };
    r.unordered(&IpRouteDump { table }, |_| true);
    r.call(&add(false, 0, "10.0.0.3"));
    r.call(&add(false, 0, "10.0.0.3"));
    for is_ipv6 in [false, true] {
        r.dump(&IpDump { is_ipv6 });
    }
    address(r, false, one, "10.0.0.1", 24);
    delete(r, one);
    r.hides_counters = false;
}

pub(crate) fn bonds(r: &mut Record) {
    let bond = BondCreate2 { mode: BondMode::XOR, lb: BondLbAlgo::L2, id: 3, ..Default::default() };
    let bond = r.done(&bond).sw_if_index;
    let member = match r.is_before("23.06") {
        true => r.done(&ligato_vpp_api::msg::memif::MemifCreate::default()).sw_if_index,
        false => r.done(&ligato_vpp_api::msg::memif::MemifCreateV2::default()).sw_if_index,
    };
    let enslave = |sw_if_index, bond_sw_if_index| BondEnslave {
        sw_if_index,
        bond_sw_if_index,
        is_passive: false,
        is_long_timeout: false,
    };
    for request in [
        enslave(member, bond),
        enslave(member, bond),
        enslave(NOWHERE, bond),
        enslave(bond, member),
    ] {
        r.call(&request);
    }
    r.dump(&SwMemberInterfaceDump { sw_if_index: bond });
    for sw_if_index in [member, member, NOWHERE] {
        r.call(&BondDetachSlave { sw_if_index });
    }
    r.call(&BondDelete { sw_if_index: bond });
    r.call(&ligato_vpp_api::msg::memif::MemifDelete { sw_if_index: member });
}

pub(crate) fn names(r: &mut Record) {
    let (one, two) = (loopback(r), loopback(r));
    let rename =
        |sw_if_index, name: &str| SwInterfaceSetInterfaceName { sw_if_index, name: tag(name) };
    r.call(&rename(one, "other"));
    r.call(&rename(two, "other"));
    // Older ones rename another interface then.
    if !r.is_before("24.06") {
        r.call(&rename(NOWHERE, "x"));
    }
    r.call(&rename(one, ""));
    for sw_if_index in [one, ALL, NOWHERE] {
        r.call(&SwInterfaceClearStats { sw_if_index });
    }
    interfaces(r);
    delete(r, one);
    delete(r, two);
}
