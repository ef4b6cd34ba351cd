//! An interface configuration, read and checked. No I/O.

use ligato_kvs_api::Invalid;
use ligato_linux_ctx::{AllocRef, NetNs};
use ligato_netlink::{Mac, Offload};
use ligato_proto::linux::interfaces::interface::{Link, Type};
use ligato_proto::linux::interfaces::veth_link::ChecksumOffloading;
use ligato_proto::linux::interfaces::{Interface, TapLink, VethLink, VrfDevLink};

/// Longest name of a link (`IFNAMSIZ`, with the NUL at its end).
const MAX_HOST_NAME: usize = 15;

/// An interface configuration that makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) netns: NetNs,
    pub(super) host_name: String,
    pub(super) admin: Admin,
    pub(super) addresses: Vec<String>,
    pub(super) mac: Option<Mac>,
    /// As configured: zero means the default of the kind.
    pub(super) mtu: u32,
    pub(super) scope: Care,
    pub(super) vrf_master: Option<String>,
}

/// What sort of link it is, with what only this sort has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Veth { peer: String, rx: Offload, tx: Offload },
    TapToVpp { vpp_tap: String },
    Loopback,
    Existing,
    Vrf { table: u32 },
    Dummy,
}

/// The wanted administrative state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admin {
    Up,
    Down,
}

/// What the agent looks after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// The link and its addresses.
    Everything,
    /// The link only (`link_only`): others take care of addresses.
    LinkOnly,
}

impl Wanted {
    /// Reads a configuration.
    ///
    /// # Errors
    /// All that is wrong with it, by field.
    pub(super) fn read(value: &Interface) -> Result<Wanted, Invalid> {
        let Interface {
            name,
            r#type: _,
            namespace,
            host_if_name: _,
            enabled,
            ip_addresses,
            phys_address,
            mtu,
            link: _,
            link_only,
            vrf_master_interface,
        } = value;
        let mut invalid = Invalid::default();
        if name.is_empty() {
            invalid.push("name", "an interface needs a name");
        }
        let netns = NetNs::from_proto(namespace.as_ref()).unwrap_or_else(|e| {
            invalid.push("namespace", e.to_string());
            NetNs::Default
        });
        let mac = read_mac(phys_address, &mut invalid);
        let kind = read_kind(value, &mut invalid);
        check_host_name(value, &mut invalid);
        check_combination(value, &mut invalid);
        invalid.into_result()?;
        let Some(kind) = kind else { return Err(Invalid::field("type", "is not set")) };
        Ok(Wanted {
            name: name.clone(),
            kind,
            netns,
            host_name: host_name(value).to_owned(),
            admin: if *enabled { Admin::Up } else { Admin::Down },
            addresses: ip_addresses.clone(),
            mac,
            mtu: *mtu,
            scope: if *link_only { Care::LinkOnly } else { Care::Everything },
            vrf_master: Some(vrf_master_interface.clone()).filter(|vrf| !vrf.is_empty()),
        })
    }

    /// The MTU to be set; zero is replaced by the default of the kind.
    pub(super) fn effective_mtu(&self) -> u32 {
        if self.mtu == 0 { default_mtu(&self.kind) } else { self.mtu }
    }
}

/// Name of the link: always `lo` for a loopback, the logical name where none is given.
pub(super) fn host_name(value: &Interface) -> &str {
    if value.r#type() == Type::Loopback {
        "lo"
    } else if value.host_if_name.is_empty() {
        &value.name
    } else {
        &value.host_if_name
    }
}

fn default_mtu(kind: &Kind) -> u32 {
    match kind {
        Kind::Loopback => 65536,
        Kind::Vrf { .. } => 65575,
        Kind::Veth { .. } | Kind::TapToVpp { .. } | Kind::Existing | Kind::Dummy => 1500,
    }
}

/// Would applying `new` over `old` change nothing of the link itself? Addresses and membership in
/// a VRF are values of their own.
pub(super) fn same_link(old: &Wanted, new: &Wanted) -> bool {
    let Wanted {
        name,
        kind,
        netns,
        host_name,
        admin,
        addresses: _,
        mac: _,
        mtu: _,
        scope,
        vrf_master: _,
    } = old;
    let identical = *name == new.name
        && *kind == new.kind
        && *netns == new.netns
        && *host_name == new.host_name
        && *admin == new.admin
        && *scope == new.scope;
    if !identical || new.kind == Kind::Existing {
        return identical;
    }
    let same_mac = new.scope == Care::LinkOnly || new.mac.is_none() || old.mac == new.mac;
    same_mtu(old, new) && same_mac
}

/// A VRF device of unspecified MTU has either of two values, depending on the kernel.
fn same_mtu(old: &Wanted, new: &Wanted) -> bool {
    let (old_mtu, new_mtu) = (old.effective_mtu(), new.effective_mtu());
    let either = [65536, 65575];
    old_mtu == new_mtu
        || matches!(new.kind, Kind::Vrf { .. })
            && (new.mtu == 0 || old.mtu == 0)
            && either.contains(&old_mtu)
            && either.contains(&new_mtu)
}

