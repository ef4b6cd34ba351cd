//! The course of a transaction, from its turn in the queue to its end.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use ligato_kvs_api::{
    Origin, Policy, Reason, RecordedValue, ResyncKind, RetryPolicy, SourceId, Transaction, TxnKind,
    TxnOptions, TxnSeq, ValueChange,
};
use ligato_model::{Key, Value};
use rustc_hash::FxHashSet;

use crate::{
    core::{
        Active, Audience, Core, Phase, Request, Token, Unfinished,
        ahead::{self, Answers},
        intake::Wish,
    },
    execute::Run,
    node::{Applied, DescriptorId, NodeId, Shared, Terms},
    plan::{self, Facts, Seeds, Steps},
    record::Draft,
    resync::Reading,
    retry::{Again, Attempts, DueRetry},
};

/// Rounds of planning in one transaction; each but the first follows a failure and touches less.
const MAX_ROUNDS: u32 = 100;
/// So many keys of a transaction are looked for at once.
const AT_ONCE: usize = 8;

impl Core {
    /// Goes on as far as possible without results from outside.
    pub(crate) fn work(&mut self) {
        loop {
            if self.active.is_some() {
                if !self.advance() {
                    if !self.may_step_aside() {
                        return;
                    }
                    self.step_aside();
                }
            } else if self.bring_back() {
                // It goes on where it was.
            } else if self.part_is_next() {
                self.begin_part();
            } else if let Some(request) = self.next_request() {
                self.lost.let_pass();
                if let Some(waited) = request.waited(self.now.mono) {
                    self.stats.queue_wait.add(waited);
                }
                if self.is_late(&request)
                    && let Request::Northbound { token, .. } = request
                {
                    self.refuse(token, "its deadline passed in the queue".to_owned());
                    continue;
                }
                if self.must_wait(&request) {
                    self.park(request);
                } else {
                    self.begin(request);
                }
            } else if !self.waiting.is_empty() {
                return;
            } else {
                return self.idle();
            }
        }
    }

    fn idle(&mut self) {
        if self.retries.is_empty() || self.closed.is_some() {
            for token in std::mem::take(&mut self.quiet) {
                let revision = self.published.revision;
                self.effects.push_back(super::Effect::Quiet { token, revision });
            }
        }
        if let Some(token) = self.closed.take_if(|_| !self.is_closed) {
            self.is_closed = true;
            self.effects.push_back(super::Effect::Closed { token });
        }
    }

    fn begin(&mut self, request: Request) {
        let copy = (!self.waiting.is_empty()).then(|| request.copy()).flatten();
        self.begin_with(request);
        if let Some(active) = &mut self.active {
            active.request = copy.map(Box::new);
        }
    }

    fn begin_with(&mut self, request: Request) {
        match request {
            Request::Northbound { txn, token, waited, since } => {
                if token.is_some() {
                    self.traffic.others_come(self.now.mono);
                }
                let asked = since.saturating_sub(waited);
                let due = txn.options.deadline.map(|deadline| asked.saturating_add(deadline));
                self.begin_northbound(txn, token);
                if let Some(active) = &mut self.active {
                    active.due = due;
                }
            }
            Request::Plan { txn, token } => self.answer_plan(txn, token),
            Request::Notify(batch) => self.begin_notification(batch),
            Request::Retry(due) => self.begin_retry(due),
            Request::Deferred { keys } => self.begin_deferred(keys),
            Request::Audit { token } => self.answer_audit(token),
            Request::Implemented { descriptor } => self.begin_implemented(descriptor),
            Request::Unregister { descriptor, mode, token } => {
                self.begin_unregister(descriptor, mode, token);
            }
        }
    }

