//! The life of an agent on a manual clock.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;

use super::*;
use crate::{
    BoxError,
    backoff::Backoff,
    clock::{Clock, ManualClock},
    health::{BuildFacts, Criticality, Health, HealthState},
    metrics::Metrics,
    shutdown::{Shutdown, StopReason},
    task::{OnFailure, TaskFailure, TaskState},
};

type Journal = Arc<Mutex<Vec<String>>>;

#[derive(Clone, Copy, Default, PartialEq)]
enum Trouble {
    #[default]
    None,
    InitFails,
    StartHangs,
    StartPanics,
    CloseFails,
    CloseHangs,
    CloseWaits,
}

struct Probe {
    name: &'static str,
    uses: &'static [&'static str],
    trouble: Trouble,
    journal: Journal,
}

#[async_trait]
impl Plugin for Probe {
    fn name(&self) -> &str {
        self.name
    }

    fn uses(&self) -> Vec<String> {
        self.uses.iter().map(|name| (*name).to_owned()).collect()
    }

    async fn init(&mut self, registrar: &mut Registrar<'_>) -> Result<(), BoxError> {
        self.note("init");
        registrar.offer(self.name);
        if self.trouble == Trouble::InitFails { Err("no such file".into()) } else { Ok(()) }
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        self.note("start");
        match self.trouble {
            Trouble::StartHangs => std::future::pending().await,
            Trouble::StartPanics => panic!("boom"),
            _ => started.context().health.ok(),
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), BoxError> {
        self.note("close");
        match self.trouble {
            Trouble::CloseFails => Err("busy".into()),
            Trouble::CloseHangs => std::future::pending().await,
            Trouble::CloseWaits => {
                tokio::task::yield_now().await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Probe {
    fn note(&self, what: &str) {
        self.journal.lock().unwrap().push(format!("{what} {}", self.name));
    }
}

#[derive(Default)]
struct Bench {
    clock: Arc<ManualClock>,
    shutdown: Shutdown,
    journal: Journal,
    health: Option<Health>,
}

impl Bench {
    fn builder(&mut self) -> AgentBuilder {
        let health = Health::new(BuildFacts::default(), self.clock.clone());
        self.health = Some(health.clone());
        AgentBuilder::new(self.clock.clone(), health, Metrics::new(), self.shutdown.clone())
    }

    fn probe(&self, name: &'static str, uses: &'static [&'static str], trouble: Trouble) -> Probe {
        Probe { name, uses, trouble, journal: self.journal.clone() }
    }

    fn pair(&mut self, upper: Trouble, lower: Trouble) -> Agent {
        let (upper, lower) =
            (self.probe("upper", &["lower"], upper), self.probe("lower", &[], lower));
        self.builder().plugin(upper).plugin(lower).build().unwrap()
    }

    fn journal(&self) -> Vec<String> {
        self.journal.lock().unwrap().clone()
    }

    fn state(&self) -> HealthState {
        self.health.as_ref().unwrap().view().state
    }
}

/// Moves the clock whenever somebody sleeps on it, until `done` completes.
async fn let_time_pass<T>(clock: &ManualClock, done: impl Future<Output = T>) -> T {
    tokio::pin!(done);
    loop {
        tokio::select! {
            biased;
            value = &mut done => return value,
            () = tokio::task::yield_now() => clock.advance(Duration::from_millis(500)),
        }
    }
}

#[tokio::test]
async fn plugins_start_in_order_and_close_in_reverse() {
    let mut bench = Bench::default();
    let agent = bench.pair(Trouble::None, Trouble::None);
    let running = agent.start().await.unwrap();
    assert_eq!(bench.state(), HealthState::Ok);
    bench.shutdown.request(StopReason::Signal("SIGTERM"));
    let ended = running.run().await;
    assert_eq!(ended.reason, StopReason::Signal("SIGTERM"));
    assert!(ended.report.is_clean());
    let expected =
        ["init lower", "init upper", "start lower", "start upper", "close upper", "close lower"];
    assert_eq!(bench.journal(), expected);
}

#[tokio::test]
async fn a_failed_init_rolls_back_and_names_plugin_and_phase() {
    let mut bench = Bench::default();
    let agent = bench.pair(Trouble::InitFails, Trouble::CloseFails);
    let error = agent.start().await.unwrap_err();
    assert_eq!((error.plugin.as_str(), error.phase), ("upper", Phase::Init));
    assert_eq!(error.failure.to_string(), "no such file");
    assert_eq!(bench.journal(), ["init lower", "init upper", "close upper", "close lower"]);
    assert_eq!(error.rollback.plugins[1].outcome, CloseOutcome::Failed("busy".into()));
}

#[tokio::test]
async fn a_hanging_start_is_named_when_its_budget_is_over() {
    let mut bench = Bench::default();
    let agent = bench.pair(Trouble::StartHangs, Trouble::None);
    let clock = bench.clock.clone();
    let error = let_time_pass(&clock, agent.start()).await.unwrap_err();
    assert_eq!((error.plugin.as_str(), error.phase), ("upper", Phase::Start));
    assert!(matches!(error.failure, StartFailure::TimedOut(after) if after.as_secs() == 10));
    assert!(error.rollback.is_clean());
}

#[tokio::test]
async fn a_panicking_start_is_an_error_like_any_other() {
    let mut bench = Bench::default();
    let agent = bench.pair(Trouble::StartPanics, Trouble::None);
    let error = agent.start().await.unwrap_err();
    assert!(matches!(error.failure, StartFailure::Panicked));
    assert_eq!(bench.journal().last().map(String::as_str), Some("close lower"));
}

#[tokio::test]
async fn a_signal_during_start_rolls_back() {
    let mut bench = Bench::default();
    let agent = bench.pair(Trouble::None, Trouble::StartHangs);
    let shutdown = bench.shutdown.clone();
    let (started, ()) =
        tokio::join!(agent.start(), async { shutdown.request(StopReason::Signal("SIGINT")) });
    let error = started.unwrap_err();
    assert!(matches!(error.failure, StartFailure::Interrupted));
    assert_eq!(bench.journal().last().map(String::as_str), Some("close lower"));
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_a_hanging_close() {
    let mut bench = Bench::default();
    let agent = bench.pair(Trouble::CloseHangs, Trouble::None);
    let running = agent.start().await.unwrap();
    bench.shutdown.request(StopReason::Signal("SIGTERM"));
    bench.shutdown.request(StopReason::Signal("SIGTERM"));
    let ended = running.run().await;
    assert_eq!(ended.report.plugins[0].outcome, CloseOutcome::Abandoned);
    assert_eq!(ended.report.plugins[1].outcome, CloseOutcome::Closed);
}

#[tokio::test]
async fn a_hanging_close_does_not_keep_the_others_open() {
    let mut bench = Bench::default();
    let agent = bench.pair(Trouble::CloseHangs, Trouble::None);
    let running = agent.start().await.unwrap();
    let clock = bench.clock.clone();
    let ended = let_time_pass(&clock, running.stop()).await;
    assert_eq!(ended.report.plugins[0].outcome, CloseOutcome::TimedOut);
    assert_eq!(ended.report.plugins[1].outcome, CloseOutcome::Closed);
}

#[tokio::test]
async fn who_comes_after_a_hanging_close_still_has_a_moment() {
    let mut bench = Bench::default();
    let (upper, lower) = (Trouble::CloseHangs, Trouble::CloseWaits);
    let upper = bench.probe("upper", &["lower"], upper);
    let lower = bench.probe("lower", &[], lower);
    // The one that hangs uses up the time for all.
    let builder = bench.builder().stop_timeout(Duration::from_secs(1));
    let running = builder.plugin(upper).plugin(lower).build().unwrap().start().await.unwrap();
    let clock = bench.clock.clone();
    let ended = let_time_pass(&clock, running.stop()).await;
    let outcomes: Vec<_> = ended.report.plugins.iter().map(|stop| &stop.outcome).collect();
    assert_eq!(outcomes, [&CloseOutcome::TimedOut, &CloseOutcome::Closed]);
}

/// Collects what the others offered, and runs one task that fails as told.
struct Server {
    on_failure: OnFailure,
    seen: Arc<Mutex<Vec<&'static str>>>,
    context: Arc<Mutex<Option<PluginContext>>>,
}

#[async_trait]
impl Plugin for Server {
    fn name(&self) -> &str {
        "server"
    }

    fn criticality(&self) -> Criticality {
        Criticality::Degrading
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        *self.seen.lock().unwrap() = started.collect::<&'static str>();
        let context = started.context().clone();
        context.health.ok();
        let mut runs = 0;
        context.tasks.spawn("loop", self.on_failure, move |token| {
            runs += 1;
            async move {
                if runs == 1 {
                    panic!("first run");
                }
                token.cancelled().await;
                Ok(())
            }
        });
        *self.context.lock().unwrap() = Some(context);
        Ok(())
    }
}

async fn start_server(bench: &mut Bench, on_failure: OnFailure) -> (RunningAgent, PluginContext) {
    let context = Arc::new(Mutex::new(None));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let server = Server { on_failure, seen: seen.clone(), context: context.clone() };
    let lower = bench.probe("lower", &[], Trouble::None);
    let running =
        bench.builder().plugin(server).plugin(lower).build().unwrap().start().await.unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        ["lower"],
        "a server sees offers of plugins that start later"
    );
    let context = context.lock().unwrap().clone().unwrap();
    (running, context)
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_panicked_task_is_restarted_after_a_back_off() {
    let mut bench = Bench::default();
    let (running, context) = start_server(&mut bench, OnFailure::Restart(Backoff::default())).await;
    let state = || context.tasks.states()["loop"].clone();
    until(|| matches!(state(), TaskState::BackingOff { .. })).await;
    assert_eq!(bench.state(), HealthState::Degraded);
    until(|| bench.clock.sleepers() > 0).await;
    bench.clock.advance(Duration::from_secs(1));
    until(|| state() == TaskState::Running { restarts: 1 }).await;
    until(|| bench.state() == HealthState::Ok).await;
    assert!(running.stop().await.report.is_clean());
    assert_eq!(state(), TaskState::Finished);
}

#[tokio::test]
async fn a_failed_task_can_degrade_its_plugin_for_good() {
    let mut bench = Bench::default();
    let (running, context) = start_server(&mut bench, OnFailure::Degrade).await;
    let failed = TaskState::Failed(TaskFailure::Panicked("first run".into()));
    until(|| context.tasks.states()["loop"] == failed).await;
    assert_eq!(bench.state(), HealthState::Degraded);
    assert!(running.stop().await.report.is_clean());
}

#[tokio::test]
async fn a_failed_task_can_stop_the_agent() {
    let mut bench = Bench::default();
    let (running, _) = start_server(&mut bench, OnFailure::StopAgent).await;
    let ended = running.run().await;
    let reason = StopReason::TaskFailed { plugin: "server".into(), task: "loop".into() };
    assert_eq!(ended.reason, reason);
}

#[tokio::test]
async fn a_task_that_ignores_its_token_is_named_and_aborted() {
    let mut bench = Bench::default();
    let (running, context) = start_server(&mut bench, OnFailure::Degrade).await;
    context.tasks.spawn_once("stubborn", OnFailure::Degrade, std::future::pending());
    let clock = bench.clock.clone();
    let ended = let_time_pass(&clock, running.stop()).await;
    let server = ended.report.plugins.iter().find(|stop| stop.plugin == "server").unwrap();
    assert_eq!(server.unfinished, ["stubborn"]);
    assert!(bench.clock.elapsed() > Duration::ZERO);
}
