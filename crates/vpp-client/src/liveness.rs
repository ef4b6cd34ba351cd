//! Telling a slow VPP from a dead one, and saying which it is.
//!
//! A connection on which nothing arrives is asked once, with a ping. As long as there is no answer, three things are
//! looked at that need no answer: whether the process exists, what state the kernel has it in, and whether the
//! heartbeat of the statistics moves, which the main thread of VPP writes.
//!
//! | process | heartbeat | that is | it is given up |
//! | --- | --- | --- | --- |
//! | gone | | dead | at once |
//! | stopped by a signal | | [`Sign::Stopped`] | after [`Options::give_up_after`] |
//! | there | stands still | [`Sign::Busy`]: its main thread works on something | after [`Options::give_up_after`] |
//! | there | moves | [`Sign::Deaf`]: everybody is served but this client | after [`Options::deaf_after`] |
//! | there | not known | [`Sign::Silent`] | after [`Options::give_up_after`] |

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::options::Options;

/// Whether VPP answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// It does, or there was nothing to answer.
    Answering,
    /// It was asked and has not answered.
    Silent {
        /// When it was asked.
        since: Instant,
        /// What it looks like.
        sign: Sign,
    },
}

/// What a VPP that does not answer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Its main thread works on something: the heartbeat of its statistics stands still.
    Busy,
    /// A signal or a debugger has stopped its process.
    Stopped,
    /// Its main loop goes around, but this client is not served.
    Deaf,
    /// Its process exists; more is not known.
    Silent,
}

/// What shows, without asking VPP, that its main loop goes around.
pub trait Pulse: fmt::Debug + Send + Sync {
    /// VPP has just answered: the time to get hold of what [`Self::beat`] needs. May wait for VPP.
    fn attach(&self);

    /// A number that changes as long as the main loop goes around; `None` if it cannot be known now. Does not wait for
    /// VPP.
    fn beat(&self) -> Option<u64>;
}

/// What was seen of VPP at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// When it was heard last.
    pub(crate) heard: Instant,
    pub(crate) stopped: bool,
    pub(crate) beat: Option<u64>,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing to be done.
    Fine,
    /// It is to be asked whether it is there.
    Ask,
    /// It lets one wait.
    Wait(Liveness),
    /// It has not answered for this long: too long.
    GiveUp(Duration),
}

/// Watches over one connection.
#[derive(Debug, Default)]
pub(crate) struct Vigil {
    asked: Option<Asked>,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    at: Instant,
    beat: Option<u64>,
    /// The heartbeat has moved after VPP should have answered.
    beats: bool,
}

// === impl Liveness ===

impl Liveness {
    /// In words, such as `busy for 12 s`; nothing if it answers.
    pub fn describe(&self, now: Instant) -> Option<String> {
        let Self::Silent { since, sign } = self else { return None };
        Some(format!("{sign} for {} s", now.saturating_duration_since(*since).as_secs()))
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "busy",
            Self::Stopped => "stopped by a signal",
            Self::Deaf => "running, but deaf to this agent",
            Self::Silent => "silent",
        })
    }
}

// === impl Vigil ===

impl Vigil {
    /// Whether the heartbeat is worth a look: not while VPP talks.
    pub(crate) fn is_silent(now: Instant, heard: Instant, options: &Options) -> bool {
        now.saturating_duration_since(heard) >= options.probe_after
    }

