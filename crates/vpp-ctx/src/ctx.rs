//! The southbound context of every VPP kind.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use futures::future::join_all;
use ligato_idxmap::IdxMap;
use ligato_kvs_api::{
    Availability, Notification, NotificationSink, OpError, Southbound, SouthboundName, Subject,
};
use ligato_proto::vpp::interfaces::Interface;
use ligato_proto::vpp::l3::vrf_table::FlowHashSettings;
use ligato_vpp_api::msg::memclnt::ControlPing;
use ligato_vpp_api::types::InterfaceIndex;
use ligato_vpp_api::{Dump, Request, StreamDump, VppError as Code};
use ligato_vpp_client::{Connection, VppClient, VppError};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::gate::{self, Gatekeeper};
use crate::names::{self, BY_BD_INDEX, BY_IP_ADDRESS, BY_SW_IF_INDEX};
use crate::op::{chain, op_error};
use crate::quarantine::{Pass, Quarantine};
use crate::{
    BridgeDomainMeta, Facts, Gate, InterfaceMeta, LinuxNames, MemifSockets, ProxyRange, Remembered,
    Settings, Table, Watcher,
};

tokio::task_local! {
    /// The VPP process that the running operation is meant for.
    static MEANT: u64;
}

/// Client, facts and indexes of one VPP.
pub struct VppCtx {
    client: VppClient,
    /// The VPP process whose state the scheduler knows; 0 before the first.
    accepted: AtomicU64,
    settings: Settings,
    watchers: Vec<Box<dyn Watcher>>,
    facts: ArcSwap<Facts>,
    interfaces: IdxMap<InterfaceMeta>,
    bridge_domains: IdxMap<BridgeDomainMeta>,
    last_bd_index: AtomicU32,
    memif_sockets: tokio::sync::Mutex<MemifSockets>,
    dhcp_clients_changed: Notify,
    remembered: Remembered,
    quarantine: Arc<Quarantine>,
    gatekeeper: Gatekeeper,
    linux: Option<Box<dyn LinuxNames>>,
}

impl VppCtx {
    /// A context over a client. The watchers run while the scheduler watches this southbound.
    pub fn new(client: VppClient, settings: Settings, watchers: Vec<Box<dyn Watcher>>) -> Self {
        let facts = Facts { peer: None, settings: settings.clone() };
        Self {
            client,
            accepted: AtomicU64::new(0),
            settings,
            watchers,
            facts: ArcSwap::from_pointee(facts),
            interfaces: names::interfaces(),
            bridge_domains: names::bridge_domains(),
            last_bd_index: AtomicU32::new(0),
            memif_sockets: tokio::sync::Mutex::default(),
            dhcp_clients_changed: Notify::new(),
            remembered: Remembered::default(),
            quarantine: Arc::default(),
            gatekeeper: Gatekeeper::new(None),
            linux: None,
        }
    }

    /// Lets the kinds look the interfaces of Linux up.
    #[must_use]
    pub fn with_linux(mut self, linux: Box<dyn LinuxNames>) -> Self {
        self.linux = Some(linux);
        self
    }

    /// Lets a gate look at each VPP process before the scheduler may use it.
    #[must_use]
    pub fn with_gate(mut self, gate: Box<dyn Gate>) -> Self {
        self.gatekeeper = Gatekeeper::new(Some(gate));
        self
    }

