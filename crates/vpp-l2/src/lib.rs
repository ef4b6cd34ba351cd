//! Layer 2 kinds of VPP: bridge domains with their members, static MAC addresses, cross-connects.
//!
//! | descriptor | key | page |
//! | --- | --- | --- |
//! | `vpp-bridge-domain` | `config/vpp/l2/v2/bridge-domain/{name}` | [`bridge_domain`] |
//! | `vpp-bd-interface` | `vpp/bd/{bd}/interface/{if}`, derived | [`bd_interface`] |
//! | `vpp-l2-fib` | `config/vpp/l2/v2/fib/{bd}/mac/{mac}` | [`fib`] |
//! | `vpp-xconnect` | `config/vpp/l2/v2/xconnect/{if}` | [`xconnect`] |

pub mod bd_interface;
pub mod bridge_domain;
pub mod fib;
pub mod xconnect;

use std::sync::Arc;

use ligato_kvs_api::{DynDescriptor, erase};
use ligato_vpp_ctx::VppCtx;

/// The descriptors of this crate.
#[must_use]
pub fn descriptors(vpp: &Arc<VppCtx>) -> Vec<Arc<dyn DynDescriptor>> {
    vec![
        erase::<bridge_domain::BridgeDomainKind>(vpp.clone()),
        erase::<bd_interface::BdInterfaceKind>(vpp.clone()),
        erase::<fib::FibKind>(vpp.clone()),
        erase::<xconnect::XConnectKind>(vpp.clone()),
    ]
}
