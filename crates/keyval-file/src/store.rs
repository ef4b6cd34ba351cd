//! The store: what the files say, now and as it changes.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ligato_keyval::{
    Entry, Error, Hub, Ledger, Listing, Page, PageRequest, Prefix, Read, SnapshotSource, Store,
    StoreKey, StoreState, Watch, WatchRequest, WatchStream,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::content::{Content, Look};
use crate::problem::Problem;
use crate::watcher::FolderWatcher;

const NAME: &str = "file";

/// How long after the first sign of a change the files are read, so that a writer can finish.
const SETTLE: Duration = Duration::from_millis(50);

/// Where the files are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileConfig {
    /// Files and folders (`configuration-paths`).
    pub paths: Vec<PathBuf>,
}

/// Files as a store. Handles are cheap to clone; with the last one following the files ends.
#[derive(Clone)]
pub struct FileStore {
    inner: Arc<Inner>,
    // Ends the task when the last handle goes.
    _task: Arc<Task>,
}

struct Inner {
    ledger: Mutex<Ledger>,
    hub: Hub,
    state: watch::Sender<StoreState>,
    problems: watch::Sender<Arc<[Problem]>>,
}

struct Task(JoinHandle<()>);

// === impl FileStore ===

impl FileStore {
    /// Reads the files and follows them from now on. Must be called within a tokio runtime.
    ///
    /// What is wrong with the files is no error of opening: see [`FileStore::problems`].
    pub async fn open(config: FileConfig) -> Self {
        let inner = Arc::new(Inner {
            ledger: Mutex::default(),
            hub: Hub::default(),
            state: watch::Sender::new(StoreState::Connected),
            problems: watch::Sender::new(Arc::from([])),
        });
        let wake = Arc::new(Notify::new());
        let follower = Follower {
            paths: config.paths,
            content: Content::default(),
            watcher: FolderWatcher::new(wake.clone()),
        };
        let follower = follower.step(&inner).await;
        let running = inner.clone();
        let task = tokio::spawn(async move {
            let mut follower = follower;
            while let Some(ready) = follower {
                wake.notified().await;
                tokio::time::sleep(SETTLE).await;
                follower = ready.step(&running).await;
            }
        });
        Self { inner, _task: Arc::new(Task(task)) }
    }

    /// What is wrong with the files, now and later.
    pub fn problems(&self) -> watch::Receiver<Arc<[Problem]>> {
        self.inner.problems.subscribe()
    }

    fn read(&self) -> Result<Ledger, Error> {
        if *self.inner.state.borrow() == StoreState::Closed {
            return Err(Error::Closed { store: NAME });
        }
        Ok(self.inner.ledger().clone())
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let revision = self.inner.ledger().revision();
        f.debug_struct("FileStore").field("revision", &revision).finish()
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Follower {
    paths: Vec<PathBuf>,
    content: Content,
    watcher: FolderWatcher,
}

impl Follower {
    // Looks at the disk on a thread that may block, and tells what changed.
    async fn step(mut self, inner: &Inner) -> Option<Self> {
        let work = tokio::task::spawn_blocking(move || {
            let look = self.look();
            (self, look)
        });
        match work.await {
            Ok((follower, look)) => {
                inner.update(look);
                Some(follower)
            }
            Err(error) => {
                tracing::error!(%error, "files are not followed any more");
                None
            }
        }
    }

    fn look(&mut self) -> Look {
        loop {
            let mut look = self.content.look(&self.paths);
            // What came into a folder before it was watched is found by looking again.
            let (news, problems) = self.watcher.follow(std::mem::take(&mut look.folders));
            if !news {
                look.problems.extend(problems);
                return look;
            }
        }
    }
}

impl Inner {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, look: Look) {
        let mut ledger = self.ledger();
        let prepared = ledger.prepare_replace(&look.entries);
        ledger.apply(&prepared);
        if let Some(changes) = &prepared.changes {
            self.hub.publish(changes);
        }
        drop(ledger);
        self.problems.send_if_modified(|known| {
            let news = **known != *look.problems;
            if news {
                for problem in look.problems.iter().filter(|problem| !known.contains(problem)) {
                    tracing::warn!(%problem, "problem in a file of the store");
                }
                *known = look.problems.into();
            }
            news
        });
    }
}

#[async_trait]
impl SnapshotSource for Inner {
    async fn snapshot(&self, prefixes: &[Prefix]) -> Option<Listing> {
        let ledger = self.ledger().clone();
        (*self.state.borrow() != StoreState::Closed).then(|| ledger.listing(prefixes))
    }
}

#[async_trait]
impl Read for FileStore {
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

impl Watch for FileStore {
    fn watch(&self, request: WatchRequest) -> WatchStream {
        let stream = self.inner.hub.subscribe(request, self.inner.clone());
        if *self.inner.state.borrow() == StoreState::Closed {
            self.inner.hub.close();
        }
        stream
    }
}

#[async_trait]
impl Store for FileStore {
    fn name(&self) -> &'static str {
        NAME
    }

    fn state(&self) -> watch::Receiver<StoreState> {
        self.inner.state.subscribe()
    }

    fn as_watch(&self) -> Result<&dyn Watch, Error> {
        Ok(self)
    }

    async fn close(&self) {
        self.inner.state.send_replace(StoreState::Closed);
        self.inner.hub.close();
    }
}
