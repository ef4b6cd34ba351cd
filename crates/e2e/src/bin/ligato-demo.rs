//! The main job, shown step by step on embedded defaults: a simulated VPP, an embedded store, and
//! namespaces of its own. Run it by `cargo xtask demo`. Ends with an error if any step does not hold.

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use ligato_e2e::{Agent, Stores, VppKind, World, wait_until};
use serde_json::Value;

/// The configuration: hosts `left` and `right`, joined by a bridge domain in VPP, and a routed VRF.
const VPP_PART: &str = r#"
vppConfig:
  vrfs:
    - {id: 10, protocol: IPV4, label: inside}
  interfaces:
    - {name: gateway, type: SOFTWARE_LOOPBACK, enabled: true, ip_addresses: [10.1.0.254/24]}
    - {name: inside, type: SOFTWARE_LOOPBACK, enabled: true, vrf: 10, ip_addresses: [10.10.0.1/16]}
    - {name: uplink, type: MEMIF, enabled: true, ip_addresses: [192.0.2.1/30], memif: {master: true, id: 1, socket_filename: /run/vpp/uplink.sock}}
  bridge_domains:
    - name: lan
      flood: true
      forward: true
      learn: true
      unknown_unicast_flood: true
      interfaces:
        - {name: gateway, bridged_virtual_interface: true}
HOSTS
  routes:
    - {dst_network: 0.0.0.0/0, next_hop_addr: 192.0.2.2, outgoing_interface: uplink}
    - {vrf_id: 10, dst_network: 172.16.0.0/12, next_hop_addr: 10.10.0.2, outgoing_interface: inside}
  arps:
    - {interface: inside, ip_address: 10.10.0.2, phys_address: "02:00:00:00:00:02", static: true}
"#;

const LINUX_PART: &str = r#"
linuxConfig:
  interfaces:
    - name: left
      type: VETH
      enabled: true
      host_if_name: eth0
      namespace: {type: NSID, reference: left}
      ip_addresses: [10.1.0.1/24]
      veth: {peer_if_name: left-vpp}
    - {name: left-vpp, type: VETH, enabled: true, host_if_name: left-vpp, veth: {peer_if_name: left}}
  routes:
    - {outgoing_interface: left, scope: GLOBAL, dst_network: 0.0.0.0/0, gw_addr: 10.1.0.254}
"#;

struct Demo {
    world: World,
    agent: Agent,
    steps: usize,
    with_linux: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("demo: FAILED: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let world = World::new(VppKind::Simulated, Stores::Embedded)?;
    let with_linux = world.sandbox.is_isolated();
    if with_linux {
        world.sandbox.add_namespace("left")?;
    } else {
        say("not root: the Linux part (namespaces, veth, routes) is left out");
    }
    let agent = world.start_agent()?;
    let mut demo = Demo { world, agent, steps: 0, with_linux };
    demo.step("configuration is given before VPP is there: pending, with the reason", before_vpp)?;
    demo.step("VPP starts: everything is configured", vpp_starts)?;
    demo.step("a change is planned, then made: the same steps", plan_and_change)?;
    if with_linux {
        demo.step("a link is removed behind the agent's back: repaired", link_removed)?;
    }
    demo.step("VPP is killed and started again: all back", vpp_restarts)?;
    demo.step("the agent is killed and started again: nothing is written", agent_restarts)?;
    let values = demo.configured()?;
    demo.step("the configuration is removed: nothing is left", removed)?;
    say(&format!("demo: ok, {values} values, {} steps", demo.steps));
    Ok(())
}

impl Demo {
    fn step(&mut self, title: &str, work: fn(&mut Self) -> Result<()>) -> Result<()> {
        self.steps += 1;
        say(&format!("{}. {title}", self.steps));
        let start = Instant::now();
        work(self).with_context(|| title.to_owned())?;
        say(&format!("   done in {:.0} ms", start.elapsed().as_secs_f64() * 1000.0));
        Ok(())
    }

    fn ctl(&self, args: &[&str]) -> Result<String> {
        self.agent.ctl_ok(&self.world.sandbox, args)
    }

    fn json(&self, args: &[&str]) -> Result<Value> {
        self.agent.ctl_json(&self.world.sandbox, args)
    }

    /// How many values are configured.
    fn configured(&self) -> Result<usize> {
        self.agent.wait_configured(&self.world.sandbox)
    }

    /// Writes a configuration file of the demo.
    fn file(&self, name: &str, change: impl Fn(String) -> String) -> Result<PathBuf> {
        let (hosts, linux) =
            if self.with_linux { ("        - {name: to-left}", LINUX_PART) } else { ("", "") };
        let mut text = VPP_PART.replace("HOSTS", hosts);
        if self.with_linux {
            text = text.replace(
                "  bridge_domains:",
                "    - {name: to-left, type: AF_PACKET, enabled: true, \
                 afpacket: {linux_interface: left-vpp}}\n  bridge_domains:",
            );
        }
        let path = self.world.folder().join(name);
        std::fs::write(&path, change(text) + linux)?;
        Ok(path)
    }

    /// Everything VPP and the kernel hold.
    fn everything(&self) -> Result<String> {
        let mut text = self.world.dump_vpp()?;
        if self.with_linux {
            text += &self.world.dump_linux(&["left".to_owned()])?;
        }
        Ok(text)
    }

