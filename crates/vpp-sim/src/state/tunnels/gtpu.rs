//! GTP-U.

use std::net::IpAddr;

use super::super::Vpp;
use super::super::interfaces::{Device, Hardware};
use super::super::retval::{Outcome, Retval};
use super::HasInterface;

/// Graph nodes there are for what comes out: dropping, bridging, IPv4 and IPv6.
const NODES: u32 = 4;
const BRIDGING: u32 = 1;

/// A tunnel, and what a client asks for.
#[derive(Debug, Clone)]
pub(crate) struct Gtpu {
    pub(crate) sw_if_index: u32,
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    pub(crate) multicast: u32,
    /// Index of the table.
    pub(crate) table: u32,
    pub(crate) next: u32,
    pub(crate) teid: u32,
    pub(crate) remote_teid: u32,
}

impl HasInterface for Gtpu {
    fn sw_if_index(&self) -> u32 {
        self.sw_if_index
    }
}

impl Vpp {
    /// What is looked at whether a tunnel is to be added or deleted.
    pub(crate) fn check_gtpu(&self, wanted: &Gtpu) -> Outcome {
        if wanted.src == wanted.dst {
            return Err(Retval::SAME_SRC_DST);
        }
        if wanted.dst.is_multicast() {
            self.interfaces.get(wanted.multicast)?;
        }
        Ok(())
    }

    /// VPP finds a tunnel by the other end and the number at this one.
    fn gtpu_at(&self, wanted: &Gtpu) -> Option<u32> {
        let is = |known: &Gtpu| (known.dst, known.teid) == (wanted.dst, wanted.teid);
        self.tunnels.gtpus.position(is)
    }

    pub(crate) fn add_gtpu(&mut self, mut tunnel: Gtpu) -> Outcome<u32> {
        if self.gtpu_at(&tunnel).is_some() {
            return Err(Retval::TUNNEL_EXIST);
        }
        tunnel.next = if tunnel.next == u32::MAX { BRIDGING } else { tunnel.next };
        if tunnel.next >= NODES {
            return Err(Retval::INVALID_DECAP_NEXT);
        }
        if tunnel.remote_teid == 0 {
            tunnel.remote_teid = tunnel.teid;
        }
        let number = self.tunnels.gtpus.pool.next_index();
        let device = Device::Gtpu { index: number };
        let sw_if_index = match self.tunnels.gtpus.hidden.pop() {
            Some(index) => {
                self.interfaces.show(index, device);
                index
            }
            None => {
                let hardware = Hardware::ip(device, "GTPU");
                self.interfaces.register(format!("gtpu_tunnel{number}"), hardware)
            }
        };
        self.tunnels.gtpus.pool.insert(Gtpu { sw_if_index, ..tunnel });
        self.set_flags(sw_if_index, true)?;
        Ok(sw_if_index)
    }

    pub(crate) fn delete_gtpu(&mut self, wanted: &Gtpu) -> Outcome<u32> {
        let at = self.gtpu_at(wanted);
        self.remove_gtpu(at.ok_or(Retval::NO_SUCH_ENTRY)?)
    }

    pub(super) fn remove_gtpu(&mut self, at: u32) -> Outcome<u32> {
        let gone = self.tunnels.gtpus.pool.remove(at).ok_or(Retval::NO_SUCH_ENTRY)?;
        self.hide(gone.sw_if_index)?;
        self.tunnels.gtpus.hidden.push(gone.sw_if_index);
        Ok(gone.sw_if_index)
    }
}
