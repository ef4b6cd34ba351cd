//! `tapv2.api`: interfaces whose other end is a tap of the kernel.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{
    InterfaceIndex, Ip4Address, Ip4AddressWithPrefix, Ip6Address, Ip6AddressWithPrefix, MacAddress,
};
use crate::{FixedString, Message, api_enum, api_flags};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    TapCreateV3::DEFINITION,
    TapCreateV3Reply::DEFINITION,
    TapCreateV2::DEFINITION,
    TapCreateV2Reply::DEFINITION,
    TapDeleteV2::DEFINITION,
    TapDeleteV2Reply::DEFINITION,
    SwInterfaceTapV2Dump::DEFINITION,
    SwInterfaceTapV2Details::DEFINITION,
];

/// Creates a tap with chosen numbers of queues.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = TapCreateV3Reply)]
pub struct TapCreateV3 {
    /// Number in the name, `tap<n>`; `!0` lets VPP choose.
    pub id: u32,
    /// Let VPP choose the MAC address.
    pub use_random_mac: bool,
    /// MAC address.
    pub mac_address: MacAddress,
    /// Number of receive queues.
    pub num_rx_queues: u16,
    /// Number of transmit queues.
    pub num_tx_queues: u16,
    /// Entries of the transmit ring, a power of 2; 0 for the default.
    pub tx_ring_sz: u16,
    /// Entries of the receive ring, a power of 2; 0 for the default.
    pub rx_ring_sz: u16,
    /// Whether `host_mtu_size` counts.
    pub host_mtu_set: bool,
    /// MTU of the kernel's end.
    pub host_mtu_size: u32,
    /// Whether `host_mac_addr` counts.
    pub host_mac_addr_set: bool,
    /// MAC address of the kernel's end.
    pub host_mac_addr: MacAddress,
    /// Whether `host_ip4_prefix` counts.
    pub host_ip4_prefix_set: bool,
    /// IPv4 address of the kernel's end.
    pub host_ip4_prefix: Ip4AddressWithPrefix,
    /// Whether `host_ip6_prefix` counts.
    pub host_ip6_prefix_set: bool,
    /// IPv6 address of the kernel's end.
    pub host_ip6_prefix: Ip6AddressWithPrefix,
    /// Whether `host_ip4_gw` counts.
    pub host_ip4_gw_set: bool,
    /// IPv4 gateway of the kernel.
    pub host_ip4_gw: Ip4Address,
    /// Whether `host_ip6_gw` counts.
    pub host_ip6_gw_set: bool,
    /// IPv6 gateway of the kernel.
    pub host_ip6_gw: Ip6Address,
    /// Properties.
    pub tap_flags: TapFlags,
    /// Whether `host_namespace` counts.
    pub host_namespace_set: bool,
    /// Network namespace of the kernel's end, as a path or `pid:<n>`.
    pub host_namespace: FixedString<64>,
    /// Whether `host_if_name` counts.
    pub host_if_name_set: bool,
    /// Name of the interface of the host.
    pub host_if_name: FixedString<64>,
    /// Whether `host_bridge` counts.
    pub host_bridge_set: bool,
    /// Bridge of the kernel to join.
    pub host_bridge: FixedString<64>,
    /// Text set by a client.
    pub tag: String,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct TapCreateV3Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Creates a tap.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = TapCreateV2Reply)]
