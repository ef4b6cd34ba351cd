//! What readers see: one immutable state of the whole graph, shared in structure with the states
//! before and after it.

use std::{sync::Arc, time::Duration};

use ligato_kvs_api::{
    Availability, BaseValueStatus, DependencyKind, DynDescriptor, Explanation, KeyFilter, Metadata,
    OpKind, Origin, Revision, SouthboundName, Target, ValueState, ValueStatus,
};
use ligato_model::{Key, Value};

use crate::{
    bits::Bits,
    catalog::Catalog,
    counts::{self, Counts},
    explain,
    keyindex::{KeyIndex, hash_of},
    node::{Need, Node, NodeId, On, ProblemKind, Shared},
    record::history::Records,
    tree::Tree,
};

/// One state of the graph. Cloning copies a pointer; a snapshot never changes and holds nothing up.
#[derive(Debug, Clone)]
pub struct Snapshot(pub(crate) Arc<Published>);

#[derive(Debug, Clone, Default)]
pub(crate) struct Published {
    pub(crate) revision: Revision,
    pub(crate) nodes: Tree<Shared>,
    pub(crate) keys: KeyIndex,
    pub(crate) groups: Tree<Arc<GroupView>>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) lanes: Arc<Vec<(SouthboundName, Availability)>>,
    pub(crate) history: Records,
    /// The scheduler's monotonic clock when this was published.
    pub(crate) now: Duration,
    pub(crate) counts: Counts,
    /// For each transaction that has stepped aside, what it will go on with.
    pub(crate) busy: Vec<Arc<Bits>>,
}

/// An any-of target as readers see it.
#[derive(Debug, Clone)]
pub(crate) struct GroupView {
    pub(crate) prefixes: Arc<[Key]>,
    pub(crate) filter: Option<KeyFilter>,
    /// Is any candidate available?
    pub(crate) satisfied: bool,
    /// Values that have derived all available candidates themselves: for them there is none.
    pub(crate) starved: Arc<[NodeId]>,
}

impl GroupView {
    /// Which keys are candidates.
    pub(crate) fn target(&self) -> Target {
        Target::AnyOf { prefixes: self.prefixes.to_vec(), filter: self.filter.clone() }
    }
}

/// Which values to look at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StatusFilter {
    /// All of them.
    #[default]
    All,
    /// Values of one descriptor.
    Descriptor(String),
    /// Values whose keys start with the text.
    Prefix(String),
    /// These values.
    Keys(Vec<Key>),
}

/// From which side values are dumped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// What NB wants.
    Nb,
    /// What the scheduler believes to be in the southbound.
    #[default]
    Cached,
}

/// One dumped value.
#[derive(Debug, Clone)]
pub struct DumpItem {
    /// Its key.
    pub key: Key,
    /// Its content.
    pub value: Value,
    /// Its metadata, if it has some.
    pub metadata: Option<Metadata>,
    /// Whose it is.
    pub origin: Origin,
}

/// One node of the graph, for graphs, dumps and tests.
#[derive(Debug, Clone)]
pub struct NodeInfo {
    /// Its key.
    pub key: Key,
    /// Where it stands.
    pub state: ValueState,
    /// Does it satisfy dependencies?
    pub available: bool,
    /// Does its transaction wait for an answer of the southbound, aside of others?
    pub under_way: bool,
    /// What is in the southbound, else what waits.
    pub value: Option<Value>,
    /// What NB wants.
    pub desired: Option<Value>,
    /// Name of its descriptor.
    pub descriptor: Option<String>,
    /// The value it is derived from.
    pub derived_from: Option<Key>,
    /// Whose it is.
    pub origin: Origin,
    /// Text of its last error.
    pub error: Option<String>,
    /// What it depends on: label, target as text, satisfied?
    pub depends_on: Vec<(String, String, bool)>,
}

// === impl Snapshot ===

impl Snapshot {
    /// Which state this is.
    pub fn revision(&self) -> Revision {
        self.0.revision
    }

    /// Status of one base value with what is derived from it; of a derived value, its base's.
    pub fn status(&self, key: &str) -> Option<BaseValueStatus> {
        let (_, node) = self.0.find(key)?;
        let base = self.0.base_of(node);
        self.0.visible(base).then(|| self.0.base_status(base))
    }

    /// Statuses of all base values that pass, sorted by key.
    pub fn statuses(&self, filter: &StatusFilter) -> Vec<BaseValueStatus> {
        self.selected(filter, Select::Base).into_iter().map(|n| self.0.base_status(n)).collect()
    }

    /// Base values that pass, sorted by key.
    pub fn dump(&self, filter: &StatusFilter, view: View) -> Vec<DumpItem> {
        self.selected(filter, Select::Base).into_iter().filter_map(|n| dumped(n, view)).collect()
    }

