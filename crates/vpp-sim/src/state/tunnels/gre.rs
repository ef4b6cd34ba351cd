//! GRE.

use std::net::IpAddr;

use super::super::Vpp;
use super::super::interfaces::{DEFAULT_MTU, Device, Hardware};
use super::super::retval::{Outcome, Retval};
use super::HasInterface;

/// What is in a tunnel.
pub(crate) mod kind {
    pub(crate) const L3: u8 = 0;
    pub(crate) const ERSPAN: u8 = 2;
}

/// A tunnel with many peers.
const MULTIPOINT: u8 = 1;
/// Highest number of a session.
const SESSION_MAX: u16 = 1023;

/// A tunnel, and what a client asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gre {
    pub(crate) sw_if_index: u32,
    pub(crate) instance: u32,
    pub(crate) kind: u8,
    pub(crate) mode: u8,
    pub(crate) flags: u8,
    pub(crate) session: u16,
    /// Index of the table.
    pub(crate) table: u32,
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    pub(crate) key: u32,
}

impl HasInterface for Gre {
    fn sw_if_index(&self) -> u32 {
        self.sw_if_index
    }
}

impl Gre {
    /// What VPP finds a tunnel by.
    fn is_at(&self, other: &Self) -> bool {
        (self.src, self.dst, self.table, self.kind, self.mode, self.session, self.key)
            == (other.src, other.dst, other.table, other.kind, other.mode, other.session, other.key)
    }
}

impl Vpp {
    /// What is looked at before the table.
    pub(crate) fn check_gre(src: IpAddr, dst: IpAddr, kind: u8, mode: u8) -> Outcome {
        if src.is_ipv4() != dst.is_ipv4() {
            return Err(Retval::INVALID_PROTOCOL);
        }
        if src == dst {
            return Err(Retval::SAME_SRC_DST);
        }
        if kind > kind::ERSPAN {
            return Err(Retval::INVALID_VALUE);
        }
        if mode > MULTIPOINT {
            return Err(Retval::INVALID_VALUE_2);
        }
        Ok(())
    }

    /// What is looked at behind the table.
    fn check_gre_rest(tunnel: &Gre) -> Outcome {
        if tunnel.session > SESSION_MAX {
            return Err(Retval::INVALID_SESSION_ID);
        }
        if tunnel.mode == MULTIPOINT && !tunnel.dst.is_unspecified() {
            return Err(Retval::INVALID_DST_ADDRESS);
        }
        Ok(())
    }

    pub(crate) fn add_gre(&mut self, wanted: Gre, instance: Option<u32>) -> Outcome<u32> {
        Self::check_gre_rest(&wanted)?;
        if self.tunnels.gres.position(|known| known.is_at(&wanted)).is_some() {
            return Err(Retval::IF_ALREADY_EXISTS);
        }
        let position = self.tunnels.gres.pool.next_index();
        let instance = self.tunnels.gres.number(instance)?;
        let device = Device::Gre { index: position };
        let mut hardware = if wanted.kind == kind::L3 {
            Hardware::ip(device, "GRE tunnel device")
        } else {
            let [.., high, low] = position.to_be_bytes();
            let mac = [0xd0, 0x0b, 0xee, 0xd0, high, low];
            Hardware::ethernet(device, "GRE tunnel device", mac)
        };
        // The header of IP and four bytes.
        hardware.overhead = if wanted.src.is_ipv4() { 24 } else { 44 };
        let sw_if_index = self.interfaces.register(format!("gre{instance}"), hardware);
        self.interfaces.get_mut(sw_if_index)?.mtu = [DEFAULT_MTU, 0, 0, 0];
        let session = if wanted.kind == kind::ERSPAN { wanted.session } else { 0 };
        self.tunnels.gres.pool.insert(Gre { sw_if_index, instance, session, ..wanted });
        Ok(sw_if_index)
    }

    pub(crate) fn delete_gre(&mut self, wanted: &Gre) -> Outcome<u32> {
        Self::check_gre_rest(wanted)?;
        let at = self.tunnels.gres.position(|known| known.is_at(wanted));
        self.remove_gre(at.ok_or(Retval::NO_SUCH_ENTRY)?)
    }

    pub(super) fn remove_gre(&mut self, at: u32) -> Outcome<u32> {
        let gone = self.tunnels.gres.pool.remove(at).ok_or(Retval::NO_SUCH_ENTRY)?;
        self.tunnels.gres.instances.release(gone.instance);
        self.delete_hardware(gone.sw_if_index)?;
        Ok(gone.sw_if_index)
    }
}
