//! What the host has in its default namespace: links that are up, their addresses, their VRFs.
//!
//! Nobody configures it: the kernel tells. Interfaces that others made (type `EXISTING`) and VPP
//! interfaces on top of host links wait for it.
//!
//! * keys: `linux/interface/host-name/HOST`, `…/HOST/address/IP/MASK`, `…/HOST/vrf-host-name/VRF`
//! * waits for: nothing · derives: nothing · keeps: nothing
//! * uses: route-netlink groups `RTNLGRP_LINK`, `RTNLGRP_IPV4_IFADDR`, `RTNLGRP_IPV6_IFADDR`
//!
//! A read-back asks the kernel, not what the watch remembers.

use ligato_kvs_api::{Descriptor, KeyPattern, KnownValues, OpError, Origin, Retrieved, Spec, Use};
use ligato_linux_ctx::LinuxCtx;
use ligato_model::Key;

/// The kind `linux-interface-watcher`.
#[derive(Debug)]
pub struct HostWatcher;

impl Descriptor for HostWatcher {
    type Value = ();
    type Meta = ();
    type Sb = LinuxCtx;

    const SPEC: Spec = Spec {
        uses: &[Use::kind(&["RTM_NEWLINK", "RTM_DELLINK", "RTM_NEWADDR", "RTM_DELADDR"])],
        ..Spec::new(
            "linux-interface-watcher",
            "What the host has in its default namespace: links that are up, addresses, VRFs.",
            &[KeyPattern::new("linux/interface/host-name/{host}")],
            None,
        )
    };

    async fn create(_: &LinuxCtx, key: &Key, (): &()) -> Result<(), OpError> {
        Err(OpError::Final(format!("{key}: links of the host are not made by the agent")))
    }

    async fn delete(_: &LinuxCtx, key: &Key, (): &(), (): &()) -> Result<(), OpError> {
        Err(OpError::Final(format!("{key}: links of the host are not removed by the agent")))
    }

    async fn retrieve(
        ctx: &LinuxCtx,
        _known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let keys = ctx.host_state().await?.keys();
        let found =
            keys.into_iter().map(|key| Retrieved { key, value: (), meta: (), origin: Origin::Sb });
        Ok(found.collect())
    }
}
