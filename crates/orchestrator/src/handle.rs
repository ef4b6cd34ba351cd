//! The handle sources and APIs hold.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use ligato_infra::clock::SharedClock;
use ligato_kvs_api::{Plan, PlanError, ResyncKind, SourceId, TxnReport};
use ligato_model::Registry;
use tokio::sync::{mpsc, oneshot, watch};

use crate::change::{Change, Delivery, DeliveryKind, Entry, PushOptions, PushResult, ResyncDepth};
use crate::check::judge;
use crate::desired::Desired;
use crate::engine::Engine;
use crate::input::Input;
use crate::keep::Keeping;
use crate::lane::Lanes;
use crate::owner::Owner;
use crate::precedence::Precedence;
use crate::source::SourceStatus;
use crate::startup::Phase;
use crate::view::{ListFilter, ListItem, View};

/// What an orchestrator is started with.
#[derive(Debug, Clone)]
pub struct OrchestratorConfig {
    /// Which source decides.
    pub precedence: Precedence,
    /// Sources whose first delivery belongs to the start. Until all of them have delivered,
    /// nothing that is found in the southbound is removed.
    pub expected: Vec<SourceId>,
    /// How long what is known waits for them.
    pub grace: Duration,
    /// What makes the wishes of some sources outlive this process, with what it kept; none when they end
    /// with it. What is restored settles an expected source.
    pub keeping: Option<Keeping>,
}

/// The orchestrator: an owner task behind handles.
#[derive(Debug)]
pub struct Orchestrator {
    handle: OrchestratorHandle,
    task: tokio::task::JoinHandle<()>,
}

/// A handle. Cheap to clone; reading never waits for the owner.
#[derive(Clone)]
pub struct OrchestratorHandle {
    inputs: mpsc::UnboundedSender<Input>,
    view: Arc<ArcSwap<View>>,
    changed: watch::Receiver<u64>,
}

/// The orchestrator has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("orchestrator is closed")]
pub struct Closed;

// === impl ===

impl Default for OrchestratorConfig {
    /// The declared order, no expected sources, and the ten seconds the original gives a resync.
    fn default() -> Self {
        Self {
            precedence: Precedence::default(),
            expected: Vec::new(),
            grace: Duration::from_secs(10),
            keeping: None,
        }
    }
}

impl Orchestrator {
    /// Starts the owner task on the current tokio runtime. Nothing goes to the engine before
    /// [`OrchestratorHandle::begin`].
    pub fn start(
        config: OrchestratorConfig,
        registry: Registry,
        engine: Arc<dyn Engine>,
        clock: SharedClock,
    ) -> Self {
        let mut phase = Phase::new(config.expected.iter().cloned());
        let mut desired = Desired::new(config.precedence, &config.expected);
        let (keeper, restored) = match config.keeping {
            Some(Keeping { keeper, restored }) => (Some(keeper), restored),
            None => (None, Vec::new()),
        };
        for (source, Delivery { kind, changes, rejected }) in restored {
            let judged = judge(&registry, changes, rejected);
            judged.report(&source);
            desired.deliver(&source, kind, judged, clock.now());
            // Nothing is due before the beginning.
            phase.settled(&source);
        }
        let (inputs, receiver) = mpsc::unbounded_channel();
        let view = View { desired: desired.clone(), phase: phase.clone() };
        let view = Arc::new(ArcSwap::from_pointee(view));
        let (changes, changed) = watch::channel(0);
        let owner = Owner {
            desired,
            phase,
            registry,
            engine,
            clock,
            grace: config.grace,
            // Weak, so that the task ends with the last handle.
            inputs: inputs.downgrade(),
            view: view.clone(),
            changes,
            waiting: Vec::new(),
            lanes: Lanes::new(keeper),
        };
        let task = tokio::spawn(owner.run(receiver));
        Self { handle: OrchestratorHandle { inputs, view, changed }, task }
    }

    /// A handle.
    pub fn handle(&self) -> OrchestratorHandle {
        self.handle.clone()
    }

    /// Ends the owner. What was handed over before is still kept and handed to the engine. What is desired
    /// stays applied.
    pub async fn close(self) {
        let Self { handle, task } = self;
        // An error means that it has ended already.
        let _ = handle.tell(Input::Close);
        if let Err(error) = task.await {
            tracing::error!(%error, "the owner of the desired state failed");
        }
    }
}

