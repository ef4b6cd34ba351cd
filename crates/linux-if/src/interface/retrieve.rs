//! Reading interfaces back: which links are ours, and what a configuration of them would say.

use std::collections::{BTreeMap, HashMap};

use futures::{StreamExt, stream};
use ipnet::IpNet;
use ligato_kvs_api::{Origin, Retrieved};
use ligato_linux_ctx::{AllocRef, CtxError, InterfaceMeta, LinuxCtx, NetNs, RefRule, alias};
use ligato_model::Model;
use ligato_netlink::{ChecksumOffload, Link, LinkKind, NamespaceId, Netlink, Offload};
use ligato_proto::linux::interfaces::interface::{Link as LinkOf, Type};
use ligato_proto::linux::interfaces::veth_link::ChecksumOffloading;
use ligato_proto::linux::interfaces::{Interface, TapLink, VethLink, VrfDevLink};
use tracing::warn;

use super::LinuxInterface;
use super::relocate::is_own;
use super::veth::parked_name;
use super::wanted::host_name;

/// So many namespaces are read at the same time.
const NAMESPACES_AT_ONCE: usize = 10;

/// What was found in one namespace.
#[derive(Debug)]
pub(super) struct View {
    /// All the ways in which it is referred to; the first is the one for what nobody expects.
    pub(super) references: Vec<NetNs>,
    pub(super) links: Vec<Link>,
    /// Addresses by link index, without link-local ones.
    pub(super) addresses: HashMap<u32, Vec<IpNet>>,
    /// Of our veth ends, by link index.
    pub(super) offload: HashMap<u32, ChecksumOffload>,
}

impl View {
    fn is_home(&self) -> bool {
        self.references.contains(&NetNs::Default)
    }
}

/// An interface that was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) value: Interface,
    pub(super) meta: InterfaceMeta,
}

/// What is expected, by logical name.
pub(super) type Expected = BTreeMap<String, Interface>;

/// Gives the address that an expected text stands for.
pub(super) type Resolve<'a> = &'a (dyn Fn(&str, &str) -> Option<IpNet> + Sync);

/// Reads back all interfaces.
pub(super) async fn all(
    ctx: &LinuxCtx,
    expected: Vec<Interface>,
) -> Result<Vec<Retrieved<LinuxInterface>>, CtxError> {
    let expected: Expected = expected.into_iter().map(|i| (i.name.clone(), i)).collect();
    let views = look_around(ctx, &expected).await?;
    let resolve = |interface: &str, text: &str| resolve(ctx, interface, text);
    let found = interpret(ctx.alias_prefix(), &expected, &views, &resolve);
    Ok(found
        .into_iter()
        .map(|Found { value, meta }| Retrieved {
            key: Interface::key_of(&value.name),
            value,
            meta,
            origin: Origin::Nb,
        })
        .collect())
}

fn resolve(ctx: &LinuxCtx, interface: &str, text: &str) -> Option<IpNet> {
    if !AllocRef::is_ref(text) {
        return text.parse().ok();
    }
    let reference = AllocRef::parse(text, Some(interface), RefRule::GatewayUnexpected).ok()?;
    ctx.allocated(&reference).ok()
}

// === reading ===

/// Reads the default namespace and every namespace in which something is expected, each once
/// however many names it has.
async fn look_around(ctx: &LinuxCtx, expected: &Expected) -> Result<Vec<View>, CtxError> {
    let home = ctx.default_namespace().await?;
    let mut order = vec![home.namespace().id()];
    let mut places: HashMap<NamespaceId, (Netlink, Vec<NetNs>)> =
        HashMap::from([(home.namespace().id(), (home, vec![NetNs::Default]))]);
    let mut references: Vec<NetNs> =
        expected.values().filter_map(|i| NetNs::from_proto(i.namespace.as_ref()).ok()).collect();
    references.sort();
    references.dedup();
    for reference in references.into_iter().filter(|reference| *reference != NetNs::Default) {
        match ctx.enter(&reference).await {
            Ok(netlink) => {
                let id = netlink.namespace().id();
                let place = places.entry(id).or_insert_with(|| {
                    order.push(id);
                    (netlink, Vec::new())
                });
                place.1.push(reference);
            }
            // What is in there does not exist for now.
            Err(error) if error.is_namespace_gone() => {}
            Err(error) => warn!(%error, "a namespace is left out of the read-back"),
        }
    }
    let places = order.into_iter().filter_map(|id| places.remove(&id)).collect::<Vec<_>>();
    let prefix = ctx.alias_prefix();
    let read = |(netlink, references)| async move { look_at(&netlink, references, prefix).await };
    let views: Vec<_> = stream::iter(places).map(read).buffered(NAMESPACES_AT_ONCE).collect().await;
    views.into_iter().collect()
}

