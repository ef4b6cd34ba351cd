//! A microservice: a process in a network namespace of its own, known by its label.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{Child, Sandbox, wait_until};

/// A running microservice. Its namespace is gone when it is dropped.
#[derive(Debug)]
pub struct Microservice {
    child: Child,
}

impl Microservice {
    /// Starts one. The agent finds it by `MICROSERVICE_LABEL` in its environment.
    pub fn start(sandbox: &Sandbox, folder: &Path, label: &str) -> Result<Self> {
        let ready = folder.join(format!("{label}.ready"));
        let _was_there = std::fs::remove_file(&ready);
        let script = format!("ip link set lo up && : > {} && exec sleep infinity", ready.display());
        let mut command = sandbox.command("unshare");
        command.args(["--net", "sh", "-c", &script]).env("MICROSERVICE_LABEL", label);
        let mut child = Child::start(label, &mut command, &folder.join(format!("{label}.log")))?;
        wait_until("the microservice to start", Duration::from_secs(10), || {
            child.check_running()?;
            Ok(ready.exists().then_some(()))
        })?;
        Ok(Self { child })
    }

    /// Runs a command in its namespace; did it succeed?
    pub fn run(&self, line: &str) -> Result<bool> {
        Ok(self.output(line)?.status.success())
    }

    /// Runs a command in its namespace to its end.
    pub fn output(&self, line: &str) -> Result<Output> {
        let pid = self.child.pid().to_string();
        Command::new("nsenter")
            .args(["--target", &pid, "--net", "--", "sh", "-c", line])
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {line}"))
    }
}
