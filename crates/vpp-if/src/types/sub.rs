//! VLAN sub-interfaces. Messages: `create_vlan_subif`, `delete_subif`, `l2_interface_vlan_tag_rewrite`.

use ligato_kvs_api::{Dependency, Invalid, OpError};
use ligato_proto::vpp::interfaces::{SubInterface, sub_interface::TagRewriteOptions};
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::interface::{CreateVlanSubif, DeleteSubif, SwInterfaceDetails};
use ligato_vpp_api::msg::l2::L2InterfaceVlanTagRewrite;
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys;

pub(super) fn validate(link: &SubInterface, bad: &mut Invalid) {
    let SubInterface { parent_name, sub_id: _, tag_rw_option, push_dot1q: _, tag1, tag2 } = link;
    if parent_name.is_empty() {
        bad.push("link.sub.parent_name", "is empty");
    }
    if TagRewriteOptions::try_from(*tag_rw_option).is_err() {
        bad.push("link.sub.tag_rw_option", format!("{tag_rw_option} is not an option"));
    }
    for (field, tag) in [("link.sub.tag1", *tag1), ("link.sub.tag2", *tag2)] {
        if tag > 4095 {
            bad.push(field, format!("{tag} is not a VLAN tag"));
        }
    }
}

pub(super) fn dependencies(link: &SubInterface) -> Vec<Dependency> {
    vec![Dependency::on("parent-interface-exists", keys::interface(&link.parent_name))]
}

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    facts.require::<CreateVlanSubif>()
}

pub(super) fn same(old: &SubInterface, new: &SubInterface) -> bool {
    same_identity(old, new) && rewrite(InterfaceIndex(0), old) == rewrite(InterfaceIndex(0), new)
}

/// The rewriting of tags can be changed in place, the rest cannot.
pub(super) fn same_identity(old: &SubInterface, new: &SubInterface) -> bool {
    old.parent_name == new.parent_name && old.sub_id == new.sub_id
}

pub(super) async fn create(ctx: &VppCtx, link: &SubInterface) -> Result<InterfaceIndex, OpError> {
    let SubInterface { parent_name, sub_id, tag_rw_option: _, push_dot1q: _, tag1: _, tag2: _ } =
        link;
    let request = CreateVlanSubif { sw_if_index: ctx.sw_if_index(parent_name)?, vlan_id: *sub_id };
    ctx.request(request).await.map(|reply| reply.sw_if_index)
}

pub(super) async fn delete(ctx: &VppCtx, sw_if_index: InterfaceIndex) -> Result<(), OpError> {
    let request = DeleteSubif { sw_if_index };
    ctx.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await.map(drop)
}

/// The request for the rewriting of tags. Without rewriting nothing else counts.
pub(crate) fn rewrite(
    sw_if_index: InterfaceIndex,
    link: &SubInterface,
) -> L2InterfaceVlanTagRewrite {
    let SubInterface { parent_name: _, sub_id: _, tag_rw_option, push_dot1q, tag1, tag2 } = link;
    let vtr_op = u32::try_from(*tag_rw_option).unwrap_or(0);
    if vtr_op == 0 {
        return L2InterfaceVlanTagRewrite { sw_if_index, vtr_op, push_dot1q: 0, tag1: 0, tag2: 0 };
    }
    let (tag1, tag2, push_dot1q) = (*tag1, *tag2, u32::from(*push_dot1q));
    L2InterfaceVlanTagRewrite { sw_if_index, vtr_op, push_dot1q, tag1, tag2 }
}

/// The settings of a sub-interface read back. Without rewriting VPP keeps no tags: then those wanted are taken.
pub(crate) fn link_from_vpp(
    parent_name: String,
    details: &SwInterfaceDetails,
    known: Option<&SubInterface>,
) -> SubInterface {
    let tag_rw_option = i32::try_from(details.vtr_op).unwrap_or(0);
    let (push_dot1q, tag1, tag2) = match known {
        Some(known) if tag_rw_option == 0 => (known.push_dot1q, known.tag1, known.tag2),
        _ => (details.vtr_push_dot1q != 0, details.vtr_tag1, details.vtr_tag2),
    };
    SubInterface { parent_name, sub_id: details.sub_id, tag_rw_option, push_dot1q, tag1, tag2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> SubInterface {
        SubInterface {
            parent_name: "memif1".into(),
            sub_id: 100,
            tag_rw_option: TagRewriteOptions::Translate11.into(),
            push_dot1q: true,
            tag1: 30,
            tag2: 0,
        }
    }

    #[test]
    fn what_is_made_is_read_back() {
        let made = rewrite(InterfaceIndex(3), &link());
        let details = SwInterfaceDetails {
            sub_id: 100,
            vtr_op: made.vtr_op,
            vtr_push_dot1q: made.push_dot1q,
            vtr_tag1: made.tag1,
            vtr_tag2: made.tag2,
            ..SwInterfaceDetails::default()
        };
        assert_eq!(link_from_vpp("memif1".into(), &details, None), link());
    }

    #[test]
    fn rewriting_is_changed_in_place() {
        let other = SubInterface { tag1: 40, ..link() };
        assert!(!same(&link(), &other));
        assert!(same_identity(&link(), &other));
        assert!(!same_identity(&link(), &SubInterface { sub_id: 101, ..link() }));
        let off = SubInterface { tag_rw_option: 0, ..link() };
        assert!(same(&off, &SubInterface { tag1: 0, push_dot1q: false, ..off.clone() }));
    }

    #[test]
    fn bad_settings_are_named() {
        let mut bad = Invalid::default();
        let link = SubInterface { tag_rw_option: 9, tag1: 4096, ..SubInterface::default() };
        validate(&link, &mut bad);
        let fields = ["parent_name", "tag_rw_option", "tag1"];
        assert_eq!(bad.field_names(), fields.map(|field| format!("link.sub.{field}")));
    }
}
