//! Tracked tasks: named, cancelled by token, joined on close. A task that panics or ends early is a reported
//! state with a policy, never a silent loss.
//!
//! ```text
//!   spawn ──▶ supervisor ──▶ body ──▶ cancelled: stopped
//!                 ▲            └────▶ error, panic, early end ─▶ Restart  (after a back-off)
//!                 └──────────────────────────────────────────────┘ Degrade  (plugin degraded)
//!                                                                  StopAgent (plugin in error, agent asked to stop)
//! ```

use std::{
    any::Any,
    collections::BTreeMap,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::FutureExt;
use tokio::task::AbortHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    BoxError,
    backoff::Backoff,
    clock::SharedClock,
    health::{HealthReporter, HealthState},
    shutdown::{Shutdown, StopReason},
};

/// What to do when a task ends without having been cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Start it again after a delay; the plugin is degraded meanwhile.
    Restart(Backoff),
    /// Leave it; the plugin stays degraded.
    Degrade,
    /// Leave it; the plugin is in error and the agent is asked to stop.
    StopAgent,
}

/// Where a task is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// Running; `restarts` counts how often it had to be started again.
    Running {
        /// New starts so far.
        restarts: u32,
    },
    /// Waiting to be started again.
    BackingOff {
        /// New starts so far.
        restarts: u32,
        /// How it ended the last time.
        failure: TaskFailure,
    },
    /// Ended as it should.
    Finished,
    /// Ended as it should not.
    Failed(TaskFailure),
}

/// How a task ended when it should not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskFailure {
    /// It panicked, with this message.
    Panicked(String),
    /// It returned an error; this is the whole chain.
    Error(String),
    /// It returned although it was to run until cancelled.
    EndedEarly,
}

/// The tasks of one plugin. Clones share them.
#[derive(Clone, Debug)]
pub struct Tasks {
    shared: Arc<Shared>,
}

/// The names of tasks that did not end in time.
pub type Unfinished = Vec<String>;

#[derive(Debug)]
struct Shared {
    plugin: String,
    clock: SharedClock,
    health: HealthReporter,
    shutdown: Shutdown,
    token: CancellationToken,
    tracker: TaskTracker,
    tasks: Mutex<BTreeMap<String, (TaskState, AbortHandle)>>,
}

// === impl Tasks ===

