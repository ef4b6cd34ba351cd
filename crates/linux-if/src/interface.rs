//! A network interface of Linux.
//!
//! ```yaml
//! linuxConfig:
//!   interfaces:
//!     - name: veth1                  # logical name, unique in the agent
//!       type: VETH
//!       veth: {peer_if_name: veth2}  # logical name of the other end
//!       host_if_name: eth0           # name of the link; default: the logical name
//!       namespace: {type: NSID, reference: red}
//!       enabled: true
//!       ip_addresses: [10.0.0.1/24]
//! ```
//!
//! Types: `VETH`; `TAP_TO_VPP`, the host side of a TAP of VPP; `LOOPBACK`, the `lo` of a namespace;
//! `VRF_DEVICE`; `DUMMY`; `EXISTING`, a link that others make.
//!
//! * waits for: the other end (veth), the TAP of VPP, the host link (existing), the microservice
//! * derives: its wanted state, one value per address, its membership in a VRF
//! * keeps: link index, link name, namespace, VRF
//! * uses: `RTM_NEWLINK`, `RTM_DELLINK`, `RTM_GETLINK`, `RTM_GETADDR`, `SIOCETHTOOL`
//!
//! The agent recognises its links by their alias ([`ligato_linux_ctx::alias`]) and touches no
//! other, except to look at it.

mod kernel;
mod relocate;
mod retrieve;
mod settings;
mod tap;
mod veth;
mod wanted;

#[cfg(test)]
mod tests;

use ligato_kvs_api::{
    Concurrency, Dependency, Descriptor, Invalid, KeyPattern, KnownValues, OpError, Retrieved,
    Spec, Update, Use,
};
use ligato_linux_ctx::keys::{self, AddressSource, AdminState};
use ligato_linux_ctx::{InterfaceMeta, LinuxCtx, LinuxFacts, NetNs, TapSupport, alias};
use ligato_model::{Key, Model, Value};
use ligato_proto::linux::interfaces::Interface;

use wanted::{Admin, Care, Kind, Wanted};

/// The kind `linux-interface`.
#[derive(Debug)]
pub struct LinuxInterface;

impl Descriptor for LinuxInterface {
    type Value = Interface;
    type Meta = InterfaceMeta;
    type Sb = LinuxCtx;

    const SPEC: Spec = Spec {
        retrieve_after: &["netalloc-ip-address", "microservice"],
        // The ends of a pair share a link, so the order in which they are made matters.
        concurrency: Concurrency::Serial,
        uses: &[Use::kind(&[
            "RTM_NEWLINK",
            "RTM_DELLINK",
            "RTM_GETLINK",
            "RTM_GETADDR",
            "SIOCETHTOOL",
        ])],
        ..Spec::new(
            "linux-interface",
            "A network interface of Linux.",
            &[KeyPattern::new("config/linux/interfaces/v2/interface/{name}")],
            Some("config/linux/interfaces/v2/interface/"),
        )
    };

    fn validate(facts: &LinuxFacts, _key: &Key, value: &Interface) -> Result<(), Invalid> {
        let wanted = Wanted::read(value)?;
        if let (Kind::TapToVpp { .. }, TapSupport::Absent) = (&wanted.kind, facts.taps) {
            return Err(Invalid::field("type", "this agent runs without VPP"));
        }
        let length = longest_alias(&facts.alias_prefix, &wanted);
        if length > alias::MAX_LENGTH {
            let problem = format!("needs an alias of {length} bytes, {} fit", alias::MAX_LENGTH);
            return Err(Invalid::field("name", problem));
        }
        Ok(())
    }

    fn equivalent(_: &LinuxFacts, _key: &Key, old: &Interface, new: &Interface) -> bool {
        match (Wanted::read(old), Wanted::read(new)) {
            (Ok(old), Ok(new)) => wanted::same_link(&old, &new),
            _ => old == new,
        }
    }

    fn derive(_: &LinuxFacts, _key: &Key, value: &Interface) -> Vec<(Key, Value)> {
        Wanted::read(value).map(|wanted| derived(&wanted, value)).unwrap_or_default()
    }

    fn dependencies(_: &LinuxFacts, _key: &Key, value: &Interface) -> Vec<Dependency> {
        Wanted::read(value).map(|wanted| dependencies(&wanted)).unwrap_or_default()
    }

