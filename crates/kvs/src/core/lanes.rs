//! Descriptors and southbounds that come and go, and what southbounds tell by themselves.

use std::sync::Arc;

use ligato_kvs_api::{
    Availability, Concurrency, DynDescriptor, Metadata, Notification, OpKind, Origin, Reason,
    RecordedValue, RegistrationError, ResyncKind, Scope, SouthboundName, TxnOptions,
};
use ligato_model::{Key, Value};

use crate::{
    core::{Audience, Core, Effect, Info, Phase, Request, Token, intake::Wish},
    guard::calm,
    handle::UnregisterMode,
    node::{Applied, Content, DescriptorId, Node, NodeId, Shared, Terms},
    resync::Reading,
};

impl Core {
    pub(crate) fn add_descriptor(
        &mut self,
        new: &Arc<dyn DynDescriptor>,
    ) -> Result<DescriptorId, RegistrationError> {
        let mut catalog = (*self.catalog).clone();
        let id = catalog.register(new)?;
        // From now on as it is in the catalog, where a panic in it stays its own.
        let registered = catalog.get(id).cloned();
        let new = registered.as_ref().unwrap_or(new);
        self.catalog = Arc::new(catalog);
        self.infos.push(Info { cell: self.stats.add_descriptor(new.name()), was_read: false });
        let name = new.southbound();
        let lane = match self.lanes.iter().position(|(known, _)| *known == name) {
            Some(lane) => lane,
            None => {
                let now = new.availability();
                if let Availability::Up { incarnation, abilities } = now {
                    new.accept(incarnation);
                    self.described_for.insert(name, abilities);
                }
                self.lanes.push((name, now));
                self.lanes.len() - 1
            }
        };
        self.traffic.add(lane, new.concurrency() == Concurrency::Serial);
        if self.lanes.get(lane).is_some_and(|(_, now)| matches!(now, Availability::Down { .. })) {
            self.down.insert(id);
        }
        self.published.lanes = Arc::new(self.lanes.clone());
        Ok(id)
    }

    pub(crate) fn register(&mut self, new: &Arc<dyn DynDescriptor>, token: Token) {
        let result = self.add_descriptor(new);
        if let Ok(descriptor) = result {
            self.adopt_nodes(descriptor);
            self.queue.push_back(Request::Implemented { descriptor });
        }
        self.publish();
        let result = result.map(|_| ());
        self.effects.push_back(Effect::Registered { token, result });
    }

    /// Nodes whose keys the new descriptor owns are its own from now on.
    fn adopt_nodes(&mut self, descriptor: DescriptorId) {
        self.graph.settle();
        let orphans: Vec<NodeId> = self
            .graph
            .in_order()
            .filter(|id| {
                let node = self.graph.node(*id);
                node.descriptor.is_none() && self.catalog.owner(&node.key) == Some(descriptor)
            })
            .collect();
        for id in orphans {
            self.graph.set_descriptor(id, Some(descriptor));
        }
    }

    /// Values that waited for the descriptor are applied.
    pub(crate) fn begin_implemented(&mut self, descriptor: DescriptorId) {
        let waiting: Vec<NodeId> = self
            .graph
            .owned_by(descriptor)
            .iter()
            .copied()
            .filter(|id| {
                let node = self.graph.node(*id);
                node.parent.is_none() && node.desired.is_some() && !node.available()
            })
            .collect();
        let Some(since) = waiting
            .iter()
            .filter_map(|id| self.graph.node(*id).desired.as_ref())
            .map(|d| d.terms.since)
            .min()
        else {
            return;
        };
        let active = self.open("RetryUnimplOps", TxnOptions::default(), Audience::Nobody);
        active.draft.retry_for = Some((since, 0));
        active.draft.planned = Some(Vec::new());
        let mut keys: Vec<Key> = waiting.iter().map(|id| self.graph.key(*id).clone()).collect();
        keys.sort_unstable();
        let forgotten = waiting.iter().any(|id| self.in_doubt(*id));
        for key in keys {
            self.implement(&key);
        }
        if forgotten {
            let reading = Reading::new(&self.catalog, &self.down, |id| id == descriptor);
            self.begin_reading(reading, Phase::Reading);
        }
    }

