//! Bonds and their members.

use std::collections::{BTreeMap, BTreeSet};

use super::Vpp;
use super::interfaces::{Device, Hardware, Mac};
use super::pool::Pool;
use super::retval::{Outcome, Retval};
use crate::release::Release;

/// From this release on a bond has a link while one of its members carries traffic; before, always.
pub(crate) const LINK_OF_MEMBERS: Release = Release::new(26, 6);

/// Numbers of modes (`bond_mode`).
mod mode {
    pub(super) const ROUND_ROBIN: u32 = 1;
    pub(super) const ACTIVE_BACKUP: u32 = 2;
    pub(super) const BROADCAST: u32 = 4;
    pub(super) const LACP: u32 = 5;
}

/// Numbers of load balancing that a mode brings with it (`bond_lb_algo`).
mod lb {
    pub(super) const L23: u32 = 2;
    pub(super) const ROUND_ROBIN: u32 = 3;
    pub(super) const BROADCAST: u32 = 4;
    pub(super) const ACTIVE_BACKUP: u32 = 5;
}

/// What a client asks for.
#[derive(Debug, Clone)]
pub(crate) struct BondSpec {
    pub(crate) id: Option<u32>,
    pub(crate) mode: u32,
    pub(crate) lb: u32,
    pub(crate) numa_only: bool,
    pub(crate) gso: bool,
    pub(crate) mac: Option<Mac>,
}

/// A bond.
#[derive(Debug, Clone)]
pub(crate) struct Bond {
    pub(crate) sw_if_index: u32,
    pub(crate) id: u32,
    pub(crate) mode: u32,
    pub(crate) lb: u32,
    pub(crate) numa_only: bool,
    gso: bool,
    mac: Mac,
    has_custom_mac: bool,
    pub(crate) members: Vec<u32>,
    pub(crate) active: Vec<u32>,
}

/// How a member behaves in LACP.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MemberTiming {
    pub(crate) is_passive: bool,
    pub(crate) is_long_timeout: bool,
}

/// An interface in a bond.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) sw_if_index: u32,
    bond: u32,
    pub(crate) timing: MemberTiming,
    pub(crate) is_local_numa: bool,
    pub(crate) weight: u32,
    own_mac: Option<Mac>,
}

/// All bonds and members.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bonds {
    pool: Pool<Bond>,
    ids: BTreeSet<u32>,
    members: BTreeMap<u32, Member>,
}

impl Bonds {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Bond> {
        self.pool.iter().map(|(_, bond)| bond)
    }

    pub(crate) fn member(&self, sw_if_index: u32) -> Option<&Member> {
        self.members.get(&sw_if_index)
    }

    pub(crate) fn has_active_members(&self, index: u32) -> bool {
        self.pool.get(index).is_some_and(|bond| !bond.active.is_empty())
    }
}

impl Vpp {
    /// Creates a bond.
    pub(crate) fn create_bond(&mut self, spec: &BondSpec) -> Outcome<u32> {
        if spec.mode > mode::LACP || spec.mode < mode::ROUND_ROBIN || spec.lb > lb::L23 {
            return Err(Retval::INVALID_ARGUMENT);
        }
        let index = self.bonds.pool.next_index();
        let id = spec.id.unwrap_or(index);
        if !self.bonds.ids.insert(id) {
            return Err(Retval::INSTANCE_IN_USE);
        }
        let lb = match spec.mode {
            mode::ROUND_ROBIN => lb::ROUND_ROBIN,
            mode::BROADCAST => lb::BROADCAST,
            mode::ACTIVE_BACKUP => lb::ACTIVE_BACKUP,
            _ => spec.lb,
        };
        let mac = spec.mac.unwrap_or_else(|| self.random_mac());
        let hardware = Hardware::ethernet(Device::Bond { index }, "bond", mac);
        let sw_if_index = self.interfaces.register(format!("BondEthernet{id}"), hardware);
        self.bonds.pool.insert(Bond {
            sw_if_index,
            id,
            mode: spec.mode,
            lb,
            numa_only: spec.numa_only,
            gso: spec.gso,
            mac,
            has_custom_mac: spec.mac.is_some(),
            members: Vec::new(),
            active: Vec::new(),
        });
        if self.release < LINK_OF_MEMBERS {
            self.set_link(sw_if_index, true)?;
        }
        Ok(sw_if_index)
    }

