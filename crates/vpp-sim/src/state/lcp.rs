//! Interfaces that the plugin linux-cp shows to the kernel. Beside each stands one that leads to the kernel: a TAP or TUN,
//! or, for a sub-interface, a sub-interface of the parent's.

use std::collections::BTreeMap;

use super::Vpp;
use super::interfaces::Device;
use super::retval::{Outcome, Retval};
use super::tap::{FLAG_TUN, TapSpec};
use crate::release::Release;

/// Rings of the TAPs.
const RING_SIZE: u16 = 256;
/// From this release on the numbers of these TAPs begin where others end; before, they are those of the devices.
const NUMBERED_APART: Release = Release::new(23, 6);
/// Their first number.
const FIRST_ID: u32 = 4096;

/// What the kernel's interface carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carries {
    Frames,
    Packets,
}

/// The interface that leads to the kernel, by the one it stands for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pairs {
    hosts: BTreeMap<u32, u32>,
}

impl Vpp {
    /// Shows an interface to the kernel; gives the index of the one that leads there.
    pub(crate) fn create_pair(
        &mut self,
        shown: u32,
        host_name: &str,
        namespace: &str,
        carries: Carries,
    ) -> Outcome<u32> {
        if self.pairs.hosts.contains_key(&shown) {
            return Err(Retval::VALUE_EXIST);
        }
        let interface = self.interfaces.get(shown)?;
        if host_name.is_empty() {
            return Err(Retval::INVALID_ARGUMENT);
        }
        let (sup, sub) = (interface.sup, interface.sub);
        let mac = self.interfaces.hardware(sup)?.mac;
        if mac.is_none() && carries == Carries::Frames {
            return Err(Retval::INVALID_ARGUMENT);
        }
        let host = match sub {
            Some(sub) => {
                let parent = self.pairs.hosts.get(&sup).ok_or(Retval::INVALID_SW_IF_INDEX)?;
                self.interfaces.add_sub(*parent, sub)?
            }
            None => self.create_tap(TapSpec {
                id: (self.release < NUMBERED_APART).then_some(sup),
                first_id: FIRST_ID,
                mac: None,
                rx_queues: 1,
                tx_ring_size: RING_SIZE,
                rx_ring_size: RING_SIZE,
                flags: if carries == Carries::Packets { FLAG_TUN } else { 0 },
                host_mtu: None,
                host_mac: mac,
                host_ip4: None,
                host_ip6: None,
                host_namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
                host_name: Some(host_name.to_owned()),
                host_bridge: None,
                tag: String::new(),
            })?,
        };
        self.set_admin(host, true)?;
        self.pairs.hosts.insert(shown, host);
        Ok(host)
    }

    /// Shows an interface to the kernel no more.
    pub(crate) fn delete_pair(&mut self, shown: u32) -> Outcome {
        let host = self.pairs.hosts.remove(&shown).ok_or(Retval::INVALID_SW_IF_INDEX)?;
        match self.interfaces.device(host)? {
            _ if self.interfaces.get(host)?.sub.is_some() => self.delete_sub(host),
            Device::Tap { .. } => self.delete_tap(host),
            _ => Err(Retval::INVALID_SW_IF_INDEX),
        }
    }
}
