//! Whether an interface has a link; reported by VPP, for others to wait for.
//!
//! One of the keys `vpp/interface/<if>/link-state/UP` and `…/DOWN` exists for each interface with a name. Read back with
//! the interfaces; kept up to date by [`LinkStateWatcher`]. Messages: `sw_interface_dump`, `want_interface_events`,
//! `sw_interface_event`.

mod watcher;

use ligato_kvs_api::{Descriptor, KnownValues, OpError, Origin, Retrieved, Spec, Use};
use ligato_model::Key;
use ligato_vpp_api::msg::interface::SwInterfaceDump;
use ligato_vpp_api::types::{IfStatusFlags, InterfaceIndex};
use ligato_vpp_ctx::VppCtx;

use crate::keys::{self, Link};

pub use watcher::LinkStateWatcher;

/// The kind `vpp-interface-link-state`.
#[derive(Debug, Clone, Copy)]
pub struct LinkState;

impl Descriptor for LinkState {
    type Value = ();
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        retrieve_after: &["vpp-interface"],
        uses: &[Use::kind(&["sw_interface_dump", "want_interface_events", "sw_interface_event"])],
        ..Spec::new(
            "vpp-interface-link-state",
            "Whether a VPP interface has a link, as VPP reports it.",
            &[keys::LINK_STATE],
            None,
        )
    };

    async fn create(_sb: &VppCtx, key: &Key, _value: &()) -> Result<(), OpError> {
        Err(OpError::Final(format!("{key} is reported by VPP and cannot be set")))
    }

    async fn delete(_sb: &VppCtx, key: &Key, _value: &(), _meta: &()) -> Result<(), OpError> {
        Err(OpError::Final(format!("{key} is reported by VPP and cannot be removed")))
    }

    async fn retrieve(
        sb: &VppCtx,
        _known: KnownValues<'_, Self>,
    ) -> Result<Vec<Retrieved<Self>>, OpError> {
        let found = sb.dump(all()).await?;
        let named = found.iter().filter_map(|details| {
            let name = sb.interface_name(details.sw_if_index)?;
            let key = keys::link_state(&name, link_of(details.flags));
            Some(Retrieved { key, value: (), meta: (), origin: Origin::Sb })
        });
        Ok(named.collect())
    }
}

fn all() -> SwInterfaceDump {
    one(InterfaceIndex::NONE)
}

fn one(sw_if_index: InterfaceIndex) -> SwInterfaceDump {
    SwInterfaceDump { sw_if_index, name_filter_valid: false, name_filter: String::new() }
}

fn link_of(flags: IfStatusFlags) -> Link {
    if flags.contains(IfStatusFlags::LINK_UP) { Link::Up } else { Link::Down }
}
