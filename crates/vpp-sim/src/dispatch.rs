//! The dispatch table: every message the simulated VPP knows, one line each.

use ligato_vpp_api::msg::af_packet::{
    AfPacketCreate, AfPacketCreateV2, AfPacketCreateV3, AfPacketDelete, AfPacketDump,
};
use ligato_vpp_api::msg::arp::{
    ProxyArpAddDel, ProxyArpDump, ProxyArpIntfcDump, ProxyArpIntfcEnableDisable,
};
use ligato_vpp_api::msg::bond::{
    BondAddMember, BondCreate, BondCreate2, BondDelete, BondDetachMember, BondDetachSlave,
    BondEnslave, SwBondInterfaceDump, SwInterfaceBondDump, SwInterfaceSlaveDump,
    SwMemberInterfaceDump,
};
use ligato_vpp_api::msg::dhcp::{
    DhcpClientConfig, DhcpClientDump, DhcpComplEvent, DhcpProxyConfig, DhcpProxyDump,
};
use ligato_vpp_api::msg::gre::{
    GreTunnelAddDel, GreTunnelAddDelV2, GreTunnelDump, GreTunnelV2Dump,
};
use ligato_vpp_api::msg::gtpu::{GtpuAddDelTunnel, GtpuTunnelDump};
use ligato_vpp_api::msg::interface::*;
use ligato_vpp_api::msg::ip::*;
use ligato_vpp_api::msg::ip_neighbor::{
    IpNeighborAddDel, IpNeighborConfig, IpNeighborConfigGet, IpNeighborDump, IpNeighborFlush,
};
use ligato_vpp_api::msg::ipip::{IpipAddTunnel, IpipDelTunnel, IpipTunnelDump};
use ligato_vpp_api::msg::ipsec::{IpsecItfCreate, IpsecItfDelete, IpsecItfDump};
use ligato_vpp_api::msg::l2::*;
use ligato_vpp_api::msg::l3xc::{L3xcDel, L3xcDump, L3xcUpdate};
use ligato_vpp_api::msg::lcp::{LcpItfPairAddDelV2, LcpItfPairAddDelV3};
use ligato_vpp_api::msg::memclnt::{
    ApiVersions, ControlPing, GetApiJson, MemclntKeepalive, SockclntCreate, SockclntDelete,
};
use ligato_vpp_api::msg::memif::{
    MemifCreate, MemifCreateV2, MemifDelete, MemifDump, MemifSocketFilenameAddDel,
    MemifSocketFilenameAddDelV2, MemifSocketFilenameDump,
};
use ligato_vpp_api::msg::rd_cp::Ip6NdAddressAutoconfig;
use ligato_vpp_api::msg::rdma::{RdmaCreateV3, RdmaCreateV4, RdmaDelete};
use ligato_vpp_api::msg::span::{SwInterfaceSpanDump, SwInterfaceSpanEnableDisable};
use ligato_vpp_api::msg::tapv2::{SwInterfaceTapV2Dump, TapCreateV2, TapCreateV3, TapDeleteV2};
use ligato_vpp_api::msg::teib::{TeibDump, TeibEntryAddDel};
use ligato_vpp_api::msg::vlib::{CliInband, ShowThreads};
use ligato_vpp_api::msg::vmxnet3::{SwVmxnet3InterfaceDump, Vmxnet3Create, Vmxnet3Delete};
use ligato_vpp_api::msg::vpe::{ShowVersion, ShowVpeSystemTime};
use ligato_vpp_api::msg::vrrp::{VrrpVrAddDel, VrrpVrDump, VrrpVrStartStop};
use ligato_vpp_api::msg::vxlan::{VxlanAddDelTunnel, VxlanAddDelTunnelV3, VxlanTunnelV2Dump};
use ligato_vpp_api::msg::vxlan_gpe::{
    VxlanGpeAddDelTunnel, VxlanGpeAddDelTunnelV2, VxlanGpeTunnelV2Dump,
};
use ligato_vpp_api::msg::wireguard::{
    WireguardInterfaceCreate, WireguardInterfaceDelete, WireguardInterfaceDump,
};

