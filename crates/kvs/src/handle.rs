//! The public handle: what sources, APIs and tests hold.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use ligato_kvs_api::{
    AnyKnown, AnyRetrieved, BaseValueStatus, DynDescriptor, Explanation, Known, NotificationSink,
    Plan, PlanError, RecordedTxn, RegistrationError, Revision, Statuses, Transaction, TxnOptions,
    TxnOutcome, TxnReport, TxnSeq, ValueState,
};
use ligato_model::Key;
use tokio::sync::{mpsc, oneshot};

use crate::{
    config::SchedulerConfig,
    engine::{self, Command},
    inbox::Inbox,
    record::history,
    recording::Recording,
    snapshot::{DumpItem, Published, Snapshot, StatusFilter, View},
    stats::{Stats, StatsCells},
    subscribe::{Queue, StatusEvent, Subscribers, Subscription},
};

/// A handle to a running scheduler. Cloning copies a few pointers. Reading never waits for the
/// scheduler and never holds it up.
#[derive(Debug, Clone)]
pub struct Scheduler {
    commands: mpsc::UnboundedSender<Command>,
    reader: Reader,
    inbox: Arc<Inbox>,
    stats: Arc<StatsCells>,
    subscribers: Arc<Subscribers>,
    buffer: usize,
    retrieve_deadline: Duration,
    recording: Option<Recording>,
}

/// Access to the latest published state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reader {
    pub(crate) latest: Arc<ArcSwap<Published>>,
}

/// Collects what a scheduler starts with.
#[derive(Debug, Default)]
pub struct SchedulerBuilder {
    config: SchedulerConfig,
    descriptors: Vec<Registered>,
    recording: Option<Recording>,
}

struct Registered(Arc<dyn DynDescriptor>);

/// A transaction under way; a future of its report.
#[derive(Debug)]
pub struct Ticket {
    report: oneshot::Receiver<TxnReport>,
}

/// What becomes of the values of a descriptor that is unregistered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnregisterMode {
    /// They stay in the southbound and become UNIMPLEMENTED.
    Forget,
    /// They are deleted first.
    Remove,
}

/// Why the southbound could not be dumped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DumpError {
    /// No such descriptor.
    #[error("descriptor is not registered")]
    UnknownDescriptor,
    /// It cannot read back.
    #[error("descriptor does not support Retrieve operation")]
    NotRetrievable,
    /// Reading back failed.
    #[error("{0}")]
    Failed(String),
    /// The scheduler was closed.
    #[error("scheduler was closed")]
    Closed,
}

/// Why waiting ended without the awaited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// Time ran out; the statuses at that moment.
    #[error("deadline passed while waiting for {} values", .0.len())]
    Deadline(Vec<BaseValueStatus>),
    /// The scheduler was closed.
    #[error("scheduler was closed")]
    Closed,
}

/// One stretch of time in the life of a value.
#[derive(Debug, Clone)]
pub struct TimelineEntry {
    /// The transaction that began it.
    pub txn: TxnSeq,
    /// When it began.
    pub since: SystemTime,
    /// When the next one began; `None`: still so.
    pub until: Option<SystemTime>,
    /// What was done and what came of it.
    pub op: ligato_kvs_api::RecordedOp,
}

// === impl SchedulerBuilder ===

impl SchedulerBuilder {
    /// Settings other than the defaults.
    pub fn config(mut self, config: SchedulerConfig) -> Self {
        self.config = config;
        self
    }

    /// One more descriptor.
    pub fn descriptor(mut self, descriptor: Arc<dyn DynDescriptor>) -> Self {
        self.descriptors.push(Registered(descriptor));
        self
    }

    /// More descriptors.
    pub fn descriptors(
        mut self,
        descriptors: impl IntoIterator<Item = Arc<dyn DynDescriptor>>,
    ) -> Self {
        self.descriptors.extend(descriptors.into_iter().map(Registered));
        self
    }

    /// Records everything that happens to the scheduler. A recording is of one scheduler only.
    pub fn recording(mut self, recording: Recording) -> Self {
        self.recording = Some(recording);
        self
    }

    /// Checks the descriptors and starts the owner task on the current tokio runtime.
    pub fn start(self) -> Result<Scheduler, RegistrationError> {
        let (commands, receiver) = mpsc::unbounded_channel();
        let scheduler = Scheduler {
            commands,
            reader: Reader::default(),
            inbox: Arc::default(),
            stats: Arc::default(),
            subscribers: Arc::default(),
            buffer: self.config.subscription_buffer,
            retrieve_deadline: self.config.retrieve_deadline,
            recording: self.recording.clone(),
        };
        let shared = engine::Shared {
            reader: scheduler.reader.clone(),
            inbox: Arc::clone(&scheduler.inbox),
            stats: Arc::clone(&scheduler.stats),
            subscribers: Arc::clone(&scheduler.subscribers),
        };
        let descriptors = self.descriptors.into_iter().map(|d| d.0).collect();
        engine::start(self.config, descriptors, shared, receiver, self.recording.as_ref())?;
        Ok(scheduler)
    }
}

