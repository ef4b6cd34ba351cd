//! VXLAN with the generic protocol extension.

use std::net::IpAddr;

use super::super::Vpp;
use super::super::interfaces::{Device, Hardware};
use super::super::prefix::Family;
use super::super::retval::{Outcome, Retval};
use super::HasInterface;

/// UDP port if a client gives none.
const PORT: u16 = 4790;

/// A tunnel, and what a client asks for.
#[derive(Debug, Clone)]
pub(crate) struct VxlanGpe {
    pub(crate) sw_if_index: u32,
    pub(crate) local: IpAddr,
    pub(crate) remote: IpAddr,
    pub(crate) local_port: u16,
    pub(crate) remote_port: u16,
    pub(crate) multicast: u32,
    /// Index of the table, among those of IPv4 whatever the tunnel runs over.
    pub(crate) table: u32,
    /// Index of the table for what comes out; what a client gave if that is not IPv4.
    pub(crate) inner_table: u32,
    pub(crate) protocol: u8,
    pub(crate) vni: u32,
}

impl HasInterface for VxlanGpe {
    fn sw_if_index(&self) -> u32 {
        self.sw_if_index
    }
}

impl VxlanGpe {
    /// What VPP finds a tunnel by.
    fn is_at(&self, other: &Self) -> bool {
        (self.local, self.remote, self.vni, self.local_port)
            == (other.local, other.remote, other.vni, other.local_port)
    }

    fn with_ports(mut self) -> Self {
        for port in [&mut self.local_port, &mut self.remote_port] {
            if *port == 0 {
                *port = PORT;
            }
        }
        self
    }
}

impl Vpp {
    /// Indexes of both tables of numbers a client gave.
    pub(crate) fn tables_of_gpe(
        &self,
        protocol: u8,
        outer: u32,
        inner: u32,
    ) -> Outcome<(u32, u32)> {
        const IP4: u8 = 1;
        let tables = self.fib(Family::V4);
        let outer = tables.find(outer).map_err(|_| Retval::NO_SUCH_FIB)?;
        let inner = match protocol {
            IP4 => tables.find(inner).map_err(|_| Retval::NO_SUCH_INNER_FIB)?,
            _ => inner,
        };
        Ok((outer, inner))
    }

    pub(crate) fn add_vxlan_gpe(&mut self, wanted: VxlanGpe) -> Outcome<u32> {
        let tunnel = wanted.with_ports();
        if self.tunnels.vxlan_gpes.position(|known| known.is_at(&tunnel)).is_some() {
            return Err(Retval::TUNNEL_EXIST);
        }
        let number = self.tunnels.vxlan_gpes.pool.next_index();
        let device = Device::VxlanGpe { index: number };
        let sw_if_index = match self.tunnels.vxlan_gpes.hidden.pop() {
            Some(index) => {
                self.interfaces.show(index, device);
                index
            }
            None => {
                let hardware = Hardware::ip(device, "VXLAN_GPE");
                self.interfaces.register(format!("vxlan_gpe_tunnel{number}"), hardware)
            }
        };
        self.tunnels.vxlan_gpes.pool.insert(VxlanGpe { sw_if_index, ..tunnel });
        self.set_flags(sw_if_index, true)?;
        Ok(sw_if_index)
    }

    pub(crate) fn delete_vxlan_gpe(&mut self, wanted: VxlanGpe) -> Outcome<u32> {
        let wanted = wanted.with_ports();
        let at = self.tunnels.vxlan_gpes.position(|known| known.is_at(&wanted));
        self.remove_vxlan_gpe(at.ok_or(Retval::NO_SUCH_ENTRY)?)
    }

    pub(super) fn remove_vxlan_gpe(&mut self, at: u32) -> Outcome<u32> {
        let gone = self.tunnels.vxlan_gpes.pool.remove(at).ok_or(Retval::NO_SUCH_ENTRY)?;
        self.hide(gone.sw_if_index)?;
        self.tunnels.vxlan_gpes.hidden.push(gone.sw_if_index);
        Ok(gone.sw_if_index)
    }
}
