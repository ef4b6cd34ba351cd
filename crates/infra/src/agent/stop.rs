//! Closing: every plugin, in reverse, whatever the others do.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;

use super::{Plugin, PluginContext};
use crate::{BoxError, clock::SharedClock, error_chain, shutdown::Shutdown, task::Unfinished};

/// What is left for each plugin when others have used up the time for all: enough for one that has nothing to wait for,
/// so that only those which hang are reported.
const LEAST: Duration = Duration::from_millis(100);

/// How closing went, in the order in which it was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StopReport {
    /// One entry for each plugin that had been initialised.
    pub plugins: Vec<PluginStop>,
}

/// How closing one plugin went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginStop {
    /// Its name.
    pub plugin: String,
    /// What its `close` did.
    pub outcome: CloseOutcome,
    /// Its tasks that did not end and were aborted.
    pub unfinished: Unfinished,
}

/// What closing a plugin came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseOutcome {
    /// Closed.
    Closed,
    /// It returned an error; this is the whole chain.
    Failed(String),
    /// It panicked.
    Panicked,
    /// It did not return in time.
    TimedOut,
    /// It was not waited for, because stopping at once was requested.
    Abandoned,
}

/// A plugin that has been initialised.
pub(super) struct Live {
    pub(super) plugin: Box<dyn Plugin>,
    pub(super) context: PluginContext,
    pub(super) metrics: Vec<crate::metrics::MetricsPart>,
}

// === impl StopReport ===

impl StopReport {
    /// True when every plugin closed and every task ended.
    pub fn is_clean(&self) -> bool {
        self.plugins
            .iter()
            .all(|stop| stop.outcome == CloseOutcome::Closed && stop.unfinished.is_empty())
    }
}

/// Closes plugins in reverse within `budget` for all, each within its own. Every plugin is given [`LEAST`] whatever the
/// others took, so the whole may take that much longer for each of them.
pub(super) async fn close_all(
    mut live: Vec<Live>,
    clock: &SharedClock,
    shutdown: &Shutdown,
    budget: Duration,
) -> StopReport {
    let deadline = clock.elapsed() + budget;
    let mut report = StopReport::default();
    while let Some(mut one) = live.pop() {
        let left = deadline.saturating_sub(clock.elapsed());
        let budget = one.plugin.budgets().close.min(left.max(LEAST));
        let name = one.plugin.name().to_owned();
        one.context.tasks.cancel();
        let outcome = tokio::select! {
            biased;
            outcome = close_one(&mut one) => outcome,
            () = shutdown.immediate() => CloseOutcome::Abandoned,
            () = clock.sleep(budget) => CloseOutcome::TimedOut,
        };
        // In all other cases the tasks have been joined.
        let unfinished = match outcome {
            CloseOutcome::TimedOut | CloseOutcome::Abandoned => one.context.tasks.abort(),
            CloseOutcome::Closed | CloseOutcome::Failed(_) | CloseOutcome::Panicked => Vec::new(),
        };
        if outcome != CloseOutcome::Closed || !unfinished.is_empty() {
            tracing::warn!(plugin = name, ?outcome, ?unfinished, "plugin did not close cleanly");
        }
        report.plugins.push(PluginStop { plugin: name, outcome, unfinished });
    }
    report
}

async fn close_one(live: &mut Live) -> CloseOutcome {
    let closed: Result<Result<(), BoxError>, _> =
        AssertUnwindSafe(live.plugin.close()).catch_unwind().await;
    let outcome = match closed {
        Ok(Ok(())) => CloseOutcome::Closed,
        Ok(Err(error)) => CloseOutcome::Failed(error_chain(error.as_ref())),
        Err(_) => CloseOutcome::Panicked,
    };
    live.context.tasks.join().await;
    outcome
}
