//! What came through the API outlives the agent: killed and started again, it writes nothing and removes nothing.

use anyhow::{Context, Result, ensure};
use ligato_e2e::{Stores, VppKind, World};
use serde_json::Value;

const CONFIG: &str = "vppConfig:
  interfaces:
    - {name: loop1, type: SOFTWARE_LOOPBACK, enabled: true, ipAddresses: [192.0.2.1/24]}
    - {name: loop2, type: SOFTWARE_LOOPBACK, enabled: true}
  bridgeDomains:
    - {name: bd1, forward: true, learn: true, interfaces: [{name: loop2}]}
";

fn survives(kind: VppKind) -> Result<()> {
    let mut world = World::new(kind, Stores::Embedded)?;
    world.vpp.start(&world.sandbox)?;
    let mut agent = world.start_agent()?;
    let file = world.folder().join("config.yaml");
    std::fs::write(&file, CONFIG)?;
    agent.ctl_ok(&world.sandbox, &["config", "update", &file.display().to_string()])?;
    let configured = agent.wait_configured(&world.sandbox)?;
    let before = world.dump_vpp()?;
    ensure!(before.contains("bd1"), "not there:\n{before}");

    agent.child().kill();
    let agent = world.start_agent()?;
    let again = agent.wait_configured(&world.sandbox)?;
    ensure!(again == configured, "{again} of {configured} values are back");
    let history = agent.ctl_json(&world.sandbox, &["config", "history"])?;
    for record in history.as_array().context("a list of records")? {
        let executed = record.get("Executed").and_then(Value::as_array).into_iter().flatten();
        let flag = |op: &Value, name| op.get(name).and_then(Value::as_bool) == Some(true);
        let sent = executed.filter(|op| !flag(op, "NOOP") && !flag(op, "IsProperty")).count();
        let by_itself = record.get("TxnType").and_then(Value::as_str) == Some("SBNotification");
        ensure!(by_itself || sent == 0, "the restarted agent wrote:\n{record:#}");
    }
    let after = world.dump_vpp()?;
    ensure!(after == before, "VPP had\n{before}and has\n{after}");
    Ok(())
}

#[test]
fn configuration_from_the_api_survives_a_killed_agent() -> Result<()> {
    for kind in VppKind::available() {
        survives(kind).with_context(|| format!("{kind:?}"))?;
    }
    Ok(())
}
