//! The transaction under way, and what it notes about nodes.

use std::{sync::Arc, time::Duration};

use ligato_kvs_api::{KeyError, ResyncKind, TxnSeq};
use ligato_model::{Key, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    core::{Request, Token, Unfinished},
    execute::Run,
    list::List,
    node::{DescriptorId, Need, NodeId, Problem, Shared},
    plan::Seeds,
    record::{Draft, Outcome},
    resync::Reading,
    retry::Attempts,
    snapshot::Snapshot,
};

/// Where the transaction under way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Reading back before anything is planned.
    Reading,
    /// To be planned.
    Planning,
    /// Steps are under way.
    Executing,
    /// Reading back what failed.
    Reviewing,
    /// Reading back what was done, to compare.
    Verifying,
    Over,
}

/// Who is told how a transaction ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Audience {
    Nobody,
    Commit(Token),
    Unregister(Token, DescriptorId),
}

/// The transaction under way.
pub(crate) struct Active {
    pub(crate) seq: TxnSeq,
    /// Tells its traces from those of others.
    pub(crate) epoch: u32,
    /// When it last got an answer or started something.
    pub(crate) progress: Duration,
    /// What it still has to do something with.
    pub(crate) unfinished: Unfinished,
    /// What was published before it stepped aside for the first time.
    pub(crate) began_with: Option<Snapshot>,
    /// What it had touched and shown when it stepped aside.
    pub(crate) seen: Vec<NodeId>,
    /// It has stepped aside before.
    pub(crate) was_aside: bool,
    /// It sees to a part of what a southbound lost; others follow.
    pub(crate) is_part: bool,
    /// What it was made from, while others are aside.
    pub(crate) request: Option<Box<Request>>,
    pub(crate) phase: Phase,
    pub(crate) audience: Audience,
    pub(crate) options: ligato_kvs_api::TxnOptions,
    pub(crate) draft: Draft,
    pub(crate) attempts: Attempts,
    /// What is compared and what is repaired.
    pub(crate) resync: Option<ligato_kvs_api::ResyncKind>,
    pub(crate) started: Duration,
    pub(crate) planning: Duration,
    pub(crate) seeds: Seeds,
    /// Values whose descriptors panicked when they were asked about them.
    pub(crate) panicked: FxHashSet<NodeId>,
    /// What touched nodes were before, in order of first touch; `None`: nothing.
    pub(crate) journal: Vec<(NodeId, Option<Shared>)>,
    pub(crate) old_needs: FxHashMap<NodeId, List<Need>>,
    /// Values that are derived from another one than what is there of them, with what that is derived
    /// from, if from anything.
    pub(crate) moved: FxHashMap<NodeId, Option<NodeId>>,
    pub(crate) held: FxHashSet<NodeId>,
    pub(crate) run: Run,
    pub(crate) round: u32,
    pub(crate) reading: Option<Reading>,
    /// Rounds of read-backs begun.
    pub(crate) readings: u16,
    /// Failed since the last read-back.
    pub(crate) failed: Vec<NodeId>,
    pub(crate) cancelled: Vec<NodeId>,
    /// Nodes whose readiness changed before a plan that counted on it to change back.
    pub(crate) suspects: Vec<NodeId>,
    /// Everything that failed and may be retried.
    pub(crate) to_retry: Vec<NodeId>,
    pub(crate) errors: Vec<KeyError>,
    /// Base values named by the request.
    pub(crate) named: Vec<NodeId>,
    /// They are known to be in key order.
    pub(crate) in_order: bool,
    pub(crate) undoing: bool,
    /// When to give up, on the scheduler's monotonic clock.
    pub(crate) due: Option<Duration>,
    /// What values were before they were touched for the sake of others; to compare after an undo.
    pub(crate) collateral: Vec<(NodeId, Shared)>,
    /// What values were when the undo began.
    pub(crate) undo_before: FxHashMap<NodeId, Outcome>,
    /// Values that were operated with success before the undo began.
    pub(crate) mended: FxHashSet<NodeId>,
    pub(crate) failures: bool,
    pub(crate) undo_failed: Vec<Key>,
    /// Obtained values whose content was put back by the undo.
    pub(crate) to_release: Vec<NodeId>,
    /// What is to be planned when the read-back is done, and for whom.
    pub(crate) then_plan: Option<(ligato_kvs_api::Transaction, Token)>,
    /// What is wanted by that, by descriptor; taken out as they are read.
    pub(crate) tried: FxHashMap<DescriptorId, Vec<(Key, Value)>>,
    /// A read-back without repair.
    pub(crate) only_look: bool,
    /// What was wrong with values before they were looked at.
    pub(crate) looked_at: Vec<(NodeId, Arc<Problem>)>,
    /// Derived values that are taken to be there because their base was found.
    pub(crate) assumed: Vec<NodeId>,
    /// What is found and not wanted stays: no northbound has said so far what all it wants.
    pub(crate) spare_unwanted: bool,
}

