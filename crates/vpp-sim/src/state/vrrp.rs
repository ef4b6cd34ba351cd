//! Virtual routers. One that is started stays what it became then: nobody advertises here.

use std::net::IpAddr;

use super::Vpp;
use super::pool::Pool;
use super::prefix::{Family, bits};
use super::retval::{Outcome, Retval};

/// The priority of the owner of the addresses.
const OWNER: u8 = 255;

/// What tells virtual routers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VrKey {
    pub(crate) sw_if_index: u32,
    pub(crate) id: u8,
    pub(crate) family: Family,
}

/// What a virtual router does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VrState {
    Init,
    Backup,
    Master,
    InterfaceDown,
}

/// A virtual router.
#[derive(Debug, Clone)]
pub(crate) struct VirtualRouter {
    pub(crate) key: VrKey,
    pub(crate) priority: u8,
    /// Hundredths of a second.
    pub(crate) interval: u16,
    pub(crate) preempt: bool,
    pub(crate) accept: bool,
    pub(crate) unicast: bool,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) state: VrState,
}

/// All of them. VPP keeps those of interfaces that are gone.
#[derive(Debug, Default)]
pub(crate) struct VirtualRouters {
    pool: Pool<VirtualRouter>,
}

impl VirtualRouters {
    fn find(&self, key: VrKey) -> Option<u32> {
        self.pool.iter().find(|(_, vr)| vr.key == key).map(|(at, _)| at)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &VirtualRouter> {
        self.pool.iter().map(|(_, vr)| vr)
    }
}

impl Vpp {
    pub(crate) fn add_virtual_router(&mut self, vr: VirtualRouter) -> Outcome {
        let VrKey { sw_if_index, family, .. } = vr.key;
        if self.virtual_routers.find(vr.key).is_some() {
            return Err(Retval::ENTRY_ALREADY_EXISTS);
        }
        if vr.addresses.is_empty() {
            return Err(Retval::INVALID_SRC_ADDRESS);
        }
        let own = self.interfaces.get(sw_if_index)?.addresses(family);
        let owned = |ip: &IpAddr| own.iter().any(|(address, _)| *address == bits(*ip));
        if vr.priority == OWNER && !vr.addresses.iter().all(owned) {
            return Err(Retval::ADDRESS_NOT_FOUND_FOR_INTERFACE);
        }
        let taken = |other: &VirtualRouter| {
            other.key.sw_if_index == sw_if_index
                && other.addresses.iter().any(|ip| vr.addresses.contains(ip))
        };
        if self.virtual_routers.iter().any(taken) {
            return Err(Retval::ADDRESS_IN_USE);
        }
        self.virtual_routers.pool.insert(vr);
        Ok(())
    }

    pub(crate) fn delete_virtual_router(&mut self, key: VrKey) -> Outcome {
        let at = self.virtual_routers.find(key).ok_or(Retval::NO_SUCH_ENTRY)?;
        self.virtual_routers.pool.remove(at);
        Ok(())
    }

    pub(crate) fn start_virtual_router(&mut self, key: VrKey, start: bool) -> Outcome {
        let at = self.virtual_routers.find(key).ok_or(Retval::NO_SUCH_ENTRY)?;
        let is_up = self.routes_on(key.sw_if_index, key.family);
        let Some(vr) = self.virtual_routers.pool.get_mut(at) else { return Ok(()) };
        if !start {
            vr.state = VrState::Init;
        } else if vr.state == VrState::Init {
            if vr.unicast {
                // There is no message here that would give it peers.
                return Err(Retval::INIT_FAILED);
            }
            vr.state = match (is_up, vr.priority) {
                (false, _) => VrState::InterfaceDown,
                (true, OWNER) => VrState::Master,
                (true, _) => VrState::Backup,
            };
        }
        Ok(())
    }

    /// Whether packets of a family can go out of an interface.
    fn routes_on(&self, index: u32, family: Family) -> bool {
        let has_link = self.interfaces.hardware(index).is_ok_and(|hardware| hardware.link_up);
        self.interfaces.get(index).is_ok_and(|interface| {
            interface.admin_up && has_link && !interface.addresses(family).is_empty()
        })
    }
}
