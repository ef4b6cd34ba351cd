//! Kept sources: each has a lane, in which one thing after the other is made durable and then done.
//!
//! The owner goes on meanwhile; only what the same source says next waits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use ligato_kvs_api::{SourceId, TxnOutcome};
use ligato_model::Key;

use crate::answer::{Answer, Ended};
use crate::change::{Change, DeliveryKind, PushOutcome};
use crate::check::Judged;
use crate::desired::Undo;
use crate::keep::{KeepError, Keeper, in_full};
use crate::owner::Owner;

/// Something that changes what one source wants.
pub(crate) enum Work {
    /// A delivery, judged.
    Deliver { kind: DeliveryKind, judged: Judged, answer: Answer },
    /// The source is declared gone.
    Forget(Answer),
    /// The scheduler did not do what a delivery wanted.
    TakeBack { undo: Undo, ended: Ended },
}

/// The end of a write, and whose it was.
pub(crate) type Written = (SourceId, Result<(), KeepError>);

/// All kept sources.
pub(crate) struct Lanes {
    keeper: Option<Arc<dyn Keeper>>,
    by_source: BTreeMap<SourceId, Lane>,
    pub(crate) writes: FuturesUnordered<BoxFuture<'static, Written>>,
}

#[derive(Default)]
struct Lane {
    // What is being made durable, and the keys it changes.
    under_way: Option<(Work, Vec<Key>)>,
    waiting: VecDeque<Work>,
    // Keys of writes that failed. What became of them is not always known, so the next write says them again.
    owed: BTreeSet<Key>,
}

// === impl Lanes ===

impl Lanes {
    pub(crate) fn new(keeper: Option<Arc<dyn Keeper>>) -> Self {
        Self { keeper, by_source: BTreeMap::new(), writes: FuturesUnordered::new() }
    }

    fn keeper_of(&self, source: &SourceId) -> Option<Arc<dyn Keeper>> {
        self.keeper.clone().filter(|keeper| keeper.keeps(source))
    }

    fn lane(&mut self, source: &SourceId) -> &mut Lane {
        self.by_source.entry(source.clone()).or_default()
    }

    fn begin(&mut self, keeper: &dyn Keeper, source: &SourceId, work: Work, changes: Vec<Change>) {
        let keys = changes.iter().map(|change| change.key.clone()).collect();
        self.lane(source).under_way = Some((work, keys));
        // A task of its own, so that turning a large delivery into text does not hold up the owner.
        let write = tokio::spawn(keeper.write(source, changes));
        let source = source.clone();
        let written = async move {
            let failed = |source| KeepError { store: "its store".into(), source };
            let result = write.await.unwrap_or_else(|error| Err(failed(Box::from(error))));
            (source, result)
        };
        self.writes.push(written.boxed());
    }
}

// === impl Owner ===

impl Owner {
    /// Does it at once; or, when the source is kept, as soon as it is durable.
    pub(crate) fn enter(&mut self, source: &SourceId, work: Work) {
        let Some(keeper) = self.lanes.keeper_of(source) else {
            if let Work::TakeBack { undo, ended } = work {
                self.take_back(undo);
                return ended.answer();
            }
            return self.apply(source, work);
        };
        self.lanes.lane(source).waiting.push_back(work);
        self.advance(keeper.as_ref(), source);
    }

    /// A write has ended.
    pub(crate) fn written(&mut self, (source, result): Written) {
        let lane = self.lanes.lane(&source);
        let Some((work, keys)) = lane.under_way.take() else { return };
        match result {
            Ok(()) => {
                lane.owed.clear();
                self.apply(&source, work);
            }
            Err(error) => {
                let error = in_full(&error);
                tracing::error!(%source, error, keys = keys.len(), "what a source says is not kept");
                lane.owed.extend(keys.iter().cloned());
                self.not_kept(work, keys, error);
            }
        }
        if let Some(keeper) = self.lanes.keeper_of(&source) {
            self.advance(keeper.as_ref(), &source);
        }
    }

    fn advance(&mut self, keeper: &dyn Keeper, source: &SourceId) {
        loop {
            let lane = self.lanes.lane(source);
            if lane.under_way.is_some() {
                return;
            }
            let Some(mut work) = lane.waiting.pop_front() else { return };
            let changes = self.changes_to_keep(source, &mut work);
            if !changes.is_empty() {
                return self.lanes.begin(keeper, source, work, changes);
            }
            self.apply(source, work);
        }
    }

    // What has to be written before `work` is done.
    fn changes_to_keep(&mut self, source: &SourceId, work: &mut Work) -> Vec<Change> {
        let mut changes = match work {
            Work::Deliver { kind, judged, .. } => self.desired.difference(source, *kind, judged),
            Work::Forget(_) => self.desired.farewell(source),
            // The southbound has gone back already; so what is desired does not wait for the store.
            Work::TakeBack { undo, .. } => self.take_back(std::mem::take(undo)),
        };
        let owed = &self.lanes.lane(source).owed;
        if !owed.is_empty() {
            let named: BTreeSet<_> = changes.iter().map(|change| &change.key).collect();
            let missing = owed.iter().filter(|key| !named.contains(key));
            let again: Vec<_> = missing.map(|key| self.desired.said(source, key)).collect();
            changes.extend(again);
        }
        changes
    }

    fn not_kept(&mut self, work: Work, keys: Vec<Key>, error: String) {
        match work {
            Work::Deliver { mut answer, .. } | Work::Forget(mut answer) => {
                self.decide(&mut answer.keys);
                answer.without_transaction(PushOutcome::NotKept(error));
            }
            Work::TakeBack { mut ended, .. } => {
                ended.report.outcome = TxnOutcome::UndoFailed(keys);
                ended.answer();
            }
        }
    }
}
