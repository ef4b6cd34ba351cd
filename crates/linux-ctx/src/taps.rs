//! What the VPP side knows about its TAP interfaces.

/// Finds the host side of a TAP interface that VPP has created.
pub trait VppTaps: Send + Sync + 'static {
    /// Name of the link in the default namespace, by the logical name of the VPP interface.
    /// Nothing while VPP has no such TAP.
    fn host_name(&self, vpp_tap: &str) -> Option<String>;
}

/// An agent without VPP: there are no TAP interfaces.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoVppTaps;

impl VppTaps for NoVppTaps {
    fn host_name(&self, _vpp_tap: &str) -> Option<String> {
        None
    }
}
