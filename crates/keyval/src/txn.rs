//! Transactions: compare, then write all or nothing.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::entry::Revision;
use crate::error::Error;
use crate::key::StoreKey;

/// When every condition holds, `then` is done, else `otherwise`; all of it at one revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Txn {
    /// The conditions; none means: always.
    pub conditions: Vec<Condition>,
    /// Done when all conditions hold.
    pub then: Vec<TxnOp>,
    /// Done when one does not.
    pub otherwise: Vec<TxnOp>,
}

/// A condition on one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The key exists.
    Exists(StoreKey),
    /// The key does not exist.
    Absent(StoreKey),
    /// The key exists with this value.
    ValueIs(StoreKey, Bytes),
    /// The key was last written at this revision.
    RevisionIs(StoreKey, Revision),
}

/// A write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxnOp {
    /// Writes a value that stays until it is removed.
    Put(StoreKey, Bytes),
    /// Removes a key; does nothing when it is not there.
    Delete(StoreKey),
}

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxnOutcome {
    /// Which of the two branches was done.
    pub branch: Branch,
    /// The revision of the store afterwards. The same as before when nothing was changed.
    pub revision: Revision,
}

/// A branch of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branch {
    /// All conditions held.
    Then,
    /// One did not.
    Otherwise,
}

// === impl Txn ===

impl Txn {
    /// A transaction that does nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Adds a write of the branch that is taken when all conditions hold.
    #[must_use]
    pub fn put(mut self, key: StoreKey, value: impl Into<Bytes>) -> Self {
        self.then.push(TxnOp::Put(key, value.into()));
        self
    }

    /// Adds a removal to the branch that is taken when all conditions hold.
    #[must_use]
    pub fn delete(mut self, key: StoreKey) -> Self {
        self.then.push(TxnOp::Delete(key));
        self
    }

    /// Adds an operation to the branch that is taken when one condition does not hold.
    #[must_use]
    pub fn or_else(mut self, op: TxnOp) -> Self {
        self.otherwise.push(op);
        self
    }

    /// Checks that no branch writes a key twice: stores do not agree on what that would mean.
    ///
    /// # Errors
    /// [`Error::DuplicateKey`].
    pub fn validate(&self) -> Result<(), Error> {
        for branch in [&self.then, &self.otherwise] {
            let mut seen = BTreeSet::new();
            for op in branch {
                if !seen.insert(op.key()) {
                    return Err(Error::DuplicateKey { key: op.key().to_string() });
                }
            }
        }
        Ok(())
    }
}

impl TxnOp {
    /// The key written.
    pub fn key(&self) -> &StoreKey {
        match self {
            Self::Put(key, _) | Self::Delete(key) => key,
        }
    }
}

impl TxnOutcome {
    /// Whether all conditions held.
    pub fn succeeded(&self) -> bool {
        self.branch == Branch::Then
    }
}
