//! What a transaction tells those who wait for it and those who watch.

use std::sync::Arc;

use ligato_kvs_api::{
    BaseValueStatus, OpKind, Statuses, TxnOutcome, TxnReport, TxnSeq, ValueState, ValueStatus,
};
use ligato_model::Key;
use rustc_hash::FxHashMap;

use crate::{
    core::{Active, Audience, Core, Effect, NO_PLACE},
    node::{Applied, Node, NodeId},
    snapshot::{Published, Snapshot},
    subscribe::Delta,
};

/// Base values that a transaction touched, in key order.
pub(crate) struct Touched {
    bases: Vec<Base>,
    /// Keys of those that will be gone by then.
    leaving: FxHashMap<NodeId, Key>,
}

struct Base {
    id: NodeId,
    /// Something was done with it in the southbound.
    operated: bool,
    /// It was removed, if only from what is wanted.
    removed: bool,
}

/// What a transaction touched, in the states before and after it.
pub(crate) struct Comparison {
    pub(crate) before: Snapshot,
    /// What there was before it stepped aside for the first time.
    pub(crate) began_with: Option<Snapshot>,
    pub(crate) after: Snapshot,
    pub(crate) touched: Touched,
}

// === impl Core ===

impl Core {
    /// Bases of changed values, and the named ones, in key order.
    pub(crate) fn bases_of(&mut self, changed: &[NodeId], named: Vec<NodeId>) -> Touched {
        let mut others: Vec<NodeId> = changed.iter().map(|id| self.base_of(*id)).collect();
        others.sort_unstable();
        others.dedup();
        // What the request names is in key order already.
        others.retain(|id| !self.trace(*id).listed);
        let mut all = named;
        let in_order = others.is_empty() && self.active.as_ref().is_some_and(|a| a.in_order);
        all.extend(others);
        if !in_order && !all.is_sorted_by(|a, b| self.graph.key(*a) < self.graph.key(*b)) {
            all = self.graph.put_in_order(all);
        }
        let mut touched = Touched { bases: Vec::new(), leaving: FxHashMap::default() };
        touched.bases.reserve_exact(all.len());
        for id in all {
            let node = self.graph.node(id);
            if node.is_empty() {
                touched.leaving.insert(id, node.key.clone());
            }
            let trace = Some(self.traces.get(id)).filter(|t| t.epoch == self.epoch);
            let operated = trace.is_some_and(|t| t.operated);
            let removed = operated || trace.is_some_and(|t| t.noop != NO_PLACE);
            touched.bases.push(Base { id, operated, removed });
        }
        touched
    }

    /// Tells subscribers what is new, and whoever waits how it ended.
    pub(crate) fn report(&mut self, active: &Active, before: Snapshot, touched: Touched) {
        let watched = self.subscribers.follow();
        let wanted = !matches!(active.audience, Audience::Nobody);
        if !watched {
            self.effects.push_back(Effect::Untold);
        }
        if !watched && !wanted {
            return;
        }
        let (began_with, after) = (active.began_with.clone(), self.latest.clone());
        let comparison = Comparison { before, began_with, after, touched };
        if watched {
            self.effects.push_back(Effect::Tell(comparison.delta(active.seq)));
        }
        self.answer(active, Statuses::later(move || comparison.statuses()));
    }

    fn answer(&mut self, active: &Active, statuses: Statuses) {
        let outcome = if active.undoing && active.undo_failed.is_empty() {
            TxnOutcome::Undone
        } else if active.undoing {
            TxnOutcome::UndoFailed(active.undo_failed.clone())
        } else if active.failures {
            TxnOutcome::Partial
        } else {
            TxnOutcome::Done
        };
        let report = Box::new(TxnReport {
            seq: Some(active.seq),
            revision: self.published.revision,
            outcome,
            errors: active.errors.clone(),
            statuses,
        });
        match active.audience {
            Audience::Nobody => {}
            Audience::Commit(token) => self.effects.push_back(Effect::Report { token, report }),
            Audience::Unregister(token, _) => {
                let report = Some(report);
                self.effects.push_back(Effect::Unregistered { token, report });
            }
        }
    }
}

// === impl Comparison ===

impl Comparison {
    /// Statuses of everything that was touched.
    fn statuses(&self) -> Vec<BaseValueStatus> {
        let mut all = Vec::with_capacity(self.touched.bases.len());
        all.extend(self.touched.bases.iter().filter_map(|base| self.status(base)));
        all
    }

    /// What subscribers are told.
    pub(crate) fn delta(&self, txn: TxnSeq) -> Delta {
        let after = &self.after.0;
        let (revision, catalog) = (after.revision, Arc::clone(&after.catalog));
        Delta { txn, revision, catalog, statuses: self.news().into() }
    }

    /// Statuses of what is different from before.
    fn news(&self) -> Vec<BaseValueStatus> {
        let of = |base: &Base| {
            let status = self.status(base)?;
            let done = base.operated && status.value.error.is_empty();
            (done || self.is_news(base.id, &status)).then_some(status)
        };
        self.touched.bases.iter().filter_map(of).collect()
    }

    fn status(&self, base: &Base) -> Option<BaseValueStatus> {
        let (id, after) = (base.id, &*self.after.0);
        let now = after.node(id);
        let key = now.map(|n| &n.key).or_else(|| self.touched.leaving.get(&id))?;
        if let Some(node) = now.filter(|n| after.visible(n)) {
            return Some(after.base_status(node));
        }
        // A key that is only waited for, or was never there, is no news.
        let known = base.operated
            || was_visible(&self.before, id, key)
            || self.began_with.as_ref().is_some_and(|then| was_visible(then, id, key));
        known.then(|| gone(key, base.removed))
    }

    fn is_news(&self, id: NodeId, status: &BaseValueStatus) -> bool {
        let before: &Published = &self.before.0;
        let was = before.node(id).filter(|n| n.key == status.value.key && before.visible(n));
        let Some(was) = was else { return status.value.state != ValueState::Nonexistent };
        let content = |n: &Node| match &n.applied {
            Applied::Known(content) => Some(content.value.clone()),
            _ => None,
        };
        // What was asked for last is no news by itself.
        let plain = |mut status: BaseValueStatus| {
            let all = std::iter::once(&mut status.value).chain(&mut status.derived_values);
            all.for_each(|value| value.last_operation = OpKind::Undefined);
            status
        };
        self.after.0.node(id).and_then(content) != content(was)
            || plain(before.base_status(was)) != plain(status.clone())
    }
}

/// Status of a value that is not there any more: removed, or found to be gone.
fn gone(key: &Key, removed: bool) -> BaseValueStatus {
    let (state, last_operation) = if removed {
        (ValueState::Removed, OpKind::Delete)
    } else {
        (ValueState::Nonexistent, OpKind::Undefined)
    };
    let value = ValueStatus {
        key: key.clone(),
        state,
        error: String::new(),
        last_operation,
        details: Vec::new(),
    };
    BaseValueStatus { value, derived_values: Vec::new() }
}

/// Was the value there, or waiting, in that state?
fn was_visible(then: &Snapshot, id: NodeId, key: &Key) -> bool {
    then.0.node(id).is_some_and(|node| node.key == *key && then.0.visible(node))
}
