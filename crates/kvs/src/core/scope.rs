//! How a resync begins: what is no longer wanted, what is read back, what is tried again.

use std::sync::Arc;

use ligato_kvs_api::{DynDescriptor, Origin, Reason, RecordedValue, ResyncKind, Scope};
use rustc_hash::FxHashSet;

use crate::{
    core::{Call, Core, Effect, Phase, intake::Wish},
    node::{Applied, DescriptorId, NodeId},
    resync::{Reading, known_values},
};

impl Core {
    /// Values of NB that a complete statement does not list are no longer wanted.
    pub(crate) fn let_go_unlisted(&mut self) {
        self.graph.settle();
        let all: Vec<NodeId> = self.graph.in_order().collect();
        for id in all {
            let node = self.graph.node(id);
            if node.parent.is_none()
                && (node.desired.is_some() || node.problem.is_some())
                && !self.trace(id).listed
            {
                let key = self.graph.key(id).clone();
                if let Some(active) = &mut self.active {
                    let (key, origin) = (key.clone(), Origin::Nb);
                    active.draft.values.push(RecordedValue { key, value: None, origin });
                }
                let (value, terms) = (None, Arc::default());
                let wish = Wish { value, terms, reason: Reason::Unwanted };
                self.wish(&key, &wish);
                self.trace(id).listed = true;
                if let Some(active) = &mut self.active {
                    active.named.push(id);
                    active.in_order = false;
                }
            }
        }
    }

    /// Starts the read-backs a resync begins with.
    pub(crate) fn prepare_resync(&mut self) {
        let Some(kind) = self.active.as_ref().and_then(|a| a.resync.clone()) else { return };
        if self.active.as_ref().is_some_and(|a| a.options.only_at.is_some()) {
            // It carries out a plan that somebody has seen.
            return self.seed_known_differences(&kind);
        }
        self.graph.settle();
        let scope = match kind {
            // What is known is what was read back last.
            ResyncKind::Upstream => return self.seed_known_differences(&kind),
            ResyncKind::Full => Scope::All,
            ResyncKind::Downstream(scope) | ResyncKind::ReadBack(scope) => scope,
        };
        let only = self.nodes_in(&scope);
        let descriptors = match &only {
            Some(only) => {
                Some(only.iter().filter_map(|id| self.graph.node(*id).descriptor).collect())
            }
            None => self.descriptors_in(&scope),
        };
        let mut reading = Reading::new(&self.catalog, &self.down, |id| {
            descriptors.as_ref().is_none_or(|wanted| wanted.contains(&id))
        });
        self.seed_problems(descriptors.as_ref(), only.as_ref());
        reading.only = only;
        if let Scope::Southbound(name) = &scope {
            self.reconsider(name);
        }
        self.begin_reading(reading, Phase::Reading);
    }

    /// Descriptors named by a scope; `None`: it does not name any.
    pub(super) fn descriptors_in(&self, scope: &Scope) -> Option<FxHashSet<DescriptorId>> {
        match scope {
            Scope::Descriptors(names) => {
                Some(names.iter().filter_map(|n| self.catalog.by_name(n)).collect())
            }
            Scope::Southbound(name) => {
                let of_lane = |(_, d): &(DescriptorId, &Arc<dyn DynDescriptor>)| {
                    d.southbound() == name.as_str()
                };
                Some(self.catalog.iter().filter(of_lane).map(|(id, _)| id).collect())
            }
            Scope::All | Scope::Prefix(_) | Scope::Keys(_) => None,
        }
    }

    /// Base values named by a scope of keys.
    pub(super) fn nodes_in(&self, scope: &Scope) -> Option<FxHashSet<NodeId>> {
        match scope {
            Scope::Keys(keys) => Some(
                keys.iter().filter_map(|k| self.graph.find(k)).map(|n| self.base_of(n)).collect(),
            ),
            Scope::Prefix(prefix) => {
                let base = |id: &NodeId| self.graph.node(*id).parent.is_none();
                Some(self.graph.with_prefix(prefix).filter(base).collect())
            }
            _ => None,
        }
    }

    /// Is the value, or what it is derived from, in the part that these name? `None` names all.
    pub(super) fn is_in(
        &self,
        id: NodeId,
        descriptors: Option<&FxHashSet<DescriptorId>>,
        only: Option<&FxHashSet<NodeId>>,
    ) -> bool {
        let descriptor = self.graph.node(id).descriptor;
        descriptors.is_none_or(|wanted| descriptor.is_some_and(|d| wanted.contains(&d)))
            && only.is_none_or(|only| only.contains(&self.base_of(id)))
    }

    /// A resync tries again what failed, and what an earlier read-back missed.
    fn seed_problems(
        &mut self,
        descriptors: Option<&FxHashSet<DescriptorId>>,
        only: Option<&FxHashSet<NodeId>>,
    ) {
        let mut all: Vec<NodeId> = self.graph.in_order().collect();
        all.retain(|id| !self.is_put_off(*id));
        for id in all {
            let in_scope = self.is_in(id, descriptors, only);
            let node = self.graph.node(id);
            if in_scope && node.marks.missing && node.desired.is_some() {
                self.remember(id);
                if let Some(active) = &mut self.active {
                    active.seed(id, Reason::Drift);
                }
            }
            let node = self.graph.node(id);
            if in_scope && node.problem.is_some() && !node.is_refused() {
                self.remember(id);
                // What could not be removed stays if it turns out to be somebody else's.
                let wanted = self.graph.node(id).desired.is_some();
                let reason = if wanted { Reason::Requested } else { Reason::Unwanted };
                let problem = self.graph.edit(id).problem.take();
                if let Some(active) = &mut self.active {
                    active.seed(id, reason);
                    if active.only_look {
                        active.looked_at.extend(problem.map(|problem| (id, problem)));
                    }
                }
            }
        }
    }

    /// Nothing was repaired: what failed before is failed still, unless it was found to be as wanted.
    pub(crate) fn give_problems_back(&mut self) {
        let Some(active) = &mut self.active else { return };
        for (id, problem) in std::mem::take(&mut active.looked_at) {
            let node = self.graph.node(id);
            let well = match node.desired {
                Some(_) => node.available() && !node.marks.differs,
                None => matches!(node.applied, Applied::Absent),
            };
            if !well && node.problem.is_none() {
                self.graph.edit(id).problem = Some(problem);
            }
        }
    }

    /// Begins a round of read-backs.
    pub(crate) fn begin_reading(&mut self, reading: Reading, phase: Phase) {
        if let Some(active) = &mut self.active {
            active.readings += 1;
            active.reading = Some(reading);
            active.phase = phase;
        }
        self.start_reading();
    }

    pub(crate) fn start_reading(&mut self) {
        self.graph.settle();
        loop {
            let Some(active) = &mut self.active else { return };
            let seq = active.seq;
            active.progress = self.now.mono;
            let Some(reading) = &mut active.reading else { return };
            let Some(id) = reading.next(&self.catalog) else { return };
            let Some(descriptor) = self.catalog.get(id).cloned() else { continue };
            let tried = active.tried.remove(&id).unwrap_or_default();
            let known = known_values(&self.graph, &self.latest, id, tried);
            self.next_call += 1;
            let call = self.next_call;
            self.calls.insert(call, Call::Reading { seq, descriptor: id });
            self.effects.push_back(Effect::Retrieve { call, descriptor, known });
        }
    }
}
