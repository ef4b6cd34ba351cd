//! How long to wait before trying again.

use std::time::Duration;

/// Delays that double from `first` up to `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The delay before the first new attempt.
    pub first: Duration,
    /// The longest delay.
    pub max: Duration,
}

impl Backoff {
    /// The delay before new attempt number `attempt`, counted from 0.
    pub fn delay(self, attempt: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempt);
        self.first.saturating_mul(factor).min(self.max)
    }
}

impl Default for Backoff {
    /// 100 ms doubling up to 30 s.
    fn default() -> Self {
        Self { first: Duration::from_millis(100), max: Duration::from_secs(30) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_limit() {
        let backoff = Backoff { first: Duration::from_secs(1), max: Duration::from_secs(5) };
        let seconds: Vec<u64> = [0, 1, 2, 3, 99].map(|n| backoff.delay(n).as_secs()).into();
        assert_eq!(seconds, [1, 2, 4, 5, 5]);
    }
}