    fn needs_recreate(
        _: &LinuxFacts,
        _key: &Key,
        old: &Interface,
        new: &Interface,
        _meta: &InterfaceMeta,
    ) -> bool {
        match (Wanted::read(old), Wanted::read(new)) {
            (Ok(old), Ok(new)) => wanted::other_link(&old, &new),
            // What cannot be read was made up by the read-back for a link that must go.
            _ => true,
        }
    }

    async fn create(
        ctx: &LinuxCtx,
        _key: &Key,
        value: &Interface,
    ) -> Result<InterfaceMeta, OpError> {
        let wanted = Wanted::read(value)?;
        Ok(kernel::create(ctx, &wanted).await?)
    }

    async fn delete(
        ctx: &LinuxCtx,
        _key: &Key,
        value: &Interface,
        meta: &InterfaceMeta,
    ) -> Result<(), OpError> {
        match kernel::delete(ctx, value.r#type(), meta).await {
            // The namespace took the link along.
            Err(e) if e.is_namespace_gone() => Ok(()),
            other => Ok(other?),
        }
    }

    async fn update(
        ctx: &LinuxCtx,
        _key: &Key,
        change: Update<'_, Self>,
    ) -> Result<InterfaceMeta, OpError> {
        let (old, new) = (Wanted::read(change.old)?, Wanted::read(change.new)?);
        Ok(kernel::update(ctx, &old, &new, change.meta).await?)
    }

    async fn retrieve(
        ctx: &LinuxCtx,
        known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let expected = known.iter().map(|known| known.value.clone()).collect();
        Ok(retrieve::all(ctx, expected).await?)
    }

    fn index(ctx: &LinuxCtx, _key: &Key, value: &Interface, meta: Option<&InterfaceMeta>) {
        ctx.index_interface(&value.name, meta);
    }
}

// === pure half ===

fn longest_alias(prefix: &str, wanted: &Wanted) -> usize {
    // The host name that VPP gives to its side of a TAP may be as long as any.
    let host_name = "0".repeat(15);
    match &wanted.kind {
        Kind::Veth { peer, .. } => alias::veth(prefix, &wanted.name, peer).len(),
        Kind::TapToVpp { vpp_tap } => alias::tap(prefix, &wanted.name, vpp_tap, &host_name).len(),
        Kind::Loopback | Kind::Vrf { .. } | Kind::Dummy => alias::plain(prefix, &wanted.name).len(),
        Kind::Existing => 0,
    }
}

fn derived(wanted: &Wanted, value: &Interface) -> Vec<(Key, Value)> {
    let state = match wanted.admin {
        Admin::Up => AdminState::Up,
        Admin::Down => AdminState::Down,
    };
    let mut derived = vec![(keys::interface_state(&wanted.name, state), Value::empty())];
    // What the derived kinds have to know of the interface.
    let reduced = Interface {
        name: value.name.clone(),
        r#type: value.r#type,
        host_if_name: value.host_if_name.clone(),
        vrf_master_interface: value.vrf_master_interface.clone(),
        ..Interface::default()
    };
    if let Some(vrf) = &wanted.vrf_master {
        derived.push((keys::interface_vrf(&wanted.name, vrf), Value::new(reduced.clone())));
    }
    let source = match (wanted.scope, &wanted.kind) {
        (Care::Everything, _) => AddressSource::Static,
        (Care::LinkOnly, Kind::Existing) => AddressSource::Existing,
        (Care::LinkOnly, _) => return derived,
    };
    for address in &wanted.addresses {
        let value = Interface { ip_addresses: vec![address.clone()], ..reduced.clone() };
        let key = keys::interface_address(&wanted.name, source, address);
        derived.push((key, Value::new(value)));
    }
    derived
}

fn dependencies(wanted: &Wanted) -> Vec<Dependency> {
    let mut needed = Vec::new();
    match &wanted.kind {
        Kind::Veth { peer, .. } => {
            needed.push(Dependency::on("veth-peer-exists", Interface::key_of(peer)));
        }
        Kind::TapToVpp { vpp_tap } => {
            let tap = ligato_proto::vpp::interfaces::Interface::key_of(vpp_tap);
            needed.push(Dependency::on("vpp-tap-interface-exists", tap));
        }
        Kind::Existing => {
            let link = keys::host_link(&wanted.host_name);
            needed.push(Dependency::on("host-interface-exists", link));
        }
        Kind::Loopback | Kind::Vrf { .. } | Kind::Dummy => {}
    }
    if let NetNs::Microservice(label) = &wanted.netns {
        needed.push(Dependency::on("microservice-available", keys::microservice(label)));
    }
    needed
}
