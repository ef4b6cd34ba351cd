//! A store that lives in this process, with or without something durable behind it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::entry::{Entry, Listing, Page, Revision};
use crate::error::{Error, Operation};
use crate::hub::Hub;
use crate::key::{Prefix, StoreKey};
use crate::ledger::{Binding, Ledger, Prepared};
use crate::store::{
    ClientLifetime, Deleted, PageRequest, Read, Store, StoreState, TimeToLive, Transact, Watch,
    Write,
};
use crate::txn::{Branch, Txn, TxnOutcome};
use crate::watch::{SnapshotSource, WatchRequest, WatchStream};

/// Makes changes durable before anyone sees them.
pub trait Journal: Send + Sync + 'static {
    /// Name of the kind of store.
    const NAME: &'static str;
    /// Whether [`Journal::persist`] may block the thread, so that it runs on one made for that.
    const BLOCKING: bool;

    /// Makes `prepared` durable; `before` is the content it was prepared with. When this fails, the
    /// change did not happen.
    ///
    /// # Errors
    /// What the medium says, ready for the caller of the store.
    fn persist(
        &self,
        before: &Ledger,
        prepared: &Prepared,
        operation: Operation,
    ) -> Result<(), Error>;

    /// Lets go of the medium.
    fn close(&self) {}
}

/// A store in this process: all content in memory, changes first made durable by `J`.
///
/// Reading never touches the medium, so it works when the medium does not.
pub struct Embedded<J: Journal> {
    inner: Arc<Inner<J>>,
}

struct Inner<J> {
    journal: J,
    // One writer at a time: revisions are made durable and told in order.
    writing: Mutex<()>,
    ledger: Mutex<Ledger>,
    hub: Hub,
    state: watch::Sender<StoreState>,
    timed: AtomicU64,
}

struct Done {
    branch: Branch,
    count: u64,
    revision: Revision,
}

// === impl Embedded ===

impl<J: Journal> Embedded<J> {
    /// A store with this content.
    pub fn with_journal(journal: J, content: Ledger) -> Self {
        let inner = Inner {
            journal,
            writing: Mutex::default(),
            ledger: Mutex::new(content),
            hub: Hub::default(),
            state: watch::Sender::new(StoreState::Connected),
            timed: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    async fn commit(
        &self,
        operation: Operation,
        prepare: impl FnOnce(&Ledger) -> Result<Prepared, Error> + Send + 'static,
    ) -> Result<Done, Error> {
        if !J::BLOCKING {
            return self.inner.commit(operation, prepare);
        }
        let inner = self.inner.clone();
        let work = tokio::task::spawn_blocking(move || inner.commit(operation, prepare));
        match work.await {
            Ok(done) => done,
            Err(source) => Err(Error::Backend { store: J::NAME, operation, source: source.into() }),
        }
    }

    async fn write(&self, operation: Operation, txn: Txn, binding: Binding) -> Result<Done, Error> {
        self.commit(operation, move |ledger| ledger.prepare(&txn, binding)).await
    }

    fn read(&self) -> Result<Ledger, Error> {
        if *self.inner.state.borrow() == StoreState::Closed {
            return Err(Error::Closed { store: J::NAME });
        }
        Ok(self.inner.ledger().clone())
    }
}

impl<J: Journal> Clone for Embedded<J> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<J: Journal> fmt::Debug for Embedded<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let revision = self.inner.ledger().revision();
        f.debug_struct("Embedded").field("store", &J::NAME).field("revision", &revision).finish()
    }
}

impl<J: Journal> Inner<J> {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(
        &self,
        operation: Operation,
        prepare: impl FnOnce(&Ledger) -> Result<Prepared, Error>,
    ) -> Result<Done, Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if *self.state.borrow() == StoreState::Closed {
            return Err(Error::Closed { store: J::NAME });
        }
        let before = self.ledger().clone();
        let prepared = prepare(&before)?;
        let done = |revision| Done { branch: prepared.branch, count: prepared.count(), revision };
        let Some(changes) = &prepared.changes else { return Ok(done(before.revision())) };
        self.journal.persist(&before, &prepared, operation)?;
        let mut ledger = self.ledger();
        ledger.apply(&prepared);
        // Told under the lock, so that a snapshot that has this revision is read after it was told
        // or leaves it out by its number.
        self.hub.publish(changes);
        Ok(done(changes.revision))
    }
}

#[async_trait]
impl<J: Journal> SnapshotSource for Inner<J> {
    async fn snapshot(&self, prefixes: &[Prefix]) -> Option<Listing> {
        let ledger = self.ledger().clone();
        (*self.state.borrow() != StoreState::Closed).then(|| ledger.listing(prefixes))
    }
}

#[async_trait]
impl<J: Journal> Read for Embedded<J> {
    async fn get(&self, key: &StoreKey) -> Result<Option<Entry>, Error> {
        Ok(self.read()?.get(key))
    }

