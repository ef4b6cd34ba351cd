//! Every configuration under `docs/examples`, twice: put into a real etcd by key, and given to
//! `agentctl config update`. Both must lead to what `expected.txt` says, read back from VPP and the
//! kernel by another path; removing it must leave nothing; and a restarted agent must have nothing
//! to do.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use expect_test::expect_file;
use ligato_e2e::{Agent, Etcd, Stores, VppKind, World, skipped};

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("config.yaml").is_file())
        .collect();
    found.sort();
    found
}

/// Names of network namespaces that the example mentions.
fn namespaces(config: &str) -> Vec<String> {
    let names: BTreeSet<String> = config
        .split("type: NSID, reference: ")
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .map(str::to_owned)
        .collect();
    names.into_iter().collect()
}

/// Kernel modules that an example needs beyond what every kernel of ours has.
fn missing_in_kernel(config: &str) -> Option<&'static str> {
    let needs_vhost = config.contains("type: TAP\n") && !Path::new("/dev/vhost-net").exists();
    needs_vhost.then_some("the kernel lacks vhost-net")
}

struct Example {
    name: String,
    folder: PathBuf,
    config: String,
}

impl Example {
    fn read(folder: &Path) -> Result<Self> {
        let config = std::fs::read_to_string(folder.join("config.yaml"))?;
        let name = folder.file_name().context("a folder has a name")?;
        Ok(Self { name: name.to_string_lossy().into_owned(), folder: folder.to_owned(), config })
    }

    fn file(&self) -> String {
        self.folder.join("config.yaml").display().to_string()
    }

    fn world(&self, kind: VppKind) -> Result<World> {
        let mut world = World::new(kind, Stores::Etcd)?;
        for name in namespaces(&self.config) {
            world.sandbox.add_namespace(&name)?;
        }
        world.vpp.start(&world.sandbox)?;
        Ok(world)
    }

    /// What VPP and the kernel hold now.
    fn found(&self, world: &World) -> Result<String> {
        let vpp = world.dump_vpp()?;
        let linux = world.dump_linux(&namespaces(&self.config))?;
        Ok(format!("# VPP\n{vpp}# Linux\n{linux}"))
    }

    fn through_the_command_line(&self, kind: VppKind) -> Result<()> {
        let world = self.world(kind)?;
        let before = self.found(&world)?;
        let agent = world.start_agent()?;
        agent.ctl_ok(&world.sandbox, &["config", "update", &self.file()])?;
        agent.wait_configured(&world.sandbox)?;
        let found = self.found(&world)?;
        expect_file![self.folder.join("expected.txt")].assert_eq(&found);
        nothing_to_do(&world, &agent)?;
        agent.ctl_ok(&world.sandbox, &["config", "delete", &self.file()])?;
        let after = self.found(&world)?;
        ensure!(before == after, "left behind by {}:\n{after}\ninstead of\n{before}", self.name);
        Ok(())
    }

    fn through_etcd(&self, kind: VppKind) -> Result<()> {
        let world = self.world(kind)?;
        let mut agent = world.start_agent()?;
        let pairs = agent.ctl_ok(&world.sandbox, &["config", "pairs", &self.file()])?;
        let file = world.folder().join("pairs");
        std::fs::write(&file, pairs)?;
        agent.ctl_ok(&world.sandbox, &["import", &file.display().to_string()])?;
        agent.wait_configured(&world.sandbox)?;
        let found = self.found(&world)?;
        expect_file![self.folder.join("expected.txt")].assert_eq(&found);
        // Killed and started again: what etcd says is there already.
        agent.child().kill();
        let agent = world.start_agent()?;
        agent.wait_configured(&world.sandbox)?;
        nothing_was_done(&world, &agent)?;
        Ok(())
    }
}

/// A resync finds nothing to repair.
fn nothing_to_do(world: &World, agent: &Agent) -> Result<()> {
    let record = agent.ctl_json(&world.sandbox, &["config", "resync"])?;
    let executed = record.get("Executed").and_then(|e| e.as_array()).map_or(0, Vec::len);
    ensure!(executed == 0, "a resync repaired something:\n{record:#}");
    Ok(())
}

/// No transaction since the start sent anything.
fn nothing_was_done(world: &World, agent: &Agent) -> Result<()> {
    let history = agent.ctl_json(&world.sandbox, &["config", "history"])?;
    for record in history.as_array().context("a list of records")? {
        let sent: Vec<_> = record
            .get("Executed")
            .and_then(|e| e.as_array())
            .into_iter()
            .flatten()
            .filter(|op| op.get("NOOP").and_then(serde_json::Value::as_bool) != Some(true))
            .filter(|op| op.get("IsProperty").and_then(serde_json::Value::as_bool) != Some(true))
            .collect();
        let by_itself = record.get("TxnType").and_then(|t| t.as_str()) == Some("SBNotification");
        ensure!(by_itself || sent.is_empty(), "a restarted agent wrote:\n{record:#}");
    }
    Ok(())
}

fn run(each: fn(&Example, VppKind) -> Result<()>, test: &str) {
    if !Etcd::is_installed() {
        return skipped(test, "etcd is not installed");
    }
    let probe = World::new(VppKind::Simulated, Stores::None).unwrap();
    if !probe.sandbox.is_isolated() {
        return skipped(test, "needs root for network namespaces");
    }
    let mut failures = Vec::new();
    for folder in examples() {
        let example = Example::read(&folder).unwrap();
        for kind in VppKind::available() {
            if kind == VppKind::Real
                && let Some(why) = missing_in_kernel(&example.config)
            {
                skipped(&format!("{test} {} on a real VPP", example.name), why);
                continue;
            }
            if example.config.contains("TAP_TO_VPP") && kind == VppKind::Simulated {
                skipped(&format!("{test} {}", example.name), "a simulated VPP makes no TAPs");
                continue;
            }
            if let Err(error) = each(&example, kind) {
                failures.push(format!("{} on {kind:?}: {error:#}", example.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn there_are_enough_examples() {
    assert!(examples().len() >= 10);
}

#[test]
fn examples_through_the_command_line() {
    run(Example::through_the_command_line, "examples_through_the_command_line");
}

#[test]
fn examples_through_etcd() {
    run(Example::through_etcd, "examples_through_etcd");
}
