//! Namespaces of its own for everything a test starts.
//!
//! As root: a network namespace and a mount namespace with an empty `/run/netns`, so that named
//! namespaces of different tests do not meet and nothing is left behind. As an ordinary user:
//! nothing; programs run where the test runs.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::child::{Child, wait_until};

/// Where programs of one test run.
#[derive(Debug)]
pub struct Sandbox {
    holder: Option<Child>,
}

impl Sandbox {
    /// Makes one. `folder` gets the log of the process that holds the namespaces.
    pub fn new(folder: &Path) -> Result<Self> {
        if !is_root() {
            return Ok(Self { holder: None });
        }
        let ready = folder.join("sandbox.ready");
        let script = format!(
            "mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip link set lo up && \
             mkdir -p /run/vpp && mount -t tmpfs none /run/vpp && \
             : > {} && exec sleep infinity",
            ready.display()
        );
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "--propagation", "private", "sh", "-c", &script]);
        let mut holder = Child::start("sandbox", &mut command, &folder.join("sandbox.log"))?;
        wait_until("namespaces of the sandbox", Duration::from_secs(10), || {
            holder.check_running()?;
            Ok(ready.exists().then_some(()))
        })?;
        Ok(Self { holder: Some(holder) })
    }

    /// None: programs run where this one runs.
    pub fn none() -> Self {
        Self { holder: None }
    }

    /// Has it namespaces of its own?
    pub fn is_isolated(&self) -> bool {
        self.holder.is_some()
    }

    /// A command that will run inside.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let Some(holder) = &self.holder else { return Command::new(program) };
        let mut command = Command::new("nsenter");
        let target = holder.pid().to_string();
        // Entering a mount namespace resets the root directory: under `chroot` it is another one.
        command.args(["--target", &target, "--net", "--mount", "--root", "--"]).arg(program);
        command
    }

    /// Runs a command inside to its end; its standard output.
    pub fn output(&self, line: &str) -> Result<String> {
        let mut command = self.command("sh");
        let output = command
            .args(["-c", line])
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {line}"))?;
        ensure!(
            output.status.success(),
            "`{line}` ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Makes a named network namespace inside.
    pub fn add_namespace(&self, name: &str) -> Result<()> {
        self.output(&format!("ip netns add {name} && ip -n {name} link set lo up")).map(|_| ())
    }
}

/// Do we run as root?
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}
