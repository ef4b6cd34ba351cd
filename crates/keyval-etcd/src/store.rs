//! The store: requests to etcd.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use etcd_client::{CompareOp, DeleteOptions, GetResponse, PutOptions, ResponseHeader};
use ligato_keyval::{
    Branch, ClientLifetime, Condition, Deleted, Entry, Error, Listing, Operation, Page,
    PageRequest, PageStart, Prefix, Read, Revision, Store, StoreKey, StoreState, TimeToLive,
    Transact, Txn, TxnOp, TxnOutcome, Watch, WatchRequest, WatchStream, Write, outermost,
};
use tokio::sync::watch;

use crate::config::{ConfigError, EtcdConfig};
use crate::fault::{NAME, is_compacted};
use crate::link::{Clients, Link};
use crate::range::{Range, entry, revision};
use crate::session::Session;
use crate::supervisor::{Begin, Source, supervise};

/// Keys read with one request.
const PAGE: usize = 1000;

/// A connection to etcd. Handles are cheap to clone; with the last one everything ends.
#[derive(Clone)]
pub struct EtcdStore {
    inner: Arc<Inner>,
}

struct Inner {
    link: Arc<Link>,
    session: Arc<Session>,
}

// === impl EtcdStore ===

impl EtcdStore {
    /// Starts connecting and returns at once. Requests wait for the connection, up to
    /// `operation-timeout`; watches wait as long as it takes. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the settings do not fit together or a certificate cannot be read. That the server
    /// cannot be reached is no error here: see [`Store::state`].
    pub fn open(config: EtcdConfig) -> Result<Self, ConfigError> {
        let options = config.connect_options()?;
        let link = Link::open(config, options);
        let session = Session::open(link.clone());
        Ok(Self { inner: Arc::new(Inner { link, session }) })
    }

    fn link(&self) -> &Arc<Link> {
        &self.inner.link
    }

    pub(crate) fn watch_from(&self, request: WatchRequest, begin: Begin) -> WatchStream {
        let (feed, stream) = request.open(Arc::new(Source(self.link().clone())));
        // Nothing is watched until etcd confirms it.
        feed.stall();
        tokio::spawn(supervise(self.link().clone(), feed, begin));
        stream
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.link.closed.cancel();
    }
}

impl fmt::Debug for EtcdStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdStore").field("endpoints", &self.link().config.endpoints).finish()
    }
}

fn at(header: Option<&ResponseHeader>) -> Revision {
    revision(header.map_or(0, ResponseHeader::revision))
}

// One page, optionally as of an earlier revision.
async fn read_page(
    link: &Link,
    range: Range,
    limit: usize,
    as_of: Option<i64>,
) -> Result<Result<GetResponse, etcd_client::Error>, Error> {
    let mut options = range.get().with_limit(i64::try_from(limit).unwrap_or(i64::MAX));
    if let Some(revision) = as_of {
        options = options.with_revision(revision);
    }
    let get =
        |mut clients: Clients| async move { clients.kv.get(range.start, Some(options)).await };
    link.raw(Operation::List, get).await
}

/// Everything below `prefixes`, page by page, all as of the revision of the first page. When that
/// is compacted meanwhile, reading starts again.
pub(crate) async fn snapshot(link: &Link, prefixes: &[Prefix]) -> Result<Listing, Error> {
    'again: loop {
        let (mut entries, mut as_of) = (Vec::new(), None);
        for prefix in outermost(prefixes) {
            let mut range = Range::below(&prefix);
            loop {
                let page = match read_page(link, range.clone(), PAGE, as_of).await? {
                    Ok(page) => page,
                    Err(error) if is_compacted(&error) => continue 'again,
                    Err(error) => return Err(link.failed(Operation::List, error)),
                };
                as_of = as_of.or_else(|| page.header().map(ResponseHeader::revision));
                entries.extend(page.kvs().iter().filter_map(entry));
                match page.kvs().last() {
                    Some(last) if page.more() => range.start = [last.key(), b"\0"].concat(),
                    _ => break,
                }
            }
        }
        let revision = match as_of {
            Some(number) => revision(number),
            // Nothing is watched; the revision is still one to go on from.
            None => Revision::default(),
        };
        return Ok(Listing { revision, entries });
    }
}

#[async_trait]
impl Read for EtcdStore {
    async fn get(&self, key: &StoreKey) -> Result<Option<Entry>, Error> {
        let get = |mut clients: Clients| async move { clients.kv.get(key.as_str(), None).await };
        let answer = self.link().call(Operation::Get, get).await?;
        Ok(answer.kvs().first().and_then(entry))
    }

    async fn page(&self, prefix: &Prefix, request: PageRequest) -> Result<Page, Error> {
        let mut range = Range::below(prefix);
        if let Some(PageStart(key)) = &request.start {
            range = range.after(key);
        }
        let answer = read_page(self.link(), range, request.limit.max(1), None).await?;
        let page = answer.map_err(|error| self.link().failed(Operation::List, error))?;
        let entries: Vec<_> = page.kvs().iter().filter_map(entry).collect();
        let next = match entries.last() {
            Some(last) if page.more() => Some(PageStart(last.key.clone())),
            _ => None,
        };
        Ok(Page { revision: at(page.header()), entries, next })
    }

