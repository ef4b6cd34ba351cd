//! What happens to interfaces, told to those who follow: `Notify` of the gRPC API, and the readiness probe.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use ligato_infra::{
    Backoff, BoxError, OnFailure,
    agent::{Plugin, Started},
    clock::SharedClock,
    health::{Criticality, Health, InterfaceStatus},
};
use ligato_linux_ctx::LinuxCtx;
use ligato_nb_grpc::Notifications;
use ligato_proto::{
    configurator::{Notification, notification},
    vpp::interfaces::{
        InterfaceNotification, InterfaceState, interface_notification::NotifType,
        interface_state::Status,
    },
};
use ligato_vpp_api::{
    msg::interface::SwInterfaceEvent,
    types::{IfStatusFlags, InterfaceIndex},
};
use ligato_vpp_client::Notice;
use ligato_vpp_ctx::VppCtx;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::names;

/// Tells what happens to interfaces.
#[derive(Clone)]
pub(crate) struct InterfacesPlugin {
    pub(crate) vpp: Arc<VppCtx>,
    pub(crate) linux: Arc<LinuxCtx>,
    pub(crate) notifications: Notifications,
    pub(crate) health: Health,
}

#[async_trait]
impl Plugin for InterfacesPlugin {
    fn name(&self) -> &str {
        names::INTERFACES
    }

    fn uses(&self) -> Vec<String> {
        vec![names::VPP.to_owned()]
    }

    fn criticality(&self) -> Criticality {
        Criticality::Ignored
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        let context = started.context();
        let again = OnFailure::Restart(Backoff::default());
        let (plugin, clock) = (self.clone(), context.clock.clone());
        context.tasks.spawn("vpp", again, move |token| {
            let (plugin, clock) = (plugin.clone(), clock.clone());
            async move { plugin.follow_vpp(clock, token).await }
        });
        let (plugin, clock) = (self.clone(), context.clock.clone());
        context.tasks.spawn("linux", again, move |token| {
            let (plugin, clock) = (plugin.clone(), clock.clone());
            async move { plugin.follow_linux(clock, token).await }
        });
        context.health.ok();
        Ok(())
    }
}

// === impl InterfacesPlugin ===

impl InterfacesPlugin {
    /// The events themselves are switched on by the kinds' own watcher; this listens in.
    async fn follow_vpp(
        self,
        clock: SharedClock,
        token: CancellationToken,
    ) -> Result<(), BoxError> {
        let mut events = self.vpp.client().subscribe::<SwInterfaceEvent>();
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = token.cancelled() => return Ok(()),
            };
            match event {
                Some(Notice::Event(event)) => self.vpp_event(&event, &clock),
                // What was missed is in the next event of each interface.
                Some(Notice::Gap) => {}
                None => return Ok(()),
            }
        }
    }

    fn vpp_event(&self, event: &SwInterfaceEvent, clock: &SharedClock) {
        let SwInterfaceEvent { sw_if_index, flags, deleted, .. } = event;
        let status = |flag| if flags.contains(flag) { Status::Up } else { Status::Down };
        let (admin, oper) = if *deleted {
            (Status::Deleted, Status::Deleted)
        } else {
            (status(IfStatusFlags::ADMIN_UP), status(IfStatusFlags::LINK_UP))
        };
        let (name, internal_name) = self.names_of(*sw_if_index);
        if *deleted {
            self.health.remove_interface(&internal_name);
        } else if !internal_name.is_empty() {
            self.health.set_interface(InterfaceStatus {
                internal_name: internal_name.clone(),
                index: sw_if_index.0,
                status: oper.as_str_name().to_owned(),
                ..InterfaceStatus::default()
            });
        }
        let state = InterfaceState {
            name,
            internal_name,
            if_index: sw_if_index.0,
            admin_status: admin.into(),
            oper_status: oper.into(),
            last_change: seconds(clock.now()),
            ..InterfaceState::default()
        };
        let interface =
            InterfaceNotification { r#type: NotifType::Updown.into(), state: Some(state) };
        let vpp = ligato_proto::vpp::Notification { interface: Some(interface) };
        self.publish(notification::Notification::VppNotification(vpp));
    }

    /// Logical name and VPP's name, as far as they are known.
    fn names_of(&self, index: InterfaceIndex) -> (String, String) {
        let Some(name) = self.vpp.interface_name(index) else { return Default::default() };
        let meta = self.vpp.interface(&name).ok();
        (name, meta.map(|meta| meta.internal_name.clone()).unwrap_or_default())
    }

    async fn follow_linux(
        self,
        clock: SharedClock,
        token: CancellationToken,
    ) -> Result<(), BoxError> {
        let mut events = self.linux.link_events();
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = token.cancelled() => return Ok(()),
            };
            match event {
                Ok(event) => {
                    let now = seconds(clock.now());
                    let interface =
                        ligato_linux_if::interface_notification(&self.linux, &event, now);
                    let linux = ligato_proto::linux::Notification { interface: Some(interface) };
                    self.publish(notification::Notification::LinuxNotification(linux));
                }
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "notifications of Linux interfaces were lost");
                }
                Err(RecvError::Closed) => return Ok(()),
            }
        }
    }

    fn publish(&self, notification: notification::Notification) {
        self.notifications.publish(Notification { notification: Some(notification) });
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
