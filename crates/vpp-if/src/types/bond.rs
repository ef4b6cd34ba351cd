//! Bonds. Their members are values of their own. Messages: `bond_create2`, `bond_delete`.

use ligato_kvs_api::{Field, Invalid, OpError, Unset};
use ligato_proto::vpp::interfaces::bond_link::{BondedInterface, LoadBalance, Mode};
use ligato_proto::vpp::interfaces::{BondLink, Interface};
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::bond::{
    BondCreate2, BondDelete, BondLbAlgo, BondMode, SwBondInterfaceDetails, SwMemberInterfaceDetails,
};
use ligato_vpp_api::types::{InterfaceIndex, MacAddress};
use ligato_vpp_ctx::{Facts, VppCtx, address};

/// What is said of its fields.
pub(crate) const FIELDS: &[Field] = &[
    Field::read("bond.mode").unset(Unset::REQUIRED),
    Field::read("bond.lb").remark("counts for `XOR` and `LACP` only"),
    Field::read("bond.bonded_interfaces").by("bond-interface"),
];

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    facts.require::<BondCreate2>()
}

pub(super) fn same(old: &BondLink, new: &BondLink) -> bool {
    let members = |link: &BondLink| {
        let mut members = link.bonded_interfaces.clone();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members
    };
    same_identity(old, new) && members(old) == members(new)
}

/// Members come and go; the rest is fixed.
pub(super) fn same_identity(old: &BondLink, new: &BondLink) -> bool {
    old.id == new.id && old.mode == new.mode && balancing(old) == balancing(new)
}

/// Only two modes have a choice; in the others VPP reports what follows from the mode.
fn balancing(link: &BondLink) -> LoadBalance {
    match link.mode() {
        Mode::RoundRobin => LoadBalance::Rr,
        Mode::Broadcast => LoadBalance::Bc,
        Mode::ActiveBackup => LoadBalance::Ab,
        Mode::Unknown | Mode::Xor | Mode::Lacp => link.lb(),
    }
}

pub(super) async fn create(
    ctx: &VppCtx,
    interface: &Interface,
    link: &BondLink,
) -> Result<InterfaceIndex, OpError> {
    ctx.request(to_vpp(&interface.phys_address, link)?).await.map(|reply| reply.sw_if_index)
}

pub(super) async fn delete(ctx: &VppCtx, sw_if_index: InterfaceIndex) -> Result<(), OpError> {
    let request = BondDelete { sw_if_index };
    ctx.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await.map(drop)
}

fn to_vpp(phys_address: &str, link: &BondLink) -> Result<BondCreate2, Invalid> {
    let BondLink { id, mode: _, lb: _, bonded_interfaces: _ } = link;
    let mac_address = match phys_address {
        "" => MacAddress::default(),
        text => address::parse_mac(text)
            .map_err(|error| Invalid::field("phys_address", error.to_string()))?,
    };
    Ok(BondCreate2 {
        mode: match link.mode() {
            Mode::Unknown => BondMode(0),
            Mode::RoundRobin => BondMode::ROUND_ROBIN,
            Mode::ActiveBackup => BondMode::ACTIVE_BACKUP,
            Mode::Xor => BondMode::XOR,
            Mode::Broadcast => BondMode::BROADCAST,
            Mode::Lacp => BondMode::LACP,
        },
        lb: match link.lb() {
            LoadBalance::L2 => BondLbAlgo::L2,
            LoadBalance::L34 => BondLbAlgo::L34,
            LoadBalance::L23 => BondLbAlgo::L23,
            LoadBalance::Rr => BondLbAlgo::RR,
            LoadBalance::Bc => BondLbAlgo::BC,
            LoadBalance::Ab => BondLbAlgo::AB,
        },
        numa_only: false,
        enable_gso: false,
        use_custom_mac: !phys_address.is_empty(),
        mac_address,
        id: *id,
    })
}

/// The settings of a bond read back. `known` are those wanted, for a balancing that the mode makes meaningless.
pub(crate) fn link_from_vpp(
    details: &SwBondInterfaceDetails,
    bonded_interfaces: Vec<BondedInterface>,
    known: Option<&BondLink>,
) -> BondLink {
    let mode = match details.mode {
        BondMode::ROUND_ROBIN => Mode::RoundRobin,
        BondMode::ACTIVE_BACKUP => Mode::ActiveBackup,
        BondMode::XOR => Mode::Xor,
        BondMode::BROADCAST => Mode::Broadcast,
        BondMode::LACP => Mode::Lacp,
        _ => Mode::Unknown,
    };
    let lb = match details.lb {
        BondLbAlgo::L34 => LoadBalance::L34,
        BondLbAlgo::L23 => LoadBalance::L23,
        BondLbAlgo::RR => LoadBalance::Rr,
        BondLbAlgo::BC => LoadBalance::Bc,
        BondLbAlgo::AB => LoadBalance::Ab,
        _ => LoadBalance::L2,
    };
    let found = BondLink { id: details.id, mode: mode.into(), lb: lb.into(), bonded_interfaces };
    match known {
        Some(known) if same_identity(known, &found) => BondLink { lb: known.lb, ..found },
        _ => found,
    }
}

/// The members of a bond read back, as far as they have names.
pub(crate) fn members_from_vpp<'a>(
    members: impl IntoIterator<Item = &'a SwMemberInterfaceDetails>,
    name_of: impl Fn(InterfaceIndex) -> Option<String>,
) -> Vec<BondedInterface> {
    let named = members.into_iter().filter_map(|member| {
        Some(BondedInterface {
            name: name_of(member.sw_if_index)?,
            is_passive: member.is_passive,
            is_long_timeout: member.is_long_timeout,
        })
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(mode: Mode, lb: LoadBalance) -> BondLink {
        BondLink { id: 4, mode: mode.into(), lb: lb.into(), bonded_interfaces: Vec::new() }
    }

    fn read_back(made: &BondCreate2, lb: BondLbAlgo, known: &BondLink) -> BondLink {
        let details = SwBondInterfaceDetails {
            id: made.id,
            mode: made.mode,
            lb,
            ..SwBondInterfaceDetails::default()
        };
        link_from_vpp(&details, Vec::new(), Some(known))
    }

    #[test]
    fn what_is_made_is_read_back() {
        let lacp = link(Mode::Lacp, LoadBalance::L34);
        let made = to_vpp("", &lacp).unwrap();
        assert_eq!(read_back(&made, made.lb, &lacp), lacp);
    }

    #[test]
    fn a_balancing_that_follows_from_the_mode_is_no_difference() {
        let round_robin = link(Mode::RoundRobin, LoadBalance::L2);
        let made = to_vpp("", &round_robin).unwrap();
        assert_eq!(read_back(&made, BondLbAlgo::RR, &round_robin), round_robin);
        assert!(same_identity(&round_robin, &link(Mode::RoundRobin, LoadBalance::Rr)));
        assert!(!same_identity(
            &link(Mode::Xor, LoadBalance::L2),
            &link(Mode::Xor, LoadBalance::L34)
        ));
    }

    #[test]
    fn the_order_of_members_does_not_count() {
        let member = |name: &str| BondedInterface { name: name.into(), ..Default::default() };
        let with = |names: [&str; 2]| BondLink {
            bonded_interfaces: names.map(member).to_vec(),
            ..link(Mode::Lacp, LoadBalance::L2)
        };
        assert!(same(&with(["a", "b"]), &with(["b", "a"])));
        assert!(!same(&with(["a", "b"]), &with(["a", "c"])));
        assert!(same_identity(&with(["a", "b"]), &with(["a", "c"])));
    }
}
