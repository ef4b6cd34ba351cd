//! Where a scenario is played: namespaces, nodes, microservices.

use std::{collections::BTreeMap, path::Path, process::Output, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    Expectations, Step,
    needs::Need,
    node::Node,
    parse::{Answer, Change, Command, Place, Program, Sync, What},
};
use crate::{Etcd, Microservice, Sandbox, VppKind, dump, wait_until};

/// So long something may take to become true.
const PATIENCE: Duration = Duration::from_secs(15);

/// So many pings in a row must be lost to call it that.
const LOST: u32 = 2;

/// Name of the node that a scenario begins with.
const FIRST_NODE: &str = "agent0";

const ETCD_PORT: u16 = 2379;

pub(super) struct Stage {
    kind: VppKind,
    current: String,
    nodes: BTreeMap<String, Node>,
    microservices: BTreeMap<String, Microservice>,
    /// How labels of microservices begin: those of other scenarios are seen, too.
    microservice: String,
    configurations: BTreeMap<String, String>,
    etcd: Option<Etcd>,
    sandbox: Sandbox,
    folder: TempDir,
}

impl Stage {
    /// A stage, or why the scenario cannot be played here.
    pub(super) fn new(kind: VppKind, needs: &[&Need]) -> Result<Result<Self, String>> {
        let folder = TempDir::with_prefix("ligato-")?;
        let sandbox = Sandbox::new(folder.path())?;
        if !sandbox.is_isolated() {
            return Ok(Err("needs root for network namespaces".to_owned()));
        }
        if let Some(why) = needs.iter().find_map(|need| need.missing(kind, &sandbox)) {
            return Ok(Err(why));
        }
        let mut stage = Self {
            kind,
            current: String::new(),
            nodes: BTreeMap::new(),
            microservices: BTreeMap::new(),
            microservice: format!("{}-ms", unique(folder.path())),
            configurations: BTreeMap::new(),
            etcd: None,
            sandbox,
            folder,
        };
        if needs.contains(&&Need::Etcd) {
            stage.etcd = Some(Etcd::start(&stage.sandbox, stage.folder.path(), ETCD_PORT)?);
        }
        stage.select(FIRST_NODE)?;
        Ok(Ok(stage))
    }

    pub(super) fn with_logs(&mut self, error: &anyhow::Error) -> anyhow::Error {
        let logs: Vec<String> =
            self.nodes.iter_mut().map(|(name, node)| format!("{name} {}", node.logs())).collect();
        anyhow::anyhow!("{error:#}\n{}", logs.join("\n"))
    }

    pub(super) fn play(&mut self, step: &Step) -> Result<()> {
        match &step.command {
            Command::Needs(_) => Ok(()),
            Command::File { name, body } => {
                let text = self.filled(body);
                self.node()?.set_file(name, text);
                Ok(())
            }
            Command::Define { name, body } => {
                self.configurations.insert(name.clone(), self.filled(body));
                Ok(())
            }
            Command::Node(name) => self.select(name),
            Command::Start(program, arguments) => self.start(program, arguments),
            Command::Kill(program) => self.kill(program),
            Command::Namespace(name) => self.sandbox.add_namespace(name),
            Command::EtcdPut { key, value } => self.etcdctl(&["put", key, &self.filled(value)]),
            Command::EtcdDelete(key) => self.etcdctl(&["del", key]),
            Command::Config { how, what } => self.configure(*how, what),
            Command::Configured => self.with_agent(|node, sandbox| {
                node.agent()?.wait_configured(sandbox).map(|_how_many| ())
            }),
            Command::State { state, keys } => {
                let keys: Vec<String> = keys.iter().map(|key| self.filled(key)).collect();
                let wanted: Vec<_> =
                    keys.iter().map(|key| (key.as_str(), state.as_str())).collect();
                self.with_agent(|node, sandbox| node.agent()?.wait_states(sandbox, &wanted))
            }
            Command::Sync(wanted) => self.sync(*wanted),
            Command::Run { at, command, expect } => {
                let command = self.filled(command);
                self.until(expect, || Ok(printed(&self.run(at, &command)?)))
            }
            Command::Agentctl { arguments, expect } => {
                let arguments: Vec<String> = arguments.iter().map(|a| self.filled(a)).collect();
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let agent = self.nodes.get(&self.current).context("no node")?.agent()?;
                self.until(expect, || {
                    let reply = agent.ctl(&self.sandbox, &arguments)?;
                    Ok((reply.code, reply.stdout + &reply.stderr))
                })
            }
            Command::Vppctl { command, expect } => {
                let vpp = &self.nodes.get(&self.current).context("no node")?.vpp;
                self.until(expect, || Ok(printed(&vpp.ctl(&self.sandbox, command)?)))
            }
            Command::Vpp(expect) => {
                let socket = self.node()?.vpp.socket();
                self.until(expect, || Ok((0, dump::vpp(&socket)?)))
            }
            Command::Ping { at, to, from, answer } => self.ping(at, to, from.as_deref(), *answer),
        }
    }

    fn node(&mut self) -> Result<&mut Node> {
        self.nodes.get_mut(&self.current).context("no node")
    }

    fn with_agent(&mut self, act: impl FnOnce(&Node, &Sandbox) -> Result<()>) -> Result<()> {
        act(self.nodes.get(&self.current).context("no node")?, &self.sandbox)
    }

    fn select(&mut self, name: &str) -> Result<()> {
        if !self.nodes.contains_key(name) {
            let number = u16::try_from(self.nodes.len())?;
            let mut node = Node::new(self.folder.path(), name, number, self.kind)?;
            if let Some(etcd) = &self.etcd {
                let endpoint = etcd.endpoint();
                let text = format!("endpoints: [\"{endpoint}\"]\ninsecure-transport: true\n");
                node.set_file("etcd.conf", text);
            }
            self.nodes.insert(name.to_owned(), node);
        }
        name.clone_into(&mut self.current);
        Ok(())
    }

