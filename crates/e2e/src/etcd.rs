//! A real etcd for a test.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{Child, Sandbox, find_on_path, wait_until};

/// A running etcd.
#[derive(Debug)]
pub struct Etcd {
    child: Child,
    program: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Etcd {
    /// Is there an etcd on this machine?
    pub fn is_installed() -> bool {
        find_on_path("etcd").is_some()
    }

    /// Starts one on the sandbox's loopback.
    pub fn start(sandbox: &Sandbox, folder: &Path, port: u16) -> Result<Self> {
        let program = find_on_path("etcd").context("etcd is not installed")?;
        let child = spawn(sandbox, &program, folder, port)?;
        Ok(Self { child, program, folder: folder.to_owned(), port })
    }

    /// Address of the client port.
    pub fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// SIGKILL. The data stay.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// Starts again with the data of before.
    pub fn restart(&mut self, sandbox: &Sandbox) -> Result<()> {
        self.child.kill();
        self.child = spawn(sandbox, &self.program, &self.folder, self.port)?;
        Ok(())
    }
}

fn spawn(sandbox: &Sandbox, program: &Path, folder: &Path, port: u16) -> Result<Child> {
    let client = format!("http://127.0.0.1:{port}");
    let peer = format!("http://127.0.0.1:{}", port + 1);
    let mut command = sandbox.command(program);
    command
        .env("ETCD_UNSUPPORTED_ARCH", std::env::consts::ARCH)
        .arg("--data-dir")
        .arg(folder.join("etcd"))
        .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &format!("default={peer}")]);
    let log = folder.join("etcd.log");
    let seen = std::fs::read_to_string(&log).map_or(0, |text| text.len());
    let mut child = Child::start("etcd", &mut command, &log)?;
    wait_until("etcd to serve clients", Duration::from_secs(20), || {
        child.check_running()?;
        let text = child.log();
        let new = text.get(seen..).unwrap_or_default();
        Ok(new
            .contains("serving insecure client requests")
            .then_some(())
            .or_else(|| new.contains("ready to serve client requests").then_some(())))
    })?;
    Ok(child)
}
