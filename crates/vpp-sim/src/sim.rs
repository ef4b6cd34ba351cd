//! The simulated VPP as tests and the demo hold it.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with};
use tokio::net::UnixListener;

use crate::dispatch;
use crate::error::SimError;
use crate::faults::Faults;
use crate::machine::{Identity, Machine};
use crate::numbering::Numbering;
use crate::plugins;
use crate::registry::Registry;
use crate::release::Release;
use crate::server::{Shared, Tasks};
use crate::state::dhcp_client::Lease;
use crate::state::interfaces::{Device, Hardware};
use crate::state::{HostInterfaces, Threads, Vpp};
use crate::stats::{self, Beat, Segment};
use crate::view::State;

/// How a simulated VPP is to be.
#[derive(Debug, Clone, Default)]
pub struct SimBuilder {
    release: Option<String>,
    socket: Option<PathBuf>,
    stats_socket: Option<PathBuf>,
    stats_interval: Option<Duration>,
    seed: u64,
    hosts: HostInterfaces,
    workers: u32,
    disabled: Vec<String>,
    enabled: Vec<String>,
}

/// How often counters move unless told otherwise. VPP's own default is ten times as long.
const STATS_INTERVAL: Duration = Duration::from_secs(1);

impl SimBuilder {
    /// The release whose messages are offered, such as `26.06`; the newest one by default.
    #[must_use]
    pub fn release(mut self, release: &str) -> Self {
        self.release = Some(release.to_owned());
        self
    }

    /// Where to listen; by default at a path of its own in the folder for temporary files.
    #[must_use]
    pub fn socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.socket = Some(path.into());
        self
    }

    /// Where to hand out the statistics segment; by default next to the API socket.
    #[must_use]
    pub fn stats_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.stats_socket = Some(path.into());
        self
    }

    /// How often counters move; every second by default.
    #[must_use]
    pub fn stats_interval(mut self, interval: Duration) -> Self {
        self.stats_interval = Some(interval);
        self
    }

    /// Decides everything that is left to chance.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Which interfaces the host has, for af_packet; by default whatever is asked for.
    #[must_use]
    pub fn host_interfaces(
        mut self,
        exists: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.hosts = HostInterfaces::new(exists);
        self
    }

    /// How many workers look after receive queues beside the main thread, and have counters of their own; none by default.
    #[must_use]
    pub fn workers(mut self, workers: u32) -> Self {
        self.workers = workers;
        self
    }

    /// Disables a plugin by its name, such as `dhcp`, as VPP's start-up file can: it is not listed, and its messages are
    /// not offered.
    #[must_use]
    pub fn without_plugin(mut self, name: &str) -> Self {
        self.disabled.push(name.to_owned());
        self
    }

    /// Loads a plugin that VPP loads only if its start-up file says so, such as `linux_cp`.
    #[must_use]
    pub fn with_plugin(mut self, name: &str) -> Self {
        self.enabled.push(name.to_owned());
        self
    }

    /// Starts listening.
    ///
    /// # Errors
    /// When the release is none, or nothing can listen at the path.
    pub async fn start(self) -> Result<Sim, SimError> {
        let release = match &self.release {
            Some(release) => release.parse().map_err(SimError::Release)?,
            None => Release::NEWEST,
        };
        let socket = self.socket.unwrap_or_else(own_socket);
        let mut disabled = self.disabled;
        disabled.extend(plugins::off_by_default().map(str::to_owned));
        disabled.retain(|name| self.enabled.iter().all(|enabled| enabled != name));
        let sim = Sim {
            stats_socket: self.stats_socket.unwrap_or_else(|| stats_socket_beside(&socket)),
            stats_interval: self.stats_interval.unwrap_or(STATS_INTERVAL),
            socket,
            release,
            seed: self.seed,
            hosts: self.hosts,
            workers: self.workers,
            disabled,
            registry: Arc::new(dispatch::table()),
            shared: Arc::new(Shared::new(Faults::new(self.seed))),
            tasks: Mutex::new(None),
            boots: AtomicU32::new(0),
        };
        sim.boot()?;
        Ok(sim)
    }
}

/// A path nobody else uses.
fn own_socket() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("vpp-sim-{}-{n}", std::process::id())).join("api.sock")
}

/// As VPP names its sockets; those of other names have theirs too.
fn stats_socket_beside(socket: &Path) -> PathBuf {
    match socket.file_name() {
        Some(name) if name != "api.sock" => {
            let mut name = name.to_owned();
            name.push(".stats");
            socket.with_file_name(name)
        }
        _ => socket.with_file_name("stats.sock"),
    }
}