async fn look_at(
    netlink: &Netlink,
    references: Vec<NetNs>,
    prefix: &str,
) -> Result<View, CtxError> {
    let links = netlink.links().await?;
    let mut addresses: HashMap<u32, Vec<IpNet>> = HashMap::new();
    for address in netlink.addresses().await?.into_iter().filter(|a| !a.is_link_local()) {
        addresses.entry(address.link).or_default().push(address.net);
    }
    let ends: Vec<&Link> =
        links.iter().filter(|l| l.kind == LinkKind::Veth && is_own(l, prefix)).collect();
    let mut offload = HashMap::new();
    if !ends.is_empty() {
        let names = ends.iter().map(|link| link.name.clone()).collect();
        let read = ligato_netlink::checksum_offload(netlink.namespace(), names).await?;
        let pairs = ends.iter().zip(read);
        offload.extend(pairs.filter_map(|(link, read)| Some((link.index, read?))));
    }
    Ok(View { references, links, addresses, offload })
}

// === interpreting, without I/O ===

/// The configurations that would lead to what was found.
pub(super) fn interpret(
    prefix: &str,
    expected: &Expected,
    views: &[View],
    resolve: Resolve<'_>,
) -> Vec<Found> {
    let mut found = Vec::new();
    let mut veths = Vec::new();
    for view in views {
        let ours: Vec<(&Link, Marked)> =
            view.links.iter().filter_map(|link| Some((link, marked(prefix, link)?))).collect();
        let mut masters: HashMap<u32, String> = ours
            .iter()
            .filter(|(link, _)| matches!(link.kind, LinkKind::Vrf { .. }))
            .map(|(link, mark)| (link.index, mark.name.clone()))
            .collect();
        if view.is_home() {
            let existing = existing(expected, view);
            let vrfs = existing.iter().filter(|(l, _)| matches!(l.kind, LinkKind::Vrf { .. }));
            masters.extend(vrfs.map(|(link, wanted)| (link.index, wanted.name.clone())));
            for (link, wanted) in existing {
                let mark = Marked { name: wanted.name.clone(), link: None, kind: Type::Existing };
                found.push(describe(view, link, mark, &masters, expected, resolve));
            }
        }
        for (link, mark) in ours {
            let is_veth = mark.kind == Type::Veth;
            let one = describe(view, link, mark, &masters, expected, resolve);
            if is_veth { veths.push(one) } else { found.push(one) }
        }
    }
    found.extend(pair_up(veths));
    found
}

/// What the alias of a link of ours says.
struct Marked {
    name: String,
    kind: Type,
    link: Option<LinkOf>,
}

fn marked(prefix: &str, link: &Link) -> Option<Marked> {
    let text = link.alias.as_deref().filter(|_| is_own(link, prefix))?;
    let mark = match &link.kind {
        LinkKind::Veth => alias::parse_veth(prefix, text).map(|(name, peer)| Marked {
            name,
            kind: Type::Veth,
            link: Some(LinkOf::Veth(VethLink { peer_if_name: peer, ..VethLink::default() })),
        }),
        LinkKind::Tun => alias::parse_tap(prefix, text).map(|(name, vpp_tap, _)| Marked {
            name,
            kind: Type::TapToVpp,
            link: Some(LinkOf::Tap(TapLink { vpp_tap_if_name: vpp_tap })),
        }),
        LinkKind::Vrf { table } => {
            let link = LinkOf::VrfDev(VrfDevLink { routing_table: *table });
            plain(prefix, text, Type::VrfDevice, Some(link))
        }
        LinkKind::Dummy => plain(prefix, text, Type::Dummy, None),
        LinkKind::Loopback => plain(prefix, text, Type::Loopback, None),
        LinkKind::Bridge | LinkKind::Vlan { .. } | LinkKind::Physical | LinkKind::Other(_) => None,
    };
    if mark.is_none() {
        warn!(link = link.name, alias = text, "a link with our mark is not understood");
    }
    mark
}

fn plain(prefix: &str, text: &str, kind: Type, link: Option<LinkOf>) -> Option<Marked> {
    alias::parse_plain(prefix, text).map(|name| Marked { name, kind, link })
}

/// Links of others that are expected to be there.
fn existing<'a>(expected: &'a Expected, view: &'a View) -> Vec<(&'a Link, &'a Interface)> {
    let by_name: HashMap<&str, &Link> = view.links.iter().map(|l| (l.name.as_str(), l)).collect();
    expected
        .values()
        .filter(|wanted| wanted.r#type() == Type::Existing)
        .filter_map(|wanted| Some((*by_name.get(host_name(wanted))?, wanted)))
        .collect()
}

