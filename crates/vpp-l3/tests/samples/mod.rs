//! Values the tests use.

use ligato_proto::vpp::l3::route::RouteType;
use ligato_proto::vpp::l3::vrf_table::Protocol;
use ligato_proto::vpp::l3::{Route, VrfTable};

pub(crate) const VRF: &str = "vpp-vrf-table";
pub(crate) const ROUTE: &str = "vpp-route";
pub(crate) const ARP: &str = "vpp-arp";

pub(crate) fn table(id: u32, protocol: Protocol, label: &str) -> VrfTable {
    VrfTable { id, protocol: protocol.into(), label: label.into(), ..VrfTable::default() }
}

pub(crate) fn route(destination: &str, next_hop: &str, interface: &str) -> Route {
    Route {
        dst_network: destination.into(),
        next_hop_addr: next_hop.into(),
        outgoing_interface: interface.into(),
        ..Route::default()
    }
}

/// Routes of all sorts.
pub(crate) fn all_sorts() -> Vec<Route> {
    let inter = |destination: &str, vrf_id, via_vrf_id| Route {
        r#type: RouteType::InterVrf.into(),
        vrf_id,
        via_vrf_id,
        ..route(destination, "", "")
    };
    let drop = RouteType::Drop.into();
    vec![
        route("10.1.0.0/16", "192.168.1.1", "if1"),
        route("10.1.0.0/16", "192.168.1.2", "if1"),
        route("10.2.0.0/16", "", "if1"),
        route("10.3.0.1/32", "", "if1"),
        route("2001:db8:1::/48", "FE80::1", "if1"),
        route("2001:db8:2::/48", "", "if1"),
        route("2001:db8:3::1/128", "", "if1"),
        Route { vrf_id: 1, ..route("10.4.0.0/16", "192.168.1.1", "") },
        Route { weight: 4, preference: 2, ..route("10.5.0.0/16", "192.168.1.1", "if1") },
        inter("10.6.0.0/16", 1, 2),
        inter("0.0.0.0/0", 1, 0),
        inter("2001:db8:4::/48", 0, 2),
        Route { via_vrf_id: 2, next_hop_addr: "10.9.9.9".into(), ..inter("10.7.0.0/16", 1, 2) },
        Route { r#type: drop, ..route("10.8.0.0/16", "", "") },
        Route { r#type: drop, vrf_id: 2, ..route("2001:db8:5::/48", "", "") },
    ]
}
