//! Where southbound notifications wait: any number of them in bounded space per key, because a
//! later one of a key replaces an earlier one that nobody has looked at yet.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use ligato_kvs_api::{Notification, NotificationSink};
use ligato_model::Key;
use rustc_hash::FxHashMap;
use tokio::sync::Notify;

/// Shared by all sinks and the owner.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    state: Mutex<Batches>,
    pub(crate) wake: Notify,
    /// Notifications that were replaced by a later one.
    pub(crate) coalesced: AtomicU64,
}

#[derive(Debug, Default)]
struct Batches {
    waiting: VecDeque<Vec<Option<Notification>>>,
    /// Number of the first waiting batch.
    first: u64,
    /// Where the latest notification of a key is: batch number and position.
    latest: FxHashMap<Key, (u64, usize)>,
}

impl Inbox {
    /// A sink that puts into this inbox.
    pub(crate) fn sink(self: &Arc<Self>) -> NotificationSink {
        let inbox = Arc::clone(self);
        NotificationSink::new(move |batch| inbox.put(batch))
    }

    fn put(&self, batch: Vec<Notification>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let number = state.first + state.waiting.len() as u64;
        let mut fresh = Vec::with_capacity(batch.len());
        for notification in batch {
            if let Notification::Value { key, .. } = &notification {
                let before = state.latest.insert(key.clone(), (number, fresh.len()));
                if let Some((old, at)) = before {
                    self.coalesced.fetch_add(1, Relaxed);
                    if old == number {
                        take(&mut fresh, at);
                    } else {
                        let index = old.wrapping_sub(state.first) as usize;
                        if let Some(batch) = state.waiting.get_mut(index) {
                            take(batch, at);
                        }
                    }
                }
            }
            fresh.push(Some(notification));
        }
        state.waiting.push_back(fresh);
        drop(state);
        self.wake.notify_one();
    }

    /// The oldest batch that still holds something.
    pub(crate) fn take(&self) -> Option<Vec<Notification>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let batch: Vec<Notification> =
                state.waiting.pop_front()?.into_iter().flatten().collect();
            state.first += 1;
            for notification in &batch {
                if let Notification::Value { key, .. } = notification {
                    state.latest.remove(key);
                }
            }
            if !batch.is_empty() {
                return Some(batch);
            }
        }
    }
}

fn take(batch: &mut [Option<Notification>], at: usize) {
    if let Some(place) = batch.get_mut(at) {
        *place = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: &str) -> Notification {
        Notification::Value { key: key.into(), value: None, metadata: None }
    }

    fn keys(batch: &[Notification]) -> Vec<String> {
        let key = |n: &Notification| match n {
            Notification::Value { key, .. } => key.to_string(),
            _ => String::new(),
        };
        batch.iter().map(key).collect()
    }

    #[test]
    fn the_latest_of_a_key_replaces_earlier_ones_and_nothing_else_is_lost() {
        let inbox = Arc::new(Inbox::default());
        let sink = inbox.sink();
        sink.send(vec![of("a"), of("b")]);
        sink.send(vec![of("a")]);
        sink.send(vec![of("b"), of("c"), of("c")]);
        assert_eq!(keys(&inbox.take().unwrap()), ["a"]);
        sink.send(vec![of("a")]);
        assert_eq!(keys(&inbox.take().unwrap()), ["b", "c"]);
        assert_eq!(keys(&inbox.take().unwrap()), ["a"]);
        assert!(inbox.take().is_none());
        assert_eq!(inbox.coalesced.load(Relaxed), 3);
    }
}
