//! The contract of a store: one trait per capability.
//!
//! A caller that knows its store statically uses the traits, and asking for what the store cannot
//! do does not compile. A caller that got its store by configuration holds a [`StoreHandle`] and asks
//! for a capability; what is missing is [`Error::Unsupported`], never a silent nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::entry::{Entry, Listing, Page, PageStart, Revision};
use crate::error::Error;
use crate::key::{Prefix, StoreKey};
use crate::txn::{Condition, Txn, TxnOutcome};
use crate::watch::{WatchRequest, WatchStream};

/// A store chosen at run time.
pub type StoreHandle = Arc<dyn Store>;

/// What a store may be able to do beyond reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// [`Write`].
    Write,
    /// [`Transact`].
    Transact,
    /// [`ClientLifetime`].
    ClientLifetime,
    /// [`TimeToLive`].
    TimeToLive,
    /// [`Watch`].
    Watch,
}

/// Whether a store can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreState {
    /// Not yet, or no longer; being tried in the background.
    Connecting {
        /// What the last attempt said.
        last_error: Option<String>,
    },
    /// It answers.
    Connected,
    /// It was closed and stays so.
    Closed,
}

/// Whether a removal found something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    /// How many keys were removed.
    pub count: u64,
    /// The revision of the store afterwards.
    pub revision: Revision,
}

/// How many entries a page may have, and where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many entries; 0 is taken as 1.
    pub limit: usize,
    /// Where to start; none for the beginning.
    pub start: Option<PageStart>,
}

/// A store: something that can be read, has a state and can be closed.
#[async_trait]
pub trait Store: Read + fmt::Debug {
    /// Short name of the kind of store, as in `etcd`.
    fn name(&self) -> &'static str;

    /// Whether it can be reached, now and later.
    fn state(&self) -> watch::Receiver<StoreState>;

    /// The capability to write.
    ///
    /// # Errors
    /// [`Error::Unsupported`]; likewise for the capabilities below.
    fn as_write(&self) -> Result<&dyn Write, Error> {
        Err(Error::Unsupported { store: self.name(), capability: Capability::Write })
    }

    /// The capability of transactions.
    fn as_transact(&self) -> Result<&dyn Transact, Error> {
        Err(Error::Unsupported { store: self.name(), capability: Capability::Transact })
    }

    /// The capability to bind keys to the life of this client.
    fn as_client_lifetime(&self) -> Result<&dyn ClientLifetime, Error> {
        Err(Error::Unsupported { store: self.name(), capability: Capability::ClientLifetime })
    }

    /// The capability to limit the life of a key.
    fn as_time_to_live(&self) -> Result<&dyn TimeToLive, Error> {
        Err(Error::Unsupported { store: self.name(), capability: Capability::TimeToLive })
    }

    /// The capability to watch.
    fn as_watch(&self) -> Result<&dyn Watch, Error> {
        Err(Error::Unsupported { store: self.name(), capability: Capability::Watch })
    }

    /// Ends all watches, removes what is bound to this client and lets go of the store.
    /// Later calls give [`Error::Closed`]. Closing twice is harmless.
    async fn close(&self);
}

/// Reading.
#[async_trait]
pub trait Read: Send + Sync {
    /// The entry of `key`; none when there is none, which is not an error.
    async fn get(&self, key: &StoreKey) -> Result<Option<Entry>, Error>;

    /// One page of the entries below `prefix`, ordered by key.
    async fn page(&self, prefix: &Prefix, request: PageRequest) -> Result<Page, Error>;

    /// All entries below any of `prefixes` at one revision, each once.
    async fn snapshot(&self, prefixes: &[Prefix]) -> Result<Listing, Error>;
}

/// Writing single keys.
#[async_trait]
pub trait Write: Read {
    /// Writes a value that stays until it is removed, also when this client goes away.
    async fn put(&self, key: &StoreKey, value: Bytes) -> Result<Revision, Error>;

    /// Removes a key. Removing what is not there is not an error.
    async fn delete(&self, key: &StoreKey) -> Result<Deleted, Error>;

    /// Removes every key below `prefix`, at one revision.
    async fn delete_prefix(&self, prefix: &Prefix) -> Result<Deleted, Error>;
}

/// Transactions, and what follows from them.
#[async_trait]
pub trait Transact: Write {
    /// Does all of one branch, or nothing.
    async fn transact(&self, txn: Txn) -> Result<TxnOutcome, Error>;

    /// Writes `value` only when the key does not exist.
    async fn put_if_absent(&self, key: &StoreKey, value: Bytes) -> Result<TxnOutcome, Error> {
        let txn = Txn::new().when(Condition::Absent(key.clone())).put(key.clone(), value);
        self.transact(txn).await
    }

    /// Writes `new` only when the value is `old`.
    async fn compare_and_swap(
        &self,
        key: &StoreKey,
        old: Bytes,
        new: Bytes,
    ) -> Result<TxnOutcome, Error> {
        let txn = Txn::new().when(Condition::ValueIs(key.clone(), old)).put(key.clone(), new);
        self.transact(txn).await
    }

    /// Removes the key only when the value is `expected`.
    async fn compare_and_delete(
        &self,
        key: &StoreKey,
        expected: Bytes,
    ) -> Result<TxnOutcome, Error> {
        let txn = Txn::new().when(Condition::ValueIs(key.clone(), expected)).delete(key.clone());
        self.transact(txn).await
    }
}

/// Keys that vanish when this client does.
#[async_trait]
pub trait ClientLifetime: Write {
    /// Writes a value that is removed when the store is closed or, at the latest some seconds later
    /// (at the next opening for an embedded store), when this process dies.
    ///
    /// The store remembers the value: when it was lost together with a connection, it is written
    /// again. That holds also when this call fails for lack of a connection. A later `put` or
    /// `delete` of the same key ends it.
    async fn put_for_client(&self, key: &StoreKey, value: Bytes) -> Result<Revision, Error>;
}

/// Keys that vanish after some time.
#[async_trait]
pub trait TimeToLive: Write {
    /// Writes a value that is removed after `ttl`, rounded up to what the store can do (etcd: whole
    /// seconds), unless it is written again before.
    async fn put_with_ttl(
        &self,
        key: &StoreKey,
        value: Bytes,
        ttl: Duration,
    ) -> Result<Revision, Error>;
}

/// Watching.
pub trait Watch: Read {
    /// Starts a watch. It exists at once, connected or not, and ends by being dropped.
    fn watch(&self, request: WatchRequest) -> WatchStream;
}

// === impl ===

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Write => "write",
            Self::Transact => "do transactions",
            Self::ClientLifetime => "bind keys to the life of a client",
            Self::TimeToLive => "limit the life of keys",
            Self::Watch => "watch",
        })
    }
}

impl PageRequest {
    /// The first page with at most `limit` entries.
    pub fn first(limit: usize) -> Self {
        Self { limit, start: None }
    }
}
