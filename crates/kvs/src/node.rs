//! One value: what is wanted, what is there, and what went wrong. The public state is computed.

use std::{sync::Arc, time::Duration};

use ligato_kvs_api::{
    DependencyKind, Derivation, Metadata, OpKind, Origin, RetryPolicy, SourceId, TxnSeq, ValueState,
};
use ligato_model::{Key, Value};

use crate::list::List;

/// Index of a node in the graph; reused after the node is gone.
pub(crate) type NodeId = u32;
/// Index of a descriptor in the registry; never reused.
pub(crate) type DescriptorId = u16;
/// Index of an any-of group in the graph.
pub(crate) type GroupId = u32;

/// A node as it is handed about. Nobody holds one weakly, which spares every node a counter.
pub(crate) type Shared = triomphe::Arc<Node>;

/// Everything known about one value. Immutable once published; the owner replaces it.
///
/// There are as many as there are values: [`tests`] say how large one may be.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) key: Key,
    pub(crate) descriptor: Option<DescriptorId>,
    /// The value it is derived from.
    pub(crate) parent: Option<NodeId>,
    pub(crate) desired: Option<Desired>,
    pub(crate) applied: Applied,
    /// Whose the applied value is.
    pub(crate) origin: Origin,
    pub(crate) problem: Option<Arc<Problem>>,
    /// Values derived from it, of the wanted content if that is valid, else of the applied one.
    pub(crate) children: List<NodeId>,
    /// What it depends on.
    pub(crate) needs: List<Need>,
    /// The last thing asked for.
    pub(crate) last_op: OpKind,
    pub(crate) marks: Marks,
}

/// Small facts about a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Found by a read-back and attributed to NB, not applied by this run so far.
    pub(crate) discovered: bool,
    /// Was applied, and a read-back did not find it.
    pub(crate) missing: bool,
    /// It existed before NB wanted it.
    pub(crate) adopted: bool,
    /// What is applied is not what is wanted.
    pub(crate) differs: bool,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    pub(crate) value: Value,
    pub(crate) terms: Arc<Terms>,
}

/// On which terms something is wanted; shared by what one transaction sets for one source.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    pub(crate) source: Option<SourceId>,
    pub(crate) retry: Option<Arc<RetryPolicy>>,
    /// The transaction that set it.
    pub(crate) since: TxnSeq,
}

/// What is in the southbound.
#[derive(Debug, Clone, Default)]
pub(crate) enum Applied {
    /// Nothing.
    #[default]
    Absent,
    /// This.
    Known(Content),
    /// Nobody knows: no answer came, or the southbound is down.
    Unknown {
        /// What was there before.
        last: Option<Content>,
        /// It exists, only its content is in doubt.
        exists: bool,
        /// The operation whose outcome is not known.
        tried: OpKind,
    },
}

/// An applied value with what the southbound told about it.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) value: Value,
    pub(crate) metadata: Option<Metadata>,
}

/// What went wrong last.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) kind: ProblemKind,
    pub(crate) error: Arc<str>,
    /// The retry that is planned.
    pub(crate) retry: Option<PlannedRetry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    /// Validation or the southbound refused the value.
    Invalid { fields: Vec<String> },
    /// The southbound cannot do it.
    Unsupported,
    /// An operation failed.
    Failed,
    /// No answer came.
    Unknown,
    /// Not done because this value stands in the way.
    Held { by: Key },
    /// Not done because its transaction was stopped before.
    Stopped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlannedRetry {
    /// The transaction it is for.
    pub(crate) of: TxnSeq,
    pub(crate) attempt: u32,
    /// On the scheduler's monotonic clock.
    pub(crate) due: Duration,
}

/// One dependency, resolved.
#[derive(Debug, Clone)]
pub(crate) struct Need {
    pub(crate) role: Arc<Role>,
    pub(crate) on: On,
}

/// What a dependency means to the one that has it; shared by all that say the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Role {
    pub(crate) label: Arc<str>,
    pub(crate) kind: DependencyKind,
}

/// What a dependency points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Node(NodeId),
    Group(GroupId),
}

// === impl Need ===

impl Need {
    pub(crate) fn label(&self) -> &str {
        &self.role.label
    }

    pub(crate) fn kind(&self) -> DependencyKind {
        self.role.kind
    }
}

// === impl Node ===

