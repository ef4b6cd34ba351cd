//! Reading back: what is really in the southbound, and what follows from it for the graph.
//!
//! Descriptors are read in the order they ask for, independent ones at the same time. What one finds
//! is put into the graph, and into its read-only index, before a descriptor that waits for it is
//! read. Nothing is changed in the southbound here: the differences become seeds of the planner.

mod reading;

use std::{sync::Arc, time::Duration};

use ligato_kvs_api::{
    AnyRetrieved, DynDescriptor, OpError, OpKind, Origin, Reason, RecordedValue, ResyncKind, Scope,
};
use ligato_model::{Key, Value};
use rustc_hash::FxHashSet;

pub(crate) use crate::resync::reading::{Reading, known_values};
use crate::{
    core::{Answer, Call, CallId, Core, Phase},
    guard::calm,
    node::{
        Applied, Content, DescriptorId, Node, NodeId, PlannedRetry, Problem, ProblemKind, Shared,
    },
};

// === impl Core ===

impl Core {
    /// A read-back has an outcome.
    pub(crate) fn retrieved(
        &mut self,
        call: CallId,
        result: Result<Vec<AnyRetrieved>, OpError>,
        took: Duration,
    ) {
        match self.calls.remove(&call) {
            Some(Call::Reading { seq, descriptor }) => {
                if let Some(info) = self.infos.get(usize::from(descriptor)) {
                    info.cell.retrieve.add(took);
                }
                self.deliver(seq, Answer::Reading { descriptor, result });
            }
            Some(Call::LateReading { descriptor }) => self.read_again(descriptor),
            Some(Call::Step { .. }) | None => {}
        }
    }

    /// A read-back of the transaction under way has an outcome.
    pub(crate) fn reading_answered(
        &mut self,
        descriptor: DescriptorId,
        result: Result<Vec<AnyRetrieved>, OpError>,
    ) {
        match result {
            Ok(found) => self.take_back(descriptor, found),
            Err(error) => {
                tracing::warn!(
                    descriptor = self.catalog.get(descriptor).map(|d| d.name()),
                    %error,
                    "reading back failed; what was known of its values stays"
                );
                self.take_up_lost_of(descriptor);
            }
        }
        if let Some(reading) = self.active.as_mut().and_then(|a| a.reading.as_mut()) {
            reading.finish(descriptor);
        }
        self.start_reading();
    }

    /// Descriptors that have not answered for too long are left out: their values wait, all others
    /// do not wait for them. False if it is too early for that.
    pub(crate) fn go_on_unread(&mut self) -> bool {
        let late = self.patience_ends().is_some_and(|at| at <= self.now.mono);
        let everything = self.active.as_ref().is_some_and(|a| a.reads_everything());
        if !late || !everything {
            return false;
        }
        let catalog = Arc::clone(&self.catalog);
        let Some(active) = &mut self.active else { return false };
        let Some(reading) = &mut active.reading else { return false };
        let unread = reading.give_up(&catalog);
        for call in self.calls.values_mut() {
            if let Call::Reading { seq, descriptor } = *call
                && seq == active.seq
                && unread.contains(&descriptor)
            {
                *call = Call::LateReading { descriptor };
            }
        }
        for descriptor in unread {
            let name = catalog.get(descriptor).map(|d| d.name()).unwrap_or_default();
            tracing::warn!(descriptor = name, "no answer to a read-back; its values wait");
            self.take_up_lost_of(descriptor);
            let mut owned = self.graph.owned_by(descriptor).to_vec();
            owned.sort_unstable();
            for id in owned {
                self.leave_unread(id, name);
            }
        }
        self.start_reading();
        true
    }

    fn leave_unread(&mut self, id: NodeId, descriptor: &str) {
        let node = self.graph.node(id);
        let unsettled = node.desired.is_some()
            && node.problem.is_none()
            && (node.marks.differs || !matches!(node.applied, Applied::Known(_)));
        if unsettled {
            self.remember(id);
            let error = format!("values of {descriptor} could not be read back so far");
            let of = self.active.as_ref().map(|active| active.seq).unwrap_or_default();
            let due = self.now.mono + self.config.retrieve_deadline;
            let retry = PlannedRetry { of, attempt: 1, due };
            let (kind, error) = (ProblemKind::Unknown, error.into());
            let problem = Problem { kind, error, retry: Some(retry) };
            self.graph.edit(id).problem = Some(Arc::new(problem));
        }
        if let Some(active) = &mut self.active {
            active.held.insert(id);
        }
    }