    fn implement(&mut self, key: &Key) {
        let Some(id) = self.graph.find(key) else { return };
        let Some(desired) = self.graph.node(id).desired.clone() else { return };
        if let Some(active) = &mut self.active {
            active.named.push(id);
            active.draft.values.push(RecordedValue {
                key: key.clone(),
                value: Some(desired.value.clone()),
                origin: Origin::Nb,
            });
        }
        self.remember(id);
        if let Some(active) = &mut self.active
            && let Some((_, Some(before))) = active.journal.last_mut()
        {
            // What it was before it was somebody's.
            Shared::make_mut(before).descriptor = None;
        }
        // Not described so far: to be asked as if it were new.
        self.graph.edit(id).desired = None;
        let terms = Terms {
            source: desired.terms.source.clone(),
            retry: desired.terms.retry.clone(),
            since: self.current_seq(),
        };
        let (value, terms) = (Some(desired.value), Arc::new(terms));
        let wish = Wish { value, terms, reason: Reason::Retry };
        self.wish(key, &wish);
    }

    pub(crate) fn begin_unregister(
        &mut self,
        descriptor: DescriptorId,
        mode: UnregisterMode,
        token: Token,
    ) {
        let audience = Audience::Unregister(token, descriptor);
        self.open("NBTransaction", TxnOptions::default(), audience);
        let owned: Vec<NodeId> = self.graph.owned_by(descriptor).to_vec();
        let bases: Vec<NodeId> =
            owned.into_iter().filter(|id| self.graph.node(*id).parent.is_none()).collect();
        for id in bases {
            let node = self.graph.node(id);
            match mode {
                UnregisterMode::Remove => {
                    let (key, reason) = (node.key.clone(), Reason::Requested);
                    let (value, terms) = (None, Arc::default());
                    self.wish(&key, &Wish { value, terms, reason });
                }
                UnregisterMode::Forget => self.forget_value(id),
            }
        }
    }

    /// The value stays where it is and is nobody's business any more.
    fn forget_value(&mut self, id: NodeId) {
        self.remember(id);
        let node = self.graph.node(id);
        // Should its descriptor come back, it is read back before anything is done with it.
        let applied = match node.content().cloned().filter(|_| node.desired.is_some()) {
            Some(last) => {
                Applied::Unknown { last: Some(last), exists: false, tried: OpKind::Update }
            }
            None => Applied::Absent,
        };
        self.graph.set_applied(id, applied);
        let children = self.graph.node(id).children.clone();
        let catalog = Arc::clone(&self.catalog);
        self.graph.set_needs(id, Vec::new(), &catalog);
        self.graph.set_descriptor(id, None);
        for child in children.iter() {
            self.remember(*child);
            self.graph.set_applied(*child, Applied::Absent);
            self.graph.edit(*child).desired = None;
        }
        if let Some(active) = &mut self.active {
            active.seed(id, Reason::Requested);
        }
    }

    pub(crate) fn remove_descriptor(&mut self, descriptor: DescriptorId) {
        let mut catalog = (*self.catalog).clone();
        catalog.remove(descriptor);
        self.catalog = Arc::new(catalog);
        for id in self.graph.owned_by(descriptor).to_vec() {
            self.graph.set_descriptor(id, None);
        }
        self.publish();
    }

    /// One batch of notifications is one transaction, or more if there are requests in it.
    pub(crate) fn begin_notification(&mut self, batch: Vec<Notification>) {
        let mut values = Vec::new();
        let mut stale: Vec<String> = Vec::new();
        let mut lanes = Vec::new();
        for notification in batch {
            match notification {
                Notification::Value { key, value, metadata } => values.push((key, value, metadata)),
                Notification::Stale { descriptors, reason } => {
                    tracing::info!(?descriptors, %reason, "values are read back");
                    stale.extend(descriptors.iter().map(|d| (*d).to_owned()));
                }
                Notification::Availability { southbound, now } => lanes.push((southbound, now)),
            }
        }
        if !stale.is_empty() {
            stale.sort_unstable();
            stale.dedup();
            self.resync_soon(Scope::Descriptors(stale));
        }
        let of_lanes = !lanes.is_empty();
        for (southbound, now) in lanes {
            self.set_availability(southbound, &now);
        }
        if !values.is_empty() || !self.down_nodes_to_see().is_empty() {
            self.notified(values);
        } else if of_lanes {
            // Readers are told why even if nothing follows from it.
            self.publish();
        }
    }

    fn notified(&mut self, values: Vec<(Key, Option<Value>, Option<Metadata>)>) {
        let lost = self.down_nodes_to_see();
        let active = self.open("SBNotification", TxnOptions::default(), Audience::Nobody);
        if !lost.is_empty() {
            "southbound cannot be reached".clone_into(&mut active.draft.description);
        }
        for (key, value, metadata) in values {
            if let Some(active) = &mut self.active {
                active.draft.values.push(RecordedValue {
                    key: key.clone(),
                    value: value.clone(),
                    origin: Origin::Sb,
                });
            }
            self.notified_value(&key, value, metadata);
        }
        for id in lost {
            self.lose(id);
        }
    }

