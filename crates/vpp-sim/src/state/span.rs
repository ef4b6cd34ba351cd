//! Copies of traffic.

use std::collections::BTreeMap;

use super::retval::{Outcome, Retval};

/// Which traffic is copied, as bits.
const RX: u32 = 1;
const TX: u32 = 2;

/// Where frames are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Device,
    Bridge,
}

/// What is copied, by place and both interfaces. VPP does not ask whether they are there.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    mirrors: BTreeMap<(Place, u32, u32), u32>,
}

impl Spans {
    /// Sets what is copied; 0 is nothing. From an interface to none ends all its copies.
    pub(crate) fn set(&mut self, place: Place, from: u32, to: u32, state: u32) -> Outcome {
        if state > RX | TX {
            return Err(Retval::UNIMPLEMENTED);
        }
        if from == u32::MAX || (to == u32::MAX && state > 0) || from == to {
            return Err(Retval::INVALID_INTERFACE);
        }
        if to == u32::MAX {
            self.mirrors.retain(|(p, f, _), _| (*p, *f) != (place, from));
        } else if state == 0 {
            self.mirrors.remove(&(place, from, to));
        } else {
            self.mirrors.insert((place, from, to), state);
        }
        Ok(())
    }

    /// From, to and what.
    pub(crate) fn at(&self, place: Place) -> impl Iterator<Item = (u32, u32, u32)> {
        let all = (place, 0, 0)..=(place, u32::MAX, u32::MAX);
        self.mirrors.range(all).map(|((_, from, to), state)| (*from, *to, *state))
    }
}
