//! Subscriptions to VPP's events. They belong to the client, not to a connection: after every connect the request for
//! the events is sent again and each subscriber is told that it has to look for itself once.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use arc_swap::ArcSwap;
use futures::Stream;
use futures::future::BoxFuture;
use ligato_vpp_api::Event;
use rustc_hash::FxHashMap;

use crate::error::VppError;
use crate::link::Shared;
use crate::table::MessageTable;
use crate::wire;

/// An item of an event stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice<E> {
    /// Events may have been missed: the subscription (re)started or the reader was too slow. Read the state anew;
    /// everything that follows is newer. The first item of a stream is always this.
    Gap,
    /// VPP sent an event.
    Event(E),
}

/// Events of one type, across reconnects; ends when the client is closed.
#[derive(Debug)]
pub struct EventStream<E> {
    queue: Arc<Queue<E>>,
}

impl<E: Event> Stream for EventStream<E> {
    type Item = Notice<E>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Notice<E>>> {
        let mut inner = self.queue.lock();
        if let Some(event) = inner.items.pop_front() {
            return Poll::Ready(Some(Notice::Event(event)));
        }
        if std::mem::take(&mut inner.missed) {
            return Poll::Ready(Some(Notice::Gap));
        }
        if inner.closed {
            return Poll::Ready(None);
        }
        inner.waker = Some(task.waker().clone());
        Poll::Pending
    }
}

impl<E: Event> EventStream<E> {
    /// The next item; `None` after the client was closed.
    pub async fn recv(&mut self) -> Option<Notice<E>> {
        futures::StreamExt::next(self).await
    }
}

#[derive(Debug)]
struct Queue<E> {
    inner: Mutex<Inner<E>>,
    limit: usize,
}

#[derive(Debug)]
struct Inner<E> {
    items: VecDeque<E>,
    /// Something was not queued. Until the reader has seen the gap nothing more is queued either, so that what comes
    /// after the gap is newer than what the reader then reads.
    missed: bool,
    closed: bool,
    waker: Option<Waker>,
}

impl<E> Queue<E> {
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner<E>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The untyped side of a queue.
trait Sink: Send + Sync {
    fn deliver(&self, payload: &[u8], wake: &mut Vec<Waker>);
    fn gap(&self, wake: &mut Vec<Waker>);
    fn close(&self, wake: &mut Vec<Waker>);
}

impl<E: Event> Sink for Queue<E> {
    fn deliver(&self, payload: &[u8], wake: &mut Vec<Waker>) {
        let decoded = wire::decode::<E>(payload);
        let mut inner = self.lock();
        if inner.missed {
            return;
        }
        match decoded {
            Ok(event) if inner.items.len() < self.limit => inner.items.push_back(event),
            Ok(_) => inner.missed = true,
            Err(error) => {
                tracing::warn!(event = E::NAME, %error, "event cannot be decoded");
                inner.missed = true;
            }
        }
        wake.extend(inner.waker.take());
    }

    fn gap(&self, wake: &mut Vec<Waker>) {
        let mut inner = self.lock();
        inner.missed = true;
        wake.extend(inner.waker.take());
    }

    fn close(&self, wake: &mut Vec<Waker>) {
        let mut inner = self.lock();
        inner.closed = true;
        wake.extend(inner.waker.take());
    }
}

/// Sends the request for events.
pub(crate) type Want =
    Arc<dyn Fn(Arc<Shared>) -> BoxFuture<'static, Result<(), VppError>> + Send + Sync>;

struct Subscription {
    resolve: fn(&MessageTable) -> Option<u16>,
    sink: Weak<dyn Sink>,
    want: Option<Want>,
}

/// All subscriptions of a client.
pub(crate) struct Registry {
    queue_limit: usize,
    subscriptions: Mutex<Vec<Subscription>>,
    routes: ArcSwap<Routes>,
}

/// Where the events of the current connection go, by message number.
#[derive(Default)]
pub(crate) struct Routes(FxHashMap<u16, Vec<Weak<dyn Sink>>>);

impl Routes {
    /// Hands an event to its subscribers; `false` if it is none of theirs.
    pub(crate) fn deliver(&self, id: u16, payload: &[u8], wake: &mut Vec<Waker>) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let Some(sinks) = self.0.get(&id) else { return false };
        for sink in sinks.iter().filter_map(Weak::upgrade) {
            sink.deliver(payload, wake);
        }
        true
    }
}

impl Registry {
    pub(crate) fn new(queue_limit: usize) -> Self {
        Self { queue_limit, subscriptions: Mutex::default(), routes: ArcSwap::default() }
    }

    /// Adds a subscription; the caller then sends `want`, if connected, and reports the gap.
    pub(crate) fn add<E: Event>(&self, want: Option<Want>) -> EventStream<E> {
        let inner = Inner { items: VecDeque::new(), missed: true, closed: false, waker: None };
        let queue = Arc::new(Queue { inner: Mutex::new(inner), limit: self.queue_limit });
        let sink: Arc<dyn Sink> = queue.clone();
        self.lock().push(Subscription {
            resolve: |table| wire::resolve::<E>(table).ok(),
            sink: Arc::downgrade(&sink),
            want,
        });
        EventStream { queue }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Subscription>> {
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The routes of the current connection.
    pub(crate) fn routes(&self) -> arc_swap::Guard<Arc<Routes>> {
        self.routes.load()
    }

    /// Works the routes out anew for a connection's table.
    pub(crate) fn connect(&self, table: &MessageTable) {
        let mut routes = Routes::default();
        let mut subscriptions = self.lock();
        subscriptions.retain(|s| s.sink.strong_count() > 0);
        for subscription in subscriptions.iter() {
            if let Some(id) = (subscription.resolve)(table) {
                routes.0.entry(id).or_default().push(subscription.sink.clone());
            }
        }
        self.routes.store(Arc::new(routes));
    }

    /// The requests for events that a new connection has to send.
    pub(crate) fn wants(&self) -> Vec<Want> {
        self.lock().iter().filter_map(|s| s.want.clone()).collect()
    }

    /// Tells every subscriber that it may have missed something.
    pub(crate) fn gap(&self) {
        self.each(|sink, wake| sink.gap(wake));
    }

    /// Ends every stream.
    pub(crate) fn close(&self) {
        self.each(|sink, wake| sink.close(wake));
    }

    fn each(&self, act: impl Fn(&dyn Sink, &mut Vec<Waker>)) {
        let sinks: Vec<_> = self.lock().iter().filter_map(|s| s.sink.upgrade()).collect();
        let mut wake = Vec::new();
        for sink in sinks {
            act(&*sink, &mut wake);
        }
        for waker in wake {
            waker.wake();
        }
    }
}
