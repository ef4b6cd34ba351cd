//! The lines of a recording.

use std::time::{Duration, SystemTime};

use ligato_kvs_api::{
    Availability, Capabilities, Concurrency, DependencyKind, Invalid, OpError, Origin, Release,
    TxnKind, TxnOptions,
};
use ligato_model::Key;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{
    config::SchedulerConfig,
    core::{CallId, Now, Token},
    handle::UnregisterMode,
};

/// Version of the format; a replay understands this one only.
pub const FORMAT: u32 = 1;

/// Number of a value of the recording.
pub(crate) type ValueId = u64;
/// Number of a descriptor of the recording, in order of registration.
pub(crate) type Index = u32;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Line {
    /// The first line.
    Recording(Heading),
    /// A `.proto` file as a message `google.protobuf.FileDescriptorProto`; what it imports comes
    /// before it.
    Proto(Json),
    Value(Content),
    Descriptor(Box<About>),
    Input(Box<Given>),
    Asked(Box<Asked>),
    Started(Box<Started>),
    /// The record of a transaction.
    Finished(Json),
    End(Ending),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Heading {
    pub(crate) format: u32,
    /// Program and version that recorded.
    pub(crate) agent: String,
    pub(crate) settings: SchedulerConfig,
}

/// A value, at its first occurrence.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) id: ValueId,
    /// Full protobuf name.
    pub(crate) message: String,
    /// Protobuf JSON, secrets masked; null if it has no JSON form.
    pub(crate) content: Json,
}

/// A descriptor as data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) id: Index,
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) keys: Vec<String>,
    pub(crate) nb_key_prefix: Option<String>,
    pub(crate) value_type: String,
    pub(crate) with_metadata: bool,
    pub(crate) capabilities: Capabilities,
    pub(crate) concurrency: Concurrency,
    pub(crate) batch: usize,
    pub(crate) release: Release,
    pub(crate) retrieve_after: Vec<String>,
    pub(crate) southbound: String,
}

/// Time in nanoseconds: by the wall clock since 1970 and since the start of the scheduler; and the
/// bits of the random number that came with it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Moment(u64, u64, u64);

/// An input.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Given {
    pub(crate) now: Moment,
    /// How often the core was asked to go on since the previous input.
    pub(crate) turns: u64,
    /// Checksum of all lines before this one.
    pub(crate) sum: u64,
    pub(crate) what: What,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    /// The scheduler starts with the descriptors so far.
    Start,
    Commit {
        token: Token,
        waited: u64,
        txn: Txn,
    },
    Plan {
        token: Token,
        txn: Txn,
    },
    Notify(Vec<Told>),
    Operated {
        call: CallId,
        took: u64,
        result: Result<Option<Json>, OpError>,
    },
    Retrieved {
        call: CallId,
        took: u64,
        result: Result<Vec<Found>, OpError>,
    },
    Register {
        token: Token,
        descriptor: Index,
    },
    Unregister {
        token: Token,
        name: String,
        mode: UnregisterMode,
    },
    Quiescent {
        token: Token,
    },
    Audit {
        token: Token,
    },
    Tick,
    Close {
        token: Token,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Txn {
    pub(crate) kind: TxnKind,
    pub(crate) options: TxnOptions,
    /// Key, value, source.
    pub(crate) changes: Vec<(Key, Option<ValueId>, Option<String>)>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Told {
    Value { key: Key, value: Option<ValueId>, metadata: Option<Json> },
    Stale { descriptors: Vec<String>, reason: String },
    Availability { southbound: String, now: Availability },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) key: Key,
    pub(crate) value: ValueId,
    pub(crate) metadata: Option<Json>,
    pub(crate) origin: Origin,
}

/// A question to the pure half of a descriptor, and what it answered.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) of: Index,
    pub(crate) key: Key,
    pub(crate) question: Question,
    pub(crate) answer: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Question {
    Validate(ValueId),
    Supported(ValueId),
    Equivalent(ValueId, ValueId),
    Derive(ValueId),
    Dependencies(ValueId),
    NeedsRecreate(ValueId, ValueId),
    IsRetriable(OpError),
    Selects,
    /// The filter of this name of one of its dependencies.
    Accepts(String),
    Availability,
    /// To keep its index up to date, which has no answer: noted only if it panicked.
    Index,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    Yes,
    No,
    Invalid(Invalid),
    Error(OpError),
    Values(Vec<(Key, ValueId)>),
    Needs(Vec<NeedOf>),
    Availability(Availability),
    Panicked(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct NeedOf {
    pub(crate) label: String,
    pub(crate) kind: DependencyKind,
    pub(crate) target: TargetOf,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TargetOf {
    Key(Key),
    AnyOf { prefixes: Vec<Key>, filter: Option<String> },
}

/// An operation or a read-back that the core wants done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Started {
    pub(crate) call: CallId,
    pub(crate) descriptor: String,
    pub(crate) what: Step,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    Create {
        key: Key,
        value: ValueId,
    },
    Update {
        key: Key,
        old: ValueId,
        new: ValueId,
    },
    Delete {
        key: Key,
        value: ValueId,
    },
    /// A read-back, given so many known values.
    Retrieve {
        known: usize,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ending {
    pub(crate) why: End,
    pub(crate) sum: u64,
}

/// Where a recording ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The scheduler was closed.
    Closed,
    /// The owner of the scheduler panicked; the last input is the one that did it.
    Panicked,
    /// The file reached its limit.
    Limit,
    /// Lines came faster than they could be written.
    Overrun,
    /// It does not say: the recording was still going on, or the program was killed.
    Open,
}

// === impl Moment ===

impl From<Now> for Moment {
    fn from(now: Now) -> Self {
        let wall = now.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(nanos(wall), nanos(now.mono), now.random.to_bits())
    }
}

impl From<Moment> for Now {
    fn from(Moment(wall, mono, random): Moment) -> Self {
        Self {
            wall: SystemTime::UNIX_EPOCH + Duration::from_nanos(wall),
            mono: Duration::from_nanos(mono),
            random: f64::from_bits(random),
        }
    }
}

/// Whole nanoseconds; enough for 584 years.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

// === impl End ===

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Closed => "the scheduler was closed",
            Self::Panicked => "the scheduler panicked",
            Self::Limit => "the file reached its limit",
            Self::Overrun => "lines came faster than they could be written",
            Self::Open => "it was still going on, or the program was killed",
        })
    }
}
