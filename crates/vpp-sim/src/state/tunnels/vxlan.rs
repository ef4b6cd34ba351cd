//! VXLAN.

use std::net::IpAddr;

use super::super::Vpp;
use super::super::interfaces::{Device, Hardware};
use super::super::retval::{Outcome, Retval};
use super::HasInterface;

/// UDP port if a client gives none.
const PORT: u16 = 4789;
/// Graph nodes there are for what comes out: dropping and bridging.
const NODES: u32 = 2;
const BRIDGING: u32 = 1;

/// A tunnel, and what a client asks for.
#[derive(Debug, Clone)]
pub(crate) struct Vxlan {
    pub(crate) sw_if_index: u32,
    pub(crate) instance: u32,
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    pub(crate) src_port: u16,
    pub(crate) dst_port: u16,
    pub(crate) multicast: u32,
    /// Index of the table.
    pub(crate) table: u32,
    pub(crate) next: u32,
    pub(crate) vni: u32,
    pub(crate) is_l3: bool,
}

impl HasInterface for Vxlan {
    fn sw_if_index(&self) -> u32 {
        self.sw_if_index
    }
}

impl Vxlan {
    /// What VPP finds a tunnel by. Of a group, and with IPv6, the own address is no part of it.
    fn is_at(&self, other: &Self) -> bool {
        let same_src = self.dst.is_multicast() || self.dst.is_ipv6() || self.src == other.src;
        same_src
            && (self.dst, self.src_port, self.table, self.vni)
                == (other.dst, other.src_port, other.table, other.vni)
    }

    /// Ports a client did not give.
    fn with_ports(mut self) -> Self {
        for port in [&mut self.src_port, &mut self.dst_port] {
            if *port == 0 {
                *port = PORT;
            }
        }
        self
    }
}

impl Vpp {
    /// What is looked at whether a tunnel is to be added or deleted.
    pub(crate) fn check_vxlan(&self, wanted: &Vxlan) -> Outcome {
        if wanted.src.is_ipv4() != wanted.dst.is_ipv4() {
            return Err(Retval::INVALID_VALUE);
        }
        if wanted.src == wanted.dst {
            return Err(Retval::SAME_SRC_DST);
        }
        if wanted.dst.is_multicast() {
            self.interfaces.get(wanted.multicast)?;
        }
        Ok(())
    }

    pub(crate) fn add_vxlan(&mut self, wanted: Vxlan, instance: Option<u32>) -> Outcome<u32> {
        let mut tunnel = wanted.with_ports();
        if self.tunnels.vxlans.position(|known| known.is_at(&tunnel)).is_some() {
            return Err(Retval::TUNNEL_EXIST);
        }
        tunnel.next = if tunnel.next == u32::MAX { BRIDGING } else { tunnel.next };
        if tunnel.next >= NODES {
            return Err(Retval::INVALID_DECAP_NEXT);
        }
        tunnel.instance = self.tunnels.vxlans.number(instance)?;
        let device = Device::Vxlan { index: self.tunnels.vxlans.pool.next_index() };
        let hardware = if tunnel.is_l3 {
            Hardware::ip(device, "VXLAN")
        } else {
            Hardware::ethernet(device, "VXLAN", self.random_mac())
        };
        let name = format!("vxlan_tunnel{}", tunnel.instance);
        let sw_if_index = self.interfaces.register(name, hardware);
        self.tunnels.vxlans.pool.insert(Vxlan { sw_if_index, ..tunnel });
        self.set_flags(sw_if_index, true)?;
        Ok(sw_if_index)
    }

    pub(crate) fn delete_vxlan(&mut self, wanted: Vxlan) -> Outcome<u32> {
        let wanted = wanted.with_ports();
        let at = self.tunnels.vxlans.position(|known| known.is_at(&wanted));
        self.remove_vxlan(at.ok_or(Retval::NO_SUCH_ENTRY)?)
    }

    pub(super) fn remove_vxlan(&mut self, at: u32) -> Outcome<u32> {
        let gone = self.tunnels.vxlans.pool.remove(at).ok_or(Retval::NO_SUCH_ENTRY)?;
        self.tunnels.vxlans.instances.release(gone.instance);
        self.delete_hardware(gone.sw_if_index)?;
        Ok(gone.sw_if_index)
    }
}
