//! Mellanox cards that stay with the kernel. Messages: `rdma_create_v4` (24.02 and later) or `rdma_create_v3`,
//! `rdma_delete`.
//!
//! VPP tells nothing of what a card was taken over with: for one of the right name it is taken to be as wanted. A plugin has
//! these messages that not every VPP is built with.

use ligato_kvs_api::{Dependency, Field, Invalid, OpError, Unset};
use ligato_proto::vpp::interfaces::{RdmaLink, rdma_link::Mode};
use ligato_vpp_api::msg::rdma::{
    RdmaCreateV3, RdmaCreateV4, RdmaDelete, RdmaMode, RdmaRss4, RdmaRss6,
};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_api::{FixedString, VppError as Code};
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys;

/// What is taken for a size of 0.
const DEFAULT_SIZE: u32 = 1024;
/// VPP handles that many packets at once, and takes no shorter queues.
const MIN_SIZE: u32 = 256;

/// What is said of its fields.
pub(crate) const FIELDS: &[Field] = &[
    Field::kept("rdma", "no message of VPP tells it"),
    Field::read("rdma.rxq_num").unset(Unset::Number(1)),
    Field::read("rdma.rxq_size").unset(Unset::Number(DEFAULT_SIZE)),
    Field::read("rdma.txq_size").unset(Unset::Number(DEFAULT_SIZE)),
];

pub(super) fn validate(link: &RdmaLink, bad: &mut Invalid) {
    let RdmaLink { host_if_name, mode, rxq_num, rxq_size, txq_size } = link;
    if host_if_name.is_empty() {
        bad.push("link.rdma.host_if_name", "is empty");
    } else if FixedString::<64>::new(host_if_name).is_err() {
        bad.push("link.rdma.host_if_name", "is longer than 63 bytes");
    }
    if Mode::try_from(*mode).is_err() {
        bad.push("link.rdma.mode", format!("{mode} is not a mode"));
    }
    if u16::try_from(*rxq_num).is_err() {
        bad.push("link.rdma.rxq_num", format!("{rxq_num} is above 65535"));
    }
    for (field, size) in [("link.rdma.rxq_size", *rxq_size), ("link.rdma.txq_size", *txq_size)] {
        let fits = u16::try_from(size).is_ok() && size.is_power_of_two() && size >= MIN_SIZE;
        if size != 0 && !fits {
            let problem = format!("{size} is not a power of two from {MIN_SIZE} to 32768");
            bad.push(field, problem);
        }
    }
}

pub(super) fn dependencies(facts: &Facts, link: &RdmaLink) -> Vec<Dependency> {
    if !facts.settings.linux_interfaces {
        return Vec::new();
    }
    vec![Dependency::on("rdma-host-interface-exists", keys::linux_host_name(&link.host_if_name))]
}

pub(super) fn supported(facts: &Facts) -> Result<(), OpError> {
    if facts.supports::<RdmaCreateV4>() { Ok(()) } else { facts.require::<RdmaCreateV3>() }
}

pub(super) fn same(old: &RdmaLink, new: &RdmaLink) -> bool {
    let or = |value: u32, default: u32| if value == 0 { default } else { value };
    let normal = |link: &RdmaLink| RdmaLink {
        rxq_num: or(link.rxq_num, 1),
        rxq_size: or(link.rxq_size, DEFAULT_SIZE),
        txq_size: or(link.txq_size, DEFAULT_SIZE),
        ..link.clone()
    };
    normal(old) == normal(new)
}

pub(super) async fn create(
    ctx: &VppCtx,
    name: &str,
    link: &RdmaLink,
) -> Result<InterfaceIndex, OpError> {
    let request = to_vpp(name, link)?;
    if ctx.client().supports::<RdmaCreateV4>() {
        return ctx.request(request).await.map(|reply| reply.sw_if_index);
    }
    ctx.request(older(&request)).await.map(|reply| reply.sw_if_index)
}

pub(super) async fn delete(ctx: &VppCtx, sw_if_index: InterfaceIndex) -> Result<(), OpError> {
    let request = RdmaDelete { sw_if_index };
    ctx.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await.map(drop)
}

// === to VPP ===

fn to_vpp(name: &str, link: &RdmaLink) -> Result<RdmaCreateV4, Invalid> {
    let RdmaLink { host_if_name, mode: _, rxq_num, rxq_size, txq_size } = link;
    let small = |field: &str, number: u32| {
        u16::try_from(number).map_err(|_| Invalid::field(field, format!("{number} is too large")))
    };
    let text = |field: &str, text: &str| {
        FixedString::new(text).map_err(|error| Invalid::field(field, error.to_string()))
    };
    Ok(RdmaCreateV4 {
        host_if: text("link.rdma.host_if_name", host_if_name)?,
        name: text("name", name)?,
        rxq_num: small("link.rdma.rxq_num", (*rxq_num).max(1))?,
        rxq_size: small("link.rdma.rxq_size", *rxq_size)?,
        txq_size: small("link.rdma.txq_size", *txq_size)?,
        mode: match link.mode() {
            Mode::Auto => RdmaMode::AUTO,
            Mode::Ibv => RdmaMode::IBV,
            Mode::Dv => RdmaMode::DV,
        },
        no_multi_seg: false,
        max_pktlen: 0,
        rss4: RdmaRss4::AUTO,
        rss6: RdmaRss6::AUTO,
    })
}

/// The same request under its older name.
fn older(request: &RdmaCreateV4) -> RdmaCreateV3 {
    let RdmaCreateV4 {
        host_if,
        name,
        rxq_num,
        rxq_size,
        txq_size,
        mode,
        no_multi_seg,
        max_pktlen,
        rss4,
        rss6,
    } = request;
    RdmaCreateV3 {
        host_if: *host_if,
        name: *name,
        rxq_num: *rxq_num,
        rxq_size: *rxq_size,
        txq_size: *txq_size,
        mode: *mode,
        no_multi_seg: *no_multi_seg,
        max_pktlen: *max_pktlen,
        rss4: *rss4,
        rss6: *rss6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_go_to_vpp_with_the_name() {
        let link = RdmaLink {
            host_if_name: "mlx0".into(),
            mode: Mode::Dv.into(),
            rxq_num: 0,
            rxq_size: 512,
            txq_size: 0,
        };
        let made = to_vpp("rdma1", &link).unwrap();
        assert_eq!(
            (made.host_if, made.name),
            (FixedString::new("mlx0").unwrap(), FixedString::new("rdma1").unwrap())
        );
        assert_eq!(
            (made.rxq_num, made.rxq_size, made.txq_size, made.mode),
            (1, 512, 0, RdmaMode::DV)
        );
        assert!(same(&link, &RdmaLink { rxq_num: 1, txq_size: 1024, ..link.clone() }));
        assert!(!same(&link, &RdmaLink { mode: 0, ..link.clone() }));
    }

    #[test]
    fn bad_settings_are_named() {
        let link = RdmaLink {
            host_if_name: String::new(),
            mode: 9,
            rxq_num: 65536,
            rxq_size: 128,
            txq_size: 1000,
        };
        let mut bad = Invalid::default();
        validate(&link, &mut bad);
        let fields = ["host_if_name", "mode", "rxq_num", "rxq_size", "txq_size"];
        assert_eq!(bad.field_names(), fields.map(|field| format!("link.rdma.{field}")));
    }
}
