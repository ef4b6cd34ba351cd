//! The southbound side as the scheduler sees it: a name, facts, and whether it can be reached.

use std::{fmt, sync::Arc};

use ligato_model::{Key, Value};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{OpError, dynamic::Metadata};

/// Name of a southbound, e.g. `vpp`, `linux`. Also the name of its lane in the executor.
pub type SouthboundName = &'static str;

/// One southbound: what the kinds of one family share to reach it.
///
/// Implemented once per family (`VppCtx`, `LinuxCtx`, or a user's own). All state that outlives an
/// operation lives here or in the metadata of values; descriptors have none.
pub trait Southbound: Send + Sync + 'static {
    /// Immutable facts taken at connect: release, available messages, kernel features. The default
    /// stands for "not connected so far" and must let every plausible value pass validation.
    type Facts: Default + Send + Sync + 'static;

    /// Name of this southbound.
    const NAME: SouthboundName;

    /// Facts of the current connection; the default before the first one.
    fn facts(&self) -> Arc<Self::Facts>;

    /// Can operations be sent now?
    fn availability(&self) -> Availability;

    /// The scheduler has taken note of this incarnation: from now on its operations are meant for it. What it knew of
    /// another one is compared next.
    fn accept(&self, _incarnation: u64) {}

    /// Wraps one operation or, without a subject, a read-back, from its start to its end. A southbound that may be
    /// replaced by another incarnation meanwhile lets nothing of the operation reach that one: indexes would mean
    /// something else there. One that has had bad experiences with the subject may refuse.
    fn operation<T: Send, F: Future<Output = Result<T, OpError>> + Send>(
        &self,
        _subject: Option<Subject<'_>>,
        work: F,
    ) -> impl Future<Output = Result<T, OpError>> + Send {
        work
    }

    /// Runs until cancelled: reports every change of availability and every event that happens in
    /// the southbound by itself. The first thing it reports is the availability.
    fn watch(
        self: Arc<Self>,
        sink: NotificationSink,
        cancel: CancellationToken,
    ) -> impl Future<Output = ()> + Send;
}

/// What an operation is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The value's key.
    pub key: &'a Key,
    /// What is to be, or what is to go.
    pub value: &'a Value,
}

/// Can a southbound be reached?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Availability {
    /// Operations can be sent. The number differs for every incarnation of the southbound: a new
    /// one means that whatever it held is to be read back.
    Up {
        /// Counts connections to a (possibly restarted) southbound.
        incarnation: u64,
        /// Stands for its [facts](Southbound::Facts): under the same number descriptors answer about
        /// a value as they did before, and need not be asked again.
        #[serde(default)]
        abilities: u64,
    },
    /// It cannot be reached: its values wait, with this reason.
    Down {
        /// One clause for users, e.g. `no answer on /run/vpp/api.sock: connection refused`.
        reason: String,
    },
}

/// Something that happened in a southbound by itself.
#[derive(Debug, Clone)]
pub enum Notification {
    /// A value appeared or changed (`Some`), or went away (`None`).
    Value {
        /// Its key.
        key: Key,
        /// Its content; `None` means that it is gone.
        value: Option<Value>,
        /// Metadata for the value, where its descriptor keeps some.
        metadata: Option<Metadata>,
    },
    /// Something of these keys or of these descriptors has changed, nobody knows what: read back.
    Stale {
        /// Names of descriptors whose values are to be read back.
        descriptors: Vec<&'static str>,
        /// For the record, e.g. `interface events were lost`.
        reason: String,
    },
    /// The southbound became reachable or unreachable.
    Availability {
        /// Which one.
        southbound: SouthboundName,
        /// What it is now.
        now: Availability,
    },
}

/// Where notifications go. Never blocks, never loses: the scheduler coalesces per key.
#[derive(Clone)]
pub struct NotificationSink {
    send: Arc<dyn Fn(Vec<Notification>) + Send + Sync>,
}

impl NotificationSink {
    /// A sink that hands batches to a function. The function must not block.
    pub fn new(send: impl Fn(Vec<Notification>) + Send + Sync + 'static) -> Self {
        Self { send: Arc::new(send) }
    }

    /// Hands over what happened, in order; one batch becomes one transaction.
    pub fn send(&self, batch: Vec<Notification>) {
        (self.send)(batch);
    }
}

impl fmt::Debug for NotificationSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NotificationSink")
    }
}