pub struct TapCreateV2 {
    /// Number in the name, `tap<n>`; `!0` lets VPP choose.
    pub id: u32,
    /// Let VPP choose the MAC address.
    pub use_random_mac: bool,
    /// MAC address.
    pub mac_address: MacAddress,
    /// Number of receive queues.
    pub num_rx_queues: u8,
    /// Entries of the transmit ring, a power of 2; 0 for the default.
    pub tx_ring_sz: u16,
    /// Entries of the receive ring, a power of 2; 0 for the default.
    pub rx_ring_sz: u16,
    /// Whether `host_mtu_size` counts.
    pub host_mtu_set: bool,
    /// MTU of the kernel's end.
    pub host_mtu_size: u32,
    /// Whether `host_mac_addr` counts.
    pub host_mac_addr_set: bool,
    /// MAC address of the kernel's end.
    pub host_mac_addr: MacAddress,
    /// Whether `host_ip4_prefix` counts.
    pub host_ip4_prefix_set: bool,
    /// IPv4 address of the kernel's end.
    pub host_ip4_prefix: Ip4AddressWithPrefix,
    /// Whether `host_ip6_prefix` counts.
    pub host_ip6_prefix_set: bool,
    /// IPv6 address of the kernel's end.
    pub host_ip6_prefix: Ip6AddressWithPrefix,
    /// Whether `host_ip4_gw` counts.
    pub host_ip4_gw_set: bool,
    /// IPv4 gateway of the kernel.
    pub host_ip4_gw: Ip4Address,
    /// Whether `host_ip6_gw` counts.
    pub host_ip6_gw_set: bool,
    /// IPv6 gateway of the kernel.
    pub host_ip6_gw: Ip6Address,
    /// Properties.
    pub tap_flags: TapFlags,
    /// Whether `host_namespace` counts.
    pub host_namespace_set: bool,
    /// Network namespace of the kernel's end, as a path or `pid:<n>`.
    pub host_namespace: FixedString<64>,
    /// Whether `host_if_name` counts.
    pub host_if_name_set: bool,
    /// Name of the interface of the host.
    pub host_if_name: FixedString<64>,
    /// Whether `host_bridge` counts.
    pub host_bridge_set: bool,
    /// Bridge of the kernel to join.
    pub host_bridge: FixedString<64>,
    /// Text set by a client.
    pub tag: String,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct TapCreateV2Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Deletes a tap.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = TapDeleteV2Reply)]
pub struct TapDeleteV2 {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Lists taps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = SwInterfaceTapV2Details)]
pub struct SwInterfaceTapV2Dump {
    /// Only this interface; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One tap.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct SwInterfaceTapV2Details {
    /// The interface.
    pub sw_if_index: u32,
    /// Id.
    pub id: u32,
    /// Entries of the transmit ring, a power of 2; 0 for the default.
    pub tx_ring_sz: u16,
    /// Entries of the receive ring, a power of 2; 0 for the default.
    pub rx_ring_sz: u16,
    /// MTU of the kernel's end.
    pub host_mtu_size: u32,
    /// MAC address of the kernel's end.
    pub host_mac_addr: MacAddress,
    /// IPv4 address of the kernel's end.
    pub host_ip4_prefix: Ip4AddressWithPrefix,
    /// IPv6 address of the kernel's end.
    pub host_ip6_prefix: Ip6AddressWithPrefix,
    /// Properties.
    pub tap_flags: TapFlags,
    /// VPP's name of the interface.
    pub dev_name: FixedString<64>,
    /// Name of the interface of the host.
    pub host_if_name: FixedString<64>,
    /// Network namespace of the kernel's end, as a path or `pid:<n>`.
    pub host_namespace: FixedString<64>,
    /// Bridge of the kernel to join.
    pub host_bridge: FixedString<64>,
}

api_enum! {
    /// Flags of a tap.
    TapFlags: u32 = "tap_flags", prefix "TAP_API_FLAG_" {
        /// Segmentation offload.
        GSO = 1,
        /// Checksum offload.
        CSUM_OFFLOAD = 2,
        /// The kernel keeps its end when VPP is gone.
        PERSIST = 4,
        /// Attach to an existing device of the kernel.
        ATTACH = 8,
        /// A layer 3 device.
        TUN = 16,
        /// Join received segments.
        GRO_COALESCE = 32,
        /// Packed ring.
        PACKED = 64 compatible,
        /// Descriptors are used in order.
        IN_ORDER = 128 compatible,
        /// As many receive as transmit queues.
        CONSISTENT_QP = 256 compatible,
    }
}

api_flags!(TapFlags);

retval_replies! {
    TapDeleteV2Reply,
}
