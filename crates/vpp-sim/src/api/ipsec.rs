//! `ipsec.api`: interfaces.

use ligato_vpp_api::msg::ipsec::{
    IpsecItf, IpsecItfCreate, IpsecItfCreateReply, IpsecItfDelete, IpsecItfDetails, IpsecItfDump,
};
use ligato_vpp_api::types::{InterfaceIndex, TunnelMode};

use super::index_or;
use crate::registry::Details;
use crate::state::Vpp;
use crate::state::retval::{Outcome, code};
use crate::state::tunnels::asked;

pub(crate) fn create(vpp: &mut Vpp, m: &IpsecItfCreate) -> IpsecItfCreateReply {
    let instance = InterfaceIndex(m.itf.user_instance).some().map(|instance| instance.0);
    let outcome = vpp.add_ipsec(m.itf.mode.0, instance);
    IpsecItfCreateReply { retval: code(&outcome), sw_if_index: index_or(&outcome, u32::MAX) }
}

pub(crate) fn delete(vpp: &mut Vpp, m: &IpsecItfDelete) -> Outcome {
    vpp.delete_ipsec(m.sw_if_index.0)
}

pub(crate) fn dump(vpp: &Vpp, m: &IpsecItfDump, details: &mut Details<'_, IpsecItfDetails>) {
    for interface in asked(vpp.tunnels.ipsecs.iter(), m.sw_if_index.0) {
        let itf = IpsecItf {
            user_instance: interface.instance,
            mode: TunnelMode(interface.mode),
            sw_if_index: InterfaceIndex(interface.sw_if_index),
        };
        details.send(&IpsecItfDetails { itf });
    }
}
