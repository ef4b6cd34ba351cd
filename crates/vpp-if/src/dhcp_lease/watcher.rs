//! Follows the leases of DHCP clients.
//!
//! VPP tells of a lease that a client got, and only to the connection that made the client; of one that ended it tells nobody.
//! So while there are clients they are looked at from time to time as well, and at once when this agent makes or removes one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use ligato_kvs_api::{Notification, NotificationSink};
use ligato_model::Value;
use ligato_proto::vpp::interfaces::DhcpLease as Lease;
use ligato_vpp_api::msg::dhcp::{DhcpClientDump, DhcpComplEvent};
use ligato_vpp_client::EventStream;
use ligato_vpp_ctx::{VppCtx, Watcher};
use tokio::time::MissedTickBehavior;

use super::from_vpp;
use crate::keys;

/// How often leases are looked at that VPP may not tell of.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Reports the leases of DHCP clients.
#[derive(Debug, Clone, Copy)]
pub struct DhcpLeaseWatcher;

impl Watcher for DhcpLeaseWatcher {
    fn watch(&self, ctx: Arc<VppCtx>, sink: NotificationSink) -> BoxFuture<'static, ()> {
        async move {
            let events = ctx.client().subscribe::<DhcpComplEvent>();
            Leases { ctx, sink, there_are_clients: false, told: HashMap::new() }.run(events).await;
        }
        .boxed()
    }
}

struct Leases {
    ctx: Arc<VppCtx>,
    sink: NotificationSink,
    /// As seen last.
    there_are_clients: bool,
    /// What the scheduler was told last, by interface.
    told: HashMap<String, Lease>,
}

impl Leases {
    async fn run(mut self, mut events: EventStream<DhcpComplEvent>) {
        let mut index = self.ctx.interfaces().reader().subscribe();
        let mut clock = tokio::time::interval(LOOK_EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ctx = self.ctx.clone();
        loop {
            tokio::select! {
                // What an event says may be old already if there was another one: VPP is asked.
                event = events.recv() => match event {
                    Some(_) => self.look().await,
                    None => return,
                },
                // Names come and go.
                update = index.next() => match update {
                    Some(_) if self.there_are_clients || !self.told.is_empty() => self.look().await,
                    Some(_) => {}
                    None => return,
                },
                () = ctx.dhcp_clients_changed().notified() => self.look().await,
                _ = clock.tick(), if self.there_are_clients => self.look().await,
            }
        }
    }

    /// Asks VPP and tells the scheduler what is different.
    async fn look(&mut self) {
        let clients = match self.ctx.dump_if_any(DhcpClientDump {}).await {
            Ok(clients) => clients,
            // The connection is gone; the next one begins with a gap.
            Err(error) => return tracing::debug!(%error, "DHCP clients cannot be listed"),
        };
        self.there_are_clients = !clients.is_empty();
        let leases: HashMap<String, Lease> = clients
            .iter()
            .filter_map(|client| {
                let name = self.ctx.interface_name(client.lease.sw_if_index)?;
                Some((name.clone(), from_vpp(name, &client.lease)?))
            })
            .collect();
        let ended = self.told.keys().filter(|name| !leases.contains_key(*name));
        let mut news: Vec<Notification> = ended.map(|name| value(name, None)).collect();
        let got = leases.iter().filter(|(name, lease)| self.told.get(*name) != Some(lease));
        news.extend(got.map(|(name, lease)| value(name, Some(lease.clone()))));
        self.told = leases;
        if !news.is_empty() {
            self.sink.send(news);
        }
    }
}

fn value(name: &str, lease: Option<Lease>) -> Notification {
    Notification::Value {
        key: keys::dhcp_lease(name),
        value: lease.map(Value::new),
        metadata: None,
    }
}
