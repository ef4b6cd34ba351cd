//! VXLAN tunnels, plain ones and those of the generic protocol extension (GPE). Messages: `vxlan_add_del_tunnel_v3`,
//! `vxlan_tunnel_v2_dump`, `vxlan_gpe_add_del_tunnel_v2`, `vxlan_gpe_tunnel_v2_dump`.
//!
//! The tunnel's own packets go by the table of the interface. A tunnel comes up by itself. VPP deletes none of GPE: it hides the
//! interface and gives it to the next tunnel, with the tag and the MTU it had; so these are taken back before.
//!
//! Tables of GPE are a trap. VPP takes the number of a table for the packets inside only if these are of IPv4 and reads another one as a
//! position in a list, unchecked; and for a tunnel over IPv6 it looks the table up among those of IPv4. Asking for the tunnels
//! afterwards may be its end. What cannot go well is refused.

use ligato_kvs_api::{Dependency, Field, Invalid, OpError};
use ligato_proto::vpp::interfaces::VxlanLink;
use ligato_proto::vpp::interfaces::vxlan_link::{Gpe, gpe::Protocol};
use ligato_vpp_api::msg::vxlan::{VxlanAddDelTunnelV3, VxlanTunnelV2Details};
use ligato_vpp_api::msg::vxlan_gpe::{VxlanGpeAddDelTunnelV2, VxlanGpeTunnelV2Details};
use ligato_vpp_api::types::{InterfaceIndex, IpProto};
use ligato_vpp_ctx::{Facts, VppCtx};

use super::tunnel::{self, Ends, GONE};
use crate::keys::IpVersions;

/// What VPP takes as "choose a number", "bridge what comes out".
const ANY: u32 = u32::MAX;
/// Numbers of virtual networks have 24 bits.
const VNI_MAX: u32 = (1 << 24) - 1;

const SRC: &str = "link.vxlan.src_address";
const DST: &str = "link.vxlan.dst_address";

/// What is said of its fields.
pub(crate) const FIELDS: &[Field] = &[
    Field::read("vxlan.multicast").remark("counts with the address of a group only"),
    Field::read("vxlan.gpe.decap_vrf_id")
        .remark("for `IP4` in a tunnel over IPv4 only; others are refused as unsupported, for VPP takes wrong tables"),
];

pub(super) fn validate(link: &VxlanLink, bad: &mut Invalid) {
    let VxlanLink { src_address, dst_address, vni, multicast, gpe } = link;
    let ends = Ends::check((SRC, src_address), (DST, dst_address), bad);
    if ends.is_some_and(|ends| ends.dst.is_multicast()) && multicast.is_empty() {
        bad.push("link.vxlan.multicast", "is needed for a group");
    }
    if *vni > VNI_MAX {
        bad.push("link.vxlan.vni", format!("{vni} is above {VNI_MAX}"));
    }
    let Some(Gpe { decap_vrf_id, protocol }) = gpe else { return };
    match Protocol::try_from(*protocol) {
        Ok(Protocol::Unknown) | Err(_) => bad.push("link.vxlan.gpe.protocol", "is not given"),
        Ok(Protocol::Ip4 | Protocol::Ip6) => {}
        Ok(Protocol::Ethernet | Protocol::Nsh) if *decap_vrf_id == 0 => {}
        Ok(Protocol::Ethernet | Protocol::Nsh) => {
            bad.push("link.vxlan.gpe.decap_vrf_id", "is for packets of IP only");
        }
    }
}

pub(super) fn versions(link: &VxlanLink) -> IpVersions {
    tunnel::versions(&link.src_address, &link.dst_address)
}

pub(super) fn dependencies(link: &VxlanLink, vrf: u32) -> Vec<Dependency> {
    let multicast = tunnel::group_member("vxlan-multicast-interface-exists", &link.multicast);
    let outer = tunnel::table("vrf-table-for-vxlan-exists", vrf, versions(link));
    let inner = link.gpe.as_ref().and_then(|gpe| {
        let versions =
            if gpe.protocol() == Protocol::Ip6 { IpVersions::V6 } else { IpVersions::V4 };
        tunnel::table("vrf-table-for-vxlan-gpe-exists", gpe.decap_vrf_id, versions)
    });
    multicast.into_iter().chain(outer).chain(inner).collect()
}

