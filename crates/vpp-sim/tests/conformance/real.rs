//! The real VPP: one that runs already, or one started for the test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A real VPP to compare with.
pub(crate) enum Real {
    /// Runs already; it is used for everything and not restarted.
    Running(PathBuf),
    /// Is started anew for each scenario.
    Binary(PathBuf),
}

impl Real {
    /// `VPP_API_SOCKET`, or a `vpp` on the `PATH`.
    pub(crate) fn find() -> Option<Real> {
        if let Some(socket) = std::env::var_os("VPP_API_SOCKET") {
            return Some(Real::Running(socket.into()));
        }
        let path = std::env::var_os("PATH")?;
        let binary = std::env::split_paths(&path).map(|d| d.join("vpp")).find(|b| b.is_file())?;
        Some(Real::Binary(binary))
    }

    pub(crate) fn start(&self, n: usize) -> Started {
        match self {
            Real::Running(socket) => Started { socket: socket.clone(), folder: None, child: None },
            Real::Binary(binary) => start(binary, n),
        }
    }
}

/// A VPP that answers; it ends with this.
pub(crate) struct Started {
    pub(crate) socket: PathBuf,
    folder: Option<PathBuf>,
    child: Option<Child>,
}

impl Started {
    /// Whether it has a network namespace of its own, with a veth pair `hostA` and `hostB` in it.
    pub(crate) fn is_isolated(&self) -> bool {
        self.child.is_some()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().ok();
            child.wait().ok();
        }
        if let Some(folder) = &self.folder {
            std::fs::remove_dir_all(folder).ok();
        }
    }
}

/// VPP in a network namespace of its own, since it changes interfaces of the host.
fn start(binary: &Path, n: usize) -> Started {
    let name = format!("vpp-conformance-{}-{n}", std::process::id());
    let folder = std::env::temp_dir().join(&name);
    std::fs::create_dir_all(&folder).unwrap();
    let (binary, dir) = (binary.display(), folder.display());
    let script = format!(
        "ip link add hostA type veth peer name hostB && ip link set lo up
         exec {binary} unix {{ nodaemon cli-listen {dir}/cli.sock runtime-dir {dir} }} \
         socksvr {{ socket-name {dir}/api.sock }} api-segment {{ prefix {name} }} \
         memory {{ main-heap-page-size 4k }} buffers {{ page-size 4k }} \
         statseg {{ socket-name {dir}/stats.sock }} plugins {{ plugin dpdk_plugin.so {{ disable }} }}"
    );
    let child = Command::new("unshare")
        .args(["--net", "sh", "-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let socket = folder.join("api.sock");
    let started = Started { socket, folder: Some(folder), child: Some(child) };
    let deadline = Instant::now() + Duration::from_secs(60);
    while std::os::unix::net::UnixStream::connect(&started.socket).is_err() {
        assert!(Instant::now() < deadline, "VPP does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    started
}