// === impl Scheduler ===

impl Scheduler {
    /// Starts collecting what a scheduler starts with.
    pub fn builder() -> SchedulerBuilder {
        SchedulerBuilder::default()
    }

    /// Carries a transaction out and waits for its report.
    pub async fn commit(&self, txn: Transaction) -> TxnReport {
        self.submit(txn).await
    }

    /// Queues a transaction; the ticket gives its report.
    pub fn submit(&self, txn: Transaction) -> Ticket {
        let (reply, report) = oneshot::channel();
        let submitted = tokio::time::Instant::now();
        // If the owner is gone the ticket says so.
        let _ = self.commands.send(Command::Commit { txn, submitted, reply });
        Ticket { report }
    }

    /// What a transaction would do to the present state. Nothing is changed; a plan of a full or
    /// downstream resync begins with a read-back.
    pub async fn plan(&self, txn: Transaction) -> Result<Plan, PlanError> {
        let (reply, plan) = oneshot::channel();
        self.commands.send(Command::Plan { txn, reply }).map_err(|_| PlanError::Closed)?;
        plan.await.unwrap_or(Err(PlanError::Closed))
    }

    /// Carries out a transaction exactly as planned: refused if the graph has moved on since.
    ///
    /// A plan is data and does not hold the wishes behind it, so the transaction is given again; its
    /// plan at the same revision is the same.
    pub async fn apply(&self, plan: &Plan, txn: Transaction) -> Result<TxnReport, PlanError> {
        let current = self.snapshot().revision();
        if current != plan.revision {
            return Err(PlanError::Moved { planned: plan.revision, current });
        }
        // What was read back for the plan is not read back again.
        let options = TxnOptions { only_at: Some(plan.revision), ..txn.options.clone() };
        let txn = txn.with(options);
        let again = self.plan(txn.clone()).await?;
        if again.hash != plan.hash {
            return Err(PlanError::Moved { planned: plan.revision, current: again.revision });
        }
        let report = self.commit(txn).await;
        match report.outcome {
            TxnOutcome::Refused(_) if report.revision != plan.revision => {
                Err(PlanError::Moved { planned: plan.revision, current: report.revision })
            }
            _ => Ok(report),
        }
    }

    /// The latest published state.
    pub fn snapshot(&self) -> Snapshot {
        self.reader.snapshot()
    }

    /// Why a value is where it is.
    pub fn explain(&self, key: &str) -> Explanation {
        self.snapshot().explain(key)
    }

    /// What is really in the southbound, by asking it. The owner is not involved.
    pub async fn dump_southbound(&self, descriptor: &str) -> Result<Vec<DumpItem>, DumpError> {
        let snapshot = self.snapshot();
        let found = snapshot.0.catalog.by_name(descriptor);
        let entry = found.and_then(|id| snapshot.0.catalog.get(id));
        let entry = entry.ok_or(DumpError::UnknownDescriptor)?;
        if !entry.capabilities().retrieve {
            return Err(DumpError::NotRetrievable);
        }
        let filter = StatusFilter::Descriptor(descriptor.to_owned());
        let known = snapshot.dump(&filter, View::Cached).into_iter().map(|item| AnyKnown {
            key: item.key,
            value: item.value,
            metadata: item.metadata,
            origin: item.origin,
            wanted: false,
        });
        let known = Known::from(known.collect::<Vec<_>>());
        let reading = engine::caught(|| entry.retrieve(known));
        let found = match tokio::time::timeout(self.retrieve_deadline, reading).await {
            Ok(found) => found.map_err(|error| DumpError::Failed(error.to_string()))?,
            Err(_) => return Err(DumpError::Failed("no answer in time".to_owned())),
        };
        let item = |r: AnyRetrieved| DumpItem {
            key: r.key,
            value: r.value,
            metadata: r.metadata,
            origin: r.origin,
        };
        let mut items: Vec<DumpItem> = found.into_iter().map(item).collect();
        items.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(items)
    }

    /// A stream of statuses: a snapshot, then changes.
    pub fn subscribe(&self, filter: StatusFilter) -> Subscription {
        let queue = Arc::new(Queue::new(self.buffer));
        self.subscribers.add(&queue);
        if self.commands.is_closed() {
            queue.close();
        }
        Subscription::new(queue, self.reader.clone(), filter)
    }

    /// Records of transactions that started in the window, oldest first; open ends are unbounded.
    pub fn history(
        &self,
        since: Option<SystemTime>,
        until: Option<SystemTime>,
    ) -> Vec<Arc<RecordedTxn>> {
        let snapshot = self.snapshot();
        let within = |r: &&Arc<RecordedTxn>| {
            since.is_none_or(|since| r.start >= since) && until.is_none_or(|until| r.start <= until)
        };
        snapshot.0.history.iter().filter(within).cloned().collect()
    }

    /// The record of one transaction, if it is still kept.
    pub fn transaction(&self, seq: TxnSeq) -> Option<Arc<RecordedTxn>> {
        self.snapshot().0.history.find(seq)
    }

