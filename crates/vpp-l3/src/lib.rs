//! Layer 3 kinds of VPP: routing tables, routes, neighbours, cross-connects, and the services
//! around them.
//!
//! | descriptor | key | page |
//! | --- | --- | --- |
//! | `vpp-vrf-table` | `config/vpp/v2/vrf-table/id/{id}/protocol/{protocol}` | [`vrf_table`] |
//! | `vpp-route` | `config/vpp/v2/route/{route}` | [`route`] |
//! | `vpp-arp` | `config/vpp/v2/arp/{interface}/{address}` | [`arp`] |
//! | `vpp-l3xc` | `config/vpp/v2/l3xconnect/{if}/protocol/{protocol}` | [`l3xc`] |
//! | `vpp-proxy-arp` | `config/vpp/v2/proxyarp-global` | [`proxy_arp`] |
//! | `vpp-proxy-arp-interface` | `vpp/proxyarp/interface/{if}`, derived | [`proxy_arp::interface`] |
//! | `vpp-ip-scan-neighbor` | `config/vpp/v2/ipscanneigh-global` | [`ip_scan_neighbor`] |
//! | `dhcp-proxy` | `config/vpp/v2/dhcp-proxy/{version}/rx-vrf/{vrf}` | [`dhcp_proxy`] |
//! | `vpp-teib` | `config/vpp/v2/teib/{if}/peer/{address}` | [`teib`] |
//! | `vrrp` | `config/vpp/v2/vrrp/{if}/vrid/{id}` | [`vrrp`] |

mod allocation;
pub mod arp;
mod dead_path;
mod destination;
pub mod dhcp_proxy;
pub mod ip_scan_neighbor;
pub mod l3xc;
mod owner;
mod path;
pub mod proxy_arp;
pub mod route;
pub mod teib;
pub mod vrf_table;
pub mod vrrp;

use std::sync::Arc;

use ligato_kvs_api::{DynDescriptor, erase};
use ligato_vpp_ctx::VppCtx;

/// The descriptors of this crate.
#[must_use]
pub fn descriptors(vpp: &Arc<VppCtx>) -> Vec<Arc<dyn DynDescriptor>> {
    vec![
        erase::<vrf_table::VrfTableKind>(vpp.clone()),
        erase::<route::RouteKind>(vpp.clone()),
        erase::<arp::ArpKind>(vpp.clone()),
        erase::<l3xc::L3xcKind>(vpp.clone()),
        erase::<proxy_arp::ProxyArpKind>(vpp.clone()),
        erase::<proxy_arp::interface::ProxyArpInterfaceKind>(vpp.clone()),
        erase::<ip_scan_neighbor::IpScanNeighborKind>(vpp.clone()),
        erase::<dhcp_proxy::DhcpProxyKind>(vpp.clone()),
        erase::<teib::TeibKind>(vpp.clone()),
        erase::<vrrp::VrrpKind>(vpp.clone()),
    ]
}
