//! Linux interface kinds: links, their addresses, their VRFs, and what happens to links by itself.
//!
//! | kind | what |
//! | --- | --- |
//! | `linux-interface` | a link: veth end, host side of a VPP TAP, loopback, VRF device, dummy, or one that others made |
//! | `linux-interface-address` | one address of it (derived) |
//! | `linux-interface-vrf` | its membership in a VRF (derived) |
//! | `linux-interface-watcher` | links and addresses of the host (told by the kernel) |
//! | `microservice` | containers that run (told by a tracker) |

mod address;
mod interface;
mod microservice;
mod notification;
mod vrf;
mod watcher;

use std::sync::Arc;

use ligato_kvs_api::{DynDescriptor, erase};
use ligato_linux_ctx::LinuxCtx;

pub use address::InterfaceAddress;
pub use interface::LinuxInterface;
pub use microservice::MicroserviceKind;
pub use notification::interface_notification;
pub use vrf::InterfaceVrf;
pub use watcher::HostWatcher;

/// All kinds of this crate.
#[must_use]
pub fn descriptors(ctx: &Arc<LinuxCtx>) -> Vec<Arc<dyn DynDescriptor>> {
    vec![
        erase::<MicroserviceKind>(Arc::clone(ctx)),
        erase::<HostWatcher>(Arc::clone(ctx)),
        erase::<LinuxInterface>(Arc::clone(ctx)),
        erase::<InterfaceVrf>(Arc::clone(ctx)),
        erase::<InterfaceAddress>(Arc::clone(ctx)),
    ]
}