    /// Operations that were sent to a southbound by transactions from `first` on.
    fn sent(&self, first: u64) -> Result<Vec<String>> {
        let history = self.json(&["config", "history"])?;
        let mut sent = Vec::new();
        for record in history.as_array().into_iter().flatten() {
            let seq = record.get("SeqNum").and_then(Value::as_u64).unwrap_or_default();
            let by_itself = record.get("TxnType").and_then(Value::as_str) == Some("SBNotification");
            if seq < first || by_itself {
                continue;
            }
            for op in record.get("Executed").and_then(Value::as_array).into_iter().flatten() {
                let flag = |name| op.get(name).and_then(Value::as_bool) == Some(true);
                if !flag("NOOP") && !flag("IsProperty") {
                    let text = |name| op.get(name).and_then(Value::as_str).unwrap_or_default();
                    sent.push(format!("{} {}", text("Operation"), text("Key")));
                }
            }
        }
        Ok(sent)
    }

    fn next_transaction(&self) -> Result<u64> {
        let history = self.json(&["config", "history"])?;
        let last = history.as_array().and_then(|list| list.last().cloned());
        Ok(last.and_then(|r| r.get("SeqNum").and_then(Value::as_u64)).map_or(0, |seq| seq + 1))
    }
}

fn before_vpp(demo: &mut Demo) -> Result<()> {
    let file = demo.file("config.yaml", |text| text)?;
    demo.ctl(&["config", "update", &file.display().to_string()])?;
    let route = "config/vpp/v2/route/if/uplink/vrf/0/dst/0.0.0.0/0/gw/192.0.2.2";
    demo.agent.wait_states(&demo.world.sandbox, &[(route, "PENDING")])?;
    let why = demo.ctl(&["explain", route])?;
    why.lines().for_each(|line| say(&format!("   | {line}")));
    ensure!(why.contains("cannot be reached"), "the explanation does not name the cause:\n{why}");
    Ok(())
}

fn vpp_starts(demo: &mut Demo) -> Result<()> {
    demo.world.vpp.start(&demo.world.sandbox)?;
    let values = demo.configured()?;
    say(&format!("   {values} values are configured"));
    Ok(())
}

fn plan_and_change(demo: &mut Demo) -> Result<()> {
    let change = |text: String| {
        text.replace("id: 10, protocol", "id: 20, protocol")
            .replace("vrf: 10", "vrf: 20")
            .replace("vrf_id: 10", "vrf_id: 20")
    };
    let file = demo.file("changed.yaml", change)?.display().to_string();
    let text = demo.ctl(&["plan", &file, "--replace"])?;
    text.lines().for_each(|line| say(&format!("   | {line}")));
    let plan = demo.json(&["plan", &file, "--replace"])?;
    let planned: Vec<String> = plan
        .get("steps")
        .and_then(Value::as_array)
        .context("steps of the plan")?
        .iter()
        .map(|step| {
            let text = |name| step.get(name).and_then(Value::as_str).unwrap_or_default();
            format!("{} {}", text("op"), text("key"))
        })
        .collect();
    ensure!(!planned.is_empty(), "the plan has no steps");
    let first = demo.next_transaction()?;
    demo.ctl(&["config", "update", "--replace", &file])?;
    demo.configured()?;
    let sent = demo.sent(first)?;
    ensure!(planned == sent, "planned {planned:#?}\nbut did {sent:#?}");
    say(&format!("   {} steps, as planned", sent.len()));
    Ok(())
}

fn link_removed(demo: &mut Demo) -> Result<()> {
    let before = demo.everything()?;
    demo.world.sandbox.output("ip link delete left-vpp")?;
    wait_until("the link to be repaired", Duration::from_secs(20), || {
        demo.ctl(&["config", "resync"])?;
        let now = demo.everything()?;
        if now == before { Ok(Some(())) } else { bail!("not as before:\n{now}") }
    })?;
    demo.configured().map(|_| ())
}

fn vpp_restarts(demo: &mut Demo) -> Result<()> {
    let before = demo.everything()?;
    demo.world.vpp.kill();
    demo.world.vpp.start(&demo.world.sandbox)?;
    wait_until("everything to be back", Duration::from_secs(20), || {
        let now = demo.everything()?;
        if now == before { Ok(Some(())) } else { bail!("not as before:\n{now}") }
    })?;
    demo.configured().map(|_| ())
}

fn agent_restarts(demo: &mut Demo) -> Result<()> {
    let before = demo.everything()?;
    demo.agent.child().kill();
    demo.agent = demo.world.start_agent()?;
    demo.configured()?;
    let sent = demo.sent(0)?;
    ensure!(sent.is_empty(), "the restarted agent wrote: {sent:#?}");
    ensure!(demo.everything()? == before, "something changed");
    say("   0 writes");
    Ok(())
}

fn removed(demo: &mut Demo) -> Result<()> {
    let file = demo.world.folder().join("changed.yaml").display().to_string();
    demo.ctl(&["config", "delete", &file])?;
    let left: Vec<String> = demo.world.dump_vpp()?.lines().map(str::to_owned).collect();
    ensure!(left.is_empty(), "left in VPP: {left:#?}");
    if demo.with_linux {
        let text = demo.world.dump_linux(&["left".to_owned()])?;
        ensure!(text == "namespace host\nnamespace left\n", "left in Linux:\n{text}");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "showing is the job of this program")]
fn say(line: &str) {
    println!("{line}");
}