/// A simulated VPP. Dropping it stops it.
pub struct Sim {
    socket: PathBuf,
    stats_socket: PathBuf,
    stats_interval: Duration,
    release: Release,
    seed: u64,
    hosts: HostInterfaces,
    workers: u32,
    disabled: Vec<String>,
    registry: Arc<Registry>,
    shared: Arc<Shared>,
    tasks: Mutex<Option<Tasks>>,
    boots: AtomicU32,
}

impl Sim {
    /// How a simulated VPP is made.
    #[must_use]
    pub fn builder() -> SimBuilder {
        SimBuilder::default()
    }

    /// Where it listens.
    #[must_use]
    pub fn socket_path(&self) -> &Path {
        &self.socket
    }

    /// Where it hands out its statistics segment.
    #[must_use]
    pub fn stats_socket_path(&self) -> &Path {
        &self.stats_socket
    }

    /// The fault dial.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Dies as a VPP dies: connections are cut, nothing listens any more, all state is lost. The
    /// socket file stays.
    pub fn crash(&self) {
        if let Some(tasks) = self.tasks().take() {
            tasks.stop();
        }
        self.shared.core().machine = None;
    }

    /// Whether it runs: not after a crash.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.shared.core().machine.is_some()
    }

    /// Starts again with nothing configured, after a crash or instead of one. Process id and
    /// message ids are new.
    ///
    /// # Errors
    /// When nothing can listen at the path any more.
    pub async fn restart(&self) -> Result<(), SimError> {
        let old = self.tasks().take();
        self.shared.core().machine = None;
        if let Some(tasks) = old {
            tasks.stop();
            tasks.tracker.wait().await;
        }
        self.boot()
    }

    /// Ends it and removes the socket.
    pub fn stop(&self) {
        self.crash();
        std::fs::remove_file(&self.socket).ok();
        std::fs::remove_file(&self.stats_socket).ok();
        if let Some(folder) = self.socket.parent()
            && folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("vpp-sim-"))
        {
            std::fs::remove_dir(folder).ok();
        }
    }

    /// Forgets what was asked so far: [`Sim::writes`] and [`Sim::log`] count from here.
    pub fn mark(&self) {
        self.shared.core().journal.mark();
    }

    /// How many requests since the mark were meant to change the configuration.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.shared.core().journal.writes()
    }

    /// Names of all requests since the mark, in order.
    #[must_use]
    pub fn log(&self) -> Vec<&'static str> {
        self.shared.core().journal.names()
    }

    /// What is configured now; nothing while it does not run.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared
            .core()
            .machine
            .as_ref()
            .map(|machine| State::of(&machine.vpp))
            .unwrap_or_default()
    }

    /// Puts in an interface nobody asked for over the API, as an operator or a driver does. The
    /// answer is its index, if the simulation runs.
    pub fn add_foreign_interface(&self, name: &str, dev_type: &str) -> Option<u32> {
        let mut core = self.shared.core();
        let machine = core.machine.as_mut()?;
        let hardware = Hardware::ethernet(Device::Foreign, dev_type, [0x02, 0xfe, 0, 0, 0, 0x99]);
        let index = machine.vpp.interfaces.register(name.to_owned(), hardware);
        machine.send_events();
        Some(index)
    }

    /// Deletes an interface behind everybody's back. False if there is none of this index.
    pub fn remove_interface(&self, sw_if_index: u32) -> bool {
        let mut core = self.shared.core();
        let Some(machine) = core.machine.as_mut() else { return false };
        let removed = machine.vpp.delete_any(sw_if_index).is_ok();
        machine.send_events();
        removed
    }

    /// Pulls the cable of an interface or plugs it in. False if there is none of this index.
    pub fn set_link(&self, sw_if_index: u32, link: Link) -> bool {
        let mut core = self.shared.core();
        let Some(machine) = core.machine.as_mut() else { return false };
        let done = machine.vpp.set_link(sw_if_index, link == Link::Up).is_ok();
        machine.send_events();
        done
    }

    /// A DHCP server gives the client of an interface an address and a router. False if there is no client.
    pub fn grant_lease(
        &self,
        sw_if_index: u32,
        (address, len): (Ipv4Addr, u8),
        router: Ipv4Addr,
    ) -> bool {
        let mut core = self.shared.core();
        let Some(machine) = core.machine.as_mut() else { return false };
        let granted = machine.vpp.grant_lease(sw_if_index, Lease { address, len, router }).is_ok();
        machine.send_events();
        granted
    }

    /// The lease of the client of an interface runs out, of which VPP tells nobody. False if there is no client.
    pub fn end_lease(&self, sw_if_index: u32) -> bool {
        let mut core = self.shared.core();
        core.machine.as_mut().is_some_and(|machine| machine.vpp.end_lease(sw_if_index).is_ok())
    }

    /// Damages the statistics segment. False if it does not run or the system refuses.
    pub fn damage_stats(&self, damage: Damage) -> bool {
        let core = self.shared.core();
        let Some(machine) = core.machine.as_ref() else { return false };
        match damage {
            Damage::Truncate(length) => machine.stats.truncate(length).is_ok(),
            Damage::LeaveInProgress => machine.stats.leave_in_progress().is_ok(),
        }
    }

    fn boot(&self) -> Result<(), SimError> {
        let listener = listen(&self.socket)?;
        let stats_listener = listen_stats(&self.stats_socket)?;
        let boot = self.boots.fetch_add(1, Ordering::Relaxed);
        let runtime_dir = self.socket.parent().unwrap_or(Path::new("/run/vpp"));
        let seed = self.seed.wrapping_add(u64::from(boot));
        let runtime_dir = runtime_dir.display().to_string();
        let threads = Threads::new(self.workers);
        let vpp = Vpp::new(self.release, seed, self.hosts.clone(), threads, &runtime_dir);
        let identity = Identity {
            release: self.release,
            pid: process_id(boot),
            started: SystemTime::now(),
            booted: Instant::now(),
            disabled: self.disabled.clone(),
        };
        let disabled = identity.disabled.as_slice();
        let numbering = Numbering::new(&self.registry, self.release, disabled, boot);
        let stats = segment(self.release, &vpp).map_err(|source| SimError::Stats { source })?;
        self.shared.core().machine = Some(Machine::new(vpp, identity, numbering, stats));
        let tasks = Tasks::start(listener, Arc::clone(&self.shared));
        let (shared, stop) = (Arc::clone(&self.shared), tasks.stop.clone());
        tasks.tracker.spawn(stats::serve(stats_listener, shared, self.stats_interval, stop));
        *self.tasks() = Some(tasks);
        Ok(())
    }

    fn tasks(&self) -> MutexGuard<'_, Option<Tasks>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether an interface has a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// It has.
    Up,
    /// It has not.
    Down,
}