/// Must the link be made anew?
pub(super) fn other_link(old: &Wanted, new: &Wanted) -> bool {
    let same_kind = match (&old.kind, &new.kind) {
        (Kind::Veth { peer: a, .. }, Kind::Veth { peer: b, .. }) => a == b,
        (a, b) => a == b,
    };
    !same_kind || old.scope != new.scope || old.netns != new.netns
}

fn read_mac(text: &str, invalid: &mut Invalid) -> Option<Mac> {
    if text.is_empty() {
        return None;
    }
    text.parse()
        .map_err(|e: ligato_netlink::InvalidMac| {
            invalid.push("phys_address", e.to_string());
        })
        .ok()
}

/// The kind, from type and link together.
fn read_kind(value: &Interface, invalid: &mut Invalid) -> Option<Kind> {
    let kind = match (value.r#type(), &value.link) {
        (Type::Undefined, _) => {
            invalid.push("type", "is not set");
            return None;
        }
        (Type::Veth, Some(Link::Veth(link))) => veth(link, invalid),
        (Type::TapToVpp, Some(Link::Tap(TapLink { vpp_tap_if_name }))) => {
            if vpp_tap_if_name.is_empty() {
                invalid.push("vpp_tap_if_name", "the TAP interface of VPP is not named");
            }
            Kind::TapToVpp { vpp_tap: vpp_tap_if_name.clone() }
        }
        (Type::VrfDevice, Some(Link::VrfDev(VrfDevLink { routing_table }))) => {
            Kind::Vrf { table: *routing_table }
        }
        (Type::Loopback, None) => Kind::Loopback,
        (Type::Existing, None) => Kind::Existing,
        (Type::Dummy, None) => Kind::Dummy,
        (kind, None) => {
            invalid.push("link", format!("type {} needs a link", kind.as_str_name()));
            return None;
        }
        (kind, Some(_)) => {
            invalid.push("link", format!("does not fit type {}", kind.as_str_name()));
            return None;
        }
    };
    Some(kind)
}

fn veth(link: &VethLink, invalid: &mut Invalid) -> Kind {
    let VethLink { peer_if_name, rx_checksum_offloading: _, tx_checksum_offloading: _ } = link;
    if peer_if_name.is_empty() {
        invalid.push("peer_if_name", "the other end is not named");
    }
    Kind::Veth {
        peer: peer_if_name.clone(),
        rx: offload(link.rx_checksum_offloading()),
        tx: offload(link.tx_checksum_offloading()),
    }
}

fn offload(setting: ChecksumOffloading) -> Offload {
    match setting {
        ChecksumOffloading::ChksmOffloadDefault | ChecksumOffloading::ChksmOffloadEnabled => {
            Offload::On
        }
        ChecksumOffloading::ChksmOffloadDisabled => Offload::Off,
    }
}

fn check_host_name(value: &Interface, invalid: &mut Invalid) {
    let host_name = host_name(value);
    let field = if value.host_if_name.is_empty() { "name" } else { "host_if_name" };
    let bad = |c: char| c == '/' || c == ':' || c.is_whitespace() || c == '\0';
    if host_name.len() > MAX_HOST_NAME {
        let problem = format!(
            "{host_name:?} is too long for the name of a link ({MAX_HOST_NAME} bytes); set \
             host_if_name"
        );
        invalid.push(field, problem);
    } else if host_name == "." || host_name == ".." || host_name.contains(bad) {
        invalid.push(field, format!("{host_name:?} cannot be the name of a link"));
    }
}

/// What does not go together.
fn check_combination(value: &Interface, invalid: &mut Invalid) {
    match value.r#type() {
        Type::Existing => {
            if value.namespace.is_some() {
                invalid.push("namespace", "an existing interface is in the default namespace");
            }
            if value.link_only {
                check_no_references(value, invalid);
            }
        }
        Type::VrfDevice => {
            if !value.phys_address.is_empty() {
                invalid.push("type", "a VRF device has no hardware address");
                invalid.push("phys_address", "a VRF device has no hardware address");
            }
            if !value.vrf_master_interface.is_empty() {
                invalid.push("type", "a VRF device cannot belong to another one");
                invalid.push("vrf_master_interface", "a VRF device cannot belong to another one");
            }
        }
        _ => {}
    }
}

/// The addresses of such an interface are only waited for; nobody knows when an allocated one
/// would be assigned.
fn check_no_references(value: &Interface, invalid: &mut Invalid) {
    let references = value.ip_addresses.iter().enumerate();
    for (i, _) in references.filter(|(_, address)| AllocRef::is_ref(address)) {
        let problem = "an existing interface with link_only cannot have allocated addresses";
        for field in ["type", "link_only", &format!("ip_addresses[{i}]")] {
            invalid.push(field, problem);
        }
    }
}
