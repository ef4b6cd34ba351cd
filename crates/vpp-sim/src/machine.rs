//! One run of the simulated VPP: its state, who it is, and who is connected.

use std::collections::HashMap;
use std::time::{Instant, SystemTime};

use bytes::{Bytes, BytesMut};
use ligato_vpp_api::Header;
use ligato_vpp_api::msg::dhcp::DhcpComplEvent;
use ligato_vpp_api::msg::interface::SwInterfaceEvent;
use ligato_vpp_api::types::{IfStatusFlags, InterfaceIndex};
use tokio::sync::mpsc::UnboundedSender;

use crate::api::dhcp;
use crate::numbering::Numbering;
use crate::registry::put_message;
use crate::release::Release;
use crate::state::Vpp;
use crate::stats::Segment;

/// What a VPP says about itself.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) release: Release,
    /// Changes with every restart, as the process id of a VPP does.
    pub(crate) pid: u32,
    pub(crate) started: SystemTime,
    pub(crate) booted: Instant,
    /// Names of plugins that are not loaded.
    pub(crate) disabled: Vec<String>,
}

/// One run, from start to crash.
pub(crate) struct Machine {
    pub(crate) vpp: Vpp,
    pub(crate) identity: Identity,
    pub(crate) numbering: Numbering,
    pub(crate) stats: Segment,
    clients: HashMap<u32, Client>,
    next_client: u32,
}

/// A connection.
struct Client {
    name: String,
    out: UnboundedSender<Bytes>,
}

impl Machine {
    pub(crate) fn new(vpp: Vpp, identity: Identity, numbering: Numbering, stats: Segment) -> Self {
        Self { vpp, identity, numbering, stats, clients: HashMap::new(), next_client: 0 }
    }

    /// A new connection, and the handle it has to name in its requests.
    pub(crate) fn connect(&mut self, out: UnboundedSender<Bytes>) -> u32 {
        const SOCKET_CLIENT: u32 = 1 << 31;
        let handle = SOCKET_CLIENT | self.next_client;
        self.next_client += 1;
        self.clients.insert(handle, Client { name: String::new(), out });
        handle
    }

    /// The end of a connection and of its subscriptions.
    pub(crate) fn disconnect(&mut self, handle: u32) {
        self.clients.remove(&handle);
        self.vpp.interface_subscribers.remove(&handle);
    }

    pub(crate) fn name_client(&mut self, handle: u32, name: &str) {
        if let Some(client) = self.clients.get_mut(&handle) {
            name.clone_into(&mut client.name);
        }
    }

    /// Names of the connected clients.
    pub(crate) fn client_names(&self) -> Vec<String> {
        self.clients.values().map(|client| client.name.clone()).collect()
    }

    /// Tells whoever wants to hear of it what happened.
    pub(crate) fn send_events(&mut self) {
        self.tell_of_interfaces();
        self.tell_of_leases();
    }

    /// Tells those who made DHCP clients what the clients got.
    fn tell_of_leases(&mut self) {
        let bound = self.vpp.dhcp_clients.take_bound();
        let Some(id) = self.numbering.id_of::<DhcpComplEvent>() else { return };
        for dhcp_client in bound {
            let Some(client_index) = dhcp_client.listener else { continue };
            let Some(client) = self.clients.get(&client_index) else { continue };
            let mut out = BytesMut::new();
            let header = Header { id, client_index, context: 0 };
            put_message(&dhcp::event(&self.vpp, &dhcp_client), header, &mut out);
            client.out.send(out.freeze()).ok();
        }
    }

    /// Tells subscribers what happened to interfaces, once per interface and round.
    fn tell_of_interfaces(&mut self) {
        let happened = self.vpp.interfaces.take_happened();
        if happened.is_empty() || self.vpp.interface_subscribers.is_empty() {
            return;
        }
        let Some(id) = self.numbering.id_of::<SwInterfaceEvent>() else { return };
        for (client_index, pid) in &self.vpp.interface_subscribers {
            let Some(client) = self.clients.get(client_index) else { continue };
            let mut out = BytesMut::new();
            for (index, what) in &happened {
                let event = SwInterfaceEvent {
                    pid: *pid,
                    sw_if_index: InterfaceIndex(*index),
                    flags: IfStatusFlags::EMPTY
                        .with_if(IfStatusFlags::ADMIN_UP, what.admin_up)
                        .with_if(IfStatusFlags::LINK_UP, what.link_up),
                    deleted: what.deleted,
                };
                let header = Header { id, client_index: *client_index, context: 0 };
                put_message(&event, header, &mut out);
            }
            // A client that is gone gets nothing.
            client.out.send(out.freeze()).ok();
        }
    }
}