    /// Deletes a bond; its members are released.
    pub(crate) fn delete_bond(&mut self, sw_if_index: u32) -> Outcome {
        let Device::Bond { index } = self.interfaces.device(sw_if_index)? else {
            return Err(Retval::INVALID_SW_IF_INDEX);
        };
        let sup = self.interfaces.get(sw_if_index)?.sup;
        let members = self.bonds.pool.get(index).map(|b| b.members.clone()).unwrap_or_default();
        for member in members {
            self.detach_member(member)?;
        }
        self.delete_hardware(sup)?;
        if let Some(gone) = self.bonds.pool.remove(index) {
            self.bonds.ids.remove(&gone.id);
        }
        Ok(())
    }

    fn bond_index(&self, sw_if_index: u32) -> Option<u32> {
        self.bonds.pool.iter().find(|(_, b)| b.sw_if_index == sw_if_index).map(|(i, _)| i)
    }

    /// Puts an interface into a bond. The first member lends the bond its address unless it has
    /// one of its own, all others take the address of the bond.
    pub(crate) fn add_member(
        &mut self,
        sw_if_index: u32,
        bond_sw_if_index: u32,
        timing: MemberTiming,
    ) -> Outcome {
        self.interfaces.get(sw_if_index)?;
        let index = self.bond_index(bond_sw_if_index).ok_or(Retval::INVALID_INTERFACE)?;
        if self.bonds.members.contains_key(&sw_if_index) {
            return Err(Retval::VALUE_EXIST);
        }
        let hardware = self.interfaces.hardware(sw_if_index)?;
        let own_mac = hardware.mac;
        let is_bond = matches!(hardware.device, Device::Bond { .. });
        let bond = self.bonds.pool.get_mut(index).ok_or(Retval::INVALID_INTERFACE)?;
        if is_bond || bond.gso {
            return Err(Retval::INVALID_INTERFACE);
        }
        bond.members.push(sw_if_index);
        let lends_mac = !bond.has_custom_mac && bond.members.len() == 1;
        if lends_mac && let Some(mac) = own_mac {
            bond.mac = mac;
        }
        let mac = bond.mac;
        let target = if lends_mac { bond_sw_if_index } else { sw_if_index };
        self.set_mac(target, mac).ok();
        self.bonds.members.insert(
            sw_if_index,
            Member { sw_if_index, bond: index, timing, is_local_numa: false, weight: 0, own_mac },
        );
        self.member_state_changed(sw_if_index);
        Ok(())
    }

    /// Takes an interface out of its bond and gives it its address back.
    pub(crate) fn detach_member(&mut self, sw_if_index: u32) -> Outcome {
        let member = self.bonds.members.remove(&sw_if_index).ok_or(Retval::INVALID_INTERFACE)?;
        if let Some(bond) = self.bonds.pool.get_mut(member.bond) {
            swap_out(&mut bond.members, sw_if_index);
        }
        self.set_active(member.bond, sw_if_index, false);
        if let Some(mac) = member.own_mac {
            self.set_mac(sw_if_index, mac).ok();
        }
        Ok(())
    }

    /// A member carries traffic while it is up and has a link; members of an LACP bond wait for
    /// the partner, which never comes.
    pub(crate) fn member_state_changed(&mut self, sw_if_index: u32) {
        let Some(member) = self.bonds.members.get_mut(&sw_if_index) else { return };
        let index = member.bond;
        let is_lacp = self.bonds.pool.get(index).is_none_or(|bond| bond.mode == mode::LACP);
        let admin_up = self.interfaces.get(sw_if_index).is_ok_and(|i| i.admin_up);
        let link_up = self.interfaces.hardware(sw_if_index).is_ok_and(|h| h.link_up);
        if is_lacp {
            return;
        }
        if admin_up && link_up {
            member.is_local_numa = true;
        }
        self.set_active(index, sw_if_index, admin_up && link_up);
    }

    fn set_active(&mut self, index: u32, member: u32, active: bool) {
        let Some(bond) = self.bonds.pool.get_mut(index) else { return };
        match (active, bond.active.contains(&member)) {
            (true, false) => bond.active.push(member),
            (false, true) => swap_out(&mut bond.active, member),
            _ => return,
        }
        let sw_if_index = bond.sw_if_index;
        let has_active = !bond.active.is_empty();
        let admin_up = self.interfaces.get(sw_if_index).is_ok_and(|i| i.admin_up);
        if self.release >= LINK_OF_MEMBERS && (admin_up || !has_active) {
            self.set_link(sw_if_index, has_active).ok();
        }
    }
}

/// VPP fills the gap with the last element.
fn swap_out(list: &mut Vec<u32>, value: u32) {
    if let Some(at) = list.iter().position(|v| *v == value) {
        list.swap_remove(at);
    }
}
