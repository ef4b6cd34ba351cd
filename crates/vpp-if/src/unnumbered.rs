//! An interface that borrows the address of another one; derived from it.
//!
//! ```yaml
//! unnumbered: {interface_with_ip: loop0}
//! ```
//!
//! Waits for the other interface having an address and for its own assignment to a VRF. Not read back by itself.
//! Messages: `sw_interface_set_unnumbered`.

use ligato_kvs_api::{Change, Dependency, Descriptor, Invalid, OpError, Spec, Use};
use ligato_model::Key;
use ligato_proto::vpp::interfaces::interface;
use ligato_vpp_api::VppError as Code;
use ligato_vpp_api::msg::interface::SwInterfaceSetUnnumbered;
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::{Facts, VppCtx};

use crate::keys;

/// The kind `vpp-unnumbered-interface`.
#[derive(Debug, Clone, Copy)]
pub struct Unnumbered;

impl Descriptor for Unnumbered {
    type Value = interface::Unnumbered;
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        change: Change::Recreate,
        retrievable: false,
        uses: &[Use::kind(&["sw_interface_set_unnumbered"])],
        ..Spec::new(
            "vpp-unnumbered-interface",
            "A VPP interface that borrows the address of another one.",
            &[keys::UNNUMBERED],
            None,
        )
    };

    fn dependencies(_facts: &Facts, key: &Key, value: &interface::Unnumbered) -> Vec<Dependency> {
        let interface::Unnumbered { interface_with_ip } = value;
        let Ok(name) = parse(key) else { return Vec::new() };
        vec![
            Dependency::on("unnumbered-interface-has-IP", keys::has_address(interface_with_ip)),
            Dependency::on_any("interface-assigned-to-vrf-table", [keys::vrf_prefix(name)]),
        ]
    }

    async fn create(sb: &VppCtx, key: &Key, value: &interface::Unnumbered) -> Result<(), OpError> {
        let interface::Unnumbered { interface_with_ip } = value;
        let request = SwInterfaceSetUnnumbered {
            sw_if_index: sb.sw_if_index(interface_with_ip)?,
            unnumbered_sw_if_index: sb.sw_if_index(parse(key)?)?,
            is_add: true,
        };
        sb.request(request).await.map(drop)
    }

    async fn delete(
        sb: &VppCtx,
        key: &Key,
        _value: &interface::Unnumbered,
        _meta: &(),
    ) -> Result<(), OpError> {
        let request = SwInterfaceSetUnnumbered {
            // VPP knows whose address it was.
            sw_if_index: InterfaceIndex(0),
            unnumbered_sw_if_index: sb.sw_if_index(parse(key)?)?,
            is_add: false,
        };
        sb.request_unless(request, &[Code::INVALID_SW_IF_INDEX]).await.map(drop)
    }
}

fn parse(key: &Key) -> Result<&str, Invalid> {
    match keys::UNNUMBERED.parse(key).as_deref() {
        Some(&[name]) => Ok(name),
        _ => Err(Invalid::value(format!("{key} is not the key of an unnumbered interface"))),
    }
}
