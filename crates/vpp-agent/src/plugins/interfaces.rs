//! What happens to interfaces, told to those who follow: `Notify` of the gRPC API, and the readiness probe.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use ligato_infra::{
    Backoff, BoxError, OnFailure,
    agent::{Plugin, Registrar, Started},
    clock::SharedClock,
    health::{Criticality, Health, InterfaceStatus},
};
use ligato_kvs::Scheduler;
use ligato_kvs_api::Transaction;
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
    msg::interface::{SwInterfaceDump, SwInterfaceEvent},
    types::{IfStatusFlags, InterfaceIndex},
};
use ligato_vpp_client::Notice;
use ligato_vpp_ctx::VppCtx;
use tokio::sync::broadcast::error::RecvError;

use super::{interface_gauges::InterfaceGauges, interface_states::InterfaceStates, names};

/// Events that follow each other within this time are read about once.
const SETTLED: Duration = Duration::from_millis(500);

/// Tells what happens to interfaces.
#[derive(Clone)]
pub(crate) struct InterfacesPlugin {
    pub(crate) vpp: Arc<VppCtx>,
    pub(crate) linux: Arc<LinuxCtx>,
    pub(crate) scheduler: Scheduler,
    pub(crate) notifications: Notifications,
    pub(crate) health: Health,
    /// States as metrics.
    pub(crate) gauges: InterfaceGauges,
    /// Kept up to date if somebody publishes it.
    pub(crate) states: Option<Arc<InterfaceStates>>,
}

/// An interface as those who follow know it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Names {
    logical: String,
    /// VPP's name, empty as long as it was not read.
    internal: String,
}

/// Whether the interfaces are to be read for their metrics.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    NotNeeded,
    Needed,
}

/// Finds the names of the interfaces that VPP tells of.
struct Naming {
    vpp: Arc<VppCtx>,
    scheduler: Scheduler,
    /// What was told of, for the time when it is gone.
    told: HashMap<InterfaceIndex, Names>,
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

    async fn init(&mut self, registrar: &mut Registrar<'_>) -> Result<(), BoxError> {
        registrar.metrics(self.gauges.registry());
        Ok(())
    }

    async fn start(&mut self, started: &mut Started<'_>) -> Result<(), BoxError> {
        let context = started.context();
        let again = OnFailure::Restart(Backoff::default());
        let (plugin, clock) = (self.clone(), context.clock.clone());
        context.tasks.spawn("vpp", again, move |token| {
            let (plugin, clock) = (plugin.clone(), clock.clone());
            async move {
                // Also while it waits for the scheduler, which may wait for VPP.
                tokio::select! {
                    ended = plugin.follow_vpp(clock) => ended,
                    () = token.cancelled() => Ok(()),
                }
            }
        });
        let (plugin, clock) = (self.clone(), context.clock.clone());
        context.tasks.spawn("linux", again, move |token| {
            let (plugin, clock) = (plugin.clone(), clock.clone());
            async move {
                tokio::select! {
                    ended = plugin.follow_linux(clock) => ended,
                    () = token.cancelled() => Ok(()),
                }
            }
        });
        if let Some(states) = self.states.clone() {
            let clock = context.clock.clone();
            context.tasks.spawn("states", again, move |token| {
                let (states, clock) = (Arc::clone(&states), clock.clone());
                async move {
                    tokio::select! {
                        ended = states.follow(clock) => ended,
                        () = token.cancelled() => Ok(()),
                    }
                }
            });
        }
        context.health.ok();
        Ok(())
    }
}

// === impl InterfacesPlugin ===

impl InterfacesPlugin {
    /// The events themselves are switched on by the kinds' own watcher; this listens in.
    async fn follow_vpp(self, clock: SharedClock) -> Result<(), BoxError> {
        let mut events = self.vpp.client().subscribe::<SwInterfaceEvent>();
        let mut naming = Naming::new(self.vpp.clone(), self.scheduler.clone());
        let mut measure = Measure::NotNeeded;
        loop {
            let notice = tokio::select! {
                notice = events.recv() => notice,
                () = clock.sleep(SETTLED), if measure == Measure::Needed => {
                    self.measure_anew().await;
                    measure = Measure::NotNeeded;
                    continue;
                }
            };
            match notice {
                Some(Notice::Event(event)) => {
                    if !self.gauges.changed(&event) {
                        measure = Measure::Needed;
                    }
                    if let Some(names) = naming.of(&event).await {
                        self.vpp_event(&event, names, &clock);
                    }
                }
                // For those who follow, what was missed is in the next event of each interface.
                Some(Notice::Gap) => measure = Measure::Needed,
                None => return Ok(()),
            }
        }
    }