    /// Opens a transaction; its number is used up by it.
    pub(crate) fn open(
        &mut self,
        txn_type: &'static str,
        options: TxnOptions,
        audience: Audience,
    ) -> &mut Active {
        let seq = TxnSeq(self.next_seq);
        self.next_seq += 1;
        self.last_epoch = self.last_epoch.wrapping_add(1).max(1);
        self.epoch = self.last_epoch;
        let mut draft = Draft::new(seq, txn_type, self.now.wall);
        draft.description = options.description.clone().unwrap_or_default();
        if options.simulate || self.config.simulate {
            draft.planned = Some(Vec::new());
        }
        self.active.insert(Box::new(Active {
            seq,
            epoch: self.epoch,
            progress: self.now.mono,
            unfinished: Unfinished::default(),
            began_with: None,
            seen: Vec::new(),
            was_aside: false,
            is_part: false,
            request: None,
            phase: Phase::Planning,
            audience,
            options,
            draft,
            attempts: Attempts::default(),
            resync: None,
            started: self.now.mono,
            planning: Duration::ZERO,
            seeds: Seeds::default(),
            panicked: FxHashSet::default(),
            journal: Vec::new(),
            old_needs: rustc_hash::FxHashMap::default(),
            moved: rustc_hash::FxHashMap::default(),
            held: FxHashSet::default(),
            run: Run::default(),
            round: 0,
            reading: None,
            readings: 0,
            failed: Vec::new(),
            cancelled: Vec::new(),
            suspects: Vec::new(),
            to_retry: Vec::new(),
            errors: Vec::new(),
            named: Vec::new(),
            in_order: false,
            undoing: false,
            due: None,
            collateral: Vec::new(),
            undo_before: rustc_hash::FxHashMap::default(),
            mended: FxHashSet::default(),
            failures: false,
            undo_failed: Vec::new(),
            to_release: Vec::new(),
            then_plan: None,
            tried: rustc_hash::FxHashMap::default(),
            only_look: false,
            looked_at: Vec::new(),
            assumed: Vec::new(),
            spare_unwanted: !self.stated,
        }))
    }

    pub(crate) fn begin_northbound(&mut self, txn: Transaction, token: Option<Token>) {
        let current = self.published.revision;
        if let Some(revision) = txn.options.only_at.filter(|r| *r != current) {
            let why = format!(
                "the plan was made for revision {}, the graph is at {}",
                revision.0, current.0
            );
            return self.refuse(token, why);
        }
        let audience = token.map_or(Audience::Nobody, Audience::Commit);
        let active = self.open("NBTransaction", txn.options.clone(), audience);
        if let TxnKind::Resync(kind) = &txn.kind {
            active.compares(kind.clone());
            let statement = matches!(kind, ResyncKind::Full | ResyncKind::Upstream);
            // A southbound that comes up is compared without anybody having asked for it.
            active.spare_unwanted &= token.is_none();
            self.stated |= statement;
            self.asked |= token.is_some();
        }
        self.take_in(txn);
        let active_invalid = self.active.as_ref().is_some_and(|a| a.options.reject_invalid);
        if active_invalid && let Some(why) = self.first_invalid() {
            self.roll_back();
            self.refuse(token, why);
            return;
        }
        self.prepare_resync();
    }

    /// Takes in all changes of a northbound transaction, the last one of each key.
    pub(crate) fn take_in(&mut self, txn: Transaction) {
        let mut changes = txn.changes;
        // A statement about most of the graph is put in order by the graph afterwards.
        let most = changes.len() > self.graph.len() / 2 && self.graph.len() > 1000;
        let sorted = changes.is_sorted_by(|a, b| a.key < b.key);
        if !sorted && !most {
            changes.sort_by(|a, b| a.key.cmp(&b.key));
        }
        if !sorted {
            // The last one of a key wins.
            changes.reverse();
        }
        let are_new = self.make_room(&changes);
        let retry = txn.options.retry.map(Arc::new);
        let (mut named, others) = if are_new && self.asks_ahead && changes.len() >= ahead::WORTH_IT
        {
            let (catalog, at) = (Arc::clone(&self.catalog), AtomicUsize::new(0));
            let (asker, answers) = ahead::conversation(&changes, &catalog, &at);
            std::thread::scope(|scope| {
                // Without a thread the answers do not come, and the owner asks.
                let asking = std::thread::Builder::new().name("asks-ahead".to_owned());
                if let Err(error) = asking.spawn_scoped(scope, || asker.run()) {
                    tracing::debug!(%error, "no thread");
                }
                self.take_each(&changes, &retry, sorted, Some(answers))
            })
        } else {
            self.take_each(&changes, &retry, sorted, None)
        };
        if most && !sorted {
            self.graph.settle();
            named = self.graph.in_order().filter(|id| self.is_listed(*id)).collect();
        } else if !sorted {
            named.reverse();
        }
        self.record_arguments(&named, others);
        if let Some(active) = &mut self.active {
            active.named = named;
            active.in_order = true;
        }
        let everything =
            matches!(txn.kind, TxnKind::Resync(ResyncKind::Full | ResyncKind::Upstream));
        if everything {
            self.let_go_unlisted();
        }
    }