    /// An answer that came too late shows that it can be asked again.
    fn read_again(&mut self, descriptor: DescriptorId) {
        let Some(first) = self.catalog.get(descriptor).map(|d| d.name().to_owned()) else { return };
        let mut names = vec![first];
        for id in self.catalog.in_order() {
            let Some(other) = self.catalog.get(*id) else { continue };
            if other.retrieve_after().iter().any(|name| names.iter().any(|n| n == name)) {
                names.push(other.name().to_owned());
            }
        }
        self.resync_soon(Scope::Descriptors(names));
    }

    /// Puts what was found of one descriptor into the graph.
    fn take_back(&mut self, id: DescriptorId, found: Vec<AnyRetrieved>) {
        let Some(descriptor) = self.catalog.get(id).cloned() else { return };
        let catalog = Arc::clone(&self.catalog);
        let only =
            self.active.as_mut().and_then(|a| a.reading.as_mut()).and_then(|r| r.only.take());
        let round = self.round_of_reading();
        for item in found {
            if !descriptor.selects(&item.key) {
                tracing::warn!(descriptor = descriptor.name(), key = %item.key, "read back a key of another descriptor");
                continue;
            }
            if only
                .as_ref()
                .is_some_and(|o| self.graph.find(&item.key).is_none_or(|n| !o.contains(&n)))
            {
                continue;
            }
            let node = self.graph.intern(&item.key, &catalog);
            if self.was_changed_by_others(node) {
                continue;
            }
            if std::mem::replace(&mut self.trace(node).found, round) == round {
                tracing::warn!(descriptor = descriptor.name(), key = %item.key, "read back twice");
                continue;
            }
            if self.graph.node(node).parent.is_some() {
                continue;
            }
            self.found(node, item, &*descriptor);
        }
        self.miss(id, &*descriptor, only.as_ref());
        if let Some(reading) = self.active.as_mut().and_then(|a| a.reading.as_mut()) {
            reading.only = only;
        }
        if let Some(info) = self.infos.get_mut(usize::from(id)) {
            info.was_read = true;
        }
    }

    fn was_changed_by_others(&self, id: NodeId) -> bool {
        let reading = self.active.as_ref().and_then(|active| active.reading.as_ref());
        reading.is_some_and(|reading| !reading.changed.is_empty() && reading.changed.contains(&id))
    }

    fn round_of_reading(&self) -> u16 {
        self.active.as_ref().map_or(0, |a| a.readings)
    }

    /// One value that is in the southbound.
    fn found(&mut self, id: NodeId, item: AnyRetrieved, descriptor: &dyn DynDescriptor) {
        self.take_up_lost(id);
        let metadata = item.metadata.filter(|_| descriptor.with_metadata());
        let node = self.graph.node(id);
        let unchanged = match &node.applied {
            Applied::Known(content) => content.value == item.value,
            _ => false,
        };
        // Also if what was tried with it last has failed.
        let as_left = unchanged || node.content().is_some_and(|last| last.value == item.value);
        let quiet = unchanged
            && metadata.is_none()
            && node.metadata().is_none()
            && (node.desired.is_some() || node.origin == Origin::Sb)
            // Known to differ since an earlier read-back, which did not repair it.
            && !(node.marks.differs || node.marks.discovered)
            && self.children_are_known(id);
        if quiet {
            return;
        }
        let node = self.graph.node(id);
        let was_there = node.available();
        let origin = self.origin_of(id, item.origin);
        let indexed = calm(|| descriptor.index(&node.key, &item.value, metadata.as_ref()));
        if !unchanged {
            self.remember(id);
        }
        let reviewing = self.active.as_ref().is_some_and(|a| a.phase == Phase::Reviewing);
        let fresh = !was_there && !reviewing && self.is_new(id);
        // What is there as it is wanted is kept once.
        let wanted = self.graph.node(id).wanted().filter(|wanted| **wanted == item.value);
        let value = wanted.unwrap_or(&item.value).clone();
        self.graph.set_applied(id, Applied::Known(Content { value, metadata }));
        let node = self.graph.edit(id);
        node.marks.missing = false;
        if node.desired.is_some() {
            node.marks.adopted |= !was_there && origin == Origin::Sb;
            node.marks.discovered |= fresh && origin == Origin::Nb;
            node.origin = Origin::Nb;
            if !was_there && !reviewing {
                node.last_op = OpKind::Update;
            }
        } else {
            node.marks.discovered = origin == Origin::Nb && !was_there;
            node.origin = origin;
        }
        let sure = as_left && self.looks_after_itself();
        self.take_back_children(id, &item.value, descriptor, origin, sure);
        self.compare(id);
        self.note_needs_of(id, &item.value, descriptor);
        self.rebase(id, origin);
        self.seed_found(id);
        if let Err(why) = indexed {
            self.complain(id, &why);
        }
    }

