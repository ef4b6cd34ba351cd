//! `vmxnet3.api`: network cards of VMware. The plugin `vmxnet3` has it.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{InterfaceIndex, MacAddress};
use crate::{FixedString, Message, Wire};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    Vmxnet3Create::DEFINITION,
    Vmxnet3CreateReply::DEFINITION,
    Vmxnet3Delete::DEFINITION,
    Vmxnet3DeleteReply::DEFINITION,
    SwVmxnet3InterfaceDump::DEFINITION,
    SwVmxnet3InterfaceDetails::DEFINITION,
];

/// Takes a card over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = Vmxnet3CreateReply)]
pub struct Vmxnet3Create {
    /// PCI address: function, slot, bus and domain in 3, 5, 8 and 16 bits from the highest.
    pub pci_addr: u32,
    /// Not 0 to log its events.
    pub enable_elog: i32,
    /// Packets in a receive queue; 0 for the default.
    pub rxq_size: u16,
    /// Receive queues; 0 for one.
    pub rxq_num: u16,
    /// Packets in a transmit queue; 0 for the default.
    pub txq_size: u16,
    /// Transmit queues; 0 for one.
    pub txq_num: u16,
    /// Not 0 to take it from its driver.
    pub bind: u8,
    /// Segmentation offload.
    pub enable_gso: bool,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct Vmxnet3CreateReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Lets a card go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = Vmxnet3DeleteReply)]
pub struct Vmxnet3Delete {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Lists cards.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = SwVmxnet3InterfaceDetails)]
pub struct SwVmxnet3InterfaceDump {
    /// Only this one; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One card.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct SwVmxnet3InterfaceDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// VPP's name of the interface.
    pub if_name: FixedString<64>,
    /// MAC address.
    pub hw_addr: MacAddress,
    /// PCI address, as in [`Vmxnet3Create`].
    pub pci_addr: u32,
    /// Version of the card.
    pub version: u8,
    /// Whether it is enabled.
    pub admin_up_down: bool,
    /// Receive queues.
    pub rx_count: u8,
    /// The receive queues; those beyond their number are zero.
    pub rx_list: [Vmxnet3RxList; 16],
    /// Transmit queues.
    pub tx_count: u8,
    /// The transmit queues; those beyond their number are zero.
    pub tx_list: [Vmxnet3TxList; 8],
}

/// A receive queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct Vmxnet3RxList {
    /// Packets it holds.
    pub rx_qsize: u16,
    /// Filled descriptors of both rings.
    pub rx_fill: [u16; 2],
    /// Next completion.
    pub rx_next: u16,
    /// Where the driver is in both rings.
    pub rx_produce: [u16; 2],
    /// Where the card is in both rings.
    pub rx_consume: [u16; 2],
}

/// A transmit queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct Vmxnet3TxList {
    /// Packets it holds.
    pub tx_qsize: u16,
    /// Next completion.
    pub tx_next: u16,
    /// Where the driver is.
    pub tx_produce: u16,
    /// Where the card is.
    pub tx_consume: u16,
}

retval_replies! {
    Vmxnet3DeleteReply,
}
