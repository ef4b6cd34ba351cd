//! One VPP with its agent; a scenario may have several.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{Agent, AgentOptions, Sandbox, Vpp, VppKind};

/// Ports of the first node; the next ones follow.
const PORTS: (u16, u16) = (9191, 9111);

/// A node, of which so far nothing runs.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) vpp: Vpp,
    agent: Option<Agent>,
    folder: PathBuf,
    options: AgentOptions,
}

impl Node {
    /// The `number`-th node, in a folder of its own.
    pub(super) fn new(folder: &Path, name: &str, number: u16, kind: VppKind) -> Result<Self> {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let options = AgentOptions {
            label: name.to_owned(),
            http_port: PORTS.0 + number,
            grpc_port: PORTS.1 + number,
            files: Vec::new(),
            arguments: Vec::new(),
        };
        Ok(Self { vpp: Vpp::new(kind, &folder), agent: None, folder, options })
    }

    /// A configuration file for the next agent.
    pub(super) fn set_file(&mut self, name: &str, text: String) {
        self.options.files.retain(|(other, _)| other != name);
        self.options.files.push((name.to_owned(), text));
    }

    pub(super) fn start_agent(&mut self, sandbox: &Sandbox, arguments: Vec<String>) -> Result<()> {
        self.agent = None;
        self.options.arguments = arguments;
        let socket = self.vpp.socket();
        let mut agent = Agent::start(sandbox, &self.folder, &socket, self.options.clone())?;
        agent.wait_up(sandbox)?;
        self.agent = Some(agent);
        Ok(())
    }

    /// SIGKILL.
    pub(super) fn kill_agent(&mut self) {
        self.agent = None;
    }

    pub(super) fn agent(&self) -> Result<&Agent> {
        self.agent.as_ref().context("no agent runs")
    }

    /// The ends of its logs.
    pub(super) fn logs(&mut self) -> String {
        let agent = self.agent.as_mut().map(|agent| agent.child().log_tail());
        format!("VPP: {}\nagent: {}", self.vpp.log_tail(), agent.unwrap_or_default())
    }
}
