//! Linux layer 3 kinds: routes and neighbours.
//!
//! | kind | what |
//! | --- | --- |
//! | `linux-arp` | a permanent neighbour |
//! | `linux-route` | a route |

mod arp;
mod place;
mod route;

use std::sync::Arc;

use ligato_kvs_api::{DynDescriptor, erase};
use ligato_linux_ctx::LinuxCtx;

pub use arp::LinuxArp;
pub use route::LinuxRoute;

/// All kinds of this crate.
#[must_use]
pub fn descriptors(ctx: &Arc<LinuxCtx>) -> Vec<Arc<dyn DynDescriptor>> {
    vec![erase::<LinuxArp>(Arc::clone(ctx)), erase::<LinuxRoute>(Arc::clone(ctx))]
}
