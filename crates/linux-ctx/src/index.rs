//! The index of interfaces that exist: what other kinds look up by logical name.

use ligato_idxmap::{IdxMap, Index};
use serde::Serialize;

use crate::netns::NetNs;

/// Secondary index: logical name of the VPP TAP.
pub const BY_VPP_TAP: Index = Index::new("tap-vpp-name");

/// Secondary index: name of the link. The same name may exist in several namespaces.
pub const BY_HOST_NAME: Index = Index::new("host-iface-name");

/// What is known of an interface that exists. Shown in dumps under the original's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InterfaceMeta {
    /// Index of the link inside its namespace.
    #[serde(rename = "LinuxIfIndex")]
    pub link_index: u32,
    /// Logical name of the VPP TAP that it is the host side of.
    #[serde(rename = "VPPTapName", serialize_with = "or_empty")]
    pub vpp_tap: Option<String>,
    /// Where it is.
    #[serde(rename = "Namespace")]
    pub namespace: NetNs,
    /// Name of the link.
    #[serde(rename = "HostIfName")]
    pub host_name: String,
    /// Logical name of the VRF device that it is meant to belong to.
    #[serde(rename = "VrfMasterIf", serialize_with = "or_empty")]
    pub vrf_master: Option<String>,
    /// Routing table, if it is a VRF device.
    #[serde(rename = "VrfDevRT", serialize_with = "or_zero")]
    pub vrf_table: Option<u32>,
}

fn or_empty<S: serde::Serializer>(text: &Option<String>, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(text.as_deref().unwrap_or_default())
}

fn or_zero<S: serde::Serializer>(number: &Option<u32>, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_u32(number.unwrap_or_default())
}

pub(crate) fn new_index() -> IdxMap<InterfaceMeta> {
    IdxMap::new("linux-interfaces", |_name, meta: &InterfaceMeta, sink| {
        sink.add(BY_HOST_NAME, meta.host_name.as_str());
        if let Some(tap) = &meta.vpp_tap {
            sink.add(BY_VPP_TAP, tap.as_str());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_use_the_names_of_the_original() {
        let meta = InterfaceMeta {
            link_index: 7,
            vpp_tap: None,
            namespace: NetNs::Default,
            host_name: "veth1".into(),
            vrf_master: None,
            vrf_table: Some(10),
        };
        let expected = serde_json::json!({
            "LinuxIfIndex": 7, "VPPTapName": "", "Namespace": null, "HostIfName": "veth1",
            "VrfMasterIf": "", "VrfDevRT": 10,
        });
        assert_eq!(serde_json::to_value(meta).unwrap(), expected);
    }
}
