//! One address of an interface.
//!
//! Derived from `ip_addresses` of an interface, never configured by itself:
//!
//! ```yaml
//! ip_addresses:
//!   - 10.0.0.1/24        # key linux/interface/NAME/address/static/10.0.0.1/24
//!   - alloc:net1         # key linux/interface/NAME/address/alloc_ref/alloc:net1
//! ```
//!
//! * waits for: membership in the VRF (the kernel drops IPv6 addresses when that changes), the
//!   allocation, and for an existing interface with `link_only` the address itself
//! * derives: nothing · keeps: nothing
//! * uses: `RTM_NEWADDR`, `RTM_DELADDR`, sysctl `net.ipv6.conf.IF.disable_ipv6`

use ipnet::IpNet;
use ligato_kvs_api::{Change, Dependency, Descriptor, Invalid, KeyPattern, OpError, Spec, Use};
use ligato_linux_ctx::keys::{self, AddressSource};
use ligato_linux_ctx::{AllocRef, CtxError, LinuxCtx, LinuxFacts, RefRule};
use ligato_model::Key;
use ligato_netlink::{Link, Netlink, read_sysctl, write_sysctl};
use ligato_proto::linux::interfaces::Interface;
use tracing::warn;

/// The kind `linux-interface-address`.
#[derive(Debug)]
pub struct InterfaceAddress;

impl Descriptor for InterfaceAddress {
    /// The interface, reduced to what matters here, with this one address.
    type Value = Interface;
    type Meta = ();
    type Sb = LinuxCtx;

    const SPEC: Spec = Spec {
        // What it is, is in its key.
        change: Change::Recreate,
        retrievable: false,
        uses: &[Use::kind(&["RTM_NEWADDR", "RTM_DELADDR"])],
        ..Spec::new(
            "linux-interface-address",
            "One address of a Linux interface.",
            &[KeyPattern::new("linux/interface/{interface}/address/{source}/{address}")],
            None,
        )
    };

    fn validate(_: &LinuxFacts, key: &Key, _value: &Interface) -> Result<(), Invalid> {
        match parse(key)?.address {
            AddressText::Net(_) | AddressText::Reference(_) => Ok(()),
        }
    }

    fn equivalent(_: &LinuxFacts, _key: &Key, _old: &Interface, _new: &Interface) -> bool {
        true
    }

    fn dependencies(_: &LinuxFacts, key: &Key, value: &Interface) -> Vec<Dependency> {
        let Ok(parsed) = parse(key) else { return Vec::new() };
        let mut needed = Vec::new();
        if !value.vrf_master_interface.is_empty() {
            let vrf = keys::interface_vrf(parsed.interface, &value.vrf_master_interface);
            needed.push(Dependency::on("interface-assigned-to-vrf", vrf));
        }
        match &parsed.address {
            AddressText::Reference(reference) => {
                needed.push(Dependency::on(parsed.text, reference.key()));
            }
            AddressText::Net(_) if parsed.source == AddressSource::Existing => {
                let host = if value.host_if_name.is_empty() {
                    parsed.interface
                } else {
                    &value.host_if_name
                };
                let address = keys::host_address_text(host, parsed.text);
                needed.push(Dependency::on("address-assigned-to-interface", address));
            }
            AddressText::Net(_) => {}
        }
        needed
    }

    async fn create(ctx: &LinuxCtx, key: &Key, _value: &Interface) -> Result<(), OpError> {
        let parsed = parse(key)?;
        if parsed.source != AddressSource::Existing {
            add(ctx, parsed.interface, parsed.address.resolve(ctx)?).await?;
        }
        Ok(())
    }

    async fn delete(ctx: &LinuxCtx, key: &Key, _value: &Interface, (): &()) -> Result<(), OpError> {
        let parsed = parse(key)?;
        if parsed.source == AddressSource::Existing {
            return Ok(());
        }
        // An allocation that is gone was resolved by nobody, so nothing was assigned.
        let Ok(net) = parsed.address.resolve(ctx) else { return Ok(()) };
        match remove(ctx, parsed.interface, net).await {
            Err(e) if !e.is_namespace_gone() && !e.is_absent() => Err(e.into()),
            _ => Ok(()),
        }
    }
}

// === pure half ===

/// What the key says.
struct Parsed<'a> {
    interface: &'a str,
    source: AddressSource,
    text: &'a str,
    address: AddressText,
}

enum AddressText {
    Net(IpNet),
    Reference(AllocRef),
}

impl AddressText {
    fn resolve(&self, ctx: &LinuxCtx) -> Result<IpNet, CtxError> {
        match self {
            AddressText::Net(net) => Ok(*net),
            AddressText::Reference(reference) => ctx.allocated(reference),
        }
    }
}

fn parse(key: &Key) -> Result<Parsed<'_>, Invalid> {
    let Some((interface, source, text)) = keys::parse_interface_address(key) else {
        return Err(Invalid::value(format!("{key} is not the key of an address")));
    };
    let address = if AllocRef::is_ref(text) {
        AllocRef::parse(text, Some(interface), RefRule::GatewayUnexpected)
            .map(AddressText::Reference)
            .map_err(|e| Invalid::field("ip_addresses", e.to_string()))
    } else {
        text.parse().map(AddressText::Net).map_err(|_| {
            let problem = format!("{text:?} is not an address with mask");
            Invalid::field("ip_addresses", problem)
        })
    };
    Ok(Parsed { interface, source, text, address: address? })
}

