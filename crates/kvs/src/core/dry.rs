//! Dry runs: what a transaction would do, as data.
//!
//! A plan is made by the planner that makes the real ones, from the same graph, and everything that
//! was taken in for it is put back. A resync compares with what is really there: its plan begins
//! with a read-back without repair, which changes what is *known*, never what is wanted or there. As
//! the one of the real run will, it goes by what the transaction wants.

use ligato_kvs_api::{
    Origin, PlanError, Reason, ResyncKind, Scope, Transaction, TxnKind, TxnOptions,
};
use ligato_model::{Key, Value};
use rustc_hash::FxHashMap;

use crate::{
    core::{Audience, Core, Effect, Token},
    node::{DescriptorId, NodeId},
};

/// How a value is not as it should be.
enum Difference {
    /// It waits; others may let it come.
    Waits,
    For(Reason),
}

impl Core {
    /// Answers what a transaction would do, after a read-back if it takes one.
    pub(crate) fn answer_plan(&mut self, txn: Transaction, token: Token) {
        let current = self.published.revision;
        if let Some(planned) = txn.options.only_at.filter(|r| *r != current) {
            return self.no_plan(token, PlanError::Moved { planned, current });
        }
        if let Some(why) = super::requests::refusal(&txn) {
            return self.no_plan(token, PlanError::BadRequest(why));
        }
        let scope = match &txn.kind {
            // Bound to a revision: what is known at that revision counts.
            _ if txn.options.only_at.is_some() => None,
            TxnKind::Resync(ResyncKind::Full) => Some(Scope::All),
            TxnKind::Resync(ResyncKind::Downstream(scope) | ResyncKind::ReadBack(scope)) => {
                Some(scope.clone())
            }
            TxnKind::Change | TxnKind::Resync(ResyncKind::Upstream) => None,
        };
        let Some(scope) = scope else { return self.plan_by_what_is_known(txn, token) };
        let options = TxnOptions {
            description: Some("read-back for a plan".to_owned()),
            ..TxnOptions::default()
        };
        let look = ResyncKind::ReadBack(scope);
        let tried = self.wishes_of(&txn);
        let active = self.open("NBTransaction", options, Audience::Nobody);
        active.compares(look.clone());
        active.then_plan = Some((txn, token));
        active.tried = tried;
        self.take_in(Transaction::resync(look, Vec::new()));
        self.prepare_resync();
    }

    /// What a transaction wants, by descriptor.
    fn wishes_of(&self, txn: &Transaction) -> FxHashMap<DescriptorId, Vec<(Key, Value)>> {
        let mut wishes: FxHashMap<_, Vec<_>> = FxHashMap::default();
        for change in &txn.changes {
            if let (Some(value), Some(owner)) = (&change.value, self.catalog.owner(&change.key)) {
                wishes.entry(owner).or_default().push((change.key.clone(), value.clone()));
            }
        }
        wishes
    }

    fn no_plan(&mut self, token: Token, error: PlanError) {
        self.effects.push_back(Effect::Planned { token, plan: Box::new(Err(error)) });
    }

    /// Takes the transaction in, plans it, and puts everything back.
    pub(crate) fn plan_by_what_is_known(&mut self, txn: Transaction, token: Token) {
        let active = self.open("NBTransaction", txn.options.clone(), Audience::Nobody);
        let kind = txn.kind.clone();
        if let TxnKind::Resync(kind) = &kind {
            active.resync = Some(kind.clone());
            active.spare_unwanted = false;
        }
        self.take_in(txn);
        if let TxnKind::Resync(kind) = &kind {
            self.seed_known_differences(kind);
        }
        let steps = self.make_plan();
        let plan = self.plan_as_data(steps);
        self.roll_back();
        self.effects.push_back(Effect::Planned { token, plan: Box::new(Ok(plan)) });
    }

    /// What a resync repairs, as far as it is known: the same with and without a plan, with and
    /// without having read anything back just now.
    pub(crate) fn seed_known_differences(&mut self, kind: &ResyncKind) {
        self.graph.settle();
        let scope = match kind {
            ResyncKind::Full | ResyncKind::Upstream => &Scope::All,
            ResyncKind::Downstream(scope) | ResyncKind::ReadBack(scope) => scope,
        };
        let descriptors = self.descriptors_in(scope);
        let only = self.nodes_in(scope);
        let mut all: Vec<NodeId> = self.graph.in_order().collect();
        all.retain(|id| !self.is_put_off(*id));
        for id in all {
            if !self.is_in(id, descriptors.as_ref(), only.as_ref()) {
                continue;
            }
            let difference = self.known_difference(id);
            if difference.is_none() {
                continue;
            }
            self.remember(id);
            if self.graph.node(id).problem.is_some() {
                self.graph.edit(id).problem = None;
            }
            let Some(active) = &mut self.active else { return };
            match difference {
                Some(Difference::Waits) => active.look_at(id),
                Some(Difference::For(reason)) => active.seed(id, reason),
                None => {}
            }
        }
    }

    /// What a resync has to do with the value, if anything.
    fn known_difference(&self, id: NodeId) -> Option<Difference> {
        let active = self.active.as_ref()?;
        let node = self.graph.node(id);
        if node.is_refused() || active.held.contains(&id) {
            return None;
        }
        if node.problem.is_some() {
            return Some(Difference::For(Reason::Requested));
        }
        if node.desired.is_none() {
            let unwanted = node.available() && node.origin == Origin::Nb;
            let goes = unwanted && !active.spare_unwanted;
            return goes.then_some(Difference::For(Reason::Unwanted));
        }
        let unmet = self.graph.unmet(id) > 0;
        if node.available() {
            // Other than wanted, or there without what it needs.
            return (node.marks.differs || unmet).then_some(Difference::For(Reason::Drift));
        }
        let waits = unmet && !node.marks.missing;
        Some(if waits { Difference::Waits } else { Difference::For(Reason::Drift) })
    }
}
