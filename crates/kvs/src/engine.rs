//! The owner task: runs the core on tokio.
//!
//! It is the only one that touches the core. Commands of handles, notifications of southbounds,
//! results of operations and the clock become inputs; effects are carried out here. An operation is
//! polled once on the spot: what answers at once costs no task switch. Every operation has a
//! deadline, and a panic in one is its result.

mod batch;

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use ligato_kvs_api::{
    AnyRetrieved, DynDescriptor, Metadata, OpError, OpFuture, Plan, PlanError, RegistrationError,
    Revision, SouthboundName, Transaction, TxnReport,
};
use rustc_hash::FxHashMap;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinError,
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    config::SchedulerConfig,
    core::{CallId, Effect, Input, Now, Operation, Token},
    engine::batch::{Batch, Operated},
    handle::{Reader, UnregisterMode},
    inbox::Inbox,
    recording::{Parts, Recording, Taped},
    stats::StatsCells,
    subscribe::Subscribers,
};

/// What handles ask the owner for.
pub(crate) enum Command {
    Commit { txn: Transaction, submitted: Instant, reply: oneshot::Sender<TxnReport> },
    Plan { txn: Transaction, reply: oneshot::Sender<Result<Plan, PlanError>> },
    Register { new: Arc<dyn DynDescriptor>, reply: oneshot::Sender<Result<(), RegistrationError>> },
    Unregister { name: String, mode: UnregisterMode, reply: oneshot::Sender<Option<TxnReport>> },
    Quiescent { reply: oneshot::Sender<Revision> },
    Audit { reply: oneshot::Sender<Vec<String>> },
    Close { reply: oneshot::Sender<()> },
}

/// What the owner shares with the handles.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) reader: Reader,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) stats: Arc<StatsCells>,
    pub(crate) subscribers: Arc<Subscribers>,
}

/// Who waits for an effect with a token.
enum Waiting {
    Report(oneshot::Sender<TxnReport>),
    Plan(oneshot::Sender<Result<Plan, PlanError>>),
    Registered(oneshot::Sender<Result<(), RegistrationError>>),
    Unregistered(oneshot::Sender<Option<TxnReport>>),
    Quiet(oneshot::Sender<Revision>),
    Audited(oneshot::Sender<Vec<String>>),
    Closed(oneshot::Sender<()>),
}

/// The result of something under way.
enum Outcome {
    /// All operations of a batch have been answered.
    BatchOver,
    Operated(CallId, Result<Option<Metadata>, OpError>),
    Retrieved(CallId, Result<Vec<AnyRetrieved>, OpError>),
}

type Running = Pin<Box<dyn Future<Output = (Outcome, Duration)> + Send>>;

struct Owner {
    core: Taped,
    config: SchedulerConfig,
    shared: Shared,
    epoch: Instant,
    waiting: FxHashMap<Token, Waiting>,
    next_token: Token,
    running: FuturesUnordered<Running>,
    /// Results of operations started together.
    results: (mpsc::UnboundedSender<Operated>, mpsc::UnboundedReceiver<Operated>),
    watched: Vec<SouthboundName>,
    cancel: CancellationToken,
}

/// Checks the descriptors and starts the owner on the current runtime.
pub(crate) fn start(
    config: SchedulerConfig,
    descriptors: Vec<Arc<dyn DynDescriptor>>,
    shared: Shared,
    commands: mpsc::UnboundedReceiver<Command>,
    recording: Option<&Recording>,
) -> Result<(), RegistrationError> {
    let epoch = Instant::now();
    let stats = Arc::clone(&shared.stats);
    let subscribers = Arc::clone(&shared.subscribers);
    let stopwatch = Box::new(move || epoch.elapsed());
    let parts = Parts {
        config: config.clone(),
        descriptors,
        stats,
        subscribers,
        stopwatch,
        now: now(epoch),
    };
    let core = Taped::new(parts, recording)?;
    let mut owner = Owner {
        core,
        config,
        shared,
        epoch,
        waiting: FxHashMap::default(),
        next_token: 0,
        running: FuturesUnordered::new(),
        results: mpsc::unbounded_channel(),
        watched: Vec::new(),
        cancel: CancellationToken::new(),
    };
    owner.carry_out();
    owner.watch_southbounds();
    tokio::spawn(owner.run(commands));
    Ok(())
}

fn now(epoch: Instant) -> Now {
    at(epoch, Instant::now())
}

fn at(epoch: Instant, moment: Instant) -> Now {
    let mono = moment.saturating_duration_since(epoch);
    Now { wall: SystemTime::now(), mono, random: rand::random() }
}

// === impl Owner ===

