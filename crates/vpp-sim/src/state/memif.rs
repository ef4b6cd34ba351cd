//! Shared memory packet interfaces and the sockets they meet at.

use std::collections::BTreeMap;

use super::Vpp;
use super::interfaces::{Device, Hardware, Mac};
use super::pool::Pool;
use super::retval::{Outcome, Retval};

/// Ring size when a client gives none.
const DEFAULT_RING_SIZE: u32 = 1024;
/// Buffer size when a client gives none.
const DEFAULT_BUFFER_SIZE: u16 = 2048;
/// Numbers of modes (`memif_mode`).
const MODE_ETHERNET: u32 = 0;
const MODE_IP: u32 = 1;
/// Receive mode queues start in.
const POLLING: u32 = 1;

/// What a client asks for.
#[derive(Debug, Clone)]
pub(crate) struct MemifSpec {
    pub(crate) id: u32,
    pub(crate) socket_id: u32,
    pub(crate) is_master: bool,
    pub(crate) mode: u32,
    pub(crate) secret: Vec<u8>,
    pub(crate) ring_size: u32,
    pub(crate) buffer_size: u16,
    pub(crate) zero_copy: bool,
    pub(crate) rx_queues: u8,
    pub(crate) tx_queues: u8,
    pub(crate) mac: Option<Mac>,
}

/// A memif.
#[derive(Debug, Clone)]
pub(crate) struct Memif {
    pub(crate) sw_if_index: u32,
    pub(crate) spec: MemifSpec,
    admin_up: bool,
    /// The other end, if it is in this VPP and they have met.
    peer: Option<u32>,
    /// Sizes of rings and buffers of the last connection. Only the slave, who provides the
    /// memory, knows them; they stay after the connection.
    running: Option<(u32, u16)>,
}

impl Memif {
    pub(crate) fn running_ring_size(&self) -> u32 {
        self.running.map_or(1, |(ring_size, _)| ring_size)
    }

    pub(crate) fn running_buffer_size(&self) -> u16 {
        self.running.map_or(0, |(_, buffer_size)| buffer_size)
    }

    pub(crate) fn zero_copy(&self) -> bool {
        !self.spec.is_master && self.spec.zero_copy
    }
}

/// A socket file and who uses it.
#[derive(Debug, Clone)]
struct Socket {
    filename: String,
    is_master: bool,
    ids: BTreeMap<u32, u32>,
}

/// All memifs and their sockets.
#[derive(Debug, Clone)]
pub(crate) struct Memifs {
    interfaces: Pool<Memif>,
    sockets: BTreeMap<u32, Socket>,
    runtime_dir: String,
    /// Whether it knows other sockets than files, by how their names begin.
    knows_schemes: bool,
}

impl Memifs {
    /// Socket 0 is there from the start.
    pub(crate) fn new(runtime_dir: &str, knows_schemes: bool) -> Self {
        let default = Socket {
            filename: format!("{runtime_dir}/memif.sock"),
            is_master: false,
            ids: BTreeMap::new(),
        };
        Self {
            interfaces: Pool::default(),
            sockets: BTreeMap::from([(0, default)]),
            runtime_dir: runtime_dir.to_owned(),
            knows_schemes,
        }
    }

    /// Ids and file names of the sockets.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = (u32, &str)> {
        self.sockets.iter().map(|(id, socket)| (*id, socket.filename.as_str()))
    }

    pub(crate) fn socket_exists(&self, id: u32) -> bool {
        self.sockets.contains_key(&id)
    }

    /// Registers a socket file; again with the same name is fine.
    pub(crate) fn add_socket(&mut self, id: u32, filename: &str) -> Outcome {
        if id == u32::MAX || filename.is_empty() {
            return Err(Retval::INVALID_ARGUMENT);
        }
        let absolute = filename.starts_with('/')
            || (self.knows_schemes
                && ["abstract:", "@", "vsock:", "tcp:"].iter().any(|p| filename.starts_with(p)));
        let filename =
            if absolute { filename.to_owned() } else { format!("{}/{filename}", self.runtime_dir) };
        match self.sockets.get(&id) {
            Some(known) if known.filename == filename => Ok(()),
            Some(_) => Err(Retval::ENTRY_ALREADY_EXISTS),
            None => {
                let socket = Socket { filename, is_master: false, ids: BTreeMap::new() };
                self.sockets.insert(id, socket);
                Ok(())
            }
        }
    }

    /// Forgets a socket file nobody uses.
    pub(crate) fn delete_socket(&mut self, id: u32) -> Outcome {
        if id == 0 {
            return Err(Retval::INVALID_ARGUMENT);
        }
        let socket = self.sockets.get(&id).ok_or(Retval::INVALID_ARGUMENT)?;
        if !socket.ids.is_empty() {
            return Err(Retval::UNEXPECTED_INTF_STATE);
        }
        self.sockets.remove(&id);
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Memif> {
        self.interfaces.iter().map(|(_, memif)| memif)
    }

    /// Whether a memif is up and has met nobody.
    fn is_waiting(&self, index: u32) -> bool {
        self.interfaces.get(index).is_some_and(|memif| memif.admin_up && memif.peer.is_none())
    }

    /// The other end of a memif: same file, same id and secret, the other role.
    fn counterpart(&self, index: u32) -> Option<u32> {
        let memif = self.interfaces.get(index)?;
        let filename = &self.sockets.get(&memif.spec.socket_id)?.filename;
        self.sockets
            .iter()
            .filter(|(_, s)| s.filename == *filename && s.is_master != memif.spec.is_master)
            .filter_map(|(_, s)| s.ids.get(&memif.spec.id))
            .copied()
            .find(|other| {
                self.interfaces.get(*other).is_some_and(|o| o.spec.secret == memif.spec.secret)
            })
    }
}

