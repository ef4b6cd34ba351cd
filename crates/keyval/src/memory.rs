//! The reference store: everything in memory, every capability.

use crate::embedded::{Embedded, Journal};
use crate::error::{Error, Operation};
use crate::ledger::{Ledger, Prepared};

/// A store that keeps nothing beyond its own life. Says by example what other stores must do, and
/// serves tests.
pub type MemoryStore = Embedded<NoJournal>;

/// Makes nothing durable.
#[derive(Debug, Clone, Copy)]
pub struct NoJournal;

impl Journal for NoJournal {
    const NAME: &'static str = "memory";
    const BLOCKING: bool = false;

    fn persist(&self, _: &Ledger, _: &Prepared, _: Operation) -> Result<(), Error> {
        Ok(())
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::with_journal(NoJournal, Ledger::default())
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}
