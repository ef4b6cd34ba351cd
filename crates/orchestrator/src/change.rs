//! What sources hand over, and what they get back.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ligato_kvs_api::{
    Acknowledgement, BaseValueStatus, KeyError, Policy, RetryPolicy, SourceId, TxnSeq,
};
use ligato_model::{Key, Value};

/// Labels of one key in one source.
pub type Labels = Arc<BTreeMap<String, String>>;

/// A change of what one source wants.
#[derive(Debug, Clone)]
pub struct Change {
    /// The key, without the agent's prefix.
    pub key: Key,
    /// The value wanted; none when the source does not want the key any more.
    pub value: Option<Value>,
    /// Labels; they replace those the key had in this source.
    pub labels: Labels,
}

/// A value a source wants.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key, without the agent's prefix.
    pub key: Key,
    /// The value.
    pub value: Value,
    /// Labels.
    pub labels: Labels,
}

/// An entry of a source that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The key, as the source has it.
    pub key: Key,
    /// Why.
    pub reason: RejectReason,
}

/// Why an entry is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectReason {
    /// No model has keys like this.
    UnknownKey,
    /// The value is no message of the key's model.
    Undecodable {
        /// What the decoder says, with field and position where it knows them.
        why: String,
    },
    /// The value belongs under another key.
    WrongKey {
        /// The key computed from the value.
        computed: Key,
    },
    /// The same key comes more than once in one request; none of them counts.
    Duplicate,
}

/// All that one request brings.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// What the changes mean.
    pub kind: DeliveryKind,
    /// The changes.
    pub changes: Vec<Change>,
    /// What the source already knows to be wrong. Such keys keep what the source said before.
    pub rejected: Vec<Rejection>,
}

/// What the changes of a delivery mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryKind {
    /// What is not named stays.
    Changes,
    /// All there is: what is not named is not wanted.
    Snapshot(ResyncDepth),
}

/// How much a snapshot makes the scheduler do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResyncDepth {
    /// Only what differs from what the source said before.
    #[default]
    Difference,
    /// Everything all sources want, believing what is known of the southbound.
    Upstream,
    /// Everything all sources want, after reading the southbound back.
    Full,
}

/// How a request is carried out.
#[derive(Debug, Clone)]
pub struct PushOptions {
    /// What the caller waits for.
    pub ack: Acknowledgement,
    /// How long the caller waits. The request goes on when it is over.
    pub deadline: Option<Duration>,
    /// Whether failed values are tried again; none: failures are final.
    pub retry: Option<RetryPolicy>,
    /// Text for the record.
    pub description: Option<String>,
    /// What happens when an operation fails. What the scheduler undoes is undone here, too.
    pub policy: Policy,
    /// What happens when an entry is wrong.
    pub on_invalid: InvalidPolicy,
}

/// What happens to a request with a wrong entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InvalidPolicy {
    /// The wrong entry is left out.
    #[default]
    Skip,
    /// Nothing is done.
    RefuseAll,
}

/// What became of a request.
#[derive(Debug, Clone)]
pub struct PushResult {
    /// Number of the transaction; none when there was nothing to do or it was not waited for.
    pub seq: Option<TxnSeq>,
    /// How it ended.
    pub outcome: PushOutcome,
    /// One result per key of the request, sorted by key.
    pub keys: Vec<KeyResult>,
    /// Operations that failed, in order of execution.
    pub errors: Vec<KeyError>,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// Taken; nothing more was waited for.
    Accepted,
    /// Everything was done (values may be pending).
    Done,
    /// Some operations failed.
    Partial,
    /// It failed and was undone, here and in the southbound.
    Undone,
    /// It failed, and undoing failed too: these keys differ from before.
    UndoFailed(Vec<Key>),
    /// It is under way, and the caller's time is over.
    DeadlinePassed,
    /// Nothing was done, since entries are wrong; see the keys.
    RefusedInvalid,
    /// Nothing was done, since it cannot be made durable; the text names the store and says why.
    NotKept(String),
    /// The scheduler did nothing, for this reason.
    RefusedByScheduler(String),
}

