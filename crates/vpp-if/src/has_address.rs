//! The fact that an interface has an address; derived from it, for others to wait for.
//!
//! Exists when any address of the interface does, wherever it comes from. No messages.

use ligato_kvs_api::{Dependency, Descriptor, OpError, Spec};
use ligato_model::Key;
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys;

/// The kind `vpp-interface-has-address`.
#[derive(Debug, Clone, Copy)]
pub struct HasAddress;

impl Descriptor for HasAddress {
    type Value = ();
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        retrievable: false,
        ..Spec::new(
            "vpp-interface-has-address",
            "Says that a VPP interface has an address.",
            &[keys::HAS_ADDRESS],
            None,
        )
    };

    fn dependencies(_facts: &Facts, key: &Key, _value: &()) -> Vec<Dependency> {
        match keys::HAS_ADDRESS.parse(key).as_deref() {
            Some(&[interface]) => {
                vec![Dependency::on_any("interface-has-IP", [keys::address_prefix(interface)])]
            }
            _ => Vec::new(),
        }
    }

    async fn create(_sb: &VppCtx, _key: &Key, _value: &()) -> Result<(), OpError> {
        Ok(())
    }

    async fn delete(_sb: &VppCtx, _key: &Key, _value: &(), _meta: &()) -> Result<(), OpError> {
        Ok(())
    }
}