    /// Metadata of the value with this label of this descriptor.
    pub fn metadata(&self, descriptor: &str, label: &str) -> Option<Metadata> {
        let id = self.0.catalog.by_name(descriptor)?;
        let entry = self.0.catalog.get(id)?;
        let key = format!("{}{label}", entry.nb_key_prefix().unwrap_or_default());
        if let Some((_, node)) = self.0.find(&key)
            && node.descriptor == Some(id)
        {
            return node.metadata().cloned();
        }
        let owned = self.0.nodes.iter().filter(|n| n.descriptor == Some(id));
        owned.filter(|n| entry.key_label(&n.key) == label).find_map(|n| n.metadata().cloned())
    }

    /// Labels and metadata of all values of a descriptor, sorted by label.
    pub fn metadata_map(&self, descriptor: &str) -> Vec<(String, Metadata)> {
        let Some(id) = self.0.catalog.by_name(descriptor) else { return Vec::new() };
        let Some(entry) = self.0.catalog.get(id) else { return Vec::new() };
        let mut map: Vec<(String, Metadata)> = self
            .0
            .nodes
            .iter()
            .filter(|n| n.descriptor == Some(id) && n.parent.is_none())
            .filter_map(|n| Some((entry.key_label(&n.key).to_owned(), n.metadata()?.clone())))
            .collect();
        map.sort_by(|a, b| a.0.cmp(&b.0));
        map
    }

    /// Why a value is where it is.
    pub fn explain(&self, key: &str) -> Explanation {
        explain::explain(&self.0, key)
    }

