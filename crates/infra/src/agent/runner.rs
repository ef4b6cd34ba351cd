//! Starting an agent, waiting for its end, stopping it.

use std::{fmt, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use thiserror::Error;

use super::{
    OrderError, Plugin, PluginContext, PluginTiming, Registrar, StartReport, Started, StopReport,
    order::order,
    plugin::Offers,
    stop::{Live, close_all},
};
use crate::{
    BoxError,
    clock::SharedClock,
    health::Health,
    metrics::Metrics,
    shutdown::{Shutdown, StopReason},
    task::Tasks,
};

/// Puts an agent together.
pub struct AgentBuilder {
    services: Services,
    plugins: Vec<Box<dyn Plugin>>,
    start_timeout: Duration,
    stop_timeout: Duration,
}

/// An agent whose plugins are in order, ready to start.
pub struct Agent {
    services: Services,
    plugins: Vec<Box<dyn Plugin>>,
    start_timeout: Duration,
    stop_timeout: Duration,
}

/// An agent all of whose plugins are started.
pub struct RunningAgent {
    services: Services,
    live: Vec<Live>,
    report: StartReport,
    stop_timeout: Duration,
}

/// How an agent came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Why it was stopped.
    pub reason: StopReason,
    /// How closing went.
    pub report: StopReport,
}

/// A part of the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// [`Plugin::init`].
    Init,
    /// [`Plugin::start`].
    Start,
}

/// Why an agent did not start. Everything that had been initialised was closed again.
#[derive(Debug, Error)]
#[error("plugin {plugin:?} failed in phase {phase}")]
pub struct StartError {
    /// The plugin at fault.
    pub plugin: String,
    /// The phase it was in.
    pub phase: Phase,
    /// What went wrong.
    #[source]
    pub failure: StartFailure,
    /// How the roll-back went.
    pub rollback: StopReport,
}

/// What can go wrong in a phase of the start.
#[derive(Debug, Error)]
pub enum StartFailure {
    /// The plugin returned an error.
    #[error("{}", crate::error_chain(.0.as_ref()))]
    Plugin(BoxError),
    /// The plugin panicked.
    #[error("panicked")]
    Panicked,
    /// The plugin took longer than its budget, or than what was left of the agent's.
    #[error("not done after {0:?}")]
    TimedOut(Duration),
    /// The agent was asked to stop.
    #[error("asked to stop")]
    Interrupted,
}

struct Services {
    clock: SharedClock,
    health: Health,
    metrics: Metrics,
    shutdown: Shutdown,
}

// === impl AgentBuilder ===

impl AgentBuilder {
    /// An agent without plugins: 15 s to start, 5 s to stop.
    pub fn new(clock: SharedClock, health: Health, metrics: Metrics, shutdown: Shutdown) -> Self {
        Self {
            services: Services { clock, health, metrics, shutdown },
            plugins: Vec::new(),
            start_timeout: Duration::from_secs(15),
            stop_timeout: Duration::from_secs(5),
        }
    }

    /// The longest the whole start may take.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// The longest closing everything may take.
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.stop_timeout = timeout;
        self
    }

    /// Adds a plugin.
    pub fn plugin(mut self, plugin: impl Plugin + 'static) -> Self {
        self.plugins.push(Box::new(plugin));
        self
    }

    /// The names of the plugins added so far.
    pub fn plugin_names(&self) -> impl Iterator<Item = &str> {
        self.plugins.iter().map(|plugin| plugin.name())
    }

    /// Puts the plugins in order.
    ///
    /// # Errors
    /// When two have one name, one uses what is not there, or they use each other in a circle.
    pub fn build(self) -> Result<Agent, OrderError> {
        let names: Vec<_> = self.plugins.iter().map(|p| (p.name().to_owned(), p.uses())).collect();
        let positions = order(&names)?;
        let mut unordered: Vec<_> = self.plugins.into_iter().map(Some).collect();
        let plugins =
            positions.into_iter().filter_map(|at| unordered.get_mut(at)?.take()).collect();
        let Self { services, start_timeout, stop_timeout, .. } = self;
        Ok(Agent { services, plugins, start_timeout, stop_timeout })
    }
}

// === impl Agent ===

impl Agent {
    /// The names of the plugins in starting order.
    pub fn plugin_names(&self) -> impl Iterator<Item = &str> {
        self.plugins.iter().map(|plugin| plugin.name())
    }