    /// What follows for the planner from a value that was found.
    fn seed_found(&mut self, id: NodeId) {
        let node = self.graph.node(id);
        let unwanted = node.desired.is_none() && node.origin == Origin::Nb;
        let reason = match (unwanted, node.marks.differs || node.marks.discovered) {
            (true, _) if self.active.as_ref().is_some_and(|a| a.spare_unwanted) => return,
            (true, _) => Reason::Unwanted,
            (false, true) => Reason::Drift,
            // It is there although something it needs is not, as far as is known by now.
            (false, false) if node.desired.is_some() && self.graph.unmet(id) > 0 => Reason::Drift,
            (false, false) => return,
        };
        let key = node.key.clone();
        let stated = self.trace(id).listed;
        if let Some(active) = &mut self.active {
            if unwanted && !stated && active.resync == Some(ResyncKind::Full) {
                let origin = Origin::Nb;
                active.draft.values.push(RecordedValue { key, value: None, origin });
            }
            active.seed(id, reason);
        }
    }

    /// What was read back before anything was done is what was there before.
    fn rebase(&mut self, id: NodeId, origin: Origin) {
        let node = self.graph.node(id);
        if node.marks.discovered && node.desired.is_some() && !node.marks.differs {
            // Found as it is wanted: nothing will be on record about it.
            return;
        }
        if self.active.as_ref().is_none_or(|a| a.phase != Phase::Reading) {
            return;
        }
        let trace = *self.trace(id);
        if !trace.is_journaled() {
            return;
        }
        let at = trace.journaled;
        let node = self.graph.node(id).clone();
        let seen = self.shown_before(id).is_some();
        let Some(active) = &mut self.active else { return };
        let Some((_, before)) = active.journal.get_mut(at as usize) else { return };
        let mut was = before.as_deref().cloned().unwrap_or_else(|| {
            let mut blank = Node::placeholder(node.key.clone(), node.descriptor);
            blank.parent = node.parent;
            blank.marks.discovered = origin == Origin::Nb;
            blank
        });
        was.origin = match (was.desired.is_some(), was.is_obtained()) {
            (true, _) => Origin::Nb,
            (false, true) => Origin::Sb,
            (false, false) => origin,
        };
        // Nobody saw it wait: it was found as its base was.
        let hidden = was.parent.is_some() && !was.available() && was.problem.is_none();
        was.marks.discovered |= hidden && !seen && origin == Origin::Nb && node.available();
        let lost = matches!((&was.applied, &node.applied), (Applied::Known(_), Applied::Absent));
        let missing = lost && was.desired.is_some() && was.problem.is_none();
        was.applied = node.applied.clone();
        was.marks.missing = node.marks.missing || missing;
        *before = Some(Shared::new(was));
    }

    /// Is what was done by the transaction itself read back?
    fn looks_after_itself(&self) -> bool {
        self.active.as_ref().is_some_and(|a| matches!(a.phase, Phase::Reviewing | Phase::Verifying))
    }

    fn is_new(&mut self, id: NodeId) -> bool {
        match self.before(id) {
            Some(before) => before.is_none_or(|b| b.desired.is_none() && !b.available()),
            None => self.graph.node(id).desired.is_none(),
        }
    }

    fn children_are_known(&self, id: NodeId) -> bool {
        self.graph.node(id).children.iter().all(|child| {
            let node = self.graph.node(*child);
            matches!(node.applied, Applied::Known(_)) && self.children_are_known(*child)
        })
    }

