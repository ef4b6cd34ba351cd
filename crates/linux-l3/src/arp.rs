//! A permanent neighbour: the hardware address behind an IP address on a link. IPv6 as well.
//!
//! ```yaml
//! linuxConfig:
//!   arpEntries:
//!     - interface: veth1
//!       ip_address: 10.0.0.2           # or a reference: alloc:net1/veth2
//!       hw_address: 02:00:00:00:00:02
//! ```
//!
//! * waits for: the interface being wanted up and having an address; the allocation
//! * derives: nothing · keeps: nothing
//! * uses: `RTM_NEWNEIGH`, `RTM_DELNEIGH`, `RTM_GETNEIGH`
//!
//! Permanent neighbours that nobody has configured are reported as found and left alone. What the
//! kernel has learnt is not looked at.

use std::collections::HashMap;
use std::net::IpAddr;

use ligato_kvs_api::{
    Dependency, Descriptor, Invalid, KeyPattern, KnownValues, OpError, Origin, Retrieved, Spec,
    Update, Use,
};
use ligato_linux_ctx::keys::{self, AdminState};
use ligato_linux_ctx::{AllocRef, CtxError, LinuxCtx, LinuxFacts, RefRule};
use ligato_model::{Key, Model};
use ligato_netlink::{InvalidMac, Mac, NeighbourState};
use ligato_proto::linux::l3::ArpEntry;

use crate::place::{find, places};

/// The kind `linux-arp`.
#[derive(Debug)]
pub struct LinuxArp;

impl Descriptor for LinuxArp {
    type Value = ArpEntry;
    type Meta = ();
    type Sb = LinuxCtx;

    const SPEC: Spec = Spec {
        retrieve_after: &["netalloc-ip-address", "linux-interface"],
        uses: &[Use::kind(&["RTM_NEWNEIGH", "RTM_DELNEIGH", "RTM_GETNEIGH"])],
        ..Spec::new(
            "linux-arp",
            "A permanent neighbour of a Linux interface.",
            &[KeyPattern::new("config/linux/l3/v2/arp/{name}")],
            Some("config/linux/l3/v2/arp/"),
        )
    };

    fn validate(_: &LinuxFacts, _key: &Key, value: &ArpEntry) -> Result<(), Invalid> {
        Wanted::read(value).map(drop)
    }

    fn equivalent(_: &LinuxFacts, _key: &Key, old: &ArpEntry, new: &ArpEntry) -> bool {
        match (Wanted::read(old), Wanted::read(new)) {
            // Interface and address are in the key.
            (Ok(old), Ok(new)) => old.mac == new.mac,
            _ => old == new,
        }
    }

    fn dependencies(_: &LinuxFacts, _key: &Key, value: &ArpEntry) -> Vec<Dependency> {
        let Ok(wanted) = Wanted::read(value) else { return Vec::new() };
        let up = keys::interface_state(&wanted.interface, AdminState::Up);
        let addresses = keys::interface_address_prefix(&wanted.interface);
        let mut needed = vec![
            Dependency::on("interface-is-up", up),
            Dependency::on_any("interface-has-ip-address", [addresses]),
        ];
        if let Ip::Reference(reference) = &wanted.ip {
            needed.push(Dependency::on(value.ip_address.as_str(), reference.key()));
        }
        needed
    }

    async fn create(ctx: &LinuxCtx, _key: &Key, value: &ArpEntry) -> Result<(), OpError> {
        Ok(set(ctx, &Wanted::read(value)?).await?)
    }

    async fn update(ctx: &LinuxCtx, _key: &Key, change: Update<'_, Self>) -> Result<(), OpError> {
        Ok(set(ctx, &Wanted::read(change.new)?).await?)
    }

    async fn delete(ctx: &LinuxCtx, _key: &Key, value: &ArpEntry, (): &()) -> Result<(), OpError> {
        match remove(ctx, &Wanted::read(value)?).await {
            // Gone with the link or its namespace.
            Err(e) if e.is_namespace_gone() || e.is_absent() => Ok(()),
            other => Ok(other?),
        }
    }

    async fn retrieve(
        ctx: &LinuxCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let expected = known.iter().map(|known| known.value.clone()).collect();
        Ok(read_back(ctx, expected).await?)
    }
}

// === pure half ===

/// A neighbour that makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    interface: String,
    ip: Ip,
    mac: Mac,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Ip {
    Address(IpAddr),
    Reference(AllocRef),
}

impl Wanted {
    fn read(value: &ArpEntry) -> Result<Wanted, Invalid> {
        let ArpEntry { interface, ip_address, hw_address } = value;
        let mut invalid = Invalid::default();
        if interface.is_empty() {
            invalid.push("interface", "is not set");
        }
        let ip = read_ip(ip_address).map_err(|problem| invalid.push("ip_address", problem));
        let mac =
            hw_address.parse().map_err(|e: InvalidMac| invalid.push("hw_address", e.to_string()));
        match (ip, mac) {
            (Ok(ip), Ok(mac)) if !interface.is_empty() => {
                Ok(Wanted { interface: interface.clone(), ip, mac })
            }
            _ => Err(invalid),
        }
    }
}