    /// Judges what is seen now.
    pub(crate) fn look(&mut self, now: Instant, seen: Seen, options: &Options) -> Verdict {
        if !Self::is_silent(now, seen.heard, options) {
            self.asked = None;
            return Verdict::Fine;
        }
        let Some(asked) = &mut self.asked else {
            self.asked = Some(Asked { at: now, beat: seen.beat, beats: false });
            return Verdict::Ask;
        };
        let silence = now.saturating_duration_since(asked.at);
        if silence < options.answer_within {
            asked.beat = seen.beat;
            return Verdict::Fine;
        }
        let moved = asked.beat.is_some() && seen.beat.is_some() && asked.beat != seen.beat;
        asked.beats |= moved;
        asked.beat = seen.beat.or(asked.beat);
        let sign = match (seen.stopped, asked.beats, seen.beat) {
            (true, ..) => Sign::Stopped,
            (false, true, _) => Sign::Deaf,
            (false, false, Some(_)) => Sign::Busy,
            (false, false, None) => Sign::Silent,
        };
        let limit = if sign == Sign::Deaf { options.deaf_after } else { options.give_up_after };
        if !limit.is_zero() && silence > limit {
            return Verdict::GiveUp(silence);
        }
        Verdict::Wait(Liveness::Silent { since: asked.at, sign })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn options() -> Options {
        Options {
            probe_after: SECOND,
            answer_within: SECOND / 2,
            give_up_after: 100 * SECOND,
            deaf_after: 20 * SECOND,
            ..Options::default()
        }
    }

    /// What is found at each second after the last word of VPP, given what is seen then.
    fn run(seen: impl Fn(u32) -> (bool, Option<u64>), seconds: u32) -> Vec<Verdict> {
        let heard = Instant::now();
        let mut vigil = Vigil::default();
        let look = |second| {
            let (stopped, beat) = seen(second);
            vigil.look(heard + SECOND * second, Seen { heard, stopped, beat }, &options())
        };
        (0..=seconds).map(look).collect()
    }

    fn sign(verdict: &Verdict) -> Option<Sign> {
        match verdict {
            Verdict::Wait(Liveness::Silent { sign, .. }) => Some(*sign),
            _ => None,
        }
    }

    #[test]
    fn a_main_thread_that_works_is_waited_for() {
        let all = run(|_| (false, Some(7)), 30);
        assert_eq!(all[..2], [Verdict::Fine, Verdict::Ask]);
        assert!(all[2..].iter().all(|verdict| sign(verdict) == Some(Sign::Busy)), "{all:?}");
        let Verdict::Wait(liveness @ Liveness::Silent { since, .. }) = all[30] else { panic!() };
        assert_eq!(liveness.describe(since + SECOND * 29).as_deref(), Some("busy for 29 s"));
    }

    #[test]
    fn one_that_serves_others_only_is_given_up_sooner() {
        let all = run(|second| (false, Some(u64::from(second / 10))), 40);
        assert_eq!(sign(&all[9]), Some(Sign::Busy));
        assert_eq!(sign(&all[10]), Some(Sign::Deaf));
        assert_eq!(all[22], Verdict::GiveUp(21 * SECOND));
    }

    #[test]
    fn nothing_is_waited_for_longer_than_the_limit() {
        for (stopped, beat) in [(false, Some(1)), (false, None), (true, Some(1))] {
            let all = run(|_| (stopped, beat), 102);
            assert!(sign(&all[101]).is_some());
            assert_eq!(all[102], Verdict::GiveUp(101 * SECOND));
        }
    }

    #[test]
    fn a_stopped_process_is_told_as_one() {
        let all = run(|second| (second < 5, Some(3)), 6);
        assert_eq!(sign(&all[4]), Some(Sign::Stopped));
        assert_eq!(sign(&all[5]), Some(Sign::Busy));
    }

    #[test]
    fn a_word_of_vpp_ends_the_waiting() {
        let (mut vigil, start) = (Vigil::default(), Instant::now());
        let mut at = |second: u32, heard: u32| {
            let seen = Seen { heard: start + SECOND * heard, stopped: false, beat: None };
            vigil.look(start + SECOND * second, seen, &options())
        };
        assert_eq!(at(1, 0), Verdict::Ask);
        assert_eq!(sign(&at(3, 0)), Some(Sign::Silent));
        assert_eq!(at(4, 4), Verdict::Fine);
        assert_eq!(at(5, 4), Verdict::Ask);
    }
}