    fn filled(&self, text: &str) -> String {
        let etcd = self.etcd.as_ref().map(Etcd::endpoint).unwrap_or_default();
        let folder = self.folder.path().display().to_string();
        text.replace("$FOLDER", &folder).replace("$ETCD", &etcd).replace("$ms", &self.microservice)
    }

    fn start(&mut self, program: &Program, arguments: &[String]) -> Result<()> {
        let arguments = arguments.iter().map(|argument| self.filled(argument)).collect();
        let node = self.nodes.get_mut(&self.current).context("no node")?;
        match program {
            Program::Vpp => node.vpp.start(&self.sandbox),
            Program::Agent => node.start_agent(&self.sandbox, arguments),
            Program::Microservice(name) => {
                let label = self.filled(&format!("${name}"));
                let started = Microservice::start(&self.sandbox, self.folder.path(), &label)?;
                self.microservices.insert(name.clone(), started);
                Ok(())
            }
        }
    }

    fn kill(&mut self, program: &Program) -> Result<()> {
        match program {
            Program::Vpp => self.node()?.vpp.kill(),
            Program::Agent => self.node()?.kill_agent(),
            Program::Microservice(name) => {
                self.microservices.remove(name).context("no such microservice runs")?;
            }
        }
        Ok(())
    }

    fn etcdctl(&self, arguments: &[&str]) -> Result<()> {
        let etcd = self.etcd.as_ref().context("the scenario does not need etcd")?;
        let mut command = self.sandbox.command("etcdctl");
        command.env("ETCDCTL_API", "3").args(["--endpoints", &etcd.endpoint()]).args(arguments);
        let output = command.output().context("etcdctl")?;
        let (code, text) = printed(&output);
        ensure!(code == 0, "etcdctl ended with {code}: {text}");
        Ok(())
    }

    fn configure(&mut self, how: Change, what: &What) -> Result<()> {
        let text = match what {
            What::Here(text) => self.filled(text),
            What::Defined(name) => {
                self.configurations.get(name).context("no such configuration")?.clone()
            }
        };
        let file = self.folder.path().join("config.yaml");
        std::fs::write(&file, text)?;
        let file = file.display().to_string();
        let arguments: &[&str] = match how {
            Change::Update => &["config", "update", &file],
            Change::Replace => &["config", "update", "--replace", &file],
            Change::Delete => &["config", "delete", &file],
        };
        self.with_agent(|node, sandbox| node.agent()?.ctl_ok(sandbox, arguments).map(|_| ()))
    }

    /// What a downstream resync does; once it has settled.
    fn sync(&mut self, wanted: Sync) -> Result<()> {
        let node = self.nodes.get(&self.current).context("no node")?;
        wait_until("a resync to do what is expected", PATIENCE, || {
            let record = node.agent()?.ctl_json(&self.sandbox, &["config", "resync"])?;
            let operations = record.get("Executed").and_then(Value::as_array);
            let is_noop = |op: &&Value| op.get("NOOP").and_then(Value::as_bool) == Some(true);
            let sent = operations.map_or(0, |all| all.iter().filter(|op| !is_noop(op)).count());
            let found = if sent == 0 { Sync::Nothing } else { Sync::Something };
            ensure!(found == wanted, "{sent} operations were carried out:\n{record:#}");
            Ok(Some(()))
        })
    }

    fn run(&self, at: &str, line: &str) -> Result<Output> {
        if let Some(microservice) = self.microservices.get(at) {
            return microservice.output(line);
        }
        let mut command = if at == "host" {
            self.sandbox.command("sh")
        } else {
            let mut command = self.sandbox.command("ip");
            command.args(["netns", "exec", at, "sh"]);
            command
        };
        command.args(["-c", line]).stdin(std::process::Stdio::null());
        command.output().with_context(|| format!("cannot run {line}"))
    }

    fn until(&self, expect: &Expectations, ask: impl Fn() -> Result<(i32, String)>) -> Result<()> {
        wait_until("what is expected", PATIENCE, || {
            let (code, text) = ask()?;
            expect.check(code, &text).map(Some)
        })
    }

    fn ping(&self, at: &Place, to: &str, from: Option<&str>, answer: Answer) -> Result<()> {
        let node = self.nodes.get(&self.current).context("no node")?;
        let once = || -> Result<bool> {
            match at {
                Place::Linux(name) => {
                    let source = from.map(|name| format!("-I {name}")).unwrap_or_default();
                    let line = format!("ping -c 1 -W 1 {source} {to}");
                    Ok(self.run(name, &line)?.status.success())
                }
                Place::Vpp => {
                    let source = from.map(|name| format!("source {name}")).unwrap_or_default();
                    let line = format!("ping {to} {source} repeat 1 interval 0.5");
                    let (_, text) = printed(&node.vpp.ctl(&self.sandbox, &line)?);
                    Ok(text.contains(" 1 received"))
                }
            }
        };
        wait_until("pings to end as expected", PATIENCE, || {
            let tries = if answer == Answer::Comes { 1 } else { LOST };
            for _ in 0..tries {
                match (once()?, answer) {
                    (true, Answer::FailsToCome) => bail!("{to} answers"),
                    (false, Answer::Comes) => bail!("{to} does not answer"),
                    _ => {}
                }
            }
            Ok(Some(()))
        })
    }
}

/// What no other scenario of this machine has: the end of the name of its folder.
fn unique(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.rsplit('-').next().unwrap_or_default().to_lowercase()
}

/// Exit code, and both outputs.
fn printed(output: &Output) -> (i32, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}
