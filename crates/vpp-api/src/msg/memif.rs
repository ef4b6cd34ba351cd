//! `memif.api`: interfaces over shared memory.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{IfStatusFlags, InterfaceIndex, MacAddress};
use crate::{FixedString, Message, api_enum};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    MemifSocketFilenameAddDel::DEFINITION,
    MemifSocketFilenameAddDelReply::DEFINITION,
    MemifSocketFilenameAddDelV2::DEFINITION,
    MemifSocketFilenameAddDelV2Reply::DEFINITION,
    MemifSocketFilenameDump::DEFINITION,
    MemifSocketFilenameDetails::DEFINITION,
    MemifCreate::DEFINITION,
    MemifCreateReply::DEFINITION,
    MemifCreateV2::DEFINITION,
    MemifCreateV2Reply::DEFINITION,
    MemifDelete::DEFINITION,
    MemifDeleteReply::DEFINITION,
    MemifDump::DEFINITION,
    MemifDetails::DEFINITION,
];

/// Gives a socket file an id or takes it away.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = MemifSocketFilenameAddDelReply)]
pub struct MemifSocketFilenameAddDel {
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// Id of the socket file; 0 is the default one.
    pub socket_id: u32,
    /// Path of the socket.
    pub socket_filename: FixedString<108>,
}

/// Gives a socket file of any length an id or takes it away (23.06 and later; chooses an id for `!0`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = MemifSocketFilenameAddDelV2Reply)]
pub struct MemifSocketFilenameAddDelV2 {
    /// Whether to add, or to remove.
    pub is_add: bool,
    /// Id of the socket file; `!0` lets VPP choose.
    pub socket_id: u32,
    /// Path of the socket.
    pub socket_filename: String,
}

/// Answer to [`MemifSocketFilenameAddDelV2`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct MemifSocketFilenameAddDelV2Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// Id of the socket file; 0 is the default one.
    pub socket_id: u32,
}

/// Lists socket files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = MemifSocketFilenameDetails)]
pub struct MemifSocketFilenameDump {}

/// One socket file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct MemifSocketFilenameDetails {
    /// Id of the socket file; 0 is the default one.
    pub socket_id: u32,
    /// Path of the socket.
    pub socket_filename: FixedString<108>,
}

/// Creates a memif.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = MemifCreateReply)]
pub struct MemifCreate {
    /// Which side it is.
    pub role: MemifRole,
    /// What it carries.
    pub mode: MemifMode,
    /// Number of receive queues.
    pub rx_queues: u8,
    /// Number of transmit queues.
    pub tx_queues: u8,
    /// Id on the socket, the same on both sides.
    pub id: u32,
    /// Id of the socket file; 0 is the default one.
    pub socket_id: u32,
    /// Entries per ring, a power of 2; 0 for the default.
    pub ring_size: u32,
    /// Bytes per buffer; 0 for the default.
    pub buffer_size: u16,
    /// Copy packets even where it could be avoided.
    pub no_zero_copy: bool,
    /// MAC address; zero lets VPP choose.
    pub hw_addr: MacAddress,
    /// Both sides must have the same.
    #[vpp(secret)]
    pub secret: FixedString<24>,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct MemifCreateReply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Creates a memif (23.06 and later).
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = MemifCreateV2Reply)]
pub struct MemifCreateV2 {
    /// Which side it is.
    pub role: MemifRole,
    /// The mode.
    pub mode: MemifMode,
    /// Number of receive queues.
    pub rx_queues: u8,
    /// Number of transmit queues.
    pub tx_queues: u8,
    /// Id on the socket, the same on both sides.
    pub id: u32,
    /// Id of the socket file; 0 is the default one.
    pub socket_id: u32,
    /// Entries per ring, a power of 2; 0 for the default.
    pub ring_size: u32,
    /// Bytes per buffer; 0 for the default.
    pub buffer_size: u16,
    /// Copy packets even where it could be avoided.
    pub no_zero_copy: bool,
    /// Copy by DMA engine.
    pub use_dma: bool,
    /// MAC address; zero lets VPP choose.
    pub hw_addr: MacAddress,
    /// Both sides must have the same.
    #[vpp(secret)]
    pub secret: FixedString<24>,
}

/// The new interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(reply)]
pub struct MemifCreateV2Reply {
    /// 0 or an error number.
    pub retval: i32,
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Deletes a memif.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = MemifDeleteReply)]
pub struct MemifDelete {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
}

/// Lists memifs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = MemifDetails)]
pub struct MemifDump {}

/// One memif.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct MemifDetails {
    /// The interface.
    pub sw_if_index: InterfaceIndex,
    /// MAC address; zero lets VPP choose.
    pub hw_addr: MacAddress,
    /// Id on the socket.
    pub id: u32,
    /// Which side it is.
    pub role: MemifRole,
    /// The mode.
    pub mode: MemifMode,
    /// Whether copying is avoided.
    pub zero_copy: bool,
    /// Id of the socket file; 0 is the default one.
    pub socket_id: u32,
    /// Entries per ring, a power of 2; 0 for the default.
    pub ring_size: u32,
    /// Bytes per buffer; 0 for the default.
    pub buffer_size: u16,
    /// State.
    pub flags: IfStatusFlags,
    /// VPP's name of the interface.
    pub if_name: FixedString<64>,
}

api_enum! {
    /// What a memif carries.
    MemifMode: u32 = "memif_mode", prefix "MEMIF_MODE_API_" {
        /// Frames.
        ETHERNET = 0,
        /// IP packets.
        IP = 1,
        /// Punted packets.
        PUNT_INJECT = 2,
    }
}

api_enum! {
    /// Side of a memif.
    MemifRole: u32 = "memif_role", prefix "MEMIF_ROLE_API_" {
        /// Listens on the socket.
        MASTER = 0,
        /// Connects and provides the memory.
        SLAVE = 1,
    }
}

retval_replies! {
    MemifSocketFilenameAddDelReply,
    MemifDeleteReply,
}
