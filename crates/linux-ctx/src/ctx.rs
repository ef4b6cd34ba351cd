//! The southbound `linux`: what its kinds share.

use std::fmt;
use std::sync::Arc;

use futures::future;
use ipnet::IpNet;
use ligato_idxmap::{IdxMap, IdxReader};
use ligato_kvs_api::{Availability, Notification, NotificationSink, Southbound, SouthboundName};
use ligato_netlink::{Namespace, NamespaceRef, Netlink, Pool, Snapshot, create_named};
use tokio::sync::{Mutex, MutexGuard, broadcast};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::alias;
use crate::alloc::{AllocRef, Allocations, NoAllocations};
use crate::error::CtxError;
use crate::host_state::HostState;
use crate::host_watch::{self, LinkEvent};
use crate::index::{InterfaceMeta, new_index};
use crate::microservice::{Microservice, MicroserviceSource};
use crate::netns::NetNs;
use crate::proc_source::start_time;
use crate::taps::{NoVppTaps, VppTaps};
use crate::tracker::Tracker;

/// How many link events may queue up for a slow listener before it misses some.
const LINK_EVENTS: usize = 1024;

/// What the pure half of the kinds may depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinuxFacts {
    /// Can there be TAP interfaces of VPP?
    pub taps: TapSupport,
    /// Prefix of the alias of every link of this agent; counts against the length of an alias.
    pub alias_prefix: Arc<str>,
}

/// Whether the agent has a VPP whose TAP interfaces could be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TapSupport {
    /// It has, or nobody knows so far.
    #[default]
    Available,
    /// It runs without VPP.
    Absent,
}

/// The southbound `linux`. Kinds of other families only read from it.
pub struct LinuxCtx {
    facts: Arc<LinuxFacts>,
    pool: Pool,
    interfaces: IdxMap<InterfaceMeta>,
    tracker: Tracker,
    taps: Arc<dyn VppTaps>,
    allocations: Arc<dyn Allocations>,
    link_events: broadcast::Sender<LinkEvent>,
    pairs: Mutex<()>,
}

/// What a [`LinuxCtx`] is made of.
pub struct LinuxCtxBuilder {
    service_label: String,
    default: Option<Namespace>,
    microservices: Option<Arc<dyn MicroserviceSource>>,
    taps: Option<Arc<dyn VppTaps>>,
    allocations: Arc<dyn Allocations>,
}

impl LinuxCtxBuilder {
    /// Uses another namespace as the default one; for tests and for agents that look after a
    /// namespace that is not their own.
    #[must_use]
    pub fn default_namespace(mut self, namespace: Namespace) -> Self {
        self.default = Some(namespace);
        self
    }

    /// Follows the containers that this source tells.
    #[must_use]
    pub fn microservices(mut self, source: Arc<dyn MicroserviceSource>) -> Self {
        self.microservices = Some(source);
        self
    }

    /// Finds the host side of TAP interfaces here. Without it the agent has no VPP.
    #[must_use]
    pub fn taps(mut self, taps: Arc<dyn VppTaps>) -> Self {
        self.taps = Some(taps);
        self
    }

    /// Looks allocated addresses up here.
    #[must_use]
    pub fn allocations(mut self, allocations: Arc<dyn Allocations>) -> Self {
        self.allocations = allocations;
        self
    }

    /// The southbound.
    ///
    /// # Errors
    /// When the namespace of the calling thread cannot be opened.
    pub fn build(self) -> Result<LinuxCtx, CtxError> {
        let pool = match self.default {
            Some(namespace) => Pool::with_default(namespace),
            None => Pool::new()?,
        };
        let facts = LinuxFacts {
            taps: if self.taps.is_some() { TapSupport::Available } else { TapSupport::Absent },
            alias_prefix: alias::prefix(&self.service_label).into(),
        };
        Ok(LinuxCtx {
            facts: Arc::new(facts),
            pool,
            interfaces: new_index(),
            tracker: Tracker::new(self.microservices),
            taps: self.taps.unwrap_or_else(|| Arc::new(NoVppTaps)),
            allocations: self.allocations,
            link_events: broadcast::Sender::new(LINK_EVENTS),
            pairs: Mutex::new(()),
        })
    }
}

impl LinuxCtx {
    /// Begins a southbound for the agent with this service label.
    #[must_use]
    pub fn builder(service_label: &str) -> LinuxCtxBuilder {
        LinuxCtxBuilder {
            service_label: service_label.to_owned(),
            default: None,
            microservices: None,
            taps: None,
            allocations: Arc::new(NoAllocations),
        }
    }

    /// Prefix of the alias of every link of this agent.
    #[must_use]
    pub fn alias_prefix(&self) -> &str {
        &self.facts.alias_prefix
    }

    /// A conversation with the kernel about the default namespace.
    ///
    /// # Errors
    /// When no socket can be opened.
    pub async fn default_namespace(&self) -> Result<Netlink, CtxError> {
        Ok(self.pool.get(&NamespaceRef::Default).await?)
    }

    /// A conversation about a namespace that is there.
    ///
    /// # Errors
    /// When it is not there, the microservice does not run, or it may not be entered.
    pub async fn enter(&self, netns: &NetNs) -> Result<Netlink, CtxError> {
        match (netns, netns.to_ref()) {
            (_, Some(reference)) => Ok(self.pool.get(&reference).await?),
            (NetNs::Microservice(label), None) => self.enter_microservice(label).await,
            (_, None) => self.default_namespace().await,
        }
    }