    /// What happened to one value, oldest first, as far as records are kept.
    pub fn timeline(&self, key: &str) -> Vec<TimelineEntry> {
        history::timeline(&self.snapshot().0.history, key)
    }

    /// What the nodes were at a time, as far as records are kept: key to its last operation.
    pub fn snapshot_at(&self, time: SystemTime) -> Vec<TimelineEntry> {
        history::at(&self.snapshot().0.history, time)
    }

    /// Where notifications go that no southbound's own watch brings.
    pub fn sink(&self) -> NotificationSink {
        self.inbox.sink()
    }

    /// Adds a descriptor; values that waited for it are applied.
    pub async fn register(&self, new: Arc<dyn DynDescriptor>) -> Result<(), RegistrationError> {
        let (reply, done) = oneshot::channel();
        let name = new.name().to_owned();
        if self.commands.send(Command::Register { new, reply }).is_err() {
            return Err(RegistrationError::Exists(name));
        }
        done.await.unwrap_or(Err(RegistrationError::Exists(name)))
    }

    /// Takes a descriptor away; `None` if there was none of this name.
    pub async fn unregister(&self, name: &str, mode: UnregisterMode) -> Option<TxnReport> {
        let (reply, done) = oneshot::channel();
        self.commands.send(Command::Unregister { name: name.to_owned(), mode, reply }).ok()?;
        done.await.ok().flatten()
    }

    /// Waits until all the values are in one of the states.
    pub async fn wait_for(
        &self,
        keys: Vec<Key>,
        states: &[ValueState],
        deadline: Duration,
    ) -> Result<Vec<BaseValueStatus>, WaitError> {
        let filter = StatusFilter::Keys(keys.clone());
        let mut stream = self.subscribe(filter);
        let reached = |snapshot: &Snapshot| {
            keys.iter().all(|key| {
                let state = snapshot.status(key).map_or(ValueState::Nonexistent, |s| {
                    let of_key = |v: &&ligato_kvs_api::ValueStatus| v.key == *key;
                    let derived = s.derived_values.iter().find(of_key).map(|v| v.state);
                    derived.unwrap_or(s.value.state)
                });
                states.contains(&state)
            })
        };
        let wait = async {
            while let Some(event) = stream.next().await {
                let _: StatusEvent = event;
                let now = self.snapshot();
                if reached(&now) {
                    return Ok(now.statuses(&StatusFilter::Keys(keys.clone())));
                }
            }
            Err(WaitError::Closed)
        };
        match tokio::time::timeout(deadline, wait).await {
            Ok(result) => result,
            Err(_) => Err(WaitError::Deadline(
                self.snapshot().statuses(&StatusFilter::Keys(keys.clone())),
            )),
        }
    }

    /// Waits until nothing is queued, under way, or planned to be retried.
    pub async fn quiescent(&self, deadline: Duration) -> Result<Revision, WaitError> {
        let (reply, quiet) = oneshot::channel();
        self.commands.send(Command::Quiescent { reply }).map_err(|_| WaitError::Closed)?;
        match tokio::time::timeout(deadline, quiet).await {
            Ok(result) => result.map_err(|_| WaitError::Closed),
            Err(_) => Err(WaitError::Deadline(Vec::new())),
        }
    }

    /// Compares everything the scheduler keeps twice (counts and edges, index and nodes, the
    /// published state and the graph, planned retries and the values they are for) as soon as
    /// nothing is queued; gives what does not fit, in words. Looks at every value: for tests and bug
    /// reports.
    pub async fn audit(&self) -> Vec<String> {
        let (reply, wrong) = oneshot::channel();
        if self.commands.send(Command::Audit { reply }).is_err() {
            return vec!["scheduler was closed".to_owned()];
        }
        wrong.await.unwrap_or_else(|_| vec!["scheduler was closed".to_owned()])
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats.read();
        stats.coalesced = self.inbox.coalesced.load(std::sync::atomic::Ordering::Relaxed);
        stats
    }

    /// The recording, if there is one.
    pub fn recording(&self) -> Option<&Recording> {
        self.recording.as_ref()
    }

    /// Finishes the transaction under way, refuses the queued ones and ends the owner task. What
    /// was applied stays.
    pub async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.commands.send(Command::Close { reply }).is_ok() {
            // An error means that it was closed meanwhile by somebody else.
            let _ = done.await;
        }
        if let Some(recording) = &self.recording {
            recording.settled().await;
        }
    }
}

impl Reader {
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot(self.latest.load_full())
    }
}

impl Future for Ticket {
    type Output = TxnReport;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TxnReport> {
        Pin::new(&mut self.report).poll(cx).map(|report| {
            report.unwrap_or_else(|_| TxnReport {
                seq: None,
                revision: Revision::default(),
                outcome: TxnOutcome::Refused("scheduler was closed".to_owned()),
                errors: Vec::new(),
                statuses: Statuses::default(),
            })
        })
    }
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name())
    }
}
