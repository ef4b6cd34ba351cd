//! GTP-U tunnels. Messages: `gtpu_add_del_tunnel`, `gtpu_tunnel_dump`.
//!
//! A tunnel comes up by itself. VPP deletes none: it hides the interface and gives it to the next tunnel, with the tag and
//! the MTU it had; so these are taken back before.

#![expect(deprecated, reason = "the field still works")]

use ligato_kvs_api::{Dependency, Field, Invalid, OpError, Unset};
use ligato_proto::vpp::interfaces::{GtpuLink, gtpu_link::NextNode};
use ligato_vpp_api::msg::gtpu::{GtpuAddDelTunnel, GtpuTunnelDetails};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::{Facts, VppCtx};

use super::tunnel::{self, Ends, GONE};
use crate::keys::IpVersions;

const SRC: &str = "link.gtpu.src_addr";
const DST: &str = "link.gtpu.dst_addr";
/// VPP's graph node for bridging, which is what it takes if none is given.
const BRIDGING: u32 = 1;

/// What is said of its fields.
pub(crate) const FIELDS: &[Field] = &[
    Field::read("gtpu.multicast").remark("counts with the address of a group only"),
    Field::read("gtpu.remote_teid").unset(Unset::Said("`teid`")),
    Field::read("gtpu.decap_next")
        .remark("read back as the node it stands for, in `decap_next_node`"),
    Field::read("gtpu.decap_next_node").unset(Unset::Said("by `decap_next`")),
];

pub(super) fn validate(link: &GtpuLink, bad: &mut Invalid) {
    let GtpuLink {
        src_addr,
        dst_addr,
        multicast,
        teid: _,
        remote_teid: _,
        encap_vrf_id: _,
        decap_next,
        decap_next_node: _,
    } = link;
    let ends = Ends::check((SRC, src_addr), (DST, dst_addr), bad);
    if ends.is_some_and(|ends| ends.dst.is_multicast()) && multicast.is_empty() {
        bad.push("link.gtpu.multicast", "is needed for a group");
    }
    if NextNode::try_from(*decap_next).is_err() {
        bad.push("link.gtpu.decap_next", format!("{decap_next} is not a choice"));
    }
}

pub(crate) fn versions(link: &GtpuLink) -> IpVersions {
    tunnel::versions(&link.src_addr, &link.dst_addr)
}

pub(super) fn dependencies(link: &GtpuLink) -> Vec<Dependency> {
    let multicast = tunnel::group_member("gtpu-multicast-interface-exists", &link.multicast);
    let outer = tunnel::table("vrf-table-for-gtpu-exists", link.encap_vrf_id, versions(link));
    multicast.into_iter().chain(outer).collect()
}

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    facts.require::<GtpuAddDelTunnel>()
}

pub(super) fn same(old: &GtpuLink, new: &GtpuLink) -> bool {
    let GtpuLink {
        src_addr,
        dst_addr,
        multicast,
        teid,
        remote_teid: _,
        encap_vrf_id,
        decap_next: _,
        decap_next_node: _,
    } = old;
    tunnel::same_ip(src_addr, &new.src_addr)
        && tunnel::same_ip(dst_addr, &new.dst_addr)
        && *multicast == new.multicast
        && *teid == new.teid
        && remote_teid(old) == remote_teid(new)
        && *encap_vrf_id == new.encap_vrf_id
        && next_node(old) == next_node(new)
}

/// 0 stands for the number of this end.
fn remote_teid(link: &GtpuLink) -> u32 {
    if link.remote_teid == 0 { link.teid } else { link.remote_teid }
}

/// VPP's graph node for what comes out.
fn next_node(link: &GtpuLink) -> u32 {
    match (link.decap_next_node, link.decap_next()) {
        (0, NextNode::Default | NextNode::L2) => BRIDGING,
        (0, NextNode::Ip4) => 2,
        (0, NextNode::Ip6) => 3,
        (node, _) => node,
    }
}

pub(super) async fn create(ctx: &VppCtx, link: &GtpuLink) -> Result<InterfaceIndex, OpError> {
    let multicast = tunnel::group_interface(ctx, &link.multicast)?;
    let request = GtpuAddDelTunnel { is_add: true, ..to_vpp(link, multicast)? };
    ctx.request(request).await.map(|reply| reply.sw_if_index)
}

/// VPP finds a tunnel by what it was made of.
pub(super) async fn delete(
    ctx: &VppCtx,
    link: &GtpuLink,
    index: InterfaceIndex,
) -> Result<(), OpError> {
    // It insists on some interface for a group, and looks at no more than that it is there.
    let multicast = tunnel::group_interface(ctx, &link.multicast).unwrap_or(index);
    let request = GtpuAddDelTunnel { is_add: false, ..to_vpp(link, multicast)? };
    ctx.request_unless(request, &GONE).await.map(drop)
}

