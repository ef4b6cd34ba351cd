//! The watch over the links of the default namespace.
//!
//! Links of other namespaces are not watched: what happens inside a container is found by a
//! read-back.

use std::collections::VecDeque;
use std::time::Duration;

use futures::FutureExt;
use ligato_kvs_api::{Notification, NotificationSink};
use ligato_model::{Key, Value};
use ligato_netlink::{Error, Event, Link, Netlink, Watch, WatchOptions};
use tokio::sync::broadcast;
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use crate::host_state::{Changes, HostState, Presence};

/// How long a link has to be down before that is told.
const DOWN_DELAY: Duration = Duration::from_millis(10);

/// Pause before watching again after a failure.
pub(crate) const RESTART_DELAY: Duration = Duration::from_secs(1);

/// As many events are put into one batch at most.
const BATCH: usize = 1024;

/// Something happened to a link of the default namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkEvent {
    /// The link after (or, when it is gone, before) the change.
    pub link: Link,
    /// What happened.
    pub change: LinkChange,
}

/// What happened to a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkChange {
    /// It is new or has changed.
    Changed,
    /// It is gone.
    Removed,
}

/// Watches until dropped.
pub(crate) async fn run(
    netlink: &Netlink,
    sink: &NotificationSink,
    events: &broadcast::Sender<LinkEvent>,
) {
    let mut watcher = Watcher { sink, events, state: HostState::default(), down: VecDeque::new() };
    loop {
        if let Err(error) = watcher.watch(netlink).await {
            // The next watch begins with a snapshot, so nothing that happens meanwhile is lost.
            warn!(%error, "watching the host's links failed, trying again");
        }
        tokio::time::sleep(RESTART_DELAY).await;
    }
}

struct Watcher<'a> {
    sink: &'a NotificationSink,
    events: &'a broadcast::Sender<LinkEvent>,
    state: HostState,
    /// Links that went down, in order of when that is to be told.
    down: VecDeque<Delayed>,
}

struct Delayed {
    due: Instant,
    index: u32,
    event: Event,
}

impl Watcher<'_> {
    async fn watch(&mut self, netlink: &Netlink) -> Result<(), Error> {
        let mut watch = Watch::open(netlink, WatchOptions::default()).await?;
        loop {
            let mut changes = Changes::new();
            tokio::select! {
                event = watch.next() => self.take(event?, &mut changes),
                () = due(self.down.front()) => self.let_down(&mut changes),
            }
            // What has happened together is told together.
            for _ in 0..BATCH {
                match watch.next().now_or_never() {
                    Some(event) => self.take(event?, &mut changes),
                    None => break,
                }
            }
            self.send(changes);
        }
    }

    fn take(&mut self, event: Event, changes: &mut Changes) {
        self.pass_on(&event);
        if let Some(index) = self.state.goes_down(&event) {
            self.down.retain(|delayed| delayed.index != index);
            self.down.push_back(Delayed { due: Instant::now() + DOWN_DELAY, index, event });
            return;
        }
        match &event {
            Event::Link(link) | Event::LinkRemoved(link) => {
                // Whatever waits for its time is older.
                self.down.retain(|delayed| delayed.index != link.index);
            }
            Event::Snapshot(_) => self.down.clear(),
            _ => {}
        }
        changes.extend(self.state.apply(&event));
    }

    fn let_down(&mut self, changes: &mut Changes) {
        let now = Instant::now();
        while let Some(delayed) = self.down.pop_front_if(|delayed| delayed.due <= now) {
            changes.extend(self.state.apply(&delayed.event));
        }
    }

    fn pass_on(&self, event: &Event) {
        let event = match event {
            Event::Link(link) => LinkEvent { link: link.clone(), change: LinkChange::Changed },
            Event::LinkRemoved(link) => {
                LinkEvent { link: link.clone(), change: LinkChange::Removed }
            }
            _ => return,
        };
        // It fails when nobody listens.
        let _ = self.events.send(event);
    }

    fn send(&self, changes: Changes) {
        if !changes.is_empty() {
            self.sink.send(changes.into_iter().map(notification).collect());
        }
    }
}

async fn due(delayed: Option<&Delayed>) {
    match delayed {
        Some(delayed) => sleep_until(delayed.due).await,
        None => std::future::pending().await,
    }
}

fn notification((key, presence): (Key, Presence)) -> Notification {
    let value = match presence {
        Presence::Here => Some(Value::empty()),
        Presence::Gone => None,
    };
    Notification::Value { key, value, metadata: None }
}
