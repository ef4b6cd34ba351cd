//! A bug report is a recording: fetched from an agent that went through something, it is replayed to the same record.

use anyhow::{Context, Result, ensure};
use ligato_e2e::{Stores, VppKind, World};

const CONFIG: &str = "vppConfig:
  interfaces:
    - {name: loop1, type: SOFTWARE_LOOPBACK, enabled: true, ipAddresses: [192.0.2.1/24]}
    - {name: loop2, type: SOFTWARE_LOOPBACK, enabled: true}
  bridgeDomains:
    - {name: bd1, forward: true, learn: true, interfaces: [{name: loop2}, {name: missing}]}
  routes:
    - {dstNetwork: 198.51.100.0/24, nextHopAddr: 192.0.2.9, outgoingInterface: loop1}
";

const CHANGED: &str = "vppConfig:
  interfaces:
    - {name: loop1, type: SOFTWARE_LOOPBACK, enabled: false, ipAddresses: [192.0.2.2/24]}
    - {name: missing, type: SOFTWARE_LOOPBACK, mtu: 99999999}
";

fn replays(kind: VppKind) -> Result<()> {
    let mut world = World::new(kind, Stores::None)?;
    let kept = world.folder().join("scheduler.recording");
    let mut options = world.agent_options();
    let conf = format!("recording: {}\n", kept.display());
    options.files.push(("kvscheduler.conf".to_owned(), conf));
    world.vpp.start(&world.sandbox)?;
    let agent = world.start_agent_with(options)?;
    let file = world.folder().join("config.yaml");
    let file = file.display().to_string();
    for config in [CONFIG, CHANGED] {
        std::fs::write(&file, config)?;
        agent.ctl(&world.sandbox, &["config", "update", &file])?;
    }
    world.vpp.kill();
    world.vpp.start(&world.sandbox)?;
    agent.wait_states(
        &world.sandbox,
        &[
            ("config/vpp/v2/interfaces/loop1", "CONFIGURED"),
            ("config/vpp/l2/v2/bridge-domain/bd1", "CONFIGURED"),
        ],
    )?;
    agent.ctl_ok(&world.sandbox, &["config", "resync"])?;

    let fetched = world.folder().join("fetched");
    let fetched = fetched.display().to_string();
    agent.ctl_ok(&world.sandbox, &["recording", &fetched])?;
    let history = agent.ctl_json(&world.sandbox, &["config", "history"])?;
    let records = history.as_array().context("a list of records")?.len();
    let text = agent.ctl_ok(&world.sandbox, &["replay", &fetched])?;
    ensure!(text.ends_with(": same record\n"), "{text}");
    ensure!(text.contains("198.51.100.0/24"), "the values are not shown:\n{text}");
    let replayed = text.lines().filter(|line| line.starts_with("Transaction #")).count();
    ensure!(replayed >= 4 && replayed <= records, "{replayed} of {records} are replayed:\n{text}");

    let cut = std::fs::read(&fetched)?;
    std::fs::write(&fetched, cut.get(..cut.len() - 5).context("more than nothing")?)?;
    let reply = agent.ctl(&world.sandbox, &["replay", &fetched])?;
    ensure!(reply.code == 1 && reply.stderr.contains("is not complete"), "{reply:?}");
    Ok(())
}

#[test]
fn a_fetched_recording_is_replayed_to_the_same_record() -> Result<()> {
    for kind in VppKind::available() {
        replays(kind).with_context(|| format!("{kind:?}"))?;
    }
    Ok(())
}
