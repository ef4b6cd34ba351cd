//! Interfaces for protected traffic. Messages: `ipsec_itf_create`, `ipsec_itf_delete`, `ipsec_itf_dump`.
//!
//! Security is not made here: it comes from a tunnel protection of the interface. What a link says about it has no
//! effect, so it makes no difference either; VPP does not have it, and it is taken to be as wanted.

use ligato_kvs_api::{Field, Invalid, OpError};
use ligato_proto::vpp::interfaces::{IpSecLink, ip_sec_link::Mode};
use ligato_vpp_api::msg::ipsec::{IpsecItf, IpsecItfCreate, IpsecItfDelete};
use ligato_vpp_api::types::{InterfaceIndex, TunnelMode};
use ligato_vpp_ctx::{Facts, VppCtx};

use super::tunnel::GONE;

/// What is said of its fields.
pub(crate) const FIELDS: &[Field] = &[
    Field::without_effect("ipsec.esn", PROTECTION),
    Field::without_effect("ipsec.anti_replay", PROTECTION),
    Field::without_effect("ipsec.local_ip", PROTECTION),
    Field::without_effect("ipsec.remote_ip", PROTECTION),
    Field::without_effect("ipsec.local_spi", PROTECTION),
    Field::without_effect("ipsec.remote_spi", PROTECTION),
    Field::without_effect("ipsec.crypto_alg", PROTECTION),
    Field::without_effect("ipsec.local_crypto_key", PROTECTION),
    Field::without_effect("ipsec.remote_crypto_key", PROTECTION),
    Field::without_effect("ipsec.integ_alg", PROTECTION),
    Field::without_effect("ipsec.local_integ_key", PROTECTION),
    Field::without_effect("ipsec.remote_integ_key", PROTECTION),
    Field::without_effect("ipsec.enable_udp_encap", PROTECTION),
];
const PROTECTION: &str = "security comes from a tunnel protection of the interface";

pub(super) fn validate(link: &IpSecLink, bad: &mut Invalid) {
    if Mode::try_from(link.tunnel_mode).is_err() {
        bad.push("link.ipsec.tunnel_mode", format!("{} is not a mode", link.tunnel_mode));
    }
}

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    facts.require::<IpsecItfCreate>()
}

pub(super) fn same(old: &IpSecLink, new: &IpSecLink) -> bool {
    old.tunnel_mode == new.tunnel_mode
}

pub(super) async fn create(ctx: &VppCtx, link: &IpSecLink) -> Result<InterfaceIndex, OpError> {
    let request = IpsecItfCreate { itf: to_vpp(link) };
    ctx.request(request).await.map(|reply| reply.sw_if_index)
}

pub(super) async fn delete(ctx: &VppCtx, sw_if_index: InterfaceIndex) -> Result<(), OpError> {
    ctx.request_unless(IpsecItfDelete { sw_if_index }, &GONE).await.map(drop)
}

// === to and from VPP ===

/// The original asks for instance 0, which only one interface can have.
fn to_vpp(link: &IpSecLink) -> IpsecItf {
    IpsecItf {
        user_instance: u32::MAX,
        mode: match link.tunnel_mode() {
            Mode::PointToPoint => TunnelMode::P2P,
            Mode::PointToMultipoint => TunnelMode::MP,
        },
        sw_if_index: InterfaceIndex::NONE,
    }
}

/// The settings of an interface read back. `wanted` are those wanted, for what VPP does not have.
pub(crate) fn link_from_vpp(itf: &IpsecItf, wanted: Option<&IpSecLink>) -> IpSecLink {
    let IpsecItf { user_instance: _, mode, sw_if_index: _ } = itf;
    let mode = if *mode == TunnelMode::MP { Mode::PointToMultipoint } else { Mode::PointToPoint };
    IpSecLink { tunnel_mode: mode.into(), ..wanted.cloned().unwrap_or_default() }
}

#[cfg(test)]
#[expect(deprecated, reason = "what has no effect is still there")]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_read_back() {
        for mode in [Mode::PointToPoint, Mode::PointToMultipoint] {
            let link = IpSecLink { tunnel_mode: mode.into(), esn: true, ..IpSecLink::default() };
            assert_eq!(link_from_vpp(&to_vpp(&link), Some(&link)), link);
        }
    }

    #[test]
    fn only_the_mode_makes_a_difference() {
        let link = IpSecLink { local_spi: 5, ..IpSecLink::default() };
        assert!(same(&link, &IpSecLink::default()));
        assert!(!same(&link, &IpSecLink { tunnel_mode: 1, ..link.clone() }));
    }
}
