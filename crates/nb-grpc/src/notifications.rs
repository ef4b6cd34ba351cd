//! What happened to interfaces: the newest notifications, kept in a ring that any number of readers follow.
//!
//! A reader has nothing but an index, so a slow one costs nothing and misses nothing that is still in the ring; one that
//! went away leaves nothing behind.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ligato_proto::configurator::Notification;
use tokio::sync::watch;

/// How many notifications are kept.
const KEPT: usize = 10_000;

/// The ring of notifications. Clones share it.
#[derive(Debug, Clone)]
pub struct Notifications {
    ring: Arc<Mutex<Ring>>,
    /// Index of the next notification.
    next: watch::Sender<u32>,
    kept: usize,
}

/// A notification and its index.
#[derive(Debug, Clone, PartialEq)]
pub struct Notified {
    /// Index of the notification, from 0 at the start of the agent.
    pub index: u32,
    /// What happened.
    pub notification: Arc<Notification>,
}

#[derive(Debug, Default)]
struct Ring {
    newest_last: VecDeque<Arc<Notification>>,
    next: u32,
}

impl Default for Notifications {
    fn default() -> Self {
        Self::keeping(KEPT)
    }
}

impl Notifications {
    /// An empty ring of another size.
    #[must_use]
    pub fn keeping(kept: usize) -> Self {
        Self { ring: Arc::default(), next: watch::Sender::new(0), kept: kept.max(1) }
    }

    /// Adds a notification. Nobody is waited for.
    pub fn publish(&self, notification: Notification) {
        let next = {
            let mut ring = self.lock();
            if ring.newest_last.len() >= self.kept {
                ring.newest_last.pop_front();
            }
            ring.newest_last.push_back(Arc::new(notification));
            ring.next = ring.next.wrapping_add(1);
            ring.next
        };
        self.next.send_replace(next);
    }

    /// The index that a reader starts with who wants everything from `wanted` on. What is not kept any more is left
    /// out; an index that was not reached so far means everything that is kept.
    #[must_use]
    pub fn start(&self, wanted: u32) -> u32 {
        let ring = self.lock();
        let oldest = ring.oldest();
        if wanted > ring.next { oldest } else { wanted.max(oldest) }
    }

    /// The notification with this index, or the oldest one that is kept if it is older than that; waits for it if it
    /// has not happened so far.
    pub async fn wait(&self, index: u32) -> Notified {
        let mut next = self.next.subscribe();
        loop {
            if let Some(notified) = self.get(index) {
                return notified;
            }
            if next.changed().await.is_err() {
                // Not possible: `self` holds the sender.
                return std::future::pending().await;
            }
        }
    }

    fn get(&self, index: u32) -> Option<Notified> {
        let ring = self.lock();
        let index = index.max(ring.oldest());
        let at = usize::try_from(index - ring.oldest()).ok()?;
        let notification = ring.newest_last.get(at)?.clone();
        Some(Notified { index, notification })
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn oldest(&self) -> u32 {
        let kept = u32::try_from(self.newest_last.len()).unwrap_or(u32::MAX);
        self.next.saturating_sub(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(count: u32, kept: usize) -> Notifications {
        let notifications = Notifications::keeping(kept);
        for _ in 0..count {
            notifications.publish(Notification::default());
        }
        notifications
    }

    #[test]
    fn reading_starts_where_it_is_wanted_or_with_the_oldest() {
        let notifications = published(10, 4);
        for (wanted, start) in [(0, 6), (5, 6), (7, 7), (10, 10), (11, 6), (u32::MAX, 6)] {
            assert_eq!(notifications.start(wanted), start, "{wanted}");
        }
        assert_eq!(published(0, 4).start(0), 0);
    }

    #[tokio::test]
    async fn a_slow_reader_goes_on_with_the_oldest_that_is_kept() {
        let notifications = published(10, 4);
        assert_eq!(notifications.wait(2).await.index, 6);
        assert_eq!(notifications.wait(9).await.index, 9);
    }

    #[tokio::test]
    async fn readers_are_woken_and_may_go_at_any_time() {
        let notifications = published(1, 4);
        let (first, second) = (notifications.clone(), notifications.clone());
        let gone = tokio::spawn(async move { first.wait(1).await });
        let waiting = tokio::spawn(async move { second.wait(1).await });
        gone.abort();
        assert!(gone.await.is_err());
        notifications.publish(Notification::default());
        assert_eq!(waiting.await.unwrap().index, 1);
    }
}