use crate::api::{
    af_packet, arp, bond, dhcp, gre, gtpu, interface, ip, ip_neighbor, ipip, ipsec, l2, l3xc, lcp,
    memclnt, memif, rd_cp, rdma, route, span, subif, tap, teib, vmxnet3, vpe, vrrp, vxlan,
    vxlan_gpe, wireguard,
};
use crate::registry::Registry;

/// Everything this VPP answers.
pub(crate) fn table() -> Registry {
    let mut t = Registry::default();
    connection(&mut t);
    interfaces(&mut t);
    devices(&mut t);
    pairs_with_the_kernel(&mut t);
    tunnels(&mut t);
    layer2(&mut t);
    layer3(&mut t);
    services(&mut t);
    t
}

fn connection(t: &mut Registry) {
    t.ask::<SockclntCreate>(memclnt::sockclnt_create);
    t.ask::<SockclntDelete>(memclnt::sockclnt_delete);
    t.ask::<MemclntKeepalive>(memclnt::keepalive);
    t.ask::<ControlPing>(memclnt::control_ping);
    t.ask::<GetApiJson>(memclnt::get_api_json);
    t.ask::<ApiVersions>(memclnt::api_versions);
    t.ask::<ShowVersion>(vpe::show_version);
    t.ask::<ShowVpeSystemTime>(vpe::show_vpe_system_time);
    t.ask::<ShowThreads>(vpe::show_threads);
    t.ask::<CliInband>(vpe::cli_inband);
}

fn interfaces(t: &mut Registry) {
    t.dump::<SwInterfaceDump>(interface::dump);
    t.change::<SwInterfaceSetFlags>(interface::set_flags);
    t.change::<SwInterfaceSetPromisc>(interface::set_promisc);
    t.change::<HwInterfaceSetMtu>(interface::set_hardware_mtu);
    t.change::<SwInterfaceSetMtu>(interface::set_mtu);
    t.change::<SwInterfaceAddDelAddress>(interface::add_del_address);
    t.change::<SwInterfaceSetTable>(interface::set_table);
    t.read::<SwInterfaceGetTable>(interface::get_table);
    t.change::<SwInterfaceSetUnnumbered>(interface::set_unnumbered);
    t.change::<SwInterfaceClearStats>(interface::clear_stats);
    t.change::<SwInterfaceTagAddDel>(interface::tag);
    t.change::<SwInterfaceSetMacAddress>(interface::set_mac);
    t.read::<SwInterfaceGetMacAddress>(interface::get_mac);
    t.change::<SwInterfaceSetInterfaceName>(interface::rename);
    t.change::<SwInterfaceSetRxMode>(interface::set_rx_mode);
    t.change::<SwInterfaceSetRxPlacement>(interface::set_rx_placement);
    t.dump::<SwInterfaceRxPlacementDump>(interface::rx_placement_dump);
    t.ask::<WantInterfaceEvents>(interface::want_events);
    t.event::<SwInterfaceEvent>();
    t.write::<CreateVlanSubif>(subif::create_vlan);
    t.write::<CreateSubif>(subif::create);
    t.change::<DeleteSubif>(subif::delete);
    t.write::<CreateLoopback>(interface::create_loopback);
    t.write::<CreateLoopbackInstance>(interface::create_loopback_instance);
    t.change::<DeleteLoopback>(interface::delete_loopback);
}

