//! `memclnt.api`: connections.

use ligato_vpp_api::List;
use ligato_vpp_api::msg::memclnt::{
    ApiVersions, ApiVersionsReply, ControlPing, ControlPingReply, GetApiJson, GetApiJsonReply,
    MemclntKeepalive, MemclntKeepaliveReply, MessageTableEntry, ModuleVersion, SockclntCreate,
    SockclntCreateReply, SockclntDelete, SockclntDeleteReply,
};

use super::text;
use crate::machine::Machine;

/// Versions of the API files whose messages are here, as of 26.06.
const VERSIONS: &[(&str, [u32; 3])] = &[
    ("memclnt.api", [2, 1, 0]),
    ("vlib.api", [1, 0, 0]),
    ("vpe.api", [1, 7, 0]),
    ("interface.api", [3, 2, 4]),
    ("ip.api", [3, 2, 0]),
    ("ip_neighbor.api", [1, 0, 1]),
    ("l2.api", [3, 3, 0]),
    ("bond.api", [2, 1, 0]),
    ("tapv2.api", [4, 0, 0]),
    ("memif.api", [3, 1, 0]),
    ("af_packet.api", [2, 0, 0]),
];

pub(crate) fn sockclnt_create(
    machine: &mut Machine,
    m: &SockclntCreate,
    client: u32,
) -> SockclntCreateReply {
    machine.name_client(client, &m.name.to_str());
    let table = machine
        .numbering
        .table()
        .map(|(name, index)| MessageTableEntry { index, name: text(name) })
        .collect();
    SockclntCreateReply {
        response: 0,
        index: client,
        message_table: List::new(table).unwrap_or_default(),
    }
}

/// The connection itself is closed by whoever serves it.
pub(crate) fn sockclnt_delete(
    _: &mut Machine,
    m: &SockclntDelete,
    client: u32,
) -> SockclntDeleteReply {
    SockclntDeleteReply { response: if m.index == client { 1 } else { -1 } }
}

pub(crate) fn keepalive(_: &mut Machine, _: &MemclntKeepalive, _: u32) -> MemclntKeepaliveReply {
    MemclntKeepaliveReply { retval: 0 }
}

/// What there is, in the form of VPP's own API files.
pub(crate) fn get_api_json(machine: &mut Machine, _: &GetApiJson, _: u32) -> GetApiJsonReply {
    let file = machine.numbering.definitions().into_json();
    GetApiJsonReply { retval: 0, json: serde_json::json!([file]).to_string() }
}

/// VPP leaves the client index alone.
pub(crate) fn control_ping(machine: &mut Machine, _: &ControlPing, _: u32) -> ControlPingReply {
    ControlPingReply { retval: 0, client_index: 0, vpe_pid: machine.identity.pid }
}

pub(crate) fn api_versions(_: &mut Machine, _: &ApiVersions, _: u32) -> ApiVersionsReply {
    let versions = VERSIONS.iter().map(|(name, [major, minor, patch])| ModuleVersion {
        major: *major,
        minor: *minor,
        patch: *patch,
        name: text(name),
    });
    ApiVersionsReply { retval: 0, api_versions: List::new(versions.collect()).unwrap_or_default() }
}
