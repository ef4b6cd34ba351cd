//! `ip.api`: routing tables, routes and addresses.

mod address;
mod route;
mod table;

pub use address::*;
pub use route::*;
pub use table::*;

use crate::def::MessageDef;

/// The messages of this file, by topic.
pub(crate) const MESSAGES: [&[&MessageDef]; 3] =
    [table::MESSAGES, route::MESSAGES, address::MESSAGES];
