//! TAP and TUN interfaces, with one end in the kernel. Messages: `tap_create_v3` or `tap_create_v2`, `tap_delete_v2`.

use ligato_kvs_api::{Dependency, Field, Invalid, OpError, Unset};
use ligato_proto::vpp::interfaces::{Interface, TapLink};
use ligato_vpp_api::msg::tapv2::{
    SwInterfaceTapV2Details, TapCreateV2, TapCreateV3, TapDeleteV2, TapFlags,
};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_api::{FixedString, VppError as Code};
use ligato_vpp_ctx::{Facts, VppCtx};

use super::Mtu;
use crate::keys;

/// The only version there is; 1 is gone since long.
const VERSION: u32 = 2;
/// Ring size VPP takes for 0.
const DEFAULT_RING: u32 = 256;
/// With a smaller receive ring VPP before 26.02 fills it for ever, and does nothing else any more.
const SMALLEST_RX_RING: u32 = 8;
/// Length of a name in the kernel (`IFNAMSIZ`), without the final NUL.
const HOST_NAME_LEN: usize = 15;
/// What VPP takes as "choose a number".
const ANY_ID: u32 = u32::MAX;

/// What is said of its fields.
pub(crate) const FIELDS: &[Field] = &[
    Field::read("tap.version").remark("must be 2"),
    Field::read("tap.host_if_name").unset(Unset::Said("a name made from the logical one")),
    Field::kept("tap.to_microservice", "it is waited for, and nothing that VPP knows"),
    Field::read("tap.rx_ring_size").unset(Unset::Number(DEFAULT_RING)).remark("at least 8"),
    Field::read("tap.tx_ring_size").unset(Unset::Number(DEFAULT_RING)),
];

pub(super) fn validate(link: &TapLink, bad: &mut Invalid) {
    let TapLink {
        version,
        host_if_name,
        to_microservice: _,
        rx_ring_size,
        tx_ring_size,
        enable_gso: _,
        enable_tunnel: _,
    } = link;
    if *version != VERSION {
        bad.push("link.tap.version", format!("{version} is not supported, only {VERSION} is"));
    }
    if host_if_name.len() > HOST_NAME_LEN {
        bad.push("link.tap.host_if_name", format!("is longer than {HOST_NAME_LEN} bytes"));
    }
    for (field, size) in
        [("link.tap.rx_ring_size", *rx_ring_size), ("link.tap.tx_ring_size", *tx_ring_size)]
    {
        if u16::try_from(size).is_err() || (size != 0 && !size.is_power_of_two()) {
            bad.push(field, format!("{size} is not a power of two below 65536"));
        }
    }
    if (1..SMALLEST_RX_RING).contains(rx_ring_size) {
        let why = format!("{rx_ring_size} is less than {SMALLEST_RX_RING}, which VPP cannot fill");
        bad.push("link.tap.rx_ring_size", why);
    }
}

pub(super) fn dependencies(link: &TapLink) -> Vec<Dependency> {
    if link.to_microservice.is_empty() {
        return Vec::new();
    }
    vec![Dependency::on("microservice-available", keys::microservice(&link.to_microservice))]
}

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    if facts.supports::<TapCreateV3>() { Ok(()) } else { facts.require::<TapCreateV2>() }
}

pub(super) fn same(name: &str, old: &TapLink, new: &TapLink) -> bool {
    normal(name, old) == normal(name, new)
}

fn normal(name: &str, link: &TapLink) -> TapLink {
    let TapLink {
        version,
        host_if_name,
        to_microservice,
        rx_ring_size,
        tx_ring_size,
        enable_gso,
        enable_tunnel,
    } = link;
    let ring = |size: u32| if size == 0 { DEFAULT_RING } else { size };
    TapLink {
        version: *version,
        host_if_name: host_name(name, host_if_name),
        to_microservice: to_microservice.clone(),
        rx_ring_size: ring(*rx_ring_size),
        tx_ring_size: ring(*tx_ring_size),
        enable_gso: *enable_gso,
        enable_tunnel: *enable_tunnel,
    }
}

fn host_name(name: &str, host_if_name: &str) -> String {
    if host_if_name.is_empty() { default_host_name(name) } else { host_if_name.to_owned() }
}

/// Name of the kernel's end if none is given: short enough for the kernel, and the same at each start.
pub(crate) fn default_host_name(name: &str) -> String {
    // FNV-1a, 32 bits.
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, b| (hash ^ u32::from(b)).wrapping_mul(0x0100_0193));
    format!("tap-{hash}")
}

pub(super) fn mtu(link: &TapLink) -> Mtu {
    if link.enable_tunnel { Mtu::Packet } else { Mtu::Hardware }
}

pub(super) async fn create(
    ctx: &VppCtx,
    interface: &Interface,
    link: &TapLink,
) -> Result<InterfaceIndex, OpError> {
    let v2 = to_vpp(&interface.name, link)?;
    if !ctx.client().supports::<TapCreateV3>() {
        return ctx.request(v2).await.map(|reply| reply.sw_if_index);
    }
    ctx.request(newer(&v2)).await.map(|reply| reply.sw_if_index)
}

pub(super) async fn delete(ctx: &VppCtx, sw_if_index: InterfaceIndex) -> Result<(), OpError> {
    let request = TapDeleteV2 { sw_if_index };
    ctx.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await.map(drop)
}

