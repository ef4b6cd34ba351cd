//! The lease of this client and the keys bound to it.
//!
//! One task writes all bound keys, many per request. Callers hand theirs over and wait. When the
//! lease is lost, the task gets a new one and writes all of them again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use etcd_client::{PutOptions, Txn, TxnOp};
use ligato_keyval::{Bytes, Error, Operation, Revision, StoreKey};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::fault::{NAME, lease_is_gone};
use crate::link::Link;
use crate::range::revision;
use crate::retry::Retry;

/// Keys written with one request: etcd accepts 128 operations by default.
const BATCH_KEYS: usize = 100;
/// Bytes of values written with one request: etcd accepts 1.5 MiB by default.
const BATCH_BYTES: usize = 1 << 20;

type Reply = oneshot::Sender<Result<Revision, Error>>;

pub(crate) struct Session {
    link: Arc<Link>,
    bound: Mutex<Bound>,
    // Held while a batch is on its way, so that a key can be taken out for certain.
    writing: tokio::sync::Mutex<()>,
    // There is something to write.
    wanted: Notify,
}

#[derive(Default)]
struct Bound {
    lease: Option<i64>,
    keys: BTreeMap<StoreKey, Bytes>,
    // Not written under the current lease, with who waits for it.
    dirty: BTreeMap<StoreKey, Vec<Reply>>,
    // One key per request until all are through: one of them spoils the rest.
    singly: bool,
}

struct Batch {
    writes: Vec<(StoreKey, Bytes)>,
    replies: Vec<(StoreKey, Vec<Reply>)>,
}

// === impl Session ===

impl Session {
    pub(crate) fn open(link: Arc<Link>) -> Arc<Self> {
        let session = Arc::new(Self {
            link,
            bound: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
            wanted: Notify::new(),
        });
        let running = session.clone();
        tokio::spawn(async move {
            let closed = running.link.closed.clone();
            closed.run_until_cancelled(running.run()).await;
        });
        session
    }

    /// Binds a key and waits until it is written.
    pub(crate) async fn put(&self, key: &StoreKey, value: Bytes) -> Result<Revision, Error> {
        let (reply, written) = oneshot::channel();
        {
            let mut bound = self.bound();
            bound.keys.insert(key.clone(), value);
            bound.dirty.entry(key.clone()).or_default().push(reply);
        }
        self.wanted.notify_one();
        match tokio::time::timeout(self.link.config.operation_timeout, written).await {
            Ok(Ok(answer)) => answer,
            // The lease was lost meanwhile, or there is none: it is written with the next.
            Ok(Err(_)) | Err(_) if self.link.closed.is_cancelled() => {
                Err(Error::Closed { store: NAME })
            }
            Ok(Err(_)) | Err(_) => Err(Error::NotConnected { store: NAME }),
        }
    }

    /// Takes keys out. When this returns, the session does not write them any more.
    pub(crate) async fn forget(&self, which: impl Fn(&StoreKey) -> bool) {
        if self.bound().keys.is_empty() {
            return;
        }
        let _writing = self.writing.lock().await;
        let mut bound = self.bound();
        bound.keys.retain(|key, _| !which(key));
        bound.dirty.retain(|key, _| !which(key));
    }

    /// Gives the lease back, which removes all bound keys.
    pub(crate) async fn close(&self) {
        let lease = {
            let mut bound = self.bound();
            bound.keys.clear();
            bound.dirty.clear();
            bound.lease.take()
        };
        let Some(lease) = lease else { return };
        let revoke =
            |mut clients: crate::link::Clients| async move { clients.lease.revoke(lease).await };
        if let Err(error) = self.link.call(Operation::Lease, revoke).await {
            tracing::warn!(%error, "lease not revoked, bound keys end with it");
        }
    }

