//! `tapv2.api`

use ligato_vpp_api::msg::tapv2::{
    SwInterfaceTapV2Details, SwInterfaceTapV2Dump, TapCreateV2, TapCreateV2Reply, TapCreateV3,
    TapCreateV3Reply, TapDeleteV2, TapFlags,
};
use ligato_vpp_api::types::{
    InterfaceIndex, Ip4Address, Ip4AddressWithPrefix, Ip4Prefix, Ip6Address, Ip6AddressWithPrefix,
    Ip6Prefix, MacAddress,
};

use super::{given_mac, index_or, text};
use crate::registry::Details;
use crate::state::retval::{Outcome, code};
use crate::state::{Tap, TapSpec, Vpp};

/// Both messages have the same fields apart from the width and number of queue counts.
macro_rules! spec {
    ($m:expr) => {
        TapSpec {
            id: InterfaceIndex($m.id).some().map(|id| id.0),
            first_id: 0,
            mac: (!$m.use_random_mac).then_some($m.mac_address.0),
            rx_queues: u16::from($m.num_rx_queues),
            tx_ring_size: $m.tx_ring_sz,
            rx_ring_size: $m.rx_ring_sz,
            flags: $m.tap_flags.0,
            host_mtu: $m.host_mtu_set.then_some($m.host_mtu_size),
            host_mac: given_mac($m.host_mac_addr).filter(|_| $m.host_mac_addr_set),
            host_ip4: $m
                .host_ip4_prefix_set
                .then_some(($m.host_ip4_prefix.0.address.0, $m.host_ip4_prefix.0.len)),
            host_ip6: $m
                .host_ip6_prefix_set
                .then_some(($m.host_ip6_prefix.0.address.0, $m.host_ip6_prefix.0.len)),
            host_namespace: $m.host_namespace_set.then(|| $m.host_namespace.to_str().into_owned()),
            host_name: $m.host_if_name_set.then(|| $m.host_if_name.to_str().into_owned()),
            host_bridge: $m.host_bridge_set.then(|| $m.host_bridge.to_str().into_owned()),
            tag: $m.tag.clone(),
        }
    };
}

pub(crate) fn create_v2(vpp: &mut Vpp, m: &TapCreateV2) -> TapCreateV2Reply {
    let outcome = vpp.create_tap(spec!(m));
    TapCreateV2Reply { retval: code(&outcome), sw_if_index: index_or(&outcome, u32::MAX) }
}

pub(crate) fn create_v3(vpp: &mut Vpp, m: &TapCreateV3) -> TapCreateV3Reply {
    let outcome = vpp.create_tap(spec!(m));
    TapCreateV3Reply { retval: code(&outcome), sw_if_index: index_or(&outcome, u32::MAX) }
}

pub(crate) fn delete(vpp: &mut Vpp, m: &TapDeleteV2) -> Outcome {
    vpp.delete_tap(m.sw_if_index.0)
}

pub(crate) fn dump(
    vpp: &Vpp,
    m: &SwInterfaceTapV2Dump,
    details: &mut Details<'_, SwInterfaceTapV2Details>,
) {
    for tap in vpp.taps.iter() {
        if m.sw_if_index.some().is_none_or(|index| index.0 == tap.sw_if_index) {
            details.send(&describe(vpp, tap));
        }
    }
}

fn describe(vpp: &Vpp, tap: &Tap) -> SwInterfaceTapV2Details {
    let name = vpp.interfaces.get(tap.sw_if_index).map(|i| i.name.as_str()).unwrap_or_default();
    let spec = &tap.spec;
    let ip4 = spec.host_ip4.map(|(a, len)| Ip4Prefix { address: Ip4Address(a), len });
    let ip6 = spec.host_ip6.map(|(a, len)| Ip6Prefix { address: Ip6Address(a), len });
    SwInterfaceTapV2Details {
        sw_if_index: tap.sw_if_index,
        id: tap.id,
        tx_ring_sz: tap.tx_ring_size(),
        rx_ring_sz: tap.rx_ring_size(),
        host_mtu_size: spec.host_mtu.unwrap_or_default(),
        host_mac_addr: MacAddress(tap.host_mac),
        host_ip4_prefix: Ip4AddressWithPrefix(ip4.unwrap_or_default()),
        host_ip6_prefix: Ip6AddressWithPrefix(ip6.unwrap_or_default()),
        tap_flags: TapFlags(spec.flags),
        dev_name: text(name),
        host_if_name: text(&tap.host_name),
        host_namespace: text(spec.host_namespace.as_deref().unwrap_or_default()),
        host_bridge: text(spec.host_bridge.as_deref().unwrap_or_default()),
    }
}
