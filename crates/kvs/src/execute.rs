//! Carrying a plan out: starting what may start, taking results in.

mod run;

use std::{sync::Arc, time::Duration};

use ligato_kvs_api::{
    AnyOperation, DependencyKind, Metadata, OpError, OpKind, Origin, Policy, RecordedErrors,
    RecordedOp, ValueState,
};
use ligato_model::Key;
use rustc_hash::FxHashSet;

pub(crate) use crate::execute::run::{LONG, Run, Traffic};
use crate::{
    core::{Answer, Call, CallId, Core, Effect, Operation, Phase},
    graph::Edge,
    guard::calm,
    node::{Applied, Content, DescriptorId, NodeId, On, PlannedRetry, Problem, ProblemKind},
    plan::Step,
    record::Outcome,
    retry,
};

const STOPPED: &str = "not tried: its transaction was stopped by a failure";
const LATE: &str = "not tried: the deadline of its transaction had passed";

/// What to do with a step whose turn has come.
enum Start {
    Call(DescriptorId, Box<AnyOperation>),
    /// Nothing to be sent.
    Done,
    /// It is not possible any more; the planner will see to it.
    Skip,
    Fail(OpError),
}

/// How often a failed operation is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tries {
    /// It would fail again.
    None,
    /// As the retry policy of the value says.
    AsWished,
    /// The southbound did not answer: its slowness is no fault of the value, which is tried again,
    /// ever less often, until there is an answer.
    UntilAnswered,
}

// === impl Core ===

impl Core {
    /// Starts steps until one needs something done outside.
    pub(crate) fn start_steps(&mut self) {
        while self.effects.is_empty() {
            let Some(active) = &mut self.active else { return };
            if active.phase != Phase::Executing {
                return;
            }
            let (graph, traffic, left) = (&self.graph, &self.traffic, active.run.left());
            let road = |step: &Step| graph.node(step.node).descriptor;
            let has_room = |id| traffic.has_room(id, left);
            if active.due.take_if(|due| *due < self.now.mono && !active.undoing).is_some() {
                return self.give_up();
            }
            let Some(at) = active.run.next(road, has_room) else { return };
            if let Some((id, operation)) = self.start_step(at) {
                self.start_batch(id, operation);
            }
        }
    }

    /// Hands over an operation, with those after it that can go together with it.
    fn start_batch(&mut self, id: DescriptorId, first: Operation) {
        let Some(descriptor) = self.catalog.get(id).cloned() else { return };
        let limit = descriptor.batch();
        let mut operations = vec![first];
        while operations.len() < limit {
            let Some(active) = &mut self.active else { break };
            let (graph, traffic) = (&self.graph, &self.traffic);
            if !traffic.has_room(id, active.run.left()) {
                break;
            }
            let road = |step: &Step| graph.node(step.node).descriptor;
            let Some(at) = active.run.next_on(id, road) else { break };
            operations.extend(self.start_step(at).map(|(_, operation)| operation));
        }
        self.effects.push_back(Effect::Operate { descriptor, operations });
    }

    /// Starts a step; gives the operation if there is something to be done outside.
    fn start_step(&mut self, at: u32) -> Option<(DescriptorId, Operation)> {
        let step = self.active.as_ref()?.run.steps[at as usize];
        match self.start_of(&step) {
            Start::Done => self.step_succeeded(at, &step, None),
            Start::Fail(error) => self.step_failed(at, &step, &error),
            Start::Skip => self.step_skipped(at, &step),
            Start::Call(descriptor, action) => {
                self.next_call += 1;
                let call = self.next_call;
                self.waiting.note_change(self.base_of(step.node));
                let active = self.active.as_mut()?;
                active.progress = self.now.mono;
                self.traffic.enter(descriptor);
                self.calls.insert(call, Call::Step { seq: active.seq, at, descriptor });
                return Some((descriptor, Operation { call, action: *action }));
            }
        }
        None
    }

