//! Writing what the agent has to say about itself into a store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use ligato_infra::clock::SharedClock;
use ligato_infra::{Backoff, ServiceLabel};
use ligato_keyval::{Bytes, Error as StoreError, Prefix, StoreHandle, StoreKey};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::Error;

/// Writes under way at once.
const WINDOW: usize = 64;
const BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(200), max: Duration::from_secs(10) };

/// How long published keys live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// As long as the agent: what a dead agent said disappears.
    Agent,
    /// Until they are removed.
    Permanent,
}

/// Publishes keys below the agent's prefix. Clones share everything. Of a key that changes faster
/// than it can be written, only the latest value is.
#[derive(Clone)]
pub struct Publisher {
    shared: Arc<Shared>,
}

struct Shared {
    store: StoreHandle,
    agent: Prefix,
    lifetime: Lifetime,
    clock: SharedClock,
    pending: Mutex<BTreeMap<StoreKey, Option<Bytes>>>,
    wake: Notify,
}

// === impl Publisher ===

impl Publisher {
    /// Publishes for agent `label` into `store`; something must [`run`](Self::run) it.
    ///
    /// # Errors
    /// When the store cannot be written, or cannot bind keys to the life of the agent.
    pub fn new(
        store: StoreHandle,
        label: &ServiceLabel,
        lifetime: Lifetime,
        clock: SharedClock,
    ) -> Result<Self, Error> {
        store.as_write().map_err(Error::Store)?;
        if lifetime == Lifetime::Agent {
            store.as_client_lifetime().map_err(Error::Store)?;
        }
        let agent = Prefix::new(&label.agent_prefix());
        let (pending, wake) = (Mutex::default(), Notify::new());
        Ok(Self { shared: Arc::new(Shared { store, agent, lifetime, clock, pending, wake }) })
    }

    /// Publishes a value, or takes a key away. `key` is what follows the agent's prefix. Never waits.
    pub fn set(&self, key: &str, value: Option<Bytes>) {
        match self.shared.agent.join(key) {
            Ok(key) => {
                self.shared.pending().insert(key, value);
                self.shared.wake.notify_one();
            }
            Err(error) => tracing::warn!(%error, "cannot publish"),
        }
    }

    /// Writes until cancelled or until the store is closed.
    ///
    /// # Errors
    /// [`Error::StoreClosed`].
    pub async fn run(self, cancel: CancellationToken) -> Result<(), Error> {
        cancel.run_until_cancelled(self.shared.run()).await.unwrap_or(Ok(()))
    }
}

impl Shared {
    fn pending(&self) -> std::sync::MutexGuard<'_, BTreeMap<StoreKey, Option<Bytes>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self) -> Result<(), Error> {
        let mut attempt = 0;
        loop {
            let batch = std::mem::take(&mut *self.pending());
            if batch.is_empty() {
                self.wake.notified().await;
                continue;
            }
            let writes = stream::iter(batch)
                .map(|(key, value)| async move {
                    let failed = self.write(&key, value.as_ref()).await.err();
                    (key, value, failed)
                })
                .buffer_unordered(WINDOW);
            let results: Vec<_> = writes.collect().await;
            let mut again = false;
            for (key, value, failed) in results {
                match failed {
                    None => {}
                    Some(StoreError::Closed { .. }) => return Err(Error::StoreClosed),
                    Some(error) if error.is_retriable() => {
                        again = true;
                        tracing::debug!(%key, %error, "not published, trying again");
                        // Unless something newer is to be said.
                        self.pending().entry(key).or_insert(value);
                    }
                    Some(error) => tracing::warn!(%key, %error, "cannot publish"),
                }
            }
            if again {
                self.clock.sleep(BACKOFF.delay(attempt)).await;
                attempt += 1;
            } else {
                attempt = 0;
            }
        }
    }

    async fn write(&self, key: &StoreKey, value: Option<&Bytes>) -> Result<(), StoreError> {
        match (value, self.lifetime) {
            (None, _) => self.store.as_write()?.delete(key).await.map(drop),
            (Some(value), Lifetime::Permanent) => {
                self.store.as_write()?.put(key, value.clone()).await.map(drop)
            }
            (Some(value), Lifetime::Agent) => {
                let bound = self.store.as_client_lifetime()?;
                bound.put_for_client(key, value.clone()).await.map(drop)
            }
        }
    }
}