    /// After events were missed, or of interfaces that were not there before: those there are, and only those.
    async fn measure_anew(&self) {
        let all = SwInterfaceDump { sw_if_index: InterfaceIndex::NONE, ..Default::default() };
        let found = self.vpp.client().dump(all).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the states of interfaces are not known");
            Vec::new()
        });
        self.gauges.replace(&found);
    }

    fn vpp_event(&self, event: &SwInterfaceEvent, names: Names, clock: &SharedClock) {
        let SwInterfaceEvent { sw_if_index, flags, deleted, .. } = event;
        let (admin, oper) =
            if *deleted { (Status::Deleted, Status::Deleted) } else { states(*flags) };
        let Names { logical: name, internal: internal_name } = names;
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

    async fn follow_linux(self, clock: SharedClock) -> Result<(), BoxError> {
        let mut events = self.linux.link_events();
        loop {
            match events.recv().await {
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

// === impl Naming ===

impl Naming {
    fn new(vpp: Arc<VppCtx>, scheduler: Scheduler) -> Self {
        Self { vpp, scheduler, told: HashMap::new() }
    }

    /// The names of the interface, if it is one that this agent knows or has told of.
    ///
    /// The event is often the echo of a change that is still going on and has not given the interface its name
    /// yet, so a name that is missing is looked up again after the change.
    async fn of(&mut self, event: &SwInterfaceEvent) -> Option<Names> {
        let index = event.sw_if_index;
        if event.deleted {
            return self.told.remove(&index).or_else(|| self.known(index));
        }
        if self.known(index).is_none() {
            // An empty plan is answered after whatever is going on; what it says does not matter.
            let _ = self.scheduler.plan(Transaction::change(Vec::new())).await;
        }
        let names = self.known(index)?;
        self.told.insert(index, names.clone());
        Some(names)
    }

    fn known(&self, index: InterfaceIndex) -> Option<Names> {
        let logical = self.vpp.interface_name(index)?;
        let meta = self.vpp.interface(&logical).ok();
        let internal = meta.map(|meta| meta.internal_name.clone()).unwrap_or_default();
        Some(Names { logical, internal })
    }
}

/// Administrative and operational state.
pub(super) fn states(flags: IfStatusFlags) -> (Status, Status) {
    let status = |flag| if flags.contains(flag) { Status::Up } else { Status::Down };
    (status(IfStatusFlags::ADMIN_UP), status(IfStatusFlags::LINK_UP))
}

/// Seconds since 1970, as messages have them.
pub(super) fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use ligato_vpp_client::{Options, VppClient};
    use ligato_vpp_ctx::{InterfaceMeta, Settings};

    use super::*;

    fn event(index: u32, deleted: bool) -> SwInterfaceEvent {
        SwInterfaceEvent { sw_if_index: InterfaceIndex(index), deleted, ..Default::default() }
    }

    #[tokio::test]
    async fn interfaces_keep_their_name_until_their_end_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        // Nobody listens there, and nobody is asked.
        let client = VppClient::start(Options::new(dir.path().join("api.sock")));
        let vpp = Arc::new(VppCtx::new(client, Settings::default(), Vec::new()));
        let scheduler = Scheduler::builder().start().expect("it starts");
        let mut naming = Naming::new(vpp.clone(), scheduler);
        let mut logical = async |event| naming.of(&event).await.map(|names| names.logical);

        assert_eq!(logical(event(1, false)).await, None, "an interface of somebody else");
        let meta = InterfaceMeta { sw_if_index: 1, ..InterfaceMeta::default() };
        vpp.interfaces().put("loop1", meta);
        assert_eq!(logical(event(1, false)).await.as_deref(), Some("loop1"));
        vpp.interfaces().remove("loop1");
        assert_eq!(logical(event(1, true)).await.as_deref(), Some("loop1"));
        // The index may be given to another one now.
        assert_eq!(logical(event(1, false)).await, None);
        vpp.client().close();
    }
}
