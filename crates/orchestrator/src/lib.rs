//! What is desired: the state of each source, merged by declared precedence, handed to the scheduler.
//!
//! ```text
//!  sources ──▶ OrchestratorHandle ──▶ owner task ──▶ Engine (the scheduler)
//!   push, resync, lost, forget          │  ▲             │
//!                                       │  └── finished ◀┘
//!                                       ▼
//!                                published View ──▶ list, sources, subscribe
//! ```
//!
//! * Every source has its own state. Of a key held by several, the strongest source decides
//!   ([`Precedence`]); when it lets go, what another holds comes to light. Conflicts are visible.
//! * Each entry is judged by itself: what cannot be read, or is filed under a wrong key, is reported
//!   and left out, and what the source last said of that key stays.
//! * A source that went away keeps its state until it is declared gone.
//! * What a kept source says ([`Keeper`]) is durable before it counts and before it is acknowledged, and is
//!   there again after a restart.
//! * Nothing is removed from the southbound before every expected source has delivered: a store that
//!   cannot be reached at the start is not an empty one.

mod answer;
mod change;
mod check;
mod desired;
mod engine;
mod handle;
mod input;
mod keep;
mod lane;
mod owner;
mod precedence;
mod source;
mod startup;
mod view;

pub use change::{
    Change, Delivery, DeliveryKind, Entry, InvalidPolicy, KeyResult, Labels, PushOptions,
    PushOutcome, PushResult, RejectReason, Rejection, ResyncDepth,
};
pub use engine::Engine;
pub use handle::{Closed, Orchestrator, OrchestratorConfig, OrchestratorHandle};
pub use keep::{KeepError, Keeper, Keeping};
pub use precedence::{Precedence, names};
pub use source::{SourceState, SourceStatus};
pub use startup::Phase;
pub use view::{HeldBy, LabelSelector, ListFilter, ListItem, View};