    /// The same; a named namespace that is not there is made.
    ///
    /// # Errors
    /// As for entering; also when the namespace cannot be made.
    pub async fn enter_or_create(&self, netns: &NetNs) -> Result<Netlink, CtxError> {
        match netns {
            NetNs::Named(name) => Ok(self.pool.open(&create_named(name).await?).await?),
            other => self.enter(other).await,
        }
    }

    async fn enter_microservice(&self, label: &str) -> Result<Netlink, CtxError> {
        let gone = || CtxError::MicroserviceUnavailable { label: label.to_owned() };
        let microservice = self.tracker.find(label).await?;
        let reference = NamespaceRef::Pid(microservice.pid);
        let netlink = match self.pool.get(&reference).await {
            Err(e) if e.is_namespace_gone() => return Err(gone()),
            other => other?,
        };
        // Asked after the namespace was opened: the number did not change hands before.
        if still_runs(&microservice) { Ok(netlink) } else { Err(gone()) }
    }

    /// What is known of an interface that exists.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn interface(&self, name: &str) -> Result<Arc<InterfaceMeta>, CtxError> {
        self.interfaces
            .snapshot()
            .get(name)
            .cloned()
            .ok_or_else(|| CtxError::UnknownInterface { name: name.to_owned() })
    }

    /// All interfaces that exist, to be looked up and followed.
    #[must_use]
    pub fn interfaces(&self) -> IdxReader<InterfaceMeta> {
        self.interfaces.reader()
    }

    /// Puts an interface into the index, or takes it out. Only the interface kind does that.
    pub fn index_interface(&self, name: &str, meta: Option<&InterfaceMeta>) {
        match meta {
            Some(meta) => self.interfaces.put(name, meta.clone()),
            None => self.interfaces.remove(name),
        };
    }

    /// Host side of a TAP interface of VPP.
    ///
    /// # Errors
    /// When VPP has no such TAP.
    pub fn tap_host_name(&self, vpp_tap: &str) -> Result<String, CtxError> {
        self.taps
            .host_name(vpp_tap)
            .ok_or_else(|| CtxError::UnknownTap { name: vpp_tap.to_owned() })
    }

    /// What a reference to an allocation means now.
    ///
    /// # Errors
    /// When there is no such allocation, or no gateway in it.
    pub fn allocated(&self, reference: &AllocRef) -> Result<IpNet, CtxError> {
        reference.resolve(&*self.allocations).ok_or_else(|| CtxError::UnknownAllocation {
            reference: format!("{} for {}", reference.network, reference.interface),
        })
    }

    /// Labels of the microservices that run; waits for the first listing.
    ///
    /// # Errors
    /// When there is no listing after a while.
    pub async fn microservices(&self) -> Result<Vec<String>, CtxError> {
        self.tracker.labels().await
    }

    /// The links and addresses of the default namespace, read now.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn host_state(&self) -> Result<HostState, CtxError> {
        let netlink = self.default_namespace().await?;
        let snapshot = Snapshot {
            links: netlink.links().await?,
            addresses: netlink.addresses().await?,
            routes: Vec::new(),
        };
        Ok(HostState::from_snapshot(&snapshot))
    }

    /// What happens to the links of the default namespace from now on, while the watch runs.
    #[must_use]
    pub fn link_events(&self) -> broadcast::Receiver<LinkEvent> {
        self.link_events.subscribe()
    }

    /// Held while a veth pair is made or taken apart: both of its ends are values, and either may
    /// be the first.
    pub async fn pairs(&self) -> MutexGuard<'_, ()> {
        self.pairs.lock().await
    }

    async fn watch_links(&self, sink: &NotificationSink) {
        let netlink = loop {
            match self.default_namespace().await {
                Ok(netlink) => break netlink,
                Err(error) => warn!(%error, "the host's links cannot be watched, trying again"),
            }
            tokio::time::sleep(host_watch::RESTART_DELAY).await;
        };
        host_watch::run(&netlink, sink, &self.link_events).await;
    }
}

impl Southbound for LinuxCtx {
    type Facts = LinuxFacts;

    const NAME: SouthboundName = "linux";

    fn facts(&self) -> Arc<LinuxFacts> {
        Arc::clone(&self.facts)
    }

    /// A kernel is always there.
    fn availability(&self) -> Availability {
        Availability::Up { incarnation: 1, abilities: 0 }
    }

    async fn watch(self: Arc<Self>, sink: NotificationSink, cancel: CancellationToken) {
        sink.send(vec![Notification::Availability {
            southbound: Self::NAME,
            now: self.availability(),
        }]);
        let watches = future::join(self.watch_links(&sink), self.tracker.run(&sink));
        cancel.run_until_cancelled(watches).await;
    }
}

impl fmt::Debug for LinuxCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinuxCtx").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// Is it the process that was listed, or has its number been given to another one?
fn still_runs(microservice: &Microservice) -> bool {
    let Some(started) = microservice.started else { return true };
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", microservice.pid));
    stat.ok().and_then(|stat| start_time(&stat)) == Some(started)
}
