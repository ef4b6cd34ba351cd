//! Traffic through what the agent configured, where the data plane is real.
//!
//! With AF_PACKET these run wherever a `vpp` binary is; with TAPs they need `vhost-net` and run in
//! the guest (`cargo xtask guest`). Linux alone needs neither.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::{path::Path, time::Duration};

use anyhow::{Result, bail};
use ligato_e2e::{Agent, Microservice, Stores, VppKind, World, skipped, wait_until};

/// A real VPP in a world with these namespaces, and an agent that was given the example.
fn apply(example: &str, kind: VppKind, namespaces: &[&str]) -> Result<(World, Agent)> {
    let mut world = World::new(kind, Stores::None)?;
    for name in namespaces {
        world.sandbox.add_namespace(name)?;
    }
    world.vpp.start(&world.sandbox)?;
    let agent = world.start_agent()?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/examples")
        .join(example)
        .join("config.yaml");
    agent.ctl_ok(&world.sandbox, &["config", "update", &file.display().to_string()])?;
    agent.wait_configured(&world.sandbox)?;
    Ok((world, agent))
}

/// Passes as soon as one ping is answered; the first ones may wait for ARP.
fn pings(world: &World, from: &str, to: &str) {
    wait_until(&format!("{from} to reach {to}"), Duration::from_secs(10), || {
        let line = format!("ip netns exec {from} ping -c 1 -W 1 {to}");
        Ok(world.sandbox.output(&line).is_ok().then_some(()))
    })
    .unwrap();
}

fn real_vpp(test: &str) -> bool {
    let real = VppKind::available().contains(&VppKind::Real);
    if !real {
        skipped(test, "no vpp binary, or not root");
    }
    real
}

#[test]
fn linux_alone() {
    let probe = World::new(VppKind::Simulated, Stores::None).unwrap();
    if !probe.sandbox.is_isolated() {
        return skipped("linux_alone", "needs root");
    }
    let (world, _agent) = apply("linux-hosts", VppKind::Simulated, &["host-a", "host-b"]).unwrap();
    pings(&world, "host-a", "192.168.50.2");
    pings(&world, "host-b", "fd00:50::1");
}

#[test]
fn through_a_bridge_domain() {
    if !real_vpp("through_a_bridge_domain") {
        return;
    }
    let (world, _agent) = apply("veth-bridge", VppKind::Real, &["left", "right"]).unwrap();
    pings(&world, "left", "10.1.0.2");
    pings(&world, "right", "10.1.0.1");
}

#[test]
fn routed() {
    if !real_vpp("routed") {
        return;
    }
    let (mut world, agent) = apply("routed-hosts", VppKind::Real, &["left", "right"]).unwrap();
    pings(&world, "left", "10.2.0.2");
    pings(&world, "right", "10.1.0.2");
    // And again after VPP has lost everything, its random MAC addresses included. The hosts would
    // take up to a minute to doubt the neighbours that they have just reached.
    world.vpp.kill();
    world.vpp.start(&world.sandbox).unwrap();
    agent.wait_configured(&world.sandbox).unwrap();
    for host in ["left", "right"] {
        world.sandbox.output(&format!("ip -n {host} neigh flush dev eth0")).unwrap();
    }
    pings(&world, "left", "10.2.0.2");
    pings(&world, "right", "10.1.0.2");
}

#[test]
fn between_host_and_vpp() {
    if !real_vpp("between_host_and_vpp") {
        return;
    }
    let (world, _agent) = apply("host-link", VppKind::Real, &[]).unwrap();
    wait_until("the host to reach VPP's loopback", Duration::from_secs(10), || {
        Ok(world.sandbox.output("ping -c 1 -W 1 10.50.0.1").is_ok().then_some(()))
    })
    .unwrap();
}

const TAPS: &str = "
vppConfig:
  interfaces:
    - {name: tap1, type: TAP, enabled: true, ip_addresses: [10.1.0.1/24], tap: {version: 2, host_if_name: t1, to_microservice: ms1}}
    - {name: tap2, type: TAP, enabled: true, ip_addresses: [10.2.0.1/24], tap: {version: 2, host_if_name: t2, to_microservice: ms2}}
linuxConfig:
  interfaces:
    - {name: lin1, type: TAP_TO_VPP, enabled: true, host_if_name: eth0, namespace: {type: MICROSERVICE, reference: ms1}, ip_addresses: [10.1.0.2/24], tap: {vpp_tap_if_name: tap1}}
    - {name: lin2, type: TAP_TO_VPP, enabled: true, host_if_name: eth0, namespace: {type: MICROSERVICE, reference: ms2}, ip_addresses: [10.2.0.2/24], tap: {vpp_tap_if_name: tap2}}
  routes:
    - {outgoing_interface: lin1, scope: GLOBAL, dst_network: 10.2.0.0/16, gw_addr: 10.1.0.1}
    - {outgoing_interface: lin2, scope: GLOBAL, dst_network: 10.1.0.0/16, gw_addr: 10.2.0.1}
";

/// microservice - VPP tap - VPP - VPP tap - microservice; pings both ways; one side stopped and
/// started again.
#[test]
fn between_microservices_over_taps() {
    let test = "between_microservices_over_taps";
    if !real_vpp(test) {
        return;
    }
    if !Path::new("/dev/vhost-net").exists() {
        return skipped(test, "the kernel lacks vhost-net");
    }
    over_taps().unwrap();
}

fn over_taps() -> Result<()> {
    let mut world = World::new(VppKind::Real, Stores::None)?;
    world.vpp.start(&world.sandbox)?;
    let agent = world.start_agent()?;
    let file = world.folder().join("taps.yaml");
    std::fs::write(&file, TAPS)?;
    agent.ctl_ok(&world.sandbox, &["config", "update", &file.display().to_string()])?;
    let left = "config/vpp/v2/interfaces/tap1";
    let right = "config/linux/interfaces/v2/interface/lin2";
    agent.wait_states(&world.sandbox, &[(left, "PENDING"), (right, "PENDING")])?;
    let start = |label| Microservice::start(&world.sandbox, world.folder(), label);
    let ms1 = start("ms1")?;
    let mut ms2 = start("ms2")?;
    for round in 0..2 {
        agent.wait_configured(&world.sandbox)?;
        answered(&ms1, "10.2.0.2")?;
        answered(&ms2, "10.1.0.2")?;
        if round == 0 {
            drop(ms2);
            agent.wait_states(&world.sandbox, &[(right, "PENDING"), (left, "CONFIGURED")])?;
            ms2 = start("ms2")?;
        }
    }
    Ok(())
}

fn answered(from: &Microservice, to: &str) -> Result<()> {
    wait_until(&format!("an answer from {to}"), Duration::from_secs(15), || {
        if from.run(&format!("ping -c 1 -W 1 {to}"))? { Ok(Some(())) } else { bail!("none so far") }
    })
}