    async fn page(&self, prefix: &Prefix, request: PageRequest) -> Result<Page, Error> {
        Ok(self.read()?.page(prefix, &request))
    }

    async fn snapshot(&self, prefixes: &[Prefix]) -> Result<Listing, Error> {
        Ok(self.read()?.listing(prefixes))
    }
}

#[async_trait]
impl<J: Journal> Write for Embedded<J> {
    async fn put(&self, key: &StoreKey, value: Bytes) -> Result<Revision, Error> {
        let txn = Txn::new().put(key.clone(), value);
        Ok(self.write(Operation::Put, txn, Binding::Permanent).await?.revision)
    }

    async fn delete(&self, key: &StoreKey) -> Result<Deleted, Error> {
        let txn = Txn::new().delete(key.clone());
        let done = self.write(Operation::Delete, txn, Binding::Permanent).await?;
        Ok(Deleted { count: done.count, revision: done.revision })
    }

    async fn delete_prefix(&self, prefix: &Prefix) -> Result<Deleted, Error> {
        let prefix = prefix.clone();
        let prepare = move |ledger: &Ledger| Ok(ledger.prepare_delete_prefix(&prefix));
        let done = self.commit(Operation::Delete, prepare).await?;
        Ok(Deleted { count: done.count, revision: done.revision })
    }
}

#[async_trait]
impl<J: Journal> Transact for Embedded<J> {
    async fn transact(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        let done = self.write(Operation::Transaction, txn, Binding::Permanent).await?;
        Ok(TxnOutcome { branch: done.branch, revision: done.revision })
    }
}

#[async_trait]
impl<J: Journal> ClientLifetime for Embedded<J> {
    async fn put_for_client(&self, key: &StoreKey, value: Bytes) -> Result<Revision, Error> {
        let txn = Txn::new().put(key.clone(), value);
        Ok(self.write(Operation::Put, txn, Binding::Client).await?.revision)
    }
}

#[async_trait]
impl<J: Journal> TimeToLive for Embedded<J> {
    async fn put_with_ttl(
        &self,
        key: &StoreKey,
        value: Bytes,
        ttl: Duration,
    ) -> Result<Revision, Error> {
        let binding = Binding::Timed(self.inner.timed.fetch_add(1, Ordering::Relaxed));
        let txn = Txn::new().put(key.clone(), value);
        let revision = self.write(Operation::Put, txn, binding).await?.revision;
        let (key, inner) = (key.clone(), Arc::downgrade(&self.inner));
        // Ends by itself; it holds nothing of a store that is gone meanwhile.
        tokio::spawn(async move {
            tokio::time::sleep(ttl).await;
            let Some(inner) = inner.upgrade() else { return };
            let store = Self { inner };
            let prepare = move |ledger: &Ledger| {
                let still = ledger.record(&key).is_some_and(|record| record.binding == binding);
                let txn = if still { Txn::new().delete(key) } else { Txn::new() };
                ledger.prepare(&txn, Binding::Permanent)
            };
            if let Err(error) = store.commit(Operation::Delete, prepare).await {
                tracing::warn!(store = J::NAME, %error, "cannot remove an expired entry");
            }
        });
        Ok(revision)
    }
}

impl<J: Journal> Watch for Embedded<J> {
    fn watch(&self, request: WatchRequest) -> WatchStream {
        let stream = self.inner.hub.subscribe(request, self.inner.clone());
        if *self.inner.state.borrow() == StoreState::Closed {
            self.inner.hub.close();
        }
        stream
    }
}

#[async_trait]
impl<J: Journal> Store for Embedded<J> {
    fn name(&self) -> &'static str {
        J::NAME
    }

    fn state(&self) -> watch::Receiver<StoreState> {
        self.inner.state.subscribe()
    }

    fn as_write(&self) -> Result<&dyn Write, Error> {
        Ok(self)
    }

    fn as_transact(&self) -> Result<&dyn Transact, Error> {
        Ok(self)
    }

    fn as_client_lifetime(&self) -> Result<&dyn ClientLifetime, Error> {
        Ok(self)
    }

    fn as_time_to_live(&self) -> Result<&dyn TimeToLive, Error> {
        Ok(self)
    }

    fn as_watch(&self) -> Result<&dyn Watch, Error> {
        Ok(self)
    }

    async fn close(&self) {
        let expire = |ledger: &Ledger| Ok(ledger.prepare_expiry(|b| b == Binding::Client));
        match self.commit(Operation::Delete, expire).await {
            Ok(_) | Err(Error::Closed { .. }) => {}
            // They go at the next opening.
            Err(error) => tracing::warn!(store = J::NAME, %error, "entries of this client stay"),
        }
        let _writing = self.inner.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.inner.state.send_replace(StoreState::Closed) != StoreState::Closed {
            self.inner.hub.close();
            self.inner.journal.close();
        }
    }
}
