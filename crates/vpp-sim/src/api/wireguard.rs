//! `wireguard.api`: devices. There is no cryptography here: public keys are zero.

use ligato_vpp_api::msg::wireguard::{
    WireguardInterface, WireguardInterfaceCreate, WireguardInterfaceCreateReply,
    WireguardInterfaceDelete, WireguardInterfaceDetails, WireguardInterfaceDump,
};
use ligato_vpp_api::types::{Address, InterfaceIndex};

use super::index_or;
use crate::registry::Details;
use crate::state::Vpp;
use crate::state::retval::{Outcome, code};
use crate::state::tunnels::asked;
use crate::state::tunnels::wireguard::Wireguard;

pub(crate) fn create(vpp: &mut Vpp, m: &WireguardInterfaceCreate) -> WireguardInterfaceCreateReply {
    let private_key = if m.generate_key { vpp.random_key() } else { m.interface.private_key };
    let wanted = Wireguard {
        sw_if_index: u32::MAX,
        instance: 0,
        private_key,
        port: m.interface.port,
        src: m.interface.src_ip.0,
    };
    let instance = InterfaceIndex(m.interface.user_instance).some().map(|instance| instance.0);
    let outcome = vpp.add_wireguard(wanted, instance);
    let sw_if_index = index_or(&outcome, u32::MAX);
    WireguardInterfaceCreateReply { retval: code(&outcome), sw_if_index }
}

pub(crate) fn delete(vpp: &mut Vpp, m: &WireguardInterfaceDelete) -> Outcome {
    vpp.delete_wireguard(m.sw_if_index.0)
}

pub(crate) fn dump(
    vpp: &Vpp,
    m: &WireguardInterfaceDump,
    details: &mut Details<'_, WireguardInterfaceDetails>,
) {
    for device in asked(vpp.tunnels.wireguards.iter(), m.sw_if_index.0) {
        let interface = WireguardInterface {
            user_instance: device.instance,
            sw_if_index: InterfaceIndex(device.sw_if_index),
            private_key: if m.show_private_key { device.private_key } else { [0; 32] },
            public_key: [0; 32],
            port: device.port,
            src_ip: Address(device.src),
        };
        details.send(&WireguardInterfaceDetails { interface });
    }
}
