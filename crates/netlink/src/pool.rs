//! Conversations that are shared, one per namespace, as long as they are used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::namespace::{Namespace, NamespaceId, NamespaceRef};
use crate::netlink::{Inner, Netlink};

/// An unused conversation is kept this long. An open socket keeps its namespace alive, and with it
/// the interfaces of a container that has ended, so it must not be much longer.
const IDLE: Duration = Duration::from_secs(1);

/// A cache of conversations, one per namespace. Clones share it.
#[derive(Clone, Debug)]
pub struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    default: Namespace,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<NamespaceId, Entry>,
    sweeping: bool,
}

#[derive(Debug)]
struct Entry {
    weak: Weak<Inner>,
    /// Holds the conversation while nobody else does.
    held: Option<(Netlink, Instant)>,
}

impl Pool {
    /// A pool whose default namespace is the one of the calling thread.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub fn new() -> Result<Pool, Error> {
        Ok(Pool::with_default(Namespace::current()?))
    }

    /// A pool with another default namespace, so that all that is said about "the default
    /// namespace" happens there.
    #[must_use]
    pub fn with_default(default: Namespace) -> Pool {
        Pool { shared: Arc::new(Shared { default, state: Mutex::default() }) }
    }

    /// The namespace that [`NamespaceRef::Default`] stands for.
    #[must_use]
    pub fn default_namespace(&self) -> &Namespace {
        &self.shared.default
    }

    /// A handle of what the reference points at now.
    ///
    /// # Errors
    /// When there is no such namespace.
    pub fn resolve(&self, reference: &NamespaceRef) -> Result<Namespace, Error> {
        match reference {
            NamespaceRef::Default => Ok(self.shared.default.clone()),
            other => Namespace::open(other),
        }
    }

    /// A conversation inside what the reference points at now. A name that meanwhile stands for
    /// another namespace gets another conversation.
    ///
    /// # Errors
    /// When there is no such namespace or it cannot be entered.
    pub async fn get(&self, reference: &NamespaceRef) -> Result<Netlink, Error> {
        self.open(&self.resolve(reference)?).await
    }

    /// A conversation inside the namespace.
    ///
    /// # Errors
    /// When it cannot be entered.
    pub async fn open(&self, namespace: &Namespace) -> Result<Netlink, Error> {
        if let Some(netlink) = self.cached(namespace.id()) {
            return Ok(netlink);
        }
        // Two callers may both get here; the second socket then replaces the first in the cache.
        let netlink = Netlink::open(namespace).await?;
        let entry = Entry {
            weak: Arc::downgrade(netlink.inner()),
            held: Some((netlink.clone(), Instant::now())),
        };
        let mut state = self.shared.lock();
        state.entries.insert(namespace.id(), entry);
        if !state.sweeping {
            state.sweeping = true;
            tokio::spawn(sweep(Arc::downgrade(&self.shared)));
        }
        Ok(netlink)
    }

    fn cached(&self, id: NamespaceId) -> Option<Netlink> {
        let mut state = self.shared.lock();
        let entry = state.entries.get_mut(&id)?;
        let netlink = Netlink::from_inner(entry.weak.upgrade()?);
        if !netlink.is_open() {
            return None;
        }
        entry.held = Some((netlink.clone(), Instant::now()));
        Some(netlink)
    }

    /// How many conversations are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.lock().entries.len()
    }

    /// No conversation is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held; the map would be usable even so.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets go of what was not used for a while; ends when nothing is left.
async fn sweep(shared: Weak<Shared>) {
    loop {
        sleep(IDLE).await;
        let Some(shared) = shared.upgrade() else { return };
        let mut state = shared.lock();
        let now = Instant::now();
        for entry in state.entries.values_mut() {
            if entry.held.as_ref().is_some_and(|(_, used)| now.duration_since(*used) >= IDLE) {
                entry.held = None;
            }
        }
        state.entries.retain(|_, entry| entry.weak.strong_count() > 0);
        if state.entries.is_empty() {
            state.sweeping = false;
            return;
        }
    }
}
