//! An agent under test, driven as a user does.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{Child, Sandbox, binary, wait_until};

/// What an agent is started with.
#[derive(Debug, Clone)]
pub struct AgentOptions {
    /// Service label.
    pub label: String,
    /// REST port on loopback.
    pub http_port: u16,
    /// gRPC port on loopback.
    pub grpc_port: u16,
    /// Configuration files: name and content, besides those of REST, gRPC and VPP.
    pub files: Vec<(String, String)>,
    /// Additional arguments.
    pub arguments: Vec<String>,
}

/// A running agent.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    folder: PathBuf,
    options: AgentOptions,
}

/// What a command printed, and how it ended.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Agent {
    /// Writes the configuration files and starts the agent. Does not wait.
    pub fn start(
        sandbox: &Sandbox,
        folder: &Path,
        vpp_socket: &Path,
        options: AgentOptions,
    ) -> Result<Self> {
        let conf = folder.join("conf");
        std::fs::create_dir_all(&conf)?;
        let write = |name: &str, text: String| std::fs::write(conf.join(name), text);
        write("http.conf", format!("endpoint: 127.0.0.1:{}\n", options.http_port))?;
        write(
            "grpc.conf",
            format!("endpoint: 127.0.0.1:{}\ninsecure-transport: true\n", options.grpc_port),
        )?;
        let stats = vpp_socket.with_file_name("stats.sock");
        let (api, stats) = (vpp_socket.display(), stats.display());
        write("govpp.conf", format!("binapi-socket-path: {api}\nstats-socket-path: {stats}\n"))?;
        for (name, text) in &options.files {
            write(name, text.clone())?;
        }
        let mut command = sandbox.command(binary("vpp-agent")?);
        command
            .arg(format!("--config-dir={}", conf.display()))
            .arg(format!("--microservice-label={}", options.label))
            .args(&options.arguments)
            .env("RUST_BACKTRACE", "1");
        let child = Child::start("vpp-agent", &mut command, &folder.join("agent.log"))?;
        Ok(Self { child, folder: folder.to_owned(), options })
    }

    /// The process.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits until both APIs answer.
    pub fn wait_up(&mut self, sandbox: &Sandbox) -> Result<()> {
        let options = self.options.clone();
        let child = &mut self.child;
        wait_until("the agent to answer", Duration::from_secs(30), || {
            child.check_running()?;
            let up = ctl(sandbox, &options, &["model", "ls", "-o", "json"])?.code == 0
                && ctl(sandbox, &options, &["values", "-o", "json"])?.code == 0;
            Ok(up.then_some(()))
        })
    }

    /// Runs agentctl against it.
    pub fn ctl(&self, sandbox: &Sandbox, args: &[&str]) -> Result<Reply> {
        ctl(sandbox, &self.options, args)
    }

    /// Runs agentctl and wants it to succeed; its standard output.
    pub fn ctl_ok(&self, sandbox: &Sandbox, args: &[&str]) -> Result<String> {
        let reply = self.ctl(sandbox, args)?;
        ensure!(
            reply.code == 0,
            "agentctl {} ended with {}\n{}{}\nagent's log:\n{}",
            args.join(" "),
            reply.code,
            reply.stdout,
            reply.stderr,
            self.child.log_tail()
        );
        Ok(reply.stdout)
    }

    /// Runs agentctl with `-o json`.
    pub fn ctl_json(&self, sandbox: &Sandbox, args: &[&str]) -> Result<Value> {
        let mut args = args.to_vec();
        args.extend(["-o", "json"]);
        let text = self.ctl_ok(sandbox, &args)?;
        serde_json::from_str(&text).with_context(|| format!("{} printed {text}", args.join(" ")))
    }

    /// State of every value, base and derived, by key.
    pub fn states(&self, sandbox: &Sandbox) -> Result<Vec<(String, String)>> {
        let list = self.ctl_json(sandbox, &["values"])?;
        let mut states = Vec::new();
        for base in list.as_array().context("a list of statuses")? {
            let derived = base.get("derived_values").and_then(Value::as_array);
            let all = base.get("value").into_iter().chain(derived.into_iter().flatten());
            for status in all {
                let text = |name| status.get(name).and_then(Value::as_str).unwrap_or_default();
                let state = match text("state") {
                    "" => "NONEXISTENT",
                    state => state,
                };
                states.push((text("key").to_owned(), state.to_owned()));
            }
        }
        Ok(states)
    }

    /// Waits until each of `wanted` is in its state; what is not there is `NONEXISTENT`.
    pub fn wait_states(&self, sandbox: &Sandbox, wanted: &[(&str, &str)]) -> Result<()> {
        wait_until("values to reach their states", Duration::from_secs(20), || {
            let states = self.states(sandbox)?;
            let off: Vec<String> = wanted
                .iter()
                .filter_map(|(key, state)| {
                    let found = states.iter().find(|(k, _)| k == key);
                    let is = found.map_or("NONEXISTENT", |(_, s)| s.as_str());
                    (is != *state).then(|| format!("{key}: {is} instead of {state}"))
                })
                .collect();
            if off.is_empty() { Ok(Some(())) } else { bail!("{}", off.join("\n")) }
        })
    }

    /// Waits until every value wanted from the northbound is CONFIGURED.
    pub fn wait_configured(&self, sandbox: &Sandbox) -> Result<usize> {
        wait_until("all values to be configured", Duration::from_secs(30), || {
            let states = self.states(sandbox)?;
            let off: Vec<String> = states
                .iter()
                .filter(|(_, state)| !matches!(state.as_str(), "CONFIGURED" | "OBTAINED"))
                .map(|(key, state)| format!("{key} is {state}"))
                .collect();
            let configured = states.iter().filter(|(_, s)| s == "CONFIGURED").count();
            if off.is_empty() && configured > 0 {
                Ok(Some(configured))
            } else {
                bail!("{} configured; {}", configured, off.join(", "))
            }
        })
    }
}

fn ctl(sandbox: &Sandbox, options: &AgentOptions, args: &[&str]) -> Result<Reply> {
    let mut command = sandbox.command(binary("agentctl")?);
    command
        .args(["--http-port", &options.http_port.to_string()])
        .args(["--grpc-port", &options.grpc_port.to_string()])
        .args(["--service-label", &options.label])
        .args(args)
        .stdin(Stdio::null());
    let output = command.output().context("cannot run agentctl")?;
    Ok(Reply {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
