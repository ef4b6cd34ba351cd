//! Asking the agent to stop. The first request stops it in an orderly way, the second one at once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;

/// Signals closer together than this are one request: supervisors and shells send a signal both to the process and to
/// its group.
const ONE_REQUEST: Duration = Duration::from_millis(500);

/// Why the agent stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// A signal of the operating system, by name.
    Signal(&'static str),
    /// The program that runs the agent asked for it.
    Requested,
    /// A task whose policy is to stop the agent ended.
    TaskFailed {
        /// The plugin that owns the task.
        plugin: String,
        /// The task.
        task: String,
    },
}

/// A handle to ask for, and wait for, the end. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    requests: Arc<watch::Sender<Requests>>,
}

#[derive(Debug, Default)]
struct Requests {
    count: usize,
    first: Option<StopReason>,
}

// === impl Shutdown ===

impl Shutdown {
    /// A handle on which nothing was requested yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the agent to stop: in an orderly way the first time, at once from the second time on.
    pub fn request(&self, reason: StopReason) {
        self.requests.send_modify(|requests| {
            requests.count += 1;
            requests.first.get_or_insert(reason);
        });
    }

    /// Why the agent was first asked to stop, if it was.
    pub fn reason(&self) -> Option<StopReason> {
        self.requests.borrow().first.clone()
    }

    /// Completes when a stop was requested.
    pub async fn requested(&self) {
        self.at_least(1).await;
    }

    /// Completes when stopping at once was requested.
    pub async fn immediate(&self) {
        self.at_least(2).await;
    }

    async fn at_least(&self, count: usize) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.requests.subscribe().wait_for(|requests| requests.count >= count).await;
    }
}

/// Turns SIGINT and SIGTERM into stop requests, for as long as the runtime lives. Call it once, before the
/// agent starts: a signal during start then rolls the start back.
///
/// # Errors
/// When the operating system refuses to install a handler.
pub fn on_signals(shutdown: &Shutdown) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    for (name, kind) in [("SIGINT", SignalKind::interrupt()), ("SIGTERM", SignalKind::terminate())]
    {
        let mut signals = signal(kind)?;
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            let mut last: Option<Instant> = None;
            while signals.recv().await.is_some() {
                if last.is_none_or(|last| last.elapsed() > ONE_REQUEST) {
                    shutdown.request(StopReason::Signal(name));
                }
                last = Some(Instant::now());
            }
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn the_second_request_is_immediate() {
        let shutdown = Shutdown::new();
        assert_eq!(shutdown.requested().now_or_never(), None);
        shutdown.request(StopReason::Signal("SIGTERM"));
        assert_eq!(shutdown.requested().now_or_never(), Some(()));
        assert_eq!(shutdown.immediate().now_or_never(), None);
        shutdown.request(StopReason::Requested);
        assert_eq!(shutdown.immediate().now_or_never(), Some(()));
        assert_eq!(shutdown.reason(), Some(StopReason::Signal("SIGTERM")));
    }
}