pub(super) fn supported(facts: &Facts, link: &VxlanLink, vrf: u32) -> Result<(), OpError> {
    match &link.gpe {
        None => facts.require::<VxlanAddDelTunnelV3>(),
        Some(gpe) => {
            facts.require::<VxlanGpeAddDelTunnelV2>()?;
            tables_vpp_can_take(gpe, vrf, versions(link))
        }
    }
}

fn tables_vpp_can_take(gpe: &Gpe, vrf: u32, over: IpVersions) -> Result<(), OpError> {
    let refused = |what: &str| Err(OpError::Unsupported(format!("VXLAN-GPE with {what}")));
    match (gpe.decap_vrf_id, gpe.protocol()) {
        _ if over.v6() && vrf != 0 => refused("a table for its own packets of IPv6"),
        (0, _) => Ok(()),
        (_, Protocol::Ip4) if over.v4() => Ok(()),
        (_, Protocol::Ip4) => refused("a table for IPv4 inside, over IPv6"),
        _ => refused("a table for IPv6 inside"),
    }
}

pub(super) fn same(old: &VxlanLink, new: &VxlanLink) -> bool {
    let VxlanLink { src_address, dst_address, vni, multicast, gpe } = old;
    tunnel::same_ip(src_address, &new.src_address)
        && tunnel::same_ip(dst_address, &new.dst_address)
        && *vni == new.vni
        && *multicast == new.multicast
        && *gpe == new.gpe
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Add,
    Delete,
}

pub(super) async fn create(
    ctx: &VppCtx,
    link: &VxlanLink,
    vrf: u32,
) -> Result<InterfaceIndex, OpError> {
    let multicast = tunnel::group_interface(ctx, &link.multicast)?;
    match &link.gpe {
        None => {
            let request = to_vpp(link, vrf, multicast, Op::Add)?;
            ctx.request(request).await.map(|reply| reply.sw_if_index)
        }
        Some(gpe) => {
            let request = gpe_to_vpp(link, gpe, vrf, multicast, Op::Add)?;
            ctx.request(request).await.map(|reply| reply.sw_if_index)
        }
    }
}

/// VPP finds a tunnel by what it was made of.
pub(super) async fn delete(
    ctx: &VppCtx,
    link: &VxlanLink,
    vrf: u32,
    index: InterfaceIndex,
) -> Result<(), OpError> {
    // It insists on some interface for a group, and looks at no more than that it is there.
    let multicast = tunnel::group_interface(ctx, &link.multicast).unwrap_or(index);
    match &link.gpe {
        None => {
            let request = to_vpp(link, vrf, multicast, Op::Delete)?;
            ctx.request_unless(request, &GONE).await.map(drop)
        }
        Some(gpe) => {
            let request = gpe_to_vpp(link, gpe, vrf, multicast, Op::Delete)?;
            ctx.request_unless(request, &GONE).await.map(drop)
        }
    }
}

// === to and from VPP ===

fn to_vpp(
    link: &VxlanLink,
    vrf: u32,
    multicast: InterfaceIndex,
    op: Op,
) -> Result<VxlanAddDelTunnelV3, Invalid> {
    let VxlanLink { src_address, dst_address, vni, multicast: _, gpe: _ } = link;
    let ends = Ends::parse((SRC, src_address), (DST, dst_address))?;
    Ok(VxlanAddDelTunnelV3 {
        is_add: op == Op::Add,
        instance: ANY,
        src_address: ends.src(),
        dst_address: ends.dst(),
        src_port: 0,
        dst_port: 0,
        mcast_sw_if_index: multicast,
        encap_vrf_id: vrf,
        decap_next_index: ANY,
        vni: *vni,
        is_l3: false,
    })
}

