//! Layer 3 kinds of VPP: routing tables, routes, neighbours, cross-connects.
//!
//! | descriptor | key | page |
//! | --- | --- | --- |
//! | `vpp-vrf-table` | `config/vpp/v2/vrf-table/id/{id}/protocol/{protocol}` | [`vrf_table`] |
//! | `vpp-route` | `config/vpp/v2/route/{route}` | [`route`] |
//! | `vpp-arp` | `config/vpp/v2/arp/{interface}/{address}` | [`arp`] |
//! | `vpp-l3xc` | `config/vpp/v2/l3xconnect/{if}/protocol/{protocol}` | [`l3xc`] |

mod allocation;
pub mod arp;
mod dead_path;
mod destination;
pub mod l3xc;
mod owner;
mod path;
pub mod route;
pub mod vrf_table;

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
    ]
}
