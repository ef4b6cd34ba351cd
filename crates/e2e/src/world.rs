//! Everything one test needs, put together.

use std::{net::TcpListener, path::Path};

use anyhow::Result;
use tempfile::TempDir;

use crate::{Agent, AgentOptions, Etcd, Sandbox, Vpp, VppKind, dump};

/// Where the agent's configuration comes from, besides the APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stores {
    /// No store.
    None,
    /// A real etcd.
    Etcd,
    /// The embedded store, in a file of the world's folder.
    Embedded,
}

/// A folder, a sandbox, a VPP that is not running so far, and an etcd if one is wanted.
#[derive(Debug)]
pub struct World {
    /// Namespaces.
    pub sandbox: Sandbox,
    /// VPP; start it with [`Vpp::start`].
    pub vpp: Vpp,
    /// The etcd.
    pub etcd: Option<Etcd>,
    stores: Stores,
    http_port: u16,
    grpc_port: u16,
    folder: TempDir,
}

impl World {
    /// Makes one.
    pub fn new(kind: VppKind, stores: Stores) -> Result<Self> {
        let folder = TempDir::with_prefix("ligato-")?;
        let sandbox = Sandbox::new(folder.path())?;
        let vpp = Vpp::new(kind, folder.path());
        let port = |fixed| if sandbox.is_isolated() { Ok(fixed) } else { free_port() };
        let (http_port, grpc_port) = (port(9191)?, port(9111)?);
        let etcd = match stores {
            Stores::Etcd => Some(Etcd::start(&sandbox, folder.path(), port(2379)?)?),
            Stores::None | Stores::Embedded => None,
        };
        Ok(Self { sandbox, vpp, etcd, stores, http_port, grpc_port, folder })
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts an agent and waits until it answers.
    pub fn start_agent(&self) -> Result<Agent> {
        self.start_agent_with(self.agent_options())
    }

    /// Starts an agent with other options.
    pub fn start_agent_with(&self, options: AgentOptions) -> Result<Agent> {
        let mut agent = Agent::start(&self.sandbox, self.folder(), &self.vpp.socket(), options)?;
        agent.wait_up(&self.sandbox)?;
        Ok(agent)
    }

    /// What an agent of this world is started with.
    pub fn agent_options(&self) -> AgentOptions {
        let files = match (&self.etcd, self.stores) {
            (Some(etcd), _) => vec![(
                "etcd.conf".to_owned(),
                format!("endpoints: [\"{}\"]\ninsecure-transport: true\n", etcd.endpoint()),
            )],
            (None, Stores::Embedded) => vec![(
                "redb.conf".to_owned(),
                format!("path: {}\n", self.folder().join("store.redb").display()),
            )],
            (None, _) => Vec::new(),
        };
        AgentOptions {
            label: "vpp1".to_owned(),
            http_port: self.http_port,
            grpc_port: self.grpc_port,
            files,
            arguments: Vec::new(),
        }
    }

    /// What VPP holds, read over its API by a client of our own.
    pub fn dump_vpp(&self) -> Result<String> {
        dump::vpp(&self.vpp.socket())
    }

    /// What the kernel holds in these named namespaces and in the sandbox itself.
    pub fn dump_linux(&self, namespaces: &[String]) -> Result<String> {
        dump::linux(&self.sandbox, namespaces)
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
