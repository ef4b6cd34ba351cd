//! `wireguard.api`: WireGuard devices. The plugin `wireguard` has it.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{Address, InterfaceIndex};
use crate::{Message, Wire};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    WireguardInterfaceCreate::DEFINITION,
    WireguardInterfaceCreateReply::DEFINITION,
    WireguardInterfaceDelete::DEFINITION,
    WireguardInterfaceDeleteReply::DEFINITION,
    WireguardInterfaceDump::DEFINITION,
    WireguardInterfaceDetails::DEFINITION,
];

/// Creates a device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = WireguardInterfaceCreateReply)]
pub struct WireguardInterfaceCreate {
    /// The device.
    pub interface: WireguardInterface,
    /// Let VPP make the private key.
    pub generate_key: bool,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct WireguardInterfaceCreateReply {
    /// 0 or an error number.
    pub retval: i32,
    /// Index of the interface.
    pub sw_if_index: InterfaceIndex,
}

/// Deletes a device with its peers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = WireguardInterfaceDeleteReply)]
pub struct WireguardInterfaceDelete {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Lists devices.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = WireguardInterfaceDetails)]
pub struct WireguardInterfaceDump {
    /// With their private keys; else these are zero.
    pub show_private_key: bool,
    /// Only this one; `!0` for all.
    pub sw_if_index: InterfaceIndex,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct WireguardInterfaceDetails {
    /// The device.
    pub interface: WireguardInterface,
}

/// A device.
#[derive(Clone, PartialEq, Eq, Default, Wire)]
pub struct WireguardInterface {
    /// Number in the name; `!0` lets VPP choose.
    pub user_instance: u32,
    /// Its index; not looked at in requests.
    pub sw_if_index: InterfaceIndex,
    /// Private key.
    #[vpp(secret)]
    pub private_key: [u8; 32],
    /// Public key; not looked at in requests.
    pub public_key: [u8; 32],
    /// UDP port it listens on.
    pub port: u16,
    /// Address its packets come from.
    pub src_ip: Address,
}

/// The private key stays out of logs.
impl std::fmt::Debug for WireguardInterface {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WireguardInterface")
            .field("user_instance", &self.user_instance)
            .field("sw_if_index", &self.sw_if_index)
            .field("public_key", &self.public_key)
            .field("port", &self.port)
            .field("src_ip", &self.src_ip)
            .finish_non_exhaustive()
    }
}

retval_replies! {
    WireguardInterfaceDeleteReply,
}