    fn start_of(&self, step: &Step) -> Start {
        let node = self.graph.node(step.node);
        let Some((id, descriptor)) = self.descriptor_of(step.node) else {
            return match step.op {
                OpKind::Delete => Start::Done,
                _ if !self.is_ready(step) => Start::Skip,
                _ => Start::Done,
            };
        };
        let (content, key) = (node.content(), node.key.clone());
        let metadata = || node.metadata().cloned().filter(|_| descriptor.with_metadata());
        let has = descriptor.capabilities();
        let action = match (step.op, node.wanted(), content) {
            (OpKind::Delete, _, Some(content)) => {
                if node.origin == Origin::Sb {
                    return Start::Done;
                }
                if !has.delete {
                    return Start::Fail(not_implemented("Delete"));
                }
                AnyOperation::Delete { key, value: content.value.clone(), metadata: metadata() }
            }
            (OpKind::Delete, ..) => return Start::Done,
            (OpKind::Update, Some(wanted), Some(content)) => {
                if !has.update {
                    return Start::Fail(not_implemented("Update"));
                }
                let (old, new) = (content.value.clone(), wanted.clone());
                AnyOperation::Update { key, old, new, metadata: metadata() }
            }
            (_, Some(_), _) if !self.is_ready(step) => return Start::Skip,
            (_, Some(_), _) if !has.create => return Start::Fail(not_implemented("Create")),
            (_, Some(wanted), _) => AnyOperation::Create { key, value: wanted.clone() },
            _ => return Start::Skip,
        };
        Start::Call(id, Box::new(action))
    }

    /// Is everything there that the value needs? The plan sees to it; a failure may not.
    fn is_ready(&self, step: &Step) -> bool {
        let parent = self.graph.node(step.node).parent;
        let met = || self.graph.unmet(step.node) == 0;
        (met() || (step.in_cycle && self.cycle_may_come(step.node)))
            && parent.is_none_or(|parent| self.graph.is_available(parent))
    }

    /// Values that need each other come as one: none of them if it is known that one cannot.
    fn cycle_may_come(&self, id: NodeId) -> bool {
        let Some(active) = &self.active else { return true };
        self.graph.node(id).needs.iter().all(|need| match need.on {
            On::Node(on) if need.kind() == DependencyKind::Requires => {
                self.graph.is_available(on)
                    || !(active.cancelled.contains(&on) || active.held.contains(&on))
            }
            _ => true,
        })
    }

