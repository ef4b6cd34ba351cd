//! One address of an interface; derived from it.
//!
//! ```yaml
//! ip_addresses: ["192.168.1.1/24", "2001:db8::1/64"]   # two values
//! ```
//!
//! Waits for the interface being assigned to a VRF, since VPP refuses to move an interface that has addresses; a
//! reference to an allocated address waits for the allocation. Not read back by itself: what the interface is found
//! with is what there is. Messages: `sw_interface_add_del_address`.

use std::net::IpAddr;

use ligato_kvs_api::{Change, Dependency, Descriptor, Invalid, OpError, Spec, Use};
use ligato_model::{Key, Model};
use ligato_proto::netalloc::IpAllocation;
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::interface::SwInterfaceAddDelAddress;
use ligato_vpp_ctx::{Facts, VppCtx, address};

use crate::keys;

/// The kind `vpp-interface-address`.
#[derive(Debug, Clone, Copy)]
pub struct InterfaceAddress;

impl Descriptor for InterfaceAddress {
    type Value = ();
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        change: Change::Recreate,
        retrievable: false,
        uses: &[Use::kind(&["sw_interface_add_del_address"])],
        ..Spec::new(
            "vpp-interface-address",
            "An address of a VPP interface.",
            &[keys::STATIC_ADDRESS, keys::ALLOCATED_ADDRESS],
            None,
        )
    };

    fn validate(_facts: &Facts, key: &Key, _value: &()) -> Result<(), Invalid> {
        let (_, text) = parse(key)?;
        if address::is_allocated(text) {
            return match reference(text) {
                Some(reference) if !reference.gateway => Ok(()),
                Some(_) => Err(bad(format!("{text:?} is a gateway, not an address of its own"))),
                None => Err(bad(format!("{text:?} is not a reference to an allocation"))),
            };
        }
        address::parse_network(text).map(drop).map_err(|error| bad(error.to_string()))
    }

    fn dependencies(_facts: &Facts, key: &Key, _value: &()) -> Vec<Dependency> {
        let Ok((interface, text)) = parse(key) else { return Vec::new() };
        let mut needs = vec![Dependency::on_any(
            "interface-assigned-to-vrf-table",
            [keys::vrf_prefix(interface)],
        )];
        if let Some(reference) = reference(text) {
            let interface = reference.interface.unwrap_or(interface);
            let name = format!("network/{}/interface/{interface}", reference.network);
            needs.push(Dependency::on(text, IpAllocation::key_of(&name)));
        }
        needs
    }

    async fn create(sb: &VppCtx, key: &Key, _value: &()) -> Result<(), OpError> {
        let (interface, text) = parse(key)?;
        if address::is_allocated(text) {
            return Err(OpError::Unsupported("allocated addresses".into()));
        }
        let request = add_del(sb, interface, text, Op::Add)?;
        sb.request(request).await.map(drop)
    }

    async fn delete(sb: &VppCtx, key: &Key, _value: &(), _meta: &()) -> Result<(), OpError> {
        let (interface, text) = parse(key)?;
        // VPP takes the link-local address back by itself, with the last other one.
        if address::parse_network(text).is_ok_and(|network| is_link_local(network.addr())) {
            return Ok(());
        }
        let request = add_del(sb, interface, text, Op::Delete)?;
        let gone = [Code::ADDRESS_NOT_FOUND_FOR_INTERFACE, Code::INVALID_SW_IF_INDEX];
        sb.request_unless(request, &gone).await.map(drop)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Add,
    Delete,
}

fn add_del(
    sb: &VppCtx,
    interface: &str,
    text: &str,
    op: Op,
) -> Result<SwInterfaceAddDelAddress, OpError> {
    let network = address::parse_network(text).map_err(|error| bad(error.to_string()))?;
    Ok(SwInterfaceAddDelAddress {
        sw_if_index: sb.sw_if_index(interface)?,
        is_add: op == Op::Add,
        del_all: false,
        prefix: address::with_prefix(network),
    })
}

fn bad(problem: String) -> Invalid {
    Invalid::field("ip_addresses", problem)
}

fn parse(key: &Key) -> Result<(&str, &str), Invalid> {
    let parts = keys::STATIC_ADDRESS.parse(key).or_else(|| keys::ALLOCATED_ADDRESS.parse(key));
    match parts.as_deref() {
        Some(&[interface, address]) => Ok((interface, address)),
        _ => Err(Invalid::value(format!("{key} is not the key of an address"))),
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(_) => false,
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// `alloc:<network>[/<interface>][/GW]`.
struct Reference<'a> {
    network: &'a str,
    interface: Option<&'a str>,
    gateway: bool,
}

fn reference(text: &str) -> Option<Reference<'_>> {
    let rest = text.strip_prefix("alloc:")?;
    let (rest, gateway) = match rest.strip_suffix("/GW") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (network, interface) = match rest.split_once('/') {
        Some((network, interface)) => (network, Some(interface)),
        None => (rest, None),
    };
    let complete = !network.is_empty() && interface != Some("");
    complete.then_some(Reference { network, interface, gateway })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        let check =
            |text| InterfaceAddress::validate(&Facts::default(), &keys::address("if1", text), &());
        for good in ["10.0.0.1/24", "10.0.0.1", "2001:db8::1/64", "alloc:net1", "alloc:net1/if1"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["10.0.0.1/33", "10.0.0", "alloc:", "alloc:net1/GW", "alloc:net1/"] {
            let invalid = check(bad).unwrap_err();
            assert_eq!(invalid.field_names(), ["ip_addresses"], "{bad}");
        }
    }

    #[test]
    fn an_address_waits_for_the_vrf_and_a_reference_for_its_allocation() {
        let labels = |text| {
            let key = keys::address("if1", text);
            let needs = InterfaceAddress::dependencies(&Facts::default(), &key, &());
            needs.iter().map(|need| format!("{}: {}", need.label, need.target)).collect::<Vec<_>>()
        };
        let vrf = "interface-assigned-to-vrf-table: vpp/interface/if1/vrf/*";
        assert_eq!(labels("10.0.0.1/24"), [vrf]);
        assert_eq!(
            labels("alloc:net1"),
            [vrf, "alloc:net1: config/netalloc/v1/ip/network/net1/interface/if1"]
        );
    }
}
