//! The status of every value of the configuration, in the store.

use std::collections::BTreeMap;

use futures::Stream;
use futures::stream::StreamExt;
use ligato_keyval::Bytes;
use ligato_kvs::StatusEvent;
use ligato_kvs_api::{BaseValueStatus, ValueState, ValueStatus};
use ligato_model::{Key, Value};
use ligato_proto::kvscheduler;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::publisher::Publisher;

/// Where the status of a value is published: its key with the first `config/` replaced by
/// `config-status/`. None for keys of another class.
pub fn status_key(key: &Key) -> Option<String> {
    key.strip_prefix("config/").map(|rest| format!("config-status/{rest}"))
}

/// Publishes what `statuses` tells (a subscription of the scheduler) until cancelled.
///
/// # Errors
/// [`Error::StatusesEnded`] when the stream ends.
pub async fn publish_statuses(
    publisher: Publisher,
    statuses: impl Stream<Item = StatusEvent> + Unpin,
    cancel: CancellationToken,
) -> Result<(), Error> {
    let mut follower = Follower { publisher, published: BTreeMap::new() };
    let mut statuses = statuses;
    let follow = async {
        while let Some(event) = statuses.next().await {
            follower.take(event);
        }
        Err(Error::StatusesEnded)
    };
    cancel.run_until_cancelled(follow).await.unwrap_or(Ok(()))
}

struct Follower {
    publisher: Publisher,
    // What was published last.
    published: BTreeMap<String, Bytes>,
}

// === impl Follower ===

impl Follower {
    fn take(&mut self, event: StatusEvent) {
        match event {
            StatusEvent::Snapshot(_, statuses) => {
                let mut gone = std::mem::take(&mut self.published);
                for status in &statuses {
                    if let Some((key, value)) = published_form(status) {
                        match (gone.remove(&key), value) {
                            (Some(old), Some(new)) if old == new => {
                                self.published.insert(key, new);
                            }
                            (_, value) => self.set(key, value),
                        }
                    }
                }
                for key in gone.into_keys() {
                    self.set(key, None);
                }
            }
            StatusEvent::Delta { statuses, .. } => {
                for (key, value) in statuses.iter().filter_map(published_form) {
                    self.set(key, value);
                }
            }
            // A snapshot follows.
            StatusEvent::Lost { .. } => {}
        }
    }

    fn set(&mut self, key: String, value: Option<Bytes>) {
        self.publisher.set(&key, value.clone());
        match value {
            Some(value) => self.published.insert(key, value),
            None => self.published.remove(&key),
        };
    }
}

// Key and text of a status; no text when the value is gone.
fn published_form(status: &BaseValueStatus) -> Option<(String, Option<Bytes>)> {
    let status = &status.value;
    let key = status_key(&status.key)?;
    if matches!(status.state, ValueState::Nonexistent | ValueState::Removed) {
        return Some((key, None));
    }
    match Value::new(message(status)).to_json() {
        Ok(json) => Some((key, Some(json.to_string().into()))),
        Err(error) => {
            tracing::warn!(%key, %error, "status cannot be written as text");
            None
        }
    }
}

fn message(status: &ValueStatus) -> kvscheduler::ValueStatus {
    let ValueStatus { key, state, error, last_operation, details } = status;
    kvscheduler::ValueStatus {
        key: key.to_string(),
        state: state.number(),
        error: error.clone(),
        last_operation: *last_operation as i32,
        details: details.clone(),
    }
}
