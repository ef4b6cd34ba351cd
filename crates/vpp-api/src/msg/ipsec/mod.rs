//! `ipsec.api`: protected traffic.

mod interface;

pub use interface::*;

use crate::def::MessageDef;

/// The messages of this file.
pub(crate) const MESSAGES: [&[&MessageDef]; 1] = [interface::MESSAGES];
