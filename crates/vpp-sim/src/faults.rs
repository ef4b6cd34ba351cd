//! The fault dial: what goes wrong, for which message, and how often.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// What is done to a request instead of, or besides, answering it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// VPP stands still for a while before it looks at the request; so do all other clients.
    Stall(Duration),
    /// The request is answered with this retval and not executed.
    Refuse(i32),
    /// The request is executed, its answer gets lost.
    LoseReply,
    /// The request is neither executed nor answered.
    Ignore,
    /// The request is executed, its answer comes late and is overtaken by others.
    DelayReply(Duration),
    /// The request is executed once and answered twice.
    DuplicateReply,
    /// The connection is closed before the request is executed.
    Close,
    /// The connection is closed after the request is executed, without an answer.
    ExecuteAndClose,
    /// VPP dies before it executes the request, as by [`Sim::crash`](crate::Sim::crash).
    Die,
}

/// How often a fault happens.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Frequency {
    /// From the n-th matching request on, this many times.
    Times {
        skip: u64,
        left: u64,
    },
    Always,
    /// With this probability, decided by the seed of the simulation.
    Sometimes(f64),
}

/// A fault to inject.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    action: Action,
    message: Option<String>,
    content: Option<Vec<u8>>,
    frequency: Frequency,
}

impl Fault {
    /// A fault that hits every request, every time.
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self { action, message: None, content: None, frequency: Frequency::Always }
    }

    /// Only requests of this name, such as `ip_route_add_del`.
    #[must_use]
    pub fn on(mut self, message: &str) -> Self {
        self.message = Some(message.to_owned());
        self
    }

    /// Only requests that contain these bytes.
    #[must_use]
    pub fn containing(mut self, bytes: &[u8]) -> Self {
        self.content = Some(bytes.to_vec());
        self
    }

    /// Only the next one.
    #[must_use]
    pub fn once(self) -> Self {
        self.nth(1)
    }

    /// Only the n-th one from now on; 1 is the next one.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.frequency = Frequency::Times { skip: n.saturating_sub(1), left: 1 };
        self
    }

    /// Only the next `n`.
    #[must_use]
    pub fn times(mut self, n: u64) -> Self {
        self.frequency = Frequency::Times { skip: 0, left: n };
        self
    }

    /// Each one with this probability, from 0 to 1.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.frequency = Frequency::Sometimes(probability.clamp(0.0, 1.0));
        self
    }

    /// Whether the fault hits a request, counting it.
    fn hits(&mut self, (message, payload): (&str, &[u8]), random: &mut StdRng) -> bool {
        if self.message.as_deref().is_some_and(|wanted| wanted != message) {
            return false;
        }
        let contains = |bytes: &[u8]| payload.windows(bytes.len().max(1)).any(|part| part == bytes);
        if self.content.as_deref().is_some_and(|bytes| !contains(bytes)) {
            return false;
        }
        match &mut self.frequency {
            Frequency::Always => true,
            Frequency::Sometimes(probability) => random.random_bool(*probability),
            Frequency::Times { skip, .. } if *skip > 0 => {
                *skip -= 1;
                false
            }
            Frequency::Times { left, .. } => {
                let hits = *left > 0;
                *left = left.saturating_sub(1);
                hits
            }
        }
    }

    fn is_spent(&self) -> bool {
        matches!(self.frequency, Frequency::Times { skip: 0, left: 0 })
    }
}

/// All faults in effect. They stay over crashes and restarts of the simulated VPP.
#[derive(Debug)]
pub struct Faults(Mutex<Dial>);

#[derive(Debug)]
struct Dial {
    faults: Vec<Fault>,
    random: StdRng,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(Dial { faults: Vec::new(), random: StdRng::seed_from_u64(seed) }))
    }

    /// Adds a fault; of several that hit the same request the one added first counts.
    pub fn inject(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// Makes everything work again.
    pub fn clear(&self) {
        self.lock().faults.clear();
    }

    /// What goes wrong with a request, if anything.
    pub(crate) fn strike(&self, message: &str, payload: &[u8]) -> Option<Action> {
        let mut dial = self.lock();
        let Dial { faults, random } = &mut *dial;
        if faults.is_empty() {
            return None;
        }
        let at = faults.iter_mut().position(|fault| fault.hits((message, payload), random))?;
        let action = faults.get(at).map(|fault| fault.action);
        faults.retain(|fault| !fault.is_spent());
        action
    }

    fn lock(&self) -> MutexGuard<'_, Dial> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_the_named_message_as_often_as_it_says() {
        let faults = Faults::new(1);
        faults.inject(Fault::new(Action::Refuse(-1)).on("create_loopback").nth(2));
        assert_eq!(faults.strike("control_ping", b""), None);
        assert_eq!(faults.strike("create_loopback", b""), None);
        assert_eq!(faults.strike("create_loopback", b""), Some(Action::Refuse(-1)));
        assert_eq!(faults.strike("create_loopback", b""), None);
    }

    #[test]
    fn a_fault_can_depend_on_what_a_request_contains() {
        let faults = Faults::new(1);
        faults.inject(Fault::new(Action::Die).on("tap").containing(b"bad"));
        assert_eq!(faults.strike("tap", b"a good one"), None);
        assert_eq!(faults.strike("loopback", b"a bad one"), None);
        assert_eq!(faults.strike("tap", b"a bad one"), Some(Action::Die));
        assert_eq!(faults.strike("tap", b"ba"), None);
    }

    #[test]
    fn chance_is_decided_by_the_seed() {
        let run = |seed| {
            let faults = Faults::new(seed);
            faults.inject(Fault::new(Action::Ignore).with_probability(0.5));
            (0..64).map(|_| faults.strike("x", b"").is_some()).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }
}
