//! How the agent gets from nothing to a running configuration. Pure.
//!
//! ```text
//!  Gathering ──begin, and all expected sources delivered──▶ Running     first: full resync
//!      └──────begin, and the grace time is over──▶ Partial              first: read back
//!                         └──the last expected one delivered──▶ Running       full resync
//! ```
//!
//! Only a full resync removes what is found in the southbound and is wanted by nobody, so nothing
//! is removed while it is not known what a source wants.

use std::collections::BTreeSet;

use ligato_kvs_api::SourceId;

/// How far the start has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was sent to the scheduler so far.
    Gathering {
        /// Sources that have not delivered.
        missing: BTreeSet<SourceId>,
        /// Whether [`OrchestratorHandle::begin`](crate::OrchestratorHandle::begin) was called.
        begun: bool,
    },
    /// What is there is applied; nothing that was there before is removed.
    Partial {
        /// Sources that have not delivered.
        missing: BTreeSet<SourceId>,
    },
    /// Everything is known and was applied by a full resync.
    Running,
}

/// What has to be done because the phase changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing.
    Stay,
    /// Wait for the missing ones, but not for ever.
    StartGrace,
    /// Read back, then apply what is known.
    ApplyKnown,
    /// Make the southbound equal to what is wanted.
    FullResync,
}

// === impl Phase ===

impl Phase {
    pub(crate) fn new(expected: impl IntoIterator<Item = SourceId>) -> Self {
        Self::Gathering { missing: expected.into_iter().collect(), begun: false }
    }

    /// Whether changes go to the scheduler as they come.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self, Self::Gathering { .. })
    }

    pub(crate) fn begin(&mut self) -> Step {
        match self {
            Self::Gathering { missing, begun } => {
                *begun = true;
                if missing.is_empty() { self.run() } else { Step::StartGrace }
            }
            Self::Partial { .. } | Self::Running => Step::Stay,
        }
    }

    /// A source has delivered, or is declared gone.
    pub(crate) fn settled(&mut self, source: &SourceId) -> Step {
        let (missing, ready) = match self {
            Self::Gathering { missing, begun } => (missing, *begun),
            Self::Partial { missing } => (missing, true),
            Self::Running => return Step::Stay,
        };
        if missing.remove(source) && missing.is_empty() && ready { self.run() } else { Step::Stay }
    }

    pub(crate) fn grace_over(&mut self) -> Step {
        match self {
            Self::Gathering { missing, begun: true } => {
                *self = Self::Partial { missing: std::mem::take(missing) };
                Step::ApplyKnown
            }
            Self::Gathering { begun: false, .. } | Self::Partial { .. } | Self::Running => {
                Step::Stay
            }
        }
    }

    fn run(&mut self) -> Step {
        *self = Self::Running;
        Step::FullResync
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expecting(names: &[&str]) -> Phase {
        Phase::new(names.iter().map(|name| SourceId::from(*name)))
    }

    #[test]
    fn one_full_resync_when_all_is_there() {
        let mut phase = expecting(&[]);
        assert_eq!(phase.begin(), Step::FullResync);
        assert_eq!(phase.begin(), Step::Stay);

        let mut phase = expecting(&["a", "b"]);
        assert_eq!(phase.settled(&"a".into()), Step::Stay);
        assert_eq!(phase.begin(), Step::StartGrace);
        assert_eq!(phase.settled(&"other".into()), Step::Stay);
        assert_eq!(phase.settled(&"b".into()), Step::FullResync);
        assert_eq!(phase.grace_over(), Step::Stay);

        let mut phase = expecting(&["a"]);
        assert_eq!(phase.settled(&"a".into()), Step::Stay);
        assert_eq!(phase.begin(), Step::FullResync);
    }

    #[test]
    fn a_late_source_does_not_hold_up_the_others() {
        let mut phase = expecting(&["a", "late"]);
        assert_eq!(phase.grace_over(), Step::Stay);
        phase.begin();
        assert!(!phase.is_open());
        assert_eq!(phase.settled(&"a".into()), Step::Stay);
        assert_eq!(phase.grace_over(), Step::ApplyKnown);
        assert!(phase.is_open());
        assert_eq!(phase.settled(&"late".into()), Step::FullResync);
        assert_eq!(phase, Phase::Running);
    }
}
