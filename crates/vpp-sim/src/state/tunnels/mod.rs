//! Tunnels: interfaces whose frames or packets travel in packets of IP.

pub(crate) mod gre;
pub(crate) mod gtpu;
pub(crate) mod ipip;
pub(crate) mod ipsec;
pub(crate) mod vxlan;
pub(crate) mod vxlan_gpe;
pub(crate) mod wireguard;

use std::net::IpAddr;

use super::Vpp;
use super::interfaces::Device;
use super::pool::{Instances, Pool};
use super::prefix::Family;
use super::retval::{Outcome, Retval};

/// All tunnels, by kind.
#[derive(Debug, Default)]
pub(crate) struct Tunnels {
    pub(crate) vxlans: Named<vxlan::Vxlan>,
    pub(crate) vxlan_gpes: Hidden<vxlan_gpe::VxlanGpe>,
    pub(crate) gres: Named<gre::Gre>,
    pub(crate) gtpus: Hidden<gtpu::Gtpu>,
    pub(crate) ipips: Named<ipip::Ipip>,
    pub(crate) ipsecs: Named<ipsec::Ipsec>,
    pub(crate) wireguards: Named<wireguard::Wireguard>,
}

/// Something with an interface.
pub(crate) trait HasInterface {
    fn sw_if_index(&self) -> u32;
}

/// Tunnels with numbers in their names, which a client may choose.
#[derive(Debug)]
pub(crate) struct Named<T> {
    pool: Pool<T>,
    instances: Instances,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { pool: Pool::default(), instances: Instances::default() }
    }
}

impl<T: HasInterface> Named<T> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pool.iter().map(|(_, tunnel)| tunnel)
    }

    fn position(&self, is: impl Fn(&T) -> bool) -> Option<u32> {
        self.pool.iter().find(|(_, tunnel)| is(tunnel)).map(|(at, _)| at)
    }

    /// A number for the next tunnel: its position, or a wished one.
    fn number(&mut self, wished: Option<u32>) -> Outcome<u32> {
        let number = wished.unwrap_or_else(|| self.pool.next_index());
        if self.instances.take(number) { Ok(number) } else { Err(Retval::INSTANCE_IN_USE) }
    }
}

/// Tunnels whose interfaces are hidden when they go, and shown again for the next ones.
#[derive(Debug)]
pub(crate) struct Hidden<T> {
    pool: Pool<T>,
    hidden: Vec<u32>,
}

impl<T> Default for Hidden<T> {
    fn default() -> Self {
        Self { pool: Pool::default(), hidden: Vec::new() }
    }
}

impl<T: HasInterface> Hidden<T> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pool.iter().map(|(_, tunnel)| tunnel)
    }

    fn position(&self, is: impl Fn(&T) -> bool) -> Option<u32> {
        self.pool.iter().find(|(_, tunnel)| is(tunnel)).map(|(at, _)| at)
    }
}

/// The tunnels a dump asks for.
pub(crate) fn asked<'a, T: HasInterface + 'a>(
    all: impl Iterator<Item = &'a T>,
    index: u32,
) -> impl Iterator<Item = &'a T> {
    all.filter(move |tunnel| index == u32::MAX || tunnel.sw_if_index() == index)
}

impl Vpp {
    /// What is left of an interface that VPP hides instead of deleting it: everything but its state and its bridge domain.
    fn hide(&mut self, index: u32) -> Outcome {
        self.set_flags(index, false)?;
        self.end_l2(index)?;
        self.interfaces.hide(index);
        Ok(())
    }

    /// Index of the table of a number, for packets of an address' version.
    pub(crate) fn table_for(&self, address: IpAddr, id: u32) -> Outcome<u32> {
        self.fib(Family::of(address)).find(id).map_err(|_| Retval::NO_SUCH_FIB)
    }

    /// Deletes a tunnel or a card by the index of its interface.
    pub(crate) fn delete_tunnel(&mut self, index: u32, device: Device) -> Outcome {
        match device {
            Device::Vxlan { index: at } => self.remove_vxlan(at).map(drop),
            Device::VxlanGpe { index: at } => self.remove_vxlan_gpe(at).map(drop),
            Device::Gre { index: at } => self.remove_gre(at).map(drop),
            Device::Gtpu { index: at } => self.remove_gtpu(at).map(drop),
            Device::Ipip { .. } => self.delete_ipip(index),
            Device::Ipsec { .. } => self.delete_ipsec(index),
            Device::Wireguard { .. } => self.delete_wireguard(index),
            Device::Vmxnet3 { .. } => self.delete_vmxnet3(index),
            Device::Rdma { .. } => self.delete_rdma(index),
            _ => Err(Retval::INVALID_SW_IF_INDEX),
        }
    }
}
