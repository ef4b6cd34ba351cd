//! `teib.api`: where the peers of multipoint tunnels are reached.

use super::retval_replies;
use crate::def::MessageDef;
use crate::types::{Address, InterfaceIndex};
use crate::{Message, Wire};

/// The messages of this file.
pub(crate) const MESSAGES: &[&MessageDef] = &[
    TeibEntryAddDel::DEFINITION,
    TeibEntryAddDelReply::DEFINITION,
    TeibDump::DEFINITION,
    TeibDetails::DEFINITION,
];

/// Adds an entry or removes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(request = TeibEntryAddDelReply)]
pub struct TeibEntryAddDel {
    /// 1 to add, 0 to remove.
    pub is_add: u8,
    /// The entry; to remove it interface and peer are enough.
    pub entry: TeibEntry,
}

/// Lists the entries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(dump = TeibDetails)]
pub struct TeibDump {}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Message)]
#[vpp(details)]
pub struct TeibDetails {
    /// The entry.
    pub entry: TeibEntry,
}

/// Where a peer is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
pub struct TeibEntry {
    /// The tunnel.
    pub sw_if_index: InterfaceIndex,
    /// Address of the peer inside of the tunnel.
    pub peer: Address,
    /// Address of the peer outside of it.
    pub nh: Address,
    /// Id of the table of the latter.
    pub nh_table_id: u32,
}

retval_replies! {
    TeibEntryAddDelReply,
}
