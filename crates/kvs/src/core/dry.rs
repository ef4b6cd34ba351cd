//! Dry runs: what a transaction would do, as data.
//!
//! A plan is made by the planner that makes the real ones, from the same graph, and everything that
//! was taken in for it is put back. A resync compares with what is really there: its plan begins
//! with a read-back without repair, which changes what is *known*, never what is wanted or there.

use ligato_kvs_api::{PlanError, Reason, ResyncKind, Scope, Transaction, TxnKind, TxnOptions};

use crate::{
    core::{Audience, Core, Effect, Token},
    node::NodeId,
};

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
        let look = Transaction::resync(ResyncKind::ReadBack(scope), Vec::new());
        let look = look.with(TxnOptions {
            description: Some("read-back for a plan".to_owned()),
            ..TxnOptions::default()
        });
        self.begin_northbound(look, None);
        if let Some(active) = &mut self.active {
            active.then_plan = Some((txn, token));
        }
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

    /// What a resync repairs, as far as it is known without reading anything back.
    pub(crate) fn seed_known_differences(&mut self, kind: &ResyncKind) {
        self.graph.settle();
        let scope = match kind {
            ResyncKind::Full | ResyncKind::Upstream => &Scope::All,
            ResyncKind::Downstream(scope) | ResyncKind::ReadBack(scope) => scope,
        };
        let descriptors = self.descriptors_in(scope);
        let only = self.nodes_in(scope);
        let all: Vec<NodeId> = self.graph.in_order().collect();
        for id in all {
            let node = self.graph.node(id);
            if !self.is_in(id, descriptors.as_ref(), only.as_ref()) || node.is_refused() {
                continue;
            }
            let unwanted = node.desired.is_none()
                && node.available()
                && node.origin == ligato_kvs_api::Origin::Nb;
            let reason = match node.desired {
                Some(_) if node.problem.is_some() => Reason::Requested,
                Some(_) if node.marks.differs || !node.available() => Reason::Drift,
                None if unwanted => Reason::Unwanted,
                _ => continue,
            };
            self.remember(id);
            self.graph.edit(id).problem = None;
            if let Some(active) = &mut self.active {
                active.seed(id, reason);
            }
        }
    }
}