    /// All nodes, derived ones included, sorted by key.
    pub fn nodes(&self) -> impl Iterator<Item = NodeInfo> + '_ {
        self.selected(&StatusFilter::All, Select::Every).into_iter().map(|n| self.0.info(n))
    }

    /// One node.
    pub fn node(&self, key: &str) -> Option<NodeInfo> {
        let (_, node) = self.0.find(key)?;
        self.0.visible(node).then(|| self.0.info(node))
    }

    /// The registered descriptors, in order of registration.
    pub fn descriptors(&self) -> Vec<Arc<dyn DynDescriptor>> {
        self.0.catalog.iter().map(|(_, d)| Arc::clone(d)).collect()
    }

    /// Prefixes that northbound sources watch, in order of registration, without repetition.
    pub fn nb_key_prefixes(&self) -> Vec<String> {
        let mut prefixes = Vec::new();
        for (_, descriptor) in self.0.catalog.iter() {
            if let Some(prefix) = descriptor.nb_key_prefix()
                && !prefixes.iter().any(|p| p == prefix)
            {
                prefixes.push(prefix.to_owned());
            }
        }
        prefixes
    }

    /// Whether each southbound can be reached.
    pub fn southbounds(&self) -> Vec<(SouthboundName, Availability)> {
        self.0.lanes.to_vec()
    }

    /// How many values are in each state, sorted by state; derived values included.
    pub fn count_by_state(&self) -> Vec<(ValueState, usize)> {
        self.0.counts.to_vec()
    }

    fn selected(&self, filter: &StatusFilter, what: Select) -> Vec<&Node> {
        let base = |n: &&Node| what == Select::Every || n.parent.is_none();
        let mut found: Vec<&Node> = match filter {
            StatusFilter::Keys(keys) => {
                let mut ids: Vec<(NodeId, &Node)> =
                    keys.iter().filter_map(|key| self.0.find(key)).collect();
                ids.sort_unstable_by_key(|(id, _)| *id);
                ids.dedup_by_key(|(id, _)| *id);
                ids.into_iter().map(|(_, n)| n).filter(base).collect()
            }
            StatusFilter::All => self.0.nodes.iter().map(|n| &**n).filter(base).collect(),
            StatusFilter::Prefix(prefix) => {
                let nodes = self.0.nodes.iter().map(|n| &**n).filter(base);
                nodes.filter(|n| n.key.starts_with(prefix.as_str())).collect()
            }
            StatusFilter::Descriptor(name) => match self.0.catalog.by_name(name) {
                None => Vec::new(),
                id => {
                    let nodes = self.0.nodes.iter().map(|n| &**n).filter(base);
                    nodes.filter(|n| n.descriptor == id).collect()
                }
            },
        };
        found.retain(|n| self.0.visible(n));
        found.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        found
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Select {
    Base,
    Every,
}

fn dumped(node: &Node, view: View) -> Option<DumpItem> {
    node.descriptor?;
    let (value, origin) = match view {
        View::Nb => (node.wanted()?, Origin::Nb),
        View::Cached if node.available() => {
            let origin = if node.desired.is_some() { Origin::Nb } else { node.origin };
            (&node.content()?.value, origin)
        }
        View::Cached => return None,
    };
    let metadata = node.available().then(|| node.metadata().cloned()).flatten();
    Some(DumpItem { key: node.key.clone(), value: value.clone(), metadata, origin })
}

// === impl Published ===

impl Published {
    pub(crate) fn find(&self, key: &str) -> Option<(NodeId, &Node)> {
        self.keys
            .candidates(hash_of(key))
            .filter_map(|id| Some((id, &**self.nodes.get(id)?)))
            .find(|(_, node)| node.key == *key)
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id).map(|n| &**n)
    }

    pub(crate) fn base_of<'n>(&'n self, mut node: &'n Node) -> &'n Node {
        while let Some(parent) = node.parent.and_then(|id| self.node(id)) {
            node = parent;
        }
        node
    }

    /// Will a transaction that has stepped aside go on with it, or with what is derived from it?
    pub(crate) fn is_busy(&self, id: NodeId) -> bool {
        let mut open = vec![id];
        while let Some(id) = open.pop().filter(|_| !self.busy.is_empty()) {
            if self.busy.iter().any(|busy| busy.contains(id)) {
                return true;
            }
            open.extend(self.node(id).into_iter().flat_map(|node| node.children.iter()));
        }
        false
    }

    /// Derived values are there only while what they are derived from is.
    pub(crate) fn visible(&self, node: &Node) -> bool {
        counts::is_visible(&self.nodes, node)
    }

    pub(crate) fn satisfied(&self, need: &Need) -> bool {
        let exists = match need.on {
            On::Node(id) => self.node(id).is_some_and(Node::available),
            On::Group(id) => self.groups.get(id).is_some_and(|g| g.satisfied),
        };
        exists != (need.kind() == DependencyKind::ConflictsWith)
    }

    /// Is this need of the node met? What excludes itself, or what is derived from it, never is:
    /// that it is not there makes no room for it.
    pub(crate) fn is_met(&self, node: &Node, need: &Need) -> bool {
        self.satisfied(need)
            && self.excluded_by_itself(node, need).is_none()
            && !self.rests_on_itself(node, need)
    }

    /// Is all that is there of what the need asks for derived from the node itself?
    pub(crate) fn rests_on_itself(&self, node: &Node, need: &Need) -> bool {
        let On::Group(group) = need.on else { return false };
        let starved = self.groups.get(group).map(|group| &group.starved);
        need.kind() != DependencyKind::ConflictsWith
            && starved.is_some_and(|all| {
                all.iter().any(|id| self.node(*id).is_some_and(|n| n.key == node.key))
            })
    }

    /// The node, or what is derived from it, if the need says that this must not be beside it.
    pub(crate) fn excluded_by_itself<'n>(&'n self, node: &'n Node, need: &Need) -> Option<&'n Key> {
        if need.kind() != DependencyKind::ConflictsWith {
            return None;
        }
        let target = match need.on {
            On::Node(id) => Target::Key(self.node(id)?.key.clone()),
            On::Group(id) => self.groups.get(id)?.target(),
        };
        let mut open = vec![node];
        while let Some(next) = open.pop() {
            if target.accepts(&next.key) {
                return Some(&next.key);
            }
            open.extend(next.children.iter().filter_map(|child| self.node(*child)));
        }
        None
    }

    pub(crate) fn target_text(&self, need: &Need) -> String {
        match need.on {
            // Without a target that can be named, the label says it.
            On::Node(id) => {
                self.node(id).map_or_else(|| need.label().to_string(), |n| n.key.to_string())
            }
            On::Group(id) => self
                .groups
                .get(id)
                .map(|group| group.target().to_string())
                .unwrap_or_else(|| need.label().to_string()),
        }
    }

    pub(crate) fn value_status(&self, node: &Node) -> ValueStatus {
        let state = node.state();
        let details = match (state, &node.problem) {
            (ValueState::Pending, _) => node
                .needs
                .iter()
                .filter(|need| !self.is_met(node, need))
                .map(|need| need.label().to_string())
                .collect(),
            (_, Some(problem)) => match &problem.kind {
                ProblemKind::Invalid { fields } => fields.clone(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        let last_operation =
            if state == ValueState::Obtained { OpKind::Undefined } else { node.last_op };
        ValueStatus {
            key: node.key.clone(),
            state,
            error: node.error_text().map(|e| e.to_string()).unwrap_or_default(),
            last_operation,
            details,
        }
    }

    pub(crate) fn base_status(&self, base: &Node) -> BaseValueStatus {
        let mut derived = Vec::new();
        let mut open: Vec<NodeId> = base.children.to_vec();
        while let Some(child) = open.pop().and_then(|id| self.node(id)) {
            if self.visible(child) {
                derived.push(self.value_status(child));
                open.extend_from_slice(&child.children);
            }
        }
        derived.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        BaseValueStatus { value: self.value_status(base), derived_values: derived }
    }

    fn info(&self, node: &Node) -> NodeInfo {
        let name = |id| self.catalog.get(id).map(|d| d.name().to_owned());
        NodeInfo {
            key: node.key.clone(),
            state: node.state(),
            available: node.available(),
            under_way: !self.busy.is_empty()
                && self.find(&node.key).is_some_and(|(id, _)| self.is_busy(id)),
            value: node.shown().cloned(),
            desired: node.wanted().cloned(),
            descriptor: node.descriptor.and_then(name),
            derived_from: node.parent.and_then(|id| self.node(id)).map(|p| p.key.clone()),
            origin: node.origin,
            error: node.error_text().map(|e| e.to_string()),
            depends_on: node
                .needs
                .iter()
                .map(|n| (n.label().to_string(), self.target_text(n), self.is_met(node, n)))
                .collect(),
        }
    }
}
