//! `vmxnet3.api`

use ligato_vpp_api::msg::vmxnet3::{
    SwVmxnet3InterfaceDetails, SwVmxnet3InterfaceDump, Vmxnet3Create, Vmxnet3CreateReply,
    Vmxnet3Delete, Vmxnet3RxList, Vmxnet3TxList,
};
use ligato_vpp_api::types::{InterfaceIndex, MacAddress};

use super::{index_or, text};
use crate::registry::Details;
use crate::state::Vpp;
use crate::state::cards::Vmxnet3;
use crate::state::retval::{Outcome, code};

pub(crate) fn create(vpp: &mut Vpp, m: &Vmxnet3Create) -> Vmxnet3CreateReply {
    let outcome = vpp.add_vmxnet3(Vmxnet3 {
        sw_if_index: u32::MAX,
        pci: m.pci_addr,
        rx_size: m.rxq_size,
        rx_queues: m.rxq_num,
        tx_size: m.txq_size,
        tx_queues: m.txq_num,
    });
    // VPP leaves the field alone when it refuses.
    Vmxnet3CreateReply { retval: code(&outcome), sw_if_index: index_or(&outcome, 0) }
}

pub(crate) fn delete(vpp: &mut Vpp, m: &Vmxnet3Delete) -> Outcome {
    vpp.delete_vmxnet3(m.sw_if_index.0)
}

pub(crate) fn dump(
    vpp: &Vpp,
    m: &SwVmxnet3InterfaceDump,
    details: &mut Details<'_, SwVmxnet3InterfaceDetails>,
) {
    let wanted = m.sw_if_index.some();
    for card in vpp.cards.vmxnet3s() {
        if wanted.is_none_or(|index| index.0 == card.sw_if_index) {
            details.send(&describe(vpp, card));
        }
    }
}

fn describe(vpp: &Vpp, card: &Vmxnet3) -> SwVmxnet3InterfaceDetails {
    let interface = vpp.interfaces.get(card.sw_if_index).ok();
    let hardware = interface.and_then(|interface| interface.hardware.as_ref());
    let mut found = SwVmxnet3InterfaceDetails {
        sw_if_index: InterfaceIndex(card.sw_if_index),
        if_name: text(interface.map_or("", |interface| &interface.name)),
        hw_addr: MacAddress(hardware.and_then(|hardware| hardware.mac).unwrap_or_default()),
        pci_addr: card.pci,
        version: 3,
        admin_up_down: interface.is_some_and(|interface| interface.admin_up),
        rx_count: count(card.rx_queues),
        tx_count: count(card.tx_queues),
        ..SwVmxnet3InterfaceDetails::default()
    };
    for queue in found.rx_list.iter_mut().take(usize::from(card.rx_queues)) {
        *queue = Vmxnet3RxList { rx_qsize: card.rx_size, ..Vmxnet3RxList::default() };
    }
    for queue in found.tx_list.iter_mut().take(usize::from(card.tx_queues)) {
        *queue = Vmxnet3TxList { tx_qsize: card.tx_size, ..Vmxnet3TxList::default() };
    }
    found
}

/// There are never more queues than the message has room for.
fn count(queues: u16) -> u8 {
    u8::try_from(queues).unwrap_or(u8::MAX)
}