impl Tasks {
    pub(crate) fn new(
        plugin: &str,
        clock: SharedClock,
        health: HealthReporter,
        shutdown: Shutdown,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                plugin: plugin.to_owned(),
                clock,
                health,
                shutdown,
                token: CancellationToken::new(),
                tracker: TaskTracker::new(),
                tasks: Mutex::default(),
            }),
        }
    }

    /// Starts a task that runs until it is cancelled. `body` makes a fresh run of it each time and gets the
    /// token to watch; returning before the token is cancelled counts as failure.
    pub fn spawn<Body, Run>(&self, name: &str, on_failure: OnFailure, mut body: Body)
    where
        Body: FnMut(CancellationToken) -> Run + Send + 'static,
        Run: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let (tasks, task) = (self.clone(), name.to_owned());
        self.track(name, async move {
            let token = tasks.shared.token.clone();
            let mut restarts = 0;
            while let Some(failure) = run(body(token.clone()), &token).await {
                match on_failure {
                    OnFailure::Restart(backoff) => {
                        let delay = backoff.delay(restarts);
                        tasks.failed(&task, &failure, HealthState::Degraded);
                        tracing::warn!(task, %failure, ?delay, "task failed, starting it again");
                        tasks.set(&task, TaskState::BackingOff { restarts, failure });
                        tokio::select! {
                            () = tasks.shared.clock.sleep(delay) => {}
                            () = token.cancelled() => break,
                        }
                        restarts += 1;
                        tasks.set(&task, TaskState::Running { restarts });
                        tasks.shared.health.task_recovered(&task);
                    }
                    OnFailure::Degrade | OnFailure::StopAgent => {
                        return tasks.give_up(task, failure, on_failure);
                    }
                }
            }
            tasks.set(&task, TaskState::Finished);
        });
    }

    /// Starts a task that is expected to end by itself. Only an error or a panic counts as failure, and it is
    /// never started again: `Restart` means `Degrade` here.
    pub fn spawn_once<Run>(&self, name: &str, on_failure: OnFailure, body: Run)
    where
        Run: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let (tasks, task) = (self.clone(), name.to_owned());
        self.track(name, async move {
            match run(body, &tasks.shared.token).await {
                None | Some(TaskFailure::EndedEarly) => tasks.set(&task, TaskState::Finished),
                Some(failure) => tasks.give_up(task, failure, on_failure),
            }
        });
    }

    /// The token that is cancelled when the plugin is closed.
    pub fn token(&self) -> CancellationToken {
        self.shared.token.clone()
    }

    /// Where each task is, by name.
    pub fn states(&self) -> BTreeMap<String, TaskState> {
        self.lock().iter().map(|(name, (state, _))| (name.clone(), state.clone())).collect()
    }

    pub(crate) fn cancel(&self) {
        self.shared.tracker.close();
        self.shared.token.cancel();
    }

    /// Completes when all tasks have ended; they must have been cancelled.
    pub(crate) async fn join(&self) {
        self.shared.tracker.wait().await;
    }

    /// Aborts what still runs and says what that was.
    pub(crate) fn abort(&self) -> Unfinished {
        let tasks = self.lock();
        let running = tasks.iter().filter(|(_, (_, handle))| !handle.is_finished());
        running
            .map(|(name, (_, handle))| {
                handle.abort();
                name.clone()
            })
            .collect()
    }

    fn track(&self, name: &str, supervisor: impl Future<Output = ()> + Send + 'static) {
        // Locked while spawning, so that the task finds its entry.
        let mut tasks = self.lock();
        let handle = self.shared.tracker.spawn(supervisor).abort_handle();
        tasks.insert(name.to_owned(), (TaskState::Running { restarts: 0 }, handle));
    }

    fn give_up(&self, task: String, failure: TaskFailure, on_failure: OnFailure) {
        let plugin = self.shared.plugin.clone();
        tracing::error!(plugin, task, %failure, "task failed");
        match on_failure {
            OnFailure::Restart(_) | OnFailure::Degrade => {
                self.failed(&task, &failure, HealthState::Degraded);
                self.set(&task, TaskState::Failed(failure));
            }
            OnFailure::StopAgent => {
                self.failed(&task, &failure, HealthState::Error);
                self.set(&task, TaskState::Failed(failure));
                self.shared.shutdown.request(StopReason::TaskFailed { plugin, task });
            }
        }
    }

    fn failed(&self, task: &str, failure: &TaskFailure, state: HealthState) {
        self.shared.health.task_fault(task, state, failure.to_string());
    }

    fn set(&self, task: &str, state: TaskState) {
        if let Some(entry) = self.lock().get_mut(task) {
            entry.0 = state;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, (TaskState, AbortHandle)>> {
        self.shared.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a body to its end; `None` when it ended because it was cancelled.
async fn run(
    body: impl Future<Output = Result<(), BoxError>>,
    token: &CancellationToken,
) -> Option<TaskFailure> {
    let failure = match AssertUnwindSafe(body).catch_unwind().await {
        Ok(Ok(())) => TaskFailure::EndedEarly,
        Ok(Err(error)) => TaskFailure::Error(crate::error_chain(error.as_ref())),
        Err(panic) => return Some(TaskFailure::Panicked(panic_message(panic.as_ref()))),
    };
    (!token.is_cancelled()).then_some(failure)
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

// === impl TaskFailure ===

impl std::fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Error(chain) => f.write_str(chain),
            Self::EndedEarly => f.write_str("ended early"),
        }
    }
}