fn gpe_to_vpp(
    link: &VxlanLink,
    gpe: &Gpe,
    vrf: u32,
    multicast: InterfaceIndex,
    op: Op,
) -> Result<VxlanGpeAddDelTunnelV2, Invalid> {
    let VxlanLink { src_address, dst_address, vni, multicast: _, gpe: _ } = link;
    let Gpe { decap_vrf_id, protocol: _ } = gpe;
    let ends = Ends::parse((SRC, src_address), (DST, dst_address))?;
    Ok(VxlanGpeAddDelTunnelV2 {
        local: ends.src(),
        remote: ends.dst(),
        local_port: 0,
        remote_port: 0,
        mcast_sw_if_index: multicast,
        encap_vrf_id: vrf,
        decap_vrf_id: *decap_vrf_id,
        protocol: IpProto(match gpe.protocol() {
            Protocol::Unknown => 0,
            Protocol::Ip4 => 1,
            Protocol::Ip6 => 2,
            Protocol::Ethernet => 3,
            Protocol::Nsh => 4,
        }),
        vni: *vni,
        is_add: op == Op::Add,
    })
}

/// The settings of a tunnel read back, and the table of its own packets. `wanted` are those wanted, for the spelling.
pub(crate) fn link_from_vpp(
    details: &VxlanTunnelV2Details,
    name_of: impl Fn(InterfaceIndex) -> Option<String>,
    wanted: Option<&VxlanLink>,
) -> (VxlanLink, u32) {
    let VxlanTunnelV2Details {
        sw_if_index: _,
        instance: _,
        src_address,
        dst_address,
        src_port: _,
        dst_port: _,
        mcast_sw_if_index,
        encap_vrf_id,
        decap_next_index: _,
        vni,
    } = details;
    let link = VxlanLink {
        src_address: tunnel::spelled(src_address.0, wanted.map(|link| &*link.src_address)),
        dst_address: tunnel::spelled(dst_address.0, wanted.map(|link| &*link.dst_address)),
        vni: *vni,
        multicast: mcast_sw_if_index.some().and_then(name_of).unwrap_or_default(),
        gpe: None,
    };
    (link, *encap_vrf_id)
}

