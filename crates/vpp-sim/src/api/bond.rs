//! `bond.api`

use ligato_vpp_api::msg::bond::{
    BondAddMember, BondCreate, BondCreate2, BondCreate2Reply, BondCreateReply, BondDelete,
    BondDetachMember, BondDetachSlave, BondEnslave, BondLbAlgo, BondMode, SwBondInterfaceDetails,
    SwBondInterfaceDump, SwInterfaceBondDetails, SwInterfaceBondDump, SwInterfaceSlaveDetails,
    SwInterfaceSlaveDump, SwMemberInterfaceDetails, SwMemberInterfaceDump,
};
use ligato_vpp_api::types::InterfaceIndex;

use super::{index_or, text};
use crate::registry::Details;
use crate::release::Release;
use crate::state::retval::{Outcome, code};
use crate::state::{Bond, BondSpec, Member, MemberTiming, Vpp};

pub(crate) fn create(vpp: &mut Vpp, m: &BondCreate) -> BondCreateReply {
    let outcome = vpp.create_bond(&BondSpec {
        id: InterfaceIndex(m.id).some().map(|id| id.0),
        mode: m.mode.0,
        lb: m.lb.0,
        numa_only: m.numa_only,
        gso: false,
        mac: m.use_custom_mac.then_some(m.mac_address.0),
    });
    BondCreateReply { retval: code(&outcome), sw_if_index: index_or(&outcome, 0) }
}

pub(crate) fn create2(vpp: &mut Vpp, m: &BondCreate2) -> BondCreate2Reply {
    let outcome = vpp.create_bond(&BondSpec {
        id: InterfaceIndex(m.id).some().map(|id| id.0),
        mode: m.mode.0,
        lb: m.lb.0,
        numa_only: m.numa_only,
        gso: m.enable_gso,
        mac: m.use_custom_mac.then_some(m.mac_address.0),
    });
    BondCreate2Reply { retval: code(&outcome), sw_if_index: index_or(&outcome, 0) }
}

pub(crate) fn delete(vpp: &mut Vpp, m: &BondDelete) -> Outcome {
    vpp.delete_bond(m.sw_if_index.0)
}

pub(crate) fn add_member(vpp: &mut Vpp, m: &BondAddMember) -> Outcome {
    let timing = MemberTiming { is_passive: m.is_passive, is_long_timeout: m.is_long_timeout };
    vpp.add_member(m.sw_if_index.0, m.bond_sw_if_index.0, timing)
}

pub(crate) fn enslave(vpp: &mut Vpp, m: &BondEnslave) -> Outcome {
    let timing = MemberTiming { is_passive: m.is_passive, is_long_timeout: m.is_long_timeout };
    vpp.add_member(m.sw_if_index.0, m.bond_sw_if_index.0, timing)
}

/// From this release on VPP looks whether the interface exists.
const LOOKS_AT_INDEXES: Release = Release::new(24, 2);

fn detach(vpp: &mut Vpp, index: u32) -> Outcome {
    if vpp.release >= LOOKS_AT_INDEXES {
        vpp.interfaces.get(index)?;
    }
    vpp.detach_member(index)
}

pub(crate) fn detach_member(vpp: &mut Vpp, m: &BondDetachMember) -> Outcome {
    detach(vpp, m.sw_if_index.0)
}

pub(crate) fn detach_slave(vpp: &mut Vpp, m: &BondDetachSlave) -> Outcome {
    detach(vpp, m.sw_if_index.0)
}

fn name(vpp: &Vpp, sw_if_index: u32) -> &str {
    vpp.interfaces.get(sw_if_index).map(|interface| interface.name.as_str()).unwrap_or_default()
}

/// A list is never longer than its index type can count.
fn count(list: &[u32]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

pub(crate) fn dump(
    vpp: &Vpp,
    m: &SwBondInterfaceDump,
    details: &mut Details<'_, SwBondInterfaceDetails>,
) {
    let wanted = m.sw_if_index.some();
    for bond in vpp.bonds.iter() {
        if wanted.is_none_or(|index| index.0 == bond.sw_if_index) {
            details.send(&SwBondInterfaceDetails {
                sw_if_index: InterfaceIndex(bond.sw_if_index),
                id: bond.id,
                mode: BondMode(bond.mode),
                lb: BondLbAlgo(bond.lb),
                numa_only: bond.numa_only,
                active_members: count(&bond.active),
                members: count(&bond.members),
                interface_name: text(name(vpp, bond.sw_if_index)),
            });
        }
    }
}

pub(crate) fn dump_old(
    vpp: &Vpp,
    _: &SwInterfaceBondDump,
    details: &mut Details<'_, SwInterfaceBondDetails>,
) {
    for bond in vpp.bonds.iter() {
        details.send(&SwInterfaceBondDetails {
            sw_if_index: InterfaceIndex(bond.sw_if_index),
            id: bond.id,
            mode: BondMode(bond.mode),
            lb: BondLbAlgo(bond.lb),
            numa_only: bond.numa_only,
            active_slaves: count(&bond.active),
            slaves: count(&bond.members),
            interface_name: text(name(vpp, bond.sw_if_index)),
        });
    }
}

/// Members of the bond with this index, in VPP's order.
fn members(vpp: &Vpp, sw_if_index: u32) -> impl Iterator<Item = &Member> {
    vpp.bonds
        .iter()
        .filter(move |bond: &&Bond| bond.sw_if_index == sw_if_index)
        .flat_map(|bond| &bond.members)
        .filter_map(|member| vpp.bonds.member(*member))
}

pub(crate) fn member_dump(
    vpp: &Vpp,
    m: &SwMemberInterfaceDump,
    details: &mut Details<'_, SwMemberInterfaceDetails>,
) {
    for member in members(vpp, m.sw_if_index.0) {
        details.send(&SwMemberInterfaceDetails {
            sw_if_index: InterfaceIndex(member.sw_if_index),
            interface_name: text(name(vpp, member.sw_if_index)),
            is_passive: member.timing.is_passive,
            is_long_timeout: member.timing.is_long_timeout,
            is_local_numa: member.is_local_numa,
            weight: member.weight,
        });
    }
}

pub(crate) fn slave_dump(
    vpp: &Vpp,
    m: &SwInterfaceSlaveDump,
    details: &mut Details<'_, SwInterfaceSlaveDetails>,
) {
    for member in members(vpp, m.sw_if_index.0) {
        details.send(&SwInterfaceSlaveDetails {
            sw_if_index: InterfaceIndex(member.sw_if_index),
            interface_name: text(name(vpp, member.sw_if_index)),
            is_passive: member.timing.is_passive,
            is_long_timeout: member.timing.is_long_timeout,
            is_local_numa: member.is_local_numa,
            weight: member.weight,
        });
    }
}
