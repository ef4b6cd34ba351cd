//! What is known of a source itself.

use std::time::SystemTime;

use imbl::{OrdMap, OrdSet};
use ligato_kvs_api::SourceId;
use ligato_model::Key;

use crate::change::{RejectReason, Rejection};

/// Whether a source can be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceState {
    /// It was announced and has delivered nothing so far.
    Expected,
    /// What it wants is known.
    Live,
    /// It went away; what it wanted last still counts.
    Lost {
        /// When.
        since: SystemTime,
        /// Why.
        reason: String,
    },
}

/// How a source is.
#[derive(Debug, Clone)]
pub struct SourceStatus {
    /// Its name.
    pub source: SourceId,
    /// Whether it can be heard.
    pub state: SourceState,
    /// How many keys it holds.
    pub keys: usize,
    /// When it last delivered something.
    pub last_delivery: Option<SystemTime>,
    /// Entries of it that are left out, sorted by key.
    pub rejected: Vec<Rejection>,
}

/// The owner's record of a source.
#[derive(Debug, Clone)]
pub(crate) struct SourceRecord {
    pub(crate) state: SourceState,
    pub(crate) keys: OrdSet<Key>,
    pub(crate) rejected: OrdMap<Key, RejectReason>,
    pub(crate) last_delivery: Option<SystemTime>,
}

// === impl SourceRecord ===

impl SourceRecord {
    pub(crate) fn expected() -> Self {
        Self {
            state: SourceState::Expected,
            keys: OrdSet::new(),
            rejected: OrdMap::new(),
            last_delivery: None,
        }
    }

    pub(crate) fn status(&self, source: &SourceId) -> SourceStatus {
        let rejection = |(key, reason): (&Key, &RejectReason)| Rejection {
            key: key.clone(),
            reason: reason.clone(),
        };
        SourceStatus {
            source: source.clone(),
            state: self.state.clone(),
            keys: self.keys.len(),
            last_delivery: self.last_delivery,
            rejected: self.rejected.iter().map(rejection).collect(),
        }
    }
}