    /// Who a found value belongs to, if the read-back cannot tell.
    fn origin_of(&self, id: NodeId, said: Origin) -> Origin {
        let node = self.graph.node(id);
        if node.origin == Origin::Nb && !matches!(node.applied, Applied::Absent) {
            // Created or taken over by NB, whatever the southbound calls it.
            return Origin::Nb;
        }
        if node.is_obtained() {
            // Known to be theirs: it does not become ours behind our back.
            return Origin::Sb;
        }
        if said != Origin::Unknown {
            return said;
        }
        if node.desired.is_some() {
            Origin::Nb
        } else if node.origin != Origin::Unknown {
            node.origin
        } else {
            self.graves.get(&node.key).copied().unwrap_or(Origin::Sb)
        }
    }

    /// What is derived from a found value is taken to be there, what is not is not.
    /// `said` is whose the base was when it was found; `sure`: what is known of them still holds.
    fn take_back_children(
        &mut self,
        id: NodeId,
        value: &Value,
        descriptor: &dyn DynDescriptor,
        said: Origin,
        sure: bool,
    ) {
        let key = self.graph.key(id).clone();
        // Who cannot tell what is derived from it leaves that as it is.
        let Some(derived) = self.ask(id, || descriptor.derive(&key, value)) else { return };
        self.connect_unwanted(id, value);
        if derived.is_empty() && self.graph.node(id).children.is_empty() {
            return;
        }
        let catalog = Arc::clone(&self.catalog);
        let mut present = FxHashSet::default();
        for (key, value) in derived {
            let child = self.graph.intern(&key, &catalog);
            let node = self.graph.node(child);
            let mine = node.parent == Some(id) || (node.parent.is_none() && node.is_empty());
            if !mine || child == id {
                self.note_dispute(id, &key);
                continue;
            }
            present.insert(child);
            if self.is_known_better(child, sure) {
                continue;
            }
            self.found_child(id, child, &key, &value, said);
        }
        let children = self.graph.node(id).children.clone();
        for child in children.iter().copied().filter(|c| !present.contains(c)) {
            self.miss_child(child);
        }
        let mut all: Vec<NodeId> = children.to_vec();
        // What is known not to be there is not taken up.
        let comes = |c: &NodeId| !children.contains(c) && self.graph.node(*c).parent == Some(id);
        all.extend(present.iter().copied().filter(comes));
        if all.len() != children.len() {
            all.sort_by(|a, b| self.graph.key(*a).cmp(self.graph.key(*b)));
            self.graph.set_children(id, all);
        }
    }

    /// What is there, and goes though it was never asked for as it is, goes before what it needs.
    pub(crate) fn connect_applied(&mut self, id: NodeId) {
        let value = self.graph.node(id).content().map(|content| content.value.clone());
        if let Some(value) = value {
            self.connect_unwanted(id, &value);
        }
    }

    /// What is found and is NB's, but not wanted, goes before what it needs.
    fn connect_unwanted(&mut self, id: NodeId, value: &Value) {
        let node = self.graph.node(id);
        if node.desired.is_some() || node.origin == Origin::Sb {
            return;
        }
        let key = node.key.clone();
        let Some((_, descriptor)) = self.descriptor_of(id) else { return };
        let needs = self.ask(id, || descriptor.dependencies(&key, value)).unwrap_or_default();
        let catalog = Arc::clone(&self.catalog);
        if self.graph.set_needs(id, needs, &catalog) {
            self.graph.disturb(id);
        }
    }

    /// What is there otherwise than it is wanted goes before what it needs as it is.
    fn note_needs_of(&mut self, id: NodeId, value: &Value, descriptor: &dyn DynDescriptor) {
        let node = self.graph.node(id);
        let known = self.active.as_ref().is_none_or(|a| a.old_needs.contains_key(&id));
        if node.desired.is_none() || !node.marks.differs || known {
            return;
        }
        let (key, wanted) = (node.key.clone(), node.needs.clone());
        let needs = self.ask(id, || descriptor.dependencies(&key, value)).unwrap_or_default();
        let catalog = Arc::clone(&self.catalog);
        if self.graph.set_needs(id, needs, &catalog) {
            let needs = self.graph.node(id).needs.clone();
            self.graph.restore_needs(id, &wanted);
            if let Some(active) = self.active.as_mut().filter(|_| !needs.is_empty()) {
                active.old_needs.insert(id, needs);
            }
        }
    }

