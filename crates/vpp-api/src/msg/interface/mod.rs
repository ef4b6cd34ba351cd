//! `interface.api`: interfaces of all kinds, and what all kinds have.

mod address;
mod create;
mod queue;
mod state;

pub use address::*;
pub use create::*;
pub use queue::*;
pub use state::*;

use crate::def::MessageDef;

/// The messages of this file, by topic.
pub(crate) const MESSAGES: [&[&MessageDef]; 4] =
    [state::MESSAGES, address::MESSAGES, queue::MESSAGES, create::MESSAGES];
