//! Follows VPP's interface events and the index of interface names; reports every change of a link.
//!
//! An event may come before the name is known (the interface is just being created) and a name before any event (the
//! interface is still down): both are kept until they meet.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use ligato_idxmap::{Change, Update};
use ligato_kvs_api::{Notification, NotificationSink};
use ligato_model::Value;
use ligato_vpp_api::msg::interface::{SwInterfaceEvent, WantInterfaceEvents};
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_client::{EventStream, Notice};
use ligato_vpp_ctx::{InterfaceMeta, VppCtx, Watcher};

use super::{all, link_of, one};
use crate::keys::{self, Link};

/// Reports the links of interfaces.
#[derive(Debug, Clone, Copy)]
pub struct LinkStateWatcher;

impl Watcher for LinkStateWatcher {
    fn watch(&self, ctx: Arc<VppCtx>, sink: NotificationSink) -> BoxFuture<'static, ()> {
        async move {
            let want = WantInterfaceEvents { enable_disable: 1, pid: std::process::id() };
            let events = match ctx.client().subscribe_with::<SwInterfaceEvent, _>(want).await {
                Ok(events) => events,
                Err(error) => {
                    tracing::warn!(%error, "link states are known from read-backs only");
                    return;
                }
            };
            Links { ctx, sink, known: HashMap::new(), names: HashMap::new(), told: HashMap::new() }
                .run(events)
                .await;
        }
        .boxed()
    }
}

struct Links {
    ctx: Arc<VppCtx>,
    sink: NotificationSink,
    /// What VPP said last.
    known: HashMap<u32, Link>,
    names: HashMap<u32, Arc<str>>,
    /// What the scheduler was told last.
    told: HashMap<Arc<str>, Link>,
}

impl Links {
    async fn run(mut self, mut events: EventStream<SwInterfaceEvent>) {
        let mut index = self.ctx.interfaces().reader().subscribe();
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(Notice::Gap) => self.look_at_all().await,
                    Some(Notice::Event(event)) => self.event(event.sw_if_index.0).await,
                    None => return,
                },
                update = index.next() => match update {
                    Some(update) => self.index_changed(update).await,
                    None => return,
                },
            }
        }
    }

    /// Events may have been missed: asks for everything.
    async fn look_at_all(&mut self) {
        match self.ctx.dump(all()).await {
            Ok(found) => {
                self.known = found.iter().map(|d| (d.sw_if_index.0, link_of(d.flags))).collect();
                self.tell_all();
            }
            // The connection is gone again; the next one begins with another gap.
            Err(error) => tracing::debug!(%error, "interfaces cannot be listed"),
        }
    }

    /// Something happened to an interface. What, is asked for: VPP merges what happens in one round and sets only the
    /// flags of what changed. An interface that goes administratively up later than its link seems to have no link, and
    /// one that takes over the index of another seems to be deleted.
    async fn event(&mut self, index: u32) {
        self.look_at(index).await;
        if let Some(name) = self.names.get(&index).cloned() {
            self.tell(&name, self.known.get(&index).copied());
        }
    }

    /// Asks for one interface.
    async fn look_at(&mut self, index: u32) {
        // Index 0 cannot be asked for alone.
        let request = if index == 0 { all() } else { one(InterfaceIndex(index)) };
        match self.ctx.dump(request).await {
            Ok(found) => {
                self.known.remove(&index);
                self.known.extend(found.iter().map(|d| (d.sw_if_index.0, link_of(d.flags))));
            }
            // The connection is gone; the next one begins with a gap.
            Err(error) => tracing::debug!(%error, index, "interface cannot be looked at"),
        }
    }

    async fn index_changed(&mut self, update: Update<InterfaceMeta>) {
        match update {
            Update::Snapshot(snapshot) => {
                self.names =
                    snapshot.iter().map(|i| (i.data.sw_if_index, Arc::from(i.name))).collect();
                self.look_at_all().await;
            }
            Update::Event(event) => match event.change {
                Change::Added(meta) => self.named(event.name, meta.sw_if_index).await,
                Change::Updated { old, new } => {
                    if old.sw_if_index != new.sw_if_index {
                        self.forget(&event.name, old.sw_if_index);
                    }
                    self.named(event.name, new.sw_if_index).await;
                }
                Change::Removed(meta) => {
                    self.forget(&event.name, meta.sw_if_index);
                    self.tell(&event.name, None);
                }
            },
        }
    }

    async fn named(&mut self, name: Arc<str>, index: u32) {
        self.names.insert(index, name.clone());
        if !self.known.contains_key(&index) {
            self.look_at(index).await;
        }
        self.tell(&name, self.known.get(&index).copied());
    }

    fn forget(&mut self, name: &Arc<str>, index: u32) {
        if self.names.get(&index) == Some(name) {
            self.names.remove(&index);
        }
    }

    fn tell_all(&mut self) {
        let names: Vec<_> = self.names.iter().map(|(i, name)| (*i, name.clone())).collect();
        for (index, name) in names {
            self.tell(&name, self.known.get(&index).copied());
        }
    }

    /// Tells the scheduler, unless it knows.
    fn tell(&mut self, name: &Arc<str>, now: Option<Link>) {
        let before = match now {
            Some(now) => self.told.insert(name.clone(), now),
            None => self.told.remove(name),
        };
        if before == now {
            return;
        }
        let gone = before.map(|link| value(name, link, None));
        let come = now.map(|link| value(name, link, Some(Value::empty())));
        self.sink.send(gone.into_iter().chain(come).collect());
    }
}

fn value(name: &str, link: Link, value: Option<Value>) -> Notification {
    Notification::Value { key: keys::link_state(name, link), value, metadata: None }
}
