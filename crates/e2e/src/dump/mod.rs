//! What VPP and the kernel really hold, as text that does not depend on indexes, order or time.
//!
//! Read by another path than the one that wrote it: VPP by plain API dumps, the kernel by `ip -j`.

mod linux;
mod vpp;

pub use linux::linux;
pub use vpp::vpp;
