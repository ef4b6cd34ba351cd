//! TAP and TUN interfaces. The host side is not made: the simulated VPP has no data plane.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Vpp;
use super::interfaces::{Device, Hardware, Mac};
use super::pool::{Instances, Pool};
use super::retval::{Outcome, Retval};
use crate::release::Release;

/// From this release on there may be more of them.
const MORE_INSTANCES: Release = Release::new(24, 10);
/// From this release on they are devices of their own; before, those of virtio.
const OWN_PLUGIN: Release = Release::new(26, 2);

/// Entries of a ring when a client gives none.
const DEFAULT_RING_SIZE: u16 = 256;
/// VPP has no greater number than this,
const MAX_INSTANCE: u32 = 8192;
/// and once had not.
const OLD_MAX_INSTANCE: u32 = 1024;
/// Flag of a TAP that carries IP packets without an Ethernet header.
pub(super) const FLAG_TUN: u32 = 16;
/// Flag of a TAP that takes an existing host interface.
const FLAG_ATTACH: u32 = 8;

/// What a client asks for.
#[derive(Debug, Clone)]
pub(crate) struct TapSpec {
    pub(crate) id: Option<u32>,
    /// From where on a number is looked for if none is asked for.
    pub(crate) first_id: u32,
    pub(crate) mac: Option<Mac>,
    pub(crate) rx_queues: u16,
    pub(crate) tx_ring_size: u16,
    pub(crate) rx_ring_size: u16,
    pub(crate) flags: u32,
    pub(crate) host_mtu: Option<u32>,
    pub(crate) host_mac: Option<Mac>,
    pub(crate) host_ip4: Option<(Ipv4Addr, u8)>,
    pub(crate) host_ip6: Option<(Ipv6Addr, u8)>,
    pub(crate) host_namespace: Option<String>,
    pub(crate) host_name: Option<String>,
    pub(crate) host_bridge: Option<String>,
    pub(crate) tag: String,
}

/// A TAP.
#[derive(Debug, Clone)]
pub(crate) struct Tap {
    pub(crate) sw_if_index: u32,
    pub(crate) id: u32,
    pub(crate) host_mac: Mac,
    pub(crate) host_name: String,
    pub(crate) spec: TapSpec,
}

impl Tap {
    fn ring_size(wanted: u16) -> u16 {
        if wanted == 0 { DEFAULT_RING_SIZE } else { wanted }
    }

    pub(crate) fn rx_ring_size(&self) -> u16 {
        Self::ring_size(self.spec.rx_ring_size)
    }

    pub(crate) fn tx_ring_size(&self) -> u16 {
        Self::ring_size(self.spec.tx_ring_size)
    }
}

/// All TAPs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taps {
    interfaces: Pool<Tap>,
    ids: Instances,
}

impl Taps {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Tap> {
        self.interfaces.iter().map(|(_, tap)| tap)
    }
}

/// How queues are read if nobody says how.
const POLLING: u32 = 1;

impl Vpp {
    /// Creates a TAP, its link is up at once.
    pub(crate) fn create_tap(&mut self, spec: TapSpec) -> Outcome<u32> {
        let is_tun = spec.flags & FLAG_TUN != 0;
        let id = match spec.id {
            None if spec.first_id == 0 => self.taps.ids.take_lowest(),
            None => {
                let mut from = spec.first_id..;
                let free = from.find(|id| self.taps.ids.take(*id));
                free.ok_or(Retval::INVALID_INTERFACE)?
            }
            Some(wanted) if wanted > self.max_tap() => return Err(Retval::UNSPECIFIED),
            Some(wanted) if self.taps.ids.take(wanted) => wanted,
            Some(_) => return Err(Retval::INVALID_INTERFACE),
        };
        if let Err(refusal) = self.check_host(&spec).and_then(|()| check_rings(&spec)) {
            self.taps.ids.release(id);
            return Err(refusal);
        }
        let index = self.taps.interfaces.next_index();
        let device = Device::Tap { index };
        let dev_type = if self.release < OWN_PLUGIN { "virtio" } else { "tap" };
        let mut hardware = if is_tun {
            // It is given an MTU, which does not become that of the interface.
            Hardware::ip(device, dev_type)
        } else {
            let mac = spec.mac.unwrap_or_else(|| self.random_mac());
            Hardware::ethernet(device, dev_type, mac)
        };
        hardware.rx_queues = self.threads.queues(spec.rx_queues.max(1), POLLING);
        let host_mac = match spec.host_mac {
            Some(mac) => mac,
            None if is_tun => [0; 6],
            None => self.random_mac(),
        };
        let kind = if is_tun { "tun" } else { "tap" };
        let host_name = spec.host_name.clone().unwrap_or_else(|| format!("{kind}{id}"));
        let sw_if_index = self.interfaces.register(format!("{kind}{id}"), hardware);
        let tag = spec.tag.clone();
        self.taps.interfaces.insert(Tap { sw_if_index, id, host_mac, host_name, spec });
        self.interfaces.get_mut(sw_if_index)?.tag = tag;
        self.set_link(sw_if_index, true)?;
        Ok(sw_if_index)
    }

    /// The greatest number that one can have.
    fn max_tap(&self) -> u32 {
        if self.release < MORE_INSTANCES { OLD_MAX_INSTANCE } else { MAX_INSTANCE }
    }

    /// What VPP finds out from the host.
    fn check_host(&self, spec: &TapSpec) -> Outcome {
        let attaches = spec.flags & FLAG_ATTACH != 0;
        match &spec.host_name {
            None if attaches => Err(Retval::SYSCALL_ERROR_3),
            // Something else has the name.
            Some(name) if !attaches && self.af_packets.is_taken(name) => {
                Err(Retval::SYSCALL_ERROR_3)
            }
            _ => Ok(()),
        }
    }

    /// Deletes a TAP.
    pub(crate) fn delete_tap(&mut self, sw_if_index: u32) -> Outcome {
        let Device::Tap { index } = self.interfaces.device(sw_if_index)? else {
            return Err(Retval::INVALID_SW_IF_INDEX);
        };
        let sup = self.interfaces.get(sw_if_index)?.sup;
        self.delete_hardware(sup)?;
        if let Some(gone) = self.taps.interfaces.remove(index) {
            self.taps.ids.release(gone.id);
        }
        Ok(())
    }
}

fn check_rings(spec: &TapSpec) -> Outcome {
    let fits = |size: u16| size == 0 || (size.is_power_of_two() && size <= 32_768);
    if fits(spec.rx_ring_size) && fits(spec.tx_ring_size) {
        Ok(())
    } else {
        Err(Retval::INIT_FAILED)
    }
}
