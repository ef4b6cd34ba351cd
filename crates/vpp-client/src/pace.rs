//! The share of VPP's main thread that requests may take.
//!
//! VPP executes requests on the thread that also serves its command line, its statistics, its timers and everybody
//! else's requests, and with workers it stops them for most requests. When requests have kept it busy for a while
//! without a break, the writer lets it come to the end of them and then pauses, so long that work and pause are in the
//! proportion of [`Options::time_share`]. Short bursts are never held up.

use std::time::Duration;

use tokio::time::Instant;

use crate::options::Options;

/// Time without a break after which there is one.
const STRETCH: Duration = Duration::from_millis(20);
/// Most bytes handed over between two looks at the clock.
const CHUNK: usize = 64 << 10;

/// What the writer is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Write, at most so many bytes.
    Write(usize),
    /// VPP is to come to the end of what it has.
    Drain,
    /// It is to have time for others.
    Pause(Duration),
}

/// Keeps the proportion on one connection.
#[derive(Debug)]
pub(crate) struct Pace {
    /// In percent; 100 is no limit.
    share: u32,
    /// Since when a stretch that is too long is being brought to its end.
    draining: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(options: &Options) -> Self {
        Self { share: u32::from(options.time_share.clamp(1, 100)), draining: None }
    }

    /// `busy` is since when there have been requests without an answer at every moment, `drained` whether everything that
    /// was written has its answer.
    pub(crate) fn step(
        &mut self,
        now: Instant,
        busy: Option<Instant>,
        drained: impl FnOnce() -> bool,
    ) -> Step {
        if self.share == 100 {
            return Step::Write(usize::MAX);
        }
        match (self.draining, busy) {
            (Some(since), _) if drained() => {
                self.draining = None;
                let worked = now.saturating_duration_since(since);
                Step::Pause(worked * (100 - self.share) / self.share)
            }
            (Some(_), _) => Step::Drain,
            (None, Some(since)) if now.saturating_duration_since(since) >= STRETCH => {
                self.draining = Some(since);
                Step::Drain
            }
            (None, _) => Step::Write(CHUNK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(time_share: u8) -> Pace {
        Pace::new(&Options { time_share, ..Options::default() })
    }

    #[test]
    fn a_long_stretch_is_followed_by_its_pause() {
        let (mut pace, start) = (pace(80), Instant::now());
        let after = |ms| start + Duration::from_millis(ms);
        assert_eq!(pace.step(start, None, || true), Step::Write(CHUNK));
        assert_eq!(pace.step(after(5), Some(start), || false), Step::Write(CHUNK));
        assert_eq!(pace.step(after(20), Some(start), || false), Step::Drain);
        assert_eq!(pace.step(after(30), Some(start), || false), Step::Drain);
        assert_eq!(
            pace.step(after(40), Some(start), || true),
            Step::Pause(Duration::from_millis(10))
        );
        assert_eq!(pace.step(after(50), Some(after(50)), || false), Step::Write(CHUNK));
    }

    #[test]
    fn short_bursts_are_not_held_up() {
        let (mut pace, start) = (pace(10), Instant::now());
        for burst in 0..10 {
            let began = start + Duration::from_millis(30) * burst;
            let step = pace.step(began + Duration::from_millis(15), Some(began), || false);
            assert_eq!(step, Step::Write(CHUNK));
        }
    }

    #[test]
    fn the_whole_of_it_is_no_limit() {
        let (mut pace, start) = (pace(100), Instant::now());
        let later = start + Duration::from_secs(9);
        assert_eq!(pace.step(later, Some(start), || false), Step::Write(usize::MAX));
    }
}