    /// An operation has an outcome.
    pub(crate) fn operated(
        &mut self,
        call: CallId,
        result: Result<Option<Metadata>, OpError>,
        took: Duration,
    ) {
        let Some(Call::Step { seq, at, descriptor }) = self.calls.remove(&call) else { return };
        self.traffic.leave(descriptor);
        let step = self.transaction(seq).and_then(|a| a.run.steps.get(at as usize));
        let Some(step) = step else { return };
        if let Some(info) = self.infos.get(usize::from(descriptor)) {
            info.cell.operation(step.op).add(took);
            if result.is_err() {
                info.cell.failures.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
        self.deliver(seq, Answer::Step { at, result });
    }

    /// An operation of the transaction under way has an outcome.
    pub(crate) fn step_answered(&mut self, at: u32, result: Result<Option<Metadata>, OpError>) {
        let step = self.active.as_ref().and_then(|a| a.run.steps.get(at as usize)).copied();
        let Some(step) = step else { return };
        match result {
            Ok(metadata) => self.step_succeeded(at, &step, metadata),
            Err(error) => self.step_failed(at, &step, &error),
        }
    }

    fn step_succeeded(&mut self, at: u32, step: &Step, metadata: Option<Metadata>) {
        let id = step.node;
        self.note_collateral(id);
        let before = self.outcome_before(id, step);
        self.remember(id);
        let wanted = self.graph.node(id).wanted().cloned();
        let described = self.descriptor_of(id).map(|(_, d)| d);
        let keeps = described.as_ref().is_some_and(|d| d.with_metadata());
        if let (OpKind::Delete, Some(descriptor)) = (step.op, &described) {
            self.forget_in_index(id, &**descriptor);
        }
        let applied = match (step.op, &wanted) {
            (OpKind::Delete, _) | (_, None) => Applied::Absent,
            (_, Some(value)) => Applied::Known(Content {
                value: value.clone(),
                metadata: metadata.filter(|_| keeps),
            }),
        };
        self.graph.set_applied(id, applied);
        let node = self.graph.edit(id);
        if step.op != OpKind::Delete || !node.is_refused() {
            node.problem = None;
        }
        node.marks.discovered = false;
        node.marks.missing = false;
        node.marks.differs = false;
        match step.op {
            OpKind::Delete => {
                node.marks.adopted = false;
                if !step.recreate {
                    node.last_op = OpKind::Delete;
                }
            }
            op => {
                node.origin = Origin::Nb;
                node.last_op = if step.recreate && !step.along { OpKind::Update } else { op };
            }
        }
        if let Some(descriptor) = &described {
            let node = self.graph.node(id).clone();
            if let Some(Content { value, metadata }) = node.content() {
                self.ask(id, || descriptor.index(&node.key, value, metadata.as_ref()));
            }
        }
        let state = match step.op {
            OpKind::Delete if wanted.is_none() => ValueState::Removed,
            // What is refused is seen as such, unless it goes with what it is derived from.
            OpKind::Delete if self.graph.node(id).is_refused() && !step.along => {
                self.graph.node(id).state()
            }
            OpKind::Delete if step.recreate || step.along => ValueState::Removed,
            // It was part of what is applied; what is wanted of its base is refused.
            OpKind::Delete if self.is_below_refused(id) => ValueState::Removed,
            _ => self.lasting(id, self.graph.node(id).state()),
        };
        let value = if state == ValueState::Removed { None } else { wanted };
        let refused = state == ValueState::Invalid;
        let told = refused || state == ValueState::Failed;
        let error = self.graph.node(id).error_text().filter(|_| told);
        if let Some(error) = error.as_ref().filter(|_| refused) {
            // What was there had to go, and what is wanted cannot come.
            self.fail_key(id, OpKind::Create, error);
        }
        self.record_step(at, step, before, Outcome { state, value, error });
        if let Some(active) = &mut self.active {
            active.run.finish(at);
            active.unfinished.ends(id);
        }
    }

    /// Is it derived from a value that is there, and whose wanted content is refused?
    fn is_below_refused(&self, id: NodeId) -> bool {
        let base = self.graph.node(id).parent.map(|parent| self.graph.node(parent));
        base.is_some_and(|base| base.is_refused() && base.available() && base.marks.differs)
    }

    fn step_skipped(&mut self, at: u32, step: &Step) {
        let Some(active) = &mut self.active else { return };
        active.cancelled.push(step.node);
        for other in active.run.fail(at) {
            active.cancelled.push(active.run.steps[other as usize].node);
        }
    }

    fn step_failed(&mut self, at: u32, step: &Step, error: &OpError) {
        let id = step.node;
        self.note_collateral(id);
        let before = self.outcome_before(id, step);
        self.remember(id);
        let (tries, complaint) = self.tries_after(id, error);
        let mut text = error.to_string();
        if let Some(complaint) = complaint {
            text = format!("{text}; asked whether to try again, its {complaint}");
        }
        let text: Arc<str> = text.into();
        self.note_doubt(id, step, error);
        let retry = self.planned_retry(id, tries);
        let kind = match error {
            OpError::Invalid(invalid) => ProblemKind::Invalid { fields: invalid.field_names() },
            OpError::Unsupported(_) => ProblemKind::Unsupported,
            OpError::Unknown(_) => ProblemKind::Unknown,
            OpError::Retriable(_) | OpError::Final(_) => ProblemKind::Failed,
        };
        let problem = Problem { kind, error: Arc::clone(&text), retry };
        let state = problem.state();
        let node = self.graph.edit(id);
        // That what is there cannot go does not make what is wanted any better.
        let refusal = node.problem.clone().filter(|_| node.is_refused());
        node.problem =
            Some(Arc::new(match refusal.as_deref().filter(|_| step.op == OpKind::Delete) {
                Some(Problem { kind, error, .. }) => {
                    Problem { kind: kind.clone(), error: Arc::clone(error), retry: problem.retry }
                }
                None => problem,
            }));
        node.marks.differs = node.desired.is_some();
        if step.op == OpKind::Delete || !step.recreate {
            node.last_op = if step.recreate { OpKind::Update } else { step.op };
        }
        let half = step.recreate && step.op == OpKind::Delete;
        let value = node.wanted().cloned().filter(|_| !half);
        self.fail_key(id, step.op, &text);
        self.record_step(at, step, before, Outcome { state, value, error: Some(text) });
        let Some(active) = &mut self.active else { return };
        active.held.insert(id);
        active.failed.push(id);
        active.to_retry.push(id);
        let cancelled = active.run.fail(at);
        self.cancel(step, tries, &cancelled);
        self.stop_if_asked();
    }

    /// What follows from a failed step: held by it, or to be looked at again.
    fn cancel(&mut self, failed: &Step, tries: Tries, cancelled: &[u32]) {
        let by = self.graph.key(failed.node).clone();
        let steps: Vec<Step> = {
            let Some(active) = &self.active else { return };
            cancelled.iter().map(|at| active.run.steps[*at as usize]).collect()
        };
        let kept = self.kept_by(failed.node, &steps);
        for step in steps {
            // What went with it, and was to come back with it, waits for it.
            let with_it = self.graph.is_below(failed.node, step.node);
            if run::is_held_by(failed.op, &step) && (with_it || kept.contains(&step.node)) {
                self.hold(&step, &by, tries);
            } else if let Some(active) = &mut self.active {
                active.cancelled.push(step.node);
            }
        }
    }

    /// Those of the cancelled steps' values that cannot be touched while the failed one stays: it needs
    /// them, or is derived from them, or others that stay for its sake. What only had its place behind
    /// it in the plan is planned anew.
    fn kept_by(&self, failed: NodeId, cancelled: &[Step]) -> FxHashSet<NodeId> {
        let mut kept = FxHashSet::from_iter([failed]);
        let mut left: Vec<NodeId> = cancelled.iter().map(|step| step.node).collect();
        loop {
            let before = left.len();
            left.retain(|id| {
                let stays = kept.contains(id) || self.is_kept_for(*id, &kept);
                if stays {
                    kept.insert(*id);
                }
                !stays
            });
            if left.len() == before {
                return kept;
            }
        }
    }

    /// Does one of the others need the value, or was it derived from it, or does it exclude it?
    fn is_kept_for(&self, id: NodeId, others: &FxHashSet<NodeId>) -> bool {
        let graph = &self.graph;
        let Some(active) = &self.active else { return false };
        let stays = |edge: &Edge| others.contains(&edge.from);
        let needed = graph.dependants(id).iter().any(stays)
            || graph.member_of(id).iter().any(|g| graph.group_dependants(*g).iter().any(stays));
        let derives = graph.node(id).children.iter().any(|child| others.contains(child))
            || active.moved.iter().any(|(c, old)| *old == Some(id) && others.contains(c));
        let needed_before = || {
            let old = others.iter().filter_map(|other| active.old_needs.get(other));
            old.flat_map(|needs| needs.iter()).any(|need| match need.on {
                On::Node(on) => on == id,
                On::Group(group) => graph.member_of(id).contains(&group),
            })
        };
        let excluded = || {
            graph.node(id).needs.iter().any(|need| {
                need.kind() == DependencyKind::ConflictsWith
                    && match need.on {
                        On::Node(on) => others.contains(&on),
                        On::Group(g) => others.iter().any(|o| graph.member_of(*o).contains(&g)),
                    }
            })
        };
        needed || derives || needed_before() || excluded()
    }

    fn hold(&mut self, step: &Step, by: &Key, tries: Tries) {
        let id = step.node;
        if self.active.as_ref().is_none_or(|a| a.held.contains(&id)) {
            return;
        }
        self.remember(id);
        let retry = self.planned_retry(id, tries);
        let error: Arc<str> = format!("{by} could not be removed before it").into();
        let kind = ProblemKind::Held { by: by.clone() };
        let node = self.graph.edit(id);
        node.problem = Some(Arc::new(Problem { kind, error, retry }));
        if let Some(active) = &mut self.active {
            active.held.insert(id);
            active.to_retry.push(id);
        }
    }

    /// After a failure it may be in doubt what the southbound holds.
    fn note_doubt(&mut self, id: NodeId, step: &Step, error: &OpError) {
        let Some((_, descriptor)) = self.descriptor_of(id) else { return };
        let is_sure = match error {
            OpError::Invalid(_) | OpError::Unsupported(_) => true,
            OpError::Unknown(_) => false,
            error if was_never_sent(error) => true,
            OpError::Retriable(_) | OpError::Final(_) => {
                let readable = descriptor.capabilities().retrieve;
                readable && !self.config.read_back_failures
            }
        };
        if is_sure {
            return;
        }
        let node = self.graph.node(id);
        let last = node.content().cloned().or_else(|| {
            node.wanted().map(|value| Content { value: value.clone(), metadata: None })
        });
        let exists = step.op == OpKind::Update;
        self.graph.set_applied(id, Applied::Unknown { last, exists, tried: step.op });
    }

    /// How often it is tried again, and what the descriptor said if it panicked.
    fn tries_after(&self, id: NodeId, error: &OpError) -> (Tries, Option<String>) {
        let never =
            matches!(error, OpError::Invalid(_) | OpError::Unsupported(_)) || was_never_sent(error);
        let Some((_, descriptor)) = self.descriptor_of(id).filter(|_| !never) else {
            return (Tries::None, None);
        };
        match calm(|| descriptor.is_retriable(error)) {
            Err(complaint) => (Tries::None, Some(complaint)),
            Ok(false) => (Tries::None, None),
            Ok(true) if error.is_unknown() => (Tries::UntilAnswered, None),
            Ok(true) => (Tries::AsWished, None),
        }
    }

    /// The retry that follows a failure now, if one does.
    pub(crate) fn planned_retry(&mut self, id: NodeId, tries: Tries) -> Option<PlannedRetry> {
        let active = self.active.as_ref()?;
        if tries == Tries::None
            || (active.options.policy == Policy::AllOrNothing && !active.undoing)
        {
            return None;
        }
        let base = self.graph.node(self.base_of(id));
        let policy = self.retry_policy(id)?;
        let (of, attempt) = active.attempts.next(&base.key, active.seq);
        let max_count = if tries == Tries::UntilAnswered { 0 } else { policy.max_count };
        let policy = ligato_kvs_api::RetryPolicy { max_count, ..*policy };
        let delay = retry::delay(&policy, attempt, self.config.retry_jitter, self.now.random)?;
        let due = self.now.mono + delay;
        let due = match self.graph.node(id).descriptor {
            Some(descriptor) => {
                let limit = self.config.retry_budget;
                self.retry_budget.grant(descriptor, limit, self.now.mono, due)
            }
            None => due,
        };
        Some(PlannedRetry { of, attempt, due })
    }

    /// The policy by which a value is tried again after a failure: that of its base value.
    pub(crate) fn retry_policy(&self, id: NodeId) -> Option<Arc<ligato_kvs_api::RetryPolicy>> {
        self.policy_of(self.base_of(id))
    }

    /// The retry policy of a value; of one that is to go, that of the transaction that asked for it.
    fn policy_of(&self, id: NodeId) -> Option<Arc<ligato_kvs_api::RetryPolicy>> {
        let node = self.graph.node(id);
        if let Some(desired) = &node.desired {
            return desired.terms.retry.clone();
        }
        let active = self.active.as_ref()?;
        let again = active.attempts.policy(&self.graph.node(self.base_of(id)).key);
        again.cloned().or_else(|| active.options.retry.map(Arc::new))
    }

    fn stop_if_asked(&mut self) {
        let Some(active) = &mut self.active else { return };
        if active.options.policy == Policy::BestEffort || active.undoing {
            return;
        }
        let stopped = active.run.stop();
        let steps: Vec<Step> = stopped.iter().map(|at| active.run.steps[*at as usize]).collect();
        steps.iter().for_each(|step| active.unfinished.ends(step.node));
        if active.options.policy == Policy::StopAtFirstFailure {
            for step in steps {
                self.mark_stopped(step.node, STOPPED);
            }
        }
    }

    /// The deadline has passed: what has not started is not started any more.
    fn give_up(&mut self) {
        let Some(active) = &mut self.active else { return };
        let stopped = active.run.stop();
        let steps: Vec<Step> = stopped.iter().map(|at| active.run.steps[*at as usize]).collect();
        steps.iter().for_each(|step| active.unfinished.ends(step.node));
        let all_or_nothing = active.options.policy == Policy::AllOrNothing;
        for Step { node, op, .. } in steps {
            self.mark_stopped(node, LATE);
            self.fail_key(node, op, LATE);
            let Some(active) = &mut self.active else { return };
            active.held.insert(node);
            if all_or_nothing {
                active.cancelled.push(node);
            }
        }
    }

    fn mark_stopped(&mut self, id: NodeId, why: &str) {
        let node = self.graph.node(id);
        if node.problem.is_some() {
            return;
        }
        self.remember(id);
        let problem = Problem { kind: ProblemKind::Stopped, error: why.into(), retry: None };
        self.graph.edit(id).problem = Some(Arc::new(problem));
    }

    /// Values that should come or go because of what was done before the stop say why they do not.
    pub(crate) fn stop_the_rest(&mut self, cancelled: Vec<NodeId>) {
        let disturbed = self.graph.take_disturbed();
        let suspects = disturbed.into_iter().map(|(id, _)| id).chain(cancelled);
        for id in suspects {
            let node = self.graph.node(id);
            let ready = self.graph.unmet(id) == 0
                && node.parent.is_none_or(|parent| self.graph.node(parent).shows_children());
            if node.desired.is_some() && ready != node.available() {
                self.mark_stopped(id, STOPPED);
            }
        }
    }

    /// What the node was before this step.
    fn outcome_before(&mut self, id: NodeId, step: &Step) -> Outcome {
        if let Some(before) = self.active.as_mut().and_then(|a| a.undo_before.remove(&id)) {
            return before;
        }
        let trace = *self.trace(id);
        if let Some(noop) = self.trace(id).take_noop()
            && let Some(active) = &mut self.active
        {
            active.draft.drop_op(noop);
        }
        if !trace.operated && trace.is_journaled() {
            return self.journaled_outcome(id);
        }
        let node = self.graph.node(id);
        // It went with its base before it comes back, or was not seen before.
        let anew = if trace.operated { step.along } else { !self.was_visible(id) };
        if step.op == OpKind::Create && anew && !node.available() {
            let shown = node.problem.is_some() && !step.along;
            if !shown {
                return Outcome::default();
            }
        }
        if step.op == OpKind::Create && step.recreate && trace.operated {
            return Outcome { state: ValueState::Removed, value: None, error: None };
        }
        Outcome { state: node.state(), value: node.shown().cloned(), error: node.error_text() }
    }

    /// What was to be seen of a value before the transaction.
    pub(crate) fn shown_before(&self, id: NodeId) -> Option<Outcome> {
        let active = self.active.as_ref()?;
        let published = active.began_with.as_ref().map_or(&self.published, |then| &then.0);
        let node = published.node(id).filter(|n| n.key == *self.graph.key(id))?;
        published.visible(node).then(|| Outcome {
            state: node.state(),
            value: node.shown().cloned(),
            error: node.error_text(),
        })
    }

    /// Derived values are seen only while what they are derived from is there.
    fn was_visible(&self, id: NodeId) -> bool {
        self.graph.node(id).parent.is_none() || self.shown_before(id).is_some()
    }

    /// What a node shows that was journaled.
    pub(crate) fn journaled_outcome(&mut self, id: NodeId) -> Outcome {
        if let Some(before) = self.active.as_ref().and_then(|a| a.undo_before.get(&id)) {
            return before.clone();
        }
        let Some(Some(before)) = self.before(id) else {
            let node = self.graph.node(id);
            if !node.marks.discovered {
                return Outcome::default();
            }
            // It was there before, only nobody knew.
            let value = node.content().map(|c| c.value.clone());
            return Outcome { state: ValueState::Discovered, value, error: None };
        };
        if before.parent.is_some()
            && !before.available()
            && !before.marks.missing
            && (before.problem.is_none() || before.is_invalid())
            && self.shown_before(id).is_none()
        {
            return Outcome::default();
        }
        Outcome {
            state: before.state(),
            value: before.shown().cloned(),
            error: before.error_text(),
        }
    }

    fn record_step(&mut self, at: u32, step: &Step, before: Outcome, after: Outcome) {
        let again = std::mem::replace(&mut self.trace(step.node).operated, true);
        let node = self.graph.node(step.node);
        let (key, derivation) = (node.key.clone(), node.derivation());
        let Some(active) = &mut self.active else { return };
        let op = RecordedOp {
            op: step.op,
            key,
            prev_state: before.state,
            new_state: after.state,
            prev_value: before.value.filter(|_| before.state != ValueState::Removed),
            new_value: after.value,
            errors: RecordedErrors::of(before.error, after.error),
            noop: false,
            derivation,
            revert: active.undoing,
            retry: active.draft.retry_for.is_some(),
            recreate: step.recreate && (step.op == OpKind::Delete || !step.along || again),
            reason: active.run.reason(step),
        };
        let round = active.round;
        active.draft.push(round, at, op);
    }
}

fn not_implemented(operation: &str) -> OpError {
    OpError::Final(format!("operation {operation} is not implemented"))
}

/// There is nothing that could have been called.
fn was_never_sent(error: &OpError) -> bool {
    matches!(error, OpError::Final(text) if text.ends_with(" is not implemented"))
}
