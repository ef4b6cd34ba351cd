//! Interface indexes, interface states and other small types of many API files.

use bytes::BufMut;

use super::api_alias;
use crate::{api_enum, api_flags};

/// Index of an interface in this run of VPP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct InterfaceIndex(pub u32);

impl InterfaceIndex {
    /// No interface, or all of them.
    pub const NONE: InterfaceIndex = InterfaceIndex(u32::MAX);

    /// The index, unless it is [`InterfaceIndex::NONE`].
    #[must_use]
    pub fn some(self) -> Option<InterfaceIndex> {
        (self != InterfaceIndex::NONE).then_some(self)
    }
}

impl From<u32> for InterfaceIndex {
    fn from(index: u32) -> Self {
        InterfaceIndex(index)
    }
}

impl std::fmt::Display for InterfaceIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

api_alias!(InterfaceIndex = "interface_index", of "u32"; |value, out| out.put_u32(value.0), |input| Ok(InterfaceIndex(u32::get(input)?)), 4);

/// A point in time, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Timestamp(pub f64);

api_alias!(Timestamp = "timestamp", of "f64"; |value, out| value.0.put(out), |input| Ok(Timestamp(f64::get(input)?)), 8);

api_enum! {
    /// State of an interface.
    IfStatusFlags: u32 = "if_status_flags", prefix "IF_STATUS_API_FLAG_" {
        /// Administratively up.
        ADMIN_UP = 1,
        /// Has a link.
        LINK_UP = 2,
    }
}

api_flags!(IfStatusFlags);

api_enum! {
    /// How a receive queue is read.
    RxMode: u32 = "rx_mode", prefix "RX_MODE_API_" {
        /// Not known.
        UNKNOWN = 0,
        /// Always looked at.
        POLLING = 1,
        /// Looked at after an interrupt.
        INTERRUPT = 2,
        /// Polling under load, interrupts otherwise.
        ADAPTIVE = 3,
        /// What the driver prefers.
        DEFAULT = 4,
    }
}