    /// Takes the changes in, one after the other. Gives the nodes that are named, and what is named and
    /// is none.
    fn take_each(
        &mut self,
        changes: &[ValueChange],
        retry: &Option<Arc<RetryPolicy>>,
        sorted: bool,
        mut answers: Option<Answers<'_>>,
    ) -> (Vec<NodeId>, Vec<(Key, Option<Value>)>) {
        let since = self.current_seq();
        let terms_of = |source: &Option<SourceId>| {
            Arc::new(Terms { source: source.clone(), retry: retry.clone(), since })
        };
        let mut terms = terms_of(&None);
        let mut named = Vec::with_capacity(changes.len());
        let mut others = Vec::new();
        let mut seen = FxHashSet::default();
        for (part, changes) in changes.chunks(AT_ONCE).enumerate() {
            let known: [_; AT_ONCE] = self.graph.find_few(changes.iter().map(|c| Some(&c.key)));
            for (at, (known, change)) in known.into_iter().zip(changes).enumerate() {
                let place = part * AT_ONCE + at;
                let described = answers.as_mut().and_then(|answers| answers.next(place));
                if terms.source != change.source {
                    terms = terms_of(&change.source);
                }
                let ValueChange { key, value, .. } = change;
                let id = match value {
                    _ if known.is_some() => known,
                    Some(_) => Some(self.graph.intern(key, &self.catalog)),
                    None => self.graph.find(key),
                };
                let listed = |core: &mut Self| id.is_some_and(|id| core.trace(id).listed);
                if !sorted && (seen.contains(key) || listed(self)) {
                    continue;
                }
                let (value, terms) = (value.clone(), Arc::clone(&terms));
                let wish = Wish { value, terms, reason: Reason::Requested };
                if let Some(id) = id {
                    self.wish_for(id, &wish, described);
                }
                match id {
                    // A derived value is not named: it cannot be set.
                    Some(id) if self.graph.node(id).parent.is_none() => named.push(id),
                    _ => {
                        seen.insert(key.clone());
                        others.push((key.clone(), wish.value));
                    }
                }
            }
        }
        (named, others)
    }

    /// Memory that grows bit by bit is copied again and again, and leaves holes behind. Says whether the
    /// values are new, as far as one of them tells.
    fn make_room(&mut self, changes: &[ValueChange]) -> bool {
        // With them comes what is derived from them.
        let room = changes.len() + changes.len() / 4;
        let one = changes.get(changes.len() / 2);
        let are_new = one.is_some_and(|change| self.graph.find(&change.key).is_none());
        if are_new && room > self.graph.len() / 2 {
            self.graph.reserve(room);
        }
        if let Some(active) = &mut self.active {
            active.journal.reserve(room);
            active.seeds.reserve(room);
        }
        are_new
    }

    pub(crate) fn is_listed(&self, id: NodeId) -> bool {
        let trace = self.traces.get(id);
        trace.epoch == self.epoch && trace.listed
    }