fn to_vpp(name: &str, link: &TapLink) -> Result<TapCreateV2, Invalid> {
    let TapLink {
        version: _,
        host_if_name,
        to_microservice: _,
        rx_ring_size,
        tx_ring_size,
        enable_gso,
        enable_tunnel,
    } = link;
    let ring = |field: &str, size: u32| {
        u16::try_from(size).map_err(|_| Invalid::field(field, format!("{size} is too large")))
    };
    let host_if_name = FixedString::new(&host_name(name, host_if_name))
        .map_err(|error| Invalid::field("link.tap.host_if_name", error.to_string()))?;
    Ok(TapCreateV2 {
        id: ANY_ID,
        use_random_mac: true,
        num_rx_queues: 1,
        rx_ring_sz: ring("link.tap.rx_ring_size", *rx_ring_size)?,
        tx_ring_sz: ring("link.tap.tx_ring_size", *tx_ring_size)?,
        host_if_name_set: true,
        host_if_name,
        tap_flags: TapFlags(0)
            .with_if(TapFlags::GSO, *enable_gso)
            .with_if(TapFlags::TUN, *enable_tunnel),
        ..TapCreateV2::default()
    })
}

/// The same request in the newer layout, whose numbers of queues have 16 bits.
fn newer(v2: &TapCreateV2) -> TapCreateV3 {
    TapCreateV3 {
        id: v2.id,
        use_random_mac: v2.use_random_mac,
        num_rx_queues: v2.num_rx_queues.into(),
        num_tx_queues: 1,
        rx_ring_sz: v2.rx_ring_sz,
        tx_ring_sz: v2.tx_ring_sz,
        host_if_name_set: v2.host_if_name_set,
        host_if_name: v2.host_if_name,
        tap_flags: v2.tap_flags,
        ..TapCreateV3::default()
    }
}

/// The settings of a TAP read back. `known` are those wanted, for what VPP does not know and for telling a default
/// from the same value given.
pub(crate) fn link_from_vpp(
    name: &str,
    details: &SwInterfaceTapV2Details,
    known: Option<&TapLink>,
) -> TapLink {
    let ring = |found: u16, wanted: Option<u32>| match wanted {
        Some(0) | None if u32::from(found) == DEFAULT_RING => 0,
        _ => found.into(),
    };
    let found = details.host_if_name.to_string();
    let given = known.is_some_and(|known| known.host_if_name == found);
    TapLink {
        version: VERSION,
        host_if_name: if !given && found == default_host_name(name) {
            String::new()
        } else {
            found
        },
        to_microservice: known.map(|known| known.to_microservice.clone()).unwrap_or_default(),
        rx_ring_size: ring(details.rx_ring_sz, known.map(|known| known.rx_ring_size)),
        tx_ring_size: ring(details.tx_ring_sz, known.map(|known| known.tx_ring_size)),
        enable_gso: details.tap_flags.contains(TapFlags::GSO),
        enable_tunnel: details.tap_flags.contains(TapFlags::TUN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_name_is_a_hash_the_kernel_accepts() {
        // FNV-1a of "a" and of the empty text, from the function's own test vectors.
        assert_eq!(default_host_name("a"), format!("tap-{}", 0xe40c_292c_u32));
        assert_eq!(default_host_name(""), format!("tap-{}", 0x811c_9dc5_u32));
        assert!(default_host_name("a name of any length at all").len() <= HOST_NAME_LEN);
    }

    #[test]
    fn defaults_are_the_same_given_or_not() {
        let short = TapLink { version: 2, ..TapLink::default() };
        let long =
            TapLink { host_if_name: default_host_name("t"), rx_ring_size: 256, ..short.clone() };
        assert!(same("t", &short, &long));
        assert!(!same("t", &short, &TapLink { enable_gso: true, ..short.clone() }));
    }

    #[test]
    fn what_is_made_is_read_back() {
        let link = TapLink {
            version: 2,
            host_if_name: "tap1".into(),
            to_microservice: "ms".into(),
            rx_ring_size: 512,
            tx_ring_size: 0,
            enable_gso: true,
            enable_tunnel: false,
        };
        let made = to_vpp("if1", &link).unwrap();
        let details = SwInterfaceTapV2Details {
            rx_ring_sz: made.rx_ring_sz,
            tx_ring_sz: 256,
            tap_flags: made.tap_flags,
            host_if_name: made.host_if_name,
            ..SwInterfaceTapV2Details::default()
        };
        assert_eq!(link_from_vpp("if1", &details, Some(&link)), link);
    }

    #[test]
    fn a_ring_that_hangs_vpp_is_refused() {
        let refused = |rx_ring_size, tx_ring_size| {
            let link = TapLink { version: 2, rx_ring_size, tx_ring_size, ..TapLink::default() };
            let mut bad = Invalid::default();
            validate(&link, &mut bad);
            !bad.field_names().is_empty()
        };
        assert!([1, 2, 4].into_iter().all(|size| refused(size, 0)));
        assert!(![0, 8, 256].into_iter().any(|size| refused(size, 0)) && !refused(0, 4));
    }

    #[test]
    fn bad_settings_are_named() {
        let link = TapLink {
            version: 1,
            host_if_name: "a-name-of-16-byt".into(),
            rx_ring_size: 1000,
            tx_ring_size: 65536,
            ..TapLink::default()
        };
        let mut bad = Invalid::default();
        validate(&link, &mut bad);
        let fields = ["version", "host_if_name", "rx_ring_size", "tx_ring_size"];
        assert_eq!(bad.field_names(), fields.map(|field| format!("link.tap.{field}")));
    }
}
