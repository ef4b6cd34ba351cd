//! `interface.api`: sub-interfaces.

use ligato_vpp_api::msg::interface::{
    CreateSubif, CreateSubifReply, CreateVlanSubif, CreateVlanSubifReply, DeleteSubif,
};
use ligato_vpp_api::types::InterfaceIndex;

use super::index_or;
use crate::state::Vpp;
use crate::state::interfaces::{SubInterface, sub_flags};
use crate::state::retval::{Outcome, Retval, code};

pub(crate) fn create_vlan(vpp: &mut Vpp, m: &CreateVlanSubif) -> CreateVlanSubifReply {
    let tried = vpp.interfaces.next_index();
    match add_vlan(vpp, m.sw_if_index.0, m.vlan_id) {
        // VPP tells the index it gave out and took back.
        Err(Retval::UNSPECIFIED) => CreateVlanSubifReply {
            retval: Retval::INVALID_REGISTRATION.0,
            sw_if_index: InterfaceIndex(tried),
        },
        outcome => CreateVlanSubifReply {
            retval: code(&outcome),
            sw_if_index: index_or(&outcome, u32::MAX),
        },
    }
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
    if sub.is_contradictory() {
        let retval = Retval::UNSPECIFIED.0;
        return CreateSubifReply { retval, sw_if_index: InterfaceIndex::NONE };
    }
    let tried = vpp.interfaces.next_index();
    let outcome = vpp.interfaces.add_sub(m.sw_if_index.0, sub);
    let otherwise = if outcome == Err(Retval::UNSPECIFIED) { tried } else { u32::MAX };
    CreateSubifReply { retval: code(&outcome), sw_if_index: index_or(&outcome, otherwise) }
}

pub(crate) fn delete(vpp: &mut Vpp, m: &DeleteSubif) -> Outcome {
    vpp.delete_sub(m.sw_if_index.0)
}
