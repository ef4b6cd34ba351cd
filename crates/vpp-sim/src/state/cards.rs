//! Network cards that VPP takes over when it is asked to. Every host has those that somebody asks for.

use super::Vpp;
use super::interfaces::{Device, Hardware};
use super::pool::Pool;
use super::retval::{Outcome, Retval};

/// A card of VMware, and what a client asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vmxnet3 {
    pub(crate) sw_if_index: u32,
    pub(crate) pci: u32,
    pub(crate) rx_size: u16,
    pub(crate) rx_queues: u16,
    pub(crate) tx_size: u16,
    pub(crate) tx_queues: u16,
}

/// A Mellanox card, and what a client asks for.
#[derive(Debug, Clone)]
pub(crate) struct Rdma {
    pub(crate) host_name: String,
    pub(crate) name: String,
    pub(crate) rx_queues: u16,
    pub(crate) rx_size: u16,
    pub(crate) tx_size: u16,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Cards {
    vmxnet3s: Pool<Vmxnet3>,
    rdmas: Pool<Rdma>,
}

impl Cards {
    pub(crate) fn vmxnet3s(&self) -> impl Iterator<Item = &Vmxnet3> {
        self.vmxnet3s.iter().map(|(_, card)| card)
    }
}

/// Packets in a queue if a client does not say.
const DEFAULT_SIZE: u16 = 1024;

fn or_default(size: u16) -> u16 {
    if size == 0 { DEFAULT_SIZE } else { size }
}

/// How queues are read if nobody says how.
const POLLING: u32 = 1;

impl Vpp {
    pub(crate) fn add_vmxnet3(&mut self, wanted: Vmxnet3) -> Outcome<u32> {
        const MAX_RX_QUEUES: u16 = 16;
        const MAX_TX_QUEUES: u16 = 8;
        let card = Vmxnet3 {
            rx_queues: wanted.rx_queues.max(1),
            tx_queues: wanted.tx_queues.max(1),
            rx_size: or_default(wanted.rx_size),
            tx_size: or_default(wanted.tx_size),
            ..wanted
        };
        let fits = |size: u16| (64..=4096).contains(&size) && size.is_multiple_of(64);
        if card.rx_queues > MAX_RX_QUEUES
            || card.tx_queues > MAX_TX_QUEUES
            || !fits(card.rx_size)
            || !fits(card.tx_size)
        {
            return Err(Retval::INVALID_VALUE);
        }
        if self.cards.vmxnet3s().any(|known| known.pci == card.pci) {
            return Err(Retval::ADDRESS_IN_USE);
        }
        let index = self.cards.vmxnet3s.next_index();
        let mac = self.random_mac();
        let mut hardware = Hardware::ethernet(Device::Vmxnet3 { index }, "VMXNET3 interface", mac);
        hardware.rx_queues = self.threads.queues(card.rx_queues, POLLING);
        let pci = card.pci;
        let name = format!(
            "vmxnet3-{:x}/{:x}/{:x}/{:x}",
            pci & 0xffff,
            pci >> 16 & 0xff,
            pci >> 24 & 0x1f,
            pci >> 29
        );
        let sw_if_index = self.interfaces.register(name, hardware);
        self.cards.vmxnet3s.insert(Vmxnet3 { sw_if_index, ..card });
        self.set_link(sw_if_index, true)?;
        Ok(sw_if_index)
    }

    pub(crate) fn delete_vmxnet3(&mut self, sw_if_index: u32) -> Outcome {
        let Device::Vmxnet3 { index } = self.interfaces.device(sw_if_index)? else {
            return Err(Retval::INVALID_SW_IF_INDEX);
        };
        self.cards.vmxnet3s.remove(index);
        let sup = self.interfaces.get(sw_if_index)?.sup;
        self.delete_hardware(sup)
    }

    pub(crate) fn add_rdma(&mut self, wanted: Rdma) -> Outcome<u32> {
        const DEFAULT_QUEUES: u16 = 2;
        let mut card = Rdma {
            rx_size: or_default(wanted.rx_size),
            tx_size: or_default(wanted.tx_size),
            ..wanted
        };
        let fits = |size: u16| size >= 256 && size.is_power_of_two();
        if !fits(card.rx_size) || !fits(card.tx_size) {
            return Err(Retval::INVALID_VALUE);
        }
        if card.rx_queues == 0 {
            card.rx_queues = DEFAULT_QUEUES;
        }
        if !self.af_packets.host_has(&card.host_name) {
            return Err(Retval::INVALID_INTERFACE);
        }
        let index = self.cards.rdmas.next_index();
        if card.name.is_empty() {
            card.name = format!("{}/{index}", card.host_name);
        }
        let mac = self.random_mac();
        let mut hardware = Hardware::ethernet(Device::Rdma { index }, "RDMA interface", mac);
        hardware.rx_queues = self.threads.queues(card.rx_queues, POLLING);
        let sw_if_index = self.interfaces.register(card.name.clone(), hardware);
        self.cards.rdmas.insert(card);
        self.set_link(sw_if_index, true)?;
        Ok(sw_if_index)
    }

    pub(crate) fn delete_rdma(&mut self, sw_if_index: u32) -> Outcome {
        let Device::Rdma { index } = self.interfaces.device(sw_if_index)? else {
            return Err(Retval::INVALID_SW_IF_INDEX);
        };
        self.cards.rdmas.remove(index);
        let sup = self.interfaces.get(sw_if_index)?.sup;
        self.delete_hardware(sup)
    }
}