    /// Values of NB are not taken from notifications: what NB wants decides.
    fn notified_value(&mut self, key: &Key, value: Option<Value>, metadata: Option<Metadata>) {
        let catalog = Arc::clone(&self.catalog);
        let Some(descriptor) = catalog.owner(key).and_then(|id| catalog.get(id)) else { return };
        let Some(value) = value else {
            // Also if NB could not remove it.
            let unwanted = |node: &Node| node.desired.is_none() && node.available();
            if let Some(id) = self.graph.find(key)
                && unwanted(self.graph.node(id))
                && self.graph.node(id).parent.is_none()
            {
                self.obtained_goes(id, &**descriptor);
            }
            return;
        };
        let id = self.graph.intern(key, &catalog);
        let node = self.graph.node(id);
        if node.desired.is_some()
            || node.parent.is_some()
            || (node.available() && !node.is_obtained())
        {
            return;
        }
        let metadata = metadata.filter(|_| descriptor.with_metadata());
        let same = node.content().is_some_and(|c| c.value == value);
        let was_there = node.available();
        if was_there && same {
            return;
        }
        self.remember(id);
        let indexed = calm(|| descriptor.index(key, &value, metadata.as_ref()));
        let content = Content { value: value.clone(), metadata };
        self.graph.set_applied(id, Applied::Known(content));
        let node = self.graph.edit(id);
        node.origin = Origin::Sb;
        node.problem = None;
        if let Some(active) = &mut self.active {
            active.named.push(id);
        }
        let op = if was_there { OpKind::Update } else { OpKind::Create };
        self.record_obtained(id, op);
        self.obtain_children(id, &**descriptor, &value);
        if let Err(why) = indexed {
            self.complain(id, &why);
        }
    }

    fn obtain_children(&mut self, id: NodeId, descriptor: &dyn DynDescriptor, value: &Value) {
        let key = self.graph.key(id).clone();
        let Some(derived) = self.ask(id, || descriptor.derive(&key, value)) else { return };
        let catalog = Arc::clone(&self.catalog);
        let mut children = Vec::with_capacity(derived.len());
        for (key, value) in derived {
            let child = self.graph.intern(&key, &catalog);
            let node = self.graph.node(child);
            if node.parent != Some(id) && !(node.parent.is_none() && node.is_empty()) {
                self.note_dispute(id, &key);
                continue;
            }
            children.push(child);
            let was_there = node.available();
            let same = node.content().is_some_and(|c| c.value == value);
            if was_there && same {
                continue;
            }
            self.remember(child);
            self.graph.edit(child).parent = Some(id);
            self.graph.set_applied(
                child,
                Applied::Known(Content { value: value.clone(), metadata: None }),
            );
            let node = self.graph.edit(child);
            node.origin = Origin::Sb;
            let op = if was_there { OpKind::Update } else { OpKind::Create };
            self.record_obtained(child, op);
            if let Some((_, descriptor)) = self.descriptor_of(child) {
                self.obtain_children(child, &*descriptor, &value);
            }
        }
        let old = self.graph.node(id).children.clone();
        for child in old.iter().filter(|c| !children.contains(c)) {
            self.child_goes(*child);
        }
        if *old != *children {
            children.sort_by(|a, b| self.graph.key(*a).cmp(self.graph.key(*b)));
            self.graph.set_children(id, children);
        }
    }

    fn obtained_goes(&mut self, id: NodeId, descriptor: &dyn DynDescriptor) {
        for child in self.graph.node(id).children.clone().iter() {
            self.child_goes(*child);
        }
        self.forget_in_index(id, descriptor);
        self.remember(id);
        if let Some(active) = &mut self.active {
            active.named.push(id);
        }
        self.graph.set_applied(id, Applied::Absent);
        self.graph.edit(id).problem = None;
        self.record_obtained(id, OpKind::Delete);
    }

    fn child_goes(&mut self, child: NodeId) {
        for nested in self.graph.node(child).children.clone().iter() {
            self.child_goes(*nested);
        }
        if self.graph.is_available(child) {
            self.remember(child);
            self.graph.set_applied(child, Applied::Absent);
            self.graph.edit(child).problem = None;
            self.record_obtained(child, OpKind::Delete);
        }
    }

    // === southbounds ===

