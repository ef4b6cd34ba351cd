//! The contract between the scheduler and everything around it.
//!
//! Three groups of readers use this crate and never each other:
//!
//! * **kinds** (southbound) implement [`Descriptor`] for one kind of value and hand it over as a
//!   [`DynDescriptor`];
//! * **sources** (northbound) put [`Transaction`]s together and read [`TxnReport`]s, [`Plan`]s,
//!   [`ValueStatus`]es and [`Explanation`]s;
//! * **the scheduler** (`ligato-kvs`) stands between the two.
//!
//! Nothing in here does I/O, reads a clock or knows VPP, Linux, or any API.

mod conformity;
mod dependency;
mod descriptor;
mod dynamic;
mod error;
mod explain;
mod field;
mod known;
mod pattern;
mod plan;
mod record;
mod southbound;
mod state;
mod statuses;
mod txn;

pub use conformity::{RegistrationError, check_descriptor};
pub use dependency::{Dependency, DependencyKind, KeyFilter, Target};
pub use descriptor::{Change, Concurrency, Descriptor, Release, Retrieved, Spec, Update, Use};
pub use dynamic::{
    AnyOperation, AnyRetrieved, Capabilities, DynDescriptor, Erased, Metadata, OpFuture, erase,
};
pub use error::{FieldError, Invalid, OpError};
pub use explain::{Cause, Explanation};
pub use field::{Declared, Field, Manner, ReleaseNumber, Unset, leaves};
pub use known::{AnyKnown, Known, KnownValue, KnownValues};
pub use pattern::{KeyPattern, PatternError};
pub use plan::{Plan, PlanError, PlanStep, Reason, Revision};
pub use record::{Derivation, RecordedErrors, RecordedOp, RecordedTxn, RecordedValue, TxnSeq};
pub use southbound::{
    Availability, Notification, NotificationSink, Southbound, SouthboundName, Subject,
};
pub use state::{BaseValueStatus, OpKind, Origin, ValueState, ValueStatus};
pub use statuses::Statuses;
pub use txn::{
    Acknowledgement, KeyError, Policy, ResyncKind, RetryPolicy, Scope, SourceId, Transaction,
    TxnKind, TxnOptions, TxnOutcome, TxnPriority, TxnReport, ValueChange,
};