impl Vpp {
    /// Creates a memif.
    pub(crate) fn create_memif(&mut self, mut spec: MemifSpec) -> Outcome<u32> {
        if spec.ring_size == 0 {
            spec.ring_size = DEFAULT_RING_SIZE;
        }
        if spec.buffer_size == 0 {
            spec.buffer_size = DEFAULT_BUFFER_SIZE;
        }
        if !spec.ring_size.is_power_of_two() {
            return Err(Retval::INVALID_ARGUMENT);
        }
        let socket = self.memifs.sockets.get(&spec.socket_id).ok_or(Retval::INVALID_ARGUMENT)?;
        let taken = socket.ids.contains_key(&spec.id);
        if !socket.ids.is_empty() && (socket.is_master != spec.is_master || taken) {
            return Err(Retval::SUBIF_ALREADY_EXISTS);
        }
        let index = self.memifs.interfaces.next_index();
        let device = Device::Memif { index };
        let hardware = match spec.mode {
            MODE_ETHERNET => {
                let mac = spec.mac.unwrap_or_else(|| self.random_mac());
                Hardware::ethernet(device, "memif", mac)
            }
            MODE_IP => Hardware::ip(device, "memif"),
            _ => return Err(Retval::SYSCALL_ERROR_2),
        };
        let name = format!("memif{}/{}", spec.socket_id, spec.id);
        let sw_if_index = self.interfaces.register(name, hardware);
        if let Some(socket) = self.memifs.sockets.get_mut(&spec.socket_id) {
            socket.is_master = spec.is_master;
            socket.ids.insert(spec.id, index);
        }
        let memif = Memif { sw_if_index, spec, admin_up: false, peer: None, running: None };
        self.memifs.interfaces.insert(memif);
        Ok(sw_if_index)
    }

    /// Deletes a memif.
    pub(crate) fn delete_memif(&mut self, sw_if_index: u32) -> Outcome {
        let Device::Memif { index } = self.interfaces.device(sw_if_index)? else {
            return Err(Retval::INVALID_SW_IF_INDEX);
        };
        let sup = self.interfaces.get(sw_if_index)?.sup;
        self.disconnect_memif(index)?;
        self.delete_hardware(sup)?;
        if let Some(gone) = self.memifs.interfaces.remove(index)
            && let Some(socket) = self.memifs.sockets.get_mut(&gone.spec.socket_id)
        {
            socket.ids.remove(&gone.spec.id);
        }
        Ok(())
    }

    /// What a memif does when it is enabled or disabled. Two ends in the same VPP meet once both
    /// are up, and stay connected until one is deleted; the link needs the interface to be up.
    pub(crate) fn drive_memif(&mut self, index: u32, up: bool) -> Outcome {
        let Some(memif) = self.memifs.interfaces.get_mut(index) else { return Ok(()) };
        memif.admin_up = up;
        let (sw_if_index, is_connected) = (memif.sw_if_index, memif.peer.is_some());
        if is_connected || !up {
            return self.set_link(sw_if_index, up && is_connected);
        }
        match self.memifs.counterpart(index) {
            Some(other) if self.memifs.is_waiting(other) => self.connect_memifs(index, other),
            _ => Ok(()),
        }
    }

    fn connect_memifs(&mut self, index: u32, other: u32) -> Outcome {
        let spec = |i| self.memifs.interfaces.get(i).map(|memif: &Memif| memif.spec.clone());
        let (Some(own), Some(others)) = (spec(index), spec(other)) else { return Ok(()) };
        let slave = if own.is_master { others } else { own };
        for (end, peer) in [(index, other), (other, index)] {
            let Some(memif) = self.memifs.interfaces.get_mut(end) else { continue };
            memif.peer = Some(peer);
            // The slave says how many queues there are in each direction.
            let queues = if memif.spec.is_master {
                slave.tx_queues
            } else {
                memif.running = Some((slave.ring_size, slave.buffer_size));
                slave.rx_queues
            };
            let sw_if_index = memif.sw_if_index;
            let queues = self.threads.queues(u16::from(queues.max(1)), POLLING);
            self.interfaces.hardware_mut(sw_if_index)?.rx_queues = queues;
            self.set_link(sw_if_index, true)?;
        }
        Ok(())
    }

    fn disconnect_memif(&mut self, index: u32) -> Outcome {
        let peer = self.memifs.interfaces.get_mut(index).and_then(|memif| memif.peer.take());
        for end in [Some(index), peer].into_iter().flatten() {
            let Some(memif) = self.memifs.interfaces.get_mut(end) else { continue };
            memif.peer = None;
            let sw_if_index = memif.sw_if_index;
            self.interfaces.hardware_mut(sw_if_index)?.rx_queues.clear();
            self.set_link(sw_if_index, false)?;
        }
        Ok(())
    }
}