// === to and from VPP ===

fn to_vpp(link: &GtpuLink, multicast: InterfaceIndex) -> Result<GtpuAddDelTunnel, Invalid> {
    let GtpuLink {
        src_addr,
        dst_addr,
        multicast: _,
        teid,
        remote_teid,
        encap_vrf_id,
        decap_next: _,
        decap_next_node: _,
    } = link;
    let ends = Ends::parse((SRC, src_addr), (DST, dst_addr))?;
    Ok(GtpuAddDelTunnel {
        is_add: false,
        src_address: ends.src(),
        dst_address: ends.dst(),
        mcast_sw_if_index: multicast,
        encap_vrf_id: *encap_vrf_id,
        decap_next_index: next_node(link),
        teid: *teid,
        tteid: *remote_teid,
    })
}

/// The settings of a tunnel read back. `wanted` are those wanted, for the spelling and for telling a default from the same
/// value given.
pub(crate) fn link_from_vpp(
    details: &GtpuTunnelDetails,
    name_of: impl Fn(InterfaceIndex) -> Option<String>,
    wanted: Option<&GtpuLink>,
) -> GtpuLink {
    let GtpuTunnelDetails {
        sw_if_index: _,
        src_address,
        dst_address,
        mcast_sw_if_index,
        encap_vrf_id,
        decap_next_index,
        teid,
        tteid,
    } = details;
    let node = if *decap_next_index == BRIDGING { 0 } else { *decap_next_index };
    let found = GtpuLink {
        src_addr: tunnel::spelled(src_address.0, wanted.map(|link| &*link.src_addr)),
        dst_addr: tunnel::spelled(dst_address.0, wanted.map(|link| &*link.dst_addr)),
        multicast: mcast_sw_if_index.some().and_then(name_of).unwrap_or_default(),
        teid: *teid,
        remote_teid: if tteid == teid { 0 } else { *tteid },
        encap_vrf_id: *encap_vrf_id,
        decap_next_node: node,
        ..GtpuLink::default()
    };
    match wanted {
        Some(wanted) if same(wanted, &found) => wanted.clone(),
        _ => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> GtpuLink {
        GtpuLink {
            src_addr: "2001:db8::1".into(),
            dst_addr: "ff02::2".into(),
            multicast: "if1".into(),
            teid: 4,
            remote_teid: 5,
            encap_vrf_id: 6,
            decap_next_node: 3,
            ..GtpuLink::default()
        }
    }

    fn read_back(wanted: &GtpuLink, known: Option<&GtpuLink>) -> GtpuLink {
        let made = to_vpp(wanted, InterfaceIndex(7)).unwrap();
        let details = GtpuTunnelDetails {
            sw_if_index: InterfaceIndex(9),
            src_address: made.src_address,
            dst_address: made.dst_address,
            mcast_sw_if_index: made.mcast_sw_if_index,
            encap_vrf_id: made.encap_vrf_id,
            decap_next_index: made.decap_next_index,
            teid: made.teid,
            tteid: if made.tteid == 0 { made.teid } else { made.tteid },
        };
        link_from_vpp(&details, |index| (index.0 == 7).then(|| "if1".to_owned()), known)
    }

    #[test]
    fn what_is_made_is_read_back() {
        assert_eq!(read_back(&link(), None), link());
    }

    #[test]
    fn defaults_are_the_same_given_or_not() {
        let short = GtpuLink { remote_teid: 0, decap_next_node: 0, ..link() };
        let long = GtpuLink { remote_teid: 4, decap_next: NextNode::L2.into(), ..short.clone() };
        assert!(same(&short, &long));
        assert_eq!(read_back(&long, Some(&long)), long);
        assert_eq!(read_back(&long, None), short);
        let old = GtpuLink { decap_next: NextNode::Ip6.into(), ..short };
        assert!(same(&old, &GtpuLink { remote_teid: 0, ..link() }));
    }

    #[test]
    fn bad_settings_are_named() {
        let mut bad = Invalid::default();
        let wrong = GtpuLink { multicast: String::new(), decap_next: 9, ..link() };
        validate(&wrong, &mut bad);
        assert_eq!(bad.field_names(), ["link.gtpu.multicast", "link.gtpu.decap_next"]);
    }

    #[test]
    fn it_waits_for_its_table_and_for_a_member_of_the_group() {
        let found: Vec<_> =
            dependencies(&link()).iter().map(|need| need.label.to_string()).collect();
        assert_eq!(found, ["gtpu-multicast-interface-exists", "vrf-table-for-gtpu-exists"]);
    }
}
