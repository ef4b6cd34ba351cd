//! The kinds of VPP interfaces and of what is derived from them.
//!
//! One file per kind; one file per interface type under `types`. [`descriptors`] is the list the agent registers, and
//! [`watchers`] what turns VPP's events into notifications.

mod address;
mod bond_member;
mod dhcp_client;
mod dhcp_lease;
mod has_address;
mod interface;
mod ip6nd;
pub mod keys;
mod link_state;
mod rx_mode;
mod rx_placement;
mod span;
mod types;
mod unnumbered;
mod vrf;

use std::sync::Arc;

use ligato_kvs_api::{DynDescriptor, erase};
use ligato_vpp_ctx::{VppCtx, Watcher};

pub use address::InterfaceAddress;
pub use bond_member::BondMember;
pub use dhcp_client::DhcpClient;
pub use dhcp_lease::{DhcpLease, DhcpLeaseWatcher};
pub use has_address::HasAddress;
pub use interface::VppInterface;
pub use ip6nd::Ip6Nd;
pub use link_state::{LinkState, LinkStateWatcher};
pub use rx_mode::RxMode;
pub use rx_placement::RxPlacement;
pub use span::SpanKind;
pub use unnumbered::Unnumbered;
pub use vrf::InterfaceVrf;

/// All kinds of this crate.
pub fn descriptors(ctx: &Arc<VppCtx>) -> Vec<Arc<dyn DynDescriptor>> {
    vec![
        erase::<VppInterface>(ctx.clone()),
        erase::<LinkState>(ctx.clone()),
        erase::<InterfaceAddress>(ctx.clone()),
        erase::<InterfaceVrf>(ctx.clone()),
        erase::<HasAddress>(ctx.clone()),
        erase::<Unnumbered>(ctx.clone()),
        erase::<RxMode>(ctx.clone()),
        erase::<RxPlacement>(ctx.clone()),
        erase::<BondMember>(ctx.clone()),
        erase::<DhcpClient>(ctx.clone()),
        erase::<DhcpLease>(ctx.clone()),
        erase::<Ip6Nd>(ctx.clone()),
        erase::<SpanKind>(ctx.clone()),
    ]
}

/// What has to run beside the kinds of this crate.
pub fn watchers() -> Vec<Box<dyn Watcher>> {
    vec![Box::new(LinkStateWatcher), Box::new(DhcpLeaseWatcher)]
}
