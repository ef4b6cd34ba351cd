//! The interfaces of the data plane as the readiness probe shows them.

use serde::Serialize;

/// The status of one interface of VPP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InterfaceStatus {
    /// VPP's own name of it, such as `loop0`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub internal_name: String,
    /// Its `sw_if_index`.
    #[serde(skip_serializing_if = "is_zero")]
    pub index: u32,
    /// `UP`, `DOWN` or `UNKNOWN_STATUS`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// One of its addresses.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ip_address: String,
    /// Its hardware address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mac_address: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde calls")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
