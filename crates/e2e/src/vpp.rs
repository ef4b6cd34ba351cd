//! The VPP of a test: simulated, or real where there is one.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{Child, Sandbox, binary, find_on_path, wait_until};

/// Which VPP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VppKind {
    /// `vpp-sim` of this workspace; of the release that `E2E_RELEASE` names, or the newest.
    Simulated,
    /// A `vpp` binary on the `PATH`, or named by `VPP_BINARY`.
    Real,
}

/// A VPP that can be started, killed and started again.
#[derive(Debug)]
pub struct Vpp {
    kind: VppKind,
    folder: PathBuf,
    memory: Memory,
    child: Option<Child>,
}

/// What a real VPP is given; sizes as VPP's start-up file has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The main heap.
    pub main_heap: &'static str,
    /// The statistics segment.
    pub statistics: &'static str,
}

impl Default for Memory {
    /// Enough for some ten thousand objects.
    fn default() -> Self {
        Self { main_heap: "512M", statistics: "64M" }
    }
}

impl VppKind {
    /// The kinds that can be had here: always the simulated one, and the real one if installed.
    pub fn available() -> Vec<Self> {
        let mut kinds = vec![Self::Simulated];
        if real_binary().is_some() && crate::sandbox::is_root() {
            kinds.push(Self::Real);
        }
        kinds
    }
}

impl Vpp {
    /// One that is not running so far.
    pub fn new(kind: VppKind, folder: &Path) -> Self {
        Self { kind, folder: folder.to_owned(), memory: Memory::default(), child: None }
    }

    /// The same with other memory, for its next start.
    #[must_use]
    pub fn with_memory(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// Path of its API socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("api.sock")
    }

    /// Path of its statistics socket.
    pub fn stats_socket(&self) -> PathBuf {
        self.folder.join("stats.sock")
    }

    /// Which kind it is.
    pub fn kind(&self) -> VppKind {
        self.kind
    }

    /// Starts it, with nothing configured, and waits for its socket.
    pub fn start(&mut self, sandbox: &Sandbox) -> Result<()> {
        self.kill();
        let mut command = match self.kind {
            VppKind::Simulated => {
                let mut command = sandbox.command(binary("vpp-sim")?);
                command.arg("--socket").arg(self.socket());
                if let Some(release) = std::env::var_os("E2E_RELEASE") {
                    command.arg("--release").arg(release);
                }
                command
            }
            VppKind::Real => {
                let program = real_binary().context("no vpp binary")?;
                let config = self.folder.join("vpp.conf");
                std::fs::write(&config, self.startup_conf())?;
                let mut command = sandbox.command(program);
                command.arg("-c").arg(config);
                command
            }
        };
        let mut child = Child::start("vpp", &mut command, &self.folder.join("vpp.log"))?;
        let socket = self.socket();
        wait_until("the API socket of VPP", Duration::from_secs(30), || {
            child.check_running()?;
            Ok(std::os::unix::net::UnixStream::connect(&socket).is_ok().then_some(()))
        })?;
        self.child = Some(child);
        Ok(())
    }

    /// SIGKILL: everything it had is gone.
    pub fn kill(&mut self) {
        self.child = None;
        // A dead VPP leaves its sockets behind, and the next one starts cleanly.
        let _was_there = std::fs::remove_file(self.socket());
    }

    /// Runs a command of a real VPP's command line.
    pub fn ctl(&self, sandbox: &Sandbox, line: &str) -> Result<Output> {
        anyhow::ensure!(self.kind == VppKind::Real, "only a real VPP has a command line");
        let vpp = real_binary().context("no vpp binary")?;
        let mut command = sandbox.command(vpp.with_file_name("vppctl"));
        command.arg("-s").arg(self.folder.join("cli.sock")).args(line.split_whitespace());
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot run vppctl {line}"))
    }

    /// Stops it in its tracks: it holds its socket and does not answer.
    pub fn suspend(&self) -> Result<()> {
        self.signal("-STOP")
    }

    /// Lets a suspended one go on.
    pub fn resume(&self) -> Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let child = self.child.as_ref().context("VPP does not run")?;
        let status =
            std::process::Command::new("kill").args([signal, &child.pid().to_string()]).status()?;
        anyhow::ensure!(status.success(), "kill {signal} ended with {status}");
        Ok(())
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.child.as_ref().map(Child::log_tail).unwrap_or_default()
    }

    /// A name for its shared memory that no other VPP of this machine has.
    fn prefix(&self) -> String {
        self.folder.to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "")
    }

    fn startup_conf(&self) -> String {
        let dir = self.folder.display();
        let Memory { main_heap, statistics } = self.memory;
        format!(
            "unix {{ nodaemon cli-listen {dir}/cli.sock runtime-dir {dir} }}\n\
             socksvr {{ socket-name {dir}/api.sock }}\n\
             statseg {{ socket-name {dir}/stats.sock size {statistics} }}\n\
             api-segment {{ prefix {} }}\n\
             memory {{ main-heap-page-size 4k main-heap-size {main_heap} }}\n\
             buffers {{ page-size 4k }}\n\
             plugins {{ plugin dpdk_plugin.so {{ disable }} }}\n",
            self.prefix()
        )
    }
}

fn real_binary() -> Option<PathBuf> {
    std::env::var_os("VPP_BINARY").map(PathBuf::from).or_else(|| find_on_path("vpp"))
}
