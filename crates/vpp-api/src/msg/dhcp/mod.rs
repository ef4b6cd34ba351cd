//! `dhcp.api`: proxies and clients of DHCP. The plugin `dhcp` has it.

mod client;
mod proxy;

pub use client::*;
pub use proxy::*;

use crate::Wire;
use crate::def::MessageDef;
use crate::types::{AddressFamily, AddressUnion};

/// The messages of this file.
pub(crate) const MESSAGES: [&[&MessageDef]; 2] = [proxy::MESSAGES, client::MESSAGES];

/// An address whose family VPP does not fill in: whatever tells the family stands elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Wire)]
#[vpp(name = "address")]
pub struct BareAddress {
    /// Means nothing.
    pub af: AddressFamily,
    /// The bytes.
    pub un: AddressUnion,
}