    /// The arguments of a transaction for its record.
    fn record_arguments(&mut self, named: &[NodeId], others: Vec<(Key, Option<Value>)>) {
        if !self.config.record_history {
            return;
        }
        let Some(active) = &mut self.active else { return };
        let graph = &self.graph;
        active.draft.values.reserve(named.len() + others.len());
        active.draft.values.extend(named.iter().map(|id| {
            let node = graph.node(*id);
            let value = node.wanted().cloned();
            RecordedValue { key: node.key.clone(), value, origin: Origin::Nb }
        }));
        let others = others.into_iter();
        let other = |(key, value)| RecordedValue { key, value, origin: Origin::Nb };
        active.draft.values.extend(others.map(other));
    }

    fn begin_retry(&mut self, due: DueRetry) {
        let options = TxnOptions { simulate: false, ..TxnOptions::default() };
        let active = self.open("RetryFailedOps", options, Audience::Nobody);
        active.draft.planned = Some(Vec::new());
        active.draft.retry_for = Some((due.of, due.attempt));
        for again in due.values {
            let Some(id) = self.graph.find(&again.key) else { continue };
            if !self.is_still_failing(id, due.of, due.attempt) {
                continue;
            }
            self.retry_value(id, again, due.of, due.attempt);
        }
        if let Some(active) = self.active.as_mut().filter(|a| a.named.is_empty()) {
            // Nothing is left to be tried again, and nothing was planned.
            active.draft.planned = None;
        }
    }

