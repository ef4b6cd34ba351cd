//! What became of a change.

use ligato_kvs_api::{BaseValueStatus, ValueState};
use ligato_model::Key;

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Number of the transaction; none if there was nothing to do, or it was not waited for.
    pub seq: Option<u64>,
    /// What became of each value, ordered by key.
    pub items: Vec<ItemResult>,
}

/// What became of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemResult {
    /// Its key.
    pub key: Key,
    /// How it fares; none if that was not waited for.
    pub status: Option<ItemStatus>,
}

/// How a value fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemStatus {
    /// Where it stands.
    pub state: ValueState,
    /// What a pending value waits for, or the error of a failed one.
    pub message: String,
}

impl Outcome {
    /// The result of one value.
    #[must_use]
    pub fn item(&self, key: &str) -> Option<&ItemResult> {
        self.items.iter().find(|item| item.key == *key)
    }
}

impl From<&BaseValueStatus> for ItemStatus {
    fn from(status: &BaseValueStatus) -> Self {
        let value = &status.value;
        let message = match value.details.as_slice() {
            [] => value.error.clone(),
            details => details.join(", "),
        };
        Self { state: value.state, message }
    }
}
