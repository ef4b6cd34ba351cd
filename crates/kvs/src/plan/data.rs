//! A plan as data for those who want to see it before anything is done.

use std::hash::Hasher;

use ligato_kvs_api::{DependencyKind, OpKind, Plan, PlanStep, ValueState, ValueStatus};
use rustc_hash::{FxHashSet, FxHasher};

use crate::{
    core::Core,
    execute::Run,
    node::{Need, NodeId, On, ProblemKind},
    plan::Steps,
};

impl Core {
    /// The steps of the transaction being planned, with what they leave unsatisfied.
    pub(crate) fn plan_as_data(&self, steps: Steps) -> Plan {
        let run = Run::new(steps);
        let of_kind = |delete: bool| -> FxHashSet<NodeId> {
            let is = |op: OpKind| (op == OpKind::Delete) == delete;
            run.steps.iter().filter(|s| is(s.op)).map(|s| s.node).collect()
        };
        let (gone, put) = (of_kind(true), of_kind(false));
        let before = run.predecessors();
        let steps: Vec<PlanStep> = run
            .steps
            .iter()
            .zip(before)
            .map(|(step, after)| {
                let node = self.graph.node(step.node);
                let old = node.content().map(|c| c.value.clone());
                PlanStep {
                    op: step.op,
                    key: node.key.clone(),
                    old: old.filter(|_| step.op != OpKind::Create),
                    new: node.wanted().cloned().filter(|_| step.op != OpKind::Delete),
                    recreate: step.recreate,
                    derived: node.parent.is_some(),
                    reason: run.reason(step),
                    after,
                }
            })
            .collect();
        let unsatisfied = self.unsatisfied(&gone, &put);
        let revision = self.published.revision;
        let hash = hash_of(revision.0, &steps, &unsatisfied);
        Plan { revision, steps, unsatisfied, hash }
    }

    fn unsatisfied(&self, gone: &FxHashSet<NodeId>, put: &FxHashSet<NodeId>) -> Vec<ValueStatus> {
        let mut nodes: Vec<NodeId> = gone.iter().copied().collect();
        if let Some(active) = &self.active {
            nodes.extend(active.journal.iter().map(|(id, _)| *id));
        }
        let there =
            |id: NodeId| put.contains(&id) || (self.graph.is_available(id) && !gone.contains(&id));
        let mut statuses: Vec<ValueStatus> = nodes
            .into_iter()
            .collect::<FxHashSet<NodeId>>()
            .into_iter()
            .filter(|id| {
                let node = self.graph.node(*id);
                node.desired.is_some()
                    && !put.contains(id)
                    && (!there(*id) || node.problem.is_some())
                    && node.parent.is_none_or(there)
            })
            .map(|id| self.predicted_status(id, &there))
            .collect();
        statuses.sort_by(|a, b| a.key.cmp(&b.key));
        statuses
    }

    fn predicted_status(&self, id: NodeId, there: &dyn Fn(NodeId) -> bool) -> ValueStatus {
        let node = self.graph.node(id).clone();
        let state = match &node.problem {
            Some(problem) => problem.state(),
            None if node.descriptor.is_none() && node.parent.is_none() => ValueState::Unimplemented,
            None => ValueState::Pending,
        };
        let unmet = |need: &&Need| {
            let exists = match need.on {
                On::Node(target) => there(target),
                On::Group(group) => {
                    let mut members = self.graph.wanted_members(group).into_iter();
                    members.any(|member| there(member) && !self.graph.is_below(id, member))
                }
            };
            let excludes = need.kind() == DependencyKind::ConflictsWith;
            exists == excludes || (excludes && need.on == On::Node(id))
        };
        let details = match node.problem.as_ref().map(|p| &p.kind) {
            Some(ProblemKind::Invalid { fields }) => fields.clone(),
            Some(_) => Vec::new(),
            None => node.needs.iter().filter(unmet).map(|n| n.label().to_string()).collect(),
        };
        ValueStatus {
            key: node.key.clone(),
            state,
            error: node.error_text().map(|e| e.to_string()).unwrap_or_default(),
            last_operation: node.last_op,
            details,
        }
    }
}

/// The same plan has the same fingerprint.
fn hash_of(revision: u64, steps: &[PlanStep], unsatisfied: &[ValueStatus]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(revision);
    for step in steps {
        hasher.write(step.key.as_bytes());
        hasher.write_u8(step.op as u8);
        for value in [&step.old, &step.new].into_iter().flatten() {
            hasher.write(&value.encode_to_vec());
        }
        for before in &step.after {
            hasher.write_u32(*before);
        }
    }
    for status in unsatisfied {
        hasher.write(status.key.as_bytes());
        hasher.write_i32(status.state.number());
    }
    hasher.finish()
}
