//! GRE tunnels. Messages: `gre_tunnel_add_del_v2` (25.10 and later) or `gre_tunnel_add_del`, `gre_tunnel_v2_dump` (26.06
//! and later) or `gre_tunnel_dump`.

use ligato_kvs_api::{Dependency, Field, Invalid, OpError};
use ligato_proto::vpp::interfaces::{GreLink, gre_link::Type};
use ligato_vpp_api::msg::gre::{
    GreTunnel, GreTunnelAddDel, GreTunnelAddDelV2, GreTunnelType, GreTunnelV2,
};
use ligato_vpp_api::types::{InterfaceIndex, TunnelEncapDecapFlags, TunnelMode};
use ligato_vpp_ctx::{Facts, VppCtx};

use super::tunnel::{self, Ends, GONE};

/// Highest number of a session of mirrored frames.
const SESSION_MAX: u32 = 1023;

const SRC: &str = "link.gre.src_addr";
const DST: &str = "link.gre.dst_addr";

/// What is said of its fields.
pub(crate) const FIELDS: &[Field] =
    &[Field::read("gre.session_id").remark("counts for `ERSPAN` only")];

pub(super) fn validate(link: &GreLink, bad: &mut Invalid) {
    let GreLink { tunnel_type, src_addr, dst_addr, outer_fib_id: _, session_id } = link;
    if matches!(Type::try_from(*tunnel_type), Ok(Type::Unknown) | Err(_)) {
        bad.push("link.gre.tunnel_type", "is not given");
    }
    Ends::check((SRC, src_addr), (DST, dst_addr), bad);
    if *session_id > SESSION_MAX {
        bad.push("link.gre.session_id", format!("{session_id} is above {SESSION_MAX}"));
    }
}

pub(super) fn dependencies(link: &GreLink) -> Vec<Dependency> {
    let versions = tunnel::versions(&link.src_addr, &link.dst_addr);
    tunnel::table("vrf-table-for-gre-exists", link.outer_fib_id, versions).into_iter().collect()
}

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    if facts.supports::<GreTunnelAddDelV2>() { Ok(()) } else { facts.require::<GreTunnelAddDel>() }
}

pub(super) fn same(old: &GreLink, new: &GreLink) -> bool {
    let GreLink { tunnel_type, src_addr, dst_addr, outer_fib_id, session_id: _ } = old;
    *tunnel_type == new.tunnel_type
        && tunnel::same_ip(src_addr, &new.src_addr)
        && tunnel::same_ip(dst_addr, &new.dst_addr)
        && *outer_fib_id == new.outer_fib_id
        && session(old) == session(new)
}

/// Only mirrored frames have sessions.
fn session(link: &GreLink) -> u32 {
    if link.tunnel_type() == Type::Erspan { link.session_id } else { 0 }
}

/// Whether the tunnel carries Ethernet frames.
pub(super) fn has_mac(link: &GreLink) -> bool {
    link.tunnel_type() != Type::L3
}

pub(super) async fn create(ctx: &VppCtx, link: &GreLink) -> Result<InterfaceIndex, OpError> {
    let tunnel = to_vpp(link)?;
    if ctx.client().supports::<GreTunnelAddDelV2>() {
        let request = GreTunnelAddDelV2 { is_add: true, tunnel: GreTunnelV2::from(tunnel) };
        return ctx.request(request).await.map(|reply| reply.sw_if_index);
    }
    let request = GreTunnelAddDel { is_add: true, tunnel };
    ctx.request(request).await.map(|reply| reply.sw_if_index)
}

/// VPP finds a tunnel by what it was made of.
pub(super) async fn delete(ctx: &VppCtx, link: &GreLink) -> Result<(), OpError> {
    let tunnel = to_vpp(link)?;
    if ctx.client().supports::<GreTunnelAddDelV2>() {
        let request = GreTunnelAddDelV2 { is_add: false, tunnel: GreTunnelV2::from(tunnel) };
        return ctx.request_unless(request, &GONE).await.map(drop);
    }
    let request = GreTunnelAddDel { is_add: false, tunnel };
    ctx.request_unless(request, &GONE).await.map(drop)
}

