//! How long to wait before trying again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// Pauses that double from 100 ms up to a limit, each with jitter, without end.
#[derive(Debug)]
pub(crate) struct Retry {
    builder: ExponentialBuilder,
    pauses: ExponentialBackoff,
    longest: Duration,
}

const SHORTEST: Duration = Duration::from_millis(100);

impl Retry {
    pub(crate) fn new(longest: Duration) -> Self {
        let longest = longest.max(SHORTEST);
        let builder = ExponentialBuilder::new()
            .with_min_delay(SHORTEST)
            .with_max_delay(longest)
            .with_factor(2.0)
            .without_max_times()
            .with_jitter();
        Self { builder, pauses: builder.build(), longest }
    }

    /// The next pause.
    pub(crate) fn next(&mut self) -> Duration {
        self.pauses.next().unwrap_or(self.longest)
    }

    /// Waits for the next pause.
    pub(crate) async fn pause(&mut self) {
        tokio::time::sleep(self.next()).await;
    }

    /// Starts again with the shortest pause: something worked.
    pub(crate) fn reset(&mut self) {
        self.pauses = self.builder.build();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_limit_and_start_again() {
        let mut retry = Retry::new(Duration::from_secs(2));
        assert!(retry.next() < Duration::from_millis(250));
        for _ in 0..10 {
            retry.next();
        }
        let late = retry.next();
        assert!(late >= Duration::from_secs(2) && late <= Duration::from_secs(4), "{late:?}");
        retry.reset();
        assert!(retry.next() < Duration::from_millis(250));
    }
}