    fn bound(&self) -> MutexGuard<'_, Bound> {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self) {
        let mut retry = Retry::new(self.link.config.reconnect_interval);
        loop {
            while self.bound().keys.is_empty() {
                self.wanted.notified().await;
            }
            match self.grant().await {
                Ok(lease) => {
                    retry.reset();
                    let lost = tokio::select! {
                        lost = self.keep_alive(lease) => lost,
                        lost = self.flush(lease) => lost,
                    };
                    self.bound().lease = None;
                    tracing::warn!(lease, reason = %lost, "lease in etcd lost");
                }
                Err(error) => tracing::debug!(%error, "no lease from etcd"),
            }
            retry.pause().await;
        }
    }

    async fn grant(&self) -> Result<i64, Error> {
        let ttl = i64::from(self.link.config.session_ttl);
        let grant =
            |mut clients: crate::link::Clients| async move { clients.lease.grant(ttl, None).await };
        let lease = self.link.call(Operation::Lease, grant).await?.id();
        let mut bound = self.bound();
        bound.lease = Some(lease);
        // Nothing is written under this lease yet.
        let keys: Vec<_> = bound.keys.keys().cloned().collect();
        for key in keys {
            bound.dirty.entry(key).or_default();
        }
        drop(bound);
        self.wanted.notify_one();
        Ok(lease)
    }

    // Returns why the lease is lost.
    async fn keep_alive(&self, lease: i64) -> String {
        let life = Duration::from_secs(u64::from(self.link.config.session_ttl));
        let mut good = Instant::now();
        // A broken stream is not a lost lease: it is opened again for as long as the lease lives.
        loop {
            let opened = self
                .link
                .raw(Operation::Lease, |mut clients| async move {
                    clients.lease.keep_alive(lease).await
                })
                .await;
            match opened {
                Ok(Ok((mut keeper, mut answers))) => {
                    good = Instant::now();
                    let why = beat(&mut keeper, &mut answers, life, &mut good).await;
                    if let Beat::Gone = why {
                        return "it does not exist any more".to_owned();
                    }
                }
                // The library's way to say that the lease does not exist.
                Ok(Err(etcd_client::Error::LeaseKeepAliveError(why))) => return why,
                Ok(Err(_)) | Err(_) => {}
            }
            if good.elapsed() > life {
                return "not kept alive in time".to_owned();
            }
            tokio::time::sleep(life / 10).await;
        }
    }

    // Returns why nothing can be written under the lease.
    async fn flush(&self, lease: i64) -> String {
        let mut retry = Retry::new(self.link.config.reconnect_interval);
        loop {
            let writing = self.writing.lock().await;
            let Some(batch) = self.bound().take() else {
                drop(writing);
                self.wanted.notified().await;
                continue;
            };
            let keys: Vec<_> = batch.writes.iter().map(|(key, _)| key.clone()).collect();
            match self.write(lease, batch.writes).await {
                Ok(at) => {
                    retry.reset();
                    for reply in batch.replies.into_iter().flat_map(|(_, replies)| replies) {
                        // Who does not wait any more does not need the answer.
                        let _ = reply.send(Ok(at));
                    }
                }
                Err(Refusal::LeaseGone) => return "a write found it gone".to_owned(),
                Err(Refusal::Other(error)) => {
                    drop(writing);
                    self.refused(&keys, batch.replies, error);
                    retry.pause().await;
                }
            }
        }
    }

    async fn write(&self, lease: i64, writes: Vec<(StoreKey, Bytes)>) -> Result<Revision, Refusal> {
        let options = PutOptions::new().with_lease(lease);
        let puts: Vec<_> = (writes.into_iter())
            .map(|(key, value)| TxnOp::put(key.as_str(), value.to_vec(), Some(options.clone())))
            .collect();
        let answer = self
            .link
            .raw(Operation::Put, |mut clients| async move {
                clients.kv.txn(Txn::new().and_then(puts)).await
            })
            .await
            .map_err(Refusal::Other)?;
        match answer {
            Ok(answer) => {
                Ok(revision(answer.header().map_or(0, etcd_client::ResponseHeader::revision)))
            }
            Err(error) if lease_is_gone(&error) => Err(Refusal::LeaseGone),
            Err(error) => Err(Refusal::Other(self.link.failed(Operation::Put, error))),
        }
    }

    // What may work later stays to be written. Of what will not, a single key is given up; several
    // are tried one by one, since one of them may be to blame for all.
    fn refused(&self, keys: &[StoreKey], replies: Vec<(StoreKey, Vec<Reply>)>, error: Error) {
        let mut bound = self.bound();
        if let ([key], false) = (keys, error.is_retriable()) {
            tracing::warn!(%key, %error, "entry bound to this client given up");
            bound.keys.remove(key);
            if let Some(reply) = replies.into_iter().flat_map(|(_, replies)| replies).next() {
                let _ = reply.send(Err(error));
            }
            return;
        }
        bound.singly = !error.is_retriable();
        for (key, replies) in replies {
            bound.dirty.entry(key).or_default().extend(replies);
        }
    }
}

enum Refusal {
    LeaseGone,
    Other(Error),
}

enum Beat {
    Gone,
    Broken,
}

// Keeps the lease alive over one stream, until that ends.
async fn beat(
    keeper: &mut etcd_client::LeaseKeeper,
    answers: &mut etcd_client::LeaseKeepAliveStream,
    life: Duration,
    good: &mut Instant,
) -> Beat {
    let mut due = tokio::time::interval(life / 3);
    loop {
        tokio::select! {
            _ = due.tick() => {
                if keeper.keep_alive().await.is_err() || good.elapsed() > life {
                    return Beat::Broken;
                }
            }
            answer = answers.message() => match answer {
                Ok(Some(answer)) if answer.ttl() > 0 => *good = Instant::now(),
                Ok(Some(_)) => return Beat::Gone,
                Ok(None) | Err(_) => return Beat::Broken,
            }
        }
    }
}

// === impl Bound ===

impl Bound {
    // The next keys to write, at least one.
    fn take(&mut self) -> Option<Batch> {
        let (mut batch, mut bytes) = (Batch { writes: Vec::new(), replies: Vec::new() }, 0);
        let limit = if self.singly { 1 } else { BATCH_KEYS };
        while batch.writes.len() < limit && bytes < BATCH_BYTES {
            let Some((key, replies)) = self.dirty.pop_first() else { break };
            let Some(value) = self.keys.get(&key) else { continue };
            bytes += value.len();
            batch.writes.push((key.clone(), value.clone()));
            batch.replies.push((key, replies));
        }
        if self.dirty.is_empty() {
            self.singly = false;
        }
        (!batch.writes.is_empty()).then_some(batch)
    }
}
