//! `memclnt.api`: connecting, liveness, self-description.

use super::retval_replies;
use crate::def::MessageDef;
use crate::{FixedString, List, Message, Wire};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    SockclntCreate::DEFINITION,
    SockclntCreateReply::DEFINITION,
    SockclntDelete::DEFINITION,
    SockclntDeleteReply::DEFINITION,
    MemclntKeepalive::DEFINITION,
    MemclntKeepaliveReply::DEFINITION,
    ControlPing::DEFINITION,
    ControlPingReply::DEFINITION,
    ApiVersions::DEFINITION,
    ApiVersionsReply::DEFINITION,
    GetApiJson::DEFINITION,
    GetApiJsonReply::DEFINITION,
];

/// Registers a client of the socket; the first message on a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SockclntCreateReply, header = Reply)]
pub struct SockclntCreate {
    /// Name shown by `show api clients`.
    pub name: FixedString<64>,
}

/// The client's handle and the ids of all messages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply, header = Request)]
pub struct SockclntCreateReply {
    /// Not negative: accepted.
    #[vpp(retval)]
    pub response: i32,
    /// `client_index` of every later request.
    pub index: u32,
    /// Ids of the messages this VPP knows.
    #[vpp(count = "count")]
    pub message_table: List<MessageTableEntry, u16>,
}

/// Id of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct MessageTableEntry {
    /// Id in this run of VPP.
    pub index: u16,
    /// `<name>_<crc>`, cut at 63 bytes.
    pub name: FixedString<64>,
}

/// Ends the registration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = SockclntDeleteReply)]
pub struct SockclntDelete {
    /// The client's handle.
    pub index: u32,
}

/// Answer to [`SockclntDelete`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct SockclntDeleteReply {
    /// 1: done.
    pub response: i32,
}

/// Asks whether the client is alive; VPP sends it to clients over shared memory only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = MemclntKeepaliveReply)]
pub struct MemclntKeepalive {}

/// Asks for a sign of life; its reply also marks the end of a dump.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = ControlPingReply)]
pub struct ControlPing {}

/// VPP's sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct ControlPingReply {
    /// Always 0.
    pub retval: i32,
    /// Handle of the client that asked.
    pub client_index: u32,
    /// Process id of VPP; another one means that VPP was restarted.
    pub vpe_pid: u32,
}

/// Asks for the versions of the API files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = ApiVersionsReply)]
pub struct ApiVersions {}

/// Versions of the API files of core and loaded plugins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct ApiVersionsReply {
    /// 0 or an error number.
    pub retval: i32,
    /// One entry per file.
    #[vpp(count = "count")]
    pub api_versions: List<ModuleVersion, u32>,
}

/// Version of one API file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct ModuleVersion {
    /// Raised by incompatible changes.
    pub major: u32,
    /// Raised by compatible changes.
    pub minor: u32,
    /// Raised by corrections.
    pub patch: u32,
    /// File name, such as `interface.api`.
    pub name: FixedString<64>,
}

/// Asks for the definitions of all messages (24.06 and later).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = GetApiJsonReply)]
pub struct GetApiJson {}

/// Definitions of all messages of core and loaded plugins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct GetApiJsonReply {
    /// 0 or an error number.
    pub retval: i32,
    /// An array with one object per API file.
    pub json: String,
}

retval_replies! {
    MemclntKeepaliveReply,
}
