//! IP over IP. Messages: `ipip_add_tunnel`, `ipip_del_tunnel`, `ipip_tunnel_dump`.
//!
//! The tunnel's own packets go by the table of the interface.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ligato_kvs_api::{Dependency, Field, Invalid, OpError};
use ligato_proto::vpp::interfaces::{IpipLink, ipip_link::Mode};
use ligato_vpp_api::msg::ipip::{IpipAddTunnel, IpipDelTunnel, IpipTunnel};
use ligato_vpp_api::types::{Address, InterfaceIndex, IpDscp, TunnelEncapDecapFlags, TunnelMode};
use ligato_vpp_ctx::{Facts, VppCtx, address};

use super::tunnel::{self, Ends, GONE};
use crate::keys::IpVersions;

const SRC: &str = "link.ipip.src_addr";
const DST: &str = "link.ipip.dst_addr";

/// What is said of its fields.
pub(crate) const FIELDS: &[Field] =
    &[Field::read("ipip.dst_addr").remark("counts for `POINT_TO_POINT` only")];

pub(super) fn validate(link: &IpipLink, bad: &mut Invalid) {
    let IpipLink { tunnel_mode, src_addr, dst_addr } = link;
    match Mode::try_from(*tunnel_mode) {
        Ok(Mode::PointToPoint) => {
            Ends::check((SRC, src_addr), (DST, dst_addr), bad);
        }
        Ok(Mode::PointToMultipoint) => {
            tunnel::end((SRC, src_addr), bad);
        }
        Err(_) => bad.push("link.ipip.tunnel_mode", format!("{tunnel_mode} is not a mode")),
    }
}

pub(super) fn versions(link: &IpipLink) -> IpVersions {
    tunnel::versions(&link.src_addr, peer(link))
}

/// Where there are many peers none is looked at.
fn peer(link: &IpipLink) -> &str {
    match link.tunnel_mode() {
        Mode::PointToPoint => &link.dst_addr,
        Mode::PointToMultipoint => "",
    }
}

pub(super) fn dependencies(link: &IpipLink, vrf: u32) -> Vec<Dependency> {
    tunnel::table("vrf-table-for-ipip-exists", vrf, versions(link)).into_iter().collect()
}

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    facts.require::<IpipAddTunnel>()
}

pub(super) fn same(old: &IpipLink, new: &IpipLink) -> bool {
    old.tunnel_mode == new.tunnel_mode
        && tunnel::same_ip(&old.src_addr, &new.src_addr)
        && tunnel::same_ip(peer(old), peer(new))
}

pub(super) async fn create(
    ctx: &VppCtx,
    link: &IpipLink,
    vrf: u32,
) -> Result<InterfaceIndex, OpError> {
    let request = IpipAddTunnel { tunnel: to_vpp(link, vrf)? };
    ctx.request(request).await.map(|reply| reply.sw_if_index)
}

pub(super) async fn delete(ctx: &VppCtx, sw_if_index: InterfaceIndex) -> Result<(), OpError> {
    ctx.request_unless(IpipDelTunnel { sw_if_index }, &GONE).await.map(drop)
}

// === to and from VPP ===

fn to_vpp(link: &IpipLink, vrf: u32) -> Result<IpipTunnel, Invalid> {
    let IpipLink { tunnel_mode: _, src_addr, dst_addr } = link;
    let src =
        address::parse_ip(src_addr).map_err(|error| Invalid::field(SRC, error.to_string()))?;
    let (mode, dst) = match link.tunnel_mode() {
        Mode::PointToPoint => {
            (TunnelMode::P2P, Ends::parse((SRC, src_addr), (DST, dst_addr))?.dst())
        }
        Mode::PointToMultipoint => (TunnelMode::MP, Address(unspecified(src))),
    };
    Ok(IpipTunnel {
        instance: u32::MAX,
        src: Address(src),
        dst,
        sw_if_index: InterfaceIndex::NONE,
        table_id: vrf,
        flags: TunnelEncapDecapFlags::NONE,
        mode,
        dscp: IpDscp::CS0,
    })
}

/// No address, of the version of another one.
fn unspecified(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// The settings of a tunnel read back, and the table of its own packets. `wanted` are those wanted, for the spelling and for
/// what means nothing.
pub(crate) fn link_from_vpp(tunnel: &IpipTunnel, wanted: Option<&IpipLink>) -> (IpipLink, u32) {
    let IpipTunnel { instance: _, src, dst, sw_if_index: _, table_id, flags: _, mode, dscp: _ } =
        tunnel;
    let many = *mode == TunnelMode::MP || dst.0.is_unspecified();
    let link = IpipLink {
        tunnel_mode: if many { Mode::PointToMultipoint } else { Mode::PointToPoint }.into(),
        src_addr: tunnel::spelled(src.0, wanted.map(|link| &*link.src_addr)),
        dst_addr: match wanted {
            Some(wanted) if many => wanted.dst_addr.clone(),
            _ if many => String::new(),
            _ => tunnel::spelled(dst.0, wanted.map(|link| &*link.dst_addr)),
        },
    };
    (link, *table_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(mode: Mode, dst: &str) -> IpipLink {
        IpipLink { tunnel_mode: mode.into(), src_addr: "2001:db8::1".into(), dst_addr: dst.into() }
    }

    #[test]
    fn what_is_made_is_read_back() {
        for wanted in [link(Mode::PointToPoint, "2001:db8::2"), link(Mode::PointToMultipoint, "")] {
            let made = to_vpp(&wanted, 5).unwrap();
            assert_eq!(link_from_vpp(&made, None), (wanted, 5));
        }
    }

    #[test]
    fn with_many_peers_none_is_looked_at() {
        let (one, none) =
            (link(Mode::PointToMultipoint, "10.0.0.1"), link(Mode::PointToMultipoint, ""));
        assert!(same(&one, &none));
        assert_eq!(link_from_vpp(&to_vpp(&one, 0).unwrap(), Some(&one)).0, one);
        assert_eq!(versions(&one), IpVersions::V6);
    }

    #[test]
    fn bad_settings_are_named() {
        let fields = |link: &IpipLink| {
            let mut bad = Invalid::default();
            validate(link, &mut bad);
            bad.field_names()
        };
        assert_eq!(fields(&IpipLink::default()), [SRC, DST]);
        assert_eq!(fields(&IpipLink { tunnel_mode: 1, ..IpipLink::default() }), [SRC]);
        assert_eq!(
            fields(&IpipLink { tunnel_mode: 7, ..IpipLink::default() }),
            ["link.ipip.tunnel_mode"]
        );
        assert!(fields(&link(Mode::PointToMultipoint, "")).is_empty());
    }
}