    fn found_child(
        &mut self,
        parent: NodeId,
        child: NodeId,
        key: &Key,
        value: &Value,
        said: Origin,
    ) {
        if self.is_known_absent(child) {
            return;
        }
        let origin = self.graph.node(parent).origin;
        let node = self.graph.node(child);
        let same = matches!(&node.applied, Applied::Known(content) if content.value == *value)
            // Whose its base is may have become known.
            && (node.desired.is_some() || node.origin == origin);
        if !same {
            self.remember(child);
            let was_there = self.graph.is_available(child);
            let applied = Applied::Known(Content { value: value.clone(), metadata: None });
            self.graph.edit(child).parent = Some(parent);
            self.graph.set_applied(child, applied);
            let base = self.graph.node(parent).desired.is_some();
            let early = self.active.as_ref().is_some_and(|a| a.phase == Phase::Reading);
            let wanted = self.graph.node(child).desired.is_some();
            let node = self.graph.edit(child);
            node.origin = origin;
            node.marks.missing = false;
            node.marks.discovered = origin == Origin::Nb && !(base && (early || wanted));
            if node.desired.is_some() {
                node.last_op = OpKind::Update;
            }
            self.compare(child);
            if self.graph.node(child).marks.differs && !was_there && origin == Origin::Nb {
                // Not as it is wanted: that it is there is all that is known of it.
                self.graph.edit(child).marks.discovered = true;
            }
            self.rebase(child, said);
            self.connect_unwanted(child, value);
            if let Some(active) = self.active.as_mut().filter(|_| !was_there) {
                active.assumed.push(child);
            }
            let node = self.graph.node(child);
            if (node.desired.is_none() && origin == Origin::Nb) || node.marks.differs {
                let from = self.graph.key(parent).clone();
                if let Some(active) = &mut self.active {
                    active.seed(child, Reason::Derived { from });
                }
            }
        }
        if let Some((_, descriptor)) = self.descriptor_of(child) {
            let Some(nested) = self.ask(child, || descriptor.derive(key, value)) else { return };
            if !nested.is_empty() || !self.graph.node(child).children.is_empty() {
                self.take_back_children(child, value, &*descriptor, said, false);
            }
        }
    }

    /// Only its base can be read back. Where that is as it was left, so is what is derived from it; and
    /// what is refused was not applied since.
    fn is_known_better(&mut self, child: NodeId, sure: bool) -> bool {
        let node = self.graph.node(child);
        let failed = node.problem.as_ref().is_some_and(|p| p.kind == ProblemKind::Failed);
        // What could not be made just now is not there, whatever became of its base.
        let mut sure = sure;
        let settled = match &node.applied {
            Applied::Known(_) => return sure || node.is_refused(),
            Applied::Unknown { exists: false, tried: OpKind::Create, .. } => {
                sure |= self.looks_after_itself() && self.traces.get(child).operated;
                Applied::Absent
            }
            Applied::Unknown { last: Some(last), .. } => Applied::Known(last.clone()),
            Applied::Absent => return sure,
            Applied::Unknown { last: None, .. } => return false,
        };
        if sure && failed {
            self.remember(child);
            self.graph.set_applied(child, settled);
            self.compare(child);
        }
        sure && failed
    }

    /// After a failure: a derived value that was deleted, or not come to, is not there although its
    /// base is.
    fn is_known_absent(&mut self, child: NodeId) -> bool {
        let operated = self.trace(child).operated;
        let node = self.graph.node(child);
        let failed = node.problem.as_ref().is_some_and(|p| p.kind == ProblemKind::Failed);
        let known = match self.active.as_ref().map(|a| a.phase) {
            Some(Phase::Reviewing) => operated || node.desired.is_some(),
            Some(Phase::Verifying) => operated || failed,
            _ => false,
        };
        known && matches!(node.applied, Applied::Absent)
    }