/// What became of one key.
#[derive(Debug, Clone)]
pub struct KeyResult {
    /// The key.
    pub key: Key,
    /// Why the entry was left out; none when it was not.
    pub rejected: Option<RejectReason>,
    /// Whose value counts now; none when no source wants the key.
    pub decided_by: Option<SourceId>,
    /// Status of the value after the transaction, when that was waited for.
    pub status: Option<BaseValueStatus>,
}

// === impl ===

impl Change {
    /// Wants a value.
    pub fn put(key: impl Into<Key>, value: Value) -> Self {
        Self { key: key.into(), value: Some(value), labels: Labels::default() }
    }

    /// Does not want the key any more.
    pub fn delete(key: impl Into<Key>) -> Self {
        Self { key: key.into(), value: None, labels: Labels::default() }
    }

    /// The same with labels.
    #[must_use]
    pub fn with_labels(mut self, labels: Labels) -> Self {
        self.labels = labels;
        self
    }
}

impl From<Entry> for Change {
    fn from(entry: Entry) -> Self {
        let Entry { key, value, labels } = entry;
        Self { key, value: Some(value), labels }
    }
}

impl Default for PushOptions {
    /// Waits, without limit, until it is applied; failed values are tried again as usual.
    fn default() -> Self {
        Self {
            ack: Acknowledgement::Applied,
            deadline: None,
            retry: Some(RetryPolicy::default()),
            description: None,
            policy: Policy::default(),
            on_invalid: InvalidPolicy::default(),
        }
    }
}

impl PushOptions {
    /// Waits only until it is taken; what stores and files use.
    pub fn accepted() -> Self {
        Self { ack: Acknowledgement::Accepted, ..Self::default() }
    }

    /// The same with a text for the record.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

impl PushResult {
    /// Whether nothing failed and nothing was left out.
    pub fn is_ok(&self) -> bool {
        matches!(self.outcome, PushOutcome::Done | PushOutcome::Accepted)
            && self.keys.iter().all(|key| key.rejected.is_none())
    }

    /// The original's text for what failed: `KeyErrors: [<key> (<OP>): <error>, ...]`, or the reason
    /// of a refusal; none when all is well.
    pub fn error_text(&self) -> Option<String> {
        match &self.outcome {
            PushOutcome::RefusedByScheduler(why) | PushOutcome::NotKept(why) => {
                return Some(why.clone());
            }
            PushOutcome::RefusedInvalid => {
                let wrong = self.keys.iter().filter_map(|result| {
                    let reason = result.rejected.as_ref()?;
                    Some(reason.describe(&result.key))
                });
                return Some(wrong.collect::<Vec<_>>().join("; "));
            }
            _ => {}
        }
        if self.errors.is_empty() {
            return None;
        }
        let list: Vec<_> = self.errors.iter().map(ToString::to_string).collect();
        Some(format!("KeyErrors: [{}]", list.join(", ")))
    }
}

impl RejectReason {
    /// The whole sentence for `key`; the first two as the original words them.
    pub fn describe(&self, key: &Key) -> String {
        match self {
            Self::WrongKey { computed } => format!(
                "given key {:?} does not match with key generated from value: {:?}",
                key.as_str(),
                computed.as_str()
            ),
            Self::Duplicate => format!("found multiple key-value pairs with same key: {key:?}"),
            Self::UnknownKey | Self::Undecodable { .. } => format!("{key}: {self}"),
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey => f.write_str("no model has such a key"),
            Self::Undecodable { why } => f.write_str(why),
            Self::WrongKey { computed } => write!(f, "the value belongs under the key {computed}"),
            Self::Duplicate => f.write_str("the key comes more than once"),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason.describe(&self.key))
    }
}