/// A reference must name the interface: the neighbour's address belongs to somebody else.
fn read_ip(text: &str) -> Result<Ip, String> {
    if AllocRef::is_ref(text) {
        return AllocRef::parse(text, None, RefRule::GatewayAllowed)
            .map(Ip::Reference)
            .map_err(|e| e.to_string());
    }
    text.parse().map(Ip::Address).map_err(|_| format!("{text:?} is not an IP address"))
}

fn resolve(ctx: &LinuxCtx, ip: &Ip) -> Result<IpAddr, CtxError> {
    match ip {
        Ip::Address(ip) => Ok(*ip),
        Ip::Reference(reference) => Ok(ctx.allocated(reference)?.addr()),
    }
}

// === effect half ===

async fn set(ctx: &LinuxCtx, wanted: &Wanted) -> Result<(), CtxError> {
    let ip = resolve(ctx, &wanted.ip)?;
    let (netlink, link, _) = find(ctx, &wanted.interface).await?;
    Ok(netlink.set_neighbour(&link, ip, wanted.mac).await?)
}

async fn remove(ctx: &LinuxCtx, wanted: &Wanted) -> Result<(), CtxError> {
    let Ok(ip) = resolve(ctx, &wanted.ip) else { return Ok(()) };
    if ctx.interface(&wanted.interface).is_err() {
        return Ok(());
    }
    let (netlink, link, _) = find(ctx, &wanted.interface).await?;
    Ok(netlink.delete_neighbour(&link, ip).await?)
}

async fn read_back(
    ctx: &LinuxCtx,
    expected: Vec<ArpEntry>,
) -> Result<Vec<Retrieved<LinuxArp>>, CtxError> {
    // How the configuration spells an address, if it is a reference or not in canonical form.
    let mut spelled: HashMap<(String, IpAddr), String> = HashMap::new();
    for value in expected {
        if let Ok(wanted) = Wanted::read(&value)
            && let Ok(ip) = resolve(ctx, &wanted.ip)
        {
            spelled.insert((wanted.interface, ip), value.ip_address);
        }
    }
    let mut found = Vec::new();
    for place in places(ctx).await? {
        for neighbour in place.netlink.neighbours().await? {
            let (Some(here), Some(mac), NeighbourState::Permanent) =
                (place.interfaces.get(&neighbour.link), neighbour.mac, neighbour.state)
            else {
                continue;
            };
            let known = spelled.get(&(here.name.clone(), neighbour.ip)).cloned();
            let value = ArpEntry {
                interface: here.name.clone(),
                ip_address: known.unwrap_or_else(|| neighbour.ip.to_string()),
                hw_address: mac.to_string(),
            };
            found.push(Retrieved { key: value.key(), value, meta: (), origin: Origin::Unknown });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(interface: &str, ip: &str, mac: &str) -> ArpEntry {
        ArpEntry { interface: interface.into(), ip_address: ip.into(), hw_address: mac.into() }
    }

    const MAC: &str = "02:00:00:00:00:02";

    #[test]
    fn bad_fields_are_named() {
        let bad = |value: &ArpEntry| match Wanted::read(value) {
            Ok(_) => Vec::new(),
            Err(invalid) => invalid.field_names(),
        };
        for good in [
            entry("if1", "10.0.0.2", MAC),
            entry("if1", "2001:db8::2", MAC),
            entry("if1", "alloc:net1/if2", MAC),
            entry("if1", "alloc:net1/if2/GW", MAC),
        ] {
            assert!(bad(&good).is_empty(), "{good:?}");
        }
        for (value, fields) in [
            (entry("", "10.0.0.2", MAC), vec!["interface"]),
            (entry("if1", "10.0.0", MAC), vec!["ip_address"]),
            (entry("if1", "alloc:net1", MAC), vec!["ip_address"]),
            (entry("if1", "10.0.0.2", ""), vec!["hw_address"]),
            (entry("", "", "x"), vec!["interface", "ip_address", "hw_address"]),
        ] {
            assert_eq!(bad(&value), fields, "{value:?}");
        }
    }

    #[test]
    fn hardware_addresses_are_compared_without_case() {
        let equal = |a: &str, b: &str| {
            let (a, b) = (entry("if1", "10.0.0.2", a), entry("if1", "10.0.0.2", b));
            LinuxArp::equivalent(&LinuxFacts::default(), &a.key(), &a, &b)
        };
        assert!(equal("aa:bb:cc:dd:ee:ff", "AA:BB:CC:DD:EE:FF"));
        assert!(!equal("aa:bb:cc:dd:ee:ff", "aa:bb:cc:dd:ee:00"));
    }

    #[test]
    fn what_it_waits_for() {
        let value = entry("if1", "alloc:net1/if2", MAC);
        let needs: Vec<String> =
            LinuxArp::dependencies(&LinuxFacts::default(), &value.key(), &value)
                .into_iter()
                .map(|d| format!("{} {}", d.label, d.target))
                .collect();
        assert_eq!(
            needs,
            [
                "interface-is-up linux/interface/state/if1/UP",
                "interface-has-ip-address linux/interface/if1/address/*",
                "alloc:net1/if2 config/netalloc/v1/ip/network/net1/interface/if2",
            ]
        );
    }
}
