//! A real VPP for tests of kinds: one that runs already, or one started for the test.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use ligato_vpp_api::support::RELEASES;
use ligato_vpp_client::{Options, VppClient};

/// So long a VPP may take until it listens.
const PATIENCE: Duration = Duration::from_secs(60);

/// A real VPP; one that was started for it ends with this.
#[derive(Debug)]
pub struct RealVpp {
    socket: PathBuf,
    own: Option<(Child, PathBuf)>,
}

impl RealVpp {
    /// The VPP behind `VPP_API_SOCKET`, or else one of a `vpp` on the `PATH` (which only root can
    /// start), in a network namespace of its own
    /// with a VETH pair `eth1` and `eth2` in it. Nothing if there is neither.
    ///
    /// # Errors
    /// It does not start, or does not listen.
    pub fn find() -> std::io::Result<Option<Self>> {
        if let Some(socket) = std::env::var_os("VPP_API_SOCKET") {
            return Ok(Some(Self { socket: socket.into(), own: None }));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let binary = std::env::split_paths(&path).map(|d| d.join("vpp")).find(|b| b.is_file());
        match binary.filter(|_| is_root()) {
            Some(binary) => Self::start(&binary).map(Some),
            None => Ok(None),
        }
    }

    /// The same, for a test that has it make TAPs. Nothing, which is said, if the kernel does not carry them.
    ///
    /// # Errors
    /// It does not start, or does not listen.
    ///
    /// # Panics
    /// With `E2E_MUST_RUN` in the environment, if it is nothing: whoever sets that has provided what the test needs.
    #[expect(clippy::print_stderr, reason = "tests report through their standard error")]
    pub fn find_with_taps() -> std::io::Result<Option<Self>> {
        let carries = Path::new("/dev/vhost-net").exists();
        let found = if carries { Self::find()? } else { None };
        if found.is_none() {
            let why = if carries { "no VPP" } else { "the kernel lacks vhost-net" };
            eprintln!("skipped: {why}");
            assert!(std::env::var_os("E2E_MUST_RUN").is_none(), "it was to run, but: {why}");
        }
        Ok(found)
    }

    /// Its API socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Its release. Nothing if that is not one of those looked at.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn release(&self) -> std::io::Result<Option<&'static str>> {
        let client = VppClient::start(Options::new(self.socket()));
        let peer = client.connected().await.map_err(std::io::Error::other)?;
        client.shutdown().await;
        let version = peer.version.trim_start_matches('v');
        Ok(RELEASES.into_iter().find(|release| version.starts_with(release)))
    }

    fn start(binary: &Path) -> std::io::Result<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("vpp-kinds-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder)?;
        let (binary, dir) = (binary.display(), folder.display());
        let script = format!(
            "ip link add eth1 type veth peer name eth2
             exec {binary} unix {{ nodaemon cli-listen {dir}/cli.sock runtime-dir {dir} }} \
             socksvr {{ socket-name {dir}/api.sock }} api-segment {{ prefix {name} }} \
             memory {{ main-heap-page-size 4k }} buffers {{ page-size 4k }} \
             statseg {{ socket-name {dir}/stats.sock }} \
             plugins {{ plugin dpdk_plugin.so {{ disable }} }}"
        );
        let child = Command::new("unshare")
            .args(["--net", "sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let started = Self { socket: folder.join("api.sock"), own: Some((child, folder)) };
        let deadline = Instant::now() + PATIENCE;
        while std::os::unix::net::UnixStream::connect(&started.socket).is_err() {
            if Instant::now() > deadline {
                return Err(std::io::Error::other("VPP does not listen"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(started)
    }
}

impl Drop for RealVpp {
    fn drop(&mut self) {
        if let Some((child, folder)) = &mut self.own {
            // It may have ended by itself; its folder is in the temporary one in any case.
            let _ended = child.kill().and_then(|()| child.wait());
            let _removed = std::fs::remove_dir_all(folder);
        }
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}