    /// Nothing newer than the failure has happened to it or to what is derived from it.
    fn is_still_failing(&self, id: NodeId, of: TxnSeq, attempt: u32) -> bool {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let node = self.graph.node(id);
            let planned = node.problem.as_ref().and_then(|p| p.retry);
            if planned.is_some_and(|retry| (retry.of, retry.attempt) == (of, attempt)) {
                return true;
            }
            open.extend_from_slice(&node.children);
        }
        false
    }

    fn retry_value(&mut self, id: NodeId, again: Again, of: TxnSeq, attempt: u32) {
        let Again { key, policy } = again;
        let desired = self.graph.node(id).desired.clone();
        let value = desired.as_ref().map(|d| d.value.clone());
        if let Some(active) = &mut self.active {
            active.attempts.0.insert(key.clone(), (of, attempt, policy));
            active.named.push(id);
            active.draft.values.push(RecordedValue {
                key: key.clone(),
                value: value.clone(),
                origin: Origin::Nb,
            });
        }
        let terms = desired.map(|d| d.terms).unwrap_or_default();
        let wish = Wish { value, terms, reason: Reason::Retry };
        self.wish(&key, &wish);
    }

    /// One step through the phases; false if results from outside are needed first.
    fn advance(&mut self) -> bool {
        let Some(active) = &mut self.active else { return false };
        match active.phase {
            Phase::Reading => {
                if active.reading.as_ref().is_some_and(|r| !r.is_over()) {
                    return self.go_on_unread();
                }
                active.reading = None;
                active.phase = Phase::Planning;
                let repaired = active.resync.clone().filter(|_| !active.only_look);
                self.doubt_assumptions();
                if let Some(kind) = repaired {
                    self.seed_known_differences(&kind);
                }
                true
            }
            Phase::Planning => {
                self.plan_round();
                true
            }
            Phase::Executing => {
                if !active.run.is_over() {
                    self.start_steps();
                    return self.active.as_ref().is_some_and(|a| a.run.is_over());
                }
                self.after_run();
                true
            }
            Phase::Reviewing => {
                if active.reading.as_ref().is_some_and(|r| !r.is_over()) {
                    return false;
                }
                active.reading = None;
                self.doubt_assumptions();
                self.after_review();
                true
            }
            Phase::Verifying => {
                if active.reading.as_ref().is_some_and(|r| !r.is_over()) {
                    return false;
                }
                active.reading = None;
                self.doubt_assumptions();
                self.verify();
                self.after_verification();
                true
            }
            Phase::Over => {
                self.finish();
                true
            }
        }
    }

    /// Plans from the seeds and starts carrying it out.
    fn plan_round(&mut self) {
        let mut steps = self.make_plan();
        let conflicts = std::mem::take(&mut steps.conflicts);
        if !conflicts.is_empty() && self.meets_reserved(conflicts) {
            return;
        }
        let undo_at_once = self.active.as_ref().is_some_and(|a| {
            a.options.policy == Policy::AllOrNothing && !a.undoing && a.round == 1
        }) && self.first_invalid().is_some();
        self.note_noops(&steps);
        let only_look = self.active.as_ref().is_some_and(|a| a.only_look);
        if only_look
            || self.active.as_ref().is_some_and(|a| a.draft.planned.is_some() && a.round == 1)
        {
            self.record_plan(&steps);
        }
        if undo_at_once {
            self.tell_hidden_refusals();
            return self.start_undo();
        }
        self.give_problems_back();
        for step in &steps.steps {
            // From now on it is known to this transaction, also while that is aside.
            self.trace(step.node);
        }
        let Some(active) = &mut self.active else { return };
        if only_look {
            active.phase = Phase::Over;
            return;
        }
        active.draft.reserve(steps.steps.len());
        active.unfinished.begin(&steps.steps, active.options.policy);
        active.run = Run::new(steps);
        active.phase = Phase::Executing;
    }

    pub(crate) fn make_plan(&mut self) -> Steps {
        let started = (self.stopwatch)();
        self.settle_disputes();
        let disturbed = self.take_disturbed();
        let Some(active) = &mut self.active else { return Steps::default() };
        active.round += 1;
        let mut seeds = std::mem::take(&mut active.seeds);
        active.suspects.extend(disturbed.iter().map(|(node, _)| *node));
        for (node, by) in disturbed {
            let cause = self.graph.node(by);
            let reason = match (node == by, cause.available()) {
                (true, _) => Reason::Drift,
                (false, true) => Reason::Unblocked { by: cause.key.clone() },
                (false, false) => Reason::Blocked { by: cause.key.clone() },
            };
            seeds.push(node, Some(reason));
        }
        if seeds.nodes().len() > self.graph.len() / 8 {
            self.graph.settle();
        }
        let steps = loop {
            let steps = self.plan_from(seeds);
            if steps.panics.is_empty() {
                break steps;
            }
            // Those values fail; a plan is made without them.
            for (id, why) in &steps.panics {
                self.complain(*id, why);
            }
            let panicked = steps.panics.iter().map(|(node, _)| (*node, None));
            let planned = steps.steps.iter().map(|step| (step.node, Some(steps.reason(step))));
            seeds = panicked.chain(planned).collect();
        };
        if let Some(active) = &mut self.active {
            active.planning += (self.stopwatch)().saturating_sub(started);
        }
        steps
    }

    fn plan_from(&mut self, seeds: Seeds) -> Steps {
        let Some(active) = &self.active else { return Steps::default() };
        let (graph, traces, epoch) = (&self.graph, &self.traces, self.epoch);
        let taken_over = |id: NodeId| {
            let trace = traces.get(id);
            let noted = trace.epoch == epoch && !trace.operated && graph.node(id).desired.is_some();
            let before = active.journal.get(trace.journaled as usize).filter(|_| noted);
            before.is_some_and(|(_, before)| before.as_ref().is_some_and(|b| b.is_obtained()))
        };
        let facts = Facts {
            graph: &self.graph,
            catalog: &self.catalog,
            held: &active.held,
            reserved: &self.waiting.reserved,
            later: &self.waiting.later,
            down: &self.down,
            spare_unwanted: active.spare_unwanted,
            old_needs: &active.old_needs,
            moved: &active.moved,
            taken_over: &taken_over,
        };
        plan::plan(facts, seeds, &mut self.scratch)
    }

    /// All steps of a round are done, failed or cancelled.
    fn after_run(&mut self) {
        let Some(active) = &mut self.active else { return };
        if active.failed.is_empty() && active.cancelled.is_empty() {
            if self.free_what_must_go() || self.go_on_with_disputes() {
                return;
            }
            // What the steps set off is what they were planned for, and what came meanwhile.
            let disturbed = self.take_disturbed();
            if self.active.as_ref().is_some_and(|a| a.was_aside) && self.plan_for(disturbed) {
                return;
            }
            return self.verify_or_end();
        }
        let failed = std::mem::take(&mut active.failed);
        // Values that were taken down for something that now stays come back.
        let graph = &self.graph;
        let suspects = active.suspects.iter().copied();
        let touched = active.journal.iter().map(|(id, _)| *id).chain(suspects);
        let down = active.run.steps.iter().map(|s| s.node).chain(touched).filter(|id| {
            let node = graph.node(*id);
            node.desired.is_some() && (!node.available() || graph.unmet(*id) > 0)
        });
        active.cancelled.extend(down);
        let doubtful = failed.into_iter().filter(|id| self.in_doubt(*id));
        let bases: FxHashSet<NodeId> = doubtful.map(|id| self.base_of(id)).collect();
        if bases.is_empty() {
            return self.after_review();
        }
        let descriptors: FxHashSet<DescriptorId> =
            bases.iter().filter_map(|id| self.graph.node(*id).descriptor).collect();
        let mut reading = Reading::new(&self.catalog, &self.down, |id| descriptors.contains(&id));
        reading.only = Some(bases);
        reading.failures = true;
        if let Some(active) = &mut self.active {
            // What failed below a base is repaired by a retry of the base, not by this transaction.
            active.held.extend(reading.only.iter().flatten());
        }
        self.begin_reading(reading, Phase::Reviewing);
    }

    /// What failed was read back as far as possible: on with the remainder.
    fn after_review(&mut self) {
        let Some(active) = &mut self.active else { return };
        let cancelled = std::mem::take(&mut active.cancelled);
        if active.options.policy == Policy::AllOrNothing && !active.undoing {
            return self.start_undo();
        }
        if active.options.policy == Policy::StopAtFirstFailure && !active.undoing {
            self.stop_the_rest(cancelled);
            return self.verify_or_end();
        }
        for id in cancelled {
            active.seed(id, Reason::Requested);
        }
        if self.free_what_must_go() {
            return;
        }
        let Some(active) = &mut self.active else { return };
        active.phase = if active.round < MAX_ROUNDS { Phase::Planning } else { Phase::Over };
    }

    /// Base values that were left alone because something derived from them failed, and that lack
    /// something now: they cannot stay. True if there are such values, and a round to take them away.
    fn free_what_must_go(&mut self) -> bool {
        let Some(active) = self.active.as_mut().filter(|a| a.round < MAX_ROUNDS) else {
            return false;
        };
        let graph = &self.graph;
        let mut lacking: Vec<NodeId> = active
            .held
            .iter()
            .copied()
            .filter(|id| {
                let node = graph.node(*id);
                node.problem.is_none()
                    && node.desired.is_some()
                    && node.available()
                    && graph.unmet(*id) > 0
            })
            .collect();
        if lacking.is_empty() {
            return false;
        }
        lacking.sort_unstable();
        for id in lacking {
            active.held.remove(&id);
            active.seed(id, Reason::Drift);
        }
        active.phase = Phase::Planning;
        true
    }

    /// Keys that were claimed are free now: a round for those who claim them.
    fn go_on_with_disputes(&mut self) -> bool {
        let goes_on = self.can_settle();
        let active = self.active.as_mut().filter(|a| goes_on && a.round < MAX_ROUNDS);
        active.map(|active| active.phase = Phase::Planning).is_some()
    }

    fn verify_or_end(&mut self) {
        let verify = self.config.verify || self.active.as_ref().is_some_and(|a| a.options.verify);
        if verify && self.start_verification() {
            return;
        }
        if let Some(active) = &mut self.active {
            active.phase = Phase::Over;
        }
    }

    /// What verification found is told, not repaired; but values that wait for what was found, or need
    /// what was not, follow.
    fn after_verification(&mut self) {
        let disturbed = self.take_disturbed();
        let graph = &self.graph;
        let Some(active) = &mut self.active else { return };
        active.phase = Phase::Over;
        active.seeds.clear();
        let known = active.draft.ops().filter_map(|op| graph.find(&op.key));
        let wrong = known.filter(|id| graph.node(*id).problem.is_some());
        active.held.extend(wrong);
        let stopped = active.failures
            && active.options.policy == Policy::StopAtFirstFailure
            && !active.undoing;
        if stopped {
            let left = self.followers(disturbed);
            self.graph.disturb_again(left);
            return self.stop_the_rest(Vec::new());
        }
        self.plan_for(disturbed);
    }

    /// Goes on planning if there are values that can come or must go by what has happened.
    fn plan_for(&mut self, disturbed: Vec<(NodeId, NodeId)>) -> bool {
        let left = self.followers(disturbed);
        let Some(active) = &mut self.active else { return false };
        let goes_on = !left.is_empty() && active.round < MAX_ROUNDS;
        if goes_on {
            active.phase = Phase::Planning;
            self.graph.disturb_again(left);
        }
        goes_on
    }

    /// Values whose readiness changed, each with the one that came or went; without those that are
    /// planned for in a turn of their own.
    fn take_disturbed(&mut self) -> Vec<(NodeId, NodeId)> {
        let mut disturbed = self.graph.take_disturbed();
        disturbed.retain(|(id, _)| !self.waiting.later.contains(*id));
        disturbed
    }

    /// Those of the values whose readiness changed that are not as they should be by now.
    fn followers(&self, mut disturbed: Vec<(NodeId, NodeId)>) -> Vec<(NodeId, NodeId)> {
        let (graph, held) = (&self.graph, self.active.as_ref().map(|a| &a.held));
        disturbed.retain(|(id, _)| {
            let node = graph.node(*id);
            let ready = graph.unmet(*id) == 0
                && node.parent.is_none_or(|parent| graph.is_available(parent));
            let is_held = held.is_some_and(|held| held.contains(id));
            let settled = node.problem.is_some() || node.desired.is_none() || is_held;
            !settled && ready != node.available()
        });
        disturbed
    }

    /// The first problem of an invalid value of the transaction, as text.
    fn first_invalid(&self) -> Option<String> {
        let node = self.graph.node(self.invalid_ones().next()?);
        let problem = node.problem.as_ref()?;
        Some(format!("{} is invalid: {}", node.key, problem.error))
    }

    /// Values that are invalid, of those that the transaction touched or names, or that derive from
    /// those.
    pub(crate) fn invalid_ones(&self) -> impl Iterator<Item = NodeId> + '_ {
        let touched = self.active.iter().flat_map(|a| a.journal.iter().map(|(id, _)| *id));
        let named = self.active.iter().flat_map(|a| a.named.iter().copied());
        let below = named.flat_map(|id| self.graph.node(id).children.iter().copied());
        touched.chain(below).filter(|id| self.graph.node(*id).is_invalid())
    }

    /// Everything is as before the transaction; nothing was sent.
    pub(crate) fn roll_back(&mut self) {
        let Some(active) = self.active.take() else { return };
        // What was named and came to nothing is not in the journal.
        let mut touched: Vec<NodeId> = self.graph.dirty_nodes().to_vec();
        touched.extend(active.journal.iter().map(|(id, _)| *id));
        for (id, before) in active.journal.into_iter().rev() {
            let node = self.graph.node(id);
            let before = before.unwrap_or_else(|| {
                let blank = crate::node::Node::placeholder(node.key.clone(), node.descriptor);
                Shared::new(blank)
            });
            self.graph.restore(id, &before);
        }
        self.graph.take_disturbed();
        self.sweep(touched);
        self.next_seq = self.next_seq.saturating_sub(1);
    }

    /// Is it in doubt what the southbound holds of it?
    pub(crate) fn in_doubt(&self, id: NodeId) -> bool {
        matches!(self.graph.node(id).applied, Applied::Unknown { .. })
    }
}
