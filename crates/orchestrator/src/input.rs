//! Everything that can happen to the owner.

use ligato_kvs_api::{Plan, PlanError, ResyncKind, SourceId, TxnReport};
use tokio::sync::oneshot;

use crate::answer::Ended;
use crate::change::{Change, Delivery, PushOptions, PushResult};
use crate::desired::Undo;

/// The closed list of inputs.
pub(crate) enum Input {
    /// A source says what it wants.
    Deliver {
        source: SourceId,
        delivery: Delivery,
        options: PushOptions,
        reply: oneshot::Sender<PushResult>,
    },
    /// What would these changes do?
    Plan { source: SourceId, changes: Vec<Change>, reply: oneshot::Sender<Result<Plan, PlanError>> },
    /// A source went away.
    Lost { source: SourceId, reason: String },
    /// A source that was lost can be heard again.
    Found { source: SourceId },
    /// A source is declared gone, with everything it held.
    Forget { source: SourceId, options: PushOptions, reply: oneshot::Sender<PushResult> },
    /// Compare and repair.
    Resync { kind: ResyncKind, options: PushOptions, reply: oneshot::Sender<TxnReport> },
    /// All plugins are there: the first transaction may go out.
    Begin,
    /// The time for expected sources is over.
    GraceOver,
    /// The scheduler did not do what a delivery wanted.
    TakeBack { undo: Undo, ended: Ended },
    /// End.
    Close,
}