/// What may happen to a statistics segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// It is cut to this length.
    Truncate(u64),
    /// VPP says that it changes something and never says that it is done.
    LeaveInProgress,
}

/// A segment that has something in it from the start.
fn segment(release: Release, vpp: &Vpp) -> std::io::Result<Segment> {
    let mut segment = Segment::new(release, vpp.threads.count())?;
    segment.update(&vpp.interfaces, Beat::Change)?;
    Ok(segment)
}

/// The first run has the process id it really has. Later ones have numbers no process can have,
/// so that a restart is seen.
fn process_id(boot: u32) -> u32 {
    const PID_MAX: u32 = 1 << 22;
    let pid = std::process::id();
    if boot == 0 { pid } else { PID_MAX.wrapping_mul(boot).wrapping_add(pid) }
}

/// Listens at a path, over what a crash left behind there.
pub(crate) fn listen(socket: &Path) -> Result<UnixListener, SimError> {
    clear(socket)?;
    UnixListener::bind(socket)
        .map_err(|source| SimError::Listen { path: socket.to_owned(), source })
}

/// Messages on the statistics socket have bounds, which sockets of the standard library have not.
fn listen_stats(path: &Path) -> Result<UnixListener, SimError> {
    const BACKLOG: i32 = 64;
    clear(path)?;
    let listening = || {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        bind(&socket, &SocketAddrUnix::new(path)?)?;
        rustix::net::listen(&socket, BACKLOG)?;
        UnixListener::from_std(socket.into())
    };
    listening().map_err(|source| SimError::Listen { path: path.to_owned(), source })
}

/// Makes way for a socket: the folder is there, and what a crash left behind is not.
fn clear(socket: &Path) -> Result<(), SimError> {
    if let Some(folder) = socket.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|source| SimError::CreateFolder { path: folder.to_owned(), source })?;
    }
    std::fs::remove_file(socket).ok();
    Ok(())
}
