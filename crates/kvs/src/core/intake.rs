//! From wishes to desired values: validated, with what is derived from them and what they need.

use std::sync::Arc;

use ligato_kvs_api::{
    Dependency, DynDescriptor, Invalid, OpError, OpKind, Origin, Reason, Release, TxnSeq,
};
use ligato_model::{Key, Value};

use rustc_hash::FxHashSet;

use crate::{
    core::Core,
    guard::calm,
    node::{Applied, Desired, NodeId, Problem, ProblemKind, Terms},
};

/// Values derived deeper than this are a mistake of the descriptors.
const MAX_DEPTH: u32 = 16;

/// A wish for one base value.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) value: Option<Value>,
    pub(crate) terms: Arc<Terms>,
    pub(crate) reason: Reason,
}

/// What a descriptor says about a value.
#[derive(Debug, Default)]
pub(crate) struct Description {
    problem: Option<Problem>,
    derived: Vec<(Key, Value)>,
    dependencies: Vec<Dependency>,
}

impl Core {
    /// Takes a wish in. Gives the node unless there is nothing to know about the key.
    pub(crate) fn wish(&mut self, key: &Key, wish: &Wish) -> Option<NodeId> {
        let id = match &wish.value {
            Some(_) => self.graph.intern(key, &self.catalog),
            None => self.graph.find(key)?,
        };
        self.wish_for(id, wish, None);
        Some(id)
    }

    /// Takes a wish for a node in; `described` if its descriptor was asked already.
    pub(crate) fn wish_for(&mut self, id: NodeId, wish: &Wish, described: Option<Description>) {
        if let Some(parent) = self.graph.node(id).parent {
            let base = self.graph.key(parent).clone();
            let op = if wish.value.is_some() { OpKind::Create } else { OpKind::Delete };
            return self.fail_key(id, op, &format!("it is derived from {base} and cannot be set"));
        }
        self.trace(id).listed = true;
        self.lost.remove(id);
        match wish.value.clone() {
            Some(value) => self.want(id, value, wish, described),
            None => self.let_go(id, &wish.reason),
        }
    }

    fn want(&mut self, id: NodeId, value: Value, wish: &Wish, described: Option<Description>) {
        let node = self.graph.node(id);
        let same = node.wanted().is_some_and(|wanted| *wanted == value);
        let settled = same
            && node.problem.is_none()
            && node.origin == Origin::Nb
            && matches!(node.applied, Applied::Known(_))
            && !node.marks.differs
            && !node.marks.discovered
            && node.children.iter().all(|c| self.graph.node(*c).problem.is_none());
        if settled && wish.reason != Reason::Retry {
            return self.confirm(id, wish);
        }
        self.remember(id);
        let node = self.graph.edit(id);
        let refused = node.is_refused();
        let undescribed = !same || refused || node.desired.is_none();
        node.desired = Some(Desired { value, terms: Arc::clone(&wish.terms) });
        node.problem = None;
        if node.available() {
            node.marks.adopted |= node.origin == Origin::Sb;
            node.origin = Origin::Nb;
        }
        node.last_op = if node.available() { OpKind::Update } else { OpKind::Create };
        match described {
            _ if !undescribed => self.renew_children(id),
            Some(description) => self.take_description(id, description, 0),
            None => self.describe(id, 0),
        }
        self.compare(id);
        if let Some(active) = &mut self.active {
            active.seed(id, wish.reason.clone());
        }
    }

    /// Nothing changes by this wish but whose it is.
    fn confirm(&mut self, id: NodeId, wish: &Wish) {
        let differs = self.graph.node(id).desired.as_ref().is_some_and(|d| {
            d.terms.source != wish.terms.source
                || d.terms.retry.as_deref() != wish.terms.retry.as_deref()
        });
        if differs {
            self.remember(id);
            if let Some(desired) = &mut self.graph.edit(id).desired {
                desired.terms = Arc::clone(&wish.terms);
            }
        }
        if let Some(active) = &mut self.active {
            active.draft.confirmed += 1;
        }
    }

