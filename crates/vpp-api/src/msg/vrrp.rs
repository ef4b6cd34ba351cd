//! `vrrp.api`: virtual routers. The plugin `vrrp` has it.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{Address, InterfaceIndex, MacAddress};
use crate::{List, Message, Wire, api_enum, api_flags};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    VrrpVrAddDel::DEFINITION,
    VrrpVrAddDelReply::DEFINITION,
    VrrpVrStartStop::DEFINITION,
    VrrpVrStartStopReply::DEFINITION,
    VrrpVrDump::DEFINITION,
    VrrpVrDetails::DEFINITION,
];

/// Adds a virtual router or removes it. A removal is checked as an addition is, but for the addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = VrrpVrAddDelReply)]
pub struct VrrpVrAddDel {
    /// 1 to add, 0 to remove.
    pub is_add: u8,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Number of the virtual router.
    pub vr_id: u8,
    /// Its priority, not 0.
    pub priority: u8,
    /// Hundredths of a second between advertisements, not 0.
    pub interval: u16,
    /// Flags.
    pub flags: VrrpVrFlags,
    /// Its addresses.
    #[vpp(count = "n_addrs")]
    pub addrs: List<Address, u8>,
}

/// Starts a virtual router or stops it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = VrrpVrStartStopReply)]
pub struct VrrpVrStartStop {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Number of the virtual router.
    pub vr_id: u8,
    /// 1 for IPv6, 0 for IPv4.
    pub is_ipv6: u8,
    /// 1 to start, 0 to stop.
    pub is_start: u8,
}

/// Lists virtual routers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = VrrpVrDetails)]
pub struct VrrpVrDump {
    /// Only of this interface; 0 and `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One virtual router.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct VrrpVrDetails {
    /// As it was configured.
    pub config: VrrpVrConf,
    /// How it is doing.
    pub runtime: VrrpVrRuntime,
    /// Its addresses.
    #[vpp(count = "n_addrs")]
    pub addrs: List<Address, u8>,
}

/// A virtual router as it was configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct VrrpVrConf {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// Number of the virtual router.
    pub vr_id: u8,
    /// Its priority.
    pub priority: u8,
    /// Hundredths of a second between advertisements.
    pub interval: u16,
    /// Flags.
    pub flags: VrrpVrFlags,
}

/// How a virtual router is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct VrrpVrRuntime {
    /// Its state.
    pub state: VrrpVrState,
    /// Hundredths of a second between advertisements of the master.
    pub master_adv_int: u16,
    /// Hundredths of a second by which its priority delays it.
    pub skew: u16,
    /// Hundredths of a second after which the master is taken to be down.
    pub master_down_int: u16,
    /// MAC address of the virtual router.
    pub mac: MacAddress,
    /// What interfaces it watches do to its priority.
    pub tracking: VrrpVrTracking,
}

/// What watched interfaces do to the priority of a virtual router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct VrrpVrTracking {
    /// By how much those that are down lower it.
    pub interfaces_dec: u32,
    /// The priority that counts.
    pub priority: u8,
}

api_enum! {
    /// Flags of a virtual router.
    VrrpVrFlags: u32 = "vrrp_vr_flags", prefix "VRRP_API_VR_" {
        /// It takes over from a master with lower priority.
        PREEMPT = 1,
        /// Packets to its addresses are accepted.
        ACCEPT = 2,
        /// Advertisements go to peers, not to a group.
        UNICAST = 4,
        /// Its addresses are of IPv6.
        IPV6 = 8,
    }
}

api_flags!(VrrpVrFlags);

api_enum! {
    /// State of a virtual router.
    VrrpVrState: u32 = "vrrp_vr_state", prefix "VRRP_API_VR_STATE_" {
        /// Not started.
        INIT = 0,
        /// Another router is master.
        BACKUP = 1,
        /// This one is master.
        MASTER = 2,
        /// Started, but its interface is down.
        INTF_DOWN = 3,
    }
}

retval_replies! {
    VrrpVrAddDelReply,
    VrrpVrStartStopReply,
}
