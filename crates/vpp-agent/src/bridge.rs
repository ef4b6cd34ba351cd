//! What VPP's interfaces and Linux's have to know of each other: names, looked up when a kind asks.
//!
//! The two contexts need each other, so one of them is told late: the Linux side gets [`Taps`], which is filled
//! once VPP's context exists.

use std::sync::{Arc, OnceLock, Weak};

use ligato_idxmap::IdxReader;
use ligato_linux_ctx::{InterfaceMeta, LinuxCtx, VppTaps};
use ligato_vpp_ctx::{LinuxNames, VppCtx};

/// The host sides of VPP's TAP interfaces.
#[derive(Default)]
pub(crate) struct Taps(OnceLock<Weak<VppCtx>>);

/// The kernel's names of Linux interfaces.
pub(crate) struct Names(IdxReader<InterfaceMeta>);

// === impl Taps ===

impl Taps {
    /// Says which VPP to ask; only the first one counts.
    pub(crate) fn fill(&self, vpp: &Arc<VppCtx>) {
        // A second call changes nothing, and there is none.
        let _ = self.0.set(Arc::downgrade(vpp));
    }
}

impl VppTaps for Taps {
    fn host_name(&self, vpp_tap: &str) -> Option<String> {
        let vpp = self.0.get()?.upgrade()?;
        let meta = vpp.interface(vpp_tap).ok()?;
        (!meta.tap_host_if_name.is_empty()).then(|| meta.tap_host_if_name.clone())
    }
}

// === impl Names ===

impl Names {
    pub(crate) fn of(linux: &LinuxCtx) -> Self {
        Self(linux.interfaces())
    }
}

impl LinuxNames for Names {
    fn host_name(&self, logical_name: &str) -> Option<String> {
        self.0.get(logical_name).map(|meta| meta.host_name.clone())
    }
}