// === to and from VPP ===

fn to_vpp(link: &GreLink) -> Result<GreTunnel, Invalid> {
    let GreLink { tunnel_type: _, src_addr, dst_addr, outer_fib_id, session_id: _ } = link;
    let ends = Ends::parse((SRC, src_addr), (DST, dst_addr))?;
    let too_high = |_| Invalid::field("link.gre.session_id", format!("is above {SESSION_MAX}"));
    Ok(GreTunnel {
        kind: match link.tunnel_type() {
            Type::Unknown | Type::L3 => GreTunnelType::L3,
            Type::Teb => GreTunnelType::TEB,
            Type::Erspan => GreTunnelType::ERSPAN,
        },
        mode: TunnelMode::P2P,
        flags: TunnelEncapDecapFlags::NONE,
        session_id: u16::try_from(session(link)).map_err(too_high)?,
        instance: u32::MAX,
        outer_table_id: *outer_fib_id,
        sw_if_index: InterfaceIndex::NONE,
        src: ends.src(),
        dst: ends.dst(),
    })
}

/// The settings of a tunnel read back. `wanted` are those wanted, for the spelling and for what means nothing.
pub(crate) fn link_from_vpp(tunnel: &GreTunnel, wanted: Option<&GreLink>) -> GreLink {
    let GreTunnel {
        kind,
        mode: _,
        flags: _,
        session_id,
        instance: _,
        outer_table_id,
        sw_if_index: _,
        src,
        dst,
    } = tunnel;
    let tunnel_type = match *kind {
        GreTunnelType::L3 => Type::L3,
        GreTunnelType::TEB => Type::Teb,
        GreTunnelType::ERSPAN => Type::Erspan,
        _ => Type::Unknown,
    };
    let session_id = match wanted {
        Some(wanted) if tunnel_type != Type::Erspan => wanted.session_id,
        _ => (*session_id).into(),
    };
    GreLink {
        tunnel_type: tunnel_type.into(),
        src_addr: tunnel::spelled(src.0, wanted.map(|link| &*link.src_addr)),
        dst_addr: tunnel::spelled(dst.0, wanted.map(|link| &*link.dst_addr)),
        outer_fib_id: *outer_table_id,
        session_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(tunnel_type: Type) -> GreLink {
        GreLink {
            tunnel_type: tunnel_type.into(),
            src_addr: "10.0.0.1".into(),
            dst_addr: "10.0.0.2".into(),
            outer_fib_id: 5,
            session_id: 1023,
        }
    }

    #[test]
    fn what_is_made_is_read_back() {
        for kind in [Type::L3, Type::Teb, Type::Erspan] {
            let made = to_vpp(&link(kind)).unwrap();
            assert_eq!(link_from_vpp(&made, Some(&link(kind))), link(kind));
            assert_eq!(GreTunnel::from(GreTunnelV2::from(made)), made);
        }
    }

    #[test]
    fn a_session_counts_for_mirrored_frames_only() {
        let other = |kind| GreLink { session_id: 1, ..link(kind) };
        assert!(same(&link(Type::L3), &other(Type::L3)));
        assert!(!same(&link(Type::Erspan), &other(Type::Erspan)));
    }

    #[test]
    fn bad_settings_are_named() {
        let mut bad = Invalid::default();
        validate(&GreLink { session_id: 1024, ..GreLink::default() }, &mut bad);
        let fields = ["tunnel_type", "src_addr", "dst_addr", "session_id"];
        assert_eq!(bad.field_names(), fields.map(|field| format!("link.gre.{field}")));
    }

    #[test]
    fn it_waits_for_the_table_of_its_packets() {
        let found = dependencies(&link(Type::L3));
        let found: Vec<_> = found.iter().map(|need| need.target.to_string()).collect();
        assert_eq!(found, ["config/vpp/v2/vrf-table/id/5/protocol/IPV4"]);
        assert!(dependencies(&GreLink { outer_fib_id: 0, ..link(Type::L3) }).is_empty());
    }
}
