//! What every test of the scheduler begins with: a scheduler over the fake southbound, wishes in
//! words, and where a value stands.

use std::sync::Arc;

use ligato_kvs::{Scheduler, SchedulerConfig};
use ligato_kvs_api::{RegistrationError, ValueChange, ValueState};

use crate::{
    fake::{FakeKind, FakeSb},
    messages::string,
};

/// A scheduler with its southbound.
#[derive(Debug)]
pub struct Rig {
    /// The southbound.
    pub sb: FakeSb,
    /// The scheduler.
    pub scheduler: Scheduler,
}

// === impl Rig ===

impl Rig {
    /// A scheduler over an empty southbound.
    ///
    /// # Errors
    /// If the kinds cannot be registered together.
    pub fn start(
        config: SchedulerConfig,
        kinds: impl FnOnce(&FakeSb) -> Vec<FakeKind>,
    ) -> Result<Self, RegistrationError> {
        let sb = FakeSb::default();
        let all = kinds(&sb).into_iter();
        let builder = Scheduler::builder().config(config);
        let scheduler = all.fold(builder, |b, kind| b.descriptor(Arc::new(kind))).start()?;
        Ok(Self { sb, scheduler })
    }

    /// Where a value stands.
    pub fn state(&self, key: &str) -> ValueState {
        self.scheduler.snapshot().node(key).map_or(ValueState::Nonexistent, |n| n.state)
    }

    /// Key to text of what is there.
    pub fn there(&self, key: &str) -> Option<String> {
        self.sb.content().get(key).cloned()
    }
}

/// Settings whose retries come exactly when they are due.
pub fn punctual() -> SchedulerConfig {
    SchedulerConfig { retry_jitter: 0.0, ..SchedulerConfig::default() }
}

/// Readable values below `b/`, and below `d/` what they derive.
pub fn bases(sb: &FakeSb) -> Vec<FakeKind> {
    vec![FakeKind::new("base", "b/{name}", sb), FakeKind::new("derived", "d/{name}", sb)]
}

/// Wishes: key and words; `-` deletes.
pub fn wishes(values: &[(&str, &str)]) -> Vec<ValueChange> {
    let wish = |(key, text): &(&str, &str)| match *text {
        "-" => ValueChange::delete(*key),
        text => ValueChange::put(*key, string(text)),
    };
    values.iter().map(wish).collect()
}