    /// The client, for what the methods here do not offer. Within an operation it reaches only the VPP process that the
    /// operation is meant for.
    pub fn client(&self) -> VppClient {
        self.client.only(MEANT.try_with(|meant| *meant).ok())
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// As [`op_error`] decides.
    pub async fn request<M: Request>(&self, message: M) -> Result<M::Reply, OpError> {
        self.client().request(message).await.map_err(|error| op_error(&error))
    }

    /// As [`Self::request`]; the codes that mean "it is so already" give `None`.
    ///
    /// # Errors
    /// As [`op_error`] decides, for other codes.
    pub async fn request_unless<M: Request>(
        &self,
        message: M,
        tolerated: &[Code],
    ) -> Result<Option<M::Reply>, OpError> {
        match self.client().request(message).await {
            Ok(reply) => Ok(Some(reply)),
            Err(VppError::Retval { code, .. }) if tolerated.contains(&Code(code)) => Ok(None),
            Err(error) => Err(op_error(&error)),
        }
    }

    /// Sends a dump and waits for all of it.
    ///
    /// # Errors
    /// As [`op_error`] decides.
    pub async fn dump<M: Dump>(&self, message: M) -> Result<Vec<M::Details>, OpError> {
        self.client().dump(message).await.map_err(|error| op_error(&error))
    }

    /// As [`Self::dump`]; a VPP without the message has nothing to tell, such as when the plugin is not loaded.
    ///
    /// # Errors
    /// As [`op_error`] decides.
    pub async fn dump_if_any<M: Dump>(&self, message: M) -> Result<Vec<M::Details>, OpError> {
        match self.client().dump(message).await {
            Err(VppError::Unavailable { .. }) => Ok(Vec::new()),
            other => other.map_err(|error| op_error(&error)),
        }
    }

    /// Sends a request that is answered by a stream and waits for all of it.
    ///
    /// # Errors
    /// As [`op_error`] decides.
    pub async fn stream<M: StreamDump>(&self, message: M) -> Result<Vec<M::Details>, OpError> {
        self.client().stream(message).await.map_err(|error| op_error(&error))
    }

    /// Interfaces by logical name. Written by the kind of interfaces only.
    pub fn interfaces(&self) -> &IdxMap<InterfaceMeta> {
        &self.interfaces
    }

    /// The interface of this logical name.
    ///
    /// # Errors
    /// [`OpError::Retriable`] if there is none: a dependency on it should have kept the caller away.
    pub fn interface(&self, name: &str) -> Result<Arc<InterfaceMeta>, OpError> {
        self.interfaces
            .reader()
            .get(name)
            .ok_or_else(|| OpError::Retriable(format!("interface {name} is not in VPP")))
    }

    /// VPP's index of the interface of this logical name.
    ///
    /// # Errors
    /// As [`Self::interface`].
    pub fn sw_if_index(&self, name: &str) -> Result<InterfaceIndex, OpError> {
        self.interface(name).map(|meta| InterfaceIndex(meta.sw_if_index))
    }

    /// Logical name of an interface of VPP, if it has one.
    pub fn interface_name(&self, index: InterfaceIndex) -> Option<String> {
        let interfaces = self.interfaces.snapshot();
        interfaces.by_index(BY_SW_IF_INDEX, &index.to_string()).next().map(|i| i.name.to_owned())
    }

    /// Logical names of the interfaces that are configured with this address, in order.
    pub fn interfaces_with_address(&self, address: &str) -> Vec<String> {
        let interfaces = self.interfaces.snapshot();
        interfaces.by_index(BY_IP_ADDRESS, address).map(|item| item.name.to_owned()).collect()
    }

    /// Name in the kernel of a Linux interface, if it is there and this agent manages any.
    pub fn linux_host_name(&self, logical_name: &str) -> Option<String> {
        self.linux.as_ref()?.host_name(logical_name)
    }

    /// Numbers of the socket files of memifs. Held while one is added.
    pub fn memif_sockets(&self) -> &tokio::sync::Mutex<MemifSockets> {
        &self.memif_sockets
    }

    /// What was set in the interface of this index and name, as far as this agent knows.
    pub fn remembered_interface(&self, index: InterfaceIndex, name: &str) -> Option<Interface> {
        self.remembered.get(self.incarnation(), index.0, name)
    }

    /// Keeps what was set in an interface.
    pub fn remember_interface(&self, index: InterfaceIndex, value: Interface) {
        self.remembered.put(self.incarnation(), index.0, value);
    }

    /// Something about an interface was set by itself.
    pub fn remember_change(&self, index: InterfaceIndex, change: impl FnOnce(&mut Interface)) {
        self.remembered.change(self.incarnation(), index.0, change);
    }

    /// An interface is gone.
    pub fn forget_interface(&self, index: InterfaceIndex) {
        self.remembered.remove(self.incarnation(), index.0);
    }

    /// How a routing table spreads flows, as far as this agent knows.
    pub fn remembered_flow_hash(&self, table: Table) -> Option<Option<FlowHashSettings>> {
        self.remembered.flow_hash(self.incarnation(), table)
    }

    /// Keeps how a routing table spreads flows; without settings, as VPP does by itself.
    pub fn remember_flow_hash(&self, table: Table, set: Option<FlowHashSettings>) {
        self.remembered.put_flow_hash(self.incarnation(), table, set);
    }

    /// A routing table is gone.
    pub fn forget_flow_hash(&self, table: Table) {
        self.remembered.remove_flow_hash(self.incarnation(), table);
    }

    /// The ranges of proxy ARP that this agent set or found, with the tables they are in.
    pub fn remembered_proxy_ranges(&self) -> BTreeSet<ProxyRange> {
        self.remembered.proxy_ranges(self.incarnation())
    }

    /// Ranges of proxy ARP were set or removed, or found.
    pub fn remember_proxy_ranges(&self, change: impl FnOnce(&mut BTreeSet<ProxyRange>)) {
        self.remembered.change_proxy_ranges(self.incarnation(), change);
    }

    fn incarnation(&self) -> u64 {
        self.client.peer().map_or(0, |peer| peer.incarnation)
    }

    /// What tells the VPP process that is there from others.
    fn process(&self) -> String {
        self.client.peer().map(|peer| peer.process.clone()).unwrap_or_default()
    }

    /// Wakes whoever follows leases after this agent made a DHCP client or removed one: VPP does not tell of the latter.
    pub fn dhcp_clients_changed(&self) -> &Notify {
        &self.dhcp_clients_changed
    }

    /// Why the VPP that is connected is given nothing, if so.
    pub fn objection(&self) -> watch::Receiver<Option<String>> {
        self.gatekeeper.objection()
    }

    /// Values at whose operations VPP died.
    pub fn quarantine(&self) -> &Arc<Quarantine> {
        &self.quarantine
    }

    /// Bridge domains by name. Written by the kind of bridge domains only.
    pub fn bridge_domains(&self) -> &IdxMap<BridgeDomainMeta> {
        &self.bridge_domains
    }

    /// VPP's number of a bridge domain.
    ///
    /// # Errors
    /// As [`Self::interface`].
    pub fn bd_index(&self, name: &str) -> Result<u32, OpError> {
        self.bridge_domains
            .reader()
            .get(name)
            .map(|meta| meta.index)
            .ok_or_else(|| OpError::Retriable(format!("bridge domain {name} is not in VPP")))
    }

    /// A number for a new bridge domain: above every number given out or seen so far.
    pub fn next_bd_index(&self) -> u32 {
        self.last_bd_index.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// Numbers up to this one are not given out any more.
    pub fn bd_index_taken(&self, index: u32) {
        self.last_bd_index.fetch_max(index, Ordering::Relaxed);
    }

    /// Name of the bridge domain with this number, if it has one.
    pub fn bd_name(&self, index: u32) -> Option<String> {
        let domains = self.bridge_domains.snapshot();
        domains.by_index(BY_BD_INDEX, &index.to_string()).next().map(|item| item.name.to_owned())
    }

    async fn follow_connection(&self, sink: &NotificationSink) {
        let mut state = self.client.state();
        let mut told = None;
        loop {
            let connection = state.borrow_and_update().clone();
            self.gatekeeper.ask(&connection).await;
            let now = self.available(&connection);
            if told.as_ref() != Some(&now) {
                told = Some(now.clone());
                sink.send(vec![Notification::Availability { southbound: Self::NAME, now }]);
            }
            let is_refused = connection.peer().is_some_and(|peer| !self.gatekeeper.is_open(peer));
            tokio::select! {
                changed = state.changed() => if changed.is_err() { return },
                () = sleep(gate::AGAIN), if is_refused => {}
            }
        }
    }

    fn available(&self, connection: &Connection) -> Availability {
        match connection {
            Connection::Connected(peer) if self.gatekeeper.is_open(peer) => {
                Availability::Up { incarnation: peer.incarnation, abilities: peer.abilities }
            }
            Connection::Connected(_) => {
                let objection = self.gatekeeper.objection().borrow().clone();
                let reason = objection.unwrap_or_else(|| "it was not looked at so far".to_owned());
                Availability::Down { reason }
            }
            Connection::Disconnected { reason, .. } => Availability::Down { reason: chain(reason) },
        }
    }
}

impl Southbound for VppCtx {
    type Facts = Facts;

    const NAME: SouthboundName = "vpp";

    /// Facts of the last connection are kept while there is none.
    fn facts(&self) -> Arc<Facts> {
        let facts = self.facts.load_full();
        let Some(peer) = self.client.peer_unless(facts.peer.as_ref()) else { return facts };
        let facts = Arc::new(Facts { peer: Some(peer), settings: self.settings.clone() });
        self.facts.store(Arc::clone(&facts));
        facts
    }

    fn availability(&self) -> Availability {
        let connection = self.client.state().borrow().clone();
        self.available(&connection)
    }

    fn accept(&self, incarnation: u64) {
        let before = self.accepted.swap(incarnation, Ordering::AcqRel);
        if before != 0 && before != incarnation {
            self.quarantine.died(before, SystemTime::now());
        }
        if let Some(peer) = self.client.peer() {
            self.quarantine.met(&peer.process, SystemTime::now());
        }
    }

    async fn operation<T: Send, F: Future<Output = Result<T, OpError>> + Send>(
        &self,
        subject: Option<Subject<'_>>,
        work: F,
    ) -> Result<T, OpError> {
        let pass = self.quarantine.admit(subject, || self.process()).await?;
        let meant = self.accepted.load(Ordering::Acquire);
        let under_way = self.quarantine.begin(subject, meant);
        let work = async {
            let mut outcome = work.await;
            if let (Pass::Alone(_), Ok(_)) = (&pass, &outcome) {
                // Some deaths come after the reply: VPP has to go on before it is trusted to.
                if let Err(error) = self.client().request(ControlPing {}).await {
                    outcome = Err(OpError::Unknown(chain(&error)));
                }
            }
            outcome
        };
        let outcome = match meant {
            0 => work.await,
            meant => MEANT.scope(meant, work).await,
        };
        under_way.end(&outcome);
        outcome
    }

    async fn watch(self: Arc<Self>, sink: NotificationSink, cancel: CancellationToken) {
        let watching = join_all(self.watchers.iter().map(|w| w.watch(self.clone(), sink.clone())));
        let work = async { tokio::join!(self.follow_connection(&sink), watching) };
        tokio::select! {
            _ = work => {}
            () = cancel.cancelled() => {}
        }
    }
}

impl std::fmt::Debug for VppCtx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VppCtx")
            .field("client", &self.client)
            .field("interfaces", &self.interfaces)
            .field("bridge_domains", &self.bridge_domains)
            .finish_non_exhaustive()
    }
}
