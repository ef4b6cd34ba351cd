//! The connection: made in the background, probed, and used by everything else.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use etcd_client::{Client, ConnectOptions, GetOptions, KvClient, LeaseClient, WatchClient};
use ligato_keyval::{Error, Operation, StoreState};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::config::EtcdConfig;
use crate::fault::{NAME, fault};
use crate::retry::Retry;

/// Key the original reads to see whether etcd answers. It need not exist.
const PROBE_KEY: &str = "/probe-etcd-connection";
/// How often a connection that works is probed.
const PROBE_PERIOD: Duration = Duration::from_secs(5);
/// Largest answer accepted: a page of large values may exceed gRPC's usual 4 MiB by far.
const MAX_MESSAGE: usize = 1 << 30;

/// What requests go through. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Clients {
    pub(crate) kv: KvClient,
    pub(crate) watch: WatchClient,
    pub(crate) lease: LeaseClient,
}

pub(crate) struct Link {
    pub(crate) config: EtcdConfig,
    /// Cancelled when the store is closed or its last handle is gone.
    pub(crate) closed: CancellationToken,
    clients: watch::Sender<Option<Clients>>,
    state: watch::Sender<StoreState>,
    // A request failed: probe now.
    suspect: Notify,
}

// === impl Link ===

impl Link {
    /// Starts connecting.
    pub(crate) fn open(config: EtcdConfig, options: ConnectOptions) -> Arc<Self> {
        let link = Arc::new(Self {
            config,
            closed: CancellationToken::new(),
            clients: watch::Sender::new(None),
            state: watch::Sender::new(StoreState::Connecting { last_error: None }),
            suspect: Notify::new(),
        });
        let running = link.clone();
        tokio::spawn(async move {
            let closed = running.closed.clone();
            let work = async {
                running.connect(options).await;
                futures::join!(running.probe(), running.compact());
            };
            closed.run_until_cancelled(work).await;
            running.state.send_replace(StoreState::Closed);
            running.clients.send_replace(None);
        });
        link
    }

    pub(crate) fn state(&self) -> watch::Receiver<StoreState> {
        self.state.subscribe()
    }

    /// Waits until there is something to send requests through; none when closed.
    pub(crate) async fn clients(&self) -> Option<Clients> {
        let mut clients = self.clients.subscribe();
        let ready = clients.wait_for(Option::is_some);
        self.closed.run_until_cancelled(ready).await?.ok()?.clone()
    }

    /// Sends a request, with the deadline every request has.
    pub(crate) async fn call<T, F>(
        &self,
        operation: Operation,
        request: impl FnOnce(Clients) -> F + Send,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, etcd_client::Error>> + Send,
    {
        self.raw(operation, request).await?.map_err(|error| self.failed(operation, error))
    }

    /// The same, with the library's own error for those who look into it.
    pub(crate) async fn raw<T, F>(
        &self,
        operation: Operation,
        request: impl FnOnce(Clients) -> F + Send,
    ) -> Result<Result<T, etcd_client::Error>, Error>
    where
        F: Future<Output = Result<T, etcd_client::Error>> + Send,
    {
        self.connected().await?;
        let attempt = self.attempt(operation, request).await;
        if let Err(Error::Timeout { .. }) = attempt {
            self.suspect.notify_one();
        }
        attempt
    }

    // Waits, as long as a request may take, until etcd answers.
    async fn connected(&self) -> Result<(), Error> {
        let mut state = self.state.subscribe();
        let settled = state.wait_for(|state| !matches!(state, StoreState::Connecting { .. }));
        match tokio::time::timeout(self.config.operation_timeout, settled).await {
            Ok(Ok(state)) if *state == StoreState::Connected => Ok(()),
            Ok(_) => Err(Error::Closed { store: NAME }),
            Err(_) => Err(Error::NotConnected { store: NAME }),
        }
    }

    async fn attempt<T, F>(
        &self,
        operation: Operation,
        request: impl FnOnce(Clients) -> F + Send,
    ) -> Result<Result<T, etcd_client::Error>, Error>
    where
        F: Future<Output = Result<T, etcd_client::Error>> + Send,
    {
        let after = self.config.operation_timeout;
        let Some(clients) = self.clients().await else { return Err(Error::Closed { store: NAME }) };
        match tokio::time::timeout(after, request(clients)).await {
            Ok(answer) => Ok(answer),
            Err(_) => Err(Error::Timeout { store: NAME, operation, after }),
        }
    }

    /// Sorts an error and has the connection probed if it says so.
    pub(crate) fn failed(&self, operation: Operation, error: etcd_client::Error) -> Error {
        let error = fault(operation, error);
        if matches!(error, Error::NotConnected { .. }) {
            self.suspect.notify_one();
        }
        error
    }

    async fn connect(&self, options: ConnectOptions) {
        let mut retry = Retry::new(self.config.reconnect_interval);
        let allowed = self.config.dial_timeout + self.config.operation_timeout;
        loop {
            let attempt = Client::connect(&self.config.endpoints, Some(options.clone()));
            let error = match tokio::time::timeout(allowed, attempt).await {
                Ok(Ok(client)) => {
                    self.clients.send_replace(Some(Clients {
                        kv: client.kv_client().max_decoding_message_size(MAX_MESSAGE),
                        watch: client.watch_client().max_decoding_message_size(MAX_MESSAGE),
                        lease: client.lease_client(),
                    }));
                    return;
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {allowed:?}"),
            };
            self.away(error);
            retry.pause().await;
        }
    }

    async fn probe(&self) {
        let mut retry = Retry::new(self.config.reconnect_interval);
        loop {
            let probe = |mut clients: Clients| async move {
                clients.kv.get(PROBE_KEY, Some(GetOptions::new().with_keys_only())).await
            };
            let answer = self.attempt(Operation::Get, probe).await;
            match answer.and_then(|answer| answer.map_err(|error| fault(Operation::Get, error))) {
                // Whoever may not read this key is connected all the same.
                Ok(_) | Err(Error::Denied { .. }) => {
                    self.here();
                    retry.reset();
                    let pause = tokio::time::timeout(PROBE_PERIOD, self.suspect.notified());
                    if pause.await.is_ok() {
                        retry.pause().await;
                    }
                }
                Err(error) => {
                    self.away(error.to_string());
                    retry.pause().await;
                }
            }
        }
    }

    async fn compact(&self) {
        let period = self.config.auto_compact;
        if period.is_zero() {
            return;
        }
        loop {
            tokio::time::sleep(period).await;
            let compact = |mut clients: Clients| async move {
                let probe = clients.kv.get(PROBE_KEY, None).await?;
                let revision = probe.header().map_or(0, etcd_client::ResponseHeader::revision);
                clients.kv.compact(revision, None).await
            };
            if let Err(error) = self.call(Operation::Delete, compact).await {
                tracing::warn!(%error, "cannot compact the history of etcd");
            }
        }
    }

    fn here(&self) {
        self.state.send_if_modified(|state| {
            let news = *state != StoreState::Connected;
            if news {
                tracing::info!(endpoints = ?self.config.endpoints, "connected to etcd");
                *state = StoreState::Connected;
            }
            news
        });
    }

    fn away(&self, error: String) {
        self.state.send_if_modified(|state| {
            let now = StoreState::Connecting { last_error: Some(error) };
            let news = *state != now;
            if news {
                tracing::warn!(endpoints = ?self.config.endpoints, state = ?now, "etcd is away");
                *state = now;
            }
            news
        });
    }
}
