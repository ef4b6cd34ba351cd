//! Interfaces coming, going, and going up and down, with everything that depends on them.

use super::Vpp;
use super::bond::LINK_OF_MEMBERS;
use super::interfaces::{Device, FloodClass, Hardware, L2Mode, Mac};
use super::prefix::Family;
use super::retval::{Outcome, Retval};
use crate::release::Release;

/// From this release on a deleted interface takes its static neighbours with it.
const FORGETS_STATIC_NEIGHBORS: Release = Release::new(26, 2);

/// VPP has no more loopbacks than this.
const MAX_LOOPBACKS: u32 = 16 * 1024;

impl Vpp {
    /// A loopback with the lowest free instance, or a wished one. A zero address means the
    /// default, which is made from the instance.
    pub(crate) fn create_loopback(&mut self, mac: Mac, instance: Option<u32>) -> Outcome<u32> {
        let instance = match instance {
            None => self.loopbacks.take_lowest(),
            Some(wanted) if wanted < MAX_LOOPBACKS && self.loopbacks.take(wanted) => wanted,
            Some(_) => return Err(Retval::INVALID_REGISTRATION),
        };
        let [_, _, _, low] = instance.to_be_bytes();
        let mac = if mac == [0; 6] { [0xde, 0xad, 0, 0, 0, low] } else { mac };
        let hardware = Hardware::ethernet(Device::Loopback { instance }, "Loopback", mac);
        let index = self.interfaces.register(format!("loop{instance}"), hardware);
        self.interfaces.get_mut(index)?.flood_class = FloodClass::NoFlood;
        Ok(index)
    }

    /// Deletes a loopback; the index of a sub-interface of it means the loopback.
    pub(crate) fn delete_loopback(&mut self, index: u32) -> Outcome {
        let Device::Loopback { instance } = self.interfaces.device(index)? else {
            return Err(Retval::INVALID_SW_IF_INDEX);
        };
        let sup = self.interfaces.get(index)?.sup;
        self.loopbacks.release(instance);
        self.delete_hardware(sup)
    }

    /// Deletes a sub-interface.
    pub(crate) fn delete_sub(&mut self, index: u32) -> Outcome {
        if self.interfaces.get(index)?.sub.is_none() {
            return Err(Retval::INVALID_SUB_SW_IF_INDEX);
        }
        self.delete_software(index)
    }

    /// Takes a hardware interface out, its sub-interfaces before it.
    pub(crate) fn delete_hardware(&mut self, index: u32) -> Outcome {
        self.set_link(index, false)?;
        let subs: Vec<u32> = self.interfaces.hardware(index)?.subs.values().copied().collect();
        for sub in subs {
            self.delete_software(sub)?;
        }
        self.delete_software(index)
    }

    fn delete_software(&mut self, index: u32) -> Outcome {
        // The plugin hears of it and takes its half down within the deletion.
        self.delete_pair(index).ok();
        self.set_admin(index, false)?;
        self.detach_member(index).ok();
        self.end_l2(index)?;
        let forgets_all = self.release >= FORGETS_STATIC_NEIGHBORS;
        self.flush_neighbors(index, |neighbor| forgets_all || !neighbor.is_static);
        self.clear_addresses(index)?;
        self.end_ip6(index);
        for family in Family::BOTH {
            self.bind(index, family, 0)?;
        }
        self.interfaces.remove(index);
        Ok(())
    }

    /// The administrative state a client asks for.
    pub(crate) fn set_flags(&mut self, index: u32, up: bool) -> Outcome {
        let interface = self.interfaces.get(index)?;
        let parent_up = self.interfaces.get(interface.sup)?.admin_up;
        if interface.sub.is_some() && up && !parent_up {
            return Err(Retval::UNSPECIFIED);
        }
        self.set_admin(index, up)
    }

    pub(super) fn set_admin(&mut self, index: u32, up: bool) -> Outcome {
        if !self.interfaces.set_admin(index, up)? {
            return Ok(());
        }
        for family in [Family::V6, Family::V4] {
            self.address_routes(index, family, up)?;
        }
        if !up {
            self.flush_neighbors(index, |neighbor| !neighbor.is_static);
        }
        self.member_state_changed(index);
        if self.interfaces.get(index)?.sub.is_none() {
            self.drive_link(index, up)?;
        }
        Ok(())
    }