    /// Initialises all plugins, then starts them.
    ///
    /// # Errors
    /// When a plugin fails, takes too long, or the agent is asked to stop meanwhile. What had been
    /// initialised is closed again before this returns.
    pub async fn start(self) -> Result<RunningAgent, StartError> {
        let Self { services, plugins, start_timeout, stop_timeout } = self;
        let begun = services.clock.elapsed();
        let deadline = begun + start_timeout;
        let mut starting =
            Starting { services, live: Vec::new(), offers: Offers::default(), deadline };
        let mut report = StartReport::default();
        for plugin in plugins {
            let (plugin, took) = (plugin.name().to_owned(), starting.init(plugin).await);
            match took {
                Ok(init) => {
                    report.plugins.push(PluginTiming { plugin, init, start: Duration::ZERO });
                }
                Err(failure) => {
                    return Err(starting
                        .roll_back(plugin, Phase::Init, failure, stop_timeout)
                        .await);
                }
            }
        }
        for (at, timing) in report.plugins.iter_mut().enumerate() {
            match starting.start(at).await {
                Ok(start) => timing.start = start,
                Err(failure) => {
                    let plugin = timing.plugin.clone();
                    return Err(starting
                        .roll_back(plugin, Phase::Start, failure, stop_timeout)
                        .await);
                }
            }
        }
        let Starting { services, live, .. } = starting;
        report.total = services.clock.elapsed().saturating_sub(begun);
        Ok(RunningAgent { services, live, report, stop_timeout })
    }
}

/// An agent on its way up.
struct Starting {
    services: Services,
    live: Vec<Live>,
    offers: Offers,
    deadline: Duration,
}

// === impl Starting ===

impl Starting {
    async fn init(&mut self, plugin: Box<dyn Plugin>) -> Result<Duration, StartFailure> {
        let Services { clock, health, metrics, shutdown } = &self.services;
        let reporter = health.register(plugin.name(), plugin.criticality());
        let context = PluginContext {
            tasks: Tasks::new(plugin.name(), clock.clone(), reporter.clone(), shutdown.clone()),
            health: reporter,
            clock: clock.clone(),
            shutdown: shutdown.clone(),
        };
        let budget = plugin.budgets().init.min(self.deadline.saturating_sub(clock.elapsed()));
        // Live from now on, so that it is closed even if its initialisation fails half-way.
        self.live.push(Live { plugin, context, metrics: Vec::new() });
        let Some(live) = self.live.last_mut() else { return Ok(Duration::ZERO) };
        let mut registrar = Registrar {
            context: &live.context,
            offers: &mut self.offers,
            metrics,
            parts: &mut live.metrics,
        };
        within(live.plugin.init(&mut registrar), clock, shutdown, budget).await
    }

    async fn start(&mut self, at: usize) -> Result<Duration, StartFailure> {
        let Services { clock, shutdown, .. } = &self.services;
        let Some(live) = self.live.get_mut(at) else { return Ok(Duration::ZERO) };
        let budget = live.plugin.budgets().start.min(self.deadline.saturating_sub(clock.elapsed()));
        let mut started = Started { context: &live.context, offers: &mut self.offers };
        within(live.plugin.start(&mut started), clock, shutdown, budget).await
    }

    async fn roll_back(
        self,
        plugin: String,
        phase: Phase,
        failure: StartFailure,
        budget: Duration,
    ) -> StartError {
        let Services { clock, shutdown, .. } = &self.services;
        let rollback = close_all(self.live, clock, shutdown, budget).await;
        StartError { plugin, phase, failure, rollback }
    }
}

/// Runs one phase of one plugin and measures it.
async fn within(
    phase: impl Future<Output = Result<(), BoxError>>,
    clock: &SharedClock,
    shutdown: &Shutdown,
    budget: Duration,
) -> Result<Duration, StartFailure> {
    let begun = clock.elapsed();
    tokio::select! {
        biased;
        () = shutdown.requested() => Err(StartFailure::Interrupted),
        done = AssertUnwindSafe(phase).catch_unwind() => match done {
            Ok(Ok(())) => Ok(clock.elapsed().saturating_sub(begun)),
            Ok(Err(error)) => Err(StartFailure::Plugin(error)),
            Err(_) => Err(StartFailure::Panicked),
        },
        () = clock.sleep(budget) => Err(StartFailure::TimedOut(budget)),
    }
}

// === impl RunningAgent ===

impl RunningAgent {
    /// What the start took.
    pub fn start_report(&self) -> &StartReport {
        &self.report
    }

    /// Runs until a stop is requested, then closes everything.
    pub async fn run(self) -> Ended {
        self.services.shutdown.requested().await;
        self.stop().await
    }

    /// Closes everything now.
    pub async fn stop(self) -> Ended {
        let Services { clock, shutdown, .. } = &self.services;
        let reason = shutdown.reason().unwrap_or(StopReason::Requested);
        let report = close_all(self.live, clock, shutdown, self.stop_timeout).await;
        Ended { reason, report }
    }
}

// === Texts ===

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "init",
            Self::Start => "start",
        })
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.plugin_names()).finish()
    }
}

impl fmt::Debug for RunningAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningAgent").field("report", &self.report).finish_non_exhaustive()
    }
}

impl fmt::Debug for AgentBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.plugins.iter().map(|plugin| plugin.name())).finish()
    }
}