    fn let_go(&mut self, id: NodeId, reason: &Reason) {
        let node = self.graph.node(id);
        if node.is_empty()
            || (node.desired.is_none() && *reason == Reason::Unwanted && {
                node.is_obtained() || (node.problem.is_none() && !node.available())
            })
        {
            return;
        }
        self.remember(id);
        let released = self.graph.node(id).marks.adopted
            && self.descriptor_of(id).is_some_and(|(_, d)| d.release() == Release::Keep);
        let node = self.graph.node(id);
        let undescribed = node.available() && (node.is_refused() || node.origin == Origin::Sb);
        let node = self.graph.edit(id);
        node.desired = None;
        node.problem = None;
        node.last_op = OpKind::Delete;
        node.marks.differs = false;
        node.marks.missing = false;
        if released && matches!(node.applied, Applied::Known(_)) {
            node.origin = Origin::Sb;
            node.marks.adopted = false;
            // It stays: nothing follows for others.
            return self.release_children(id);
        } else if node.available() {
            node.origin = Origin::Nb;
        }
        if undescribed {
            self.connect_applied(id);
        }
        self.drop_children(id, reason);
        if let Some(active) = &mut self.active {
            active.seed(id, reason.clone());
        }
    }

    /// What is derived from a value that is let go of stays with it.
    fn release_children(&mut self, id: NodeId) {
        let mut open = self.graph.node(id).children.to_vec();
        while let Some(child) = open.pop() {
            self.remember(child);
            let node = self.graph.edit(child);
            node.desired = None;
            node.problem = None;
            node.marks.differs = false;
            if node.available() {
                node.origin = Origin::Sb;
            }
            open.extend_from_slice(&self.graph.node(child).children);
        }
    }

    /// What is derived from a value that is no longer wanted is not wanted either.
    pub(crate) fn drop_children(&mut self, id: NodeId, reason: &Reason) {
        let mut open = self.graph.node(id).children.to_vec();
        while let Some(child) = open.pop() {
            if self.graph.node(child).is_empty() {
                continue;
            }
            self.remember(child);
            let node = self.graph.edit(child);
            node.desired = None;
            node.problem = None;
            node.last_op = OpKind::Delete;
            node.marks.differs = false;
            if node.available() && std::mem::replace(&mut node.origin, Origin::Nb) == Origin::Sb {
                self.connect_applied(child);
            }
            open.extend_from_slice(&self.graph.node(child).children);
            let from = self.graph.key(id).clone();
            let why = match reason {
                Reason::Undo => Reason::Undo,
                _ => Reason::Derived { from },
            };
            if let Some(active) = &mut self.active {
                active.seed(child, why);
            }
        }
    }

    /// A value is asked for again: what failed below it is tried again too.
    fn renew_children(&mut self, id: NodeId) {
        let mut open = self.graph.node(id).children.to_vec();
        while let Some(child) = open.pop() {
            let node = self.graph.node(child);
            open.extend_from_slice(&node.children);
            if node.available() && node.problem.is_none() {
                self.remember(child);
                self.graph.edit(child).last_op = OpKind::Update;
                continue;
            }
            if node.problem.is_none() || node.is_refused() {
                continue;
            }
            self.remember(child);
            self.graph.edit(child).problem = None;
            let from = self.graph.key(id).clone();
            if let Some(active) = &mut self.active {
                active.seed(child, Reason::Derived { from });
            }
        }
    }

    /// Asks the descriptor about the wanted content, and connects the node accordingly. A refused
    /// content leaves the edges of what is applied as they are.
    pub(crate) fn describe(&mut self, id: NodeId, depth: u32) {
        let Some((_, descriptor)) = self.descriptor_of(id) else {
            return self.connect(id, Vec::new(), Vec::new(), depth);
        };
        let node = self.graph.node(id);
        let Some(value) = node.wanted().cloned() else { return };
        let key = node.key.clone();
        self.take_description(id, describe(&*descriptor, &key, &value), depth);
    }

    fn take_description(&mut self, id: NodeId, description: Description, depth: u32) {
        let Description { problem, derived, dependencies } = description;
        if let Some(problem) = problem {
            self.remember(id);
            self.graph.edit(id).problem = Some(Arc::new(problem));
            return;
        }
        self.connect(id, derived, dependencies, depth);
    }