impl std::fmt::Debug for OrchestratorHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OrchestratorHandle").field("keys", &self.view().len()).finish()
    }
}

impl OrchestratorHandle {
    /// Changes what a source wants, and waits as `options` say.
    ///
    /// # Errors
    /// [`Closed`]; everything else is in the result.
    pub async fn push(
        &self,
        source: impl Into<SourceId>,
        changes: Vec<Change>,
        options: PushOptions,
    ) -> Result<PushResult, Closed> {
        let delivery = Delivery { kind: DeliveryKind::Changes, changes, rejected: Vec::new() };
        self.deliver(source, delivery, options).await
    }

    /// Replaces all a source wants, and waits as `options` say.
    ///
    /// # Errors
    /// [`Closed`]; everything else is in the result.
    pub async fn resync(
        &self,
        source: impl Into<SourceId>,
        entries: Vec<Entry>,
        depth: ResyncDepth,
        options: PushOptions,
    ) -> Result<PushResult, Closed> {
        let changes = entries.into_iter().map(Change::from).collect();
        let kind = DeliveryKind::Snapshot(depth);
        self.deliver(source, Delivery { kind, changes, rejected: Vec::new() }, options).await
    }

    /// Either of the two, together with what the source itself found wrong.
    ///
    /// # Errors
    /// [`Closed`]; everything else is in the result.
    pub async fn deliver(
        &self,
        source: impl Into<SourceId>,
        delivery: Delivery,
        options: PushOptions,
    ) -> Result<PushResult, Closed> {
        let source = source.into();
        self.ask(|reply| Input::Deliver { source, delivery, options, reply }).await
    }

    /// What a push would do to the present state. Nothing is changed or sent.
    ///
    /// # Errors
    /// [`PlanError`].
    pub async fn plan(
        &self,
        source: impl Into<SourceId>,
        changes: Vec<Change>,
    ) -> Result<Plan, PlanError> {
        let source = source.into();
        let plan = self.ask(|reply| Input::Plan { source, changes, reply }).await;
        plan.unwrap_or(Err(PlanError::Closed))
    }

    /// Says that a source went away. What it wanted last still counts.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn lost(
        &self,
        source: impl Into<SourceId>,
        reason: impl Into<String>,
    ) -> Result<(), Closed> {
        self.tell(Input::Lost { source: source.into(), reason: reason.into() })
    }

    /// Says that a lost source is back.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn found(&self, source: impl Into<SourceId>) -> Result<(), Closed> {
        self.tell(Input::Found { source: source.into() })
    }

    /// Declares a source gone: what only it wanted is not wanted any more.
    ///
    /// # Errors
    /// [`Closed`]; everything else is in the result.
    pub async fn forget(
        &self,
        source: impl Into<SourceId>,
        options: PushOptions,
    ) -> Result<PushResult, Closed> {
        let source = source.into();
        self.ask(|reply| Input::Forget { source, options, reply }).await
    }

    /// Compares and repairs. [`ResyncKind::Full`] and [`ResyncKind::Upstream`] hand over what all
    /// sources want.
    ///
    /// # Errors
    /// [`Closed`].
    pub async fn resync_all(
        &self,
        kind: ResyncKind,
        options: PushOptions,
    ) -> Result<TxnReport, Closed> {
        self.ask(|reply| Input::Resync { kind, options, reply }).await
    }

    /// Says that everything is registered: the first transaction may go out.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn begin(&self) -> Result<(), Closed> {
        self.tell(Input::Begin)
    }

    /// The desired state now.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Keys that pass, with what counts and what each source wants.
    pub fn list(&self, filter: &ListFilter) -> Vec<ListItem> {
        self.view().list(filter)
    }

    /// All sources.
    pub fn sources(&self) -> Vec<SourceStatus> {
        self.view().sources()
    }

    /// Changes whenever the [`View`] does; a slow reader sees the latest only.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }

    fn tell(&self, input: Input) -> Result<(), Closed> {
        self.inputs.send(input).map_err(|_| Closed)
    }

    async fn ask<T>(&self, input: impl FnOnce(oneshot::Sender<T>) -> Input) -> Result<T, Closed> {
        let (reply, answer) = oneshot::channel();
        self.tell(input(reply))?;
        answer.await.map_err(|_| Closed)
    }
}