    /// A derived value whose needs are not met, or that was refused, is not there only because its
    /// base is: it waits.
    pub(crate) fn doubt_assumptions(&mut self) {
        let Some(active) = &mut self.active else { return };
        let mut left = std::mem::take(&mut active.assumed);
        loop {
            let (wrong, fine): (Vec<NodeId>, Vec<NodeId>) = left.into_iter().partition(|id| {
                let node = self.graph.node(*id);
                let waits = self.graph.unmet(*id) > 0 || node.is_refused();
                node.desired.is_some() && node.available() && waits
            });
            if wrong.is_empty() {
                return;
            }
            for id in wrong {
                self.assume_absent(id);
            }
            left = fine;
        }
    }

    fn assume_absent(&mut self, id: NodeId) {
        let before = self.before(id);
        let node = self.graph.node(id);
        let old = before.flatten().filter(|b| b.desired.is_some() && !b.available());
        let problem = node.problem.clone();
        self.graph.set_applied(id, Applied::Absent);
        let node = self.graph.edit(id);
        node.marks.discovered = false;
        node.marks.differs = false;
        node.problem = problem;
        if let Some(old) = old {
            node.last_op = old.last_op;
        }
        // What was read before anything was planned is what was there before.
        let first = self.active.as_ref().is_some_and(|a| a.phase == Phase::Planning);
        let at = self.trace(id).journaled;
        let Some(active) = &mut self.active else { return };
        if let Some((_, Some(before))) = active.journal.get_mut(at as usize)
            && first
        {
            let was = Shared::make_mut(before);
            was.applied = Applied::Absent;
            was.marks.discovered = false;
        }
        active.seed(id, Reason::Drift);
    }

    fn miss_child(&mut self, child: NodeId) {
        let mut open = vec![child];
        while let Some(id) = open.pop() {
            let node = self.graph.node(id);
            open.extend_from_slice(&node.children);
            if matches!(node.applied, Applied::Absent) {
                continue;
            }
            self.remember(id);
            let was = self.graph.node(id).state();
            self.graph.set_applied(id, Applied::Absent);
            let node = self.graph.edit(id);
            node.marks.missing = was == ligato_kvs_api::ValueState::Configured;
            node.marks.differs = false;
            self.rebase(id, Origin::Nb);
            if let Some(active) = &mut self.active {
                active.seed(id, Reason::Drift);
            }
        }
    }

    /// Values of the descriptor that were not found are not there.
    fn miss(
        &mut self,
        id: DescriptorId,
        descriptor: &dyn DynDescriptor,
        only: Option<&FxHashSet<NodeId>>,
    ) {
        let owned: Vec<NodeId> = match only {
            Some(only) => {
                let mut some: Vec<NodeId> = only
                    .iter()
                    .copied()
                    .filter(|n| self.graph.node(*n).descriptor == Some(id))
                    .collect();
                some.sort_unstable();
                some
            }
            None => self.graph.owned_by(id).to_vec(),
        };
        let round = self.round_of_reading();
        let mut lost = Vec::new();
        for node_id in owned {
            if self.was_changed_by_others(node_id) {
                continue;
            }
            if self.lost.contains(node_id) {
                lost.push(node_id);
                continue;
            }
            if self.trace(node_id).found == round {
                continue;
            }
            let node = self.graph.node(node_id);
            if node.parent.is_some() || matches!(node.applied, Applied::Absent) {
                continue;
            }
            self.forget_in_index(node_id, descriptor);
            self.vanished(node_id);
        }
        self.miss_lost(lost);
    }

    /// A value that was believed to be there is not.
    pub(crate) fn vanished(&mut self, id: NodeId) {
        self.remember(id);
        if self.graph.node(id).is_obtained() && self.before(id).is_some_and(|b| b.is_none()) {
            // Somebody told of it, and it was never there.
            self.trace(id).operated = false;
        }
        let node = self.graph.node(id);
        let was_sure = matches!(node.applied, Applied::Known(_));
        let missing = was_sure && node.desired.is_some() && node.problem.is_none();
        self.graph.set_applied(id, Applied::Absent);
        let node = self.graph.edit(id);
        node.marks.missing = missing;
        node.marks.differs = false;
        node.marks.discovered = false;
        node.marks.adopted = false;
        self.rebase(id, Origin::Nb);
        for child in self.graph.node(id).children.clone().iter() {
            self.miss_child(*child);
        }
        if let Some(active) = &mut self.active {
            active.seed(id, Reason::Drift);
        }
    }
}
