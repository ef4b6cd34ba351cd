//! What the scheduler promises besides the stories: who wishes, who waits, what is kept of the past,
//! what watchers see, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test that cannot start fails")]

mod kinds;
mod past;
mod waiting;
mod watching;
mod wishes;

use std::sync::Arc;

use ligato_kvs::{Scheduler, SchedulerConfig};
use ligato_kvs_api::{Notification, Transaction, TxnOptions, TxnReport, ValueChange, ValueState};
use ligato_testkit::{FakeKind, FakeSb, messages::string};

/// A scheduler over the fake.
struct Rig {
    sb: FakeSb,
    scheduler: Scheduler,
}

fn config() -> SchedulerConfig {
    SchedulerConfig { retry_jitter: 0.0, ..SchedulerConfig::default() }
}

impl Rig {
    fn start() -> Self {
        Self::with(config())
    }

    fn with(config: SchedulerConfig) -> Self {
        let sb = FakeSb::default();
        let scheduler = Scheduler::builder()
            .config(config)
            .descriptor(Arc::new(FakeKind::new("base", "b/{name}", &sb)))
            .descriptor(Arc::new(FakeKind::new("derived", "d/{name}", &sb)))
            .start()
            .unwrap();
        Self { sb, scheduler }
    }

    async fn put(&self, values: &[(&str, &str)]) -> TxnReport {
        self.scheduler.commit(change(values)).await
    }

    fn notify(&self, key: &str, text: Option<&str>) {
        let value = text.map(string);
        let told = Notification::Value { key: key.into(), value, metadata: None };
        self.scheduler.sink().send(vec![told]);
    }

    fn state(&self, key: &str) -> ValueState {
        self.scheduler.snapshot().node(key).map_or(ValueState::Nonexistent, |n| n.state)
    }
}

/// Wishes; `-` deletes.
fn change(values: &[(&str, &str)]) -> Transaction {
    let change = |(key, text): &(&str, &str)| match *text {
        "-" => ValueChange::delete(*key),
        text => ValueChange::put(*key, string(text)),
    };
    Transaction::change(values.iter().map(change).collect())
}

fn with(values: &[(&str, &str)], options: TxnOptions) -> Transaction {
    change(values).with(options)
}
