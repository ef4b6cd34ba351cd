//! States, origins and the status of a value as users see it.

use ligato_model::Key;
use serde::{Deserialize, Serialize};

/// State of a value. The numbers are part of the wire format
/// (`ligato.kvscheduler.ValueState`).
///
/// The scheduler never stores a state: it computes it from what is desired, what is applied and
/// what went wrong last.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[repr(u8)]
pub enum ValueState {
    /// Not known to the scheduler.
    #[default]
    Nonexistent = 0,
    /// Was configured for NB, and a read-back did not find it.
    Missing = 1,
    /// Wanted, but no descriptor is registered for its key.
    Unimplemented = 2,
    /// Removed by request, or between the halves of a re-creation. Transient.
    Removed = 3,
    /// Wanted and applied.
    Configured = 4,
    /// Not managed by NB: learnt by read-back or notification.
    Obtained = 5,
    /// Found by a read-back and attributed to NB, but not applied by this run so far.
    Discovered = 6,
    /// Wanted, and at least one dependency is unmet.
    Pending = 7,
    /// Wanted, and rejected by validation.
    Invalid = 8,
    /// The last operation failed; no retry is planned.
    Failed = 9,
    /// The last operation failed; a retry is planned.
    Retrying = 10,
}

impl ValueState {
    /// All states, each at the place of its number.
    pub const ALL: [Self; 11] = [
        Self::Nonexistent,
        Self::Missing,
        Self::Unimplemented,
        Self::Removed,
        Self::Configured,
        Self::Obtained,
        Self::Discovered,
        Self::Pending,
        Self::Invalid,
        Self::Failed,
        Self::Retrying,
    ];

    /// Name on the wire and in all texts, e.g. `CONFIGURED`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nonexistent => "NONEXISTENT",
            Self::Missing => "MISSING",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Removed => "REMOVED",
            Self::Configured => "CONFIGURED",
            Self::Obtained => "OBTAINED",
            Self::Discovered => "DISCOVERED",
            Self::Pending => "PENDING",
            Self::Invalid => "INVALID",
            Self::Failed => "FAILED",
            Self::Retrying => "RETRYING",
        }
    }

    /// Number on the wire.
    pub const fn number(self) -> i32 {
        self as i32
    }
}

impl std::fmt::Display for ValueState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who a value in the southbound belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Origin {
    /// The read-back could not tell.
    #[default]
    #[serde(rename = "unknown")]
    Unknown,
    /// Created on behalf of the northbound.
    #[serde(rename = "from-NB")]
    Nb,
    /// Exists independently of the northbound; never changed by the scheduler on its own.
    #[serde(rename = "from-SB")]
    Sb,
}

impl Origin {
    /// Text used in dumps and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Nb => "from-NB",
            Self::Sb => "from-SB",
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is, was, or would be done to a value. Numbers as in
/// `ligato.kvscheduler.TxnOperation`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[repr(u8)]
pub enum OpKind {
    /// Nothing was done to it so far.
    #[default]
    Undefined = 0,
    /// Never executed; kept for the wire format.
    Validate = 1,
    /// Bring into being.
    Create = 2,
    /// Change in place.
    Update = 3,
    /// Take away.
    Delete = 4,
}

impl OpKind {
    /// Name on the wire and in all texts, e.g. `CREATE`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undefined => "UNDEFINED",
            Self::Validate => "VALIDATE",
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

impl std::fmt::Display for OpKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Status of one value (`ligato.kvscheduler.ValueStatus`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueStatus {
    /// The value's key.
    pub key: Key,
    /// Where it stands; readers take a missing one for NONEXISTENT, as the wire format leaves zero out.
    #[serde(default)]
    pub state: ValueState,
    /// Text of the last error, empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// The last operation on it; a missing one is UNDEFINED.
    #[serde(default)]
    pub last_operation: OpKind,
    /// PENDING: labels of the unmet dependencies. INVALID: paths of the invalid fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

/// Status of a base value with everything derived from it
/// (`ligato.kvscheduler.BaseValueStatus`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseValueStatus {
    /// The base value.
    pub value: ValueStatus,
    /// Derived values (of any depth), sorted by key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub derived_values: Vec<ValueStatus>,
}
