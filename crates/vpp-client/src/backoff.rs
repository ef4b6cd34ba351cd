//! Pauses between connection attempts: doubling up to a cap, with full jitter, for ever.

use std::time::Duration;

use rand::{Rng, RngExt as _};

/// State of one series of attempts.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    cap: Duration,
    current: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, cap: Duration) -> Self {
        Self { first, cap, current: first }
    }

    /// The next pause: between half of the current step and the whole of it.
    pub(crate) fn next(&mut self, random: &mut impl Rng) -> Duration {
        let step = self.current.min(self.cap);
        self.current = self.current.saturating_mul(2).min(self.cap);
        step.mul_f64(random.random_range(0.5..=1.0))
    }

    /// Called after a success.
    pub(crate) fn reset(&mut self) {
        self.current = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn pauses_grow_to_the_cap_and_start_over() {
        let ms = Duration::from_millis;
        let mut random = StdRng::seed_from_u64(7);
        let mut backoff = Backoff::new(ms(10), ms(50));
        for step in [10, 20, 40, 50, 50, 50] {
            let pause = backoff.next(&mut random);
            assert!(pause >= ms(step) / 2 && pause <= ms(step), "{pause:?} in step {step}");
        }
        backoff.reset();
        assert!(backoff.next(&mut random) <= ms(10));
    }
}