/// As [`link_from_vpp`], for one of GPE.
pub(crate) fn gpe_from_vpp(
    details: &VxlanGpeTunnelV2Details,
    name_of: impl Fn(InterfaceIndex) -> Option<String>,
    wanted: Option<&VxlanLink>,
) -> (VxlanLink, u32) {
    let VxlanGpeTunnelV2Details {
        sw_if_index: _,
        local,
        remote,
        local_port: _,
        remote_port: _,
        vni,
        protocol,
        mcast_sw_if_index,
        encap_vrf_id,
        decap_vrf_id,
        is_ipv6: _,
    } = details;
    let protocol = match protocol.0 {
        1 => Protocol::Ip4,
        2 => Protocol::Ip6,
        3 => Protocol::Ethernet,
        4 => Protocol::Nsh,
        _ => Protocol::Unknown,
    };
    // With other protocols VPP shows whatever stands at a position in its list of tables.
    let decap_vrf_id = if protocol == Protocol::Ip4 { *decap_vrf_id } else { 0 };
    let link = VxlanLink {
        src_address: tunnel::spelled(local.0, wanted.map(|link| &*link.src_address)),
        dst_address: tunnel::spelled(remote.0, wanted.map(|link| &*link.dst_address)),
        vni: *vni,
        multicast: mcast_sw_if_index.some().and_then(name_of).unwrap_or_default(),
        gpe: Some(Gpe { decap_vrf_id, protocol: protocol.into() }),
    };
    (link, *encap_vrf_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> VxlanLink {
        VxlanLink {
            src_address: "10.0.0.1".into(),
            dst_address: "239.0.0.2".into(),
            vni: 99,
            multicast: "if1".into(),
            gpe: None,
        }
    }

    fn gpe(protocol: Protocol, decap_vrf_id: u32) -> VxlanLink {
        VxlanLink { gpe: Some(Gpe { decap_vrf_id, protocol: protocol.into() }), ..link() }
    }

    fn name(index: InterfaceIndex) -> Option<String> {
        (index.0 == 7).then(|| "if1".to_owned())
    }

    #[test]
    fn what_is_made_is_read_back() {
        let made = to_vpp(&link(), 5, InterfaceIndex(7), Op::Add).unwrap();
        let details = VxlanTunnelV2Details {
            src_address: made.src_address,
            dst_address: made.dst_address,
            mcast_sw_if_index: made.mcast_sw_if_index,
            encap_vrf_id: made.encap_vrf_id,
            vni: made.vni,
            ..VxlanTunnelV2Details::default()
        };
        assert_eq!(link_from_vpp(&details, name, None), (link(), 5));
    }

    #[test]
    fn what_is_made_of_gpe_is_read_back() {
        for wanted in [
            gpe(Protocol::Ip4, 3),
            gpe(Protocol::Ip6, 0),
            gpe(Protocol::Ethernet, 0),
            gpe(Protocol::Nsh, 0),
        ] {
            let extension = wanted.gpe.unwrap();
            let made = gpe_to_vpp(&wanted, &extension, 5, InterfaceIndex(7), Op::Add).unwrap();
            let details = VxlanGpeTunnelV2Details {
                local: made.local,
                remote: made.remote,
                vni: made.vni,
                protocol: made.protocol,
                mcast_sw_if_index: made.mcast_sw_if_index,
                encap_vrf_id: made.encap_vrf_id,
                decap_vrf_id: made.decap_vrf_id,
                ..VxlanGpeTunnelV2Details::default()
            };
            assert_eq!(gpe_from_vpp(&details, name, None), (wanted, 5));
        }
    }

    #[test]
    fn bad_settings_are_named() {
        let fields = |link: &VxlanLink| {
            let mut bad = Invalid::default();
            validate(link, &mut bad);
            bad.field_names()
        };
        assert!(fields(&link()).is_empty());
        assert_eq!(fields(&VxlanLink::default()), [SRC, DST]);
        let alone = VxlanLink { multicast: String::new(), vni: 1 << 24, ..link() };
        assert_eq!(fields(&alone), ["link.vxlan.multicast", "link.vxlan.vni"]);
        assert_eq!(fields(&gpe(Protocol::Unknown, 0)), ["link.vxlan.gpe.protocol"]);
        assert_eq!(fields(&gpe(Protocol::Nsh, 1)), ["link.vxlan.gpe.decap_vrf_id"]);
        assert!(fields(&gpe(Protocol::Ip6, 1)).is_empty());
    }

    #[test]
    fn it_waits_for_tables_and_for_a_member_of_the_group() {
        let needs = |link: &VxlanLink, vrf| {
            let needs = dependencies(link, vrf);
            needs.iter().map(|need| format!("{}: {}", need.label, need.target)).collect::<Vec<_>>()
        };
        let member = "vxlan-multicast-interface-exists: vpp/interface/if1/address/* (multicast address of if1)";
        assert_eq!(needs(&link(), 0), [member]);
        assert_eq!(
            needs(&gpe(Protocol::Ip6, 3), 5),
            [
                member,
                "vrf-table-for-vxlan-exists: config/vpp/v2/vrf-table/id/5/protocol/IPV4",
                "vrf-table-for-vxlan-gpe-exists: config/vpp/v2/vrf-table/id/3/protocol/IPV6",
            ]
        );
    }

    #[test]
    fn tables_that_vpp_would_mistake_are_refused() {
        let check = |protocol: Protocol, decap_vrf_id, vrf, over| {
            tables_vpp_can_take(&Gpe { decap_vrf_id, protocol: protocol.into() }, vrf, over).is_ok()
        };
        let (v4, v6) = (IpVersions::V4, IpVersions::V6);
        assert!(check(Protocol::Ip4, 3, 5, v4) && check(Protocol::Ip6, 0, 5, v4));
        assert!(check(Protocol::Ip4, 0, 0, v6) && check(Protocol::Ethernet, 0, 0, v6));
        assert!(!check(Protocol::Ip6, 3, 0, v4), "a position in the list of tables");
        assert!(!check(Protocol::Ip4, 3, 0, v6), "shown by a position in the other list");
        assert!(!check(Protocol::Ip4, 0, 5, v6), "looked up among the tables of IPv4");
    }
}