    fn connect(
        &mut self,
        id: NodeId,
        derived: Vec<(Key, Value)>,
        dependencies: Vec<Dependency>,
        depth: u32,
    ) {
        let Some(children) = self.children_of(id, derived, depth) else { return };
        let old = self.graph.node(id).needs.clone();
        let catalog = Arc::clone(&self.catalog);
        if self.graph.set_needs(id, dependencies, &catalog)
            && !old.is_empty()
            && let Some(active) = &mut self.active
        {
            active.old_needs.entry(id).or_insert(old);
        }
        if children.is_empty() && self.graph.node(id).children.is_empty() {
            return;
        }
        self.set_children(id, children, depth);
    }

    /// The nodes of what is derived from a value, in key order; `None`, and a problem of the value, if
    /// one of them is somebody else's.
    fn children_of(
        &mut self,
        id: NodeId,
        mut derived: Vec<(Key, Value)>,
        depth: u32,
    ) -> Option<Vec<(NodeId, Value)>> {
        derived.sort_by(|a, b| a.0.cmp(&b.0));
        derived.dedup_by(|a, b| a.0 == b.0);
        let catalog = Arc::clone(&self.catalog);
        let mut children = Vec::with_capacity(derived.len());
        for (key, value) in derived {
            let child = self.graph.intern(&key, &catalog);
            if depth >= MAX_DEPTH || !self.may_derive(id, child) {
                self.refuse_claim(id, &key);
                return None;
            }
            children.push((child, value));
        }
        Some(children)
    }

    /// Makes exactly these values derived from the node; they are wanted as it is.
    fn set_children(&mut self, id: NodeId, children: Vec<(NodeId, Value)>, depth: u32) {
        let parent = self.graph.node(id);
        let old = parent.children.clone();
        let key = parent.key.clone();
        let mut all: Vec<NodeId> = children.iter().map(|(child, _)| *child).collect();
        let kept: FxHashSet<NodeId> = all.iter().copied().collect();
        let obsolete: Vec<NodeId> = old.iter().copied().filter(|c| !kept.contains(c)).collect();
        for child in &obsolete {
            self.drop_child(*child, &key);
        }
        all.extend(obsolete);
        if *all != *old {
            all.sort_by(|a, b| self.graph.key(*a).cmp(self.graph.key(*b)));
            self.graph.set_children(id, all);
        }
        for (child, value) in children {
            self.want_child(id, child, value, &key, depth);
        }
    }

    fn drop_child(&mut self, child: NodeId, from: &Key) {
        if self.graph.node(child).is_empty() {
            return;
        }
        self.remember(child);
        let node = self.graph.edit(child);
        node.desired = None;
        node.problem = None;
        node.last_op = OpKind::Delete;
        if node.available() {
            // Whoever made it: its base is NB's now.
            node.origin = Origin::Nb;
        }
        if let Some(active) = &mut self.active {
            active.seed(child, Reason::Derived { from: from.clone() });
        }
        self.drop_children(child, &Reason::Derived { from: from.clone() });
    }

    fn want_child(&mut self, parent: NodeId, child: NodeId, value: Value, from: &Key, depth: u32) {
        let terms = match &self.graph.node(parent).desired {
            Some(desired) => Arc::clone(&desired.terms),
            None => return,
        };
        self.remember(child);
        self.take_over(parent, child);
        let node = self.graph.edit(child);
        let same = node.wanted().is_some_and(|wanted| *wanted == value);
        let undescribed = !same || node.is_refused();
        let moves = node.parent.replace(parent) != Some(parent);
        node.desired = Some(Desired { value, terms });
        node.problem = None;
        node.last_op = if node.available() { OpKind::Update } else { OpKind::Create };
        if node.available() {
            node.origin = Origin::Nb;
            if moves {
                self.graph.look_inward(child);
            }
        }
        if undescribed {
            self.describe(child, depth + 1);
        }
        self.compare(child);
        if let Some(active) = &mut self.active {
            active.seed(child, Reason::Derived { from: from.clone() });
        }
    }

