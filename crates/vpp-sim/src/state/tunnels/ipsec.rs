//! Interfaces for protected traffic.

use super::super::Vpp;
use super::super::interfaces::{DEFAULT_MTU, Device, Hardware};
use super::super::retval::{Outcome, Retval};
use super::HasInterface;

/// A tunnel with many peers.
const MULTIPOINT: u8 = 1;
/// VPP has no more of them than this.
const MAX_INSTANCE: u32 = 16 * 1024;

/// An interface.
#[derive(Debug, Clone)]
pub(crate) struct Ipsec {
    pub(crate) sw_if_index: u32,
    pub(crate) instance: u32,
    pub(crate) mode: u8,
}

impl HasInterface for Ipsec {
    fn sw_if_index(&self) -> u32 {
        self.sw_if_index
    }
}

impl Vpp {
    pub(crate) fn add_ipsec(&mut self, mode: u8, wished: Option<u32>) -> Outcome<u32> {
        if mode > MULTIPOINT {
            return Err(Retval::INVALID_VALUE_2);
        }
        let ipsecs = &mut self.tunnels.ipsecs;
        let instance = match wished {
            None => ipsecs.instances.take_lowest(),
            Some(wished) if wished < MAX_INSTANCE && ipsecs.instances.take(wished) => wished,
            Some(_) => return Err(Retval::INVALID_REGISTRATION),
        };
        let device = Device::Ipsec { index: ipsecs.pool.next_index() };
        let hardware = Hardware::ip(device, "IPSEC Tunnel");
        let sw_if_index = self.interfaces.register(format!("ipsec{instance}"), hardware);
        self.interfaces.get_mut(sw_if_index)?.mtu = [DEFAULT_MTU, 0, 0, 0];
        self.tunnels.ipsecs.pool.insert(Ipsec { sw_if_index, instance, mode });
        Ok(sw_if_index)
    }

    pub(crate) fn delete_ipsec(&mut self, sw_if_index: u32) -> Outcome {
        self.interfaces.get(sw_if_index)?;
        let is = |known: &Ipsec| known.sw_if_index == sw_if_index;
        let at = self.tunnels.ipsecs.position(is).ok_or(Retval::INVALID_SW_IF_INDEX)?;
        let gone = self.tunnels.ipsecs.pool.remove(at).ok_or(Retval::INVALID_SW_IF_INDEX)?;
        self.tunnels.ipsecs.instances.release(gone.instance);
        self.delete_hardware(sw_if_index)
    }
}