// === effect half ===

async fn add(ctx: &LinuxCtx, interface: &str, net: IpNet) -> Result<(), CtxError> {
    let meta = ctx.interface(interface)?;
    let netlink = ctx.enter(&meta.namespace).await?;
    let link = netlink.link(&meta.host_name).await?;
    if matches!(net, IpNet::V6(_)) {
        for name in ["lo", &meta.host_name] {
            enable_ipv6(&netlink, name).await?;
        }
    }
    match netlink.add_address(&link, net).await {
        Err(e) if !e.is_exists() => Err(e.into()),
        _ => Ok(()),
    }
}

async fn remove(ctx: &LinuxCtx, interface: &str, net: IpNet) -> Result<(), CtxError> {
    // Without the interface there is no address of it.
    let Ok(meta) = ctx.interface(interface) else { return Ok(()) };
    let netlink = ctx.enter(&meta.namespace).await?;
    let link = netlink.link(&meta.host_name).await?;
    let siblings = siblings(&netlink, &link, net).await?;
    netlink.delete_address(&link, net).await?;
    for sibling in siblings {
        match netlink.add_address(&link, sibling).await {
            Err(e) if !e.is_exists() => return Err(e.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Other IPv4 addresses of the same subnet. With the first of them the kernel removes them all
/// (unless the sysctl `promote_secondaries` is set), which nobody has asked for.
async fn siblings(netlink: &Netlink, link: &Link, net: IpNet) -> Result<Vec<IpNet>, CtxError> {
    if net.addr().is_ipv6() {
        return Ok(Vec::new());
    }
    let addresses = netlink.addresses().await?.into_iter();
    let here = addresses.filter(|a| a.link == link.index && a.net != net);
    Ok(here.map(|a| a.net).filter(|other| other.trunc() == net.trunc()).collect())
}

/// Containers often begin with IPv6 switched off.
async fn enable_ipv6(netlink: &Netlink, link: &str) -> Result<(), CtxError> {
    let name = ["net", "ipv6", "conf", link, "disable_ipv6"];
    match read_sysctl(netlink.namespace(), &name).await {
        Ok(value) if value == "0" => Ok(()),
        Ok(_) => Ok(write_sysctl(netlink.namespace(), &name, "0").await?),
        Err(error) => {
            warn!(%error, "whether IPv6 is enabled is not known");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use ligato_kvs_api::Target;

    use super::*;

    fn needs(key: &str, value: &Interface) -> Vec<(String, String)> {
        InterfaceAddress::dependencies(&LinuxFacts::default(), &key.into(), value)
            .into_iter()
            .map(|d| match d.target {
                Target::Key(key) => (d.label.to_string(), key.to_string()),
                other => panic!("unexpected {other}"),
            })
            .collect()
    }

    fn pair(label: &str, key: &str) -> (String, String) {
        (label.to_owned(), key.to_owned())
    }

    #[test]
    fn what_it_waits_for() {
        let plain = Interface { name: "if1".into(), ..Interface::default() };
        assert!(needs("linux/interface/if1/address/static/10.0.0.1/24", &plain).is_empty());
        let in_vrf = Interface { vrf_master_interface: "vrf1".into(), ..plain.clone() };
        assert_eq!(
            needs("linux/interface/if1/address/static/10.0.0.1/24", &in_vrf),
            [pair("interface-assigned-to-vrf", "linux/interface/if1/vrf/vrf1")]
        );
        assert_eq!(
            needs("linux/interface/if1/address/alloc_ref/alloc:net1", &plain),
            [pair("alloc:net1", "config/netalloc/v1/ip/network/net1/interface/if1")]
        );
        let named = Interface { host_if_name: "eth0".into(), ..plain };
        assert_eq!(
            needs("linux/interface/if1/address/existing/10.0.0.1/24", &named),
            [pair(
                "address-assigned-to-interface",
                "linux/interface/host-name/eth0/address/10.0.0.1/24"
            )]
        );
    }

    #[test]
    fn what_is_invalid() {
        let facts = LinuxFacts::default();
        let check = |key: &str| {
            InterfaceAddress::validate(&facts, &key.into(), &Interface::default())
                .map_err(|e| e.to_string())
        };
        assert_eq!(check("linux/interface/if1/address/static/2001:db8::1/64"), Ok(()));
        for (key, problem) in [
            ("linux/interface/if1/address/static/10.0.0.1", "is not an address with mask"),
            ("linux/interface/if1/address/static/10.0.0.300/24", "is not an address with mask"),
            ("linux/interface/if1/address/alloc_ref/alloc:net1/GW", "must not refer to a gateway"),
            ("linux/interface/if1/address/alloc_ref/alloc:net1/if2", "names another interface"),
            ("linux/interface/if1/address", "is not the key of an address"),
        ] {
            let said = check(key).unwrap_err();
            assert!(said.contains(problem), "{key}: {said}");
        }
    }
}
