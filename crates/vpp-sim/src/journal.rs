//! What was asked of the simulated VPP, for tests that count.

use crate::registry::Effect;

/// More names than this are not kept; the counts go on.
const KEPT: usize = 1 << 20;

/// Requests since the last mark.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    names: Vec<&'static str>,
    writes: u64,
}

impl Journal {
    pub(crate) fn note(&mut self, name: &'static str, effect: Effect) {
        if self.names.len() < KEPT {
            self.names.push(name);
        }
        self.writes += u64::from(effect == Effect::Writes);
    }

    pub(crate) fn mark(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn writes(&self) -> u64 {
        self.writes
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.names.clone()
    }
}