fn devices(t: &mut Registry) {
    t.change::<MemifSocketFilenameAddDel>(memif::socket);
    t.write::<MemifSocketFilenameAddDelV2>(memif::socket_v2);
    t.dump::<MemifSocketFilenameDump>(memif::socket_dump);
    t.write::<MemifCreate>(memif::create);
    t.write::<MemifCreateV2>(memif::create_v2);
    t.change::<MemifDelete>(memif::delete);
    t.dump::<MemifDump>(memif::dump);
    t.write::<TapCreateV2>(tap::create_v2);
    t.write::<TapCreateV3>(tap::create_v3);
    t.change::<TapDeleteV2>(tap::delete);
    t.dump::<SwInterfaceTapV2Dump>(tap::dump);
    t.write::<AfPacketCreate>(af_packet::create);
    t.write::<AfPacketCreateV2>(af_packet::create_v2);
    t.write::<AfPacketCreateV3>(af_packet::create_v3);
    t.change::<AfPacketDelete>(af_packet::delete);
    t.dump::<AfPacketDump>(af_packet::dump);
    t.write::<BondCreate>(bond::create);
    t.write::<BondCreate2>(bond::create2);
    t.change::<BondDelete>(bond::delete);
    t.change::<BondAddMember>(bond::add_member);
    t.change::<BondEnslave>(bond::enslave);
    t.change::<BondDetachMember>(bond::detach_member);
    t.change::<BondDetachSlave>(bond::detach_slave);
    t.dump::<SwBondInterfaceDump>(bond::dump);
    t.dump::<SwInterfaceBondDump>(bond::dump_old);
    t.dump::<SwMemberInterfaceDump>(bond::member_dump);
    t.dump::<SwInterfaceSlaveDump>(bond::slave_dump);
}

fn pairs_with_the_kernel(t: &mut Registry) {
    t.write::<LcpItfPairAddDelV3>(lcp::add_del_v3);
    t.write::<LcpItfPairAddDelV2>(lcp::add_del_v2);
}

fn tunnels(t: &mut Registry) {
    t.write::<VxlanAddDelTunnel>(vxlan::add_del_v1);
    t.write::<VxlanAddDelTunnelV3>(vxlan::add_del);
    t.dump::<VxlanTunnelV2Dump>(vxlan::dump);
    t.write::<VxlanGpeAddDelTunnel>(vxlan_gpe::add_del_v1);
    t.write::<VxlanGpeAddDelTunnelV2>(vxlan_gpe::add_del);
    t.dump::<VxlanGpeTunnelV2Dump>(vxlan_gpe::dump);
    t.write::<GreTunnelAddDel>(gre::add_del);
    t.write::<GreTunnelAddDelV2>(gre::add_del_v2);
    t.dump::<GreTunnelDump>(gre::dump);
    t.dump::<GreTunnelV2Dump>(gre::dump_v2);
    t.write::<GtpuAddDelTunnel>(gtpu::add_del);
    t.dump::<GtpuTunnelDump>(gtpu::dump);
    t.write::<IpipAddTunnel>(ipip::add);
    t.change::<IpipDelTunnel>(ipip::delete);
    t.dump::<IpipTunnelDump>(ipip::dump);
    t.write::<IpsecItfCreate>(ipsec::create);
    t.change::<IpsecItfDelete>(ipsec::delete);
    t.dump::<IpsecItfDump>(ipsec::dump);
    t.write::<WireguardInterfaceCreate>(wireguard::create);
    t.change::<WireguardInterfaceDelete>(wireguard::delete);
    t.dump::<WireguardInterfaceDump>(wireguard::dump);
    t.write::<Vmxnet3Create>(vmxnet3::create);
    t.change::<Vmxnet3Delete>(vmxnet3::delete);
    t.dump::<SwVmxnet3InterfaceDump>(vmxnet3::dump);
    t.write::<RdmaCreateV3>(rdma::create_v3);
    t.write::<RdmaCreateV4>(rdma::create_v4);
    t.change::<RdmaDelete>(rdma::delete);
}

fn layer2(t: &mut Registry) {
    t.change::<BridgeDomainAddDel>(l2::bridge_domain);
    t.write::<BridgeDomainAddDelV2>(l2::bridge_domain_v2);
    t.dump::<BridgeDomainDump>(l2::bridge_domain_dump);
    t.change::<BridgeDomainSetMacAge>(l2::set_mac_age);
    t.write::<BridgeFlags>(l2::bridge_flags);
    t.change::<SwInterfaceSetL2Bridge>(l2::set_bridge);
    t.change::<BdIpMacAddDel>(l2::arp_entry);
    t.dump::<BdIpMacDump>(l2::arp_entry_dump);
    t.change::<BdIpMacFlush>(l2::arp_entry_flush);
    t.change::<L2fibAddDel>(l2::fib_entry);
    t.dump::<L2FibTableDump>(l2::fib_dump);
    t.change::<L2fibFlushBd>(l2::fib_flush);
    t.change::<SwInterfaceSetL2Xconnect>(l2::set_xconnect);
    t.dump::<L2XconnectDump>(l2::xconnect_dump);
    t.change::<L2InterfaceVlanTagRewrite>(l2::tag_rewrite);
}