    fn set_availability(&mut self, southbound: SouthboundName, now: &Availability) {
        let Some(lane) = self.lanes.iter_mut().find(|(name, _)| *name == southbound) else {
            return;
        };
        if lane.1 == *now {
            return;
        }
        tracing::info!(southbound, ?now, "southbound");
        lane.1 = now.clone();
        self.published.lanes = Arc::new(self.lanes.clone());
        let of_lane: Vec<DescriptorId> = self
            .catalog
            .iter()
            .filter(|(_, d)| d.southbound() == southbound)
            .map(|(id, _)| id)
            .collect();
        match now {
            Availability::Down { .. } => {
                self.lose_later(&of_lane);
                self.down.extend(of_lane);
            }
            Availability::Up { incarnation, abilities } => {
                // What is not known was not judged for anything else.
                let is_blank = self.is_read_later(&of_lane);
                if self.described_for.insert(southbound, *abilities) != Some(*abilities)
                    && !is_blank
                {
                    self.to_describe.insert(southbound);
                }
                if let Some(any) = of_lane.first().and_then(|id| self.catalog.get(*id)) {
                    any.accept(*incarnation);
                }
                for id in &of_lane {
                    self.down.remove(id);
                }
                if !is_blank {
                    self.resync_soon(Scope::Southbound(southbound.to_owned()));
                }
            }
        }
    }

    /// Will everything about a southbound be asked for anyway, and there is nothing to compare so far?
    fn is_read_later(&self, of_lane: &[DescriptorId]) -> bool {
        let is_known = |id: &NodeId| !self.graph.node(*id).is_empty();
        self.config.statement_expected
            && !self.asked
            && of_lane.iter().all(|id| !self.graph.owned_by(*id).iter().any(is_known))
    }

    /// A comparison that nobody outside asked for, before everything that is queued.
    pub(crate) fn resync_soon(&mut self, scope: Scope) {
        let kind = ResyncKind::Downstream(scope);
        self.queue.push_front(Request::Northbound {
            txn: ligato_kvs_api::Transaction::resync(kind, Vec::new()),
            waited: std::time::Duration::ZERO,
            since: self.now.mono,
            token: None,
        });
    }

    /// Values believed to be in a southbound that cannot be reached.
    fn down_nodes_to_see(&self) -> Vec<NodeId> {
        let mut ids: Vec<DescriptorId> = self.down.iter().copied().collect();
        ids.sort_unstable();
        let nodes = ids.into_iter().flat_map(|id| self.graph.owned_by(id).iter().copied());
        nodes.filter(|id| self.graph.is_available(*id)).collect()
    }

    /// Its southbound cannot be reached: nobody knows what is there.
    fn lose(&mut self, id: NodeId) {
        self.remember(id);
        let node = self.graph.node(id);
        let applied = match node.content().cloned() {
            Some(last) if node.desired.is_some() || node.origin == Origin::Nb => {
                Applied::Unknown { last: Some(last), exists: false, tried: OpKind::Update }
            }
            _ => Applied::Absent,
        };
        if let Some((_, descriptor)) = self.descriptor_of(id) {
            self.forget_in_index(id, &*descriptor);
        }
        self.graph.set_applied(id, applied);
        self.note_lost(id);
        let children = self.graph.node(id).children.clone();
        if let Some(active) = &mut self.active {
            for child in children.iter() {
                active.seed(*child, Reason::Drift);
            }
        }
    }

    /// A southbound came up, maybe as a new incarnation: what it can do and what it holds may
    /// differ from before.
    pub(crate) fn reconsider(&mut self, southbound: &str) {
        let ids: Vec<DescriptorId> = self
            .catalog
            .iter()
            .filter(|(_, d)| d.southbound() == southbound)
            .map(|(id, _)| id)
            .collect();
        let is_another = self.to_describe.remove(southbound);
        if is_another {
            self.lost.forget(southbound);
        }
        for descriptor in ids {
            let mut owned: Vec<NodeId> = self.graph.owned_by(descriptor).to_vec();
            owned.sort_unstable();
            // What only has to be looked for is looked at when that is done.
            owned.retain(|id| !self.is_put_off(*id));
            for id in owned {
                let readable = self.is_read_with(id, southbound);
                self.reconsider_value(id, readable, is_another);
            }
        }
    }

    /// Does a read-back of the southbound tell whether the value is there? What is derived is seen in
    /// its base.
    fn is_read_with(&self, id: NodeId, southbound: &str) -> bool {
        self.descriptor_of(self.base_of(id))
            .is_some_and(|(_, d)| d.southbound() == southbound && d.capabilities().retrieve)
    }

    /// What has no problem is described as it is, unless the southbound is `another` one.
    pub(crate) fn reconsider_value(&mut self, id: NodeId, readable: bool, another: bool) {
        if self.graph.node(id).is_empty() {
            return;
        }
        self.remember(id);
        if !readable && self.in_doubt(id) {
            self.graph.set_applied(id, Applied::Absent);
        }
        if self.graph.node(id).desired.is_none() {
            return;
        }
        if self.graph.edit(id).problem.take().is_some() || another {
            self.describe(id, 0);
        }
        self.compare(id);
        if let Some(active) = &mut self.active {
            active.seed(id, Reason::Drift);
        }
    }
}