    /// What the device does when its interface is enabled or disabled.
    fn drive_link(&mut self, index: u32, up: bool) -> Outcome {
        let link = match self.interfaces.device(index)? {
            Device::Loopback { .. } | Device::Tap { .. } | Device::AfPacket { .. } => up,
            Device::Memif { index: memif } => return self.drive_memif(memif, up),
            Device::Bond { .. } if self.release < LINK_OF_MEMBERS => true,
            Device::Bond { index: bond } => up && self.bonds.has_active_members(bond),
            Device::Vxlan { .. }
            | Device::VxlanGpe { .. }
            | Device::Gre { .. }
            | Device::Gtpu { .. }
            | Device::Ipip { .. }
            | Device::Ipsec { .. }
            | Device::Wireguard { .. } => up,
            Device::Local => false,
            Device::Vmxnet3 { .. } | Device::Rdma { .. } | Device::Foreign => return Ok(()),
        };
        self.set_link(index, link)
    }

    /// A change of the link, as the device or a test reports it.
    pub(crate) fn set_link(&mut self, index: u32, up: bool) -> Outcome {
        if self.interfaces.set_link(index, up)? {
            self.member_state_changed(index);
        }
        Ok(())
    }

    /// Gives an interface another Ethernet address.
    pub(crate) fn set_mac(&mut self, index: u32, mac: Mac) -> Outcome {
        let interface = self.interfaces.get(index)?;
        let l2 = interface.l2;
        let is_loopback = matches!(self.interfaces.device(index)?, Device::Loopback { .. });
        let old = self
            .interfaces
            .own_hardware_mut(index)
            .map_err(|_| Retval::UNIMPLEMENTED)?
            .mac
            .as_mut()
            .map(|current| std::mem::replace(current, mac))
            .ok_or(Retval::UNIMPLEMENTED)?;
        if let L2Mode::Bridge { bd_index, .. } = l2
            && is_loopback
        {
            self.bridges.move_bvi_mac(bd_index, index, old, mac);
        }
        Ok(())
    }

    /// Index of the table an interface routes by.
    pub(crate) fn bind(&mut self, index: u32, family: Family, table: u32) -> Outcome {
        let old = self.interfaces.get(index)?.table(family);
        self.move_neighbors(index, family, old, table);
        self.interfaces.get_mut(index)?.tables[family.index()] = table;
        self.fib_mut(family).rebind(old, table);
        Ok(())
    }

    /// Binds an interface to a table by its id; refused while the interface has addresses.
    pub(crate) fn set_table(&mut self, index: u32, family: Family, id: u32) -> Outcome {
        let interface = self.interfaces.get(index)?;
        let table = self.fib(family).find(id)?;
        let numbered = interface.unnumbered.unwrap_or(index);
        let has_addresses =
            self.interfaces.get(numbered).is_ok_and(|i| !i.addresses(family).is_empty());
        if has_addresses {
            return Err(Retval::ADDRESS_FOUND_FOR_INTERFACE);
        }
        self.bind(index, family, table)
    }

    /// Makes an interface use another's addresses, or stops it.
    pub(crate) fn set_unnumbered(&mut self, index: u32, numbered: Option<u32>) -> Outcome {
        let Some(numbered) = numbered else {
            self.interfaces.get_mut(index)?.unnumbered = None;
            return Ok(());
        };
        let tables = self.interfaces.get(numbered).map_err(|_| Retval::INVALID_SW_IF_INDEX_2)?;
        let tables = tables.tables;
        let interface = self.interfaces.get_mut(index)?;
        if interface.tables != tables {
            return Err(Retval::UNEXPECTED_INTF_STATE);
        }
        interface.unnumbered = Some(numbered);
        Ok(())
    }
}

impl Vpp {
    /// Deletes an interface of whatever device.
    pub(crate) fn delete_any(&mut self, index: u32) -> Outcome {
        if self.interfaces.get(index)?.sub.is_some() {
            return self.delete_sub(index);
        }
        let device = self.interfaces.device(index)?;
        match device {
            Device::Local => Err(Retval::INVALID_SW_IF_INDEX),
            Device::Loopback { .. } => self.delete_loopback(index),
            Device::Memif { .. } => self.delete_memif(index),
            Device::Tap { .. } => self.delete_tap(index),
            Device::Bond { .. } => self.delete_bond(index),
            Device::Foreign => self.delete_hardware(index),
            Device::Vxlan { .. }
            | Device::VxlanGpe { .. }
            | Device::Gre { .. }
            | Device::Gtpu { .. }
            | Device::Ipip { .. }
            | Device::Ipsec { .. }
            | Device::Wireguard { .. }
            | Device::Vmxnet3 { .. }
            | Device::Rdma { .. } => self.delete_tunnel(index, device),
            Device::AfPacket { .. } => {
                let host_name =
                    self.af_packets.host_name(index).ok_or(Retval::INVALID_SW_IF_INDEX)?;
                self.delete_af_packet(&host_name)
            }
        }
    }
}