/// What the transaction under way noted about a node. Valid only if `epoch` is its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trace {
    pub(crate) epoch: u32,
    /// Place in the journal; [`NO_PLACE`]: none.
    pub(crate) journaled: u32,
    /// Place of its operation without effect in the draft.
    pub(crate) noop: u32,
    /// The round of read-backs that found it last.
    pub(crate) found: u16,
    pub(crate) operated: bool,
    pub(crate) listed: bool,
    /// Something about it is on record since before an undo.
    pub(crate) recorded: bool,
}

/// No place in a journal or draft.
pub(crate) const NO_PLACE: u32 = u32::MAX;

impl Default for Trace {
    fn default() -> Self {
        let (journaled, noop) = (NO_PLACE, NO_PLACE);
        Self {
            epoch: 0,
            journaled,
            noop,
            found: 0,
            operated: false,
            listed: false,
            recorded: false,
        }
    }
}

impl Trace {
    pub(crate) fn is_journaled(&self) -> bool {
        self.journaled != NO_PLACE
    }

    /// Place of its operation without effect.
    pub(crate) fn take_noop(&mut self) -> Option<u32> {
        Some(std::mem::replace(&mut self.noop, NO_PLACE)).filter(|at| *at != NO_PLACE)
    }
}

// === impl Active ===

impl Active {
    /// Nobody asked for it: something happened in a southbound.
    pub(crate) fn audience_is_nobody(&self) -> bool {
        matches!(self.audience, Audience::Nobody)
    }

    /// It compares what is known, or there, with what is wanted.
    pub(crate) fn compares(&mut self, kind: ResyncKind) {
        self.draft.resync_type = match kind {
            ResyncKind::Full => "FullResync",
            ResyncKind::Upstream => "UpstreamResync",
            ResyncKind::Downstream(_) | ResyncKind::ReadBack(_) => "DownstreamResync",
        };
        self.only_look = matches!(kind, ResyncKind::ReadBack(_));
        self.resync = Some(kind);
    }

    pub(crate) fn run_is_over(&self) -> bool {
        self.phase == Phase::Executing && self.run.is_over()
    }

    /// Is it reading everything back, so that nothing else can be done meanwhile?
    pub(crate) fn reads_everything(&self) -> bool {
        use ligato_kvs_api::Scope;
        !matches!(
            self.resync,
            Some(ResyncKind::Downstream(
                Scope::Southbound(_) | Scope::Descriptors(_) | Scope::Prefix(_) | Scope::Keys(_)
            ))
        )
    }

    pub(crate) fn seed(&mut self, node: NodeId, reason: ligato_kvs_api::Reason) {
        self.seeds.push(node, Some(reason));
    }

    /// The planner should look at a value; if something comes of it, that is because of others.
    pub(crate) fn look_at(&mut self, node: NodeId) {
        self.seeds.push(node, None);
    }
}
