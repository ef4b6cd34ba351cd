//! WireGuard devices, without peers.

use std::net::IpAddr;

use rand::RngExt;

use super::super::Vpp;
use super::super::interfaces::{Device, Hardware};
use super::super::retval::{Outcome, Retval};
use super::HasInterface;

/// VPP has no more of them than this.
const MAX_INSTANCE: u32 = 16 * 1024;

/// A device, and what a client asks for.
#[derive(Clone, Copy)]
pub(crate) struct Wireguard {
    pub(crate) sw_if_index: u32,
    pub(crate) instance: u32,
    pub(crate) private_key: [u8; 32],
    pub(crate) port: u16,
    pub(crate) src: IpAddr,
}

/// The key stays out of logs.
impl std::fmt::Debug for Wireguard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wireguard")
            .field("sw_if_index", &self.sw_if_index)
            .field("port", &self.port)
            .field("src", &self.src)
            .finish_non_exhaustive()
    }
}

impl HasInterface for Wireguard {
    fn sw_if_index(&self) -> u32 {
        self.sw_if_index
    }
}

impl Vpp {
    /// A key nobody knows.
    pub(crate) fn random_key(&mut self) -> [u8; 32] {
        self.random.random()
    }

    pub(crate) fn add_wireguard(&mut self, wanted: Wireguard, wished: Option<u32>) -> Outcome<u32> {
        let devices = &mut self.tunnels.wireguards;
        let instance = match wished {
            None => devices.instances.take_lowest(),
            Some(wished) if wished < MAX_INSTANCE && devices.instances.take(wished) => wished,
            Some(_) => return Err(Retval::INVALID_REGISTRATION),
        };
        let device = Device::Wireguard { index: devices.pool.next_index() };
        let hardware = Hardware::ip(device, "Wireguard Tunnel");
        let sw_if_index = self.interfaces.register(format!("wg{instance}"), hardware);
        self.tunnels.wireguards.pool.insert(Wireguard { sw_if_index, instance, ..wanted });
        Ok(sw_if_index)
    }

    pub(crate) fn delete_wireguard(&mut self, sw_if_index: u32) -> Outcome {
        self.interfaces.get(sw_if_index)?;
        let is = |known: &Wireguard| known.sw_if_index == sw_if_index;
        let at = self.tunnels.wireguards.position(is).ok_or(Retval::INVALID_VALUE)?;
        let gone = self.tunnels.wireguards.pool.remove(at).ok_or(Retval::INVALID_VALUE)?;
        self.tunnels.wireguards.instances.release(gone.instance);
        self.delete_hardware(sw_if_index)
    }
}
