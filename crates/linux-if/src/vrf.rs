//! Membership of an interface in a VRF.
//!
//! Derived from `vrf_master_interface` of an interface, never configured by itself:
//!
//! ```yaml
//! vrf_master_interface: vrf1     # key linux/interface/NAME/vrf/vrf1
//! ```
//!
//! * waits for: the VRF device; for an existing interface also that others put it into a VRF
//! * derives: nothing · keeps: nothing
//! * uses: `RTM_NEWLINK` with `IFLA_MASTER`

use ligato_kvs_api::{Change, Dependency, Descriptor, Invalid, KeyPattern, OpError, Spec, Use};
use ligato_linux_ctx::{CtxError, LinuxCtx, LinuxFacts, keys};
use ligato_model::{Key, Model};
use ligato_proto::linux::interfaces::Interface;
use ligato_proto::linux::interfaces::interface::Type;

/// The kind `linux-interface-vrf`.
#[derive(Debug)]
pub struct InterfaceVrf;

impl Descriptor for InterfaceVrf {
    /// The interface, reduced to what matters here.
    type Value = Interface;
    type Meta = ();
    type Sb = LinuxCtx;

    const SPEC: Spec = Spec {
        // What it is, is in its key.
        change: Change::Recreate,
        retrievable: false,
        uses: &[Use::kind(&["RTM_NEWLINK"])],
        ..Spec::new(
            "linux-interface-vrf",
            "Membership of a Linux interface in a VRF.",
            &[KeyPattern::new("linux/interface/{interface}/vrf/{vrf}")],
            None,
        )
    };

    fn validate(_: &LinuxFacts, _key: &Key, value: &Interface) -> Result<(), Invalid> {
        if value.name.is_empty() || value.vrf_master_interface.is_empty() {
            return Err(Invalid::field("vrf_master_interface", "names no VRF device"));
        }
        if value.name == value.vrf_master_interface {
            return Err(Invalid::field("vrf_master_interface", "is the interface itself"));
        }
        Ok(())
    }

    fn equivalent(_: &LinuxFacts, _key: &Key, _old: &Interface, _new: &Interface) -> bool {
        true
    }

    fn dependencies(_: &LinuxFacts, _key: &Key, value: &Interface) -> Vec<Dependency> {
        let vrf = Interface::key_of(&value.vrf_master_interface);
        let mut needed = vec![Dependency::on("vrf-device-is-created", vrf)];
        if value.r#type() == Type::Existing {
            let prefix = keys::host_vrf_prefix(host_name(value));
            needed.push(Dependency::on_any("inserted-into-vrf-externally", [prefix]));
        }
        needed
    }

    async fn create(ctx: &LinuxCtx, _key: &Key, value: &Interface) -> Result<(), OpError> {
        Ok(join(ctx, value).await?)
    }

    async fn delete(ctx: &LinuxCtx, _key: &Key, value: &Interface, (): &()) -> Result<(), OpError> {
        if value.r#type() == Type::Existing {
            return Ok(());
        }
        match leave(ctx, &value.name).await {
            Err(e) if !e.is_namespace_gone() && !e.is_absent() => Err(e.into()),
            _ => Ok(()),
        }
    }
}

fn host_name(value: &Interface) -> &str {
    if value.host_if_name.is_empty() { &value.name } else { &value.host_if_name }
}

async fn join(ctx: &LinuxCtx, value: &Interface) -> Result<(), CtxError> {
    let meta = ctx.interface(&value.name)?;
    let vrf = ctx.interface(&value.vrf_master_interface)?;
    let netlink = ctx.enter(&meta.namespace).await?;
    let link = netlink.link(&meta.host_name).await?;
    let master = netlink.link(&vrf.host_name).await?;
    if value.r#type() != Type::Existing {
        return Ok(netlink.set_master(&link, &master).await?);
    }
    // Others put it there; only that it is the right one is checked.
    if link.master == Some(master.index) {
        return Ok(());
    }
    Err(CtxError::NotInVrf { link: link.name, vrf: master.name })
}

async fn leave(ctx: &LinuxCtx, name: &str) -> Result<(), CtxError> {
    let Ok(meta) = ctx.interface(name) else { return Ok(()) };
    let netlink = ctx.enter(&meta.namespace).await?;
    let link = netlink.link(&meta.host_name).await?;
    Ok(netlink.clear_master(&link).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(kind: Type) -> Interface {
        Interface {
            name: "if1".into(),
            r#type: kind.into(),
            host_if_name: "eth0".into(),
            vrf_master_interface: "vrf1".into(),
            ..Interface::default()
        }
    }

    #[test]
    fn what_it_waits_for() {
        let needs = |kind| {
            InterfaceVrf::dependencies(&LinuxFacts::default(), &"k".into(), &member(kind))
                .into_iter()
                .map(|d| format!("{} {}", d.label, d.target))
                .collect::<Vec<_>>()
        };
        let device = "vrf-device-is-created config/linux/interfaces/v2/interface/vrf1";
        assert_eq!(needs(Type::Dummy), [device]);
        let by_others =
            "inserted-into-vrf-externally linux/interface/host-name/eth0/vrf-host-name/*";
        assert_eq!(needs(Type::Existing), [device, by_others]);
    }

    #[test]
    fn it_needs_a_vrf_that_is_another_interface() {
        let check = |vrf: &str| {
            let value = Interface { vrf_master_interface: vrf.into(), ..member(Type::Dummy) };
            InterfaceVrf::validate(&LinuxFacts::default(), &"k".into(), &value).is_ok()
        };
        assert!(check("vrf1") && !check("") && !check("if1"));
    }
}
