//! `lcp.api`: interfaces that the plugin linux-cp shows to the kernel. It is loaded only where VPP is told to.

use crate::def::MessageDef;
use crate::types::InterfaceIndex;
use crate::{FixedString, Message, api_enum};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    LcpItfPairAddDelV3::DEFINITION,
    LcpItfPairAddDelV3Reply::DEFINITION,
    LcpItfPairAddDelV2::DEFINITION,
    LcpItfPairAddDelV2Reply::DEFINITION,
];

/// Pairs an interface with one of the kernel, or ends that; tells the kernel's index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = LcpItfPairAddDelV3Reply)]
pub struct LcpItfPairAddDelV3 {
    /// Whether to add, or to delete.
    pub is_add: bool,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Name of the kernel's interface.
    pub host_if_name: FixedString<16>,
    /// What the kernel's interface carries.
    pub host_if_type: LcpItfHostType,
    /// Network namespace of the kernel's interface, empty for the default one.
    pub netns: FixedString<32>,
}

/// The interface in VPP that leads to the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct LcpItfPairAddDelV3Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index in the kernel.
    pub vif_index: u32,
    /// Index of the interface to the kernel.
    pub host_sw_if_index: InterfaceIndex,
}

/// Pairs an interface with one of the kernel, or ends that. 22.02 and 22.06 call the last field `namespace`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = LcpItfPairAddDelV2Reply, also = 0xf3157f59)]
pub struct LcpItfPairAddDelV2 {
    /// Whether to add, or to delete.
    pub is_add: bool,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Name of the kernel's interface.
    pub host_if_name: FixedString<16>,
    /// What the kernel's interface carries.
    pub host_if_type: LcpItfHostType,
    /// Network namespace of the kernel's interface, empty for the default one.
    pub netns: FixedString<32>,
}

/// The interface in VPP that leads to the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct LcpItfPairAddDelV2Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface to the kernel.
    pub host_sw_if_index: InterfaceIndex,
}

api_enum! {
    /// What a kernel's interface of a pair carries.
    LcpItfHostType: u8 = "lcp_itf_host_type", prefix "LCP_API_ITF_HOST_" {
        /// Frames.
        TAP = 0,
        /// IP packets.
        TUN = 1,
    }
}
