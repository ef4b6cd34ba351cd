//! Devices that VPP found when it started (type `DPDK`), under the names VPP gave them. They are configured, never made and
//! never deleted: one that is let go is disabled and stays. Messages: `sw_interface_dump`.

use ligato_kvs_api::{Invalid, OpError};
use ligato_vpp_api::msg::interface::{SwInterfaceDetails, SwInterfaceDump};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_ctx::VppCtx;

/// Whether an interface found in VPP may be configured by its name in VPP: nobody's, and not one that comes and goes.
pub(crate) fn is_device(details: &SwInterfaceDetails) -> bool {
    let index = details.sw_if_index;
    details.tag.is_empty()
        && details.sup_sw_if_index == index.0
        && index != InterfaceIndex(0)
        && super::detect(&details.interface_dev_type.to_str(), &details.interface_name.to_str())
            .is_none()
}

/// Index of the device of a name.
pub(super) async fn find(ctx: &VppCtx, name: &str) -> Result<InterfaceIndex, OpError> {
    let request = SwInterfaceDump {
        sw_if_index: InterfaceIndex::NONE,
        name_filter_valid: true,
        name_filter: name.to_owned(),
    };
    let found = ctx.dump(request).await?;
    // VPP compares parts of names.
    let device = found.iter().find(|d| d.interface_name == *name && is_device(d));
    let unknown = || Invalid::field("name", format!("VPP has no device {name:?}"));
    Ok(device.map(|device| device.sw_if_index).ok_or_else(unknown)?)
}
