//! Time as a dependency: the real clock for programs, a hand-driven one for tests.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use futures::{FutureExt, future::BoxFuture};
use tokio::sync::watch;

/// Where logic that depends on time gets it from.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time of day.
    fn now(&self) -> SystemTime;

    /// Time since the clock was made; never goes back.
    fn elapsed(&self) -> Duration;

    /// Completes after `delay` of this clock's time. Dropping the future cancels it.
    fn sleep(&self, delay: Duration) -> BoxFuture<'static, ()>;
}

/// A clock handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The clock of the operating system.
#[derive(Debug)]
pub struct RealClock {
    origin: Instant,
}

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct ManualClock {
    origin: SystemTime,
    elapsed: watch::Sender<Duration>,
}

// === impl RealClock ===

impl RealClock {
    /// Starts at zero elapsed time.
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }

    /// The real clock, ready to be handed around.
    pub fn shared() -> SharedClock {
        Arc::new(Self::new())
    }
}

impl Default for RealClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for RealClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }

    fn sleep(&self, delay: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(delay).boxed()
    }
}

// === impl ManualClock ===

impl ManualClock {
    /// Stands at `origin`.
    pub fn new(origin: SystemTime) -> Self {
        Self { origin, elapsed: watch::Sender::new(Duration::ZERO) }
    }

    /// Moves forward and wakes every sleeper whose time has come.
    pub fn advance(&self, by: Duration) {
        self.elapsed.send_modify(|elapsed| *elapsed += by);
    }

    /// How many sleeps are pending; what a test waits for before it moves the clock.
    pub fn sleepers(&self) -> usize {
        self.elapsed.receiver_count()
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new(SystemTime::UNIX_EPOCH)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.origin + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.borrow()
    }

    fn sleep(&self, delay: Duration) -> BoxFuture<'static, ()> {
        let mut elapsed = self.elapsed.subscribe();
        let until = self.elapsed() + delay;
        async move {
            if elapsed.wait_for(|now| *now >= until).await.is_err() {
                // The clock is gone, so its time never comes.
                std::future::pending::<()>().await;
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_those_whose_time_has_come() {
        let clock = ManualClock::default();
        let mut short = clock.sleep(Duration::from_secs(1));
        let mut long = clock.sleep(Duration::from_secs(3));
        assert_eq!(clock.sleepers(), 2);
        assert_eq!((&mut short).now_or_never(), None);

        clock.advance(Duration::from_secs(2));
        assert_eq!((&mut short).now_or_never(), Some(()));
        assert_eq!((&mut long).now_or_never(), None);

        clock.advance(Duration::from_secs(1));
        long.await;
        assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(3));
    }
}
