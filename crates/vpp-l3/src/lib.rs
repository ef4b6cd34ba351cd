//! Layer 3 kinds of VPP: routing tables, routes, neighbours.
//!
//! | descriptor | key | page |
//! | --- | --- | --- |
//! | `vpp-vrf-table` | `config/vpp/v2/vrf-table/id/{id}/protocol/{protocol}` | [`vrf_table`] |
//! | `vpp-route` | `config/vpp/v2/route/{route}` | [`route`] |
//! | `vpp-arp` | `config/vpp/v2/arp/{interface}/{address}` | [`arp`] |

mod allocation;
pub mod arp;
mod dead_path;
mod destination;
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
    ]
}
