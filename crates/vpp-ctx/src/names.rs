//! The indexes from logical names to what VPP calls the objects.

use std::collections::BTreeMap;

use ligato_idxmap::{IdxMap, Index};
use serde::Serialize;

/// Metadata of an interface. Spelled in dumps as users of the original know it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InterfaceMeta {
    /// VPP's index of the interface.
    pub sw_if_index: u32,
    /// VRF the interface was configured for.
    pub vrf: u32,
    /// Addresses as written in the configuration.
    #[serde(rename = "IPAddresses")]
    pub ip_addresses: Vec<String>,
    /// Name of the interface at the Linux side of a TAP, else empty.
    #[serde(rename = "TAPHostIfName")]
    pub tap_host_if_name: String,
    /// VPP's name of the interface; empty until it has been read back once.
    pub internal_name: String,
    /// VPP's device type; empty until it has been read back once.
    pub dev_type: String,
}

/// Metadata of a bridge domain. Spelled in dumps as users of the original know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct BridgeDomainMeta {
    /// VPP's number of the bridge domain.
    pub index: u32,
}

/// Socket files of memifs as VPP numbers them, on one connection.
#[derive(Debug, Clone, Default)]
pub struct MemifSockets {
    /// Number of the connection this was learnt on; 0 before the first.
    pub connection: u64,
    /// Numbers by path.
    pub ids: BTreeMap<String, u32>,
}

/// The interfaces of Linux, as far as VPP's have to know them.
pub trait LinuxNames: Send + Sync {
    /// Name in the kernel of the interface with this logical name, if it is there.
    fn host_name(&self, logical_name: &str) -> Option<String>;
}

/// VPP's index, in decimal.
pub(crate) const BY_SW_IF_INDEX: Index = Index::new("sw_if_index");
/// Each configured address.
pub(crate) const BY_IP_ADDRESS: Index = Index::new("ip_addresses");
/// VPP's number of a bridge domain, in decimal.
pub(crate) const BY_BD_INDEX: Index = Index::new("index");

pub(crate) fn interfaces() -> IdxMap<InterfaceMeta> {
    IdxMap::new("VPP interfaces", |_name, meta: &InterfaceMeta, sink| {
        sink.add(BY_SW_IF_INDEX, meta.sw_if_index.to_string());
        for address in &meta.ip_addresses {
            sink.add(BY_IP_ADDRESS, address.as_str());
        }
    })
}

pub(crate) fn bridge_domains() -> IdxMap<BridgeDomainMeta> {
    IdxMap::new("VPP bridge domains", |_name, meta: &BridgeDomainMeta, sink| {
        sink.add(BY_BD_INDEX, meta.index.to_string());
    })
}