fn layer3(t: &mut Registry) {
    t.change::<IpTableAddDel>(ip::table);
    t.change::<IpTableAddDelV2>(ip::table_v2);
    t.write::<IpTableAllocate>(ip::table_allocate);
    t.dump::<IpTableDump>(ip::table_dump);
    t.change::<SetIpFlowHash>(ip::flow_hash);
    t.change::<SetIpFlowHashV2>(ip::flow_hash_v2);
    t.change::<SetIpFlowHashV3>(ip::flow_hash_v3);
    t.dump::<IpAddressDump>(ip::address_dump);
    t.dump::<IpUnnumberedDump>(ip::unnumbered_dump);
    t.dump::<IpDump>(ip::dump);
    t.write::<IpRouteAddDel>(route::add_del);
    t.write::<IpRouteAddDelV2>(route::add_del_v2);
    t.dump::<IpRouteDump>(route::dump);
    t.dump::<IpRouteV2Dump>(route::dump_v2);
    t.read::<IpRouteLookup>(route::lookup);
    t.read::<IpRouteLookupV2>(route::lookup_v2);
    t.write::<IpNeighborAddDel>(ip_neighbor::add_del);
    t.dump::<IpNeighborDump>(ip_neighbor::dump);
    t.change::<IpNeighborFlush>(ip_neighbor::flush);
    t.change::<IpNeighborConfig>(ip_neighbor::config);
    t.read::<IpNeighborConfigGet>(ip_neighbor::config_get);
    t.write::<L3xcUpdate>(l3xc::update);
    t.change::<L3xcDel>(l3xc::delete);
    t.dump::<L3xcDump>(l3xc::dump);
}

fn services(t: &mut Registry) {
    t.change::<ProxyArpAddDel>(arp::range);
    t.dump::<ProxyArpDump>(arp::range_dump);
    t.change::<ProxyArpIntfcEnableDisable>(arp::interface);
    t.dump::<ProxyArpIntfcDump>(arp::interface_dump);
    t.change::<DhcpProxyConfig>(dhcp::proxy);
    t.dump::<DhcpProxyDump>(dhcp::proxy_dump);
    t.answer::<DhcpClientConfig>(dhcp::client);
    t.dump::<DhcpClientDump>(dhcp::client_dump);
    t.event::<DhcpComplEvent>();
    t.change::<TeibEntryAddDel>(teib::add_del);
    t.dump::<TeibDump>(teib::dump);
    t.change::<VrrpVrAddDel>(vrrp::add_del);
    t.change::<VrrpVrStartStop>(vrrp::start_stop);
    t.dump::<VrrpVrDump>(vrrp::dump);
    t.change::<SwInterfaceSpanEnableDisable>(span::set);
    t.dump::<SwInterfaceSpanDump>(span::dump);
    t.change::<Ip6NdAddressAutoconfig>(rd_cp::autoconfig);
    t.read::<SwInterfaceIp6GetLinkLocalAddress>(ip::get_link_local);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `change` writes replies of a single number, and refusals put theirs first.
    #[test]
    fn every_reply_begins_with_its_retval() {
        for entry in table().entries {
            if entry.answer.refuse.is_some() {
                let first = entry.answer.definition.fields.first().map(|field| field.ty.name);
                assert_eq!(first, Some("i32"), "{}", entry.answer.name_crc);
            }
        }
    }

    #[test]
    fn no_message_is_registered_twice() {
        let mut names: Vec<_> = table().entries.iter().map(|entry| entry.name_crc).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
