//! Interfaces on top of interfaces of the host.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::Vpp;
use super::interfaces::{Device, Hardware, Mac};
use super::pool::Pool;
use super::retval::{Outcome, Retval};

/// Receive mode of af_packet queues.
const INTERRUPT: u32 = 2;

/// Whether there is one of a name.
type Exists = dyn Fn(&str) -> bool + Send + Sync;

/// Which interfaces the host has; by default whatever it is asked for.
#[derive(Clone, Default)]
pub(crate) struct HostInterfaces(Option<Arc<Exists>>);

impl HostInterfaces {
    pub(crate) fn new(exists: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(exists)))
    }

    /// Whether one of this name can be used.
    fn has(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|exists| exists(name))
    }

    /// Whether the name is taken for sure.
    fn is_taken(&self, name: &str) -> bool {
        self.0.as_ref().is_some_and(|exists| exists(name))
    }
}

impl fmt::Debug for HostInterfaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostInterfaces")
    }
}

/// An interface on top of one of the host.
#[derive(Debug, Clone)]
pub(crate) struct AfPacket {
    pub(crate) sw_if_index: u32,
    pub(crate) host_name: String,
}

/// All of them.
#[derive(Debug, Clone)]
pub(crate) struct AfPackets {
    interfaces: Pool<AfPacket>,
    by_host_name: HashMap<String, u32>,
    hosts: HostInterfaces,
}

impl AfPackets {
    pub(crate) fn new(hosts: HostInterfaces) -> Self {
        Self { interfaces: Pool::default(), by_host_name: HashMap::new(), hosts }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &AfPacket> {
        self.interfaces.iter().map(|(_, interface)| interface)
    }

    /// Whether the host has an interface of this name.
    pub(crate) fn host_has(&self, name: &str) -> bool {
        self.hosts.has(name)
    }

    /// Whether the host cannot make one of this name.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.hosts.is_taken(name)
    }

    /// The host interface below an interface.
    pub(crate) fn host_name(&self, sw_if_index: u32) -> Option<String> {
        self.iter().find(|i| i.sw_if_index == sw_if_index).map(|i| i.host_name.clone())
    }

    /// The interface there is for a host interface.
    pub(crate) fn existing(&self, host_name: &str) -> Option<u32> {
        let index = self.by_host_name.get(host_name)?;
        self.interfaces.get(*index).map(|interface| interface.sw_if_index)
    }
}

/// Frames with or without an Ethernet header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfPacketMode {
    Ethernet,
    Ip,
}

impl AfPacketMode {
    pub(crate) fn from_number(number: u32) -> Outcome<Self> {
        match number {
            1 => Ok(AfPacketMode::Ethernet),
            2 => Ok(AfPacketMode::Ip),
            _ => Err(Retval::INVALID_VALUE),
        }
    }
}

impl Vpp {
    /// Creates an interface on a host interface; the link is up at once.
    pub(crate) fn create_af_packet(
        &mut self,
        host_name: &str,
        mac: Option<Mac>,
        mode: AfPacketMode,
        rx_queues: u16,
    ) -> Outcome<u32> {
        if self.af_packets.by_host_name.contains_key(host_name) {
            return Err(Retval::IF_ALREADY_EXISTS);
        }
        if !self.af_packets.hosts.has(host_name) {
            return Err(Retval::INVALID_INTERFACE);
        }
        let index = self.af_packets.interfaces.next_index();
        let device = Device::AfPacket { index };
        let mut hardware = match mode {
            AfPacketMode::Ethernet => {
                let mac = mac.unwrap_or_else(|| self.random_mac());
                Hardware::ethernet(device, "af-packet", mac)
            }
            AfPacketMode::Ip => Hardware::ip(device, "af-packet"),
        };
        hardware.rx_queues = self.threads.queues(rx_queues.max(1), INTERRUPT);
        let sw_if_index = self.interfaces.register(format!("host-{host_name}"), hardware);
        self.af_packets
            .interfaces
            .insert(AfPacket { sw_if_index, host_name: host_name.to_owned() });
        self.af_packets.by_host_name.insert(host_name.to_owned(), index);
        self.set_link(sw_if_index, true)?;
        Ok(sw_if_index)
    }

    /// Deletes the interface of a host interface.
    pub(crate) fn delete_af_packet(&mut self, host_name: &str) -> Outcome {
        let index =
            self.af_packets.by_host_name.remove(host_name).ok_or(Retval::SYSCALL_ERROR_1)?;
        let Some(gone) = self.af_packets.interfaces.remove(index) else { return Ok(()) };
        self.delete_hardware(gone.sw_if_index)
    }
}
