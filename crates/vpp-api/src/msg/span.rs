//! `span.api`: copies of traffic.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::InterfaceIndex;
use crate::{Message, api_enum};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    SwInterfaceSpanEnableDisable::DEFINITION,
    SwInterfaceSpanEnableDisableReply::DEFINITION,
    SwInterfaceSpanDump::DEFINITION,
    SwInterfaceSpanDetails::DEFINITION,
];

/// Sets what is copied from one interface to another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SwInterfaceSpanEnableDisableReply)]
pub struct SwInterfaceSpanEnableDisable {
    /// Whose traffic is copied.
    pub sw_if_index_from: InterfaceIndex,
    /// Who gets the copy.
    pub sw_if_index_to: InterfaceIndex,
    /// Which traffic.
    pub state: SpanState,
    /// Frames of a bridge domain, not packets of the device.
    pub is_l2: bool,
}

/// Lists what is copied.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = SwInterfaceSpanDetails)]
pub struct SwInterfaceSpanDump {
    /// Frames of bridge domains, not packets of devices.
    pub is_l2: bool,
}

/// What is copied from one interface to another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct SwInterfaceSpanDetails {
    /// Whose traffic is copied.
    pub sw_if_index_from: InterfaceIndex,
    /// Who gets the copy.
    pub sw_if_index_to: InterfaceIndex,
    /// Which traffic.
    pub state: SpanState,
    /// Frames of a bridge domain, not packets of the device.
    pub is_l2: bool,
}

api_enum! {
    /// Which traffic is copied.
    SpanState: u32 = "span_state", prefix "SPAN_STATE_API_" {
        /// None.
        DISABLED = 0,
        /// What is received.
        RX = 1,
        /// What is sent.
        TX = 2,
        /// Both.
        RX_TX = 3,
    }
}

retval_replies! {
    SwInterfaceSpanEnableDisableReply,
}
