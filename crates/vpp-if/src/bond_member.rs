//! A member of a bond; derived from the bond.
//!
//! ```yaml
//! bond: {id: 1, mode: LACP, bonded_interfaces: [{name: eth1}, {name: eth2, is_passive: true}]}
//! ```
//!
//! Waits for the interface that is to become a member. Not read back by itself: the bond is read back with its members.
//! Messages: `bond_add_member`, `bond_detach_member`.

use ligato_kvs_api::{Change, Dependency, Descriptor, Invalid, OpError, Spec, Use};
use ligato_model::Key;
use ligato_proto::vpp::interfaces::bond_link::BondedInterface;
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::bond::{BondAddMember, BondDetachMember};
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys;

/// The kind `bond-interface`.
#[derive(Debug, Clone, Copy)]
pub struct BondMember;

impl Descriptor for BondMember {
    type Value = BondedInterface;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        change: Change::Recreate,
        retrievable: false,
        uses: &[Use::kind(&["bond_add_member", "bond_detach_member"])],
        ..Spec::new("bond-interface", "A member of a bond.", &[keys::BOND_MEMBER], None)
    };

    fn dependencies(_facts: &Facts, key: &Key, _value: &BondedInterface) -> Vec<Dependency> {
        match parse(key) {
            Ok((_, member)) => {
                vec![Dependency::on("interface-exists", keys::interface(member))]
            }
            Err(_) => Vec::new(),
        }
    }

    fn supported(facts: &Facts, _key: &Key, _value: &BondedInterface) -> Result<(), OpError> {
        facts.require::<BondAddMember>()
    }

    async fn create(sb: &VppCtx, key: &Key, value: &BondedInterface) -> Result<(), OpError> {
        let (bond, member) = parse(key)?;
        let BondedInterface { name: _, is_passive, is_long_timeout } = value;
        let request = BondAddMember {
            sw_if_index: sb.sw_if_index(member)?,
            bond_sw_if_index: sb.sw_if_index(bond)?,
            is_passive: *is_passive,
            is_long_timeout: *is_long_timeout,
        };
        sb.request(request).await.map(drop)
    }

    async fn delete(
        sb: &VppCtx,
        key: &Key,
        _value: &BondedInterface,
        _meta: &(),
    ) -> Result<(), OpError> {
        let (_, member) = parse(key)?;
        let request = BondDetachMember { sw_if_index: sb.sw_if_index(member)? };
        // VPP frees the members of a bond that it deletes.
        sb.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await.map(drop)
    }
}

fn parse(key: &Key) -> Result<(&str, &str), Invalid> {
    match keys::BOND_MEMBER.parse(key).as_deref() {
        Some(&[bond, member]) => Ok((bond, member)),
        _ => Err(Invalid::value(format!("{key} is not the key of a member of a bond"))),
    }
}
