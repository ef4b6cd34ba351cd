//! IP over IP.

use std::net::IpAddr;

use super::super::Vpp;
use super::super::interfaces::{DEFAULT_MTU, Device, Hardware};
use super::super::retval::{Outcome, Retval};
use super::HasInterface;

/// A tunnel with many peers.
const MULTIPOINT: u8 = 1;

/// A tunnel, and what a client asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ipip {
    pub(crate) sw_if_index: u32,
    pub(crate) instance: u32,
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    /// Index of the table.
    pub(crate) table: u32,
    pub(crate) flags: u8,
    pub(crate) mode: u8,
    pub(crate) dscp: u8,
}

impl HasInterface for Ipip {
    fn sw_if_index(&self) -> u32 {
        self.sw_if_index
    }
}

impl Vpp {
    /// What is looked at before the table.
    pub(crate) fn check_ipip(src: IpAddr, dst: IpAddr, mode: u8) -> Outcome {
        if src.is_ipv4() != dst.is_ipv4() {
            return Err(Retval::INVALID_PROTOCOL);
        }
        if src == dst {
            return Err(Retval::SAME_SRC_DST);
        }
        if mode > MULTIPOINT {
            return Err(Retval::INVALID_VALUE_2);
        }
        Ok(())
    }

    /// The index of the tunnel there is already comes with the refusal.
    pub(crate) fn add_ipip(&mut self, wanted: Ipip, instance: Option<u32>) -> (Outcome, u32) {
        if wanted.mode == MULTIPOINT && !wanted.dst.is_unspecified() {
            return (Err(Retval::INVALID_DST_ADDRESS), u32::MAX);
        }
        let same = |known: &&Ipip| {
            (known.src, known.dst, known.table, known.mode)
                == (wanted.src, wanted.dst, wanted.table, wanted.mode)
        };
        if let Some(known) = self.tunnels.ipips.iter().find(same) {
            return (Err(Retval::IF_ALREADY_EXISTS), known.sw_if_index);
        }
        let index = self.tunnels.ipips.pool.next_index();
        let instance = match self.tunnels.ipips.number(instance) {
            Ok(instance) => instance,
            Err(refusal) => return (Err(refusal), u32::MAX),
        };
        let mut hardware = Hardware::ip(Device::Ipip { index }, "IPIP tunnel device");
        hardware.overhead = if wanted.src.is_ipv4() { 20 } else { 40 };
        let sw_if_index = self.interfaces.register(format!("ipip{instance}"), hardware);
        if let Ok(interface) = self.interfaces.get_mut(sw_if_index) {
            interface.mtu = [DEFAULT_MTU, 0, 0, 0];
        }
        self.tunnels.ipips.pool.insert(Ipip { sw_if_index, instance, ..wanted });
        (Ok(()), sw_if_index)
    }

    pub(crate) fn delete_ipip(&mut self, sw_if_index: u32) -> Outcome {
        let is = |known: &Ipip| known.sw_if_index == sw_if_index;
        let at = self.tunnels.ipips.position(is).ok_or(Retval::NO_SUCH_ENTRY)?;
        let gone = self.tunnels.ipips.pool.remove(at).ok_or(Retval::NO_SUCH_ENTRY)?;
        self.tunnels.ipips.instances.release(gone.instance);
        self.delete_hardware(sw_if_index)
    }
}