impl Node {
    pub(crate) fn placeholder(key: Key, descriptor: Option<DescriptorId>) -> Self {
        Self {
            key,
            descriptor,
            parent: None,
            desired: None,
            applied: Applied::Absent,
            origin: Origin::Unknown,
            problem: None,
            children: List::default(),
            needs: List::default(),
            last_op: OpKind::Undefined,
            marks: Marks::default(),
        }
    }

    /// Does it count as existing when dependencies are looked at?
    pub(crate) fn available(&self) -> bool {
        matches!(self.applied, Applied::Known(_) | Applied::Unknown { exists: true, .. })
    }

    /// Where it comes from; nothing is to be done in the southbound for a property.
    pub(crate) fn derivation(&self) -> Derivation {
        match (self.parent, self.descriptor) {
            (None, _) => Derivation::Base,
            (Some(_), Some(_)) => Derivation::Derived,
            (Some(_), None) => Derivation::Property,
        }
    }

    /// Is it in the southbound by itself, unmanaged by NB?
    pub(crate) fn is_obtained(&self) -> bool {
        self.desired.is_none() && self.origin == Origin::Sb && self.available()
    }

    /// Are values derived from it there, or waiting? Not before its wanted content is applied.
    pub(crate) fn shows_children(&self) -> bool {
        self.available() && !self.marks.differs
    }

    pub(crate) fn is_invalid(&self) -> bool {
        self.problem.as_ref().is_some_and(|p| matches!(p.kind, ProblemKind::Invalid { .. }))
    }

    /// Does the problem rule out that anything is tried with the wanted value?
    pub(crate) fn is_refused(&self) -> bool {
        self.problem.as_ref().is_some_and(|p| {
            matches!(p.kind, ProblemKind::Invalid { .. } | ProblemKind::Unsupported)
        })
    }

    pub(crate) fn wanted(&self) -> Option<&Value> {
        self.desired.as_ref().map(|d| &d.value)
    }

    /// The applied content, also if it is in doubt.
    pub(crate) fn content(&self) -> Option<&Content> {
        match &self.applied {
            Applied::Known(content) | Applied::Unknown { last: Some(content), .. } => Some(content),
            _ => None,
        }
    }

    pub(crate) fn metadata(&self) -> Option<&Metadata> {
        self.content().and_then(|c| c.metadata.as_ref())
    }

    /// The content shown to users: what is there, else what waits.
    pub(crate) fn shown(&self) -> Option<&Value> {
        match &self.applied {
            Applied::Known(content) => Some(&content.value),
            Applied::Unknown { last, .. } => {
                self.wanted().or_else(|| last.as_ref().map(|c| &c.value))
            }
            Applied::Absent => self.wanted(),
        }
    }

    /// Where the value stands.
    pub(crate) fn state(&self) -> ValueState {
        if let Some(problem) = &self.problem {
            return problem.state();
        }
        let available = self.available();
        if self.desired.is_none() {
            if !available && matches!(self.applied, Applied::Unknown { .. }) {
                // To be taken away when it can be.
                return ValueState::Removed;
            }
            return match (available, self.origin, self.marks.discovered) {
                (false, _, _) => ValueState::Nonexistent,
                (true, Origin::Sb, _) => ValueState::Obtained,
                (true, _, true) => ValueState::Discovered,
                (true, _, false) => ValueState::Configured,
            };
        }
        if self.descriptor.is_none() && self.parent.is_none() {
            ValueState::Unimplemented
        } else if available && self.marks.discovered {
            ValueState::Discovered
        } else if available && self.origin == Origin::Sb {
            ValueState::Obtained
        } else if available {
            ValueState::Configured
        } else if self.marks.missing {
            ValueState::Missing
        } else {
            ValueState::Pending
        }
    }

    /// Is there nothing to remember about it?
    pub(crate) fn is_empty(&self) -> bool {
        self.desired.is_none() && matches!(self.applied, Applied::Absent) && self.problem.is_none()
    }

    pub(crate) fn error_text(&self) -> Option<Arc<str>> {
        self.problem.as_ref().map(|p| Arc::clone(&p.error))
    }
}

impl Problem {
    pub(crate) fn state(&self) -> ValueState {
        match (&self.kind, self.retry) {
            (ProblemKind::Invalid { .. }, _) => ValueState::Invalid,
            (_, Some(_)) => ValueState::Retrying,
            (_, None) => ValueState::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_and_its_counter_fill_two_cache_lines() {
        // Allocators have a class for 128 bytes; the next one is a quarter larger.
        assert!(size_of::<Node>() + size_of::<usize>() <= 128, "{}", size_of::<Node>());
    }
}
