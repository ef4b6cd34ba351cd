//! `interface.api`: sub-interfaces.

use ligato_vpp_api::msg::interface::{
    CreateSubif, CreateSubifReply, CreateVlanSubif, CreateVlanSubifReply, DeleteSubif,
};

use super::index_or;
use crate::state::Vpp;
use crate::state::interfaces::{SubInterface, sub_flags};
use crate::state::retval::{Outcome, Retval, code};

pub(crate) fn create_vlan(vpp: &mut Vpp, m: &CreateVlanSubif) -> CreateVlanSubifReply {
    let outcome = add_vlan(vpp, m.sw_if_index.0, m.vlan_id);
    CreateVlanSubifReply { retval: code(&outcome), sw_if_index: index_or(&outcome, u32::MAX) }
}

fn add_vlan(vpp: &mut Vpp, parent: u32, vlan_id: u32) -> Outcome<u32> {
    vpp.interfaces.get(parent)?;
    let Ok(vlan @ 1..=4095) = u16::try_from(vlan_id) else { return Err(Retval::INVALID_VLAN) };
    vpp.interfaces.add_sub(
        parent,
        SubInterface {
            id: vlan_id,
            flags: sub_flags::ONE_TAG | sub_flags::EXACT_MATCH,
            outer_vlan: vlan,
            inner_vlan: 0,
        },
    )
}

pub(crate) fn create(vpp: &mut Vpp, m: &CreateSubif) -> CreateSubifReply {
    let sub = SubInterface {
        id: m.sub_id,
        flags: m.sub_if_flags.0,
        outer_vlan: m.outer_vlan_id,
        inner_vlan: m.inner_vlan_id,
    };
    let outcome = if sub.is_contradictory() {
        Err(Retval::UNSPECIFIED)
    } else {
        vpp.interfaces.add_sub(m.sw_if_index.0, sub)
    };
    CreateSubifReply { retval: code(&outcome), sw_if_index: index_or(&outcome, u32::MAX) }
}

pub(crate) fn delete(vpp: &mut Vpp, m: &DeleteSubif) -> Outcome {
    vpp.delete_sub(m.sw_if_index.0)
}