impl Owner {
    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        let inbox = Arc::clone(&self.shared.inbox);
        while !self.core.is_closed() {
            let wake = self.core.wake_at().map(|at| self.epoch + at);
            let timer = async {
                match wake {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some((outcome, took)) = self.running.next(), if !self.running.is_empty() => {
                    self.take_outcome(outcome, took);
                }
                Some(operated) = self.results.1.recv() => self.take_results(operated),
                command = commands.recv() => match command {
                    Some(command) => self.take_command(command),
                    // All handles are gone: nobody can want anything any more.
                    None => break,
                },
                () = inbox.wake.notified() => {}
                () = timer => self.input(Input::Tick),
            }
            while let Some(batch) = inbox.take() {
                self.input(Input::Notify(batch));
            }
        }
        self.cancel.cancel();
        self.shared.subscribers.close();
    }

    fn input(&mut self, input: Input) {
        self.core.input(now(self.epoch), input);
        self.carry_out();
    }

    fn take_outcome(&mut self, outcome: Outcome, took: Duration) {
        match outcome {
            Outcome::BatchOver => {}
            Outcome::Operated(call, result) => {
                self.input(Input::Operated { call, result, took });
            }
            Outcome::Retrieved(call, result) => {
                self.input(Input::Retrieved { call, result, took });
            }
        }
    }

    fn take_command(&mut self, command: Command) {
        let input = match command {
            Command::Commit { txn, submitted, reply } => {
                let token = self.wait(Waiting::Report(reply));
                Input::Commit { txn, waited: submitted.elapsed(), token }
            }
            Command::Plan { txn, reply } => {
                Input::Plan { txn, token: self.wait(Waiting::Plan(reply)) }
            }
            Command::Register { new, reply } => {
                Input::Register { new, token: self.wait(Waiting::Registered(reply)) }
            }
            Command::Unregister { name, mode, reply } => {
                let token = self.wait(Waiting::Unregistered(reply));
                Input::Unregister { name, mode, token }
            }
            Command::Quiescent { reply } => {
                Input::Quiescent { token: self.wait(Waiting::Quiet(reply)) }
            }
            Command::Audit { reply } => Input::Audit { token: self.wait(Waiting::Audited(reply)) },
            Command::Close { reply } => Input::Close { token: self.wait(Waiting::Closed(reply)) },
        };
        self.input(input);
    }

    fn wait(&mut self, waiting: Waiting) -> Token {
        self.next_token += 1;
        self.waiting.insert(self.next_token, waiting);
        self.next_token
    }

    /// Carries out effects until there are none.
    fn carry_out(&mut self) {
        while let Some(effect) = self.core.next() {
            match effect {
                Effect::Operate { descriptor, operations } => {
                    self.operate(&descriptor, &operations);
                }
                Effect::Retrieve { call, descriptor, known } => {
                    self.retrieve(call, caught(|| descriptor.retrieve(known)));
                }
                Effect::Publish(snapshot) => self.shared.reader.latest.store(snapshot.0),
                Effect::Tell(delta) => self.shared.subscribers.tell(&delta),
                Effect::Untold => self.shared.subscribers.refresh(),
                other => self.answer(other),
            }
        }
        self.watch_southbounds();
    }

    fn operate(&mut self, descriptor: &Arc<dyn DynDescriptor>, operations: &[Operation]) {
        let deadline = self.config.operation_deadline;
        if let [operation] = operations {
            let (call, begun) = (operation.call, Instant::now());
            let future = match looked_at(|| descriptor.operate(&operation.action)) {
                Ok(result) => return self.ready(Outcome::Operated(call, result), begun),
                Err(future) => async move { Outcome::Operated(call, future.await) },
            };
            return self.start(future, call, deadline, Outcome::Operated);
        }
        let started = |operation: &Operation| caught(|| descriptor.operate(&operation.action));
        let futures = operations.iter().map(|o| (o.call, started(o))).collect();
        let mut batch = Batch::new(futures, deadline, self.results.0.clone());
        batch.look_at_all(&mut Context::from_waker(Waker::noop()));
        while let Ok(operated) = self.results.1.try_recv() {
            let Operated { call, result, took } = operated;
            self.core.input(now(self.epoch), Input::Operated { call, result, took });
        }
        if !batch.is_over() {
            self.running.push(Box::pin(async move {
                batch.await;
                (Outcome::BatchOver, Duration::ZERO)
            }));
        }
    }

    /// A read-back may bring very much: what has to be done with that is done beside the owner.
    fn retrieve(&mut self, call: CallId, mut future: OpFuture<Vec<AnyRetrieved>>) {
        let started = Instant::now();
        let looked = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(result) = looked {
            return self.ready(Outcome::Retrieved(call, result), started);
        }
        let task = AbortOnDropHandle::new(tokio::spawn(future));
        let outcome = async move {
            let lost = |error: JoinError| Err(OpError::Unknown(error.to_string()));
            Outcome::Retrieved(call, task.await.unwrap_or_else(lost))
        };
        self.start(outcome, call, self.config.retrieve_deadline, Outcome::Retrieved);
    }

