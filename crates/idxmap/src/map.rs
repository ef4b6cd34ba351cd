//! The map itself: one writing handle, any number of reading ones.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arc_swap::ArcSwap;
use tokio::sync::broadcast;

use crate::{
    index::IndexSink,
    snapshot::Snapshot,
    subscription::{Change, Event, Subscription},
};

/// How many commits a subscriber may be behind before it gets a new snapshot instead.
const BACKLOG: usize = 1024;

/// The writing side of a map.
pub struct IdxMap<V> {
    reader: IdxReader<V>,
    index: Box<IndexFn<V>>,
    /// Held while a commit is made, so that commits and their events have one order.
    commits: Mutex<broadcast::Sender<Event<V>>>,
}

/// The reading side of a map; cheap to clone.
pub struct IdxReader<V> {
    title: Arc<str>,
    current: Arc<ArcSwap<Snapshot<V>>>,
    events: broadcast::WeakSender<Event<V>>,
}

type IndexFn<V> = dyn Fn(&str, &V, &mut IndexSink) + Send + Sync;

// === impl IdxMap ===

impl<V> IdxMap<V> {
    /// An empty map. `title` says in dumps and logs what it holds; `index` computes the secondary keys of an
    /// item and must be a pure function of its arguments.
    pub fn new(
        title: impl Into<Arc<str>>,
        index: impl Fn(&str, &V, &mut IndexSink) + Send + Sync + 'static,
    ) -> Self {
        let (events, _) = broadcast::channel(BACKLOG);
        let reader = IdxReader {
            title: title.into(),
            current: Arc::new(ArcSwap::from_pointee(Snapshot::default())),
            events: events.downgrade(),
        };
        Self { reader, index: Box::new(index), commits: Mutex::new(events) }
    }

    /// An empty map without secondary indexes.
    pub fn plain(title: impl Into<Arc<str>>) -> Self {
        Self::new(title, |_, _, _| {})
    }

    /// A reading handle.
    pub fn reader(&self) -> IdxReader<V> {
        self.reader.clone()
    }

    /// The present state.
    pub fn snapshot(&self) -> Snapshot<V> {
        self.reader.snapshot()
    }

    /// Stores an item, new or replaced, and returns the data it had.
    pub fn put(&self, name: impl Into<Arc<str>>, data: V) -> Option<Arc<V>> {
        self.commit_put(&self.lock(), name.into(), Arc::new(data))
    }

    /// Replaces the data of an item that exists; tells whether it did.
    pub fn update(&self, name: &str, change: impl FnOnce(&V) -> V) -> bool {
        let events = self.lock();
        let current = self.reader.current.load();
        let Some(old) = current.get(name) else { return false };
        let new = Arc::new(change(old));
        self.commit_put(&events, Arc::from(name), new);
        true
    }

    /// Removes an item and returns its data.
    pub fn remove(&self, name: &str) -> Option<Arc<V>> {
        self.commit_remove(&self.lock(), name)
    }

    /// Makes the map hold exactly these items. Items that are not in the list are removed, each with its
    /// event; items that are there already are replaced.
    pub fn replace_all<N: Into<Arc<str>>>(&self, items: impl IntoIterator<Item = (N, V)>) {
        let items: Vec<(Arc<str>, V)> = items.into_iter().map(|(n, v)| (n.into(), v)).collect();
        let keep: std::collections::HashSet<&str> = items.iter().map(|(n, _)| n.as_ref()).collect();
        let events = self.lock();
        let before = self.snapshot();
        for item in before.iter().filter(|item| !keep.contains(item.name)) {
            self.commit_remove(&events, item.name);
        }
        for (name, data) in items {
            self.commit_put(&events, name, Arc::new(data));
        }
    }

    fn commit_put(
        &self,
        events: &broadcast::Sender<Event<V>>,
        name: Arc<str>,
        new: Arc<V>,
    ) -> Option<Arc<V>> {
        let mut sink = IndexSink::default();
        (self.index)(&name, &new, &mut sink);
        let current = self.reader.current.load();
        let (next, old) = current.with(&name, Arc::clone(&new), &sink.into_entries().into());
        let change = match &old {
            Some(old) => Change::Updated { old: Arc::clone(old), new },
            None => Change::Added(new),
        };
        self.publish(events, next, name, change);
        old
    }

    fn commit_remove(&self, events: &broadcast::Sender<Event<V>>, name: &str) -> Option<Arc<V>> {
        let (next, data) = self.reader.current.load().without(name)?;
        self.publish(events, next, Arc::from(name), Change::Removed(Arc::clone(&data)));
        Some(data)
    }

    fn publish(
        &self,
        events: &broadcast::Sender<Event<V>>,
        next: Snapshot<V>,
        name: Arc<str>,
        change: Change<V>,
    ) {
        let event = Event { revision: next.revision(), name, change };
        self.reader.current.store(Arc::new(next));
        // Fails only when nobody is subscribed.
        let _ = events.send(event);
    }

    /// A writer that panicked left the published snapshot whole, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, broadcast::Sender<Event<V>>> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> fmt::Debug for IdxMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reader.fmt(f)
    }
}

// === impl IdxReader ===

impl<V> IdxReader<V> {
    /// What the map holds, in words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The present state.
    pub fn snapshot(&self) -> Snapshot<V> {
        Snapshot::clone(&self.current.load())
    }

    /// The present data of one item.
    pub fn get(&self, name: &str) -> Option<Arc<V>> {
        self.current.load().get(name).cloned()
    }

    /// Follows the map: the whole state first, then every commit in order. A subscriber that falls too far
    /// behind gets a new snapshot in place of what it missed.
    pub fn subscribe(&self) -> Subscription<V> {
        let events = match self.events.upgrade() {
            Some(sender) => sender.subscribe(),
            // The map is gone: the last state, then the end.
            None => broadcast::channel(1).1,
        };
        Subscription::new(Arc::clone(&self.current), events)
    }

    /// How many subscriptions there are.
    pub fn subscribers(&self) -> usize {
        self.events.upgrade().map_or(0, |sender| sender.receiver_count())
    }
}

impl<V> Clone for IdxReader<V> {
    fn clone(&self) -> Self {
        Self {
            title: Arc::clone(&self.title),
            current: Arc::clone(&self.current),
            events: self.events.clone(),
        }
    }
}

impl<V> fmt::Debug for IdxReader<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.current.load();
        f.debug_struct("IdxReader")
            .field("title", &self.title)
            .field("revision", &current.revision())
            .field("items", &current.len())
            .finish()
    }
}
