//! What the scheduler promises besides the stories: who wishes, who waits, what is kept of the past,
//! what watchers see, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test that cannot start fails")]

mod kinds;
mod lost;
mod past;
mod waiting;
mod watching;
mod wishes;

use std::ops::Deref;

use ligato_kvs::SchedulerConfig;
use ligato_kvs_api::{Notification, Transaction, TxnOptions, TxnReport};
use ligato_testkit::{bases, messages::string, punctual};

/// A scheduler over the fake.
struct Rig(ligato_testkit::Rig);

impl Deref for Rig {
    type Target = ligato_testkit::Rig;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Rig {
    fn start() -> Self {
        Self::with(punctual())
    }

    fn with(config: SchedulerConfig) -> Self {
        Self(ligato_testkit::Rig::start(config, bases).unwrap())
    }

    async fn put(&self, values: &[(&str, &str)]) -> TxnReport {
        self.scheduler.commit(change(values)).await
    }

    fn notify(&self, key: &str, text: Option<&str>) {
        let value = text.map(string);
        let told = Notification::Value { key: key.into(), value, metadata: None };
        self.scheduler.sink().send(vec![told]);
    }
}

/// Wishes; `-` deletes.
fn change(values: &[(&str, &str)]) -> Transaction {
    Transaction::change(ligato_testkit::wishes(values))
}

fn with(values: &[(&str, &str)], options: TxnOptions) -> Transaction {
    change(values).with(options)
}