fn describe(
    view: &View,
    link: &Link,
    mark: Marked,
    masters: &HashMap<u32, String>,
    expected: &Expected,
    resolve: Resolve<'_>,
) -> Found {
    let Marked { name, kind, link: mut details } = mark;
    let wanted = expected.get(&name);
    let netns = place(view, wanted);
    let vrf_master = link.master.and_then(|index| masters.get(&index)).cloned();
    if let (Some(LinkOf::Veth(veth)), Some(read)) = (&mut details, view.offload.get(&link.index)) {
        veth.rx_checksum_offloading = offloading(read.rx).into();
        veth.tx_checksum_offloading = offloading(read.tx).into();
    }
    let addresses = view.addresses.get(&link.index).map(Vec::as_slice).unwrap_or_default();
    // Of a link of others nothing is set up or down: it is as it is wanted.
    let enabled = match (kind, wanted) {
        (Type::Existing, Some(wanted)) => wanted.enabled,
        _ => link.admin_up,
    };
    let value = Interface {
        r#type: kind.into(),
        namespace: netns.to_proto(),
        host_if_name: link.name.clone(),
        enabled,
        ip_addresses: spell(&name, addresses, wanted, resolve),
        phys_address: link.mac.map(|mac| mac.to_string()).unwrap_or_default(),
        mtu: link.mtu,
        link_only: wanted.is_some_and(|wanted| wanted.link_only),
        vrf_master_interface: vrf_master.clone().unwrap_or_default(),
        link: details,
        name,
    };
    let meta = InterfaceMeta {
        link_index: link.index,
        vpp_tap: match &value.link {
            Some(LinkOf::Tap(tap)) => Some(tap.vpp_tap_if_name.clone()),
            _ => None,
        },
        namespace: netns,
        host_name: link.name.clone(),
        vrf_master,
        vrf_table: match link.kind {
            LinkKind::Vrf { table } => Some(table),
            _ => None,
        },
    };
    Found { value: without_what_it_cannot_have(value), meta }
}

/// A VRF device has a hardware address in the kernel that no configuration may set.
fn without_what_it_cannot_have(mut value: Interface) -> Interface {
    if value.r#type() == Type::VrfDevice {
        value.phys_address.clear();
        value.vrf_master_interface.clear();
    }
    value
}

/// The reference by which the configuration refers to the namespace.
fn place(view: &View, wanted: Option<&Interface>) -> NetNs {
    wanted
        .and_then(|wanted| NetNs::from_proto(wanted.namespace.as_ref()).ok())
        .filter(|reference| view.references.contains(reference))
        .or_else(|| view.references.first().cloned())
        .unwrap_or_default()
}

/// Addresses as the configuration spells them, or as the kernel does where it has none.
fn spell(
    name: &str,
    addresses: &[IpNet],
    wanted: Option<&Interface>,
    resolve: Resolve<'_>,
) -> Vec<String> {
    let expected = wanted.map(|wanted| wanted.ip_addresses.as_slice()).unwrap_or_default();
    let spelled: HashMap<IpNet, &String> =
        expected.iter().filter_map(|text| Some((resolve(name, text)?, text))).collect();
    addresses
        .iter()
        .map(|net| spelled.get(net).map_or_else(|| net.to_string(), |text| (*text).clone()))
        .collect()
}

fn offloading(setting: Offload) -> ChecksumOffloading {
    match setting {
        Offload::On => ChecksumOffloading::ChksmOffloadDefault,
        Offload::Off => ChecksumOffloading::ChksmOffloadDisabled,
    }
}

// === pairs ===

/// Checks that the ends of pairs belong together. What cannot be right gets a name that no
/// configuration has, so that the comparison with what is wanted removes it.
fn pair_up(ends: Vec<Found>) -> Vec<Found> {
    let mut by_name: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for end in ends {
        by_name.entry(end.value.name.clone()).or_default().push(end);
    }
    let single: HashMap<String, Found> = by_name
        .iter()
        .filter_map(|(name, ends)| match ends.as_slice() {
            [one] => Some((name.clone(), one.clone())),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    for (name, ends) in by_name {
        let several = ends.len() > 1;
        for (i, end) in ends.into_iter().enumerate() {
            if several {
                found.push(misfit(end, format!("{name}-DUPLICATE{i}")));
                continue;
            }
            let peer = single.get(peer_name(&end)).filter(|peer| peer_name(peer) == name);
            match peer.map(|peer| (is_parked(&end), is_parked(peer))) {
                // Waits for its own configuration: as good as not there.
                Some((true, false)) => {}
                Some((false, _)) => found.push(end),
                Some((true, true)) | None => {
                    found.push(misfit(end, format!("{name}-MISSING_PEER")));
                }
            }
        }
    }
    found
}

fn misfit(mut end: Found, name: String) -> Found {
    end.value.name = name;
    end.value.link = None;
    end
}

fn peer_name(end: &Found) -> &str {
    match &end.value.link {
        Some(LinkOf::Veth(veth)) => &veth.peer_if_name,
        _ => "",
    }
}

fn is_parked(end: &Found) -> bool {
    end.meta.namespace == NetNs::Default && end.meta.host_name == parked_name(&end.value.name)
}