    async fn snapshot(&self, prefixes: &[Prefix]) -> Result<Listing, Error> {
        snapshot(self.link(), prefixes).await
    }
}

#[async_trait]
impl Write for EtcdStore {
    async fn put(&self, key: &StoreKey, value: Bytes) -> Result<Revision, Error> {
        self.inner.session.forget(|bound| bound == key).await;
        let put = |mut clients: Clients| async move {
            clients.kv.put(key.as_str(), value.to_vec(), None).await
        };
        Ok(at(self.link().call(Operation::Put, put).await?.header()))
    }

    async fn delete(&self, key: &StoreKey) -> Result<Deleted, Error> {
        self.inner.session.forget(|bound| bound == key).await;
        let delete =
            |mut clients: Clients| async move { clients.kv.delete(key.as_str(), None).await };
        let answer = self.link().call(Operation::Delete, delete).await?;
        Ok(Deleted { count: answer.deleted().unsigned_abs(), revision: at(answer.header()) })
    }

    async fn delete_prefix(&self, prefix: &Prefix) -> Result<Deleted, Error> {
        self.inner.session.forget(|bound| prefix.contains(bound)).await;
        let range = Range::below(prefix);
        let options = DeleteOptions::new().with_range(range.end);
        let delete = |mut clients: Clients| async move {
            clients.kv.delete(range.start, Some(options)).await
        };
        let answer = self.link().call(Operation::Delete, delete).await?;
        Ok(Deleted { count: answer.deleted().unsigned_abs(), revision: at(answer.header()) })
    }
}

fn compare(condition: Condition) -> etcd_client::Compare {
    use etcd_client::Compare;
    match condition {
        Condition::Exists(key) => Compare::version(key.as_str(), CompareOp::Greater, 0),
        Condition::Absent(key) => Compare::version(key.as_str(), CompareOp::Equal, 0),
        Condition::ValueIs(key, value) => {
            Compare::value(key.as_str(), CompareOp::Equal, value.to_vec())
        }
        Condition::RevisionIs(key, Revision(number)) => {
            // A number etcd cannot have is one no key was written at.
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            Compare::mod_revision(key.as_str(), CompareOp::Equal, number)
        }
    }
}

fn operations(ops: Vec<TxnOp>) -> Vec<etcd_client::TxnOp> {
    let one = |op| match op {
        TxnOp::Put(key, value) => etcd_client::TxnOp::put(key.as_str(), value.to_vec(), None),
        TxnOp::Delete(key) => etcd_client::TxnOp::delete(key.as_str(), None),
    };
    ops.into_iter().map(one).collect()
}

#[async_trait]
impl Transact for EtcdStore {
    async fn transact(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        txn.validate()?;
        let written =
            |bound: &StoreKey| txn.then.iter().chain(&txn.otherwise).any(|op| op.key() == bound);
        self.inner.session.forget(written).await;
        let request = etcd_client::Txn::new()
            .when(txn.conditions.into_iter().map(compare).collect::<Vec<_>>())
            .and_then(operations(txn.then))
            .or_else(operations(txn.otherwise));
        let send = |mut clients: Clients| async move { clients.kv.txn(request).await };
        let answer = self.link().call(Operation::Transaction, send).await?;
        let branch = if answer.succeeded() { Branch::Then } else { Branch::Otherwise };
        Ok(TxnOutcome { branch, revision: at(answer.header()) })
    }
}

#[async_trait]
impl ClientLifetime for EtcdStore {
    async fn put_for_client(&self, key: &StoreKey, value: Bytes) -> Result<Revision, Error> {
        self.inner.session.put(key, value).await
    }
}

#[async_trait]
impl TimeToLive for EtcdStore {
    async fn put_with_ttl(
        &self,
        key: &StoreKey,
        value: Bytes,
        ttl: Duration,
    ) -> Result<Revision, Error> {
        self.inner.session.forget(|bound| bound == key).await;
        let seconds = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
        let seconds = i64::try_from(seconds.max(1)).unwrap_or(i64::MAX);
        let put = |mut clients: Clients| async move {
            // A lease whose put fails has no keys and ends by itself.
            let lease = clients.lease.grant(seconds, None).await?.id();
            let options = PutOptions::new().with_lease(lease);
            clients.kv.put(key.as_str(), value.to_vec(), Some(options)).await
        };
        Ok(at(self.link().call(Operation::Put, put).await?.header()))
    }
}

impl Watch for EtcdStore {
    fn watch(&self, request: WatchRequest) -> WatchStream {
        self.watch_from(request, Begin::Now)
    }
}

#[async_trait]
impl Store for EtcdStore {
    fn name(&self) -> &'static str {
        NAME
    }

    fn state(&self) -> watch::Receiver<StoreState> {
        self.link().state()
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
        self.inner.session.close().await;
        self.link().closed.cancel();
    }
}