    /// Results of operations that were started together.
    fn take_results(&mut self, first: Operated) {
        let mut next = Some(first);
        while let Some(Operated { call, result, took }) = next {
            self.core.input(now(self.epoch), Input::Operated { call, result, took });
            next = self.results.1.try_recv().ok();
        }
        self.carry_out();
    }

    /// Polls once; what is not ready then goes on beside the owner until its deadline.
    fn start<T>(
        &mut self,
        future: impl Future<Output = Outcome> + Send + 'static,
        call: CallId,
        deadline: Duration,
        outcome: fn(CallId, Result<T, OpError>) -> Outcome,
    ) where
        T: 'static,
    {
        let started = Instant::now();
        let mut future = Box::pin(future);
        if let Poll::Ready(outcome) = future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            return self.ready(outcome, started);
        }
        self.running.push(Box::pin(async move {
            let outcome =
                tokio::time::timeout_at(started + deadline, future).await.unwrap_or_else(|_| {
                    let waited = format!("no answer within {} s", deadline.as_secs_f32());
                    outcome(call, Err(OpError::Unknown(waited)))
                });
            (outcome, started.elapsed())
        }));
    }

    /// Hands a result to the core; its effects are carried out by the caller's loop.
    fn ready(&mut self, outcome: Outcome, begun: Instant) {
        // The clock is read once for both: there may be a million operations.
        let moment = Instant::now();
        let took = moment.saturating_duration_since(begun);
        let input = match outcome {
            Outcome::BatchOver => return,
            Outcome::Operated(call, result) => Input::Operated { call, result, took },
            Outcome::Retrieved(call, result) => Input::Retrieved { call, result, took },
        };
        self.core.input(at(self.epoch, moment), input);
    }

    fn answer(&mut self, effect: Effect) {
        let (Effect::Report { token, .. }
        | Effect::Planned { token, .. }
        | Effect::Registered { token, .. }
        | Effect::Unregistered { token, .. }
        | Effect::Quiet { token, .. }
        | Effect::Audited { token, .. }
        | Effect::Closed { token }) = &effect
        else {
            return;
        };
        let Some(waiting) = self.waiting.remove(token) else { return };
        // Who asked may have stopped waiting; that is no error.
        match (effect, waiting) {
            (Effect::Report { report, .. }, Waiting::Report(reply)) => {
                let _ = reply.send(*report);
            }
            (Effect::Planned { plan, .. }, Waiting::Plan(reply)) => {
                let _ = reply.send(*plan);
            }
            (Effect::Registered { result, .. }, Waiting::Registered(reply)) => {
                let _ = reply.send(result);
            }
            (Effect::Unregistered { report, .. }, Waiting::Unregistered(reply)) => {
                let _ = reply.send(report.map(|r| *r));
            }
            (Effect::Quiet { revision, .. }, Waiting::Quiet(reply)) => {
                let _ = reply.send(revision);
            }
            (Effect::Audited { wrong, .. }, Waiting::Audited(reply)) => {
                let _ = reply.send(wrong);
            }
            (Effect::Closed { .. }, Waiting::Closed(reply)) => {
                let _ = reply.send(());
            }
            _ => {}
        }
    }

    /// One watch per southbound, from the moment its first descriptor is there.
    fn watch_southbounds(&mut self) {
        for (name, descriptor) in self.core.watchers() {
            if !self.watched.contains(&name) {
                self.watched.push(name);
                let watch = descriptor.watch(self.shared.inbox.sink(), self.cancel.child_token());
                tokio::spawn(watch);
            }
        }
    }
}

/// Starts an operation; a panic in it becomes its failure.
pub(crate) fn caught<T: Send + 'static>(start: impl FnOnce() -> OpFuture<T>) -> OpFuture<T> {
    match std::panic::catch_unwind(AssertUnwindSafe(start)) {
        Ok(future) => guarded(future),
        Err(panic) => Box::pin(std::future::ready(Err(panicked(&*panic)))),
    }
}

/// Starts an operation and looks at it once: what is done at once needs no memory of its own.
fn looked_at<T: Send + 'static>(
    start: impl FnOnce() -> OpFuture<T>,
) -> Result<Result<T, OpError>, OpFuture<T>> {
    let look = || {
        let mut future = start();
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Ok(result),
            Poll::Pending => Err(future),
        }
    };
    match std::panic::catch_unwind(AssertUnwindSafe(look)) {
        Ok(looked) => looked.map_err(guarded),
        Err(panic) => Ok(Err(panicked(&*panic))),
    }
}

fn guarded<T: Send + 'static>(future: OpFuture<T>) -> OpFuture<T> {
    Box::pin(async move {
        let result = AssertUnwindSafe(future).catch_unwind().await;
        result.unwrap_or_else(|panic| Err(panicked(&*panic)))
    })
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> OpError {
    let text = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    OpError::Final(format!("operation panicked: {text}"))
}
