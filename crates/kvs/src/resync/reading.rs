//! Which descriptors are read back when: in the order they ask for, independent ones at once.

use ligato_kvs_api::{AnyKnown, Known, Origin};
use ligato_model::{Key, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    catalog::Catalog,
    graph::Graph,
    node::{DescriptorId, Node, NodeId, Shared},
    snapshot::Snapshot,
};

/// To take hold of more nodes than this takes a while.
const MANY: usize = 4096;

/// A round of read-backs under way.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// To be read, in read-back order.
    waiting: Vec<DescriptorId>,
    under_way: Vec<DescriptorId>,
    /// Everything that is read in this round.
    pub(crate) all: Vec<DescriptorId>,
    /// Only these values are looked at; `None`: all of the descriptors.
    pub(crate) only: Option<FxHashSet<NodeId>>,
    /// Base values that others changed while they were being read back: nobody knows whether what was
    /// read is what was there before or after that.
    pub(crate) changed: FxHashSet<NodeId>,
    /// Vanished NB values are wanted back: what is found missing is called MISSING.
    pub(crate) failures: bool,
}

// === impl Reading ===

impl Reading {
    /// A round over these descriptors, as far as they can be read.
    pub(crate) fn new(
        catalog: &Catalog,
        down: &FxHashSet<DescriptorId>,
        wanted: impl Fn(DescriptorId) -> bool,
    ) -> Self {
        let readable = |id: &DescriptorId| {
            wanted(*id)
                && !down.contains(id)
                && catalog.get(*id).is_some_and(|d| d.capabilities().retrieve)
        };
        let waiting: Vec<DescriptorId> =
            catalog.in_order().iter().copied().filter(readable).collect();
        Self { all: waiting.clone(), waiting, ..Self::default() }
    }

    /// The next descriptor that may be read now.
    pub(crate) fn next(&mut self, catalog: &Catalog) -> Option<DescriptorId> {
        let open = |name: &str| {
            catalog
                .by_name(name)
                .is_some_and(|id| self.waiting.contains(&id) || self.under_way.contains(&id))
        };
        let at = self.waiting.iter().position(|id| {
            catalog.get(*id).is_some_and(|d| !d.retrieve_after().iter().any(|name| open(name)))
        })?;
        let id = self.waiting.remove(at);
        self.under_way.push(id);
        Some(id)
    }

    /// Gives up on the descriptors that have not answered, and on those to be read after them.
    pub(crate) fn give_up(&mut self, catalog: &Catalog) -> Vec<DescriptorId> {
        let mut unread = std::mem::take(&mut self.under_way);
        // In read-back order: one look at each is enough.
        self.waiting.retain(|id| {
            let after = catalog.get(*id).map(|d| d.retrieve_after().to_vec()).unwrap_or_default();
            let lost =
                after.iter().any(|name| catalog.by_name(name).is_some_and(|d| unread.contains(&d)));
            if lost {
                unread.push(*id);
            }
            !lost
        });
        unread
    }

    pub(crate) fn finish(&mut self, id: DescriptorId) {
        self.under_way.retain(|other| *other != id);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_empty()
    }
}

/// What is known of the values of a descriptor, for telling one's own from others'. The owner only takes
/// hold of the nodes, or of what was published of them last if that is how they are: they are laid out
/// and sorted by who needs them. `tried` is what a dry run wants.
pub(crate) fn known_values(
    graph: &Graph,
    published: &Snapshot,
    descriptor: DescriptorId,
    tried: Vec<(Key, Value)>,
) -> Known {
    let (owned, dirty) = (graph.owned_by(descriptor), graph.dirty_nodes());
    let is_its = |id: &NodeId| graph.node(*id).descriptor == Some(descriptor);
    if owned.len() > MANY && dirty.len() < MANY && !dirty.iter().any(is_its) {
        let published = published.clone();
        return Known::later(move || laid_out(published.0.nodes.iter(), descriptor, tried));
    }
    let nodes: Vec<Shared> = owned.iter().map(|id| graph.node(*id).clone()).collect();
    Known::later(move || laid_out(nodes.iter(), descriptor, tried))
}

fn laid_out<'n>(
    nodes: impl Iterator<Item = &'n Shared>,
    of: DescriptorId,
    tried: Vec<(Key, Value)>,
) -> Vec<AnyKnown> {
    let mut known: Vec<AnyKnown> = nodes.filter_map(|node| known_value(node, of)).collect();
    lay_over(&mut known, tried);
    known.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    known
}

/// A read-back for a dry run tells what the one for the real run would: it goes by what that will want.
fn lay_over(known: &mut Vec<AnyKnown>, tried: Vec<(Key, Value)>) {
    if tried.is_empty() {
        return;
    }
    // The last one of a key counts.
    let mut tried: FxHashMap<Key, Value> = tried.into_iter().collect();
    for known in known.iter_mut() {
        if let Some(value) = tried.remove(&known.key) {
            (known.value, known.origin, known.wanted) = (value, Origin::Nb, false);
        }
    }
    known.extend(tried.into_iter().map(|(key, value)| AnyKnown {
        key,
        value,
        metadata: None,
        origin: Origin::Nb,
        wanted: false,
    }));
}

fn known_value(node: &Node, descriptor: DescriptorId) -> Option<AnyKnown> {
    if node.parent.is_some() || node.descriptor != Some(descriptor) {
        return None;
    }
    let value = node.wanted().or_else(|| node.content().map(|c| &c.value))?;
    let wanted = node.desired.is_some();
    let origin = if wanted { Origin::Nb } else { node.origin };
    let metadata = node.metadata().cloned();
    Some(AnyKnown { key: node.key.clone(), value: value.clone(), metadata, origin, wanted })
}