    /// Notes whether what is applied is what is wanted.
    pub(crate) fn compare(&mut self, id: NodeId) {
        let node = self.graph.node(id).clone();
        let differs = match (node.wanted(), &node.applied) {
            (Some(wanted), Applied::Known(content)) => match self.descriptor_of(id) {
                Some((_, descriptor)) => {
                    let (key, old) = (&node.key, &content.value);
                    !self.ask(id, || descriptor.equivalent(key, old, wanted)).unwrap_or(false)
                }
                None => *wanted != content.value,
            },
            (Some(_), Applied::Unknown { .. }) => true,
            _ => false,
        };
        if self.graph.node(id).marks.differs != differs {
            self.graph.edit(id).marks.differs = differs;
        }
    }

    /// Asks a descriptor about a value. A panic is the problem of the value: it fails, with the
    /// message as its error, and this transaction does nothing more with it.
    pub(crate) fn ask<T>(&mut self, id: NodeId, ask: impl FnOnce() -> T) -> Option<T> {
        match calm(ask) {
            Ok(answer) => Some(answer),
            Err(why) => {
                self.complain(id, &why);
                None
            }
        }
    }

    /// The descriptor of the value panicked.
    pub(crate) fn complain(&mut self, id: NodeId, why: &str) {
        self.remember(id);
        let problem = Problem { kind: ProblemKind::Failed, error: why.into(), retry: None };
        let node = self.graph.edit(id);
        node.problem = Some(Arc::new(problem));
        let op = node.last_op;
        self.fail_key(id, op, why);
        if let Some(active) = &mut self.active {
            active.held.insert(id);
            active.panicked.insert(id);
        }
    }

    /// What is not there any more is taken out of the index of its kind.
    pub(crate) fn forget_in_index(&self, id: NodeId, descriptor: &dyn DynDescriptor) {
        let node = self.graph.node(id);
        let Some(content) = node.content() else { return };
        if let Err(why) = calm(|| descriptor.index(&node.key, &content.value, None)) {
            tracing::error!(key = %node.key, why, "it may still be in the index of its kind");
        }
    }

    pub(crate) fn current_seq(&self) -> TxnSeq {
        self.active.as_ref().map_or(TxnSeq(self.next_seq), |a| a.seq)
    }
}

/// Asks everything there is to ask about a value. A panic in a descriptor is its value's problem.
pub(crate) fn describe(descriptor: &dyn DynDescriptor, key: &Key, value: &Value) -> Description {
    let asked = calm(|| {
        descriptor.validate(key, value).map_err(OpError::Invalid)?;
        descriptor.supported(key, value)?;
        let dependencies = distinct(descriptor.dependencies(key, value))?;
        Ok((descriptor.derive(key, value), dependencies))
    });
    let result = asked.unwrap_or_else(|message| Err(OpError::Final(message)));
    match result {
        Ok((derived, dependencies)) => Description { problem: None, derived, dependencies },
        Err(error) => Description { problem: Some(refusal(&error)), ..Description::default() },
    }
}

/// The dependencies without repetition. A label names one dependency: users see nothing else of it.
fn distinct(all: Vec<Dependency>) -> Result<Vec<Dependency>, OpError> {
    let mut distinct: Vec<Dependency> = Vec::with_capacity(all.len());
    for dependency in all {
        match distinct.iter().find(|other| other.label == dependency.label) {
            None => distinct.push(dependency),
            Some(same) if *same == dependency => {}
            Some(other) => {
                let (label, a, b) = (&dependency.label, &other.target, &dependency.target);
                let why = format!("its descriptor labels two dependencies {label}: {a} and {b}");
                return Err(OpError::Final(why));
            }
        }
    }
    Ok(distinct)
}

/// The problem of a value that is not even tried.
fn refusal(error: &OpError) -> Problem {
    let kind = match error {
        OpError::Invalid(invalid) => ProblemKind::Invalid { fields: field_names(invalid) },
        OpError::Unsupported(_) => ProblemKind::Unsupported,
        _ => ProblemKind::Invalid { fields: Vec::new() },
    };
    Problem { kind, error: error.to_string().into(), retry: None }
}

fn field_names(invalid: &Invalid) -> Vec<String> {
    invalid.field_names()
}
